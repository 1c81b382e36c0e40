//! What a store holds of one log, read as a stranger would read it.

use alerts::{Class, Finding};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pass::MemoryStore;
use pass::names::LogFolder;
use pass::record::{Condition, EvidenceBody, EvidenceRecord, LogState, Receipt, Start};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// The record of a log in its newest epoch.
pub(crate) struct Kept {
    store: Arc<MemoryStore>,
    origin: String,
}

impl Kept {
    pub(crate) fn new(store: Arc<MemoryStore>, origin: &str) -> Kept {
        Kept {
            store,
            origin: origin.to_owned(),
        }
    }

    /// The folder of the newest epoch.
    pub(crate) fn folder(&self) -> LogFolder {
        let epoch = self
            .state()
            .and_then(|state| state.progress)
            .map_or(1, |progress| progress.epoch);
        LogFolder::new(&self.origin, epoch)
    }

    /// The pointer, once there is one.
    pub(crate) fn state(&self) -> Option<LogState> {
        self.object(&LogFolder::new(&self.origin, 1).state())
    }

    /// How the newest epoch began.
    pub(crate) fn start(&self) -> Option<Start> {
        self.object(&self.folder().start())
    }

    /// The receipts of the newest epoch, in order.
    pub(crate) fn receipts(&self) -> Vec<Receipt> {
        self.all(&self.folder().receipts())
    }

    /// The sizes of the accepted heads.
    pub(crate) fn heads(&self) -> Vec<u64> {
        let names = self.names(&self.folder().checkpoints());
        names.iter().filter_map(|name| pass::names::position(name)).collect()
    }

    /// All evidence, anomalies included, in the order of its ids.
    pub(crate) fn evidence(&self) -> Vec<EvidenceRecord> {
        let mut names = self.names(&self.folder().all_evidence());
        names.retain(|name| !name.ends_with(".ack.json"));
        names.iter().map(|name| self.object(name).unwrap()).collect()
    }

    /// The anomalies: first index and served bytes.
    pub(crate) fn anomalies(&self) -> Vec<(Option<u64>, Vec<u8>)> {
        let anomaly = |record: EvidenceRecord| match record.body {
            EvidenceBody::Anomaly {
                first_index, served, ..
            } => Some((first_index, STANDARD.decode(served).unwrap())),
            EvidenceBody::Violation { .. } | EvidenceBody::Unproven { .. } => None,
        };
        self.evidence().into_iter().filter_map(anomaly).collect()
    }

    /// What was served and did not verify: step, first index and served bytes.
    pub(crate) fn unproven(&self) -> Vec<(String, Option<u64>, Vec<u8>)> {
        let unproven = |record: EvidenceRecord| match record.body {
            EvidenceBody::Unproven {
                step,
                first_index,
                served,
                ..
            } => Some((step, first_index, STANDARD.decode(served).unwrap())),
            EvidenceBody::Violation { .. } | EvidenceBody::Anomaly { .. } => None,
        };
        self.evidence().into_iter().filter_map(unproven).collect()
    }

    /// The contradictions.
    pub(crate) fn violations(&self) -> Vec<tlog::Evidence> {
        let violation = |record: EvidenceRecord| match record.body {
            EvidenceBody::Violation { evidence } => Some(evidence),
            EvidenceBody::Anomaly { .. } | EvidenceBody::Unproven { .. } => None,
        };
        self.evidence().into_iter().filter_map(violation).collect()
    }

    /// The findings that the receipts name, allowed ones included.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let named = self.receipts().into_iter().filter_map(|receipt| receipt.findings);
        named.flat_map(|object| self.lines(&object.name)).collect()
    }

    /// The lines of the quarantine that the receipts name.
    pub(crate) fn quarantine(&self) -> Vec<Value> {
        let named = self.receipts().into_iter().filter_map(|receipt| receipt.quarantine);
        named.flat_map(|object| self.lines(&object.name)).collect()
    }

    /// The open conditions of a class.
    pub(crate) fn open(&self, class: Class) -> Vec<Condition> {
        let mut conditions = self.state().map(|state| state.conditions).unwrap_or_default();
        conditions.retain(|condition| condition.class == class && condition.is_open());
        conditions
    }

    /// The names of objects that begin so.
    pub(crate) fn names(&self, prefix: &str) -> Vec<String> {
        let mut names: Vec<String> = self.store.objects().into_keys().collect();
        names.retain(|name| name.starts_with(prefix));
        names
    }

    /// Receipts continue each other from the start to the cursor. Returns epoch, head and cursor, once there are any.
    pub(crate) fn check(&self) -> Option<(u32, u64, u64)> {
        let progress = self.state()?.progress?;
        let mut at = self.start().unwrap().frontier.size();
        assert_eq!(at, progress.start);
        for receipt in self.receipts() {
            assert_eq!(
                receipt.from, at,
                "the receipts of {} have a gap or an overlap",
                self.origin
            );
            assert!(receipt.to > receipt.from && receipt.to <= receipt.head.size);
            at = receipt.to;
        }
        assert_eq!(
            progress.cursor.position(),
            at,
            "the cursor of {} is not where its receipts end",
            self.origin
        );
        assert!(at <= progress.head.size);
        Some((progress.epoch, progress.head.size, at))
    }

    fn object<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let bytes = self.store.objects().remove(name)?;
        Some(serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{name}: {error}")))
    }

    fn all<T: DeserializeOwned>(&self, prefix: &str) -> Vec<T> {
        self.names(prefix)
            .iter()
            .map(|name| self.object(name).unwrap())
            .collect()
    }

    fn lines<T: DeserializeOwned>(&self, name: &str) -> Vec<T> {
        let bytes = self
            .store
            .objects()
            .remove(name)
            .unwrap_or_else(|| panic!("{name} is missing"));
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
    }
}
