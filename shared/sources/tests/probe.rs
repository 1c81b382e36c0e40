//! What a log speaks, found out by asking.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use sentinel_sources::{Base, Http, HttpPatience, ProbeError, Served, probe};
use std::time::Duration;
use support::{Server, Step, not_found, ok, reply};

const NOTE: &str = "log2025-1.rekor.sigstore.dev\n139911860\nEliTHtnx44DhEBH+5qIXBtQsSpc54Avam7mIYEvxnTA=\n\n\
— log2025-1.rekor.sigstore.dev zxGZFcOra4Y7QpuiQen+CmnUvDZbxSXfBOXJzL+HKIeR9aC58QTfao58ABqkhVyBhQDseS+TZdDNpcnZhoRxkh7IbQ0=\n";

fn http() -> Http {
    let quick = Duration::from_millis(600);
    Http::new(
        HttpPatience {
            idle: quick,
            total: quick,
            backoff: Duration::from_millis(5),
            ..HttpPatience::default()
        },
        None,
    )
    .unwrap()
}

/// Serves this path so, and the rest as given.
async fn probed(
    served: &'static str,
    body: &'static str,
    rest: fn() -> Vec<Step>,
) -> (Server, Result<Served, ProbeError>) {
    let server = Server::start(move |request| if request.path == served { ok(body) } else { rest() }).await;
    let result = probe(&http(), &server.url).await;
    (server, result)
}

#[tokio::test]
async fn rekor_v2_in_either_place() {
    for (path, suffix) in [("/api/v2/checkpoint", "/api/v2"), ("/checkpoint", "")] {
        let web_page = || ok("<html>anything</html>");
        for rest in [not_found as fn() -> Vec<Step>, web_page] {
            let (server, result) = probed(path, NOTE, rest).await;
            let Served::RekorV2(Base::Http(base)) = result.unwrap() else {
                panic!("{path}")
            };
            assert_eq!(base.as_str().trim_end_matches('/'), format!("{}{suffix}", server.url));
        }
    }
}

#[tokio::test]
async fn rekor_v1() {
    let (server, result) = probed(
        "/api/v1/log",
        r#"{"rootHash":"00","treeSize":12,"signedTreeHead":""}"#,
        not_found,
    )
    .await;
    assert_eq!(result.unwrap(), Served::RekorV1);
    assert_eq!(server.paths(), ["/api/v2/checkpoint", "/checkpoint", "/api/v1/log"]);
}

#[tokio::test]
async fn neither() {
    for body in ["", "<html></html>", "{}", r#"{"treeSize":null}"#, "[1]", "139911860"] {
        let (_, result) = probed("/api/v1/log", body, not_found).await;
        assert_eq!(result.unwrap(), Served::Unknown, "{body}");
        let (_, result) = probed("/checkpoint", body, not_found).await;
        assert_eq!(result.unwrap(), Served::Unknown, "{body}");
    }
}

#[tokio::test]
async fn nobody_could_tell() {
    let unwell = || reply("503 Service Unavailable", &[], "");
    let (_, result) = probed("/elsewhere", "", unwell).await;
    assert!(matches!(result, Err(ProbeError::Source(_))), "{result:?}");
    let (_, result) = probed("/checkpoint", NOTE, unwell).await;
    assert!(
        matches!(result, Ok(Served::RekorV2(_))),
        "a failure elsewhere is no matter: {result:?}"
    );
    let (server, result) = probed("/elsewhere", "", || vec![Step::Hang]).await;
    assert!(matches!(result, Err(ProbeError::Source(_))), "{result:?}");
    assert!(
        server.paths().iter().all(|path| path == "/api/v2/checkpoint"),
        "who does not answer is asked for no more"
    );
    let result = probe(&http(), "https://me@example.org").await;
    assert!(matches!(result, Err(ProbeError::Url { .. })), "{result:?}");
    let folder = probe(&http(), "file:///srv/log").await.unwrap();
    assert_eq!(folder, Served::RekorV2(Base::Folder("/srv/log".into())));
}
