//! The explicit bootstrap: where a log's watching begins, anchored to its first proven head.
//!
//! `start.json` is put once, with the head's checkpoint inside: of two passes that race, one begins and the other adopts.
//! The checkpoint object and the state follow. A crash after the start leaves a record without a state, which the next
//! pass rebuilds, the checkpoint object with it.

use super::book::Book;
use super::chain::{anchored_start, from_start};
use crate::environment::LogContext;
use crate::names::LogFolder;
use crate::record::{self, CheckpointRecord, HeadRef, Restart, SCHEMA, Start};
use crate::settings::Position;
use crate::trouble::{Fault, FaultClass, SourceTrouble, Step, Unproven};
use crate::{Freshness, LogSource, PutOnce};
use tlog::{Frontier, Hash, SignedCheckpoint};

/// What came of beginning.
pub(crate) enum Begun {
    /// The state has progress now; begun anew, or by another pass.
    Yes,
    /// The position could not be anchored to the signed root, twice.
    Unproven(Unproven),
}

/// Begins an epoch at `position`, anchored to `observed`: the first one, or the next one if there is a `restart`.
pub(crate) async fn begin(
    book: &mut Book,
    source: &dyn LogSource,
    observed: &SignedCheckpoint,
    position: Position,
    restart: Option<Restart>,
) -> Result<Begun, Fault> {
    let head = HeadRef {
        size: observed.size(),
        root: observed.root(),
    };
    let at = match position {
        Position::Head => head.size,
        Position::Index(index) => index,
    };
    if at > head.size {
        return Err(beyond(&book.context.log.origin, at, head.size));
    }
    let anchoring = anchor(source, at, head);
    let (frontier, proof) = match book.context.within_budget(source, anchoring).await? {
        Ok(anchored) => anchored,
        Err(unproven) => return Ok(Begun::Unproven(unproven)),
    };
    let restart = restart.map(|restart| at_the_end_of(book, restart));
    let folder = free_folder(book, restart.as_ref()).await?;
    let (now, pass, log) = (
        book.context.now(),
        book.context.environment.pass.clone(),
        book.context.log.origin.clone(),
    );
    let checkpoint = CheckpointRecord::first(&folder, observed, now);
    let epoch = folder.epoch();
    let start = Start {
        schema: SCHEMA,
        log,
        epoch,
        frontier,
        head,
        proof,
        checkpoint,
        time: now,
        pass,
        restart,
    };
    let (start, bytes) = put(book, &folder, start).await?;
    put_checkpoint(&book.context, &folder, &start).await?;
    let mut progress = from_start(&start, &bytes);
    progress.frozen = start.head == head && book.context.is_last(observed);
    let first = record::Delivery {
        epoch,
        watermark: progress.start,
        ..record::Delivery::default()
    };
    book.state.progress = Some(progress);
    book.state.restart = None;
    for sink in &book.context.environment.sinks {
        // A sink that is owed something of an older epoch goes on there.
        book.state
            .delivery
            .entry(sink.name().to_owned())
            .or_insert_with(|| first.clone());
    }
    // A clash means that the other pass has begun this epoch and gone on: its head stands.
    let _either = book.write().await?;
    Ok(Begun::Yes)
}

/// The restart as it happens: the epoch that it leaves may have gone on since it was asked for.
fn at_the_end_of(book: &Book, restart: Restart) -> Restart {
    let Some(progress) = &book.state.progress else {
        return restart;
    };
    Restart {
        previous_head: Some(progress.head),
        previous_cursor: Some(progress.cursor.position()),
        previous_tip: Some(progress.cursor.tip),
        ..restart
    }
}

/// The folder of the epoch to begin: the first one behind the epoch in force that is empty, or that another pass has
/// begun for the same restart. What is left of a record that is gone is never taken for a new one, and an epoch whose
/// record is gone without a trace is not begun a second time: what the sinks were given of it has nothing to do with
/// the new one.
async fn free_folder(book: &Book, restart: Option<&Restart>) -> Result<LogFolder, Fault> {
    let in_force = book.state.progress.as_ref().map_or(0, |progress| progress.epoch);
    let mut folder = LogFolder::new(&book.context.log.origin, in_force.saturating_add(1));
    let Some(restart) = restart else { return Ok(folder) };
    loop {
        let start: Option<Start> = record::read(book.context.store(), &folder.start()).await?;
        let same =
            |theirs: &Restart| (&theirs.by, &theirs.reason, theirs.at) == (&restart.by, &restart.reason, restart.at);
        let ours = start.is_some_and(|start| start.restart.as_ref().is_some_and(same));
        if ours
            || book
                .context
                .store()
                .list(&folder.all(), &folder.all(), 1)
                .await?
                .is_empty()
        {
            return Ok(folder);
        }
        folder = folder.with_epoch(folder.epoch().saturating_add(1));
    }
}

/// Puts the checkpoint object of a start; it may be there already.
pub(crate) async fn put_checkpoint(context: &LogContext, folder: &LogFolder, start: &Start) -> Result<(), Fault> {
    let name = folder.checkpoint(start.head.size, &start.head.root);
    context
        .store()
        .put_once(&name, &record::encode(&start.checkpoint))
        .await?;
    Ok(())
}

async fn put(book: &Book, folder: &LogFolder, start: Start) -> Result<(Start, Vec<u8>), Fault> {
    let name = folder.start();
    let bytes = record::encode(&start);
    match book.context.store().put_once(&name, &bytes).await? {
        PutOnce::Created => Ok((start, bytes)),
        PutOnce::Exists => {
            let theirs = book
                .context
                .store()
                .read(&name, <Start as record::Document>::MAX_BYTES)
                .await?;
            let bytes = theirs.map(|object| object.bytes).unwrap_or_default();
            Ok((anchored_start(folder, &bytes)?, bytes))
        }
    }
}

type Anchored = Result<(Frontier, Vec<Hash>), Unproven>;

/// The frontier at `at` and what leads from it to `head`, verified. Position 0 needs no proof.
pub(crate) async fn anchor(source: &dyn LogSource, at: u64, head: HeadRef) -> Result<Anchored, Fault> {
    if at == 0 {
        return Ok(Ok((Frontier::empty(), Vec::new())));
    }
    let mut last = Err(Unproven {
        step: Step::Start,
        message: format!(
            "the position {at} could not be anchored to the root signed at size {}",
            head.size
        ),
        object: Some(source.place().to_owned()),
        served: Vec::new(),
        first_index: None,
    });
    for freshness in [Freshness::Cached, Freshness::PastCaches] {
        match source
            .anchor(at, head.size, freshness)
            .await
            .map_err(SourceTrouble::from)
        {
            Err(SourceTrouble::Fault(fault)) => return Err(fault),
            Err(SourceTrouble::Malformed(unproven)) => {
                last = Err(Unproven {
                    step: Step::Start,
                    ..unproven
                });
            }
            Ok(anchor) => {
                if anchor.frontier.root_with(&anchor.rest, head.size).ok() == Some(head.root) {
                    return Ok(Ok((anchor.frontier, anchor.rest)));
                }
            }
        }
    }
    Ok(last)
}

fn beyond(origin: &str, at: u64, size: u64) -> Fault {
    let message = format!(
        "the log {origin} is to be watched from {at}, but has only {size} entries. Change `from`, or wait until it has grown"
    );
    Fault {
        class: FaultClass::Configuration,
        message,
        object: Some(origin.to_owned()),
    }
}
