//! What became, in one pass, of the findings that only a ledger may allow: for the report.

use std::collections::BTreeSet;

/// Findings whose fate is remembered for the report of one log and pass.
const MAX_RULED: usize = 10_000;

/// What became of findings that only a ledger may allow, by their ids: whichever sink it was found out for.
#[derive(Debug, Default)]
pub(crate) struct Ruled {
    /// Explained in this pass.
    authorised: BTreeSet<String>,
    /// Told in this pass.
    refused: BTreeSet<String>,
    waiting: BTreeSet<String>,
}

impl Ruled {
    pub(super) fn authorise(&mut self, id: &str) {
        self.remove(id);
        if self.authorised.len() < MAX_RULED {
            self.authorised.insert(id.to_owned());
        }
    }

    pub(super) fn refuse(&mut self, id: &str) {
        self.remove(id);
        if self.refused.len() < MAX_RULED {
            self.refused.insert(id.to_owned());
        }
    }

    pub(super) fn wait(&mut self, id: &str) {
        if self.waiting.len() < MAX_RULED {
            self.waiting.insert(id.to_owned());
        }
    }

    /// It does not wait any more.
    pub(super) fn remove(&mut self, id: &str) {
        self.waiting.remove(id);
    }

    /// How many were authorised in this pass, told, and wait.
    pub(crate) fn counts(&self) -> [u64; 3] {
        [&self.authorised, &self.refused, &self.waiting].map(|ids| u64::try_from(ids.len()).unwrap_or(u64::MAX))
    }
}
