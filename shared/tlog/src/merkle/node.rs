//! The coordinates of a tree: perfect subtrees, and which of them make up a range.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

/// The largest tree: RFC 6962 and the servers hold sizes in signed 64-bit integers.
pub const MAX_TREE_SIZE: u64 = (1 << 63) - 1;

/// A perfect subtree: the leaves `[index << level, (index + 1) << level)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Node {
    /// The height above the leaves.
    pub level: u8,
    /// The position from the left among the nodes of that level.
    pub index: u64,
}

impl Node {
    /// The first leaf below this node; `None` when it is not expressible, which no tree within bounds brings about.
    #[must_use]
    pub fn first_leaf(self) -> Option<u64> {
        self.leaf_bound(self.index)
    }

    /// One past the last leaf below this node; `None` as in [`Node::first_leaf`].
    #[must_use]
    pub fn end_leaf(self) -> Option<u64> {
        self.leaf_bound(self.index.checked_add(1)?)
    }

    fn leaf_bound(self, index: u64) -> Option<u64> {
        let leaf = index.checked_shl(u32::from(self.level))?;
        (leaf >> self.level == index).then_some(leaf)
    }
}

/// The compact range of `[from, to)`: the maximal perfect subtrees from left to right, at most 126 of them. Empty when
/// `from >= to`. For `from = 0` these are the nodes of a [`crate::merkle::Frontier`].
#[must_use]
pub fn range_nodes(from: u64, to: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut at = from;
    while at < to {
        // A subtree can start here only at the alignment of `at`, and must not reach past `to`.
        let level = at.trailing_zeros().min((to - at).ilog2());
        nodes.push(Node {
            level: u8::try_from(level).unwrap_or(u8::MAX),
            index: at >> level,
        });
        at += 1 << level;
    }
    nodes
}

/// Where the compact range of `[from, to)` turns: up to this leaf its subtrees ascend (each is wider than the one before),
/// from there on they descend. The leaves from there to `to` are one subtree of the tree of `to` leaves, with a hash of its
/// own (RFC 6962, 2.1) although it may be imperfect. Never below `from`; `from` itself when nothing ascends.
#[must_use]
pub fn turn_of_range(from: u64, to: u64) -> u64 {
    let Some(before) = from.checked_sub(1) else {
        return 0;
    };
    if to <= from {
        return from;
    }
    // The paths of the leaves `from - 1` and `to - 1` meet above this level: what stands there on the right side begins at
    // a multiple of its width, and reaches to the end of the tree.
    let level = (before ^ (to - 1)).ilog2();
    ((to - 1) >> level) << level
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: u64, to: u64, expect: &[(u8, u64)]) {
        let nodes: Vec<_> = range_nodes(from, to)
            .into_iter()
            .map(|node| (node.level, node.index))
            .collect();
        assert_eq!(nodes, expect, "[{from}, {to})");
    }

    #[test]
    fn ranges_fall_into_maximal_perfect_subtrees() {
        check(0, 0, &[]);
        check(5, 3, &[]);
        check(0, 1, &[(0, 0)]);
        check(0, 7, &[(2, 0), (1, 2), (0, 6)]);
        check(3, 13, &[(0, 3), (2, 1), (2, 2), (0, 12)]);
        check(0, 1 << 63, &[(63, 0)]);
        assert_eq!(range_nodes(1, u64::MAX).len(), 126);
    }

    #[test]
    fn ranges_are_gapless_and_aligned() {
        for from in 0..40 {
            for to in from..40 {
                let mut at = from;
                for node in range_nodes(from, to) {
                    assert_eq!(node.first_leaf(), Some(at));
                    at = node.end_leaf().unwrap();
                }
                assert_eq!(at, to);
            }
        }
    }

    #[test]
    fn a_range_turns_where_its_subtrees_begin_to_shrink() {
        for to in 0..70_u64 {
            for from in 0..=to {
                let turn = turn_of_range(from, to);
                assert!((from..=to).contains(&turn), "[{from}, {to}): {turn}");
                let (rising, falling) = (range_nodes(from, turn), range_nodes(turn, to));
                assert_eq!([rising.as_slice(), &falling].concat(), range_nodes(from, to));
                assert!(rising.windows(2).all(|two| two[0].level < two[1].level));
                assert!(falling.windows(2).all(|two| two[0].level > two[1].level));
                assert_eq!(falling.is_empty(), from == to);
            }
        }
        assert_eq!(turn_of_range(1, MAX_TREE_SIZE), 1 << 62);
        assert_eq!(turn_of_range(7, 3), 7);
    }

    #[test]
    fn bounds_that_do_not_fit_are_none() {
        assert_eq!(Node { level: 64, index: 0 }.first_leaf(), None);
        assert_eq!(Node { level: 63, index: 1 }.end_leaf(), None);
        assert_eq!(
            Node {
                level: 0,
                index: u64::MAX
            }
            .end_leaf(),
            None
        );
        assert_eq!(Node { level: 62, index: 1 }.end_leaf(), Some(1 << 63));
    }
}
