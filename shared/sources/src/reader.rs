//! The bytes of one object of a log, over HTTP or from a folder: the only difference between the two.

use crate::base::Base;
use crate::http::Http;
use crate::turn::Turn;
use async_trait::async_trait;
use bytes::Bytes;
use pass::{Freshness, SourceError, SourceErrorKind};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use url::Url;

/// Reads the objects below one base.
///
/// Contract: at most `cap` bytes come back, else [`SourceErrorKind::TooLarge`]; more than `turn.share()` bytes are held
/// only after `turn.come()`; the call is bounded in time apart from that wait. `path` is relative and as tlog-tiles
/// spells it (no `.` or `..` parts).
#[async_trait]
pub trait TileReader: Send + Sync {
    /// The base, for words.
    fn place(&self) -> &str;

    /// One object, whole.
    async fn read(&self, path: &str, cap: usize, freshness: Freshness, turn: &mut Turn) -> Result<Bytes, SourceError>;
}

/// Reads over HTTP.
#[derive(Debug, Clone)]
pub struct HttpReader {
    http: Http,
    base: Url,
    place: String,
}

impl HttpReader {
    /// Reads below `base` with the client of the process.
    #[must_use]
    pub fn new(http: Http, base: Url) -> Self {
        let place = Base::Http(base.clone()).to_string();
        Self { http, base, place }
    }
}

#[async_trait]
impl TileReader for HttpReader {
    fn place(&self) -> &str {
        &self.place
    }

    async fn read(&self, path: &str, cap: usize, freshness: Freshness, turn: &mut Turn) -> Result<Bytes, SourceError> {
        self.http.get(&Base::join(&self.base, path), cap, freshness, turn).await
    }
}

/// Reads the plain files of a log's folder. Links are followed: servers use them for tiles.
#[derive(Debug, Clone)]
pub struct FolderReader {
    folder: PathBuf,
    place: String,
}

impl FolderReader {
    /// Reads below `folder`.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        let place = folder.display().to_string();
        Self { folder, place }
    }
}

#[async_trait]
impl TileReader for FolderReader {
    fn place(&self) -> &str {
        &self.place
    }

    async fn read(&self, path: &str, cap: usize, _: Freshness, turn: &mut Turn) -> Result<Bytes, SourceError> {
        let file = self.folder.join(path);
        let failed = |kind| SourceError {
            object: file.display().to_string(),
            kind,
        };
        let mut bytes = read_up_to(&file, cap.min(turn.share())).await.map_err(failed)?;
        if bytes.is_none() && turn.share() < cap {
            turn.come().await;
            bytes = read_up_to(&file, cap).await.map_err(failed)?;
        }
        bytes.map(Bytes::from).ok_or_else(|| {
            let length = std::fs::metadata(&file).map_or(0, |found| found.len());
            let announced = Some(length).filter(|length| usize::try_from(*length).is_ok_and(|length| length > cap));
            failed(SourceErrorKind::TooLarge { cap, announced })
        })
    }
}

/// The file, or nothing if it is longer than `most`.
async fn read_up_to(file: &Path, most: usize) -> Result<Option<Vec<u8>>, SourceErrorKind> {
    let file = file.to_path_buf();
    let read = tokio::task::spawn_blocking(move || read_file(&file, most)).await;
    match read.unwrap_or_else(|stopped| Err(io::Error::other(stopped))) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(SourceErrorKind::NotFound),
        Err(error) => Err(SourceErrorKind::Unreachable(Box::new(error))),
    }
}

fn read_file(file: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
    // Asked before it is opened: opening a pipe would wait for somebody to write into it.
    let length = std::fs::metadata(file)?;
    if !length.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a plain file"));
    }
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    if length.len() > most {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length.len()).unwrap_or(0));
    let read = File::open(file)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((u64::try_from(read).unwrap_or(u64::MAX) <= most).then_some(bytes))
}
