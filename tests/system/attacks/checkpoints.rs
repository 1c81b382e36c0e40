//! What stands where the checkpoint should be: forgeries are told apart from outages, and both heal.

use crate::support::{self, Stage, check_findings, line, release_rule, releases};
use alerts::{Class, Phase};
use pass::Outcome;
use serde_json::json;
use stage::hostile::{HostedLog, Instead, Lie, Manner, Redirect, Rule, Target};

const DAY: i64 = 86_400;

fn stage(log: &HostedLog) -> Stage {
    let mut stage = Stage::new();
    stage.watch(log);
    stage.rules(json!([release_rule()]));
    stage
}

/// Once before anything is on record and once after: no head is taken from it, and when it is over all is as if it had
/// not been.
async fn never_accepted(lie: Lie) {
    let server = support::server();
    let log = server.log("a");
    log.grow(100);
    let stage = stage(&log);
    for (size, known) in [(100, None), (200, Some(100))] {
        let rule = log.behave(Rule::new(Target::Checkpoint, lie.clone()));
        for _ in 0..2 {
            let report = stage.pass().await;
            let got = line(&report, &log);
            assert_eq!(got.outcome, Outcome::Unproven);
            assert_eq!(
                (got.head.map(|head| head.size), got.cursor, got.scanned),
                (known, known, 0)
            );
            let error = got.error.as_ref().unwrap();
            assert_eq!(error.class, "unproven-checkpoint");
            assert!(
                stage.store.objects().contains_key(error.object.as_ref().unwrap()),
                "{error:?}"
            );
        }
        let kept = stage.kept(&log.origin()).unproven();
        let served = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(&format!("\n{size}\n"));
        assert_eq!(kept.iter().filter(|(_, _, bytes)| served(bytes)).count(), 1);
        log.remove(rule);
        let report = stage.pass().await;
        assert_eq!(
            (line(&report, &log).outcome, line(&report, &log).cursor),
            (Outcome::Findings, Some(size))
        );
        log.grow(100);
    }
    check_findings(&stage, &log, &releases(0..200));
    assert_eq!(
        stage.alerts_of(Class::Unproven),
        [],
        "nothing lasted for `unproven_after`"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_another_key() {
    never_accepted(Lie::WrongKey).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_another_origin() {
    never_accepted(Lie::WrongOrigin).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unsigned() {
    never_accepted(Lie::Unsigned).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_damaged_signature() {
    never_accepted(Lie::DamagedSignature).await;
}

/// A cache had the forgery: past it the log is right, and what was served is on record.
#[tokio::test(flavor = "multi_thread")]
async fn forged_in_a_cache() {
    let server = support::server();
    let log = server.log("a");
    log.grow(100);
    for lie in [Lie::WrongKey, Lie::WrongOrigin, Lie::Unsigned, Lie::DamagedSignature] {
        let stage = stage(&log);
        log.behave(Rule::new(Target::Checkpoint, lie.clone()).cached_only());
        let report = stage.pass().await;
        assert_eq!(
            (line(&report, &log).outcome, line(&report, &log).cursor),
            (Outcome::Findings, Some(100)),
            "{lie:?}"
        );
        let anomalies = stage.kept(&log.origin()).anomalies();
        assert_eq!(anomalies.len(), 1);
        assert!(String::from_utf8_lossy(&anomalies[0].1).contains("\n100\n"));
        log.clear();
    }
}

/// While a forgery stands where the checkpoint should be, what the head promised is still read.
#[tokio::test(flavor = "multi_thread")]
async fn forged_while_entries_are_unread() {
    let server = support::server();
    let log = server.log("a");
    log.grow(100);
    let mut stage = stage(&log);
    let report = stage.pass_without_reading(&log).await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Degraded, Some(0))
    );
    log.behave(Rule::new(Target::Checkpoint, Lie::WrongKey));
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Unproven, Some(100))
    );
    check_findings(&stage, &log, &releases(0..100));
}

/// Everything that says nothing about the log: a fault, nothing on record but the fault's condition, and the next honest
/// answer is taken as if nothing had been. `target` is asked for on the first pass and on later ones.
async fn an_outage(target: Target, behaviour: impl Into<stage::hostile::Behaviour>, words: &str) {
    let server = support::server();
    let log = server.log("a");
    log.grow(100);
    let stage = stage(&log);
    let behaviour = behaviour.into();
    for (size, known) in [(100, None), (200, Some(100))] {
        let rule = log.behave(Rule::new(target.clone(), behaviour.clone()));
        let report = stage.pass().await;
        let got = line(&report, &log);
        assert_eq!(
            (got.outcome, got.scanned),
            (Outcome::Fault, 0),
            "{behaviour:?}: {:?}",
            got.error
        );
        assert_eq!(got.outcome.exit_code(), 30);
        if matches!(target, Target::Checkpoint) {
            assert_eq!((got.head.map(|head| head.size), got.cursor), (known, known));
        }
        let error = got.error.as_ref().unwrap();
        assert_eq!(error.class, "source", "{error:?}");
        assert!(error.message.contains(words), "`{words}` is not in: {}", error.message);
        assert_eq!(stage.kept(&log.origin()).evidence().len(), 0);
        log.remove(rule);
        let report = stage.pass().await;
        assert_eq!(
            (line(&report, &log).outcome, line(&report, &log).cursor),
            (Outcome::Findings, Some(size))
        );
        log.grow(100);
    }
    check_findings(&stage, &log, &releases(0..200));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_checkpoint_by_form() {
    an_outage(Target::Checkpoint, Instead::Garbage, "is none").await;
    an_outage(Target::Checkpoint, Instead::HtmlPage, "is none").await;
    an_outage(Target::Checkpoint, Instead::Empty, "is none").await;
    an_outage(Target::Checkpoint, Lie::SizeNoNumber, "is none").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses() {
    for target in [Target::Checkpoint, Target::Entries] {
        let status = |code, retry_after: Option<&str>| Instead::Status {
            code,
            retry_after: retry_after.map(str::to_owned),
        };
        an_outage(target.clone(), status(404, None), "not found").await;
        an_outage(target.clone(), status(400, None), "400").await;
        an_outage(target.clone(), status(500, None), "500").await;
        an_outage(target.clone(), status(503, None), "503").await;
        an_outage(target.clone(), status(429, Some("3600")), "429").await;
        an_outage(target, status(429, Some("nonsense")), "429").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much() {
    for target in [Target::Checkpoint, Target::Entries] {
        an_outage(target.clone(), Instead::Oversize { bytes: 1 << 30 }, "longer than").await;
        an_outage(target.clone(), Instead::Endless, "longer than").await;
        an_outage(target, Instead::GzipBomb { bytes: 1 << 27 }, "longer than").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_slow() {
    an_outage(Target::Checkpoint, Instead::Hang, "no complete answer").await;
    an_outage(Target::Entries, Instead::Hang, "no complete answer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_at_a_time() {
    an_outage(
        Target::Checkpoint,
        Manner::Drip { bytes: 1, millis: 100 },
        "no complete answer",
    )
    .await;
    an_outage(
        Target::Entries,
        Manner::Drip { bytes: 1, millis: 100 },
        "no complete answer",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_off() {
    for target in [Target::Checkpoint, Target::Entries] {
        an_outage(target.clone(), Instead::Disconnect, "could not be read").await;
        an_outage(target, Manner::BreakOff, "could not be read").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sent_elsewhere() {
    for target in [Target::Checkpoint, Target::Entries] {
        for to in [Redirect::OtherHost, Redirect::Https, Redirect::File] {
            an_outage(target.clone(), Instead::Redirect { to }, "redirected").await;
        }
    }
}

/// Within one host a redirect is the server's own business; late but whole answers and compressed ones are answers.
#[tokio::test(flavor = "multi_thread")]
async fn harmless_manners() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    let harmless: [stage::hostile::Behaviour; 3] = [
        Instead::Redirect { to: Redirect::SameHost }.into(),
        Manner::Late { millis: 20 }.into(),
        Manner::Gzip.into(),
    ];
    for behaviour in harmless {
        let stage = stage(&log);
        log.behave(Rule::new(Target::All, behaviour.clone()));
        let report = stage.pass().await;
        assert_eq!(
            (line(&report, &log).outcome, line(&report, &log).cursor),
            (Outcome::Findings, Some(300)),
            "{behaviour:?}"
        );
        log.clear();
    }
}

/// One failed attempt is tried again within the pass.
#[tokio::test(flavor = "multi_thread")]
async fn a_single_failure_is_no_fault() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    let stage = stage(&log);
    for target in [Target::Checkpoint, Target::Entries] {
        let code = 503;
        log.behave(
            Rule::new(
                target,
                Instead::Status {
                    code,
                    retry_after: Some("0".to_owned()),
                },
            )
            .times(1),
        );
    }
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Findings, Some(300))
    );
}

/// An outage that lasts is told once after `max_lag`, is reminded of daily, and its end is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_outage() {
    let server = support::server();
    let log = server.log("a");
    log.grow(2);
    let mut stage = Stage::new();
    stage.watch(&log);
    stage.pass().await;
    let rule = log.behave(Rule::new(Target::All, Instead::Disconnect));
    let (opened, reminder, closed) = (Phase::Opened, Phase::Reminder, Phase::Closed);
    let told = |phases: &[Phase]| {
        phases
            .iter()
            .map(|phase| (Class::Unreachable, *phase))
            .collect::<Vec<_>>()
    };
    for (secs, expected) in [
        (0, &[][..]),
        (3_599, &[]),
        (1, &[opened]),
        (DAY - 1, &[opened]),
        (1, &[opened, reminder]),
    ] {
        stage.clock.pass_secs(secs);
        let report = stage.pass().await;
        assert_eq!(line(&report, &log).outcome, Outcome::Fault);
        assert_eq!(stage.alerts(), told(expected), "{secs} s later");
    }
    log.remove(rule);
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).outcome, Outcome::Clean);
    assert_eq!(stage.alerts(), told(&[opened, reminder, closed]));
}

/// Served data that does not verify: nothing is told before `unproven_after`, one alert after it, and its end is told.
#[tokio::test(flavor = "multi_thread")]
async fn unproven_for_long() {
    let server = support::server();
    let log = server.log("a");
    log.grow(2);
    let mut stage = Stage::new();
    stage.watch_with(&log, json!({ "from": 0, "limits": { "unproven_after": "5m" } }));
    stage.pass().await;
    let (opened, closed) = ((Class::Unproven, Phase::Opened), (Class::Unproven, Phase::Closed));
    log.behave(Rule::new(Target::Checkpoint, Lie::Unsigned));
    for (secs, expected) in [(0, &[][..]), (299, &[]), (1, &[opened]), (3_600, &[opened])] {
        stage.clock.pass_secs(secs);
        let report = stage.pass().await;
        assert_eq!(line(&report, &log).outcome, Outcome::Unproven);
        assert_eq!(stage.alerts(), expected, "{secs} s later");
    }
    let alert = &stage.alerts_of(Class::Unproven)[0];
    assert!(stage.store.objects().contains_key(alert.object.as_ref().unwrap()));
    // An outage in between is no healing.
    log.clear();
    let outage = log.behave(Rule::new(Target::Checkpoint, Instead::Disconnect));
    stage.pass().await;
    assert_eq!(stage.alerts(), [opened]);
    log.remove(outage);
    stage.pass().await;
    assert_eq!(stage.alerts(), [opened, closed]);
    // What begins anew has all its patience again.
    log.behave(Rule::new(Target::Checkpoint, Lie::Unsigned));
    stage.clock.pass_secs(299);
    stage.pass().await;
    assert_eq!(stage.alerts(), [opened, closed]);
    assert_eq!(
        stage.kept(&log.origin()).unproven().len(),
        1,
        "the same bytes are kept once"
    );
}

/// A smaller checkpoint of the same tree: stale and clean, whether our record knows its size or the tiles must show it.
#[tokio::test(flavor = "multi_thread")]
async fn smaller_and_consistent() {
    let server = support::server();
    let log = server.log("a");
    let mut stage = Stage::new();
    stage.watch_with(&log, json!({ "from": 0, "limits": { "no_growth": "2h" } }));
    for _ in 0..2 {
        log.grow(300);
        stage.pass().await;
    }
    for size in [300, 599, 512, 256, 1, 0] {
        let rule = log.behave(Rule::new(Target::Checkpoint, Lie::Stale { size }));
        let report = stage.pass().await;
        let got = line(&report, &log);
        assert_eq!(
            (got.outcome, got.stale, got.cursor),
            (Outcome::Clean, true, Some(600)),
            "{size}: {:?}",
            got.error
        );
        assert_eq!(got.head.unwrap().size, 600);
        log.remove(rule);
    }
    assert_eq!(stage.kept(&log.origin()).heads(), [300, 600]);
    // It lasts: the log does not grow.
    let rule = log.behave(Rule::new(Target::Checkpoint, Lie::Stale { size: 300 }));
    stage.clock.pass_secs(7_199);
    stage.pass().await;
    assert_eq!(stage.alerts(), []);
    stage.clock.pass_secs(1);
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).stale),
        (Outcome::Clean, true)
    );
    assert_eq!(stage.alerts(), [(Class::NoGrowth, Phase::Opened)]);
    log.remove(rule);
    log.grow(1);
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).stale),
        (Outcome::Clean, false)
    );
    assert_eq!(
        stage.alerts(),
        [(Class::NoGrowth, Phase::Opened), (Class::NoGrowth, Phase::Closed)]
    );
}
