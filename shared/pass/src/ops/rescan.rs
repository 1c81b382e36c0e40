//! `scan`: a range of a log, read again and proven; it moves nothing.
//!
//! The range is anchored to the newest checkpoint that is authentic and, where there is a head, proven against it; the
//! entries are verified and matched by the same steps as in a pass. What is found is written under `scans/`, in the folder
//! of the log's epoch; so is the evidence of a violation, which the next pass will see and keep for itself.

use crate::environment::{Environment, LogContext};
use crate::names::LogFolder;
use crate::record::{Authorised, Counts, HeadRef, LogState};
use crate::settings::LogKind;
use crate::steps::begin;
use crate::steps::book::Book;
use crate::steps::observe::{self, Observed};
use crate::steps::plan::Plan;
use crate::steps::prove::{self, Proved};
use crate::steps::read::{Read, Reader};
use crate::steps::scan::{QUARANTINE_BYTES, Scanner};
use crate::steps::settle;
use crate::trouble::{Fault, FaultClass, Outcome, Unproven, Violation};
use crate::{LogSource, WatchedLog, record};
use alerts::Finding;
use rules::RuleSet;
use std::sync::Arc;
use tlog::{Hash, SignedCheckpoint};

/// What a second reading came to.
#[derive(Debug)]
pub struct Rescan {
    /// The worst that happened.
    pub outcome: Outcome,
    /// Up to where the range was read and proven.
    pub reached: u64,
    /// What came of it.
    pub counts: Counts,
    /// Why it ended before the end of the range, if it did.
    pub problem: Option<String>,
    /// The objects that were written.
    pub objects: Vec<String>,
}

/// Reads `[from, end)` of a log. Every finding is handed to `found` as soon as its span is proven, with the name of the
/// object that it was written to.
///
/// # Errors
/// A fault if it could not be told; what does not verify is in the result.
pub async fn rescan(
    environment: Arc<Environment>,
    rules: Arc<RuleSet>,
    log: WatchedLog,
    kind: LogKind,
    source: Arc<dyn LogSource>,
    (from, end): (u64, u64),
    found: &mut dyn FnMut(Finding, &str),
) -> Result<Rescan, Fault> {
    let Some(leaves) = kind.leaves() else {
        let message = format!("this version does not read logs of kind {} yet", kind.word());
        return Err(Fault {
            class: FaultClass::Configuration,
            message,
            object: None,
        });
    };
    let context = LogContext {
        environment,
        log,
        rules,
        // A second reading asks no ledger: what a pass has found authorised is told as allowed.
        ledgers: Arc::default(),
        trust: Hash::EMPTY_ROOT,
        config: Hash::EMPTY_ROOT,
        max_alerts: u64::MAX,
    };
    let mut rescan = Rescan {
        outcome: Outcome::Clean,
        reached: from,
        counts: Counts::default(),
        problem: None,
        objects: Vec::new(),
    };
    let state: Option<LogState> =
        record::read(context.store(), &LogFolder::new(&context.log.origin, 1).state()).await?;
    let progress = state.as_ref().and_then(|state| state.progress.as_ref());
    let folder = LogFolder::new(&context.log.origin, progress.map_or(1, |progress| progress.epoch));
    let (head, note) = match head(&context, state, source.as_ref()).await? {
        Head::At(head, note) => (head, note),
        Head::Unproven(unproven) => return Ok(unproven_at(rescan, &unproven)),
        Head::Violation(violation) => {
            let evidence = settle::evidence_record(&violation, &context.log.origin, context.now());
            let name = folder.rescan_evidence(&evidence.id);
            context.store().put_once(&name, &record::encode(&evidence)).await?;
            rescan.objects.push(name);
            rescan.outcome = Outcome::Violation;
            rescan.problem = Some(evidence.shows);
            return Ok(rescan);
        }
    };
    if end > head.size {
        let offset = context.log.shard.as_ref().map_or(0, |shard| shard.offset);
        let ends = |own: u64| own.saturating_add(offset);
        let message = format!(
            "the log {} has entries up to {}; the range ends at {}",
            context.log.origin,
            ends(head.size),
            ends(end)
        );
        return Err(Fault {
            class: FaultClass::Configuration,
            message,
            object: None,
        });
    }
    let frontier = match begin::anchor(source.as_ref(), from, head).await? {
        Ok((frontier, _)) => frontier,
        Err(unproven) => return Ok(unproven_at(rescan, &unproven)),
    };
    let scanner = Scanner {
        kind: leaves,
        rules: Arc::clone(&context.rules),
        ledgers: Arc::clone(&context.ledgers),
        log: Arc::from(context.log.origin.as_str()),
        note: Arc::from(note),
        now: context.now(),
        quarantine_left: QUARANTINE_BYTES,
        keys: Arc::from(context.log.keys.as_slice()),
    };
    let mut reader = Reader::new(
        source,
        scanner,
        frontier,
        head,
        Plan {
            upto: end,
            waits: false,
        },
        context.environment.budget.clone(),
    );
    loop {
        match reader.next().await? {
            Read::Done => return Ok(rescan),
            Read::Unproven(unproven) => return Ok(unproven_at(rescan, &unproven)),
            Read::OutOfTime => {
                rescan.outcome = rescan.outcome.max(Outcome::Degraded);
                rescan.problem = Some("the time was spent before the end of the range".to_owned());
                return Ok(rescan);
            }
            Read::Span(scanned) => {
                let (from, to) = (scanned.span.from, scanned.span.to());
                let outputs = [(&scanned.findings, ""), (&scanned.quarantine, "-quarantine")];
                let mut written = String::new();
                for (output, suffix) in outputs.into_iter().filter(|(output, _)| !output.lines.is_empty()) {
                    let pass = format!("{}{suffix}", context.environment.pass);
                    let name = folder.rescan(&pass, from, to);
                    context.store().put_once(&name, &output.lines).await?;
                    if suffix.is_empty() {
                        written.clone_from(&name);
                    }
                    rescan.objects.push(name);
                }
                rescan.counts.add(scanned.counts);
                rescan.reached = to;
                context
                    .environment
                    .watcher
                    .moved(&context.log.origin, rescan.reached, end);
                let findings = scanned.findings.lines.split(|byte| *byte == b'\n');
                for mut finding in findings.filter_map(|line| serde_json::from_slice::<Finding>(line).ok()) {
                    if !finding.allowed && is_authorised(&context, &folder, &finding).await? {
                        finding.allowed = true;
                        rescan.counts.findings = rescan.counts.findings.saturating_sub(1);
                        rescan.counts.allowed = rescan.counts.allowed.saturating_add(1);
                    }
                    found(finding, &written);
                }
                rescan.outcome = rescan.outcome.max(outcome_of(&rescan.counts));
            }
        }
    }
}

/// Whether a pass has put down that a ledger explains it. No ledger is asked here.
async fn is_authorised(context: &LogContext, folder: &LogFolder, finding: &Finding) -> Result<bool, Fault> {
    if context.rules.ledgers().is_empty() {
        return Ok(false);
    }
    let known = record::read::<Authorised>(context.store(), &folder.authorised(&finding.id)).await?;
    Ok(known.is_some())
}

fn outcome_of(counts: &Counts) -> Outcome {
    if counts.quarantined > 0 {
        Outcome::Degraded
    } else if counts.findings > 0 {
        Outcome::Findings
    } else {
        Outcome::Clean
    }
}

fn unproven_at(rescan: Rescan, unproven: &Unproven) -> Rescan {
    Rescan {
        outcome: Outcome::Unproven,
        problem: Some(unproven.message.clone()),
        ..rescan
    }
}

/// Along which checkpoint a range may be read.
enum Head {
    /// Authentic, and proven against our head where there is one; its signed note.
    At(HeadRef, String),
    Unproven(Unproven),
    Violation(Box<Violation>),
}

/// The newest checkpoint that may be read along.
async fn head(context: &LogContext, state: Option<LogState>, source: &dyn LogSource) -> Result<Head, Fault> {
    let observed = match observe::observe(context, source).await? {
        Observed::Authentic(signed, _) => signed,
        Observed::Unproven(unproven) => return Ok(Head::Unproven(unproven)),
    };
    let seen = |signed: &SignedCheckpoint| {
        let (size, root) = (signed.size(), signed.root());
        Head::At(HeadRef { size, root }, signed.note().to_owned())
    };
    let Some((state, progress)) = state.and_then(|state| state.progress.clone().map(|progress| (state, progress)))
    else {
        return Ok(seen(&observed));
    };
    let book = Book::new(context.clone(), state, None);
    Ok(match prove::prove(&book, &progress, source, &observed).await? {
        Proved::Same | Proved::Grown(..) | Proved::Stale(_) => seen(&observed),
        Proved::Unproven(unproven) => Head::Unproven(unproven),
        Proved::Violation(violation) => Head::Violation(violation),
    })
}
