//! Making proofs out of the hashes of perfect subtrees, in the order of RFC 6962.
//!
//! The hashes come from the caller, node by node; what it returns is not checked here. [`inclusion_nodes`] and
//! [`consistency_nodes`] say beforehand which ones will be asked for, and in which order.

use alloc::vec::Vec;
use core::ops::Range;

use super::error::MerkleError;
use super::node::{MAX_TREE_SIZE, Node, range_nodes};
use crate::hash::Hash;

/// The inclusion proof of leaf `index` in the tree of `size` leaves.
///
/// # Errors
/// [`MerkleError::IndexOutside`] and [`MerkleError::SizeTooLarge`] for what is not in a tree, and whatever `node` returns.
pub fn inclusion_proof<E, F>(index: u64, size: u64, mut node: F) -> Result<Vec<Hash>, E>
where
    E: From<MerkleError>,
    F: FnMut(Node) -> Result<Hash, E>,
{
    inclusion_proof_by(index, size, |leaves| subtree_root(leaves, &mut node))
}

/// The inclusion proof of leaf `index` in the tree of `size` leaves, from the hashes of whole siblings: `subtree` gives
/// the hash over a range of leaves that is a subtree of this tree ([`subtree_root`]), perfect unless it ends at `size`.
///
/// # Errors
/// Those of [`inclusion_proof`].
pub fn inclusion_proof_by<E, F>(index: u64, size: u64, subtree: F) -> Result<Vec<Hash>, E>
where
    E: From<MerkleError>,
    F: FnMut(Range<u64>) -> Result<Hash, E>,
{
    inclusion_ranges(index, size)?.into_iter().map(subtree).collect()
}

/// The consistency proof from the tree of `from` leaves to that of `to` leaves; empty where they are equal or `from` is 0.
///
/// # Errors
/// [`MerkleError::SizesReversed`] and [`MerkleError::SizeTooLarge`] for sizes that need no proof because they cannot be,
/// and whatever `node` returns.
pub fn consistency_proof<E, F>(from: u64, to: u64, mut node: F) -> Result<Vec<Hash>, E>
where
    E: From<MerkleError>,
    F: FnMut(Node) -> Result<Hash, E>,
{
    let ranges = consistency_ranges(from, to)?;
    ranges.into_iter().map(|range| subtree_root(range, &mut node)).collect()
}

/// The nodes that [`inclusion_proof`] asks for.
///
/// # Errors
/// Those of [`inclusion_proof`].
pub fn inclusion_nodes(index: u64, size: u64) -> Result<Vec<Node>, MerkleError> {
    Ok(inclusion_ranges(index, size)?
        .into_iter()
        .flat_map(|range| range_nodes(range.start, range.end))
        .collect())
}

/// The nodes that [`consistency_proof`] asks for.
///
/// # Errors
/// Those of [`consistency_proof`].
pub fn consistency_nodes(from: u64, to: u64) -> Result<Vec<Node>, MerkleError> {
    Ok(consistency_ranges(from, to)?
        .into_iter()
        .flat_map(|range| range_nodes(range.start, range.end))
        .collect())
}

/// The root over a range of leaves that is a subtree of some tree: its start is a multiple of the smallest power of two
/// that is not below its length. `0..size` is the whole tree. The subtrees are asked for from left to right.
///
/// # Errors
/// Whatever `node` returns.
pub fn subtree_root<E, F>(leaves: Range<u64>, mut node: F) -> Result<Hash, E>
where
    F: FnMut(Node) -> Result<Hash, E>,
{
    let hashes = range_nodes(leaves.start, leaves.end)
        .into_iter()
        .map(&mut node)
        .collect::<Result<Vec<_>, E>>()?;
    let root = hashes.into_iter().rev().reduce(|right, left| Hash::node(&left, &right));
    Ok(root.unwrap_or(Hash::EMPTY_ROOT))
}

fn inclusion_ranges(index: u64, size: u64) -> Result<Vec<Range<u64>>, MerkleError> {
    check_size(size)?;
    if index >= size {
        return Err(MerkleError::IndexOutside { index, size });
    }
    Ok(siblings(index, 0, size))
}

fn consistency_ranges(from: u64, to: u64) -> Result<Vec<Range<u64>>, MerkleError> {
    check_size(to)?;
    if from > to {
        return Err(MerkleError::SizesReversed { from, to });
    }
    if from == 0 || from == to {
        return Ok(Vec::new());
    }
    let level = from.trailing_zeros();
    let lowest = from - (1 << level)..from;
    // A perfect old tree is itself the start, and the verifier has its root.
    let start = (!from.is_power_of_two()).then_some(lowest);
    Ok(start.into_iter().chain(siblings(from - 1, level, to)).collect())
}

fn check_size(size: u64) -> Result<(), MerkleError> {
    if size > MAX_TREE_SIZE {
        Err(MerkleError::SizeTooLarge { size })
    } else {
        Ok(())
    }
}

/// The leaves below each sibling on the way up from the node at `level` above leaf `index`; what would stand beyond the
/// tree's end does not exist, and a subtree at the end may be imperfect.
fn siblings(index: u64, level: u32, size: u64) -> Vec<Range<u64>> {
    let levels = (level..u64::BITS - 1).take_while(|level| (size - 1) >> level != 0);
    let beside = levels.map(|level| {
        let start = (index >> level ^ 1) << level;
        start..start.saturating_add(1 << level).min(size)
    });
    beside.filter(|leaves| leaves.start < leaves.end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{Frontier, frontier_of_inclusion, verify_consistency, verify_inclusion};

    fn leaf(index: u64) -> Hash {
        Hash::leaf(&index.to_be_bytes())
    }

    fn frontier(size: u64) -> Frontier {
        let mut frontier = Frontier::empty();
        (0..size).for_each(|index| frontier.push(leaf(index)));
        frontier
    }

    fn node(node: Node) -> Result<Hash, MerkleError> {
        match node.level {
            0 => Ok(leaf(node.index)),
            level => {
                let child = |index| {
                    self::node(Node {
                        level: level - 1,
                        index,
                    })
                };
                Ok(Hash::node(&child(2 * node.index)?, &child(2 * node.index + 1)?))
            }
        }
    }

    #[test]
    fn every_inclusion_proof_of_small_trees_verifies_and_anchors() {
        for size in 1..34 {
            let root = frontier(size).root();
            assert_eq!(subtree_root(0..size, node), Ok(root));
            for index in 0..size {
                let proof = inclusion_proof(index, size, node).unwrap();
                assert_eq!(
                    verify_inclusion(leaf(index), index, size, &proof, root),
                    Ok(()),
                    "{index} of {size}"
                );
                assert_eq!(frontier_of_inclusion(index, size, &proof), Ok(frontier(index)));
                assert!(matches!(
                    verify_inclusion(leaf(index + 1), index, size, &proof, root),
                    Err(MerkleError::RootMismatch { .. })
                ));
            }
        }
    }

    #[test]
    fn every_consistency_proof_of_small_trees_verifies() {
        for to in 0..34 {
            for from in 0..=to {
                let proof = consistency_proof(from, to, node).unwrap();
                let (old, new) = (frontier(from).root(), frontier(to).root());
                assert_eq!(verify_consistency(from, to, &proof, old, new), Ok(()), "{from} to {to}");
                let longer = [&proof[..], &[old]].concat();
                let (expected, found) = (proof.len(), longer.len());
                assert_eq!(
                    verify_consistency(from, to, &longer, old, new),
                    Err(MerkleError::ProofLength { expected, found })
                );
            }
        }
    }

    #[test]
    fn the_nodes_are_the_ones_asked_for() {
        let mut asked = Vec::new();
        let mut record = |wanted: Node| {
            asked.push(wanted);
            node(wanted)
        };
        inclusion_proof(5, 13, &mut record).unwrap();
        consistency_proof(6, 13, &mut record).unwrap();
        let listed = [inclusion_nodes(5, 13).unwrap(), consistency_nodes(6, 13).unwrap()].concat();
        assert_eq!(asked, listed);
    }

    #[test]
    fn what_is_in_no_tree_has_no_proof() {
        assert_eq!(
            inclusion_proof(3, 3, node),
            Err(MerkleError::IndexOutside { index: 3, size: 3 })
        );
        assert_eq!(
            inclusion_proof(0, 0, node),
            Err(MerkleError::IndexOutside { index: 0, size: 0 })
        );
        assert_eq!(
            inclusion_proof(0, 1 << 63, node),
            Err(MerkleError::SizeTooLarge { size: 1 << 63 })
        );
        assert_eq!(
            consistency_proof(4, 3, node),
            Err(MerkleError::SizesReversed { from: 4, to: 3 })
        );
        assert_eq!(
            consistency_proof(4, 1 << 63, node),
            Err(MerkleError::SizeTooLarge { size: 1 << 63 })
        );
        let largest = inclusion_nodes(MAX_TREE_SIZE - 1, MAX_TREE_SIZE).unwrap();
        assert_eq!(largest.len(), 62);
    }
}
