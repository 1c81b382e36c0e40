//! What runs on one machine: the store in a folder, the console and the file that take alerts, YAML with the place of
//! every error, and the configuration that is written in it, wherever it is kept.
//!
//! With the feature `contract` come the suites that hold any store and any sink to the contract of its seam.

pub mod yaml;
pub mod configuration;
pub mod starter;
pub mod conversion;
pub mod standing;

mod lock;
mod files;
mod listing;
mod store;
mod ledgers;

mod console;
mod file;

#[cfg(feature = "contract")]
pub mod contract;

pub use console::{Colour, ConsoleSink};
pub use file::{FileSink, FileSinkError, MAX_SINK_NAME_BYTES};
pub use ledgers::WithFolders;
pub use lock::LOCK_PATIENCE;
pub use store::{FolderStore, OpenError};
