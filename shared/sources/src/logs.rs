//! The logs that a configuration and a trusted root name, opened: over HTTP, and from folders.
//!
//! What a log's URL means follows from its kind; a log whose kind nobody states is asked. Nothing here proves anything.

use crate::base::{Base, Layout, UrlError, resolve};
use crate::http::{Http, HttpSetupError};
use crate::patience::HttpPatience;
use crate::probe::{ProbeError, Served, probe};
use crate::tiled::TiledLog;
use async_trait::async_trait;
use pass::{Fault, FaultClass, LogKind, LogSource, Probed, Sources, WatchedLog};
use std::sync::Arc;

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
}

impl Logs {
    /// With the patience that fits public logs.
    ///
    /// # Errors
    /// The client could not be made.
    pub fn new() -> Result<Self, HttpSetupError> {
        let http = Http::new(HttpPatience::default(), None)?;
        Ok(Self { http })
    }

    /// The client.
    #[must_use]
    pub fn http(&self) -> &Http {
        &self.http
    }
}

#[async_trait]
impl Sources for Logs {
    fn open(&self, log: &WatchedLog, kind: LogKind) -> Result<Arc<dyn LogSource>, Fault> {
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
