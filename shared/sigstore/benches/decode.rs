//! What decoding costs beside the one thing that no monitor can leave out, the hash of the leaf.
//!
//! The bar: hash, decode and one field over realistic leaves run at no less than half the rate of the hash alone.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sentinel_sigstore::{Field, LeafKind, Scratch, decode};
use tlog::Hash;

/// 256 leaves as a bundle holds them, so that neither caches nor branches learn one leaf by heart.
fn leaves() -> Vec<Vec<u8>> {
    let certificate = support::github_certificate();
    let vary = |i: u8| {
        let mut certificate = certificate.clone();
        // The signature and the serial differ from leaf to leaf, and with them the base64.
        if let Some(last) = certificate.last_mut() {
            *last = i;
        }
        support::hashedrekord(&support::certificate_verifier(&certificate)).into_bytes()
    };
    (0..=255).map(vary).collect()
}

fn hash_all(leaves: &[Vec<u8>]) {
    for leaf in leaves {
        black_box(Hash::leaf(black_box(leaf)));
    }
}

fn decode_all(leaves: &[Vec<u8>], field: Option<&Field>, scratch: &mut Scratch) {
    for leaf in leaves {
        let entry = decode(LeafKind::RekorV2, black_box(leaf), scratch).unwrap();
        if let Some(field) = field {
            let mut hit = false;
            entry.signers()[0].values(field, &mut |text| hit |= text == black_box("https://example.com"));
            black_box(hit);
        }
        black_box(&entry);
    }
}

fn benches(criterion: &mut Criterion) {
    let leaves = leaves();
    let bytes: usize = leaves.iter().map(Vec::len).sum();
    println!("{} leaves of {} bytes each", leaves.len(), bytes / leaves.len());
    let mut scratch = Scratch::new();
    let mut group = criterion.benchmark_group("leaf");
    group.throughput(Throughput::Bytes(u64::try_from(bytes).unwrap()));
    group.bench_function("sha256", |b| b.iter(|| hash_all(&leaves)));
    group.bench_function("decode", |b| b.iter(|| decode_all(&leaves, None, &mut scratch)));
    for field in [
        Field::San,
        Field::Issuer,
        Field::parse("source-repository-owner-uri").unwrap(),
    ] {
        group.bench_function(format!("sha256+decode+{field}"), |b| {
            b.iter(|| {
                hash_all(&leaves);
                decode_all(&leaves, Some(&field), &mut scratch);
            });
        });
    }
    group.finish();
    ratio(&leaves, &mut scratch);
}

/// The figure of the bar itself: the best of many interleaved rounds of each.
fn ratio(leaves: &[Vec<u8>], scratch: &mut Scratch) {
    let (mut alone, mut all) = (Duration::MAX, Duration::MAX);
    for _ in 0..2000 {
        let start = Instant::now();
        hash_all(leaves);
        alone = alone.min(start.elapsed());
        let start = Instant::now();
        hash_all(leaves);
        decode_all(leaves, Some(&Field::Issuer), scratch);
        all = all.min(start.elapsed());
    }
    let each = |round: Duration| round.as_secs_f64() * 1e9 / 256.0;
    println!(
        "sha256 {:.0} ns a leaf; with decode and one field {:.0} ns: {:.2} of its rate (the bar is 0.50)",
        each(alone),
        each(all),
        alone.as_secs_f64() / all.as_secs_f64()
    );
}

criterion_group!(group, benches);
criterion_main!(group);
