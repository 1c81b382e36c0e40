//! A Rekor v1 server that answers each request after 50 ms, read as the pass reads it.
//!
//! - **Rate**: entries a second at 32 and at 8 requests in flight, beside what the latency allows (in flight × 10 entries ÷
//!   50 ms). The bars: 5,000 at 32; 0.90 of what the latency allows at 8. Everything that came is hashed and compared with
//!   the root that was signed. Beside it 15,000 entries, a busy minute, at 100 ms a request and 8 in flight.
//! - **Memory**: the peak of the process that reads, in a process of its own, over backlogs of 1,000 and of 200,000 entries,
//!   and where each answer carries attestations of a megabyte that nobody asked for. The bar: 96 MiB.
//!
//! Both sides share the machine. `-- rate` or `-- memory` asks for one of the two.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench"
)]

use futures::StreamExt as _;
use pass::{Freshness, LogSource};
use sources::{Http, HttpPatience, Pace, RekorV1Log, RekorV1Server};
use stage::hostile::{Alter, HostedRekor, Hostile, RekorRule, RekorSpec, RekorTarget};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use testlog::MassBodies;
use testlog::certificate::Authority;
use tlog::{Frontier, Hash};

const LATENCY: Duration = Duration::from_millis(50);

/// Entries of the rate at 32 in flight: about five seconds.
const ENTRIES: u64 = 30_000;

/// Entries of a busy minute of the public log.
const BUSY_MINUTE: u64 = 15_000;

/// Says to this program that it is the one that reads: URL, tree, entries, requests in flight.
const READER: &str = "reader";

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if let [reader, url, tree, entries, ceiling] = asked.as_slice()
        && reader == READER
    {
        let (_, root) = read(url, tree, entries.parse().unwrap(), ceiling.parse().unwrap());
        println!("{root}");
        println!("{}", high_water());
        return;
    }
    let wanted = |what: &str| asked.is_empty() || asked.iter().any(|word| word == what);
    let server = Hostile::start().unwrap();
    if wanted("rate") {
        let rekor = stage(&server, "rate", LATENCY, ENTRIES);
        rate(&rekor, 32, ENTRIES);
        rate(&rekor, 8, ENTRIES / 3);
        busy_minute(&server);
    }
    if wanted("memory") {
        for entries in [1_000, 200_000] {
            let rekor = stage(&server, &format!("memory-{entries}"), Duration::ZERO, entries);
            memory(&rekor, &format!("{entries} entries"), entries);
        }
        let rekor = stage(&server, "attestations", Duration::ZERO, 2_000);
        rekor.behave(RekorRule::new(
            RekorTarget::Retrieve,
            Alter::Attestations { bytes: 1_000_000 },
        ));
        memory(&rekor, "2000 entries, a megabyte of attestation each", 2_000);
    }
}

/// A server of bodies in the mix of the public log.
fn stage(server: &Hostile, name: &str, latency: Duration, entries: u64) -> HostedRekor {
    let mass = MassBodies::new(&Authority::new("bench", &[1; 32]), "crowd", 1_767_225_600);
    let rekor = server.add_rekor(&RekorSpec {
        leaves: Some(Arc::new(move |index| mass.body(index))),
        latency,
        real_sets: false,
        ..RekorSpec::new(name)
    });
    rekor.grow(entries);
    rekor
}

fn rate(rekor: &HostedRekor, ceiling: usize, entries: u64) {
    let view = &rekor.shards()[0];
    let allowed = ceiling as f64 * 10.0 / LATENCY.as_secs_f64();
    let (mut best, mut all) = (0.0_f64, Vec::new());
    for _ in 0..3 {
        let (took, root) = read(rekor.url(), &view.tree, entries, ceiling);
        assert!(entries < view.size || root == view.root);
        let rate = entries as f64 / took.as_secs_f64();
        best = best.max(rate);
        all.push(format!("{rate:.0}"));
    }
    println!(
        "{ceiling:>2} in flight: {best:.0} entries/s ({}), {:.2} of the {allowed:.0} that the latency allows",
        all.join(", "),
        best / allowed
    );
}

/// What the public log takes in within a busy minute, at a slower server and as politely as public servers are asked.
fn busy_minute(server: &Hostile) {
    let rekor = stage(server, "busy", 2 * LATENCY, BUSY_MINUTE);
    let view = &rekor.shards()[0];
    let (took, root) = read(rekor.url(), &view.tree, BUSY_MINUTE, 8);
    assert_eq!(root, view.root);
    let took = took.as_secs_f64();
    println!("{BUSY_MINUTE} entries at 100 ms a request, 8 in flight: {took:.1} s (the bar is 60)");
}

fn memory(rekor: &HostedRekor, what: &str, entries: u64) {
    let view = &rekor.shards()[0];
    let output = Command::new(std::env::current_exe().unwrap())
        .args([READER, rekor.url(), &view.tree, &entries.to_string(), "32"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], view.root.to_string());
    let peak: f64 = lines[1].parse().unwrap();
    println!("peak memory, {what}: {:.1} MiB (the bar is 96)", peak / 1024.0);
}

/// Reads the first entries of a tree; returns how long it took, and their root.
fn read(url: &str, tree: &str, entries: u64, ceiling: usize) -> (Duration, Hash) {
    let http = Http::new(HttpPatience::default(), None).unwrap();
    let server = RekorV1Server::new(http, &url.parse().unwrap(), Pace::new(ceiling));
    let log = RekorV1Log::new(server, tree.parse().unwrap(), 0);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let begun = Instant::now();
    let mut frontier = Frontier::empty();
    runtime.block_on(async {
        let mut stream = log.entries(0, entries, entries, Freshness::Cached);
        while let Some(batch) = stream.next().await {
            batch
                .unwrap()
                .iter()
                .for_each(|(_, leaf)| frontier.push(Hash::leaf(leaf)));
        }
    });
    assert_eq!(frontier.size(), entries);
    (begun.elapsed(), frontier.root())
}

fn high_water() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or(0)
}
