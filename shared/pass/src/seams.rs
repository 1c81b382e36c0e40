//! The seams: what the pass asks of the world, each with a written contract and an implementation in memory.

pub(crate) mod clock;
pub(crate) mod sink;
pub(crate) mod source;
pub(crate) mod store;
pub(crate) mod view;
