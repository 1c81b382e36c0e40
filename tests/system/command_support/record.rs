//! `verify`: a record that is whole, and every way to forge one.

use super::logs::{FileLog, RULES, US, watching};
use super::scalars::scalars;
use super::world::{Ran, World};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::OnceLock;

const STORE: &str = "sentinel-store";

/// Two epochs with several spans each: findings, undecodable leaves, evidence of either kind, one acknowledged.
fn rich() -> World {
    static MADE: OnceLock<(String, BTreeMap<String, Vec<u8>>)> = OnceLock::new();
    let (config, objects) = MADE.get_or_init(|| {
        let world = make_rich();
        (world.read("sentinel.yaml"), world.snapshot(STORE))
    });
    let world = World::new();
    world.write("sentinel.yaml", config);
    world.restore(STORE, objects);
    world
}

fn make_rich() -> World {
    let (world, mut log) = watching(300);
    let pass = |log: &FileLog, code: i32| {
        log.serve(&world);
        drop(world.run(&["run", "--sink", "file:alerts"]).ends(code));
    };
    log.signed_by(US);
    pass(&log, 0);
    log.junk();
    log.signed_by(US);
    log.others(40);
    pass(&log, 20);
    log.others(30);
    log.serve(&world);
    log.tamper(&world);
    world.run(&["run"]).ends(35);
    pass(&log, 0);
    log.fork(100, 5);
    pass(&log, 40);
    world
        .run(&[
            "restart", "--log", "one", "--from", "90", "--reason", "reset", "--by", "me",
        ])
        .ends(0);
    log.signed_by(US);
    pass(&log, 0);
    world.configure(
        &[log.item(&world)],
        &format!("limits: {{unproven_after: 0s}}\n{RULES}  - {{name: more, match: {{san: more@example.com}}}}\n"),
    );
    log.others(20);
    pass(&log, 0);
    log.fork(95, 4);
    pass(&log, 40);
    world
        .run(&["ack", "--log", "one", "violation", "--by", "me", "--note", "seen"])
        .ends(0);
    pass(&log, 20);
    world
}

fn verify(world: &World) -> Ran {
    world.run(&["verify"])
}

/// Fails unless verify says that the record is not whole and names one of these.
#[track_caller]
fn is_noticed(ran: &Ran, names: &[&str]) -> bool {
    match ran.code {
        1 => names.iter().any(|name| {
            ran.out
                .lines()
                .any(|line| line.starts_with("DEFECT ") && line.contains(name))
        }),
        30 => names.iter().any(|name| ran.err.contains(name)),
        0 => false,
        code => panic!("verify ended with {code}: {}\n{}", ran.out, ran.err),
    }
}

#[test]
fn a_whole_record_is_whole() {
    let world = rich();
    let before = world.snapshot(STORE);
    let ran = verify(&world).ends(0).says(&[
        "one.example: entries 0 to 373",
        "one.example (epoch 2): entries 90 to 126",
        "is whole",
    ]);
    assert_eq!(ran.err, "");
    assert!(world.snapshot(STORE) == before, "verify writes nothing");
    for part in [
        "/findings/",
        "/quarantine/",
        "/evidence/unproven-",
        "/evidence/violation-",
        ".ack.json",
        "~2/receipts/",
        "config/",
    ] {
        assert!(
            before.keys().any(|name| name.contains(part)),
            "{part} is in {:?}",
            before.keys()
        );
    }
    assert_eq!(
        before.keys().filter(|name| name.contains("/receipts/")).count(),
        5,
        "{:#?}",
        before.keys()
    );
}

/// What may go without a word, and why.
fn may_go(name: &str) -> bool {
    // For others to compare; the next pass publishes it again.
    name.starts_with("public/")
        // A copy of what the state says; a crash may leave it missing.
        || name.ends_with(".ack.json")
        // It convinces nobody, and the condition that named it is over.
        || name.contains("/evidence/unproven-")
}

#[test]
fn every_object_that_is_gone_is_named() {
    let world = rich();
    let whole = world.snapshot(STORE);
    let mut unnoticed = Vec::new();
    for name in whole.keys() {
        fs::remove_file(world.path(STORE).join(name)).unwrap();
        let ran = verify(&world);
        if name == "state/one.example.json" {
            // It is rebuilt from the record.
            ran.ends(0).says(&["note: state/one.example.json is missing"]);
        } else if !is_noticed(&ran, &[name, "no configuration under audit/config/ holds the rules"]) && !may_go(name) {
            unnoticed.push(name);
        }
        world.restore(STORE, &whole);
    }
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
    verify(&world).ends(0);
}

/// Values that may change without a word, and why.
fn may_change(name: &str, key: &str) -> bool {
    let of = |keys: &[&str]| keys.contains(&key);
    match name.split('/').collect::<Vec<_>>()[..] {
        // The inventory's and the state's own memory: the record cannot know it.
        ["state", "deployment.json"] => {
            let inventory = ["created", "since", "index", "kind", "begun", "epoch", "founding"];
            // What was told of the deployment itself, and what the configuration in force says, whose copy is checked.
            let notices = [
                "at",
                "changes",
                "trust_news",
                "file:alerts",
                "logs",
                "name",
                "object",
                "rules",
                "told",
                "value",
                "which",
            ];
            let outline = ["hash", "word", "trust", "from"];
            // What is said of rules that are new; the receipts are the truth.
            let lookback = ["entries", "question", "upto"];
            let settings = key.starts_with("limits.") || key.starts_with("reports.");
            of(&inventory) || of(&notices) || of(&outline) || of(&lookback) || settings
        }
        ["state", _] => {
            let told = [
                "at", "by", "detail", "due", "name", "note", "object", "opened", "phase", "value",
            ];
            of(&told)
                || of(&[
                    "frozen",
                    "grown",
                    "partial",
                    "behind",
                    "unverified",
                    "told",
                    "watermark",
                    "within",
                    "epoch",
                    "root",
                    "size",
                ])
        }
        // When we saw it first. What the log signed is checked.
        ["audit", _, "checkpoints", _] => of(&["seen"]),
        // Words around the evidence, which itself convinces or does not.
        ["audit", _, "evidence", violation] if violation.starts_with("violation-") => of(&["found", "shows"]),
        _ => false,
    }
}

/// So many values of one key are changed in an object.
const MOST: usize = 2;

#[test]
fn every_value_that_is_changed_is_noticed() {
    let world = rich();
    let whole = world.snapshot(STORE);
    let (mut unnoticed, mut tried) = (BTreeSet::new(), 0);
    for (name, bytes) in whole.iter().filter(|(name, _)| !may_go(name)) {
        for (key, forged) in scalars(bytes, MOST) {
            tried += 1;
            fs::write(world.path(STORE).join(name), forged).unwrap();
            if !is_noticed(&verify(&world), &[name]) && !may_change(name, &key) {
                unnoticed.insert(format!("{name}: {key}"));
            }
        }
        world.restore(STORE, &whole);
    }
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
    assert!(tried > 300, "only {tried} values were changed");
}

fn receipts(world: &World) -> Vec<String> {
    world
        .snapshot(STORE)
        .into_keys()
        .filter(|name| name.contains("/one.example/receipts/"))
        .collect()
}

#[test]
fn receipts_that_change_places_are_noticed() {
    let world = rich();
    let whole = world.snapshot(STORE);
    let names = receipts(&world);
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        world.write(&format!("{STORE}/{}", names[a]), &whole[&names[b]]);
        world.write(&format!("{STORE}/{}", names[b]), &whole[&names[a]]);
        let ran = verify(&world).ends(1);
        assert!(
            is_noticed(&ran, &[&names[a]]) && is_noticed(&ran, &[&names[b]]),
            "{}",
            ran.out
        );
        world.restore(STORE, &whole);
    }
    // One over another: what it covered is a hole, what it covers now is covered twice.
    world.write(&format!("{STORE}/{}", names[1]), &whole[&names[0]]);
    verify(&world).ends(1).says(&["is not the receipt that its name says"]);
}

#[test]
fn what_is_cut_short_is_noticed() {
    let world = rich();
    let whole = world.snapshot(STORE);
    for (name, bytes) in whole.iter().filter(|(name, _)| !may_go(name)) {
        for keep in [0, 1, bytes.len() / 2, bytes.len() - 2] {
            world.write(&format!("{STORE}/{name}"), &bytes[..keep]);
            let ran = verify(&world);
            assert!(
                is_noticed(&ran, &[name]),
                "{name} cut to {keep} bytes: {}\n{}",
                ran.out,
                ran.err
            );
        }
        world.restore(STORE, &whole);
    }
    // The end of the chain, cut off whole.
    let last = receipts(&world).pop().unwrap();
    fs::remove_file(world.path(STORE).join(&last)).unwrap();
    verify(&world).ends(1).says(&["is missing", &last]);
}

#[test]
fn what_cannot_be_read_is_30() {
    let (world, _) = watching(10);
    world.run(&["run"]).ends(0);
    #[cfg(unix)]
    for name in ["state/one.example.json", "audit/one.example/start.json"] {
        let whole = world.snapshot(STORE);
        let file = world.path(STORE).join(name);
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/dev/null", &file).unwrap();
        verify(&world).ends(30).complains(&[name]);
        fs::remove_file(&file).unwrap();
        world.restore(STORE, &whole);
    }
    world
        .run(&["verify", "--store", "nowhere"])
        .ends(30)
        .complains(&["nowhere"]);
}

#[test]
fn other_keys_than_those_on_record_are_told() {
    let (world, log) = watching(10);
    world.run(&["run"]).ends(0);
    let other = FileLog::new("one", "two.example");
    let item = log
        .item(&world)
        .replace(&log.tree.vkey(), &other.tree.key().vkey("one.example"));
    world.configure(&[item], RULES);
    // A key on record is not enough: whoever can write the record can write keys into it.
    let ran = verify(&world)
        .ends(1)
        .says(&["checkpoints/00000000000000000010-", "does not verify"]);
    assert!(
        ran.out.contains("note: one.example: signed by a key (id"),
        "{}",
        ran.out
    );
    // Both keys are.
    let both = log.item(&world).replace(
        &log.tree.vkey(),
        &format!("[{}, {}]", other.tree.key().vkey("one.example"), log.tree.vkey()),
    );
    world.configure(&[both], RULES);
    verify(&world).ends(0);
    // A log that is no longer configured is checked with the keys on record.
    world.configure(&[], RULES);
    verify(&world).ends(0).says(&["note: ", "keys on record"]);
}
