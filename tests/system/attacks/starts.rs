//! Where watching begins, and logs with nothing in them.

use crate::support::{self, Stage, check_findings, line, release_rule, releases};
use alerts::{Class, Phase};
use pass::Outcome;
use serde_json::{Value, json};
use stage::hostile::{Change, HostedLog, Rule, Target};

fn stage(log: &HostedLog, from: &Value) -> Stage {
    let mut stage = Stage::new();
    stage.watch_with(log, json!({ "from": from }));
    stage.rules(json!([release_rule()]));
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_log_that_grows() {
    let server = support::server();
    let log = server.log("a");
    for from in [json!(0), json!("head")] {
        let stage = stage(&log, &from);
        for _ in 0..2 {
            let report = stage.pass().await;
            let got = line(&report, &log);
            assert_eq!(
                (got.outcome, got.head.unwrap().size, got.cursor),
                (Outcome::Clean, 0, Some(0))
            );
        }
        log.grow(1);
        for (grown, size) in [(0, 1), (255, 256), (1, 257), (343, 600)] {
            log.grow(grown);
            let report = stage.pass().await;
            let got = line(&report, &log);
            assert_eq!(
                (got.outcome, got.cursor, got.scanned),
                (Outcome::Findings, Some(size), grown.max(1))
            );
            log.requests();
        }
        check_findings(&stage, &log, &releases(0..600));
        assert_eq!(stage.alerts_of(Class::Finding).len(), 150);
        // The log as it was, for the other way to begin.
        log.fork(0, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_stays_quiet() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    let stage = stage(&log, &json!(0));
    stage.pass().await;
    let objects = stage.store.objects().len();
    log.forget_requests();
    for _ in 0..5 {
        stage.clock.pass_secs(86_400);
        let report = stage.pass().await;
        let got = line(&report, &log);
        assert_eq!(
            (got.outcome, got.scanned, got.cursor, got.stale),
            (Outcome::Clean, 0, Some(300), false)
        );
    }
    assert_eq!(
        stage.store.objects().len(),
        objects,
        "a pass without news leaves no object"
    );
    assert_eq!(
        log.requests().into_iter().collect::<Vec<_>>(),
        [("checkpoint".to_owned(), 5)]
    );
    assert_eq!(
        stage.alerts_of(Class::NoGrowth),
        [],
        "`no_growth` is never, unless somebody asks"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_head() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    let stage = stage(&log, &json!("head"));
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!((got.outcome, got.cursor, got.scanned), (Outcome::Clean, Some(300), 0));
    assert!(
        log.requests().keys().all(|path| !path.starts_with("tile/entries")),
        "nothing was to be read"
    );
    log.grow(100);
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).scanned),
        (Outcome::Findings, 100)
    );
    check_findings(&stage, &log, &releases(300..400));
}

#[tokio::test(flavor = "multi_thread")]
async fn at_an_index() {
    let server = support::server();
    let log = server.log("a");
    log.grow(600);
    for from in [1, 255, 256, 257, 511, 513, 599, 600] {
        let stage = stage(&log, &json!(from));
        let report = stage.pass().await;
        let got = line(&report, &log);
        assert_eq!((got.cursor, got.scanned), (Some(600), 600 - from));
        assert_eq!(stage.kept(&log.origin()).start().unwrap().frontier.size(), from);
        check_findings(&stage, &log, &releases(from..600));
    }
}

/// The hashes that should tie the position to the root do not: nothing begins, and nothing hinders a later beginning.
#[tokio::test(flavor = "multi_thread")]
async fn at_an_index_that_cannot_be_anchored() {
    let server = support::server();
    let log = server.log("a");
    log.grow(600);
    let mut stage = stage(&log, &json!(300));
    log.behave(Rule::new(Target::HashTiles, Change::FlipHash { level: 1, index: 0 }));
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!((got.outcome, got.head, got.cursor), (Outcome::Unproven, None, None));
    assert_eq!(got.error.as_ref().unwrap().class, "unproven-start");
    assert!(stage.kept(&log.origin()).start().is_none());
    log.clear();
    log.behave(Rule::new(Target::HashTiles, Change::FlipHash { level: 1, index: 0 }).cached_only());
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).scanned),
        (Outcome::Findings, 300)
    );
    check_findings(&stage, &log, &releases(300..600));
    assert_eq!(stage.kept(&log.origin()).open(Class::Unproven).len(), 0);
    // Once begun the configuration's `from` has nothing to say any more.
    stage.watch_with(&log, json!({ "from": 0 }));
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Clean, Some(600))
    );
    assert_eq!(stage.kept(&log.origin()).start().unwrap().frontier.size(), 300);
}

/// A mistake of the configuration, said as such; when the log has grown so far, or `from` is put right, it begins.
#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_log() {
    let server = support::server();
    let log = server.log("a");
    log.grow(100);
    let waits = stage(&log, &json!(101));
    for _ in 0..2 {
        let report = waits.pass().await;
        let got = line(&report, &log);
        assert_eq!((got.outcome, got.head, got.cursor), (Outcome::Fault, None, None));
        let error = got.error.as_ref().unwrap();
        assert_eq!(error.class, "configuration");
        assert!(
            error.message.contains("from 101") && error.message.contains("100 entries"),
            "{}",
            error.message
        );
        assert_eq!(waits.kept(&log.origin()).names("audit/a."), Vec::<String>::new());
    }
    let mut corrected = stage(&log, &json!(101));
    corrected.pass().await;
    corrected.watch_with(&log, json!({ "from": 50 }));
    let report = corrected.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).scanned),
        (Outcome::Findings, 50)
    );
    check_findings(&corrected, &log, &releases(50..100));
    log.grow(5);
    let report = waits.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).scanned),
        (Outcome::Findings, 4)
    );
    check_findings(&waits, &log, &[104]);
}

/// `from` holds for the logs that are there when the store is created; one that appears later begins at 0.
#[tokio::test(flavor = "multi_thread")]
async fn listed_later() {
    let server = support::server();
    let (old, new) = (server.log("old"), server.log("new"));
    old.grow(100);
    new.grow(80);
    let mut stage = Stage::new();
    stage.config["from"] = json!("head");
    stage.watch_with(&old, json!({}));
    stage.rules(json!([release_rule()]));
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &old).cursor, line(&report, &old).scanned),
        (Some(100), 0)
    );
    stage.watch_with(&new, json!({}));
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &new).cursor, line(&report, &new).scanned),
        (Some(80), 80)
    );
    assert_eq!(
        (line(&report, &old).cursor, line(&report, &old).scanned),
        (Some(100), 0)
    );
    check_findings(&stage, &new, &releases(0..80));
    // Left out and listed again, it goes on where it was.
    stage.forget(&new);
    new.grow(20);
    assert_eq!(stage.pass().await.logs.len(), 1);
    stage.watch_with(&new, json!({}));
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &new).cursor, line(&report, &new).scanned),
        (Some(100), 20)
    );
}

/// Time is up before the log is read: behind, told after `max_lag`, and its end is told. The head is proven all the same.
#[tokio::test(flavor = "multi_thread")]
async fn behind_the_deadline() {
    let server = support::server();
    let log = server.log("a");
    log.grow(9_000);
    let mut stage = Stage::new();
    stage.watch(&log);
    stage.stop_after_spans = Some(1);
    let report = stage.pass().await;
    let got = line(&report, &log);
    let first = got.cursor.unwrap();
    assert!(first > 0 && first < 9_000);
    assert_eq!(
        (got.outcome, got.head.unwrap().size, got.scanned),
        (Outcome::Degraded, 9_000, first)
    );
    assert_eq!(got.error.as_ref().unwrap().class, "behind");
    stage.stop_after_spans = None;
    stage.clock.pass_secs(3_599);
    stage.pass_without_reading(&log).await;
    assert_eq!(stage.alerts(), []);
    stage.clock.pass_secs(1);
    let report = stage.pass_without_reading(&log).await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Degraded, Some(first))
    );
    assert_eq!(stage.alerts(), [(Class::Behind, Phase::Opened)]);
    // A log that grows while it is behind is behind since then.
    log.grow(1);
    stage.pass_without_reading(&log).await;
    assert_eq!(stage.alerts().len(), 1);
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Clean, Some(9_001))
    );
    assert_eq!(
        stage.alerts(),
        [(Class::Behind, Phase::Opened), (Class::Behind, Phase::Closed)]
    );
}

/// A deadline that passes in the middle of a slow answer ends the pass, not the log.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_in_the_middle_of_an_answer() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    let mut stage = stage(&log, &json!(0));
    stage.deadline = Some(std::time::Duration::from_millis(500));
    let rule = log.behave(Rule::new(Target::Entries, stage::hostile::Instead::Hang));
    let begun = std::time::Instant::now();
    let report = stage.pass().await;
    assert!(begun.elapsed().as_millis() < 1_900, "{:?}", begun.elapsed());
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, got.head.unwrap().size, got.cursor),
        (Outcome::Degraded, 300, Some(0))
    );
    log.remove(rule);
    stage.deadline = None;
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Findings, Some(300))
    );
    check_findings(&stage, &log, &releases(0..300));
}

/// With `partial_wait` a partial bundle is left for a while; its log counts as caught up.
#[tokio::test(flavor = "multi_thread")]
async fn a_partial_bundle_that_waits() {
    let server = support::server();
    let log = server.log("a");
    log.grow(600);
    let mut stage = Stage::new();
    stage.watch_with(
        &log,
        json!({ "from": 0, "limits": { "partial_wait": "10m", "max_lag": "5m" } }),
    );
    stage.rules(json!([release_rule()]));
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, got.cursor, got.head.unwrap().size),
        (Outcome::Findings, Some(512), 600)
    );
    assert_eq!(got.notes, ["waits for a partial bundle"]);
    stage.clock.pass_secs(599);
    log.grow(1);
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Clean, Some(512))
    );
    assert_eq!(
        log.requests()
            .keys()
            .filter(|path| path.contains("entries") && path.contains(".p/"))
            .count(),
        0
    );
    stage.clock.pass_secs(1);
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, got.cursor, got.scanned),
        (Outcome::Findings, Some(601), 89)
    );
    assert_eq!(stage.alerts_of(Class::Behind), []);
    check_findings(&stage, &log, &releases(0..601));
    // The bundle is filled: it is read at once, and the next partial one waits in its turn.
    log.grow(200);
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Findings, Some(768))
    );
}
