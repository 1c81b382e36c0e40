//! Whole signed logs, read over HTTP and from folders: what comes out rebuilds the root that was signed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use futures::StreamExt as _;
use pass::{Freshness, LogSource};
use sentinel_sources::{Base, Http, HttpPatience, Layout, Served, TiledLog, probe, resolve};
use std::path::{Path, PathBuf};
use support::{Server, not_found, ok};
use testlog::{SigningKey, TreeLog};
use tlog::{Checkpoint, Hash, Note, SignedCheckpoint, VerifierKey};

const ORIGIN: &str = "log.example";
const SIZE: u64 = 1000;

fn signed_log() -> TreeLog {
    let mut log = TreeLog::new(ORIGIN, SigningKey::ed25519(&[7; 32]));
    for index in 0..SIZE {
        log.append(format!("leaf {index}").as_bytes());
    }
    log
}

fn http() -> Http {
    Http::new(HttpPatience::default(), None).unwrap()
}

/// From every position: the anchor and the entries after it lead to the root of the log's own checkpoint.
async fn rebuilds(source: &dyn LogSource, origin: &str, keys: &[VerifierKey], positions: &[u64]) {
    let note = source.checkpoint(Freshness::PastCaches).await.unwrap();
    let head = SignedCheckpoint::open(&note, origin, keys).unwrap();
    rebuilds_to(source, head.checkpoint(), positions).await;
}

async fn rebuilds_to(source: &dyn LogSource, head: &Checkpoint, positions: &[u64]) {
    let size = head.size;
    for at in positions.iter().copied().filter(|at| *at <= size) {
        let anchor = source.anchor(at, size, Freshness::Cached).await.unwrap();
        assert_eq!(
            anchor.frontier.root_with(&anchor.rest, size).unwrap(),
            head.root,
            "anchor at {at}"
        );
        let mut frontier = anchor.frontier;
        let mut stream = source.entries(at, size, size, Freshness::Cached);
        while let Some(batch) = stream.next().await {
            for (index, leaf) in batch.unwrap().iter() {
                assert_eq!(index, frontier.size());
                frontier.push(Hash::leaf(leaf));
            }
        }
        assert_eq!(
            (frontier.size(), frontier.root()),
            (size, head.root),
            "entries from {at}"
        );
    }
}

const POSITIONS: &[u64] = &[0, 1, 255, 256, 257, 511, 768, 999, SIZE];

#[tokio::test]
async fn over_http() {
    let log = signed_log();
    let keys = [VerifierKey::from_vkey(&log.vkey()).unwrap()];
    let server = Server::start(move |request| {
        let path = request.path.strip_prefix("/api/v2/");
        path.and_then(|path| log.read(path, SIZE)).map_or_else(not_found, ok)
    })
    .await;
    let base = resolve(&server.url, Layout::RekorV2).unwrap();
    rebuilds(&TiledLog::open(&base, &http()), ORIGIN, &keys, POSITIONS).await;
    let Served::RekorV2(found) = probe(&http(), &server.url).await.unwrap() else {
        panic!("it is one")
    };
    rebuilds(&TiledLog::open(&found, &http()), ORIGIN, &keys, &[300]).await;
}

#[tokio::test]
async fn from_a_folder() {
    let log = signed_log();
    let folder = tempfile::tempdir().unwrap();
    for resource in log.resources(SIZE) {
        let file = folder.path().join(resource.path());
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, log.read_resource(resource, SIZE).unwrap()).unwrap();
    }
    std::fs::write(folder.path().join("checkpoint"), log.checkpoint(SIZE)).unwrap();
    let base = resolve(&format!("file://{}", folder.path().display()), Layout::RekorV2).unwrap();
    let keys = [VerifierKey::from_vkey(&log.vkey()).unwrap()];
    rebuilds(&TiledLog::open(&base, &http()), ORIGIN, &keys, POSITIONS).await;
}

/// A log that another implementation made (Tessera's test data); its checkpoints are read as they stand, without the key.
#[tokio::test]
async fn of_another_implementation() {
    let folder = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/corpus/tiled-log-tessera"
    ));
    if !folder.is_dir() {
        println!("skipped: the corpus is not here");
        return;
    }
    let source = TiledLog::open(&Base::Folder(PathBuf::from(folder)), &http());
    for size in 0..=15_u64 {
        let note = std::fs::read(folder.join(format!("checkpoint.{size}"))).unwrap();
        let head = Checkpoint::parse(Note::parse(&note).unwrap().text()).unwrap();
        assert_eq!(head.size, size);
        rebuilds_to(&source, &head, &(0..=size).collect::<Vec<_>>()).await;
    }
}
