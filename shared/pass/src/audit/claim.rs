//! What stands outside of an epoch's record and speaks of it: the state, or the epoch that came after it.

use crate::names::LogFolder;
use crate::record::{HeadRef, LogState, Start};
use tlog::{Frontier, Hash};

/// Where the chain of an epoch was when somebody wrote it down.
pub(super) struct Claim {
    /// The object that says so.
    pub(super) by: String,
    /// The cursor.
    pub(super) position: u64,
    /// The hash of the receipt, or start, that the cursor stands on.
    pub(super) tip: Hash,
    /// The frontier there.
    pub(super) frontier: Option<Frontier>,
    /// Where the receipt begins that the cursor stands on.
    pub(super) last: Option<Option<u64>>,
    /// Where the epoch begins.
    pub(super) start: Option<u64>,
    /// The newest head, if its object must be there.
    pub(super) head: Option<HeadRef>,
}

impl Claim {
    /// What the state says of the epoch that it is in.
    pub(super) fn of_state(folder: &LogFolder, state: &LogState) -> Option<Self> {
        let progress = state.progress.as_ref()?;
        (progress.epoch == folder.epoch()).then(|| Self {
            by: folder.state(),
            position: progress.cursor.position(),
            tip: progress.cursor.tip,
            frontier: Some(progress.cursor.frontier.clone()),
            last: Some(progress.cursor.last),
            start: Some(progress.start),
            head: progress.unrecorded.is_none().then_some(progress.head),
        })
    }

    /// What the start of the epoch after it says.
    pub(super) fn of_next(next: &Start) -> Option<Self> {
        let restart = next.restart.as_ref()?;
        Some(Self {
            by: LogFolder::new(&next.log, next.epoch).start(),
            position: restart.previous_cursor?,
            tip: restart.previous_tip?,
            frontier: None,
            last: None,
            start: None,
            head: restart.previous_head,
        })
    }
}
