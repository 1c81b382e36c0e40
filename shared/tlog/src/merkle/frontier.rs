//! The frontier: the compact range of `[0, size)`, to which leaves are appended and from which the root follows.
//!
//! A frontier proves nothing by itself: its hashes may come from anywhere. Compare its root with a signed one.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::error::MerkleError;
use super::node::{MAX_TREE_SIZE, range_nodes, turn_of_range};
use crate::hash::{HASH_BYTES, Hash};

/// The compact range of the first `size` leaves, largest subtree first: one hash for each bit set in `size`, thus at
/// most 63. Serialised as `{"size": n, "hashes": [hex, …]}`; impossible shapes are refused on the way in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Shape")]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

/// What is read before it is known to be a frontier.
#[derive(Deserialize)]
struct Shape {
    size: u64,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the empty tree.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            size: 0,
            hashes: Vec::new(),
        }
    }

    /// Takes the hashes of `range_nodes(0, size)`, in that order.
    ///
    /// # Errors
    /// [`MerkleError::SizeTooLarge`]; [`MerkleError::RangeLength`] unless there is one hash for each bit of `size`.
    pub fn new(size: u64, hashes: Vec<Hash>) -> Result<Self, MerkleError> {
        if size > MAX_TREE_SIZE {
            return Err(MerkleError::SizeTooLarge { size });
        }
        let expected = hashes_of(size);
        if hashes.len() != expected {
            return Err(MerkleError::RangeLength {
                from: 0,
                to: size,
                expected,
                found: hashes.len(),
            });
        }
        Ok(Self { size, hashes })
    }

    /// How many leaves it stands for.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of `range_nodes(0, self.size())`.
    #[must_use]
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Appends the leaf whose leaf hash this is: one node hash on average.
    pub fn push(&mut self, leaf: Hash) {
        self.append(0, leaf);
    }

    /// Appends a perfect subtree of `1 << level` leaves, which may stand only at a multiple of its width.
    ///
    /// # Errors
    /// [`MerkleError::Misaligned`] where it cannot stand, [`MerkleError::SizeTooLarge`] where the tree would outgrow
    /// its bound; the frontier is then as it was.
    pub fn push_subtree(&mut self, level: u8, hash: Hash) -> Result<(), MerkleError> {
        let width = 1_u64
            .checked_shl(level.into())
            .ok_or(MerkleError::SizeTooLarge { size: u64::MAX })?;
        if !self.size.is_multiple_of(width) {
            return Err(MerkleError::Misaligned { level, size: self.size });
        }
        let size = self.size.saturating_add(width);
        if size > MAX_TREE_SIZE {
            return Err(MerkleError::SizeTooLarge { size });
        }
        self.append(level, hash);
        Ok(())
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let rightmost_first = self.hashes.iter().rev().copied();
        rightmost_first
            .reduce(|right, left| Hash::node(&left, &right))
            .unwrap_or(Hash::EMPTY_ROOT)
    }

    /// The frontier at `head`, given the hashes of `range_nodes(self.size(), head)` in that order.
    ///
    /// # Errors
    /// [`MerkleError::SizesReversed`] if `head` is smaller, [`MerkleError::SizeTooLarge`], and
    /// [`MerkleError::RangeLength`] for another number of hashes.
    pub fn extended(&self, rest: &[Hash], head: u64) -> Result<Self, MerkleError> {
        let (from, to) = (self.size, head);
        if head < from {
            return Err(MerkleError::SizesReversed { from, to });
        }
        let nodes = range_nodes(from, to);
        if nodes.len() != rest.len() {
            return Err(MerkleError::RangeLength {
                from,
                to,
                expected: nodes.len(),
                found: rest.len(),
            });
        }
        let mut frontier = self.clone();
        for (node, hash) in nodes.iter().zip(rest) {
            frontier.push_subtree(node.level, *hash)?;
        }
        Ok(frontier)
    }

    /// The root of the tree of `head` leaves, given what stands right of this frontier, in one of two forms:
    ///
    /// - *full*: the hashes of `range_nodes(self.size(), head)`, in that order;
    /// - *folded*: of those the ascending ones, up to [`turn_of_range`], then one hash over all leaves from there to `head`.
    ///   These are the right siblings of an RFC 6962 consistency proof ([`crate::merkle::split_consistency`]), which is
    ///   all that a log without tiles serves.
    ///
    /// With `a` ascending and `d` descending nodes the forms have `a + d` and `a + 1` hashes: where `d` is 1 they are the
    /// same list, and else the length tells which one it is.
    ///
    /// Either form, if the root that comes out is the one that was signed at `head`, shows that this frontier is that of
    /// the signed tree. The shape of the tree of `head` leaves is fixed, and the computation is that of its root node down
    /// to the cut at `self.size()`: on each level one node hash over two children, of which one is computed in the same way
    /// and the other one was handed in. Hashes of leaves and nodes differ in their first byte, so two inputs that give the
    /// same root without a collision of SHA-256 are the same at the root's children, then at theirs, and so on to the cut.
    /// Every hash handed in is thus that of its place in the signed tree. In the folded form the last place is an
    /// imperfect subtree whose inside is not opened; nothing of the frontier lies in it.
    ///
    /// # Errors
    /// Those of [`Frontier::extended`]; the length that it says is expected is that of the full form.
    pub fn root_with(&self, rest: &[Hash], head: u64) -> Result<Hash, MerkleError> {
        let turn = turn_of_range(self.size, head);
        if head > self.size
            && head <= MAX_TREE_SIZE
            && let Some((folded, ascending)) = rest.split_last()
            && let Ok(before) = self.extended(ascending, turn)
        {
            // With one descending node the folded hash is that node, and this is the full form.
            return Ok(before.root_before(*folded));
        }
        self.extended(rest, head).map(|frontier| frontier.root())
    }

    /// The root over these leaves and, right of them, a subtree with this hash.
    fn root_before(&self, right: Hash) -> Hash {
        let rightmost_first = self.hashes.iter().rev();
        rightmost_first.fold(right, |right, left| Hash::node(left, &right))
    }

    /// The size as eight big-endian bytes, then the hashes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(size_of::<u64>() + HASH_BYTES * self.hashes.len());
        bytes.extend_from_slice(&self.size.to_be_bytes());
        self.hashes
            .iter()
            .for_each(|hash| bytes.extend_from_slice(hash.as_bytes()));
        bytes
    }

    /// Reads what [`Frontier::to_bytes`] wrote, and nothing else.
    ///
    /// # Errors
    /// [`MerkleError::FrontierBytes`] if the bytes end in the middle of something, else those of [`Frontier::new`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MerkleError> {
        let broken = MerkleError::FrontierBytes { found: bytes.len() };
        let (size, hashes) = bytes.split_first_chunk().ok_or(broken)?;
        let (hashes, left_over) = hashes.as_chunks();
        if !left_over.is_empty() {
            return Err(broken);
        }
        Self::new(
            u64::from_be_bytes(*size),
            hashes.iter().copied().map(Hash::from_bytes).collect(),
        )
    }

    /// Joins the new subtree with each left sibling that it completes. The caller has checked alignment and bound;
    /// 2^63 single leaves are not appended in any lifetime, so `size` does not overflow.
    fn append(&mut self, level: u8, hash: Hash) {
        let mut complete = hash;
        let mut to_join = self.size >> level;
        while to_join & 1 == 1
            && let Some(left) = self.hashes.pop()
        {
            complete = Hash::node(&left, &complete);
            to_join >>= 1;
        }
        self.hashes.push(complete);
        self.size += 1 << level;
    }
}

impl Default for Frontier {
    fn default() -> Self {
        Self::empty()
    }
}

impl TryFrom<Shape> for Frontier {
    type Error = MerkleError;

    fn try_from(shape: Shape) -> Result<Self, MerkleError> {
        Self::new(shape.size, shape.hashes)
    }
}

/// One perfect subtree for each bit of the size.
fn hashes_of(size: u64) -> usize {
    usize::try_from(size.count_ones()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn frontier(size: u64) -> Frontier {
        let mut frontier = Frontier::empty();
        (0..size).for_each(|leaf| frontier.push(Hash::leaf(&leaf.to_be_bytes())));
        frontier
    }

    #[test]
    fn shapes_that_cannot_be_are_refused() {
        let hash = Hash::EMPTY_ROOT;
        let length = |size, expected, found| MerkleError::RangeLength {
            from: 0,
            to: size,
            expected,
            found,
        };
        assert_eq!(Frontier::new(0, vec![]), Ok(Frontier::empty()));
        assert_eq!(Frontier::new(0, vec![hash]), Err(length(0, 0, 1)));
        assert_eq!(Frontier::new(3, vec![hash]), Err(length(3, 2, 1)));
        assert_eq!(Frontier::new(4, vec![hash; 2]), Err(length(4, 1, 2)));
        assert_eq!(
            Frontier::new(1 << 63, vec![hash]),
            Err(MerkleError::SizeTooLarge { size: 1 << 63 })
        );
        assert!(Frontier::new(MAX_TREE_SIZE, vec![hash; 63]).is_ok());
    }

    #[test]
    fn json_is_checked_on_the_way_in() {
        let five = frontier(5);
        let json = serde_json::to_value(&five).unwrap();
        assert_eq!(serde_json::from_value::<Frontier>(json.clone()).unwrap(), five);
        let mut wrong = json;
        wrong["size"] = 7.into();
        assert!(serde_json::from_value::<Frontier>(wrong).is_err());
    }

    #[test]
    fn bytes_come_back_and_near_misses_do_not() {
        for size in 0..70 {
            let bytes = frontier(size).to_bytes();
            assert_eq!(Frontier::from_bytes(&bytes), Ok(frontier(size)));
            let cut = &bytes[..bytes.len() - 1];
            assert_eq!(
                Frontier::from_bytes(cut),
                Err(MerkleError::FrontierBytes { found: cut.len() })
            );
            let longer = [&bytes[..], &[0; 32]].concat();
            assert!(matches!(
                Frontier::from_bytes(&longer),
                Err(MerkleError::RangeLength { .. })
            ));
        }
    }

    #[test]
    fn a_subtree_stands_only_at_its_own_width() {
        let mut six = frontier(6);
        assert_eq!(
            six.push_subtree(2, Hash::EMPTY_ROOT),
            Err(MerkleError::Misaligned { level: 2, size: 6 })
        );
        assert_eq!(
            six.push_subtree(64, Hash::EMPTY_ROOT),
            Err(MerkleError::SizeTooLarge { size: u64::MAX })
        );
        assert_eq!(six, frontier(6));
        let seven_eight = Hash::node(&Hash::leaf(&6_u64.to_be_bytes()), &Hash::leaf(&7_u64.to_be_bytes()));
        six.push_subtree(1, seven_eight).unwrap();
        assert_eq!(six, frontier(8));
        let mut full = Frontier::new(1 << 62, vec![Hash::EMPTY_ROOT]).unwrap();
        assert_eq!(
            full.push_subtree(62, Hash::EMPTY_ROOT),
            Err(MerkleError::SizeTooLarge { size: 1 << 63 })
        );
    }

    #[test]
    fn the_rest_of_a_range_leads_to_the_root_of_the_head() {
        let subtree = |node: crate::merkle::Node| {
            let mut inside = Frontier::empty();
            let leaves = node.first_leaf().unwrap()..node.end_leaf().unwrap();
            leaves.for_each(|leaf| inside.push(Hash::leaf(&leaf.to_be_bytes())));
            inside.root()
        };
        for head in 0..40 {
            for size in 0..=head {
                let rest: Vec<_> = range_nodes(size, head).into_iter().map(subtree).collect();
                assert_eq!(
                    frontier(size).root_with(&rest, head),
                    Ok(frontier(head).root()),
                    "{size} {head}"
                );
                assert_eq!(frontier(size).extended(&rest, head), Ok(frontier(head)));
                let longer = [&rest[..], &[Hash::EMPTY_ROOT]].concat();
                let (expected, found) = (rest.len(), longer.len());
                assert_eq!(
                    frontier(size).root_with(&longer, head),
                    Err(MerkleError::RangeLength {
                        from: size,
                        to: head,
                        expected,
                        found
                    })
                );
            }
        }
        assert_eq!(
            frontier(3).root_with(&[], 2),
            Err(MerkleError::SizesReversed { from: 3, to: 2 })
        );
    }

    #[test]
    fn the_folded_rest_leads_there_too() {
        let over = |from: u64, to: u64| {
            let mut inside = Frontier::empty();
            (from..to).for_each(|leaf| inside.push(Hash::leaf(&leaf.to_be_bytes())));
            inside.root()
        };
        for head in 1..40 {
            for size in 0..head {
                let turn = turn_of_range(size, head);
                let mut rest: Vec<_> = range_nodes(size, turn)
                    .into_iter()
                    .map(|node| over(node.first_leaf().unwrap(), node.end_leaf().unwrap()))
                    .collect();
                rest.push(over(turn, head));
                let (root, place) = (frontier(head).root(), (size, head));
                assert_eq!(frontier(size).root_with(&rest, head), Ok(root), "{place:?}");
                for at in 0..rest.len() {
                    let mut forged = rest.clone();
                    forged[at] = Hash::EMPTY_ROOT;
                    assert_ne!(frontier(size).root_with(&forged, head), Ok(root), "{place:?}");
                }
                // One hash too few is neither form.
                rest.pop();
                let (from, to, found) = (size, head, rest.len());
                let expected = range_nodes(from, to).len();
                assert_eq!(
                    frontier(size).root_with(&rest, head),
                    Err(MerkleError::RangeLength {
                        from,
                        to,
                        expected,
                        found
                    })
                );
            }
        }
        assert_eq!(
            frontier(3).root_with(&[Hash::EMPTY_ROOT], 1 << 63),
            Err(MerkleError::RangeLength {
                from: 3,
                to: 1 << 63,
                expected: 62,
                found: 1
            })
        );
    }
}
