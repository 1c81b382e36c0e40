//! What whole-system tests start on loopback, beside the program under test.
//!
//! Nothing here is part of the product, and no crate below `functions/` depends on it.

pub mod emulator;
pub mod hostile;
pub mod policy;
pub mod runtime;
