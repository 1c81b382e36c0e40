//! What the public Fulcio writes into no one certificate: an issuer beside an identity of another's, and what only a
//! workflow has beside what only a person has. A private one may do otherwise.

use super::covers::ends;
use super::issuers::{self, Form};
use super::located::{Located, Part};
use super::remark::{Lint, LintId};
use crate::pattern::{Pattern, Prepared};
use sigstore::{Field, fulcio};

/// A field that is asked for, with its patterns.
type Asked<'a, 'r> = (&'a str, &'a Field, &'a [(String, &'r Pattern)]);

/// What is to be said of a mapping, or of an allowance beside its match: of the fields that must hold together, those of
/// `own` are told.
pub(super) fn lint(given: &[&Located<'_>], own: &[&Located<'_>]) -> Option<Lint> {
    let (mut all, mut told) = (Vec::new(), Vec::new());
    own.iter().for_each(|located| together(located, &mut told));
    given.iter().for_each(|located| together(located, &mut all));
    let from = all.len();
    all.extend(told);
    let at = |wanted: fn(&Field) -> bool| all.iter().rposition(|(_, field, _)| wanted(field));
    let pair = |a: fn(&Field) -> bool, b: fn(&Field) -> bool| {
        let (a, b) = (at(a)?, at(b)?);
        (a.max(b) >= from).then_some(())?;
        Some((all.get(a)?, all.get(b)?, a.max(b)))
    };
    let issuer: fn(&Field) -> bool = |field| *field == Field::Issuer;
    let place = |at: usize| all.get(at).map_or("", |(path, _, _)| path);
    let of_issuer =
        pair(issuer, issuers::is_identity).and_then(|(issuer, san, at)| issuer_and_san(issuer, san, place(at)));
    let of_person = || {
        let (issuer, _, at) = pair(issuer, is_of_workflow)?;
        issuer_of_people(issuer, place(at))
    };
    let of_address = || {
        let (san, _, at) = pair(issuers::is_identity, is_of_workflow)?;
        address(san, place(at))
    };
    of_issuer.or_else(of_person).or_else(of_address)
}

/// The fields that hold wherever the condition does.
fn together<'a, 'r>(located: &'a Located<'r>, out: &mut Vec<Asked<'a, 'r>>) {
    match &located.part {
        Part::All(inner) => inner.iter().for_each(|inner| together(inner, out)),
        Part::Field(field, patterns) => out.push((&located.path, field, patterns)),
        Part::Any(_) | Part::Not(_) => {}
    }
}

fn issuer_and_san((_, _, issuers): &Asked<'_, '_>, (_, _, sans): &Asked<'_, '_>, path: &str) -> Option<Lint> {
    let forms = issuers.iter().map(|(path, issuer)| (path, issuer, issuers::of(issuer)));
    let fits = |forms: &[(&str, Form)]| {
        let allows = |form: &Form| sans.iter().any(|(_, san)| may_be(san, *form));
        forms.is_empty() || forms.iter().any(|(_, form)| allows(form))
    };
    let (fit, unfit): (Vec<_>, Vec<_>) = forms.partition(|(_, _, forms)| fits(forms));
    let (at, issuer, forms) = unfit.first()?;
    let (_, form) = forms.first()?;
    let message = format!(
        "for the issuer `{}` Fulcio writes {}: it issues no certificate with both",
        issuer.write(),
        form.words()
    );
    let help = "compare both with a certificate of yours; `any: [..]` is for one or the other";
    Some(match fit.is_empty() {
        true => Lint::warning(LintId::IssuerAndSan, sans.first().map_or(path, |(at, _)| at), message).instead(help),
        false => Lint::note(LintId::IssuerAndSan, at, message).instead(help),
    })
}

/// `issuer: https://accounts.google.com` beside `source-repository-uri`.
fn issuer_of_people((_, _, issuers): &Asked<'_, '_>, path: &str) -> Option<Lint> {
    let people = |pattern: &Pattern| {
        let known = issuers::of(pattern);
        !known.is_empty() && known.iter().all(|(_, form)| *form == Form::Email)
    };
    let (_, first) = issuers.first()?;
    issuers.iter().all(|(_, pattern)| people(pattern)).then(|| {
        let message = format!(
            "for the issuer `{}` Fulcio writes an e-mail address and nothing of a workflow: it issues no certificate with both",
            first.write()
        );
        let lint = Lint::warning(LintId::IssuerAndSan, path, message);
        lint.instead("compare both with a certificate of yours")
    })
}

/// `san: me@example.com` beside `source-repository-uri`.
fn address((_, field, sans): &Asked<'_, '_>, path: &str) -> Option<Lint> {
    let is_address = |pattern: &Pattern| {
        let (_, tail) = shown(pattern);
        tail.as_deref().is_some_and(is_address_end) && !may_be(pattern, Form::Uri("https://"))
    };
    // Whoever has an address and signs otherwise has none of Fulcio's extensions.
    let (_, first) = sans.first().filter(|_| matches!(field, Field::San | Field::Subject))?;
    sans.iter().all(|(_, pattern)| is_address(pattern)).then(|| {
        let message = format!(
            "Fulcio writes this for workflows, whose identity is a URI: it issues no certificate with it and `{}`",
            first.write()
        );
        let lint = Lint::warning(LintId::IssuerAndSan, path, message);
        lint.instead("compare both with a certificate of yours; `any: [..]` is for one or the other")
    })
}

/// The extensions that only workflows have.
fn is_of_workflow(field: &Field) -> bool {
    match field {
        Field::Extension(oid) => matches!(fulcio::number_of(oid.as_bytes()), Some(2..=6 | 9..=23)),
        Field::San | Field::Subject | Field::Issuer => false,
        Field::Fingerprint | Field::Digest | Field::Kind | Field::Log => false,
    }
}

/// Whether the pattern may match an identity of this form; true where that is not certain.
fn may_be(pattern: &Pattern, form: Form) -> bool {
    let (head, tail) = shown(pattern);
    let head = head.filter(|head| head.contains("://") || matches!(pattern, Pattern::Exact(_)));
    match form {
        Form::Email => {
            let is_uri = head.is_some_and(|head| head.contains("://"));
            let has_ref = tail.is_some_and(|tail| tail.rsplit_once('@').is_some_and(|(_, end)| end.contains('/')));
            !is_uri && !has_ref
        }
        Form::Uri(start) => {
            let host = start
                .split_once("://")
                .map_or(start, |(_, rest)| rest.trim_end_matches('/'));
            if let Pattern::Domain(domain) = pattern {
                let domain = domain.to_ascii_lowercase();
                return host.is_empty()
                    || match domain.strip_prefix("*.") {
                        Some(above) => host.strip_suffix(above).is_some_and(|rest| rest.ends_with('.')),
                        None => domain == host,
                    };
            }
            let is_address = head.is_none() && tail.as_deref().is_some_and(is_address_end);
            !is_address && head.is_none_or(|head| form.allows(&head))
        }
    }
}

/// `@example.com`
fn is_address_end(tail: &str) -> bool {
    let end = tail.rsplit_once('@').filter(|_| !tail.contains("://"));
    end.is_some_and(|(_, domain)| domain.contains('.') && !domain.contains('/'))
}

/// What each match begins with and ends in, as far as it is plain to see.
fn shown(pattern: &Pattern) -> (Option<String>, Option<String>) {
    let owned = |text: &str| Some(text.to_owned());
    match pattern {
        Pattern::Exact(text) => (owned(text), owned(text)),
        Pattern::Prefix(text) => (owned(text), None),
        Pattern::Suffix(text) => (None, owned(text)),
        Pattern::Glob(text) => {
            let is_wild = |letter: char| letter == '*' || letter == '?';
            let head = text.split(is_wild).next().and_then(owned);
            (head, text.rsplit(is_wild).next().and_then(owned))
        }
        Pattern::Regex(_) => match pattern.prepare(&Field::San) {
            Ok(Prepared::Regex(_, hir)) => ends(&hir),
            Ok(Prepared::Plain(..)) | Err(_) => (None, None),
        },
        Pattern::Domain(_) => (None, None),
    }
}
