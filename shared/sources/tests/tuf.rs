//! A TUF repository: what is believed of it, what is refused and in which words, what is kept, and how long that serves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use pass::record::{self, KeptTrust};
use pass::{Fault, FaultClass, Limit, MemoryStore, Store, Trust, TrustSource as _, TufRepository as Given, names};
use sentinel_sources::{Http, HttpPatience, TufTrust};
use sigstore::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Server, Step, not_found, ok};
use testlog::TufRepository;
use testlog::tuf::Files;

const NOW: &str = "2026-08-22T00:00:00Z";
const LATER: &str = "2027-01-01T00:00:00Z";
const DAY: u64 = 86_400;

const SIGNING: &str = "signing_config.v0.2.json";
const SIGNING_V2: &str = "signing_config_rekor_v2.v0.2.json";
const MONITOR: &str = "monitor_config.v0.1.json";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn repository() -> TufRepository {
    let mut made = TufRepository::new(7, LATER);
    made.put("trusted_root.json", sigstore::TrustedRoot::public_bytes());
    made.put("artifact.pub", b"another file");
    made
}

struct World {
    store: Arc<MemoryStore>,
    folder: tempfile::TempDir,
    pinned: Vec<u8>,
    grace: Limit,
}

impl World {
    fn new(pinned: &[u8]) -> Self {
        Self {
            store: Arc::new(MemoryStore::new()),
            folder: tempfile::tempdir().unwrap(),
            pinned: pinned.to_vec(),
            grace: Limit::After(3 * DAY),
        }
    }

    /// A world that a whole repository stands in, from its first root.
    fn with(made: &TufRepository) -> Self {
        let world = Self::new(made.root(1));
        world.serve(&made.publish());
        world
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// Serves these files and no others.
    fn serve(&self, files: &Files) {
        let _absent = std::fs::remove_dir_all(self.path());
        for (name, bytes) in files {
            let file = self.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
    }

    fn source(&self, url: &str) -> TufTrust {
        let given = Given {
            url: url.to_owned(),
            root_name: "the pinned root".to_owned(),
            root: self.pinned.clone(),
        };
        let patience = HttpPatience {
            idle: Duration::from_millis(300),
            attempts: 1,
            ..HttpPatience::default()
        };
        let http = Http::new(patience, None).unwrap();
        let source = TufTrust::new(given, &http, Arc::clone(&self.store) as _, self.grace);
        source.with_patience(Duration::from_secs(2))
    }

    async fn trust(&self, now: &str) -> Result<Trust, Fault> {
        self.source(&format!("file://{}", self.path().display()))
            .trust(at(now))
            .await
    }

    async fn kept(&self) -> KeptTrust {
        record::read(self.store.as_ref(), names::TRUST)
            .await
            .unwrap()
            .expect("something is kept")
    }

    /// Without anything kept it is a fault with these words; with something kept that stands in, for this reason.
    async fn refuses(&self, now: &str, word: &str, words: &str) {
        match self.trust(now).await {
            Err(fault) => {
                assert_eq!(fault.class, FaultClass::Trust);
                assert!(fault.message.contains(words), "{word}: {fault}");
                let kept = record::read::<KeptTrust>(self.store.as_ref(), names::TRUST)
                    .await
                    .unwrap();
                assert!(kept.is_none(), "{word}: what is kept stands in: {fault}");
            }
            Ok(trust) => {
                let refused = trust
                    .tuf
                    .unwrap()
                    .refused
                    .unwrap_or_else(|| panic!("{word}: it was believed"));
                assert_eq!(refused.word, word, "{}", refused.message);
                assert!(refused.message.contains(words), "{word}: {}", refused.message);
                assert_eq!(trust.root.tlogs().len(), 2, "{word}");
            }
        }
    }
}

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

#[tokio::test]
async fn over_http_nothing_is_waited_for_without_end() {
    let files = repository().publish();
    let served = |bad: &'static str, steps: Vec<Step>| {
        let files = files.clone();
        Server::start(move |request| match files.get(request.path.trim_start_matches('/')) {
            Some(_) if request.path.ends_with(bad) => steps.clone(),
            Some(bytes) => ok(bytes.clone()),
            None => not_found(),
        })
    };
    let world = World::new(repository().root(1));
    let good = served("nothing", Vec::new()).await;
    let endless: Vec<Step> = std::iter::once("HTTP/1.1 200 OK\r\n\r\n".into())
        .chain(std::iter::repeat_n(vec![b' '; 65_536].into(), 1_000))
        .map(Step::Send)
        .collect();
    let slow: Vec<Step> = std::iter::once(Step::Send("HTTP/1.1 200 OK\r\n\r\n".into()))
        .chain((0..1_000).flat_map(|_| [Step::Send(" ".into()), Step::Wait(Duration::from_millis(50))]))
        .collect();
    let long = "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n";
    let away = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n";
    let bad = [
        (
            "endless",
            "did not end within the 16384 bytes",
            served("timestamp.json", endless).await,
        ),
        (
            "unreachable",
            "the repository was not read within 2 s",
            served("timestamp.json", slow).await,
        ),
        (
            "oversized",
            "has 20000 bytes, more than the 16384",
            served("timestamp.json", vec![Step::Send(long.into())]).await,
        ),
        (
            "unreachable",
            "which is not followed",
            served("timestamp.json", vec![Step::Send(away.into())]).await,
        ),
        (
            "unreachable",
            "timestamp.json",
            served("timestamp.json", vec![Step::Hang]).await,
        ),
    ];
    for (word, words, server) in &bad {
        let began = Instant::now();
        let fault = World::new(&world.pinned)
            .source(&server.url)
            .trust(at(NOW))
            .await
            .unwrap_err();
        assert!(fault.message.contains(words), "{word}: {fault}");
        assert!(began.elapsed() < Duration::from_secs(10), "{word}");
    }
    let trust = world.source(&good.url).trust(at(NOW)).await.unwrap();
    assert_eq!((trust.root.tlogs().len(), trust.tuf.unwrap().refused), (2, None));
    for (word, _, server) in &bad {
        let trust = world.source(&server.url).trust(at(NOW)).await.unwrap();
        assert_eq!(trust.tuf.unwrap().refused.unwrap().word, *word);
    }
}

#[test]
fn the_roots_inside_are_roots_and_lead_on() {
    let corpus = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/corpus/trust/roots"
    ));
    for repository in [sigstore::repository::PRODUCTION, sigstore::repository::STAGING] {
        let given = Given::public(&repository);
        sentinel_sources::check_repository(&given).unwrap();
        let mut broken = given.clone();
        let at = broken.root.len() / 2;
        broken.root[at] = b'0' + (broken.root[at] == b'0') as u8;
        assert_eq!(sentinel_sources::check_repository(&broken).unwrap_err().0, "root");
        let elsewhere = Given {
            url: "ftp://x".to_owned(),
            ..given
        };
        assert_eq!(sentinel_sources::check_repository(&elsewhere).unwrap_err().0, "url");
    }
    if !corpus.is_dir() {
        println!("the corpus is not there: the chain of production roots was not checked");
        return;
    }
    let root = |version: u32| std::fs::read(corpus.join(format!("{version}.root.json"))).unwrap();
    let mut set = sigstore_tuf::TrustedMetadataSet::from_root(&root(5)).unwrap();
    for version in 6..=15 {
        set.update_root(&root(version)).unwrap();
    }
    assert_eq!(set.root_bytes(), sigstore::repository::PRODUCTION.root);
    assert!(set.update_root(&root(14)).is_err());
    set.check_root_expired("2026-08-22T00:00:00Z".parse().unwrap()).unwrap();
    set.check_root_expired("2026-11-21T00:00:00Z".parse().unwrap())
        .unwrap_err();
    for version in 1..=3 {
        assert!(
            sigstore_tuf::TrustedMetadataSet::from_root(&root(version)).is_err(),
            "{version}"
        );
    }
}
