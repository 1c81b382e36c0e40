//! The receipt of a span: that it was covered, under which head, with which rules, and what came of it.
//!
//! Receipts form a chain: each names the hash of the one before it (the first names the start). A receipt is put once;
//! that is the commit of its span.

use super::{Document, HeadRef, Restart};
use serde::{Deserialize, Serialize};
use sigstore::Timestamp;
use tlog::{Frontier, Hash};

/// `audit/<log>/receipts/<from>.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// See [`super::SCHEMA`].
    pub schema: u32,
    /// The origin.
    pub log: String,
    /// The epoch, from 1.
    pub epoch: u32,
    /// The first index of the span.
    pub from: u64,
    /// The index after its last.
    pub to: u64,
    /// SHA-256 of the bytes of the receipt before this one, or of the start.
    pub previous: Hash,
    /// The frontier at `to`.
    pub frontier: Frontier,
    /// The signed head that the span was authenticated against.
    pub head: HeadRef,
    /// The hashes of `range_nodes(to, head.size)`: with the frontier they rebuild the head's root.
    pub proof: Vec<Hash>,
    /// When it was committed.
    pub time: Timestamp,
    /// The pass that committed it.
    pub pass: String,
    /// The rule set that the span was matched against.
    pub rules: Hash,
    /// The configuration that was in force: its bytes stand in [`crate::names::config`]. Absent in older receipts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Hash>,
    /// The trust that was in force.
    pub trust: Hash,
    /// What came of it.
    pub counts: Counts,
    /// What came of all spans of this epoch, this one included. Absent in older receipts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub totals: Option<Counts>,
    /// The undecodable leaves by what they are, the first [`MAX_GROUPS`] of them.
    #[serde(default)]
    pub undecodable: Vec<Group>,
    /// The findings, where there are any.
    pub findings: Option<ObjectRef>,
    /// The undecodable leaves, where there are any.
    pub quarantine: Option<ObjectRef>,
    /// In the first receipt after a restart: by whom and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<Restart>,
}

/// The counts of a span.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Entries, decoded or not.
    pub entries: u64,
    /// Matches that nothing allowed.
    pub findings: u64,
    /// Matches that the rule allows.
    pub allowed: u64,
    /// Leaves that no decoder understood.
    pub quarantined: u64,
    /// Of the findings, those that a ledger may still allow.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub awaiting: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Counts {
    /// Adds another span's counts.
    pub fn add(&mut self, other: Self) {
        self.entries = self.entries.saturating_add(other.entries);
        self.findings = self.findings.saturating_add(other.findings);
        self.allowed = self.allowed.saturating_add(other.allowed);
        self.quarantined = self.quarantined.saturating_add(other.quarantined);
        self.awaiting = self.awaiting.saturating_add(other.awaiting);
    }
}

/// Kinds of undecodable leaves that a receipt tells apart at most; the log chooses them.
pub const MAX_GROUPS: usize = 32;

/// Undecodable leaves, or promises that do not verify, of one kind, version and reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Kind, version and reason, escaped and cut.
    pub what: String,
    /// How many.
    pub count: u64,
    /// The index of the first.
    pub first: u64,
    /// Whether these were decoded, and it is the log's promise to hold them that does not verify.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub promise: bool,
}

/// Another object of the span, by name and content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRef {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: Hash,
}

impl Document for Receipt {
    const MAX_BYTES: usize = 1024 * 1024;

    fn schema(&self) -> u32 {
        self.schema
    }
}
