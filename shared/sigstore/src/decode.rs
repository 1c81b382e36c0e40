//! From the bytes of a leaf to an [`Entry`], or to the reason why not. Here the variants of the logs end.
//!
//! It never panics and never skips. The caller has shown beforehand that the leaf belongs to the log.

use crate::canonical;
use crate::entry::Entry;
use crate::scratch::Scratch;
use crate::tolerant;
use crate::undecodable::{Reason, Undecodable};

pub use tlog::MAX_LEAF_BYTES;

/// What the leaves of a log are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeafKind {
    /// Canonical JSON of Rekor v2 (rekor-tiles).
    RekorV2,
    /// Anything: matched by the SHA-256 of the leaf alone.
    Opaque,
}

/// Decodes one leaf. The entry borrows from `scratch`, which is ready for the next leaf once the entry is gone.
///
/// # Errors
/// [`Undecodable`], with what the leaf says of itself and why it was refused. A leaf of [`LeafKind::Opaque`] always
/// decodes.
pub fn decode<'a>(kind: LeafKind, leaf: &[u8], scratch: &'a mut Scratch) -> Result<Entry<'a>, Undecodable> {
    match kind {
        LeafKind::RekorV2 => decode_rekor_v2(leaf, scratch),
        LeafKind::Opaque => {
            scratch.begin();
            scratch.take_leaf(leaf);
            Ok(scratch.entry("opaque", ""))
        }
    }
}

fn decode_rekor_v2<'a>(leaf: &[u8], scratch: &'a mut Scratch) -> Result<Entry<'a>, Undecodable> {
    scratch.begin();
    let canonical = if leaf.len() <= MAX_LEAF_BYTES {
        canonical::read(leaf, scratch)
    } else {
        None
    };
    match canonical {
        Some(kind) => Ok(scratch.entry(kind, tolerant::VERSION)),
        None => decode_tolerantly(leaf, scratch),
    }
}

/// [`decode`] for [`LeafKind::RekorV2`] without the quick way, to compare the two: they agree on every leaf.
///
/// # Errors
/// As [`decode`].
#[doc(hidden)]
pub fn decode_tolerantly<'a>(leaf: &[u8], scratch: &'a mut Scratch) -> Result<Entry<'a>, Undecodable> {
    scratch.begin();
    if leaf.len() > MAX_LEAF_BYTES {
        return Err(Undecodable::nameless(Reason::TooLarge));
    }
    let kind = tolerant::read(leaf, scratch)?;
    Ok(scratch.entry(kind, tolerant::VERSION))
}
