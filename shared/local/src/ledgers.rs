//! Ledgers in folders of this machine.
//!
//! A ledger is only read here. Logs and other observers are opened by the sources beneath, and so is a ledger that
//! stands elsewhere.

use crate::store::FolderStore;
use async_trait::async_trait;
use pass::{
    Fault, LedgerSettings, ListedShard, LogKind, LogSource, Probed, Sources, Store, ViewSettings, ViewSource,
    WatchedLog,
};
use std::path::Path;
use std::sync::Arc;

/// Sources with the ledgers that stand in folders.
pub struct WithFolders(Arc<dyn Sources>);

impl WithFolders {
    /// These sources, and ledgers in folders.
    #[must_use]
    pub fn new(sources: Arc<dyn Sources>) -> Self {
        Self(sources)
    }
}

#[async_trait]
impl Sources for WithFolders {
    fn open(&self, log: &WatchedLog, kind: LogKind) -> Result<Arc<dyn LogSource>, Fault> {
        self.0.open(log, kind)
    }

    async fn probe(&self, log: &WatchedLog) -> Result<Probed, Fault> {
        self.0.probe(log).await
    }

    async fn view(&self, view: &ViewSettings, log: &WatchedLog) -> Result<Arc<dyn ViewSource>, Fault> {
        self.0.view(view, log).await
    }

    async fn ledger(&self, ledger: &LedgerSettings) -> Result<Arc<dyn Store>, Fault> {
        if ledger.is_bucket() {
            return self.0.ledger(ledger).await;
        }
        match FolderStore::open_read_only(Path::new(&ledger.place)) {
            Ok(store) => Ok(Arc::new(store)),
            Err(error) => Err(Fault {
                message: format!(
                    "there is no ledger to read at {}: make the folder, or put a first record into it with `rekor-sentinel authorise`",
                    ledger.place
                ),
                ..Fault::from(error)
            }),
        }
    }

    async fn shards(&self, server: &WatchedLog) -> Result<Vec<ListedShard>, Fault> {
        self.0.shards(server).await
    }
}
