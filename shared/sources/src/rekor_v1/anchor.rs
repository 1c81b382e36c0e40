//! A position within a shard, out of the proofs that its server makes.
//!
//! A consistency proof from `at` to `head` holds both sides of the cut unless `at` is a power of two; the left side is then
//! the old root alone, and is put together from the last entry before it: the left siblings of its inclusion proof, at
//! whatever size the server has it, and its leaf hash. Position 0 has no proof: the first entry and the proof from 1 give
//! what leads from nothing to the head. Nothing is checked here but the form; the pass holds both sides against the root
//! that was signed at `head`, and so it does not matter at which size the parts were served.

use crate::rekor_v1::lookup::LookedUp;
use crate::rekor_v1::server::{RekorV1Server, malformed};
use crate::rekor_v1::tree_id::TreeId;
use pass::{Anchor, Freshness, SourceError};
use tlog::{Frontier, Hash, MerkleError, SplitConsistency, split_consistency};

/// One shard's proofs.
pub(crate) struct Anchors<'a> {
    pub(crate) server: &'a RekorV1Server,
    pub(crate) tree: TreeId,
    pub(crate) offset: u64,
    pub(crate) freshness: Freshness,
}

impl Anchors<'_> {
    /// The claimed frontier at `at`, and what leads from there to `head`.
    pub(crate) async fn anchor(&self, at: u64, head: u64) -> Result<Anchor, SourceError> {
        if at == 0 {
            let (frontier, rest) = (Frontier::empty(), self.whole(head).await?);
            return Ok(Anchor { frontier, rest });
        }
        if at >= head {
            let (frontier, rest) = (self.frontier(at).await?, Vec::new());
            return Ok(Anchor { frontier, rest });
        }
        if !at.is_power_of_two() {
            let SplitConsistency { frontier, rest } = self.split(at, head).await?;
            // Always there, unless the sizes are equal or the first is a power of two.
            let frontier = frontier.unwrap_or_default();
            return Ok(Anchor { frontier, rest });
        }
        let (frontier, split) = futures::try_join!(self.frontier(at), self.split(at, head))?;
        let rest = split.rest;
        Ok(Anchor { frontier, rest })
    }

    async fn split(&self, at: u64, head: u64) -> Result<SplitConsistency, SourceError> {
        let (url, hashes) = self.server.proof(self.tree, at, head, self.freshness).await?;
        split_consistency(at, head, &hashes).map_err(|error| malformed(&url, error.to_string(), &bytes(&hashes)))
    }

    /// The frontier of `[0, at)`, for an `at` above 0.
    async fn frontier(&self, at: u64) -> Result<Frontier, SourceError> {
        let last = self.entry(at - 1).await?;
        last.frontier()
            .map_err(|error| self.misplaced(&last, error.to_string()))
    }

    /// The root at `head`: all that stands right of nothing, folded.
    async fn whole(&self, head: u64) -> Result<Vec<Hash>, SourceError> {
        if head == 0 {
            return Ok(Vec::new());
        }
        if head == 1 {
            return Ok(vec![self.entry(0).await?.leaf_hash]);
        }
        let (first, split) = futures::try_join!(self.entry(0), self.split(1, head))?;
        let mut frontier = Frontier::empty();
        frontier.push(first.leaf_hash);
        let root = frontier.root_with(&split.rest, head);
        root.map(|root| vec![root])
            .map_err(|error: MerkleError| self.misplaced(&first, error.to_string()))
    }

    /// The entry at an index of this shard, of this tree and place as far as it says so itself.
    async fn entry(&self, index: u64) -> Result<LookedUp, SourceError> {
        let global = self.offset.saturating_add(index);
        let entry = self.server.entry_at(global, self.freshness).await?;
        if entry.tree.is_some_and(|tree| tree != self.tree) || entry.proof.index != index {
            let reason = format!(
                "the entry at {global} should be {index} of the tree {}, and is said to be {} of {}",
                self.tree, entry.proof.index, entry.uuid
            );
            return Err(self.misplaced(&entry, reason));
        }
        Ok(entry)
    }

    fn misplaced(&self, entry: &LookedUp, reason: String) -> SourceError {
        let mut url = self.server.at("log/entries");
        url.set_query(Some(&format!("logIndex={}", entry.global_index)));
        malformed(&url, reason, &bytes(&entry.proof.hashes))
    }
}

/// What is kept of a proof that does not fit.
fn bytes(hashes: &[Hash]) -> Vec<u8> {
    serde_json::to_vec(hashes).unwrap_or_default()
}
