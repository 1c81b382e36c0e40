//! Evidence: readable, under its id, of this log; a violation must still convince. And what open conditions name.

use super::keys::Keys;
use super::listing::Names;
use super::{Desk, EpochAudit};
use crate::check_name;
use crate::conditions::MORE_VIOLATIONS;
use crate::names::LogFolder;
use crate::record::{Condition, EvidenceBody, EvidenceRecord};
use crate::trouble::Fault;
use alerts::Class;

/// Every piece of evidence of an epoch.
pub(super) async fn check(
    desk: &mut Desk<'_>,
    folder: &LogFolder,
    log: &str,
    keys: &Keys,
    summary: &mut EpochAudit,
) -> Result<(), Fault> {
    let mut names = Names::new(desk.store, folder.all_evidence());
    while let Some(page) = names.page().await? {
        for name in page.iter().filter(|name| !name.ends_with(".ack.json")) {
            let Some((record, _)) = desk.read::<EvidenceRecord>(name).await? else {
                continue;
            };
            summary.evidence = summary.evidence.saturating_add(1);
            if folder.evidence(&record.id) != *name {
                desk.audit.defect(name, "its name is not that of its id");
            }
            if let Err(what) = check_record(desk, &record, log, keys) {
                desk.audit.defect(name, what);
            }
        }
    }
    Ok(())
}

fn check_record(desk: &mut Desk<'_>, record: &EvidenceRecord, log: &str, keys: &Keys) -> Result<(), String> {
    if record.log != log {
        return Err(format!("is evidence of the log {}", record.log));
    }
    let EvidenceBody::Violation { evidence } = &record.body else {
        return Ok(());
    };
    if evidence.origin != log {
        return Err(format!("it is evidence against the log {}", evidence.origin));
    }
    if !evidence.keys.iter().all(|key| keys.knows(key)) {
        return Err("it is signed with keys that are not those of the log".to_owned());
    }
    for note in [&evidence.first, &evidence.second] {
        keys.open(note, &mut desk.audit)
            .map_err(|error| format!("its note does not verify: {error}"))?;
    }
    let verdict = evidence.verdict();
    verdict
        .map(|_| ())
        .map_err(|error| format!("it does not convince: {error}"))
}

/// What conditions name must be there, and a violation that stands must name its evidence.
pub(super) async fn check_conditions(desk: &mut Desk<'_>, state: &str, conditions: &[Condition]) -> Result<(), Fault> {
    for condition in conditions {
        let (class, detail) = (condition.class.word(), &condition.detail);
        let Some(object) = &condition.object else {
            if condition.class == Class::Violation && condition.detail != MORE_VIOLATIONS {
                desk.audit
                    .defect(state, format!("its violation {detail} names no evidence"));
            }
            continue;
        };
        if check_name(object) {
            check_named(desk, &format!("the condition {class} {detail} of {state}"), object).await?;
        } else {
            let what = format!("its condition {class} {detail} names what cannot be an object");
            desk.audit.defect(state, what);
        }
    }
    Ok(())
}

/// An object that `by` names must be there. What it says is checked where it belongs.
pub(super) async fn check_named(desk: &mut Desk<'_>, by: &str, object: &str) -> Result<(), Fault> {
    if !desk.exists(object).await? {
        desk.audit.defect(object, format!("is missing, and {by} names it"));
    }
    Ok(())
}
