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
use crate::steps::scan::{QUARANTINE_BYTES, Scanned, Scanner};
use crate::steps::settle;
use crate::trouble::{Fault, FaultClass, Outcome, Unproven, Violation};
use crate::{LogSource, WatchedLog, record};
use alerts::Finding;
use rules::RuleSet;
use sigstore::{Authorities, LeafKind};
use std::sync::Arc;
use tlog::{Hash, SignedCheckpoint};

/// What a second reading came to.
#[derive(Debug, Clone)]
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
/// object that it was written to. Its signer is judged by `authorities`, those of the trust in force.
///
/// # Errors
/// A fault if it could not be told; what does not verify is in the result.
pub async fn rescan(
    environment: Arc<Environment>,
    asked: (Arc<RuleSet>, Arc<Authorities>),
    log: WatchedLog,
    kind: LogKind,
    source: Arc<dyn LogSource>,
    (from, end): (u64, u64),
    found: &mut dyn FnMut(Finding, &str),
) -> Result<Rescan, Fault> {
    let mut rescan = Rescan::at(from);
    let Some(proven) = open(environment, asked, log, kind, source, &mut rescan).await? else {
        return Ok(rescan);
    };
    if end > proven.head.size {
        let offset = proven.context.log.shard.as_ref().map_or(0, |shard| shard.offset);
        let ends = |own: u64| own.saturating_add(offset);
        let message = format!(
            "the log {} has entries up to {}; the range ends at {}",
            proven.context.log.origin,
            ends(proven.head.size),
            ends(end)
        );
        return Err(Fault {
            class: FaultClass::Configuration,
            message,
            object: None,
        });
    }
    proven.read(&proven.folder, (from, end), &mut rescan, found).await?;
    Ok(rescan)
}

/// A log with a head along which ranges of it may be read.
pub(crate) struct Proven {
    pub(crate) context: LogContext,
    pub(crate) source: Arc<dyn LogSource>,
    pub(crate) head: HeadRef,
    /// Whether our record has a newer one: the log served an old checkpoint.
    pub(crate) is_stale: bool,
    leaves: LeafKind,
    folder: LogFolder,
    note: String,
}

/// Observes the newest checkpoint, and proves it against our head where there is one. `None` if it may not be read along:
/// why, is in `rescan`.
pub(crate) async fn open(
    environment: Arc<Environment>,
    (rules, authorities): (Arc<RuleSet>, Arc<Authorities>),
    log: WatchedLog,
    kind: LogKind,
    source: Arc<dyn LogSource>,
    rescan: &mut Rescan,
) -> Result<Option<Proven>, Fault> {
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
        authorities,
        // A second reading asks no ledger: what a pass has found authorised is told as allowed.
        ledgers: Arc::default(),
        trust: Hash::EMPTY_ROOT,
        config: Hash::EMPTY_ROOT,
        max_alerts: u64::MAX,
    };
    let state: Option<LogState> =
        record::read(context.store(), &LogFolder::new(&context.log.origin, 1).state()).await?;
    let progress = state.as_ref().and_then(|state| state.progress.as_ref());
    let folder = LogFolder::new(&context.log.origin, progress.map_or(1, |progress| progress.epoch));
    let newest = progress.map_or(0, |progress| progress.head.size);
    match head(&context, state, source.as_ref()).await? {
        Head::At(head, note) => Ok(Some(Proven {
            context,
            source,
            head,
            is_stale: head.size < newest,
            leaves,
            folder,
            note,
        })),
        Head::Unproven(unproven) => {
            rescan.ends_unproven(&unproven);
            Ok(None)
        }
        Head::Violation(violation) => {
            let evidence = settle::evidence_record(&violation, &context.log.origin, context.now());
            let name = folder.rescan_evidence(&evidence.id);
            context.store().put_once(&name, &record::encode(&evidence)).await?;
            rescan.objects.push(name);
            rescan.outcome = Outcome::Violation;
            rescan.problem = Some(evidence.shows);
            Ok(None)
        }
    }
}

impl Proven {
    /// Reads a range below the head, and writes what is found under `scans/`, in this folder. What became of it is added
    /// to `rescan`, also where it ends in a fault.
    pub(crate) async fn read(
        &self,
        folder: &LogFolder,
        (from, end): (u64, u64),
        rescan: &mut Rescan,
        found: &mut dyn FnMut(Finding, &str),
    ) -> Result<(), Fault> {
        let context = &self.context;
        rescan.reached = from;
        let frontier = match begin::anchor(self.source.as_ref(), from, self.head).await? {
            Ok((frontier, _)) => frontier,
            Err(unproven) => {
                rescan.ends_unproven(&unproven);
                return Ok(());
            }
        };
        let scanner = Scanner {
            kind: self.leaves,
            rules: Arc::clone(&context.rules),
            authorities: Arc::clone(&context.authorities),
            ledgers: Arc::clone(&context.ledgers),
            log: Arc::from(context.log.origin.as_str()),
            note: Arc::from(self.note.as_str()),
            now: context.now(),
            quarantine_left: QUARANTINE_BYTES,
            keys: Arc::from(context.log.keys.as_slice()),
        };
        let mut reader = Reader::new(
            Arc::clone(&self.source),
            scanner,
            frontier,
            self.head,
            Plan {
                upto: end,
                waits: false,
            },
            context.environment.budget.clone(),
        );
        loop {
            match reader.next().await? {
                Read::Done => return Ok(()),
                Read::Unproven(unproven) => {
                    rescan.ends_unproven(&unproven);
                    return Ok(());
                }
                Read::OutOfTime => {
                    rescan.outcome = rescan.outcome.max(Outcome::Degraded);
                    rescan.problem = Some("the time was spent before the end of the range".to_owned());
                    return Ok(());
                }
                Read::Span(scanned) => {
                    let written = self.write(folder, &scanned, rescan).await?;
                    rescan.counts.add(scanned.counts);
                    rescan.reached = scanned.span.to();
                    let watcher = &context.environment.watcher;
                    watcher.moved(&context.log.origin, rescan.reached, end);
                    let findings = scanned.findings.lines.split(|byte| *byte == b'\n');
                    for mut finding in findings.filter_map(|line| serde_json::from_slice::<Finding>(line).ok()) {
                        if !finding.allowed && is_authorised(context, folder, &finding).await? {
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

    /// Writes what a span holds; the name of the object with its findings.
    async fn write(&self, folder: &LogFolder, scanned: &Scanned, rescan: &mut Rescan) -> Result<String, Fault> {
        let (from, to) = (scanned.span.from, scanned.span.to());
        let outputs = [(&scanned.findings, ""), (&scanned.quarantine, "-quarantine")];
        let mut written = String::new();
        for (output, suffix) in outputs.into_iter().filter(|(output, _)| !output.lines.is_empty()) {
            let pass = format!("{}{suffix}", self.context.environment.pass);
            let name = folder.rescan(&pass, from, to);
            self.context.store().put_once(&name, &output.lines).await?;
            if suffix.is_empty() {
                written.clone_from(&name);
            }
            rescan.objects.push(name);
        }
        Ok(written)
    }
}

impl Rescan {
    /// Nothing is read yet of what begins here.
    pub(crate) fn at(from: u64) -> Self {
        Self {
            outcome: Outcome::Clean,
            reached: from,
            counts: Counts::default(),
            problem: None,
            objects: Vec::new(),
        }
    }

    fn ends_unproven(&mut self, unproven: &Unproven) {
        self.outcome = self.outcome.max(Outcome::Unproven);
        self.problem = Some(unproven.message.clone());
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
