//! Logs over HTTP as the command opens them, but with little patience.

use async_trait::async_trait;
use pass::{Fault, FaultClass, LogKind, LogSource, Probed, Sources, ViewSettings, ViewSource, WatchedLog};
use sources::{Http, HttpPatience, Layout, RemoteView, TiledLog};
use std::sync::Arc;
use std::time::Duration;

/// Puts something between the pass and a log: gets the origin and the real source.
pub(crate) type Wrap = Arc<dyn Fn(&str, Arc<dyn LogSource>) -> Arc<dyn LogSource> + Send + Sync>;

/// Opens logs of the loopback.
pub(crate) struct Network {
    http: Http,
    wrap: Option<Wrap>,
}

impl Network {
    /// Two attempts, a second of silence at most: an honest log on the loopback needs neither.
    pub(crate) fn new() -> Network {
        let patience = HttpPatience {
            connect: Duration::from_secs(2),
            idle: Duration::from_millis(1_000),
            total: Duration::from_millis(2_500),
            attempts: 2,
            backoff: Duration::from_millis(5),
        };
        Network {
            http: Http::new(patience, None).unwrap(),
            wrap: None,
        }
    }

    pub(crate) fn wrap(&mut self, wrap: Wrap) {
        self.wrap = Some(wrap);
    }
}

#[async_trait]
impl Sources for Network {
    fn open(&self, log: &WatchedLog, kind: LogKind) -> Result<Arc<dyn LogSource>, Fault> {
        let layout = if kind == LogKind::RekorV2 {
            Layout::RekorV2
        } else {
            Layout::Tiled
        };
        let base = sources::resolve(&log.url, layout)
            .map_err(|error| Fault::new(FaultClass::Configuration, &log.url, error.to_string()))?;
        let source: Arc<dyn LogSource> = Arc::new(TiledLog::open(&base, &self.http));
        Ok(match &self.wrap {
            Some(wrap) => wrap(&log.origin, source),
            None => source,
        })
    }

    async fn view(&self, view: &ViewSettings, log: &WatchedLog) -> Result<Arc<dyn ViewSource>, Fault> {
        match RemoteView::open(view, &log.origin, &self.http) {
            Ok(view) => Ok(Arc::new(view)),
            Err(error) => Err(Fault::new(FaultClass::Configuration, &view.url, error.to_string())),
        }
    }

    async fn probe(&self, log: &WatchedLog) -> Result<Probed, Fault> {
        let message = format!("a test states the kind of its log {}", log.origin);
        Err(Fault::new(FaultClass::Source, &log.url, message))
    }
}
