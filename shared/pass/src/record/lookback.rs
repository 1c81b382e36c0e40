//! Rules that came into force behind entries that were read already, and what such a rule was asked of afterwards.
//!
//! The receipts are the truth about the past of a rule: each names the rule set of its span. What the inventory keeps is
//! for people, so that a quiet pass need not ask the receipts.

use super::{Counts, Document, HeadRef};
use serde::{Deserialize, Serialize};
use sigstore::Timestamp;
use std::collections::BTreeMap;
use tlog::Hash;

/// Rules in force that were not asked of everything on record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookback {
    /// By name, in the order in which they came.
    #[serde(default)]
    pub rules: Vec<WithoutPast>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "is_none")]
    pub more: u64,
}

/// One such rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithoutPast {
    /// Its name.
    pub name: String,
    /// What it asks: see [`rules::RuleSpec::question`].
    pub question: Hash,
    /// When it came into force.
    pub since: Timestamp,
    /// The logs of which entries had been read by then, by origin.
    pub logs: BTreeMap<String, Unasked>,
}

/// What of a log a rule may not have been asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unasked {
    /// Up to where the log was read when the rule came into force.
    pub upto: u64,
    /// How many entries below are left, at most. 0 where nobody could tell.
    pub entries: u64,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Lookback {
    /// Rules that are kept by name; more are counted. The inventory is read on each pass.
    pub const MAX_NAMED: usize = 64;

    /// Whether every rule covers everything on record, as far as is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.more == 0
    }
}

/// `scans/rules/<question>/<log>/<from>-<to>.json`: a rule was asked of entries that had been read without it. The name
/// states the fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AskedRange {
    /// See [`super::SCHEMA`].
    pub schema: u32,
    /// The origin.
    pub log: String,
    /// The epoch whose receipts cover the range, from 1.
    pub epoch: u32,
    /// The first index.
    pub from: u64,
    /// The index after the last.
    pub to: u64,
    /// The rule's name then.
    pub rule: String,
    /// What it asks.
    pub question: Hash,
    /// The signed head that the entries were authenticated against.
    pub head: HeadRef,
    /// When.
    pub time: Timestamp,
    /// The scan.
    pub pass: String,
    /// What came of it.
    pub counts: Counts,
    /// What was written of it.
    pub objects: Vec<String>,
}

impl Document for AskedRange {
    const MAX_BYTES: usize = 1024 * 1024;

    fn schema(&self) -> u32 {
        self.schema
    }
}
