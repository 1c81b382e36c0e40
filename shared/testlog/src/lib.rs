//! Makes signed transparency logs of one's own: for the demo, the tests and the benches.
//!
//! Everything here is a function of its arguments: keys come from seeds, times are numbers that the caller
//! gives, and the same calls make the same bytes on every machine. The tree, the tile paths and the note
//! lines are written here a second time rather than taken from `tlog`, so that a fault in what is tested
//! cannot hide behind the same fault in what tests it.
//!
//! These logs are honest. What a dishonest server does with them is the business of the hostile log in `tests`.
//!
//! A log of three leaves that a monitor can be pointed at:
//!
//! ```
//! use testlog::{SigningKey, TreeLog};
//!
//! let mut log = TreeLog::new("log.example", SigningKey::ed25519(&[7; 32]));
//! for leaf in ["a", "b", "c"] {
//!     log.append(leaf.as_bytes());
//! }
//! let checkpoint = log.checkpoint(3);
//! assert!(checkpoint.starts_with("log.example\n3\n"));
//! assert_eq!(log.read("checkpoint", 3), Some(checkpoint.into_bytes()));
//! ```
#![no_std]

extern crate alloc;

pub mod der;
mod key;
pub mod note;
mod tree;
mod layout;
mod log;
pub mod certificate;
pub mod leaf;
mod mass;
pub mod body;
mod mass_bodies;
pub mod promise;
pub mod tuf;

pub use key::{Algorithm, SigningKey};
pub use layout::Resource;
pub use log::{LeafMaker, TreeLog};
pub use mass::MassLeaves;
pub use mass_bodies::MassBodies;
pub use note::NoteSigner;
pub use tuf::TufRepository;
