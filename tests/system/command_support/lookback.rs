//! `scan --rule`: a rule that is added later is told, asked of the past, and told no more.

use super::logs::{FileLog, RULES, US, watching};
use super::world::{Ran, World};
use serde_json::{Value, json};
use std::fs;

/// Another person, whom the first rules do not watch for.
const NEW: &str = "new@example.com";

/// The rules with one more.
fn rules_with(name: &str) -> String {
    format!("limits: {{unproven_after: 0s}}\n{RULES}  - {{name: {name}, match: {{san: {NEW}}}}}\n")
}

/// 300 entries were read, three of them by the new person; then there is a rule for her, and 100 more were read.
fn added() -> (World, FileLog) {
    let (world, mut log) = watching(100);
    log.signed_by(NEW);
    log.signed_by(US);
    log.others(98);
    log.signed_by(NEW);
    log.others(98);
    log.signed_by(NEW);
    log.serve(&world);
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    world.configure(&[log.item(&world)], &rules_with("new-one"));
    log.signed_by(NEW);
    log.others(99);
    log.serve(&world);
    (world, log)
}

fn indices(ran: &Ran) -> Vec<u64> {
    ran.lines().iter().map(|line| line["index"].as_u64().unwrap()).collect()
}

fn told(ran: &Ran) -> Value {
    ran.whole()["rules_without_past"].clone()
}

const ALL: [&str; 5] = ["scan", "--rule", "new-one", "--since", "start"];

#[test]
fn a_rule_that_is_added_is_asked_of_the_past_and_told_until_then() {
    let (world, log) = added();
    let ran = world.run(&["run", "--sink", "file:alerts", "--json"]).ends(0);
    assert_eq!((told(&ran), &ran.only()["findings"]), (json!(["new-one"]), &1.into()));
    assert_eq!(ran.only()["rules_without_past"], json!([]));
    let word = "the rule new-one has not been asked of up to 300 entries read before it came into force";
    let again = "`rekor-sentinel scan --rule new-one --since start` asks it";
    world
        .run(&["run", "--sink", "file:alerts"])
        .ends(0)
        .says(&[word, again]);
    let alerts = world.read("alerts");
    let changed = alerts.lines().find(|line| line.contains("config-changed")).unwrap();
    assert!(changed.contains(word) && changed.contains(again), "{changed}");

    let record = |world: &World| {
        let mut files = world.snapshot("sentinel-store");
        files.retain(|name, _| !name.starts_with("scans/") && name != "state/deployment.json");
        files
    };
    let (before, known) = (record(&world), world.read("alerts"));
    let ran = world.run(&ALL).ends(0).complains(&[
        "one.example: 300 entries to read: [0, 300)",
        "asking the rule new-one of 300 entries that were scanned without it",
        "one.example: findings: 300 entries read, proven and asked, 3 findings, 0 allowed, 0 undecodable; 0 entries are left",
        "written: scans/one.example/00000000000000000000-00000000000000000300-",
        "the rule new-one covers everything that is on record of these logs",
    ]);
    let ran = ran.says(&[
        "entry 100 of one.example",
        "entry 200 of one.example",
        "entry 299 of one.example",
    ]);
    assert!(
        !ran.out.contains(US) && !ran.out.contains("entry 300 "),
        "this rule alone, and the past alone: {}",
        ran.out
    );
    assert!(record(&world) == before, "it moves nothing");
    assert_eq!(world.read("alerts"), known, "no alert without --alert");
    assert_eq!(
        told(&world.run(&["run", "--sink", "file:alerts", "--json"]).ends(0)),
        json!([])
    );
    world
        .run(&ALL)
        .ends(0)
        .complains(&["one.example: every entry on record was asked", "of 0 entries"]);
    world.run(&["verify"]).ends(0);
    assert_eq!(log.tree.size(), 400);
}

#[test]
fn alerts_are_sent_on_demand_and_are_those_of_a_pass() {
    let (world, _) = added();
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    let ran = world
        .run(&[&ALL[..], &["--json", "--alert", "--sink", "file:other"]].concat())
        .ends(0);
    assert_eq!(indices(&ran), [100, 200, 299]);
    let sent = world.read("other");
    let sent: Vec<Value> = sent.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(sent.len(), 3);
    for alert in &sent {
        assert_eq!(alert["rule"], "new-one");
        let object = alert["object"].as_str().unwrap();
        assert!(world.path("sentinel-store").join(object).exists(), "{object}");
    }
    // A sink that takes nothing: what was not told was not asked.
    let (world, _) = added();
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    let args = [&ALL[..], &["--alert", "--sink", "file:/dev/full"]].concat();
    world
        .run(&args)
        .ends(30)
        .complains(&["not all were sent", "has not been asked of 300 entries"]);
    assert_eq!(told(&world.run(&["run", "--json"]).ends(0)), json!(["new-one"]));
    assert_eq!(
        indices(&world.run(&[&ALL[..], &["--json"]].concat()).ends(0)),
        [100, 200, 299]
    );
}

#[test]
fn a_part_of_the_past_leaves_the_rest_told() {
    let (world, _) = added();
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    let ran = world
        .run(&["scan", "--rule", "new-one", "--log", "one", "--since", "150", "--json"])
        .ends(0);
    let ran = ran.complains(&[
        "one.example: 150 entries to read: [150, 300); 150 more are older than --since and are left out",
        "150 entries are left",
        "the rule new-one has not been asked of 150 entries; `rekor-sentinel scan --rule new-one --since start` goes on",
    ]);
    assert_eq!(indices(&ran), [200, 299]);
    let ran = world.run(&["run", "--json"]).ends(0);
    assert_eq!(told(&ran), json!(["new-one"]));
    assert!(
        ran.whole()["notes"][0]
            .as_str()
            .unwrap()
            .contains("of up to 150 entries"),
        "{}",
        ran.out
    );
    let ran = world
        .run(&["scan", "--rule", "new-one", "--since", "2999-01-01", "--json"])
        .ends(0);
    assert_eq!(ran.out, "");
    let ran = world
        .run(&["scan", "--rule", "new-one", "--since", "2000-01-01", "--json"])
        .ends(0);
    assert_eq!(indices(&ran), [100], "goes on where the last ended");
    assert_eq!(told(&world.run(&["run", "--json"]).ends(0)), json!([]));
}

#[test]
fn a_rule_that_there_is_not_is_named_with_the_nearest() {
    let (world, _) = added();
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    let before = world.snapshot("sentinel-store");
    let ran = world.run(&["scan", "--rule", "new-on"]).ends(2);
    ran.complains(&["error: --rule new-on: the configuration has no rule of this name; did you mean `new-one`?"]);
    world
        .run(&["scan", "--rule", "\u{1b}[31m"])
        .ends(2)
        .complains(&["has no rule of this name"]);
    world.run(&["scan", "--rule", "new-one", "--log", "nothing"]).ends(2);
    assert!(world.snapshot("sentinel-store") == before);
    let nothing = World::new();
    nothing.configure(&[], &rules_with("new-one"));
    nothing.run(&ALL).ends(30).complains(&["sentinel-store"]);
    assert!(!nothing.path("sentinel-store").exists());
}

#[test]
fn what_does_not_verify_is_not_asked() {
    let (world, mut log) = added();
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    fs::rename(world.path("one/checkpoint"), world.path("kept")).unwrap();
    world.run(&ALL).ends(30).complains(&["error: ", "goes on"]);
    fs::rename(world.path("kept"), world.path("one/checkpoint")).unwrap();
    // The newest entry is not among those that are asked: the oldest is tampered with.
    let bundle = world.path("one/tile/entries/000");
    let whole = fs::read(&bundle).unwrap();
    let mut forged = whole.clone();
    forged[100] ^= 1;
    fs::write(&bundle, forged).unwrap();
    let ran = world
        .run(&ALL)
        .ends(35)
        .complains(&["unproven: 0 entries read", "300 entries are left"]);
    assert_eq!(ran.out, "");
    assert_eq!(told(&world.run(&["run", "--json"]).ends(0)), json!(["new-one"]));
    fs::write(&bundle, whole).unwrap();
    let size = log.tree.size();
    log.fork(200, size - 190);
    log.serve(&world);
    world
        .run(&ALL)
        .ends(40)
        .complains(&["written: scans/one.example/violation-", "300 entries are left"]);
}

#[test]
fn every_watched_log_is_asked_and_one_that_fails_does_not_hold_the_others() {
    let world = World::new();
    let logs = ["one", "two"].map(|name| {
        let mut log = FileLog::of(&world, name, 20);
        log.signed_by(NEW);
        log.serve(&world);
        log
    });
    let items = logs.each_ref().map(|log| log.item(&world));
    world.configure(&items, RULES);
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    world.configure(&items, &rules_with("new-one"));
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    fs::rename(world.path("one/checkpoint"), world.path("kept")).unwrap();
    let ran = world.run(&[&ALL[..], &["--json"]].concat()).ends(30);
    let found: Vec<Value> = ran.lines().iter().map(|line| line["log"].clone()).collect();
    assert_eq!(found, [json!("two.example")]);
    fs::rename(world.path("kept"), world.path("one/checkpoint")).unwrap();
    world.configure(&items[1..], &rules_with("new-one"));
    world.run(&ALL).ends(0).complains(&[
        "one.example: is not watched or cannot be read now; what its record holds is not asked",
        "two.example: every entry on record was asked",
    ]);
    world.configure(&items, &rules_with("new-one"));
    assert_eq!(
        told(&world.run(&["run", "--json"]).ends(0)),
        json!(["new-one"]),
        "the other one"
    );
    world.run(&ALL).ends(0).says(&["entry 20 of one.example"]);
    assert_eq!(told(&world.run(&["run", "--json"]).ends(0)), json!([]));
}

/// What `rekor-monitor` calls a watched value is a rule like any other, under the name that `check` shows.
#[test]
fn a_watched_value_is_asked_too() {
    let (world, log) = added();
    let monitored = format!("{RULES}monitoredValues:\n  subjects: [{NEW}]\n");
    world.configure(&[log.item(&world)], &monitored);
    let ran = world.run(&["run", "--sink", "file:alerts", "--json"]).ends(0);
    let told = told(&ran);
    let name = told[0].as_str().unwrap();
    let ran = world.run(&["scan", "--rule", name, "--json"]).ends(0);
    assert_eq!(indices(&ran), [100, 200, 299], "start is what --since says by itself");
}

#[test]
fn a_line_of_the_run_is_what_scripts_rely_on() {
    let (world, _) = added();
    let mut line = world.run(&["run", "--sink", "file:alerts", "--json"]).ends(0).whole();
    for key in ["pass", "time", "notes"] {
        assert!(line.as_object_mut().unwrap().remove(key).is_some(), "{key}");
    }
    let golden = json!({
        "schema": 1, "log": null, "outcome": "findings", "head": null, "cursor": null, "scanned": 100, "findings": 1,
        "allowed": 0, "quarantined": 0, "stale": false, "latched": false, "unwatched": [],
        "rules_without_past": ["new-one"], "error": null,
    });
    assert_eq!(line, golden);
}
