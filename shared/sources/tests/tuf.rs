//! A TUF repository: what is believed of it, what is refused and in which words, what is kept, and how long that serves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod tuf_support;

use pass::{FaultClass, Limit, Store as _, names};
use testlog::TufRepository;
use testlog::tuf::Files;
use tuf_support::{LATER, MONITOR, NOW, SIGNING, SIGNING_V2, World, at, repository};

#[tokio::test]
async fn what_a_repository_vouches_for_is_in_force() {
    let mut made = repository();
    made.put(SIGNING, sigstore::signing_config::PUBLIC_V1);
    made.put(SIGNING_V2, sigstore::signing_config::PUBLIC_REKOR_V2);
    made.put(MONITOR, br#"{"rekorLogs":[{"readUrl":"https://read.example","logOrigin":"log2025-1.rekor.sigstore.dev","majorApiVersion":2}]}"#);
    made.expires[1] = "2026-08-29T00:00:00Z".to_owned();
    made.rotate(8);
    made.rotate(9);
    let world = World::with(&made);
    let trust = world.trust(NOW).await.unwrap();
    assert_eq!(
        (trust.root.tlogs().len(), trust.root.ctlogs().len(), trust.signing.len()),
        (2, 2, 2)
    );
    assert_eq!(trust.bytes, sigstore::TrustedRoot::public_bytes());
    let monitor = trust.monitor.unwrap();
    assert_eq!(
        monitor.rekor_log("log2025-1.rekor.sigstore.dev").unwrap().read_url,
        "https://read.example"
    );
    let standing = trust.tuf.unwrap();
    assert_eq!((standing.root_version, standing.root_expires), (3, at(LATER)));
    assert_eq!(standing.expires, at("2026-08-29T00:00:00Z"));
    assert_eq!((standing.refused, standing.notes), (None, Vec::new()));

    let kept = world.kept().await;
    let names: Vec<&str> = kept.files.keys().map(String::as_str).collect();
    let expect = [
        "root_history/1.root.json",
        "root_history/2.root.json",
        "root_history/3.root.json",
        "snapshot.json",
        "targets.json",
        "targets/monitor_config.v0.1.json",
        "targets/signing_config.v0.2.json",
        "targets/signing_config_rekor_v2.v0.2.json",
        "targets/trusted_root.json",
        "timestamp.json",
    ];
    assert_eq!(names, expect);
    assert_eq!(kept.verified, at(NOW));
    // What says the same again is not written again, and everything that is kept is not read again.
    let version = world.store.read(names::TRUST, 1 << 20).await.unwrap().unwrap().version;
    let only = ["timestamp.json", "1.root.json"];
    world.serve(
        &made
            .publish()
            .into_iter()
            .filter(|(name, _)| only.contains(&name.as_str()))
            .collect(),
    );
    assert_eq!(
        world.trust("2026-08-23T00:00:00Z").await.unwrap().tuf.unwrap().refused,
        None
    );
    assert_eq!(
        world.store.read(names::TRUST, 1 << 20).await.unwrap().unwrap().version,
        version
    );
    let offline = world.source("file:///nowhere").kept().await.unwrap().unwrap();
    assert_eq!(offline.root.tlogs().len(), 2);
}

#[tokio::test]
async fn what_is_not_understood_beside_the_trusted_root_is_said() {
    let mut made = repository();
    made.put(SIGNING, b"not JSON");
    made.put(MONITOR, b"{}");
    let world = World::with(&made);
    let trust = world.trust(NOW).await.unwrap();
    assert!(trust.signing.is_empty() && trust.monitor.is_none());
    let notes = trust.tuf.unwrap().notes;
    assert_eq!(notes.len(), 2);
    assert!(notes[0].contains(SIGNING) && notes[1].contains(MONITOR), "{notes:?}");
}

/// Each way to deceive, with the reason that it is refused for, whether or not something is kept.
#[tokio::test]
async fn what_is_wrong_is_told_apart() {
    type Change = fn(&TufRepository, &mut Files);
    fn target(files: &Files, name: &str) -> String {
        files
            .keys()
            .find(|file| file.ends_with(&format!(".{name}")))
            .unwrap()
            .clone()
    }
    let cases: [(&str, &str, Change); 12] = [
        ("swapped-target", "trusted_root.json is another file", |_, files| {
            let (root, other) = (target(files, "trusted_root.json"), target(files, "artifact.pub"));
            let other = files[&other].clone();
            files.insert(root, other);
        }),
        ("swapped-target", "sha256 mismatch", |_, files| {
            let name = target(files, "trusted_root.json");
            let at = files[&name].len() / 2;
            files.get_mut(&name).unwrap()[at] ^= 1;
        }),
        (
            "wrong-hash",
            "snapshot.json is not what the repository vouches for",
            |made, files| {
                let mut other = made.clone();
                other.expires[2] = "2028-01-01T00:00:00Z".to_owned();
                let name = format!("{}.snapshot.json", made.snapshot);
                files.insert(name.clone(), other.publish()[&name].clone());
            },
        ),
        (
            "wrong-hash",
            "targets.json is not what the repository vouches for",
            |made, files| {
                let mut other = made.clone();
                other.files.insert("more".to_owned(), b"more".to_vec());
                let name = format!("{}.targets.json", made.targets);
                files.insert(name.clone(), other.publish()[&name].clone());
            },
        ),
        (
            "missing-signature",
            "timestamp.json has 0 valid signatures of the 1",
            |_, files| {
                let text = String::from_utf8(files["timestamp.json"].clone()).unwrap();
                let (_, signed) = text.split_once(r#""signed":"#).unwrap();
                let bare = format!(r#"{{"signatures":[],"signed":{signed}"#);
                files.insert("timestamp.json".to_owned(), bare.into_bytes());
            },
        ),
        ("missing-signature", "2.root.json has", |made, files| {
            let mut other = made.clone();
            other.usurp();
            files.insert("2.root.json".to_owned(), other.root(2).to_vec());
        }),
        (
            "roots-out-of-order",
            "says that it is version 1, and does not follow root 1",
            |made, files| {
                files.insert("2.root.json".to_owned(), made.root(1).to_vec());
            },
        ),
        (
            "oversized",
            "timestamp.json has 20000 bytes, more than the 16384",
            |_, files| {
                files.insert("timestamp.json".to_owned(), vec![b' '; 20_000]);
            },
        ),
        ("absent", "timestamp.json is not there", |_, files| {
            files.remove("timestamp.json");
        }),
        ("absent", "snapshot.json is not there", |made, files| {
            files.remove(&format!("{}.snapshot.json", made.snapshot));
        }),
        ("malformed", "timestamp.json is no TUF metadata", |_, files| {
            files.insert("timestamp.json".to_owned(), b"<html>".to_vec());
        }),
        ("malformed", "timestamp.json is no TUF metadata", |made, files| {
            let other = files[&format!("{}.snapshot.json", made.snapshot)].clone();
            files.insert("timestamp.json".to_owned(), other);
        }),
    ];
    let (before, mut made) = (repository(), repository());
    made.put(
        "trusted_root.json",
        &[sigstore::TrustedRoot::public_bytes(), b"\n"].concat(),
    );
    for (word, words, change) in cases {
        let mut files = made.publish();
        change(&made, &mut files);
        let world = World::new(made.root(1));
        world.serve(&files);
        world.refuses(NOW, word, words).await;
        // The same after a good pass: what was trusted stands in, and is not moved by what was refused.
        world.serve(&before.publish());
        assert_eq!(world.trust(NOW).await.unwrap().tuf.unwrap().refused, None, "{word}");
        let kept = world.kept().await;
        world.serve(&files);
        world.refuses(NOW, word, words).await;
        assert_eq!(world.kept().await, kept, "{word}");
    }
}

#[tokio::test]
async fn nothing_moves_back() {
    let (old, mut made) = (repository(), repository());
    made.put(
        "trusted_root.json",
        &[sigstore::TrustedRoot::public_bytes(), b"\n"].concat(),
    );
    let world = World::with(&made);
    world.trust(NOW).await.unwrap();
    world.serve(&old.publish());
    world
        .refuses(
            NOW,
            "rolled-back",
            "timestamp was rolled back: version 3 is offered, and version 4",
        )
        .await;
    // A new timestamp over an old snapshot.
    let mut back = old.clone();
    back.timestamp = made.timestamp + 1;
    world.serve(&back.publish());
    world
        .refuses(NOW, "rolled-back", "snapshot (via timestamp) was rolled back")
        .await;
    // A new snapshot over an old list of targets.
    back.snapshot = made.snapshot + 1;
    world.serve(&back.publish());
    world
        .refuses(NOW, "rolled-back", "version 3 is offered, and version 4 was trusted")
        .await;
    // What is newer in everything is believed.
    made.renew();
    world.serve(&made.publish());
    assert_eq!(world.trust(NOW).await.unwrap().tuf.unwrap().refused, None);
}

#[tokio::test]
async fn what_expired_is_used_for_the_grace_and_no_longer() {
    let mut made = repository();
    made.expires[1] = "2026-08-29T00:00:00Z".to_owned();
    let mut world = World::with(&made);
    world
        .refuses(
            "2026-08-29T00:00:01Z",
            "frozen",
            "timestamp.json expired at 2026-08-29T00:00:00Z",
        )
        .await;
    world.trust(NOW).await.unwrap();
    world.refuses("2026-08-29T00:00:01Z", "frozen", "stands still").await;
    let until = at("2026-09-01T00:00:00Z");
    let trust = world.trust("2026-08-31T23:59:59Z").await.unwrap();
    assert_eq!(trust.tuf.unwrap().refused.unwrap().until, Some(until));
    let fault = world.trust("2026-09-01T00:00:00Z").await.unwrap_err();
    assert!(fault.message.contains("(`limits.trust_grace`) is over"), "{fault}");
    world.grace = Limit::Never;
    let trust = world.trust("2030-01-01T00:00:00Z").await.unwrap();
    assert_eq!(trust.tuf.unwrap().refused.unwrap().until, None);
    world.grace = Limit::After(0);
    assert!(world.trust("2026-08-29T00:00:01Z").await.is_err());
    assert!(
        world
            .trust("2026-08-28T23:59:59Z")
            .await
            .unwrap()
            .tuf
            .unwrap()
            .refused
            .is_none()
    );

    for (at, word, words) in [
        (0, "root-expired", "root 1 expired"),
        (2, "frozen", "snapshot.json"),
        (3, "expired", "targets.json"),
    ] {
        let mut made = repository();
        made.expires[at] = "2026-08-25T00:00:00Z".to_owned();
        // The first root carries the expiry that the repository was made with.
        let made = if at == 0 {
            TufRepository::new(7, "2026-08-25T00:00:00Z")
        } else {
            made
        };
        World::with(&made).refuses("2026-08-26T00:00:00Z", word, words).await;
    }
}

#[tokio::test]
async fn a_root_that_was_kept_is_verified_from_the_pinned_one() {
    let mut made = repository();
    made.rotate(8);
    let world = World::with(&made);
    world.trust(NOW).await.unwrap();
    // The repository has no roots any more but the newest: those that were kept lead there.
    made.rotate(9);
    let mut files = made.publish();
    files.remove("2.root.json");
    world.serve(&files);
    assert_eq!(world.trust(NOW).await.unwrap().tuf.unwrap().root_version, 3);
    // Another pinned root: nothing that was kept is believed, and nothing that is served.
    let stranger = World {
        pinned: TufRepository::new(1, LATER).root(1).to_vec(),
        ..world
    };
    let fault = stranger.trust(NOW).await.unwrap_err();
    assert!(
        fault
            .message
            .contains("What is kept in state/trust.json is not used either"),
        "{fault}"
    );
    let kept = stranger.source("file:///nowhere").kept().await;
    assert_eq!(kept.unwrap_err().class, FaultClass::Trust);
}
