//! A store in which some objects come after the listing that should have shown them.

use async_trait::async_trait;
use pass::{MemoryStore, Object, PutOnce, Store, StoreError, Swap, Version};
use std::sync::Arc;

/// Lists nothing whose name is in `late`, and reads it.
pub(crate) struct Late {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) late: Vec<String>,
}

#[async_trait]
impl Store for Late {
    fn place(&self) -> String {
        self.store.place()
    }

    async fn read(&self, name: &str, max_bytes: usize) -> Result<Option<Object>, StoreError> {
        self.store.read(name, max_bytes).await
    }

    async fn put_once(&self, _name: &str, _bytes: &[u8]) -> Result<PutOnce, StoreError> {
        unreachable!("an audit writes nothing")
    }

    async fn swap(&self, _name: &str, _expected: Option<&Version>, _bytes: &[u8]) -> Result<Swap, StoreError> {
        unreachable!("an audit writes nothing")
    }

    async fn publish(&self, _name: &str, _bytes: &[u8]) -> Result<(), StoreError> {
        unreachable!("an audit writes nothing")
    }

    async fn list(&self, prefix: &str, from: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let mut names = self.store.list(prefix, from, limit).await?;
        names.retain(|name| !self.late.contains(name));
        Ok(names)
    }
}
