//! The heartbeat: what counts as taken, how long it waits, and that its URL is never said.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use sentinel_sources::{Heartbeat, HeartbeatError, Http, HttpPatience, heartbeat};
use std::time::{Duration, Instant};
use support::{Server, Step, reply};

const SECRET: &str = "/ping/5up3r-53cr3t";

fn http() -> Http {
    Http::new(HttpPatience::default(), None).unwrap()
}

fn to(server: &Server) -> Heartbeat {
    let url = server.url.replace("http://", "http://user:5up3r-53cr3t@");
    format!("{url}{SECRET}?token=5up3r-53cr3t").parse().unwrap()
}

async fn check(server: &Server, expect: Result<(), HeartbeatError>, calls: usize) {
    let result = heartbeat(&http(), &to(server)).await;
    assert_eq!(result, expect);
    assert_eq!(server.requests().len(), calls);
    if let Err(error) = result {
        let said = format!("{error} {error:?} {:?}", std::error::Error::source(&error).is_some());
        assert!(!said.contains("5up3r") && !said.contains("127.0.0.1"), "{said}");
    }
}

#[tokio::test]
async fn any_success_counts_and_its_body_is_not_read() {
    let server = Server::start(|_| reply("200 OK", &[], "OK")).await;
    check(&server, Ok(()), 1).await;
    assert!(server.paths()[0].starts_with(SECRET));
    check(&Server::start(|_| reply("204 No Content", &[], "")).await, Ok(()), 1).await;
    let endless = Server::start(|_| {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
        vec![
            Step::Send(head.into()),
            Step::Send(vec![b'x'; 1 << 20].into()),
            Step::Wait(Duration::from_secs(60)),
        ]
    })
    .await;
    let begun = Instant::now();
    check(&endless, Ok(()), 1).await;
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn what_may_pass_is_tried_once_more() {
    let second = Server::start(|request| match request.nth {
        0 => reply("503 Service Unavailable", &[], ""),
        _ => reply("200 OK", &[], ""),
    })
    .await;
    check(&second, Ok(()), 2).await;
    let down = Server::start(|_| reply("500 Internal Server Error", &[], "")).await;
    check(&down, Err(HeartbeatError::Status { status: 500 }), 2).await;
    let unknown = Server::start(|_| reply("404 Not Found", &[], "")).await;
    check(&unknown, Err(HeartbeatError::Status { status: 404 }), 1).await;
    let hangs = Server::start(|_| vec![Step::Hang]).await;
    check(&hangs, Err(HeartbeatError::Unreachable), 2).await;
}

#[tokio::test]
async fn nobody_is_waited_for_long() {
    let silent = Server::start(|_| vec![Step::Wait(Duration::from_secs(60))]).await;
    let begun = Instant::now();
    check(&silent, Err(HeartbeatError::Timeout), 2).await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    let closed: Heartbeat = "http://127.0.0.1:1/5up3r".parse().unwrap();
    assert_eq!(heartbeat(&http(), &closed).await, Err(HeartbeatError::Unreachable));
}

#[tokio::test]
async fn another_origin_is_not_called() {
    let other = Server::start(|_| reply("200 OK", &[], "")).await;
    let target = format!("Location: {}/elsewhere", other.url);
    let server = Server::start(move |_| reply("302 Found", &[&target], "")).await;
    check(&server, Err(HeartbeatError::Status { status: 302 }), 1).await;
    assert_eq!(other.requests().len(), 0);
}

#[test]
fn what_is_no_url_to_call() {
    for wrong in [
        "",
        "ping",
        "file:///etc/passwd",
        "ftp://a/b",
        "http://",
        &format!("https://a/{}", "x".repeat(3_000)),
    ] {
        assert_eq!(wrong.parse::<Heartbeat>(), Err(HeartbeatError::Url), "{wrong}");
    }
    let url: Heartbeat = " https://hc.example/5up3r\n".parse().unwrap();
    assert_eq!(format!("{url:?}"), "Heartbeat(…)");
}
