//! One log through its epochs: each begun where the one before is whole, none of them gone.
//!
//! What says from outside how far the record must reach is read first, then the record: a pass that is under way brings
//! the record further and never back.

use super::anchor::Anchor;
use super::heads::{Carried, Heads};
use super::keys::Keys;
use super::listing::{Below, Child};
use super::published::Published;
use super::{Desk, Epoch, EpochAudit, Outside, evidence, ledger};
use crate::names::{self, LogFolder};
use crate::record::{self, LogState, Progress, Start};
use crate::trouble::Fault;
use tlog::Hash;

/// Objects in no known folder that are named one by one.
const MAX_STRANGERS: usize = 100;

/// How an epoch began: its start, and the hash of the start's bytes.
struct Begun {
    start: Start,
    hash: Hash,
}

/// Checks the epochs of one log, whose folders these are in their order. Returns the log and its newest epoch.
pub(super) async fn check(
    desk: &mut Desk<'_>,
    outside: &Outside<'_>,
    folders: &[String],
) -> Result<Option<(String, u32)>, Fault> {
    let mut folders = folders.iter();
    let Some(first) = next(desk, &mut folders).await? else {
        return Ok(None);
    };
    let log = first.start.log.clone();
    let keys = Keys::new(&log, outside.trusted, &desk.copies.keys, &mut desk.audit);
    let own = LogFolder::new(&log, 1);
    let progress = state(desk, &own, &log).await?;
    let mut published = Published::read(desk, &own, &keys).await?;
    let (mut newest, mut following) = (0_u32, Some(first));
    while let Some(begun) = following.take() {
        let folder = own.with_epoch(begun.start.epoch);
        let expected = newest.saturating_add(1);
        if begun.start.epoch != expected {
            let name = own.with_epoch(expected).start();
            desk.audit.defect(&name, "is missing: an epoch of this log is gone");
        }
        newest = newest.max(begun.start.epoch);
        following = match next(desk, &mut folders).await? {
            Some(following) => Some(following),
            // It may have begun since the folders were listed.
            None => read(desk, &own.with_epoch(newest.saturating_add(1))).await?,
        };
        let epoch = Epoch {
            folder: &folder,
            start: &begun.start,
            hash: begun.hash,
            keys: &keys,
        };
        let after = following.as_ref().map(|following| &following.start);
        let heads = one(desk, outside, &epoch, progress.as_ref(), after).await?;
        published.compare(&heads);
    }
    published.end(desk);
    let begun = progress.map_or(0, |progress| progress.epoch);
    if begun > newest {
        let name = own.with_epoch(newest.saturating_add(1)).start();
        desk.audit
            .defect(&name, format!("is missing: {} knows this epoch", own.state()));
    }
    Ok(Some((log, newest)))
}

/// The next start that can be read.
async fn next(desk: &mut Desk<'_>, folders: &mut core::slice::Iter<'_, String>) -> Result<Option<Begun>, Fault> {
    for folder in folders {
        let name = format!("audit/{folder}/start.json");
        let Some((start, bytes)) = desk.read::<Start>(&name).await? else {
            desk.audit.defect(
                &name,
                "is missing or unreadable: nobody can say where this record begins",
            );
            continue;
        };
        if LogFolder::new(&start.log, start.epoch).to_string() != *folder {
            let what = format!(
                "is the start of the log {} in epoch {}, in a folder of another name",
                start.log, start.epoch
            );
            desk.audit.defect(&name, what);
            continue;
        }
        let hash = record::content_hash(&bytes);
        return Ok(Some(Begun { start, hash }));
    }
    Ok(None)
}

/// The start of an epoch whose folder was not listed.
async fn read(desk: &mut Desk<'_>, folder: &LogFolder) -> Result<Option<Begun>, Fault> {
    if !desk.exists(&folder.start()).await? {
        return Ok(None);
    }
    next(desk, &mut [folder.to_string()].iter()).await
}

/// What the state says, with what its conditions name.
async fn state(desk: &mut Desk<'_>, folder: &LogFolder, log: &str) -> Result<Option<Progress>, Fault> {
    let name = folder.state();
    let state = desk.read::<LogState>(&name).await?;
    if let Some((state, _)) = &state {
        check_state(desk, folder, log, state).await?;
    }
    let progress = state.and_then(|(state, _)| state.progress);
    if progress.is_none() {
        desk.audit
            .note(format!("{name} is missing; the next pass rebuilds it from the record"));
    }
    Ok(progress)
}

/// What a state says beside its cursor and its head: whose it is, and what its conditions name.
async fn check_state(desk: &mut Desk<'_>, folder: &LogFolder, log: &str, state: &LogState) -> Result<(), Fault> {
    let name = folder.state();
    if state.log != log {
        desk.audit
            .defect(&name, format!("is the state of the log {}", state.log));
    }
    evidence::check_conditions(desk, &name, &state.conditions).await
}

async fn one(
    desk: &mut Desk<'_>,
    outside: &Outside<'_>,
    epoch: &Epoch<'_>,
    progress: Option<&Progress>,
    after: Option<&Start>,
) -> Result<Heads, Fault> {
    let (folder, start) = (epoch.folder, epoch.start);
    let known = progress.is_some_and(|progress| progress.epoch >= start.epoch);
    let progress = progress.filter(|progress| progress.epoch == start.epoch);
    let unrecorded = progress.and_then(|progress| progress.unrecorded.as_deref().map(|record| (progress.head, record)));
    let carried = Carried {
        first: Some(&start.checkpoint).filter(|_| !known),
        newest: unrecorded
            .filter(|(head, record)| record.head() == *head)
            .map(|(_, record)| record),
    };
    let mut heads = Heads::read(desk, epoch, &carried).await?;
    let mut summary = EpochAudit {
        log: start.log.clone(),
        epoch: start.epoch,
        from: start.frontier.size(),
        ..EpochAudit::default()
    };
    let tip = outside.tips.get(&start.log).filter(|tip| tip.epoch == start.epoch);
    let state = progress.map(|progress| Anchor::state(folder, progress));
    let restart = restart(desk, epoch, after);
    let anchors = [state, tip.map(Anchor::published), restart];
    let anchors = anchors.into_iter().flatten().collect();
    ledger::check(desk, epoch, &mut heads, anchors, &mut summary).await?;
    evidence::check(desk, folder, &start.log, epoch.keys, &mut summary).await?;
    if let Some(restart) = &start.restart {
        for name in &restart.evidence {
            evidence::check_named(desk, &folder.start(), name).await?;
        }
    }
    strangers(desk, folder).await?;
    (summary.head, summary.heads) = (heads.newest(), heads.count());
    desk.audit.epochs.push(summary);
    Ok(heads)
}

/// What the start of the next epoch says of this one.
fn restart(desk: &mut Desk<'_>, epoch: &Epoch<'_>, after: Option<&Start>) -> Option<Anchor> {
    let after = after.filter(|after| Some(after.epoch) == epoch.start.epoch.checked_add(1))?;
    let name = LogFolder::new(&after.log, after.epoch).start();
    let restart = after.restart.as_ref()?;
    if restart.previous_cursor.is_none() || restart.previous_tip.is_none() {
        desk.audit.note(format!(
            "{name} does not say where the epoch before it ended: whether its end is whole cannot be told"
        ));
    }
    Some(Anchor::restart(&name, restart))
}

/// What stands in the folder of an epoch and is none of its objects. Objects of known folders that nothing names are
/// abandoned by a pass that was cut off, and say nothing.
async fn strangers(desk: &mut Desk<'_>, folder: &LogFolder) -> Result<(), Fault> {
    const FOLDERS: [&str; 5] = ["checkpoints", "receipts", "findings", "quarantine", "evidence"];
    let all = folder.all();
    let mut below = Below::new(desk.store, all.clone());
    let mut strangers = 0_usize;
    while let Some(child) = below.next().await? {
        let name = match child {
            Child::Folder(name) if FOLDERS.contains(&name.as_str()) => continue,
            Child::Object(name) if name == "start.json" => continue,
            Child::Folder(name) => format!("{all}{name}/"),
            Child::Object(name) => format!("{all}{name}"),
        };
        strangers = strangers.saturating_add(1);
        if strangers > MAX_STRANGERS {
            desk.audit
                .note(format!("{all} holds still more that is no part of a record"));
            break;
        }
        desk.audit.note(format!("{name} is no part of a record"));
    }
    Ok(())
}

/// Logs that the inventory or the published tips name, and that have no record.
pub(super) async fn check_absent(
    desk: &mut Desk<'_>,
    outside: &Outside<'_>,
    found: &std::collections::BTreeMap<String, u32>,
) -> Result<(), Fault> {
    let newest = |log: &str| found.get(log).copied().unwrap_or(0);
    for (log, listed) in outside.deployment.iter().flat_map(|deployment| &deployment.logs) {
        if newest(log) > 0 {
            if listed.epoch > newest(log) {
                let name = LogFolder::new(log, newest(log).saturating_add(1)).start();
                desk.audit
                    .defect(&name, format!("is missing: {} knows this epoch", names::DEPLOYMENT));
            }
            continue;
        }
        let folder = LogFolder::new(log, 1);
        let state = desk.read::<LogState>(&folder.state()).await?.map(|(state, _)| state);
        if let Some(state) = &state {
            check_state(desk, &folder, log, state).await?;
        }
        let begun = listed.begun && !listed.is_server();
        if begun || state.is_some_and(|state| state.progress.is_some()) {
            desk.audit.defect(
                &folder.start(),
                "is missing: this log was begun, and its record is gone",
            );
        }
    }
    for (log, tip) in outside.tips.iter().filter(|(log, tip)| tip.epoch > newest(log)) {
        let name = LogFolder::new(log, newest(log).saturating_add(1)).start();
        let what = format!("is missing: {} names the epoch {} of this log", names::TIP, tip.epoch);
        desk.audit.defect(&name, what);
    }
    for log in found.keys().filter(|log| !outside.tips.contains_key(*log)) {
        desk.audit.note(format!(
            "{} does not name {log}: nothing that was published says how far its record must reach",
            names::TIP
        ));
    }
    Ok(())
}
