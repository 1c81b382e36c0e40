//! What a source serves of a log: a size, its checkpoint, its hashes and its entries, honest or with one leaf changed.

use super::leaves;
use bytes::Bytes;
use pass::{Anchor, LeafBatch};
use std::sync::Arc;
use testlog::TreeLog;
use tlog::{Frontier, Hash, Node, range_nodes};

/// Leaves in a batch. A batch brings so much padding with it that a span has room for one alone.
const BATCH: u64 = 16;
const BATCH_BYTES: usize = 5 << 20;

/// A log at a size, ready to be served.
pub(crate) struct Served {
    pub(crate) log: TreeLog,
    /// The size of its checkpoint.
    pub(crate) signed: u64,
    hashes: Vec<Hash>,
    batches: Vec<LeafBatch>,
}

impl Served {
    /// The log of these tests at a size.
    pub(crate) fn honest(size: u64) -> Arc<Self> {
        Self::of(leaves::log(size), None)
    }

    /// Another log, at the size that it has.
    pub(crate) fn of(log: TreeLog, changed: Option<u64>) -> Arc<Self> {
        let size = log.size();
        let hashes = (0..size).map(|index| Hash::leaf(&log.leaf(index).unwrap())).collect();
        let starts = (0..size).step_by(usize::try_from(BATCH).unwrap());
        let batches = starts
            .map(|first| batch(&log, first, (first + BATCH).min(size), changed))
            .collect();
        Arc::new(Self {
            log,
            signed: size,
            hashes,
            batches,
        })
    }

    /// The log of these tests at a size, and a checkpoint that is behind.
    pub(crate) fn stale(size: u64, signed: u64) -> Arc<Self> {
        let served = Self::of(leaves::log(size), None);
        Arc::new(Self {
            signed,
            ..Arc::into_inner(served).unwrap()
        })
    }

    /// The same log, whose leaf at `index` is served with a changed byte.
    pub(crate) fn changed(size: u64, index: u64) -> Arc<Self> {
        Self::of(leaves::log(size), Some(index))
    }

    pub(crate) fn checkpoint(&self) -> Vec<u8> {
        self.log.checkpoint(self.signed).into_bytes()
    }

    /// `None` where this log is smaller.
    pub(crate) fn anchor(&self, at: u64, head: u64) -> Option<Anchor> {
        if head > self.log.size() || at > head {
            return None;
        }
        let hashes = |from, to| range_nodes(from, to).into_iter().map(|node| self.node(node)).collect();
        Some(Anchor {
            frontier: Frontier::new(at, hashes(0, at)).unwrap(),
            rest: hashes(at, head),
        })
    }

    fn node(&self, node: Node) -> Hash {
        match node.level.checked_sub(1) {
            None => self.hashes[usize::try_from(node.index).unwrap()],
            Some(level) => {
                let child = |index| self.node(Node { level, index });
                Hash::node(&child(node.index * 2), &child(node.index * 2 + 1))
            }
        }
    }

    /// The batches of `[from, to)`; nothing where this log is smaller.
    pub(crate) fn entries(&self, from: u64, to: u64, head: u64) -> Vec<LeafBatch> {
        let within = head <= self.log.size();
        let batches = self
            .batches
            .iter()
            .filter(|batch| within && batch.end() > from && batch.first < to);
        batches.map(|batch| cut(batch, from, to)).collect()
    }
}

fn batch(log: &TreeLog, first: u64, end: u64, changed: Option<u64>) -> LeafBatch {
    let (mut bytes, mut leaves, mut at) = (vec![0; BATCH_BYTES], Vec::new(), 0);
    for index in first..end {
        let leaf = log.leaf(index).unwrap();
        bytes[at..at + leaf.len()].copy_from_slice(&leaf);
        if changed == Some(index) {
            bytes[at] ^= 1;
        }
        leaves.push(at..at + leaf.len());
        at += leaf.len();
    }
    LeafBatch {
        first,
        bytes: Bytes::from(bytes),
        leaves,
        extras: Vec::new(),
    }
}

fn cut(batch: &LeafBatch, from: u64, to: u64) -> LeafBatch {
    let first = batch.first.max(from);
    let place = |index: u64| usize::try_from(index - batch.first).unwrap();
    LeafBatch {
        first,
        bytes: batch.bytes.clone(),
        leaves: batch.leaves[place(first)..place(batch.end().min(to))].to_vec(),
        extras: Vec::new(),
    }
}
