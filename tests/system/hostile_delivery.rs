//! The hostile log answers what it is told, in the manner, at the place and as often as it is told.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod raw_http;

use raw_http::{Response, get, get_with};
use stage::hostile::{Change, HostedLog, Hostile, Instead, Manner, Redirect, Rule, Target};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn server_with(size: u64) -> (Hostile, HostedLog) {
    let server = Hostile::start().unwrap();
    let log = server.log("a");
    log.grow(size);
    (server, log)
}

fn fetch(log: &HostedLog, path: &str) -> Response {
    get(&format!("{}/{path}", log.url())).unwrap()
}

#[test]
fn connections_are_kept_and_requests_remembered() {
    let (server, log) = server_with(5);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    for _ in 0..3 {
        stream
            .write_all(b"GET /a/checkpoint HTTP/1.1\r\nHost: x\r\nUser-Agent: test\r\n\r\n")
            .unwrap();
        assert_eq!(Response::read(&mut stream).unwrap().status, 200);
    }
    get_with(&format!("{}/checkpoint", log.url()), &[("Cache-Control", "no-cache")]).unwrap();
    assert_eq!(log.requested("checkpoint"), 4);
    let seen = log.seen();
    assert_eq!(seen[0].user_agent.as_deref(), Some("test"));
    assert_eq!(seen[0].connection, seen[2].connection);
    assert_ne!(seen[2].connection, seen[3].connection);
    assert!(seen[3].no_cache && !seen[0].no_cache);
    log.forget_requests();
    assert_eq!(log.requests().len(), 0);
}

#[test]
fn answers_that_are_something_else() {
    let (_server, log) = server_with(10);
    let first = |instead: Instead| {
        log.clear();
        log.behave(Rule::new(Target::All, instead));
        fetch(&log, "checkpoint")
    };
    let busy = first(Instead::Status {
        code: 429,
        retry_after: Some("7".into()),
    });
    assert_eq!((busy.status, busy.header("retry-after")), (429, Some("7")));
    assert_eq!(
        first(Instead::Status {
            code: 500,
            retry_after: None
        })
        .status,
        500
    );
    assert!(String::from_utf8(first(Instead::Garbage).body).is_err());
    assert!(first(Instead::HtmlPage).body.starts_with(b"<!DOCTYPE html>"));
    let empty = first(Instead::Empty);
    assert_eq!((empty.status, empty.body.len()), (200, 0));
    assert_eq!(first(Instead::Oversize { bytes: 3_000_000 }).body.len(), 3_000_000);
}

#[test]
fn redirects_lead_somewhere() {
    let (server, log) = server_with(10);
    let port = server.address().port();
    for (to, start) in [
        (Redirect::SameHost, "/a/checkpoint".to_owned()),
        (Redirect::OtherHost, format!("http://localhost:{port}/a/")),
        (Redirect::Https, format!("https://127.0.0.1:{port}/a/")),
        (Redirect::File, "file:///".to_owned()),
    ] {
        log.clear();
        log.behave(Rule::new(Target::All, Instead::Redirect { to }));
        let moved = fetch(&log, "checkpoint");
        assert_eq!(moved.status, 302);
        assert!(
            moved.header("location").unwrap().starts_with(&start),
            "{:?}",
            moved.header("location")
        );
    }
    let followed = get(&format!("{}/a/checkpoint?redirected", server.url())).unwrap();
    assert_eq!(followed.status, 200);
    assert!(log.seen().last().unwrap().redirected);
}

#[test]
fn other_manners() {
    let (_server, log) = server_with(10);
    let honest = fetch(&log, "checkpoint").body;
    let timed = |manner: Manner| {
        log.clear();
        log.behave(Rule::new(Target::Checkpoint, manner));
        let begin = Instant::now();
        (get(&format!("{}/checkpoint", log.url())), begin.elapsed())
    };
    let (late, took) = timed(Manner::Late { millis: 80 });
    assert!(took >= Duration::from_millis(80));
    assert_eq!(late.unwrap().body, honest);
    let (dripped, took) = timed(Manner::Drip { bytes: 20, millis: 5 });
    assert!(took >= Duration::from_millis(5 * u64::try_from(honest.len() / 20).unwrap()));
    assert_eq!(dripped.unwrap().body, honest);
    let (broken, _) = timed(Manner::BreakOff);
    assert!(broken.is_err());
}

#[test]
fn gzip_is_for_those_who_take_it() {
    let (_server, log) = server_with(300);
    log.behave(Rule::new(Target::Entries, Manner::Gzip));
    let url = format!("{}/tile/entries/000", log.url());
    let plain = get(&url).unwrap();
    assert_eq!(plain.header("content-encoding"), None);
    let zipped = get_with(&url, &[("Accept-Encoding", "gzip, identity")]).unwrap();
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
    let mut unzipped = Vec::new();
    flate2::read::GzDecoder::new(zipped.body.as_slice())
        .read_to_end(&mut unzipped)
        .unwrap();
    assert_eq!(unzipped, plain.body);
}

#[test]
fn a_bomb_is_small_until_it_is_opened() {
    let (_server, log) = server_with(3);
    log.behave(Rule::new(Target::All, Instead::GzipBomb { bytes: 20 << 20 }));
    let bomb = fetch(&log, "checkpoint");
    assert_eq!(bomb.header("content-encoding"), Some("gzip"));
    assert!(bomb.body.len() < 200_000, "{}", bomb.body.len());
    let opened = std::io::copy(
        &mut flate2::read::GzDecoder::new(bomb.body.as_slice()),
        &mut std::io::sink(),
    );
    assert_eq!(opened.unwrap(), 20 << 20);
}

#[test]
fn hanging_dropping_and_never_ending() {
    let (server, log) = server_with(3);
    log.behave(Rule::new(Target::Checkpoint, Instead::Hang).times(1));
    log.behave(Rule::new(Target::Checkpoint, Instead::Disconnect).times(1));
    log.behave(Rule::new(Target::Checkpoint, Instead::Endless).times(1));
    let ask = || {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        stream.write_all(b"GET /a/checkpoint HTTP/1.1\r\n\r\n").unwrap();
        stream
    };
    let mut buffer = [0; 1 << 16];
    let hangs = ask().read(&mut buffer);
    assert!(hangs.is_err_and(|error| matches!(
        error.kind(),
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
    )));
    assert_eq!(ask().read(&mut buffer).unwrap(), 0);
    let mut endless = ask();
    let mut received = 0;
    while received < 5 << 20 {
        received += endless.read(&mut buffer).unwrap();
    }
    drop(endless);
    assert_eq!(fetch(&log, "checkpoint").status, 200);
}

#[test]
fn rules_are_aimed_counted_and_removed() {
    let (_server, log) = server_with(300);
    let busy = || Instead::Status {
        code: 503,
        retry_after: None,
    };
    let id = log.behave(
        Rule::new(Target::Path("tile/entries/*".into()), busy())
            .after(1)
            .times(2),
    );
    let codes: Vec<u16> = (0..4).map(|_| fetch(&log, "tile/entries/000").status).collect();
    assert_eq!(codes, [200, 503, 503, 200]);
    log.remove(id);
    let id = log.behave(Rule::new(Target::Path("tile/0/000".into()), busy()));
    assert_eq!(
        (fetch(&log, "tile/0/000").status, fetch(&log, "tile/0/001.p/44").status),
        (503, 200)
    );
    log.remove(id);
    assert_eq!(fetch(&log, "tile/0/000").status, 200);
    log.behave(Rule::new(Target::All, busy()).cached_only());
    assert_eq!(fetch(&log, "checkpoint").status, 503);
    let past = get_with(&format!("{}/checkpoint", log.url()), &[("Cache-Control", "no-cache")]);
    assert_eq!(past.unwrap().status, 200);
}

#[test]
fn truncated_and_padded() {
    let (_server, log) = server_with(300);
    let honest = fetch(&log, "tile/0/000").body;
    log.behave(Rule::new(Target::HashTiles, Change::Truncate { keep: 33 }).times(1));
    log.behave(Rule::new(Target::HashTiles, Change::Pad { bytes: 2 }).times(1));
    assert_eq!(fetch(&log, "tile/0/000").body, honest[..33]);
    assert_eq!(fetch(&log, "tile/0/000").body, [honest.as_slice(), &[0, 0]].concat());
}
