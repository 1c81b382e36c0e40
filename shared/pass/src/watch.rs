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
use crate::record::{CheckpointRecord, Listed, Progress};
use crate::report::{LogReport, Problem};
use crate::settings::{Limit, LogKind};
use crate::steps::begin::{self, Begun};
use crate::steps::book::Book;
use crate::steps::commit::{self, Committed};
use crate::steps::deliver::{self, Delivered};
use crate::steps::load;
use crate::steps::observe::{self, Observed};
use crate::steps::plan;
use crate::steps::prove::{self, Proved};
use crate::steps::read::{Read, Reader};
use crate::steps::scan::{QUARANTINE_BYTES, Scanned, Scanner};
use crate::steps::settle::{self, Tally};
use crate::trouble::{Fault, FaultClass, Outcome, Unproven};
use alerts::Class;
use core::time::Duration;
use sigstore::LeafKind;
use std::sync::Arc;
use tlog::SignedCheckpoint;

/// Another pass on the same log may win so many times in a row before this one leaves the log to it.
const MAX_RACES: usize = 16;

/// During a long catch-up alerts go out this often.
const DELIVER_EVERY: Duration = Duration::from_secs(10);

/// What a pass over one log leaves for the run.
pub(crate) struct Watched {
    pub(crate) report: LogReport,
    pub(crate) delivered: Delivered,
    /// Whether the record of the log is begun.
    pub(crate) begun: bool,
    /// The tip of its chain, for the public list.
    pub(crate) progress: Option<Progress>,
}

/// Watches one log once.
pub(crate) async fn watch(context: LogContext, source: Arc<dyn LogSource>, kind: LogKind, listed: Listed) -> Watched {
    let mut delivered = Delivered::default();
    let mut tally = Tally::default();
    let mut book = match load::load(context.clone(), listed.begun).await {
        Ok(book) => book,
        Err(fault) => return unloaded(&context, listed.begun, &fault),
    };
    let result = follow(&mut book, &mut tally, &mut delivered, &source, kind, &listed).await;
    if let Err(fault) = result {
        tally.fault.get_or_insert(fault);
    }
    if let Err(fault) = finish(&mut book, &mut tally, &mut delivered).await {
        tally.fault.get_or_insert(fault);
    }
    Watched {
        report: settle::report(&book, &tally),
        delivered,
        begun: book.state.progress.is_some(),
        progress: book.state.progress,
    }
}

fn unloaded(context: &LogContext, begun: bool, fault: &Fault) -> Watched {
    let mut report = LogReport::new(&context.environment.pass, context.now(), Some(&context.log.origin));
    report.worsen(Outcome::Fault, Some(Problem::from(fault)));
    Watched {
        report,
        delivered: Delivered::default(),
        begun,
        progress: None,
    }
}

/// Conditions, delivery, and the state a last time.
async fn finish(book: &mut Book, tally: &mut Tally, delivered: &mut Delivered) -> Result<(), Fault> {
    settle::settle(book, tally).await?;
    book.write().await?;
    deliver::deliver_findings(book, delivered).await?;
    let (now, sinks) = (book.context.now(), book.context.environment.sinks.clone());
    let log = book.context.log.origin.clone();
    deliver::deliver_conditions(&mut book.state.conditions, Some(&log), &sinks, now, delivered).await;
    // Nothing of the head is at stake any more: if another pass moved it, its head stands.
    book.write().await.map(|_| ())
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
        *book = load::load(book.context.clone(), true).await?;
        book.state.conditions = conditions::merge(&conditions, core::mem::take(&mut book.state.conditions));
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
    let observed = match observe::observe(&book.context, source.as_ref()).await {
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
        commit::keep_anomaly(book, &anomaly).await?;
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
    let (position, epoch, restart) = match (&book.state.restart, &book.state.progress) {
        (Some(pending), progress) => {
            let epoch = progress.as_ref().map_or(1, |progress| progress.epoch + 1);
            (pending.from, epoch, Some(pending.restart.clone()))
        }
        (None, None) => (listed.from, 1, None),
        (None, Some(_)) => return Ok(true),
    };
    let restarts = restart.is_some();
    match begin::begin(book, source.as_ref(), observed, position, epoch, restart).await? {
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
        let proved = prove::prove(book, &progress, source.as_ref(), observed).await?;
        tally.proven = matches!(proved, Proved::Same | Proved::Grown(..) | Proved::Stale(_));
        match proved {
            Proved::Same => {
                freeze(book, observed);
                publish(book, observed).await?;
            }
            Proved::Grown(proof, anomaly) => {
                keep(book, tally, anomaly).await?;
                if !commit::commit_head(book, observed, proof).await? {
                    continue;
                }
                tally.grew_after_freeze = progress.frozen.then_some(progress.head.size);
                publish(book, observed).await?;
            }
            Proved::Stale(anomaly) => {
                tally.stale = true;
                keep(book, tally, anomaly).await?;
            }
            Proved::Unproven(unproven) => tally.unproven = Some(unproven),
            Proved::Violation(violation) => tally.violation = Some(violation),
        }
        return Ok(());
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

/// Our latest verified checkpoint, for others to compare: written where another text stands, so that a pass that was cut
/// off before it, or a slower one after it, is put right by the next. Other signatures over the same text are no news.
async fn publish(book: &Book, observed: &SignedCheckpoint) -> Result<(), Fault> {
    let (store, name) = (book.context.store(), book.folder().public_checkpoint());
    let text = |note: &[u8]| {
        note.split(|byte| *byte == b'\n')
            .take_while(|line| !line.is_empty())
            .map(<[u8]>::to_vec)
            .collect::<Vec<_>>()
    };
    let published = store.read(&name, tlog::MAX_NOTE_BYTES).await?;
    if published.is_some_and(|published| text(&published.bytes) == text(observed.note().as_bytes())) {
        return Ok(());
    }
    Ok(store.publish(&name, observed.note().as_bytes()).await?)
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
            deliver::deliver_findings(book, delivered).await?;
            last_delivery = clock.uptime();
        }
        match next? {
            Read::Span(scanned) => ready = Some(scanned),
            Read::Done => {
                tally.read_on = true;
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
    let partial_wait = match book.context.log.limits.partial_wait {
        Limit::After(0) => Limit::After(0),
        patience => patience,
    };
    let plan = plan::plan(progress, partial_wait, book.context.now());
    tally.waits = plan.waits;
    if progress.cursor.position() >= plan.upto {
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
        plan.upto,
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
