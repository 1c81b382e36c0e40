//! What must be true of a world once it is quiet, whatever broke before.

use super::leaves::{self, ORIGIN};
use super::served::Served;
use super::world::{SINKS, World, now};
use alerts::{Alert, Class, Phase};
use pass::record::{Receipt, Start};
use pass::{Audit, Outcome, PassReport};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tlog::{Hash, VerifierKey};

/// Honest passes until nothing changes any more; returns the last report.
pub(crate) fn quiet(world: &World, served: &Arc<Served>) -> PassReport {
    let mut before = None;
    for _ in 0..8 {
        let report = world.honest(served);
        let now = (world.store.objects(), world.taken(0).len(), world.taken(1).len());
        if before.as_ref() == Some(&now) {
            return report;
        }
        before = Some(now);
    }
    panic!("the world does not come to rest");
}

/// The record, checked as `verify` does.
pub(crate) fn audit(world: &World) -> Audit {
    let key = VerifierKey::from_vkey(&leaves::log(0).vkey()).unwrap();
    let keys = BTreeMap::from([(ORIGIN.to_owned(), vec![key])]);
    now(pass::audit(world.store.as_ref(), &keys)).unwrap()
}

/// What a world should have come to.
#[derive(Clone)]
pub(crate) struct Expect {
    /// Where its watching began.
    pub(crate) start: u64,
    /// Up to where it should have read.
    pub(crate) end: u64,
    /// What a quiet pass comes to.
    pub(crate) outcome: Outcome,
    /// The ids of all findings, those of earlier epochs included.
    pub(crate) findings: BTreeSet<String>,
}

impl Expect {
    /// `[start, end)` of the log of these tests, and nothing amiss.
    pub(crate) fn clean(start: u64, end: u64) -> Self {
        Self {
            start,
            end,
            outcome: Outcome::Clean,
            findings: leaves::expected(&leaves::log(end), start, end),
        }
    }

    /// The same with another outcome.
    pub(crate) fn but(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }
}

/// Everything that must hold of a quiet world whose findings were told one by one.
pub(crate) fn check(world: &World, report: &PassReport, expect: &Expect, what: &str) {
    whole(world, report, expect, what);
    for sink in 0..SINKS.len() {
        told(world, sink, &expect.findings, what);
        told_once(&world.taken(sink), what);
    }
}

/// The record is whole and covers everything, nothing moved back, and the outcome is as expected.
pub(crate) fn whole(world: &World, report: &PassReport, expect: &Expect, what: &str) {
    assert_eq!(report.outcome(), expect.outcome, "{what}: {report:?}");
    assert_eq!(world.onward.wrong(), [""; 0], "{what}");
    let audit = audit(world);
    assert_eq!(audit.defects, [], "{what}");
    assert_eq!(audit.notes, [""; 0], "{what}");
    covered(world, expect, what);
    let (_, cursor) = world.place();
    assert_eq!(cursor, expect.end, "{what}");
    published(world, what);
}

/// The receipts of the newest epoch, read here once more: one chain without gap or overlap.
fn covered(world: &World, expect: &Expect, what: &str) {
    let objects = world.store.objects();
    let epoch = world.state().and_then(|state| state.progress).unwrap().epoch;
    let folder = pass::names::LogFolder::new(ORIGIN, epoch);
    let bytes = &objects[&folder.start()];
    let start: Start = serde_json::from_slice(bytes).unwrap();
    let (mut at, mut tip) = (start.frontier.size(), Hash::of(bytes));
    assert_eq!(at, expect.start, "{what}");
    for (name, bytes) in objects.iter().filter(|(name, _)| name.starts_with(&folder.receipts())) {
        let receipt: Receipt = serde_json::from_slice(bytes).unwrap();
        assert_eq!((receipt.from, receipt.previous), (at, tip), "{what}: {name}");
        (at, tip) = (receipt.to, Hash::of(bytes));
    }
    assert_eq!(at, expect.end, "{what}");
}

/// What others are shown is what the state says.
fn published(world: &World, what: &str) {
    let objects = world.store.objects();
    let progress = world.state().and_then(|state| state.progress).unwrap();
    let tips: serde_json::Value = serde_json::from_slice(&objects[pass::names::TIP]).unwrap();
    let tip = &tips["logs"][ORIGIN];
    assert_eq!(tip["head"], serde_json::json!(progress.head), "{what}");
    assert_eq!(tip["tip"], serde_json::json!(progress.cursor.tip), "{what}");
    let folder = pass::names::LogFolder::new(ORIGIN, progress.epoch);
    let note = String::from_utf8(objects[&folder.public_checkpoint()].clone()).unwrap();
    let head = format!("{ORIGIN}\n{}\n{}\n", progress.head.size, progress.head.root.to_base64());
    assert!(
        note.starts_with(&head),
        "{what}: {note} is not that of {:?}",
        progress.head
    );
}

/// Every finding that there is was told to a sink, and none that there is not.
pub(crate) fn told(world: &World, sink: usize, expected: &BTreeSet<String>, what: &str) {
    let taken = world.taken(sink);
    let told = taken.iter().filter(|alert| alert.class == Class::Finding);
    let told: BTreeSet<String> = told.map(|alert| alert.id.clone()).collect();
    let lost: Vec<_> = expected.difference(&told).collect();
    let invented: Vec<_> = told.difference(expected).collect();
    assert!(
        lost.is_empty(),
        "{what}: {} lost findings of {}",
        lost.len(),
        SINKS[sink]
    );
    assert!(invented.is_empty(), "{what}: {} findings that are none", invented.len());
}

/// The same thing was never told under two ids.
pub(crate) fn told_once(taken: &[Alert], what: &str) {
    told_once_of(taken, |_| true, what);
}

/// The same of the classes that are asked for.
pub(crate) fn told_once_of(taken: &[Alert], of: impl Fn(Class) -> bool, what: &str) {
    let mut ids = BTreeMap::new();
    for alert in taken
        .iter()
        .filter(|alert| alert.class != Class::Finding && alert.phase != Phase::Reminder && of(alert.class))
    {
        let same = (alert.class, alert.phase, alert.log.clone(), alert.title.clone());
        let first = ids.entry(same).or_insert_with(|| alert.id.clone());
        assert_eq!(*first, alert.id, "{what}: told under another id: {}", alert.title);
    }
}
