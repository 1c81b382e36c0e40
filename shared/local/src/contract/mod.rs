//! The contracts of the seams as tests: one suite for all stores, one for all sinks.
//!
//! A suite panics at the first clause that does not hold. It is for tests, of this crate and of others (feature
//! `contract`), and needs a Tokio runtime with time.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a suite fails by panicking"
)]

mod sink;
mod store;

pub use sink::{sample_alert, sink_contract};
pub use store::store_contract;
