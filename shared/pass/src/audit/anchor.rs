//! What says from outside of a chain how far it must reach: the state, what was published, the restart of the next
//! epoch. A tail that was cut off is seen by these alone.

use super::heads::Heads;
use super::{Audit, Desk};
use crate::names::{self, LogFolder};
use crate::record::{Document, HeadRef, Progress, Restart};
use crate::trouble::Fault;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tlog::{Frontier, Hash};

/// A head and a place on the chain of an epoch that must both be on record.
pub(super) struct Anchor {
    /// What says so.
    object: String,
    /// Whose head and cursor these are.
    whose: &'static str,
    head: Option<HeadRef>,
    cursor: Option<(u64, Hash)>,
    frontier: Option<Frontier>,
    /// Whether the chain passed the cursor.
    met: bool,
}

impl Anchor {
    /// What the state says of the epoch that it is in.
    pub(super) fn state(folder: &LogFolder, progress: &Progress) -> Self {
        Self {
            object: folder.state(),
            whose: "the state's",
            head: Some(progress.head),
            cursor: Some((progress.cursor.position(), progress.cursor.tip)),
            frontier: Some(progress.cursor.frontier.clone()),
            met: false,
        }
    }

    /// What was published of the epoch.
    pub(super) fn published(tip: &Tip) -> Self {
        Self {
            object: names::TIP.to_owned(),
            whose: "the published",
            head: Some(tip.head),
            cursor: Some((tip.cursor, tip.tip)),
            frontier: None,
            met: false,
        }
    }

    /// What the start of the next epoch says of this one. The chain may go on behind it: a pass may have been under way.
    pub(super) fn restart(object: String, restart: &Restart) -> Self {
        Self {
            object,
            whose: "the next epoch's earlier",
            head: restart.previous_head,
            cursor: restart.previous_cursor.zip(restart.previous_tip),
            frontier: None,
            met: false,
        }
    }

    /// Where the chain passes the cursor, both must say the same.
    pub(super) fn pass(&mut self, at: u64, tip: Hash, frontier: &Frontier, audit: &mut Audit) {
        let Some((_, expected)) = self.cursor.filter(|(cursor, _)| *cursor == at) else {
            return;
        };
        self.met = true;
        let whose = self.whose;
        if tip != expected {
            audit.defect(
                &self.object,
                format!("{whose} cursor at {at} stands on another receipt than the one on record"),
            );
        } else if self.frontier.as_ref().is_some_and(|own| own != frontier) {
            audit.defect(
                &self.object,
                format!("{whose} cursor at {at} has another frontier than the record"),
            );
        }
    }

    /// At the end of the chain, which ends at `end`.
    pub(super) fn end(&self, folder: &LogFolder, end: u64, heads: &Heads, audit: &mut Audit) {
        let whose = self.whose;
        match self.cursor {
            Some((at, _)) if at > end => audit.defect(
                &folder.receipt(end),
                format!("is missing: {whose} cursor is at {at}, and the receipts end at {end}"),
            ),
            Some((at, _)) if !self.met => {
                audit.defect(
                    &self.object,
                    format!("{whose} cursor at {at} is at the edge of no receipt"),
                );
            }
            _ => {}
        }
        if let Some(head) = self.head.filter(|head| !heads.holds(*head)) {
            audit.defect(
                &folder.checkpoint(head.size, &head.root),
                format!("is missing or does not hold, and it is {whose} head"),
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
