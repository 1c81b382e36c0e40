//! What somebody else was shown of a log.

use super::source::{Freshness, SourceError};
use super::store::{Store, StoreErrorKind};
use crate::SourceErrorKind;
use async_trait::async_trait;
use std::sync::Arc;

/// An independent observer of one log.
///
/// Contract: the call is bounded in time and in bytes, and may be dropped at any await. What it returns proves nothing:
/// the pass authenticates it with the log's keys before it compares.
#[async_trait]
pub trait ViewSource: Send + Sync {
    /// The URL or folder, for words.
    fn place(&self) -> &str;

    /// The newest checkpoint that the observer has: at most `tlog::MAX_NOTE_BYTES` bytes.
    async fn checkpoint(&self, freshness: Freshness) -> Result<Vec<u8>, SourceError>;
}

/// An object of a store: what another deployment publishes in its bucket or folder.
pub struct StoreView {
    store: Arc<dyn Store>,
    name: String,
    place: String,
}

impl StoreView {
    /// The object of this name.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, name: String) -> Self {
        let place = format!("{}/{name}", store.place().trim_end_matches('/'));
        Self { store, name, place }
    }
}

#[async_trait]
impl ViewSource for StoreView {
    fn place(&self) -> &str {
        &self.place
    }

    async fn checkpoint(&self, _freshness: Freshness) -> Result<Vec<u8>, SourceError> {
        let failed = |kind| SourceError {
            object: self.place.clone(),
            kind,
        };
        match self.store.read(&self.name, tlog::MAX_NOTE_BYTES).await {
            Ok(Some(object)) => Ok(object.bytes),
            Ok(None) => Err(failed(SourceErrorKind::NotFound)),
            Err(error) => Err(failed(match error.kind {
                StoreErrorKind::TooLarge { cap } => SourceErrorKind::TooLarge { cap, announced: None },
                StoreErrorKind::BadName | StoreErrorKind::Io(_) => SourceErrorKind::Unreachable(Box::new(error)),
            })),
        }
    }
}
