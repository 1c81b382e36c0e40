//! What a span has to do with ledgers: which findings wait for a record, and which entries are put where a ledger is
//! asked whether what it announced was seen.
//!
//! Of an entry it is put down before the receipt of its span: that it is in the log is proven by then, whoever commits
//! it. A crash in between leaves true words that somebody else will find there.

use super::book::Book;
use crate::ledger::{Ledgers, SeenEntry};
use crate::names;
use crate::record;
use crate::trouble::Fault;
use alerts::{Awaited, Finding};
use rules::{Awaits, Match, RuleSet};

/// Entries of one span that are put down, and findings of it that wait: what is beyond is told at once.
const MAX_NOTED: usize = 1_000;

/// Objects that are put at a time.
const AT_ONCE: usize = 16;

/// A record that is so much later than the grace is not to come any more: what is read of old times waits for nothing.
const OLD_SECS: i64 = 86_400;

/// What a span has to do with ledgers.
#[derive(Default)]
pub(crate) struct Noted {
    entries: Vec<(Vec<String>, SeenEntry)>,
    waiting: usize,
}

impl Noted {
    /// Takes a match and its finding, which is left to the ledgers that may still allow it.
    pub(crate) fn note(&mut self, ledgers: &Ledgers, rules: &RuleSet, found: &Match, finding: &mut Finding) {
        let named = rules.ledgers_of(found.rule, finding.time);
        if named.is_empty() {
            return;
        }
        let seen = SeenEntry::of(finding);
        if seen.digests.is_empty() {
            return;
        }
        if self.waiting < MAX_NOTED {
            finding.awaits = awaited(ledgers, rules, found.awaits, &seen, finding);
            self.waiting += usize::from(finding.awaits.is_some());
        }
        let concerned = |name: &&str| ledgers.find(name).is_some_and(|shelf| shelf.since <= seen.at);
        let concerned: Vec<String> = rules.awaited(named).filter(concerned).map(str::to_owned).collect();
        if !concerned.is_empty() && self.entries.len() < MAX_NOTED {
            self.entries.push((concerned, seen));
        }
    }
}

fn awaited(ledgers: &Ledgers, rules: &RuleSet, awaits: Awaits, seen: &SeenEntry, finding: &Finding) -> Option<Awaited> {
    let shelves: Vec<_> = rules.awaited(awaits).filter_map(|name| ledgers.find(name)).collect();
    let grace = shelves.iter().map(|shelf| shelf.settings.grace_secs).max()?;
    let grace = i64::try_from(grace).unwrap_or(i64::MAX);
    let is_old = finding.time.seconds_since(seen.at) > grace.saturating_add(OLD_SECS);
    Some(Awaited {
        ledgers: shelves.iter().map(|shelf| shelf.settings.name.clone()).collect(),
        at: seen.at,
        until: finding.time.plus_seconds(if is_old { 0 } else { grace }),
    })
}

/// Puts down the entries of a span that ledgers are asked about. Whoever put one there saw the same entry.
pub(crate) async fn put(book: &Book, noted: &Noted) -> Result<(), Fault> {
    let mut objects = Vec::new();
    for (ledgers, seen) in &noted.entries {
        let bytes = record::encode(seen);
        for digest in &seen.digests {
            for ledger in ledgers {
                objects.push((names::ledger_entry(ledger, digest, &seen.finding), bytes.clone()));
            }
        }
    }
    for some in objects.chunks(AT_ONCE) {
        let mut puts = Vec::with_capacity(some.len());
        for (name, bytes) in some {
            puts.push(book.context.store().put_once(name, bytes));
        }
        futures::future::try_join_all(puts).await?;
    }
    Ok(())
}
