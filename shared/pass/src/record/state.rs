//! The pointer of a log: what would be expensive to find again, and what was told to whom.
//!
//! The record (start, checkpoints, receipts) is the truth; a state that is lost or old is brought forward from it.

use super::{CheckpointRecord, Condition, Counts, Document, HeadRef, ObserverMarks, Receipt, Restart, SCHEMA};
use crate::settings::Position;
use serde::{Deserialize, Serialize};
use sigstore::Timestamp;
use std::collections::BTreeMap;
use tlog::{Frontier, Hash};

/// `state/<log>.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogState {
    /// See [`SCHEMA`].
    pub schema: u32,
    /// The origin.
    pub log: String,
    /// Head and cursor, once there are any.
    pub progress: Option<Progress>,
    /// What holds for this log, and what has ended but was not told to every sink.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// What each sink was given, by its name.
    #[serde(default)]
    pub delivery: BTreeMap<String, Delivery>,
    /// Who looks at it beside us, and what they showed.
    #[serde(default, skip_serializing_if = "ObserverMarks::is_empty")]
    pub observers: ObserverMarks,
    /// A new epoch that an operator asked for and that no pass has begun yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<PendingRestart>,
}

/// How far a log was proven and read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The epoch, from 1.
    pub epoch: u32,
    /// Where this epoch began.
    pub start: u64,
    /// The newest proven checkpoint.
    pub head: HeadRef,
    /// The head's checkpoint object, if it may not have been put yet: the swap of the state decides which of two passes
    /// that race moves the head, and only the winner puts an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unrecorded: Option<Box<CheckpointRecord>>,
    /// The head that was published last for others to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<HeadRef>,
    /// Signed checkpoints that could not be proven against the head yet. What was once seen signed is not forgotten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsettled: Vec<Unsettled>,
    /// Whether the head says that the log is frozen.
    pub frozen: bool,
    /// The end of the log's validity, if the log served the head after it: nothing that verifiers accept follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_after: Option<Timestamp>,
    /// When the head last grew.
    pub grown: Timestamp,
    /// Since when the cursor is behind the head.
    pub behind: Option<Timestamp>,
    /// Since when no checkpoint of the log could be verified: the first pass that could not. `None` if the last could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unverified: Option<Timestamp>,
    /// Since when the head ends in the partial bundle that it ends in.
    pub partial: Option<Timestamp>,
    /// Up to where everything was read and proven.
    pub cursor: Cursor,
}

/// A checkpoint that the log signed and that is neither proven nor excluded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsettled {
    /// What it says.
    pub head: HeadRef,
    /// The raw signed note.
    pub note: String,
}

impl Progress {
    /// Notes that the cursor is at the head, where it is.
    pub fn settle_behind(&mut self) {
        if self.cursor.position() >= self.head.size {
            self.behind = None;
        }
    }
}

/// The position up to which every entry was hashed, authenticated and scanned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    /// The frontier there.
    pub frontier: Frontier,
    /// SHA-256 of the last receipt, or of the start.
    pub tip: Hash,
    /// Where the last receipt begins, if there is one.
    pub last: Option<u64>,
    /// What came of all spans of this epoch. `None` in a state of a version that did not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totals: Option<Counts>,
    /// In the first span after a restart: by whom and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<Restart>,
}

impl Cursor {
    /// The cursor behind a receipt, whose bytes have this hash.
    #[must_use]
    pub fn behind(&self, receipt: &Receipt, tip: Hash) -> Self {
        Self {
            frontier: receipt.frontier.clone(),
            tip,
            last: Some(receipt.from),
            totals: receipt.totals.or(Some(self.totals_with(receipt.counts))),
            restart: None,
        }
    }

    /// What came of all spans of this epoch and of one more.
    #[must_use]
    pub fn totals_with(&self, counts: Counts) -> Counts {
        let mut totals = self.totals.unwrap_or_default();
        totals.add(counts);
        totals
    }

    /// The index of the next entry to read.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.frontier.size()
    }
}

/// What a sink was given of a log's findings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The epoch that the watermark is in; those before it are done with.
    pub epoch: u32,
    /// The findings of all receipts below this position were delivered, but for the exceptions.
    pub watermark: u64,
    /// Of the receipt at the watermark, so many findings were dealt with.
    #[serde(default)]
    pub within: u64,
    /// Findings that this sink did not take while it took others.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
    /// Findings below the watermark that wait for a record of a ledger.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Exception>,
    /// Alerts about this log that it took, of findings and of conditions; one that was told again counts again.
    #[serde(default)]
    pub told: u64,
}

/// A finding that a sink is owed, or that waits for a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// The epoch of the receipt.
    pub epoch: u32,
    /// Where the receipt begins.
    pub from: u64,
    /// Which line of its findings.
    pub line: u64,
}

/// A new epoch that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingRestart {
    /// Where it begins.
    pub from: Position,
    /// By whom and why.
    pub restart: Restart,
}

impl Document for LogState {
    const MAX_BYTES: usize = 8 * 1024 * 1024;

    fn schema(&self) -> u32 {
        self.schema
    }
}

impl Delivery {
    /// How far along the record it is.
    #[must_use]
    pub fn place(&self) -> (u32, u64, u64) {
        (self.epoch, self.watermark, self.within)
    }
}

impl LogState {
    /// The state of a log of which nothing is known.
    #[must_use]
    pub fn new(log: &str) -> Self {
        Self {
            schema: SCHEMA,
            log: log.to_owned(),
            progress: None,
            conditions: Vec::new(),
            delivery: BTreeMap::new(),
            observers: ObserverMarks::default(),
            restart: None,
        }
    }
}
