//! Which trees a server has, and where each of them stands in the one count over all.
//!
//! The server lists its inactive shards without saying which came first, and an entry is asked for by its index over all.
//! The active shard comes last: it begins at the sum of the others. Among those the order is found by asking for the entry
//! at the first place that is not taken yet: its uuid (or, where that is of the old kind, the checkpoint beside its proof)
//! names the tree that begins there, and its index within the shard must be 0. With fewer than two of them nothing needs
//! to be asked. All of it is the server's word: a wrong offset shows in the first batch, whose entries stand elsewhere.

use crate::rekor_v1::lookup::LookedUp;
use crate::rekor_v1::server::RekorV1Server;
use crate::rekor_v1::tree_id::TreeId;
use crate::rekor_v1::wire::TreeInfo;
use pass::{Freshness, SourceError, SourceErrorKind};

/// One tree of a server, as it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Its id.
    pub tree: TreeId,
    /// Whether it takes entries.
    pub active: bool,
    /// Its size.
    pub size: u64,
    /// The index over all shards of its first entry.
    pub offset: u64,
    /// Its signed note, of which nothing is checked.
    pub note: String,
}

/// The places of the shards cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Unplaced {
    #[error("the entry at {at} begins none of the shards that the server lists and that have no place yet")]
    Elsewhere { at: u64 },
    #[error("a tree is listed twice")]
    Twice,
    #[error("the shards together have more entries than a number of 64 bits can say")]
    TooMany,
}

impl RekorV1Server {
    /// The shards, in the order of their entries; the active one is the last.
    ///
    /// # Errors
    /// [`SourceError`]; also if the server's answers do not say where its shards stand.
    pub async fn shards(&self, freshness: Freshness) -> Result<Vec<Shard>, SourceError> {
        let info = self.info(freshness).await?;
        let unplaced = |why: Unplaced| SourceError {
            object: self.at("log").to_string(),
            kind: SourceErrorKind::Unreachable(Box::new(why)),
        };
        let mut left = info.inactive.unwrap_or_default().0;
        let mut ids: Vec<TreeId> = left.iter().map(|tree| tree.id).chain([info.active.id]).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|two| two.first() == two.last()) {
            return Err(unplaced(Unplaced::Twice));
        }
        let (mut placed, mut at) = (Vec::new(), 0_u64);
        while !left.is_empty() {
            // Where only one has entries it begins here; those without any have no place and need none.
            let next = match left.iter().filter(|tree| tree.size > 0).count() {
                0 => Some(0),
                1 => left.iter().position(|tree| tree.size > 0),
                _ => begins_at(&left, &self.entry_at(at, freshness).await?),
            };
            let tree = left.remove(next.ok_or_else(|| unplaced(Unplaced::Elsewhere { at }))?);
            let size = tree.size;
            placed.push(shard(tree, false, at));
            at = at.checked_add(size).ok_or_else(|| unplaced(Unplaced::TooMany))?;
        }
        placed.push(shard(info.active, true, at));
        Ok(placed)
    }
}

/// Which of the trees this entry is the first of.
fn begins_at(trees: &[TreeInfo], first: &LookedUp) -> Option<usize> {
    let tree = first.tree.or_else(|| named_in(first.proof.checkpoint.as_deref()?))?;
    let at = trees.iter().position(|listed| listed.id == tree)?;
    (first.proof.index == 0).then_some(at)
}

/// The tree id at the end of a checkpoint's origin: `rekor.example - 123`.
fn named_in(checkpoint: &str) -> Option<TreeId> {
    let (_, tree) = checkpoint.lines().next()?.rsplit_once(" - ")?;
    tree.parse().ok()
}

fn shard(tree: TreeInfo, active: bool, offset: u64) -> Shard {
    Shard {
        tree: tree.id,
        active,
        size: tree.size,
        offset,
        note: tree.note,
    }
}
