//! The process: how fast it is ready, what it needs, what it takes for an event, how it ends.

use super::world::{TIME, World, fails, metrics, program, succeeds, tick};
use stage::hostile::{Instead, Rule, Target};
use stage::runtime::{Answer, Function};
use std::process::Command;
use std::time::{Duration, Instant};

/// So many starts are measured.
const STARTS: usize = 20;

/// From the start of the process to its first request for an event, in the median.
const START: Duration = Duration::from_millis(20);

/// The same of a program that is built without optimisation.
const START_UNOPTIMISED: Duration = Duration::from_millis(100);

/// An environment in which nobody is asked for anything.
fn nowhere() -> Vec<(&'static str, String)> {
    [
        ("SENTINEL_STORE", "s3://bucket"),
        ("SENTINEL_TOPIC", "arn:aws:sns:us-east-1:123456789012:alerts"),
        ("SENTINEL_INTERVAL", "60"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "a-secret-of-nobody"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

#[test]
fn it_is_ready_at_once() {
    let start = |_| Function::start(program(), &nowhere()).ready();
    let mut starts: Vec<Duration> = (0..STARTS).map(start).collect();
    starts.sort_unstable();
    let median = starts[STARTS / 2];
    println!("from the start of the process to its first request: {median:?} in the median of {STARTS}, {starts:?}");
    let optimised = std::env::var_os("SENTINEL_MONITOR_BIN").is_some() || !cfg!(debug_assertions);
    let most = if optimised { START } else { START_UNOPTIMISED };
    assert!(median < most, "{starts:?}");
}

#[test]
fn outside_of_lambda_it_says_what_it_is() {
    let ran = Command::new(program()).env_clear().output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(
        said.contains("AWS_LAMBDA_RUNTIME_API") && said.contains("rekor-sentinel run"),
        "{said}"
    );
    assert!(ran.stderr.is_empty());
}

#[test]
fn what_is_wrong_with_the_environment_is_told_by_every_invocation() {
    let check = |name: &'static str, value: Option<&str>| {
        let mut environment = nowhere();
        environment.retain(|(known, _)| *known != name);
        environment.extend(value.map(|value| (name, value.to_owned())));
        let mut function = Function::start(program(), &environment);
        for _ in 0..2 {
            let (kind, message) = fails(&mut function, "{}");
            assert_eq!(kind, "Sentinel.environment");
            assert!(message.starts_with(name), "{message}");
            assert_eq!(metrics(&function)["VerifiedPass"], 0);
        }
        assert_eq!(function.init_error(), None);
    };
    check("SENTINEL_STORE", None);
    check("SENTINEL_STORE", Some("bucket"));
    check("SENTINEL_TOPIC", Some("alerts"));
    check("SENTINEL_INTERVAL", Some("5m"));
}

#[test]
fn an_event_that_is_none_is_an_error_and_the_next_one_is_taken() {
    let Some((world, _log)) = World::watching("events", 8) else {
        return;
    };
    let mut function = world.function();
    for (event, words) in [
        (r#"{"logs": "one"}"#, "must be a list"),
        (r#"{"logs": []}"#, "must be a list"),
        (r#"{"test": 1}"#, "must be true or false"),
        (r#"{"logs": ["one"], "test": true}"#, "not for both"),
        (r#"{"logs": ["elsewhere"]}"#, "names no log"),
        ("{", "EOF"),
    ] {
        let (kind, message) = fails(&mut function, event);
        assert!(message.contains(words), "{event}: {kind}: {message}");
    }
    assert!(
        world.keys(&["receipts"]).is_empty(),
        "an event that is none moved something"
    );
    let schedule = r#"{"version":"0","id":"x","detail-type":"Scheduled Event","source":"aws.scheduler","detail":{}}"#;
    assert_eq!(succeeds(&mut function, schedule)["run"]["scanned"], 8);
    assert_eq!(tick(&mut function)["run"]["scanned"], 0);
}

#[test]
fn told_to_end_it_ends() {
    let mut function = Function::start(program(), &nowhere());
    let _ready = function.ready();
    let begun = Instant::now();
    function.terminate();
    assert!(function.ended().success());
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert!(function.complained().is_empty());
}

#[test]
fn told_to_end_during_a_pass_it_answers_and_ends() {
    let Some((world, log)) = World::watching("ends", 600) else {
        return;
    };
    log.behave(Rule::new(Target::Entries, Instead::Hang).after(1));
    let mut function = world.function();
    let request = function.begin("{}", TIME);
    let begun = Instant::now();
    while log.requests().keys().filter(|path| path.contains("entries")).count() < 2 {
        assert!(begun.elapsed() < TIME, "{:?}", function.said());
        std::thread::sleep(Duration::from_millis(5));
    }
    function.terminate();
    let answer = function.end(&request, TIME);
    assert!(
        matches!(answer, Answer::Response(_) | Answer::Error { .. }),
        "{answer:?}"
    );
    assert!(function.ended().success());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
