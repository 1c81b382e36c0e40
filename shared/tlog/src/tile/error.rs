//! What can be wrong with a tile or its name. None of it is the log's contradiction: tiles are not signed.

/// Why a path, a tile or a bundle was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Not the one spelling of a tile's path.
    #[error("not the path of a tile")]
    Path,
    /// A width outside of 1 to 256.
    #[error("a tile is 1 to 256 wide, not {width}")]
    Width {
        /// The width that was given.
        width: u16,
    },
    /// A hash tile of another length than its width dictates.
    #[error("a tile of {width} hashes has {expected} bytes, not {found}")]
    Length {
        /// Hashes in the tile.
        width: u16,
        /// Bytes that it takes.
        expected: usize,
        /// Bytes there were.
        found: usize,
    },
    /// A bundle ends before its last entry does.
    #[error("the bundle of {width} entries ends within entry {entry}")]
    Truncated {
        /// Entries in the bundle.
        width: u16,
        /// The entry, from 0, that is cut.
        entry: u16,
    },
    /// A bundle goes on after its last entry.
    #[error("the bundle of {width} entries has {extra} bytes too many")]
    Trailing {
        /// Entries in the bundle.
        width: u16,
        /// Bytes left over.
        extra: usize,
    },
    /// The node is not complete in a tree of that size, or not covered by the tile.
    #[error("node {index} of level {level} is not there")]
    NoNode {
        /// The node's level.
        level: u8,
        /// The node's index.
        index: u64,
    },
}
