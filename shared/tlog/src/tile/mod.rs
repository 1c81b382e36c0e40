//! Tiles (C2SP tlog-tiles): their paths, their hashes, and the framing of entry bundles.
//!
//! Nothing here fetches or trusts: hashes and entries out of a tile are claims until they rebuild a signed root. A partial
//! tile may be asked for only where an authenticated checkpoint has it, which is why widths come from a tree size.

mod error;
mod path;
mod hashes;
mod bundle;

pub use bundle::{BUNDLE_WIDTH, MAX_BUNDLE_BYTES, MAX_LEAF_BYTES, split_bundle};
pub use error::TileError;
pub use hashes::{MAX_TILE_BYTES, TileHashes};
pub use path::{EntryBundle, HashTile, MAX_TILE_LEVEL, TILE_HEIGHT, TILE_WIDTH};
