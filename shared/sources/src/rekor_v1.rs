//! Rekor v1: entries by ten, proofs by RFC 6962, several trees behind one server.
//!
//! Nothing here is authenticated. What is checked is that an answer is one to what was asked (every index once, the uuid
//! of the tree and of the leaf that came with it), because only so it is known what is missing; whether it is what the log
//! signed, the pass finds out by rebuilding the root.

mod tree_id;
mod wire;
mod server;
mod lookup;
mod shards;
mod anchor;
mod gather;
mod batch;
mod entries;
mod log;

pub use log::RekorV1Log;
pub use lookup::{Hint, LookedUp, LookedUpProof, MAX_HINTS};
pub use server::{MAX_ANSWER_BYTES, MAX_PROOF_ANSWER_BYTES, RekorV1Server};
pub use shards::Shard;
pub use tree_id::{TreeId, TreeIdError};
