//! Tiles (C2SP tlog-tiles): their paths, their hashes, and the framing of entry bundles.
//!
//! Nothing here fetches or trusts: hashes and entries out of a tile are claims until they rebuild a signed root. A partial
//! tile may be asked for only where an authenticated checkpoint has it, which is why widths come from a tree size.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;
use core::str::FromStr;

use crate::hash::{HASH_BYTES, Hash};
use crate::merkle::Node;

/// Hashes in a full hash tile, entries in a full bundle (tlog-tiles: tiles have height 8).
pub const TILE_WIDTH: u16 = 256;
/// Entries in a full bundle.
pub const BUNDLE_WIDTH: u16 = TILE_WIDTH;
/// The levels of a tree that one tile spans.
pub const TILE_HEIGHT: u8 = 8;
/// The highest level that a path may name (tlog-tiles: "between 0 and 63").
pub const MAX_TILE_LEVEL: u8 = 63;
/// The longest leaf: a bundle gives its length in sixteen bits.
pub const MAX_LEAF_BYTES: usize = 65_535;
/// A full hash tile: 256 hashes of 32 bytes.
pub const MAX_TILE_BYTES: usize = 256 * HASH_BYTES;
/// A full bundle of the longest leaves, each with its two bytes of length.
pub const MAX_BUNDLE_BYTES: usize = 256 * (2 + MAX_LEAF_BYTES);

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

/// The name of a hash tile: `tile/<level>/<index>[.p/<width>]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashTile {
    /// Its level: its hashes are nodes of level `8 * level`.
    pub level: u8,
    /// Its position within the level.
    pub index: u64,
    /// How many hashes it has: 1 to 256.
    pub width: u16,
}

/// The name of an entry bundle: `tile/entries/<index>[.p/<width>]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryBundle {
    /// Its position: its first entry is leaf `256 * index`.
    pub index: u64,
    /// How many entries it has: 1 to 256.
    pub width: u16,
}

/// The hashes of a tile, as served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileHashes(Vec<Hash>);

impl HashTile {
    /// The path below the log's prefix.
    #[must_use]
    pub fn path(&self) -> String {
        alloc::format!("{self}")
    }

    /// The tile that holds `node`, or the hashes it is made of, as wide as it is in a tree of `tree_size` leaves; then the
    /// node's place within the tile, as [`TileHashes::node`] takes it: level (0 to 7) and index.
    ///
    /// # Errors
    /// [`TileError::NoNode`] unless the node is complete in that tree.
    pub fn of_node(node: Node, tree_size: u64) -> Result<(Self, u8, u16), TileError> {
        let absent = TileError::NoNode {
            level: node.level,
            index: node.index,
        };
        if node.end_leaf().is_none_or(|end| end > tree_size) {
            return Err(absent);
        }
        let (level, level_within) = (node.level / TILE_HEIGHT, node.level % TILE_HEIGHT);
        let per_tile = u64::from(TILE_WIDTH >> level_within);
        let index_within = u16::try_from(node.index % per_tile).map_err(|_| absent)?;
        let tile = Self {
            level,
            index: node.index / per_tile,
            width: TILE_WIDTH,
        };
        Ok((
            Self {
                width: tile.width_in(tree_size),
                ..tile
            },
            level_within,
            index_within,
        ))
    }

    /// How wide the tile at this level and index is in a tree of `tree_size` leaves: 0 where it does not exist.
    #[must_use]
    pub fn width_in(&self, tree_size: u64) -> u16 {
        let bits = u32::from(self.level) * u32::from(TILE_HEIGHT);
        width_at(self.index, tree_size.checked_shr(bits).unwrap_or(0))
    }

    /// The full tile at this place: what to ask for when the partial one is gone.
    #[must_use]
    pub const fn full(self) -> Self {
        Self {
            width: TILE_WIDTH,
            ..self
        }
    }
}

impl EntryBundle {
    /// The path below the log's prefix.
    #[must_use]
    pub fn path(&self) -> String {
        alloc::format!("{self}")
    }

    /// The bundle that holds leaf `leaf`, as wide as it is in a tree of `tree_size` leaves; `None` where it has no such leaf.
    #[must_use]
    pub fn of_leaf(leaf: u64, tree_size: u64) -> Option<Self> {
        let index = leaf / u64::from(BUNDLE_WIDTH);
        (leaf < tree_size).then_some(Self {
            index,
            width: width_at(index, tree_size),
        })
    }

    /// How wide the bundle at this index is in a tree of `tree_size` leaves: 0 where it does not exist.
    #[must_use]
    pub fn width_in(&self, tree_size: u64) -> u16 {
        width_at(self.index, tree_size)
    }

    /// The full bundle at this place: what to ask for when the partial one is gone.
    #[must_use]
    pub const fn full(self) -> Self {
        Self {
            width: BUNDLE_WIDTH,
            ..self
        }
    }

    /// The first leaf in it.
    #[must_use]
    pub const fn first_leaf(&self) -> u64 {
        self.index.saturating_mul(BUNDLE_WIDTH as u64)
    }
}

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
            row = pairs
                .iter()
                .map(|[left, right]| Hash::node(left, right))
                .collect();
        }
        row.first().copied().ok_or(absent)
    }
}

/// Where the leaves of a bundle of `width` entries lie: exactly that many, and nothing behind them.
///
/// # Errors
/// [`TileError::Width`], [`TileError::Truncated`], [`TileError::Trailing`].
pub fn split_bundle(bytes: &[u8], width: u16) -> Result<Vec<Range<usize>>, TileError> {
    let mut leaves = Vec::with_capacity(check_width(width)?.into());
    let mut left = bytes;
    for entry in 0..width {
        let (length, after) = left
            .split_first_chunk()
            .ok_or(TileError::Truncated { width, entry })?;
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

impl fmt::Display for HashTile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        write_place(f, self.index, self.width)
    }
}

impl fmt::Display for EntryBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tile/entries/")?;
        write_place(f, self.index, self.width)
    }
}

impl FromStr for HashTile {
    type Err = TileError;

    fn from_str(path: &str) -> Result<Self, TileError> {
        let (level, place) = path
            .strip_prefix("tile/")
            .and_then(|rest| rest.split_once('/'))
            .ok_or(TileError::Path)?;
        let level = level.parse().map_err(|_| TileError::Path)?;
        let (index, width) = parse_place(place)?;
        let tile = Self { level, index, width };
        // What prints otherwise was spelled in another way: leading zeros, signs, `x000/`, a full tile as a partial.
        if level <= MAX_TILE_LEVEL && tile.path() == path {
            Ok(tile)
        } else {
            Err(TileError::Path)
        }
    }
}

impl FromStr for EntryBundle {
    type Err = TileError;

    fn from_str(path: &str) -> Result<Self, TileError> {
        let (index, width) = parse_place(path.strip_prefix("tile/entries/").ok_or(TileError::Path)?)?;
        let bundle = Self { index, width };
        if bundle.path() == path {
            Ok(bundle)
        } else {
            Err(TileError::Path)
        }
    }
}

/// `x001/x234/067`, and `.p/<width>` unless full.
fn write_place(f: &mut fmt::Formatter<'_>, index: u64, width: u16) -> fmt::Result {
    let groups = core::iter::successors(Some(index), |rest| Some(rest / 1000).filter(|rest| *rest > 0));
    let mut groups: Vec<u64> = groups.collect();
    groups.reverse();
    if let Some((last, before)) = groups.split_last() {
        before
            .iter()
            .try_for_each(|group| write!(f, "x{:03}/", group % 1000))?;
        write!(f, "{:03}", last % 1000)?;
    }
    if width == TILE_WIDTH {
        Ok(())
    } else {
        write!(f, ".p/{width}")
    }
}

/// The values of a place, spelled loosely: the caller prints them again and compares.
fn parse_place(place: &str) -> Result<(u64, u16), TileError> {
    let (groups, width) = match place.split_once(".p/") {
        Some((groups, width)) => (groups, width.parse().map_err(|_| TileError::Path)?),
        None => (place, TILE_WIDTH),
    };
    let index = groups.split('/').try_fold(0_u64, |index, group| {
        let group: u64 = group.trim_start_matches('x').parse().ok()?;
        index.checked_mul(1000)?.checked_add(group)
    });
    Ok((
        index.ok_or(TileError::Path)?,
        check_width(width).map_err(|_| TileError::Path)?,
    ))
}

fn check_width(width: u16) -> Result<u16, TileError> {
    if (1..=TILE_WIDTH).contains(&width) {
        Ok(width)
    } else {
        Err(TileError::Width { width })
    }
}

/// How many of `count` things in a row fall into the tile at `index`.
fn width_at(index: u64, count: u64) -> u16 {
    let before = index.saturating_mul(TILE_WIDTH.into());
    u16::try_from(count.saturating_sub(before).min(TILE_WIDTH.into())).unwrap_or(TILE_WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::Frontier;
    use alloc::vec;

    fn tile(level: u8, index: u64, width: u16) -> HashTile {
        HashTile { level, index, width }
    }

    #[test]
    fn tile_paths_have_one_spelling() {
        fn check(path: &str, expect: Result<HashTile, TileError>) {
            assert_eq!(path.parse(), expect, "{path}");
            if let Ok(tile) = expect {
                assert_eq!(tile.path(), path);
            }
        }
        check("tile/0/000", Ok(tile(0, 0, 256)));
        check("tile/0/x001/x234/067", Ok(tile(0, 1_234_067, 256)));
        check("tile/63/x001/000.p/255", Ok(tile(63, 1000, 255)));
        check(
            "tile/7/x018/x446/x744/x073/x709/x551/615",
            Ok(tile(7, u64::MAX, 256)),
        );
        for near_miss in [
            "",
            "tile",
            "tile/",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/0/00",
            "tile/0/0000",
            "tile/0/x000/000",
            "tile/00/000",
            "tile/01/000",
            "tile/64/000",
            "tile/256/000",
            "tile/-1/000",
            "tile/+1/000",
            "tile/0/+00",
            "tile/0/1234",
            "tile/0/001/234",
            "tile/0/x001/x234",
            "tile/0/xx001/234",
            "tile/0/X001/234",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/+1",
            "tile/0/000.p/",
            "tile/0/000.p",
            "tile/0/000.p/1.p/1",
            "tile/0/000.p/65536",
            "tile/0/000/",
            "/tile/0/000",
            "tile/0/000\n",
            "tile/entries/000",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/x001//067",
            "tile/0/ 00",
        ] {
            check(near_miss, Err(TileError::Path));
        }
    }

    #[test]
    fn bundle_paths_have_one_spelling() {
        fn check(path: &str, expect: Result<EntryBundle, TileError>) {
            assert_eq!(path.parse(), expect, "{path}");
        }
        check(
            "tile/entries/x001/x234/067.p/7",
            Ok(EntryBundle {
                index: 1_234_067,
                width: 7,
            }),
        );
        check(
            "tile/entries/999",
            Ok(EntryBundle {
                index: 999,
                width: 256,
            }),
        );
        check("tile/entries/99", Err(TileError::Path));
        check("tile/0/000", Err(TileError::Path));
        check("tile/entries/000.p/256", Err(TileError::Path));
        assert_eq!(
            EntryBundle {
                index: 1_234_067,
                width: 7
            }
            .path(),
            "tile/entries/x001/x234/067.p/7"
        );
    }

    #[test]
    fn widths_follow_the_tree() {
        assert_eq!(EntryBundle::of_leaf(0, 0), None);
        assert_eq!(EntryBundle::of_leaf(256, 256), None);
        assert_eq!(
            EntryBundle::of_leaf(255, 256),
            Some(EntryBundle { index: 0, width: 256 })
        );
        assert_eq!(
            EntryBundle::of_leaf(256, 300),
            Some(EntryBundle { index: 1, width: 44 })
        );
        assert_eq!(EntryBundle { index: 1, width: 44 }.full().first_leaf(), 256);
        assert_eq!(tile(1, 0, 1).width_in(255), 0);
        assert_eq!(tile(1, 0, 1).width_in(70_000), 256);
        assert_eq!(tile(1, 1, 1).width_in(70_000), 17);
        assert_eq!(tile(8, 0, 1).width_in(u64::MAX), 0);
        assert_eq!(tile(0, u64::MAX, 1).width_in(u64::MAX), 0);
    }

    #[test]
    fn nodes_are_found_in_tiles() {
        fn check(node: (u8, u64), size: u64, expect: Result<(HashTile, u8, u16), TileError>) {
            let (level, index) = node;
            assert_eq!(
                HashTile::of_node(Node { level, index }, size),
                expect,
                "{node:?} of {size}"
            );
        }
        check((0, 0), 1, Ok((tile(0, 0, 1), 0, 0)));
        check((0, 300), 400, Ok((tile(0, 1, 144), 0, 44)));
        check((3, 32), 400, Ok((tile(0, 1, 144), 3, 0)));
        check((7, 1), 256, Ok((tile(0, 0, 256), 7, 1)));
        check((8, 0), 256, Ok((tile(1, 0, 1), 0, 0)));
        check((17, 3), 1 << 30, Ok((tile(2, 0, 256), 1, 3)));
        check((0, 1), 1, Err(TileError::NoNode { level: 0, index: 1 }));
        check((8, 0), 255, Err(TileError::NoNode { level: 8, index: 0 }));
        check((64, 0), u64::MAX, Err(TileError::NoNode { level: 64, index: 0 }));
        check(
            (255, u64::MAX),
            u64::MAX,
            Err(TileError::NoNode {
                level: 255,
                index: u64::MAX,
            }),
        );
    }

    #[test]
    fn tiles_fold_their_nodes() {
        let leaves: Vec<Hash> = (0..=255_u8).map(|leaf| Hash::leaf(&[leaf])).collect();
        let bytes: Vec<u8> = leaves.iter().flat_map(|hash| *hash.as_bytes()).collect();
        let full = TileHashes::parse(&bytes, 256).unwrap();
        assert_eq!(full.hashes(), leaves);
        let mut frontier = Frontier::empty();
        leaves.iter().for_each(|leaf| frontier.push(*leaf));
        assert_eq!(full.node(8, 0), Ok(frontier.root()));
        assert_eq!(full.node(1, 127), Ok(Hash::node(&leaves[254], &leaves[255])));
        assert_eq!(full.node(0, 256), Err(TileError::NoNode { level: 0, index: 256 }));
        assert_eq!(full.node(9, 0), Err(TileError::NoNode { level: 9, index: 0 }));
        assert_eq!(
            full.node(255, 65_535),
            Err(TileError::NoNode {
                level: 255,
                index: 65_535
            })
        );
        let five = TileHashes::parse(&bytes[..160], 5).unwrap();
        assert_eq!(five.node(2, 0), full.node(2, 0));
        assert_eq!(five.node(1, 2), Err(TileError::NoNode { level: 1, index: 2 }));
        let wrong = |width, expected, found| {
            Err(TileError::Length {
                width,
                expected,
                found,
            })
        };
        assert_eq!(TileHashes::parse(&bytes[..159], 5), wrong(5, 160, 159));
        assert_eq!(TileHashes::parse(&bytes, 255), wrong(255, 8160, 8192));
        assert_eq!(TileHashes::parse(&[], 0), Err(TileError::Width { width: 0 }));
        assert_eq!(TileHashes::parse(&[], 257), Err(TileError::Width { width: 257 }));
    }

    #[test]
    fn bundles_split_exactly() {
        let bundle = [0, 2, b'a', b'b', 0, 0, 0, 1, b'c'];
        assert_eq!(split_bundle(&bundle, 3), Ok(vec![2..4, 6..6, 8..9]));
        assert_eq!(
            split_bundle(&bundle, 2),
            Err(TileError::Trailing { width: 2, extra: 3 })
        );
        assert_eq!(
            split_bundle(&bundle, 4),
            Err(TileError::Truncated { width: 4, entry: 3 })
        );
        assert_eq!(
            split_bundle(&bundle[..8], 3),
            Err(TileError::Truncated { width: 3, entry: 2 })
        );
        assert_eq!(
            split_bundle(&bundle[..1], 3),
            Err(TileError::Truncated { width: 3, entry: 0 })
        );
        assert_eq!(split_bundle(&[], 0), Err(TileError::Width { width: 0 }));
        assert_eq!(split_bundle(&[], 257), Err(TileError::Width { width: 257 }));
    }
}
