//! **authenticate**, with others: the cosignatures on a checkpoint against the witness policy of its log.
//!
//! A checkpoint that lacks the quorum is taken or refused as the configuration says; this module says which, remembers
//! who cosigned when, and keeps the conditions. It changes the state in hand and writes nothing.

use super::book::Book;
use crate::Unmet;
use crate::conditions::{self, Holds};
use crate::environment::LogContext;
use crate::record::{HeadRef, ObserverMarks, WitnessMark};
use alerts::Class;
use sigstore::Timestamp;
use tlog::{Judgement, Sighting, SignedCheckpoint};

/// A witness that is missing for so long is news: the witnesses of the public logs vary from checkpoint to checkpoint.
const GONE_SECS: u64 = 86_400;

/// Clocks differ so much without anybody being wrong.
const CLOCK_SECS: i64 = 300;

/// Names of missing witnesses that are told.
const MAX_NAMED: usize = 10;

/// A checkpoint that lacks the quorum.
pub(crate) struct Lack {
    /// What is seen of what is asked for, since when.
    pub(crate) message: String,
    /// Whether the checkpoint is not to be taken.
    pub(crate) refused: bool,
}

/// A note with a cosignature of a known witness that does not verify is to be rejected as a whole (C2SP signed-note).
pub(crate) fn authentic(context: &LogContext, signed: SignedCheckpoint) -> Result<SignedCheckpoint, String> {
    let Some(judgement) = judge(context, &signed) else {
        return Ok(signed);
    };
    let bad = judgement.witnesses.iter().find(|(_, seen)| *seen == Sighting::Bad);
    match bad {
        None => Ok(signed),
        Some((name, _)) => Err(format!("the cosignature of the witness {name} does not verify")),
    }
}

fn judge(context: &LogContext, signed: &SignedCheckpoint) -> Option<Judgement> {
    let read = context.log.observers.policy.as_ref()?.read.as_ref()?;
    Some(read.policy.judge(signed.parsed_note()))
}

/// Notes who cosigned an authentic checkpoint, and says what it lacks.
pub(crate) fn observe(book: &mut Book, signed: &SignedCheckpoint) -> Option<Lack> {
    let now = book.context.now();
    let Some(judgement) = judge(&book.context, signed) else {
        forget(book, now);
        return None;
    };
    let head = HeadRef {
        size: signed.size(),
        root: signed.root(),
    };
    if judgement.met {
        let marks = &mut book.state.observers;
        if marks.witnessed.is_none_or(|known| known.size <= head.size) {
            marks.witnessed = Some(head);
        }
    }
    // Nobody cosigns a frozen head again; that it was witnessed once is enough.
    let exempt = signed.checkpoint().is_frozen() && book.state.observers.witnessed == Some(head);
    if exempt {
        let marks = &mut book.state.observers.witnesses;
        marks.values_mut().for_each(|mark| mark.missing = None);
        conditions::end(&mut book.state.conditions, Class::WitnessGone, &[], now);
    } else {
        note_witnesses(book, &judgement, now);
    }
    if judgement.met || exempt {
        conditions::end(&mut book.state.conditions, Class::QuorumUnmet, &[], now);
        return None;
    }
    Some(lack(book, &judgement, head, now))
}

/// No policy holds any more: nothing is missed.
fn forget(book: &mut Book, now: Timestamp) {
    for class in [Class::QuorumUnmet, Class::WitnessGone, Class::WitnessClock] {
        conditions::end(&mut book.state.conditions, class, &[], now);
    }
    book.state.observers = ObserverMarks {
        views: core::mem::take(&mut book.state.observers.views),
        ..ObserverMarks::default()
    };
}

fn note_witnesses(book: &mut Book, judgement: &Judgement, now: Timestamp) {
    let named = |name: &String| judgement.witnesses.iter().any(|(known, _)| known == name);
    let marks = &mut book.state.observers.witnesses;
    marks.retain(|name, _| named(name));
    let (mut gone, mut ahead) = (Vec::new(), Vec::new());
    for (name, sighting) in &judgement.witnesses {
        if let Sighting::Cosigned { time } = sighting {
            let time = Timestamp::from_unix(i64::try_from(*time).unwrap_or(i64::MAX));
            marks.insert(name.clone(), WitnessMark { time, missing: None });
            if time.seconds_since(now) > CLOCK_SECS {
                ahead.push((name, time));
            }
        } else if let Some(mark) = marks.get_mut(name) {
            let since = *mark.missing.get_or_insert(now);
            gone.push((name, mark.time, since));
        }
    }
    let open = &mut book.state.conditions;
    let names: Vec<&str> = gone.iter().map(|(name, ..)| name.as_str()).collect();
    conditions::end(open, Class::WitnessGone, &names, now);
    for (name, time, since) in gone {
        let holds = Holds::now(Class::WitnessGone, name, since).fact("last cosigned", time.to_string());
        conditions::hold(open, holds.patience(crate::Limit::After(GONE_SECS)));
    }
    let names: Vec<&str> = ahead.iter().map(|(name, _)| name.as_str()).collect();
    conditions::end(open, Class::WitnessClock, &names, now);
    for (name, time) in ahead {
        let holds = Holds::now(Class::WitnessClock, name, now).fact("cosigned at", time.to_string());
        conditions::hold(open, holds);
    }
}

fn lack(book: &mut Book, judgement: &Judgement, head: HeadRef, now: Timestamp) -> Lack {
    let policy = book.context.log.observers.policy.as_ref();
    let quorum = policy
        .and_then(|policy| policy.read.as_ref())
        .map(|read| read.policy.quorum());
    let quorum = quorum.unwrap_or_default();
    // What was witnessed once is not refused because fewer cosign it again.
    let refused =
        policy.is_some_and(|policy| policy.unmet == Unmet::Refuse) && book.state.observers.witnessed != Some(head);
    let missing = judgement.witnesses.iter();
    let missing = missing.filter(|(_, seen)| !matches!(seen, Sighting::Cosigned { .. }));
    let mut names: Vec<&str> = missing.map(|(name, _)| name.as_str()).collect();
    if names.len() > MAX_NAMED {
        names.truncate(MAX_NAMED);
        names.push("…");
    }
    let seen = format!("{} of {} witnesses", judgement.seen, judgement.of);
    let open = &mut book.state.conditions;
    conditions::end(open, Class::QuorumUnmet, &[&quorum], now);
    let holds = Holds::now(Class::QuorumUnmet, &quorum, now)
        .fact("seen", seen.as_str())
        .fact("missing", names.join(", "))
        .fact(
            "checkpoints without the quorum",
            if refused { "are refused" } else { "are taken" },
        )
        .patience(book.context.log.limits.unproven_after);
    conditions::hold(open, holds);
    let since = conditions::find(open, Class::QuorumUnmet, &quorum).map_or(now, |open| open.opened);
    let mut message = format!(
        "{seen} seen, the quorum `{quorum}` unmet for {}",
        alerts::duration(since, now)
    );
    if refused {
        message += &format!("; the checkpoint of size {} is refused", head.size);
    }
    Lack { message, refused }
}
