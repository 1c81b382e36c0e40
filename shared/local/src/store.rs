//! The store in a folder: the same record as in a bucket, to be read with any tool.
//!
//! Objects are files below the root, `a/b` being the file `b` in the folder `a`. So, unlike in a bucket, an object `a` and an
//! object `a/b` exclude each other, a part of a name has at most 255 bytes, and a file system that does not tell `A`
//! from `a` is no place for logs whose names differ in that alone. Files are made with mode 0666 and folders with 0777,
//! less the umask: what others may read is the user's choice.

use crate::files::Files;
use crate::listing;
use async_trait::async_trait;
use pass::{Fault, FaultClass, Object, PutOnce, Store, StoreError, StoreErrorKind, Swap, Version, check_name};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A store in a folder of this machine. Any number of handles, threads and processes may use one folder at a time.
#[derive(Debug, Clone)]
pub struct FolderStore {
    files: Files,
    access: Access,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    ReadOnly,
    ReadWrite,
}

/// The folder cannot be a store.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is nothing to read.
    #[error("there is no store at {}: no such folder (a run with this store makes it)", folder.display())]
    NotThere {
        /// The folder.
        folder: PathBuf,
    },
    /// A file is there instead.
    #[error("{} is a file; a store needs a folder", folder.display())]
    NotAFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// It cannot be made or entered.
    #[error("the store at {} cannot be opened: {source}", folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<OpenError> for Fault {
    fn from(error: OpenError) -> Self {
        let folder = match &error {
            OpenError::NotThere { folder } | OpenError::NotAFolder { folder } | OpenError::Io { folder, .. } => folder,
        };
        Self::new(FaultClass::Store, &folder.display().to_string(), error.to_string())
    }
}

impl FolderStore {
    /// Opens the store for reading and writing, and makes the folder if there is none.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        fs::create_dir_all(folder).map_err(|source| refused(folder, source))?;
        Self::opened(folder, Access::ReadWrite)
    }

    /// Opens a store that must be there, for reading and writing: what only makes sense on a record.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_existing(folder: &Path) -> Result<Self, OpenError> {
        Self::opened(folder, Access::ReadWrite)
    }

    /// Opens a store that must be there, for reading alone: every write is an error, and nothing is created, not even the
    /// lock.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_read_only(folder: &Path) -> Result<Self, OpenError> {
        Self::opened(folder, Access::ReadOnly)
    }

    fn opened(folder: &Path, access: Access) -> Result<Self, OpenError> {
        // Made absolute once, lest a change of the working folder move the store.
        let root = fs::canonicalize(folder).map_err(|source| refused(folder, source))?;
        if !root.is_dir() {
            return Err(OpenError::NotAFolder {
                folder: folder.to_path_buf(),
            });
        }
        Ok(Self {
            files: Files::new(root),
            access,
        })
    }

    /// Does something with a name where it may block.
    async fn with<T, F>(&self, name: &str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Files, &str) -> Result<T, StoreErrorKind> + Send + 'static,
    {
        if !check_name(name) {
            return Err(StoreError {
                object: name.to_owned(),
                kind: StoreErrorKind::BadName,
            });
        }
        let (files, owned) = (self.files.clone(), name.to_owned());
        self.blocking(self.files.file(name).display().to_string(), move || {
            work(&files, &owned)
        })
        .await
    }

    async fn write<T, F>(&self, name: &str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Files, &str) -> Result<T, StoreErrorKind> + Send + 'static,
    {
        if self.access == Access::ReadOnly {
            let refused = io::Error::new(io::ErrorKind::PermissionDenied, "the store was opened for reading only");
            return Err(StoreError {
                object: name.to_owned(),
                kind: StoreErrorKind::Io(Box::new(refused)),
            });
        }
        self.with(name, work).await
    }

    async fn blocking<T, F>(&self, object: String, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, StoreErrorKind> + Send + 'static,
    {
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|stopped| Err(StoreErrorKind::Io(Box::new(stopped))))
            .map_err(|kind| StoreError { object, kind })
    }
}

fn refused(folder: &Path, source: io::Error) -> OpenError {
    let folder = folder.to_path_buf();
    match source.kind() {
        io::ErrorKind::NotFound => OpenError::NotThere { folder },
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => OpenError::NotAFolder { folder },
        _ => OpenError::Io { folder, source },
    }
}

#[async_trait]
impl Store for FolderStore {
    fn place(&self) -> String {
        self.files.root().display().to_string()
    }

    async fn read(&self, name: &str, max_bytes: usize) -> Result<Option<Object>, StoreError> {
        self.with(name, move |files, name| files.read(name, max_bytes)).await
    }

    async fn put_once(&self, name: &str, bytes: &[u8]) -> Result<PutOnce, StoreError> {
        let bytes = bytes.to_vec();
        self.write(name, move |files, name| files.put_once(name, &bytes)).await
    }

    async fn swap(&self, name: &str, expected: Option<&Version>, bytes: &[u8]) -> Result<Swap, StoreError> {
        let (bytes, expected) = (bytes.to_vec(), expected.cloned());
        self.write(name, move |files, name| files.swap(name, expected.as_ref(), &bytes))
            .await
    }

    async fn publish(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let bytes = bytes.to_vec();
        self.write(name, move |files, name| files.publish(name, &bytes)).await
    }

    async fn list(&self, prefix: &str, from: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let (root, prefix, from) = (self.files.root().to_path_buf(), prefix.to_owned(), from.to_owned());
        let object = format!("{}/{prefix}", self.place());
        let work =
            move || listing::list(&root, &prefix, &from, limit).map_err(|error| StoreErrorKind::Io(Box::new(error)));
        self.blocking(object, work).await
    }
}
