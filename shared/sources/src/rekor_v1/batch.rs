//! One batch: up to ten entries, asked for until all have come, or until it is known which one does not.
//!
//! Indexes that a replica leaves out are asked for again. A request that is refused for what it asks (400, 404, 413, 422,
//! 500), or whose answer is too large, is split in two, so that one entry that the server cannot give is found and named
//! and does not stand for its neighbours. What comes before it is handed over.

use crate::rekor_v1::gather::{Contradiction, Gather};
use crate::rekor_v1::server::{RekorV1Server, malformed, parse};
use crate::rekor_v1::tree_id::TreeId;
use crate::turn::Turn;
use bytes::Bytes;
use core::ops::Range;
use pass::{Freshness, LeafBatch, SourceError, SourceErrorKind};
use serde_json::json;
use std::collections::VecDeque;
use tokio::sync::mpsc;
use url::Url;

/// Entries that a Rekor v1 server gives for one request; it answers 422 to more.
pub(crate) const BATCH_ENTRIES: u64 = 10;

/// Of a batch that comes in several answers, so much is held before its beginning is handed over …
const HAND_OVER_BYTES: usize = 1024 * 1024;

/// … and so much at most, whatever is missing at its beginning: two answers.
const MAX_HELD_BYTES: usize = 12 * 1024 * 1024;

/// How often a request for several entries is sent before it is split: not as often as one for a single entry, whose
/// failure is final.
const ATTEMPTS_BEFORE_SPLIT: u32 = 2;

/// How often the server is asked for what it left out, as long as nothing of it comes.
const ROUNDS: u32 = 4;

/// What is asked of every batch.
#[derive(Clone)]
pub(crate) struct Fetch {
    pub(crate) server: RekorV1Server,
    pub(crate) tree: TreeId,
    pub(crate) offset: u64,
    pub(crate) freshness: Freshness,
}

/// A batch on its way to its reader.
pub(crate) type Pieces = mpsc::Sender<Result<LeafBatch, SourceError>>;

/// Indexes that are asked for together.
struct Asked {
    indexes: Vec<u64>,
    /// Rounds in which nothing came of them.
    rounds: u32,
}

impl Fetch {
    /// The entries of `wanted`, piece by piece, the first failure after what precedes it. Ends early if nobody listens.
    pub(crate) async fn batch(self, wanted: Range<u64>, mut turn: Turn, pieces: Pieces) {
        let mut gather = Gather::new(self.tree, self.offset, wanted.clone());
        let gathered = self.gather(&mut gather, wanted.collect(), &mut turn, &pieces).await;
        let rest = gather.hand_over().map(Ok).into_iter().chain(gathered.err().map(Err));
        for piece in rest {
            if pieces.send(piece).await.is_err() {
                return;
            }
        }
    }

    async fn gather(
        &self,
        gather: &mut Gather,
        indexes: Vec<u64>,
        turn: &mut Turn,
        pieces: &Pieces,
    ) -> Result<(), SourceError> {
        let url = self.server.at("log/entries/retrieve");
        let mut left = VecDeque::from([Asked { indexes, rounds: 0 }]);
        while let Some(asked) = left.pop_front() {
            match self.ask(&url, gather, &asked, turn).await {
                Ok(missing) if missing.is_empty() => {}
                Ok(missing) => left.push_front(self.again(&url, gather, asked, missing).await?),
                Err(error) if asked.indexes.len() > 1 && concerns_entries(&error.kind) => {
                    for half in asked.halves().into_iter().rev() {
                        left.push_front(half);
                    }
                }
                Err(error) => return Err(self.named(gather, &asked.indexes, error)),
            }
            if gather.held() >= HAND_OVER_BYTES && !left.is_empty() {
                self.make_room(&url, gather, pieces).await?;
            }
        }
        Ok(())
    }

    /// Asks once, and tells which of the indexes did not come.
    async fn ask(
        &self,
        url: &Url,
        gather: &mut Gather,
        asked: &Asked,
        turn: &mut Turn,
    ) -> Result<Vec<u64>, SourceError> {
        let global: Vec<u64> = asked.indexes.iter().map(|index| gather.global(*index)).collect();
        let query = Bytes::from(json!({ "logIndexes": global }).to_string());
        let single = asked.indexes.len() == 1;
        let attempts = self.server.http().patience().attempts;
        let attempts = if single {
            attempts
        } else {
            attempts.min(ATTEMPTS_BEFORE_SPLIT)
        };
        let answer = self.server.post(url, query, attempts, self.freshness, turn).await?;
        let parsed = parse(url, &answer)?;
        gather
            .take(&asked.indexes, &parsed)
            .map_err(|error: Contradiction| malformed(url, error.to_string(), &answer))?;
        Ok(gather.missing(&asked.indexes))
    }

    /// What was left out, to be asked for again after a while.
    async fn again(&self, url: &Url, gather: &Gather, asked: Asked, missing: Vec<u64>) -> Result<Asked, SourceError> {
        let rounds = if missing.len() < asked.indexes.len() {
            0
        } else {
            asked.rounds + 1
        };
        if rounds >= ROUNDS {
            let kind = SourceErrorKind::NotFound;
            let object = url.to_string();
            return Err(self.named(
                gather,
                missing.get(..1).unwrap_or_default(),
                SourceError { object, kind },
            ));
        }
        tokio::time::sleep(self.server.http().patience().wait(rounds.max(1), None)).await;
        Ok(Asked {
            indexes: missing,
            rounds,
        })
    }

    async fn make_room(&self, url: &Url, gather: &mut Gather, pieces: &Pieces) -> Result<(), SourceError> {
        if let Some(piece) = gather.hand_over() {
            // A reader that is gone is noticed when the rest is sent.
            let _gone = pieces.send(Ok(piece)).await.is_err();
        }
        if gather.held() > MAX_HELD_BYTES {
            return Err(SourceError {
                object: url.to_string(),
                kind: SourceErrorKind::TooLarge {
                    cap: MAX_HELD_BYTES,
                    announced: None,
                },
            });
        }
        Ok(())
    }

    /// The error with the entries that it is about.
    fn named(&self, gather: &Gather, indexes: &[u64], error: SourceError) -> SourceError {
        let named = |first: u64, last: u64| match last == first {
            true => format!("{first}"),
            false => format!("{first} to {last}"),
        };
        let (Some(&first), Some(&last)) = (indexes.first(), indexes.last()) else {
            return error;
        };
        let (global_first, global_last) = (gather.global(first), gather.global(last));
        let word = if indexes.len() == 1 { "entry" } else { "entries" };
        let which = match global_first == first {
            true => format!("{word} {}", named(first, last)),
            false => format!(
                "{word} {} (over all shards {})",
                named(first, last),
                named(global_first, global_last)
            ),
        };
        SourceError {
            object: format!("{}: {which} of the tree {}", error.object, self.tree),
            kind: error.kind,
        }
    }
}

impl Asked {
    fn halves(self) -> [Self; 2] {
        let mut indexes = self.indexes;
        let second = indexes.split_off(indexes.len() / 2);
        [indexes, second].map(|indexes| Self { indexes, rounds: 0 })
    }
}

/// Whether the failure may be about one of the entries that were asked for, and not about the server or the way to it. An
/// answer that contradicts its question is not asked for in pieces: the pass reads it once more, past caches.
fn concerns_entries(kind: &SourceErrorKind) -> bool {
    match kind {
        SourceErrorKind::NotFound | SourceErrorKind::TooLarge { .. } => true,
        SourceErrorKind::Status { status, .. } => matches!(status, 400 | 413 | 422 | 500),
        SourceErrorKind::Timeout { .. }
        | SourceErrorKind::Redirect { .. }
        | SourceErrorKind::Malformed { .. }
        | SourceErrorKind::Unreachable(_) => false,
    }
}
