//! What one entry costs with a hundred thousand rules beside ten, and what it takes to compile them.
//!
//! The bar: no more than 1.5 times, for exact, glob and regex rules that share long beginnings; compiled within 2 seconds
//! and 64 MiB. Both sets are asked in turn of the same entries, which are thousands, so that neither stays in the caches
//! for want of others; the figure is the ratio of the best rounds. The memory is what is alive at most while the set is
//! compiled, beside the specs that it is given.

#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a bench"
)]

use criterion::{Criterion, criterion_group, criterion_main};
use peak_alloc::PeakAlloc;
use sentinel_rules::{Allowance, Context, Matcher, Pattern, RuleSet, RuleSpec, Severity, Subject};
use sigstore::{Field, Timestamp};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const FEW: usize = 10;
const MANY: usize = 100_000;
const ENTRIES: usize = 4_096;
const ISSUER: &str = "https://token.actions.githubusercontent.com";

/// An entry whose fields cost nothing to read.
struct Free {
    san: String,
}

impl Subject for Free {
    fn kind(&self) -> &str {
        "hashedrekord"
    }

    fn digests(&self, _: &mut dyn FnMut(&str)) {}

    fn signers(&self) -> usize {
        1
    }

    fn values(&self, _: usize, field: &Field, each: &mut dyn FnMut(&str)) {
        match field {
            Field::San => each(&self.san),
            Field::Issuer => each(ISSUER),
            _ => {}
        }
    }
}

/// Identities of the same owner, of which one in 64 is one of the first ten that are watched for.
fn entries() -> Vec<Free> {
    let name = |at: usize| {
        if at.is_multiple_of(64) {
            at / 64 % FEW
        } else {
            900_000 + at
        }
    };
    let san = |at| format!("https://github.com/acme/project-{at:06}/.github/workflows/release.yml@refs/tags/v1.2.3");
    (0..ENTRIES).map(|at| Free { san: san(name(at)) }).collect()
}

/// A form of rule, by its number.
type Form = fn(usize) -> Matcher;

fn san(pattern: Pattern) -> Matcher {
    Matcher::Field {
        name: "san".to_owned(),
        patterns: vec![pattern],
    }
}

const FORMS: [(&str, Form); 8] = [
    ("exact", |at| {
        san(Pattern::Exact(format!(
            "https://github.com/acme/project-{at:06}/.github/workflows/release.yml@refs/tags/v1.2.3"
        )))
    }),
    ("prefix", |at| {
        san(Pattern::Prefix(format!("https://github.com/acme/project-{at:06}/")))
    }),
    ("glob, its name in the beginning", |at| {
        san(Pattern::Glob(format!(
            "https://github.com/acme/project-{at:06}/.github/workflows/*@refs/tags/**"
        )))
    }),
    ("glob, its name in the middle", |at| {
        san(Pattern::Glob(format!(
            "https://github.com/acme/*-{at:06}/.github/workflows/*@refs/tags/**"
        )))
    }),
    ("regex, its name in the beginning", |at| {
        san(Pattern::Regex(format!(
            r"https://github\.com/acme/project-{at:06}/\.github/workflows/[a-z-]+\.ya?ml@refs/tags/v[0-9.]+"
        )))
    }),
    ("regex, its name in the middle", |at| {
        san(Pattern::Regex(format!(
            r"https://github\.com/acme/[a-z]+-{at:06}/\.github/workflows/.*@refs/tags/v[0-9.]+"
        )))
    }),
    ("regex, its name at the end", |at| {
        san(Pattern::Regex(format!(
            r"https://github\.com/acme/[^/]+/\.github/workflows/.*-{at:06}"
        )))
    }),
    ("glob beside an issuer that all share", |at| {
        let issuer = Matcher::Field {
            name: "issuer".to_owned(),
            patterns: vec![Pattern::Exact(ISSUER.to_owned())],
        };
        let name = Pattern::Glob(format!("https://github.com/acme/project-{at:06}/**"));
        Matcher::All(vec![issuer, san(name)])
    }),
];

fn specs(form: Form, count: usize) -> Vec<RuleSpec> {
    let spec = |at| RuleSpec {
        allow: Vec::<Allowance>::new(),
        labels: BTreeMap::new(),
        matches: form(at),
        name: format!("project-{at:06}"),
        note: None,
        only: None,
        severity: Severity::High,
    };
    (0..count).map(spec).collect()
}

fn ask(set: &RuleSet, entries: &[Free]) -> usize {
    let (log, now) = ("log2025-1.rekor.sigstore.dev", Timestamp::UNIX_EPOCH);
    let (mut found, context, mut sum) = (Vec::with_capacity(16), Context { log, now }, 0);
    for entry in entries {
        found.clear();
        set.matches(black_box(entry), &context, &mut found);
        sum += found.len();
    }
    sum
}

/// Compiles a set and says what it took.
fn compiled(name: &str, form: Form) -> RuleSet {
    let before = MEMORY.current_usage();
    let specs = specs(form, MANY);
    let of_specs = MEMORY.current_usage() - before;
    MEMORY.reset_peak_usage();
    let start = Instant::now();
    let set = RuleSet::compile(specs).unwrap_or_else(|problems| panic!("{name}: {}", problems[0]));
    let took = start.elapsed();
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    println!(
        "{name}: {MANY} rules compiled in {:.2} s (the bar is 2) and {:.1} MiB at most (the bar is 64) beside their specs, \
         which take {:.1}; {:.1} MiB stay",
        took.as_secs_f64(),
        mib(MEMORY.peak_usage() - before - of_specs),
        mib(of_specs),
        mib(MEMORY.current_usage() - before - of_specs),
    );
    set
}

fn benches(criterion: &mut Criterion) {
    let entries = entries();
    for (name, form) in FORMS {
        let few = RuleSet::compile(specs(form, FEW)).unwrap();
        let many = compiled(name, form);
        assert_eq!(ask(&few, &entries), ask(&many, &entries));
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20).measurement_time(Duration::from_secs(2));
        group.bench_function(format!("{ENTRIES} entries, {FEW} rules"), |b| {
            b.iter(|| ask(&few, &entries));
        });
        group.bench_function(format!("{ENTRIES} entries, {MANY} rules"), |b| {
            b.iter(|| ask(&many, &entries));
        });
        group.finish();
        ratio(name, [&few, &many], &entries);
    }
}

fn ratio(name: &str, sets: [&RuleSet; 2], entries: &[Free]) {
    let mut best = [Duration::MAX; 2];
    for _ in 0..200 {
        for (set, best) in sets.iter().zip(&mut best) {
            let start = Instant::now();
            ask(set, entries);
            *best = start.elapsed().min(*best);
        }
    }
    let [few, many] = best.map(|best| best.as_secs_f64() * 1e9 / ENTRIES as f64);
    println!(
        "{name}: {few:.0} ns an entry with {FEW} rules, {many:.0} ns with {MANY}: ratio {:.2} (the bar is 1.5)",
        many / few
    );
}

criterion_group!(many, benches);
criterion_main!(many);
