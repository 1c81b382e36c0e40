//! The store of one pass: the shared one in memory, through the wire; and who watches that nothing moves back.

use super::wire::{Seam, Wire};
use async_trait::async_trait;
use pass::names::LogFolder;
use pass::record::LogState;
use pass::{MemoryStore, Object, PutOnce, Store, StoreError, StoreErrorKind, Swap, Version};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Notes how far the states of a store have come, and what was wrong with a step.
#[derive(Default)]
pub(crate) struct Onward {
    furthest: Mutex<BTreeMap<String, (u32, u64, u64)>>,
    /// One swap at a time, lest two be noted in another order than they were made.
    turn: tokio::sync::Mutex<()>,
    wrong: Mutex<Vec<String>>,
}

impl Onward {
    /// What moved back or was written where nothing may be.
    pub(crate) fn wrong(&self) -> Vec<String> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A test has changed the state itself.
    pub(crate) fn forget(&self) {
        self.furthest.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn complain(&self, what: String) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    fn swapped(&self, name: &str, bytes: &[u8]) {
        if name == pass::names::DEPLOYMENT {
            return;
        }
        let Some(progress) = serde_json::from_slice::<LogState>(bytes).unwrap().progress else {
            return;
        };
        let place = (progress.epoch, progress.head.size, progress.cursor.position());
        let mut furthest = self.furthest.lock().unwrap_or_else(PoisonError::into_inner);
        let before = furthest.entry(name.to_owned()).or_insert(place);
        let (epoch, head, cursor) = *before;
        if place.0 < epoch || (place.0 == epoch && (place.1 < head || place.2 < cursor)) {
            self.complain(format!("{name} moved back from {before:?} to {place:?}"));
        }
        *before = place;
    }
}

/// The store as one pass has it.
pub(crate) struct FaultyStore {
    pub(crate) inner: Arc<MemoryStore>,
    pub(crate) wire: Arc<Wire>,
    pub(crate) onward: Arc<Onward>,
}

impl FaultyStore {
    fn failure<T>(name: &str) -> Result<T, StoreError> {
        Err(StoreError {
            object: name.to_owned(),
            kind: StoreErrorKind::Io(Box::new(std::io::Error::other("made to fail"))),
        })
    }
}

#[async_trait]
impl Store for FaultyStore {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    async fn read(&self, name: &str, max_bytes: usize) -> Result<Option<Object>, StoreError> {
        let effect = self.inner.read(name, max_bytes);
        let fail = || Self::failure(name);
        self.wire.call(Seam::Store, &format!("read {name}"), effect, fail).await
    }

    async fn put_once(&self, name: &str, bytes: &[u8]) -> Result<PutOnce, StoreError> {
        let effect = self.inner.put_once(name, bytes);
        let fail = || Self::failure(name);
        self.wire.call(Seam::Store, &format!("put {name}"), effect, fail).await
    }

    async fn swap(&self, name: &str, expected: Option<&Version>, bytes: &[u8]) -> Result<Swap, StoreError> {
        let effect = async {
            let _turn = self.onward.turn.lock().await;
            let swapped = self.inner.swap(name, expected, bytes).await;
            if matches!(swapped, Ok(Swap::Done(_))) {
                self.onward.swapped(name, bytes);
            }
            swapped
        };
        let fail = || Self::failure(name);
        self.wire.call(Seam::Store, &format!("swap {name}"), effect, fail).await
    }

    async fn publish(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        if !name.starts_with("public/") {
            self.onward.complain(format!("{name} was published over"));
        }
        let effect = self.inner.publish(name, bytes);
        let fail = || Self::failure(name);
        self.wire
            .call(Seam::Store, &format!("publish {name}"), effect, fail)
            .await
    }

    async fn list(&self, prefix: &str, from: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let effect = self.inner.list(prefix, from, limit);
        let fail = || Self::failure(prefix);
        self.wire
            .call(Seam::Store, &format!("list {prefix}"), effect, fail)
            .await
    }
}

/// The name of the state of these tests' log.
pub(crate) fn state_name() -> String {
    LogFolder::new(super::leaves::ORIGIN, 1).state()
}
