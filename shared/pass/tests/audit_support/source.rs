//! A log in memory as a source.

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use pass::{
    Anchor, EntryStream, Fault, Freshness, LeafBatch, LogKind, LogSource, Probed, SourceError, Sources, WatchedLog,
};
use std::sync::Arc;
use testlog::TreeLog;
use tlog::{Frontier, Hash, MerkleError, Node, range_nodes};

/// The hash of a complete subtree.
pub(crate) fn node(log: &TreeLog, node: Node) -> Hash {
    let Node { level, index } = node;
    let Some(level) = level.checked_sub(1) else {
        return Hash::leaf(&log.leaf(index).unwrap());
    };
    let child = |index| self::node(log, Node { level, index });
    Hash::node(&child(2 * index), &child(2 * index + 1))
}

/// An inclusion proof.
pub(crate) fn inclusion(log: &TreeLog, index: u64, size: u64) -> Vec<Hash> {
    tlog::inclusion_proof(index, size, |at| Ok::<_, MerkleError>(node(log, at))).unwrap()
}

#[derive(Clone)]
pub(crate) struct OneSource {
    log: TreeLog,
    checkpoint: String,
}

impl OneSource {
    pub(crate) fn new(log: TreeLog, checkpoint: String) -> Self {
        Self { log, checkpoint }
    }
}

#[async_trait]
impl Sources for OneSource {
    fn open(&self, _log: &WatchedLog, _kind: LogKind) -> Result<Arc<dyn LogSource>, Fault> {
        Ok(Arc::new(self.clone()))
    }

    async fn probe(&self, _log: &WatchedLog) -> Result<Probed, Fault> {
        unreachable!("the kind is configured")
    }
}

#[async_trait]
impl LogSource for OneSource {
    fn place(&self) -> &'static str {
        "memory"
    }

    async fn checkpoint(&self, _freshness: Freshness) -> Result<Vec<u8>, SourceError> {
        Ok(self.checkpoint.clone().into_bytes())
    }

    async fn anchor(&self, at: u64, head: u64, _freshness: Freshness) -> Result<Anchor, SourceError> {
        let hashes = |from, to| {
            range_nodes(from, to)
                .into_iter()
                .map(|at| node(&self.log, at))
                .collect()
        };
        Ok(Anchor {
            frontier: Frontier::new(at, hashes(0, at)).unwrap(),
            rest: hashes(at, head),
        })
    }

    fn entries(&self, from: u64, to: u64, _head: u64, _freshness: Freshness) -> EntryStream {
        let (mut bytes, mut leaves) = (Vec::new(), Vec::new());
        for index in from..to {
            let first = bytes.len();
            bytes.extend_from_slice(&self.log.leaf(index).unwrap());
            leaves.push(first..bytes.len());
        }
        let bytes = Bytes::from(bytes);
        let batch = LeafBatch {
            first: from,
            bytes,
            leaves,
            extras: Vec::new(),
        };
        futures::stream::iter([Ok(batch)]).boxed()
    }
}
