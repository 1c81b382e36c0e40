//! A shard of a hosted Rekor v1 server, read to its end or to its first failure.

use futures::StreamExt as _;
use pass::{Freshness, LeafExtra, LogSource, SourceError};
use sources::{Http, HttpPatience, Pace, RekorV1Log, RekorV1Server};
use stage::hostile::{HostedRekor, Hostile};
use std::time::Duration;
use tlog::{Frontier, Hash};

/// What came of reading entries.
pub(crate) struct Read {
    pub(crate) leaves: Vec<Vec<u8>>,
    /// What stands beside each, and its SET.
    pub(crate) extras: Vec<(LeafExtra, Vec<u8>)>,
    pub(crate) error: Option<SourceError>,
}

/// A server, started where no runtime is in the way of its own.
pub(crate) fn stage() -> Hostile {
    std::thread::spawn(Hostile::start).join().unwrap().unwrap()
}

pub(crate) fn http() -> Http {
    let patience = HttpPatience {
        idle: Duration::from_secs(5),
        total: Duration::from_secs(8),
        backoff: Duration::from_millis(10),
        ..HttpPatience::default()
    };
    Http::new(patience, None).unwrap()
}

pub(crate) fn server(rekor: &HostedRekor) -> RekorV1Server {
    server_at(rekor, 8)
}

pub(crate) fn server_at(rekor: &HostedRekor, ceiling: usize) -> RekorV1Server {
    RekorV1Server::new(http(), &rekor.url().parse().unwrap(), Pace::new(ceiling))
}

/// The shard at this place of the server's own list.
pub(crate) fn log(rekor: &HostedRekor, shard: usize) -> RekorV1Log {
    log_of(server(rekor), rekor, shard)
}

pub(crate) fn log_of(server: RekorV1Server, rekor: &HostedRekor, shard: usize) -> RekorV1Log {
    let view = &rekor.shards()[shard];
    RekorV1Log::new(server, view.tree.parse().unwrap(), view.offset)
}

/// The same under an offset that may not be its own.
pub(crate) fn log_at(rekor: &HostedRekor, shard: usize, offset: u64) -> RekorV1Log {
    let view = &rekor.shards()[shard];
    RekorV1Log::new(server(rekor), view.tree.parse().unwrap(), offset)
}

pub(crate) async fn read(log: &dyn LogSource, from: u64, to: u64, head: u64) -> Read {
    let mut read = Read {
        leaves: Vec::new(),
        extras: Vec::new(),
        error: None,
    };
    let mut stream = log.entries(from, to, head, Freshness::Cached);
    while let Some(batch) = stream.next().await {
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => {
                read.error = Some(error);
                assert!(stream.next().await.is_none(), "nothing follows a failure");
                return read;
            }
        };
        assert_eq!(batch.first, from + read.leaves.len() as u64);
        assert_eq!(batch.extras.len(), batch.leaves.len());
        let sets = batch.extras.iter().map(|extra| batch.bytes[extra.set.clone()].to_vec());
        read.extras.extend(batch.extras.iter().cloned().zip(sets));
        read.leaves.extend(batch.iter().map(|(_, leaf)| leaf.to_vec()));
    }
    assert_eq!(read.leaves.len() as u64, to - from);
    read
}

/// The root over leaves from the first on.
pub(crate) fn verified(read: &Read) -> Hash {
    let mut frontier = Frontier::empty();
    read.leaves.iter().for_each(|leaf| frontier.push(Hash::leaf(leaf)));
    frontier.root()
}
