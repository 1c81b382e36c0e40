//! The inventory of the deployment: which logs there are, since when, and what belongs to no single log.

use super::{Condition, Counts, Document, LedgerMarks, Lookback, SCHEMA};
use crate::news::TrustOutline;
use crate::outline::Outline;
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
    /// What the configuration in force says, if that is not too much: the next one is told from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outline: Option<Outline>,
    /// How often another configuration came into force.
    #[serde(default)]
    pub changes: u64,
    /// What the trust in force says of its logs and keys: the next one is told from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted: Option<TrustOutline>,
    /// How often something of it was news.
    #[serde(default)]
    pub trust_news: u64,
    /// The sinks that a pass was made with, by name.
    #[serde(default)]
    pub sinks: BTreeMap<String, KnownSink>,
    /// Words about the deployment that a sink may not have been told yet.
    #[serde(default)]
    pub notices: Vec<PendingNotice>,
    /// The last weekly report, or where the first week began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<Reported>,
    /// Rules that came into force behind entries that were read already.
    #[serde(default, skip_serializing_if = "Lookback::is_empty")]
    pub lookback: Lookback,
    /// The ledgers that the rules name, and what they announced.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ledgers: BTreeMap<String, LedgerMarks>,
}

/// A place that alerts go to, as the deployment knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownSink {
    /// Since when: what came about before is not owed to it.
    pub since: Timestamp,
    /// When it was told the first word, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub welcomed: Option<Timestamp>,
    /// Alerts that it took about what belongs to no single log; one that was told again counts again.
    #[serde(default)]
    pub told: u64,
}

/// A word about the deployment, and who was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingNotice {
    /// The word.
    pub notice: alerts::Notice,
    /// The sinks that took it, and when.
    #[serde(default)]
    pub told: BTreeMap<String, Timestamp>,
}

/// Where a week of reports begins: its counts are what came since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// When.
    pub at: Timestamp,
    /// What had come of each log by then, by origin.
    #[serde(default)]
    pub logs: BTreeMap<String, LogTotals>,
    /// Alerts that each sink had taken by then.
    #[serde(default)]
    pub told: BTreeMap<String, u64>,
}

/// What came of a log in its epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogTotals {
    /// The epoch.
    pub epoch: u32,
    /// What came of its spans.
    pub totals: Counts,
}

/// One tree of a Rekor v1 server: a log of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// The server's name: the origin of the shard's checkpoints before ` - <tree id>`.
    pub server: String,
    /// The tree id, in decimal digits; too large for the numbers of JSON.
    pub tree: String,
    /// The global index of its first entry, as the server counts.
    pub offset: u64,
    /// Whether the server says that it takes no more entries.
    pub retired: bool,
    /// Its size when it was retired, as the server says; 0 before that, and in an inventory of a version that did not ask.
    #[serde(default)]
    pub size: u64,
}

impl Shard {
    /// Takes what the server says now of the same shard. What was retired stays so.
    pub fn retire(&mut self, said: &Self) {
        self.retired |= said.retired;
        self.size = self.size.max(said.size);
    }
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
    /// Which shard of a Rekor v1 server it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The newest epoch that a pass has begun. A state of an older one was restored from before a restart.
    #[serde(default)]
    pub epoch: u32,
    /// Whether its record was begun: from then on a missing record is a fault, never a new start. Of a Rekor v1 server:
    /// whether it has told its shards once; those that appear later begin at 0.
    pub begun: bool,
}

impl Listed {
    /// Whether it is a Rekor v1 server: its shards have records, it has none.
    #[must_use]
    pub fn is_server(&self) -> bool {
        self.kind == Some(LogKind::RekorV1) && self.shard.is_none()
    }
}

impl Document for Deployment {
    /// The parts that others can make grow have caps of their own, which together leave half of this free.
    const MAX_BYTES: usize = 8 * 1024 * 1024;

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
            outline: None,
            changes: 0,
            trusted: None,
            trust_news: 0,
            sinks: BTreeMap::new(),
            notices: Vec::new(),
            reported: None,
            lookback: Lookback::default(),
            ledgers: BTreeMap::new(),
        }
    }
}
