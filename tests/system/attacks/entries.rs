//! One entry is served wrongly: each way of it, at each place where a monitor may be one off.

use crate::support::{self, Stage, check_findings, line, release_rule, releases};
use pass::{LogReport, Outcome};
use serde_json::json;
use stage::hostile::{Change, HostedLog, Rule, Tamper, Target};
use testlog::TreeLog;

/// Two full bundles and a partial one.
const SIZE: u64 = 600;

/// First, both sides of a tile's edge, middle, first and inner one of the partial bundle, last.
const PLACES: [u64; 7] = [0, 255, 256, 300, 512, 555, 599];

/// What an alteration looks like to a reader who knows the right entries.
enum Seen {
    /// This is the first entry that differs, and these are its bytes.
    Entry(u64, Vec<u8>),
    /// The bundle cannot be taken apart.
    Broken,
}

fn seen(tree: &TreeLog, how: Tamper, at: u64) -> Seen {
    let leaf = |index: u64| tree.leaf(index).unwrap().to_vec();
    let ends = at % 256 == 255 || at == SIZE - 1;
    let neighbour = if ends { at - 1 } else { at + 1 };
    match how {
        Tamper::Flip => {
            let mut flipped = leaf(at);
            let middle = flipped.len() / 2;
            flipped[middle] ^= 1;
            Seen::Entry(at, flipped)
        }
        Tamper::Repeat => Seen::Entry(neighbour, leaf(at)),
        Tamper::Swap => Seen::Entry(at.min(neighbour), leaf(at.max(neighbour))),
        Tamper::Shift if at < 512 => Seen::Entry(at, leaf(at + 1)),
        Tamper::Substitute => unreachable!("has a test of its own"),
        Tamper::Shift | Tamper::Drop | Tamper::Double | Tamper::Append | Tamper::Cut => Seen::Broken,
    }
}

fn stage(log: &HostedLog) -> Stage {
    let mut stage = Stage::new();
    stage.watch(log);
    stage.rules(json!([release_rule()]));
    stage.limits(json!({ "max_alerts": 1_000 }));
    stage
}

fn check_kept(kept: &(Option<u64>, Vec<u8>), seen: &Seen, max: usize) {
    match seen {
        Seen::Entry(index, bytes) => assert_eq!(*kept, (Some(*index), bytes.clone())),
        Seen::Broken => {
            assert_eq!(kept.0, None);
            assert!((1..=max).contains(&kept.1.len()), "{} bytes are kept", kept.1.len());
        }
    }
}

/// How much is proven all the same: a bundle that cannot be taken apart is noticed before what leads to it is proven, and
/// what comes before it is a span of its own.
fn proven(at: u64, seen: &Seen) -> u64 {
    match seen {
        Seen::Entry(..) => 0,
        Seen::Broken => at / 256 * 256,
    }
}

/// As long as it stays, nothing of the span is scanned; when it is over, everything is.
async fn never_scanned(log: &HostedLog, how: Tamper, at: u64, seen: &Seen) {
    let stage = stage(log);
    let rule = log.behave(Rule::new(Target::Entries, Change::Tamper { how, index: at }));
    let report = stage.pass().await;
    let LogReport {
        outcome,
        head,
        cursor,
        scanned,
        findings,
        error,
        ..
    } = line(&report, log).clone();
    let before = proven(at, seen);
    let told = releases(0..before).len();
    assert_eq!(
        (outcome, cursor, scanned, findings),
        (Outcome::Unproven, Some(before), before, u64::try_from(told).unwrap())
    );
    assert_eq!(head.unwrap().root, log.root());
    let (error, kept) = (error.unwrap(), stage.kept(&log.origin()));
    assert_eq!(error.class, "unproven-entries");
    assert_eq!(error.object, Some(kept.folder().evidence(&kept.evidence()[0].id)));
    assert_eq!(kept.receipts().len(), usize::from(before > 0));
    let (step, first_index, served) = kept.unproven().remove(0);
    assert_eq!(step, "entries");
    check_kept(&(first_index, served), seen, pass::KEPT_BYTES);
    assert_eq!((kept.evidence().len(), stage.alerts().len()), (1, told));
    log.remove(rule);
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, log).outcome, line(&report, log).cursor),
        (Outcome::Findings, Some(SIZE))
    );
    check_findings(&stage, log, &releases(0..SIZE));
    assert_eq!(stage.alerts().len(), 150);
}

/// A cache served it: past the cache everything is right, and what was served is on record.
async fn heals(log: &HostedLog, how: Tamper, at: u64, seen: &Seen) {
    let stage = stage(log);
    let rule = log.behave(Rule::new(Target::Entries, Change::Tamper { how, index: at }).cached_only());
    let report = stage.pass().await;
    let line = line(&report, log);
    assert_eq!(
        (line.outcome, line.cursor, line.scanned),
        (Outcome::Findings, Some(SIZE), SIZE)
    );
    assert_eq!(line.error, None);
    assert_eq!(
        line.notes,
        ["1 answers did not verify at first and did when asked for again"]
    );
    let anomalies = stage.kept(&log.origin()).anomalies();
    assert_eq!(anomalies.len(), 1);
    check_kept(&anomalies[0], seen, 4_096);
    check_findings(&stage, log, &releases(0..SIZE));
    log.remove(rule);
}

async fn each_place(how: Tamper) {
    let server = support::server();
    let log = server.log("a");
    log.grow(SIZE);
    for at in PLACES {
        let seen = seen(&log.tree(), how, at);
        never_scanned(&log, how, at, &seen).await;
        heals(&log, how, at, &seen).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flipped() {
    each_place(Tamper::Flip).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped() {
    each_place(Tamper::Drop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_and_the_next_moved_up() {
    each_place(Tamper::Shift).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doubled() {
    each_place(Tamper::Double).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doubled_in_place_of_its_neighbour() {
    each_place(Tamper::Repeat).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn swapped() {
    each_place(Tamper::Swap).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn appended() {
    each_place(Tamper::Append).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cut() {
    each_place(Tamper::Cut).await;
}

/// An entry of the identity that is watched for stands where the log has none: it must not be found.
#[tokio::test(flavor = "multi_thread")]
async fn a_well_formed_stranger_is_not_found() {
    let server = support::server();
    let log = server.log("a");
    log.grow(SIZE);
    for index in [0, 256, 556] {
        let stage = stage(&log);
        let how = Tamper::Substitute;
        log.behave(Rule::new(Target::Entries, Change::Tamper { how, index }));
        let report = stage.pass().await;
        assert_eq!(
            (line(&report, &log).outcome, line(&report, &log).findings),
            (Outcome::Unproven, 0)
        );
        let (_, first_index, served) = stage.kept(&log.origin()).unproven().remove(0);
        assert_eq!(first_index, Some(index));
        assert!(served.starts_with(b"{\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekord\""));
        assert_ne!(served, *log.tree().leaf(index).unwrap());
        assert_eq!(stage.alerts(), []);
        log.clear();
    }
}

/// The first answer is wrong and any other right, whoever asks: the refetch alone heals it.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_once() {
    let server = support::server();
    let log = server.log("a");
    log.grow(SIZE);
    let stage = stage(&log);
    let (how, index) = (Tamper::Flip, 256);
    log.behave(Rule::new(Target::Entries, Change::Tamper { how, index }).times(1));
    let report = stage.pass().await;
    assert_eq!(
        (line(&report, &log).outcome, line(&report, &log).cursor),
        (Outcome::Findings, Some(SIZE))
    );
    assert_eq!(stage.kept(&log.origin()).anomalies()[0].0, Some(256));
    check_findings(&stage, &log, &releases(0..SIZE));
}

/// Of the entries that come later the cursor's own bundle is read again: an alteration below the cursor is none of ours,
/// one above it is.
#[tokio::test(flavor = "multi_thread")]
async fn in_the_bundle_that_was_partial() {
    let server = support::server();
    let log = server.log("a");
    log.grow(300);
    let stage = stage(&log);
    stage.pass().await;
    log.grow(100);
    for (index, outcome, cursor) in [
        (300, Outcome::Unproven, 300),
        (399, Outcome::Unproven, 300),
        (299, Outcome::Findings, 400),
    ] {
        let how = Tamper::Flip;
        let rule = log.behave(Rule::new(Target::Entries, Change::Tamper { how, index }));
        let report = stage.pass().await;
        assert_eq!(
            (line(&report, &log).outcome, line(&report, &log).cursor),
            (outcome, Some(cursor)),
            "{index}"
        );
        log.remove(rule);
    }
    check_findings(&stage, &log, &releases(0..400));
}
