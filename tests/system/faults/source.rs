//! The source of one pass: what is served, through the wire. Each batch of entries is a call.

use super::served::Served;
use super::wire::{Seam, Wire};
use async_trait::async_trait;
use futures::StreamExt as _;
use pass::{
    Anchor, EntryStream, Fault, Freshness, LeafBatch, LogKind, LogSource, Probed, SourceError, SourceErrorKind,
    Sources, WatchedLog,
};
use std::sync::Arc;

/// One log as one pass is served it.
#[derive(Clone)]
pub(crate) struct FaultySource {
    pub(crate) served: Arc<Served>,
    pub(crate) wire: Arc<Wire>,
}

fn failure<T>(what: &str, kind: SourceErrorKind) -> Result<T, SourceError> {
    Err(SourceError {
        object: format!("http://log.example.com/{what}"),
        kind,
    })
}

fn unreachable<T>(what: &str) -> Result<T, SourceError> {
    let cause = std::io::Error::other("made to fail");
    failure(what, SourceErrorKind::Unreachable(Box::new(cause)))
}

#[async_trait]
impl LogSource for FaultySource {
    fn place(&self) -> &str {
        "http://log.example.com"
    }

    async fn checkpoint(&self, _freshness: Freshness) -> Result<Vec<u8>, SourceError> {
        let effect = async { Ok(self.served.checkpoint()) };
        let fail = || unreachable("checkpoint");
        self.wire.call(Seam::Source, "checkpoint", effect, fail).await
    }

    async fn anchor(&self, at: u64, head: u64, _freshness: Freshness) -> Result<Anchor, SourceError> {
        let effect = async {
            let anchor = self.served.anchor(at, head);
            anchor.map_or_else(|| failure("tile", SourceErrorKind::NotFound), Ok)
        };
        let fail = || unreachable("tile");
        self.wire.call(Seam::Source, "anchor", effect, fail).await
    }

    fn entries(&self, from: u64, to: u64, head: u64, _freshness: Freshness) -> EntryStream {
        let mut batches: Vec<Result<LeafBatch, SourceError>> =
            self.served.entries(from, to, head).into_iter().map(Ok).collect();
        if batches.is_empty() {
            batches.push(failure("entries", SourceErrorKind::NotFound));
        }
        let wire = Arc::clone(&self.wire);
        futures::stream::iter(batches)
            .then(move |batch| {
                let wire = Arc::clone(&wire);
                async move {
                    let fail = || unreachable("entries");
                    wire.call(Seam::Source, "entries", async { batch }, fail).await
                }
            })
            .boxed()
    }
}

#[async_trait]
impl Sources for FaultySource {
    fn open(&self, _log: &WatchedLog, _kind: LogKind) -> Result<Arc<dyn LogSource>, Fault> {
        Ok(Arc::new(self.clone()))
    }

    async fn probe(&self, _log: &WatchedLog) -> Result<Probed, Fault> {
        Ok(Probed {
            kind: LogKind::RekorV2,
            base: None,
        })
    }
}
