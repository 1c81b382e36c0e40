//! That a ledger explains a finding.

use super::Document;
use serde::{Deserialize, Serialize};
use sigstore::Timestamp;
use tlog::Hash;

/// `audit/<log>/authorised/<finding>.json`. Put once: what was authorised stays so, whatever becomes of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorised {
    /// See [`super::SCHEMA`].
    pub schema: u32,
    /// The finding's id.
    pub finding: String,
    /// The origin.
    pub log: String,
    /// The entry's index.
    pub index: u64,
    /// The entry's leaf hash.
    pub leaf_hash: Hash,
    /// The rule.
    pub rule: String,
    /// The ledger.
    pub ledger: String,
    /// The name of the record in the ledger.
    pub record: String,
    /// SHA-256 of its bytes.
    pub record_sha256: Hash,
    /// The time that the record states.
    pub recorded: Timestamp,
    /// When it was looked up.
    pub time: Timestamp,
}

impl Document for Authorised {
    const MAX_BYTES: usize = 64 * 1024;

    fn schema(&self) -> u32 {
        self.schema
    }
}
