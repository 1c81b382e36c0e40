//! TUF repositories: what they vouch for, read over HTTP or from a folder, and verified from a pinned root.
//!
//! `sigstore-tuf` verifies; it is handed bytes and the time, and knows neither the network nor a disk. What it may cost is
//! bounded here, what went wrong is told apart here, and what was verified is kept in the store: the next pass knows from
//! it which versions it has seen, and goes on with it for a while when the repository fails.

mod error;
mod files;
mod transport;
mod refresh;
mod source;

pub use error::TufError;
pub use source::{REFRESH_SECS, TufTrust, check_repository, open_trust};
