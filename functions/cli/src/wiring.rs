//! What the arguments name, opened: the store and the sinks.

use crate::cloud;
use crate::exit::Failure;
use core::time::Duration;
use local::{ConsoleSink, FileSink, FolderStore};
use pass::{AlertSink, Budget, Clock, Environment, Fault, FaultClass, StopHandle, Store, SystemClock, Watcher};
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

/// Opens the store. A bucket is never made: whatever a command wants of it, it must be there.
///
/// # Errors
/// Usage, if this is no place for a store; a fault, if a folder cannot be opened.
pub(crate) async fn store(place: &str, access: Access) -> Result<Arc<dyn Store>, Failure> {
    if place.starts_with("s3://") {
        return cloud::store(place).await;
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
///
/// # Errors
/// Usage, if one of them can be none.
pub(crate) async fn sinks(names: &[String], console: Console) -> Result<Vec<Arc<dyn AlertSink>>, Failure> {
    let mut sinks: Vec<Arc<dyn AlertSink>> = Vec::new();
    for name in names {
        let sink: Arc<dyn AlertSink> = match (name.as_str(), name.split_once(':')) {
            ("console", _) if console == Console::Output => Arc::new(ConsoleSink::stdout()),
            ("console", _) => Arc::new(ConsoleSink::stderr()),
            (_, Some(("file", path))) if !path.is_empty() => match FileSink::open(Path::new(path)) {
                Ok(sink) => Arc::new(sink),
                Err(error) => return Err(Failure::Usage(format!("error: --sink {name}: {error}"))),
            },
            (_, Some(("sns", arn))) => cloud::topic(name, arn).await?,
            (_, Some(("sns-chat", arn))) => cloud::chat(name, arn).await?,
            _ => {
                return Err(Failure::Usage(format!(
                    "error: --sink {name}: write console, file:PATH, sns:ARN or sns-chat:ARN"
                )));
            }
        };
        if !sinks.iter().any(|known| known.name() == sink.name()) {
            sinks.push(sink);
        }
    }
    Ok(sinks)
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
        reports: pass::Reports::NONE,
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
