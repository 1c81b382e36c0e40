//! A tiled log over HTTP and from a folder: what is asked for, in which order it comes, and what it costs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use bytes::Bytes;
use futures::StreamExt as _;
use pass::{Freshness, LogSource as _, SourceError, SourceErrorKind};
use sentinel_sources::{Base, Flight, Http, HttpPatience, HttpReader, Layout, TiledLog, resolve};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use support::{Server, Step, not_found, ok};
use tlog::{Hash, HashTile, Node, range_nodes};

fn patience() -> HttpPatience {
    HttpPatience {
        total: Duration::from_millis(1500),
        backoff: Duration::from_millis(10),
        ..HttpPatience::default()
    }
}

fn log(server: &Server) -> TiledLog {
    let base = resolve(&server.url, Layout::Tiled).unwrap();
    TiledLog::open(&base, &Http::new(patience(), None).unwrap())
}

fn leaf(index: u64) -> Vec<u8> {
    format!("leaf {index}").into_bytes()
}

/// The hash of a complete subtree, computed from its leaves.
fn subtree(node: Node) -> Hash {
    if node.level == 0 {
        return Hash::leaf(&leaf(node.index));
    }
    let child = |side| {
        subtree(Node {
            level: node.level - 1,
            index: node.index * 2 + side,
        })
    };
    Hash::node(&child(0), &child(1))
}

fn bundle(first: u64, end: u64) -> Vec<u8> {
    let framed = (first..end)
        .map(leaf)
        .map(|leaf| [&u16::try_from(leaf.len()).unwrap().to_be_bytes()[..], &leaf].concat());
    framed.collect::<Vec<_>>().concat()
}

/// All objects of a tree of `size` leaves but its checkpoint.
fn objects(size: u64) -> BTreeMap<String, Vec<u8>> {
    let mut objects = BTreeMap::new();
    let named = |path: String, full: u64, end: u64| {
        if end < full {
            format!("{path}.p/{}", end % 256)
        } else {
            path
        }
    };
    for index in 0..size.div_ceil(256) {
        let (full, end) = ((index + 1) * 256, size.min((index + 1) * 256));
        objects.insert(
            named(format!("tile/entries/{index:03}"), full, end),
            bundle(index * 256, end),
        );
    }
    for level in 0..3_u8 {
        let nodes = size >> (8 * level);
        for index in 0..nodes.div_ceil(256) {
            let (full, end) = ((index + 1) * 256, nodes.min((index + 1) * 256));
            let hash = |index| {
                *subtree(Node {
                    level: 8 * level,
                    index,
                })
                .as_bytes()
            };
            let hashes: Vec<_> = (index * 256..end).map(hash).collect();
            objects.insert(named(format!("tile/{level}/{index:03}"), full, end), hashes.concat());
        }
    }
    objects
}

async fn serving(objects: BTreeMap<String, Vec<u8>>) -> Server {
    Server::start(move |request| match objects.get(request.path.trim_start_matches('/')) {
        Some(bytes) => ok(bytes.clone()),
        None => not_found(),
    })
    .await
}

async fn collect(log: &TiledLog, from: u64, to: u64, head: u64) -> Result<Vec<(u64, Vec<u8>)>, SourceError> {
    let mut leaves = Vec::new();
    let mut stream = log.entries(from, to, head, Freshness::Cached);
    while let Some(batch) = stream.next().await {
        leaves.extend(batch?.iter().map(|(index, leaf)| (index, leaf.to_vec())));
    }
    Ok(leaves)
}

fn expected(from: u64, to: u64) -> Vec<(u64, Vec<u8>)> {
    (from..to).map(|index| (index, leaf(index))).collect()
}

#[tokio::test]
async fn entries_come_whole_and_in_order() {
    let server = serving(objects(1000)).await;
    let log = log(&server);
    for (from, to) in [
        (0, 1000),
        (0, 1),
        (999, 1000),
        (255, 257),
        (256, 512),
        (300, 301),
        (0, 768),
        (768, 1000),
        (5, 5),
    ] {
        assert_eq!(
            collect(&log, from, to, 1000).await.unwrap(),
            expected(from, to),
            "[{from}, {to})"
        );
    }
    // Nothing is asked for beyond what a range needs.
    let before = server.paths().len();
    collect(&log, 300, 600, 1000).await.unwrap();
    let asked: BTreeSet<_> = server.paths().into_iter().skip(before).collect();
    assert_eq!(
        asked,
        BTreeSet::from(["/tile/entries/001", "/tile/entries/002"].map(str::to_owned))
    );
}

#[tokio::test]
async fn a_partial_bundle_that_is_gone_is_read_from_the_full_one() {
    // The tree grew from 700 to 1000, and the partial tiles of 700 were pruned where there are full ones by now.
    let mut objects = objects(1000);
    objects.insert(
        "tile/1/000.p/2".to_owned(),
        self::objects(700)["tile/1/000.p/2"].clone(),
    );
    let server = serving(objects).await;
    let log = log(&server);
    assert_eq!(collect(&log, 500, 700, 700).await.unwrap(), expected(500, 700));
    let paths = server.paths();
    assert!(paths.contains(&"/tile/entries/002.p/188".to_owned()) && paths.contains(&"/tile/entries/002".to_owned()));

    let anchor = log.anchor(600, 700, Freshness::Cached).await.unwrap();
    let claimed: Vec<_> = anchor.frontier.hashes().iter().chain(&anchor.rest).copied().collect();
    let nodes = range_nodes(0, 600).into_iter().chain(range_nodes(600, 700));
    assert_eq!(claimed, nodes.map(subtree).collect::<Vec<_>>());
}

#[tokio::test]
async fn neither_partial_nor_full() {
    let server = serving(objects(512)).await;
    let error = collect(&log(&server), 0, 700, 700).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::NotFound), "{error}");
    assert_eq!(error.object, format!("{}/tile/entries/002.p/188", server.url));
}

#[tokio::test]
async fn the_stream_ends_with_its_first_error() {
    let mut objects = objects(1000);
    objects.remove("tile/entries/001");
    let server = serving(objects).await;
    let log = log(&server);
    let items: Vec<_> = log.entries(0, 1000, 1000, Freshness::Cached).collect().await;
    let [Ok(batch), Err(error)] = items.as_slice() else {
        panic!("{items:?}")
    };
    assert_eq!((batch.first, batch.end()), (0, 256));
    assert!(matches!(error.kind, SourceErrorKind::NotFound), "{error}");
    let beyond: Vec<_> = log.entries(1000, 1001, 1000, Freshness::Cached).collect().await;
    assert!(matches!(beyond.as_slice(), [Err(_)]), "no leaf beyond the head");
}

#[tokio::test]
async fn broken_framing_is_malformed_and_kept() {
    let good = objects(256);
    let bundle = good["tile/entries/000"].clone();
    let cut = bundle[..bundle.len() - 1].to_vec();
    let longer = [bundle.clone(), vec![0]].concat();
    for bytes in [cut, longer, Vec::new()] {
        let mut objects = good.clone();
        objects.insert("tile/entries/000".to_owned(), bytes.clone());
        let server = serving(objects).await;
        let error = collect(&log(&server), 0, 256, 256).await.unwrap_err();
        let SourceErrorKind::Malformed { bytes: kept, .. } = &error.kind else {
            panic!("{error}")
        };
        assert_eq!(*kept, bytes);
        assert_eq!(error.object, format!("{}/tile/entries/000", server.url));
    }
    let mut objects = good.clone();
    objects.insert("tile/0/000".to_owned(), vec![0; 8191]);
    let server = serving(objects).await;
    let error = log(&server).anchor(1, 256, Freshness::Cached).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::Malformed { .. }), "{error}");
}

#[tokio::test]
async fn an_anchor_has_the_nodes_of_both_ranges() {
    let size = 66_000;
    let objects = objects(size);
    let server = serving(objects).await;
    let log = log(&server);
    for at in [0, 1, 255, 256, 257, 1000, 65_535, 65_536, 65_537, 65_999, size] {
        let before = server.paths().len();
        let anchor = log.anchor(at, size, Freshness::Cached).await.unwrap();
        assert_eq!(anchor.frontier.size(), at);
        let left: Vec<_> = range_nodes(0, at).into_iter().map(subtree).collect();
        let right: Vec<_> = range_nodes(at, size).into_iter().map(subtree).collect();
        assert_eq!(
            (anchor.frontier.hashes(), &anchor.rest),
            (left.as_slice(), &right),
            "at {at}"
        );

        let asked: Vec<_> = server.paths().into_iter().skip(before).collect();
        let nodes = range_nodes(0, at).into_iter().chain(range_nodes(at, size));
        let needed: BTreeSet<_> = nodes
            .map(|node| format!("/{}", HashTile::of_node(node, size).unwrap().0.path()))
            .collect();
        assert_eq!(asked.iter().cloned().collect::<BTreeSet<_>>(), needed, "at {at}");
        assert_eq!(asked.len(), needed.len(), "each tile once");
    }
    assert!(log.anchor(size + 1, size, Freshness::Cached).await.is_err());
}

#[tokio::test]
async fn order_holds_under_random_delays() {
    let objects = objects(10_000);
    let server = Server::start(move |request| {
        let delay = request
            .path
            .bytes()
            .fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()))
            % 40;
        let bytes = objects[request.path.trim_start_matches('/')].clone();
        [vec![Step::Wait(Duration::from_millis(delay))], ok(bytes)].concat()
    })
    .await;
    assert_eq!(
        collect(&log(&server), 100, 10_000, 10_000).await.unwrap(),
        expected(100, 10_000)
    );
}

#[tokio::test]
async fn no_more_than_the_flight_is_under_way_and_dropping_cancels() {
    let server = Server::start(|_| vec![Step::Wait(Duration::from_secs(60))]).await;
    let stream = log(&server).entries(0, 1 << 20, 1 << 20, Freshness::Cached);
    let waited = tokio::time::timeout(Duration::from_millis(500), stream.into_future()).await;
    assert!(waited.is_err(), "nothing came, and the stream was dropped");
    assert_eq!(server.requests().len(), Flight::default().objects);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(
        server.requests().len(),
        Flight::default().objects,
        "nothing is tried again after the drop"
    );
}

/// The largest bundle that there can be: 16.7 MB.
fn huge() -> Bytes {
    let leaf = [&[0xff, 0xff][..], &vec![7; 65_535]].concat();
    Bytes::from(leaf.repeat(256))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn huge_bundles_wait_for_their_turn_without_timing_out() {
    let body = huge();
    let served = body.clone();
    let server = Server::start(move |_| ok(served.clone())).await;
    let mut stream = log(&server).entries(0, 6 * 256, 6 * 256, Freshness::Cached);
    let mut piece = async |first: u64| {
        let batch = stream.next().await.unwrap().unwrap();
        assert_eq!(batch.first, first);
        assert!(batch.bytes.len() <= 1 << 20, "handed over in pieces");
        assert!(batch.iter().all(|(_, leaf)| leaf == vec![7; 65_535]));
        batch.end()
    };
    let mut at = 0;
    while at <= 256 {
        at = piece(at).await;
    }
    // Longer than the patience for a whole object. The next in order may be read meanwhile, the others wait.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let sent: Vec<_> = (1..6)
        .map(|index| server.sent(&format!("/tile/entries/{index:03}")))
        .collect();
    assert!(sent[0] > body.len(), "the next in order was read whole: {sent:?}");
    assert!(
        sent[1..].iter().all(|sent| (1 << 20..12 << 20).contains(sent)),
        "the others stopped: {sent:?}"
    );
    while at < 6 * 256 {
        at = piece(at).await;
    }
    assert_eq!(server.requests().len(), 6, "each was read once");
}

#[tokio::test]
async fn a_small_share_changes_nothing_but_the_pace() {
    let server = serving(objects(3000)).await;
    let Base::Http(url) = resolve(&server.url, Layout::Tiled).unwrap() else {
        panic!()
    };
    let reader = Arc::new(HttpReader::new(Http::new(patience(), None).unwrap(), url));
    for objects in [0, 1, 3, 64] {
        let log = TiledLog::new(
            reader.clone(),
            Flight {
                objects,
                share_bytes: 100,
            },
        );
        assert_eq!(collect(&log, 10, 3000, 3000).await.unwrap(), expected(10, 3000));
    }
}

fn folder_of(objects: &BTreeMap<String, Vec<u8>>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in objects {
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
    folder
}

fn log_in(folder: &tempfile::TempDir) -> TiledLog {
    let base = resolve(&format!("file://{}/", folder.path().display()), Layout::RekorV2).unwrap();
    TiledLog::open(&base, &Http::new(patience(), None).unwrap())
}

#[tokio::test]
async fn a_folder_is_read_alike() {
    let mut objects = objects(1000);
    objects.insert("checkpoint".to_owned(), b"a note".to_vec());
    let folder = folder_of(&objects);
    let log = log_in(&folder);
    assert_eq!(log.place(), folder.path().display().to_string());
    assert_eq!(log.checkpoint(Freshness::PastCaches).await.unwrap(), b"a note");
    assert_eq!(collect(&log, 3, 1000, 1000).await.unwrap(), expected(3, 1000));
    assert_eq!(
        collect(&log, 3, 700, 700).await.unwrap(),
        expected(3, 700),
        "from the full bundle"
    );
    let anchor = log.anchor(600, 1000, Freshness::Cached).await.unwrap();
    assert_eq!(
        anchor.rest,
        range_nodes(600, 1000).into_iter().map(subtree).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_folder_has_caps_too() {
    let objects = BTreeMap::from([
        ("tile/0/000".to_owned(), vec![0; 8193]),
        ("tile/entries/000".to_owned(), huge().to_vec()),
    ]);
    let folder = folder_of(&objects);
    let log = log_in(&folder);
    let error = log.anchor(1, 256, Freshness::Cached).await.unwrap_err();
    assert!(
        matches!(error.kind, SourceErrorKind::TooLarge { cap: 8192, .. }),
        "{error}"
    );
    let batches: Vec<_> = log.entries(0, 256, 256, Freshness::Cached).collect().await;
    let leaves: usize = batches.iter().map(|batch| batch.as_ref().unwrap().leaves.len()).sum();
    assert_eq!(
        (leaves, batches.len()),
        (256, 18),
        "15 leaves of the largest sort make a piece"
    );
    std::fs::create_dir(folder.path().join("checkpoint")).unwrap();
    let error = log.checkpoint(Freshness::Cached).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::Unreachable(_)), "{error}");
    std::fs::remove_dir(folder.path().join("checkpoint")).unwrap();
    let error = log.checkpoint(Freshness::Cached).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::NotFound), "{error}");
    assert!(error.object.ends_with("/checkpoint"));
}
