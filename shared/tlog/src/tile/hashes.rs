//! The hashes in a tile, and the nodes above them that it stands for.

use alloc::vec::Vec;

use super::error::TileError;
use super::path::{TILE_HEIGHT, check_width};
use crate::hash::{HASH_BYTES, Hash};

/// A full hash tile: 256 hashes of 32 bytes.
pub const MAX_TILE_BYTES: usize = 256 * HASH_BYTES;

/// The hashes of a tile, as served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileHashes(Vec<Hash>);

impl TileHashes {
    /// Takes the bytes of a tile of `width` hashes.
    ///
    /// # Errors
    /// [`TileError::Width`] and [`TileError::Length`].
    pub fn parse(bytes: &[u8], width: u16) -> Result<Self, TileError> {
        let width = check_width(width)?;
        let expected = usize::from(width) * HASH_BYTES;
        if bytes.len() != expected {
            return Err(TileError::Length {
                width,
                expected,
                found: bytes.len(),
            });
        }
        let (hashes, _none_left) = bytes.as_chunks();
        Ok(Self(hashes.iter().copied().map(Hash::from_bytes).collect()))
    }

    /// The hashes from left to right.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.0
    }

    /// The node at `level` (0 to 8) above the tile's hashes and at `index` within the tile.
    ///
    /// # Errors
    /// [`TileError::NoNode`] where the tile does not have all that is below it.
    pub fn node(&self, level: u8, index: u16) -> Result<Hash, TileError> {
        let absent = TileError::NoNode {
            level,
            index: index.into(),
        };
        let width = 1_usize
            .checked_shl(level.into())
            .filter(|_| level <= TILE_HEIGHT)
            .ok_or(absent)?;
        let from = usize::from(index) * width;
        let mut row = self.0.get(from..from + width).ok_or(absent)?.to_vec();
        while row.len() > 1 {
            let (pairs, _none_left) = row.as_chunks();
            row = pairs.iter().map(|[left, right]| Hash::node(left, right)).collect();
        }
        row.first().copied().ok_or(absent)
    }
}
