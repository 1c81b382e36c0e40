//! Logs that say that they are finished.

use crate::support::{self, Stage, check_findings, line, release_rule, releases};
use alerts::{Class, Phase};
use pass::Outcome;
use pass::record::Acknowledgement;
use serde_json::json;
use stage::hostile::{HostedLog, Instead, Rule, Target};

fn stage(log: &HostedLog) -> Stage {
    let mut stage = Stage::new();
    stage.watch_with(log, json!({ "from": 0, "limits": { "no_growth": "1h" } }));
    stage.rules(json!([release_rule()]));
    stage
}

/// Read to its end it is final: that it is gone afterwards, or never grows, is what was to be expected.
#[tokio::test(flavor = "multi_thread")]
async fn drained_and_gone() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    let stage = stage(&log);
    stage.pass().await;
    log.grow(10);
    log.freeze("2026-11-20");
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!((got.outcome, got.cursor), (Outcome::Findings, Some(310)));
    let findings = stage.alerts().len();
    for behaviour in [
        None,
        Some(Instead::Disconnect),
        Some(Instead::HtmlPage),
        Some(Instead::Status {
            code: 404,
            retry_after: None,
        }),
    ] {
        log.clear();
        if let Some(behaviour) = behaviour {
            log.behave(Rule::new(Target::All, behaviour));
        }
        stage.clock.pass_secs(7 * 86_400);
        let report = stage.pass().await;
        let got = line(&report, &log);
        assert_eq!((got.outcome, got.cursor, got.stale), (Outcome::Clean, Some(310), false));
        assert_eq!(got.notes, ["final: frozen and read to its end"]);
    }
    assert_eq!(stage.alerts().len(), findings);
    check_findings(&stage, &log, &releases(0..310));
}

/// The head that is known is signed once more, now as the last one.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_head_signed_again() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    let stage = stage(&log);
    stage.pass().await;
    log.freeze("2026-11-20");
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Clean, Some(300))
    );
    log.behave(Rule::new(Target::All, Instead::Disconnect));
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).outcome, Outcome::Clean);
    assert_eq!(line(&report, &log).notes, ["final: frozen and read to its end"]);
    assert_eq!(stage.kept(&log.origin()).heads(), [300]);
}

/// Frozen before it was read to its end, it is missed when it is gone.
#[tokio::test(flavor = "multi_thread")]
async fn gone_before_it_was_drained() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    log.freeze("2026-11-20");
    let mut stage = stage(&log);
    let report = stage.pass_without_reading(&log).await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Degraded, Some(0))
    );
    log.behave(Rule::new(Target::All, Instead::Disconnect));
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).outcome, Outcome::Fault);
    log.clear();
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Findings, Some(300))
    );
}

/// It grows on: read like any other growth, told once, and degraded until somebody has seen it.
#[tokio::test(flavor = "multi_thread")]
async fn it_grows() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    log.freeze("2026-11-20");
    let stage = stage(&log);
    stage.pass().await;
    log.thaw();
    log.grow(40);
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, got.cursor, got.findings),
        (Outcome::Degraded, Some(340), 10)
    );
    assert_eq!(got.error.as_ref().unwrap().class, "grew-after-freeze");
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).outcome, Outcome::Degraded);
    let told: Vec<_> = support::phases(&stage.alerts_of(Class::GrewAfterFreeze));
    assert_eq!(told, [(Class::GrewAfterFreeze, Phase::Opened)]);
    check_findings(&stage, &log, &releases(0..340));
    let detail = stage.kept(&log.origin()).open(Class::GrewAfterFreeze)[0].detail.clone();
    let seen = Acknowledgement {
        by: "alice".to_owned(),
        note: "thawed for a repair".to_owned(),
        at: pass::Clock::now(stage.clock.as_ref()),
    };
    pass::acknowledge(stage.store.as_ref(), &log.origin(), &detail, seen)
        .await
        .unwrap();
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).outcome, Outcome::Clean);
}
