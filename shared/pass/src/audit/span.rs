//! What a receipt names: the configuration and the trust that were in force, its findings, its undecodable leaves.

use super::heads::Heads;
use super::{Content, Desk, Epoch, EpochAudit, copies};
use crate::record::{self, HeadRef, ObjectRef, Receipt};
use crate::steps::scan::FindingLine;
use crate::trouble::Fault;
use alerts::Finding;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tlog::{Hash, TlogProof};

/// The largest object that a receipt names: findings in full and leaves are capped far below it, and short lines of many
/// entries take the rest.
const MAX_OBJECT_BYTES: usize = 64 * 1024 * 1024;

/// The objects of a span, one after the other.
pub(super) async fn check(
    desk: &mut Desk<'_>,
    epoch: &Epoch<'_>,
    heads: &Heads,
    name: &str,
    receipt: &Receipt,
    summary: &mut EpochAudit,
) -> Result<(), Fault> {
    let rules = desk.audit.rule_sets.entry(receipt.rules);
    rules.or_insert_with(|| name.to_owned());
    copies::want_config(desk, receipt.config.as_ref(), name).await?;
    copies::want_trust(desk, Some(&receipt.trust), name).await?;
    let matches = receipt.counts.findings.saturating_add(receipt.counts.allowed);
    if let Some((object, bytes)) = named(desk, name, receipt.findings.as_ref(), matches).await? {
        let mut span = Findings {
            epoch,
            heads,
            receipt,
            last: None,
        };
        span.check(desk, &object.name, &bytes, summary);
    }
    let quarantined = receipt.counts.quarantined;
    if let Some((object, bytes)) = named(desk, name, receipt.quarantine.as_ref(), quarantined).await? {
        check_quarantine(desk, &object.name, &bytes, receipt);
    }
    summary.quarantined = summary.quarantined.saturating_add(quarantined);
    Ok(())
}

/// The bytes of an object that a receipt names, if they are what it says; named there must be one if there is anything
/// to name.
async fn named<'o>(
    desk: &mut Desk<'_>,
    receipt: &str,
    object: Option<&'o ObjectRef>,
    count: u64,
) -> Result<Option<(&'o ObjectRef, Vec<u8>)>, Fault> {
    let Some(object) = object else {
        if count > 0 {
            desk.audit
                .defect(receipt, format!("counts {count} and names no object that holds them"));
        }
        return Ok(None);
    };
    let bytes = match desk.content(&object.name, MAX_OBJECT_BYTES).await? {
        Content::Bytes(bytes) => bytes,
        Content::Unfit => return Ok(None),
        Content::Missing => {
            desk.audit
                .defect(&object.name, format!("is missing, and {receipt} names it"));
            return Ok(None);
        }
    };
    if record::content_hash(&bytes) != object.sha256 {
        desk.audit.defect(
            &object.name,
            format!("is not what {receipt} names: its content has another hash"),
        );
        return Ok(None);
    }
    Ok(Some((object, bytes)))
}

/// The lines of an object, numbered from 1.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    (1..).zip(bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()))
}

/// The findings of a span under examination.
struct Findings<'a> {
    epoch: &'a Epoch<'a>,
    heads: &'a Heads,
    receipt: &'a Receipt,
    /// The note that was opened last, and what it signs: most proofs of a span carry the same.
    last: Option<(String, HeadRef)>,
}

impl Findings<'_> {
    fn check(&mut self, desk: &mut Desk<'_>, name: &str, bytes: &[u8], summary: &mut EpochAudit) {
        let (mut findings, mut allowed) = (0_u64, 0_u64);
        for (number, line) in lines(bytes) {
            let finding = match serde_json::from_slice(line) {
                Ok(FindingLine::One(finding)) => finding,
                Ok(FindingLine::Many(many)) => {
                    findings = findings.saturating_add(many.findings);
                    allowed = allowed.saturating_add(many.allowed);
                    if many.log != self.receipt.log || many.first < self.receipt.from || many.last >= self.receipt.to {
                        desk.audit
                            .defect(name, format!("line {number} counts findings of another log or span"));
                    }
                    continue;
                }
                Err(error) => {
                    desk.audit
                        .defect(name, format!("line {number} cannot be read: {error}"));
                    continue;
                }
            };
            let count = if finding.allowed { &mut allowed } else { &mut findings };
            *count = count.saturating_add(1);
            match self.check_one(desk, &finding) {
                Ok(proven) => summary.proofs = summary.proofs.saturating_add(u64::from(proven)),
                Err(what) => desk
                    .audit
                    .defect(name, format!("line {number}, entry {}: {what}", finding.index)),
            }
        }
        summary.findings = summary.findings.saturating_add(findings).saturating_add(allowed);
        if findings != self.receipt.counts.findings || allowed != self.receipt.counts.allowed {
            desk.audit.defect(
                name,
                format!("holds {findings} findings and {allowed} allowed ones; its receipt counts others"),
            );
        }
    }

    /// Whether the finding carries a proof, which then holds.
    fn check_one(&mut self, desk: &mut Desk<'_>, finding: &Finding) -> Result<bool, String> {
        let log = &self.epoch.start.log;
        if finding.log != *log || !(self.receipt.from..self.receipt.to).contains(&finding.index) {
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
        let head = self.head(desk, &proof.checkpoint)?;
        tlog::verify_inclusion(finding.leaf_hash, proof.index, head.size, &proof.hashes, head.root)
            .map_err(|error| format!("its proof does not hold: {error}"))?;
        if !self.heads.holds(head) {
            return Err(format!(
                "its proof leads to a checkpoint of size {} that is none of the heads on record",
                head.size
            ));
        }
        Ok(true)
    }

    fn head(&mut self, desk: &mut Desk<'_>, note: &str) -> Result<HeadRef, String> {
        if let Some((_, head)) = self.last.as_ref().filter(|(last, _)| last == note) {
            return Ok(*head);
        }
        let opened = self.epoch.keys.open(note, &mut desk.audit);
        let signed = opened.map_err(|error| format!("its proof does not hold: {error}"))?;
        let head = HeadRef {
            size: signed.size(),
            root: signed.root(),
        };
        self.last = Some((note.to_owned(), head));
        Ok(head)
    }
}

fn check_quarantine(desk: &mut Desk<'_>, name: &str, bytes: &[u8], receipt: &Receipt) {
    let mut count = 0_u64;
    for (number, line) in lines(bytes) {
        match check_undecodable(line, receipt) {
            Ok(leaves) => count = count.saturating_add(leaves),
            Err(what) => desk.audit.defect(name, format!("line {number}: {what}")),
        }
    }
    let quarantined = receipt.counts.quarantined;
    if count != quarantined {
        desk.audit
            .defect(name, format!("holds {count} leaves; its receipt counts {quarantined}"));
    }
}

fn check_undecodable(line: &[u8], receipt: &Receipt) -> Result<u64, String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| format!("cannot be read: {error}"))?;
    let index = value.get("index").and_then(Value::as_u64).ok_or("has no index")?;
    let to = value.get("to").and_then(Value::as_u64);
    let end = to.unwrap_or(index.saturating_add(1));
    if index < receipt.from || end > receipt.to || end <= index {
        return Err(format!("{index} is outside of its span"));
    }
    if let Some(leaf) = value.get("leaf").and_then(Value::as_str) {
        let leaf = STANDARD.decode(leaf).map_err(|_| "its leaf is no base64".to_owned())?;
        if value.get("leaf_hash").and_then(Value::as_str) != Some(&Hash::leaf(&leaf).to_string()) {
            return Err(format!("the leaf {index} has another hash than it says"));
        }
    }
    Ok(end.saturating_sub(index))
}
