//! How an epoch of a log began: the anchor of its receipt chain.

use super::{CheckpointRecord, Document, HeadRef};
use serde::{Deserialize, Serialize};
use sigstore::Timestamp;
use tlog::{Frontier, Hash};

/// `audit/<log>/start.json`. Entries before `frontier.size()` were not watched, by choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// See [`super::SCHEMA`].
    pub schema: u32,
    /// The origin.
    pub log: String,
    /// The epoch, from 1.
    pub epoch: u32,
    /// The frontier at the position where watching begins.
    pub frontier: Frontier,
    /// The signed head that the position was anchored to.
    pub head: HeadRef,
    /// The hashes of `range_nodes(position, head.size)`: with the frontier they rebuild the head's root.
    pub proof: Vec<Hash>,
    /// The head's checkpoint, so that its object can be put again if a crash came before it.
    pub checkpoint: CheckpointRecord,
    /// When.
    pub time: Timestamp,
    /// The pass that began it.
    pub pass: String,
    /// Why there is a new epoch, for all but the first.
    pub restart: Option<Restart>,
}

/// Why an operator began a new epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// The head of the epoch before, where it had one.
    pub previous_head: Option<HeadRef>,
    /// The cursor of the epoch before.
    pub previous_cursor: Option<u64>,
    /// SHA-256 of the last receipt of the epoch before.
    pub previous_tip: Option<Hash>,
    /// The evidence of the violations that stood in the epoch before, by the names of its objects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

impl Document for Start {
    const MAX_BYTES: usize = 4 * 1024 * 1024;

    fn schema(&self) -> u32 {
        self.schema
    }
}
