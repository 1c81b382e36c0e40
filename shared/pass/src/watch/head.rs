//! The head in one pass: observed, authenticated, proven, committed, published; and before it the start of an epoch.

use crate::LogSource;
use crate::conditions;
use crate::record::{HeadRef, Listed, Unsettled};
use crate::steps::begin::{self, Begun};
use crate::steps::book::Book;
use crate::steps::commit;
use crate::steps::observe::{self, Observed};
use crate::steps::prove::{self, Proved};
use crate::steps::settle::Tally;
use crate::steps::witness;
use crate::trouble::{Fault, FaultClass, Unproven};
use alerts::Class;
use std::sync::Arc;
use tlog::SignedCheckpoint;

/// Another pass may move the head so many times while this one proves its checkpoint.
const MAX_RACES: usize = 16;

/// Signed checkpoints that are remembered unproven, and the longest of their notes.
const MAX_UNSETTLED: usize = 8;
const MAX_UNSETTLED_BYTES: usize = 128 * 1024;

/// Observes and proves. `None` if there is nothing to read along.
pub(super) async fn head(
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
        tally.lack = witness::observe(book, observed);
        let refused = tally.lack.as_ref().is_some_and(|lack| lack.refused);
        if refused && (book.state.progress.is_none() || book.state.restart.is_some()) {
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
pub(super) struct Seen(pub(super) Option<SignedCheckpoint>);

fn is_final(book: &Book) -> bool {
    let progress = book.state.progress.as_ref();
    progress.is_some_and(|progress| book.context.is_final(progress))
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
                    Class::ViewUnproven,
                ] {
                    conditions::end(&mut book.state.conditions, class, &[], now);
                }
                book.state.observers.views.clear();
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
        // Another pass that moved the head meanwhile may have died before its object was put.
        commit::put_unrecorded(book).await?;
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
                outlive(book);
                publish(book, tally, observed).await;
            }
            Proved::Grown(..) if tally.lack.as_ref().is_some_and(|lack| lack.refused) => {
                tally.proven = false;
                remember(book, observed);
            }
            Proved::Grown(proof, anomaly) => {
                keep(book, tally, anomaly).await?;
                if !commit::commit_head(book, observed, proof).await? {
                    continue;
                }
                outlive(book);
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

/// The head's size and root may be signed once more with the note that the log is frozen; or its server says so.
fn freeze(book: &mut Book, observed: &SignedCheckpoint) {
    if book.context.is_last(observed)
        && let Some(progress) = book.state.progress.as_mut()
    {
        progress.frozen = true;
    }
}

/// The head was served after the time of the log: nothing that verifiers accept follows it.
fn outlive(book: &mut Book) {
    let end = book.context.log.valid.end.filter(|_| book.context.has_ended());
    if let (Some(end), Some(progress)) = (end, book.state.progress.as_mut()) {
        progress.seen_after = Some(end);
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
            crate::trouble::error_chain(&error)
        )),
    }
}
