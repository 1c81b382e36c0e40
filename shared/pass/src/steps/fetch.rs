//! **fetch**: the entries that the plan lists, cut into spans.
//!
//! A pump reads the source ahead, as far as a bound on bytes allows, and hashes every leaf as it comes: once, whatever
//! is done with it later. What comes out is in order and gapless, and nothing else is known of it. Dropping the reader
//! ends the pump.

use crate::environment::Share;
use crate::trouble::{Fault, FaultClass, SourceTrouble, internal};
use crate::{EntryStream, Freshness, LeafBatch, LogSource};
use core::time::Duration;
use futures::StreamExt;
use std::sync::Arc;
use tlog::Hash;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;

/// A span is cut before it holds more bytes than this (one batch may be larger by itself). With the batches that are
/// read ahead it bounds the memory of a pass.
pub(crate) const SPAN_BYTES: usize = 4 * 1024 * 1024;

/// A span has at most this many entries: 64 bundles, 512 KiB of leaf hashes.
pub(crate) const SPAN_ENTRIES: u64 = 64 * 256;

/// A span is cut after this time, and after a third of what is left to the pass: what is collected counts only once it is
/// proven and committed, and a slow server may take minutes for a whole one.
pub(crate) const SPAN_TIME: Duration = Duration::from_secs(20);

/// What is read ahead of the span in hand holds at most so many bytes (one batch may be larger by itself).
const AHEAD_BYTES: usize = 2 * 1024 * 1024;

/// Batches read ahead at most, however small.
const AHEAD_BATCHES: usize = 16;

/// A batch with the hashes of its leaves, in order.
pub(crate) struct HashedBatch {
    pub(crate) batch: LeafBatch,
    pub(crate) hashes: Vec<Hash>,
    /// Its share of what may be read ahead.
    ahead: Option<OwnedSemaphorePermit>,
}

type Pumped = Result<HashedBatch, SourceTrouble>;

/// Leaves of consecutive batches, unverified.
pub(crate) struct RawSpan {
    pub(crate) batches: Vec<HashedBatch>,
}

/// Reads `[from, to)` span by span.
pub(crate) struct SpanReader {
    batches: mpsc::Receiver<Pumped>,
    pump: JoinHandle<()>,
    ahead: Option<HashedBatch>,
    at: u64,
    to: u64,
    place: String,
    /// What came behind the last span that was handed over.
    trouble: Option<SourceTrouble>,
}

impl SpanReader {
    pub(crate) fn open(source: &dyn LogSource, from: u64, to: u64, head: u64, freshness: Freshness) -> Self {
        let (sender, batches) = mpsc::channel(AHEAD_BATCHES);
        let pump = tokio::spawn(pump(source.entries(from, to, head, freshness), sender));
        Self {
            batches,
            pump,
            ahead: None,
            at: from,
            to,
            place: source.place().to_owned(),
            trouble: None,
        }
    }

    /// The next span; `None` at the end. It is cut where its share of the time is over, and before what fails: the
    /// trouble comes when it is asked again.
    pub(crate) async fn next(&mut self, share: Option<&Share>) -> Result<Option<RawSpan>, SourceTrouble> {
        if let Some(trouble) = self.trouble.take() {
            return Err(trouble);
        }
        if self.at >= self.to {
            return Ok(None);
        }
        let from = self.at;
        let (mut batches, mut bytes) = (Vec::new(), 0_usize);
        while self.at < self.to {
            let hashed = match self.batch().await {
                Ok(hashed) => hashed,
                Err(trouble) if batches.is_empty() => return Err(trouble),
                Err(trouble) => {
                    self.trouble = Some(trouble);
                    break;
                }
            };
            let (size, end) = (hashed.batch.bytes.len(), hashed.batch.end());
            let full = bytes.saturating_add(size) > SPAN_BYTES || end - from > SPAN_ENTRIES;
            if full && !batches.is_empty() {
                self.ahead = Some(hashed);
                break;
            }
            bytes = bytes.saturating_add(size);
            self.at = end;
            batches.push(hashed.taken());
            if share.is_some_and(Share::is_over) {
                break;
            }
        }
        Ok(Some(RawSpan { batches }))
    }

    async fn batch(&mut self) -> Pumped {
        if let Some(hashed) = self.ahead.take() {
            return Ok(hashed);
        }
        let broken = |what: String| SourceTrouble::Fault(Fault::new(FaultClass::Internal, &self.place, what));
        let Some(pumped) = self.batches.recv().await else {
            return Err(broken(format!("the entries ended at {}, before {}", self.at, self.to)));
        };
        let hashed = pumped?;
        let (first, end) = (hashed.batch.first, hashed.batch.end());
        if first == self.at && end > first && end <= self.to {
            Ok(hashed)
        } else {
            Err(broken(format!(
                "entries {first} to {end} were handed over where {} was due",
                self.at
            )))
        }
    }
}

impl HashedBatch {
    /// The same batch as part of a span, which has a bound of its own.
    fn taken(mut self) -> Self {
        drop(self.ahead.take());
        self
    }
}

impl Drop for SpanReader {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

async fn pump(mut entries: EntryStream, sender: mpsc::Sender<Pumped>) {
    let room = Arc::new(Semaphore::new(AHEAD_BYTES));
    while let Some(batch) = entries.next().await {
        let pumped = match batch {
            Ok(batch) => hash(batch, &room).await,
            Err(error) => Err(error.into()),
        };
        let last = pumped.is_err();
        if sender.send(pumped).await.is_err() || last {
            break;
        }
    }
}

/// Hashes the leaves of a batch once there is room for it, off the reactor: it is arithmetic over megabytes.
async fn hash(batch: LeafBatch, room: &Arc<Semaphore>) -> Pumped {
    let bytes = u32::try_from(batch.bytes.len().min(AHEAD_BYTES)).unwrap_or(u32::MAX);
    let ahead = Arc::clone(room)
        .acquire_many_owned(bytes)
        .await
        .map_err(|error| SourceTrouble::Fault(internal(&error)))?;
    let hashing = tokio::task::spawn_blocking(move || {
        let hashes = batch.iter().map(|(_, leaf)| Hash::leaf(leaf)).collect();
        HashedBatch {
            batch,
            hashes,
            ahead: Some(ahead),
        }
    });
    hashing.await.map_err(|error| SourceTrouble::Fault(internal(&error)))
}
