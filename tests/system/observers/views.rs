//! Views over HTTP and from folders: lag, conflict, silence.

use crate::support::{self, Stage, line};
use alerts::{Class, Phase};
use pass::names::LogFolder;
use pass::{Outcome, ViewKind};
use serde_json::{Value, json};
use stage::hostile::{HostedLog, Instead, Rule, Target};
use std::fs;
use std::path::Path;
use tlog::Verdict;

fn stage(log: &HostedLog, view: &Value) -> Stage {
    let mut stage = Stage::new();
    stage.watch(log);
    stage.config["views"] = json!([view]);
    stage
}

/// A folder as a view, and where its checkpoint stands.
fn folder(kind: &str, log: &HostedLog) -> (tempfile::TempDir, Value, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}", folder.path().display());
    let view = json!({ "name": "other", "kind": kind, "url": url, "log": log.origin() });
    let settings = pass::Settings::from_value(&json!({ "schema": 1, "views": [view] })).unwrap();
    let file = folder
        .path()
        .join(sources::view_path(&settings.views[0], &log.origin()));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    (folder, view, file)
}

fn put(file: &Path, log: &HostedLog, size: u64) {
    fs::write(file, log.tree().checkpoint(size)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_lags_or_leads_is_nothing() {
    let server = support::server();
    for kind in ["witness", "distributor", "sentinel", "folder"] {
        let log = server.log(kind);
        log.grow(300);
        let (_folder, view, file) = folder(kind, &log);
        let stage = stage(&log, &view);
        for (grown, seen) in [(0, 300), (50, 300), (50, 1), (50, 399), (0, 450), (10, 0)] {
            log.grow(grown);
            put(&file, &log, seen);
            let report = stage.pass().await;
            let got = line(&report, &log);
            assert_eq!(
                (got.outcome, got.notes.len()),
                (Outcome::Clean, 0),
                "{kind} {seen}: {:?}",
                got.error
            );
            stage.clock.pass_secs(10 * 86_400);
        }
        // Ahead of what we are shown, and provable: the log's tiles are there.
        log.stall();
        log.grow(40);
        put(&file, &log, 500);
        let report = stage.pass().await;
        assert_eq!((line(&report, &log).outcome, log.size()), (Outcome::Clean, 460));
        assert_eq!(stage.alerts(), []);
        log.resume();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_side_of_a_fork_is_a_violation_with_both_signatures() {
    let server = support::server();
    for (at, size, seen, expected) in [
        (200, 300, 300, Verdict::TwoRoots { size: 300 }),
        (
            200,
            280,
            280,
            Verdict::Excluded {
                smaller: 280,
                larger: 300,
            },
        ),
    ] {
        let log = server.log(&format!("fork-{size}"));
        log.grow(300);
        let (_folder, view, file) = folder("witness", &log);
        let stage = stage(&log, &view);
        put(&file, &log, 100);
        assert_eq!(line(&stage.pass().await, &log).outcome, Outcome::Clean);
        log.fork(at, size);
        put(&file, &log, seen);
        log.unfork();
        for _ in 0..3 {
            let report = stage.pass().await;
            let got = line(&report, &log);
            assert_eq!((got.outcome, got.cursor), (Outcome::Violation, Some(300)));
            assert!(
                got.error.as_ref().unwrap().message.contains("the view other"),
                "{:?}",
                got.error
            );
            log.grow(0);
        }
        let violations = stage.kept(&log.origin()).violations();
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].verdict(), Ok(expected));
        assert_eq!(stage.alerts(), [(Class::Violation, Phase::Opened)]);
    }
}

/// A view that leads on the other side: nothing can be shown yet, it is said, and proven as soon as our side is as long.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_proven_is_loud_after_a_while_and_not_forgotten() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    let (_folder, view, file) = folder("sentinel", &log);
    let stage = stage(&log, &view);
    log.fork(300, 400);
    put(&file, &log, 400);
    log.unfork();
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!((got.outcome, got.notes.len()), (Outcome::Clean, 1), "{:?}", got.error);
    stage.clock.pass_secs(600);
    let report = stage.pass().await;
    let got = line(&report, &log);
    assert_eq!(
        (got.outcome, got.error.as_ref().unwrap().class.as_str()),
        (Outcome::Unproven, "view-unproven")
    );
    assert_eq!(stage.alerts(), [(Class::ViewUnproven, Phase::Opened)]);
    // The view goes away, and our side grows past what it showed.
    fs::remove_file(&file).unwrap();
    log.grow(150);
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).outcome, Outcome::Violation);
    let verdict = stage.kept(&log.origin()).violations()[0].verdict();
    assert_eq!(
        verdict,
        Ok(Verdict::Excluded {
            smaller: 400,
            larger: 450
        })
    );
    assert_eq!(stage.alerts_of(Class::ViewUnproven).len(), 2, "opened and closed");
}

/// Two others contradict each other, and we are behind both.
#[tokio::test(flavor = "multi_thread")]
async fn two_views_that_contradict_each_other() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    let (_one, first, one) = folder("folder", &log);
    let (_two, mut second, two) = folder("folder", &log);
    second["name"] = json!("another");
    let mut stage = stage(&log, &first);
    stage.config["views"].as_array_mut().unwrap().push(second);
    for (seen, file) in [(400, &one), (401, &two)] {
        log.fork(300, seen);
        put(file, &log, 400);
        log.unfork();
    }
    // The same tree by both is no contradiction, though nobody can prove it yet.
    assert_eq!(line(&stage.pass().await, &log).outcome, Outcome::Clean);
    log.fork(299, 400);
    put(&two, &log, 400);
    log.unfork();
    let report = stage.pass().await;
    assert_eq!(line(&report, &log).outcome, Outcome::Violation);
    let verdict = stage.kept(&log.origin()).violations()[0].verdict();
    assert_eq!(verdict, Ok(Verdict::TwoRoots { size: 400 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_cannot_be_read_is_said_and_never_condemns_the_log() {
    let server = support::server();
    let (log, stranger) = (server.log("a"), server.log("b"));
    log.grow(300);
    stranger.grow(300);
    let (_folder, view, file) = folder("witness", &log);
    for content in [None, Some("<html>".to_owned()), Some(stranger.tree().checkpoint(300))] {
        let stage = stage(&log, &view);
        let _gone = fs::remove_file(&file);
        if let Some(content) = content {
            fs::write(&file, content).unwrap();
        }
        let report = stage.pass().await;
        let got = line(&report, &log);
        assert_eq!(
            (got.outcome, got.notes.len(), got.cursor),
            (Outcome::Clean, 1, Some(300))
        );
        stage.clock.pass_secs(3_600);
        let report = stage.pass().await;
        let got = line(&report, &log);
        assert_eq!(
            (got.outcome, got.error.as_ref().unwrap().class.as_str()),
            (Outcome::Degraded, "view-unreachable")
        );
        put(&file, &log, 300);
        assert_eq!(line(&stage.pass().await, &log).outcome, Outcome::Clean);
        let phases = [Phase::Opened, Phase::Closed].map(|phase| (Class::ViewUnreachable, phase));
        assert_eq!(stage.alerts(), phases);
    }
}

/// While the log is away, what views show is compared with the record as far as that goes, and nothing else is said.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_away() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    let (_folder, view, file) = folder("witness", &log);
    let stage = stage(&log, &view);
    put(&file, &log, 300);
    stage.pass().await;
    log.behave(Rule::new(Target::All, Instead::Disconnect));
    put(&file, &log, 200);
    for _ in 0..2 {
        assert_eq!(line(&stage.pass().await, &log).outcome, Outcome::Fault);
        stage.clock.pass_secs(1_800);
    }
    assert_eq!(stage.alerts(), []);
    log.clear();
    log.fork(250, 300);
    put(&file, &log, 300);
    log.unfork();
    log.behave(Rule::new(Target::All, Instead::Disconnect));
    assert_eq!(line(&stage.pass().await, &log).outcome, Outcome::Violation);
}

/// What one sentinel publishes another one reads.
#[tokio::test(flavor = "multi_thread")]
async fn a_sentinel_reads_another() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    let (_folder, view, file) = folder("sentinel", &log);
    let other = Stage::new();
    let mut other = other;
    other.watch(&log);
    other.pass().await;
    let name = LogFolder::new(&log.origin(), 1).public_checkpoint();
    fs::write(&file, &other.store.objects()[&name]).unwrap();
    let stage = stage(&log, &view);
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).notes.len()),
        (Outcome::Clean, 0)
    );
    let marks = stage.kept(&log.origin()).state().unwrap().observers;
    assert_eq!(marks.views["other"].consistent.unwrap().size, 300);
    let source = pass::StoreView::new(other.store.clone(), name);
    let bytes = pass::ViewSource::checkpoint(&source, pass::Freshness::Cached)
        .await
        .unwrap();
    assert_eq!(bytes, fs::read(&file).unwrap());
    assert_eq!(ViewKind::Sentinel.word(), "sentinel");
}
