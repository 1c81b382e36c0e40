//! A position within a tree, out of the fewest hash tiles that hold its nodes.

use crate::reader::TileReader;
use crate::turn::Turn;
use bytes::Bytes;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use pass::{Anchor, Freshness, KEPT_BYTES, SourceError, SourceErrorKind};
use std::collections::{BTreeMap, BTreeSet};
use tlog::{Frontier, Hash, HashTile, Node, TileError, TileHashes, range_nodes};

/// The claimed frontier at `at` and what leads from it to `head`; `at_once` tiles are under way at a time.
pub(crate) async fn anchor(
    reader: &dyn TileReader,
    at: u64,
    head: u64,
    freshness: Freshness,
    at_once: usize,
) -> Result<Anchor, SourceError> {
    let outside = |error: TileError| SourceError {
        object: reader.place().to_owned(),
        kind: SourceErrorKind::Unreachable(Box::new(error)),
    };
    let left = plan(&range_nodes(0, at), head).map_err(outside)?;
    let right = plan(&range_nodes(at, head), head).map_err(outside)?;
    let wanted: BTreeSet<HashTile> = left.iter().chain(&right).map(|place| place.tile).collect();
    let tiles: BTreeMap<HashTile, TileHashes> = stream::iter(wanted)
        .map(|tile| async move { Ok((tile, fetch(reader, tile, freshness).await?)) })
        .buffer_unordered(at_once.max(1))
        .try_collect()
        .await?;
    let hashes = |places: &[Place]| -> Result<Vec<Hash>, SourceError> {
        places
            .iter()
            .map(|place| place.hash(&tiles))
            .collect::<Result<_, _>>()
            .map_err(outside)
    };
    let frontier = Frontier::new(at, hashes(&left)?).map_err(|error| SourceError {
        object: reader.place().to_owned(),
        kind: SourceErrorKind::Unreachable(Box::new(error)),
    })?;
    Ok(Anchor {
        frontier,
        rest: hashes(&right)?,
    })
}

/// Where a node is found.
struct Place {
    tile: HashTile,
    level: u8,
    index: u16,
}

fn plan(nodes: &[Node], head: u64) -> Result<Vec<Place>, TileError> {
    let place = |node: &Node| HashTile::of_node(*node, head).map(|(tile, level, index)| Place { tile, level, index });
    nodes.iter().map(place).collect()
}

impl Place {
    fn hash(&self, tiles: &BTreeMap<HashTile, TileHashes>) -> Result<Hash, TileError> {
        tiles
            .get(&self.tile)
            .ok_or(TileError::Path)?
            .node(self.level, self.index)
    }
}

/// A tile as wide as the tree has it; where the partial one is gone, the full one, of which the first hashes are the same.
async fn fetch(reader: &dyn TileReader, tile: HashTile, freshness: Freshness) -> Result<TileHashes, SourceError> {
    let partial = fetch_exactly(reader, tile, freshness).await;
    match partial {
        Err(gone) if tile.full() != tile && is_gone(&gone.kind) => fetch_exactly(reader, tile.full(), freshness)
            .await
            .map_err(|error| either(gone, error)),
        Ok(_) | Err(_) => partial,
    }
}

async fn fetch_exactly(
    reader: &dyn TileReader,
    tile: HashTile,
    freshness: Freshness,
) -> Result<TileHashes, SourceError> {
    let path = tile.path();
    let cap = usize::from(tile.width) * size_of::<Hash>();
    let bytes = reader.read(&path, cap, freshness, &mut Turn::now()).await?;
    TileHashes::parse(&bytes, tile.width).map_err(|error| malformed(reader, &path, error, &bytes))
}

/// Whether a partial tile may have been pruned: 404, and the 403 of a bucket that does not let its readers list.
pub(crate) fn is_gone(kind: &SourceErrorKind) -> bool {
    matches!(
        kind,
        SourceErrorKind::NotFound | SourceErrorKind::Status { status: 403, .. }
    )
}

/// Where neither the partial nor the full one is there, it is the partial one that is missing.
pub(crate) fn either(partial: SourceError, full: SourceError) -> SourceError {
    if is_gone(&full.kind) { partial } else { full }
}

pub(crate) fn malformed(reader: &dyn TileReader, path: &str, error: TileError, bytes: &Bytes) -> SourceError {
    // Copied, lest 64 KiB of evidence keep 16 MiB alive.
    let kept = Bytes::copy_from_slice(bytes.get(..KEPT_BYTES).unwrap_or(bytes));
    let kind = SourceErrorKind::Malformed {
        reason: error.to_string(),
        bytes: kept,
    };
    SourceError {
        object: format!("{}/{path}", reader.place()),
        kind,
    }
}
