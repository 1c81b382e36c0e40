//! A matcher that is too simple to be wrong: every rule, every signer, every value and every pattern in turn, each letter
//! by letter. It shares nothing with the engine but the names of the fields.

use crate::common::{Fake, LOG, NOW};
use sentinel_rules::{Match, Matcher, Pattern, RuleSet, RuleSpec};
use sigstore::Field;
use std::collections::BTreeSet;

/// A letter, and whether its case matters.
type Letter = (char, bool);

fn glob(glob: &[char], text: &[Letter]) -> bool {
    match glob {
        [] => text.is_empty(),
        ['*', '*', rest @ ..] => (0..=text.len()).any(|skip| self::glob(rest, &text[skip..])),
        ['*', rest @ ..] => (0..=text.len())
            .take_while(|skip| text[..*skip].iter().all(|(letter, _)| *letter != '/'))
            .any(|skip| self::glob(rest, &text[skip..])),
        ['?', rest @ ..] => text.first().is_some_and(|(letter, _)| *letter != '/') && self::glob(rest, &text[1..]),
        [letter, rest @ ..] => text.first().is_some_and(|it| same(*letter, *it)) && self::glob(rest, &text[1..]),
    }
}

fn same(wanted: char, (letter, exact): Letter) -> bool {
    wanted == letter || (!exact && wanted.eq_ignore_ascii_case(&letter))
}

fn begins(wanted: &str, text: &[Letter]) -> bool {
    wanted.chars().count() <= text.len() && wanted.chars().zip(text).all(|(wanted, letter)| same(wanted, *letter))
}

fn ends(wanted: &str, text: &[Letter]) -> bool {
    let wanted: String = wanted.chars().rev().collect();
    let text: Vec<Letter> = text.iter().rev().copied().collect();
    begins(&wanted, &text)
}

/// The letters of a value: those of scheme, host and domain have no case.
fn letters(field: &str, value: &str) -> Vec<Letter> {
    let is_name = ["san", "subject"].contains(&field);
    let is_uri = is_name || field == "issuer" || field.ends_with("-uri");
    let mut exact = vec![true; value.chars().count()];
    let at = |bytes: usize| value[..bytes].chars().count();
    let host = host(value);
    match value.find("://") {
        Some(scheme) if is_uri && is_scheme(&value[..scheme]) => {
            exact[..at(scheme)].fill(false);
            let host = host.unwrap();
            exact[at(host.start)..at(host.end)].fill(false);
        }
        _ => {
            if let Some(host) = host.filter(|_| is_name) {
                exact[at(host.start)..at(host.end)].fill(false);
            }
        }
    }
    value.chars().zip(exact).collect()
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
}

fn is_host(text: &str) -> bool {
    let good = |letter: char| letter.is_ascii_alphanumeric() || "-._*".contains(letter) || !letter.is_ascii();
    !text.is_empty() && text.chars().all(good)
}

/// Where the host of a name stands, with its port.
fn host(value: &str) -> Option<std::ops::Range<usize>> {
    if let Some(scheme) = value.find("://").filter(|scheme| is_scheme(&value[..*scheme])) {
        let start = scheme + 3;
        let end = value[start..]
            .find(['/', '?', '#'])
            .map_or(value.len(), |end| start + end);
        let start = value[start..end].rfind('@').map_or(start, |user| start + user + 1);
        return Some(start..end);
    }
    let start = match value.rfind('@') {
        Some(0) => return None,
        Some(at) => at + 1,
        None if value.contains('.') => 0,
        None => return None,
    };
    is_host(&value[start..]).then_some(start..value.len())
}

fn is_in(domain: &str, field: &str, value: &str) -> bool {
    if !["san", "subject"].contains(&field) && !value.contains("://") {
        return false;
    }
    let Some(host) = host(value).map(|host| value[host].to_ascii_lowercase()) else {
        return false;
    };
    let host = if value.contains("://") {
        host.split(':').next().unwrap()
    } else {
        &host
    };
    match domain.to_ascii_lowercase().strip_prefix("*.") {
        Some(above) => host.len() > above.len() + 1 && host.ends_with(&format!(".{above}")),
        None => host == domain.to_ascii_lowercase(),
    }
}

/// Expressions of these tests are known to the letter: alternatives of literals, and `.*` at either end.
fn expression(source: &str, text: &str) -> bool {
    source
        .split('|')
        .any(|word| match (word.strip_prefix(".*"), word.strip_suffix(".*")) {
            (Some(rest), _) if rest.ends_with(".*") => text.contains(rest.strip_suffix(".*").unwrap()),
            (Some(rest), _) => text.ends_with(rest),
            (_, Some(rest)) => text.starts_with(rest),
            (None, None) => word == text,
        })
}

fn matches_text(field: &str, pattern: &Pattern, value: &str) -> bool {
    let text = letters(field, value);
    match pattern {
        Pattern::Exact(exact) => {
            exact.chars().count() == text.len() && begins(exact, &text) && shape(field, exact, value)
        }
        Pattern::Glob(it) => glob(&it.chars().collect::<Vec<_>>(), &text),
        Pattern::Prefix(it) => begins(it, &text),
        Pattern::Suffix(it) => ends(it, &text),
        Pattern::Domain(it) => is_in(it, field, value),
        Pattern::Regex(it) => expression(it, &small(field, value)) || expression(it, value),
    }
}

/// A value with small letters where case does not matter.
pub(crate) fn small(field: &str, value: &str) -> String {
    let letters = letters(field, value).into_iter();
    letters
        .map(|(letter, exact)| if exact { letter } else { letter.to_ascii_lowercase() })
        .collect()
}

/// Equal texts have their letters without case in the same places.
fn shape(field: &str, exact: &str, value: &str) -> bool {
    let cases = |text: &str| {
        letters(field, text)
            .into_iter()
            .map(|(_, exact)| exact)
            .collect::<Vec<_>>()
    };
    cases(exact) == cases(value)
}

fn holds(matcher: &Matcher, entry: &Fake, signer: Option<usize>) -> bool {
    match matcher {
        Matcher::All(inner) => inner.iter().all(|inner| holds(inner, entry, signer)),
        Matcher::Any(inner) => inner.iter().any(|inner| holds(inner, entry, signer)),
        Matcher::Not(inner) => !holds(inner, entry, signer),
        Matcher::Field { name, patterns } => any(name, patterns, entry, signer),
    }
}

fn any(name: &str, patterns: &[Pattern], entry: &Fake, signer: Option<usize>) -> bool {
    let values: Vec<&str> = match (name, signer) {
        ("kind", _) => vec![&entry.kind],
        ("log", _) => vec![LOG],
        (_, None) => vec![],
        (name, Some(signer)) => {
            let field = Field::parse(name).unwrap();
            let values = entry.signers[signer].iter().filter(|(known, _)| *known == field);
            values.map(|(_, value)| value.as_str()).collect()
        }
    };
    let mut values = values.iter();
    values.any(|value| patterns.iter().any(|pattern| matches_text(name, pattern, value)))
}

fn is_asked(spec: &RuleSpec, entry: &Fake) -> bool {
    let Some(only) = &spec.only else { return true };
    let says = |name: &str, patterns: &[Pattern]| patterns.is_empty() || any(name, patterns, entry, None);
    says("log", &only.logs) && says("kind", &only.kinds)
}

/// A match in plain words: rule, signer, whether it is allowed, and the ledgers that it is left to.
pub(crate) type Told = (usize, Option<usize>, bool, Vec<String>);

pub(crate) fn told(set: &RuleSet, found: &[Match]) -> Vec<Told> {
    let told = |found: &Match| {
        assert!(!found.undecided);
        let awaits = set.awaited(found.awaits).map(str::to_owned).collect();
        (found.rule, found.signer, found.allowed, awaits)
    };
    found.iter().map(told).collect()
}

pub(crate) fn naive(specs: &[RuleSpec], entry: &Fake) -> Vec<Told> {
    let signers: Vec<Option<usize>> = if entry.signers.is_empty() {
        vec![None]
    } else {
        (0..entry.signers.len()).map(Some).collect()
    };
    let mut found = Vec::new();
    for (rule, spec) in specs.iter().enumerate().filter(|(_, spec)| is_asked(spec, entry)) {
        let matching: Vec<_> = signers
            .iter()
            .filter(|signer| holds(&spec.matches, entry, **signer))
            .collect();
        let in_force = || {
            spec.allow
                .iter()
                .filter(|allow| allow.until.is_none_or(|until| NOW < until))
        };
        let holding = |signer: Option<usize>| in_force().filter(move |allow| holds(&allow.matches, entry, signer));
        let allowed = |signer: Option<usize>| holding(signer).any(|allow| allow.ledger.is_none());
        let awaits = |signer: Option<usize>| {
            let ledgers: BTreeSet<&str> = holding(signer).filter_map(|allow| allow.ledger.as_deref()).collect();
            ledgers
        };
        let bad: Vec<Option<usize>> = matching
            .iter()
            .map(|signer| **signer)
            .filter(|signer| !allowed(*signer))
            .collect();
        // Two that a ledger may allow are left to none, and are told like one that none may allow.
        let sure = bad
            .iter()
            .enumerate()
            .find_map(|(at, signer)| match awaits(*signer).is_empty() {
                true => Some(*signer),
                false => (at > 0).then(|| bad[0]),
            });
        if let Some(signer) = sure
            .or(bad.first().copied())
            .or(matching.first().map(|signer| **signer))
        {
            let left = if sure.is_none() && !bad.is_empty() {
                awaits(signer)
            } else {
                BTreeSet::new()
            };
            let told = (
                rule,
                signer,
                bad.is_empty(),
                left.into_iter().map(str::to_owned).collect(),
            );
            found.push(told);
        }
    }
    found
}
