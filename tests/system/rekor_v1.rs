//! The shards of a Rekor v1 server as they are read: what comes, in which order, what is asked for again, and what a
//! server that fails or lies costs.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod rekor_v1_support;

use pass::{Freshness, LogSource, SourceErrorKind};
use rekor_v1_support::{Read, http, log, read, server, server_at, stage, verified};
use sources::{Hint, Pace, RekorV1Server};
use stage::hostile::{Alter, Instead, RekorRule, RekorSpec, RekorTarget, Wrong};
use std::time::{Duration, Instant};
use tlog::{CheckpointError, Hash, KeyIdRule, SignedCheckpoint, VerifierKey};

const POSITIONS: &[u64] = &[0, 1, 2, 3, 4, 7, 8, 9, 10, 100, 127, 128, 129, 255, 256, 257, 299, 300];

#[tokio::test]
async fn every_shard_rebuilds_its_signed_root_from_every_position() {
    let hostile = stage();
    let rekor = hostile.rekor("a");
    rekor.grow(300);
    for (tree, size) in [(77, 1), (55, 25), (66, 256)] {
        rekor.shard_over(tree);
        rekor.grow(size);
    }
    let key = VerifierKey::from_spki(&rekor.origin(), &rekor.key_der(), KeyIdRule::Spki).unwrap();
    let views = rekor.shards();
    for (number, view) in views.iter().enumerate() {
        let log = log(&rekor, number);
        let note = log.checkpoint(Freshness::Cached).await.unwrap();
        let origin = format!("{} - {}", rekor.origin(), view.tree);
        let head = SignedCheckpoint::open(&note, &origin, std::slice::from_ref(&key)).unwrap();
        assert_eq!((head.size(), head.root()), (view.size, view.root));
        // Signed anew for each question.
        let again = log.checkpoint(Freshness::PastCaches).await.unwrap();
        assert_ne!(note, again);
        let again = SignedCheckpoint::open(&again, &origin, std::slice::from_ref(&key)).unwrap();
        assert_eq!((again.size(), again.root()), (view.size, view.root));
        for at in POSITIONS.iter().copied().filter(|at| *at <= view.size) {
            for upto in [at, view.size] {
                let anchor = log.anchor(at, upto, Freshness::Cached).await.unwrap();
                let root = anchor.frontier.root_with(&anchor.rest, upto).unwrap();
                assert_eq!(anchor.frontier.size(), at);
                if upto == view.size {
                    assert_eq!(root, view.root, "{at} of {number}");
                }
            }
        }
        let read = read(&log, 0, view.size, view.size).await;
        assert_eq!(verified(&read), view.root, "{number}");
        let first = &read.extras[0];
        assert_eq!(first.0.global_index, view.offset);
        assert_eq!(first.0.log_id, Some(Hash::of(&rekor.key_der())));
        assert!(first.1.len() > 60, "a signature");
    }
}

#[tokio::test]
async fn shards_are_placed_by_what_stands_where_one_begins() {
    let hostile = stage();
    let rekor = hostile.rekor("a");
    let check = async |expect: &[(&str, u64, u64, bool)]| {
        let shards = server(&rekor).shards(Freshness::Cached).await.unwrap();
        let found: Vec<_> = shards
            .iter()
            .map(|shard| (shard.tree.to_string(), shard.offset, shard.size, shard.active))
            .collect();
        let expect: Vec<_> = expect
            .iter()
            .map(|(tree, offset, size, active)| ((*tree).to_owned(), *offset, *size, *active))
            .collect();
        assert_eq!(found, expect);
    };
    let first = "3904496407287907110";
    check(&[(first, 0, 0, true)]).await;
    rekor.grow(5);
    rekor.shard_over(9);
    check(&[(first, 0, 5, false), ("9", 5, 0, true)]).await;
    rekor.grow(7);
    rekor.shard_over(8);
    rekor.grow(1);
    rekor.shard_over(7);
    rekor.grow(3);
    // The server lists them the other way round, and says nothing of their order.
    let placed = [
        (first, 0, 5, false),
        ("9", 5, 7, false),
        ("8", 12, 1, false),
        ("7", 13, 3, true),
    ];
    check(&placed).await;
    // What begins in the wrong place is not guessed.
    rekor.behave(RekorRule::new(RekorTarget::Entry, Instead::HtmlPage));
    assert!(server(&rekor).shards(Freshness::Cached).await.is_err());
}

#[tokio::test]
async fn what_a_server_may_do_is_borne() {
    let hostile = stage();
    let rekor = hostile.rekor("a");
    rekor.grow(100);
    let log = log(&rekor, 0);
    let root = rekor.shards()[0].root;
    let retrieve = |alter: Alter| RekorRule::new(RekorTarget::Retrieve, alter);
    for (what, rule) in [
        ("another order", retrieve(Alter::Reverse)),
        ("short answers", retrieve(Alter::Only { entries: 3 })),
        ("one left out, once", RekorRule::entry(Wrong::Drop, 42).times(1)),
        ("no tree in a uuid", RekorRule::entry(Wrong::OldUuid, 42)),
        ("fewer than ten", retrieve(Alter::AtMost { entries: 3, code: 422 })),
        ("one at a time", retrieve(Alter::AtMost { entries: 1, code: 400 })),
        ("attestations", retrieve(Alter::Attestations { bytes: 100_000 })),
        (
            "huge attestations",
            retrieve(Alter::Attestations { bytes: 1_500_000 }).times(4),
        ),
        ("a replica behind", retrieve(Alter::Behind { size: 95 }).times(12)),
        (
            "busy",
            RekorRule::new(
                RekorTarget::Retrieve,
                Instead::Status {
                    code: 503,
                    retry_after: None,
                },
            )
            .times(3),
        ),
    ] {
        rekor.clear();
        rekor.behave(rule);
        let read = read(&log, 0, 100, 100).await;
        assert!(read.error.is_none(), "{what}: {:?}", read.error);
        assert_eq!(verified(&read), root, "{what}");
    }
}

#[tokio::test]
async fn what_contradicts_the_question_is_malformed_and_named() {
    let hostile = stage();
    let rekor = hostile.rekor("a");
    rekor.grow(50);
    rekor.shard_over(9);
    rekor.grow(100);
    let log = log(&rekor, 1);
    for (how, names) in [
        (Wrong::Flip, "entry 42"),
        (Wrong::Double, "entry 42 was served twice"),
        (Wrong::LogIndex, "entry 43 was served"),
        (Wrong::Uuid, "entry 42"),
        (Wrong::Tree, "tree 7"),
        (Wrong::Place, "proof for the entry 43"),
    ] {
        rekor.clear();
        rekor.behave(RekorRule::entry(how, 92));
        let read = read(&log, 0, 100, 100).await;
        let error = read.error.as_ref().unwrap();
        let SourceErrorKind::Malformed { reason, bytes } = &error.kind else {
            panic!("{how:?}: {error}")
        };
        assert!(reason.contains(names) && !bytes.is_empty(), "{how:?}: {reason}");
        assert_eq!(
            read.leaves.len(),
            40,
            "the batches before it came, and nothing of its own"
        );
        // Once: another reading heals it.
        rekor.clear();
        rekor.behave(RekorRule::entry(how, 92).cached_only());
        let mut stream = log.entries(40, 50, 100, Freshness::PastCaches);
        let batch = futures::StreamExt::next(&mut stream).await.unwrap().unwrap();
        assert_eq!(batch.end(), 50);
    }
    // What is well formed is not told apart here; the root is.
    for how in [Wrong::Substitute, Wrong::Swap] {
        rekor.clear();
        rekor.behave(RekorRule::entry(how, 92));
        let read = read(&log, 0, 100, 100).await;
        assert!(read.error.is_none());
        assert_ne!(verified(&read), rekor.shards()[1].root, "{how:?}");
    }
    // Another shard's entries under this one's offset.
    let misplaced = rekor_v1_support::log_at(&rekor, 1, 49);
    let error = read(&misplaced, 0, 100, 100).await.error.unwrap();
    assert!(matches!(error.kind, SourceErrorKind::Malformed { .. }), "{error}");
}

#[tokio::test]
async fn a_poisoned_entry_stands_for_itself_alone() {
    let hostile = stage();
    let rekor = hostile.rekor("a");
    rekor.grow(100);
    let log = log(&rekor, 0);
    for code in [400, 404, 422, 500] {
        rekor.clear();
        rekor.behave(RekorRule::new(RekorTarget::Retrieve, Alter::Refuse { index: 57, code }));
        let read = read(&log, 0, 100, 100).await;
        let error = read.error.unwrap();
        assert!(error.object.contains("entry 57 "), "{code}: {error}");
        match error.kind {
            SourceErrorKind::NotFound => assert_eq!(code, 404),
            SourceErrorKind::Status { status, .. } => assert_eq!(status, code),
            other => panic!("{code}: {other}"),
        }
        assert_eq!(read.leaves.len(), 57, "{code}: everything before it came");
    }
    // One that is left out for good is a fault with its name too, and never a gap.
    rekor.clear();
    rekor.behave(RekorRule::entry(Wrong::Drop, 57));
    let read = read(&log, 0, 100, 100).await;
    let error = read.error.unwrap();
    assert!(
        matches!(error.kind, SourceErrorKind::NotFound) && error.object.contains("entry 57 "),
        "{error}"
    );
    assert_eq!(read.leaves.len(), 57);
}

#[tokio::test]
async fn a_replica_that_is_behind_is_a_fault_after_some_patience() {
    let hostile = stage();
    let rekor = hostile.rekor("a");
    rekor.grow(100);
    let log = log(&rekor, 0);
    let behind = |target| RekorRule::new(target, Alter::Behind { size: 80 });
    rekor.behave(behind(RekorTarget::Proof).times(2));
    assert!(log.anchor(50, 100, Freshness::Cached).await.is_ok());
    assert_eq!(rekor.requested("log/proof"), 3);
    rekor.clear();
    rekor.behave(behind(RekorTarget::Proof));
    let error = log.anchor(50, 100, Freshness::Cached).await.unwrap_err();
    assert!(
        matches!(error.kind, SourceErrorKind::Status { status: 400, .. }),
        "{error}"
    );
    rekor.clear();
    rekor.behave(behind(RekorTarget::Retrieve));
    let read = read(&log, 0, 100, 100).await;
    assert!(matches!(read.error.unwrap().kind, SourceErrorKind::NotFound));
    assert_eq!(read.leaves.len(), 80);
}

#[tokio::test]
async fn another_trees_checkpoint_and_proofs_prove_nothing() {
    let hostile = stage();
    let rekor = hostile.rekor("a");
    rekor.grow(120);
    rekor.shard_over(9);
    rekor.grow(100);
    let log = log(&rekor, 1);
    let key = VerifierKey::from_spki(&rekor.origin(), &rekor.key_der(), KeyIdRule::Spki).unwrap();
    rekor.behave(RekorRule::new(RekorTarget::All, Alter::OtherTree));
    let note = log.checkpoint(Freshness::Cached).await.unwrap();
    let opened = SignedCheckpoint::open(&note, &format!("{} - 9", rekor.origin()), &[key]);
    assert!(matches!(opened, Err(CheckpointError::WrongOrigin { .. })));
    let root = rekor.shards()[1].root;
    let anchor = log.anchor(50, 100, Freshness::Cached).await.unwrap();
    assert_ne!(anchor.frontier.root_with(&anchor.rest, 100), Ok(root));
    rekor.clear();
    rekor.behave(RekorRule::new(RekorTarget::Proof, Alter::FlipProof));
    let anchor = log.anchor(50, 100, Freshness::Cached).await.unwrap();
    assert_ne!(anchor.frontier.root_with(&anchor.rest, 100), Ok(root));
}

#[tokio::test]
async fn patience_that_a_server_asks_for_is_given_to_all_or_to_none() {
    let hostile = stage();
    let rekor = hostile.rekor("a");
    rekor.grow(200);
    let refuse = |after: &str| {
        let retry_after = Some(after.to_owned());
        RekorRule::new(RekorTarget::Retrieve, Instead::Status { code: 429, retry_after }).times(1)
    };
    let log = log(&rekor, 0);
    rekor.behave(refuse("1"));
    let begun = Instant::now();
    let whole = read(&log, 0, 200, 200).await;
    assert!(whole.error.is_none() && begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(rekor.requested("log/entries/retrieve"), 21);
    // More than there is: told at once, and nobody else asks meanwhile.
    rekor.forget_requests();
    rekor.behave(refuse("3600"));
    let begun = Instant::now();
    let refused = read(&log, 0, 200, 200).await;
    let error = refused.error.unwrap();
    assert!(
        matches!(error.kind, SourceErrorKind::Status { status: 429, .. }),
        "{error}"
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(rekor.requested("log/entries/retrieve") <= 8);
    assert!(log.checkpoint(Freshness::Cached).await.is_err());
}

#[tokio::test]
async fn no_more_than_the_ceiling_is_in_flight_and_a_reader_who_leaves_ends_it() {
    let hostile = stage();
    let rekor = hostile.add_rekor(&RekorSpec {
        latency: Duration::from_millis(20),
        ..RekorSpec::new("a")
    });
    rekor.grow(4000);
    let server = server_at(&rekor, 4);
    let log = rekor_v1_support::log_of(server, &rekor, 0);
    let begun = Instant::now();
    assert!(read(&log, 0, 400, 4000).await.error.is_none());
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    rekor.forget_requests();
    let mut stream = log.entries(0, 4000, 4000, Freshness::Cached);
    assert!(futures::StreamExt::next(&mut stream).await.unwrap().is_ok());
    drop(stream);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let asked = rekor.requested("log/entries/retrieve");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(rekor.requested("log/entries/retrieve"), asked);
    assert!(asked <= 12, "{asked}");
}

#[tokio::test]
async fn junk_in_the_place_of_answers_is_bounded_and_no_entry() {
    let hostile = stage();
    let rekor = hostile.rekor("a");
    rekor.grow(20);
    let log = log(&rekor, 0);
    for instead in [
        Instead::Garbage,
        Instead::HtmlPage,
        Instead::Empty,
        Instead::Endless,
        Instead::Oversize { bytes: 1 << 30 },
        Instead::GzipBomb { bytes: 1 << 30 },
        Instead::Disconnect,
        Instead::Status {
            code: 403,
            retry_after: None,
        },
    ] {
        rekor.clear();
        rekor.behave(RekorRule::new(RekorTarget::All, instead.clone()));
        let Read { leaves, error, .. } = read(&log, 0, 20, 20).await;
        let error = error.unwrap();
        assert!(leaves.is_empty(), "{instead:?}");
        let malformed = matches!(error.kind, SourceErrorKind::Malformed { .. });
        let junk = matches!(instead, Instead::Garbage | Instead::HtmlPage | Instead::Empty);
        assert_eq!(malformed, junk, "{instead:?}: {error}");
        // A checkpoint that is none by form is a fault, whatever stands in its place.
        let error = log.checkpoint(Freshness::Cached).await.unwrap_err();
        assert!(
            !matches!(error.kind, SourceErrorKind::Malformed { .. }),
            "{instead:?}: {error}"
        );
        assert!(log.anchor(5, 20, Freshness::Cached).await.is_err());
    }
}

#[tokio::test]
async fn lookups_give_hints_and_entries_that_are_their_uuids() {
    let hostile = stage();
    let rekor = hostile.rekor("a");
    rekor.grow(30);
    rekor.shard_over(9);
    rekor.grow(30);
    let server = server(&rekor);
    let leaf = rekor.leaf(1, 12).unwrap();
    let uuid = format!("{:016x}{}", 9, Hash::leaf(&leaf));
    rekor.list("me@example.org", &uuid);
    let hint = Hint::Email("me@example.org".to_owned());
    let uuids = server.search(&hint, Freshness::Cached).await.unwrap();
    assert_eq!(uuids, std::slice::from_ref(&uuid));
    let found = server.entry(&uuid, Freshness::Cached).await.unwrap();
    assert_eq!(
        (found.leaf.as_slice(), found.global_index, found.proof.index),
        (&*leaf, 42, 12)
    );
    assert_eq!(found, server.entry_at(42, Freshness::Cached).await.unwrap());
    let view = &rekor.shards()[1];
    let root = tlog::root_of_inclusion(found.leaf_hash, 12, view.size, &found.proof.hashes);
    assert_eq!(root, Ok(view.root));
    // Another entry in its place.
    let other = format!("{:016x}{}", 9, Hash::leaf(b"another"));
    for asked in [other.as_str(), "../../etc", ""] {
        assert!(server.entry(asked, Freshness::Cached).await.is_err(), "{asked}");
    }
    rekor.list("odd", "no uuid");
    let odd = server.search(&Hint::Email("odd".to_owned()), Freshness::Cached).await;
    assert!(matches!(odd.unwrap_err().kind, SourceErrorKind::Malformed { .. }));
}

#[tokio::test]
async fn the_interface_may_be_named_in_the_url() {
    let hostile = stage();
    let rekor = hostile.rekor("a");
    rekor.grow(3);
    for ending in ["", "/", "/api/v1", "/api/v1/", "/api/v1/log"] {
        let base = format!("{}{ending}", rekor.url()).parse().unwrap();
        let server = RekorV1Server::new(http(), &base, Pace::default());
        assert_eq!(server.url(), rekor.url(), "{ending}");
        assert_eq!(server.shards(Freshness::Cached).await.unwrap().len(), 1);
    }
}
