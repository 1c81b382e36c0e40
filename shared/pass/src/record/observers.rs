//! What the state of a log keeps of those who look at it beside us.

use super::HeadRef;
use serde::{Deserialize, Serialize};
use sigstore::Timestamp;
use std::collections::BTreeMap;

/// Checkpoints of one view that are kept until they can be proven; as many as of the log itself.
const MAX_PENDING: usize = 8;

/// The witnesses and the views of one log, each by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObserverMarks {
    /// The witnesses of the policy that ever cosigned.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub witnesses: BTreeMap<String, WitnessMark>,
    /// The newest head of which a checkpoint met the quorum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witnessed: Option<HeadRef>,
    /// The views that ever showed a checkpoint.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub views: BTreeMap<String, ViewMark>,
}

/// A witness that cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessMark {
    /// The time of its newest cosignature, as the witness says.
    pub time: Timestamp,
    /// The first pass that missed it; `None` if the newest checkpoint has its cosignature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Timestamp>,
}

/// What a view showed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewMark {
    /// The newest checkpoint of it that was proven to be of our tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consistent: Option<HeadRef>,
    /// Checkpoints that are neither proven nor excluded yet. What was once seen signed is not forgotten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<Pending>,
    /// The evidence of its contradiction with ours, as long as that stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<String>,
}

/// A checkpoint that a view showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// What it says.
    pub head: HeadRef,
    /// The raw signed note.
    pub note: String,
    /// When it was first seen.
    pub since: Timestamp,
}

impl ViewMark {
    /// Keeps a checkpoint that cannot be proven yet, once. Those that were kept before are older, and can be proven sooner.
    pub(crate) fn pend(&mut self, pending: Pending) {
        let known = self.pending.iter().any(|known| known.head == pending.head);
        if !known && self.pending.len() < MAX_PENDING {
            self.pending.push(pending);
        }
    }
}

impl ObserverMarks {
    pub(super) fn is_empty(&self) -> bool {
        self.witnesses.is_empty() && self.witnessed.is_none() && self.views.is_empty()
    }

    /// Brings two passes' marks together: ours are newer, and what the other saw and we did not is kept.
    pub(crate) fn merge(&mut self, ours: &Self) {
        for (name, mark) in &ours.witnesses {
            self.witnesses.insert(name.clone(), *mark);
        }
        for (name, mark) in &ours.views {
            let known = self.views.entry(name.clone()).or_default();
            if known.conflict.is_none() || mark.conflict.is_some() {
                let theirs = core::mem::replace(known, mark.clone());
                theirs.pending.into_iter().for_each(|pending| known.pend(pending));
            }
        }
        self.witnessed = ours.witnessed.or(self.witnessed);
    }
}
