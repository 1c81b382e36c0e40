//! What other sentinels publish in their buckets, as views; and ledgers in buckets.
//!
//! The other bucket's owner lets our role read what stands below `public/`, and nothing else is asked of it: one object a
//! log and pass. Of a ledger the records of two days are listed in a pass, and those that are new or looked up are read. Both
//! are read with the same clients, so they must be of the same region. Logs are opened by the sources
//! beneath, and so is every view that stands elsewhere.

use crate::clients::Clients;
use crate::place::{Place, PlaceError};
use crate::store::S3Store;
use async_trait::async_trait;
use pass::names::LogFolder;
use pass::{
    Fault, FaultClass, LedgerSettings, ListedShard, LogKind, LogSource, Probed, Sources, Store, StoreView, ViewKind,
    ViewSettings, ViewSource, WatchedLog,
};
use std::sync::Arc;

/// The bucket and the folder of a view, if it stands in a bucket.
///
/// # Errors
/// [`PlaceError`], if it means to and cannot.
pub fn view_place(view: &ViewSettings) -> Result<Option<Place>, PlaceError> {
    if view.kind == ViewKind::Sentinel && view.url.starts_with("s3://") {
        Place::parse(&view.url).map(Some)
    } else {
        Ok(None)
    }
}

/// The bucket and the folder of a ledger, if it stands in a bucket.
///
/// # Errors
/// [`PlaceError`], if it means to and cannot.
pub fn ledger_place(ledger: &LedgerSettings) -> Result<Option<Place>, PlaceError> {
    match ledger.is_bucket() {
        true => Place::parse(&ledger.place).map(Some),
        false => Ok(None),
    }
}

/// Sources with the clients for views and ledgers in buckets.
pub struct WithBuckets {
    sources: Arc<dyn Sources>,
    clients: Clients,
}

impl WithBuckets {
    /// These sources, and views and ledgers in buckets through these clients.
    #[must_use]
    pub fn new(sources: Arc<dyn Sources>, clients: Clients) -> Self {
        Self { sources, clients }
    }
}

#[async_trait]
impl Sources for WithBuckets {
    fn open(&self, log: &WatchedLog, kind: LogKind) -> Result<Arc<dyn LogSource>, Fault> {
        self.sources.open(log, kind)
    }

    async fn probe(&self, log: &WatchedLog) -> Result<Probed, Fault> {
        self.sources.probe(log).await
    }

    async fn view(&self, view: &ViewSettings, log: &WatchedLog) -> Result<Arc<dyn ViewSource>, Fault> {
        match view_place(view) {
            Ok(None) => self.sources.view(view, log).await,
            Ok(Some(place)) => {
                let store = S3Store::new(&self.clients, place, None);
                let name = LogFolder::new(&log.origin, 1).public_checkpoint();
                Ok(Arc::new(StoreView::new(Arc::new(store), name)))
            }
            Err(error) => {
                let message = format!("the view {} cannot be read at {}: {error}", view.name, view.url);
                Err(Fault::new(FaultClass::Configuration, &view.url, message))
            }
        }
    }

    async fn ledger(&self, ledger: &LedgerSettings) -> Result<Arc<dyn Store>, Fault> {
        match ledger_place(ledger) {
            Ok(None) => self.sources.ledger(ledger).await,
            Ok(Some(place)) => Ok(Arc::new(S3Store::new(&self.clients, place, None))),
            Err(error) => {
                let message = format!("the ledger {} cannot be read at {}: {error}", ledger.name, ledger.place);
                Err(Fault::new(FaultClass::Configuration, &ledger.place, message))
            }
        }
    }

    async fn shards(&self, server: &WatchedLog) -> Result<Vec<ListedShard>, Fault> {
        self.sources.shards(server).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let place = |kind: ViewKind, url: &str| {
            view_place(&ViewSettings {
                name: "v".to_owned(),
                kind,
                url: url.to_owned(),
                logs: Vec::new(),
                witnesses: 1,
            })
        };
        let found = place(ViewKind::Sentinel, "s3://other/deep/down/").unwrap().unwrap();
        assert_eq!((found.bucket(), found.prefix()), ("other", "deep/down"));
        assert_eq!(place(ViewKind::Sentinel, "https://other.example/record"), Ok(None));
        assert_eq!(place(ViewKind::Folder, "s3://other"), Ok(None));
        assert_eq!(place(ViewKind::Sentinel, "s3://O"), Err(PlaceError::Bucket));
    }
}
