//! **verify**: a span's leaves, hashed onto a copy of the cursor's frontier, rebuild the root that the log signed.
//!
//! Only this makes a [`VerifiedSpan`], and only a verified span can be scanned.

use super::fetch::{HashedBatch, RawSpan};
use crate::record::HeadRef;
use crate::{Freshness, LeafExtra, LogSource};
use tlog::{Frontier, Hash};

/// Entries that were shown to be in the tree that the log signed.
pub(crate) struct VerifiedSpan {
    batches: Vec<HashedBatch>,
    before: Frontier,
    proof: SpanProof,
}

/// What shows that a span was verified, without its entries.
pub(crate) struct SpanProof {
    /// Where the span begins.
    pub(crate) from: u64,
    /// The frontier at its end.
    pub(crate) after: Frontier,
    /// The signed head that it leads to.
    pub(crate) head: HeadRef,
    /// The hashes of `range_nodes(to, head.size)`.
    pub(crate) rest: Vec<Hash>,
}

impl SpanProof {
    /// The index after the span's last entry.
    pub(crate) fn to(&self) -> u64 {
        self.after.size()
    }
}

impl VerifiedSpan {
    /// The frontier before the span.
    pub(crate) fn before(&self) -> &Frontier {
        &self.before
    }

    pub(crate) fn proof(&self) -> &SpanProof {
        &self.proof
    }

    /// Drops the entries.
    pub(crate) fn into_proof(self) -> SpanProof {
        self.proof
    }

    /// The leaf hashes, in order.
    pub(crate) fn leaf_hashes(&self) -> impl Iterator<Item = Hash> {
        hashes(&self.batches)
    }

    /// What the server said of an entry beside its leaf, and the signed entry timestamp: nothing of it is verified.
    pub(crate) fn extra(&self, index: u64) -> Option<(&LeafExtra, &[u8])> {
        let batch = self.batches.iter().map(|hashed| &hashed.batch);
        let batch = batch
            .into_iter()
            .find(|batch| (batch.first..batch.end()).contains(&index))?;
        let extra = batch.extras.get(usize::try_from(index - batch.first).ok()?)?;
        Some((extra, batch.bytes.get(extra.set.clone()).unwrap_or_default()))
    }

    /// Every entry: index, leaf hash, bytes.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u64, Hash, &[u8])> {
        leaves(&self.batches)
            .zip(self.leaf_hashes())
            .map(|((index, leaf), hash)| (index, hash, leaf))
    }
}

fn leaves(batches: &[HashedBatch]) -> impl Iterator<Item = (u64, &[u8])> {
    batches.iter().flat_map(|hashed| hashed.batch.iter())
}

fn hashes(batches: &[HashedBatch]) -> impl Iterator<Item = Hash> {
    batches.iter().flat_map(|hashed| hashed.hashes.iter().copied())
}

/// Leaves hashed onto a frontier; nothing is shown yet.
pub(crate) struct HashedSpan {
    batches: Vec<HashedBatch>,
    before: Frontier,
    after: Frontier,
}

impl HashedSpan {
    /// A span that begins where the frontier ends.
    pub(crate) fn new(before: Frontier, span: RawSpan) -> Self {
        let mut after = before.clone();
        hashes(&span.batches).for_each(|hash| after.push(hash));
        Self {
            batches: span.batches,
            before,
            after,
        }
    }

    pub(crate) fn to(&self) -> u64 {
        self.after.size()
    }

    /// A verified span if the leaves and `rest` rebuild the head's root, else the leaves back.
    pub(crate) fn verify(self, head: HeadRef, rest: Vec<Hash>) -> Result<VerifiedSpan, Self> {
        if self.after.root_with(&rest, head.size).ok() != Some(head.root) {
            return Err(self);
        }
        let proof = SpanProof {
            from: self.before.size(),
            after: self.after,
            head,
            rest,
        };
        Ok(VerifiedSpan {
            batches: self.batches,
            before: self.before,
            proof,
        })
    }

    /// The first leaf that is not what the log signed, found by asking the source for the frontiers that the signed
    /// root commits to. `None` if the source's hashes do not rebuild the root either.
    pub(crate) async fn first_difference(&self, source: &dyn LogSource, head: HeadRef) -> Option<u64> {
        let (mut same, mut differs) = (self.before.size(), self.after.size());
        if self.agrees(source, head, differs).await? {
            return None;
        }
        while differs - same > 1 {
            let middle = same + (differs - same) / 2;
            if self.agrees(source, head, middle).await? {
                same = middle;
            } else {
                differs = middle;
            }
        }
        Some(same)
    }

    async fn agrees(&self, source: &dyn LogSource, head: HeadRef, at: u64) -> Option<bool> {
        let anchor = source.anchor(at, head.size, Freshness::PastCaches).await.ok()?;
        let signed = anchor.frontier.root_with(&anchor.rest, head.size).ok()? == head.root;
        signed.then(|| anchor.frontier == self.frontier_at(at))
    }

    fn frontier_at(&self, at: u64) -> Frontier {
        let mut frontier = self.before.clone();
        let count = usize::try_from(at - self.before.size()).unwrap_or(usize::MAX);
        hashes(&self.batches).take(count).for_each(|hash| frontier.push(hash));
        frontier
    }

    /// The first leaf that another reading of the same entries has differently.
    pub(crate) fn differs_from(&self, other: impl Iterator<Item = Hash>) -> Option<u64> {
        let at = hashes(&self.batches)
            .zip(other)
            .position(|(ours, theirs)| ours != theirs)?;
        Some(self.before.size() + at as u64)
    }

    /// The bytes of a leaf.
    pub(crate) fn leaf(&self, index: u64) -> Option<&[u8]> {
        leaves(&self.batches).find(|(at, _)| *at == index).map(|(_, leaf)| leaf)
    }

    /// The first bytes of the span, for want of a better place.
    pub(crate) fn beginning(&self, max: usize) -> Vec<u8> {
        let first = self
            .batches
            .first()
            .map(|hashed| &hashed.batch.bytes[..])
            .unwrap_or_default();
        first.get(..max.min(first.len())).unwrap_or_default().to_vec()
    }
}
