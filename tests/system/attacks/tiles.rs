//! Bundles and hash tiles that do not belong together, and logs of several spans.

use crate::support::{self, Stage, check_findings, line, release_rule, releases};
use pass::Outcome;
use serde_json::json;
use stage::hostile::{Change, HostedLog, LogSpec, Rule, Tamper, Target};
use std::sync::Arc;
use tlog::Hash;

/// Three spans of usual entries: one ends after 8 MiB.
const SEVERAL_SPANS: u64 = 9_000;

/// Entries of each of those spans.
const SPARSE: [u64; 5] = [0, 1_000, 4_500, 8_191, 8_999];

fn stage(log: &HostedLog) -> Stage {
    let mut stage = Stage::new();
    stage.watch(log);
    stage.rules(json!([release_rule()]));
    stage.limits(json!({ "max_alerts": 10_000 }));
    stage
}

/// A stage that looks for a few entries of a long log by their digests.
fn sparse(log: &HostedLog) -> Stage {
    let mut stage = stage(log);
    let digests: Vec<String> = SPARSE
        .iter()
        .map(|index| Hash::of(&index.to_be_bytes()).to_string())
        .collect();
    stage.rules(json!([support::rule("few", &json!({ "digest": digests }))]));
    stage
}

/// Where the first span of [`SEVERAL_SPANS`] ends.
async fn first_edge(log: &HostedLog) -> u64 {
    let stage = sparse(log);
    stage.pass().await;
    let edges: Vec<u64> = stage
        .kept(&log.origin())
        .receipts()
        .iter()
        .map(|receipt| receipt.to)
        .collect();
    assert!(
        edges.len() >= 3 && edges.iter().rev().skip(1).all(|edge| edge % 256 == 0),
        "{edges:?}"
    );
    edges[0]
}

/// Lets a rule alter every hash of the tiles of a level that a log of this size has.
fn flip_level(log: &HostedLog, level: u8, hashes: u64) {
    for index in (0..hashes).step_by(256) {
        log.behave(Rule::new(Target::HashTiles, Change::FlipHash { level, index }));
    }
}

/// One span up to the head needs no tile, so that no altered one can do harm.
#[tokio::test(flavor = "multi_thread")]
async fn tiles_that_nobody_needs() {
    let server = support::server();
    let log = server.log("a");
    log.grow(600);
    flip_level(&log, 0, 600);
    flip_level(&log, 1, 2);
    let stage = stage(&log);
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Findings, Some(600))
    );
    check_findings(&stage, &log, &releases(0..600));
    let asked = log.requests();
    assert!(
        asked
            .keys()
            .all(|path| !path.starts_with("tile/0") && !path.starts_with("tile/1")),
        "{asked:?}"
    );
}

/// Honest bundles of several spans, and no way to show that the first belongs to the signed root.
#[tokio::test(flavor = "multi_thread")]
async fn altered_tiles_under_honest_bundles() {
    let server = support::server();
    let log = server.log("a");
    log.grow(SEVERAL_SPANS);
    let index = first_edge(&log).await / 256;
    log.behave(Rule::new(Target::HashTiles, Change::FlipHash { level: 1, index }));
    let stage = sparse(&log);
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, got.cursor, got.scanned, got.findings),
        (Outcome::Unproven, Some(0), 0, 0)
    );
    let (_, first_index, served) = stage.kept(&log.origin()).unproven().remove(0);
    assert_eq!(first_index, None, "no entry can be blamed");
    assert_eq!(served.len(), pass::KEPT_BYTES);
    log.clear();
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, got.cursor, got.scanned),
        (Outcome::Findings, Some(SEVERAL_SPANS), SEVERAL_SPANS)
    );
    check_findings(&stage, &log, &SPARSE);
}

/// The same where a cache had the altered tile.
#[tokio::test(flavor = "multi_thread")]
async fn an_altered_tile_that_heals() {
    let server = support::server();
    let log = server.log("a");
    log.grow(SEVERAL_SPANS);
    let index = first_edge(&log).await / 256;
    log.behave(Rule::new(Target::HashTiles, Change::FlipHash { level: 1, index }).cached_only());
    let stage = sparse(&log);
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!((got.outcome, got.cursor), (Outcome::Findings, Some(SEVERAL_SPANS)));
    assert_eq!(
        stage.kept(&log.origin()).anomalies()[0].0,
        None,
        "no entry can be blamed"
    );
    check_findings(&stage, &log, &SPARSE);
}

/// What is right before the altered entry is scanned and stays so; nothing of its span is.
#[tokio::test(flavor = "multi_thread")]
async fn an_altered_entry_of_a_later_span() {
    let server = support::server();
    let log = server.log("a");
    log.grow(SEVERAL_SPANS);
    let first = first_edge(&log).await;
    let (how, index) = (Tamper::Flip, 4_501);
    // The entries are all about as long, and so are the spans.
    let edge = index / first * first;
    let before = SPARSE.iter().take_while(|at| **at < edge).count();
    log.behave(Rule::new(Target::Entries, Change::Tamper { how, index }));
    let stage = sparse(&log);
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, got.cursor, got.scanned),
        (Outcome::Unproven, Some(edge), edge)
    );
    assert_eq!(stage.kept(&log.origin()).unproven()[0].1, Some(index));
    check_findings(&stage, &log, &SPARSE[..before]);
    assert_eq!(stage.alerts().len(), before);
    log.clear();
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).cursor, Some(SEVERAL_SPANS));
    check_findings(&stage, &log, &SPARSE);
    assert_eq!(stage.alerts().len(), 5);
}

/// Small entries: a span ends after 16,384 of them.
#[tokio::test(flavor = "multi_thread")]
async fn spans_of_small_entries() {
    let server = support::server();
    let log = server.add(&LogSpec {
        leaves: Some(Arc::new(|index| format!("leaf {index}").into_bytes())),
        ..LogSpec::new("small")
    });
    log.grow(40_000);
    let mut stage = Stage::new();
    stage.watch_with(&log, json!({ "kind": "tlog", "from": 0 }));
    let digest = |index: u64| tlog::Hash::of(&log.tree().leaf(index).unwrap()).to_string();
    stage.rules(json!([support::rule(
        "ours",
        &json!({ "digest": [digest(16_383), digest(16_384), digest(39_999)] })
    )]));
    let (how, index) = (Tamper::Swap, 16_384);
    let rule = log.behave(Rule::new(Target::Entries, Change::Tamper { how, index }));
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, got.cursor, got.findings),
        (Outcome::Unproven, Some(16_384), 1)
    );
    assert_eq!(stage.kept(&log.origin()).unproven()[0].1, Some(16_384));
    log.remove(rule);
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, got.cursor, got.findings),
        (Outcome::Findings, Some(40_000), 2)
    );
    let edges: Vec<u64> = stage
        .kept(&log.origin())
        .receipts()
        .iter()
        .map(|receipt| receipt.to)
        .collect();
    assert_eq!(edges, [16_384, 32_768, 40_000]);
    check_findings(&stage, &log, &[16_383, 16_384, 39_999]);
}

/// A log that grew must be shown to contain the head: altered tiles leave that open, and the head stays.
#[tokio::test(flavor = "multi_thread")]
async fn growth_that_cannot_be_proven() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    let stage = stage(&log);
    stage.pass().await;
    log.grow(300);
    flip_level(&log, 0, 600);
    flip_level(&log, 1, 2);
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, got.cursor, got.head.unwrap().size),
        (Outcome::Unproven, Some(300), 300)
    );
    assert_eq!(got.error.as_ref().unwrap().class, "unproven-head");
    let (step, _, served) = stage.kept(&log.origin()).unproven().remove(0);
    assert_eq!(step, "head");
    assert!(!served.is_empty());
    log.clear();
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Findings, Some(600))
    );
    check_findings(&stage, &log, &releases(0..600));
    // The same from a cache: proven past it, and on record.
    log.grow(100);
    log.behave(Rule::new(Target::HashTiles, Change::FlipHash { level: 1, index: 0 }).cached_only());
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Findings, Some(700))
    );
    assert_eq!(stage.kept(&log.origin()).anomalies().len(), 1);
}

/// Partial tiles may be gone as soon as the full ones are there.
#[tokio::test(flavor = "multi_thread")]
async fn pruned_partial_tiles() {
    let server = support::server();
    let log = server.log("a");
    log.behave(Rule::new(Target::All, Change::Prune));
    let stage = stage(&log);
    for (grown, size) in [(100, 100), (300, 400), (112, 512), (88, 600)] {
        log.grow(grown);
        let report = stage.pass().await;
        assert_eq!(
            (line(&report, &log).outcome, line(&report, &log).cursor),
            (Outcome::Findings, Some(size))
        );
    }
    check_findings(&stage, &log, &releases(0..600));
}

/// Bytes behind a bundle or a tile, or missing from its end, are no bundle and no tile.
#[tokio::test(flavor = "multi_thread")]
async fn padded_and_truncated() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    for change in [
        Change::Pad { bytes: 1 },
        Change::Truncate { keep: 1 },
        Change::Truncate { keep: 0 },
    ] {
        let stage = stage(&log);
        log.behave(Rule::new(Target::Entries, change.clone()));
        let report = stage.pass().await;
        assert_eq!(
            (line(&report, &log).outcome, line(&report, &log).cursor),
            (Outcome::Unproven, Some(0)),
            "{change:?}"
        );
        log.clear();
    }
}
