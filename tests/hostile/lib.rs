//! The hostile log.
