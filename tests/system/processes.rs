//! The real command on a folder: killed at any moment, again and again; several at once; asked to stop. What was found is
//! told, the record is whole, and what was proven is kept.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

use serde_json::Value;
use stage::hostile::{Hostile, Instead, LogSpec, Manner, Rule, Target, write_folder};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread::sleep;
use std::time::{Duration, Instant};
use testlog::certificate::{Authority, Identity};
use testlog::{LeafMaker, MassLeaves, SigningKey, TreeLog, leaf};
use tlog::Hash;

const ORIGIN: &str = "log.example.com/processes";
const LARGE: u64 = 30_500;

const TRUSTED_ROOT: &str = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[],"ctlogs":[],"certificateAuthorities":[],"timestampAuthorities":[]}"#;

/// Every 97th entry is ours, every 1009th is none that anybody can decode, the others are a crowd.
fn maker() -> LeafMaker {
    let authority = Authority::new("processes", &[5; 32]);
    let of = |name: &str| {
        let identity = Identity::email(name, "https://accounts.example");
        MassLeaves::new(&authority, &[identity], 1_795_176_000)
    };
    let (ours, crowd) = (of("maintainer@acme.example"), of("somebody@example.org"));
    Arc::new(move |index| match index {
        index if is_ours(index) => ours.leaf(index),
        index if index % 1_009 == 1 => [leaf::unknown("riddle", "7"), index.to_be_bytes().to_vec()].concat(),
        index => crowd.leaf(index),
    })
}

fn is_ours(index: u64) -> bool {
    index % 97 == 5
}

/// The large log; all tests share it.
fn large() -> &'static TreeLog {
    static LOG: OnceLock<TreeLog> = OnceLock::new();
    LOG.get_or_init(|| {
        let mut log = TreeLog::new(ORIGIN, SigningKey::ed25519(&[8; 32]));
        log.append_made(LARGE, maker());
        log
    })
}

/// The ids that every sink must be told.
fn expected(log: &TreeLog, to: u64) -> BTreeSet<String> {
    let ours = (0..to).filter(|index| is_ours(*index));
    let id = |index| alerts::finding_id(log.origin(), index, Hash::leaf(&log.leaf(index).unwrap()), "us");
    ours.map(id).collect()
}

/// A folder with a configuration, a store and a file of alerts.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new(url: impl FnOnce(&Path) -> String, vkey: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = url(folder.path());
        let configuration = format!(
            "schema: 1\ntrust: {{trusted_root: trusted_root.json}}\nlogs:\n  - {{url: \"{url}\", kind: rekor-v2, key: \"{vkey}\", from: 0}}\n\
             limits: {{max_alerts: 1000000}}\nrules:\n  - {{name: us, match: {{san: maintainer@acme.example}}}}\n"
        );
        fs::write(folder.path().join("trusted_root.json"), TRUSTED_ROOT).unwrap();
        fs::write(folder.path().join("sentinel.yaml"), configuration).unwrap();
        Self { folder }
    }

    /// A place that watches a log in a folder beside its configuration.
    fn beside(log: &TreeLog, size: u64) -> Self {
        let place = Self::new(|folder| format!("file://{}/log", folder.display()), &log.vkey());
        place.serve(log, size);
        place
    }

    fn serve(&self, log: &TreeLog, size: u64) {
        write_folder(log, size, &self.path("log")).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rekor-sentinel"));
        command.current_dir(self.folder.path()).args(words);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn start(&self) -> Child {
        self.command(&["run", "--json", "--sink", "file:alerts.jsonl"])
            .spawn()
            .unwrap()
    }

    /// A run to its end: exit code, and the line of the log.
    fn run(&self) -> (i32, Value) {
        ended(self.start())
    }

    /// `verify` finds the record whole, up to `to`.
    fn is_whole(&self, to: u64) {
        let output = self.command(&["verify"]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(text.contains(&format!("entries 0 to {to} covered")), "{text}");
    }

    /// The ids of the findings that were told; a writer that was killed may have left half a line.
    fn told(&self) -> BTreeSet<String> {
        let text = fs::read_to_string(self.path("alerts.jsonl")).unwrap_or_default();
        let alerts = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let findings = alerts.filter(|alert| alert["class"] == "finding");
        findings.map(|alert| alert["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Everything is read, told and whole; nothing is left to do.
    fn is_finished(&self, log: &TreeLog, size: u64) {
        let (code, line) = self.run();
        assert_eq!(code, 0, "{line}");
        assert_eq!(
            (&line["cursor"], &line["scanned"]),
            (&Value::from(size), &Value::from(0)),
            "{line}"
        );
        self.is_whole(size);
        assert!(self.told() == expected(log, size), "what was told is not what there is");
    }

    /// How many receipts there are.
    fn receipts(&self) -> usize {
        let folder = pass::names::LogFolder::new(ORIGIN, 1).receipts();
        entries(&self.path("sentinel-store").join(folder))
    }
}

/// Files that are objects: a writer that was killed may have left others.
fn entries(folder: &Path) -> usize {
    let names = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    names
        .filter(|entry| !entry.file_name().to_string_lossy().contains('+'))
        .count()
}

fn ended(child: Child) -> (i32, Value) {
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let first = text.lines().next().map(|line| serde_json::from_str(line).unwrap());
    (output.status.code().unwrap_or(-1), first.unwrap_or_default())
}

/// Numbers that look random (`SplitMix64`).
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z ^ (z >> 27)
}

/// Waits for a process at most so long; whether it ended.
fn waits(child: &mut Child, patience: Duration) -> bool {
    let end = Instant::now() + patience;
    while Instant::now() < end {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        sleep(Duration::from_millis(3));
    }
    false
}

#[test]
fn killed_again_and_again_it_finishes_and_loses_nothing() {
    let whole = Place::beside(large(), LARGE);
    let started = Instant::now();
    let (code, line) = whole.run();
    let once = started.elapsed();
    assert_eq!((code, &line["cursor"]), (20, &Value::from(LARGE)), "{line}");

    // Mostly early, within one span or another; and at all moments of a whole run, the delivery included.
    let kills = [8, 4, 2, 1].map(|part| killed_within(once / part, u64::from(part)));
    println!("killed {kills:?} times in a catch-up of {} ms", once.as_millis());
    assert!(kills.iter().sum::<u32>() >= 12, "only {kills:?} were killed");
}

/// A catch-up that is killed at some moment within `window`, over and over until it is done or has had enough of it.
/// Returns how often.
fn killed_within(window: Duration, seed: u64) -> u32 {
    let place = Place::beside(large(), LARGE);
    let mut kills = 0;
    for number in 0..25 {
        let mut child = place.start();
        let share = u32::try_from(mix(seed << 8 | number) % 100).unwrap();
        let ended = waits(&mut child, window * share / 100);
        if !ended {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
        if ended {
            break;
        }
    }
    let (code, line) = place.run();
    assert!([0, 20].contains(&code), "{line}");
    place.is_finished(large(), LARGE);
    kills
}

#[test]
fn four_at_once_on_one_folder_leave_one_whole_record() {
    let log = large();
    let place = Place::beside(log, 2_500);
    for round in 1..=6_u64 {
        place.serve(log, round * 2_500);
        let mut children: Vec<Child> = (0..4).map(|_| place.start()).collect();
        if round % 2 == 0 {
            // One of them does not live to see the end.
            sleep(Duration::from_millis(mix(round) % 300));
            let mut killed = children.swap_remove(0);
            killed.kill().unwrap();
            killed.wait().unwrap();
        }
        for child in children {
            let (code, line) = ended(child);
            assert!([0, 20].contains(&code), "round {round}: {code}: {line}");
        }
    }
    let (code, line) = place.run();
    assert!([0, 20].contains(&code), "{line}");
    place.is_finished(log, 15_000);
}

/// A hostile server with a log of these entries.
fn server(size: u64) -> (Hostile, stage::hostile::HostedLog, Place) {
    let server = Hostile::start().unwrap();
    let log = server.add(&LogSpec {
        origin: Some(ORIGIN.to_owned()),
        leaves: Some(maker()),
        ..LogSpec::new("slow")
    });
    log.grow(size);
    let place = Place::new(|_| log.url().to_owned(), &log.vkey());
    (server, log, place)
}

/// Asks a process to stop; how long it took to, and how it ended.
fn terminated(mut child: Child) -> (Duration, i32, Value) {
    let started = Instant::now();
    let asked = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(asked.success());
    assert!(
        waits(&mut child, Duration::from_secs(10)),
        "it did not stop when it was asked to"
    );
    let took = started.elapsed();
    let (code, line) = ended(child);
    (took, code, line)
}

#[test]
fn asked_to_stop_it_keeps_what_it_has_proven_and_goes_on_from_there() {
    let (_server, log, place) = server(20_000);
    log.behave(Rule::new(Target::Entries, Manner::Late { millis: 300 }));
    let child = place.start();
    let end = Instant::now() + Duration::from_secs(30);
    while place.receipts() == 0 && Instant::now() < end {
        sleep(Duration::from_millis(5));
    }
    let (took, code, line) = terminated(child);
    assert!(took < Duration::from_secs(3), "it took {took:?}");
    assert_eq!((code, line["outcome"].as_str()), (20, Some("degraded")), "{line}");
    let cursor = line["cursor"].as_u64().unwrap();
    assert!(0 < cursor && cursor < 20_000, "{line}");
    place.is_whole(cursor);
    assert!(place.told() == expected(&log.tree(), cursor), "what was proven is told");
    log.clear();
    let (code, line) = place.run();
    assert!([0, 20].contains(&code), "{line}");
    place.is_finished(&log.tree(), 20_000);
}

#[test]
fn asked_to_stop_while_a_log_does_not_answer_it_stops() {
    let (_server, log, place) = server(10);
    log.behave(Rule::new(Target::All, Instead::Hang));
    let child = place.start();
    let end = Instant::now() + Duration::from_secs(10);
    while log.requests().is_empty() && Instant::now() < end {
        sleep(Duration::from_millis(5));
    }
    let (took, code, line) = terminated(child);
    assert!(took < Duration::from_secs(3), "it took {took:?}");
    assert_eq!(code, 30, "{line}");
}
