//! What authentication costs over SHA-256 itself, and what a note costs.

// Benches print, and their data is their own.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sentinel_tlog::{Frontier, Hash, Note, SignedCheckpoint, VerifierKey, split_bundle};
use sha2::{Digest as _, Sha256};

/// Leaves in a batch: sixteen bundles.
const LEAVES: u16 = 4096;
/// Short leaves, those of Rekor v2, and the median of Rekor v1's hashedrekord.
const LEAF_BYTES: [usize; 3] = [300, 1000, 1800];

const ORIGIN: &str = "log2025-1.rekor.sigstore.dev";
const NOTE: &str = "log2025-1.rekor.sigstore.dev
139911860
EliTHtnx44DhEBH+5qIXBtQsSpc54Avam7mIYEvxnTA=

— log2025-1.rekor.sigstore.dev zxGZFcOra4Y7QpuiQen+CmnUvDZbxSXfBOXJzL+HKIeR9aC58QTfao58ABqkhVyBhQDseS+TZdDNpcnZhoRxkh7IbQ0=
";
const KEY: &str = "log2025-1.rekor.sigstore.dev+cf119915+AbfK5adZJxsI323FwGD2AJJ9F4i89cfDuLdGJBIYntuO";

fn batch(leaf_bytes: usize) -> Vec<Vec<u8>> {
    (0..LEAVES)
        .map(|leaf| leaf.to_be_bytes().iter().copied().cycle().take(leaf_bytes).collect())
        .collect()
}

fn append(leaves: &[Vec<u8>]) -> Frontier {
    let mut frontier = Frontier::empty();
    leaves.iter().for_each(|leaf| frontier.push(Hash::leaf(leaf)));
    frontier
}

fn digest(leaves: &[Vec<u8>]) -> [u8; 32] {
    let mut sha256 = Sha256::new();
    leaves.iter().for_each(|leaf| sha256.update(leaf));
    sha256.finalize().into()
}

fn leaves(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("leaves");
    for leaf_bytes in LEAF_BYTES {
        let leaves = batch(leaf_bytes);
        group.throughput(Throughput::Elements(LEAVES.into()));
        group.bench_with_input(
            BenchmarkId::new("leaf hash and push", leaf_bytes),
            &leaves,
            |bencher, leaves| {
                bencher.iter(|| append(black_box(leaves)));
            },
        );
        group.bench_with_input(
            BenchmarkId::new("sha-256 alone", leaf_bytes),
            &leaves,
            |bencher, leaves| {
                bencher.iter(|| digest(black_box(leaves)));
            },
        );
        println!(
            "{leaf_bytes} bytes: {:.3} times SHA-256 alone over the same bytes",
            ratio(&leaves)
        );
    }
    group.finish();
}

/// The best of many turns each, taken in turn: what else the machine does only ever adds.
fn ratio(leaves: &[Vec<u8>]) -> f64 {
    let turns = (0..100).map(|_| (time(|| append(black_box(leaves))), time(|| digest(black_box(leaves)))));
    let (ours, alone): (Vec<_>, Vec<_>) = turns.unzip();
    let best = |times: Vec<Duration>| times.into_iter().min().unwrap_or_default().as_secs_f64();
    best(ours) / best(alone)
}

fn time<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

fn notes(criterion: &mut Criterion) {
    let keys: [VerifierKey; 1] = [KEY.parse().unwrap()];
    criterion.bench_function("note/parse", |bencher| {
        bencher.iter(|| Note::parse(black_box(NOTE.as_bytes())));
    });
    criterion.bench_function("note/open checkpoint (Ed25519)", |bencher| {
        bencher.iter(|| SignedCheckpoint::open(black_box(NOTE.as_bytes()), ORIGIN, &keys).unwrap());
    });
}

fn bundles(criterion: &mut Criterion) {
    let entry = [&1000_u16.to_be_bytes()[..], &[7; 1000]].concat();
    let bundle = entry.repeat(256);
    criterion.bench_function("bundle/split", |bencher| {
        bencher.iter(|| split_bundle(black_box(&bundle), 256));
    });
}

criterion_group!(benches, leaves, notes, bundles);
criterion_main!(benches);
