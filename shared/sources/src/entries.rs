//! Entries in order, out of bundles that are fetched side by side.
//!
//! Memory is bounded though a bundle may have 16.7 MB: of those under way only the next in order may hold more than its
//! share; the others stop reading until their turn. Each is a task of its own, so that a reader who takes long over a
//! batch lets no connection time out.

use crate::anchor::{either, is_gone, malformed};
use crate::reader::TileReader;
use crate::turn::{SHARE_BYTES, Turn};
use bytes::Bytes;
use core::ops::Range;
use futures::stream::{self, StreamExt as _};
use pass::{EntryStream, Freshness, LeafBatch, SourceError, SourceErrorKind};
use std::collections::VecDeque;
use std::sync::Arc;
use tlog::{BUNDLE_WIDTH, EntryBundle, MAX_LEAF_BYTES, split_bundle};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is handed over at a time: a larger bundle comes in pieces. Bundles as public logs have them take half of it.
const PIECE_BYTES: usize = 1024 * 1024;

/// How much is under way at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flight {
    /// Bundles or tiles, at least 1.
    pub objects: usize,
    /// The bytes that each bundle but the next in order may hold.
    pub share_bytes: usize,
}

impl Default for Flight {
    /// Eight requests are few enough for a public server. Eight shares, eight HTTP/2 windows, the bundle in turn and the
    /// one that the reader holds are 46 MB at the very worst; with bundles as they are, 5 MB.
    fn default() -> Self {
        Self {
            objects: 8,
            share_bytes: SHARE_BYTES,
        }
    }
}

/// The leaves `span` of the tree of `head` leaves.
pub(crate) fn entries(
    reader: Arc<dyn TileReader>,
    span: Range<u64>,
    head: u64,
    freshness: Freshness,
    flight: Flight,
) -> EntryStream {
    let (serving, _) = watch::channel(0);
    let next = Some(span.start).filter(|start| *start < span.end);
    let fetch = Fetch {
        reader,
        span,
        head,
        freshness,
    };
    let line = Line {
        fetch,
        flight,
        next,
        tickets: 0,
        handed: 0,
        under_way: VecDeque::new(),
        large: None,
        serving,
    };
    stream::unfold(Some(line), |line| async move {
        let mut line = line?;
        let batch = line.next_batch().await?;
        let line = batch.is_ok().then_some(line);
        Some((batch, line))
    })
    .boxed()
}

/// What is asked of every bundle.
#[derive(Clone)]
struct Fetch {
    reader: Arc<dyn TileReader>,
    span: Range<u64>,
    head: u64,
    freshness: Freshness,
}

/// The bundles under way, in order.
struct Line {
    fetch: Fetch,
    flight: Flight,
    /// A leaf of the next bundle that is not yet asked for.
    next: Option<u64>,
    tickets: u64,
    handed: u64,
    under_way: VecDeque<Task>,
    /// A large bundle that is handed over piece by piece; it is in turn until its last one.
    large: Option<Large>,
    serving: watch::Sender<u64>,
}

impl Line {
    async fn next_batch(&mut self) -> Option<Result<LeafBatch, SourceError>> {
        if let Some(piece) = self.large.as_mut().and_then(Large::piece) {
            return Some(Ok(piece));
        }
        if self.large.take().is_some() {
            self.turn();
        }
        while self.under_way.len() < self.flight.objects.max(1) {
            let Some(leaf) = self.next else { break };
            let turn = Turn::queued(self.flight.share_bytes, self.serving.subscribe(), self.tickets);
            self.tickets += 1;
            self.under_way
                .push_back(Task(tokio::spawn(self.fetch.clone().bundle(leaf, turn))));
            let width = u64::from(BUNDLE_WIDTH);
            let after = (leaf / width).saturating_add(1).saturating_mul(width);
            self.next = Some(after).filter(|after| *after < self.fetch.span.end);
        }
        // The one at the front is in turn since the one before it was handed over.
        let first = self.under_way.front_mut()?;
        let batch = (&mut first.0).await.unwrap_or_else(|stopped| {
            let kind = SourceErrorKind::Unreachable(Box::new(stopped));
            Err(SourceError {
                object: self.fetch.reader.place().to_owned(),
                kind,
            })
        });
        self.under_way.pop_front();
        match batch {
            Ok(batch) if batch.bytes.len() > PIECE_BYTES => {
                let large = self.large.insert(Large { batch, handed: 0 });
                large.piece().map(Ok)
            }
            batch => {
                self.turn();
                Some(batch)
            }
        }
    }

    /// The next bundle in order may hold more than its share.
    fn turn(&mut self) {
        self.handed += 1;
        self.serving.send_replace(self.handed);
    }
}

/// A bundle that is too large to be handed over whole: whoever holds a piece of it must not keep all of it.
struct Large {
    batch: LeafBatch,
    /// So many of its leaves are handed over.
    handed: usize,
}

impl Large {
    /// The next leaves, copied: as many as a piece may hold, and at least one. `None` after the last.
    fn piece(&mut self) -> Option<LeafBatch> {
        let rest = self.batch.leaves.get(self.handed..)?;
        let start = rest.first()?.start;
        let fitting = rest
            .iter()
            .take_while(|leaf| leaf.end - start <= PIECE_BYTES)
            .count()
            .max(1);
        let taken = rest.get(..fitting)?;
        let bytes = Bytes::copy_from_slice(self.batch.bytes.get(start..taken.last()?.end)?);
        let leaves = taken.iter().map(|leaf| leaf.start - start..leaf.end - start).collect();
        let first = self.batch.first + self.handed as u64;
        self.handed += fitting;
        let extras = Vec::new();
        Some(LeafBatch {
            first,
            bytes,
            leaves,
            extras,
        })
    }
}

/// A task that ends with its owner.
struct Task(JoinHandle<Result<LeafBatch, SourceError>>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Fetch {
    /// The bundle that holds `leaf`, cut to the span.
    async fn bundle(self, leaf: u64, mut turn: Turn) -> Result<LeafBatch, SourceError> {
        let Some(bundle) = EntryBundle::of_leaf(leaf, self.head) else {
            let object = self.reader.place().to_owned();
            return Err(SourceError {
                object,
                kind: SourceErrorKind::NotFound,
            });
        };
        match self.exactly(bundle, &mut turn).await {
            Err(gone) if bundle.full() != bundle && is_gone(&gone.kind) => self
                .exactly(bundle.full(), &mut turn)
                .await
                .map_err(|error| either(gone, error)),
            batch => batch,
        }
    }

    async fn exactly(&self, bundle: EntryBundle, turn: &mut Turn) -> Result<LeafBatch, SourceError> {
        let path = bundle.path();
        let cap = usize::from(bundle.width) * (size_of::<u16>() + MAX_LEAF_BYTES);
        let bytes = self.reader.read(&path, cap, self.freshness, turn).await?;
        let leaves = split_bundle(&bytes, bundle.width)
            .map_err(|error| malformed(self.reader.as_ref(), &path, error, &bytes))?;
        let starts = bundle.first_leaf();
        let first = starts.max(self.span.start);
        let within = |(index, leaf)| self.span.contains(&index).then_some(leaf);
        Ok(LeafBatch {
            first,
            leaves: (starts..).zip(leaves).filter_map(within).collect(),
            extras: Vec::new(),
            bytes,
        })
    }
}
