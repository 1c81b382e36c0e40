//! What C2SP and RFC 6962 say about transparency logs: hashes, proofs, notes, checkpoints, tiles, evidence.
//!
//! Pure: no input or output, no clock, no randomness, no `std`. Bytes that come from a log are claims until something here
//! has shown that they belong to what a trusted key signed, and only then do they get a type that says so.

#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

extern crate alloc;

pub mod hash;
pub mod merkle;
pub mod tile;
mod decimal;
pub mod key_id;
pub mod key;
pub mod note;
pub mod checkpoint;
pub mod cosignature;
pub mod policy;
pub mod proof;
pub mod evidence;

pub use checkpoint::{Checkpoint, CheckpointError, FormError, MAX_ORIGIN_BYTES, SignedCheckpoint};
pub use cosignature::{CosignatureError, CosignatureKey};
pub use evidence::{Evidence, EvidenceError, PrefixProof, Verdict};
pub use hash::{Hash, HashError};
pub use key::{Algorithm, KeyError, KeyIdRule, VerifierKey};
pub use key_id::{KeyId, KeyIdError};
pub use merkle::{
    Frontier, MAX_TREE_SIZE, MerkleError, Node, SplitConsistency, consistency_nodes, consistency_proof,
    frontier_of_inclusion, inclusion_nodes, inclusion_proof, inclusion_proof_by, range_nodes, root_of_inclusion,
    split_consistency, subtree_root, turn_of_range, verify_consistency, verify_inclusion,
};
pub use note::{MAX_NOTE_BYTES, MAX_SIGNATURES, Note, NoteError, SignatureLine};
pub use policy::{
    Judgement, MAX_POLICY_BYTES, MAX_POLICY_LINES, Policy, PolicyError, PolicyErrorKind, PolicyLog, PolicyWitness,
    Sighting, WitnessKey,
};
pub use proof::{MAX_PROOF_BYTES, ProofError, TlogProof};
pub use tile::{
    BUNDLE_WIDTH, EntryBundle, HashTile, MAX_BUNDLE_BYTES, MAX_LEAF_BYTES, MAX_TILE_BYTES, MAX_TILE_LEVEL, TILE_WIDTH,
    TileError, TileHashes, split_bundle,
};
