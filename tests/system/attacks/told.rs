//! Findings, and how they reach those who are to be told: each at least once, whatever the sink does.

use crate::support::{self, MAINTAINER, RELEASE, Stage, check_findings, line, release_rule, releases};
use alerts::{Alert, Class};
use async_trait::async_trait;
use pass::{AlertSink, MemorySink, Outcome, SinkError};
use serde_json::json;
use stage::hostile::HostedLog;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Whether an alert is refused.
type Refusal = Box<dyn Fn(&Alert) -> bool + Send>;

/// A sink that refuses what it is told to refuse.
struct Moody {
    taken: MemorySink,
    refuses: Mutex<Refusal>,
}

impl Moody {
    fn new(name: &str) -> Arc<Moody> {
        Arc::new(Moody {
            taken: MemorySink::new(name),
            refuses: Mutex::new(Box::new(|_| false)),
        })
    }

    fn refuse(&self, which: impl Fn(&Alert) -> bool + Send + 'static) {
        *self.refuses.lock().unwrap() = Box::new(which);
    }

    /// The entries that it was told of, in the order of telling.
    fn told(&self) -> Vec<u64> {
        let findings = self
            .taken
            .taken()
            .into_iter()
            .filter(|alert| alert.class == Class::Finding);
        findings.map(|alert| index_of(&alert)).collect()
    }
}

#[async_trait]
impl AlertSink for Moody {
    fn name(&self) -> &str {
        self.taken.name()
    }

    async fn deliver(&self, alert: &Alert) -> Result<(), SinkError> {
        let refused = self.refuses.lock().unwrap()(alert);
        if refused {
            return Err(SinkError {
                sink: self.name().to_owned(),
                alert: alert.id.clone(),
                source: "not in the mood".into(),
            });
        }
        self.taken.deliver(alert).await
    }
}

fn index_of(alert: &Alert) -> u64 {
    let fact = alert.facts.iter().find(|fact| fact.name == "index").unwrap();
    fact.value.parse().unwrap()
}

fn stage(log: &HostedLog) -> Stage {
    let mut stage = Stage::new();
    stage.watch(log);
    stage.rules(json!([release_rule()]));
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_from_the_log_to_the_alert() {
    let server = support::server();
    let log = server.log("a");
    log.grow(10);
    let mut stage = stage(&log);
    stage.rules(
        json!([{ "name": "us", "severity": "critical", "note": "Page the captain.", "match": { "san": MAINTAINER } }]),
    );
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, got.outcome.exit_code(), got.findings, got.allowed),
        (Outcome::Findings, 0, 2, 0)
    );
    check_findings(&stage, &log, &[2, 6]);
    let findings = stage.kept(&log.origin()).findings();
    for (alert, finding) in stage.sink.taken().iter().zip(&findings) {
        assert_eq!(
            (alert.class, alert.severity),
            (Class::Finding, rules::Severity::Critical)
        );
        assert_eq!(
            alert.id,
            alerts::finding_id(&log.origin(), finding.index, finding.leaf_hash, "us")
        );
        assert_eq!((alert.id.clone(), index_of(alert)), (finding.id.clone(), finding.index));
        assert_eq!(
            (alert.log.clone(), alert.rule.as_deref()),
            (Some(log.origin()), Some("us"))
        );
        assert!(alert.summary.contains(MAINTAINER));
        assert_eq!(finding.signer.as_ref().unwrap().san, [MAINTAINER]);
        assert_eq!(finding.note.as_deref(), Some("Page the captain."));
        assert_eq!(
            (finding.kind.as_str(), finding.version.as_str()),
            ("hashedrekord", "0.0.2")
        );
    }
    assert_eq!(stage.sink.taken().len(), 2);
    stage.pass().await;
    assert_eq!(stage.sink.taken().len(), 2, "told once");
}

/// What a rule allows is on record with its proof, counted, and told to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_allowed() {
    let server = support::server();
    let log = server.log("a");
    log.grow(20);
    let mut stage = stage(&log);
    stage.rules(json!([{
        "name": "acme",
        "match": { "any": [{ "san": RELEASE }, { "san": MAINTAINER }] },
        "allow": [{ "san": RELEASE }],
    }]));
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!((got.outcome, got.findings, got.allowed), (Outcome::Findings, 5, 5));
    check_findings(&stage, &log, &[0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    let allowed = |index| {
        stage
            .kept(&log.origin())
            .findings()
            .iter()
            .any(|found| found.index == index && found.allowed)
    };
    assert!(allowed(0) && !allowed(2));
    assert_eq!(
        stage.sink.taken().iter().map(index_of).collect::<Vec<_>>(),
        [2, 6, 10, 14, 18]
    );
    stage.rules(json!([{ "name": "acme", "match": { "san": RELEASE }, "allow": [{ "san": RELEASE }] }]));
    log.grow(20);
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).allowed),
        (Outcome::Clean, 5)
    );
}

/// More than `max_alerts` of one rule: so many one by one and a digest of exactly the rest; another rule has its own.
#[tokio::test(flavor = "multi_thread")]
async fn more_than_anybody_reads() {
    let server = support::server();
    let log = server.log("a");
    log.grow(600);
    let mut stage = stage(&log);
    let maintainer = support::rule(
        "few",
        &json!({ "digest": tlog::Hash::of(&1_u64.to_be_bytes()).to_string() }),
    );
    stage.rules(json!([release_rule(), maintainer]));
    stage.limits(json!({ "max_alerts": 20 }));
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).findings, 151);
    let singles = stage.alerts_of(Class::Finding);
    assert_eq!(
        singles
            .iter()
            .filter(|alert| alert.rule.as_deref() == Some("release"))
            .count(),
        20
    );
    assert_eq!(
        singles
            .iter()
            .filter(|alert| alert.rule.as_deref() == Some("few"))
            .count(),
        1
    );
    let digests = stage.alerts_of(Class::Digest);
    assert_eq!(digests.len(), 1);
    assert_eq!(
        digests[0].id,
        alerts::digest_id(&log.origin(), "release", 130, (80, 596))
    );
    assert!(
        digests[0].summary.contains("exactly 130 further entries"),
        "{}",
        digests[0].summary
    );
    stage.pass().await;
    assert_eq!(stage.sink.taken().len(), 22, "a digest is told once");
}

/// Dead for several passes while the log goes on: what it is owed is kept, and it gets all of it, in order, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_dead_for_a_while() {
    let server = support::server();
    let log = server.log("a");
    log.grow(40);
    let mut stage = stage(&log);
    let moody = Moody::new("moody");
    stage.sinks.push(Arc::clone(&moody) as Arc<dyn AlertSink>);
    stage.pass().await;
    assert_eq!(moody.told(), releases(0..40));
    moody.refuse(|_| true);
    for round in 1..=3 {
        log.grow(40);
        let report = stage.pass().await;
        let got = line(&report, &log);
        assert_eq!(
            (got.outcome, got.cursor, got.findings),
            (Outcome::Findings, Some(40 + 40 * round), 10)
        );
        assert_eq!(report.run.outcome, Outcome::Degraded);
        assert_eq!(report.run.error.as_ref().unwrap().class, "sink-dead");
    }
    assert_eq!(
        stage.alerts_of(Class::Finding).len(),
        40,
        "the other sink got everything at once"
    );
    assert_eq!(stage.alerts_of(Class::SinkDead).len(), 1, "and was told of this one");
    assert_eq!(moody.told(), releases(0..40));
    moody.refuse(|_| false);
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).outcome, Outcome::Clean);
    assert_eq!(moody.told(), releases(0..160), "nothing lost, nothing twice");
    let ids: BTreeSet<String> = moody.taken.taken().into_iter().map(|alert| alert.id).collect();
    assert!(
        stage
            .alerts_of(Class::Finding)
            .iter()
            .all(|alert| ids.contains(&alert.id)),
        "the ids are the same"
    );
    let report = stage.pass().await;
    assert_eq!(report.run.outcome, Outcome::Clean);
    assert_eq!(stage.alerts_of(Class::SinkDead).len(), 2, "its recovery is told");
    assert_eq!(moody.told(), releases(0..160));
}

/// It dies in the middle of a span and comes back in the middle of another pass.
#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_dies_on_the_way() {
    let server = support::server();
    let log = server.log("a");
    log.grow(200);
    let stage = stage(&log);
    let moody = Moody::new("moody");
    let mut stage = stage;
    stage.sinks.push(Arc::clone(&moody) as Arc<dyn AlertSink>);
    for limit in [80, 81, 120, 1_000] {
        moody.refuse(move |alert| alert.class == Class::Finding && index_of(alert) >= limit);
        stage.pass().await;
    }
    assert_eq!(moody.told(), releases(0..200));
}

/// One alert that a sink never takes while it takes others does not stand in their way, and is not forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn a_poisonous_alert() {
    let server = support::server();
    let log = server.log("a");
    log.grow(40);
    let mut stage = stage(&log);
    let moody = Moody::new("moody");
    stage.sinks.push(Arc::clone(&moody) as Arc<dyn AlertSink>);
    moody.refuse(|alert| alert.class == Class::Finding && index_of(alert) == 20);
    let mut expected: Vec<u64> = releases(0..40).into_iter().filter(|index| *index != 20).collect();
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).outcome, Outcome::Findings);
    assert_eq!(moody.told(), expected);
    let delivery = stage.kept(&log.origin()).state().unwrap().delivery["moody"].clone();
    assert_eq!((delivery.watermark, delivery.exceptions.len()), (40, 1));
    log.grow(8);
    stage.pass().await;
    expected.extend([40, 44]);
    assert_eq!(moody.told(), expected);
    moody.refuse(|_| false);
    stage.pass().await;
    expected.push(20);
    assert_eq!(moody.told(), expected, "tried again until it is taken");
    stage.pass().await;
    assert_eq!(moody.told(), expected);
    assert_eq!(
        stage.kept(&log.origin()).state().unwrap().delivery["moody"].exceptions,
        []
    );
}

/// A sink that is new starts at now: it is not told what others were told for years.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_sink() {
    let server = support::server();
    let log = server.log("a");
    log.grow(40);
    let mut stage = stage(&log);
    stage.pass().await;
    let moody = Moody::new("moody");
    stage.sinks.push(Arc::clone(&moody) as Arc<dyn AlertSink>);
    stage.pass().await;
    assert_eq!(moody.told(), Vec::<u64>::new());
    log.grow(40);
    stage.pass().await;
    assert_eq!(moody.told(), releases(40..80));
    assert_eq!(stage.alerts_of(Class::Finding).len(), 20);
}

/// A digest that was refused is owed as well: with the next pass the rest is told, none of it lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_digest() {
    let server = support::server();
    let log = server.log("a");
    log.grow(400);
    let mut stage = stage(&log);
    stage.limits(json!({ "max_alerts": 30 }));
    let moody = Moody::new("moody");
    stage.sinks = vec![Arc::clone(&moody) as Arc<dyn AlertSink>];
    moody.refuse(|alert| alert.class == Class::Digest);
    stage.pass().await;
    assert_eq!(moody.told(), releases(0..120));
    moody.refuse(|_| false);
    stage.pass().await;
    let taken = moody.taken.taken();
    let rest: u64 = taken
        .iter()
        .filter(|alert| alert.class == Class::Digest)
        .map(digest_count)
        .sum();
    let singles: BTreeSet<u64> = moody.told().into_iter().collect();
    assert_eq!(
        singles.len() as u64 + rest,
        100,
        "each finding is told by itself or in a digest"
    );
}

fn digest_count(alert: &Alert) -> u64 {
    let fact = alert
        .facts
        .iter()
        .find(|fact| fact.name == "matches not told one by one")
        .unwrap();
    fact.value.parse().unwrap()
}
