//! A Rekor v1 server of the hostile log: several trees behind one interface, `/<name>/api/v1/log` and what is below it.
//!
//! Its notes are signed anew for each question, with another `Timestamp` line and so another signature, as the real ones
//! are. Left alone it is honest; a test tells it otherwise with a [`RekorRule`].

mod tree;
mod rule;
mod shard;
mod json;
mod state;
mod answer;
mod hosted;
mod order;

pub use hosted::{HostedRekor, RekorView, ShardView};
pub use order::{RekorOrder, RekorReply};
pub use rule::{Alter, RekorBehaviour, RekorRule, RekorTarget, Wrong};
pub use state::RekorSpec;
