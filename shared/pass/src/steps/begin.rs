//! The explicit bootstrap: where a log's watching begins, anchored to its first proven head.
//!
//! `start.json` is put once, with the head's checkpoint inside: of two passes that race, one begins and the other adopts.
//! The checkpoint object and the state follow. A crash after the start leaves a record without a state, which the next
//! pass rebuilds, the checkpoint object with it.

use super::book::Book;
use super::chain::from_start;
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

/// Begins epoch `epoch` at `position`, anchored to `observed`.
pub(crate) async fn begin(
    book: &mut Book,
    source: &dyn LogSource,
    observed: &SignedCheckpoint,
    position: Position,
    epoch: u32,
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
    let (frontier, proof) = match anchor(source, at, head).await? {
        Ok(anchored) => anchored,
        Err(unproven) => return Ok(Begun::Unproven(unproven)),
    };
    let (now, pass) = (book.context.now(), book.context.environment.pass.clone());
    let folder = LogFolder::new(&book.context.log.origin, epoch);
    let checkpoint = CheckpointRecord::first(&folder, observed, now);
    let log = book.context.log.origin.clone();
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
    progress.frozen = start.head == head && observed.checkpoint().is_frozen();
    let watermark = progress.start;
    book.state.progress = Some(progress);
    book.state.restart = None;
    for sink in &book.context.environment.sinks {
        let delivery = record::Delivery {
            watermark,
            ..record::Delivery::default()
        };
        book.state.delivery.insert(sink.name().to_owned(), delivery);
    }
    // A clash means that the other pass has begun this epoch and gone on: its head stands.
    let _either = book.write().await?;
    Ok(Begun::Yes)
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
            Ok((record::decode(&name, &bytes)?, bytes))
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
                })
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
