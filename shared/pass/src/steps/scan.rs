//! **decode** and **match**: what stands in the entries of a verified span.
//!
//! Every leaf becomes an entry or goes to quarantine; every entry is matched against all rules at once. Findings carry
//! the leaf and an inclusion proof against the signed head. Output is capped: beyond the cap a line has index and leaf
//! hash only, and beyond another cap it is counted, so that neither a broad rule nor a log of junk fills the bucket.
//! Writes nothing.

use super::awaiting::Noted;
use super::judge::Verdicts;
use super::tree::SpanTree;
use super::verify::{SpanProof, VerifiedSpan};
use crate::ledger::Ledgers;
use crate::record::{Counts, Group, MAX_GROUPS};
use crate::trouble::{Fault, Unproven, internal};
use alerts::{Finding, FindingContext, Promise};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rules::{Context, Match, RuleSet};
use sigstore::{Authorities, Entry, LeafKind, Scratch, Timestamp, Undecodable};
use std::collections::BTreeMap;
use std::sync::Arc;
use tlog::{Hash, TlogProof, VerifierKey};

/// Whole findings of one span take at most so many bytes; the rest has no leaf, no proof and no identity, and its
/// signers are not judged: what judging costs a span is bounded with them.
pub(crate) const FINDINGS_BYTES: usize = 2 * 1024 * 1024;

/// Beyond them findings are listed one by one, without what they hold, up to so many bytes more; the rest is counted, a
/// line for each rule. Together with one last finding of either sort this bounds the object.
const SHORT_FINDINGS_BYTES: usize = 2 * 1024 * 1024;

/// The longest object of findings: both parts, a last whole finding (a leaf and a checkpoint of the longest sort, in
/// base64 and escaped), and a line for each rule that there can be.
pub(crate) const MAX_FINDINGS_BYTES: usize =
    FINDINGS_BYTES + SHORT_FINDINGS_BYTES + 4 * 1024 * 1024 + rules::MAX_RULES * 1024;

/// Undecodable leaves are kept whole up to so many bytes (before base64) a pass and log.
pub(crate) const QUARANTINE_BYTES: usize = 1024 * 1024;

/// Undecodable leaves of one span that are listed one by one; the rest is listed as ranges of indexes.
const QUARANTINE_LINES: usize = 1_024;

/// A span that was proven and scanned, and what came of it.
pub(crate) struct Scanned {
    pub(crate) span: SpanProof,
    pub(crate) counts: Counts,
    pub(crate) findings: Output,
    pub(crate) quarantine: Output,
    pub(crate) groups: Vec<Group>,
    /// What it has to do with ledgers.
    pub(crate) noted: Noted,
    /// What was served at first, if it did not verify and then did.
    pub(crate) anomaly: Option<Unproven>,
}

/// Lines of JSON.
#[derive(Default)]
pub(crate) struct Output {
    pub(crate) lines: Vec<u8>,
}

impl Output {
    fn push(&mut self, line: &impl serde::Serialize) {
        // Maps with text keys and plain values: writing them to memory cannot fail.
        if serde_json::to_writer(&mut self.lines, line).is_ok() {
            self.lines.push(b'\n');
        }
    }
}

/// A line of a findings object.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub(crate) enum FindingLine {
    /// One finding.
    One(Box<Finding>),
    /// Findings of one rule beyond what a span may list.
    Many(FindingCount),
}

/// Findings of one rule that are counted and not listed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct FindingCount {
    pub(crate) schema: u32,
    pub(crate) log: String,
    pub(crate) rule: String,
    pub(crate) severity: rules::Severity,
    pub(crate) findings: u64,
    pub(crate) allowed: u64,
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// What every span of a log is scanned with.
#[derive(Clone)]
pub(crate) struct Scanner {
    pub(crate) kind: LeafKind,
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) ledgers: Arc<Ledgers>,
    pub(crate) log: Arc<str>,
    /// The signed note of the head, for the proofs.
    pub(crate) note: Arc<str>,
    pub(crate) now: Timestamp,
    /// Who may have issued the certificates of signers.
    pub(crate) authorities: Arc<Authorities>,
    /// The keys that may sign promises.
    pub(crate) keys: Arc<[VerifierKey]>,
    /// What is left of [`QUARANTINE_BYTES`].
    pub(crate) quarantine_left: usize,
}

impl Scanner {
    /// Scans a span, if there is one.
    pub(crate) async fn scan_if_any(
        &mut self,
        verified: Option<Box<(VerifiedSpan, Option<Unproven>)>>,
    ) -> Result<Option<Scanned>, Fault> {
        match verified {
            Some(verified) => self.scan(verified.0, verified.1).await.map(Some),
            None => Ok(None),
        }
    }

    /// Scans a span, off the reactor: it is arithmetic over megabytes.
    pub(crate) async fn scan(&mut self, span: VerifiedSpan, anomaly: Option<Unproven>) -> Result<Scanned, Fault> {
        let scanner = self.clone();
        let scanning = tokio::task::spawn_blocking(move || scanner.scan_now(span));
        let (span, work) = scanning.await.map_err(|error| internal(&error))?;
        self.quarantine_left = work.quarantine_left;
        let groups = work.groups();
        Ok(Scanned {
            span: span.into_proof(),
            counts: work.counts,
            findings: work.findings,
            quarantine: work.quarantine,
            noted: work.noted,
            groups,
            anomaly,
        })
    }

    fn scan_now(&self, span: VerifiedSpan) -> (VerifiedSpan, Work) {
        let mut work = Work {
            quarantine_left: self.quarantine_left,
            ..Work::default()
        };
        let (mut scratch, mut matches, mut tree) = (Scratch::new(), Vec::new(), None);
        let context = Context {
            log: &self.log,
            now: self.now,
        };
        for (index, leaf_hash, leaf) in span.entries() {
            work.counts.entries += 1;
            let entry = match sigstore::decode(self.kind, leaf, &mut scratch) {
                Ok(entry) => entry,
                Err(undecodable) => {
                    work.quarantine(&self.log, index, leaf_hash, leaf, &undecodable);
                    continue;
                }
            };
            matches.clear();
            self.rules.matches(&entry, &context, &mut matches);
            for found in &matches {
                let tree = tree.get_or_insert_with(|| SpanTree::new(&span));
                self.find(&mut work, tree, &span, (index, leaf_hash, leaf), &entry, found);
            }
        }
        work.end(&self.log);
        (span, work)
    }

    fn find(
        &self,
        work: &mut Work,
        tree: &SpanTree,
        span: &VerifiedSpan,
        (index, leaf_hash, leaf): (u64, Hash, &[u8]),
        entry: &Entry<'_>,
        found: &Match,
    ) {
        if found.allowed {
            work.counts.allowed += 1;
        } else {
            work.counts.findings += 1;
        }
        if work.findings.lines.len() >= FINDINGS_BYTES + SHORT_FINDINGS_BYTES {
            return work.count(&self.log, &self.rules, index, found);
        }
        let context = FindingContext {
            log: &self.log,
            index,
            leaf_hash,
            span: (span.proof().from, span.proof().to()),
            time: self.now,
        };
        let mut finding = Finding::new(&context, entry, found, &self.rules);
        finding.promise = self.promise(span, index, leaf);
        if finding
            .promise
            .as_ref()
            .is_some_and(|promise| promise.set.is_some() && !promise.verified)
        {
            work.bad_promise(&finding);
        }
        work.noted.note(&self.ledgers, &self.rules, found, &mut finding);
        if work.findings.lines.len() < FINDINGS_BYTES {
            let proof = tree.inclusion(index).ok().map(|hashes| TlogProof {
                extra: None,
                index,
                hashes,
                checkpoint: self.note.as_ref().to_owned(),
            });
            finding.proof = proof.map(|proof| proof.to_text());
            finding.leaf = Some(STANDARD.encode(leaf));
            let (authorities, rules) = (&self.authorities, &self.rules);
            work.verdicts.judge(authorities, rules, entry, found, &mut finding);
        } else {
            finding.shorten();
        }
        work.counts.awaiting += u64::from(finding.awaits.is_some());
        work.findings.push(&FindingLine::One(Box::new(finding)));
    }
}

impl Scanner {
    /// What the server promised for an entry, and whether the log's key signed it.
    fn promise(&self, span: &VerifiedSpan, index: u64, leaf: &[u8]) -> Option<Promise> {
        let (extra, set) = span.extra(index)?;
        let signed = |key: &VerifierKey| {
            let log_id = Hash::of(key.spki());
            extra.log_id.is_none_or(|said| said == log_id)
                && sigstore::set::verify(key, leaf, extra.integrated_time, &log_id, extra.global_index, set).is_ok()
        };
        Some(Promise {
            global_index: extra.global_index,
            integrated_time: Timestamp::from_unix(extra.integrated_time),
            set: (!set.is_empty()).then(|| STANDARD.encode(set)),
            verified: self.keys.iter().any(signed),
        })
    }
}

/// What comes together while a span is scanned.
#[derive(Default)]
struct Work {
    counts: Counts,
    findings: Output,
    quarantine: Output,
    quarantine_left: usize,
    lines: usize,
    run: Option<(u64, u64)>,
    groups: BTreeMap<String, (u64, u64)>,
    promises: BTreeMap<String, (u64, u64)>,
    noted: Noted,
    counted: BTreeMap<usize, FindingCount>,
    verdicts: Verdicts,
}

/// A line of a quarantine object: one leaf, or a range of leaves beyond the cap.
#[derive(serde::Serialize)]
struct QuarantineLine<'a> {
    schema: u32,
    log: &'a str,
    index: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf_hash: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leaf: Option<String>,
}

impl Work {
    /// Counts a match that the span has no room to list.
    fn count(&mut self, log: &str, rules: &RuleSet, index: u64, found: &Match) {
        let Some(spec) = rules.specs().get(found.rule) else {
            return;
        };
        let counted = self.counted.entry(found.rule).or_insert_with(|| FindingCount {
            schema: crate::record::SCHEMA,
            log: log.to_owned(),
            rule: spec.name.clone(),
            severity: spec.severity,
            findings: 0,
            allowed: 0,
            first: index,
            last: index,
        });
        counted.last = index;
        if found.allowed {
            counted.allowed += 1;
        } else {
            counted.findings += 1;
        }
    }

    /// Writes what was held back.
    fn end(&mut self, log: &str) {
        self.end_run(log);
        for counted in core::mem::take(&mut self.counted).into_values() {
            self.findings.push(&FindingLine::Many(counted));
        }
    }

    fn quarantine(&mut self, log: &str, index: u64, leaf_hash: Hash, leaf: &[u8], undecodable: &Undecodable) {
        self.counts.quarantined += 1;
        let what = describe(undecodable);
        let known = self.groups.contains_key(&what);
        let what = if known || self.groups.len() < MAX_GROUPS - 1 {
            what
        } else {
            "other leaves".to_owned()
        };
        self.groups.entry(what.clone()).or_insert((0, index)).0 += 1;
        if self.lines >= QUARANTINE_LINES {
            return self.extend_run(log, index);
        }
        self.lines += 1;
        let whole = leaf.len() <= self.quarantine_left;
        if whole {
            self.quarantine_left -= leaf.len();
        }
        self.quarantine.push(&QuarantineLine {
            schema: crate::record::SCHEMA,
            log,
            index,
            to: None,
            leaf_hash: Some(leaf_hash),
            what: Some(&what),
            bytes: Some(leaf.len()),
            leaf: whole.then(|| STANDARD.encode(leaf)),
        });
    }

    fn extend_run(&mut self, log: &str, index: u64) {
        match &mut self.run {
            Some((_, to)) if *to == index => *to += 1,
            _ => {
                self.end_run(log);
                self.run = Some((index, index + 1));
            }
        }
    }

    fn end_run(&mut self, log: &str) {
        let Some((index, to)) = self.run.take() else { return };
        self.quarantine.push(&QuarantineLine {
            schema: crate::record::SCHEMA,
            log,
            index,
            to: Some(to),
            leaf_hash: None,
            what: None,
            bytes: None,
            leaf: None,
        });
    }

    /// Kinds that decode are few, so are their promises.
    fn bad_promise(&mut self, finding: &Finding) {
        let what = format!("{} {}", finding.kind, finding.version);
        self.promises.entry(what).or_insert((0, finding.index)).0 += 1;
    }

    fn groups(&self) -> Vec<Group> {
        let groups = self.groups.iter().map(|group| (group, false));
        let all = groups.chain(self.promises.iter().map(|group| (group, true)));
        all.map(|((what, (count, first)), promise)| Group {
            what: what.clone(),
            count: *count,
            first: *first,
            promise,
        })
        .collect()
    }
}

/// Kind, version and reason, safe to print.
fn describe(undecodable: &Undecodable) -> String {
    let part = |name: &Option<String>| {
        name.as_deref()
            .map_or_else(|| "unknown".to_owned(), |name| alerts::text::escape(name, 64))
    };
    format!(
        "{} {}: {}",
        part(&undecodable.kind),
        part(&undecodable.version),
        undecodable.reason.name()
    )
}
