//! The log contradicts itself under its own signature.

use crate::support::{self, BEGINNING, Stage, line, release_rule, releases};
use alerts::{Class, Phase};
use pass::record::Acknowledgement;
use pass::{LogReport, Outcome, Position};
use serde_json::json;
use sigstore::Timestamp;
use stage::hostile::{HostedLog, Lie, Rule, Target};
use tlog::{Evidence, Verdict};

const DAY: i64 = 86_400;

fn stage(log: &HostedLog) -> Stage {
    let mut stage = Stage::new();
    stage.watch(log);
    stage
}

fn head(report: &LogReport) -> u64 {
    report.head.unwrap().size
}

/// The one contradiction on record, checked as a third party would: read back from its JSON, under the log's key.
fn evidence(stage: &Stage, log: &HostedLog) -> Evidence {
    let violations = stage.kept(&log.origin()).violations();
    assert_eq!(violations.len(), 1);
    let text = serde_json::to_string(&violations[0]).unwrap();
    let evidence: Evidence = serde_json::from_str(&text).unwrap();
    assert_eq!(evidence.keys, [support::key(log)]);
    assert_eq!(evidence.origin, log.origin());
    evidence
}

/// From its discovery on, until the clock is moved, pass after pass: violation, the head uncrossed, one alert.
async fn stands(stage: &Stage, log: &HostedLog, size: u64) {
    for pass in 0..3 {
        let report = stage.pass().await;
        let got = line(&report, log);
        assert_eq!(
            (got.outcome, head(got), got.cursor),
            (Outcome::Violation, size, Some(size)),
            "{pass}"
        );
        assert_eq!((got.outcome.exit_code(), got.latched, got.findings), (40, false, 0));
        let error = got.error.as_ref().unwrap();
        assert_eq!(error.class, "violation");
        assert!(stage.store.objects().contains_key(error.object.as_ref().unwrap()));
        assert_eq!(report.run.outcome, Outcome::Violation);
        stage.clock.pass_secs(3_600);
    }
    assert_eq!(stage.alerts(), [(Class::Violation, Phase::Opened)]);
    assert_eq!(stage.kept(&log.origin()).open(Class::Violation).len(), 1);
}

/// A log of 600 entries that were watched, forked in its middle.
async fn forked(size: u64, expected: Verdict) {
    let server = support::server();
    let log = server.log("a");
    log.grow(600);
    let root = log.root();
    let stage = stage(&log);
    stage.pass().await;
    log.fork(300, size);
    stands(&stage, &log, 600).await;
    assert_eq!(evidence(&stage, &log).verdict(), Ok(expected));
    let kept = stage.kept(&log.origin());
    assert_eq!((kept.heads(), kept.receipts().len()), (vec![600], 1));
    assert_eq!(kept.state().unwrap().progress.unwrap().head.root, root);
    // A day after it was told it is told again, once.
    stage.clock.pass_secs(DAY - 3 * 3_600 - 1);
    stage.pass().await;
    assert_eq!(stage.alerts().len(), 1);
    stage.clock.pass_secs(1);
    stage.pass().await;
    stage.pass().await;
    assert_eq!(
        stage.alerts(),
        [(Class::Violation, Phase::Opened), (Class::Violation, Phase::Reminder)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_equal_size() {
    forked(600, Verdict::TwoRoots { size: 600 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn larger() {
    forked(
        900,
        Verdict::Excluded {
            smaller: 600,
            larger: 900,
        },
    )
    .await;
}

/// The checkpoint is of another tree, and the tiles are still there to show it.
#[tokio::test(flavor = "multi_thread")]
async fn smaller_while_the_tiles_are_there() {
    let server = support::server();
    let log = server.log("a");
    log.grow(600);
    let stage = stage(&log);
    stage.pass().await;
    log.behave(Rule::new(Target::Checkpoint, Lie::ImpossibleRoot { size: Some(400) }));
    stands(&stage, &log, 600).await;
    let expected = Verdict::Excluded {
        smaller: 400,
        larger: 600,
    };
    assert_eq!(evidence(&stage, &log).verdict(), Ok(expected));
}

/// A smaller tree that is all that is served: an earlier head that it excludes is on record.
#[tokio::test(flavor = "multi_thread")]
async fn smaller_and_nothing_else_is_served() {
    let server = support::server();
    let log = server.log("a");
    let stage = stage(&log);
    for grown in [200, 150, 250] {
        log.grow(grown);
        stage.pass().await;
    }
    log.fork(300, 400);
    stands(&stage, &log, 600).await;
    let expected = Verdict::Excluded {
        smaller: 350,
        larger: 400,
    };
    assert_eq!(evidence(&stage, &log).verdict(), Ok(expected));
}

/// The size of the fork is that of an earlier head.
#[tokio::test(flavor = "multi_thread")]
async fn smaller_at_the_size_of_an_earlier_head() {
    let server = support::server();
    let log = server.log("a");
    let stage = stage(&log);
    for grown in [400, 200] {
        log.grow(grown);
        stage.pass().await;
    }
    log.fork(300, 400);
    stands(&stage, &log, 600).await;
    assert_eq!(evidence(&stage, &log).verdict(), Ok(Verdict::TwoRoots { size: 400 }));
}

/// Where nothing on record is excluded and the tiles of the head are gone, nobody can be convinced: it is not clean, it
/// is not a violation, and the head stays.
#[tokio::test(flavor = "multi_thread")]
async fn smaller_and_nothing_can_show_it() {
    let server = support::server();
    let log = server.log("a");
    let stage = stage(&log);
    for grown in [200, 400] {
        log.grow(grown);
        stage.pass().await;
    }
    log.fork(300, 400);
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, head(got), got.cursor, got.stale),
        (Outcome::Unproven, 600, Some(600), false)
    );
    assert_eq!(got.error.as_ref().unwrap().class, "unproven-head");
    stage.clock.pass_secs(600);
    stage.pass().await;
    assert_eq!(stage.alerts(), [(Class::Unproven, Phase::Opened)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_nothing_with_a_root() {
    let server = support::server();
    let log = server.log("a");
    log.behave(Rule::new(Target::Checkpoint, Lie::ImpossibleRoot { size: Some(0) }));
    // Before anything is on record …
    let fresh = stage(&log);
    let report = fresh.pass().await;
    let got = line(&report, &log);
    assert_eq!((got.outcome, got.head, got.cursor), (Outcome::Violation, None, None));
    assert_eq!(evidence(&fresh, &log).verdict(), Ok(Verdict::ImpossibleRoot));
    assert_eq!(fresh.alerts(), [(Class::Violation, Phase::Opened)]);
    // … and after.
    log.clear();
    log.grow(10);
    let old = stage(&log);
    old.pass().await;
    log.behave(Rule::new(Target::Checkpoint, Lie::ImpossibleRoot { size: Some(0) }));
    stands(&old, &log, 10).await;
    assert_eq!(evidence(&old, &log).verdict(), Ok(Verdict::ImpossibleRoot));
}

/// A fork that is shown only now and then is a violation all the time, and the log is watched on along its honest side.
#[tokio::test(flavor = "multi_thread")]
async fn now_and_then() {
    let server = support::server();
    let log = server.log("a");
    log.grow(600);
    let mut stage = stage(&log);
    stage.rules(json!([release_rule()]));
    stage.limits(json!({ "max_alerts": 1_000 }));
    stage.pass().await;
    for round in 1..=3 {
        log.fork(300, 800);
        let report = stage.pass().await;
        let got = line(&report, &log);
        assert_eq!((got.outcome, got.scanned), (Outcome::Violation, 0));
        log.unfork();
        log.grow(40);
        let report = stage.pass().await;
        let (got, size) = (line(&report, &log), 600 + 40 * round);
        assert_eq!(
            (got.outcome, head(got), got.cursor),
            (Outcome::Violation, size, Some(size))
        );
        assert_eq!((got.scanned, got.findings), (40, 10));
    }
    support::check_findings(&stage, &log, &releases(0..720));
    assert_eq!(stage.alerts_of(Class::Finding).len(), 180);
    // Each head that the fork excludes makes a piece of evidence; each is told once, and each convinces.
    let kept = stage.kept(&log.origin());
    let verdicts: Vec<_> = kept
        .violations()
        .iter()
        .map(|evidence| evidence.verdict().unwrap())
        .collect();
    assert_eq!(verdicts.len(), 3);
    assert!(
        verdicts
            .iter()
            .all(|verdict| matches!(verdict, Verdict::Excluded { larger: 800, .. })),
        "{verdicts:?}"
    );
    assert_eq!(stage.alerts_of(Class::Violation).len(), 3);
}

/// Every pass shows another fork: evidence and alerts stay bounded.
#[tokio::test(flavor = "multi_thread")]
async fn another_one_on_every_pass() {
    let server = support::server();
    let log = server.log("a");
    log.grow(100);
    let stage = stage(&log);
    stage.pass().await;
    for size in 101..141 {
        log.unfork();
        log.fork(50, size);
        let report = stage.pass().await;
        assert_eq!(line(&report, &log).outcome, Outcome::Violation);
    }
    // The sixteen first, and one word for all further ones.
    assert_eq!(stage.kept(&log.origin()).violations().len(), 16);
    assert_eq!(stage.kept(&log.origin()).open(Class::Violation).len(), 17);
    assert_eq!(stage.alerts().len(), 17);
}

fn seen(stage: &Stage) -> Acknowledgement {
    Acknowledgement {
        by: "alice".to_owned(),
        note: "reported to the operator".to_owned(),
        at: pass::Clock::now(stage.clock.as_ref()),
    }
}

/// An acknowledgement silences and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn acknowledged() {
    let server = support::server();
    let log = server.log("a");
    log.grow(600);
    let stage = stage(&log);
    stage.pass().await;
    log.fork(300, 600);
    stage.pass().await;
    let id = stage.kept(&log.origin()).evidence()[0].id.clone();
    let wrong = pass::acknowledge(stage.store.as_ref(), &log.origin(), "violation-0", seen(&stage)).await;
    assert_eq!(wrong.unwrap_err().class, pass::FaultClass::Configuration);
    let full = pass::acknowledge(stage.store.as_ref(), &log.origin(), &id[..16], seen(&stage)).await;
    assert_eq!(full.unwrap(), id);
    for _ in 0..2 {
        let report = stage.pass().await;
        let got = line(&report, &log);
        assert_eq!((got.outcome, got.latched, head(got)), (Outcome::Degraded, true, 600));
        assert_eq!(got.outcome.exit_code(), 20);
        stage.clock.pass_secs(DAY);
    }
    assert_eq!(
        stage.alerts(),
        [(Class::Violation, Phase::Opened)],
        "no reminder after the acknowledgement"
    );
    // Another contradiction is news.
    log.fork(300, 700);
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!((got.outcome, got.latched), (Outcome::Violation, true));
    assert_eq!(stage.alerts().len(), 2);
    // The log goes back to what it was, and is watched on; what it did is not forgotten.
    log.unfork();
    log.grow(1);
    let id = stage.kept(&log.origin()).open(Class::Violation)[1].detail.clone();
    pass::acknowledge(stage.store.as_ref(), &log.origin(), &id, seen(&stage))
        .await
        .unwrap();
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, got.latched, got.cursor),
        (Outcome::Degraded, true, Some(601))
    );
}

/// An operator begins a new epoch: the old record stays, the new one says why there is one.
#[tokio::test(flavor = "multi_thread")]
async fn restarted() {
    let server = support::server();
    let log = server.log("a");
    log.grow(600);
    let mut stage = stage(&log);
    stage.rules(json!([release_rule()]));
    stage.pass().await;
    let old = stage.kept(&log.origin());
    let (folder, tip) = (old.folder(), old.state().unwrap().progress.unwrap());
    log.fork(300, 400);
    let report = stage.pass().await;
    assert_ne!(line(&report, &log).outcome, Outcome::Clean);
    let before: Vec<_> = stage
        .store
        .objects()
        .into_iter()
        .filter(|(name, _)| name.starts_with("audit/"))
        .collect();
    let (by, why) = ("alice".to_owned(), "restored from backup".to_owned());
    let now = Timestamp::from_unix(BEGINNING);
    pass::restart(stage.store.as_ref(), &log.origin(), Position::Index(100), by, why, now)
        .await
        .unwrap();
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, head(got), got.cursor, got.scanned),
        (Outcome::Findings, 400, Some(400), 300)
    );
    assert!(!got.latched);
    let kept = stage.kept(&log.origin());
    assert_eq!(kept.folder().to_string(), format!("{folder}~2"));
    let start = kept.start().unwrap();
    let restart = start.restart.clone().unwrap();
    assert_eq!((start.epoch, start.frontier.size()), (2, 100));
    assert_eq!(
        (restart.by.as_str(), restart.reason.as_str()),
        ("alice", "restored from backup")
    );
    assert_eq!(restart.previous_head, Some(tip.head));
    assert_eq!(
        (restart.previous_cursor, restart.previous_tip),
        (Some(600), Some(tip.cursor.tip))
    );
    let receipts = kept.receipts();
    assert_eq!((receipts[0].from, receipts[0].restart.as_ref()), (100, Some(&restart)));
    let now = stage.store.objects();
    assert!(
        before.iter().all(|(name, bytes)| now.get(name) == Some(bytes)),
        "the old record changed"
    );
    log.grow(10);
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Findings, Some(410))
    );
    assert_eq!(stage.kept(&log.origin()).receipts()[1].restart, None);
    support::check_findings(&stage, &log, &releases(100..410));
}
