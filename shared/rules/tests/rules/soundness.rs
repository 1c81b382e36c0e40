//! What the lint says for certain is so: rules that are like each other, and entries that are made of what they ask for,
//! decided by the matcher.

use crate::common::{Fake, NOW, ask};
use crate::differential::{FIELDS, matcher, part, specs, text};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use sentinel_rules::{Allowance, Lint, LintId, Matcher, Pattern, RuleSet, RuleSpec, lint};
use sigstore::Field;
use std::cell::RefCell;

/// How a rule comes of another one.
#[derive(Clone, Debug)]
enum Change {
    Same,
    Or(Matcher),
    And(Matcher),
    Not,
    Wider(usize),
    First,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Same),
        matcher().prop_map(Change::Or),
        matcher().prop_map(Change::And),
        Just(Change::Not),
        (0_usize..8).prop_map(Change::Wider),
        Just(Change::First),
    ]
}

fn changed(matcher: &Matcher, change: &Change) -> Matcher {
    match (change, matcher) {
        (Change::Or(other), _) => Matcher::Any(vec![other.clone(), matcher.clone()]),
        (Change::And(other), _) => Matcher::All(vec![matcher.clone(), other.clone()]),
        (Change::Not, _) => Matcher::Not(Box::new(matcher.clone())),
        (Change::Wider(how), _) => wider(matcher, *how),
        (Change::First, Matcher::All(inner) | Matcher::Any(inner)) => inner[0].clone(),
        (Change::Same | Change::First, _) => matcher.clone(),
    }
}

/// The same condition with patterns that match more, or may.
fn wider(matcher: &Matcher, how: usize) -> Matcher {
    let each = |inner: &[Matcher]| inner.iter().map(|inner| wider(inner, how)).collect();
    match matcher {
        Matcher::All(inner) => Matcher::All(each(inner)),
        Matcher::Any(inner) => Matcher::Any(each(inner)),
        Matcher::Not(inner) => Matcher::Not(Box::new(wider(inner, how))),
        Matcher::Field { name, patterns } => Matcher::Field {
            name: name.clone(),
            patterns: patterns.iter().map(|pattern| wider_pattern(pattern, how)).collect(),
        },
    }
}

fn wider_pattern(pattern: &Pattern, how: usize) -> Pattern {
    let cut = |text: &str, from_start: bool| {
        let letters: Vec<char> = text.chars().collect();
        let half = letters.len().div_ceil(2);
        let letters = if from_start {
            &letters[..half]
        } else {
            &letters[letters.len() - half..]
        };
        letters.iter().collect::<String>()
    };
    let stars = |text: &str| {
        let mut text = text.to_owned();
        while text.contains("***") {
            text = text.replace("***", "**");
        }
        text
    };
    match (pattern, how) {
        (Pattern::Domain(_), 0) => Pattern::Domain("*.com".to_owned()),
        (Pattern::Domain(_), 1) => Pattern::Glob("**".to_owned()),
        (Pattern::Exact(text) | Pattern::Prefix(text), 0) => Pattern::Prefix(cut(text, true)),
        (Pattern::Exact(text) | Pattern::Suffix(text), 1) => Pattern::Suffix(cut(text, false)),
        (Pattern::Exact(text) | Pattern::Prefix(text), 2) => Pattern::Glob(stars(&format!("{}**", cut(text, true)))),
        (Pattern::Exact(text) | Pattern::Suffix(text), 3) => Pattern::Glob(stars(&format!("**{}", cut(text, false)))),
        (Pattern::Glob(text), 4) => Pattern::Glob(stars(&text.replace('?', "*"))),
        (Pattern::Glob(text), 5) => Pattern::Glob(stars(&text.replace('*', "**"))),
        (Pattern::Glob(text), 6) => Pattern::Prefix(text.split(['*', '?']).next().unwrap().to_owned()),
        (Pattern::Exact(text), 7) if !text.contains(['.', '|']) => Pattern::Regex(text.clone()),
        (other, _) => other.clone(),
    }
}

/// Rules of which some come of others, allowances too.
fn related() -> impl Strategy<Value = Vec<RuleSpec>> {
    let few = specs().prop_map(|specs| specs.into_iter().take(5).collect::<Vec<_>>());
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), change(), any::<bool>()), 1..5);
    (few, changes).prop_filter_map("rules", |(mut specs, changes)| {
        for (at, change, is_allowance) in changes {
            let at = at.index(specs.len().max(1));
            let from = specs.get(at)?.clone();
            let matches = changed(&from.matches, &change);
            if is_allowance {
                specs[at].allow.push(Allowance {
                    matches,
                    ledger: None,
                    until: None,
                });
            } else {
                let name = format!("rule {}", specs.len());
                specs.push(RuleSpec { matches, name, ..from });
            }
        }
        let has_empty = |spec: &RuleSpec| serde_json::to_string(spec).is_ok_and(|text| text.contains("prefix:\""));
        (!specs.iter().any(has_empty)).then_some(specs)
    })
}

/// Values that the rules speak of, with their wildcards filled.
fn pool(specs: &[RuleSpec]) -> Vec<String> {
    fn texts(matcher: &Matcher, out: &mut Vec<String>) {
        match matcher {
            Matcher::All(inner) | Matcher::Any(inner) => inner.iter().for_each(|inner| texts(inner, out)),
            Matcher::Not(inner) => texts(inner, out),
            Matcher::Field { patterns, .. } => patterns.iter().for_each(|pattern| match pattern {
                Pattern::Exact(text) => out.extend([text.clone(), text.to_uppercase()]),
                Pattern::Glob(text) => {
                    out.push(text.replace("**", "a/b").replace(['*', '?'], "x"));
                    out.push(text.replace(['*', '?'], ""));
                }
                Pattern::Regex(text) => out.extend(text.split('|').map(|word| word.replace(".*", "x"))),
                Pattern::Prefix(text) => out.extend([format!("{text}x/y"), text.clone()]),
                Pattern::Suffix(text) => out.extend([format!("x/y{text}"), text.clone()]),
                Pattern::Domain(text) => {
                    let name = text.replace("*.", "x.");
                    out.extend([format!("x@{name}"), format!("https://{name}/x"), name]);
                }
            }),
        }
    }
    let mut out = vec!["a".to_owned()];
    for spec in specs {
        texts(&spec.matches, &mut out);
        spec.allow.iter().for_each(|allow| texts(&allow.matches, &mut out));
    }
    out
}

/// Signers of values, each from the pool or a text of its own.
type Drawn = Vec<Vec<(&'static str, Option<prop::sample::Index>, String)>>;

fn drawn() -> impl Strategy<Value = Drawn> {
    let index = prop_oneof![4 => any::<prop::sample::Index>().prop_map(Some), 1 => Just(None)];
    let signer = proptest::collection::vec((part(&FIELDS[..6]), index, text()), 0..5);
    proptest::collection::vec(signer, 0..3)
}

fn entry(drawn: &Drawn, kind: &str, pool: &[String]) -> Fake {
    let value = |(name, at, own): &(&str, Option<prop::sample::Index>, String)| {
        let value = at.map_or_else(|| own.clone(), |at| at.get(pool).clone());
        (Field::parse(name).unwrap(), value)
    };
    Fake {
        kind: kind.to_owned(),
        digests: vec![],
        signers: drawn
            .iter()
            .map(|signer| named(signer.iter().map(value).collect()))
            .collect(),
        asked: RefCell::default(),
    }
}

/// What is a name of a certificate is a name of its signer.
fn named(mut signer: Vec<(Field, String)>) -> Vec<(Field, String)> {
    let sans: Vec<_> = signer
        .iter()
        .filter(|(field, _)| *field == Field::San)
        .cloned()
        .collect();
    signer.extend(sans.into_iter().map(|(_, value)| (Field::Subject, value)));
    signer
}

/// Whether no signer has an extension twice.
fn is_well_formed(entry: &Fake) -> bool {
    entry.signers.iter().all(|signer| {
        let mut single: Vec<&Field> = signer.iter().map(|(field, _)| field).collect();
        single.retain(|field| !matches!(field, Field::San | Field::Subject));
        let count = single.len();
        single.sort();
        single.dedup();
        single.len() == count
    })
}

fn rule_of(lint: &Lint) -> usize {
    let rest = lint.path.strip_prefix("rules[").unwrap();
    rest.split_once(']').unwrap().0.parse().unwrap()
}

/// The rule that the message names.
fn other_of(lint: &Lint, specs: &[RuleSpec]) -> usize {
    let named = |spec: &RuleSpec| lint.message.contains(&format!("`{}`", spec.name));
    specs.iter().position(named).unwrap()
}

fn check(specs: &[RuleSpec], entries: &[Fake]) -> Result<usize, TestCaseError> {
    let set = RuleSet::compile(specs.to_vec()).unwrap();
    let written = serde_json::to_value(specs).unwrap();
    let lints = lint(&set, &written, NOW);
    for entry in entries {
        let found = ask(&set, entry);
        let of = |rule: usize| found.iter().find(|found| found.rule == rule);
        for lint in lints.iter().filter(|lint| lint.path != "rules") {
            let own = of(rule_of(lint));
            let whole = lint.path == format!("rules[{}].match", rule_of(lint));
            match lint.id {
                LintId::Unreachable if whole => prop_assert!(own.is_none(), "{lint:?} {entry:?}"),
                LintId::TwoValues if whole => {
                    prop_assert!(own.is_none() || !is_well_formed(entry), "{lint:?} {entry:?}");
                }
                LintId::MatchesEverything if whole && lint.message.starts_with("matches every entry") => {
                    prop_assert!(own.is_some(), "{lint:?} {entry:?}");
                }
                LintId::Swallowed => {
                    let other = of(other_of(lint, specs));
                    prop_assert!(own.is_none() || other.is_some(), "{lint:?} {entry:?}");
                }
                LintId::Duplicate => {
                    let other = of(other_of(lint, specs));
                    prop_assert_eq!(own.is_some(), other.is_some(), "{:?} {:?}", lint, entry);
                }
                LintId::AllowsEverything => {
                    prop_assert!(own.is_none_or(|own| own.allowed), "{lint:?} {entry:?}");
                }
                _ => {}
            }
        }
    }
    Ok(lints.len())
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        max_local_rejects: 10_000_000,
        ..ProptestConfig::with_cases(400)
    })]

    #[test]
    fn what_is_certain_is_so(
        specs in related(),
        drawn in proptest::collection::vec((drawn(), text()), 4..24),
    ) {
        let pool = pool(&specs);
        let entries: Vec<Fake> = drawn.iter().map(|(drawn, kind)| entry(drawn, kind, &pool)).collect();
        check(&specs, &entries)?;
    }

    /// One value at a time: two rules of one field each.
    #[test]
    fn what_one_pattern_covers_is_so(
        (pattern, name) in (crate::differential::pattern(), part(&["san", "issuer", "token-subject", "fingerprint", "kind"])),
        how in 0_usize..8,
        values in proptest::collection::vec(text(), 1..6),
    ) {
        let one = |patterns: Vec<Pattern>, rule: &str| RuleSpec {
            allow: vec![],
            labels: std::collections::BTreeMap::new(),
            matches: Matcher::Field { name: name.to_owned(), patterns },
            name: rule.to_owned(),
            note: None,
            only: None,
            severity: sentinel_rules::Severity::High,
        };
        let wide = wider_pattern(&pattern, how);
        let specs = [one(vec![pattern], "narrow"), one(vec![wide], "wide")];
        prop_assume!(RuleSet::compile(specs.to_vec()).is_ok());
        let pool = pool(&specs);
        let entries: Vec<Fake> = pool.iter().chain(&values).map(|value| Fake {
            kind: value.clone(),
            signers: vec![vec![(Field::parse(name).unwrap(), value.clone())]],
            ..Fake::default()
        }).collect();
        check(&specs, &entries)?;
    }
}

/// The property would hold of a lint that says nothing.
#[test]
fn the_generated_rules_are_worth_it() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut said = std::collections::BTreeMap::<&str, usize>::new();
    for _ in 0..600 {
        let specs = related().new_tree(&mut runner).unwrap().current();
        let set = RuleSet::compile(specs.clone()).unwrap();
        for lint in lint(&set, &serde_json::to_value(&specs).unwrap(), NOW) {
            *said.entry(lint.id.word()).or_default() += 1;
        }
    }
    for id in [
        "unreachable",
        "swallowed",
        "duplicate",
        "allows-everything",
        "matches-everything",
    ] {
        assert!(said.get(id).is_some_and(|count| *count > 10), "{id}: {said:?}");
    }
}
