//! `ack` and `restart`: what an operator decides, written by compare-and-swap.
//!
//! Both change the state of a log and nothing else of its record; an acknowledgement is also put beside its evidence. A
//! crash after the state leaves the decision in force and the copy missing.

use crate::names::{self, LogFolder};
use crate::record::{self, Acknowledgement, Condition, Deployment, Document, LogState, PendingRestart, Restart};
use crate::settings::Position;
use crate::trouble::{Fault, FaultClass};
use crate::{Store, Swap, Version};
use alerts::Class;
use sigstore::Timestamp;

/// So often a lost swap is tried again.
const MAX_SWAPS: usize = 8;

/// The origins of every log of the inventory that can have a record.
///
/// # Errors
/// A fault if the store cannot be read or is empty.
pub async fn known_logs(store: &dyn Store) -> Result<Vec<String>, Fault> {
    let deployment: Option<Deployment> = record::read(store, names::DEPLOYMENT).await?;
    match deployment {
        Some(deployment) => {
            let with_records = deployment.logs.into_iter().filter(|(_, listed)| !listed.is_server());
            Ok(with_records.map(|(origin, _)| origin).collect())
        }
        None => {
            let place = store.place();
            let message = format!(
                "{place} holds no record yet. Name the right store, or make a first pass with `rekor-sentinel run`"
            );
            Err(Fault {
                class: FaultClass::Record,
                message,
                object: Some(place),
            })
        }
    }
}

/// Silences one condition that stands until an operator has seen it: a violation, or growth after a freeze. Returns
/// its id in full.
///
/// # Errors
/// A fault if no such condition is open, or the store fails.
pub async fn acknowledge(
    store: &dyn Store,
    origin: &str,
    id: &str,
    acknowledgement: Acknowledgement,
) -> Result<String, Fault> {
    let mut full = String::new();
    let epoch = change(store, origin, |state| {
        full = seen(state, origin, id, &acknowledgement)?;
        Ok(())
    })
    .await?;
    let name = LogFolder::new(origin, epoch).acknowledgement(&full);
    let document = serde_json::json!({ "schema": record::SCHEMA, "id": full, "acknowledgement": acknowledgement });
    store
        .put_once(&name, &serde_json::to_vec_pretty(&document).unwrap_or_default())
        .await?;
    Ok(full)
}

fn seen(state: &mut LogState, origin: &str, id: &str, by: &Acknowledgement) -> Result<String, Fault> {
    let lasting = |class: Class| matches!(class, Class::Violation | Class::GrewAfterFreeze);
    let mut open: Vec<_> = state
        .conditions
        .iter_mut()
        .filter(|open| open.is_open() && lasting(open.class))
        .collect();
    let ids: Vec<String> = open.iter().map(|open| open.detail.clone()).collect();
    if ids.is_empty() {
        let message = format!("nothing of the log {origin} waits for an acknowledgement");
        return Err(Fault {
            class: FaultClass::Configuration,
            message,
            object: None,
        });
    }
    let full = find_id(&ids, id)?;
    for condition in open.iter_mut().filter(|open| open.detail == full) {
        condition.acknowledged.get_or_insert_with(|| by.clone());
    }
    Ok(full)
}

fn find_id(ids: &[String], id: &str) -> Result<String, Fault> {
    let mut matching = ids
        .iter()
        .filter(|known| known.as_str() == id || (!id.is_empty() && known.contains(id)));
    match (matching.next(), matching.next()) {
        (Some(only), None) => Ok(only.clone()),
        _ => {
            let message = format!(
                "`{id}` is not the id of one open condition; those that wait are: {}",
                ids.join(", ")
            );
            Err(Fault {
                class: FaultClass::Configuration,
                message,
                object: None,
            })
        }
    }
}

/// Asks for a new epoch of a log, which the next pass begins at `from`.
///
/// # Errors
/// A fault if the store fails.
pub async fn restart(
    store: &dyn Store,
    origin: &str,
    from: Position,
    by: String,
    reason: String,
    now: Timestamp,
) -> Result<(), Fault> {
    change(store, origin, |state| {
        let progress = state.progress.as_ref();
        let restart = Restart {
            by: by.clone(),
            reason: reason.clone(),
            at: now,
            previous_head: progress.map(|progress| progress.head),
            previous_cursor: progress.map(|progress| progress.cursor.position()),
            previous_tip: progress.map(|progress| progress.cursor.tip),
            evidence: standing(&state.conditions),
        };
        state.restart = Some(PendingRestart { from, restart });
        Ok(())
    })
    .await
    .map(|_| ())
}

/// The evidence of the violations that stand.
fn standing(conditions: &[Condition]) -> Vec<String> {
    let violations = conditions
        .iter()
        .filter(|open| open.is_open() && open.class == Class::Violation);
    violations.filter_map(|open| open.object.clone()).collect()
}

/// Changes a state by compare-and-swap; returns the epoch in force.
async fn change(
    store: &dyn Store,
    origin: &str,
    mut how: impl FnMut(&mut LogState) -> Result<(), Fault>,
) -> Result<u32, Fault> {
    let name = LogFolder::new(origin, 1).state();
    for _ in 0..MAX_SWAPS {
        let (mut state, version) = read(store, &name, origin).await?;
        how(&mut state)?;
        let epoch = state.progress.as_ref().map_or(1, |progress| progress.epoch);
        match store.swap(&name, version.as_ref(), &record::encode(&state)).await? {
            Swap::Done(_) => return Ok(epoch),
            Swap::Lost => {}
        }
    }
    let message = format!("{name} changed under every one of {MAX_SWAPS} attempts to write it; try again");
    Err(Fault::new(FaultClass::Store, &name, message))
}

async fn read(store: &dyn Store, name: &str, origin: &str) -> Result<(LogState, Option<Version>), Fault> {
    Ok(match store.read(name, LogState::MAX_BYTES).await? {
        Some(object) => (record::decode(name, &object.bytes)?, Some(object.version)),
        None => (LogState::new(origin), None),
    })
}
