//! The bytes of a repository, over HTTP or from a folder, and what was asked for last: what a refusal is about.

use crate::base::{Base, Layout, resolve};
use crate::http::Http;
use crate::reader::{FolderReader, HttpReader, TileReader};
use crate::tuf::error::TufError;
use crate::turn::Turn;
use pass::{Freshness, SourceError, SourceErrorKind};
use sigstore_tuf::transport::FetchFuture;
use sigstore_tuf::{Error, Repository};
use std::sync::{Arc, Mutex, PoisonError};

/// What a target may be longer than the length that is vouched for and still be read to its end: that it is another file
/// says more than that it is longer.
const OTHER_FILE_BYTES: usize = 64 * 1024;

/// What was asked for last.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// The whole URL or path.
    pub(super) object: String,
    pub(super) target: bool,
}

/// Remembers what was asked for. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Desk(Arc<Mutex<Asked>>);

impl Desk {
    pub(super) fn last(&self) -> Asked {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, object: String, target: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Asked { object, target };
    }
}

/// A repository.
pub(super) struct Transport {
    reader: Box<dyn TileReader>,
    desk: Desk,
}

impl Transport {
    pub(super) fn open(url: &str, http: &Http, desk: Desk) -> Result<Self, TufError> {
        let reader: Box<dyn TileReader> = match resolve(url, Layout::Tiled)? {
            Base::Http(base) => Box::new(HttpReader::new(http.clone(), base)),
            Base::Folder(folder) => Box::new(FolderReader::new(folder)),
        };
        Ok(Self { reader, desk })
    }

    async fn read(&self, path: &str, cap: usize, target: bool) -> Result<Option<Vec<u8>>, Error> {
        self.desk.note(format!("{}/{path}", self.reader.place()), target);
        // Names come from metadata: signed, and no reason to leave the folder.
        if !path.split('/').all(|part| !matches!(part, "" | "." | "..")) || path.contains(['\\', '\0']) {
            return Err(Error::Malformed(format!("{path:?} is no name of a file")));
        }
        match self.reader.read(path, cap, Freshness::Cached, &mut Turn::now()).await {
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            // Object stores answer 403 for what is not there.
            Err(SourceError {
                kind: SourceErrorKind::NotFound | SourceErrorKind::Status { status: 403, .. },
                ..
            }) => Ok(None),
            Err(error) => Err(Error::transport_with_source("not read", error)),
        }
    }
}

impl Repository for Transport {
    fn fetch_metadata<'a>(&'a self, name: &'a str, max_length: u64) -> FetchFuture<'a> {
        Box::pin(self.read(name, cap(max_length), false))
    }

    fn fetch_target<'a>(&'a self, path: &'a str, max_length: u64) -> FetchFuture<'a> {
        let path = format!("targets/{path}");
        let cap = cap(max_length).saturating_add(OTHER_FILE_BYTES);
        Box::pin(async move { self.read(&path, cap, true).await })
    }
}

fn cap(max_length: u64) -> usize {
    usize::try_from(max_length).unwrap_or(usize::MAX)
}
