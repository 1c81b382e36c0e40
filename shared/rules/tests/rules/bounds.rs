//! What a set may be, what an entry may cost, and that neither is ever skipped in silence.

use crate::common::{ask, entry};
use sentinel_rules::{MAX_ALWAYS_ASKED, MAX_ALWAYS_RUN, MAX_CROWD, MAX_FIELDS, MAX_PATTERNS, Match, RuleSet, parse};
use serde_json::{Value, json};
use std::time::Instant;

/// A rule for each of these conditions.
fn rules(conditions: impl Iterator<Item = Value>) -> Value {
    let rule = |(at, matches): (usize, Value)| json!({"name": at.to_string(), "match": matches});
    conditions.enumerate().map(rule).collect()
}

fn compile(rules: &Value) -> Result<RuleSet, (String, String)> {
    let compiled = RuleSet::compile(parse(rules).unwrap());
    compiled.map_err(|mut problems| {
        let problem = problems.remove(0);
        (problem.path, problem.message)
    })
}

#[track_caller]
fn check(fits: &Value, too_many: &Value, path: &str, message: &str) {
    assert!(compile(fits).is_ok());
    let (at, what) = compile(too_many).unwrap_err();
    assert_eq!(at, path);
    assert!(what.contains(message), "{what}");
}

#[test]
fn patterns_that_nothing_wakes() {
    let some = |count: usize| {
        rules((0..count).map(|at| json!({"san": format!("regex:[a-z]*{}[0-9]{{{}}}[a-z]*", at % 10, at / 10 + 1)})))
    };
    let set = compile(&some(3)).unwrap();
    let named: Vec<_> = set
        .always_run()
        .map(|always| (always.rule, always.field.to_string(), always.pattern))
        .collect();
    assert_eq!(named.len(), 3);
    assert_eq!(
        named[1],
        (1, "san".to_owned(), "regex:[a-z]*1[0-9]{1}[a-z]*".to_owned())
    );
    assert!(set.always_run().all(|always| always.steps_per_byte > 0));
    check(
        &some(MAX_ALWAYS_RUN),
        &some(MAX_ALWAYS_RUN + 1),
        &format!("rules[{MAX_ALWAYS_RUN}]"),
        "is one pattern too many that no text wakes",
    );
}

#[test]
fn patterns_that_nothing_tells_apart() {
    let some = |count: usize| {
        rules((1..=count).map(|at| json!({"san": format!("regex:https://github\\.com/acme/[a-z]{{{at}}}")})))
    };
    check(
        &some(MAX_CROWD),
        &some(MAX_CROWD + 1),
        "rules[0]",
        "have no text that tells them apart",
    );
}

#[test]
fn rules_that_any_entry_may_match() {
    let some = |count: usize| rules((0..count).map(|at| json!({"not": {"san": at.to_string()}})));
    assert_eq!(compile(&some(2)).unwrap().always_asked().collect::<Vec<_>>(), [0, 1]);
    check(
        &some(MAX_ALWAYS_ASKED),
        &some(MAX_ALWAYS_ASKED + 1),
        &format!("rules[{MAX_ALWAYS_ASKED}]"),
        "is one rule too many that any entry may match",
    );
}

#[test]
fn fields_and_patterns() {
    let fields = |count: usize| rules((0..count).map(|at| json!({format!("1.2.{at}"): "a"})));
    check(
        &fields(MAX_FIELDS),
        &fields(MAX_FIELDS + 1),
        &format!("rules[{MAX_FIELDS}].match[\"1.2.{MAX_FIELDS}\"]"),
        "is one field too many",
    );
    let list = |count: usize| rules(std::iter::once(json!({"san": vec!["a"; count]})));
    check(
        &list(MAX_PATTERNS),
        &list(MAX_PATTERNS + 1),
        "rules[0].match.san",
        "more than 400000 patterns",
    );
}

/// An entry that is made to be costly is told, as what it may be, and soon.
#[test]
fn what_cannot_be_decided_is_told() {
    let rules = json!([
        {"name": "costly", "match": {"san": "regex:(?:[a-z]{1,200}-needle)*x"}, "allow": [{"san": "other"}]},
        {"name": "allowed", "match": {"issuer": "i"}, "allow": [{"san": "regex:(?:[a-z]{1,200}-needle)*y"}]},
        {"name": "not", "match": {"issuer": "i", "not": {"san": "regex:(?:[a-z]{1,200}-needle)*z"}}},
        {"name": "sure", "match": {"issuer": "i"}},
    ]);
    let set = compile(&rules).unwrap();
    let matched = |rule, undecided| Match {
        rule,
        signer: Some(0),
        allowed: false,
        undecided,
        awaits: sentinel_rules::Awaits::NONE,
    };
    for end in ["x", "y", "z"] {
        let san = format!("{}{end}", "a-needle".repeat(60_000));
        let start = Instant::now();
        let found = ask(&set, &entry(&[&[("san", &san), ("issuer", "i")]]));
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
        let of = |rule: usize| found.iter().find(|matched| matched.rule == rule).copied();
        assert_eq!(of(0).or(Some(matched(0, false))).map(|it| it.rule), Some(0));
        assert_eq!(of(3), Some(matched(3, false)));
        // What could be decided was decided rightly; the rest is told as undecided.
        let truths = [end == "x", end == "y", end != "z"];
        for (rule, holds) in truths.into_iter().enumerate() {
            match (rule, of(rule)) {
                (_, Some(it)) if it.undecided => assert!(!it.allowed),
                (1, it) => assert_eq!(it.map(|it| it.allowed), Some(holds)),
                (_, it) => assert_eq!(it.is_some(), holds, "{end}: rule {rule}"),
            }
        }
        assert!(found.iter().any(|it| it.undecided), "{found:?}");
    }
    // An ordinary entry is decided.
    let found = ask(&set, &entry(&[&[("san", "a-needlex"), ("issuer", "i")]]));
    assert_eq!(found, [0, 1, 2, 3].map(|rule| matched(rule, false)));
}

/// A value may hold the text of every rule.
#[test]
fn a_value_that_wakes_everything() {
    let some = |count: usize| rules((0..count).map(|at| json!({"san": format!("glob:**needle{at:06}**b*c*d**!")})));
    let set = compile(&some(5_000)).unwrap();
    let mut san: String = (0..5_000).map(|at| format!("needle{at:06}")).collect();
    san.push_str("bbbbbccccc");
    let start = Instant::now();
    let found = ask(&set, &entry(&[&[("san", &san)]]));
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    assert!(found.iter().all(|it| it.undecided), "none ends in `!`");
}
