//! The whole, as users run it: the command on a folder against a log on loopback.
//!
//! - **Rate**: a first pass over a log, beside plain parallel downloads of the same bundles that look at nothing: into
//!   files by `curl --parallel`, which anybody has (the bar: 0.60); into files by our own client on all cores; and by the
//!   same client into nothing, which is what the network alone would allow and no reader who hashes comes near while the
//!   server shares its cores. All in turn, several rounds; the figures are the ratios of the best ones.
//! - **Memory**: the peak of the process over backlogs of 100 and of 1,000,000 entries, over findings by the thousand
//!   and over leaves of 65,535 bytes that nobody can decode. The bar: 64 MiB.
//!
//! Both sides share the machine; absolute figures mean little. `-- rate` or `-- memory` asks for one of the two.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench"
)]

use futures::StreamExt as _;
use pass::Freshness;
use sources::{Base, Http, HttpPatience, Layout, Turn};
use stage::hostile::{HostedLog, Hostile, LogSpec};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tlog::EntryBundle;

/// Entries for the rate: 320 full bundles, about 235 MB.
const RATE_ENTRIES: u64 = 320 * 256;

/// Rounds for the rate.
const ROUNDS: usize = 9;

/// Bundles in flight: what the command has.
const IN_FLIGHT: usize = 8;

fn main() {
    let server = Hostile::start().unwrap();
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |what: &str| asked.is_empty() || asked.iter().any(|word| word == what);
    if wanted("rate") {
        rate(&server);
    }
    if wanted("memory") {
        memory(&server);
    }
}

fn rate(server: &Hostile) {
    let log = server.add(&LogSpec {
        cache_bytes: 1 << 30,
        ..LogSpec::new("rate")
    });
    log.grow(RATE_ENTRIES);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let bytes = runtime.block_on(download(log.url().to_owned(), None));
    let [mut curl, mut thrown, mut plain, mut watched] = [Duration::MAX; 4];
    let timed = |best: &mut Duration, what: &mut dyn FnMut()| {
        let start = Instant::now();
        what();
        *best = start.elapsed().min(*best);
    };
    for _ in 0..ROUNDS {
        timed(&mut thrown, &mut || {
            assert_eq!(runtime.block_on(download(log.url().to_owned(), None)), bytes);
        });
        let folder = tempfile::tempdir().unwrap();
        timed(&mut plain, &mut || {
            let folder = Some(folder.path().to_owned());
            assert_eq!(runtime.block_on(download(log.url().to_owned(), folder)), bytes);
        });
        let folder = tempfile::tempdir().unwrap();
        let orders = curl_orders(log.url(), folder.path());
        timed(&mut curl, &mut || run_curl(&orders));
        assert_eq!(stored(folder.path()), bytes);
        timed(&mut watched, &mut || {
            watch(&log, "https://github.com/nobody-at-all", RATE_ENTRIES, 0);
        });
    }
    let rate = |time: Duration| RATE_ENTRIES as f64 / time.as_secs_f64();
    println!("{RATE_ENTRIES} entries, {} MB in bundles", bytes / 1_000_000);
    println!(
        "rekor-sentinel run:                        {:>9.0} entries/s",
        rate(watched)
    );
    for (what, time, bar) in [
        ("curl --parallel into files", curl, " (the bar is 0.60)"),
        ("our own client into files", plain, ""),
        ("our own client into nothing", thrown, ""),
    ] {
        let ratio = rate(watched) / rate(time);
        println!("{what:<42} {:>9.0} entries/s; ratio {ratio:.2}{bar}", rate(time));
    }
}

/// What curl is told: every bundle into a file of its own.
fn curl_orders(url: &str, folder: &Path) -> PathBuf {
    let order = |index: u64| {
        let path = EntryBundle { index, width: 256 }.path();
        let file = folder.join(index.to_string());
        format!("url = \"{url}/{path}\"\noutput = \"{}\"\n", file.display())
    };
    let orders = folder.join("orders");
    fs::write(&orders, (0..RATE_ENTRIES / 256).map(order).collect::<String>()).unwrap();
    orders
}

fn run_curl(orders: &Path) {
    let flight = IN_FLIGHT.to_string();
    let status = Command::new("curl")
        .args([
            "--silent",
            "--fail",
            "--parallel",
            "--parallel-max",
            &flight,
            "--config",
        ])
        .arg(orders)
        .stderr(Stdio::null())
        .status();
    assert!(status.expect("this bench needs curl").success());
}

/// The bytes in a folder's bundles.
fn stored(folder: &Path) -> usize {
    let sizes = (0..RATE_ENTRIES / 256).map(|index| fs::metadata(folder.join(index.to_string())).unwrap().len());
    usize::try_from(sizes.sum::<u64>()).unwrap()
}

/// Every bundle once, several at a time, each to its end and, if told so, into a file; returns the bytes.
async fn download(url: String, folder: Option<PathBuf>) -> usize {
    let http = Http::new(HttpPatience::default(), None).unwrap();
    let Base::Http(base) = sources::resolve(&url, Layout::RekorV2).unwrap() else {
        panic!("{url}")
    };
    let bundle = |index| {
        let path = EntryBundle { index, width: 256 }.path();
        let (http, url) = (http.clone(), format!("{base}/{path}").parse().unwrap());
        let file = folder.as_ref().map(|folder| folder.join(index.to_string()));
        let get = async move {
            let bytes = http
                .get(&url, tlog::MAX_BUNDLE_BYTES, Freshness::Cached, &mut Turn::now())
                .await
                .unwrap();
            let length = bytes.len();
            if let Some(file) = file {
                tokio::task::spawn_blocking(move || fs::write(file, bytes))
                    .await
                    .unwrap()
                    .unwrap();
            }
            length
        };
        async move { tokio::spawn(get).await.unwrap() }
    };
    let bundles = futures::stream::iter((0..RATE_ENTRIES / 256).map(bundle));
    bundles
        .buffer_unordered(IN_FLIGHT)
        .fold(0, |sum, bytes| async move { sum + bytes })
        .await
}

fn memory(server: &Hostile) {
    let nobody = "https://github.com/nobody-at-all";
    for entries in [100, 1_000_000] {
        let log = server.add(&LogSpec::new(&format!("memory-{entries}")));
        log.grow(entries);
        report(&format!("{entries} entries"), watch(&log, nobody, entries, 0));
    }
    let log = server.add(&LogSpec::new("findings"));
    log.grow(100_000);
    report(
        "100000 entries, 25000 findings",
        watch(&log, "https://github.com/acme", 100_000, 25_000),
    );
    let junk = Arc::new(|index: u64| {
        let mut leaf = vec![0xEE; tlog::MAX_LEAF_BYTES];
        leaf.splice(..8, index.to_be_bytes());
        leaf
    });
    let log = server.add(&LogSpec {
        leaves: Some(junk),
        ..LogSpec::new("junk")
    });
    log.grow(5_000);
    report("5000 undecodable leaves of 65535 bytes", watch(&log, nobody, 5_000, 0));
}

fn report(what: &str, peak_kib: u64) {
    println!(
        "peak memory, {what}: {:.1} MiB (the bar is 64)",
        peak_kib as f64 / 1024.0
    );
}

/// One pass of the command over the whole log into a new folder; returns its peak resident memory in KiB.
fn watch(log: &HostedLog, owner: &str, entries: u64, findings: u64) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("sentinel.yaml"), configuration(log, owner)).unwrap();
    fs::write(folder.path().join("trusted_root.json"), r#"{"tlogs":[],"ctlogs":[]}"#).unwrap();
    let output = folder.path().join("out");
    let mut child = Command::new(env!("CARGO_BIN_EXE_rekor-sentinel"))
        .args(["run", "--json", "--sink", "file:alerts"])
        .current_dir(folder.path())
        .stdout(fs::File::create(&output).unwrap())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(high_water(child.id()));
        std::thread::sleep(Duration::from_millis(5));
    }
    check(&output, entries, findings);
    peak
}

fn check(output: &Path, entries: u64, findings: u64) {
    let text = fs::read_to_string(output).unwrap();
    let run: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(
        (run["scanned"].as_u64(), run["findings"].as_u64()),
        (Some(entries), Some(findings)),
        "{text}"
    );
}

fn high_water(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}

fn configuration(log: &HostedLog, owner: &str) -> String {
    format!(
        "schema: 1\ntrust: {{trusted_root: trusted_root.json}}\nlogs:\n  - {{url: {}, kind: rekor-v2, origin: {}, key: {}, from: 0}}\nrules:\n  - name: ours\n    match: {{source-repository-owner-uri: {owner}}}\n",
        log.url(),
        log.origin(),
        log.vkey()
    )
}
