//! Entries in order, out of batches that are fetched side by side.
//!
//! Each batch is a task of its own, so that a reader who takes long lets no connection time out. How many are under way at
//! the server its window says; a quarter as many again may wait for their turn, with a bound on what each of them holds, so that
//! a slow one in front lets no place stand empty.

use crate::rekor_v1::batch::{BATCH_ENTRIES, Fetch};
use crate::turn::Turn;
use core::ops::Range;
use futures::stream::{self, StreamExt as _};
use pass::{EntryStream, LeafBatch, SourceError, SourceErrorKind};
use std::collections::VecDeque;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// What the answer of a batch may hold before its turn; the usual one has 80 kB. With 32 in flight, 40 batches under way
/// hold 5 MiB at the very worst, twice that while each has handed in one piece, and with what their connections have read
/// ahead (0.4 MiB each) 26 MiB.
const SHARE_BYTES: usize = 128 * 1024;

/// A batch ended without all of its entries: a fault of ours.
#[derive(Debug, thiserror::Error)]
#[error("the entries ended at {at}")]
struct EndedEarly {
    at: u64,
}

/// The leaves of `span`.
pub(crate) fn entries(fetch: Fetch, span: Range<u64>) -> EntryStream {
    let line = Line {
        fetch,
        at: span.start,
        span,
        tickets: 0,
        handed: 0,
        under_way: VecDeque::new(),
        serving: watch::Sender::new(0),
    };
    stream::unfold(Some(line), |line| async move {
        let mut line = line?;
        let batch = line.next_batch().await?;
        let line = batch.is_ok().then_some(line);
        Some((batch, line))
    })
    .boxed()
}

/// The batches under way, in order.
struct Line {
    fetch: Fetch,
    /// Not yet asked for.
    span: Range<u64>,
    /// The next index to hand over.
    at: u64,
    tickets: u64,
    handed: u64,
    under_way: VecDeque<Task>,
    serving: watch::Sender<u64>,
}

/// A batch that ends with its owner.
struct Task {
    end: u64,
    pieces: mpsc::Receiver<Result<LeafBatch, SourceError>>,
    task: JoinHandle<()>,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    async fn next_batch(&mut self) -> Option<Result<LeafBatch, SourceError>> {
        loop {
            self.fill();
            let front = self.under_way.front_mut()?;
            if let Some(piece) = front.pieces.recv().await {
                if let Ok(batch) = &piece {
                    self.at = batch.end();
                }
                return Some(piece);
            }
            if self.at != front.end {
                let (at, object) = (self.at, self.fetch.server.url());
                let kind = SourceErrorKind::Unreachable(Box::new(EndedEarly { at }));
                return Some(Err(SourceError { object, kind }));
            }
            self.under_way.pop_front();
            self.handed += 1;
            self.serving.send_replace(self.handed);
        }
    }

    fn fill(&mut self) {
        let ceiling = self.fetch.server.pace().ceiling();
        let most = ceiling.saturating_add(ceiling.div_ceil(4));
        while self.under_way.len() < most && !self.span.is_empty() {
            let end = self.span.start.saturating_add(BATCH_ENTRIES).min(self.span.end);
            let wanted = self.span.start..end;
            self.span.start = end;
            let turn = Turn::queued(SHARE_BYTES, self.serving.subscribe(), self.tickets);
            self.tickets += 1;
            let (sender, pieces) = mpsc::channel(1);
            let task = tokio::spawn(self.fetch.clone().batch(wanted, turn, sender));
            self.under_way.push_back(Task { end, pieces, task });
        }
    }
}
