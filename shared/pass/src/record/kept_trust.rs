//! What a TUF repository vouched for, as it was served: kept so that a pass without a disk knows the versions that it has
//! seen, and has something to go on with while the repository fails.
//!
//! Nothing in it is believed as it stands: each reader verifies all of it again, from the pinned root.

use super::{Document, SCHEMA};
use serde::{Deserialize, Serialize};
use sigstore::Timestamp;
use std::collections::BTreeMap;

/// `state/trust.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptTrust {
    /// See [`SCHEMA`].
    pub schema: u32,
    /// Where it was read.
    pub place: String,
    /// When: all of it was fresh then.
    pub verified: Timestamp,
    /// Metadata and targets, byte for byte, by the name under which TUF's clients keep them.
    pub files: BTreeMap<String, String>,
}

impl KeptTrust {
    /// Files that were verified at this moment.
    #[must_use]
    pub fn new(place: &str, verified: Timestamp, files: BTreeMap<String, String>) -> Self {
        Self {
            schema: SCHEMA,
            place: place.to_owned(),
            verified,
            files,
        }
    }
}

impl Document for KeptTrust {
    /// Sigstore's production repository needs 40 kB, of which a root is 6.
    const MAX_BYTES: usize = 8 * 1024 * 1024;

    fn schema(&self) -> u32 {
        self.schema
    }
}
