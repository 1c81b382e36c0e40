//! **verify**: the record of a whole store, checked again offline.
//!
//! Everything that the record claims is shown again from its bytes: the notes of all heads with the keys, that each head
//! extends the one before, that the receipts continue each other and lead to signed heads, that the objects they name
//! are there and hold what their hashes say, each finding's proof, each piece of evidence, and that the state is not
//! ahead of the record. It asks no log and writes nothing. What it cannot show is what only the log could: that the
//! entries between two frontiers were those that were scanned.

mod heads;
mod objects;
mod unbegun;
mod claim;
mod ledger;

use crate::Store;
use crate::names::{self, LogFolder};
use crate::record::{self, Deployment, LogState, Start};
use crate::trouble::{Fault, FaultClass};
use claim::Claim;
use heads::Heads;
use std::collections::BTreeMap;
use tlog::{Hash, VerifierKey};

/// Names asked for in one listing.
const PAGE: usize = 1_000;

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// The object, or the name that it should have.
    pub object: String,
    /// What is wrong with it.
    pub what: String,
}

/// One epoch of a log, as the record shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EpochAudit {
    /// The log.
    pub log: String,
    /// The epoch, from 1.
    pub epoch: u32,
    /// The size of the newest head.
    pub head: u64,
    /// How many heads were accepted.
    pub heads: u64,
    /// Where watching began.
    pub from: u64,
    /// Up to where it is proven.
    pub to: u64,
    /// How many spans.
    pub receipts: u64,
    /// How many findings, allowed ones included.
    pub findings: u64,
    /// How many of them carry a proof that was checked.
    pub proofs: u64,
    /// How many undecodable leaves.
    pub quarantined: u64,
    /// How many pieces of evidence.
    pub evidence: u64,
}

/// What the record shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Every epoch of every log.
    pub epochs: Vec<EpochAudit>,
    /// What is wrong; nothing, if the record is whole.
    pub defects: Vec<Defect>,
    /// What is worth knowing and not wrong.
    pub notes: Vec<String>,
    /// Every rule set that receipts name, with the first receipt that does. That the copies of the configuration still
    /// hold them is for the caller to check, who can read a configuration.
    pub rule_sets: BTreeMap<Hash, String>,
}

impl Audit {
    /// Adds what is wrong with an object.
    pub fn defect(&mut self, object: &str, what: impl Into<String>) {
        self.defects.push(Defect {
            object: object.to_owned(),
            what: what.into(),
        });
    }
}

/// Checks the record of a store. `trusted` holds the keys of the logs that the configuration and the trusted root know;
/// a log that they no longer know is checked with the keys on record, and noted.
///
/// # Errors
/// A fault if the store could not be read.
pub async fn audit(store: &dyn Store, trusted: &BTreeMap<String, Vec<VerifierKey>>) -> Result<Audit, Fault> {
    let mut audit = Audit::default();
    let deployment = deployment(store, &mut audit).await?;
    objects::check_copies(store, deployment.as_ref(), &mut audit).await?;
    let mut found: BTreeMap<String, u32> = BTreeMap::new();
    for folder in folders(store).await? {
        if let Some(log) = unbegun::log_of(store, &folder, deployment.as_ref()).await? {
            unbegun::check(store, trusted, &log, &mut audit).await?;
            continue;
        }
        let Some(start) = start(store, &folder, &mut audit).await? else {
            continue;
        };
        let folder = LogFolder::new(&start.log, start.epoch);
        let newest = found.entry(start.log.clone()).or_default();
        if start.epoch != *newest + 1 {
            audit.defect(
                &LogFolder::new(&start.log, *newest + 1).start(),
                "is missing: an epoch of this log is gone",
            );
        }
        *newest = start.epoch.max(*newest);
        let keys = keys(store, trusted, &start.log, &mut audit).await?;
        epoch(store, &folder, &start, &keys, &mut audit).await?;
    }
    if deployment.is_none() && found.is_empty() && audit.epochs.is_empty() && audit.defects.len() == 1 {
        let place = store.place();
        let message = format!("{place} holds no record: nothing was verified. Name the right store with --store");
        return Err(Fault {
            class: FaultClass::Record,
            message,
            object: Some(place),
        });
    }
    missing(store, deployment.as_ref(), &found, &mut audit).await?;
    Ok(audit)
}

async fn deployment(store: &dyn Store, audit: &mut Audit) -> Result<Option<Deployment>, Fault> {
    match readable::<Deployment>(store, names::DEPLOYMENT, audit).await? {
        Some((deployment, _)) => Ok(Some(deployment)),
        None => {
            audit.defect(
                names::DEPLOYMENT,
                "is missing or unreadable: nobody can say which logs were to be watched",
            );
            Ok(None)
        }
    }
}

/// An object that is there and can be read, with its bytes; what cannot be read is a defect.
async fn readable<T: record::Document>(
    store: &dyn Store,
    name: &str,
    audit: &mut Audit,
) -> Result<Option<(T, Vec<u8>)>, Fault> {
    let object = match store.read(name, T::MAX_BYTES).await {
        Ok(object) => object,
        Err(error) if matches!(error.kind, crate::StoreErrorKind::TooLarge { .. }) => {
            audit.defect(name, error.kind.to_string());
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let Some(object) = object else { return Ok(None) };
    match record::decode(name, &object.bytes) {
        Ok(document) => Ok(Some((document, object.bytes))),
        Err(fault) => {
            audit.defect(name, fault.message);
            Ok(None)
        }
    }
}

/// The folders below `audit/` that are logs, in order.
async fn folders(store: &dyn Store) -> Result<Vec<String>, Fault> {
    let mut folders = Vec::new();
    let mut from = "audit/".to_owned();
    while let Some(name) = store.list("audit/", &from, 1).await?.pop() {
        let folder = name.split('/').nth(1).unwrap_or_default().to_owned();
        // `0` follows `/`: the next name after everything in this folder.
        from = format!("audit/{folder}0");
        if folder != "config" && folder != "trust" {
            folders.push(folder);
        }
    }
    folders.sort_by_key(|folder| {
        folder.split_once('~').map_or((folder.clone(), 1), |(log, epoch)| {
            (log.to_owned(), epoch.parse::<u32>().unwrap_or(u32::MAX))
        })
    });
    Ok(folders)
}

async fn start(store: &dyn Store, folder: &str, audit: &mut Audit) -> Result<Option<Start>, Fault> {
    let name = format!("audit/{folder}/start.json");
    let Some((start, _)) = readable::<Start>(store, &name, audit).await? else {
        audit.defect(
            &name,
            "is missing or unreadable: nobody can say where this record begins",
        );
        return Ok(None);
    };
    if LogFolder::new(&start.log, start.epoch).to_string() != folder {
        audit.defect(
            &name,
            format!(
                "is the start of the log {} in epoch {}, in a folder of another name",
                start.log, start.epoch
            ),
        );
        return Ok(None);
    }
    Ok(Some(start))
}

async fn keys(
    store: &dyn Store,
    trusted: &BTreeMap<String, Vec<VerifierKey>>,
    log: &str,
    audit: &mut Audit,
) -> Result<Vec<VerifierKey>, Fault> {
    if let Some(keys) = trusted.get(log).filter(|keys| !keys.is_empty()) {
        return Ok(keys.clone());
    }
    audit.notes.push(format!(
        "the configuration does not know the log {log}; it is checked with the keys on record"
    ));
    objects::recorded_keys(store, log).await
}

async fn epoch(
    store: &dyn Store,
    folder: &LogFolder,
    start: &Start,
    keys: &[VerifierKey],
    audit: &mut Audit,
) -> Result<(), Fault> {
    let state = readable::<LogState>(store, &folder.state(), audit)
        .await?
        .map(|(state, _)| state);
    let heads = Heads::read(store, folder, start, keys, audit).await?;
    let mut summary = EpochAudit {
        log: start.log.clone(),
        epoch: start.epoch,
        head: heads.newest(),
        heads: heads.count(),
        from: start.frontier.size(),
        ..EpochAudit::default()
    };
    let next = next_start(store, folder).await?;
    let claim = match &next {
        Some(next) => Claim::of_next(next),
        None => state.as_ref().and_then(|state| Claim::of_state(folder, state)),
    };
    ledger::check(store, folder, start, &heads, keys, claim.as_ref(), &mut summary, audit).await?;
    let restart = next.as_ref().and_then(|next| next.restart.as_ref());
    for name in restart.iter().flat_map(|restart| &restart.evidence) {
        let by = folder.with_epoch(folder.epoch() + 1).start();
        objects::check_named(store, &by, name, audit).await?;
    }
    objects::check_evidence(store, folder, keys, &mut summary, audit).await?;
    audit.epochs.push(summary);
    Ok(())
}

/// How the epoch after this one began. What is wrong with it is said when its turn comes.
async fn next_start(store: &dyn Store, folder: &LogFolder) -> Result<Option<Start>, Fault> {
    let name = folder.with_epoch(folder.epoch() + 1).start();
    let object = match store.read(&name, <Start as record::Document>::MAX_BYTES).await {
        Ok(object) => object,
        Err(error) if matches!(error.kind, crate::StoreErrorKind::TooLarge { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(object.and_then(|object| record::decode(&name, &object.bytes).ok()))
}

/// What the inventory or a state says should be there.
async fn missing(
    store: &dyn Store,
    deployment: Option<&Deployment>,
    found: &BTreeMap<String, u32>,
    audit: &mut Audit,
) -> Result<(), Fault> {
    let listed = deployment.map(|deployment| &deployment.logs);
    for (log, listed) in listed.into_iter().flatten() {
        let folder = LogFolder::new(log, 1);
        let state = readable::<LogState>(store, &folder.state(), audit)
            .await?
            .map(|(state, _)| state);
        if let Some(state) = &state {
            check_state(store, &folder, log, state, audit).await?;
        }
        let epoch = state.and_then(|state| state.progress).map(|progress| progress.epoch);
        let newest = found.get(log).copied().unwrap_or(0);
        if newest == 0 && (listed.begun || epoch.is_some()) {
            audit.defect(
                &folder.start(),
                "is missing: this log was begun, and its record is gone",
            );
        } else if epoch.is_some_and(|epoch| epoch > newest) {
            audit.defect(
                &folder.with_epoch(newest + 1).start(),
                format!("is missing: {} knows this epoch", folder.state()),
            );
        } else if newest > 0 && epoch.is_none() {
            audit.notes.push(format!(
                "{} is missing; the next pass rebuilds it from the record",
                folder.state()
            ));
        }
    }
    Ok(())
}

/// What a state says beside its cursor and its head: whose it is, and what its conditions refer to.
async fn check_state(
    store: &dyn Store,
    folder: &LogFolder,
    log: &str,
    state: &LogState,
    audit: &mut Audit,
) -> Result<(), Fault> {
    if state.log != log {
        audit.defect(&folder.state(), format!("is the state of the log {}", state.log));
    }
    let objects = state
        .conditions
        .iter()
        .filter_map(|condition| condition.object.as_ref());
    for name in objects.filter(|name| name.starts_with("audit/")) {
        objects::check_named(store, &folder.state(), name, audit).await?;
    }
    Ok(())
}
