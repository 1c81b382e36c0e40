//! Logs of which there is evidence and no record, because they never served what watching can begin with.

use super::keys::Keys;
use super::{Desk, EpochAudit, Outside, evidence};
use crate::Store;
use crate::names::LogFolder;
use crate::record::Deployment;
use crate::trouble::Fault;

/// The log of a folder that holds evidence and nothing else, because the log never served what watching can begin with.
/// Of a log that was begun this would be a record that is gone.
pub(super) async fn log_of(
    store: &dyn Store,
    folder: &str,
    deployment: Option<&Deployment>,
) -> Result<Option<String>, Fault> {
    let listed = deployment.iter().flat_map(|deployment| &deployment.logs);
    let waiting = listed
        .filter(|(_, listed)| !listed.begun)
        .map(|(log, _)| (log, LogFolder::new(log, 1)));
    let Some((log, own)) = waiting.into_iter().find(|(_, own)| own.to_string() == folder) else {
        return Ok(None);
    };
    let inside = format!("audit/{folder}/");
    let (first, evidence) = (store.list(&inside, &inside, 1).await?, own.all_evidence());
    // `0` follows `/`: the first name behind all evidence.
    let behind = format!("{}0", evidence.trim_end_matches('/'));
    let others = store.list(&inside, &behind, 1).await?;
    let alone = first.iter().all(|name| name.starts_with(&evidence)) && others.is_empty();
    Ok(alone.then(|| log.clone()))
}

/// The evidence against a log whose watching has not begun.
pub(super) async fn check(desk: &mut Desk<'_>, outside: &Outside<'_>, log: &str) -> Result<(), Fault> {
    let folder = LogFolder::new(log, 1);
    desk.audit.note(format!(
        "the watching of {log} has not begun: there is only evidence of it"
    ));
    let keys = Keys::new(log, outside.trusted, &desk.copies.keys, &mut desk.audit);
    let mut summary = EpochAudit {
        log: log.to_owned(),
        epoch: 1,
        ..EpochAudit::default()
    };
    evidence::check(desk, &folder, log, &keys, &mut summary).await?;
    desk.audit.epochs.push(summary);
    Ok(())
}
