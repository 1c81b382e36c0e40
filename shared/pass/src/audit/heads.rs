//! The heads of an epoch: every note authentic, each head shown to extend the one before.

use super::listing::Names;
use super::{Audit, Desk, Epoch};
use crate::names;
use crate::record::{CheckpointRecord, HeadRef};
use crate::trouble::Fault;
use std::collections::BTreeMap;
use tlog::Hash;

/// The heads that hold: sizes, and the root of each.
#[derive(Default)]
pub(super) struct Heads {
    roots: BTreeMap<u64, Hash>,
}

/// Heads whose objects may not have been put yet, because a pass was cut off or is under way.
#[derive(Default)]
pub(super) struct Carried<'a> {
    /// The first head, in the start of an epoch that the state does not know.
    pub(super) first: Option<&'a CheckpointRecord>,
    /// The newest head, in the state.
    pub(super) newest: Option<&'a CheckpointRecord>,
}

impl Heads {
    pub(super) async fn read(desk: &mut Desk<'_>, epoch: &Epoch<'_>, carried: &Carried<'_>) -> Result<Self, Fault> {
        let mut heads = Self::default();
        heads.carry(carried.first, epoch, &mut desk.audit);
        let mut names = Names::new(desk.store, epoch.folder.checkpoints());
        while let Some(page) = names.page().await? {
            for name in &page {
                heads.head(desk, name, epoch).await?;
            }
        }
        heads.carry(carried.newest, epoch, &mut desk.audit);
        let first = epoch.start.head;
        if !heads.holds(first) {
            desk.audit.defect(
                &epoch.folder.checkpoint(first.size, &first.root),
                "is missing or does not hold, and it is the head that the epoch began with",
            );
        }
        Ok(heads)
    }

    /// Whether this is a head that holds.
    pub(super) fn holds(&self, head: HeadRef) -> bool {
        self.roots.get(&head.size) == Some(&head.root)
    }

    /// The root at a size that a head has.
    pub(super) fn root(&self, size: u64) -> Option<Hash> {
        self.roots.get(&size).copied()
    }

    pub(super) fn newest(&self) -> u64 {
        self.roots.last_key_value().map_or(0, |(size, _)| *size)
    }

    pub(super) fn count(&self) -> u64 {
        self.roots.len() as u64
    }

    /// Whether this is a head that holds, perhaps one that a pass has put since the heads were listed.
    pub(super) async fn confirm(
        &mut self,
        desk: &mut Desk<'_>,
        epoch: &Epoch<'_>,
        head: HeadRef,
    ) -> Result<bool, Fault> {
        let mut late = vec![head];
        while let Some(last) = late.last().copied().filter(|last| !self.holds(*last)) {
            if last.size <= self.newest() {
                return Ok(false);
            }
            let name = epoch.folder.checkpoint(last.size, &last.root);
            let record = desk.read::<CheckpointRecord>(&name).await?;
            match record.and_then(|(record, _)| record.previous) {
                Some(previous) if previous.size < last.size => late.push(previous),
                _ => return Ok(false),
            }
        }
        while let Some(next) = late.pop() {
            if !self.holds(next) {
                let name = epoch.folder.checkpoint(next.size, &next.root);
                self.head(desk, &name, epoch).await?;
            }
        }
        Ok(self.holds(head))
    }

    /// A record that does not hold is as good as none: who names it is told that the head is missing.
    fn carry(&mut self, record: Option<&CheckpointRecord>, epoch: &Epoch<'_>, audit: &mut Audit) {
        if let Some(record) = record.filter(|record| !self.holds(record.head())) {
            let name = epoch.folder.checkpoint(record.size, &record.root);
            if self.check(&name, record, epoch, audit).is_ok() {
                self.roots.insert(record.size, record.root);
            }
        }
    }

    async fn head(&mut self, desk: &mut Desk<'_>, name: &str, epoch: &Epoch<'_>) -> Result<(), Fault> {
        let Some((record, _)) = desk.read::<CheckpointRecord>(name).await? else {
            return Ok(());
        };
        match self.check(name, &record, epoch, &mut desk.audit) {
            Ok(()) => {
                self.roots.insert(record.size, record.root);
            }
            Err(what) => desk.audit.defect(name, what),
        }
        Ok(())
    }

    fn check(&self, name: &str, record: &CheckpointRecord, epoch: &Epoch<'_>, audit: &mut Audit) -> Result<(), String> {
        if names::position(name) != Some(record.size) || *name != epoch.folder.checkpoint(record.size, &record.root) {
            return Err("its name is not that of its size and root".to_owned());
        }
        let opened = epoch.keys.open(&record.note, audit);
        let signed = opened.map_err(|error| format!("its note does not verify: {error}"))?;
        if signed.size() != record.size
            || signed.root() != record.root
            || record.epoch != epoch.start.epoch
            || record.log != epoch.start.log
        {
            return Err("its note signs something else than its fields say".to_owned());
        }
        if let Some(root) = self.root(record.size).filter(|root| *root != record.root) {
            return Err(format!(
                "two heads of size {} are on record: the other root is {root}",
                record.size
            ));
        }
        if record.head() == epoch.start.head {
            return Ok(());
        }
        self.follows(record, epoch)
    }

    fn follows(&self, record: &CheckpointRecord, epoch: &Epoch<'_>) -> Result<(), String> {
        let (Some(previous), Some(proof)) = (record.previous, &record.proof) else {
            return Err("no proof shows that it extends the head before it".to_owned());
        };
        if !self.holds(previous) {
            let name = epoch.folder.checkpoint(previous.size, &previous.root);
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
