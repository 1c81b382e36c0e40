//! The engine against the naive matcher, on entries of the public logs: rules made of what they say, whole, cut and with
//! wildcards, asked of every entry.

use crate::common::{Fake, LOG, NOW};
use crate::naive::{naive, told};
use base64::Engine as _;
use sentinel_rules::{Context, Matcher, Pattern, RuleSet, RuleSpec, Severity, Subject as _};
use serde_json::Value;
use sigstore::{Entry, Field, LeafKind, Scratch};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const FIELDS: [&str; 7] = [
    "san",
    "issuer",
    "subject",
    "source-repository-uri",
    "build-signer-uri",
    "token-subject",
    "kind",
];

/// The same entry, all of it read.
fn copied(entry: &Entry<'_>) -> Fake {
    let signer = |at: usize| {
        let mut values = Vec::new();
        for name in &FIELDS[..6] {
            let field = Field::parse(name).unwrap();
            entry.values(at, &field, &mut |value| values.push((field.clone(), value.to_owned())));
        }
        values
    };
    Fake {
        kind: entry.kind().to_owned(),
        digests: vec![],
        signers: (0..entry.signers().len()).map(signer).collect(),
        asked: RefCell::default(),
    }
}

/// A value, and patterns that are nearly it.
fn patterns(value: &str) -> Vec<Pattern> {
    let half = (0..=value.len() / 2)
        .rev()
        .find(|at| value.is_char_boundary(*at))
        .unwrap();
    let (start, end) = value.split_at(half);
    let capital = value.to_ascii_uppercase();
    let all = [
        Pattern::Exact(value.to_owned()),
        Pattern::Exact(capital.clone()),
        Pattern::Prefix(start.to_owned()),
        Pattern::Suffix(end.to_owned()),
        Pattern::Suffix(capital[half..].to_owned()),
        Pattern::Glob(format!("{start}*")),
        Pattern::Glob(format!("**{end}")),
        Pattern::Glob(value.replace(|letter: char| letter.is_ascii_digit(), "?")),
        Pattern::Glob(capital.replacen("GITHUB", "*", 1)),
    ];
    let empty = |pattern: &Pattern| matches!(pattern, Pattern::Prefix(text) | Pattern::Suffix(text) | Pattern::Exact(text) if text.is_empty());
    all.into_iter().filter(|pattern| !empty(pattern)).collect()
}

#[test]
fn rules_made_of_what_the_logs_hold() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/rekor-entries.jsonl");
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: there is no corpus at {}", file.display());
        return;
    };
    let bodies: Vec<Vec<u8>> = text
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            base64::engine::general_purpose::STANDARD
                .decode(line["body"].as_str().unwrap())
                .unwrap()
        })
        .collect();
    let (mut values, mut entries, mut scratch) = (BTreeSet::new(), Vec::new(), Scratch::new());
    for body in &bodies {
        if let Ok(entry) = sigstore::decode(LeafKind::RekorV1, body, &mut scratch) {
            let copy = copied(&entry);
            let named = copy
                .signers
                .iter()
                .flatten()
                .map(|(field, value)| (field.to_string(), value.clone()));
            values.extend(named);
            values.insert(("kind".to_owned(), copy.kind.clone()));
            entries.push(copy);
        }
    }
    assert!(
        entries.len() > 20 && values.len() > 20,
        "{} entries, {} values",
        entries.len(),
        values.len()
    );
    let rule = |(at, (name, pattern)): (usize, (String, Pattern))| RuleSpec {
        allow: vec![],
        labels: BTreeMap::new(),
        matches: Matcher::Field {
            name,
            patterns: vec![pattern],
        },
        name: at.to_string(),
        note: None,
        only: None,
        severity: Severity::High,
    };
    let all = values
        .iter()
        .take(400)
        .flat_map(|(name, value)| patterns(value).into_iter().map(|pattern| (name.clone(), pattern)));
    let specs: Vec<RuleSpec> = all.enumerate().map(rule).collect();
    let set = RuleSet::compile(specs.clone()).unwrap();
    let (mut matched, mut copies) = (0, entries.iter());
    for body in &bodies {
        if let Ok(entry) = sigstore::decode(LeafKind::RekorV1, body, &mut scratch) {
            let mut found = Vec::new();
            set.matches(&entry, &Context { log: LOG, now: NOW }, &mut found);
            assert_eq!(told(&set, &found), naive(&specs, copies.next().unwrap()));
            matched += found.len();
        }
    }
    assert!(matched > 1_000, "{matched}");
}
