//! The cursor in one pass: spans are read along the head and committed, and during a long catch-up alerts go out.

use super::head::Seen;
use crate::LogSource;
use crate::record::{CheckpointRecord, Progress};
use crate::settings::Limit;
use crate::steps::book::Book;
use crate::steps::commit::{self, Committed};
use crate::steps::deliver::{self, Delivered, Moment};
use crate::steps::plan;
use crate::steps::read::{Read, Reader};
use crate::steps::scan::{QUARANTINE_BYTES, Scanned, Scanner};
use crate::steps::settle::Tally;
use crate::trouble::{Fault, FaultClass};
use core::time::Duration;
use sigstore::LeafKind;
use std::sync::Arc;

/// During a long catch-up alerts go out this often.
const DELIVER_EVERY: Duration = Duration::from_secs(10);

/// How reading ended.
#[derive(PartialEq, Eq)]
pub(super) enum Reading {
    Ended,
    Raced,
}

/// Reads along the head: while one span is committed, the next is fetched and verified.
pub(super) async fn read(
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
            // Another pass on this log may be faster, and this state be loaded again: what was told stays told.
            book.write().await?;
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
            match tally
                .groups
                .iter_mut()
                .find(|known| known.what == group.what && known.promise == group.promise)
            {
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
    // What is left for later of a log whose time is over may not be there later.
    let wait = book.context.log.limits.partial_wait;
    let wait = if book.context.has_ended() {
        Limit::After(0)
    } else {
        wait
    };
    let plan = plan::plan(progress, wait, book.context.now());
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
        authorities: Arc::clone(&book.context.authorities),
        ledgers: Arc::clone(&book.context.ledgers),
        log: Arc::from(book.context.log.origin.as_str()),
        note: Arc::from(note),
        now: book.context.now(),
        quarantine_left: QUARANTINE_BYTES,
        keys: Arc::from(book.context.log.keys.as_slice()),
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
