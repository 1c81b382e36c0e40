//! What the architecture tests read: the packages as cargo sees them, and the modules as the sources declare them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub(crate) mod files;
pub(crate) mod lexer;
pub(crate) mod modules;
pub(crate) mod packages;
