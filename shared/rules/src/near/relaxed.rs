//! Rules that ask for less than those they come of.

use crate::field::standard;
use crate::form::domain;
use crate::pattern::{Pattern, Prepared};
use crate::spec::{Matcher, RuleSpec};
use regex_syntax::hir::{Hir, HirKind};
use sigstore::Field;

/// The rule without what it says of the issuer; `None` if it says nothing of it, or nothing else.
pub(super) fn any_issuer(spec: &RuleSpec) -> Option<RuleSpec> {
    let matches = without_issuer(&spec.matches)?;
    (matches != spec.matches).then(|| relaxed(spec, matches))
}

/// The rule with any workflow, ref and file of the repositories that it names; `None` if it names none.
pub(super) fn any_workflow(spec: &RuleSpec) -> Option<RuleSpec> {
    let matches = within_repository(&spec.matches);
    (matches != spec.matches).then(|| relaxed(spec, matches))
}

fn relaxed(spec: &RuleSpec, matches: Matcher) -> RuleSpec {
    RuleSpec {
        matches,
        allow: Vec::new(),
        ..spec.clone()
    }
}

fn without_issuer(matcher: &Matcher) -> Option<Matcher> {
    match matcher {
        Matcher::All(inner) => {
            let inner: Vec<Matcher> = inner.iter().filter_map(without_issuer).collect();
            let asks = inner.iter().any(|inner| !matches!(inner, Matcher::Not(_)));
            asks.then_some(Matcher::All(inner))
        }
        Matcher::Any(inner) => inner
            .iter()
            .map(without_issuer)
            .collect::<Option<_>>()
            .map(Matcher::Any),
        Matcher::Not(_) => Some(matcher.clone()),
        Matcher::Field { name, .. } => (Field::parse(name) != Some(Field::Issuer)).then(|| matcher.clone()),
    }
}

fn within_repository(matcher: &Matcher) -> Matcher {
    let each = |inner: &[Matcher]| inner.iter().map(within_repository).collect();
    match matcher {
        Matcher::All(inner) => Matcher::All(each(inner)),
        Matcher::Any(inner) => Matcher::Any(each(inner)),
        Matcher::Not(_) => matcher.clone(),
        Matcher::Field { name, patterns } => {
            let is_identity = matches!(Field::parse(name), Some(Field::San | Field::Subject));
            let wider = |pattern: &Pattern| match repository(pattern).filter(|_| is_identity) {
                Some(start) => Pattern::Prefix(start.to_owned()),
                None => pattern.clone(),
            };
            Matcher::Field {
                name: name.clone(),
                patterns: patterns.iter().map(wider).collect(),
            }
        }
    }
}

/// `https://host/owner/repository/`, where the pattern says so much and goes on.
fn repository(pattern: &Pattern) -> Option<&str> {
    let head = start(pattern)?;
    let (scheme, rest) = head.split_once("://")?;
    let (slash, _) = rest.match_indices('/').nth(2)?;
    let end = scheme.len() + "://".len() + slash + 1;
    let whole = head.len() == end && matches!(pattern, Pattern::Prefix(_));
    head.get(..end).filter(|_| !whole)
}

/// What every match begins with, as far as it is plain to see.
fn start(pattern: &Pattern) -> Option<&str> {
    match pattern {
        Pattern::Exact(text) | Pattern::Prefix(text) => Some(text),
        Pattern::Glob(text) => text.split(['*', '?']).next(),
        Pattern::Regex(_) | Pattern::Suffix(_) | Pattern::Domain(_) => None,
    }
}

/// The names in a pattern that somebody may imitate: a domain, the owner of repositories.
pub(super) fn names(field: &Field, pattern: &Pattern) -> Vec<String> {
    match pattern {
        Pattern::Domain(text) => vec![text.trim_start_matches("*.").to_owned()],
        Pattern::Suffix(text) => text.strip_prefix('@').map(str::to_owned).into_iter().collect(),
        Pattern::Exact(text) => of_value(field, text),
        Pattern::Prefix(_) | Pattern::Glob(_) => {
            let head = start(pattern).unwrap_or_default();
            // A name that the wildcard goes on with is not whole.
            let whole = head.rfind('/').and_then(|end| head.get(..=end)).unwrap_or_default();
            let tail = pattern.text().rsplit(['*', '?']).next().unwrap_or_default();
            let domain = of_address(tail).filter(|_| matches!(pattern, Pattern::Glob(_)));
            of_value(field, whole).into_iter().chain(domain).collect()
        }
        Pattern::Regex(_) => match pattern.prepare(field) {
            Ok(Prepared::Regex(_, hir)) => of_expression(field, &hir),
            Ok(Prepared::Plain(..)) | Err(_) => Vec::new(),
        },
    }
}

/// The domain of `@example.com`.
fn of_address(tail: &str) -> Option<String> {
    let domain = tail.strip_prefix('@')?;
    (domain.contains('.') && !domain.contains(['/', '@'])).then(|| domain.to_owned())
}

/// The names in what each match of an expression begins with and ends in.
fn of_expression(field: &Field, hir: &Hir) -> Vec<String> {
    let text = |hir: &Hir| match hir.kind() {
        HirKind::Literal(literal) => str::from_utf8(&literal.0).ok().map(str::to_owned),
        _ => None,
    };
    match hir.kind() {
        HirKind::Literal(_) => text(hir).map(|text| of_value(field, &text)).unwrap_or_default(),
        HirKind::Concat(parts) => {
            let head = parts.first().and_then(text).unwrap_or_default();
            let whole = head.rfind('/').and_then(|end| head.get(..=end)).unwrap_or_default();
            let tail = parts.last().and_then(text);
            let domain = tail.and_then(|tail| of_address(&tail));
            of_value(field, whole).into_iter().chain(domain).collect()
        }
        _ => Vec::new(),
    }
}

/// The names in a value.
pub(super) fn of_value(field: &Field, value: &str) -> Vec<String> {
    let domain = domain(standard(field), value).map(str::to_owned);
    let path = value.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    let owner = path.map(|(_, path)| path.split(['/', '@']).next().unwrap_or_default());
    let owner = owner.filter(|owner| !owner.is_empty()).map(str::to_owned);
    domain.into_iter().chain(owner).collect()
}
