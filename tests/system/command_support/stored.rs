//! The configuration that a store keeps: put, got, read by a command that is given no other, and told where it changes.

use super::logs::{FileLog, RULES, US, watching};
use super::world::{NO_LOGS, World};
use serde_json::Value;
use std::fs;

const STORED: &str = "sentinel-store/config/sentinel.yaml";

/// The alerts of a class that a file was given.
fn told(world: &World, class: &str) -> Vec<Value> {
    let alerts = world.read("alerts");
    let alerts = alerts.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    alerts.filter(|alert| alert["class"] == class).collect()
}

fn facts(alert: &Value, name: &str) -> Vec<String> {
    let facts = alert["facts"].as_array().unwrap().iter();
    let facts = facts.filter(|fact| fact["name"] == name);
    facts.map(|fact| fact["value"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_is_put_is_what_is_got_and_what_runs() {
    let (world, mut log) = watching(5);
    log.signed_by(US);
    log.serve(&world);
    world.run(&["config", "get"]).ends(30).complains(&["sentinel-store"]);
    let ran = world.run(&["config", "put"]).ends(0);
    ran.says(&[
        "there is no stored configuration yet",
        "config/trusted_root.json and config/sentinel.yaml is in",
    ]);
    assert_eq!(world.read(STORED), world.read("sentinel.yaml"));
    assert_eq!(world.read("sentinel-store/config/trusted_root.json"), NO_LOGS);
    let ran = world.run(&["config", "get"]).ends(0);
    assert_eq!(ran.out, world.read("sentinel.yaml"));
    world.run(&["config", "put"]).ends(0).says(&["nothing was written"]);

    // Nothing else says what to watch.
    let sound = world.read("sentinel.yaml");
    fs::remove_file(world.path("sentinel.yaml")).unwrap();
    fs::remove_file(world.path("trusted_root.json")).unwrap();
    let ran = world.run(&["run", "--json", "--sink", "file:alerts"]).ends(0);
    assert_eq!((&ran.only()["cursor"], &ran.only()["findings"]), (&6.into(), &1.into()));
    ran.complains(&["configuration: ", STORED]);
    for command in [
        &["check"][..],
        &["verify"],
        &["scan", "--log", "one", "--from", "5", "--to", "6"],
    ] {
        world.run(command).ends(0).complains(&["configuration: ", STORED]);
    }
    // A file that is named, or that stands in the folder, is meant before it.
    world.write("trusted_root.json", NO_LOGS);
    world.write("sentinel.yaml", sound);
    let ran = world.run(&["run", "--json"]).ends(0);
    assert_eq!(ran.err, "");
    world
        .run(&["run", "--config", "absent.yaml"])
        .ends(20)
        .complains(&["absent.yaml"]);
    world.run(&["verify"]).ends(0);
}

#[test]
fn what_is_broken_is_not_put() {
    let (world, _) = watching(5);
    world.write("sentinel.yaml", "schema: 1\nrule: []\n");
    world
        .run(&["config", "put"])
        .ends(2)
        .complains(&["sentinel.yaml:2:1", "unknown key `rule`"]);
    world
        .run(&["config", "put", "absent.yaml"])
        .ends(2)
        .complains(&["absent.yaml"]);
    for name in ["../root.json", "/etc/root.json", "a b.json", "sentinel.yaml"] {
        world.write(
            "folder/sentinel.yaml",
            format!("schema: 1\ntrust: {{trusted_root: \"{name}\"}}\n"),
        );
        world.write("root.json", NO_LOGS);
        world.write("folder/a b.json", NO_LOGS);
        world.run(&["config", "put", "folder/sentinel.yaml"]).ends(2);
    }
    assert!(!world.path(STORED).exists());
    world.run(&["config", "put", "a.yaml", "--config", "b.yaml"]).ends(2);
}

#[test]
fn a_put_shows_what_differs_and_no_password() {
    let (world, _) = watching(5);
    world.run(&["config", "put"]).ends(0);
    let before = world.read("sentinel.yaml");
    let other = before.replace("us@example.com", "other@example.com");
    let noted = format!("{other}  - {{name: new, match: {{san: a}}, note: \"https://me:5ecret@x.example/\"}}\n");
    world.write("next.yaml", noted);
    let ran = world.run(&["config", "put", "next.yaml"]).ends(0);
    let ran = ran.says(&[
        "rule changed: ours (high)",
        "rule added: new (high)",
        "-  - {name: ours, match: {san: us@example.com}}",
        "+  - {name: ours, match: {san: other@example.com}}",
        "https://*********@x.example/",
    ]);
    assert!(
        !ran.out.contains("5ecret") && !ran.out.contains('\u{1b}'),
        "{}",
        ran.out
    );
    // What is stored may be no configuration at all.
    world.write(STORED, "\u{1b}[2J: [\n");
    let ran = world.run(&["config", "put"]).ends(0).says(&["-\\u{1b}[2J: ["]);
    assert!(!ran.out.contains('\u{1b}'), "{}", ran.out);
    assert_eq!(world.read(STORED), before);
}

#[test]
fn what_is_stored_and_broken_is_stood_in_for() {
    let (world, _) = watching(5);
    world.run(&["config", "put"]).ends(0);
    let sound = world.read("sentinel.yaml");
    fs::remove_file(world.path("sentinel.yaml")).unwrap();
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    world.write(STORED, sound.replace("rules:", "rule:"));
    let ran = world.run(&["run", "--json", "--sink", "file:alerts"]).ends(20);
    let ran = ran.complains(&["unknown key `rule`", "the last good one (audit/config/"]);
    assert_eq!(ran.whole()["error"]["class"], "config-fell-back");
    world.run(&["check"]).ends(2).complains(&["unknown key `rule`"]);
    world.write(STORED, &sound);
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    assert_eq!(told(&world, "config-fell-back").len(), 2);
    assert_eq!(
        told(&world, "config-changed").len(),
        0,
        "the last good one is the same one"
    );
}

#[test]
fn every_change_is_told_once_with_its_difference() {
    let (world, log) = watching(5);
    let run = |expect: usize| {
        world.run(&["run", "--json", "--sink", "file:alerts"]).ends(0);
        assert_eq!(told(&world, "config-changed").len(), expect);
    };
    world.write("alerts", "");
    run(0);
    let first = world.read("sentinel.yaml");
    world.configure(
        &[log.item(&world)],
        &format!("limits: {{unproven_after: 0s, max_lag: 2h}}\n{RULES}  - {{name: second, match: {{san: them@example.com}}}}\n"),
    );
    run(1);
    run(1);
    let alert = told(&world, "config-changed").remove(0);
    assert_eq!(
        facts(&alert, "change"),
        ["limits.max_lag: 2h, was 1h", "rule added: second (high)"]
    );
    let lines = facts(&alert, "text");
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("+limits: {unproven_after: 0s, max_lag: 2h}")),
        "{lines:?}"
    );
    for copy in ["before", "now"] {
        let copy = facts(&alert, copy).remove(0);
        assert!(world.path("sentinel-store").join(&copy).is_file(), "{copy}");
    }
    world.write("sentinel.yaml", first.clone() + "# a remark\n");
    run(2);
    assert_eq!(
        facts(&told(&world, "config-changed")[1], "change").len(),
        2,
        "both are taken back"
    );
    // The same change again is another change.
    world.write("sentinel.yaml", &first);
    run(3);
    world.write("sentinel.yaml", first + "# a remark\n");
    run(4);
    let alerts = told(&world, "config-changed");
    assert_eq!(facts(&alerts[3], "change"), ["only comments, order or layout"]);
    let ids: std::collections::BTreeSet<String> = alerts.iter().map(|alert| alert["id"].to_string()).collect();
    assert_eq!(ids.len(), 4);
    // A sink that is new is not told what came before it.
    world.run(&["run", "--sink", "file:others"]).ends(0);
    assert!(!world.path("others").exists());
    world.run(&["verify"]).ends(0);
}

#[test]
fn reports_are_told_where_the_configuration_asks_for_them() {
    let (world, log) = watching(5);
    let second = FileLog::of(&world, "two", 3);
    world.run(&["run", "--sink", "file:quiet"]).ends(0);
    assert!(!world.path("quiet").exists(), "nobody asked");
    world.configure(
        &[log.item(&world), second.item(&world)],
        &format!("reports: {{welcome: true}}\n{RULES}"),
    );
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    let welcome = told(&world, "welcome");
    assert_eq!(welcome.len(), 1);
    let watched = facts(&welcome[0], "watched");
    assert_eq!(
        watched,
        [
            "one.example (proven and read up to 5)",
            "two.example (proven and read up to 3)"
        ]
    );
    assert_eq!(facts(&welcome[0], "rule"), ["ours (high)"]);
    world.write(
        "sentinel.yaml",
        "schema: 1\nreports: {welcome: maybe, weekly: 1, daily: true}\n",
    );
    let ran = world.run(&["check"]).ends(2);
    ran.complains(&["must be true or false", "unknown key `daily`"]);
}
