//! Commands reach the hostile log in words and over HTTP, and the tool speaks JSON.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod raw_http;

use raw_http::{get, post};
use stage::hostile::{Command, Hostile, Reply, from_words};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Stdio};

#[track_caller]
fn check_words(line: &str, json: &str) {
    let expected: Command = serde_json::from_str(json).unwrap();
    assert_eq!(from_words(line).unwrap(), expected, "{line}");
    assert_eq!(from_words(json).unwrap(), expected);
    let again: Command = serde_json::from_str(&serde_json::to_string(&expected).unwrap()).unwrap();
    assert_eq!(again, expected);
}

#[test]
fn words_are_commands() {
    check_words("show a", r#"{"command":"show","log":"a"}"#);
    check_words("grow a 10", r#"{"command":"grow","log":"a","count":10}"#);
    check_words("fork a 5 12", r#"{"command":"fork","log":"a","at":5,"size":12}"#);
    check_words(
        "freeze a 2026-11-21",
        r#"{"command":"freeze","log":"a","date":"2026-11-21"}"#,
    );
    check_words("remove a 3", r#"{"command":"remove","log":"a","rule":3}"#);
    check_words(
        "behave a checkpoint hang",
        r#"{"command":"behave","log":"a","target":"checkpoint","behaviour":"hang"}"#,
    );
    check_words(
        r#"behave a {"path":"tile/0/000"} {"tamper":{"how":"flip","index":3}} 2"#,
        r#"{"command":"behave","log":"a","target":{"path":"tile/0/000"},"behaviour":{"tamper":{"how":"flip","index":3}},"times":2}"#,
    );
}

#[test]
fn other_words_are_not() {
    for line in [
        "",
        "grow",
        "grow a",
        "grow a many",
        "dance a",
        "behave a checkpoint dance",
        "fork a 5",
        "{",
        "a b c d e f",
    ] {
        assert!(from_words(line).is_err(), "{line}");
    }
}

fn control(server: &Hostile, command: &str) -> (u16, Reply) {
    let response = post(&format!("{}/_control", server.url()), command).unwrap();
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

#[test]
fn a_log_is_driven_over_http() {
    let server = Hostile::start().unwrap();
    let (status, reply) = control(&server, r#"{"command":"append","log":"a","leaves":["bGVhZg=="]}"#);
    let view = reply.log.unwrap();
    assert_eq!((status, view.size), (200, 1));
    assert_eq!(server.log("a").tree().leaf(0).as_deref(), Some(b"leaf".as_slice()));
    let behave = r#"{"command":"behave","log":"a","target":"all","behaviour":{"status":{"code":404}},"times":1}"#;
    assert_eq!(control(&server, behave).1.rule, Some(1));
    let codes: Vec<u16> = (0..2)
        .map(|_| get(&format!("{}/checkpoint", view.url)).unwrap().status)
        .collect();
    assert_eq!(codes, [404, 200]);
    let (_, reply) = control(&server, r#"{"command":"requests","log":"a"}"#);
    assert_eq!(reply.requests.unwrap().get("checkpoint"), Some(&2));
    for wrong in ["", "{}", r#"{"command":"append","log":"a","leaves":["?"]}"#] {
        let (status, reply) = control(&server, wrong);
        assert!(status == 400 && reply.error.is_some(), "{wrong}");
    }
}

/// Ends the tool with the test.
struct Tool(Child);

impl Drop for Tool {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_tool_says_where_its_logs_are_and_obeys() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_hostile-log"));
    command
        .args(["--log", "a:3", "--log", "b:0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut tool = Tool(command.spawn().unwrap());
    let mut lines = BufReader::new(tool.0.stdout.take().unwrap()).lines();
    let mut next = || -> serde_json::Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    let (a, b) = (next(), next());
    assert_eq!(
        (&a["name"], &a["size"], &b["size"]),
        (&"a".into(), &3.into(), &0.into())
    );
    assert!(a["vkey"].as_str().unwrap().starts_with(a["origin"].as_str().unwrap()));
    let checkpoint = get(&format!("{}/checkpoint", a["url"].as_str().unwrap())).unwrap();
    assert!(
        checkpoint
            .body
            .starts_with(format!("{}\n3\n", a["origin"].as_str().unwrap()).as_bytes())
    );
    writeln!(tool.0.stdin.as_mut().unwrap(), "grow a 4\ndance a").unwrap();
    assert_eq!(next()["log"]["size"], 7);
    assert!(next()["error"].is_string());
}
