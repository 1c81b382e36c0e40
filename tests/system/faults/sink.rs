//! A sink that keeps what it is given, through the wire of one pass.

use super::wire::{Seam, Wire};
use alerts::Alert;
use async_trait::async_trait;
use pass::{AlertSink, SinkError};
use std::sync::{Arc, Mutex, PoisonError};

/// What a sink was given over all passes.
pub(crate) type Taken = Arc<Mutex<Vec<Alert>>>;

pub(crate) struct FaultySink {
    pub(crate) name: &'static str,
    pub(crate) taken: Taken,
    /// `None`: this sink is well.
    pub(crate) wire: Option<Arc<Wire>>,
}

#[async_trait]
impl AlertSink for FaultySink {
    fn name(&self) -> &str {
        self.name
    }

    async fn deliver(&self, alert: &Alert) -> Result<(), SinkError> {
        let effect = async {
            self.taken
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(alert.clone());
            Ok(())
        };
        let fail = || {
            Err(SinkError {
                sink: self.name.to_owned(),
                alert: alert.id.clone(),
                source: Box::new(std::io::Error::other("made to fail")),
            })
        };
        match &self.wire {
            Some(wire) => wire.call(Seam::Sink, &alert.title, effect, fail).await,
            None => effect.await,
        }
    }
}
