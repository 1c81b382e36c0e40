//! One object over HTTP: what is taken, what is tried again, what is refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use pass::{Freshness, SourceError, SourceErrorKind};
use sentinel_sources::{Http, HttpPatience, MAX_REDIRECTS, Turn};
use std::error::Error as _;
use std::io::Write as _;
use std::time::{Duration, Instant};
use support::{Request, Server, Step, not_found, ok, reply};

fn patience() -> HttpPatience {
    HttpPatience {
        connect: Duration::from_secs(2),
        idle: Duration::from_millis(400),
        total: Duration::from_millis(1500),
        attempts: 4,
        backoff: Duration::from_millis(10),
    }
}

async fn get_with(
    server: &Server,
    path: &str,
    cap: usize,
    freshness: Freshness,
    http: &Http,
) -> Result<Bytes, SourceError> {
    let url = format!("{}{path}", server.url).parse().unwrap();
    http.get(&url, cap, freshness, &mut Turn::now()).await
}

async fn get(server: &Server, path: &str, cap: usize) -> Result<Bytes, SourceError> {
    get_with(
        server,
        path,
        cap,
        Freshness::Cached,
        &Http::new(patience(), None).unwrap(),
    )
    .await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_request_says_who_asks_and_what_it_takes() {
    let server = Server::start(|_| ok("hello")).await;
    let http = Http::new(patience(), Some("security@example.org")).unwrap();
    let bytes = get_with(&server, "/checkpoint", 5, Freshness::Cached, &http)
        .await
        .unwrap();
    assert_eq!(bytes, "hello");
    let headers = server.requests().remove(0).headers;
    assert_eq!(headers["accept-encoding"], "gzip, identity");
    assert!(headers["user-agent"].starts_with("rekor-sentinel/"));
    assert!(headers["user-agent"].ends_with(" (+security@example.org)"));
    assert_eq!(headers.get("cache-control"), None);
}

#[tokio::test]
async fn caps_hold_announced_or_not() {
    let server = Server::start(|request| match request.path.as_str() {
        "/announced" => ok("123456"),
        "/chunked" => vec![Step::Send(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n123\r\n3\r\n456\r\n0\r\n\r\n".into(),
        )],
        _ => vec![Step::Send("HTTP/1.1 200 OK\r\n\r\n123456".into()), Step::Hang],
    })
    .await;
    for path in ["/announced", "/chunked", "/until-the-end"] {
        assert_eq!(get(&server, path, 6).await.unwrap(), "123456", "{path}");
        let error = get(&server, path, 5).await.expect_err(path);
        assert!(
            matches!(error.kind, SourceErrorKind::TooLarge { cap: 5, .. }),
            "{path}: {error}"
        );
    }
    assert_eq!(server.requests().len(), 6, "too large is not tried again");
}

#[tokio::test]
async fn gzip_is_decoded_and_its_bombs_are_not() {
    let server = Server::start(|request| {
        let body = match request.path.as_str() {
            "/bomb" => gzip(&vec![0; 50_000_000]),
            "/broken" => b"no gzip at all".to_vec(),
            _ => gzip(&b"text ".repeat(1000)),
        };
        let coding = if request.path == "/br" {
            "Content-Encoding: br"
        } else {
            "Content-Encoding: gzip"
        };
        reply("200 OK", &[coding], body)
    })
    .await;
    assert_eq!(get(&server, "/text", 5000).await.unwrap(), b"text ".repeat(1000));
    for (path, cap) in [("/text", 4999), ("/bomb", 16_777_216)] {
        let error = get(&server, path, cap).await.expect_err(path);
        assert!(
            matches!(error.kind, SourceErrorKind::TooLarge { .. }),
            "{path}: {error}"
        );
    }
    for path in ["/broken", "/br"] {
        let error = get(&server, path, 5000).await.expect_err(path);
        assert!(matches!(error.kind, SourceErrorKind::Unreachable(_)), "{path}: {error}");
    }
}

#[tokio::test]
async fn slow_answers_time_out() {
    let server = Server::start(|request| match request.path.as_str() {
        "/silent" => vec![Step::Wait(Duration::from_secs(30))],
        _ => {
            let drip = [Step::Send("x".into()), Step::Wait(Duration::from_millis(100))];
            let head = Step::Send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".into());
            [head]
                .into_iter()
                .chain(drip.iter().cycle().take(2000).cloned())
                .collect()
        }
    })
    .await;
    // Each piece comes in time, the whole never does: only the total patience ends it, and no attempt follows.
    let (started, error) = (Instant::now(), get(&server, "/drip", 1000).await.unwrap_err());
    assert!(matches!(error.kind, SourceErrorKind::Timeout { secs: 1 }), "{error}");
    assert!(
        (1400..2500).contains(&started.elapsed().as_millis()),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(server.requests().len(), 1);

    let error = get(&server, "/silent", 1000).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::Timeout { .. }), "{error}");
    assert!(
        (3..=4).contains(&(server.requests().len() - 1)),
        "a silent server is asked again within the total"
    );
}

/// A server that answers so `times` times for each path, then well.
fn first(times: usize, bad: impl Fn(&Request) -> Vec<Step>, request: &Request) -> Vec<Step> {
    if request.nth < times { bad(request) } else { ok("well") }
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let server = Server::start(|request| {
        first(
            3,
            |request| match request.path.as_str() {
                "/429" => reply("429 Too Many Requests", &[], ""),
                "/503" => reply("503 Service Unavailable", &["Retry-After: 0"], ""),
                "/dropped" => vec![
                    Step::Send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".into()),
                    Step::Hang,
                ],
                "/no-http" => vec![Step::Send("SSH-2.0-x\r\n\r\n".into()), Step::Hang],
                _ => vec![Step::Hang],
            },
            request,
        )
    })
    .await;
    for path in ["/429", "/503", "/dropped", "/no-http", "/hang"] {
        assert_eq!(get(&server, path, 100).await.expect(path), "well", "{path}");
        assert_eq!(
            server.paths().iter().filter(|asked| *asked == path).count(),
            4,
            "{path}"
        );
    }
}

#[tokio::test]
async fn attempts_end() {
    let server = Server::start(|request| match request.path.as_str() {
        "/500" => reply("500 Oh", &[], ""),
        _ => vec![Step::Hang],
    })
    .await;
    let error = get(&server, "/500", 100).await.unwrap_err();
    assert!(
        matches!(
            error.kind,
            SourceErrorKind::Status {
                status: 500,
                retry_after: None
            }
        ),
        "{error}"
    );
    assert_eq!(error.object, format!("{}/500", server.url));
    let error = get(&server, "/hang", 100).await.unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::Unreachable(_)), "{error}");
    assert!(error.kind.source().is_some(), "the cause is kept");
    assert_eq!(server.requests().len(), 8);
}

#[tokio::test]
async fn nobody_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/checkpoint", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    drop(listener);
    let http = Http::new(patience(), None).unwrap();
    let error = http
        .get(&url, 100, Freshness::Cached, &mut Turn::now())
        .await
        .unwrap_err();
    assert!(matches!(error.kind, SourceErrorKind::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn retry_after_is_honoured_within_the_patience() {
    let server = Server::start(|request| {
        let asked = if request.path == "/short" {
            "Retry-After: 1"
        } else {
            "Retry-After: 3600"
        };
        first(1, |_| reply("429 Too Many Requests", &[asked], ""), request)
    })
    .await;
    let (started, answer) = (Instant::now(), get(&server, "/short", 100).await);
    assert_eq!(answer.unwrap(), "well");
    assert!(
        (1000..1500).contains(&started.elapsed().as_millis()),
        "{:?}",
        started.elapsed()
    );

    let (started, error) = (Instant::now(), get(&server, "/long", 100).await.unwrap_err());
    let hour = Some(Duration::from_secs(3600));
    assert!(
        matches!(error.kind, SourceErrorKind::Status { status: 429, retry_after } if retry_after == hour),
        "{error}"
    );
    assert!(started.elapsed().as_millis() < 500, "there is no use in waiting");
    assert_eq!(server.paths().iter().filter(|path| *path == "/long").count(), 1);
}

#[tokio::test]
async fn what_will_not_pass_is_not_tried_again() {
    let server = Server::start(|request| match request.path.as_str() {
        "/404" => not_found(),
        "/410" => reply("410 Gone", &[], ""),
        "/400" => reply("400 Bad Request", &[], ""),
        "/204" => vec![Step::Send("HTTP/1.1 204 No Content\r\n\r\n".into())],
        _ => reply("403 Forbidden", &[], ""),
    })
    .await;
    for path in ["/404", "/410"] {
        let error = get(&server, path, 100).await.expect_err(path);
        assert!(matches!(error.kind, SourceErrorKind::NotFound), "{path}: {error}");
    }
    for (path, expect) in [("/400", 400), ("/403", 403), ("/204", 204)] {
        let error = get(&server, path, 100).await.expect_err(path);
        assert!(
            matches!(error.kind, SourceErrorKind::Status { status, .. } if status == expect),
            "{path}: {error}"
        );
    }
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn redirects_stay_within_the_origin() {
    let other = Server::start(|_| ok("another tree")).await;
    let away = format!("Location: {}/checkpoint", other.url);
    let port = other.url.rsplit(':').next().unwrap().to_owned();
    let server = Server::start(move |request| {
        let to = |location: &str| reply("302 Found", &[location], "");
        match request.path.as_str() {
            "/same" => to("Location: /there"),
            "/there" => ok("well"),
            "/other" => to(&away),
            "/name" => to(&format!("Location: http://localhost:{port}/there")),
            "/scheme" => to("Location: https://127.0.0.1/there"),
            "/file" => to("Location: file:///etc/hostname"),
            "/user" => to(&format!("Location: http://me@{}/there", request.headers["host"])),
            path => {
                let left: usize = path.trim_start_matches('/').parse().unwrap();
                if left == 0 {
                    ok("well")
                } else {
                    to(&format!("Location: /{}", left - 1))
                }
            }
        }
    })
    .await;
    assert_eq!(get(&server, "/same", 100).await.unwrap(), "well");
    assert_eq!(get(&server, &format!("/{MAX_REDIRECTS}"), 100).await.unwrap(), "well");
    for path in [
        "/other",
        "/name",
        "/scheme",
        "/file",
        "/user",
        &format!("/{}", MAX_REDIRECTS + 1),
    ] {
        let error = get(&server, path, 100).await.expect_err(path);
        assert!(
            matches!(error.kind, SourceErrorKind::Redirect { .. }),
            "{path}: {error:?}"
        );
    }
    assert!(other.requests().is_empty());
    let error = get(&server, "/other", 100).await.unwrap_err();
    assert!(
        matches!(&error.kind, SourceErrorKind::Redirect { to } if to.starts_with(&other.url)),
        "{error}"
    );
}

#[tokio::test]
async fn past_caches_says_so_over_a_fresh_connection() {
    let server = Server::start(|_| ok("hello")).await;
    let http = Http::new(patience(), None).unwrap();
    for freshness in [
        Freshness::Cached,
        Freshness::Cached,
        Freshness::PastCaches,
        Freshness::PastCaches,
    ] {
        get_with(&server, "/", 10, freshness, &http).await.unwrap();
    }
    let requests = server.requests();
    let connections: Vec<_> = requests.iter().map(|request| request.connection).collect();
    assert_eq!(connections[0], connections[1], "connections are kept");
    assert!(
        connections[1] < connections[2] && connections[2] < connections[3],
        "{connections:?}"
    );
    let controls: Vec<_> = requests
        .iter()
        .map(|request| request.headers.get("cache-control").cloned())
        .collect();
    assert_eq!(
        controls,
        [None, None, Some("no-cache".to_owned()), Some("no-cache".to_owned())]
    );
}
