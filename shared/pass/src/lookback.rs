//! Rules that come into force behind entries that were read already: which they are, since when, and what is said of them.
//!
//! A pass asks its rules of what it reads. A rule that is new was not asked of what was read before, and says nothing of
//! it: that is told until a `scan --rule` has asked it. What is new is found when another configuration comes into force,
//! from the copy of the one before, and kept in the inventory: a pass over quiet logs asks the store for nothing more.
//! Where nobody can tell what was in force before (no copy, or one that cannot be read) nothing is claimed; the receipts,
//! which `scan --rule` reads, know better.

mod told;
mod merge;

pub(crate) use merge::{merge, take_off};
pub(crate) use told::told;

use crate::coverage::Coverage;
use crate::environment::Environment;
use crate::names::LogFolder;
use crate::ranges::Ranges;
use crate::record::{self, Deployment, Document, LogState, Lookback, Unasked, WithoutPast};
use crate::trouble::{Fault, FaultClass};
use crate::{Store, StoreErrorKind};
use rules::RuleSpec;
use std::collections::{BTreeMap, BTreeSet};
use tlog::Hash;

/// Names asked for in one listing.
const PAGE: usize = 1_000;

/// Notes which rules came into force with this configuration, and what had been read by then; the questions of those.
/// `before` are the rules of the one before, if anybody can tell.
pub(crate) async fn note(
    environment: &Environment,
    deployment: &mut Deployment,
    before: Option<&[RuleSpec]>,
    rules: &[RuleSpec],
) -> Result<BTreeSet<Hash>, Fault> {
    let asked = questions(rules);
    keep(&mut deployment.lookback, &asked);
    let Some(before) = before else {
        return Ok(BTreeSet::new());
    };
    let known: BTreeSet<Hash> = questions(before).into_iter().map(|(question, _)| question).collect();
    let mut new = BTreeSet::new();
    let fresh = asked.iter().filter(|(question, _)| !known.contains(question));
    let fresh: Vec<&(Hash, &str)> = fresh.filter(|(question, _)| new.insert(*question)).collect();
    if fresh.is_empty() {
        return Ok(new);
    }
    let (store, now) = (environment.store.as_ref(), environment.clock.now());
    let read = read_so_far(store, deployment).await?;
    let lookback = &mut deployment.lookback;
    lookback.rules.retain(|rule| !new.contains(&rule.question));
    for (question, name) in fresh {
        if lookback.rules.len() >= Lookback::MAX_NAMED {
            lookback.more = lookback.more.saturating_add(u64::from(!read.is_empty()));
            continue;
        }
        let logs = left(store, question, &read).await?;
        if !logs.is_empty() {
            lookback.rules.push(WithoutPast {
                name: (*name).to_owned(),
                question: *question,
                since: now,
                logs,
            });
        }
    }
    Ok(new)
}

/// What the rules ask, with their names. A rule that cannot be written cannot be in force.
fn questions(rules: &[RuleSpec]) -> Vec<(Hash, &str)> {
    let question = |rule: &RuleSpec| rule.question().ok();
    let rules = rules
        .iter()
        .filter_map(|rule| question(rule).map(|question| (question, rule.name.as_str())));
    rules.collect()
}

/// Forgets rules that are in force no longer, and takes over new names.
fn keep(lookback: &mut Lookback, asked: &[(Hash, &str)]) {
    if lookback.is_empty() {
        return;
    }
    let names: BTreeMap<Hash, &str> = asked.iter().rev().copied().collect();
    lookback.rules.retain_mut(|rule| {
        let name = names.get(&rule.question);
        if let Some(name) = name {
            (*name).clone_into(&mut rule.name);
        }
        name.is_some()
    });
    let others = names.len().saturating_sub(lookback.rules.len());
    lookback.more = lookback.more.min(u64::try_from(others).unwrap_or(u64::MAX));
}

/// What was read of a log so far.
struct Read {
    log: String,
    /// The folder of its epoch, and where that begins; `None` where its state cannot be read.
    epoch: Option<(LogFolder, u64)>,
    upto: u64,
}

/// What was read of each log of which anything was read. A state that is gone or damaged is the trouble of its log, and
/// stands for something that was read.
async fn read_so_far(store: &dyn Store, deployment: &Deployment) -> Result<Vec<Read>, Fault> {
    let mut all = Vec::new();
    let begun = deployment
        .logs
        .iter()
        .filter(|(_, listed)| listed.begun && !listed.is_server());
    for (log, _) in begun {
        let progress = state(store, log).await?.and_then(|state| state.progress);
        let (epoch, upto) = match progress {
            Some(progress) if progress.cursor.position() <= progress.start => continue,
            Some(progress) => {
                let folder = LogFolder::new(log, progress.epoch);
                (Some((folder, progress.start)), progress.cursor.position())
            }
            None => (None, 0),
        };
        all.push(Read {
            log: log.clone(),
            epoch,
            upto,
        });
    }
    Ok(all)
}

async fn state(store: &dyn Store, log: &str) -> Result<Option<LogState>, Fault> {
    let name = LogFolder::new(log, 1).state();
    let object = match store.read(&name, LogState::MAX_BYTES).await {
        Err(error) if matches!(error.kind, StoreErrorKind::TooLarge { .. }) => None,
        read => read?,
    };
    let state = object.map(|object| record::decode(&name, &object.bytes));
    match state.transpose() {
        Err(fault) if fault.class == FaultClass::Record => Ok(None),
        state => state,
    }
}

/// What of it a rule was not asked of by an earlier scan either.
async fn left(store: &dyn Store, question: &Hash, read: &[Read]) -> Result<BTreeMap<String, Unasked>, Fault> {
    let mut logs = BTreeMap::new();
    for Read { log, epoch, upto } in read {
        let entries = match epoch {
            Some((folder, start)) => {
                let all: Ranges = [(*start, *upto)].into_iter().collect();
                let left = all.without(&asked_before(store, question, folder).await?).entries();
                if left == 0 {
                    continue;
                }
                left
            }
            None => 0,
        };
        logs.insert(log.clone(), Unasked { upto: *upto, entries });
    }
    Ok(logs)
}

/// The ranges of an epoch that a rule was asked of by scans, as the names of their objects say: who may list them need not
/// be allowed to read them.
pub(crate) async fn asked_before(store: &dyn Store, question: &Hash, folder: &LogFolder) -> Result<Ranges, Fault> {
    let (prefix, mut ranges) = (folder.all_asked(question), Ranges::default());
    let mut from = prefix.clone();
    loop {
        let page = store.list(&prefix, &from, PAGE).await?;
        for name in &page {
            if let Some((from, to)) = crate::names::range(name) {
                ranges.add(from, to);
            }
        }
        match page.last().filter(|_| page.len() == PAGE) {
            // `~` is greater than every byte that ends a name.
            Some(last) => from = format!("{last}~"),
            None => return Ok(ranges),
        }
    }
}

/// Whether a log is to be watched; a shard is where its server is.
pub(crate) fn is_watched(coverage: &Coverage, deployment: &Deployment, log: &str) -> bool {
    let listed = deployment.logs.get(log).and_then(|listed| listed.shard.as_ref());
    let server = listed.map(|shard| shard.server.as_str());
    let mut watched = coverage.watched.iter().map(|log| log.origin.as_str());
    watched.any(|origin| origin == log || Some(origin) == server)
}
