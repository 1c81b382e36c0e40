//! What receipts and the inventory name: findings, undecodable leaves, copies of what was in force, evidence.

use super::{Audit, EpochAudit, PAGE, readable};
use crate::names::{self, LogFolder};
use crate::record::{self, Deployment, EvidenceBody, EvidenceRecord, ObjectRef, Receipt, Start};
use crate::trouble::Fault;
use crate::{Store, StoreErrorKind};
use alerts::Finding;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tlog::{Hash, TlogProof, VerifierKey};

/// The largest object that a receipt or the inventory names.
const MAX_OBJECT_BYTES: usize = 64 * 1024 * 1024;

/// The objects of a span.
pub(super) async fn check_span(
    store: &dyn Store,
    name: &str,
    receipt: &Receipt,
    start: &Start,
    keys: &[VerifierKey],
    summary: &mut EpochAudit,
    audit: &mut Audit,
) -> Result<(), Fault> {
    audit.rule_sets.entry(receipt.rules).or_insert_with(|| name.to_owned());
    let trust = names::trust(&receipt.trust);
    if !audit.notes.iter().any(|note| note.contains(&trust)) && store.read(&trust, MAX_OBJECT_BYTES).await?.is_none() {
        audit.defect(&trust, format!("is missing, and {name} names it as the trust in force"));
    }
    let matches = receipt.counts.findings + receipt.counts.allowed;
    if let Some(bytes) = named(store, name, receipt.findings.as_ref(), matches, audit).await? {
        check_findings(receipt, &bytes, start, keys, summary, audit);
    }
    if let Some(bytes) = named(
        store,
        name,
        receipt.quarantine.as_ref(),
        receipt.counts.quarantined,
        audit,
    )
    .await?
    {
        check_quarantine(receipt, &bytes, audit);
    }
    summary.quarantined += receipt.counts.quarantined;
    Ok(())
}

/// The bytes of an object that a receipt names, if they are what it says; named there must be one if there is anything
/// to name, and none if not.
async fn named(
    store: &dyn Store,
    receipt: &str,
    object: Option<&ObjectRef>,
    count: u64,
    audit: &mut Audit,
) -> Result<Option<Vec<u8>>, Fault> {
    let Some(object) = object else {
        if count > 0 {
            audit.defect(receipt, format!("counts {count} and names no object that holds them"));
        }
        return Ok(None);
    };
    let bytes = match store.read(&object.name, MAX_OBJECT_BYTES).await {
        Ok(Some(read)) => read.bytes,
        Ok(None) => {
            audit.defect(&object.name, format!("is missing, and {receipt} names it"));
            return Ok(None);
        }
        Err(error) if matches!(error.kind, StoreErrorKind::TooLarge { .. } | StoreErrorKind::BadName) => {
            audit.defect(&object.name, error.kind.to_string());
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    if record::content_hash(&bytes) != object.sha256 {
        audit.defect(
            &object.name,
            format!("is not what {receipt} names: its content has another hash"),
        );
        return Ok(None);
    }
    Ok(Some(bytes))
}

fn check_findings(
    receipt: &Receipt,
    bytes: &[u8],
    start: &Start,
    keys: &[VerifierKey],
    summary: &mut EpochAudit,
    audit: &mut Audit,
) {
    let name = receipt
        .findings
        .as_ref()
        .map(|object| object.name.clone())
        .unwrap_or_default();
    let (mut findings, mut allowed) = (0, 0);
    for (number, line) in (1_u64..).zip(bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())) {
        let finding: Finding = match serde_json::from_slice(line) {
            Ok(finding) => finding,
            Err(error) => {
                audit.defect(&name, format!("line {number} cannot be read: {error}"));
                continue;
            }
        };
        if finding.allowed {
            allowed += 1;
        } else {
            findings += 1;
        }
        match check_finding(&finding, receipt, start, keys) {
            Ok(proven) => summary.proofs += u64::from(proven),
            Err(what) => audit.defect(&name, format!("line {number}, entry {}: {what}", finding.index)),
        }
    }
    summary.findings += findings + allowed;
    if findings != receipt.counts.findings || allowed != receipt.counts.allowed {
        audit.defect(
            &name,
            format!("holds {findings} findings and {allowed} allowed ones; its receipt counts others"),
        );
    }
}

/// Whether the finding carries a proof, which then holds.
fn check_finding(finding: &Finding, receipt: &Receipt, start: &Start, keys: &[VerifierKey]) -> Result<bool, String> {
    if finding.log != start.log || !(receipt.from..receipt.to).contains(&finding.index) {
        return Err("it is of another log or outside of its span".to_owned());
    }
    if finding.id != alerts::finding_id(&finding.log, finding.index, finding.leaf_hash, &finding.rule) {
        return Err("its id is not that of what it says".to_owned());
    }
    let (Some(leaf), Some(proof)) = (&finding.leaf, &finding.proof) else {
        return Ok(false);
    };
    let leaf = STANDARD.decode(leaf).map_err(|_| "its leaf is no base64".to_owned())?;
    if Hash::leaf(&leaf) != finding.leaf_hash {
        return Err("its leaf has another hash than it says".to_owned());
    }
    let proof = TlogProof::parse(proof).map_err(|error| format!("its proof cannot be read: {error}"))?;
    if proof.index != finding.index {
        return Err("its proof is for another index".to_owned());
    }
    proof
        .verify(finding.leaf_hash, &start.log, keys)
        .map_err(|error| format!("its proof does not hold: {error}"))?;
    Ok(true)
}

fn check_quarantine(receipt: &Receipt, bytes: &[u8], audit: &mut Audit) {
    let name = receipt
        .quarantine
        .as_ref()
        .map(|object| object.name.clone())
        .unwrap_or_default();
    let mut count = 0;
    for (number, line) in (1_u64..).zip(bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())) {
        match check_undecodable(line, receipt) {
            Ok(leaves) => count += leaves,
            Err(what) => audit.defect(&name, format!("line {number}: {what}")),
        }
    }
    if count != receipt.counts.quarantined {
        audit.defect(
            &name,
            format!(
                "holds {count} leaves; its receipt counts {}",
                receipt.counts.quarantined
            ),
        );
    }
}

fn check_undecodable(line: &[u8], receipt: &Receipt) -> Result<u64, String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| format!("cannot be read: {error}"))?;
    let index = value.get("index").and_then(Value::as_u64).ok_or("has no index")?;
    let end = value
        .get("to")
        .and_then(Value::as_u64)
        .unwrap_or(index.saturating_add(1));
    if index < receipt.from || end > receipt.to || end <= index {
        return Err(format!("{index} is outside of its span"));
    }
    if let Some(leaf) = value.get("leaf").and_then(Value::as_str) {
        let leaf = STANDARD.decode(leaf).map_err(|_| "its leaf is no base64".to_owned())?;
        if value.get("leaf_hash").and_then(Value::as_str) != Some(&Hash::leaf(&leaf).to_string()) {
            return Err(format!("the leaf {index} has another hash than it says"));
        }
    }
    Ok(end - index)
}

/// The copies of what was in force: each under the hash of its bytes, and those that the inventory names.
pub(super) async fn check_copies(
    store: &dyn Store,
    deployment: Option<&Deployment>,
    audit: &mut Audit,
) -> Result<(), Fault> {
    for prefix in ["audit/config/", "audit/trust/"] {
        for name in store.list(prefix, prefix, PAGE).await? {
            let bytes = store
                .read(&name, MAX_OBJECT_BYTES)
                .await?
                .map(|object| object.bytes)
                .unwrap_or_default();
            if !name.contains(&record::content_hash(&bytes).to_string()) {
                audit.defect(&name, "its content has another hash than its name says");
            }
        }
    }
    let config = deployment
        .and_then(|deployment| deployment.config)
        .map(|hash| names::config(&hash));
    let trust = deployment
        .and_then(|deployment| deployment.trust)
        .map(|hash| names::trust(&hash));
    for name in [config, trust].into_iter().flatten() {
        if store.read(&name, MAX_OBJECT_BYTES).await?.is_none() {
            audit.defect(
                &name,
                format!("is missing, and {} says that it is in force", names::DEPLOYMENT),
            );
        }
    }
    Ok(())
}

/// An object that another one refers to. What it says is checked where it belongs.
pub(super) async fn check_named(store: &dyn Store, by: &str, name: &str, audit: &mut Audit) -> Result<(), Fault> {
    let read = store.read(name, MAX_OBJECT_BYTES).await;
    match read {
        Ok(Some(_)) => {}
        Ok(None) => audit.defect(name, format!("is missing, and {by} names it")),
        Err(error) if matches!(error.kind, StoreErrorKind::TooLarge { .. } | StoreErrorKind::BadName) => {
            audit.defect(name, format!("{}, and {by} names it", error.kind));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// The keys that were ever in force for a log.
pub(super) async fn recorded_keys(store: &dyn Store, log: &str) -> Result<Vec<VerifierKey>, Fault> {
    let mut keys: Vec<VerifierKey> = Vec::new();
    for name in store.list("audit/trust/", "audit/trust/", PAGE).await? {
        let bytes = store
            .read(&name, MAX_OBJECT_BYTES)
            .await?
            .map(|object| object.bytes)
            .unwrap_or_default();
        let document: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let named = document
            .get("keys")
            .and_then(|logs| logs.get(log))
            .cloned()
            .unwrap_or_default();
        let recorded: Vec<VerifierKey> = serde_json::from_value(named).unwrap_or_default();
        for key in recorded {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    Ok(keys)
}

/// Every piece of evidence: readable, under its id; a violation must still convince.
pub(super) async fn check_evidence(
    store: &dyn Store,
    folder: &LogFolder,
    keys: &[VerifierKey],
    summary: &mut EpochAudit,
    audit: &mut Audit,
) -> Result<(), Fault> {
    let prefix = folder.all_evidence();
    let mut from = prefix.clone();
    loop {
        let page = store.list(&prefix, &from, PAGE).await?;
        for name in page.iter().filter(|name| !name.ends_with(".ack.json")) {
            let Some((record, _)) = readable::<EvidenceRecord>(store, name, audit).await? else {
                continue;
            };
            summary.evidence += 1;
            if folder.evidence(&record.id) != *name {
                audit.defect(name, "its name is not that of its id");
            }
            if record.log != summary.log {
                audit.defect(name, format!("is evidence of the log {}", record.log));
            }
            if let EvidenceBody::Violation { evidence } = &record.body
                && let Err(what) = check_violation(evidence, keys)
            {
                audit.defect(name, what);
            }
        }
        match page.last().filter(|_| page.len() == PAGE) {
            Some(last) => from = format!("{last}~"),
            None => return Ok(()),
        }
    }
}

fn check_violation(evidence: &tlog::Evidence, keys: &[VerifierKey]) -> Result<(), String> {
    if !evidence.keys.iter().all(|key| keys.contains(key)) {
        return Err("it is signed with keys that are not those of the log".to_owned());
    }
    evidence
        .verdict()
        .map(|_| ())
        .map_err(|error| format!("it does not convince: {error}"))
}
