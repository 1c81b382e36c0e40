//! The framing of entry bundles: where each leaf lies, without copying any.

use alloc::vec::Vec;
use core::ops::Range;

use super::error::TileError;
use super::path::{TILE_WIDTH, check_width};

/// Entries in a full bundle.
pub const BUNDLE_WIDTH: u16 = TILE_WIDTH;
/// The longest leaf: a bundle gives its length in sixteen bits.
pub const MAX_LEAF_BYTES: usize = 65_535;
/// A full bundle of the longest leaves, each with its two bytes of length.
pub const MAX_BUNDLE_BYTES: usize = 256 * (2 + MAX_LEAF_BYTES);

/// Where the leaves of a bundle of `width` entries lie: exactly that many, and nothing behind them.
///
/// # Errors
/// [`TileError::Width`], [`TileError::Truncated`], [`TileError::Trailing`].
pub fn split_bundle(bytes: &[u8], width: u16) -> Result<Vec<Range<usize>>, TileError> {
    let mut leaves = Vec::with_capacity(check_width(width)?.into());
    let mut left = bytes;
    for entry in 0..width {
        let (length, after) = left.split_first_chunk().ok_or(TileError::Truncated { width, entry })?;
        let length = usize::from(u16::from_be_bytes(*length));
        let start = bytes.len() - after.len();
        left = after.get(length..).ok_or(TileError::Truncated { width, entry })?;
        leaves.push(start..start + length);
    }
    if left.is_empty() {
        Ok(leaves)
    } else {
        Err(TileError::Trailing {
            width,
            extra: left.len(),
        })
    }
}
