//! The witness policy: who cosigned, who is missing, what becomes of a checkpoint without its quorum.

use crate::support::{self, BEGINNING, Stage, line};
use alerts::{Class, Phase};
use pass::{LogReport, Outcome};
use serde_json::json;
use stage::hostile::{HostedLog, Witness};
use testlog::SigningKey;

const DAY: i64 = 86_400;

fn witness(seed: u8, late: i64) -> Witness {
    Witness {
        name: format!("witness.example/{seed}"),
        key: SigningKey::ed25519(&[seed; 32]),
        time: u64::try_from(BEGINNING + late).unwrap(),
    }
}

/// Two of three.
fn policy() -> String {
    let line = |seed: u8| {
        let key = witness(seed, 0)
            .key
            .cosigner_vkey(&format!("witness.example/{seed}"))
            .unwrap();
        format!("witness W{seed} {key}\n")
    };
    format!("{}{}{}group two 2 W1 W2 W3\nquorum two\n", line(1), line(2), line(3))
}

fn stage(log: &HostedLog, unmet: &str) -> Stage {
    let mut stage = Stage::new();
    stage.watch_with(
        log,
        json!({ "from": 0, "witness_policy": {"file": "policy.txt", "unmet": unmet} }),
    );
    stage.policies.insert("policy.txt".to_owned(), policy());
    stage
}

fn size(line: &LogReport) -> Option<u64> {
    line.head.map(|head| head.size)
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_kept_and_what_is_unmet_degrades_and_is_told_with_its_length() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    log.cosign(vec![witness(1, 0), witness(2, 7)]);
    let stage = stage(&log, "degrade");
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).outcome, Outcome::Clean);
    let marks = stage.kept(&log.origin()).state().unwrap().observers;
    assert_eq!(marks.witnesses.keys().collect::<Vec<_>>(), ["W1", "W2"]);
    assert_eq!(marks.witnesses["W2"].time.unix(), BEGINNING + 7);
    assert_eq!(marks.witnessed.unwrap().size, 300);
    log.cosign(vec![witness(3, 0)]);
    log.grow(10);
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, size(got), got.cursor),
        (Outcome::Degraded, Some(310), Some(310))
    );
    let error = got.error.as_ref().unwrap();
    assert_eq!(error.class, "quorum-unmet");
    assert_eq!(error.message, "1 of 3 witnesses seen, the quorum `two` unmet for 0 s");
    assert_eq!(stage.alerts(), []);
    stage.clock.pass_secs(5 * 3_600);
    let report = stage.pass().await;
    let message = &line(&report, &log).error.as_ref().unwrap().message;
    assert!(message.ends_with("unmet for 5 h 0 min"), "{message}");
    let told = &stage.alerts_of(Class::QuorumUnmet)[0];
    let fact = |name: &str| told.facts.iter().find(|fact| fact.name == name).unwrap().value.clone();
    assert_eq!(
        (fact("seen").as_str(), fact("unmet for").as_str()),
        ("1 of 3 witnesses", "5 h 0 min")
    );
    assert_eq!(fact("missing"), "W1, W2");
    // They come back: it is over, and said.
    log.cosign(vec![witness(1, 9), witness(2, 9), witness(3, 9)]);
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).outcome, Outcome::Clean);
    assert_eq!(
        support::phases(&stage.alerts_of(Class::QuorumUnmet)),
        [(Class::QuorumUnmet, Phase::Opened), (Class::QuorumUnmet, Phase::Closed)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_without_its_quorum_is_refused() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    log.cosign(vec![witness(1, 0)]);
    let stage = stage(&log, "refuse");
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!((got.outcome, size(got), got.cursor), (Outcome::Unproven, None, None));
    assert_eq!(got.error.as_ref().unwrap().class, "quorum-unmet");
    log.cosign(vec![witness(1, 0), witness(2, 0)]);
    assert_eq!(line(&stage.pass().await, &log).outcome, Outcome::Clean);
    log.cosign(vec![]);
    log.grow(50);
    for _ in 0..2 {
        let report = stage.pass().await;
        let got = line(&report, &log);
        assert_eq!(
            (got.outcome, size(got), got.cursor),
            (Outcome::Unproven, Some(300), Some(300))
        );
    }
    // What was refused is not forgotten: another tree of its size is a contradiction.
    log.fork(300, 350);
    log.cosign(vec![witness(1, 0), witness(2, 0), witness(3, 0)]);
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).outcome, Outcome::Violation);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_head_that_was_witnessed_needs_no_witness() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    log.cosign(vec![witness(1, 0), witness(2, 0)]);
    for unmet in ["degrade", "refuse"] {
        let stage = stage(&log, unmet);
        assert_eq!(line(&stage.pass().await, &log).outcome, Outcome::Clean);
        log.freeze("2026-11-20");
        log.cosign(vec![]);
        for _ in 0..3 {
            let report = stage.pass().await;
            let got = line(&report, &log);
            assert_eq!((got.outcome, got.cursor), (Outcome::Clean, Some(300)));
            stage.clock.pass_secs(2 * DAY);
        }
        assert_eq!(stage.alerts(), []);
        // The same without the freeze lacks it, and one that froze further on does as well.
        log.thaw();
        assert_eq!(line(&stage.pass().await, &log).outcome, Outcome::Degraded);
        log.cosign(vec![witness(1, 0), witness(2, 0)]);
    }
    let stage = stage(&log, "refuse");
    stage.pass().await;
    log.grow(5);
    log.freeze("2026-11-20");
    log.cosign(vec![]);
    assert_eq!(line(&stage.pass().await, &log).outcome, Outcome::Unproven);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_future_and_those_who_vanish() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    log.cosign(vec![witness(1, 0), witness(2, 299), witness(3, 3_600)]);
    let stage = stage(&log, "degrade");
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).outcome, Outcome::Degraded);
    assert_eq!(
        line(&report, &log).error.as_ref().unwrap().message,
        "the witness W3 cosigns in the future"
    );
    assert_eq!(stage.alerts(), [(Class::WitnessClock, Phase::Opened)]);
    // Once the time has come it is no longer of the future; a witness that is missing for a day is news.
    stage.clock.pass_secs(3_600);
    log.cosign(vec![witness(1, 3_600), witness(3, 3_600)]);
    assert_eq!(line(&stage.pass().await, &log).outcome, Outcome::Clean);
    stage.clock.pass_secs(DAY - 1);
    assert_eq!(line(&stage.pass().await, &log).outcome, Outcome::Clean);
    stage.clock.pass_secs(1);
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).outcome, Outcome::Degraded);
    let gone = stage.alerts_of(Class::WitnessGone);
    assert_eq!(support::phases(&gone), [(Class::WitnessGone, Phase::Opened)]);
    assert!(gone[0].title.ends_with(": W2"), "{}", gone[0].title);
    log.cosign(vec![witness(1, 3_600), witness(2, 3_600), witness(3, 3_600)]);
    assert_eq!(line(&stage.pass().await, &log).outcome, Outcome::Clean);
}

/// A known witness under a cosignature that is not its own: the whole note is not to be believed (C2SP signed-note).
#[tokio::test(flavor = "multi_thread")]
async fn a_cosignature_that_does_not_verify() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    log.cosign(vec![witness(1, 0), witness(2, 0)]);
    let stage = stage(&log, "degrade");
    stage.pass().await;
    // The same name and another key is another witness, whom nobody knows …
    let stranger = Witness {
        key: SigningKey::ed25519(&[77; 32]),
        ..witness(3, 0)
    };
    log.cosign(vec![witness(1, 0), witness(2, 0), stranger]);
    assert_eq!(line(&stage.pass().await, &log).outcome, Outcome::Clean);
    // … and a time that is impossible is no cosignature of a known one.
    let impossible = Witness {
        time: 1 << 63,
        ..witness(3, 0)
    };
    log.cosign(vec![witness(1, 0), witness(2, 0), impossible]);
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(got.outcome, Outcome::Unproven);
    assert!(
        got.error.as_ref().unwrap().message.contains("the witness W3"),
        "{:?}",
        got.error
    );
}
