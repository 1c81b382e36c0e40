//! The state of a log in hand, and how it is written back.
//!
//! The book writes by compare-and-swap. When it loses, it takes what the other wrote, adds what it knows itself, and
//! tries again; neither head nor cursor nor watermark ever moves back by that. Of two passes that both moved the head
//! only one wins: the other must prove its checkpoint again, so that the heads stay one line in which each was proven
//! from the one before. A crash between two writes leaves an older state, brought forward from the record.

use crate::conditions;
use crate::environment::LogContext;
use crate::names::LogFolder;
use crate::record::{self, Delivery, HeadRef, LogState, Progress};
use crate::trouble::{Fault, FaultClass};
use crate::{Swap, Version};
use core::time::Duration;

/// During a long catch-up the pointer follows the receipts this often.
const WRITE_EVERY: Duration = Duration::from_secs(1);

/// So often a lost swap is tried again before the pass gives up.
const MAX_SWAPS: usize = 8;

/// The state of one log, with the version that it was read at.
pub(crate) struct Book {
    pub(crate) context: LogContext,
    pub(crate) state: LogState,
    written: Option<LogState>,
    version: Option<Version>,
    /// When this pass wrote it last, by the clock's uptime.
    written_at: Option<Duration>,
}

impl Book {
    /// A book over a state that was read, or made anew (`version` is then `None`).
    pub(crate) fn new(context: LogContext, state: LogState, read: Option<(LogState, Version)>) -> Self {
        let (written, version) = read.map_or((None, None), |(state, version)| (Some(state), Some(version)));
        Self {
            context,
            state,
            written,
            version,
            written_at: None,
        }
    }

    /// The folder of the epoch in force.
    pub(crate) fn folder(&self) -> LogFolder {
        LogFolder::new(
            &self.context.log.origin,
            self.state.progress.as_ref().map_or(1, |progress| progress.epoch),
        )
    }

    /// Writes the state if this pass has not done so for a while: the receipts are the record, and the next pass follows
    /// those that the state does not know. The caller writes it at the end.
    pub(crate) async fn write_now_and_then(&mut self) -> Result<(), Fault> {
        let now = self.context.environment.clock.uptime();
        match self.written_at {
            Some(at) if now.saturating_sub(at) < WRITE_EVERY => Ok(()),
            Some(_) | None => self.write().await.map(|_| ()),
        }
    }

    /// Writes the state if it differs from what is stored.
    pub(crate) async fn write(&mut self) -> Result<Written, Fault> {
        let name = self.folder().state();
        for _ in 0..MAX_SWAPS {
            if self.written.as_ref() == Some(&self.state) {
                return Ok(Written::Ours);
            }
            let bytes = record::encode(&self.state);
            match self.context.store().swap(&name, self.version.as_ref(), &bytes).await? {
                Swap::Done(version) => {
                    self.written_at = Some(self.context.environment.clock.uptime());
                    self.written = Some(self.state.clone());
                    self.version = Some(version);
                    return Ok(Written::Ours);
                }
                Swap::Lost if self.take_theirs(&name).await? => return Ok(Written::HeadClash),
                Swap::Lost => {}
            }
        }
        let message =
            format!("{name} changed under every one of {MAX_SWAPS} attempts to write it. The next pass goes on");
        Err(Fault::new(FaultClass::Store, &name, message))
    }

    /// Takes what another pass wrote; true if both had moved the head.
    async fn take_theirs(&mut self, name: &str) -> Result<bool, Fault> {
        let max = <LogState as record::Document>::MAX_BYTES;
        let Some(object) = self.context.store().read(name, max).await? else {
            (self.written, self.version) = (None, None);
            return Ok(false);
        };
        let theirs: LogState = record::decode(name, &object.bytes)?;
        let (merged, clash) = merge(&self.state, self.written.as_ref(), theirs.clone());
        self.state = merged;
        (self.written, self.version) = (Some(theirs), Some(object.version));
        Ok(clash)
    }
}

/// What came of writing a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// What we know is stored.
    Ours,
    /// Another pass moved the head as well. Its head stands now; nothing of ours is stored, and our checkpoint is to be
    /// proven against it.
    HeadClash,
}

/// Two states of one log, brought together: every condition, the further cursor and watermarks. `base` is what ours was
/// made from. The second value says whether both moved the head: then theirs stands, and ours is to be proven again.
fn merge(ours: &LogState, base: Option<&LogState>, theirs: LogState) -> (LogState, bool) {
    let mut merged = theirs;
    merged.conditions = conditions::merge(&ours.conditions, merged.conditions);
    merged.observers.merge(&ours.observers);
    let base = base.and_then(|base| base.progress.as_ref());
    let begun = |progress: Option<&Progress>| progress.map_or(0, |progress| progress.epoch);
    let left = begun(ours.progress.as_ref()) != begun(merged.progress.as_ref());
    let (progress, clash) = further(ours.progress.as_ref(), base, merged.progress);
    if begun(progress.as_ref()) > begun(base) {
        merged.restart = None;
    }
    merged.progress = progress;
    // The further watermark; but a receipt that was committed while its epoch was left is behind the watermark of who
    // left it, so that then the earlier place counts.
    for (sink, ours) in &ours.delivery {
        let further = |theirs: &Delivery| (theirs.place() >= ours.place()) != left;
        if !merged.delivery.get(sink).is_some_and(further) {
            merged.delivery.insert(sink.clone(), ours.clone());
        }
    }
    (merged, clash)
}

fn further(ours: Option<&Progress>, base: Option<&Progress>, theirs: Option<Progress>) -> (Option<Progress>, bool) {
    let (Some(ours), Some(theirs)) = (ours, theirs.as_ref()) else {
        return (ours.cloned().or(theirs), false);
    };
    let published = published(ours, base, theirs);
    if ours.epoch != theirs.epoch {
        let newer = if ours.epoch > theirs.epoch { ours } else { theirs };
        let newer = Progress {
            published,
            ..newer.clone()
        };
        return (Some(newer), ours.epoch < theirs.epoch);
    }
    let base = base.filter(|base| base.epoch == ours.epoch);
    let same_as_base = |progress: &Progress| base.is_some_and(|base| base.head == progress.head);
    let went_back = base.is_some_and(|base| theirs.head.size < base.head.size);
    let keep_ours = ours.head == theirs.head || same_as_base(theirs) || went_back;
    let (head, other) = if keep_ours { (ours, theirs) } else { (theirs, ours) };
    let mut progress = Progress {
        published,
        ..head.clone()
    };
    if other.cursor.position() > progress.cursor.position() && other.cursor.position() <= progress.head.size {
        progress.cursor = other.cursor.clone();
    }
    // What either could verify was verified; else it is the longer time.
    progress.unverified = ours
        .unverified
        .zip(theirs.unverified)
        .map(|(ours, theirs)| ours.min(theirs));
    if ours.head == theirs.head {
        progress.frozen |= theirs.frozen;
        progress.seen_after = ours.seen_after.max(theirs.seen_after);
    }
    progress.settle_behind();
    (Some(progress), !keep_ours && !same_as_base(ours))
}

/// What stands published. If both have published since, it is that of the slower one, whichever that was: unknown, and
/// published again by the next pass.
fn published(ours: &Progress, base: Option<&Progress>, theirs: &Progress) -> Option<HeadRef> {
    let before = base.and_then(|base| base.published);
    if ours.published == before {
        theirs.published
    } else if theirs.published == before || ours.published == theirs.published {
        ours.published
    } else {
        None
    }
}
