//! The heads of an epoch: every note authentic, each head shown to extend the one before.

use super::{Audit, PAGE, readable};
use crate::Store;
use crate::names::{self, LogFolder};
use crate::record::{CheckpointRecord, HeadRef, Start};
use crate::trouble::Fault;
use std::collections::BTreeMap;
use tlog::{Hash, SignedCheckpoint, VerifierKey};

/// The heads that hold: sizes, and the root of each.
pub(super) struct Heads {
    roots: BTreeMap<u64, Hash>,
}

impl Heads {
    pub(super) async fn read(
        store: &dyn Store,
        folder: &LogFolder,
        start: &Start,
        keys: &[VerifierKey],
        audit: &mut Audit,
    ) -> Result<Self, Fault> {
        let mut heads = Self { roots: BTreeMap::new() };
        let mut from = folder.checkpoints();
        loop {
            let page = store.list(&folder.checkpoints(), &from, PAGE).await?;
            for name in &page {
                heads.head(store, name, start, keys, audit).await?;
            }
            match page.last().filter(|_| page.len() == PAGE) {
                Some(last) => from = format!("{last}~"),
                None => break,
            }
        }
        if !heads.holds(start.head) {
            let name = folder.checkpoint(start.head.size, &start.head.root);
            audit.defect(
                &name,
                "is missing or does not hold, and it is the head that the epoch began with",
            );
        }
        Ok(heads)
    }

    /// Whether this is a head that holds.
    pub(super) fn holds(&self, head: HeadRef) -> bool {
        self.roots.get(&head.size) == Some(&head.root)
    }

    pub(super) fn newest(&self) -> u64 {
        self.roots.last_key_value().map_or(0, |(size, _)| *size)
    }

    pub(super) fn count(&self) -> u64 {
        self.roots.len() as u64
    }

    async fn head(
        &mut self,
        store: &dyn Store,
        name: &str,
        start: &Start,
        keys: &[VerifierKey],
        audit: &mut Audit,
    ) -> Result<(), Fault> {
        let Some((record, _)) = readable::<CheckpointRecord>(store, name, audit).await? else {
            return Ok(());
        };
        match self.check(name, &record, start, keys) {
            Ok(()) => {
                self.roots.insert(record.size, record.root);
            }
            Err(what) => audit.defect(name, what),
        }
        Ok(())
    }

    fn check(&self, name: &str, record: &CheckpointRecord, start: &Start, keys: &[VerifierKey]) -> Result<(), String> {
        if names::position(name) != Some(record.size) || !name.ends_with(&format!("-{}.json", record.root)) {
            return Err("its name is not that of its size and root".to_owned());
        }
        let signed = SignedCheckpoint::open(record.note.as_bytes(), &start.log, keys)
            .map_err(|error| format!("its note does not verify: {error}"))?;
        if signed.size() != record.size
            || signed.root() != record.root
            || record.epoch != start.epoch
            || record.log != start.log
        {
            return Err("its note signs something else than its fields say".to_owned());
        }
        if let Some(root) = self.roots.get(&record.size) {
            return Err(format!(
                "two heads of size {} are on record: the other root is {root}",
                record.size
            ));
        }
        if record.head() == start.head {
            return Ok(());
        }
        self.follows(record)
    }

    fn follows(&self, record: &CheckpointRecord) -> Result<(), String> {
        let (Some(previous), Some(proof)) = (record.previous, &record.proof) else {
            return Err("no proof shows that it extends the head before it".to_owned());
        };
        if !self.holds(previous) {
            let folder = LogFolder::new(&record.log, record.epoch);
            let name = folder.checkpoint(previous.size, &previous.root);
            return Err(format!("{name}, the head that it extends, is missing or does not hold"));
        }
        let newest = self.newest();
        if previous.size != newest {
            return Err(format!(
                "it extends the head of size {}, past the one of size {newest} between them",
                previous.size
            ));
        }
        let smaller = proof.frontier.size() == previous.size && proof.frontier.root() == previous.root;
        let larger = proof.frontier.root_with(&proof.rest, record.size).ok() == Some(record.root);
        if smaller && larger {
            Ok(())
        } else {
            Err("its proof does not show that it extends the head before it".to_owned())
        }
    }
}
