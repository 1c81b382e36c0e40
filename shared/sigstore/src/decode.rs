//! From the bytes of a leaf to an [`Entry`], or to the reason why not. Here the variants of the logs end.
//!
//! It never panics and never skips. The caller has shown beforehand that the leaf belongs to the log.

use crate::canonical;
use crate::canonical_body;
use crate::entry::Entry;
use crate::scratch::Scratch;
use crate::tolerant;
use crate::tolerant_body;
use crate::undecodable::{Reason, Undecodable};

pub use tlog::MAX_LEAF_BYTES;

/// The longest body of Rekor v1. Its log server hands leaves to it in messages of gRPC, which have at most 4 MiB.
pub const MAX_BODY_BYTES: usize = 4 << 20;

/// What the leaves of a log are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeafKind {
    /// Bodies of Rekor v1: JSON of many kinds.
    RekorV1,
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
        LeafKind::RekorV1 => decode_rekor_v1(leaf, scratch),
        LeafKind::RekorV2 => decode_rekor_v2(leaf, scratch),
        LeafKind::Opaque => {
            scratch.begin();
            scratch.take_artifact(leaf);
            Ok(scratch.entry("opaque", ""))
        }
    }
}

fn decode_rekor_v1<'a>(body: &[u8], scratch: &'a mut Scratch) -> Result<Entry<'a>, Undecodable> {
    scratch.begin();
    let canonical = if body.len() <= MAX_BODY_BYTES {
        canonical_body::read(body, scratch)
    } else {
        None
    };
    match canonical {
        Some((kind, version)) => Ok(scratch.entry(kind, version)),
        None => decode_body_tolerantly(body, scratch),
    }
}

/// [`decode`] for [`LeafKind::RekorV1`] without the quick way, to compare the two: they agree on every body.
///
/// # Errors
/// As [`decode`].
#[doc(hidden)]
pub fn decode_body_tolerantly<'a>(body: &[u8], scratch: &'a mut Scratch) -> Result<Entry<'a>, Undecodable> {
    scratch.begin();
    if body.len() > MAX_BODY_BYTES {
        return Err(Undecodable::nameless(Reason::TooLarge));
    }
    let (kind, version) = tolerant_body::read(body, scratch)?;
    Ok(scratch.entry(kind, version))
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
