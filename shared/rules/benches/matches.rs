//! What matching one entry costs, the extraction of its fields left aside: with one rule below 100 ns.

use criterion::{Criterion, criterion_group, criterion_main};
use sentinel_rules::{Context, RuleSet, Subject, parse};
use serde_json::{Value, json};
use sigstore::{Field, Timestamp};
use std::hint::black_box;

const SAN: &str = "https://github.com/acme/widgets/.github/workflows/release.yml@refs/tags/v1.2.3";
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// An entry whose fields cost nothing to read.
struct Free;

impl Subject for Free {
    fn kind(&self) -> &str {
        "hashedrekord"
    }

    fn digests(&self, each: &mut dyn FnMut(&str)) {
        each("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    fn signers(&self) -> usize {
        1
    }

    fn values(&self, _: usize, field: &Field, each: &mut dyn FnMut(&str)) {
        match field {
            Field::San | Field::Subject => each(SAN),
            Field::Issuer => each(ISSUER),
            Field::Fingerprint | Field::Extension(_) | Field::Digest | Field::Kind | Field::Log => {}
        }
    }
}

fn bench(c: &mut Criterion, name: &str, rules: &Value) {
    let set = parse(rules).and_then(RuleSet::compile);
    let Ok(set) = set else { return };
    let context = Context {
        log: "log2025-1.rekor.sigstore.dev",
        now: Timestamp::UNIX_EPOCH,
    };
    let mut found = Vec::with_capacity(16);
    c.bench_function(name, |b| {
        b.iter(|| {
            found.clear();
            set.matches(black_box(&Free), &context, &mut found);
            found.len()
        });
    });
}

fn benches(c: &mut Criterion) {
    let one = |matches: Value| json!([{"name": "r", "match": matches}]);
    bench(c, "one exact san, miss", &one(json!({"san": "release@example.com"})));
    bench(c, "one exact san, hit", &one(json!({"san": SAN})));
    bench(
        c,
        "one exact issuer and san",
        &one(json!({"san": "release@example.com", "issuer": ISSUER})),
    );
    bench(
        c,
        "one glob san, miss",
        &one(json!({"san": "glob:https://github.com/other/**"})),
    );
    bench(
        c,
        "one glob san, hit",
        &one(json!({"san": "glob:https://github.com/acme/**"})),
    );
    let many = |at: usize| json!({"name": at.to_string(), "match": {"san": format!("release-{at}@example.com")}});
    bench(c, "1000 exact sans, miss", &(0..1000).map(many).collect());
}

criterion_group!(matching, benches);
criterion_main!(matching);
