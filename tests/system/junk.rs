//! Leaves that nobody can decode: kept, counted and told, and everything after them is still scanned.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use alerts::{Class, Phase};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pass::Outcome;
use serde_json::{Value, json};
use sigstore::{LeafKind, Scratch};
use stage::hostile::{HostedLog, LogSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use support::{MAINTAINER, Stage, check_findings, line, rule};
use testlog::LeafMaker;
use testlog::certificate::broken::Broken;
use testlog::certificate::{Authority, Identity, LeafCertificate};
use testlog::leaf::{self, LeafSigner};
use tlog::Hash;

const DAY: i64 = 86_400;

/// The longest leaf that a tiled log can serve.
const LONGEST: usize = 65_535;

/// When the certificates begin: the stage's own beginning.
const NOON: u64 = 1_795_176_000;

fn authority() -> Authority {
    Authority::new("junk.example", &[7; 32])
}

/// A leaf of [`MAINTAINER`], for whom the tests watch.
fn ours(number: u8) -> Vec<u8> {
    let identity = Identity::email(MAINTAINER, "https://accounts.example");
    let certificate = authority().issue(&LeafCertificate::new(identity, u64::from(number), NOON));
    leaf::hashedrekord(&[number; 32], &LeafSigner::certificate(&certificate))
}

fn broken(how: Broken) -> Vec<u8> {
    leaf::hashedrekord(
        &[9; 32],
        &LeafSigner::certificate(&how.certificate(&authority(), 1, NOON)),
    )
}

/// What a log may hold, and what it is quarantined as.
fn junk() -> Vec<(Vec<u8>, &'static str)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let spec = |spec: &str| format!(r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{spec}}}"#).into_bytes();
    vec![
        (text("no JSON at all"), "unknown unknown: not-json"),
        (
            text("{\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekord\""),
            "unknown unknown: not-json",
        ),
        (vec![0xFF, 0xFE, 0x00, 0x80], "unknown unknown: binary"),
        (Vec::new(), "unknown unknown: empty"),
        (vec![b'x'; LONGEST], "unknown unknown: not-json"),
        (vec![0xFF; LONGEST], "unknown unknown: binary"),
        (
            format!("\"{}\"", "y".repeat(LONGEST - 2)).into_bytes(),
            "unknown unknown: not-an-object",
        ),
        (text("[1, 2]"), "unknown unknown: not-an-object"),
        (text("{}"), "unknown unknown: missing-kind"),
        (
            text(r#"{"kind":"dsse","kind":"hashedrekord"}"#),
            "unknown unknown: duplicate-key",
        ),
        ("[".repeat(LONGEST).into_bytes(), "unknown unknown: too-deep"),
        (r#"{"a":"#.repeat(LONGEST / 5).into_bytes(), "unknown unknown: too-deep"),
        (leaf::unknown("moon", "0.0.2"), "moon 0.0.2: unknown-kind"),
        (leaf::unknown("moon", "0.0.3"), "moon 0.0.3: unknown-kind"),
        (
            leaf::unknown("hashedrekord", "9.9.9"),
            "hashedrekord 9.9.9: unknown-version",
        ),
        (leaf::identity_service(&[[1; 32]]), "unknown unknown: identity-service"),
        (spec("{}"), "hashedrekord 0.0.2: missing-spec"),
        (leaf::dsse(&[7; 32], &[]), "dsse 0.0.2: missing-verifier"),
        (broken(Broken::Truncated), "hashedrekord 0.0.2: bad-certificate"),
        (broken(Broken::Trailing), "hashedrekord 0.0.2: bad-certificate"),
        (broken(Broken::Overlong), "hashedrekord 0.0.2: bad-certificate"),
        (broken(Broken::NulInSan), "hashedrekord 0.0.2: bad-san-text"),
        (broken(Broken::SanNotUtf8), "hashedrekord 0.0.2: bad-san-text"),
    ]
}

fn stage(log: &HostedLog) -> Stage {
    let mut stage = Stage::new();
    stage.watch(log);
    stage.rules(json!([rule("us", &json!({ "san": MAINTAINER }))]));
    stage
}

fn details(stage: &Stage, log: &HostedLog) -> BTreeSet<String> {
    let open = stage.kept(&log.origin()).open(Class::Quarantine);
    let details: BTreeSet<String> = open.iter().map(|condition| condition.detail.clone()).collect();
    assert_eq!(
        details.len(),
        open.len(),
        "one condition for each kind, version and reason"
    );
    details
}

/// Behind each leaf of junk stands one that is watched for.
#[tokio::test(flavor = "multi_thread")]
async fn each_kind_is_kept_and_what_follows_is_scanned() {
    let server = support::server();
    let log = server.log("a");
    let junk = junk();
    for (number, (leaf, _)) in (0..).zip(&junk) {
        log.append(leaf);
        log.append(&ours(number));
    }
    let stage = stage(&log);
    let report = stage.pass().await;
    let (got, count) = (line(&report, &log), junk.len() as u64);
    assert_eq!((got.outcome, got.outcome.exit_code()), (Outcome::Degraded, 20));
    assert_eq!((got.cursor, got.scanned), (Some(2 * count), 2 * count));
    assert_eq!((got.quarantined, got.findings), (count, count));
    assert_eq!(got.error.as_ref().unwrap().class, "quarantine");
    check_findings(
        &stage,
        &log,
        &(0..count).map(|number| 2 * number + 1).collect::<Vec<_>>(),
    );
    let quarantine = stage.kept(&log.origin()).quarantine();
    assert_eq!(quarantine.len(), junk.len());
    for (at, (kept, (leaf, what))) in quarantine.iter().zip(&junk).enumerate() {
        assert_eq!((&kept["index"], &kept["what"]), (&json!(2 * at), &json!(what)));
        assert_eq!(kept["bytes"], json!(leaf.len()));
        assert_eq!(
            STANDARD.decode(kept["leaf"].as_str().unwrap()).unwrap(),
            *leaf,
            "{what}"
        );
        assert_eq!(kept["leaf_hash"], json!(Hash::leaf(leaf).to_string()));
    }
    let expected: BTreeSet<String> = junk.iter().map(|(_, what)| (*what).to_owned()).collect();
    assert_eq!(details(&stage, &log), expected);
    let told = stage.alerts_of(Class::Quarantine);
    assert_eq!(told.len(), expected.len());
    assert_eq!(stage.alerts_of(Class::Finding).len(), junk.len());
    let audit = pass::audit(stage.store.as_ref(), &BTreeMap::new()).await.unwrap();
    assert_eq!(
        (audit.defects.len(), audit.epochs[0].quarantined, audit.epochs[0].proofs),
        (0, count, count)
    );
}

/// Degraded on the pass that quarantines; told once while it goes on; over when none came for a day.
#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_quarantine() {
    let server = support::server();
    let log = server.log("a");
    let stage = stage(&log);
    let (opened, closed) = ((Class::Quarantine, Phase::Opened), (Class::Quarantine, Phase::Closed));
    for _ in 0..3 {
        log.append(b"junk");
        let report = stage.pass().await;
        assert_eq!(
            (line(&report, &log).outcome, line(&report, &log).quarantined),
            (Outcome::Degraded, 1)
        );
        let report = stage.pass().await;
        assert_eq!(
            (line(&report, &log).outcome, line(&report, &log).quarantined),
            (Outcome::Clean, 0)
        );
        assert_eq!(stage.alerts(), [opened]);
        stage.clock.pass_secs(DAY / 4);
    }
    let counts: Vec<u64> = stage
        .kept(&log.origin())
        .receipts()
        .iter()
        .map(|receipt| receipt.counts.quarantined)
        .collect();
    assert_eq!(counts, [1, 1, 1]);
    stage.clock.pass_secs(DAY - DAY / 4);
    stage.pass().await;
    assert_eq!(stage.alerts().last(), Some(&closed));
    assert_eq!(details(&stage, &log), BTreeSet::new());
    // Another day, another condition.
    let told = stage.alerts().len();
    log.append(b"junk");
    stage.pass().await;
    assert_eq!(stage.alerts()[told..], [opened]);
}

/// Kinds and versions are the log's own words: they reach a terminal escaped and cut.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_attack_their_reader() {
    let server = support::server();
    let log = server.log("a");
    let names = [
        "\\u001b[31mred",
        "two\\nlines",
        "\\u202ebidi",
        "\\u0000nul",
        &"long".repeat(5_000),
    ];
    for name in names {
        log.append(format!(r#"{{"apiVersion":"1","kind":"{name}","spec":{{}}}}"#).as_bytes());
    }
    let stage = stage(&log);
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).quarantined, 5);
    let told = stage.alerts_of(Class::Quarantine);
    assert_eq!(told.len(), 5);
    for alert in &told {
        // The terminal's form has a colour of its own, around its first line.
        let terminal = alerts::terminal(alert)
            .replacen("\u{1b}[33m", "", 1)
            .replacen("\u{1b}[0m", "", 1);
        for text in [terminal, alerts::plain(alert)] {
            let raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!text.contains(raw), "{text:?}");
            assert!(text.len() < 10_000);
        }
    }
    assert!(
        details(&stage, &log)
            .iter()
            .all(|detail| detail.len() < 200 && !detail.contains(char::is_control))
    );
}

/// What no decoder understands is nothing special to a log whose leaves match by digest alone.
#[tokio::test(flavor = "multi_thread")]
async fn opaque_leaves() {
    let server = support::server();
    let log = server.log("a");
    let junk = junk();
    junk.iter().for_each(|(leaf, _)| log.append(leaf));
    let mut stage = Stage::new();
    stage.watch_with(&log, json!({ "kind": "tlog", "from": 0 }));
    let digests: Vec<String> = [2, 3, 5]
        .iter()
        .map(|at: &usize| Hash::of(&junk[*at].0).to_string())
        .collect();
    stage.rules(json!([rule("few", &json!({ "digest": digests }))]));
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!((got.outcome, got.quarantined, got.findings), (Outcome::Findings, 0, 3));
    check_findings(&stage, &log, &[2, 3, 5]);
}

fn log_of(server: &stage::hostile::Hostile, leaves: LeafMaker, count: u64) -> HostedLog {
    let log = server.add(&LogSpec {
        leaves: Some(leaves),
        ..LogSpec::new("junk")
    });
    log.grow(count);
    log
}

/// A leaf of a kind, a version and a reason of its own, or nearly so.
fn many_kinds(index: u64) -> Vec<u8> {
    match index % 4 {
        0 => leaf::unknown(&format!("kind-{index}"), &format!("{index}.0.0")),
        1 => leaf::unknown("hashedrekord", &format!("0.{index}.0")),
        2 => format!("junk number {index}").into_bytes(),
        _ => [vec![0xFF; 8], index.to_be_bytes().to_vec()].concat(),
    }
}

/// Objects below a name, and their bytes.
fn stored(stage: &Stage, below: &str) -> (usize, usize) {
    let objects = stage.store.objects();
    let below: Vec<usize> = objects
        .iter()
        .filter(|(name, _)| name.starts_with(below))
        .map(|(_, bytes)| bytes.len())
        .collect();
    (below.len(), below.iter().sum())
}

/// Fifty thousand leaves of junk in as many kinds: storage, conditions and alerts stay small, and what is watched for
/// behind them is found.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_of_nothing_but_junk() {
    const COUNT: u64 = 50_000;
    let server = support::server();
    let log = log_of(&server, Arc::new(many_kinds), COUNT);
    log.append(&ours(1));
    let stage = stage(&log);
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, got.cursor, got.quarantined),
        (Outcome::Degraded, Some(COUNT + 1), COUNT)
    );
    check_findings(&stage, &log, &[COUNT]);
    let kept = stage.kept(&log.origin());
    let spans = kept.receipts().len();
    assert_eq!(spans, 4, "of 16,384 entries each");
    let (objects, bytes) = stored(&stage, "");
    assert!(objects <= 20, "{objects} objects");
    assert!(bytes < 2 << 20, "{bytes} bytes");
    assert!(
        kept.receipts()
            .iter()
            .all(|receipt| receipt.undecodable.len() <= pass::record::MAX_GROUPS)
    );
    for receipt in kept.receipts() {
        let groups: u64 = receipt.undecodable.iter().map(|group| group.count).sum();
        assert_eq!(groups, receipt.counts.quarantined, "every leaf is counted in a group");
    }
    // A list of a thousand leaves with their bytes for each span, and ranges of indexes for the rest: none is missing.
    let listed = |line: &Value| {
        let first = line["index"].as_u64().unwrap();
        (first, line["to"].as_u64().unwrap_or(first + 1))
    };
    let mut next = 0;
    for (first, to) in kept.quarantine().iter().map(listed) {
        assert_eq!(first, next);
        next = to;
    }
    assert_eq!(next, COUNT);
    let conditions = details(&stage, &log).len();
    assert!((4..=32).contains(&conditions), "{conditions} conditions");
    assert_eq!(stage.alerts_of(Class::Quarantine).len(), conditions);
    assert!(stored(&stage, "state/").1 < 256 * 1024);
    // More of it is no news.
    log.grow(1_000);
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).quarantined),
        (Outcome::Degraded, 1_000)
    );
    assert_eq!(details(&stage, &log).len(), conditions);
    assert_eq!(stage.alerts_of(Class::Quarantine).len(), conditions);
    stage.pass().await;
    assert_eq!(stage.alerts().len(), conditions + 1);
}

/// Leaves as long as they may be: of what nobody can decode about a mebibyte a pass is kept, and each hash.
#[tokio::test(flavor = "multi_thread")]
async fn long_leaves_of_junk() {
    const COUNT: u64 = 500;
    let server = support::server();
    let leaf: LeafMaker = Arc::new(|index| {
        let mut leaf = vec![b'j'; LONGEST];
        leaf[..8].copy_from_slice(&index.to_be_bytes());
        leaf
    });
    let log = log_of(&server, leaf, COUNT);
    let stage = stage(&log);
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, got.cursor, got.quarantined),
        (Outcome::Degraded, Some(COUNT), COUNT)
    );
    let kept = stage.kept(&log.origin());
    let quarantine = kept.quarantine();
    assert_eq!(quarantine.len() as u64, COUNT);
    let whole = quarantine.iter().filter(|line| line.get("leaf").is_some()).count();
    assert_eq!(whole, (1 << 20) / LONGEST);
    assert!(
        quarantine
            .iter()
            .all(|line| line["bytes"] == json!(LONGEST) && line["leaf_hash"].is_string())
    );
    let (objects, bytes) = stored(&stage, "");
    assert!(objects <= 30, "{objects} objects");
    assert!(bytes < 2 << 20, "{bytes} bytes");
}

/// The names above are those that the decoder gives by itself.
#[test]
fn junk_is_what_it_says() {
    for (leaf, what) in junk() {
        let refused = sigstore::decode(LeafKind::RekorV2, &leaf, &mut Scratch::new()).err();
        let reason = refused.map(|refused| refused.reason.name());
        assert_eq!(reason, what.split(": ").nth(1), "{what}");
    }
}
