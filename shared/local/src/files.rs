//! Objects as files: read whole, written whole or not at all, on the disk when the call returns. Everything here blocks.
//!
//! A writer holds the lock of the root, writes a temporary file beside the target, syncs it, renames it, and syncs the
//! folder. Killed in between it leaves a temporary file, whose name no object can have (`+` is in none): it is never
//! listed nor read, and does no harm.
//!
//! Symbolic links below the root are not followed. Somebody who changes the folder between a check and its use could
//! defeat that; who may do so could as well write the objects.

use crate::lock::{LOCK_PATIENCE, Lock};
use pass::{Object, PutOnce, StoreErrorKind, Swap, Version};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tlog::Hash;

/// The file that writers lock. It stays; it is empty.
const LOCK_FILE: &str = ".+lock";

/// What went wrong with a file, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {source}{}", hint(source))]
pub(crate) struct FileError {
    doing: &'static str,
    source: io::Error,
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => " (let this user read and write the folder, or choose another one)",
        io::ErrorKind::ReadOnlyFilesystem => " (choose a folder that can be written)",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => " (make room; nothing was lost)",
        io::ErrorKind::NotADirectory => " (a file stands where a folder is needed; take it away)",
        io::ErrorKind::InvalidFilename => " (the name is too long for this file system; use another store)",
        io::ErrorKind::Unsupported => " (this file system has no locks; use a folder on a local disk)",
        _ => "",
    }
}

type Outcome<T> = Result<T, StoreErrorKind>;

/// For `map_err`: names what was being done.
fn while_doing(doing: &'static str) -> impl Fn(io::Error) -> StoreErrorKind {
    move |source| StoreErrorKind::Io(Box::new(FileError { doing, source }))
}

/// A folder with objects in it.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    root: PathBuf,
}

impl Files {
    /// `root` exists.
    pub(crate) const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The file of a name that `check_name` allows: each part is a plain file name.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn read(&self, name: &str, max_bytes: usize) -> Outcome<Option<Object>> {
        let Some(file) = self.existing(name)? else {
            return Ok(None);
        };
        let one_more = u64::try_from(max_bytes).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::new();
        let read = File::open(file).and_then(|file| file.take(one_more).read_to_end(&mut bytes));
        read.map_err(while_doing("reading it"))?;
        if bytes.len() > max_bytes {
            return Err(StoreErrorKind::TooLarge { cap: max_bytes });
        }
        let version = version(&bytes);
        Ok(Some(Object { bytes, version }))
    }

    pub(crate) fn put_once(&self, name: &str, bytes: &[u8]) -> Outcome<PutOnce> {
        let _lock = self.lock()?;
        if let Some(file) = self.existing(name)? {
            // Its writer may have died between its rename and this.
            sync_folder_of(&file).map_err(while_doing("syncing its folder"))?;
            return Ok(PutOnce::Exists);
        }
        self.replace(name, bytes)?;
        Ok(PutOnce::Created)
    }

    pub(crate) fn swap(&self, name: &str, expected: Option<&Version>, bytes: &[u8]) -> Outcome<Swap> {
        let _lock = self.lock()?;
        let current = self
            .existing(name)?
            .map(fs::read)
            .transpose()
            .map_err(while_doing("reading what is there"))?;
        if current.as_deref().map(version).as_ref() != expected {
            return Ok(Swap::Lost);
        }
        self.replace(name, bytes)?;
        Ok(Swap::Done(version(bytes)))
    }

    pub(crate) fn publish(&self, name: &str, bytes: &[u8]) -> Outcome<()> {
        let _lock = self.lock()?;
        self.replace(name, bytes)
    }

    fn lock(&self) -> Outcome<Lock> {
        Lock::take(&self.root.join(LOCK_FILE), LOCK_PATIENCE)
            .map_err(while_doing("taking the lock `.+lock` of the store"))
    }

    /// The file of an object that exists. A folder is no object: it holds those whose names go on with a slash.
    fn existing(&self, name: &str) -> Outcome<Option<PathBuf>> {
        let mut path = self.root.clone();
        let mut kind = None;
        for part in name.split('/') {
            path.push(part);
            let found = match fs::symlink_metadata(&path) {
                Ok(found) => found.file_type(),
                Err(error) if is_absent(&error) => return Ok(None),
                Err(error) => return Err(while_doing("looking for it")(error)),
            };
            if found.is_symlink() {
                return Err(while_doing("looking for it")(io::Error::other(
                    "a symbolic link stands there",
                )));
            }
            kind = Some(found);
        }
        match kind {
            Some(kind) if kind.is_file() => Ok(Some(path)),
            Some(kind) if kind.is_dir() => Ok(None),
            _ => Err(while_doing("looking for it")(io::Error::other(
                "neither a file nor a folder stands there",
            ))),
        }
    }

    /// Under the lock: whole and on the disk, or as before.
    fn replace(&self, name: &str, bytes: &[u8]) -> Outcome<()> {
        let target = self.file(name);
        let folder = target.parent().unwrap_or(&self.root);
        self.make_folders(folder).map_err(while_doing("making its folder"))?;
        let temporary = folder.join(temporary_name());
        let moved = write_synced(&temporary, bytes).and_then(|()| fs::rename(&temporary, &target));
        if let Err(error) = moved {
            // If this fails as well, what stays is a leftover like that of a killed writer.
            let _leftover = fs::remove_file(&temporary).is_err();
            return Err(while_doing("writing it")(error));
        }
        sync_folder_of(&target).map_err(while_doing("syncing its folder"))
    }

    /// Makes what is missing between the root and `folder`, each part synced into the one above.
    fn make_folders(&self, folder: &Path) -> io::Result<()> {
        if folder == self.root || fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir()) {
            return Ok(());
        }
        if let Some(above) = folder.parent() {
            self.make_folders(above)?;
        }
        match fs::create_dir(folder) {
            Ok(()) => sync_folder_of(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(io::ErrorKind::NotADirectory.into()),
            Err(error) => Err(error),
        }
    }
}

/// No such name, or a file where the name has a folder: either way there is no such object.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn version(bytes: &[u8]) -> Version {
    Version(Hash::of(bytes).to_string())
}

/// Unique among the threads of this process and, by its id, among processes; leftovers of a former process of the same
/// id are overwritten.
fn temporary_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!(".+{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

fn write_synced(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A rename is on the disk when the folder is. Only Unix lets a folder be opened for that.
pub(crate) fn sync_folder_of(file: &Path) -> io::Result<()> {
    if cfg!(unix)
        && let Some(folder) = file.parent()
    {
        return File::open(folder)?.sync_all();
    }
    Ok(())
}
