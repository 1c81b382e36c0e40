//! An accepted head: the raw signed note, its decoded form, and the proof that it extends the head before it.

use super::{Document, SCHEMA};
use crate::names::LogFolder;
use serde::{Deserialize, Serialize};
use sigstore::Timestamp;
use tlog::{Hash, PrefixProof};

/// `audit/<log>/checkpoints/<size>-<root>.json`. The name states the fact (this root at this size); signatures over it
/// may differ, so the first note that showed it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckpointRecord {
    /// See [`SCHEMA`].
    pub schema: u32,
    /// The origin.
    pub log: String,
    /// The epoch, from 1.
    pub epoch: u32,
    /// The size that was signed.
    pub size: u64,
    /// The root that was signed.
    pub root: Hash,
    /// When it was first seen.
    pub seen: Timestamp,
    /// The raw signed note.
    pub note: String,
    /// The head before it, unless it is the first of the epoch.
    pub previous: Option<HeadRef>,
    /// What shows that this head extends the one before.
    pub proof: Option<PrefixProof>,
}

impl Document for CheckpointRecord {
    const MAX_BYTES: usize = 4 * 1024 * 1024;

    fn schema(&self) -> u32 {
        self.schema
    }
}

impl CheckpointRecord {
    /// The record of a head with nothing before it.
    #[must_use]
    pub fn first(folder: &LogFolder, signed: &tlog::SignedCheckpoint, seen: Timestamp) -> Self {
        Self {
            schema: SCHEMA,
            log: signed.checkpoint().origin.clone(),
            epoch: folder.epoch(),
            size: signed.size(),
            root: signed.root(),
            seen,
            note: signed.note().to_owned(),
            previous: None,
            proof: None,
        }
    }

    /// The short form.
    #[must_use]
    pub fn head(&self) -> HeadRef {
        HeadRef {
            size: self.size,
            root: self.root,
        }
    }
}

/// A head, by what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadRef {
    /// The size.
    pub size: u64,
    /// The root.
    pub root: Hash,
}
