//! The alert of a finding that only a ledger could have allowed, and that no ledger explains.
//!
//! It is the finding's alert, under the same id, with the answer of each ledger that was asked. Whether a ledger explains
//! it, and for how long that is waited for, is for the caller to know.

use crate::alert::{Alert, Fact, MAX_TITLE_CHARS, bounded};
use crate::discovery::finding_alert;
use crate::finding::Finding;
use crate::text::ascii_line;
use sigstore::Timestamp;

/// Why a finding is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unexplained {
    /// Every ledger was asked, and the time for a record is over.
    NoRecord,
    /// A ledger could not be read for longer than that is waited for.
    Unread,
    /// More findings wait for their records than can be kept waiting, so that this one does not wait.
    Crowded,
}

impl Unexplained {
    const fn words(self) -> &'static str {
        match self {
            Self::NoRecord => {
                "No ledger explains it: the release process recorded no such release in time, or one that says \
                 otherwise. It is unauthorised."
            }
            Self::Unread => {
                "A ledger that may explain it cannot be read. Until it can, nobody knows whether the release process \
                 recorded it, and it is told as unauthorised."
            }
            Self::Crowded => {
                "No ledger explains it so far, and more findings wait for their records than can be kept waiting. It is \
                 told without waiting."
            }
        }
    }
}

/// The alert of a finding that no ledger explains. `answers` has one fact for each ledger: what it was asked and what it
/// had.
#[must_use]
pub fn unauthorised_alert(finding: &Finding, answers: &[Fact], why: Unexplained, now: Timestamp) -> Alert {
    let alert = finding_alert(finding, now);
    let mut facts = alert.facts;
    // Behind the name of the rule: it is what the reader looks for first.
    let at = facts.len().min(1);
    let answers = answers.iter().map(|fact| Fact::new(&fact.name, &fact.value));
    facts.splice(at..at, answers);
    let title = format!(
        "[{}] Unauthorised: {}",
        alert.severity,
        alert.title.trim_start_matches(&format!("[{}] ", alert.severity))
    );
    Alert {
        title: ascii_line(&title, MAX_TITLE_CHARS),
        summary: format!("{} {}", alert.summary, why.words()),
        facts: bounded(facts),
        ..alert
    }
}
