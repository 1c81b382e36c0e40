//! One core: hash, verify, decode and match, beside SHA-256 alone over the same leaves.
//!
//! The bar: no less than half the rate of SHA-256 alone, with one rule. Both run in turn over the same bytes, and the
//! figure is the ratio of the best rounds: these are the parts of `pass` in its order, without the fetching.
//!
//! The same for Rekor v1, over bodies in the mix of the public log, where the bar is 0.4: a verifier there is base64 of
//! PEM, twice the text for the same certificate.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench"
)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rules::{Context, RuleSet};
use sigstore::{LeafKind, Scratch, Timestamp};
use std::hint::black_box;
use std::time::{Duration, Instant};
use testlog::certificate::{Authority, Identity};
use testlog::{MassBodies, MassLeaves};
use tlog::{Frontier, Hash};

/// Sixteen bundles: larger than the caches near the core, as what comes from a network is.
const LEAVES: u64 = 16 * 256;

fn leaves() -> Vec<Vec<u8>> {
    let project = format!("project-{}", MassLeaves::ROOM);
    let identity = Identity::github_workflow("crowd", &project, "build.yml", "refs/heads/main");
    let mass = MassLeaves::new(&Authority::new("bench", &[1; 32]), &[identity], 1_767_225_600);
    (0..LEAVES).map(|index| mass.leaf(index)).collect()
}

fn bodies() -> Vec<Vec<u8>> {
    let mass = MassBodies::new(&Authority::new("bench", &[1; 32]), "crowd", 1_767_225_600);
    (0..LEAVES).map(|index| mass.body(index)).collect()
}

fn rule() -> RuleSet {
    let one =
        serde_json::json!([{"name": "ours", "match": {"source-repository-owner-uri": "https://github.com/acme"}}]);
    RuleSet::compile(rules::parse(&one).unwrap()).unwrap()
}

fn sha256(leaves: &[Vec<u8>]) {
    for leaf in leaves {
        black_box(Hash::of(black_box(leaf)));
    }
}

fn whole(kind: LeafKind, leaves: &[Vec<u8>], rules: &RuleSet, scratch: &mut Scratch, root: Hash) {
    let mut frontier = Frontier::empty();
    for leaf in leaves {
        frontier.push(Hash::leaf(black_box(leaf)));
    }
    assert_eq!(frontier.root(), root);
    let (log, now) = ("bench.example", Timestamp::UNIX_EPOCH);
    let (mut found, context) = (Vec::new(), Context { log, now });
    for leaf in leaves {
        let entry = sigstore::decode(kind, black_box(leaf), scratch).unwrap();
        rules.matches(&entry, &context, &mut found);
    }
    assert!(found.is_empty());
}

fn root(leaves: &[Vec<u8>]) -> Hash {
    let mut frontier = Frontier::empty();
    leaves.iter().for_each(|leaf| frontier.push(Hash::leaf(leaf)));
    frontier.root()
}

fn benches(criterion: &mut Criterion) {
    measure(criterion, "core", LeafKind::RekorV2, &leaves(), "0.50");
    measure(criterion, "core of rekor-v1", LeafKind::RekorV1, &bodies(), "0.40");
}

fn measure(criterion: &mut Criterion, name: &str, kind: LeafKind, leaves: &[Vec<u8>], bar: &str) {
    let (rules, mut scratch, root) = (rule(), Scratch::new(), root(leaves));
    let bytes: usize = leaves.iter().map(Vec::len).sum();
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(20)
        .throughput(Throughput::Bytes(u64::try_from(bytes).unwrap()));
    group.bench_function("sha256 alone", |b| b.iter(|| sha256(leaves)));
    group.bench_function("hash, verify, decode, match", |b| {
        b.iter(|| whole(kind, leaves, &rules, &mut scratch, root));
    });
    group.finish();
    let (mut alone, mut all) = (Duration::MAX, Duration::MAX);
    for _ in 0..200 {
        let start = Instant::now();
        sha256(leaves);
        alone = alone.min(start.elapsed());
        let start = Instant::now();
        whole(kind, leaves, &rules, &mut scratch, root);
        all = all.min(start.elapsed());
    }
    println!("{name}: leaves of {} bytes each", bytes / leaves.len());
    println!(
        "{name}: ratio to SHA-256 alone: {:.2} (the bar is {bar})",
        alone.as_secs_f64() / all.as_secs_f64()
    );
}

criterion_group!(core, benches);
criterion_main!(core);
