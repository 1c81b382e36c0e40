//! The commands beside `run`: init, check, scan, ack, restart, demo.

use super::logs::{FileLog, RULES, US, watching};
use super::world::{Ran, World};
use serde_json::Value;
use std::fs;

#[test]
fn init_writes_a_sound_file_and_never_overwrites() {
    let world = World::new();
    world
        .run_with(&["init"], "us@example.com\n")
        .ends(0)
        .says(&["sentinel.yaml is written"]);
    let written = world.read("sentinel.yaml");
    assert!(written.contains("san: \"us@example.com\""), "{written}");
    let ran = world.run(&["check"]).ends(0);
    let ran = ran.says(&[
        "rule       signs-as-us  (high)",
        "sentinel.yaml is sound",
        "watched    log2025-1.rekor.sigstore.dev",
    ]);
    assert!(!ran.out.contains("nobody"), "{}", ran.out);
    world
        .run(&["init", "--identity", "other@example.com"])
        .ends(2)
        .complains(&["exists already"]);
    assert_eq!(world.read("sentinel.yaml"), written);
    assert!(!world.path("sentinel-store").exists(), "init and check make no store");
}

#[test]
fn init_takes_an_identity_or_none() {
    let world = World::new();
    let check = |file: &str, args: &[&str], input: &str, expect: &str| {
        let ran = world
            .run_with(&[&["init", "--config", file], args].concat(), input)
            .ends(0);
        let text = world.read(file);
        assert!(text.contains(expect), "{expect}\n{text}");
        world.run(&["check", "--config", file]).ends(0);
        ran
    };
    check(
        "a.yaml",
        &["--identity", "https://github.com/acme"],
        "",
        "source-repository-owner-uri: \"https://github.com/acme\"",
    );
    check(
        "b.yaml",
        &[],
        "https://github.com/acme/tool\n",
        "source-repository-uri: \"https://github.com/acme/tool\"",
    );
    let ran = check(
        "c.yaml",
        &["--identity", "O'Hara #1: <o'hara#1@example.com>"],
        "",
        "san: \"o'hara#1@example.com\"",
    );
    assert!(
        ran.out
            .contains("It watches for what is signed with the address (`san: o'hara#1@example.com`).")
    );
    check(
        "f.yaml",
        &["--identity", "github.com/acme/x.git"],
        "",
        "source-repository-uri: \"https://github.com/acme/x\"",
    );
    check(
        "g.yaml",
        &["--identity", "@example.com"],
        "",
        "san: \"domain:example.com\"",
    );
    let ran = check("d.yaml", &[], "", "rules: []");
    assert!(ran.out.contains("watches for nobody yet"), "{}", ran.out);
    world
        .run(&["check", "--config", "d.yaml"])
        .ends(0)
        .says(&["nobody is watched for"]);
    let refused = world.run(&["init", "--config", "e.yaml", "--identity", "acme"]).ends(2);
    refused.complains(&["`acme` is no identity: write an e-mail address"]);
    for wrong in ["two\nlines", "github.com", "bell\u{7}", &"x".repeat(3_000)] {
        world.run(&["init", "--config", "e.yaml", "--identity", wrong]).ends(2);
    }
    world
        .run_with(&["init", "--config", "e.yaml"], &"x".repeat(3_000))
        .ends(2);
    assert!(!world.path("e.yaml").exists());
    world
        .run(&["init", "--config", "no/such/folder.yaml", "--identity", "a@b.example"])
        .ends(2)
        .complains(&["no/such/folder.yaml"]);
}

#[test]
fn check_says_what_is_watched_and_what_is_not() {
    let (world, log) = watching(1);
    let exclude = "exclude:\n  - {log: ctfe.sigstore.dev/2022, reason: watched elsewhere, until: 2999-01-01}\n";
    world.write(
        "sentinel.yaml",
        format!("schema: 1\nlogs:\n  - {}\n{exclude}{RULES}", log.item(&world)),
    );
    let ran = world.run(&["check"]).ends(0);
    let ran = ran.says(&[
        "watched    one.example  (rekor-v2, file://",
        "watched    log2025-1.rekor.sigstore.dev  (rekor-v2, ",
        "watched    rekor.sigstore.dev  (rekor-v1, https://rekor.sigstore.dev",
        "unwatched  ctfe.sigstore.dev/2022  (watched elsewhere)",
        "rule       ours",
    ]);
    assert_eq!(ran.err, "");
    world
        .run(&["check", "--config", "absent.yaml"])
        .ends(2)
        .complains(&["absent.yaml: there is no such file"]);
    fs::remove_file(world.path("sentinel.yaml")).unwrap();
    world.run(&["check"]).ends(2).complains(&["rekor-sentinel init"]);
}

#[test]
fn scan_prints_findings_and_moves_nothing() {
    let (world, mut log) = watching(300);
    log.signed_by(US);
    log.others(300);
    log.serve(&world);
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    log.signed_by(US);
    log.serve(&world);
    let before = world.snapshot("sentinel-store");
    let alerts = world.read("alerts");
    let ran = world
        .run(&["scan", "--log", "one", "--from", "290", "--to", "310"])
        .ends(0);
    let ran = ran
        .says(&["entry 300 of one.example", US])
        .complains(&["findings: 20 entries read and proven up to 310, 1 findings"]);
    assert!(!ran.out.contains('\u{1b}'), "{:?}", ran.out);
    let json = world
        .run(&["scan", "--log", "one", "--from", "0", "--to", "602", "--json"])
        .ends(0);
    let indices: Vec<Value> = json.lines().iter().map(|line| line["index"].clone()).collect();
    assert_eq!(indices, [300, 601], "also past the cursor");
    world
        .run(&["scan", "--log", "one", "--from", "0", "--to", "300"])
        .ends(0);
    world
        .run(&["scan", "--log", "one", "--from", "0", "--to", "603"])
        .ends(2)
        .complains(&["has entries up to 602"]);
    let mut after = world.snapshot("sentinel-store");
    let scans: Vec<String> = after
        .keys()
        .filter(|name| name.starts_with("scans/one.example/"))
        .cloned()
        .collect();
    assert_eq!(scans.len(), 2, "{scans:?}");
    after.retain(|name, _| !name.starts_with("scans/"));
    assert!(after == before, "state and record stay byte for byte");
    assert_eq!(world.read("alerts"), alerts);
    world
        .run(&[
            "scan",
            "--log",
            "one",
            "--from",
            "300",
            "--to",
            "301",
            "--sink",
            "file:other",
        ])
        .ends(0);
    assert!(!world.path("other").exists(), "no alert without --alert");
    world
        .run(&[
            "scan",
            "--log",
            "one",
            "--from",
            "300",
            "--to",
            "301",
            "--alert",
            "--sink",
            "file:other",
        ])
        .ends(0);
    let id = |lines: &str| serde_json::from_str::<Value>(lines.lines().next().unwrap()).unwrap()["id"].clone();
    assert_eq!(
        id(&world.read("other")),
        id(&alerts),
        "the alert of a finding is the same whoever finds it"
    );
}

#[test]
fn scan_proves_what_it_reads() {
    let (world, mut log) = watching(300);
    world.run(&["run"]).ends(0);
    log.tamper(&world);
    let range = ["scan", "--log", "one", "--from", "250", "--to", "300"];
    let ran = world.run(&range).ends(35);
    assert_eq!(ran.out, "");
    log.fork(200, 150);
    log.serve(&world);
    world.run(&range).ends(40);
    fs::remove_file(world.path("one/checkpoint")).unwrap();
    world.run(&range).ends(30);
}

#[test]
fn an_acknowledged_violation_is_silent_and_stays_latched() {
    let (world, mut log) = watching(10);
    world.run(&["run"]).ends(0);
    let ack = |id: &str| {
        world.run(&[
            "ack",
            "--log",
            "one",
            id,
            "--by",
            "the captain",
            "--note",
            "reported to the operator",
        ])
    };
    ack("violation")
        .ends(2)
        .complains(&["nothing of the log one.example waits"]);
    log.fork(5, 10);
    log.serve(&world);
    let ran = world.run(&["run", "--json"]).ends(40);
    let object = ran.only()["error"]["object"].as_str().unwrap().to_owned();
    let id = object.rsplit('/').next().unwrap().trim_end_matches(".json").to_owned();
    ack("violation-none").ends(2).complains(&[id.as_str()]);
    ack(&id[14..]).ends(0).says(&[&id, "silent", "latched"]);
    for _ in 0..2 {
        let ran = world.run(&["run", "--json"]).ends(20);
        let line = ran.only();
        assert_eq!((&line["outcome"], &line["latched"]), (&"degraded".into(), &true.into()));
        assert_eq!(ran.whole()["latched"], true);
        assert_eq!(ran.err, "", "an acknowledged violation is silent");
    }
    assert!(
        world
            .read(&format!("sentinel-store/{}", object.replace(".json", ".ack.json")))
            .contains("the captain")
    );
    world.run(&["verify"]).ends(0);
    // Another contradiction is another violation.
    log.fork(3, 20);
    log.serve(&world);
    world.run(&["run", "--json"]).ends(40);
}

#[test]
fn a_restart_begins_a_new_epoch() {
    let (world, mut log) = watching(10);
    world.run(&["run"]).ends(0);
    log.fork(0, 7);
    log.serve(&world);
    world.run(&["run"]).ends(40);
    let before = world.snapshot("sentinel-store/audit/one.example");
    let restart = [
        "restart",
        "--log",
        "one",
        "--from",
        "2",
        "--reason",
        "the staging log was reset",
    ];
    world.run(&restart).ends(0).says(&["a new epoch of one.example"]);
    let ran = world.run(&["run", "--json"]).ends(0);
    assert_eq!(
        (
            &ran.only()["head"]["size"],
            &ran.only()["cursor"],
            &ran.only()["scanned"]
        ),
        (&7.into(), &7.into(), &5.into())
    );
    assert_eq!(
        world.snapshot("sentinel-store/audit/one.example"),
        before,
        "the record so far stays"
    );
    let receipt = world.read("sentinel-store/audit/one.example~2/receipts/00000000000000000002.json");
    let receipt: Value = serde_json::from_str(&receipt).unwrap();
    assert_eq!(receipt["epoch"], 2);
    assert_eq!(receipt["restart"]["reason"], "the staging log was reset");
    assert_eq!(receipt["restart"]["by"], "tester");
    assert_eq!(receipt["restart"]["previous_cursor"], 10);
    world
        .run(&["verify"])
        .ends(0)
        .says(&["one.example: entries 0 to 10", "one.example (epoch 2): entries 2 to 7"]);
    world.run(&["run"]).ends(0);
    // What a second reading shows is filed under the epoch, with evidence that stands for itself.
    log.fork(3, 9);
    log.serve(&world);
    world
        .run(&["scan", "--log", "one", "--from", "2", "--to", "7"])
        .ends(40)
        .complains(&["scans/one.example~2/violation-", "excludes"]);
    let scans = world.snapshot("sentinel-store/scans/one.example~2");
    let evidence: Value = serde_json::from_slice(scans.values().next().unwrap()).unwrap();
    let evidence: tlog::Evidence = serde_json::from_value(evidence["body"]["evidence"].clone()).unwrap();
    assert!(evidence.verdict().is_ok() && scans.len() == 1);
}

fn demo(world: &World, folder: &str) -> Ran {
    world.run(&["demo", "--dir", folder]).ends(0)
}

#[test]
fn the_demo_shows_what_it_claims() {
    let world = World::new();
    let ran = demo(&world, "stage").says(&[
        "as it should be: a clean first pass",
        "as it should be: one finding and one allowed match",
        "as it should be: unproven, with the cursor unmoved",
        "as it should be: clean again",
        "as it should be: a violation",
        "as it should be: a record that is whole",
        "All as it should be",
    ]);
    assert!(!ran.out.contains("NOT") && !ran.out.contains('\u{1b}'), "{}", ran.out);
    let evidence = ran
        .out
        .lines()
        .find_map(|line| line.strip_prefix("the evidence is in "))
        .unwrap();
    let evidence: Value = serde_json::from_str(&world.read(evidence)).unwrap();
    assert_eq!(evidence["body"]["kind"], "violation");
    for line in ran
        .out
        .lines()
        .filter_map(|line| line.strip_prefix("  rekor-sentinel "))
        .collect::<Vec<_>>()
    {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "verify" => drop(world.run(&words).ends(0)),
            "run" => drop(world.run(&words).ends(40)),
            _ => {}
        }
    }
    world
        .run(&["demo", "--dir", "stage"])
        .ends(2)
        .complains(&["a new folder", "stage"]);
}

#[test]
fn the_demo_plays_in_any_folder() {
    let world = World::new();
    let ran = demo(&world, "a folder#1: per%20cent \"quoted\" o'clock ümlaut");
    let command = ran
        .out
        .lines()
        .find(|line| line.starts_with("  rekor-sentinel verify"))
        .unwrap();
    if cfg!(unix) {
        let command = command.replacen("rekor-sentinel", "\"$0\"", 1);
        let shell = std::process::Command::new("sh")
            .args(["-c", &command, env!("CARGO_BIN_EXE_rekor-sentinel")])
            .current_dir(world.path(""))
            .output();
        assert!(shell.unwrap().status.success(), "{command} can be copied into a shell");
    }
    let ran = world.run(&["demo"]).ends(0);
    let place = ran
        .out
        .lines()
        .find_map(|line| line.strip_prefix("A demonstration in "))
        .unwrap();
    assert!(
        place.starts_with(world.path("").to_str().unwrap().trim_end_matches('/')),
        "{place}"
    );
}

#[test]
fn a_log_that_appears_later_begins_at_0() {
    let (world, first) = watching(5);
    world.configure(
        &[first.item(&world).replace(", from: 0", "")],
        &format!("from: head\n{RULES}"),
    );
    let ran = world.run(&["run", "--json"]).ends(0);
    assert_eq!((&ran.only()["cursor"], &ran.only()["scanned"]), (&5.into(), &0.into()));
    let second = FileLog::of(&world, "two", 7);
    let items = [&first, &second].map(|log| log.item(&world).replace(", from: 0", ""));
    world.configure(&items, &format!("from: head\n{RULES}"));
    let ran = world.run(&["run", "--json"]).ends(0);
    assert_eq!(ran.whole()["scanned"], 7);
}
