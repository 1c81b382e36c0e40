//! The names of tiles and bundles, spelled in one way, and how wide each is in a tree.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::error::TileError;
use crate::merkle::Node;

/// Hashes in a full hash tile, entries in a full bundle (tlog-tiles: tiles have height 8).
pub const TILE_WIDTH: u16 = 256;
/// The levels of a tree that one tile spans.
pub const TILE_HEIGHT: u8 = 8;
/// The highest level that a path may name (tlog-tiles: "between 0 and 63").
pub const MAX_TILE_LEVEL: u8 = 63;

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

impl HashTile {
    /// The path below the log's prefix.
    #[must_use]
    pub fn path(&self) -> String {
        alloc::format!("{self}")
    }

    /// The tile that holds `node`, or the hashes it is made of, as wide as it is in a tree of `tree_size` leaves; then the
    /// node's place within the tile, as [`crate::TileHashes::node`] takes it: level (0 to 7) and index.
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
        let index = leaf / u64::from(TILE_WIDTH);
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
            width: TILE_WIDTH,
            ..self
        }
    }

    /// The first leaf in it.
    #[must_use]
    pub const fn first_leaf(&self) -> u64 {
        self.index.saturating_mul(TILE_WIDTH as u64)
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
        before.iter().try_for_each(|group| write!(f, "x{:03}/", group % 1000))?;
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

/// How many of `count` things in a row fall into the tile at `index`.
fn width_at(index: u64, count: u64) -> u16 {
    let before = index.saturating_mul(TILE_WIDTH.into());
    u16::try_from(count.saturating_sub(before).min(TILE_WIDTH.into())).unwrap_or(TILE_WIDTH)
}

pub(super) fn check_width(width: u16) -> Result<u16, TileError> {
    if (1..=TILE_WIDTH).contains(&width) {
        Ok(width)
    } else {
        Err(TileError::Width { width })
    }
}
