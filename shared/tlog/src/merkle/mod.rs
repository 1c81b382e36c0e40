//! The Merkle tree of RFC 6962 and RFC 9162: which nodes there are, roots from compact ranges, and proofs.
//!
//! All of it is arithmetic on hashes that somebody else hands in. A root that comes out here is worth what it is compared
//! with: the caller must have the expected root from an authenticated checkpoint.

mod error;
mod node;
mod frontier;
mod verify;
mod prove;

pub use error::MerkleError;
pub use frontier::Frontier;
pub use node::{MAX_TREE_SIZE, Node, range_nodes, turn_of_range};
pub use prove::{
    consistency_nodes, consistency_proof, inclusion_nodes, inclusion_proof, inclusion_proof_by, subtree_root,
};
pub use verify::{
    SplitConsistency, frontier_of_inclusion, root_of_inclusion, split_consistency, verify_consistency, verify_inclusion,
};
