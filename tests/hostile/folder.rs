//! Writes a log as plain files, for `file://` logs.

use std::fs;
use std::io;
use std::path::Path;
use testlog::{Resource, TreeLog};

/// Writes what a log of `size` entries serves into a folder, below which paths are as in a URL. Files that are there
/// already are overwritten or left; the checkpoint comes last and all at once, so that a reader never finds one that
/// promises what is not there yet.
///
/// # Errors
///
/// When a folder or file cannot be written.
pub fn write_folder(log: &TreeLog, size: u64, folder: &Path) -> io::Result<()> {
    for resource in log.resources(size) {
        let place = folder.join(resource.path());
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        let bytes = log.read_resource(resource, size).unwrap_or_default();
        match resource {
            Resource::Checkpoint => {
                let new = folder.join("checkpoint.new");
                fs::write(&new, bytes)?;
                fs::rename(&new, &place)?;
            }
            Resource::HashTile { .. } | Resource::Entries { .. } => fs::write(&place, bytes)?,
        }
    }
    Ok(())
}
