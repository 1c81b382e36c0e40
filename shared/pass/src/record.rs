//! The objects that a deployment keeps: their shapes, their caps, and how they are written and read.
//!
//! Everything is JSON with a `schema`. Unknown fields are tolerated, a newer schema is refused, and what does not parse
//! is a fault that names the object. Nothing here talks to a log.

mod checkpoint;
mod condition;
mod evidence;
mod observers;
mod start;
mod receipt;
mod state;
mod lookback;
mod authorised;
mod ledgers;
mod deployment;
mod kept_trust;

pub use authorised::Authorised;
pub use checkpoint::{CheckpointRecord, HeadRef};
pub use condition::{Acknowledgement, Condition, Told};
pub use deployment::{Deployment, KnownSink, Listed, LogTotals, PendingNotice, Reported, Shard};
pub use evidence::{EvidenceBody, EvidenceRecord};
pub use kept_trust::KeptTrust;
pub use ledgers::{Announced, Ending, Known, LedgerMarks};
pub use lookback::{AskedRange, Lookback, Unasked, WithoutPast};
pub use observers::{ObserverMarks, Pending, ViewMark, WitnessMark};
pub use receipt::{Counts, Group, MAX_GROUPS, ObjectRef, Receipt};
pub use start::{Restart, Start};
pub use state::{Cursor, Delivery, Exception, LogState, PendingRestart, Progress, Unsettled};

use crate::Store;
use crate::trouble::{Fault, FaultClass};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tlog::Hash;

/// The schema of every object that this version writes, and the newest that it reads.
pub const SCHEMA: u32 = 1;

/// An object of the record.
pub trait Document: Serialize + DeserializeOwned {
    /// The most bytes such an object may have.
    const MAX_BYTES: usize;

    /// The schema that it was written with.
    fn schema(&self) -> u32;
}

/// The part of an object that is read first.
#[derive(serde::Deserialize)]
struct Schema {
    schema: u32,
}

/// The bytes of an object: JSON that a person can read, with a newline at the end.
#[must_use]
pub fn encode<T: Document>(document: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(document).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// Reads an object's bytes.
///
/// # Errors
/// A fault of class `Record` that names the object: a newer schema, or damage.
pub fn decode<T: Document>(name: &str, bytes: &[u8]) -> Result<T, Fault> {
    match serde_json::from_slice::<Schema>(bytes) {
        Ok(Schema { schema }) if schema > SCHEMA => {
            let message = format!(
                "{name} has schema {schema}; this version reads up to {SCHEMA}. Nothing was changed; run the version that wrote it, or a newer one"
            );
            return Err(Fault::new(FaultClass::Record, name, message));
        }
        Ok(_) => {}
        Err(error) => return Err(damaged(name, &error)),
    }
    serde_json::from_slice(bytes).map_err(|error| damaged(name, &error))
}

fn damaged(name: &str, error: &serde_json::Error) -> Fault {
    let message = format!(
        "{name} is damaged ({error}). Nothing was changed; run `rekor-sentinel verify`, and restore the object from a version or a backup"
    );
    Fault::new(FaultClass::Record, name, message)
}

/// Reads an object from the store.
///
/// # Errors
/// What the store or the object's content answers.
pub async fn read<T: Document>(store: &dyn Store, name: &str) -> Result<Option<T>, Fault> {
    let Some(object) = store.read(name, T::MAX_BYTES).await? else {
        return Ok(None);
    };
    decode(name, &object.bytes).map(Some)
}

/// The hash that names content: SHA-256 of the bytes.
#[must_use]
pub fn content_hash(bytes: &[u8]) -> Hash {
    Hash::of(bytes)
}
