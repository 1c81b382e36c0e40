//! A ledger that is open for one pass, and what it answers.
//!
//! What was listed and read is kept for the pass, so that a match is looked up once however many sinks ask. A ledger that
//! does not answer once is not asked again in the pass. Writes nothing.

use super::agreement::{Agreement, SeenEntry, speaks_of, times};
use super::entry::{LedgerError, LedgerRecord, MAX_RECORD_BYTES, day};
use crate::settings::LedgerSettings;
use crate::{Store, StoreError, StoreErrorKind};
use core::time::Duration;
use sigstore::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tlog::Hash;

/// The patience with one call of a ledger.
const CALL_PATIENCE: Duration = Duration::from_secs(5);

/// Records of one digest and day that are read: a release that was recorded again and again.
const MAX_ALIKE: usize = 16;

/// Records that explain nothing and are named.
const MAX_NAMED: usize = 2;

/// Days and digests whose records are kept for the pass; what is beyond is asked for again.
const MAX_KNOWN: usize = 1_000;

const SECS_PER_DAY: i64 = 86_400;

/// Characters of an error or a name that words quote.
const QUOTED: usize = 300;

/// The ledgers that the rules name.
#[derive(Default)]
pub(crate) struct Ledgers {
    pub(crate) shelves: Vec<Shelf>,
}

/// A ledger.
pub(crate) struct Shelf {
    pub(crate) settings: LedgerSettings,
    /// When the deployment first knew of it: what was made before is none of its business.
    pub(crate) since: Timestamp,
    store: Option<Arc<dyn Store>>,
    /// Why it could not be read, since when it was not asked again.
    trouble: Mutex<Option<String>>,
    /// What stands under a day and a digest.
    known: Mutex<BTreeMap<String, Arc<Vec<Candidate>>>>,
}

/// An object of a ledger.
pub(crate) struct Candidate {
    pub(crate) name: String,
    pub(crate) sha256: Hash,
    /// What it says, or why it counts for nothing.
    pub(crate) opened: Result<LedgerRecord, String>,
}

/// What a ledger answers about an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has a record that explains it: the object's name and hash, and the record's time.
    Explains {
        record: String,
        sha256: Hash,
        time: Timestamp,
    },
    /// It has none; what it has instead, in words.
    Silent(String),
    /// It cannot be read, and why.
    Unreadable(String),
}

impl Ledgers {
    /// The ledger of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Shelf> {
        self.shelves.iter().find(|shelf| shelf.settings.name == name)
    }
}

impl Shelf {
    /// A ledger that was opened, or why it could not be.
    pub(crate) fn new(settings: LedgerSettings, since: Timestamp, opened: Result<Arc<dyn Store>, String>) -> Self {
        let (store, trouble) = match opened {
            Ok(store) => (Some(store), None),
            Err(why) => (None, Some(why)),
        };
        Self {
            settings,
            since,
            store,
            trouble: Mutex::new(trouble),
            known: Mutex::default(),
        }
    }

    /// Why it could not be read in this pass, if it could not.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks an entry up, by each digest and day that a record of it may have.
    pub(crate) async fn look(&self, seen: &SeenEntry) -> Answer {
        let (from, to) = times(seen.at, &self.settings);
        let mut others = Vec::new();
        for digest in &seen.digests {
            for day in days(from, to) {
                let alike = match self.under(&format!("{day}/{digest}-")).await {
                    Ok(alike) => alike,
                    Err(why) => return Answer::Unreadable(why),
                };
                for candidate in alike.iter() {
                    match self.judge(candidate, seen) {
                        Ok(answer) => return answer,
                        Err(why) => others.push(why),
                    }
                }
            }
        }
        Answer::Silent(match (seen.digests.is_empty(), others.is_empty()) {
            (true, _) => "cannot be asked: the entry names no digest".to_owned(),
            (false, true) => format!("has no record of this digest from {} to {}", day(from), day(to)),
            (false, false) => format!("has no record that explains it, but {}", some_of(&others)),
        })
    }

    fn judge(&self, candidate: &Candidate, seen: &SeenEntry) -> Result<Answer, String> {
        let name = alerts::text::escape(&candidate.name, QUOTED);
        let record = match &candidate.opened {
            Ok(record) => record,
            Err(why) => return Err(format!("{name}, which counts for nothing: {why}")),
        };
        match speaks_of(record, seen, &self.settings) {
            Agreement::Agrees => Ok(Answer::Explains {
                record: candidate.name.clone(),
                sha256: candidate.sha256,
                time: record.time,
            }),
            Agreement::Differs(how) => Err(format!("a record of this digest {how} ({name})")),
        }
    }

    async fn under(&self, prefix: &str) -> Result<Arc<Vec<Candidate>>, String> {
        let known = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(prefix)
            .cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let mut alike = Vec::new();
        let names = self.list(prefix, prefix, MAX_ALIKE + 1).await?;
        for name in names.iter().take(MAX_ALIKE) {
            alike.extend(self.read(name).await?);
        }
        if let Some(more) = names.get(MAX_ALIKE) {
            alike.push(Candidate {
                name: more.clone(),
                sha256: Hash::of(&[]),
                opened: Err(format!("of one digest and day {MAX_ALIKE} records are read")),
            });
        }
        let alike = Arc::new(alike);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MAX_KNOWN {
            known.insert(prefix.to_owned(), Arc::clone(&alike));
        }
        Ok(alike)
    }

    /// Names of the ledger, in order.
    pub(crate) async fn list(&self, prefix: &str, from: &str, limit: usize) -> Result<Vec<String>, String> {
        let store = self.store()?;
        self.call(store.list(prefix, from, limit)).await
    }

    /// Reads an object of the ledger; `None` if it is gone.
    pub(crate) async fn read(&self, name: &str) -> Result<Option<Candidate>, String> {
        let store = self.store()?;
        let read = store.read(name, MAX_RECORD_BYTES);
        let too_long = |error: &StoreError| matches!(error.kind, StoreErrorKind::TooLarge { .. });
        let bytes = match tokio::time::timeout(CALL_PATIENCE, read).await {
            Ok(Err(error)) if too_long(&error) => None,
            Ok(read) => match self.noted(read.map_err(|error| crate::trouble::error_chain(&error)))? {
                Some(object) => Some(object.bytes),
                None => return Ok(None),
            },
            Err(_elapsed) => return self.noted(Err(late())),
        };
        let sha256 = Hash::of(bytes.as_deref().unwrap_or_default());
        let opened = match &bytes {
            Some(bytes) => LedgerRecord::open(name, bytes, &self.settings.keys).map_err(|error| error.to_string()),
            None => Err(LedgerError::TooLong.to_string()),
        };
        Ok(Some(Candidate {
            name: name.to_owned(),
            sha256,
            opened: opened.map_err(|why| alerts::text::escape(&why, QUOTED)),
        }))
    }

    fn store(&self) -> Result<&Arc<dyn Store>, String> {
        match (self.trouble(), &self.store) {
            (None, Some(store)) => Ok(store),
            (trouble, _) => Err(trouble.unwrap_or_default()),
        }
    }

    async fn call<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, String> {
        let answer = match tokio::time::timeout(CALL_PATIENCE, call).await {
            Ok(answer) => answer.map_err(|error| crate::trouble::error_chain(&error)),
            Err(_elapsed) => Err(late()),
        };
        self.noted(answer)
    }

    /// The same answer; what failed is remembered.
    fn noted<T>(&self, answer: Result<T, String>) -> Result<T, String> {
        answer.map_err(|why| {
            let why = alerts::text::escape(&why, QUOTED);
            let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
            trouble.get_or_insert_with(|| why.clone());
            why
        })
    }
}

/// The first few; the rest is counted.
fn some_of(others: &[String]) -> String {
    let more = others.len().saturating_sub(MAX_NAMED);
    let named = others.get(..others.len().min(MAX_NAMED)).unwrap_or_default().join("; ");
    match more {
        0 => named,
        more => format!("{named}; and {more} more"),
    }
}

fn late() -> String {
    format!("no answer within {} s", CALL_PATIENCE.as_secs())
}

/// Every day from one moment to another, in UTC.
pub(crate) fn days(from: Timestamp, to: Timestamp) -> impl Iterator<Item = String> {
    let first = from.unix().div_euclid(SECS_PER_DAY);
    let last = to.unix().div_euclid(SECS_PER_DAY);
    (first..=last).map(|number| day(Timestamp::from_unix(number.saturating_mul(SECS_PER_DAY))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_between_two_moments() {
        let check = |from: &str, to: &str, expect: &[&str]| {
            let found: Vec<String> = days(from.parse().unwrap(), to.parse().unwrap()).collect();
            assert_eq!(found, expect);
        };
        check("2026-11-20T00:00:00Z", "2026-11-20T23:59:59Z", &["2026-11-20"]);
        check(
            "2026-02-28T23:59:59Z",
            "2026-03-01T00:00:00Z",
            &["2026-02-28", "2026-03-01"],
        );
        check("2026-11-20T00:00:00Z", "2026-11-19T00:00:00Z", &[]);
        assert_eq!(days(Timestamp::from_unix(-1), Timestamp::from_unix(0)).count(), 2);
    }
}
