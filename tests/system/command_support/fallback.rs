//! What stands in, and what does not count: a broken configuration beside a record, exclusions with a date, logs whose
//! kind nobody states, records of a newer version.

use super::logs::{FileLog, RULES, US, watching};
use super::world::{NO_LOGS, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stage::hostile::{Hostile, LogSpec};

#[test]
fn the_last_good_configuration_stands_in_loudly() {
    let (world, mut log) = watching(5);
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    log.signed_by(US);
    log.serve(&world);
    let sound = world.read("sentinel.yaml");
    for (number, broken) in [
        sound.replace("rules:", "rule:"),
        "schema: 2\n".to_owned(),
        String::new(),
        sound.clone() + "exclude: [{log: nowhere, reason: a typing error}]\n",
    ]
    .iter()
    .enumerate()
    {
        world.write("sentinel.yaml", broken);
        let ran = world.run(&["run", "--json", "--sink", "file:alerts"]).ends(20);
        let ran = ran.complains(&[
            "./sentinel.yaml:",
            "error: ",
            "the last good one (audit/config/",
            "is in force",
        ]);
        assert_eq!(ran.whole()["error"]["class"], "config-fell-back");
        let outcome = if number == 0 { "findings" } else { "clean" };
        assert_eq!(
            ran.only()["outcome"],
            outcome,
            "the log is watched by the last good rules"
        );
        world.run(&["check"]).ends(2);
        world
            .run(&["scan", "--log", "one", "--from", "5", "--to", "6"])
            .ends(0)
            .says(&[US]);
    }
    let told = |class: &str, phase: &str| {
        let alerts = world.read("alerts");
        let alerts = alerts.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        alerts
            .filter(|alert| alert["class"] == class && alert["phase"] == phase)
            .count()
    };
    assert_eq!(told("config-fell-back", "opened"), 1);
    std::fs::remove_file(world.path("sentinel.yaml")).unwrap();
    world
        .run(&["run", "--sink", "file:alerts"])
        .ends(20)
        .complains(&["there is no such file"]);
    world.write("sentinel.yaml", &sound);
    world.run(&["run", "--sink", "file:alerts"]).ends(0);
    assert_eq!(told("config-fell-back", "closed"), 1);
    world.run(&["verify"]).ends(0);
}

#[test]
fn what_cannot_stand_in_does_not() {
    let (world, _) = watching(5);
    world.run(&["run"]).ends(0);
    // The last good one needs the trusted root as well.
    world.write("trusted_root.json", "not json");
    let before = world.snapshot("sentinel-store");
    world
        .run(&["run"])
        .ends(2)
        .complains(&["./sentinel.yaml:2:", "trusted_root.json is no trusted root"]);
    world.write("trusted_root.json", NO_LOGS);
    // A copy that is not what its name says is no good one.
    let copy = before.keys().find(|name| name.starts_with("audit/config/")).unwrap();
    world.write(&format!("sentinel-store/{copy}"), "schema: 1\nrules: []\n");
    world.write("sentinel.yaml", "schema: 1\nrule: []\n");
    world.run(&["run"]).ends(2).complains(&["unknown key `rule`"]);
    world.restore("sentinel-store", &before);
    world.run(&["run"]).ends(20);
}

#[test]
fn a_record_of_a_newer_version_is_left_alone() {
    let (world, _) = watching(5);
    world.run(&["run"]).ends(0);
    let whole = world.snapshot("sentinel-store");
    for name in ["state/one.example.json", "state/deployment.json"] {
        let newer = String::from_utf8(whole[name].clone())
            .unwrap()
            .replacen("\"schema\": 1", "\"schema\": 2", 1);
        world.write(&format!("sentinel-store/{name}"), newer);
        let before = world.snapshot("sentinel-store");
        let ran = world.run(&["run", "--json"]).ends(30);
        let error = ran.whole()["error"].clone();
        assert_eq!(error["class"], "record");
        assert!(error["message"].as_str().unwrap().contains("has schema 2"), "{error}");
        assert_eq!(error["object"], name);
        let mut after = world.snapshot("sentinel-store");
        if name != "state/deployment.json" {
            // The run tells of it, and remembers that it did.
            after.insert(
                "state/deployment.json".to_owned(),
                before["state/deployment.json"].clone(),
            );
        }
        assert!(after == before, "nothing is overwritten");
        world.run(&["verify"]).ends(1).says(&[name, "schema 2"]);
        world.restore("sentinel-store", &whole);
    }
    for garbage in ["", "{", "[]", "{\"schema\": \"1\"}", "{\"schema\": 1}"] {
        world.write("sentinel-store/state/deployment.json", garbage);
        let ran = world
            .run(&["run", "--json"])
            .ends(30)
            .complains(&["state/deployment.json is damaged"]);
        assert_eq!(ran.whole()["outcome"], "fault");
        world
            .run(&["ack", "--log", "one", "x", "--by", "me", "--note", "why"])
            .ends(30);
        world
            .run(&["restart", "--log", "one", "--from", "0", "--reason", "why"])
            .ends(30);
    }
}

#[test]
fn an_exclusion_ends_with_its_date() {
    let (world, first) = watching(5);
    let second = FileLog::of(&world, "two", 5);
    let items = [first.item(&world), second.item(&world)];
    let exclude = |until: &str| {
        let excluded = format!("exclude:\n  - {{log: two, reason: \"moved elsewhere\"{until}}}\n{RULES}");
        world.configure(&items, &excluded);
        world.run(&["run", "--json"]).ends(0)
    };
    for until in [", until: 2999-01-01", ""] {
        let ran = exclude(until);
        assert_eq!(ran.lines().len(), 2, "{}", ran.out);
        assert_eq!(ran.whole()["unwatched"], json!(["two.example"]));
        assert_eq!(ran.whole()["outcome"], "clean", "an excused log degrades nothing");
    }
    for until in [", until: 2020-01-01", ", until: 2020-01-01T12:00:00Z"] {
        let ran = exclude(until);
        assert_eq!(ran.lines().len(), 3, "{}", ran.out);
        assert_eq!(ran.whole()["unwatched"], json!([]));
    }
}

/// A log as a trusted root lists it.
fn instance(base_url: &str, tree: &testlog::TreeLog) -> Value {
    let spki = tree.key().spki_der();
    json!({
        "baseUrl": base_url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": STANDARD.encode(&spki),
            "keyDetails": "PKIX_ED25519",
            "validFor": {"start": "2026-01-01T00:00:00Z"},
        },
        "logId": {"keyId": STANDARD.encode(log_id(tree))},
    })
}

/// A Rekor v2 log's id: its C2SP key id is the first four bytes.
fn log_id(tree: &testlog::TreeLog) -> Vec<u8> {
    let mut text = format!("{}\n", tree.origin()).into_bytes();
    text.push(1);
    text.extend(&tree.key().spki_der()[12..]);
    tlog::Hash::of(&text).as_bytes().to_vec()
}

#[test]
fn a_kind_that_nobody_states_is_asked_for_and_remembered() {
    let world = World::new();
    let server = Hostile::start().unwrap();
    let base_url = format!("{}/a", server.url());
    let origin = base_url.split("://").nth(1).unwrap().to_owned();
    let log = server.add(&LogSpec {
        origin: Some(origin.clone()),
        ..LogSpec::new("a")
    });
    log.grow(20);
    let mut root: Value = serde_json::from_str(NO_LOGS).unwrap();
    root["tlogs"] = json!([instance(&base_url, &log.tree())]);
    world.write("trusted_root.json", root.to_string());
    world.configure(&[], &format!("from: 0\n{RULES}"));
    world.run(&["check"]).ends(0).says(&["to be asked"]);
    let ran = world.run(&["run", "--json"]).ends(0);
    assert_eq!(
        (&ran.only()["log"], &ran.only()["cursor"]),
        (&origin.clone().into(), &20.into())
    );
    let inventory: Value = serde_json::from_str(&world.read("sentinel-store/state/deployment.json")).unwrap();
    assert_eq!(inventory["logs"][&origin]["kind"], "rekor-v2");
    log.forget_requests();
    world.run(&["run", "--json"]).ends(0);
    assert_eq!(
        log.requested("checkpoint"),
        1,
        "it is not asked again: {:?}",
        log.requests()
    );
    world.run(&["check"]).ends(0).says(&["rekor-v2"]);
    // Nobody answers for a while: the log keeps its kind, and the record its head.
    drop(server);
    let ran = world.run(&["run", "--json"]).ends(30);
    assert_eq!(ran.only()["cursor"], 20);
    world.run(&["verify"]).ends(0);
}

#[test]
fn a_log_without_a_usable_key_is_unwatched() {
    let (world, log) = watching(5);
    let mut root: Value = serde_json::from_str(NO_LOGS).unwrap();
    let mut listed = instance("https://odd.example", &log.tree);
    listed["publicKey"]["keyDetails"] = json!("PKIX_ML_DSA_65");
    root["tlogs"] = json!([listed]);
    world.write("trusted_root.json", root.to_string());
    let ran = world.run(&["run", "--json"]).ends(20);
    assert_eq!(ran.whole()["unwatched"], json!(["odd.example"]));
    assert_eq!(ran.whole()["error"]["class"], "unwatched");
    assert_eq!(ran.only()["outcome"], "clean");
}
