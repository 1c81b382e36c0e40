//! Where alerts go.

use alerts::Alert;
use async_trait::async_trait;
use std::sync::Mutex;

/// A place that takes alerts: a terminal, a file, a topic.
///
/// Contract: `Ok` means that the alert is in the sink's hands for good (written and flushed, accepted by the service).
/// An alert may be delivered more than once, with the same id; it is never delivered out of a caller's order. A sink
/// does its own retries within a call and returns within a bounded time.
#[async_trait]
pub trait AlertSink: Send + Sync {
    /// A stable name of at most 256 bytes: the key of this sink's watermark, the same from run to run.
    fn name(&self) -> &str;

    /// Hands over one alert.
    async fn deliver(&self, alert: &Alert) -> Result<(), SinkError>;
}

/// A sink did not take an alert. It is owed, and tried again on the next pass.
#[derive(Debug, thiserror::Error)]
#[error("the sink {sink} did not take the alert {alert}")]
pub struct SinkError {
    /// The sink's name.
    pub sink: String,
    /// The id of the alert.
    pub alert: String,
    /// Why.
    #[source]
    pub source: Box<dyn core::error::Error + Send + Sync>,
}

/// A sink that keeps what it is given, in order.
#[derive(Debug)]
pub struct MemorySink {
    name: String,
    taken: Mutex<Vec<Alert>>,
}

impl MemorySink {
    /// An empty sink of this name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            taken: Mutex::new(Vec::new()),
        }
    }

    /// Everything delivered so far.
    #[must_use]
    pub fn taken(&self) -> Vec<Alert> {
        self.taken
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }
}

#[async_trait]
impl AlertSink for MemorySink {
    fn name(&self) -> &str {
        &self.name
    }

    async fn deliver(&self, alert: &Alert) -> Result<(), SinkError> {
        self.taken
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(alert.clone());
        Ok(())
    }
}
