//! Checking proofs: inclusion (RFC 9162, 2.1.3.2) and consistency (2.1.4.2).
//!
//! The caller must have both roots from authenticated checkpoints, and the leaf hash from the leaf's own bytes.

use alloc::vec::Vec;

use super::error::MerkleError;
use super::frontier::Frontier;
use super::node::MAX_TREE_SIZE;
use crate::hash::Hash;

/// The hashes before the path, those below the meeting point, those above.
type Parts<'a> = (&'a [Hash], &'a [Hash], &'a [Hash]);

/// Shows that `leaf` (a leaf hash) stands at `index` in the tree of `size` leaves with this `root`.
///
/// # Errors
/// [`MerkleError::IndexOutside`], [`MerkleError::SizeTooLarge`], [`MerkleError::ProofLength`] for what cannot be a proof;
/// [`MerkleError::RootMismatch`] for one that does not hold.
pub fn verify_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: Hash) -> Result<(), MerkleError> {
    compare(size, root, root_of_inclusion(leaf, index, size, proof)?)
}

/// The root that an inclusion proof leads to: worth something once it was compared with a signed one.
///
/// # Errors
/// Those of [`verify_inclusion`] but for the mismatch.
pub fn root_of_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash]) -> Result<Hash, MerkleError> {
    let (_, inner, border) = split(index, 0, size, proof, 0)?;
    Ok(climb_border(climb(leaf, inner, index), border))
}

/// The compact range of `[0, index)`: the left siblings of an inclusion proof. Sound if the proof verified.
///
/// # Errors
/// Those of [`verify_inclusion`] but for the mismatch.
pub fn frontier_of_inclusion(index: u64, size: u64, proof: &[Hash]) -> Result<Frontier, MerkleError> {
    let (_, inner, border) = split(index, 0, size, proof, 0)?;
    let on_the_left = inner
        .iter()
        .enumerate()
        .filter(|(level, _)| index >> level & 1 == 1)
        .map(|(_, hash)| *hash);
    let mut hashes: Vec<_> = on_the_left.chain(border.iter().copied()).collect();
    hashes.reverse();
    Frontier::new(index, hashes)
}

/// An RFC 6962 consistency proof, taken apart at the cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitConsistency {
    /// The compact range of `[0, from)`. `None` where `from` is a power of two: it is then the old root alone, which the
    /// proof does not repeat.
    pub frontier: Option<Frontier>,
    /// What stands right of it, in the folded form that [`Frontier::root_with`] takes.
    pub rest: Vec<Hash>,
}

/// The left and the right side of a consistency proof from `from` to `to`. Sound if they rebuild a signed root at `to`:
/// [`Frontier::root_with`] says why. Equal sizes have nothing on either side.
///
/// # Errors
/// Those of [`verify_consistency`] but for the mismatch; and [`MerkleError::IndexOutside`] for `from = 0`, where a proof
/// is empty and says nothing of the right side.
pub fn split_consistency(from: u64, to: u64, proof: &[Hash]) -> Result<SplitConsistency, MerkleError> {
    if from > to {
        return Err(MerkleError::SizesReversed { from, to });
    }
    let last = from
        .checked_sub(1)
        .ok_or(MerkleError::IndexOutside { index: 0, size: from })?;
    if from == to {
        verify_trivial(from, to, proof, Hash::EMPTY_ROOT, Hash::EMPTY_ROOT)?;
        let (frontier, rest) = (None, Vec::new());
        return Ok(SplitConsistency { frontier, rest });
    }
    let level = from.trailing_zeros();
    let repeated = usize::from(!from.is_power_of_two());
    let (start, inner, border) = split(last, level, to, proof, repeated)?;
    let position = last >> level;
    let (mut left, mut rest) = (start.to_vec(), Vec::new());
    for (level, hash) in inner.iter().enumerate() {
        let side = if position >> level & 1 == 1 {
            &mut left
        } else {
            &mut rest
        };
        side.push(*hash);
    }
    left.extend_from_slice(border);
    left.reverse();
    let frontier = start.first().map(|_| Frontier::new(from, left)).transpose()?;
    Ok(SplitConsistency { frontier, rest })
}

/// Shows that the tree of `from` leaves is the beginning of the tree of `to` leaves.
///
/// Equal sizes take an empty proof and equal roots; `from = 0` takes an empty proof and the root of the empty tree.
///
/// # Errors
/// [`MerkleError::SizesReversed`], [`MerkleError::SizeTooLarge`], [`MerkleError::ProofLength`] for what cannot be a proof;
/// [`MerkleError::RootMismatch`] for one that does not hold, with the size whose root it fails.
pub fn verify_consistency(
    from: u64,
    to: u64,
    proof: &[Hash],
    from_root: Hash,
    to_root: Hash,
) -> Result<(), MerkleError> {
    if from > to {
        return Err(MerkleError::SizesReversed { from, to });
    }
    if from == 0 || from == to {
        return verify_trivial(from, to, proof, from_root, to_root);
    }
    // The lowest subtree on the right edge of the old tree is part of both trees: the climb starts there. It is the old
    // root itself, and not repeated in the proof, when the old tree is perfect.
    let level = from.trailing_zeros();
    let repeated = usize::from(!from.is_power_of_two());
    let (start, inner, border) = split(from - 1, level, to, proof, repeated)?;
    let start = start.first().copied().unwrap_or(from_root);
    let position = (from - 1) >> level;
    compare(
        from,
        from_root,
        climb_border(climb_left_only(start, inner, position), border),
    )?;
    compare(to, to_root, climb_border(climb(start, inner, position), border))
}

fn verify_trivial(from: u64, to: u64, proof: &[Hash], from_root: Hash, to_root: Hash) -> Result<(), MerkleError> {
    if to > MAX_TREE_SIZE {
        return Err(MerkleError::SizeTooLarge { size: to });
    }
    if !proof.is_empty() {
        return Err(MerkleError::ProofLength {
            expected: 0,
            found: proof.len(),
        });
    }
    if from == 0 {
        compare(0, from_root, Hash::EMPTY_ROOT)?;
    }
    if from == to {
        compare(to, to_root, from_root)
    } else {
        Ok(())
    }
}

fn compare(size: u64, expected: Hash, calculated: Hash) -> Result<(), MerkleError> {
    if calculated == expected {
        return Ok(());
    }
    Err(MerkleError::RootMismatch {
        size,
        expected,
        calculated,
    })
}

/// Counts a proof and splits it: `first` hashes, then the siblings of the node at `level` above leaf `index`. Below the
/// point where its path meets that of the last leaf there is one on each level, above it only left ones.
fn split(index: u64, level: u32, size: u64, proof: &[Hash], first: usize) -> Result<Parts<'_>, MerkleError> {
    if size > MAX_TREE_SIZE {
        return Err(MerkleError::SizeTooLarge { size });
    }
    if index >= size {
        return Err(MerkleError::IndexOutside { index, size });
    }
    let meet = u64::BITS - (index ^ (size - 1)).leading_zeros();
    let inner = length(meet.saturating_sub(level));
    let border = length((index >> meet.max(level)).count_ones());
    let wrong = MerkleError::ProofLength {
        expected: first + inner + border,
        found: proof.len(),
    };
    let (first, path) = proof.split_at_checked(first).ok_or(wrong)?;
    let (inner, above) = path.split_at_checked(inner).ok_or(wrong)?;
    if above.len() == border {
        Ok((first, inner, above))
    } else {
        Err(wrong)
    }
}

/// At most 64: one for each level.
fn length(levels: u32) -> usize {
    usize::try_from(levels).unwrap_or(usize::MAX)
}

/// Climbs with siblings on either side, as the bits of `position` say.
fn climb(start: Hash, siblings: &[Hash], position: u64) -> Hash {
    siblings
        .iter()
        .enumerate()
        .fold(start, |hash, (level, sibling)| match position >> level & 1 {
            0 => Hash::node(&hash, sibling),
            _ => Hash::node(sibling, &hash),
        })
}

/// Climbs within the old tree, which does not have the siblings on the right.
fn climb_left_only(start: Hash, siblings: &[Hash], position: u64) -> Hash {
    let on_the_left = siblings
        .iter()
        .enumerate()
        .filter(|(level, _)| position >> level & 1 == 1);
    on_the_left.fold(start, |hash, (_, sibling)| Hash::node(sibling, &hash))
}

/// Climbs the right edge, where all siblings are on the left.
fn climb_border(start: Hash, siblings: &[Hash]) -> Hash {
    siblings.iter().fold(start, |hash, sibling| Hash::node(sibling, &hash))
}
