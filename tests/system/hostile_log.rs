//! Left alone the hostile log is honest; told otherwise, it serves the trees, checkpoints and entries that it was told
//! to serve.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod raw_http;

use raw_http::{Response, get};
use stage::hostile::{Change, HostedLog, Hostile, Lie, LogSpec, Rule, Tamper, Target, Witness};
use std::sync::Arc;
use testlog::{Algorithm, SigningKey};
use tlog::{CheckpointError, EntryBundle, Frontier, Hash, SignedCheckpoint, VerifierKey};

fn server_with(size: u64) -> (Hostile, HostedLog) {
    let server = Hostile::start().unwrap();
    let log = server.add(&LogSpec {
        leaves: Some(Arc::new(small_leaf)),
        ..LogSpec::new("a")
    });
    log.grow(size);
    (server, log)
}

fn small_leaf(index: u64) -> Vec<u8> {
    format!("leaf number {index}").into_bytes()
}

fn fetch(log: &HostedLog, path: &str) -> Response {
    get(&format!("{}/{path}", log.url())).unwrap()
}

fn open(log: &HostedLog) -> Result<SignedCheckpoint, CheckpointError> {
    let key = VerifierKey::from_vkey(&log.vkey()).unwrap();
    SignedCheckpoint::open(&fetch(log, "checkpoint").body, &log.origin(), &[key])
}

/// The root that the served entries come to.
fn rebuilt(log: &HostedLog, size: u64) -> Hash {
    let mut frontier = Frontier::empty();
    while frontier.size() < size {
        let bundle = EntryBundle::of_leaf(frontier.size(), size).unwrap();
        let body = fetch(log, &bundle.path()).body;
        for range in tlog::split_bundle(&body, bundle.width_in(size)).unwrap() {
            frontier.push(Hash::leaf(&body[range]));
        }
    }
    frontier.root()
}

#[test]
fn left_alone_it_is_honest() {
    let server = Hostile::start().unwrap();
    let log = server.log("honest");
    for grown in [1, 255, 1, 300] {
        log.grow(grown);
        let opened = open(&log).unwrap();
        assert_eq!(opened.size(), log.size());
        assert_eq!(opened.root(), rebuilt(&log, opened.size()));
    }
    assert_eq!(log.size(), 557);
    assert_eq!(fetch(&log, "tile/entries/003").status, 404);
    assert_eq!(fetch(&log, "nothing").status, 404);
}

#[test]
fn usual_entries_are_rekor_entries() {
    let server = Hostile::start().unwrap();
    let log = server.log("a");
    log.grow(4);
    for index in 0..4 {
        let leaf: serde_json::Value = serde_json::from_slice(&log.tree().leaf(index).unwrap()).unwrap();
        assert_eq!(leaf["kind"], "hashedrekord");
    }
}

#[test]
fn logs_have_their_own_trees_and_keys() {
    let (server, a) = server_with(5);
    let b = server.add(&LogSpec {
        algorithm: Algorithm::EcdsaP256,
        ..LogSpec::new("b")
    });
    b.grow(5);
    assert_ne!(a.root(), b.root());
    assert_ne!(a.vkey(), b.vkey());
    assert_eq!(open(&b).unwrap().root(), b.root());
    assert_eq!(
        get(&format!("{}/b/checkpoint", server.url())).unwrap().body,
        fetch(&b, "checkpoint").body
    );
    assert_eq!(get(&format!("{}/c/checkpoint", server.url())).unwrap().status, 404);
}

#[test]
fn a_fork_is_another_tree_under_the_same_key() {
    let (_server, log) = server_with(300);
    let before = log.root();
    for size in [280, 300, 400] {
        log.fork(270, size);
        let opened = open(&log).unwrap();
        assert_eq!((opened.size(), opened.root()), (size, rebuilt(&log, size)));
        assert_ne!(Some(opened.root()), log.tree().fork_at(270).root(270));
        log.unfork();
        assert_eq!(open(&log).unwrap().root(), before);
        assert_eq!(rebuilt(&log, 300), before);
    }
}

#[test]
fn stalled_and_resumed() {
    let (_server, log) = server_with(10);
    log.stall();
    log.grow(5);
    assert_eq!(open(&log).unwrap().size(), 10);
    assert_eq!(fetch(&log, "tile/entries/000.p/15").status, 404);
    log.resume();
    assert_eq!(open(&log).unwrap().size(), 15);
}

#[test]
fn frozen_and_cosigned() {
    let (_server, log) = server_with(10);
    log.freeze("2026-11-21");
    assert!(open(&log).unwrap().checkpoint().is_frozen());
    log.grow(1);
    log.thaw();
    assert!(!open(&log).unwrap().checkpoint().is_frozen());
    let key = SigningKey::ed25519(&[7; 32]);
    log.cosign(vec![Witness {
        name: "w.example".into(),
        key,
        time: 5,
    }]);
    let note = String::from_utf8(fetch(&log, "checkpoint").body).unwrap();
    assert_eq!(note.lines().filter(|line| line.contains("w.example")).count(), 1);
    assert!(open(&log).is_ok());
}

#[track_caller]
fn check_lie(lie: &Lie, expect: impl Fn(&Result<SignedCheckpoint, CheckpointError>) -> bool) {
    let (_server, log) = server_with(10);
    log.behave(Rule::new(Target::All, lie.clone()).times(2));
    for _ in 0..2 {
        assert_eq!(
            fetch(&log, "tile/entries/000.p/10").status,
            200,
            "a lie concerns checkpoints alone"
        );
        let opened = open(&log);
        assert!(expect(&opened), "{lie:?}: {opened:?}");
    }
    assert!(
        open(&log).is_ok_and(|opened| opened.root() == log.root()),
        "{lie:?} should be over"
    );
}

#[test]
fn lies_about_the_checkpoint() {
    check_lie(&Lie::SizeNoNumber, |opened| {
        matches!(opened, Err(CheckpointError::Form(_)))
    });
    check_lie(&Lie::WrongKey, |opened| {
        matches!(opened, Err(CheckpointError::NoTrustedSignature { .. }))
    });
    check_lie(&Lie::WrongOrigin, |opened| {
        matches!(opened, Err(CheckpointError::WrongOrigin { .. }))
    });
    check_lie(&Lie::Unsigned, Result::is_err);
    check_lie(&Lie::DamagedSignature, |opened| {
        matches!(opened, Err(CheckpointError::BadSignature { .. }))
    });
    check_lie(&Lie::Stale { size: 7 }, |opened| {
        opened.as_ref().is_ok_and(|opened| opened.size() == 7)
    });
    check_lie(&Lie::ImpossibleRoot { size: Some(99) }, |opened| {
        opened.as_ref().is_ok_and(|opened| opened.size() == 99)
    });
}

/// Which leaves a bundle holds, whatever their number; something else than a leaf of ours is `None` among them.
fn indexes(mut bundle: &[u8]) -> Option<Vec<Option<u64>>> {
    let mut all = Vec::new();
    while let Some((length, rest)) = bundle.split_first_chunk::<2>() {
        let (leaf, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let number = std::str::from_utf8(leaf)
            .ok()
            .and_then(|text| text.strip_prefix("leaf number "));
        all.push(
            number
                .and_then(|number| number.parse().ok())
                .filter(|number| *number < 300),
        );
        bundle = rest;
    }
    bundle.is_empty().then_some(all)
}

/// Tampers with entry 7. The bundle then holds `[0, 7)`, these, and `[9, to)`; nothing where its framing is broken.
#[track_caller]
fn check_tamper(how: Tamper, expect: Option<(&[Option<u64>], u64)>) {
    let (_server, log) = server_with(300);
    log.behave(Rule::new(Target::Entries, Change::Tamper { how, index: 7 }).times(1));
    let fetched = |path| indexes(&fetch(&log, path).body);
    let honest = |from: u64, to: u64| (from..to).map(Some);
    let other = fetched("tile/entries/001.p/44").unwrap();
    assert!(other.into_iter().eq(honest(256, 300)), "{how:?} changed another bundle");
    let expect = expect.map(|(middle, to)| {
        honest(0, 7)
            .chain(middle.iter().copied())
            .chain(honest(9, to))
            .collect()
    });
    assert_eq!(fetched("tile/entries/000"), expect, "{how:?}");
    assert!(
        fetched("tile/entries/000").unwrap().into_iter().eq(honest(0, 256)),
        "{how:?} did not heal"
    );
}

#[test]
fn entries_are_tampered_with() {
    check_tamper(Tamper::Flip, Some((&[None, Some(8)], 256)));
    check_tamper(Tamper::Substitute, Some((&[None, Some(8)], 256)));
    check_tamper(Tamper::Drop, Some((&[Some(8)], 256)));
    check_tamper(Tamper::Shift, Some((&[Some(8)], 257)));
    check_tamper(Tamper::Double, Some((&[Some(7), Some(7), Some(8)], 256)));
    check_tamper(Tamper::Repeat, Some((&[Some(7), Some(7)], 256)));
    check_tamper(Tamper::Swap, Some((&[Some(8), Some(7)], 256)));
    check_tamper(Tamper::Cut, None);
}

#[test]
fn an_entry_is_appended() {
    let (_server, log) = server_with(300);
    log.behave(Rule::new(
        Target::Entries,
        Change::Tamper {
            how: Tamper::Append,
            index: 7,
        },
    ));
    let found = indexes(&fetch(&log, "tile/entries/000").body).unwrap();
    assert!(found.into_iter().eq((0..256).map(Some).chain([None])));
}

#[test]
fn hash_tiles_are_tampered_with() {
    let (_server, log) = server_with(600);
    let honest = fetch(&log, "tile/0/001").body;
    log.behave(Rule::new(Target::HashTiles, Change::FlipHash { level: 0, index: 259 }).times(1));
    assert_eq!(
        fetch(&log, "tile/0/000").body,
        log.tree().read("tile/0/000", 600).unwrap()
    );
    let flipped = fetch(&log, "tile/0/001").body;
    let different: Vec<usize> = (0..256)
        .filter(|at| honest[at * 32..][..32] != flipped[at * 32..][..32])
        .collect();
    assert_eq!(different, [3]);
    assert_eq!(fetch(&log, "tile/0/001").body, honest);
}

#[test]
fn partial_tiles_are_pruned() {
    let (_server, log) = server_with(300);
    assert_eq!(fetch(&log, "tile/entries/000.p/9").status, 200);
    log.behave(Rule::new(Target::All, Change::Prune));
    for (path, status) in [
        ("tile/entries/000.p/9", 404),
        ("tile/0/000.p/9", 404),
        ("tile/entries/000", 200),
        ("tile/entries/001.p/44", 200),
        ("tile/1/000.p/1", 200),
    ] {
        assert_eq!(fetch(&log, path).status, status, "{path}");
    }
}

#[test]
fn a_folder_holds_the_same_log() {
    let (_server, log) = server_with(300);
    let folder = tempfile::tempdir().unwrap();
    for size in [0, 10, 300] {
        stage::hostile::write_folder(&log.tree(), size, folder.path()).unwrap();
        let note = std::fs::read_to_string(folder.path().join("checkpoint")).unwrap();
        assert_eq!(note, log.tree().checkpoint(size));
    }
    for path in [
        "tile/0/000",
        "tile/entries/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000.p/10",
    ] {
        assert_eq!(
            std::fs::read(folder.path().join(path)).unwrap(),
            fetch(&log, path).body,
            "{path}"
        );
    }
    assert!(!folder.path().join("checkpoint.new").exists());
}
