//! A condition with the place of each of its parts, as the user wrote them.
//!
//! A spec has one form whatever the file looked like: several fields of one mapping are an `all` there. What is said about
//! it must point to the file, so the spec is walked beside the value that it was read from.

use crate::diagnostic::{at_item, at_key};
use crate::pattern::Pattern;
use crate::spec::{LEDGER, Matcher, RuleSpec, UNTIL};
use serde_json::Value;
use sigstore::Field;

/// A condition and where it stands.
pub(super) struct Located<'r> {
    pub(super) path: String,
    pub(super) matcher: &'r Matcher,
    pub(super) part: Part<'r>,
}

/// What a condition is made of.
pub(super) enum Part<'r> {
    All(Vec<Located<'r>>),
    Any(Vec<Located<'r>>),
    Not(Box<Located<'r>>),
    Field(Field, Vec<(String, &'r Pattern)>),
}

/// A rule with its places.
pub(super) struct LocatedRule<'r> {
    pub(super) path: String,
    pub(super) spec: &'r RuleSpec,
    pub(super) matches: Located<'r>,
    pub(super) allow: Vec<Located<'r>>,
}

impl<'r> LocatedRule<'r> {
    /// The condition of allowance `at`, if it could be placed.
    pub(super) fn allowance(&self, at: usize) -> Option<&Located<'r>> {
        let matcher = &self.spec.allow.get(at)?.matches;
        let is = |own: &&Located<'r>| core::ptr::eq(own.matcher, matcher);
        self.allow.get(at).filter(is).or_else(|| self.allow.iter().find(is))
    }
}

/// The rule at `rules[index]`, whose value is `written`; without one, as specs serialise.
pub(super) fn rule<'r>(spec: &'r RuleSpec, index: usize, written: Option<&Value>) -> LocatedRule<'r> {
    let path = at_item("rules", index);
    let own = match written {
        Some(_) => None,
        None => serde_json::to_value(spec).ok(),
    };
    let written = written.or(own.as_ref()).unwrap_or(&Value::Null);
    let allow_path = at_key(&path, "allow");
    let allow = spec.allow.iter().enumerate().filter_map(|(at, allowance)| {
        let value = written.get("allow")?.get(at)?;
        whole(&allowance.matches, value, &at_item(&allow_path, at))
    });
    let nothing = || Located {
        path: path.clone(),
        matcher: &spec.matches,
        part: Part::All(Vec::new()),
    };
    let matches = written.get("match");
    let matches = matches.and_then(|value| whole(&spec.matches, value, &at_key(&path, "match")));
    LocatedRule {
        matches: matches.unwrap_or_else(nothing),
        allow: allow.collect(),
        spec,
        path,
    }
}

/// A condition that stands by itself: a mapping, or a list of them.
fn whole<'r>(matcher: &'r Matcher, value: &Value, path: &str) -> Option<Located<'r>> {
    match (value, matcher) {
        (Value::Array(items), Matcher::Any(inner)) => Some(located(matcher, path, Part::Any(each(inner, items, path)))),
        (Value::Object(map), _) => {
            let mut keys: Vec<&String> = map.keys().filter(|key| *key != UNTIL && *key != LEDGER).collect();
            keys.sort_unstable();
            match (keys.as_slice(), matcher) {
                ([key], _) => term(matcher, key, map.get(*key)?, path),
                (_, Matcher::All(inner)) => {
                    let terms = keys.iter().zip(inner);
                    let terms = terms.filter_map(|(key, inner)| term(inner, key, map.get(*key)?, path));
                    Some(located(matcher, path, Part::All(terms.collect())))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn located<'r>(matcher: &'r Matcher, path: &str, part: Part<'r>) -> Located<'r> {
    let path = path.to_owned();
    Located { path, matcher, part }
}

/// What stands under one key.
fn term<'r>(matcher: &'r Matcher, key: &str, value: &Value, path: &str) -> Option<Located<'r>> {
    let at = at_key(path, key);
    let part = match matcher {
        Matcher::All(inner) => Part::All(each(inner, value.as_array()?, &at)),
        Matcher::Any(inner) => Part::Any(each(inner, value.as_array()?, &at)),
        Matcher::Not(inner) => Part::Not(Box::new(whole(inner, value, &at)?)),
        Matcher::Field { name, patterns } => {
            let place = |index| match value {
                Value::Array(_) => at_item(&at, index),
                _ => at.clone(),
            };
            let patterns = patterns.iter().enumerate();
            let patterns = patterns.map(|(index, pattern)| (place(index), pattern));
            Part::Field(Field::parse(name)?, patterns.collect())
        }
    };
    Some(located(matcher, &at, part))
}

fn each<'r>(inner: &'r [Matcher], items: &[Value], path: &str) -> Vec<Located<'r>> {
    let pairs = inner.iter().zip(items).enumerate();
    pairs
        .filter_map(|(at, (matcher, value))| whole(matcher, value, &at_item(path, at)))
        .collect()
}
