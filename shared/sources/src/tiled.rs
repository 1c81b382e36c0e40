//! A tiled log as a source of the pass.

use crate::anchor;
use crate::base::Base;
use crate::entries::{self, Flight};
use crate::http::Http;
use crate::reader::{FolderReader, HttpReader, TileReader};
use crate::turn::Turn;
use async_trait::async_trait;
use core::fmt;
use pass::{Anchor, EntryStream, Freshness, LogSource, SourceError};
use std::sync::Arc;
use tlog::MAX_NOTE_BYTES;

/// A C2SP tiled log, read from a base. Nothing is asked for that the tree of the given head does not require.
#[derive(Clone)]
pub struct TiledLog {
    reader: Arc<dyn TileReader>,
    flight: Flight,
}

impl TiledLog {
    /// Reads over whatever `base` is; a folder needs no client, but all logs of a process are opened alike.
    #[must_use]
    pub fn open(base: &Base, http: &Http) -> Self {
        let reader: Arc<dyn TileReader> = match base {
            Base::Http(url) => Arc::new(HttpReader::new(http.clone(), url.clone())),
            Base::Folder(folder) => Arc::new(FolderReader::new(folder.clone())),
        };
        Self::new(reader, Flight::default())
    }

    /// Reads with any reader.
    #[must_use]
    pub fn new(reader: Arc<dyn TileReader>, flight: Flight) -> Self {
        Self { reader, flight }
    }
}

#[async_trait]
impl LogSource for TiledLog {
    fn place(&self) -> &str {
        self.reader.place()
    }

    async fn checkpoint(&self, freshness: Freshness) -> Result<Vec<u8>, SourceError> {
        let bytes = self
            .reader
            .read("checkpoint", MAX_NOTE_BYTES, freshness, &mut Turn::now())
            .await?;
        Ok(bytes.into())
    }

    async fn anchor(&self, at: u64, head: u64, freshness: Freshness) -> Result<Anchor, SourceError> {
        anchor::anchor(self.reader.as_ref(), at, head, freshness, self.flight.objects).await
    }

    fn entries(&self, from: u64, to: u64, head: u64, freshness: Freshness) -> EntryStream {
        entries::entries(Arc::clone(&self.reader), from..to, head, freshness, self.flight)
    }
}

impl fmt::Debug for TiledLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TiledLog({}, {:?})", self.place(), self.flight)
    }
}
