//! **load**: where the log was left, brought forward to what the record says.
//!
//! `state/<log>.json` is a pointer. The heads and the violations that it does not know are found by listing the log's
//! folder from its own head on (which must be there: a record that is gone is a fault), the receipts by following the
//! chain from its cursor. No state, or one of an older epoch, but a record: rebuilt. Neither, in a log that was begun: a
//! fault. Writes only what a cut-off pass left out (the checkpoint object of a head); a crash here leaves nothing else.

use super::begin;
use super::book::Book;
use super::chain::{adopt_receipt, anchored_start, from_start, unfit};
use super::commit::put_unrecorded;
use crate::Store;
use crate::conditions::{self, Holds};
use crate::environment::LogContext;
use crate::names::{self, LogFolder};
use crate::record::{
    self, Acknowledgement, CheckpointRecord, Cursor, Delivery, Document, EvidenceRecord, Group, Listed, LogState,
    MAX_GROUPS, Progress, Receipt, Start,
};
use crate::trouble::{Fault, FaultClass};
use alerts::Class;
use tlog::SignedCheckpoint;

/// An acknowledgement has two short texts.
const MAX_ACKNOWLEDGEMENT_BYTES: usize = 64 * 1024;

/// Names asked for in one listing.
const PAGE: usize = 1_000;

/// Loads a log. `listed` is what the inventory knows of it: whether its record was begun, and which epoch was the newest.
pub(crate) async fn load(context: LogContext, listed: &Listed) -> Result<Book, Fault> {
    let name = LogFolder::new(&context.log.origin, 1).state();
    let object = context.store().read(&name, LogState::MAX_BYTES).await?;
    let read = match object {
        Some(object) => Some((own_state(&context, &name, &object.bytes)?, object.version)),
        None => None,
    };
    let mut state = read
        .as_ref()
        .map_or_else(|| LogState::new(&context.log.origin), |(state, _)| state.clone());
    // An epoch that is about to be left need not be whole: that may be why it is left.
    let restarts = state.restart.is_some();
    let outdated = state
        .progress
        .as_ref()
        .is_none_or(|progress| progress.epoch < listed.epoch);
    if outdated && !restarts {
        let (progress, first) = rebuild(&context, listed).await?.unzip();
        begin_delivery(&context, &mut state, first);
        state.progress = progress;
    } else {
        begin_delivery(&context, &mut state, None);
    }
    let mut book = Book::new(context, state, read);
    put_unrecorded(&mut book).await?;
    if !restarts {
        catch_up(&mut book).await?;
    }
    Ok(book)
}

fn own_state(context: &LogContext, name: &str, bytes: &[u8]) -> Result<LogState, Fault> {
    let state: LogState = record::decode(name, bytes)?;
    if state.log == context.log.origin {
        return Ok(state);
    }
    let message = format!(
        "{name} is the state of the log {}, not of {}",
        state.log, context.log.origin
    );
    Err(Fault::new(FaultClass::Record, name, message))
}

/// A sink that the state does not know starts at the cursor that the state knows. Where the state knew none, what each
/// sink was given is forgotten with it, and everything since `first` is owed.
fn begin_delivery(context: &LogContext, state: &mut LogState, first: Option<Delivery>) {
    let now = state.progress.as_ref().map(|progress| Delivery {
        epoch: progress.epoch,
        watermark: progress.cursor.position(),
        ..Delivery::default()
    });
    let Some(start) = now.or(first) else { return };
    for sink in &context.environment.sinks {
        state
            .delivery
            .entry(sink.name().to_owned())
            .or_insert_with(|| start.clone());
    }
}

/// The progress that the record alone tells, of the newest epoch, and where the first epoch began.
async fn rebuild(context: &LogContext, listed: &Listed) -> Result<Option<(Progress, Delivery)>, Fault> {
    let mut first: Option<Delivery> = None;
    let mut newest: Option<(LogFolder, Start, Vec<u8>)> = None;
    for epoch in 1.. {
        let folder = LogFolder::new(&context.log.origin, epoch);
        match context.store().read(&folder.start(), Start::MAX_BYTES).await? {
            Some(object) => {
                let start = anchored_start(&folder, &object.bytes)?;
                let watermark = start.frontier.size();
                first.get_or_insert(Delivery {
                    epoch,
                    watermark,
                    ..Delivery::default()
                });
                newest = Some((folder, start, object.bytes));
            }
            None if epoch < listed.epoch => {}
            None => break,
        }
    }
    let (Some((folder, start, bytes)), Some(first)) = (newest, first) else {
        return if listed.begun {
            Err(gone(context, "neither its state nor its record"))
        } else {
            Ok(None)
        };
    };
    if start.epoch < listed.epoch {
        return Err(gone(context, &folder.with_epoch(listed.epoch).start()));
    }
    tracing::warn!(log = %context.log.origin.escape_debug(), "the state is gone or old; it is rebuilt from the record");
    begin::put_checkpoint(context, &folder, &start).await?;
    let mut progress = from_start(&start, &bytes);
    let Some(last) = last_name(context.store(), &folder.receipts()).await? else {
        return Ok(Some((progress, first)));
    };
    let Some(object) = context.store().read(&last, Receipt::MAX_BYTES).await? else {
        return Ok(Some((progress, first)));
    };
    let receipt: Receipt = record::decode(&last, &object.bytes)?;
    progress.cursor = progress.cursor.behind(&receipt, record::content_hash(&object.bytes));
    Ok(Some((progress, first)))
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

/// Brings a state forward to what one listing of the log's folder and the chain of receipts tell: heads that it does not
/// know, violations that it does not know, receipts that it does not know.
async fn catch_up(book: &mut Book) -> Result<(), Fault> {
    let folder = book.folder();
    let known = book
        .state
        .progress
        .as_ref()
        .map(|progress| folder.checkpoint(progress.head.size, &progress.head.root));
    let names = names_from(&book.context, &folder, known.as_deref()).await?;
    hold_violations(book, &folder, &names).await?;
    let Some(progress) = &mut book.state.progress else {
        return Ok(());
    };
    let mut heads = names
        .iter()
        .filter(|name| name.starts_with(&folder.checkpoints()) && Some(*name) != known.as_ref());
    let froze = progress.frozen.then_some(progress.head.size);
    if let Some(name) = heads.next_back() {
        adopt_head(&book.context, progress, name).await?;
        conditions::hold_growth(
            &mut book.state.conditions,
            froze,
            progress.head.size,
            book.context.now(),
        );
    }
    check_tip(&book.context, &folder, &progress.cursor).await?;
    if progress.cursor.position() < progress.head.size {
        let undecodable = follow_receipts(&book.context, &folder, progress).await?;
        conditions::hold_quarantine(&mut book.state.conditions, &undecodable, book.context.now());
    }
    Ok(())
}

/// The heads from the one that the state knows on, and the violations: mostly one page of names. The known head must be
/// among them, else the record is gone.
async fn names_from(context: &LogContext, folder: &LogFolder, known: Option<&str>) -> Result<Vec<String>, Fault> {
    let violations = folder.evidence("violation-").trim_end_matches(".json").to_owned();
    let all = folder.all();
    let mut from = known.map_or_else(|| violations.clone(), str::to_owned);
    let mut names = Vec::new();
    loop {
        let page = context.store().list(&all, &from, PAGE).await?;
        if let Some(known) = known.filter(|known| from == **known)
            && page.first().map(String::as_str) != Some(known)
        {
            let what = format!("its newest head {known}, which the state knows, and maybe more of its record");
            return Err(gone(context, &what));
        }
        let last = page.last().cloned().filter(|_| page.len() == PAGE);
        let wanted = |name: &String| name.starts_with(&folder.checkpoints()) || name.starts_with(&violations);
        names.extend(page.into_iter().filter(wanted));
        match last {
            // `~` is greater than every byte that ends a name. What stands between heads and violations is passed over.
            Some(last) if last.starts_with(&folder.checkpoints()) => from = format!("{last}~"),
            Some(last) if last < violations => from.clone_from(&violations),
            Some(last) if last.starts_with(&violations) => from = format!("{last}~"),
            _ => return Ok(names),
        }
    }
}

/// A violation whose evidence is on record stands, whatever became of the state; so does its acknowledgement.
async fn hold_violations(book: &mut Book, folder: &LogFolder, names: &[String]) -> Result<(), Fault> {
    let now = book.context.now();
    for name in names
        .iter()
        .filter(|name| name.starts_with(&folder.all_evidence()) && !name.ends_with(".ack.json"))
    {
        let id = name
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".json")
            .to_owned();
        if conditions::find(&mut book.state.conditions, Class::Violation, &id).is_some() {
            continue;
        }
        let Some(evidence) = record::read::<EvidenceRecord>(book.context.store(), name).await? else {
            continue;
        };
        let holds = Holds::now(Class::Violation, &id, evidence.found).fact("what", evidence.shows);
        conditions::hold(&mut book.state.conditions, holds.object(Some(name.clone())));
        let seen = folder.acknowledgement(&id);
        if names.contains(&seen)
            && let Some(acknowledged) = read_acknowledgement(&book.context, &seen).await?
            && let Some(open) = conditions::find(&mut book.state.conditions, Class::Violation, &id)
        {
            open.acknowledged = Some(acknowledged);
        }
        tracing::warn!(log = %book.context.log.origin.escape_debug(), id, now = %now, "a violation on record stands again");
    }
    Ok(())
}

async fn read_acknowledgement(context: &LogContext, name: &str) -> Result<Option<Acknowledgement>, Fault> {
    let object = context.store().read(name, MAX_ACKNOWLEDGEMENT_BYTES).await?;
    let value: Option<serde_json::Value> = object.and_then(|object| serde_json::from_slice(&object.bytes).ok());
    let field = value.and_then(|value| value.get("acknowledgement").cloned());
    Ok(field.and_then(|field| serde_json::from_value(field).ok()))
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
        progress.partial = Some(record.seen);
        progress.frozen = context.is_last(&signed);
        progress.behind = progress.behind.or(Some(record.seen));
    }
    Ok(())
}

/// Follows the chain from the cursor.
async fn follow_receipts(
    context: &LogContext,
    folder: &LogFolder,
    progress: &mut Progress,
) -> Result<Vec<Group>, Fault> {
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
    progress.settle_behind();
    Ok(undecodable)
}

/// The receipt that the cursor stands on must still be what it was: nothing is appended to a chain whose end is gone.
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
