//! What can be wrong with a compact range or a proof. Which of these means that a log misbehaves is not decided here.

use crate::hash::Hash;

/// Why a compact range or a proof was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    /// A tree larger than [`crate::merkle::MAX_TREE_SIZE`].
    #[error("a tree of {size} leaves is larger than 2^63-1")]
    SizeTooLarge {
        /// The size that was claimed.
        size: u64,
    },
    /// The compact range of `[from, to)` has another number of hashes.
    #[error("the compact range of [{from}, {to}) has {expected} hashes, not {found}")]
    RangeLength {
        /// First leaf.
        from: u64,
        /// One past the last leaf.
        to: u64,
        /// How many hashes it takes.
        expected: usize,
        /// How many there were.
        found: usize,
    },
    /// The bytes of a serialised frontier end inside a number or a hash.
    #[error("{found} bytes are no serialised frontier")]
    FrontierBytes {
        /// How many bytes there were.
        found: usize,
    },
    /// A perfect subtree was to be appended where it does not fit.
    #[error("a subtree of level {level} cannot follow {size} leaves")]
    Misaligned {
        /// The level of the subtree.
        level: u8,
        /// The leaves before it.
        size: u64,
    },
    /// The leaf, or the end of a range, is not in the tree.
    #[error("index {index} is outside of a tree of {size} leaves")]
    IndexOutside {
        /// The index asked for.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The first tree of a consistency proof is the larger one.
    #[error("a tree cannot grow from {from} leaves to {to}")]
    SizesReversed {
        /// The size claimed to be the earlier.
        from: u64,
        /// The size claimed to be the later.
        to: u64,
    },
    /// A proof has another number of hashes than its sizes dictate.
    #[error("the proof must have {expected} hashes, not {found}")]
    ProofLength {
        /// How many hashes it takes.
        expected: usize,
        /// How many there were.
        found: usize,
    },
    /// A proof leads to another root than the one it was to lead to.
    #[error("the proof gives the root {calculated} at size {size}, not {expected}")]
    RootMismatch {
        /// The size whose root does not agree.
        size: u64,
        /// The root that was to be shown.
        expected: Hash,
        /// The root that came out.
        calculated: Hash,
    },
}
