//! **verify**: the record of a whole store, checked again offline.
//!
//! Everything that the record claims is shown again from its bytes: the notes of all heads with the keys, that each head
//! extends the one before, that the receipts continue each other and lead to signed heads, that the objects they name
//! are there and hold what their hashes say, each finding's proof, each piece of evidence, and that the state is not
//! ahead of the record. It asks no log and writes nothing. What it cannot show is what only the log could: that the
//! entries between two frontiers were those that were scanned.

mod listing;
mod keys;
mod copies;
mod heads;
mod anchor;
mod published;
mod evidence;
mod span;
mod ledger;
mod unbegun;
mod history;

use crate::names::{self, LogFolder};
use crate::record::{self, Deployment, Start};
use crate::trouble::{Fault, FaultClass};
use crate::{Store, StoreErrorKind, check_name};
use anchor::{Tip, Tips};
use copies::Copies;
use keys::Keys;
use listing::{Below, Child};
use std::collections::BTreeMap;
use tlog::{Hash, VerifierKey};

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

    /// Notes something once.
    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// Checks the record of a store. `trusted` holds the keys of the logs that the configuration and the trusted root know;
/// what a key signed that they no longer know and that is on record is accepted, and noted.
///
/// # Errors
/// A fault if the store could not be read.
pub async fn audit(store: &dyn Store, trusted: &BTreeMap<String, Vec<VerifierKey>>) -> Result<Audit, Fault> {
    let mut desk = Desk {
        store,
        audit: Audit::default(),
        copies: Copies::default(),
    };
    let deployment = deployment(&mut desk).await?;
    let tips = Tips::read(&mut desk).await?;
    let outside = Outside {
        trusted,
        deployment,
        tips,
    };
    copies::check(&mut desk, outside.deployment.as_ref()).await?;
    let mut found: BTreeMap<String, u32> = BTreeMap::new();
    for folders in logs(store).await?.into_values() {
        if let [folder] = folders.as_slice()
            && let Some(log) = unbegun::log_of(store, folder, outside.deployment.as_ref()).await?
        {
            unbegun::check(&mut desk, &outside, &log).await?;
        } else {
            found.extend(history::check(&mut desk, &outside, &folders).await?);
        }
    }
    history::check_absent(&mut desk, &outside, &found).await?;
    let audit = desk.audit;
    if outside.deployment.is_none() && audit.epochs.is_empty() && audit.defects.len() == 1 {
        let place = store.place();
        let message = format!("{place} holds no record: nothing was verified. Name the right store with --store");
        return Err(Fault {
            class: FaultClass::Record,
            message,
            object: Some(place),
        });
    }
    Ok(audit)
}

/// What every check has at hand, and what it found.
struct Desk<'a> {
    store: &'a dyn Store,
    audit: Audit,
    copies: Copies,
}

/// What stands outside of the record and says what must be on it. It is read before the record.
struct Outside<'a> {
    trusted: &'a BTreeMap<String, Vec<VerifierKey>>,
    deployment: Option<Deployment>,
    tips: BTreeMap<String, Tip>,
}

/// One epoch of one log.
struct Epoch<'a> {
    folder: &'a LogFolder,
    start: &'a Start,
    /// SHA-256 of the bytes of the start, with which the chain of receipts begins.
    hash: Hash,
    keys: &'a Keys,
}

/// What an object holds.
enum Content {
    Bytes(Vec<u8>),
    /// Nothing that can be read; a defect says why.
    Unfit,
    Missing,
}

impl Desk<'_> {
    /// The bytes of an object.
    async fn content(&mut self, name: &str, max_bytes: usize) -> Result<Content, Fault> {
        match self.store.read(name, max_bytes).await {
            Ok(Some(object)) => Ok(Content::Bytes(object.bytes)),
            Ok(None) => Ok(Content::Missing),
            Err(error) if matches!(error.kind, StoreErrorKind::TooLarge { .. } | StoreErrorKind::BadName) => {
                self.audit.defect(name, error.kind.to_string());
                Ok(Content::Unfit)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// An object that is there and can be read, with its bytes; what cannot be read is a defect.
    async fn read<T: record::Document>(&mut self, name: &str) -> Result<Option<(T, Vec<u8>)>, Fault> {
        let Content::Bytes(bytes) = self.content(name, T::MAX_BYTES).await? else {
            return Ok(None);
        };
        match record::decode(name, &bytes) {
            Ok(document) => Ok(Some((document, bytes))),
            Err(fault) => {
                self.audit.defect(name, fault.message);
                Ok(None)
            }
        }
    }

    /// Whether there is an object of this name, whatever it holds.
    async fn exists(&self, name: &str) -> Result<bool, Fault> {
        if !check_name(name) {
            return Ok(false);
        }
        let first = self.store.list(name, name, 1).await?.pop();
        Ok(first.is_some_and(|first| first == name))
    }
}

async fn deployment(desk: &mut Desk<'_>) -> Result<Option<Deployment>, Fault> {
    let Some((deployment, _)) = desk.read::<Deployment>(names::DEPLOYMENT).await? else {
        desk.audit.defect(
            names::DEPLOYMENT,
            "is missing or unreadable: nobody can say which logs were to be watched",
        );
        return Ok(None);
    };
    evidence::check_conditions(desk, names::DEPLOYMENT, &deployment.conditions).await?;
    Ok(Some(deployment))
}

/// The folders below `audit/` that are logs, by log; those of a log in the order of their epochs.
async fn logs(store: &dyn Store) -> Result<BTreeMap<String, Vec<String>>, Fault> {
    let mut logs: BTreeMap<String, Vec<(u32, String)>> = BTreeMap::new();
    let mut below = Below::new(store, "audit/");
    while let Some(child) = below.next().await? {
        let (Child::Folder(name) | Child::Object(name)) = child;
        if name == "config" || name == "trust" || name == "ledgers" {
            continue;
        }
        let (log, epoch) = name.split_once('~').unwrap_or((&name, "1"));
        let epoch = epoch.parse().unwrap_or(u32::MAX);
        logs.entry(log.to_owned()).or_default().push((epoch, name.clone()));
    }
    let ordered = |mut epochs: Vec<(u32, String)>| {
        epochs.sort();
        epochs.into_iter().map(|(_, folder)| folder).collect()
    };
    Ok(logs.into_iter().map(|(log, epochs)| (log, ordered(epochs))).collect())
}
