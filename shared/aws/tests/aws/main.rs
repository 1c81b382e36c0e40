//! S3 and SNS as the emulator has them, and as the proxy before it spoils them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;
mod contracts;
mod writes;
mod reads;
mod topics;
