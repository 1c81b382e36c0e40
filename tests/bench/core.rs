//! One core: hash, verify, decode and match, beside SHA-256 alone over the same leaves.
//!
//! The bar: no less than half the rate of SHA-256 alone, with one rule. Both run in turn over the same bytes, and the
//! figure is the ratio of the best rounds: these are the parts of `pass` in its order, without the fetching.
//!
//! The same for Rekor v1, over bodies in the mix of the public log, where the bar is 0.4: a verifier there is base64 of
//! PEM, twice the text for the same certificate.
//!
//! Beside them what a finding costs more: the verdict on its certificate's chain, of the shape of Fulcio's.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a bench"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rules::{Context, RuleSet};
use serde_json::json;
use sigstore::certificate::index;
use sigstore::{Authorities, Certificate, ChainVerdict, LeafKind, Scratch, Timestamp, TrustedRoot};
use std::hint::black_box;
use std::time::{Duration, Instant};
use testlog::certificate::chain::{CtLog, Draft};
use testlog::certificate::{Authority, Identity};
use testlog::{MassBodies, MassLeaves, SigningKey};
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
    verdicts(criterion);
}

/// Root and intermediate on P-384, a CT log on P-256. A stranger that bears the name costs one signature, one that does not
/// costs none.
fn verdicts(criterion: &mut Criterion) {
    let (root, ca, ct) = (
        SigningKey::p384(&[1; 32]),
        SigningKey::p384(&[2; 32]),
        SigningKey::p256(&[3; 32]),
    );
    let (noon, ct_log) = (1_767_225_600, CtLog { key: ct.clone() });
    let years = (noon - 1, noon + 1);
    let chain = [
        Draft::ca("root", "ca", years, &ca).signed(&root),
        Draft::ca("root", "root", years, &root).signed(&root),
    ];
    let chain = chain.map(|der| json!({"rawBytes": STANDARD.encode(der)}));
    let key = json!({"rawBytes": STANDARD.encode(ct.spki_der()), "keyDetails": "PKIX_ECDSA_P256_SHA_256"});
    let trusted = json!({
        "tlogs": [], "ctlogs": [{"baseUrl": "https://ct.example", "publicKey": key}],
        "certificateAuthorities": [{"uri": "https://ca.example", "certChain": {"certificates": chain}}],
    });
    let trusted = TrustedRoot::parse(trusted.to_string().as_bytes()).unwrap();
    let authorities = Authorities::of(&trusted);
    let identity = Identity::github_workflow("acme", "tool", "release.yml", "refs/tags/v1");
    let leaf = |issuer| Draft::leaf(issuer, &identity, noon, &SigningKey::p256(&[4; 32]));
    let shown = leaf("ca").with_timestamps(&[&ct_log], noon * 1000, &ca).signed(&ca);
    let mut group = criterion.benchmark_group("verdict");
    for (name, der, accepted) in [
        ("trusted, with a timestamp", shown, true),
        ("trusted, without", leaf("ca").signed(&ca), true),
        (
            "of the CA's name",
            leaf("ca").signed(&SigningKey::p384(&[5; 32])),
            false,
        ),
        ("of another name", leaf("stranger").signed(&root), false),
    ] {
        let mut slots = Vec::new();
        let layout = index(&der, &mut slots).unwrap();
        let certificate = Certificate::new(&der, &layout, &slots);
        let verdict = authorities.judge(&certificate);
        assert_eq!(matches!(verdict, ChainVerdict::Trusted { .. }), accepted, "{verdict:?}");
        group.bench_function(name, |b| b.iter(|| authorities.judge(black_box(&certificate))));
    }
    group.bench_function("authorities", |b| b.iter(|| Authorities::of(black_box(&trusted))));
    group.finish();
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
