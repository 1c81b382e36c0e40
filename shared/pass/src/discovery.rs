//! What the logs of the coverage turn out to be: the kind of those whose kind nobody states, and the shards of a Rekor v1
//! server, each of which is a log of its own.
//!
//! A server's word decides which trees are asked for and where, and nothing about what they say: a shard's checkpoint is
//! authenticated like any other before anything is begun, and a shard whose record was begun is watched whether or not
//! the server still lists it. Writes nothing.

use crate::coverage::{Coverage, WatchedLog};
use crate::names::is_name;
use crate::record::{Deployment, Shard};
use crate::settings::{LogKind, Position};
use crate::trouble::{Fault, FaultClass};
use crate::{LedgerSettings, LogSource, Store, ViewSettings, ViewSource};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use tlog::VerifierKey;

/// Shards of one server that are taken up. The public one has three after five years.
pub const MAX_SHARDS: usize = 64;

/// Opens what the configuration names (logs, other observers, ledgers), and asks what there is to open.
#[async_trait]
pub trait Sources: Send + Sync {
    /// The source of a log.
    ///
    /// # Errors
    /// A fault of class `Configuration` if the URL cannot be one of this kind.
    fn open(&self, log: &WatchedLog, kind: LogKind) -> Result<Arc<dyn LogSource>, Fault>;

    /// What is spoken at the base URL of a log whose kind nobody states.
    async fn probe(&self, log: &WatchedLog) -> Result<Probed, Fault>;

    /// What another observer was shown of a log.
    ///
    /// # Errors
    /// A fault of class `Configuration` if its URL cannot be read; one of class `Source` if it cannot be reached.
    async fn view(&self, view: &ViewSettings, _log: &WatchedLog) -> Result<Arc<dyn ViewSource>, Fault> {
        let message = format!("{} is a view, and views are not read here", view.url);
        Err(Fault::new(FaultClass::Configuration, &view.url, message))
    }

    /// A ledger, for reading.
    ///
    /// # Errors
    /// A fault if there is none at its place, or places of its kind are not read here.
    async fn ledger(&self, ledger: &LedgerSettings) -> Result<Arc<dyn Store>, Fault> {
        let message = format!("{} is a ledger, and ledgers are not read here", ledger.place);
        Err(Fault::new(FaultClass::Configuration, &ledger.place, message))
    }

    /// The shards of a Rekor v1 server, as it lists them.
    async fn shards(&self, server: &WatchedLog) -> Result<Vec<ListedShard>, Fault> {
        let message = format!("{} speaks Rekor v1, which is not read here", server.url);
        Err(Fault::new(FaultClass::Configuration, &server.url, message))
    }
}

/// What a log was found to speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// The kind.
    pub kind: LogKind,
    /// The folder that holds its checkpoint, if it is tiled.
    pub base: Option<String>,
}

/// A shard as its server lists it: unverified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedShard {
    /// Decimal digits.
    pub tree: String,
    /// Whether it takes no more entries.
    pub retired: bool,
    /// Its size, as far as the server tells.
    pub size: u64,
    /// The global index of its first entry.
    pub offset: u64,
}

/// A log as it was found.
#[derive(Debug, Clone)]
pub enum Found {
    /// To be opened.
    Log(WatchedLog, LogKind),
    /// Of a kind that this version does not read.
    Unread(WatchedLog, LogKind),
    /// Nobody could tell.
    Failed(WatchedLog, Fault),
}

/// What the logs of a coverage turned out to be.
#[derive(Debug, Clone, Default)]
pub struct Discovery {
    /// Each of them; of a server, each of its shards.
    pub found: Vec<Found>,
    /// The servers that listed their shards, by name, and those that did not.
    pub servers: Vec<(String, bool)>,
}

impl Found {
    /// The log, whatever it was found to be.
    #[must_use]
    pub fn log(&self) -> &WatchedLog {
        match self {
            Self::Log(log, _) | Self::Unread(log, _) | Self::Failed(log, _) => log,
        }
    }
}

/// Asks what must be asked. The trouble of one log is its own.
pub async fn discover(coverage: &Coverage, known: &Deployment, sources: &dyn Sources) -> Discovery {
    let each = coverage.watched.iter().map(|log| kind_of(log, sources));
    let mut discovery = Discovery::default();
    for found in futures::future::join_all(each).await {
        match found {
            Found::Log(server, LogKind::RekorV1) if server.shard.is_none() => {
                let listed = sources.shards(&server).await;
                discovery.servers.push((server.origin.clone(), listed.is_ok()));
                discovery.found.extend(shards(server, listed, coverage, known));
            }
            found => discovery.found.push(found),
        }
    }
    discovery
}

async fn kind_of(log: &WatchedLog, sources: &dyn Sources) -> Found {
    let mut log = log.clone();
    let kind = match log.kind {
        Some(kind) => kind,
        None => match sources.probe(&log).await {
            Ok(probed) => {
                log.base = probed.base;
                log.kind = Some(probed.kind);
                probed.kind
            }
            Err(fault) => return Found::Failed(log, fault),
        },
    };
    match kind.leaves() {
        Some(_) => Found::Log(log, kind),
        None => Found::Unread(log, kind),
    }
}

/// The shards of a server: those that it lists, and those whose record was begun. Which ones are excluded, the coverage
/// knows.
fn shards(
    server: WatchedLog,
    listed: Result<Vec<ListedShard>, Fault>,
    coverage: &Coverage,
    known: &Deployment,
) -> Vec<Found> {
    let mut logs: Vec<WatchedLog> = begun_shards(&server, known);
    let listed = match listed {
        Ok(listed) => listed,
        Err(fault) if logs.is_empty() => return vec![Found::Failed(server, fault)],
        // Each of them will say by itself that it could not be reached.
        Err(_) => Vec::new(),
    };
    for shard in listed.into_iter().take(MAX_SHARDS) {
        let origin = shard_origin(&server.origin, &shard.tree);
        let digits = shard.tree.bytes().all(|byte| byte.is_ascii_digit()) && !shard.tree.is_empty();
        if !digits || !is_name(&origin) {
            continue;
        }
        let found = shard_log(&server, &shard);
        match logs.iter_mut().find(|log| log.origin == origin) {
            // Its place among the shards was found when it was begun, and does not move.
            Some(known) => {
                if let (Some(known), Some(said)) = (&mut known.shard, &found.shard) {
                    known.retire(said);
                }
            }
            None => logs.push(found),
        }
    }
    let excluded = |log: &WatchedLog| coverage.unwatched.iter().any(|unwatched| unwatched.name == log.origin);
    logs.into_iter()
        .filter(|log| !excluded(log))
        .map(|log| Found::Log(log, LogKind::RekorV1))
        .collect()
}

/// The shards of a server whose record was begun: the inventory knows them without asking anybody.
fn begun_shards(server: &WatchedLog, known: &Deployment) -> Vec<WatchedLog> {
    let shards = known.logs.iter().filter(|(_, listed)| listed.begun);
    shards
        .filter_map(|(origin, listed)| {
            let shard = listed.shard.clone().filter(|shard| shard.server == server.origin)?;
            Some(WatchedLog {
                origin: origin.clone(),
                shard: Some(shard),
                ..server.clone()
            })
        })
        .collect()
}

fn shard_log(server: &WatchedLog, listed: &ListedShard) -> WatchedLog {
    let within = |global: u64| match global.checked_sub(listed.offset) {
        // Where all of it lies before the position, it is begun at its end.
        Some(index) if listed.retired && index >= listed.size => Position::Head,
        Some(index) => Position::Index(index),
        None => Position::Index(0),
    };
    WatchedLog {
        origin: shard_origin(&server.origin, &listed.tree),
        from: server.from.map(|from| match from {
            Position::Head => Position::Head,
            Position::Index(global) => within(global),
        }),
        shard: Some(Shard {
            server: server.origin.clone(),
            tree: listed.tree.clone(),
            offset: listed.offset,
            retired: listed.retired,
            size: if listed.retired { listed.size } else { 0 },
        }),
        kind: Some(LogKind::RekorV1),
        ..server.clone()
    }
}

/// The origin of a shard's checkpoints.
fn shard_origin(server: &str, tree: &str) -> String {
    format!("{server} - {tree}")
}

/// The keys of these logs, and those of the shards of theirs that the inventory knows, by log.
#[must_use]
pub fn with_shards(
    mut keys: BTreeMap<String, Vec<VerifierKey>>,
    known: &Deployment,
) -> BTreeMap<String, Vec<VerifierKey>> {
    for (origin, listed) in &known.logs {
        let server = listed.shard.as_ref().and_then(|shard| keys.get(&shard.server).cloned());
        if let Some(server) = server {
            keys.entry(origin.clone()).or_insert(server);
        }
    }
    keys
}
