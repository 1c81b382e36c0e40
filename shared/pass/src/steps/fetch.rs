//! **fetch**: the entries that the plan lists, cut into spans.
//!
//! A pump reads the source ahead by one batch while the span before is verified. What comes out is in order and
//! gapless, and nothing else is known of it. Dropping the reader ends the pump.

use crate::trouble::{Fault, FaultClass, SourceTrouble};
use crate::{EntryStream, Freshness, LeafBatch, LogSource, SourceError};
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// A span is cut before it holds more bytes than this (one batch may be larger by itself). With the batches that are
/// read ahead it bounds the memory of a pass.
pub(crate) const SPAN_BYTES: usize = 8 * 1024 * 1024;

/// A span has at most this many entries: 64 bundles, 512 KiB of leaf hashes.
pub(crate) const SPAN_ENTRIES: u64 = 64 * 256;

/// Leaves of consecutive batches, unverified.
pub(crate) struct RawSpan {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) batches: Vec<LeafBatch>,
}

/// Reads `[from, to)` span by span.
pub(crate) struct SpanReader {
    batches: mpsc::Receiver<Result<LeafBatch, SourceError>>,
    pump: JoinHandle<()>,
    ahead: Option<LeafBatch>,
    at: u64,
    to: u64,
    place: String,
}

impl SpanReader {
    pub(crate) fn open(source: &dyn LogSource, from: u64, to: u64, head: u64, freshness: Freshness) -> Self {
        let (sender, batches) = mpsc::channel(1);
        let pump = tokio::spawn(pump(source.entries(from, to, head, freshness), sender));
        Self {
            batches,
            pump,
            ahead: None,
            at: from,
            to,
            place: source.place().to_owned(),
        }
    }

    /// The next span; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<RawSpan>, SourceTrouble> {
        if self.at >= self.to {
            return Ok(None);
        }
        let from = self.at;
        let (mut batches, mut bytes) = (Vec::new(), 0_usize);
        while self.at < self.to {
            let batch = self.batch().await?;
            let full = bytes.saturating_add(batch.bytes.len()) > SPAN_BYTES || batch.end() - from > SPAN_ENTRIES;
            if full && !batches.is_empty() {
                self.ahead = Some(batch);
                break;
            }
            bytes = bytes.saturating_add(batch.bytes.len());
            self.at = batch.end();
            batches.push(batch);
        }
        Ok(Some(RawSpan {
            from,
            to: self.at,
            batches,
        }))
    }

    async fn batch(&mut self) -> Result<LeafBatch, SourceTrouble> {
        if let Some(batch) = self.ahead.take() {
            return Ok(batch);
        }
        let broken = |what: String| SourceTrouble::Fault(Fault::new(FaultClass::Internal, &self.place, what));
        match self.batches.recv().await {
            Some(Ok(batch)) if batch.first == self.at && batch.end() <= self.to && !batch.leaves.is_empty() => {
                Ok(batch)
            }
            Some(Ok(batch)) => {
                let (first, end, at) = (batch.first, batch.end(), self.at);
                Err(broken(format!(
                    "entries {first} to {end} were handed over where {at} was due"
                )))
            }
            Some(Err(error)) => Err(error.into()),
            None => Err(broken(format!("the entries ended at {}, before {}", self.at, self.to))),
        }
    }
}

impl Drop for SpanReader {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

async fn pump(mut entries: EntryStream, sender: mpsc::Sender<Result<LeafBatch, SourceError>>) {
    while let Ok(place) = sender.reserve().await {
        let Some(batch) = entries.next().await else { break };
        let last = batch.is_err();
        place.send(batch);
        if last {
            break;
        }
    }
}
