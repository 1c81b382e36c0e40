//! Evidence: what a log contradicted itself with, and what was served that does not verify.

use super::{Document, HeadRef};
use serde::{Deserialize, Serialize};
use sigstore::Timestamp;

/// `audit/<log>/evidence/<id>.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EvidenceRecord {
    /// See [`super::SCHEMA`].
    pub schema: u32,
    /// The id, also the name.
    pub id: String,
    /// The origin.
    pub log: String,
    /// When it was found.
    pub found: Timestamp,
    /// What it shows, in a sentence.
    pub shows: String,
    /// The evidence.
    pub body: EvidenceBody,
}

/// What kind of evidence it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum EvidenceBody {
    /// Two signed checkpoints that exclude each other, and the proof of it where it needs one. Convinces a third party.
    Violation {
        /// The evidence.
        evidence: tlog::Evidence,
    },
    /// Served data that does not verify. It convinces nobody else: such data is not signed.
    Unproven {
        /// The step that failed.
        step: String,
        /// The head that the data should have rebuilt.
        head: Option<HeadRef>,
        /// What served it.
        object: Option<String>,
        /// The first leaf that differs, where it could be told.
        first_index: Option<u64>,
        /// What was served, in base64, cut.
        served: String,
    },
    /// Served data that did not verify at first and did when it was asked for again, past caches.
    Anomaly {
        /// The step that failed at first.
        step: String,
        /// What served it.
        object: Option<String>,
        /// The first leaf that differed.
        first_index: Option<u64>,
        /// What was served at first, in base64, cut.
        served: String,
    },
}

impl Document for EvidenceRecord {
    const MAX_BYTES: usize = 8 * 1024 * 1024;

    fn schema(&self) -> u32 {
        self.schema
    }
}
