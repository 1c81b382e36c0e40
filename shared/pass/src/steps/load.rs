//! **load**: where the log was left, brought forward to what the record says.
//!
//! `state/<log>.json` is a pointer. The heads that it does not know are found by listing the checkpoints from its own
//! on (its own must be there: a record that is gone is a fault), the receipts by following the chain from its cursor.
//! No state but a record: rebuilt. Neither, in a log that was begun: a fault. Reads only; a crash here leaves nothing.

use super::begin;
use super::book::Book;
use super::chain::{adopt_receipt, from_start, unfit};
use super::commit::put_unrecorded;
use crate::Store;
use crate::conditions;
use crate::environment::LogContext;
use crate::names::{self, LogFolder};
use crate::record::{
    self, CheckpointRecord, Cursor, Delivery, Document, Group, LogState, MAX_GROUPS, Progress, Receipt, Start,
};
use crate::trouble::{Fault, FaultClass};
use tlog::SignedCheckpoint;

/// Names asked for in one listing.
const PAGE: usize = 1_000;

/// Loads a log. `begun` says whether the inventory knows that its record was begun.
pub(crate) async fn load(context: LogContext, begun: bool) -> Result<Book, Fault> {
    let name = LogFolder::new(&context.log.origin, 1).state();
    let object = context.store().read(&name, LogState::MAX_BYTES).await?;
    let read = match object {
        Some(object) => {
            let state: LogState = record::decode(&name, &object.bytes)?;
            if state.log != context.log.origin {
                let message = format!(
                    "{name} is the state of the log {}, not of {}",
                    state.log, context.log.origin
                );
                return Err(Fault::new(FaultClass::Record, &name, message));
            }
            Some((state, object.version))
        }
        None => None,
    };
    let mut state = read
        .as_ref()
        .map_or_else(|| LogState::new(&context.log.origin), |(state, _)| state.clone());
    let restored = state.progress.is_some();
    if !restored {
        state.progress = rebuild(&context, begun).await?;
    }
    begin_delivery(&context, &mut state, restored || read.is_some());
    let restarts = state.restart.is_some();
    let mut book = Book::new(context, state, read);
    put_unrecorded(&mut book).await?;
    // An epoch that is about to be left need not be whole: that may be why it is left.
    if !restarts && let Some(progress) = &mut book.state.progress {
        let undecodable = roll_forward(&book.context, progress).await?;
        conditions::hold_quarantine(&mut book.state.conditions, &undecodable, book.context.now());
    }
    Ok(book)
}

/// A sink that the state does not know starts at the cursor that the state knows; without a state, with everything.
fn begin_delivery(context: &LogContext, state: &mut LogState, known: bool) {
    let Some(progress) = &state.progress else { return };
    let watermark = if known {
        progress.cursor.position()
    } else {
        progress.start
    };
    for sink in &context.environment.sinks {
        state
            .delivery
            .entry(sink.name().to_owned())
            .or_insert_with(|| Delivery {
                watermark,
                ..Delivery::default()
            });
    }
}

/// The progress that the record alone tells: the start of the newest epoch, its last receipt.
async fn rebuild(context: &LogContext, begun: bool) -> Result<Option<Progress>, Fault> {
    let mut newest: Option<(LogFolder, Start, Vec<u8>)> = None;
    for epoch in 1.. {
        let folder = LogFolder::new(&context.log.origin, epoch);
        let Some(object) = context.store().read(&folder.start(), Start::MAX_BYTES).await? else {
            break;
        };
        let start = record::decode(&folder.start(), &object.bytes)?;
        newest = Some((folder, start, object.bytes));
    }
    let Some((folder, start, bytes)) = newest else {
        return if begun {
            Err(gone(context, "neither its state nor its record"))
        } else {
            Ok(None)
        };
    };
    tracing::warn!(log = %context.log.origin.escape_debug(), "the state is gone; it is rebuilt from the record");
    begin::put_checkpoint(context, &folder, &start).await?;
    let mut progress = from_start(&start, &bytes);
    let Some(last) = last_name(context.store(), &folder.receipts()).await? else {
        return Ok(Some(progress));
    };
    let Some(object) = context.store().read(&last, Receipt::MAX_BYTES).await? else {
        return Ok(Some(progress));
    };
    let receipt: Receipt = record::decode(&last, &object.bytes)?;
    progress.cursor = Cursor {
        frontier: receipt.frontier.clone(),
        tip: record::content_hash(&object.bytes),
        last: Some(receipt.from),
        restart: None,
    };
    Ok(Some(progress))
}

async fn last_name(store: &dyn Store, prefix: &str) -> Result<Option<String>, Fault> {
    let mut last: Option<String> = None;
    loop {
        // `~` is greater than every byte of a position, so the next page begins after the last name.
        let from = last
            .as_ref()
            .map_or_else(|| prefix.to_owned(), |name| format!("{name}~"));
        let page = store.list(prefix, &from, PAGE).await?;
        let full = page.len() == PAGE;
        last = page.into_iter().next_back().or(last);
        if !full {
            return Ok(last);
        }
    }
}

/// Returns the undecodable leaves of the receipts that the state did not know.
async fn roll_forward(context: &LogContext, progress: &mut Progress) -> Result<Vec<Group>, Fault> {
    let folder = LogFolder::new(&context.log.origin, progress.epoch);
    let known = folder.checkpoint(progress.head.size, &progress.head.root);
    let mut from = known.clone();
    let mut newest = None;
    loop {
        let page = context.store().list(&folder.checkpoints(), &from, PAGE).await?;
        if from == known && page.first() != Some(&known) {
            return Err(gone(
                context,
                &format!("its newest head {known}, which the state knows, and maybe more of its record"),
            ));
        }
        let full = page.len() == PAGE;
        newest = page.into_iter().next_back().or(newest);
        match (&newest, full) {
            (Some(name), true) => from = format!("{name}~"),
            _ => break,
        }
    }
    if let Some(name) = newest.filter(|name| *name != known) {
        adopt_head(context, progress, &name).await?;
    }
    if progress.cursor.position() < progress.head.size {
        return follow_receipts(context, &folder, progress).await;
    }
    Ok(Vec::new())
}

/// A head that a pass committed and that the state does not know: authenticated again, as if it were observed.
async fn adopt_head(context: &LogContext, progress: &mut Progress, name: &str) -> Result<(), Fault> {
    let Some(record) = record::read::<CheckpointRecord>(context.store(), name).await? else {
        return Err(gone(context, name));
    };
    let signed = SignedCheckpoint::open(record.note.as_bytes(), &context.log.origin, &context.log.keys)
        .map_err(|error| unfit(name, &format!("its note is not authentic: {error}")))?;
    if signed.size() != record.size || signed.root() != record.root || names::position(name) != Some(record.size) {
        return Err(unfit(name, "its note says something else than its name or its fields"));
    }
    if record.size > progress.head.size {
        progress.head = record.head();
        progress.grown = record.seen;
        progress.frozen = signed.checkpoint().is_frozen();
        progress.behind = progress.behind.or(Some(record.seen));
        progress.partial = progress.partial.or(Some(record.seen));
    }
    Ok(())
}

/// Follows the chain from the cursor. The receipt that the cursor stands on must still be what it was.
async fn follow_receipts(
    context: &LogContext,
    folder: &LogFolder,
    progress: &mut Progress,
) -> Result<Vec<Group>, Fault> {
    check_tip(context, folder, &progress.cursor).await?;
    let mut undecodable = Vec::new();
    while progress.cursor.position() < progress.head.size {
        let name = folder.receipt(progress.cursor.position());
        let Some(object) = context.store().read(&name, Receipt::MAX_BYTES).await? else {
            break;
        };
        let receipt: Receipt = record::decode(&name, &object.bytes)?;
        adopt_receipt(progress, &name, &receipt, &object.bytes)?;
        let room = MAX_GROUPS.saturating_sub(undecodable.len());
        undecodable.extend(receipt.undecodable.into_iter().take(room));
    }
    if progress.cursor.position() >= progress.head.size {
        progress.behind = None;
    }
    Ok(undecodable)
}

async fn check_tip(context: &LogContext, folder: &LogFolder, cursor: &Cursor) -> Result<(), Fault> {
    let name = cursor.last.map_or_else(|| folder.start(), |from| folder.receipt(from));
    let object = context.store().read(&name, Receipt::MAX_BYTES).await?;
    let Some(object) = object else {
        return Err(gone(context, &format!("{name}, on which the state stands")));
    };
    if record::content_hash(&object.bytes) != cursor.tip {
        return Err(unfit(&name, "it is not what it was when the state was written"));
    }
    Ok(())
}

fn gone(context: &LogContext, what: &str) -> Fault {
    let origin = &context.log.origin;
    let message = format!(
        "the log {origin} was begun, but {what} is gone from {}. Nothing is started anew by itself: restore the objects, or begin a new epoch with `rekor-sentinel restart --log {origin} --from N --reason WHY`",
        context.store().place()
    );
    Fault {
        class: FaultClass::Record,
        message,
        object: Some(origin.clone()),
    }
}
