//! Rules that come after entries were read: which they are, what a pass says of them, and what takes them off.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

extern crate sentinel_pass as pass;

mod audit_support;
mod lookback_support;

use alerts::Class;
use lookback_support::{Watched, World, rule};
use pass::names::{self, LogFolder};
use pass::record::AskedRange;
use pass::{Outcome, Since};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

const ONE: &str = "one.example";

fn folder() -> LogFolder {
    LogFolder::new(ONE, 1)
}

#[tokio::test]
async fn a_rule_that_is_added_is_told_until_a_scan_has_asked_it() {
    let world = World::added().await;
    assert_eq!(world.listed("second"), [(ONE.to_owned(), 300, 300)]);
    let told = "the rule second has not been asked of up to 300 entries read before it came into force (2026-11-20T12:02:00Z); `rekor-sentinel scan --rule second --since start` asks it";
    let report = world.pass().await;
    assert_eq!(report.run.notes, [told]);
    assert_eq!(report.outcome(), Outcome::Clean, "it is no failure");
    assert_eq!(
        report.logs[0].rules_without_past, [""; 0],
        "it is said once, of the run"
    );
    let alerts = world.sink.taken();
    let changed = alerts.iter().find(|alert| alert.class == Class::ConfigChanged).unwrap();
    let facts: Vec<&str> = changed
        .facts
        .iter()
        .filter(|fact| fact.name == "without the past")
        .map(|fact| fact.value.as_str())
        .collect();
    assert_eq!(facts, [told]);

    assert_eq!(world.ranges("first", Since::Start).await, (vec![], vec![]));
    assert_eq!(world.ranges("second", Since::Start).await.1, [(0, 300)]);
    assert_eq!(world.scan("second", &[ONE], Since::Start).await, [7]);
    assert_eq!(world.pass().await.run.rules_without_past, [""; 0]);
    assert!(world.deployment().lookback.is_empty());
    assert_eq!(
        world.ranges("second", Since::Start).await,
        (vec![], vec![]),
        "it is not read a second time"
    );

    let name = world
        .memory
        .objects()
        .into_keys()
        .find(|name| name.starts_with("scans/rules/"))
        .unwrap();
    let asked: AskedRange = serde_json::from_slice(&world.memory.objects()[&name]).unwrap();
    assert_eq!(
        (asked.from, asked.to, asked.epoch, asked.rule.as_str()),
        (0, 300, 1, "second")
    );
    assert_eq!(
        (asked.counts.entries, asked.counts.findings, asked.head.size),
        (300, 1, 500)
    );
    assert_eq!(asked.objects, [folder().rescan(&asked.pass, 0, 300)]);
    assert_eq!(name, folder().asked(&asked.question, 0, 300));
}

#[tokio::test]
async fn the_weekly_report_tells_it_too() {
    let world = World::added().await;
    world
        .clock
        .0
        .fetch_add(8 * 86_400, std::sync::atomic::Ordering::Relaxed);
    world.pass().await;
    let alerts = world.sink.taken();
    let weekly = alerts.iter().find(|alert| alert.class == Class::StillWatching).unwrap();
    let told = |fact: &alerts::Fact| {
        fact.name == "without the past" && fact.value.contains("`rekor-sentinel scan --rule second --since start`")
    };
    assert!(weekly.facts.iter().any(told), "{:?}", weekly.facts);
}

/// What decides whether an entry is recorded makes a rule another one, and nothing else does.
#[tokio::test]
async fn what_a_rule_asks_decides_whether_it_is_new() {
    let base = || rule("first", "leaf", &[5]);
    let with = |key: &str, value: Value| {
        let mut rule = base();
        rule[key] = value;
        rule
    };
    let check = async |changed: Value, is_new: bool| {
        let world = World::new();
        world.pass().await;
        world.rules(core::slice::from_ref(&changed));
        let told = world.grow(310).await;
        let name = changed["name"].as_str().unwrap();
        assert_eq!(told, if is_new { vec![name.to_owned()] } else { vec![] }, "{changed}");
        let (unasked, _) = world.ranges(name, Since::Start).await;
        assert_eq!(unasked, if is_new { vec![(0, 300)] } else { vec![] }, "{changed}");
    };
    check(with("severity", json!("low")), false).await;
    check(with("note", json!("call")), false).await;
    check(with("labels", json!({"team": "a"})), false).await;
    check(with("allow", json!([{"digest": "0".repeat(64)}])), false).await;
    check(with("name", json!("renamed")), false).await;
    check(with("match", rule("", "leaf", &[6])["match"].clone()), true).await;
    check(with("match", rule("", "leaf", &[5, 6])["match"].clone()), true).await;
    check(with("only", json!({"logs": "glob:one*"})), true).await;
    check(with("only", json!({"kinds": ["opaque"]})), true).await;
}

#[tokio::test]
async fn what_a_rule_was_asked_before_it_was_removed_counts() {
    let world = World::added().await;
    let (first, second) = (rule("first", "leaf", &[5]), rule("second", "leaf", &[7, 400, 550]));
    world.rules(core::slice::from_ref(&first));
    assert_eq!(world.grow(600).await, [""; 0], "it is in force no longer");
    let same = rule("again", "leaf", &[7, 400]);
    world.rules(&[first.clone(), same]);
    assert_eq!(world.grow(700).await, ["again"]);
    assert_eq!(world.ranges("again", Since::Start).await.0, [(0, 300), (500, 600)]);
    world.rules(&[first, second]);
    assert_eq!(
        world.grow(800).await,
        ["second"],
        "another question under a name that was known"
    );
    assert_eq!(world.ranges("second", Since::Start).await.0, [(0, 700)]);
    assert_eq!(world.scan("second", &[ONE], Since::Start).await, [7, 400, 550]);
}

#[tokio::test]
async fn a_log_that_appears_later_needs_nothing() {
    let world = World::new();
    world.watch("two.example", 100);
    world.pass().await;
    world.rules(&[rule("first", "leaf", &[5]), rule("second", "leaf", &[7, 150])]);
    world.watch("three.example", 200);
    let expect = [(ONE.to_owned(), 300, 300), ("two.example".to_owned(), 100, 100)];
    assert_eq!(world.pass().await.run.rules_without_past, ["second"]);
    assert_eq!(world.listed("second"), expect);
    assert_eq!(
        world.past("second", "three.example", Since::Start).await,
        pass::Past::default()
    );
    // One log is asked: the rule stays listed with the other.
    assert_eq!(world.scan("second", &["two.example"], Since::Start).await, [7]);
    let report = world.pass().await;
    assert_eq!(report.run.rules_without_past, ["second"]);
    assert!(
        report.run.notes[0].contains("up to 300 entries"),
        "{:?}",
        report.run.notes
    );
    // A log that is watched no longer is not told, and is again when it is back.
    world.change(ONE, |served| served.watched = false);
    assert_eq!(world.pass().await.run.rules_without_past, [""; 0]);
    world.change(ONE, |served| served.watched = true);
    assert_eq!(world.pass().await.run.rules_without_past, ["second"]);
    assert_eq!(
        world.scan("second", &[ONE, "three.example"], Since::Start).await,
        [7, 150]
    );
    assert_eq!(world.pass().await.run.rules_without_past, [""; 0]);
}

#[tokio::test]
async fn a_scan_before_the_rule_is_in_force_counts() {
    let world = World::new();
    world.pass().await;
    world.rules(&[rule("first", "leaf", &[5]), rule("second", "leaf", &[7])]);
    assert_eq!(world.scan("second", &[ONE], Since::Start).await, [7]);
    assert_eq!(world.grow(400).await, [""; 0]);
    // What was read between the scan and the rule is told.
    let third = [
        rule("first", "leaf", &[5]),
        rule("second", "leaf", &[7]),
        rule("third", "leaf", &[350, 450]),
    ];
    let before = [third[0].clone(), third[1].clone()];
    world.rules(&third);
    assert_eq!(world.scan("third", &[ONE], Since::Start).await, [350]);
    world.rules(&before);
    world.grow(500).await;
    world.rules(&third);
    assert_eq!(world.grow(600).await, ["third"]);
    assert_eq!(world.listed("third"), [(ONE.to_owned(), 500, 100)]);
    assert_eq!(world.scan("third", &[ONE], Since::Start).await, [450]);
}

#[tokio::test]
async fn nothing_is_claimed_where_nobody_can_tell() {
    // An inventory of a version that did not know: the rules of then are known, and those that come later are told.
    let world = World::new();
    world.pass().await;
    let forge = |how: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_slice(&world.memory.objects()[names::DEPLOYMENT]).unwrap();
        how(&mut value);
        world
            .memory
            .set(names::DEPLOYMENT, Some(serde_json::to_vec(&value).unwrap()));
    };
    forge(&|inventory| assert!(inventory.get("lookback").is_none(), "there is nothing to say"));
    let two = [rule("first", "leaf", &[5]), rule("second", "leaf", &[7])];
    world.rules(&two);
    // The copy of the configuration before is gone.
    let kept: Vec<String> = world
        .memory
        .objects()
        .into_keys()
        .filter(|name| name.starts_with(names::CONFIGS))
        .collect();
    world.memory.set(&kept[0], None);
    assert_eq!(world.grow(400).await, [""; 0]);
    assert_eq!(
        world.ranges("second", Since::Start).await.1,
        [(0, 300)],
        "the receipts do not say that it was asked"
    );
    // No inventory at all.
    world.memory.set(names::DEPLOYMENT, None);
    world.rules(&two[..1]);
    assert_eq!(world.grow(410).await, [""; 0]);
    world.rules(&two);
    assert_eq!(world.grow(420).await, ["second"]);
    // A log whose state is gone stands for something that was read.
    forge(&|inventory| inventory["lookback"] = json!({ "rules": [] }));
    world.rules(&[rule("third", "leaf", &[8])]);
    world.memory.set(&folder().state(), None);
    let report = world.pass().await;
    assert_eq!(report.run.rules_without_past, ["third"]);
    assert!(
        report.run.notes[0].contains("has not been asked of entries read before"),
        "{:?}",
        report.run.notes
    );
}

#[tokio::test]
async fn many_rules_are_named_up_to_a_bound_and_counted_beyond() {
    let world = World::new();
    world.pass().await;
    let many: Vec<Value> = (0..70)
        .map(|number| rule(&format!("rule-{number:02}"), "leaf", &[number]))
        .collect();
    world.rules(&many);
    let report = world.pass().await;
    assert_eq!(report.run.rules_without_past.len(), 64);
    // One of them asks what the first rule asked.
    assert_eq!(world.deployment().lookback.more, 5);
    assert_eq!(report.run.notes.len(), 9);
    assert!(
        report.run.notes[8].starts_with("61 more rules have not been asked"),
        "{}",
        report.run.notes[8]
    );
    assert_eq!(world.scan("rule-00", &[ONE], Since::Start).await, [0]);
    assert_eq!(world.scan("rule-69", &[ONE], Since::Start).await, [69]);
    let lookback = world.deployment().lookback;
    assert_eq!((lookback.rules.len(), lookback.more), (63, 4));
    world.rules(&many[..65]);
    world.pass().await;
    let lookback = world.deployment().lookback;
    assert_eq!(
        (lookback.rules.len(), lookback.more),
        (63, 2),
        "no more than there are rules"
    );
}

#[tokio::test]
async fn a_scan_and_a_pass_that_write_at_the_same_time_lose_nothing() {
    // The scan loses: what the pass wrote stands, and the rule is taken off it.
    let mut world = World::added().await;
    let meddling = Arc::new(Watched::new(&world.memory));
    world.store = Arc::clone(&meddling) as _;
    let (_, looked) = world.ask("second", ONE, Since::Start, usize::MAX).await.unwrap();
    meddling.before_swap(|inventory| inventory["changes"] = json!(77));
    let left = BTreeMap::from([(ONE.to_owned(), looked.left)]);
    world.take_off("second", &left).await;
    let deployment = world.deployment();
    assert_eq!((deployment.changes, deployment.lookback.is_empty()), (77, true));

    // The pass loses, while it adds a rule: the one that the scan took off does not come back.
    let mut world = World::added().await;
    let meddling = Arc::new(Watched::new(&world.memory));
    world.store = Arc::clone(&meddling) as _;
    world.rules(&[
        rule("first", "leaf", &[5]),
        rule("second", "leaf", &[7, 400]),
        rule("third", "leaf", &[9]),
    ]);
    meddling.before_swap(|inventory| inventory["lookback"]["rules"] = json!([]));
    assert_eq!(world.pass().await.run.rules_without_past, ["third"]);
    assert_eq!(world.listed("third"), [(ONE.to_owned(), 500, 500)]);

    // It loses while it has nothing to say of rules: what a scan left of one stands.
    let (ask, since) = (world.listed("third"), Since::Index(200));
    assert_eq!(ask.len(), 1);
    world.scan("third", &[ONE], since).await;
    world
        .clock
        .0
        .fetch_add(8 * 86_400, std::sync::atomic::Ordering::Relaxed);
    meddling.before_swap(|inventory| inventory["lookback"]["rules"][0]["logs"][ONE]["entries"] = json!(150));
    world.pass().await;
    assert_eq!(world.listed("third"), [(ONE.to_owned(), 500, 150)]);
}

#[tokio::test]
async fn a_quiet_pass_asks_the_store_for_nothing_more() {
    let mut world = World::added().await;
    let watched = Arc::new(Watched::new(&world.memory));
    world.store = Arc::clone(&watched) as _;
    world.pass().await;
    watched.taken();
    assert_eq!(world.pass().await.run.rules_without_past, ["second"]);
    let listed = watched.taken();
    world.scan("second", &[ONE], Since::Start).await;
    world.pass().await;
    watched.taken();
    assert_eq!(world.pass().await.run.rules_without_past, [""; 0]);
    assert_eq!(listed, watched.taken());
    assert!(
        !listed
            .iter()
            .any(|call| call.contains("scans/") || call.contains("audit/config/")),
        "{listed:?}"
    );
}
