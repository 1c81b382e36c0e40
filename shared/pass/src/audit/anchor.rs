//! What says from outside of a chain how far it must reach: the state, what was published, the restart of the next
//! epoch. A tail that was cut off is seen by these alone.

use super::heads::Heads;
use super::{Audit, Desk};
use crate::names::{self, LogFolder};
use crate::record::{Counts, Document, HeadRef, Progress, Restart};
use crate::trouble::Fault;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tlog::{Frontier, Hash};

/// A head and a place on the chain of an epoch that must both be on record.
pub(super) struct Anchor {
    /// The object that says so.
    by: String,
    head: Option<HeadRef>,
    /// The cursor, and the hash of the receipt or start that it stands on.
    cursor: Option<(u64, Hash)>,
    /// The state's own account of the place.
    place: Option<Place>,
    /// Whether the chain passed the cursor.
    met: bool,
}

/// A place on a chain: where it begins, where its newest receipt begins, and the frontier.
pub(super) struct Place {
    pub(super) start: u64,
    pub(super) last: Option<u64>,
    pub(super) frontier: Frontier,
    /// What came of the chain so far, where that was counted.
    pub(super) totals: Option<Counts>,
}

impl Anchor {
    fn new(by: &str, head: Option<HeadRef>, cursor: Option<(u64, Hash)>) -> Self {
        Self {
            by: by.to_owned(),
            head,
            cursor,
            place: None,
            met: false,
        }
    }

    /// What the state says of the epoch that it is in.
    pub(super) fn state(folder: &LogFolder, progress: &Progress) -> Self {
        let cursor = &progress.cursor;
        let place = Place {
            start: progress.start,
            last: cursor.last,
            frontier: cursor.frontier.clone(),
            totals: cursor.totals,
        };
        Self {
            place: Some(place),
            ..Self::new(
                &folder.state(),
                Some(progress.head),
                Some((cursor.position(), cursor.tip)),
            )
        }
    }

    /// What was published of the epoch.
    pub(super) fn published(tip: &Tip) -> Self {
        Self::new(names::TIP, Some(tip.head), Some((tip.cursor, tip.tip)))
    }

    /// What the start of the next epoch says of this one. The chain may go on behind it: a pass may have been under way.
    pub(super) fn restart(by: &str, restart: &Restart) -> Self {
        let cursor = restart.previous_cursor.zip(restart.previous_tip);
        Self::new(by, restart.previous_head, cursor)
    }

    /// Where the chain passes the cursor, both must say the same. `tip` is the hash of `object`, the newest of the chain.
    pub(super) fn pass(&mut self, object: &str, tip: Hash, here: &Place, audit: &mut Audit) {
        let at = here.frontier.size();
        let Some((_, expected)) = self.cursor.filter(|(cursor, _)| *cursor == at) else {
            return;
        };
        self.met = true;
        let counted = |own: &Place| own.totals.zip(here.totals).is_none_or(|(own, here)| own == here);
        let same = |own: &Place| own.last == here.last && own.frontier == here.frontier && counted(own);
        if tip != expected || !self.place.as_ref().is_none_or(same) {
            let what = format!("its cursor at {at} does not stand on {object} as that is on record");
            audit.defect(&self.by, what);
        }
        if self.place.as_ref().is_some_and(|own| own.start != here.start) {
            audit.defect(&self.by, "it begins elsewhere than the start of its epoch");
        }
    }

    /// At the end of the chain, which ends at `end`.
    pub(super) fn end(&self, folder: &LogFolder, end: u64, heads: &Heads, audit: &mut Audit) {
        let by = &self.by;
        match self.cursor {
            Some((at, _)) if at > end => audit.defect(
                &folder.receipt(end),
                format!("is missing: the cursor of {by} is at {at}, and the receipts end at {end}"),
            ),
            Some((at, _)) if !self.met => {
                audit.defect(by, format!("its cursor at {at} is at the edge of no receipt"));
            }
            _ => {}
        }
        if let Some(head) = self.head.filter(|head| !heads.holds(*head)) {
            audit.defect(
                &folder.checkpoint(head.size, &head.root),
                format!("is missing or does not hold, and it is the head of {by}"),
            );
        }
    }
}

/// `public/tip.json`: what was published of every log.
#[derive(Serialize, Deserialize)]
pub(super) struct Tips {
    schema: u32,
    pub(super) logs: BTreeMap<String, Tip>,
}

/// What was published of a log.
#[derive(Serialize, Deserialize)]
pub(super) struct Tip {
    pub(super) epoch: u32,
    head: HeadRef,
    cursor: u64,
    tip: Hash,
}

impl Document for Tips {
    const MAX_BYTES: usize = 4 * 1024 * 1024;

    fn schema(&self) -> u32 {
        self.schema
    }
}

impl Tips {
    /// What was published, if anything was.
    pub(super) async fn read(desk: &mut Desk<'_>) -> Result<BTreeMap<String, Tip>, Fault> {
        let tips = desk.read::<Self>(names::TIP).await?;
        Ok(tips.map(|(tips, _)| tips.logs).unwrap_or_default())
    }
}
