//! One tree of a Rekor v1 server: its leaves, made when they are asked for, and its proofs.

use crate::hostile::rekor::tree::ProofTree;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use testlog::LeafMaker;
use tlog::Hash;

/// A tree and what is published of it. Cloning copies the hashes.
#[derive(Clone)]
pub(crate) struct Shard {
    pub(crate) id: u64,
    tree: ProofTree,
    published: u64,
    /// Which maker made the leaves from an index on.
    made: BTreeMap<u64, LeafMaker>,
    held: BTreeMap<u64, Arc<[u8]>>,
    /// The note that stands beside the proofs of entries: signed once, for signing costs more than all the rest.
    note: OnceLock<String>,
}

impl Shard {
    pub(crate) fn new(id: u64) -> Self {
        Self {
            id,
            tree: ProofTree::default(),
            published: 0,
            made: BTreeMap::new(),
            held: BTreeMap::new(),
            note: OnceLock::new(),
        }
    }

    /// The note that stands beside the proofs of entries.
    pub(crate) fn note(&self, sign: impl FnOnce() -> String) -> &str {
        self.note.get_or_init(sign)
    }

    /// What is published, which is what it answers for.
    pub(crate) fn size(&self) -> u64 {
        self.published
    }

    /// Publishes all that there is.
    pub(crate) fn publish(&mut self) {
        self.published = self.tree.size();
        self.note = OnceLock::new();
    }

    /// The same tree when it had so many entries.
    pub(crate) fn earlier(&self, size: u64) -> Self {
        Self {
            published: size.min(self.published),
            note: OnceLock::new(),
            ..self.clone()
        }
    }

    pub(crate) fn grow(&mut self, count: u64, make: &LeafMaker) {
        let first = self.tree.size();
        self.made.insert(first, Arc::clone(make));
        (first..first + count).for_each(|index| self.tree.append(Hash::leaf(&make(index))));
    }

    pub(crate) fn append(&mut self, leaf: &[u8]) {
        self.held.insert(self.tree.size(), Arc::from(leaf));
        self.tree.append(Hash::leaf(leaf));
    }

    /// Another tree that shares the first `at` entries and has `size`.
    pub(crate) fn fork(&mut self, at: u64, size: u64, make: &LeafMaker) {
        self.tree = self.tree.prefix(at);
        self.held.retain(|index, _| *index < at);
        self.made.retain(|index, _| *index < at);
        self.grow(size.saturating_sub(at), make);
        self.publish();
    }

    pub(crate) fn leaf(&self, index: u64) -> Option<Arc<[u8]>> {
        if index >= self.tree.size() {
            return None;
        }
        let held = self.held.get(&index).cloned();
        held.or_else(|| Some(Arc::from(self.made.range(..=index).next_back()?.1(index))))
    }

    pub(crate) fn leaf_hash(&self, index: u64) -> Hash {
        self.tree.leaf(index)
    }

    pub(crate) fn root(&self) -> Hash {
        self.tree.hash(0, self.published)
    }

    pub(crate) fn inclusion(&self, index: u64) -> Vec<Hash> {
        self.tree.inclusion(index, self.published)
    }

    pub(crate) fn consistency(&self, first: u64, last: u64) -> Vec<Hash> {
        self.tree.consistency(first, last)
    }
}
