//! What the arguments and the configuration name, opened: the store, the sinks, the logs.

use crate::exit::Failure;
use async_trait::async_trait;
use core::time::Duration;
use local::{ConsoleSink, FileSink, FolderStore};
use pass::{
    AlertSink, Budget, Clock, Environment, Fault, FaultClass, LogKind, LogSource, Probed, Sources, StopHandle, Store,
    SystemClock, WatchedLog, Watcher,
};
use sources::{Base, Http, HttpPatience, Layout, ProbeError, Served, TiledLog, UrlError};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a command wants of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// It writes: an absent store is made.
    Make,
    /// It changes a record that must exist.
    Change,
    /// It only reads.
    Read,
}

/// Opens the store.
pub(crate) fn store(place: &str, access: Access) -> Result<Arc<dyn Store>, Failure> {
    if place.starts_with("s3://") {
        return Err(Failure::Usage(format!(
            "error: --store {place}: this build keeps its record in folders only"
        )));
    }
    let folder = Path::new(place);
    let opened = match access {
        Access::Make => FolderStore::open(folder),
        Access::Change if folder.is_dir() => FolderStore::open(folder),
        Access::Change | Access::Read => FolderStore::open_read_only(folder),
    };
    match opened {
        Ok(store) => Ok(Arc::new(store)),
        Err(error) => Err(Failure::Fault(Fault::new(FaultClass::Store, place, error.to_string()))),
    }
}

/// Where the console speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Console {
    Output,
    Error,
}

/// Opens the sinks. One that is named twice is one.
pub(crate) fn sinks(names: &[String], console: Console) -> Result<Vec<Arc<dyn AlertSink>>, Failure> {
    let mut sinks: Vec<Arc<dyn AlertSink>> = Vec::new();
    for name in names {
        let sink: Arc<dyn AlertSink> = match (name.as_str(), name.split_once(':')) {
            ("console", _) if console == Console::Output => Arc::new(ConsoleSink::stdout()),
            ("console", _) => Arc::new(ConsoleSink::stderr()),
            (_, Some(("file", path))) if !path.is_empty() => match FileSink::open(Path::new(path)) {
                Ok(sink) => Arc::new(sink),
                Err(error) => return Err(Failure::Usage(format!("error: --sink {name}: {error}"))),
            },
            (_, Some(("sns", _))) => {
                return Err(Failure::Usage(format!(
                    "error: --sink {name}: this build has no SNS; use console or file:PATH"
                )));
            }
            _ => {
                return Err(Failure::Usage(format!(
                    "error: --sink {name}: write console or file:PATH"
                )));
            }
        };
        if !sinks.iter().any(|known| known.name() == sink.name()) {
            sinks.push(sink);
        }
    }
    Ok(sinks)
}

/// Where a log of this kind is read.
pub(crate) fn base(url: &str, kind: LogKind) -> Result<Base, UrlError> {
    let layout = if kind == LogKind::RekorV2 {
        Layout::RekorV2
    } else {
        Layout::Tiled
    };
    sources::resolve(url, layout)
}

/// Opens logs over HTTP and from folders.
pub(crate) struct Logs {
    http: Http,
}

impl Logs {
    pub(crate) fn new() -> Result<Self, Failure> {
        let http = Http::new(HttpPatience::default(), None).map_err(|error| Failure::internal(&error))?;
        Ok(Self { http })
    }
}

#[async_trait]
impl Sources for Logs {
    fn open(&self, log: &WatchedLog, kind: LogKind) -> Result<Arc<dyn LogSource>, Fault> {
        let base = match &log.base {
            Some(found) => sources::resolve(found, Layout::Tiled),
            None => base(&log.url, kind),
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
        match sources::probe(&self.http, &log.url).await {
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

/// The surroundings of a pass, and what stops it.
pub(crate) fn environment(
    store: Arc<dyn Store>,
    sinks: Vec<Arc<dyn AlertSink>>,
    deadline: Option<Duration>,
    watcher: Arc<dyn Watcher>,
) -> (Arc<Environment>, StopHandle) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let (budget, stop) = Budget::new(Arc::clone(&clock), deadline);
    let environment = Environment {
        store,
        sinks,
        clock,
        budget,
        pass: pass_id(),
        watcher,
    };
    (Arc::new(environment), stop)
}

/// A name that no two passes share: the moment in nanoseconds and the process.
fn pass_id() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}-{:x}", now.as_nanos(), std::process::id())
}

/// Ends the pass gracefully on the first signal; the second ends the process.
pub(crate) fn stop_on_signal(stop: StopHandle) {
    tokio::spawn(async move {
        signalled().await;
        crate::exit::say("stopping: what is proven is kept; once more to stop at once");
        stop.stop();
        signalled().await;
        std::process::exit(130);
    });
}

#[cfg(unix)]
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn signalled() {
    drop(tokio::signal::ctrl_c().await);
}
