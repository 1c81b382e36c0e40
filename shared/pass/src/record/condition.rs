//! A condition: something that holds for a while, is told when it begins, daily while it lasts, and when it ends.

use alerts::{Class, Fact, Phase};
use serde::{Deserialize, Serialize};
use sigstore::Timestamp;
use std::collections::BTreeMap;

/// One condition of a log or of the deployment, identified by class and detail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// What it is.
    pub class: Class,
    /// Which one of its class: an evidence id, a step, a kind of leaf.
    pub detail: String,
    /// Since when it holds.
    pub opened: Timestamp,
    /// From when on it is told.
    pub due: Timestamp,
    /// Since when it holds no longer.
    pub closed: Option<Timestamp>,
    /// What is to be told of it.
    pub facts: Vec<Fact>,
    /// The object of the record that shows more.
    pub object: Option<String>,
    /// Whether an operator has seen it.
    pub acknowledged: Option<Acknowledgement>,
    /// What each sink was told last.
    #[serde(default)]
    pub told: BTreeMap<String, Told>,
}

/// What a sink was told of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The phase.
    pub phase: Phase,
    /// When.
    pub at: Timestamp,
}

/// An operator has seen a violation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who.
    pub by: String,
    /// Why it may be silent.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

impl Condition {
    /// Whether it holds.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// Whether it is a violation that nobody has acknowledged.
    #[must_use]
    pub fn is_loud_violation(&self) -> bool {
        self.class == Class::Violation && self.is_open() && self.acknowledged.is_none()
    }

    /// Whether it is a violation that was acknowledged.
    #[must_use]
    pub fn is_latched(&self) -> bool {
        self.class == Class::Violation && self.is_open() && self.acknowledged.is_some()
    }
}
