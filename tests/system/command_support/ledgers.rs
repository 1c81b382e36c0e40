//! `authorise`, and what a run makes of what it recorded.

use super::logs::FileLog;
use super::world::World;
use serde_json::Value;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use testlog::SigningKey;
use testlog::certificate::{Authority, Identity, LeafCertificate};
use testlog::leaf::{LeafSigner, hashedrekord};

const ISSUER: &str = "https://token.actions.githubusercontent.com";

const SAN: &str = "https://github.com/acme/widget/.github/workflows/release.yml@refs/tags/v1";

/// Made by `openssl genpkey -algorithm ed25519`; it guards nothing.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\n-----END PRIVATE KEY-----\n";

/// Its public half.
fn public() -> String {
    SigningKey::ed25519(&[4; 32]).pem()
}

fn digest(artifact: &[u8]) -> String {
    tlog::Hash::of(artifact).to_string()
}

/// So long a match waits here: long enough for a slow machine to see it wait.
const GRACE: Duration = Duration::from_secs(8);

/// A world that watches a log, with a ledger that waits for [`GRACE`].
fn world(key: &str) -> (World, FileLog) {
    let world = World::new();
    let log = FileLog::of(&world, "one", 3);
    let rules = format!(
        "ledgers:\n  - {{name: releases, place: ./ledger, grace: {}s, window: 1d{key}}}\n\
         rules:\n  - {{name: ours, match: {{issuer: \"{ISSUER}\"}}, allow: [{{ledger: releases}}]}}\n",
        GRACE.as_secs()
    );
    world.configure(&[log.item(&world)], &rules);
    std::fs::create_dir(world.path("ledger")).unwrap();
    world.run(&["run", "--sink", "file:alerts.jsonl"]).ends(0);
    (world, log)
}

/// Signs an artifact, now.
fn sign(world: &World, log: &mut FileLog, artifact: &[u8]) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let identity = Identity::uri(SAN, ISSUER).issued_by(ISSUER);
    let certificate = Authority::new("tests", &[7; 32]).issue(&LeafCertificate::new(identity, 9, now));
    let leaf = hashedrekord(
        tlog::Hash::of(artifact).as_bytes(),
        &LeafSigner::certificate(&certificate),
    );
    log.tree.append(&leaf);
    log.serve(world);
}

fn alerts(world: &World) -> Vec<Value> {
    let text = std::fs::read_to_string(world.path("alerts.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_was_recorded_is_authorised_and_what_was_not_is_told() {
    let (world, mut log) = world("");
    world.write("widget.tar", "a widget");
    let ran = world
        .run(&[
            "authorise",
            "--ledger",
            "releases",
            "widget.tar",
            "--identity",
            SAN,
            "--note",
            "v1",
        ])
        .ends(0);
    let name = ran.out.trim().to_owned();
    assert!(name.contains(&digest(b"a widget")) && name.ends_with(".json"), "{name}");
    assert!(std::fs::read_to_string(&name).unwrap().contains(SAN));
    sign(&world, &mut log, b"a widget");
    sign(&world, &mut log, b"another widget");
    let run = || world.run(&["run", "--json", "--sink", "file:alerts.jsonl", "--fail-on", "findings"]);
    let ran = run().ends(0);
    let line = ran.whole();
    assert_eq!(
        (&line["findings"], &line["authorised"], &line["waiting"]),
        (&0.into(), &1.into(), &1.into())
    );
    assert_eq!(alerts(&world).len(), 0);
    std::thread::sleep(GRACE + Duration::from_millis(1_100));
    let ran = run().ends(10);
    assert_eq!(ran.whole()["findings"], 1);
    let [alert] = alerts(&world).try_into().unwrap();
    assert_eq!(alert["class"], "finding");
    assert!(alert["title"].as_str().unwrap().contains("Unauthorised"), "{alert}");
    let table = world.run(&["run", "--sink", "file:alerts.jsonl"]).ends(0);
    assert!(!table.out.contains("waiting"), "{}", table.out);
    assert_eq!(alerts(&world).len(), 1);
    world.run(&["verify"]).ends(0);
    // A second reading asks nobody, and knows what was authorised.
    let scan = world
        .run(&["scan", "--log", "one", "--from", "3", "--to", "5", "--json"])
        .ends(0);
    let allowed: Vec<Value> = scan.lines().into_iter().map(|line| line["allowed"].clone()).collect();
    assert_eq!(allowed, [true, false]);
    let objects = world.snapshot("sentinel-store");
    assert_eq!(objects.keys().filter(|name| name.contains("/authorised/")).count(), 1);
    assert_eq!(
        objects
            .keys()
            .filter(|name| name.starts_with("audit/ledgers/releases/entries/"))
            .count(),
        2
    );
}

#[test]
fn a_signed_ledger_counts_signed_records_alone() {
    let key = format!(", key: {:?}", public());
    let (world, mut log) = world(&key);
    world.write("key.pem", KEY);
    world.write("other.pem", KEY.replace("BAQE\n-----END", "BAQF\n-----END"));
    let whole = format!("sha256:{}", digest(b"a widget"));
    let base = ["authorise", "--ledger", "releases", "--digest", &whole];
    world
        .run(&base)
        .ends(2)
        .complains(&["the ledger releases has keys", "--sign-with"]);
    let with = |key| world.run(&[&base[..], &["--sign-with", key]].concat());
    with("other.pem").ends(2).complains(&["none of those of the ledger"]);
    with("none.pem").ends(2).complains(&["none.pem"]);
    let name = with("key.pem").ends(0).out.trim().to_owned();
    assert!(name.ends_with(".note"), "{name}");
    // A place is written to as it is: what does not count there is told.
    world
        .run(&[
            "authorise",
            "--ledger",
            "./ledger",
            "--digest",
            &digest(b"another widget"),
        ])
        .ends(0);
    sign(&world, &mut log, b"a widget");
    let ran = world.run(&["run", "--json", "--sink", "file:alerts.jsonl"]).ends(0);
    assert_eq!(ran.whole()["authorised"], 1);
    let [alert] = alerts(&world).try_into().unwrap();
    assert_eq!(alert["class"], "ledger-unsound");
    assert!(alert.to_string().contains("it is not signed"), "{alert}");
}

#[test]
fn a_run_of_github_actions_says_where_it_is() {
    let (world, _log) = world("");
    let world = world.with_variables(vec![
        ("GITHUB_ACTIONS", "true".to_owned()),
        ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
        ("GITHUB_REPOSITORY", "acme/widget".to_owned()),
        ("GITHUB_REF", "refs/tags/v1".to_owned()),
        ("GITHUB_RUN_ID", "7".to_owned()),
        ("GITHUB_RUN_ATTEMPT", "1".to_owned()),
    ]);
    let whole = digest(b"a widget");
    let base = ["authorise", "--ledger", "./ledger", "--digest", &whole];
    let ran = world.run(&base).ends(0).complains(&[
        "from GitHub Actions: ref refs/tags/v1, run https://github.com/acme/widget/actions/runs/7/attempts/1",
    ]);
    let record: Value = serde_json::from_str(&std::fs::read_to_string(ran.out.trim()).unwrap()).unwrap();
    assert_eq!(record["repository"], "https://github.com/acme/widget");
    let ran = world.run(&[&base[..], &["--no-environment"]].concat()).ends(0);
    assert_eq!(ran.err, "");
    let record: Value = serde_json::from_str(&std::fs::read_to_string(ran.out.trim()).unwrap()).unwrap();
    assert!(record.get("ref").is_none(), "{record}");
}

#[test]
fn what_makes_no_record_is_refused() {
    let (world, _log) = world("");
    let refused = |more: &[&str], word: &str| {
        world
            .run(&[&["authorise"][..], more].concat())
            .ends(2)
            .complains(&[word]);
    };
    refused(
        &["--ledger", "release", "--digest", &digest(b"x")],
        "did you mean `releases`?",
    );
    refused(&["--ledger", "releases"], "name the files of the release");
    refused(
        &["--ledger", "releases", "--digest", "abc"],
        "--digest abc: write sha256:",
    );
    refused(&["--ledger", "releases", "absent.tar"], "absent.tar cannot be read");
    refused(
        &[
            "--ledger",
            "releases",
            "--digest",
            &digest(b"x"),
            "--note",
            "two\nlines",
        ],
        "this makes no record",
    );
    refused(
        &["--ledger", "s3://bucket/ledger", "--digest", &digest(b"x")],
        "s3://bucket/ledger",
    );
    assert!(world.snapshot("ledger").is_empty());
}

#[test]
fn a_stored_configuration_names_no_relative_ledger() {
    let (world, _log) = world("");
    let put = || world.run(&["config", "put", "--store", "elsewhere"]);
    put()
        .ends(2)
        .complains(&["the ledger at ./ledger cannot be read from where this is stored"]);
    let absolute = world.path("ledger").display().to_string();
    let text = world.read("sentinel.yaml").replace("./ledger", &absolute);
    world.write("sentinel.yaml", text);
    put().ends(0);
}

#[test]
fn check_shows_the_ledgers() {
    let (world, _log) = world("");
    let place = world.path("ledger").display().to_string();
    let line = format!("ledger     releases  ({place}, plain records count, grace 8s, window 1d)");
    world.run(&["check"]).ends(0).says(&[&line]);
    let text = world
        .read("sentinel.yaml")
        .replace("allow: [{ledger: releases}]", "severity: low");
    world.write("sentinel.yaml", text);
    world
        .run(&["check"])
        .ends(0)
        .says(&["note: releases: no rule names this ledger"]);
}
