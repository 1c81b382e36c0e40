//! The crate against real log data, against other people's implementations, and against changed bytes.

// A test may fail by panicking, and its data is its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;
mod tiles;
mod keys;
mod notes;
mod policies;
mod checkpoints;
mod proofs;
mod evidence;
mod merkle_vectors;
mod oracles;
mod corpus;
