//! What a log of a trusted root speaks, when neither the configuration nor a signing config says so.
//!
//! The answer decides where and how the log is read, and nothing about what it says: a server that lies here is found
//! out by its checkpoints.

use crate::base::{Base, Layout, UrlError, resolve};
use crate::http::Http;
use crate::turn::Turn;
use bytes::Bytes;
use pass::{Freshness, SourceError, SourceErrorKind};
use serde_json::Value;
use tlog::{MAX_NOTE_BYTES, Note};
use url::Url;

/// The cap of a Rekor v1 log's description. The public one has about 2 kB, with two inactive shards.
pub const MAX_LOG_INFO_BYTES: usize = 256 * 1024;

/// What is served below a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Served {
    /// A tiled log with its checkpoint in this folder.
    RekorV2(Base),
    /// The interface of Rekor v1.
    RekorV1,
    /// Answers, none of which is either.
    Unknown,
}

/// Nobody could tell.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The URL is none that a log is read from.
    #[error("{url}: {error}")]
    Url {
        /// The URL.
        url: String,
        /// Why.
        #[source]
        error: UrlError,
    },
    /// The log was not reached, or asked to be left alone.
    #[error(transparent)]
    Source(#[from] SourceError),
}

/// Asks for `<base>/api/v2/checkpoint`, `<base>/checkpoint` and `<base>/api/v1/log`, in this order, and tells which of them
/// is what it should be. `base` is the URL as a trusted root has it.
///
/// # Errors
/// [`ProbeError`]; an answer of the wrong form is no error.
pub async fn probe(http: &Http, base: &str) -> Result<Served, ProbeError> {
    let root = resolve(base, Layout::Tiled).map_err(|error| ProbeError::Url {
        url: base.to_owned(),
        error,
    })?;
    let root = match root {
        Base::Http(root) => root,
        // Nothing answers here, and of the kinds of logs only tiled ones are plain files.
        folder @ Base::Folder(_) => return Ok(Served::RekorV2(folder)),
    };
    let mut doubt = None;
    for folder in [Base::join(&root, "api/v2"), root.clone()] {
        let answer = ask(http, &Base::join(&folder, "checkpoint"), MAX_NOTE_BYTES, &mut doubt).await?;
        if answer.is_some_and(|bytes| Note::parse(&bytes).is_ok()) {
            return Ok(Served::RekorV2(Base::Http(folder)));
        }
    }
    let answer = ask(http, &Base::join(&root, "api/v1/log"), MAX_LOG_INFO_BYTES, &mut doubt).await?;
    if answer.is_some_and(|bytes| is_log_info(&bytes)) {
        return Ok(Served::RekorV1);
    }
    doubt.map_or(Ok(Served::Unknown), |error| Err(error.into()))
}

/// The answer, if there is one to look at. A server that fails may fail for this path alone: the next one is asked, and
/// only if none is right the failure is reported. A host that is not reached is not asked again.
async fn ask(
    http: &Http,
    url: &Url,
    cap: usize,
    doubt: &mut Option<SourceError>,
) -> Result<Option<Bytes>, SourceError> {
    let error = match http.get(url, cap, Freshness::Cached, &mut Turn::now()).await {
        Ok(bytes) => return Ok(Some(bytes)),
        Err(error) => error,
    };
    match &error.kind {
        SourceErrorKind::Unreachable(_) | SourceErrorKind::Timeout { .. } => return Err(error),
        SourceErrorKind::Status {
            status: 429 | 500.., ..
        } => {
            doubt.get_or_insert(error);
        }
        SourceErrorKind::NotFound
        | SourceErrorKind::Status { .. }
        | SourceErrorKind::TooLarge { .. }
        | SourceErrorKind::Redirect { .. }
        | SourceErrorKind::Malformed { .. } => {}
    }
    Ok(None)
}

fn is_log_info(bytes: &[u8]) -> bool {
    let tree_size = serde_json::from_slice(bytes)
        .ok()
        .and_then(|info: Value| info.get("treeSize").cloned());
    tree_size.is_some_and(|size| size.is_u64() || size.is_string())
}
