//! Allowances that ask a ledger: what is left to one, and what is wrong with them.

use crate::common::{NOW, ask, entry, set};
use sentinel_rules::{MAX_LEDGERS, RuleSet, RuleSpec, parse};
use serde_json::{Value, json};

#[test]
fn what_a_ledger_may_allow_is_left_to_it() {
    let set = set(&json!([{"name": "r", "match": {"issuer": "i"}, "allow": [
        {"ledger": "beta", "san": "good"},
        {"ledger": "alpha"},
        {"san": "fine"},
        {"ledger": "ended", "until": "2020-01-01"},
    ]}]));
    assert_eq!(set.ledgers(), ["alpha", "beta", "ended"]);
    let named: Vec<&str> = set.awaited(set.ledgers_of(0, NOW)).collect();
    assert_eq!(named, ["alpha", "beta"]);
    assert!(set.ledgers_of(1, NOW).is_empty());
    let of = |san| [("issuer", "i"), ("san", san)];
    let (good, fine, other) = (of("good"), of("fine"), of("other"));
    let check = |signers: &[&[(&str, &str)]], signer: usize, allowed: bool, ledgers: &[&str]| {
        let found = ask(&set, &entry(signers));
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(
            (found.signer, found.allowed, found.undecided),
            (Some(signer), allowed, false)
        );
        assert_eq!(set.awaited(found.awaits).collect::<Vec<_>>(), ledgers);
    };
    check(&[&good], 0, false, &["alpha", "beta"]);
    check(&[&other], 0, false, &["alpha"]);
    // What is allowed at once waits for nothing, and one who is does not stand for another.
    check(&[&fine], 0, true, &[]);
    check(&[&fine, &good], 1, false, &["alpha", "beta"]);
    check(&[&good, &fine], 0, false, &["alpha", "beta"]);
    // A record speaks for one signer.
    check(&[&good, &other], 0, false, &[]);
    check(&[&good, &other, &good], 0, false, &[]);
}

#[test]
fn a_ledger_beside_what_does_not_hold_allows_nothing() {
    let set = set(&json!([{"name": "r", "match": {"issuer": "i"}, "allow": [{"ledger": "l", "san": "good"}]}]));
    let found = ask(&set, &entry(&[&[("issuer", "i"), ("san", "bad")]]));
    assert!(!found[0].allowed && found[0].awaits.is_empty());
    assert!(!set.ledgers_of(0, NOW).is_empty());
}

#[test]
fn mistakes_are_named() {
    let check = |allow: Value, path: &str, message: &str, suggestion: Option<&str>| {
        let rules = json!([{"name": "r", "match": {"san": "a"}, "allow": [allow]}]);
        let problems = parse(&rules).unwrap_err();
        let [problem] = problems.as_slice() else {
            panic!("{problems:?}")
        };
        assert_eq!((problem.path.as_str(), problem.message.as_str()), (path, message));
        assert_eq!(problem.suggestion.as_deref(), suggestion);
    };
    let of = "rules[0].allow[0].ledger";
    check(
        json!({"ledger": ""}),
        of,
        "is empty; it is the name of one of `ledgers`",
        None,
    );
    check(
        json!({"ledger": ["a"], "san": "a"}),
        of,
        "must be a string, not a list",
        None,
    );
    check(
        json!({"ledgr": "a", "san": "a"}),
        "rules[0].allow[0].ledgr",
        "unknown key `ledgr`",
        Some("ledger"),
    );
    // It belongs to an allowance, not to a condition.
    let rules = json!([{"name": "r", "match": {"san": "a", "ledger": "a"}}]);
    assert_eq!(parse(&rules).unwrap_err()[0].message, "unknown key `ledger`");
    check(
        json!({"all": [{"ledger": "a"}]}),
        "rules[0].allow[0].all[0].ledger",
        "unknown key `ledger`",
        None,
    );
}

#[test]
fn a_set_names_only_so_many() {
    let rules = |count: usize| -> Vec<RuleSpec> {
        let allow: Vec<Value> = (0..count).map(|at| json!({"ledger": format!("l{at}")})).collect();
        parse(&json!([{"name": "r", "match": {"san": "a"}, "allow": allow}])).unwrap()
    };
    assert_eq!(
        RuleSet::compile(rules(MAX_LEDGERS)).unwrap().ledgers().len(),
        MAX_LEDGERS
    );
    let problems = RuleSet::compile(rules(MAX_LEDGERS + 1)).unwrap_err();
    assert_eq!(problems[0].path, format!("rules[0].allow[{MAX_LEDGERS}].ledger"));
}

#[test]
fn a_ledger_swallows_no_rule() {
    let lints = |allow: Value| {
        let rules = json!([{"name": "r", "match": {"san": "a@b.c", "kind": "dsse"}, "allow": [allow]}]);
        let set = set(&rules);
        let lints = sentinel_rules::lint(&set, &rules, NOW).into_iter();
        lints.map(|lint| lint.id.word()).collect::<Vec<_>>()
    };
    assert_eq!(lints(json!({"san": "a@b.c"})), ["allows-everything"]);
    assert_eq!(lints(json!({"ledger": "l", "san": "a@b.c"})), [""; 0]);
    assert_eq!(lints(json!({"ledger": "l"})), [""; 0]);
    assert_eq!(
        lints(json!({"ledger": "l", "kind": "hashedrekord"})),
        ["allows-nothing"]
    );
}
