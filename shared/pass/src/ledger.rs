//! Ledgers: what the release process says is to be expected, and whether it explains an entry.
//!
//! A ledger is a folder or a prefix of a bucket, which somebody else writes. `entry` is the form of its records,
//! `agreement` whether one speaks of an entry of a log, `shelf` a ledger that is open for a pass. What came of it is
//! written and told by the steps.

mod entry;
mod agreement;
mod shelf;

pub(crate) use agreement::{Agreement, agreement};
pub(crate) use entry::{day, parts};
pub(crate) use shelf::{Answer, Ledgers, Shelf, days};

pub use agreement::SeenEntry;
pub use entry::{LedgerError, LedgerRecord, MAX_DIGESTS, MAX_RECORD_BYTES, PLAIN, SIGNED, digest, object_name};
