//! **compare**: what other observers were shown of the log, against what it shows us.
//!
//! A view's checkpoint must first be authentic. One of our size must have our root; any other must be proven to be of
//! the same tree from the log's own tiles or proofs, like a checkpoint that the log itself serves. What contradicts ours
//! is a violation with both signatures. What is merely older is nothing. What cannot be proven yet is kept until it can
//! be, and told when it stays so; it is no violation, for nothing was shown. Changes the state in hand, writes nothing.

use super::book::Book;
use super::prove::{self, Proved};
use crate::conditions::{self, Holds};
use crate::record::{HeadRef, Pending, Progress, ViewMark};
use crate::trouble::{Fault, FaultClass, Unproven, Violation};
use crate::{Freshness, Limit, LogSource, ViewSource};
use alerts::Class;
use alerts::text::escape;
use core::time::Duration;
use sigstore::Timestamp;
use std::sync::Arc;
use tlog::{Evidence, SignedCheckpoint};

/// A view is waited for so long: it must not hold up the watch, and the next pass asks again.
const PATIENCE: Duration = Duration::from_secs(8);

/// The longest note of a view that is kept until it can be proven.
const MAX_PENDING_BYTES: usize = 128 * 1024;

/// Characters of a reason.
const MAX_WHY: usize = 600;

/// A view that is to be asked about a log.
pub(crate) struct View {
    pub(crate) name: String,
    pub(crate) source: Result<Arc<dyn ViewSource>, Fault>,
}

/// What a view answered: bytes that prove nothing, or why there are none.
pub(crate) struct Looked {
    name: String,
    answer: Result<Vec<u8>, String>,
}

/// What came of comparing.
#[derive(Default)]
pub(crate) struct Compared {
    pub(crate) violations: Vec<Violation>,
    /// What is worth a line, and hurts nothing yet.
    pub(crate) notes: Vec<String>,
    /// Views that cannot be read, for longer than they may.
    pub(crate) unreachable: Vec<String>,
    /// Views that cannot be proven, for longer than they may.
    pub(crate) unproven: Vec<String>,
}

/// Asks all views at once.
pub(crate) async fn look(views: &[View]) -> Vec<Looked> {
    let each = views.iter().map(|view| async {
        let answer = match &view.source {
            Err(fault) => Err(fault.message.clone()),
            Ok(source) => match tokio::time::timeout(PATIENCE, source.checkpoint(Freshness::Cached)).await {
                Ok(Ok(bytes)) => Ok(bytes),
                Ok(Err(error)) => Err(crate::trouble::error_chain(&error)),
                Err(_elapsed) => Err(format!("{}: no answer within {} s", source.place(), PATIENCE.as_secs())),
            },
        };
        let name = view.name.clone();
        Looked { name, answer }
    });
    futures::future::join_all(each).await
}

/// Compares what the views answered with the head. `observed` is what the log itself served in this pass, if that was
/// authentic; a log that `is_final` need serve nothing more.
pub(crate) async fn compare(
    book: &mut Book,
    source: &dyn LogSource,
    looked: &[Looked],
    observed: Option<&SignedCheckpoint>,
    is_final: bool,
) -> Compared {
    let mut compared = Compared::default();
    forget(book, looked);
    let mut signed: Vec<(Option<String>, SignedCheckpoint)> = Vec::new();
    for view in looked {
        if let Some(shown) = authentic(book, view, &mut compared) {
            signed.push((Some(view.name.clone()), shown));
        }
    }
    for view in looked {
        let shown = signed.iter().find(|(name, _)| name.as_ref() == Some(&view.name));
        let shown = shown.map(|(_, shown)| shown);
        let log = match observed {
            Some(_) => Log::Answers,
            None if is_final => Log::Final,
            None => Log::Silent,
        };
        one(book, source, (&view.name, shown), log, &mut compared).await;
    }
    signed.extend(observed.map(|observed| (None, observed.clone())));
    among_themselves(book, &signed, &mut compared);
    compared
}

/// Views that are not asked any more are not missed.
fn forget(book: &mut Book, looked: &[Looked]) {
    let now = book.context.now();
    let names: Vec<&str> = looked.iter().map(|view| view.name.as_str()).collect();
    for class in [Class::ViewUnreachable, Class::ViewUnproven] {
        conditions::end(&mut book.state.conditions, class, &names, now);
    }
    let views = &mut book.state.observers.views;
    if views.keys().any(|name| !names.contains(&name.as_str())) {
        views.retain(|name, _| names.contains(&name.as_str()));
    }
}

/// The checkpoint that a view shows, if it is one that the log signed.
fn authentic(book: &mut Book, view: &Looked, compared: &mut Compared) -> Option<SignedCheckpoint> {
    let (now, log) = (book.context.now(), &book.context.log);
    let opened = match &view.answer {
        Err(why) => Err(why.clone()),
        Ok(bytes) => SignedCheckpoint::open(bytes, &log.origin, &log.keys)
            .map_err(|error| format!("what it shows is no checkpoint of the log: {error}")),
    };
    let patience = log.limits.max_lag;
    match opened {
        Ok(signed) => {
            conditions::end_one(&mut book.state.conditions, Class::ViewUnreachable, &view.name, now);
            Some(signed)
        }
        Err(why) => {
            let why = escape(&why, MAX_WHY);
            let line = format!("view {}: {why}", view.name);
            let holds = Holds::now(Class::ViewUnreachable, &view.name, now).fact("error", why);
            match is_due(book, holds.patience(patience), now) {
                true => compared.unreachable.push(line),
                false => compared.notes.push(line),
            }
            None
        }
    }
}

/// Holds a condition; whether it has lasted for longer than it may.
fn is_due(book: &mut Book, holds: Holds, now: Timestamp) -> bool {
    let (class, detail) = (holds.class, holds.detail.clone());
    conditions::hold(&mut book.state.conditions, holds);
    conditions::find(&mut book.state.conditions, class, &detail).is_some_and(|open| open.due <= now)
}

/// How a checkpoint of a view stands to ours.
enum Stands {
    Consistent,
    Conflict(Box<Violation>),
    /// It could not be shown: why, and how long that may last.
    Open(String, Limit),
}

/// Whether the log could prove anything in this pass.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Log {
    Answers,
    /// It is frozen, read to its end, and gone: nothing can be newer than what we have.
    Final,
    /// That is told by itself.
    Silent,
}

/// One view: what it shows now, and what it showed before and nobody could prove.
async fn one(
    book: &mut Book,
    source: &dyn LogSource,
    (name, shown): (&str, Option<&SignedCheckpoint>),
    log: Log,
    compared: &mut Compared,
) {
    let Some(progress) = book.state.progress.clone() else {
        return;
    };
    let mut mark = book.state.observers.views.get(name).cloned().unwrap_or_default();
    drop_settled(book, &mut mark);
    if let Some(shown) = shown {
        let head = head(shown);
        if mark.consistent != Some(head) && mark.conflict.is_none() {
            match stands(book, &progress, source, shown).await {
                Stands::Consistent => {
                    mark.consistent = Some(head);
                    let (now, froze) = (book.context.now(), progress.frozen.then_some(progress.head.size));
                    conditions::hold_growth(&mut book.state.conditions, froze, head.size, now);
                }
                Stands::Conflict(violation) => conflict(name, *violation, &mut mark, compared),
                Stands::Open(why, patience) => {
                    let newer = head.size > progress.head.size;
                    if log == Log::Answers || newer {
                        pend(book, shown, &mut mark);
                    }
                    if log == Log::Answers || (log == Log::Final && newer) {
                        hold_open(book, name, &mark, &why, patience);
                    }
                }
            }
        }
    }
    for pending in mark.pending.clone() {
        if mark.conflict.is_none() && (log == Log::Answers || pending.head.size <= progress.head.size) {
            again(book, &progress, source, (name, &pending), &mut mark, compared).await;
        }
    }
    settle(book, name, &mark, compared);
    if mark == ViewMark::default() {
        book.state.observers.views.remove(name);
    } else {
        book.state.observers.views.insert(name.to_owned(), mark);
    }
}

/// A contradiction stands as long as its violation does; where an operator began anew, it is looked at anew.
fn drop_settled(book: &Book, mark: &mut ViewMark) {
    let stands = |id: &String| {
        let conditions = book.state.conditions.iter();
        let mut violations = conditions.filter(|open| open.is_open() && open.class == Class::Violation);
        violations.any(|open| open.detail == *id || open.detail == conditions::MORE_VIOLATIONS)
    };
    mark.conflict = mark.conflict.take().filter(stands);
}

fn conflict(name: &str, violation: Violation, mark: &mut ViewMark, compared: &mut Compared) {
    let violation = Violation {
        seen_by: Some(name.to_owned()),
        ..violation
    };
    mark.conflict = Some(super::commit::evidence_id(&violation));
    mark.pending.clear();
    compared.violations.push(violation);
}

/// Keeps what cannot be proven yet.
fn pend(book: &Book, shown: &SignedCheckpoint, mark: &mut ViewMark) {
    if shown.note().len() <= MAX_PENDING_BYTES {
        mark.pend(Pending {
            head: head(shown),
            note: shown.note().to_owned(),
            since: book.context.now(),
        });
    }
}

fn hold_open(book: &mut Book, name: &str, mark: &ViewMark, why: &str, patience: Limit) {
    let now = book.context.now();
    let since = mark.pending.iter().map(|pending| pending.since).min().unwrap_or(now);
    let holds = Holds::now(Class::ViewUnproven, name, since)
        .fact("what", escape(why, MAX_WHY))
        .patience(patience);
    conditions::hold(&mut book.state.conditions, holds);
}

/// Tries again to prove what a view showed earlier.
async fn again(
    book: &Book,
    progress: &Progress,
    source: &dyn LogSource,
    (name, pending): (&str, &Pending),
    mark: &mut ViewMark,
    compared: &mut Compared,
) {
    let log = &book.context.log;
    let Ok(signed) = SignedCheckpoint::open(pending.note.as_bytes(), &log.origin, &log.keys) else {
        // Its key is no longer one of the log's: nobody can prove it any more.
        return mark.pending.retain(|known| known != pending);
    };
    match stands(book, progress, source, &signed).await {
        Stands::Consistent => mark.pending.retain(|known| known != pending),
        Stands::Conflict(violation) => conflict(name, *violation, mark, compared),
        Stands::Open(..) => {}
    }
}

/// What is still open, and since when.
fn settle(book: &mut Book, name: &str, mark: &ViewMark, compared: &mut Compared) {
    let now = book.context.now();
    let open = &mut book.state.conditions;
    if mark.pending.is_empty() {
        return conditions::end_one(open, Class::ViewUnproven, name, now);
    }
    let Some(open) = conditions::find(open, Class::ViewUnproven, name) else {
        return;
    };
    let what = open.facts.iter().find(|fact| fact.name == "what");
    let what = what.map(|fact| fact.value.as_str()).unwrap_or_default();
    let line = format!(
        "view {name}: not proven for {}: {what}",
        alerts::duration(open.opened, now)
    );
    match open.due <= now {
        true => compared.unproven.push(line),
        false => compared.notes.push(line),
    }
}

async fn stands(book: &Book, progress: &Progress, source: &dyn LogSource, shown: &SignedCheckpoint) -> Stands {
    if let Some(violation) = prove::impossible(book, shown) {
        return Stands::Conflict(Box::new(violation));
    }
    let limits = book.context.log.limits;
    let proving = prove::prove(book, progress, source, shown);
    match book.context.within_budget(source, proving).await {
        Ok(Proved::Same | Proved::Grown(..) | Proved::Stale(_)) => Stands::Consistent,
        Ok(Proved::Violation(violation)) => Stands::Conflict(violation),
        Ok(Proved::Unproven(Unproven { message, .. })) => Stands::Open(message, limits.unproven_after),
        Err(fault) if shown.size() > progress.head.size => Stands::Open(ahead(shown, &fault), limits.unproven_after),
        Err(fault) => Stands::Open(fault.message, limits.max_lag),
    }
}

fn ahead(shown: &SignedCheckpoint, fault: &Fault) -> String {
    let size = shown.size();
    match fault.class {
        FaultClass::Source => format!(
            "it shows a checkpoint of size {size}, and the log does not serve us what proves that it extends ours ({})",
            fault.message
        ),
        _ => fault.message.clone(),
    }
}

/// Two checkpoints of one size need no proof, whoever showed them and however far we are.
fn among_themselves(book: &Book, signed: &[(Option<String>, SignedCheckpoint)], compared: &mut Compared) {
    let log = &book.context.log;
    let kept = book.state.progress.iter().flat_map(|progress| &progress.unsettled);
    let kept = kept.map(|unsettled| (None, unsettled.note.as_str()));
    let views = book.state.observers.views.iter();
    let pending = views.flat_map(|(name, mark)| {
        let notes = mark.pending.iter().map(|pending| pending.note.as_str());
        notes.map(|note| (Some(name.clone()), note))
    });
    let opened = kept.chain(pending).filter_map(|(name, note)| {
        let opened = SignedCheckpoint::open(note.as_bytes(), &log.origin, &log.keys);
        Some((name, opened.ok()?))
    });
    let all: Vec<(Option<String>, SignedCheckpoint)> = signed.iter().cloned().chain(opened).collect();
    for (at, (name, first)) in all.iter().enumerate() {
        for (other, second) in all.iter().skip(at + 1) {
            if first.size() != second.size() || first.root() == second.root() {
                continue;
            }
            let evidence = Evidence {
                origin: log.origin.clone(),
                keys: log.keys.clone(),
                first: first.note().to_owned(),
                second: second.note().to_owned(),
                proof: None,
            };
            let Ok(verdict) = evidence.verdict() else { continue };
            let violation = Violation {
                evidence,
                verdict,
                seen_by: name.clone().or_else(|| other.clone()),
            };
            let id = super::commit::evidence_id(&violation);
            let known = |known: &Violation| super::commit::evidence_id(known) == id;
            if !compared.violations.iter().any(known) {
                compared.violations.push(violation);
            }
        }
    }
}

fn head(signed: &SignedCheckpoint) -> HeadRef {
    HeadRef {
        size: signed.size(),
        root: signed.root(),
    }
}
