//! What the function says: JSON with the request's id, nothing raw, no secret; and what it needs of memory.

use super::world::{World, fails, is_uploaded, metrics, succeeds, tick};
use stage::hostile::{HostedLog, LogSpec};
use stage::runtime::Function;
use testlog::certificate::{Authority, Identity, LeafCertificate};
use testlog::leaf::{self, LeafSigner};

/// An escape sequence, a line of its own, a bell, a C1 control, marks that turn the line around, an invisible letter.
const NASTY: &str =
    "\u{1b}[31mRED\u{1b}]0;title\u{7}\r{\"level\":\"INFO\"}\n\u{9b}2J\u{202e}gpj\u{2066}\u{200b}\u{7f}\u{85}";

/// What an origin can hold of it.
const ORIGIN: &str = "log\u{202e}elpmaxe\u{2066}\u{200b}";

/// The most memory that the process may ever have.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

fn is_raw(letter: char) -> bool {
    letter.is_control() || !letter.is_ascii()
}

#[track_caller]
fn check_lines(function: &Function, secrets: &[&str]) {
    assert!(function.complained().is_empty(), "{:?}", function.complained());
    for line in function.said() {
        assert!(!line.chars().any(is_raw), "{}", line.escape_debug());
        let value: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(value["requestId"].is_string(), "{line}");
        for secret in secrets {
            assert!(!line.contains(secret), "{line}");
        }
        no_raw_strings(&value);
    }
}

/// Not even in what the line means: it may be shown by somebody.
fn no_raw_strings(value: &serde_json::Value) {
    match value {
        serde_json::Value::String(text) => assert!(!text.chars().any(char::is_control), "{}", text.escape_debug()),
        serde_json::Value::Array(all) => all.iter().for_each(no_raw_strings),
        serde_json::Value::Object(all) => {
            for (name, value) in all {
                assert!(!name.chars().any(char::is_control));
                no_raw_strings(value);
            }
        }
        _ => {}
    }
}

fn sign(log: &HostedLog, identity: &Identity, index: u64) {
    let certificate =
        Authority::new("told", &[3; 32]).issue(&LeafCertificate::new(identity.clone(), index, 1_795_176_000));
    let digest = tlog::Hash::of(&index.to_be_bytes());
    log.append(&leaf::hashedrekord(
        digest.as_bytes(),
        &LeafSigner::certificate(&certificate),
    ));
}

#[test]
fn nothing_that_a_log_says_comes_out_raw() {
    let Some(world) = World::new("told") else { return };
    let log = world.hostile.add(&LogSpec {
        origin: Some(ORIGIN.to_owned()),
        ..LogSpec::new("nasty")
    });
    for index in 0..8 {
        sign(&log, &Identity::email(&format!("us@example.com{NASTY}"), NASTY), index);
    }
    log.append(&leaf::unknown(&format!("riddle{NASTY}"), NASTY));
    let (url, vkey) = (log.url(), log.vkey());
    world.configure_with(&format!(
        "logs:\n  - {{url: \"{url}\", kind: rekor-v2, origin: \"{ORIGIN}\", key: \"{vkey}\", from: 0}}\n\
         rules:\n  - {{name: us, match: {{san: \"regex:(?s)us@example.com.*\"}}}}\n"
    ));
    let beat = format!("{}/a-secret-path-of-a-heartbeat", log.url());
    let mut function = world.function_with(&[("SENTINEL_HEARTBEAT_URL", &beat)]);
    tick(&mut function);
    succeeds(&mut function, r#"{"test": true}"#);
    fails(&mut function, "{\"logs\": [\"\\u001b[31mnobody\\u202e\"]}");
    log.fork(2, 9);
    fails(&mut function, "{}");
    log.behave(stage::hostile::Rule::new(
        stage::hostile::Target::All,
        stage::hostile::Instead::Garbage,
    ));
    tick(&mut function);
    world.proxy.spoil(
        stage::emulator::When::action("s3:GetObject"),
        stage::emulator::Fault::status(403, "InvalidAccessKeyId"),
    );
    fails(&mut function, "{}");
    check_lines(&function, &["not-a-secret-of-anybody", "a-secret-path-of-a-heartbeat"]);
    assert!(function.said().len() >= 10);
}

#[test]
fn every_line_names_the_request_that_it_is_about() {
    let Some((world, _log)) = World::watching("requests", 4) else {
        return;
    };
    let mut function = world.function();
    for _ in 0..3 {
        let before = function.said().len();
        let request = function.begin("{}", super::world::TIME);
        function.end(&request, super::world::TIME);
        let lines = function.lines();
        assert!(lines.len() > before);
        for line in &lines[before..] {
            assert_eq!(line["requestId"], request.as_str(), "{line}");
            assert!(line.get("_aws").is_some() || line["timestamp"].is_string(), "{line}");
        }
    }
}

#[test]
fn a_long_first_run_takes_little_memory() {
    let Some(world) = World::new("memory") else { return };
    let logs = ["one", "two", "three"].map(|name| world.log(name, 10_000));
    let items: String = logs.iter().map(super::world::item).collect();
    let rule = "rules:\n  - {name: us, match: {san: us@example.com}}\n";
    world.configure_with(&format!("logs:\n{items}{rule}"));
    let mut function = world.function();
    // As many passes as it takes.
    for _ in 0..10 {
        if tick(&mut function)["run"]["outcome"] == "clean" {
            break;
        }
    }
    assert!(logs.iter().all(|log| world.cursor(log) == 10_000));
    for _ in 0..3 {
        logs.iter().for_each(|log| log.grow(300));
        assert_eq!(tick(&mut function)["run"]["scanned"], 900);
    }
    assert_eq!(metrics(&function)["LagEntries"], 0);
    // A program that was built for tests is several times as large as the one that is uploaded.
    let text = if is_uploaded() { 0 } else { function.text_bytes() };
    let peak = function.peak_bytes() - text;
    println!(
        "the most memory over 30,900 entries of three logs: {} KiB",
        peak / 1_024
    );
    assert!(peak < MAX_BYTES, "{peak}");
}
