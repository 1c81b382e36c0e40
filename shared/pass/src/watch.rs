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
//! | entries that ledgers are asked about | true words of a span that no receipt names | finds them there |
//! | **the receipt** | a committed span that the state does not know | follows the chain, delivers its findings |
//! | the state | everything committed, alerts owed | delivers what is owed |
//! | that a finding is authorised | an object that the state does not know | finds it, and tells nobody |
//! | some alerts | alerts that the state does not know as delivered | delivers them again, with the same ids |

mod head;
mod read;

use crate::LogSource;
use crate::conditions;
use crate::environment::LogContext;
use crate::measures::LogMeasures;
use crate::record::{Listed, Progress};
use crate::report::{LogReport, Problem};
use crate::settings::LogKind;
use crate::steps::book::Book;
use crate::steps::deliver::{self, Delivered, Moment};
use crate::steps::load;
use crate::steps::settle::{self, Tally};
use crate::steps::tell;
use crate::steps::views::{self, Looked, View};
use crate::trouble::{Fault, Outcome};
use alerts::Class;
use head::{Seen, head};
use read::{Reading, read};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Another pass on the same log may win so many times in a row before this one leaves the log to it.
const MAX_RACES: usize = 16;

/// What a pass over one log leaves for the run.
pub(crate) struct Watched {
    pub(crate) report: LogReport,
    pub(crate) delivered: Delivered,
    /// Head and cursor, once the record of the log is begun.
    pub(crate) progress: Option<Progress>,
    /// Why the log could not even be loaded: then no condition of its own tells of it.
    pub(crate) unloaded: Option<Fault>,
    /// What was measured, if it could be loaded.
    pub(crate) measures: Option<LogMeasures>,
    /// Alerts about the log that each sink ever took.
    pub(crate) told: BTreeMap<String, u64>,
}

/// Watches one log once.
pub(crate) async fn watch(
    context: LogContext,
    source: Arc<dyn LogSource>,
    kind: LogKind,
    listed: Listed,
    views: Vec<View>,
) -> Watched {
    let mut delivered = Delivered::default();
    let mut tally = Tally::default();
    let mut book = match load::load(context.clone(), &listed).await {
        Ok(book) => book,
        Err(fault) => return unloaded(&context, &listed, fault),
    };
    let known = violations(&book);
    if let Err(fault) = follow(&mut book, &mut tally, &mut delivered, &source, kind, &listed, views).await {
        tally.fault.get_or_insert(fault);
    }
    finish(&mut book, &mut tally, &mut delivered).await;
    let mut report = settle::report(&book, &tally, &delivered.ruled);
    let found = violations(&book).into_iter().filter(|found| !known.contains(found));
    report.new_violations = u64::try_from(found.count()).unwrap_or(u64::MAX);
    Watched {
        report,
        delivered,
        measures: Some(measures(&book, &tally, &listed)),
        told: told(&book),
        progress: book.state.progress,
        unloaded: None,
    }
}

/// The violations that are on record, whatever became of them.
fn violations(book: &Book) -> Vec<String> {
    let violations = book
        .state
        .conditions
        .iter()
        .filter(|held| held.class == Class::Violation);
    violations.map(|held| held.detail.clone()).collect()
}

fn told(book: &Book) -> BTreeMap<String, u64> {
    let delivery = book.state.delivery.iter();
    delivery.map(|(sink, delivery)| (sink.clone(), delivery.told)).collect()
}

fn measures(book: &Book, tally: &Tally, listed: &Listed) -> LogMeasures {
    let (now, sinks) = (book.context.now(), &book.context.environment.sinks);
    let owed = tell::count_owed(&book.state.conditions, sinks, now);
    LogMeasures {
        undelivered: owed.saturating_add(deliver::owed(&book.state, sinks)),
        unproven: tally.is_unproven(),
        fault: tally.fault.is_some(),
        ..LogMeasures::of(&book.state, listed.since, tally.waits, now)
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
        measures: None,
        told: BTreeMap::new(),
    }
}

/// Conditions, the state, findings, what the conditions owe, and the state a last time. None of these waits for another
/// to succeed: what one cannot do is the pass' fault, and the rest is done and told all the same.
async fn finish(book: &mut Book, tally: &mut Tally, delivered: &mut Delivered) {
    let (now, sinks) = (book.context.now(), book.context.environment.sinks.clone());
    let log = book.context.log.origin.clone();
    settle::settle_verified(book, tally);
    let settled = settle::settle(book, tally).await;
    // Nothing of the head is at stake any more: if another pass moved it, its head stands.
    let written = book.write().await.map(|_| ());
    let findings = deliver::deliver_findings(book, delivered, Moment::End).await;
    tell::deliver_conditions(&mut book.state.conditions, Some(&log), &sinks, now, delivered).await;
    for (sink, told) in core::mem::take(&mut delivered.told) {
        if let Some(delivery) = book.state.delivery.get_mut(&sink) {
            delivery.told = delivery.told.saturating_add(told);
        }
    }
    let told = book.write().await.map(|_| ());
    let fault = tally.fault.take().map_or(Ok(()), Err);
    tally.fault = fault.and(settled).and(written).and(findings).and(told).err();
}

/// What others were shown against what we were. A view decides nothing about the rest of the pass.
async fn compare(
    book: &mut Book,
    tally: &mut Tally,
    source: &Arc<dyn LogSource>,
    looked: &[Looked],
    observed: &Result<Option<Seen>, Fault>,
) {
    let signed = observed.as_ref().ok().and_then(|seen| seen.as_ref()?.0.as_ref());
    tally.views = views::compare(book, source.as_ref(), looked, signed, tally.is_final).await;
}

/// Observes, proves and reads, again from the state if another pass was faster.
async fn follow(
    book: &mut Book,
    tally: &mut Tally,
    delivered: &mut Delivered,
    source: &Arc<dyn LogSource>,
    kind: LogKind,
    listed: &Listed,
    views: Vec<View>,
) -> Result<(), Fault> {
    let Some(leaves) = kind.leaves() else { return Ok(()) };
    let (mut races, mut views) = (0, Some(views));
    loop {
        let cursor = book
            .state
            .progress
            .as_ref()
            .map_or(0, |progress| progress.cursor.position());
        // Other observers are asked while the log is, once in a pass.
        let asked = views.take();
        let looking = async {
            match &asked {
                Some(views) => Some(views::look(views).await),
                None => None,
            }
        };
        let (observed, looked) = futures::join!(head(book, tally, source, listed), looking);
        if let Some(looked) = looked {
            compare(book, tally, source, &looked, &observed).await;
        }
        let Some(observed) = observed? else {
            return Ok(());
        };
        if read(book, tally, delivered, source, leaves, &observed).await? == Reading::Ended {
            return Ok(());
        }
        // Cloned: if loading fails, what is written then must not have forgotten them.
        let (conditions, observers) = (book.state.conditions.clone(), book.state.observers.clone());
        let published = book.state.progress.as_ref().and_then(|progress| progress.published);
        let again = Listed {
            begun: true,
            ..listed.clone()
        };
        *book = load::load(book.context.clone(), &again).await?;
        book.state.conditions = conditions::merge(&conditions, core::mem::take(&mut book.state.conditions));
        book.state.observers.merge(&observers);
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
