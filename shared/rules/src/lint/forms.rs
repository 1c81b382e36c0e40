//! Identities that a certificate cannot have, or hardly: what a name looks like, and where a pattern that begins otherwise
//! was probably meant to begin.
//!
//! Other providers may write otherwise, and so may a private Fulcio: what is said here is what was probably meant, never
//! that nothing can match.

use super::extensions::{self, Wrong};
use super::located::{Located, Part};
use super::remark::{Lint, LintId};
use super::spelling;
use crate::pattern::Pattern;
use sigstore::Field;

/// What is to be said of the values of a condition, wherever they stand in it.
pub(super) fn lint(located: &Located<'_>, lints: &mut Vec<Lint>) {
    match &located.part {
        Part::All(inner) | Part::Any(inner) => inner.iter().for_each(|inner| lint(inner, lints)),
        Part::Not(inner) => lint(inner, lints),
        Part::Field(field, patterns) => {
            for (path, pattern) in patterns {
                lints.extend(spelling::lint(field, pattern, path).or_else(|| form(field, pattern, path)));
            }
        }
    }
}

fn form(field: &Field, pattern: &Pattern, path: &str) -> Option<Lint> {
    if let Some(lint) = bare_domain(field, pattern, path) {
        return Some(lint);
    }
    let (wrong, meant) = match pattern {
        // What looks like a pattern is told as one.
        Pattern::Exact(text) if text.contains('*') || text.starts_with('^') => None,
        Pattern::Exact(text) => match field {
            Field::San | Field::Subject => name(field, text),
            Field::Extension(_) => extensions::whole(field, text),
            Field::Issuer | Field::Fingerprint | Field::Digest | Field::Kind | Field::Log => None,
        },
        Pattern::Prefix(text) => beginning(field, text),
        Pattern::Glob(text) => text.split(['*', '?']).next().and_then(|head| beginning(field, head)),
        Pattern::Regex(_) | Pattern::Suffix(_) | Pattern::Domain(_) => None,
    }?;
    let message = format!("`{}` {wrong}: it probably matches nothing", pattern.write());
    let lint = Lint::warning(LintId::NotAValue, path, message);
    Some(match meant {
        Some(meant) => lint.instead(format!("write `{meant}` if you mean that")),
        None => lint,
    })
}

/// `san: example.com`
fn bare_domain(field: &Field, pattern: &Pattern, path: &str) -> Option<Lint> {
    let Pattern::Exact(text) = pattern else { return None };
    let is_name = matches!(field, Field::San | Field::Subject) && !text.contains(['@', '*', ':', '/']);
    let domain = Pattern::Domain(text.clone());
    let is_domain = is_name && text.contains(|letter: char| letter.is_ascii_alphabetic()) && text.contains('.');
    (is_domain && domain.prepare(field).is_ok()).then(|| {
        let message = format!("`{text}` is a domain alone, which the public Fulcio certifies to nobody");
        let lint = Lint::note(LintId::NotAValue, path, message);
        lint.instead(format!("write `domain:{text}` for its addresses and URIs"))
    })
}

/// What is wrong with a whole name.
fn name(field: &Field, text: &str) -> Option<Wrong> {
    if let Some(rest) = text.strip_prefix("mailto:") {
        return Some((
            "is the URL of an address, and certificates have the address",
            Some(rest.to_owned()),
        ));
    }
    if let Some(domain) = text.strip_prefix('@').filter(|domain| domain.contains('.')) {
        let meant = domain.is_ascii().then(|| format!("domain:{domain}"));
        return Some(("is no whole address", meant));
    }
    if let Some((_, domain)) = text.rsplit_once('@').filter(|_| !text.contains("://"))
        && !domain.is_ascii()
    {
        let wrong = "has a domain that is not in the ASCII form (`xn--…`), which is the one that certificates have";
        return Some((wrong, None));
    }
    if let Some(wrong) = schemeless_forge(field, text) {
        return Some(wrong);
    }
    // A signer has other names than a certificate: user ids, comments of keys.
    let is_none =
        *field == Field::San && !text.contains(['@', ':', '.', '!']) && text != "localhost" && !text.is_empty();
    is_none.then_some(("is neither an address nor a URI nor a domain", None))
}

/// `github.com/acme/tool`
fn schemeless_forge(field: &Field, text: &str) -> Option<Wrong> {
    let url = extensions::with_scheme(text)?;
    let rest = text.split_once('/').map_or("", |(_, rest)| rest);
    let bare = extensions::bare(&url);
    let is_whole = !matches!(field, Field::Extension(_)) && !rest.contains('@');
    let meant = match rest.trim_matches('/').split('/').count() {
        1 if is_whole => format!("source-repository-owner-uri: {bare}"),
        2 if is_whole => format!("source-repository-uri: {bare}"),
        _ => url,
    };
    Some(("has no scheme, with which the URI of a certificate begins", Some(meant)))
}

/// What is wrong with the beginning of a value.
fn beginning(field: &Field, head: &str) -> Option<Wrong> {
    match field {
        Field::San | Field::Subject => {
            let url = extensions::with_scheme(head)?;
            Some((
                "has no scheme, with which the URI of a certificate begins",
                Some(format!("prefix:{url}")),
            ))
        }
        Field::Extension(_) => extensions::beginning(field, head),
        Field::Issuer | Field::Fingerprint | Field::Digest | Field::Kind | Field::Log => None,
    }
}
