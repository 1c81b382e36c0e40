//! The hashes of a Merkle tree (RFC 6962, 2.1): every complete subtree, one array for each level.
//!
//! Appending costs two hashes on average, the root of any earlier size as many as it has bits. A million leaves
//! take 64 MB.

use alloc::vec::Vec;
use sha2::{Digest as _, Sha256};

/// A SHA-256 hash, bare: `tlog::Hash` is what comes out of this crate, not what it computes with.
pub(crate) type Bare = [u8; 32];

#[derive(Clone, Default)]
pub(crate) struct Tree {
    /// `levels[l][i]` covers the leaves `[i << l, (i + 1) << l)`.
    levels: Vec<Vec<Bare>>,
}

impl Tree {
    pub(crate) fn size(&self) -> usize {
        self.levels.first().map_or(0, Vec::len)
    }

    /// Adds a leaf by its bytes.
    pub(crate) fn append(&mut self, leaf: &[u8]) {
        let mut carried = leaf_hash(leaf);
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(level) else {
                return;
            };
            let left = row.last().copied();
            row.push(carried);
            match left {
                Some(left) if row.len() % 2 == 0 => carried = node_hash(&left, &carried),
                Some(_) | None => return,
            }
        }
    }

    /// The complete subtrees of `level`, as many as a tree of `size` leaves has.
    pub(crate) fn row(&self, level: usize, size: usize) -> &[Bare] {
        let count = u32::try_from(level)
            .ok()
            .and_then(|shift| size.checked_shr(shift))
            .unwrap_or(0);
        self.levels
            .get(level)
            .and_then(|row| row.get(..count))
            .unwrap_or_default()
    }

    /// The root over the first `size` leaves; nothing if there are fewer.
    pub(crate) fn root(&self, size: usize) -> Option<Bare> {
        if size > self.size() {
            return None;
        }
        // From the smallest complete subtree to the largest: each larger one stands to the left.
        let mut root: Option<Bare> = None;
        for (level, row) in self.levels.iter().enumerate() {
            let count = size >> level;
            if count % 2 == 1 {
                let left = row.get(count - 1)?;
                root = Some(root.map_or(*left, |right| node_hash(left, &right)));
            }
        }
        Some(root.unwrap_or_else(|| Sha256::digest([]).into()))
    }

    /// The tree of the first `size` leaves.
    pub(crate) fn prefix(&self, size: usize) -> Tree {
        let rows = (0..self.levels.len()).map(|level| self.row(level, size).to_vec());
        Tree {
            levels: rows.take_while(|row| !row.is_empty()).collect(),
        }
    }
}

fn leaf_hash(leaf: &[u8]) -> Bare {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
}

fn node_hash(left: &Bare, right: &Bare) -> Bare {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6962, 2.1, word for word.
    fn root_by_definition(leaves: &[&[u8]]) -> Bare {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => leaf_hash(leaf),
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node_hash(&root_by_definition(left), &root_by_definition(right))
            }
        }
    }

    #[test]
    fn every_root_is_the_one_of_the_definition() {
        let bytes: Vec<[u8; 1]> = (0..=70).map(|number| [number]).collect();
        let leaves: Vec<&[u8]> = bytes.iter().map(<[u8; 1]>::as_slice).collect();
        let mut tree = Tree::default();
        leaves.iter().for_each(|leaf| tree.append(leaf));
        for size in 0..=leaves.len() {
            assert_eq!(tree.root(size), Some(root_by_definition(&leaves[..size])), "{size}");
            assert_eq!(tree.prefix(size).root(size), tree.root(size));
        }
        assert_eq!(tree.root(leaves.len() + 1), None);
    }

    #[test]
    fn a_prefix_grows_into_the_same_tree() {
        let mut whole = Tree::default();
        (0..40_u8).for_each(|number| whole.append(&[number]));
        let mut again = whole.prefix(13);
        (13..40_u8).for_each(|number| again.append(&[number]));
        assert_eq!(again.levels, whole.levels);
    }
}
