//! A repository in a folder, and a store that what it vouches for is kept in.

#![allow(dead_code, reason = "each test file uses its part")]

use pass::record::{self, KeptTrust};
use pass::{Fault, FaultClass, Limit, MemoryStore, Trust, TrustSource as _, TufRepository as Given, names};
use sentinel_sources::{Http, HttpPatience, TufTrust};
use sigstore::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use testlog::TufRepository;
use testlog::tuf::Files;

pub(crate) const NOW: &str = "2026-08-22T00:00:00Z";
pub(crate) const LATER: &str = "2027-01-01T00:00:00Z";
pub(crate) const DAY: u64 = 86_400;

pub(crate) const SIGNING: &str = "signing_config.v0.2.json";
pub(crate) const SIGNING_V2: &str = "signing_config_rekor_v2.v0.2.json";
pub(crate) const MONITOR: &str = "monitor_config.v0.1.json";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn repository() -> TufRepository {
    let mut made = TufRepository::new(7, LATER);
    made.put("trusted_root.json", sigstore::TrustedRoot::public_bytes());
    made.put("artifact.pub", b"another file");
    made
}

pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) pinned: Vec<u8>,
    pub(crate) grace: Limit,
}

impl World {
    pub(crate) fn new(pinned: &[u8]) -> Self {
        Self {
            store: Arc::new(MemoryStore::new()),
            folder: tempfile::tempdir().unwrap(),
            pinned: pinned.to_vec(),
            grace: Limit::After(3 * DAY),
        }
    }

    /// A world that a whole repository stands in, from its first root.
    pub(crate) fn with(made: &TufRepository) -> Self {
        let world = Self::new(made.root(1));
        world.serve(&made.publish());
        world
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// Serves these files and no others.
    pub(crate) fn serve(&self, files: &Files) {
        let _absent = std::fs::remove_dir_all(self.path());
        for (name, bytes) in files {
            let file = self.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
    }

    pub(crate) fn source(&self, url: &str) -> TufTrust {
        let given = Given {
            url: url.to_owned(),
            root_name: "the pinned root".to_owned(),
            root: self.pinned.clone(),
        };
        let patience = HttpPatience {
            idle: Duration::from_millis(300),
            attempts: 1,
            ..HttpPatience::default()
        };
        let http = Http::new(patience, None).unwrap();
        let source = TufTrust::new(given, &http, Arc::clone(&self.store) as _, self.grace);
        source.with_patience(Duration::from_secs(2))
    }

    pub(crate) async fn trust(&self, now: &str) -> Result<Trust, Fault> {
        self.source(&format!("file://{}", self.path().display()))
            .trust(at(now))
            .await
    }

    pub(crate) async fn kept(&self) -> KeptTrust {
        record::read(self.store.as_ref(), names::TRUST)
            .await
            .unwrap()
            .expect("something is kept")
    }

    /// Without anything kept it is a fault with these words; with something kept that stands in, for this reason.
    pub(crate) async fn refuses(&self, now: &str, word: &str, words: &str) {
        match self.trust(now).await {
            Err(fault) => {
                assert_eq!(fault.class, FaultClass::Trust);
                assert!(fault.message.contains(words), "{word}: {fault}");
                let kept = record::read::<KeptTrust>(self.store.as_ref(), names::TRUST)
                    .await
                    .unwrap();
                assert!(kept.is_none(), "{word}: what is kept stands in: {fault}");
            }
            Ok(trust) => {
                let refused = trust
                    .tuf
                    .unwrap()
                    .refused
                    .unwrap_or_else(|| panic!("{word}: it was believed"));
                assert_eq!(refused.word, word, "{}", refused.message);
                assert!(refused.message.contains(words), "{word}: {}", refused.message);
                assert_eq!(trust.root.tlogs().len(), 2, "{word}");
            }
        }
    }
}
