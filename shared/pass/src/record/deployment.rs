//! The inventory of the deployment: which logs there are, since when, and what belongs to no single log.

use super::{Condition, Document, SCHEMA};
use crate::settings::{LogKind, Position};
use serde::{Deserialize, Serialize};
use sigstore::Timestamp;
use std::collections::BTreeMap;
use tlog::Hash;

/// `state/deployment.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// See [`SCHEMA`].
    pub schema: u32,
    /// When the store was created.
    pub created: Timestamp,
    /// Every log that was ever listed, by origin.
    pub logs: BTreeMap<String, Listed>,
    /// The configuration in force, by the hash of its bytes; its copy is kept under `audit/config/`.
    pub config: Option<Hash>,
    /// The trust in force, by the hash of its bytes; its copy is kept under `audit/trust/`.
    pub trust: Option<Hash>,
    /// What belongs to no single log.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

/// A log in the inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// When it was first listed.
    pub since: Timestamp,
    /// Whether it was listed when the store was created.
    #[serde(default)]
    pub founding: bool,
    /// Where its first span begins.
    pub from: Position,
    /// What it speaks, once that is known.
    pub kind: Option<LogKind>,
    /// The folder that was found to hold its checkpoint, where the log had to be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The newest epoch that a pass has begun. A state of an older one was restored from before a restart.
    #[serde(default)]
    pub epoch: u32,
    /// Whether its record was begun: from then on a missing record is a fault, never a new start.
    pub begun: bool,
}

impl Document for Deployment {
    const MAX_BYTES: usize = 4 * 1024 * 1024;

    fn schema(&self) -> u32 {
        self.schema
    }
}

impl Deployment {
    /// The inventory of a store that is created now.
    #[must_use]
    pub fn new(created: Timestamp) -> Self {
        Self {
            schema: SCHEMA,
            created,
            logs: BTreeMap::new(),
            config: None,
            trust: None,
            conditions: Vec::new(),
        }
    }
}
