//! The files that were verified, in memory: TUF's client reads and writes them one by one, the store keeps all at once.

use sigstore_tuf::transport::FetchFuture;
use sigstore_tuf::{MetadataStore, Repository, Result};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Verified files by name. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Files(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Files {
    /// Those that were kept.
    pub(super) fn of(kept: &BTreeMap<String, String>) -> Self {
        let files = kept
            .iter()
            .map(|(name, text)| (name.clone(), text.clone().into_bytes()));
        Self(Arc::new(Mutex::new(files.collect())))
    }

    /// Those to be kept. The newest root and the snapshot stand there under two names each, of which one is enough. What is
    /// no text is none of ours.
    pub(super) fn to_keep(&self) -> BTreeMap<String, String> {
        let again = |name: &str| name == "root.json" || name.strip_suffix(".snapshot.json").is_some();
        let files = self.lock();
        let kept = files.iter().filter(|(name, _)| !again(name));
        let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).ok();
        kept.filter_map(|(name, bytes)| Some((name.clone(), text(bytes)?)))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MetadataStore for Files {
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.lock().get(name).cloned())
    }

    fn store(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.lock().insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}

/// A repository that has no more than what was kept of it.
impl Repository for Files {
    fn fetch_metadata<'a>(&'a self, name: &'a str, _max_length: u64) -> FetchFuture<'a> {
        let found = self.load(name);
        Box::pin(async move { found })
    }

    fn fetch_target<'a>(&'a self, path: &'a str, _max_length: u64) -> FetchFuture<'a> {
        let found = self.load(&format!("targets/{path}"));
        Box::pin(async move { found })
    }
}
