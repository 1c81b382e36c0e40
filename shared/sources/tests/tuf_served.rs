//! A TUF repository over HTTP, and the roots that ship inside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;
mod tuf_support;

use pass::{TrustSource as _, TufRepository as Given};
use std::path::Path;
use std::time::{Duration, Instant};
use support::{Server, Step, not_found, ok};
use tuf_support::{NOW, World, at, repository};

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
