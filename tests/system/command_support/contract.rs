//! What scripts rely on: exit codes, and JSON on standard output.

use super::logs::{FileLog, RULES, US, watching};
use super::world::World;
use serde_json::Value;
use std::fs;

const COMMANDS: [&str; 9] = [
    "init", "run", "check", "verify", "scan", "ack", "restart", "config", "demo",
];

/// The documented keys of a line of `run --json`.
const KEYS: [&str; 16] = [
    "schema",
    "pass",
    "time",
    "log",
    "outcome",
    "head",
    "cursor",
    "scanned",
    "findings",
    "allowed",
    "quarantined",
    "stale",
    "latched",
    "unwatched",
    "rules_without_past",
    "error",
];

#[test]
fn every_command_takes_config_and_store() {
    let world = World::new();
    for command in COMMANDS {
        let help = world.run(&[command, "--help"]).ends(0).out;
        assert!(
            help.contains("--config <FILE>") && help.contains("--store <DIR>"),
            "{command}:\n{help}"
        );
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    let world = World::new();
    let usage: [&[&str]; 27] = [
        &[],
        &["dance"],
        &["run", "--dance"],
        &["run", "--deadline", "soon"],
        &["run", "--deadline", "10"],
        &["run", "--fail-on", "nothing"],
        &["run", "--sink", "pigeon"],
        &["run", "--sink", "file:"],
        &["run", "--sink", "file:no/such/folder/alerts"],
        &["run", "--sink", "file:."],
        &["run", "--sink", "sns:arn:aws:sns:eu-central-1:1:alerts"],
        &["scan", "--log", "one", "--from", "0"],
        &["scan", "--log", "one", "--from", "5", "--to", "5"],
        &["scan", "--log", "one", "--from", "-1", "--to", "5"],
        &["scan", "--log", "one", "--from", "0", "--to", "5", "--rule", "ours"],
        &["scan", "--log", "one", "--from", "0", "--to", "5", "--since", "start"],
        &["scan", "--rule", "ours", "--since", "yesterday"],
        &["scan", "--rule", "ours", "--since", "7"],
        &["scan", "--log", "one"],
        &["ack", "--log", "one", "id", "--by", "me"],
        &["ack", "--log", "one", "--by", "me", "--note", "why"],
        &["restart", "--log", "one", "--from", "soon", "--reason", "why"],
        &["restart", "--log", "one", "--from", "0"],
        &["config"],
        &["config", "show"],
        &["config", "get", "a.yaml"],
        &["config", "put", "a.yaml", "--config", "b.yaml"],
    ];
    for args in usage {
        let ran = world.run(args).ends(2);
        assert_eq!(ran.out, "", "{args:?}");
        assert!(!ran.err.is_empty(), "{args:?}");
    }
    assert!(!world.path("sentinel-store").exists(), "wrong usage makes no store");
}

#[test]
fn a_line_of_json_has_every_key() {
    let (world, log) = watching(10);
    let ran = world.run(&["run", "--json"]).ends(0);
    let lines = ran.lines();
    assert_eq!(lines.len(), 2);
    for line in &lines {
        check_line(line);
    }
    assert_eq!(lines[0]["log"], log.origin());
    assert_eq!(lines[0]["head"]["size"], 10);
    assert_eq!(lines[0]["head"]["root"], log.tree.root(10).unwrap().to_string());
    assert_eq!(lines[0]["cursor"], 10);
    assert_eq!(lines[0]["scanned"], 10);
    assert_eq!(lines[1]["log"], Value::Null);
    assert_eq!(lines[1]["head"], Value::Null);
    assert_eq!(lines[1]["scanned"], 10);
    assert_eq!(lines[0]["pass"], lines[1]["pass"]);
    let again = world.run(&["run", "--json"]).ends(0);
    assert_eq!(again.only()["scanned"], 0, "the counters are those of this pass");
    assert_ne!(again.only()["pass"], lines[0]["pass"]);
}

#[track_caller]
fn check_line(line: &Value) {
    for key in KEYS {
        assert!(line.get(key).is_some(), "{key} is missing in {line}");
    }
    assert_eq!(line["schema"], 1);
    let time = line["time"].as_str().unwrap();
    assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
    assert!(line["stale"].is_boolean() && line["latched"].is_boolean() && line["unwatched"].is_array());
    assert!(line["rules_without_past"].is_array());
    if !line["error"].is_null() {
        let error = line["error"].as_object().unwrap();
        assert!(error["class"].is_string() && error["message"].is_string() && error.contains_key("object"));
    }
}

#[test]
fn findings_are_0_or_10() {
    let (world, mut log) = watching(10);
    world.run(&["run"]).ends(0);
    log.signed_by(US);
    log.serve(&world);
    let ran = world.run(&["run", "--json", "--fail-on", "findings"]).ends(10);
    assert_eq!(ran.only()["outcome"], "findings");
    assert_eq!(ran.whole()["findings"], 1);
    assert!(
        ran.err.contains(US),
        "the console speaks on standard error beside JSON: {}",
        ran.err
    );
    log.signed_by(US);
    log.serve(&world);
    let ran = world.run(&["run"]).ends(0);
    assert!(ran.out.contains(US) && ran.out.contains("findings"), "{}", ran.out);
    assert_eq!(ran.err, "");
    world.run(&["run", "--fail-on", "findings"]).ends(0);
}

#[test]
fn worse_than_findings_is_not_10() {
    let (world, mut log) = watching(10);
    log.signed_by(US);
    log.junk();
    log.serve(&world);
    let ran = world.run(&["run", "--json", "--fail-on", "findings"]).ends(20);
    let line = ran.only();
    assert_eq!(
        (&line["outcome"], &line["findings"], &line["quarantined"]),
        (&"degraded".into(), &1.into(), &1.into())
    );
    assert_eq!(line["error"]["class"], "quarantine");
    world.run(&["run"]).ends(0);
}

#[test]
fn a_log_that_cannot_be_read_is_30() {
    let (world, _) = watching(10);
    fs::remove_file(world.path("one/checkpoint")).unwrap();
    let ran = world.run(&["run", "--json"]).ends(30);
    assert_eq!(ran.only()["outcome"], "fault");
    assert_eq!(ran.only()["error"]["class"], "source");
    assert_eq!(ran.only()["head"], Value::Null);
    assert_eq!(ran.only()["cursor"], Value::Null);
    world.write("one/checkpoint", "<html>Sign in</html>\n");
    let ran = world.run(&["run"]).ends(30);
    assert!(ran.out.contains("fault"), "{}", ran.out);
}

#[test]
fn one_logs_trouble_is_not_anothers() {
    let world = World::new();
    let (good, bad) = (FileLog::of(&world, "good", 20), FileLog::of(&world, "bad", 20));
    world.configure(&[good.item(&world), bad.item(&world)], RULES);
    fs::remove_file(world.path("bad/checkpoint")).unwrap();
    let ran = world.run(&["run", "--json"]).ends(30);
    let lines = ran.lines();
    assert_eq!(lines.len(), 3);
    let of = |name: &str| lines.iter().find(|line| line["log"] == name).unwrap();
    assert_eq!(of("good.example")["outcome"], "clean");
    assert_eq!(of("good.example")["cursor"], 20);
    assert_eq!(of("bad.example")["outcome"], "fault");
    assert_eq!(ran.whole()["outcome"], "fault");
}

#[test]
fn what_does_not_verify_is_35_and_contradictions_are_40() {
    let (world, mut log) = watching(10);
    world.run(&["run"]).ends(0);
    log.others(10);
    log.serve(&world);
    log.tamper(&world);
    let ran = world.run(&["run", "--json"]).ends(35);
    assert_eq!(ran.only()["outcome"], "unproven");
    assert_eq!(ran.only()["head"]["size"], 20);
    assert_eq!(ran.only()["cursor"], 10);
    assert!(ran.only()["error"]["class"].as_str().unwrap().starts_with("unproven"));
    log.serve(&world);
    world.run(&["run"]).ends(0);
    log.fork(15, 10);
    log.serve(&world);
    let ran = world.run(&["run", "--json"]).ends(40);
    assert_eq!(ran.only()["outcome"], "violation");
    let object = ran.only()["error"]["object"].as_str().unwrap().to_owned();
    assert!(world.path("sentinel-store").join(object).is_file());
    assert_eq!(ran.only()["head"]["size"], 20, "the head is not crossed");
    let ran = world.run(&["run", "--json"]).ends(40);
    assert!(
        !ran.err.contains("contradicted"),
        "the same evidence alerts once: {}",
        ran.err
    );
}

#[test]
fn a_store_that_cannot_be_used_is_30_with_its_line() {
    let (world, _) = watching(10);
    world.write("taken", "a file");
    let ran = world
        .run(&["run", "--json", "--store", "taken"])
        .ends(30)
        .complains(&["taken"]);
    let line = ran.whole();
    check_line(&line);
    assert_eq!(
        (&line["outcome"], &line["error"]["class"]),
        (&"fault".into(), &"store".into())
    );
    world
        .run(&["run", "--store", "s3://bucket"])
        .ends(2)
        .complains(&["s3://bucket", "--features aws"]);
}

#[test]
fn a_deadline_that_is_spent_is_degraded_and_loses_nothing() {
    let (world, _) = watching(600);
    let ran = world.run(&["run", "--json", "--deadline", "0s"]).ends(20);
    assert_eq!(ran.only()["error"]["class"], "behind");
    assert_eq!(ran.only()["head"]["size"], 600);
    let ran = world.run(&["run", "--json", "--deadline", "50s"]).ends(0);
    assert_eq!(ran.only()["cursor"], 600);
    world.run(&["verify"]).ends(0);
}

#[test]
fn every_sink_gets_every_alert_with_its_id() {
    let (world, mut log) = watching(3);
    log.signed_by(US);
    log.serve(&world);
    let sinks = [
        "run",
        "--json",
        "--sink",
        "file:a.jsonl",
        "--sink",
        "file:b.jsonl",
        "--sink",
        "console",
        "--sink",
        "file:a.jsonl",
    ];
    let ran = world.run(&sinks).ends(0);
    assert!(ran.err.contains(US), "{}", ran.err);
    let a = world.read("a.jsonl");
    // Each sink is told at its own moment.
    let timeless = |text: &str| -> Vec<Value> {
        let alerts = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let timeless = alerts.map(|mut alert: Value| {
            assert!(alert["time"].take().is_string());
            alert
        });
        timeless.collect()
    };
    let alerts = timeless(&a);
    assert_eq!(alerts, timeless(&world.read("b.jsonl")));
    assert_eq!(alerts.len(), 1, "{a}");
    let id = alerts[0]["id"].as_str().unwrap();
    assert!(
        id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{id}"
    );
    assert_eq!(alerts[0]["class"], "finding");
    world.run(&sinks).ends(0);
    assert_eq!(world.read("a.jsonl"), a, "nothing is told twice");
}

#[test]
fn a_dead_sink_is_degraded_and_served_when_it_is_back() {
    let (world, mut log) = watching(3);
    let sink = ["run", "--json", "--sink", "file:alerts/a.jsonl"];
    fs::create_dir(world.path("alerts")).unwrap();
    world.run(&sink).ends(0);
    log.signed_by(US);
    log.serve(&world);
    let full = ["run", "--json", "--sink", "file:/dev/full"];
    if cfg!(target_os = "linux") {
        let ran = world.run(&full).ends(20);
        assert_eq!(ran.whole()["error"]["class"], "sink-dead");
        assert_eq!(
            ran.only()["outcome"],
            "findings",
            "a dead sink belongs to no single log"
        );
    }
    world.run(&sink).ends(0);
    assert!(
        world.read("alerts/a.jsonl").contains("\"class\":\"finding\""),
        "what it was owed came"
    );
}

#[test]
fn without_rules_nobody_is_watched_for() {
    let (world, log) = watching(3);
    world.configure(&[log.item(&world)], "rules: []\n");
    let ran = world.run(&["run", "--json"]).ends(20);
    assert_eq!(ran.only()["outcome"], "clean", "it belongs to no single log");
    assert_eq!(ran.whole()["error"]["class"], "nobody-watched");
    let ran = world.run(&["run"]).ends(20);
    assert!(ran.out.contains("nobody is watched for"), "{}", ran.out);
    world.configure(&[log.item(&world)], "");
    world.run(&["run"]).ends(20);
    world.configure(&[log.item(&world)], RULES);
    world.run(&["run"]).ends(0);
}

#[test]
fn a_table_is_for_people() {
    let (world, mut log) = watching(3);
    log.signed_by(US);
    log.serve(&world);
    let out = world.run(&["run"]).ends(0).out;
    let table = "log          outcome   head  cursor  new  findings\none.example  findings     4       4    4  1\n";
    assert!(out.ends_with(table), "{out}");
    assert!(
        !out.contains('\u{1b}'),
        "no colours where there is no terminal: {out:?}"
    );
}

#[test]
fn defaults_are_in_the_working_folder() {
    let (world, _) = watching(3);
    world.run(&["run"]).ends(0);
    assert!(world.path("sentinel-store/state/deployment.json").is_file());
    fs::create_dir(world.path("elsewhere")).unwrap();
    let renamed = ["--config", "elsewhere/other.yaml", "--store", "elsewhere/store"];
    fs::copy(world.path("sentinel.yaml"), world.path("elsewhere/other.yaml")).unwrap();
    // A relative path in a configuration is meant from its own folder.
    world
        .run(&[&["check"], &renamed[..]].concat())
        .ends(2)
        .complains(&["elsewhere/trusted_root.json"]);
    fs::copy(
        world.path("trusted_root.json"),
        world.path("elsewhere/trusted_root.json"),
    )
    .unwrap();
    for command in ["check", "run", "verify"] {
        world.run(&[&[command], &renamed[..]].concat()).ends(0);
    }
    assert!(world.path("elsewhere/store/audit").is_dir());
}
