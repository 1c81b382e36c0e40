//! Chains of our own: each holds, and fails as soon as one thing about it is wrong.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod made;
mod authorities;
mod timestamps;
