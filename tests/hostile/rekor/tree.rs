//! The proofs of RFC 6962 (2.1.1, 2.1.2), by their definitions.

use tlog::Hash;

/// Every perfect subtree: `levels[l][i]` covers the leaves `[i << l, (i + 1) << l)`.
#[derive(Clone, Default)]
pub(crate) struct ProofTree {
    levels: Vec<Vec<Hash>>,
}

impl ProofTree {
    pub(crate) fn append(&mut self, leaf: Hash) {
        let mut carried = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(level) else { return };
            let left = row.last().copied();
            row.push(carried);
            match left {
                Some(left) if row.len() % 2 == 0 => carried = Hash::node(&left, &carried),
                Some(_) | None => return,
            }
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.levels.first().map_or(0, |row| row.len() as u64)
    }

    /// The first `size` leaves.
    pub(crate) fn prefix(&self, size: u64) -> Self {
        let mut prefix = Self::default();
        (0..size.min(self.size())).for_each(|index| prefix.append(self.leaf(index)));
        prefix
    }

    pub(crate) fn leaf(&self, index: u64) -> Hash {
        self.hash(index, index + 1)
    }

    /// `MTH(D[from:to])` for a subtree of some tree; the empty root where there is none.
    pub(crate) fn hash(&self, from: u64, to: u64) -> Hash {
        let count = to.saturating_sub(from);
        if count.is_power_of_two() {
            let level = count.trailing_zeros();
            let row = usize::try_from(level).ok().and_then(|level| self.levels.get(level));
            let at = usize::try_from(from >> level).unwrap_or(usize::MAX);
            return row.and_then(|row| row.get(at)).copied().unwrap_or(Hash::EMPTY_ROOT);
        }
        if count == 0 {
            return Hash::EMPTY_ROOT;
        }
        let middle = from + split(count);
        Hash::node(&self.hash(from, middle), &self.hash(middle, to))
    }

    /// `PATH(index, D[0:size])`
    pub(crate) fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        self.path(index, 0, size)
    }

    fn path(&self, index: u64, from: u64, to: u64) -> Vec<Hash> {
        if to - from <= 1 {
            return Vec::new();
        }
        let middle = from + split(to - from);
        let (mut path, sibling) = if index < middle {
            (self.path(index, from, middle), self.hash(middle, to))
        } else {
            (self.path(index, middle, to), self.hash(from, middle))
        };
        path.push(sibling);
        path
    }

    /// `PROOF(first, D[0:last])`
    pub(crate) fn consistency(&self, first: u64, last: u64) -> Vec<Hash> {
        self.subproof(first, 0, last, true)
    }

    fn subproof(&self, first: u64, from: u64, to: u64, whole: bool) -> Vec<Hash> {
        if first == to {
            return if whole { Vec::new() } else { vec![self.hash(from, to)] };
        }
        let middle = from + split(to - from);
        let (mut proof, other) = if first <= middle {
            (self.subproof(first, from, middle, whole), self.hash(middle, to))
        } else {
            (self.subproof(first, middle, to, false), self.hash(from, middle))
        };
        proof.push(other);
        proof
    }
}

/// The largest power of two below a number that is at least 2.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::ProofTree;
    use tlog::{Hash, verify_consistency, verify_inclusion};

    #[test]
    fn the_proofs_hold() {
        let mut tree = ProofTree::default();
        (0..70_u8).for_each(|leaf| tree.append(Hash::leaf(&[leaf])));
        for size in 1..=70 {
            let root = tree.hash(0, size);
            for index in 0..size {
                let proof = tree.inclusion(index, size);
                assert_eq!(verify_inclusion(tree.leaf(index), index, size, &proof, root), Ok(()));
            }
            for first in 1..=size {
                let proof = tree.consistency(first, size);
                let old = tree.hash(0, first);
                assert_eq!(verify_consistency(first, size, &proof, old, root), Ok(()));
                assert_eq!(tree.prefix(first).hash(0, first), old);
            }
        }
    }
}
