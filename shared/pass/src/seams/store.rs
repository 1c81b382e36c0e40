//! Where a deployment keeps its record.

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

/// A keeper of named objects: a bucket, a folder, memory.
///
/// Contract. Names satisfy [`check_name`]. Reads after a completed write see it (strong consistency), also from other
/// processes. `put_once` and `swap` are atomic among all writers and durable when they return: of several writers that
/// race for one name exactly one is told that it won. An error means that the outcome is unknown: the write may have
/// happened, and the caller reads again. There is no delete.
#[async_trait]
pub trait Store: Send + Sync {
    /// The place in words: a folder, an `s3://` URL.
    fn place(&self) -> String;

    /// The object, or nothing if there is none. More than `max_bytes` is an error ([`StoreErrorKind::TooLarge`]).
    async fn read(&self, name: &str, max_bytes: usize) -> Result<Option<Object>, StoreError>;

    /// Creates the object unless one of that name exists, whatever it holds.
    async fn put_once(&self, name: &str, bytes: &[u8]) -> Result<PutOnce, StoreError>;

    /// Replaces the version `expected` of the object; with `None` the object must not exist.
    async fn swap(&self, name: &str, expected: Option<&Version>, bytes: &[u8]) -> Result<Swap, StoreError>;

    /// Replaces the object whatever it is, atomically. For what is derived and published, never for the record.
    async fn publish(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError>;

    /// Up to `limit` names that start with `prefix` and are not less than `from`, in ascending byte order.
    async fn list(&self, prefix: &str, from: &str, limit: usize) -> Result<Vec<String>, StoreError>;
}

/// An object as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// The content.
    pub bytes: Vec<u8>,
    /// The version to swap against.
    pub version: Version,
}

/// An opaque version of an object: an ETag, a content hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(pub String);

/// What came of a `put_once`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOnce {
    /// The object is ours.
    Created,
    /// An object of that name was there and still is.
    Exists,
}

/// What came of a `swap`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Swap {
    /// Written; this is its version now.
    Done(Version),
    /// The object is not at the expected version.
    Lost,
}

/// A store could not do what was asked; whether a write happened is unknown.
#[derive(Debug, thiserror::Error)]
#[error("{object}: {kind}")]
pub struct StoreError {
    /// The object's full place.
    pub object: String,
    /// What happened.
    #[source]
    pub kind: StoreErrorKind,
}

/// The ways in which a store fails.
#[derive(Debug, thiserror::Error)]
pub enum StoreErrorKind {
    /// The object is longer than the reader's cap.
    #[error("longer than the {cap} bytes that are read")]
    TooLarge {
        /// The cap in bytes.
        cap: usize,
    },
    /// The name is none that [`check_name`] allows.
    #[error("not a name that a store takes")]
    BadName,
    /// The file system, the network or the service failed.
    #[error("the store failed")]
    Io(#[source] Box<dyn core::error::Error + Send + Sync>),
}

/// Whether `name` may name an object: 1 to 1,024 bytes of `A-Z a-z 0-9 . _ ~ % -` in parts between single slashes, no
/// part being empty, `.` or `..`. (1,024 is the limit of S3.)
#[must_use]
pub fn check_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~%-".contains(&byte);
    let part = |part: &str| !part.is_empty() && part != "." && part != ".." && part.bytes().all(plain);
    name.len() <= 1024 && name.split('/').all(part)
}

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    objects: Mutex<BTreeMap<String, (u64, Vec<u8>)>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every object, by name.
    #[must_use]
    pub fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        self.lock()
            .iter()
            .map(|(name, (_, bytes))| (name.clone(), bytes.clone()))
            .collect()
    }

    /// Puts an object there or takes it away, past every rule: what a test does to a store.
    pub fn set(&self, name: &str, bytes: Option<Vec<u8>>) {
        let mut objects = self.lock();
        match bytes {
            Some(bytes) => {
                let version = objects.get(name).map_or(0, |(version, _)| version + 1);
                objects.insert(name.to_owned(), (version, bytes));
            }
            None => {
                objects.remove(name);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, (u64, Vec<u8>)>> {
        self.objects.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn checked(name: &str) -> Result<(), StoreError> {
    if check_name(name) {
        Ok(())
    } else {
        Err(StoreError {
            object: name.to_owned(),
            kind: StoreErrorKind::BadName,
        })
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    async fn read(&self, name: &str, max_bytes: usize) -> Result<Option<Object>, StoreError> {
        checked(name)?;
        let objects = self.lock();
        let Some((version, bytes)) = objects.get(name) else {
            return Ok(None);
        };
        if bytes.len() > max_bytes {
            return Err(StoreError {
                object: name.to_owned(),
                kind: StoreErrorKind::TooLarge { cap: max_bytes },
            });
        }
        Ok(Some(Object {
            bytes: bytes.clone(),
            version: Version(version.to_string()),
        }))
    }

    async fn put_once(&self, name: &str, bytes: &[u8]) -> Result<PutOnce, StoreError> {
        checked(name)?;
        let mut objects = self.lock();
        if objects.contains_key(name) {
            return Ok(PutOnce::Exists);
        }
        objects.insert(name.to_owned(), (0, bytes.to_vec()));
        Ok(PutOnce::Created)
    }

    async fn swap(&self, name: &str, expected: Option<&Version>, bytes: &[u8]) -> Result<Swap, StoreError> {
        checked(name)?;
        let mut objects = self.lock();
        let current = objects.get(name).map(|(version, _)| Version(version.to_string()));
        if current.as_ref() != expected {
            return Ok(Swap::Lost);
        }
        let version = objects.get(name).map_or(0, |(version, _)| version + 1);
        objects.insert(name.to_owned(), (version, bytes.to_vec()));
        Ok(Swap::Done(Version(version.to_string())))
    }

    async fn publish(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        checked(name)?;
        self.set(name, Some(bytes.to_vec()));
        Ok(())
    }

    async fn list(&self, prefix: &str, from: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let objects = self.lock();
        let named = objects.range(from.max(prefix).to_owned()..).map(|(name, _)| name);
        Ok(named
            .take_while(|name| name.starts_with(prefix))
            .take(limit)
            .cloned()
            .collect())
    }
}
