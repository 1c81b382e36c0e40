//! A process that stays warm from pass to pass: what it remembers of the store stays with it.

use super::store::FaultyStore;
use async_trait::async_trait;
use pass::{Clock, Object, PutOnce, Remembering, Store, StoreError, Swap, Version};
use std::sync::{Arc, Mutex};

/// The memory of a process, around the store as the pass under way has it.
pub(crate) struct Process {
    memory: Arc<Remembering>,
    line: Arc<Line>,
}

#[derive(Default)]
struct Line(Mutex<Option<Arc<FaultyStore>>>);

impl Process {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Process> {
        let line = Arc::new(Line::default());
        let memory = Arc::new(Remembering::with_clock(line.clone(), clock));
        Arc::new(Process { memory, line })
    }

    /// The store of the next pass.
    pub(crate) fn through(&self, store: Arc<FaultyStore>) -> Arc<dyn Store> {
        *self.line.0.lock().unwrap() = Some(store);
        self.memory.clone()
    }
}

impl Line {
    fn store(&self) -> Arc<FaultyStore> {
        self.0.lock().unwrap().clone().unwrap()
    }
}

#[async_trait]
impl Store for Line {
    fn place(&self) -> String {
        self.store().place()
    }

    async fn read(&self, name: &str, max_bytes: usize) -> Result<Option<Object>, StoreError> {
        self.store().read(name, max_bytes).await
    }

    async fn put_once(&self, name: &str, bytes: &[u8]) -> Result<PutOnce, StoreError> {
        self.store().put_once(name, bytes).await
    }

    async fn swap(&self, name: &str, expected: Option<&Version>, bytes: &[u8]) -> Result<Swap, StoreError> {
        self.store().swap(name, expected, bytes).await
    }

    async fn publish(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.store().publish(name, bytes).await
    }

    async fn list(&self, prefix: &str, from: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.store().list(prefix, from, limit).await
    }
}
