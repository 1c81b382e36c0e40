//! One Rekor v1 server: its questions and the form of its answers, all within the window of that server.

use crate::base::Base;
use crate::http::{Ask, Http, is_passing};
use crate::pace::Pace;
use crate::probe::MAX_LOG_INFO_BYTES;
use crate::rekor_v1::tree_id::TreeId;
use crate::rekor_v1::wire::{LogInfo, Proof};
use crate::turn::Turn;
use bytes::Bytes;
use pass::{Freshness, KEPT_BYTES, SourceError, SourceErrorKind};
use reqwest::StatusCode;
use serde::Deserialize;
use tlog::Hash;
use url::Url;

/// The cap of an answer with entries, ten or one. Trillian takes in leaves of 4 MiB (the limit of gRPC's messages), which
/// are 5.6 MB in base64; the usual answer of ten has 80 kB. One with more is asked for in smaller ones.
pub const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;

/// The cap of a consistency proof: at most 64 hashes of 64 digits and a little JSON.
pub const MAX_PROOF_ANSWER_BYTES: usize = 16 * 1024;

/// A server, with the one client of the process and the window of that server. Clones share both.
#[derive(Debug, Clone)]
pub struct RekorV1Server {
    http: Http,
    base: Url,
    pace: Pace,
}

/// An answer that is not what such an answer looks like.
#[derive(Debug, thiserror::Error)]
#[error("this is no answer of Rekor v1: {0}")]
struct NotOurs(serde_json::Error);

impl RekorV1Server {
    /// A server at `base`, that is before `/api/v1`; with or without it is the same.
    #[must_use]
    pub fn new(http: Http, base: &Url, pace: Pace) -> Self {
        let mut base = base.clone();
        let path = base.path().trim_end_matches('/');
        let path = path.strip_suffix("/log").unwrap_or(path);
        let path = path.strip_suffix("/api/v1").unwrap_or(base.path()).to_owned();
        base.set_path(path.trim_end_matches('/'));
        Self { http, base, pace }
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        Base::Http(self.base.clone()).to_string()
    }

    /// Its window.
    #[must_use]
    pub const fn pace(&self) -> &Pace {
        &self.pace
    }

    pub(crate) const fn http(&self) -> &Http {
        &self.http
    }

    /// Where something of the interface is.
    pub(crate) fn at(&self, path: &str) -> Url {
        Base::join(&self.base, &format!("api/v1/{path}"))
    }

    /// What it tells of its trees. Something else in its place is a fault: it says nothing about any log.
    pub(crate) async fn info(&self, freshness: Freshness) -> Result<LogInfo, SourceError> {
        let url = self.at("log");
        let bytes = self
            .get(&url, MAX_LOG_INFO_BYTES, freshness, is_passing, &mut Turn::now())
            .await?;
        serde_json::from_slice(&bytes).map_err(|error| SourceError {
            object: url.to_string(),
            kind: SourceErrorKind::Unreachable(Box::new(NotOurs(error))),
        })
    }

    /// The hashes of the consistency proof from `first` to `last`, both at least 1, and where they were.
    pub(crate) async fn proof(
        &self,
        tree: TreeId,
        first: u64,
        last: u64,
        freshness: Freshness,
    ) -> Result<(Url, Vec<Hash>), SourceError> {
        let mut url = self.at("log/proof");
        url.set_query(Some(&format!("firstSize={first}&lastSize={last}&treeID={tree}")));
        let bytes = self
            .get(&url, MAX_PROOF_ANSWER_BYTES, freshness, may_catch_up, &mut Turn::now())
            .await?;
        let Proof { hashes } = parse(&url, &bytes)?;
        Ok((url, hashes))
    }

    pub(crate) async fn get(
        &self,
        url: &Url,
        cap: usize,
        freshness: Freshness,
        passing: fn(StatusCode) -> bool,
        turn: &mut Turn,
    ) -> Result<Bytes, SourceError> {
        let ask = Ask {
            url,
            json: None,
            cap,
            freshness,
            attempts: self.http.patience().attempts,
            passing,
            pace: Some(&self.pace),
        };
        self.http.send(&ask, turn).await
    }

    pub(crate) async fn post(
        &self,
        url: &Url,
        json: Bytes,
        attempts: u32,
        freshness: Freshness,
        turn: &mut Turn,
    ) -> Result<Bytes, SourceError> {
        let ask = Ask {
            url,
            json: Some(json),
            cap: MAX_ANSWER_BYTES,
            freshness,
            attempts,
            passing: is_passing,
            pace: Some(&self.pace),
        };
        self.http.send(&ask, turn).await
    }
}

/// A replica that is behind says 400 to sizes that it does not have, and 404 to entries.
pub(crate) fn may_catch_up(status: StatusCode) -> bool {
    matches!(status, StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND) || is_passing(status)
}

/// An answer, borrowed where it can be.
pub(crate) fn parse<'a, T: Deserialize<'a>>(url: &Url, bytes: &'a [u8]) -> Result<T, SourceError> {
    serde_json::from_slice(bytes).map_err(|error| malformed(url, NotOurs(error).to_string(), bytes))
}

/// What was served contradicts what was asked.
pub(crate) fn malformed(url: &Url, reason: String, bytes: &[u8]) -> SourceError {
    // Copied, lest 64 KiB of evidence keep megabytes alive.
    let kept = Bytes::copy_from_slice(bytes.get(..KEPT_BYTES).unwrap_or(bytes));
    SourceError {
        object: url.to_string(),
        kind: SourceErrorKind::Malformed { reason, bytes: kept },
    }
}
