//! `lookup`: whether one entry is in the tree of a head on our record. Reads, and writes nothing.

use crate::names::LogFolder;
use crate::record::{self, HeadRef, LogState};
use crate::trouble::{Fault, SourceTrouble};
use crate::{Freshness, LogSource, Store};
use tlog::Frontier;

/// Where our record of a log stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The newest head: authentic, and proven consistent with every earlier one.
    pub head: HeadRef,
    /// Up to where every entry was read and proven.
    pub cursor: u64,
}

/// Where our record of the log stands; `None` if it holds none.
///
/// # Errors
/// A fault if the store cannot be read, or what it holds.
pub async fn standing(store: &dyn Store, origin: &str) -> Result<Option<Standing>, Fault> {
    let state: Option<LogState> = record::read(store, &LogFolder::new(origin, 1).state()).await?;
    Ok(state.and_then(|state| state.progress).map(|progress| Standing {
        head: progress.head,
        cursor: progress.cursor.position(),
    }))
}

/// Whether the tree of `head` begins with the leaves of `frontier`: the source is asked for what leads from the one to the
/// other, and only what rebuilds the head's root counts. Whoever put the entry's hash last into the frontier has shown
/// that it is in the tree at the index before its end.
///
/// # Errors
/// A fault if it cannot be told.
pub async fn leads_to(source: &dyn LogSource, frontier: &Frontier, head: HeadRef) -> Result<bool, Fault> {
    let asked = source.anchor(frontier.size(), head.size, Freshness::Cached).await;
    match asked.map_err(SourceTrouble::from) {
        Ok(anchor) => Ok(frontier.root_with(&anchor.rest, head.size).ok() == Some(head.root)),
        Err(SourceTrouble::Malformed(_)) => Ok(false),
        Err(SourceTrouble::Fault(fault)) => Err(fault),
    }
}
