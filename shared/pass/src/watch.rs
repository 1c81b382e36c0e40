//! One log in one pass: load ─▶ observe ─▶ authenticate ─▶ prove ─▶ [ … commit ]* ─▶ deliver ─▶ report.
//!
//! What a crash leaves behind, after each step:
//!
//! | after | left behind | the next pass |
//! |---|---|---|
//! | load, observe, prove | nothing | begins again |
//! | `start.json` | a record without a state | rebuilds the state from it, and puts the first checkpoint object |
//! | the state with a new head | a head whose checkpoint is in the state alone | puts the checkpoint object |
//! | a head's checkpoint object, and the state is an older one | a head that the state does not know | finds it by listing, authenticates it, adopts it |
//! | objects of a span | objects that no receipt names | writes its own; the old ones are abandoned |
//! | **the receipt** | a committed span that the state does not know | follows the chain, delivers its findings |
//! | the state | everything committed, alerts owed | delivers what is owed |
//! | some alerts | alerts that the state does not know as delivered | delivers them again, with the same ids |

use crate::LogSource;
use crate::conditions;
use crate::environment::LogContext;
use crate::record::{CheckpointRecord, HeadRef, Listed, Progress, Unsettled};
use crate::report::{LogReport, Problem};
use crate::settings::LogKind;
use crate::steps::begin::{self, Begun};
use crate::steps::book::Book;
use crate::steps::commit::{self, Committed};
use crate::steps::deliver::{self, Delivered, Moment};
use crate::steps::load;
use crate::steps::observe::{self, Observed};
use crate::steps::plan;
use crate::steps::prove::{self, Proved};
use crate::steps::read::{Read, Reader};
use crate::steps::scan::{QUARANTINE_BYTES, Scanned, Scanner};
use crate::steps::settle::{self, Tally};
use crate::steps::tell;
use crate::trouble::{Fault, FaultClass, Outcome, Unproven};
use alerts::Class;
use core::time::Duration;
use sigstore::LeafKind;
use std::sync::Arc;
use tlog::SignedCheckpoint;

/// Another pass on the same log may win so many times in a row before this one leaves the log to it.
const MAX_RACES: usize = 16;

/// Signed checkpoints that are remembered unproven, and the longest of their notes.
const MAX_UNSETTLED: usize = 8;
const MAX_UNSETTLED_BYTES: usize = 128 * 1024;

/// During a long catch-up alerts go out this often.
const DELIVER_EVERY: Duration = Duration::from_secs(10);

/// What a pass over one log leaves for the run.
pub(crate) struct Watched {
    pub(crate) report: LogReport,
    pub(crate) delivered: Delivered,
    /// Head and cursor, once the record of the log is begun.
    pub(crate) progress: Option<Progress>,
    /// Why the log could not even be loaded: then no condition of its own tells of it.
    pub(crate) unloaded: Option<Fault>,
}

/// Watches one log once.
pub(crate) async fn watch(context: LogContext, source: Arc<dyn LogSource>, kind: LogKind, listed: Listed) -> Watched {
    let mut delivered = Delivered::default();
    let mut tally = Tally::default();
    let mut book = match load::load(context.clone(), &listed).await {
        Ok(book) => book,
        Err(fault) => return unloaded(&context, &listed, fault),
    };
    if let Err(fault) = follow(&mut book, &mut tally, &mut delivered, &source, kind, &listed).await {
        tally.fault.get_or_insert(fault);
    }
    finish(&mut book, &mut tally, &mut delivered).await;
    Watched {
        report: settle::report(&book, &tally),
        delivered,
        progress: book.state.progress,
        unloaded: None,
    }
}

fn unloaded(context: &LogContext, listed: &Listed, fault: Fault) -> Watched {
    let mut report = LogReport::new(&context.environment.pass, context.now(), Some(&context.log.origin));
    report.worsen(Outcome::Fault, Some(Problem::from(&fault)));
    tracing::debug!(begun = listed.begun, "a log could not be loaded");
    Watched {
        report,
        delivered: Delivered::default(),
        progress: None,
        unloaded: Some(fault),
    }
}

/// Conditions, the state, findings, what the conditions owe, and the state a last time. None of these waits for another
/// to succeed: what one cannot do is the pass' fault, and the rest is done and told all the same.
async fn finish(book: &mut Book, tally: &mut Tally, delivered: &mut Delivered) {
    let (now, sinks) = (book.context.now(), book.context.environment.sinks.clone());
    let log = book.context.log.origin.clone();
    let settled = settle::settle(book, tally).await;
    // Nothing of the head is at stake any more: if another pass moved it, its head stands.
    let written = book.write().await.map(|_| ());
    let findings = deliver::deliver_findings(book, delivered, Moment::End).await;
    tell::deliver_conditions(&mut book.state.conditions, Some(&log), &sinks, now, delivered).await;
    let told = book.write().await.map(|_| ());
    let fault = tally.fault.take().map_or(Ok(()), Err);
    tally.fault = fault.and(settled).and(written).and(findings).and(told).err();
}

/// Observes, proves and reads, again from the state if another pass was faster.
async fn follow(
    book: &mut Book,
    tally: &mut Tally,
    delivered: &mut Delivered,
    source: &Arc<dyn LogSource>,
    kind: LogKind,
    listed: &Listed,
) -> Result<(), Fault> {
    let Some(leaves) = kind.leaves() else { return Ok(()) };
    let mut races = 0;
    loop {
        let cursor = book
            .state
            .progress
            .as_ref()
            .map_or(0, |progress| progress.cursor.position());
        let Some(observed) = head(book, tally, source, listed).await? else {
            return Ok(());
        };
        if read(book, tally, delivered, source, leaves, &observed).await? == Reading::Ended {
            return Ok(());
        }
        // Cloned: if loading fails, what is written then must not have forgotten them.
        let conditions = book.state.conditions.clone();
        let published = book.state.progress.as_ref().and_then(|progress| progress.published);
        let again = Listed {
            begun: true,
            ..listed.clone()
        };
        *book = load::load(book.context.clone(), &again).await?;
        book.state.conditions = conditions::merge(&conditions, core::mem::take(&mut book.state.conditions));
        if let Some(progress) = &mut book.state.progress
            && progress.published != published
        {
            // Both have published, and the slower one's stands: the next pass publishes again.
            progress.published = None;
        }
        let moved = book
            .state
            .progress
            .as_ref()
            .map_or(0, |progress| progress.cursor.position())
            > cursor;
        races = if moved { 0 } else { races + 1 };
        if races >= MAX_RACES {
            tracing::info!(log = %book.context.log.origin.escape_debug(), "another pass reads this log; it is left to it");
            return Ok(());
        }
    }
}

/// Observes and proves. `None` if there is nothing to read along.
async fn head(
    book: &mut Book,
    tally: &mut Tally,
    source: &Arc<dyn LogSource>,
    listed: &Listed,
) -> Result<Option<Seen>, Fault> {
    let observing = observe::observe(&book.context, source.as_ref());
    let observed = match book.context.within_budget(source.as_ref(), observing).await {
        Ok(Observed::Authentic(signed, anomaly)) => {
            tally.observed = true;
            keep(book, tally, anomaly).await?;
            Some(signed)
        }
        Ok(Observed::Unproven(unproven)) => {
            tally.unproven = Some(unproven);
            None
        }
        Err(fault) if is_final(book) && fault.class == FaultClass::Source => {
            tally.is_final = true;
            return Ok(None);
        }
        Err(fault) => return Err(fault),
    };
    if let Some(observed) = &observed {
        if let Some(violation) = prove::impossible(book, observed) {
            tally.violation = Some(Box::new(violation));
            return Ok(None);
        }
        if !begin_if_needed(book, tally, source, observed, listed).await? {
            return Ok(None);
        }
        prove_head(book, tally, source, observed).await?;
        prove_unsettled(book, tally, source).await?;
        tally.is_final = is_final(book);
    }
    Ok(book.state.progress.is_some().then_some(Seen(observed)))
}

/// The authentic checkpoint of this pass, if there was one.
struct Seen(Option<SignedCheckpoint>);

fn is_final(book: &Book) -> bool {
    book.state
        .progress
        .as_ref()
        .is_some_and(|p| p.frozen && p.cursor.position() == p.head.size)
}

async fn keep(book: &Book, tally: &mut Tally, anomaly: Option<Unproven>) -> Result<(), Fault> {
    if let Some(anomaly) = anomaly {
        tally.anomalies += 1;
        commit::put_anomaly(book, &anomaly).await?;
    }
    Ok(())
}

/// Begins the first epoch, or the one that an operator asked for.
async fn begin_if_needed(
    book: &mut Book,
    tally: &mut Tally,
    source: &Arc<dyn LogSource>,
    observed: &SignedCheckpoint,
    listed: &Listed,
) -> Result<bool, Fault> {
    let (position, restart) = match (&book.state.restart, &book.state.progress) {
        (Some(pending), _) => (pending.from, Some(pending.restart.clone())),
        (None, None) => (listed.from, None),
        (None, Some(_)) => return Ok(true),
    };
    let restarts = restart.is_some();
    match begin::begin(book, source.as_ref(), observed, position, restart).await? {
        Begun::Yes => {
            if restarts {
                let now = book.context.now();
                for class in [
                    Class::Violation,
                    Class::Unproven,
                    Class::GrewAfterFreeze,
                    Class::NoGrowth,
                    Class::Behind,
                ] {
                    conditions::end(&mut book.state.conditions, class, &[], now);
                }
            }
            Ok(true)
        }
        Begun::Unproven(unproven) => {
            tally.unproven = Some(unproven);
            Ok(false)
        }
    }
}

async fn prove_head(
    book: &mut Book,
    tally: &mut Tally,
    source: &Arc<dyn LogSource>,
    observed: &SignedCheckpoint,
) -> Result<(), Fault> {
    for _ in 0..MAX_RACES {
        let Some(progress) = book.state.progress.clone() else {
            return Ok(());
        };
        let proving = prove::prove(book, &progress, source.as_ref(), observed);
        let proved = match book.context.within_budget(source.as_ref(), proving).await {
            Ok(proved) => proved,
            Err(fault) => {
                remember(book, observed);
                return Err(fault);
            }
        };
        tally.proven = matches!(proved, Proved::Same | Proved::Grown(..) | Proved::Stale(_));
        match proved {
            Proved::Same => {
                freeze(book, observed);
                publish(book, tally, observed).await;
            }
            Proved::Grown(proof, anomaly) => {
                keep(book, tally, anomaly).await?;
                if !commit::commit_head(book, observed, proof).await? {
                    continue;
                }
                publish(book, tally, observed).await;
            }
            Proved::Stale(anomaly) => {
                tally.stale = true;
                keep(book, tally, anomaly).await?;
            }
            Proved::Unproven(unproven) => {
                remember(book, observed);
                tally.unproven = Some(unproven);
            }
            Proved::Violation(violation) => tally.violation = Some(violation),
        }
        return Ok(());
    }
    Ok(())
}

/// Keeps a checkpoint that the log signed and that could not be proven: later, when the log has grown past it or serves
/// its tree again, it is.
fn remember(book: &mut Book, observed: &SignedCheckpoint) {
    let Some(progress) = book.state.progress.as_mut() else {
        return;
    };
    let head = HeadRef {
        size: observed.size(),
        root: observed.root(),
    };
    let known = head == progress.head || progress.unsettled.iter().any(|unsettled| unsettled.head == head);
    if !known && progress.unsettled.len() < MAX_UNSETTLED && observed.note().len() <= MAX_UNSETTLED_BYTES {
        progress.unsettled.push(Unsettled {
            head,
            note: observed.note().to_owned(),
        });
    }
}

/// Tries again to prove what was seen signed earlier. What still cannot be proven stays; it is no fault of this pass.
async fn prove_unsettled(book: &mut Book, tally: &mut Tally, source: &Arc<dyn LogSource>) -> Result<(), Fault> {
    let Some(progress) = book.state.progress.clone() else {
        return Ok(());
    };
    let within = progress
        .unsettled
        .iter()
        .filter(|unsettled| unsettled.head.size <= progress.head.size);
    for unsettled in within {
        let (origin, keys) = (&book.context.log.origin, &book.context.log.keys);
        let Ok(signed) = SignedCheckpoint::open(unsettled.note.as_bytes(), origin, keys) else {
            continue;
        };
        let proving = prove::prove(book, &progress, source.as_ref(), &signed);
        let settled = match book.context.within_budget(source.as_ref(), proving).await {
            Ok(Proved::Same | Proved::Stale(_) | Proved::Grown(..)) => true,
            Ok(Proved::Violation(violation)) => {
                tally.violation.get_or_insert(violation);
                true
            }
            Ok(Proved::Unproven(_)) | Err(_) => false,
        };
        if let Some(progress) = book.state.progress.as_mut().filter(|_| settled) {
            progress.unsettled.retain(|known| known != unsettled);
        }
    }
    Ok(())
}

/// The head's size and root may be signed once more with the note that the log is frozen.
fn freeze(book: &mut Book, observed: &SignedCheckpoint) {
    if observed.checkpoint().is_frozen()
        && let Some(progress) = book.state.progress.as_mut()
    {
        progress.frozen = true;
    }
}

/// Our latest verified checkpoint, for others to compare: put wherever the state does not know that it was, so that a
/// pass that was cut off before it is put right by the next. It is derived from the record, and never stops the watch.
async fn publish(book: &mut Book, tally: &mut Tally, observed: &SignedCheckpoint) {
    let head = HeadRef {
        size: observed.size(),
        root: observed.root(),
    };
    if book
        .state
        .progress
        .as_ref()
        .is_none_or(|progress| progress.published == Some(head))
    {
        return;
    }
    let name = book.folder().public_checkpoint();
    match book.context.store().publish(&name, observed.note().as_bytes()).await {
        Ok(()) => {
            if let Some(progress) = book.state.progress.as_mut() {
                progress.published = Some(head);
            }
        }
        Err(error) => tally.notes.push(format!(
            "{name} could not be published: {}",
            crate::trouble::chain(&error)
        )),
    }
}

/// How reading ended.
#[derive(PartialEq, Eq)]
enum Reading {
    Ended,
    Raced,
}

/// Reads along the head: while one span is committed, the next is fetched and verified.
async fn read(
    book: &mut Book,
    tally: &mut Tally,
    delivered: &mut Delivered,
    source: &Arc<dyn LogSource>,
    leaves: LeafKind,
    observed: &Seen,
) -> Result<Reading, Fault> {
    let Some(mut reader) = reader(book, tally, source, leaves, observed).await? else {
        return Ok(Reading::Ended);
    };
    let clock = Arc::clone(&book.context.environment.clock);
    let mut last_delivery = clock.uptime();
    let mut ready: Option<Box<Scanned>> = None;
    loop {
        let (next, committed) = futures::join!(reader.next(), commit_ready(book, tally, ready.take()));
        if committed? == Committed::Elsewhere {
            return Ok(Reading::Raced);
        }
        if clock.uptime().saturating_sub(last_delivery) >= DELIVER_EVERY {
            deliver::deliver_findings(book, delivered, Moment::Between).await?;
            last_delivery = clock.uptime();
        }
        match next? {
            Read::Span(scanned) => ready = Some(scanned),
            Read::Done => {
                tally.read_on = true;
                tally.waits = reader.waits();
                return Ok(Reading::Ended);
            }
            Read::OutOfTime => {
                tally.out_of_time = true;
                return Ok(Reading::Ended);
            }
            Read::Unproven(unproven) => {
                // What condemns the checkpoint is worse than what condemns the entries that it promised.
                tally.unproven.get_or_insert(unproven);
                return Ok(Reading::Ended);
            }
        }
    }
}

async fn commit_ready(book: &mut Book, tally: &mut Tally, ready: Option<Box<Scanned>>) -> Result<Committed, Fault> {
    let Some(scanned) = ready else {
        return Ok(Committed::Ours);
    };
    let committed = commit::commit_span(book, &scanned).await?;
    if committed == Committed::Ours {
        tally.read_on = true;
        tally.counts.add(scanned.counts);
        tally.anomalies += u64::from(scanned.anomaly.is_some());
        for group in scanned.groups {
            match tally.groups.iter_mut().find(|known| known.what == group.what) {
                Some(known) => known.count += group.count,
                None => tally.groups.push(group),
            }
        }
    }
    if let Some(progress) = &book.state.progress {
        let (cursor, head) = (progress.cursor.position(), progress.head.size);
        book.context
            .environment
            .watcher
            .moved(&book.context.log.origin, cursor, head);
    }
    Ok(committed)
}

/// A reader from the cursor to where the plan says, if there is anything to read.
async fn reader(
    book: &Book,
    tally: &mut Tally,
    source: &Arc<dyn LogSource>,
    leaves: LeafKind,
    Seen(observed): &Seen,
) -> Result<Option<Reader>, Fault> {
    let Some(progress) = &book.state.progress else {
        return Ok(None);
    };
    let plan = plan::plan(progress, book.context.log.limits.partial_wait, book.context.now());
    if progress.cursor.position() >= plan.upto {
        tally.waits = plan.waits;
        tally.read_on = true;
        return Ok(None);
    }
    let observed = observed
        .as_ref()
        .filter(|seen| seen.size() == progress.head.size && seen.root() == progress.head.root);
    let note = match observed {
        Some(observed) => observed.note().to_owned(),
        None => note_of(book, progress).await?,
    };
    let scanner = Scanner {
        kind: leaves,
        rules: Arc::clone(&book.context.rules),
        log: Arc::from(book.context.log.origin.as_str()),
        note: Arc::from(note),
        now: book.context.now(),
        quarantine_left: QUARANTINE_BYTES,
    };
    let budget = book.context.environment.budget.clone();
    let frontier = progress.cursor.frontier.clone();
    Ok(Some(Reader::new(
        Arc::clone(source),
        scanner,
        frontier,
        progress.head,
        plan,
        budget,
    )))
}

async fn note_of(book: &Book, progress: &Progress) -> Result<String, Fault> {
    let name = book.folder().checkpoint(progress.head.size, &progress.head.root);
    match crate::record::read::<CheckpointRecord>(book.context.store(), &name).await? {
        Some(record) => Ok(record.note),
        None => {
            let message = format!(
                "{name}, the newest head, is gone from {}. Restore it, or run `rekor-sentinel verify`",
                book.context.store().place()
            );
            Err(Fault::new(FaultClass::Record, &name, message))
        }
    }
}
