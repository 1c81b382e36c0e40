//! A world in memory in which any single call of the store, the source or a sink can be made to fail, to lose its
//! answer, or never to end.
//!
//! Nothing here has a clock, a network or chance of its own: what a test does, it does again on every run.

pub(crate) mod leaves;
pub(crate) mod served;
pub(crate) mod wire;
pub(crate) mod store;
pub(crate) mod source;
pub(crate) mod sink;
pub(crate) mod process;
pub(crate) mod world;
pub(crate) mod check;
pub(crate) mod sweep;
