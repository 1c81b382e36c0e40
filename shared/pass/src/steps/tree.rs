//! The tree around a verified span: inclusion proofs for its entries, from hashes that are all verified.
//!
//! The frontier before the span, its leaf hashes, and the hashes from its end to the head determine every node that an
//! inclusion proof of one of its entries needs; nothing is asked of the log.

use super::verify::{SpanProof, VerifiedSpan};
use core::ops::Range;
use std::collections::HashMap;
use tlog::{Hash, MerkleError, Node, range_nodes, subtree_root, turn_of_range};

/// The nodes of a span, level by level, and those beside it.
pub(crate) struct SpanTree {
    /// For each level the index of the first node that lies wholly in the span, and the hashes from there on.
    levels: Vec<(u64, Vec<Hash>)>,
    beside: HashMap<Node, Hash>,
    /// Where the right edge of the tree is one hash over an imperfect subtree: from which leaf on, and that hash.
    folded: Option<(u64, Hash)>,
    size: u64,
}

impl SpanTree {
    pub(crate) fn new(span: &VerifiedSpan) -> Self {
        let mut levels = vec![(span.proof().from, span.leaf_hashes().collect::<Vec<Hash>>())];
        while let Some((first, hashes)) = levels.last().filter(|(_, hashes)| hashes.len() > 1) {
            let skip = usize::from(first % 2 == 1);
            let pairs = hashes.get(skip..).unwrap_or_default().chunks_exact(2);
            let above: Vec<Hash> = pairs
                .filter_map(|pair| Some(Hash::node(pair.first()?, pair.get(1)?)))
                .collect();
            levels.push((first.div_ceil(2), above));
        }
        let SpanProof { from, head, rest, .. } = span.proof();
        let size = head.size;
        let before = range_nodes(0, *from)
            .into_iter()
            .zip(span.before().hashes().iter().copied());
        let to = span.proof().to();
        let nodes = range_nodes(to, size);
        let turn = turn_of_range(to, size);
        // A log without tiles gives the nodes that descend from the turn as one hash.
        let folded = rest
            .last()
            .filter(|_| rest.len() < nodes.len())
            .map(|hash| (turn, *hash));
        let open = rest.len() - usize::from(folded.is_some());
        let after = nodes.into_iter().zip(rest.iter().copied()).take(open);
        Self {
            levels,
            beside: before.chain(after).collect(),
            folded,
            size,
        }
    }

    /// The inclusion proof of an entry of the span in the tree of the head.
    pub(crate) fn inclusion(&self, index: u64) -> Result<Vec<Hash>, MerkleError> {
        tlog::inclusion_proof_by(index, self.size, |leaves| self.sibling(leaves))
    }

    /// The hash over a sibling on some entry's path. What is folded lies right of the span, so that it is either outside
    /// of the sibling or its right end.
    fn sibling(&self, leaves: Range<u64>) -> Result<Hash, MerkleError> {
        let Some((turn, folded)) = self.folded.filter(|_| leaves.end == self.size) else {
            return subtree_root(leaves, |node| self.hash(node));
        };
        let open = range_nodes(leaves.start, turn).into_iter().rev();
        open.map(|node| self.hash(node))
            .try_fold(folded, |right, left| Ok(Hash::node(&left?, &right)))
    }

    fn hash(&self, node: Node) -> Result<Hash, MerkleError> {
        if let Some(hash) = self.beside.get(&node).or_else(|| self.within(node)) {
            return Ok(*hash);
        }
        let Some(level) = node.level.checked_sub(1) else {
            return Err(MerkleError::IndexOutside {
                index: node.index,
                size: self.size,
            });
        };
        let left = self.hash(Node {
            level,
            index: node.index * 2,
        })?;
        let right = self.hash(Node {
            level,
            index: node.index * 2 + 1,
        })?;
        Ok(Hash::node(&left, &right))
    }

    fn within(&self, node: Node) -> Option<&Hash> {
        let (first, hashes) = self.levels.get(usize::from(node.level))?;
        hashes.get(usize::try_from(node.index.checked_sub(*first)?).ok()?)
    }
}
