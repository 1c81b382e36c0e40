//! Several logs in one pass: the trouble of one is never another's.

use crate::support::{self, Stage, check_findings, line, release_rule, releases};
use alerts::Class;
use async_trait::async_trait;
use pass::{Anchor, EntryStream, Freshness, LogSource, Outcome, SourceError};
use serde_json::json;
use stage::hostile::{Change, Instead, Lie, Rule, Tamper, Target};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Whatever one log does, the other is read, found in and delivered as if it were alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_one() {
    let server = support::server();
    let (good, bad) = (server.log("good"), server.log("bad"));
    good.grow(100);
    bad.grow(100);
    let mut stage = Stage::new();
    stage.watch(&good);
    stage.watch(&bad);
    stage.rules(json!([release_rule()]));
    stage.limits(json!({ "max_alerts": 1_000 }));
    stage.pass().await;
    // What it does, what it comes to, where its cursor is then, and what is found in it: at last the head that it had
    // before it contradicted itself is read to its end.
    let tampered = Change::Tamper {
        how: Tamper::Flip,
        index: 101,
    };
    let excluded = Lie::ImpossibleRoot { size: Some(100) };
    let attacks = [
        (Rule::new(Target::All, Instead::Hang), Outcome::Fault, 100, 0),
        (Rule::new(Target::All, Instead::Endless), Outcome::Fault, 100, 0),
        (Rule::new(Target::Checkpoint, Lie::WrongKey), Outcome::Unproven, 100, 0),
        (Rule::new(Target::Entries, tampered), Outcome::Unproven, 100, 0),
        (Rule::new(Target::Checkpoint, excluded), Outcome::Violation, 110, 3),
    ];
    let mut size = 100;
    bad.grow(10);
    for (rule, outcome, cursor, findings) in attacks {
        let what = format!("{:?}", rule.behaviour);
        bad.behave(rule);
        good.grow(20);
        size += 20;
        let report = stage.pass().await;
        let got = line(&report, &good);
        let expected = (Outcome::Findings, Some(size), 5);
        assert_eq!((got.outcome, got.cursor, got.findings), expected, "beside {what}");
        let got = line(&report, &bad);
        assert_eq!(
            (got.outcome, got.cursor, got.findings),
            (outcome, Some(cursor), findings),
            "{what}"
        );
        assert_eq!((report.run.outcome, report.run.findings), (outcome, 5 + findings));
        let error = report.run.error.as_ref().unwrap();
        assert!(error.message.starts_with("bad.hostile.example: "), "{}", error.message);
        assert_eq!(report.outcome(), outcome);
        bad.clear();
    }
    check_findings(&stage, &good, &releases(0..size));
    check_findings(&stage, &bad, &releases(0..110));
    let from_good = stage
        .alerts_of(Class::Finding)
        .into_iter()
        .filter(|alert| alert.log == Some(good.origin()));
    assert_eq!(from_good.count(), 50);
}

/// A log that takes all the time there is takes it beside the others, not from them.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_one() {
    let server = support::server();
    let (good, slow) = (server.log("good"), server.log("slow"));
    good.grow(100);
    slow.grow(100);
    let mut stage = Stage::new();
    stage.watch(&good);
    stage.watch(&slow);
    stage.deadline = Some(Duration::from_millis(500));
    slow.behave(Rule::new(Target::Entries, Instead::Hang));
    let begun = Instant::now();
    let report = stage.pass().await;
    assert!(begun.elapsed() < Duration::from_millis(1_900), "{:?}", begun.elapsed());
    assert_eq!(
        (line(&report, &good).outcome, line(&report, &good).cursor),
        (Outcome::Clean, Some(100))
    );
    assert_eq!(
        (line(&report, &slow).outcome, line(&report, &slow).cursor),
        (Outcome::Degraded, Some(0))
    );
}

/// A source that panics at one call.
struct Panics {
    inner: Arc<dyn LogSource>,
    at: &'static str,
}

#[async_trait]
impl LogSource for Panics {
    fn place(&self) -> &str {
        self.inner.place()
    }

    async fn checkpoint(&self, freshness: Freshness) -> Result<Vec<u8>, SourceError> {
        assert!(self.at != "checkpoint", "asked for the checkpoint");
        self.inner.checkpoint(freshness).await
    }

    async fn anchor(&self, at: u64, head: u64, freshness: Freshness) -> Result<Anchor, SourceError> {
        assert!(self.at != "anchor", "asked for a position");
        self.inner.anchor(at, head, freshness).await
    }

    fn entries(&self, from: u64, to: u64, head: u64, freshness: Freshness) -> EntryStream {
        assert!(self.at != "entries", "asked for entries");
        self.inner.entries(from, to, head, freshness)
    }
}

/// Our own code fails for one log: it is a fault of that log's line, said to be ours, and the next pass goes on.
#[tokio::test(flavor = "multi_thread")]
async fn one_whose_source_panics() {
    let server = support::server();
    let (good, bad) = (server.log("good"), server.log("bad"));
    let mut stage = Stage::new();
    stage.watch(&good);
    stage.watch(&bad);
    stage.rules(json!([release_rule()]));
    good.grow(40);
    bad.grow(40);
    stage.pass().await;
    for at in ["checkpoint", "anchor", "entries"] {
        good.grow(40);
        bad.grow(40);
        let origin = bad.origin();
        stage.wrap(Arc::new(move |log, inner| match log == origin {
            true => Arc::new(Panics { inner, at }),
            false => inner,
        }));
        let report = stage.pass().await;
        assert_eq!(
            (line(&report, &good).outcome, line(&report, &good).scanned),
            (Outcome::Findings, 40),
            "{at}"
        );
        assert_eq!(line(&report, &bad).outcome, Outcome::Fault);
        assert_eq!(line(&report, &bad).error.as_ref().unwrap().class, "internal");
        stage.wrap(Arc::new(|_, inner| inner));
        let report = stage.pass().await;
        assert_eq!(
            (line(&report, &bad).outcome, line(&report, &bad).scanned),
            (Outcome::Findings, 40),
            "after {at}"
        );
    }
    check_findings(&stage, &bad, &releases(0..160));
    assert_eq!(stage.alerts_of(Class::Finding).len(), 80);
}

/// Nobody is watched for: the logs are proven and read all the same, and the run says what is missing.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_watched_for() {
    let server = support::server();
    let log = server.log("a");
    log.grow(100);
    let mut stage = Stage::new();
    stage.watch(&log);
    stage.rules(json!([]));
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Clean, Some(100))
    );
    assert_eq!(report.run.outcome, Outcome::Degraded);
    assert_eq!(report.run.error.as_ref().unwrap().class, "nobody-watched");
    stage.rules(json!([release_rule()]));
    let report = stage.pass().await;
    assert_eq!(report.run.outcome, Outcome::Clean);
    let (opened, once, closed) = (alerts::Phase::Opened, alerts::Phase::Once, alerts::Phase::Closed);
    assert_eq!(
        stage.alerts(),
        [
            (Class::NobodyWatched, opened),
            (Class::ConfigChanged, once),
            (Class::NobodyWatched, closed)
        ]
    );
}
