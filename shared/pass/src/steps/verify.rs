//! **verify**: a span's leaves, hashed onto a copy of the cursor's frontier, rebuild the root that the log signed.
//!
//! Only this makes a [`VerifiedSpan`], and only a verified span can be scanned.

use super::fetch::RawSpan;
use crate::record::HeadRef;
use crate::trouble::{Fault, FaultClass};
use crate::{Freshness, LeafBatch, LogSource};
use tlog::{Frontier, Hash};

/// Entries that were shown to be in the tree that the log signed.
pub(crate) struct VerifiedSpan {
    batches: Vec<LeafBatch>,
    leaf_hashes: Vec<Hash>,
    before: Frontier,
    after: Frontier,
    head: HeadRef,
    rest: Vec<Hash>,
}

impl VerifiedSpan {
    pub(crate) fn from(&self) -> u64 {
        self.before.size()
    }

    pub(crate) fn to(&self) -> u64 {
        self.after.size()
    }

    pub(crate) fn before(&self) -> &Frontier {
        &self.before
    }

    pub(crate) fn after(&self) -> &Frontier {
        &self.after
    }

    /// The signed head that the span leads to.
    pub(crate) fn head(&self) -> HeadRef {
        self.head
    }

    /// The hashes of `range_nodes(to, head.size)`.
    pub(crate) fn rest(&self) -> &[Hash] {
        &self.rest
    }

    /// The leaf hashes, in order.
    pub(crate) fn leaf_hashes(&self) -> &[Hash] {
        &self.leaf_hashes
    }

    /// Every entry: index, leaf hash, bytes.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u64, Hash, &[u8])> {
        let leaves = self.batches.iter().flat_map(LeafBatch::iter);
        leaves
            .zip(&self.leaf_hashes)
            .map(|((index, leaf), hash)| (index, *hash, leaf))
    }
}

/// Leaves hashed onto a frontier; nothing is shown yet.
pub(crate) struct HashedSpan {
    batches: Vec<LeafBatch>,
    leaf_hashes: Vec<Hash>,
    before: Frontier,
    after: Frontier,
}

impl HashedSpan {
    /// Hashes a span that begins where the frontier ends. Off the reactor: it is arithmetic over megabytes.
    pub(crate) async fn hash(before: Frontier, span: RawSpan) -> Result<Self, Fault> {
        let hashing = tokio::task::spawn_blocking(move || {
            let mut after = before.clone();
            let mut leaf_hashes = Vec::with_capacity(usize::try_from(span.to - span.from).unwrap_or(0));
            for (_, leaf) in span.batches.iter().flat_map(LeafBatch::iter) {
                let hash = Hash::leaf(leaf);
                after.push(hash);
                leaf_hashes.push(hash);
            }
            Self {
                batches: span.batches,
                leaf_hashes,
                before,
                after,
            }
        });
        hashing.await.map_err(|error| internal(&error))
    }

    pub(crate) fn to(&self) -> u64 {
        self.after.size()
    }

    /// A verified span if the leaves and `rest` rebuild the head's root, else the leaves back.
    pub(crate) fn verify(self, head: HeadRef, rest: Vec<Hash>) -> Result<VerifiedSpan, Self> {
        if self.after.root_with(&rest, head.size).ok() != Some(head.root) {
            return Err(self);
        }
        let Self {
            batches,
            leaf_hashes,
            before,
            after,
        } = self;
        Ok(VerifiedSpan {
            batches,
            leaf_hashes,
            before,
            after,
            head,
            rest,
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
        self.leaf_hashes
            .iter()
            .take(count)
            .for_each(|hash| frontier.push(*hash));
        frontier
    }

    /// The index and bytes of the first leaf that another reading of the same entries has differently.
    pub(crate) fn differs_from(&self, other: &[Hash]) -> Option<u64> {
        let at = self
            .leaf_hashes
            .iter()
            .zip(other)
            .position(|(ours, theirs)| ours != theirs)?;
        Some(self.before.size() + at as u64)
    }

    /// The bytes of a leaf.
    pub(crate) fn leaf(&self, index: u64) -> Option<&[u8]> {
        self.batches
            .iter()
            .flat_map(LeafBatch::iter)
            .find(|(at, _)| *at == index)
            .map(|(_, leaf)| leaf)
    }

    /// The first bytes of the span, for want of a better place.
    pub(crate) fn beginning(&self, max: usize) -> Vec<u8> {
        let first = self.batches.first().map(|batch| &batch.bytes[..]).unwrap_or_default();
        first.get(..max.min(first.len())).unwrap_or_default().to_vec()
    }
}

pub(crate) fn internal(error: &dyn core::error::Error) -> Fault {
    let message = format!("a part of the pass failed by itself ({error}); please report it");
    Fault {
        class: FaultClass::Internal,
        message,
        object: None,
    }
}
