//! `scan --rule`: one rule, asked of what was scanned without it.
//!
//! The ranges are those that the receipts tell ([`super::past`]); each is read and proven as [`super::rescan`] does, a part
//! at a time. That a part was asked is recorded after what was found of it is written and, if the caller alerts, told: a
//! crash in between reads that part again, and tells the same findings under the same ids. The receipts are not touched.
//!
//! An epoch that was left by `restart` is read again only if its entries are those that the log has now: its last frontier
//! must lead to the head. What stood in a log that is gone cannot be asked any more, and is said to be lost.

use super::entry;
use super::past::{Past, PastEpoch};
use super::rescan::{self, Proven, Rescan};
use crate::environment::Environment;
use crate::lookback;
use crate::names::{self, LogFolder};
use crate::record::{self, AskedRange, Counts, Deployment, Document};
use crate::settings::LogKind;
use crate::trouble::{Fault, FaultClass, Outcome};
use crate::{LogSource, Store, Swap, WatchedLog};
use alerts::Finding;
use rules::{RuleSet, RuleSpec};
use sigstore::Authorities;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tlog::Hash;

/// Entries of a part: some seconds of reading. A part that was not recorded is read again.
const PART_ENTRIES: u64 = 262_144;

/// So often a lost swap of the inventory is tried again.
const MAX_SWAPS: usize = 8;

/// A log that a rule is being asked of.
pub struct LookingBack {
    rule: String,
    question: Hash,
    proven: Option<Proven>,
    /// What is still to be read, the oldest first.
    ahead: VecDeque<(LogFolder, u64, u64)>,
    /// What a part could not be read for; it is told after what was read of the part is recorded.
    stopped: Option<Fault>,
    back: LookedBack,
}

/// A part that was read and proven, and not recorded yet.
#[derive(Debug)]
pub struct Part {
    folder: LogFolder,
    from: u64,
    to: u64,
    counts: Counts,
    objects: Vec<String>,
}

/// What it came to.
#[derive(Debug, Clone)]
pub struct LookedBack {
    /// What was read and found, and why it ended before its end, if it did.
    pub rescan: Rescan,
    /// Entries of which it is recorded that they were asked.
    pub asked: u64,
    /// Entries that are left.
    pub left: u64,
    /// Epochs that stood in another log than the one that is there now, with the entries that cannot be asked any more.
    pub lost: Vec<(u32, u64)>,
}

/// Begins to ask a rule of the past of a log. Nothing is read yet but what proves the head. Signers of what is found are
/// judged by `authorities`, those of the trust in force.
///
/// # Errors
/// A fault if it could not be told; what does not verify is in the result.
pub async fn look_back(
    environment: Arc<Environment>,
    (rule, authorities): (&RuleSpec, Arc<Authorities>),
    log: WatchedLog,
    kind: LogKind,
    source: Arc<dyn LogSource>,
    past: Past,
) -> Result<LookingBack, Fault> {
    let question = rule.question().map_err(|error| crate::trouble::internal(&error))?;
    let rules = RuleSet::compile(vec![rule.clone()]).map_err(|problems| {
        let message = problems.first().map(ToString::to_string).unwrap_or_default();
        Fault::new(FaultClass::Configuration, &rule.name, message)
    })?;
    let mut back = LookedBack {
        rescan: Rescan::at(0),
        asked: 0,
        left: past.entries(),
        lost: Vec::new(),
    };
    let asked = (Arc::new(rules), authorities);
    let proven = rescan::open(environment, asked, log, kind, source, &mut back.rescan).await?;
    let mut ahead = VecDeque::new();
    if let Some(proven) = &proven {
        for epoch in &past.epochs {
            match stands(proven, epoch).await? {
                Stands::There => {
                    let ranges = epoch.wanted.iter();
                    ahead.extend(ranges.map(|(from, to)| (epoch.folder.clone(), from, to)));
                }
                Stands::Nowhere => {
                    let entries = epoch.unasked.entries();
                    back.lost.push((epoch.folder.epoch(), entries));
                    back.left = back.left.saturating_sub(entries);
                }
                Stands::Unknown => back.is_short(proven),
            }
        }
    }
    Ok(LookingBack {
        rule: rule.name.clone(),
        question,
        proven,
        ahead,
        stopped: None,
        back,
    })
}

/// Where the entries of an epoch stand.
enum Stands {
    /// In the log that is there now, at the same positions.
    There,
    /// In another log.
    Nowhere,
    /// The checkpoint that was served is too old to tell.
    Unknown,
}

/// Whether the log that is there now begins with the entries of this epoch. One that is smaller does not.
async fn stands(proven: &Proven, epoch: &PastEpoch) -> Result<Stands, Fault> {
    let Some(end) = &epoch.left_at else {
        return Ok(Stands::There);
    };
    let fits = end.size() <= proven.head.size;
    if fits && entry::leads_to(proven.source.as_ref(), end, proven.head).await? {
        return Ok(Stands::There);
    }
    Ok(if !fits && proven.is_stale {
        Stands::Unknown
    } else {
        Stands::Nowhere
    })
}

impl LookingBack {
    /// Reads the next part. Every finding is handed to `found` as soon as it is proven, with the name of the object that
    /// it was written to. `None` at the end, or where it goes no further; see [`LookedBack::rescan`].
    ///
    /// # Errors
    /// A fault if it could not be told. What was recorded stays.
    pub async fn next(&mut self, found: &mut dyn FnMut(Finding, &str)) -> Result<Option<Part>, Fault> {
        if let Some(fault) = self.stopped.take() {
            self.ahead.clear();
            return Err(fault);
        }
        let Some(proven) = &self.proven else { return Ok(None) };
        let Some((folder, from, end)) = self.ahead.pop_front() else {
            return Ok(None);
        };
        if from >= proven.head.size {
            self.ahead.clear();
            self.back.is_short(proven);
            return Ok(None);
        }
        let to = end.min(from.saturating_add(PART_ENTRIES)).min(proven.head.size);
        let rescan = &mut self.back.rescan;
        let counts = rescan.counts;
        let written = rescan.objects.len();
        rescan.reached = from;
        let read = proven.read(&folder, (from, to), rescan, found).await;
        let part = Part {
            folder: folder.clone(),
            from,
            to: rescan.reached,
            counts: beyond(rescan.counts, counts),
            objects: rescan.objects.iter().skip(written).cloned().collect(),
        };
        self.stopped = read.err();
        if part.to < to {
            self.ahead.clear();
        } else if to < end {
            self.ahead.push_front((folder, to, end));
        }
        match self.stopped.take_if(|_| part.to == from) {
            Some(fault) => Err(fault),
            None if part.to == from => Ok(None),
            None => Ok(Some(part)),
        }
    }

    /// Records that a part was asked.
    ///
    /// # Errors
    /// A fault if the store cannot be written: then the part is read again by the next scan.
    pub async fn record(&mut self, part: Part) -> Result<(), Fault> {
        let Some(proven) = &self.proven else { return Ok(()) };
        let entries = part.to.saturating_sub(part.from);
        let name = part.folder.asked(&self.question, part.from, part.to);
        let asked = AskedRange {
            schema: record::SCHEMA,
            log: proven.context.log.origin.clone(),
            epoch: part.folder.epoch(),
            from: part.from,
            to: part.to,
            rule: self.rule.clone(),
            question: self.question,
            head: proven.head,
            time: proven.context.now(),
            pass: proven.context.environment.pass.clone(),
            counts: part.counts,
            objects: part.objects,
        };
        proven.context.store().put_once(&name, &record::encode(&asked)).await?;
        self.back.asked = self.back.asked.saturating_add(entries);
        self.back.left = self.back.left.saturating_sub(entries);
        Ok(())
    }

    /// What it came to so far.
    #[must_use]
    pub fn looked(&self) -> &LookedBack {
        &self.back
    }
}

impl LookedBack {
    /// The log served an older checkpoint than the one that we know; what lies behind it waits for another scan.
    fn is_short(&mut self, proven: &Proven) {
        self.rescan.outcome = self.rescan.outcome.max(Outcome::Degraded);
        self.rescan.problem = Some(format!(
            "the log {} served a checkpoint of {} entries, which is older than our record; what lies behind it was not read",
            proven.context.log.origin, proven.head.size
        ));
    }
}

/// What was added since.
fn beyond(now: Counts, before: Counts) -> Counts {
    Counts {
        entries: now.entries.saturating_sub(before.entries),
        findings: now.findings.saturating_sub(before.findings),
        allowed: now.allowed.saturating_sub(before.allowed),
        quarantined: now.quarantined.saturating_sub(before.quarantined),
        awaiting: now.awaiting.saturating_sub(before.awaiting),
    }
}

/// Takes from the inventory what was asked: of each log, by origin, the entries that are left. `is_covered` says that
/// there was something to ask of, and that nothing of it is left.
///
/// # Errors
/// A fault if the store fails; then the rule stays listed, and another scan, which finds nothing to read, takes it off.
pub async fn take_off(
    store: &dyn Store,
    question: &Hash,
    left: &BTreeMap<String, u64>,
    is_covered: bool,
) -> Result<(), Fault> {
    for _ in 0..MAX_SWAPS {
        let Some(object) = store.read(names::DEPLOYMENT, Deployment::MAX_BYTES).await? else {
            return Ok(());
        };
        let mut deployment: Deployment = record::decode(names::DEPLOYMENT, &object.bytes)?;
        if !lookback::take_off(&mut deployment.lookback, question, left, is_covered) {
            return Ok(());
        }
        let bytes = record::encode(&deployment);
        match store.swap(names::DEPLOYMENT, Some(&object.version), &bytes).await? {
            Swap::Done(_) => return Ok(()),
            Swap::Lost => {}
        }
    }
    let message = format!(
        "{} changed under every one of {MAX_SWAPS} attempts to write it: what was asked is recorded, and the rule is still listed; run the same scan again",
        names::DEPLOYMENT
    );
    Err(Fault::new(FaultClass::Store, names::DEPLOYMENT, message))
}
