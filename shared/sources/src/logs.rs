//! The logs that a configuration and a trusted root name, opened: over HTTP, and from folders.
//!
//! The shards of one Rekor v1 server are logs of their own and share one window: it is one server that bears them all.
//!
//! What a log's URL means follows from its kind; a log whose kind nobody states is asked. Nothing here proves anything.

use crate::base::{Base, Layout, UrlError, resolve};
use crate::http::{Http, HttpSetupError};
use crate::pace::Pace;
use crate::patience::HttpPatience;
use crate::probe::{ProbeError, Served, probe};
use crate::rekor_v1::{RekorV1Log, RekorV1Server, Shard};
use crate::tiled::TiledLog;
use async_trait::async_trait;
use pass::{Fault, FaultClass, Freshness, ListedShard, LogKind, LogSource, Probed, Sources, WatchedLog};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// Where a log of this kind is read.
///
/// # Errors
/// [`UrlError`].
pub fn base_of(url: &str, kind: LogKind) -> Result<Base, UrlError> {
    let layout = if kind == LogKind::RekorV2 {
        Layout::RekorV2
    } else {
        Layout::Tiled
    };
    resolve(url, layout)
}

/// Opens logs over HTTP and from folders. All share one client.
#[derive(Debug)]
pub struct Logs {
    http: Http,
    paces: Mutex<HashMap<(String, u32), Pace>>,
}

impl Logs {
    /// With the patience that fits public logs.
    ///
    /// # Errors
    /// The client could not be made.
    pub fn new() -> Result<Self, HttpSetupError> {
        Ok(Self::with(Http::new(HttpPatience::default(), None)?))
    }

    /// With a client of one's own.
    #[must_use]
    pub fn with(http: Http) -> Self {
        Self {
            http,
            paces: Mutex::default(),
        }
    }

    /// The client.
    #[must_use]
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// The Rekor v1 server of a log, with the window that all its shards share and as many requests in flight as its limits
    /// allow.
    ///
    /// # Errors
    /// A fault of class `Configuration` for a URL of which there is none.
    pub fn rekor_v1(&self, log: &WatchedLog) -> Result<RekorV1Server, Fault> {
        let url = log.url.as_str();
        let base = match resolve(url, Layout::Tiled) {
            Ok(Base::Http(base)) => base,
            Ok(Base::Folder(_)) => {
                let message = format!("{url} is a folder, and Rekor v1 is spoken over http:// and https:// alone");
                return Err(Fault::new(FaultClass::Configuration, url, message));
            }
            Err(error) => {
                let message = format!("no Rekor v1 server can be read at {url}: {error}");
                return Err(Fault::new(FaultClass::Configuration, url, message));
            }
        };
        Ok(RekorV1Server::new(
            self.http.clone(),
            &base,
            self.pace_of(&base, log.limits.requests),
        ))
    }

    fn pace_of(&self, base: &Url, ceiling: u32) -> Pace {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (base.origin().ascii_serialization(), ceiling);
        let made = || Pace::new(usize::try_from(ceiling).unwrap_or(1));
        paces.entry(place).or_insert_with(made).clone()
    }

    fn shard(&self, log: &WatchedLog) -> Result<RekorV1Log, Fault> {
        let unfit = |message: String| Fault::new(FaultClass::Configuration, &log.url, message);
        let shard = log.shard.as_ref().ok_or_else(|| {
            unfit(format!(
                "{} is a Rekor v1 server, and its shards are logs, not it",
                log.origin
            ))
        })?;
        let tree = shard
            .tree
            .parse()
            .map_err(|error| unfit(format!("the shard {} of {} is none: {error}", shard.tree, shard.server)))?;
        Ok(RekorV1Log::new(self.rekor_v1(log)?, tree, shard.offset))
    }
}

#[async_trait]
impl Sources for Logs {
    fn open(&self, log: &WatchedLog, kind: LogKind) -> Result<Arc<dyn LogSource>, Fault> {
        if kind == LogKind::RekorV1 {
            return Ok(Arc::new(self.shard(log)?));
        }
        let base = match &log.base {
            Some(found) => resolve(found, Layout::Tiled),
            None => base_of(&log.url, kind),
        };
        match base {
            Ok(base) => Ok(Arc::new(TiledLog::open(&base, &self.http))),
            Err(error) => {
                let message = format!("the log {} cannot be read at {}: {error}", log.origin, log.url);
                Err(Fault::new(FaultClass::Configuration, &log.url, message))
            }
        }
    }

    async fn shards(&self, server: &WatchedLog) -> Result<Vec<ListedShard>, Fault> {
        let shards = self
            .rekor_v1(server)?
            .shards(Freshness::Cached)
            .await
            .map_err(Fault::from_source)?;
        let listed = |shard: Shard| ListedShard {
            tree: shard.tree.to_string(),
            retired: !shard.active,
            size: shard.size,
            offset: shard.offset,
        };
        Ok(shards.into_iter().map(listed).collect())
    }

    async fn probe(&self, log: &WatchedLog) -> Result<Probed, Fault> {
        match probe(&self.http, &log.url).await {
            Ok(Served::RekorV2(Base::Http(url))) => Ok(Probed {
                kind: LogKind::RekorV2,
                base: Some(url.to_string()),
            }),
            Ok(Served::RekorV2(Base::Folder(_))) => Ok(Probed {
                kind: LogKind::RekorV2,
                base: Some(log.url.clone()),
            }),
            Ok(Served::RekorV1) => Ok(Probed {
                kind: LogKind::RekorV1,
                base: None,
            }),
            Ok(Served::Unknown) => {
                let message = format!(
                    "{} serves neither a checkpoint nor Rekor v1, so nobody knows how to read the log {}; list it under `logs:` with its kind, or exclude it",
                    log.url, log.origin
                );
                Err(Fault::new(FaultClass::Source, &log.url, message))
            }
            Err(ProbeError::Source(error)) => Err(Fault::from_source(error)),
            Err(error @ ProbeError::Url { .. }) => {
                Err(Fault::new(FaultClass::Configuration, &log.url, error.to_string()))
            }
        }
    }
}
