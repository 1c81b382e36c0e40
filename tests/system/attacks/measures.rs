//! What a pass measures: how far behind it is and for how long, when a log was last verified, what is owed.

use crate::support::{self, Stage, line, release_rule, releases};
use alerts::Class;
use pass::record::Acknowledgement;
use pass::{AlertSink, MemorySink, Outcome, PassReport, SinkError};
use serde_json::json;
use stage::hostile::{HostedLog, Instead, Lie, Rule, Target};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn stage(log: &HostedLog) -> Stage {
    let mut stage = Stage::new();
    stage.watch(log);
    stage
}

/// Lag in entries and seconds, and the age of the last verification.
fn lag(report: &PassReport) -> (Option<u64>, Option<u64>, Option<u64>) {
    let measures = &report.measures;
    (measures.lag_entries, measures.lag_secs, measures.verified_age_secs)
}

fn gone(log: &HostedLog) -> stage::hostile::RuleId {
    let status = Instead::Status {
        code: 404,
        retry_after: None,
    };
    log.behave(Rule::new(Target::Checkpoint, status))
}

/// A sink that can be switched off.
struct Switched {
    taken: MemorySink,
    off: AtomicBool,
}

#[async_trait::async_trait]
impl AlertSink for Switched {
    fn name(&self) -> &str {
        self.taken.name()
    }

    async fn deliver(&self, alert: &alerts::Alert) -> Result<(), SinkError> {
        if self.off.load(Ordering::SeqCst) {
            return Err(SinkError {
                sink: self.name().to_owned(),
                alert: alert.id.clone(),
                source: "switched off".into(),
            });
        }
        self.taken.deliver(alert).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_deployment() {
    let server = support::server();
    let (log, other) = (server.log("a"), server.log("b"));
    log.grow(100);
    other.grow(7);
    let mut stage = stage(&log);
    stage.watch(&other);
    for _ in 0..2 {
        let report = stage.pass().await;
        let measures = &report.measures;
        assert_eq!(lag(&report), (Some(0), Some(0), Some(0)));
        assert!(measures.verified_pass && !measures.degraded && report.is_complete());
        let zeros = [
            measures.findings,
            measures.quarantined,
            measures.unproven,
            measures.violations,
            measures.latched,
            measures.undelivered,
            measures.faults,
            measures.dead_sinks,
        ];
        assert_eq!(zeros, [0; 8]);
        assert_eq!(measures.logs.len(), 2);
        stage.clock.pass_secs(600);
    }
    stage.rules(json!([]));
    let report = stage.pass().await;
    assert!(
        report.measures.degraded && report.is_complete(),
        "nobody is watched for"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn behind() {
    let server = support::server();
    let log = server.log("a");
    log.grow(100);
    let mut stage = stage(&log);
    stage.pass().await;
    log.grow(50);
    let report = stage.pass_without_reading(&log).await;
    assert_eq!(lag(&report), (Some(50), Some(0), Some(0)), "{report:?}");
    assert!(report.measures.degraded, "{report:?}");
    stage.clock.pass_secs(600);
    log.grow(1);
    let report = stage.pass_without_reading(&log).await;
    assert_eq!(
        lag(&report),
        (Some(51), Some(600), Some(0)),
        "it counts from the first pass that was behind"
    );
    let report = stage.pass().await;
    assert_eq!(lag(&report), (Some(0), Some(0), Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partial_bundle_that_is_left_is_no_lag_in_time() {
    let server = support::server();
    let log = server.log("a");
    log.grow(256);
    let mut stage = Stage::new();
    stage.watch_with(&log, json!({ "from": 0, "limits": { "partial_wait": "1h" } }));
    stage.pass().await;
    log.grow(10);
    stage.pass().await;
    stage.clock.pass_secs(600);
    let report = stage.pass().await;
    assert_eq!(lag(&report), (Some(10), Some(0), Some(0)));
    assert_eq!(line(&report, &log).outcome, Outcome::Clean);
}

#[tokio::test(flavor = "multi_thread")]
async fn not_verified_for_a_while() {
    let server = support::server();
    let (log, other) = (server.log("a"), server.log("b"));
    log.grow(100);
    other.grow(100);
    let mut stage = stage(&log);
    stage.watch(&other);
    stage.pass().await;
    stage.clock.pass_secs(3_600);
    let rule = gone(&log);
    for age in [0, 600] {
        let report = stage.pass().await;
        assert_eq!(
            report.measures.verified_age_secs,
            Some(age),
            "from the first pass that could not"
        );
        assert_eq!((report.measures.faults, report.measures.verified_pass), (1, false));
        assert!(!report.is_complete());
        let logs = &report.measures.logs;
        assert!(logs[&other.origin()].verified && !logs[&log.origin()].verified);
        assert_eq!(logs[&other.origin()].verified_age_secs, Some(0));
        stage.clock.pass_secs(600);
    }
    // Another trouble goes on where the first left off.
    log.remove(rule);
    let rule = log.behave(Rule::new(Target::Checkpoint, Lie::WrongOrigin));
    let report = stage.pass().await;
    assert_eq!(report.measures.verified_age_secs, Some(1_200));
    assert_eq!((report.measures.unproven, report.measures.faults), (1, 0));
    assert!(
        report.measures.verified_pass && report.is_complete(),
        "the other log was verified"
    );
    log.remove(rule);
    let report = stage.pass().await;
    assert_eq!(report.measures.verified_age_secs, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn never_verified() {
    let server = support::server();
    let log = server.log("a");
    let stage = stage(&log);
    let rule = gone(&log);
    let report = stage.pass_unchecked().await.unwrap();
    assert_eq!(lag(&report), (None, None, Some(0)));
    stage.clock.pass_secs(900);
    let report = stage.pass_unchecked().await.unwrap();
    assert_eq!(lag(&report), (None, None, Some(900)), "since it was listed");
    log.remove(rule);
    log.grow(3);
    assert_eq!(lag(&stage.pass().await), (Some(0), Some(0), Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_loaded() {
    let server = support::server();
    let log = server.log("a");
    log.grow(10);
    let stage = stage(&log);
    stage.pass().await;
    let state = pass::names::LogFolder::new(&log.origin(), 1).state();
    let sound = stage.store.objects()[&state].clone();
    stage.store.set(&state, Some(b"{".to_vec()));
    stage.clock.pass_secs(600);
    for age in [0, 600] {
        let report = stage.pass_unchecked().await.unwrap();
        assert_eq!(lag(&report), (None, None, Some(age)), "{report:?}");
        assert_eq!((report.measures.faults, report.measures.verified_pass), (1, false));
        stage.clock.pass_secs(600);
    }
    stage.store.set(&state, Some(sound));
    assert_eq!(lag(&stage.pass().await), (Some(0), Some(0), Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn violated_and_acknowledged() {
    let server = support::server();
    let log = server.log("a");
    log.grow(600);
    let stage = stage(&log);
    stage.pass().await;
    log.fork(300, 600);
    let report = stage.pass().await;
    let counts = |report: &PassReport| (report.measures.violations, report.measures.latched);
    assert_eq!(counts(&report), (1, 0));
    let id = stage.kept(&log.origin()).evidence()[0].id.clone();
    let seen = Acknowledgement {
        by: "alice".to_owned(),
        note: "reported".to_owned(),
        at: pass::Clock::now(stage.clock.as_ref()),
    };
    pass::acknowledge(stage.store.as_ref(), &log.origin(), &id, seen)
        .await
        .unwrap();
    let report = stage.pass().await;
    assert_eq!(counts(&report), (0, 1));
    assert!(report.measures.degraded);
}

#[tokio::test(flavor = "multi_thread")]
async fn found_and_owed() {
    let server = support::server();
    let log = server.log("a");
    let mut stage = stage(&log);
    stage.rules(json!([release_rule()]));
    stage.pass().await;
    let sink = Arc::new(Switched {
        taken: MemorySink::new("switched"),
        off: AtomicBool::new(false),
    });
    stage.sinks.push(Arc::clone(&sink) as Arc<dyn AlertSink>);
    stage.pass().await;
    sink.off.store(true, Ordering::SeqCst);
    log.grow(12);
    assert_eq!(releases(0..12).len(), 3);
    log.append(b"nobody can decode this");
    let report = stage.pass().await;
    let measures = &report.measures;
    assert_eq!(
        (measures.findings, measures.quarantined, measures.dead_sinks),
        (3, 1, 1)
    );
    // One for the watermark, one for the condition of the leaf, and one for its own death.
    assert_eq!(measures.undelivered, 3, "{report:?}");
    assert!(measures.verified_pass && !report.is_complete());
    stage.clock.pass_secs(600);
    let report = stage.pass().await;
    assert_eq!(
        (report.measures.findings, report.measures.undelivered),
        (0, 3),
        "it stays owed"
    );
    sink.off.store(false, Ordering::SeqCst);
    let report = stage.pass().await;
    assert_eq!((report.measures.undelivered, report.measures.dead_sinks), (0, 0));
    assert!(report.is_complete());
    let taken = sink.taken.taken();
    assert_eq!(taken.iter().filter(|alert| alert.class == Class::Finding).count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_of_the_deployment_is_owed_to_who_was_there() {
    let server = support::server();
    let log = server.log("a");
    log.grow(5);
    let mut stage = stage(&log);
    stage.config["reports"] = json!({ "welcome": true });
    stage.pass().await;
    assert_eq!(stage.alerts_of(Class::Welcome).len(), 1);
    // Somebody makes a pass with another configuration and another sink.
    let scheduled = stage.sinks.clone();
    let terminal = Arc::new(MemorySink::new("terminal"));
    stage.sinks = vec![Arc::clone(&terminal) as Arc<dyn AlertSink>];
    stage.config["reports"] = json!({ "welcome": false });
    stage.clock.pass_secs(60);
    stage.pass().await;
    let classes: Vec<Class> = terminal.taken().iter().map(|alert| alert.class).collect();
    assert_eq!(classes, [Class::ConfigChanged], "no first word where nobody asked");
    assert_eq!(stage.alerts_of(Class::ConfigChanged).len(), 0);
    // The scheduled deployment is told of both: of the other one, and of its own again.
    stage.sinks = scheduled;
    stage.config["reports"] = json!({ "welcome": true });
    stage.clock.pass_secs(60);
    let report = stage.pass().await;
    assert_eq!(stage.alerts_of(Class::ConfigChanged).len(), 2);
    assert_eq!(report.measures.undelivered, 0);
    // A sink that comes later is told the first word, and nothing that was before it.
    let late = Arc::new(MemorySink::new("late"));
    stage.sinks.push(Arc::clone(&late) as Arc<dyn AlertSink>);
    stage.clock.pass_secs(60);
    stage.pass().await;
    stage.pass().await;
    let classes: Vec<Class> = late.taken().iter().map(|alert| alert.class).collect();
    assert_eq!(classes, [Class::Welcome]);
    assert_eq!(stage.alerts_of(Class::Welcome).len(), 1, "the first sink is told once");
}
