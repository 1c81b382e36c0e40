//! The names of the objects in a folder, in the byte order of whole names, which is not the order of any file system:
//! `a-b` stands before `a/b`.

use pass::check_name;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

/// Up to `limit` names below `root` that begin with `prefix` and are not less than `from`. Files that are no objects are
/// passed over: temporary ones, links, what somebody put there. Blocks.
pub(crate) fn list(root: &Path, prefix: &str, from: &str, limit: usize) -> io::Result<Vec<String>> {
    let mut listing = Listing {
        root,
        prefix,
        from,
        limit,
        names: BTreeSet::new(),
    };
    let folder = prefix.rfind('/').and_then(|end| prefix.get(..end)).unwrap_or_default();
    if limit > 0 && (folder.is_empty() || (check_name(folder) && is_folder(root, folder)?)) {
        listing.visit(folder)?;
    }
    Ok(listing.names.into_iter().collect())
}

struct Listing<'a> {
    root: &'a Path,
    prefix: &'a str,
    from: &'a str,
    limit: usize,
    names: BTreeSet<String>,
}

impl Listing<'_> {
    fn visit(&mut self, folder: &str) -> io::Result<()> {
        for item in fs::read_dir(self.root.join(folder))? {
            let item = item?;
            let Some(part) = item.file_name().to_str().map(str::to_owned) else {
                continue;
            };
            let name = if folder.is_empty() {
                part
            } else {
                format!("{folder}/{part}")
            };
            // The names themselves, or for a folder all that can be in it, are named like this or longer.
            if !check_name(&name) || !(name.starts_with(self.prefix) || self.prefix.starts_with(&name)) {
                continue;
            }
            let kind = item.file_type()?;
            if kind.is_dir() {
                self.visit(&name)?;
            } else if kind.is_file() && name.starts_with(self.prefix) && name.as_str() >= self.from {
                self.names.insert(name);
                if self.names.len() > self.limit {
                    self.names.pop_last();
                }
            }
        }
        Ok(())
    }
}

/// Whether this is a folder, without a link on the way.
fn is_folder(root: &Path, folder: &str) -> io::Result<bool> {
    let mut path = root.to_path_buf();
    for part in folder.split('/') {
        path.push(part);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Ok(false),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}
