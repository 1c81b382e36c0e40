//! Where the bytes of a log come from.
//!
//! A source fetches and frames; it trusts nothing and proves nothing. Whatever it returns is unverified until the pass
//! has rebuilt a signed root from it.

use async_trait::async_trait;
use bytes::Bytes;
use core::ops::Range;
use core::time::Duration;
use futures::stream::BoxStream;
use tlog::{Frontier, Hash};

/// How fresh an answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// What caches on the way hold will do.
    Cached,
    /// Past every cache: `Cache-Control: no-cache`, over a connection that was not used before.
    PastCaches,
}

/// A position in a log with what ties it to a larger tree, unverified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    /// The claimed frontier of `[0, at)`.
    pub frontier: Frontier,
    /// What is claimed to lead from there to the head, in either form that `Frontier::root_with` takes.
    pub rest: Vec<Hash>,
}

/// What a server says of an entry beside its leaf. The tree does not cover it: it is the server's word, and what is
/// signed of it is signed by the SET alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafExtra {
    /// The index over all shards.
    pub global_index: u64,
    /// When the server says that it took the entry in, in Unix seconds.
    pub integrated_time: i64,
    /// The log id that the SET was made with: SHA-256 of the key. `None` where the server gave no such thing.
    pub log_id: Option<Hash>,
    /// The place of the signed entry timestamp within the batch's bytes; empty where there is none.
    pub set: Range<usize>,
}

/// Consecutive leaves as they came, without a copy.
#[derive(Debug, Clone, Default)]
pub struct LeafBatch {
    /// The index of the first leaf.
    pub first: u64,
    /// The bytes that hold the leaves.
    pub bytes: Bytes,
    /// The place of each leaf within `bytes`, in the order of their indexes; each range is within `bytes`.
    pub leaves: Vec<Range<usize>>,
    /// One for each leaf in the same order, or none at all: a log of leaves alone has nothing beside them.
    pub extras: Vec<LeafExtra>,
}

impl LeafBatch {
    /// The leaves with their indexes.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &[u8])> {
        (self.first..).zip(
            self.leaves
                .iter()
                .map(|range| self.bytes.get(range.clone()).unwrap_or_default()),
        )
    }

    /// The index after the last leaf.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.leaves.len() as u64)
    }
}

/// Leaves in order; dropping the stream cancels what is under way.
pub type EntryStream = BoxStream<'static, Result<LeafBatch, SourceError>>;

/// One log, read.
///
/// Contract: every call is bounded in time and in bytes, retries by itself what may pass (with jitter, honouring
/// `Retry-After` within its patience), and returns data that is well framed but unverified. A call may be dropped at
/// any await.
#[async_trait]
pub trait LogSource: Send + Sync {
    /// The URL or folder, for words.
    fn place(&self) -> &str;

    /// The log's newest checkpoint as served: at most `tlog::MAX_NOTE_BYTES` bytes that prove nothing yet.
    async fn checkpoint(&self, freshness: Freshness) -> Result<Vec<u8>, SourceError>;

    /// The claimed frontier at `at` and the hashes that lead from it to the tree of `head` leaves (`at <= head`).
    async fn anchor(&self, at: u64, head: u64, freshness: Freshness) -> Result<Anchor, SourceError>;

    /// The leaves `[from, to)` of the tree of `head` leaves (`from <= to <= head`): in order, without gap or overlap,
    /// nothing beyond `to`. A partial bundle is asked for only at the right edge of `head`. The stream ends after the
    /// first error. At most a bounded number of bytes is held ahead of the reader.
    fn entries(&self, from: u64, to: u64, head: u64, freshness: Freshness) -> EntryStream;
}

/// A source could not give what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{object}: {kind}")]
pub struct SourceError {
    /// The whole URL or path of what was asked.
    pub object: String,
    /// What happened.
    #[source]
    pub kind: SourceErrorKind,
}

/// The ways in which a source fails.
#[derive(Debug, thiserror::Error)]
pub enum SourceErrorKind {
    /// 404, 410, or no such file. It never means that an entry does not exist.
    #[error("not found")]
    NotFound,
    /// Another status than success.
    #[error("HTTP status {status}")]
    Status {
        /// The status.
        status: u16,
        /// The patience that the server asked for.
        retry_after: Option<Duration>,
    },
    /// More bytes than such an object may have.
    #[error("longer than the {cap} bytes that it may have")]
    TooLarge {
        /// The cap in bytes.
        cap: usize,
        /// The length that was announced, if it was that.
        announced: Option<u64>,
    },
    /// No answer, or not all of it, in time.
    #[error("no complete answer within {secs} s")]
    Timeout {
        /// The patience in seconds.
        secs: u64,
    },
    /// A redirect that is not followed.
    #[error("redirected to {to}, which is not followed")]
    Redirect {
        /// The target, cut to 256 characters.
        to: String,
    },
    /// The framing is broken: served data that cannot be what the log signed. Not a fault of the network.
    #[error("{reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
        /// What was served, cut to [`KEPT_BYTES`].
        bytes: Bytes,
    },
    /// The network, the name service, TLS or the file system failed.
    #[error("could not be read")]
    Unreachable(#[source] Box<dyn core::error::Error + Send + Sync>),
}

/// How much of a malformed answer is kept as evidence.
pub const KEPT_BYTES: usize = 64 * 1024;
