//! **commit**: what was proven becomes part of the record.
//!
//! Of a head: the state by compare-and-swap, the checkpoint inside it, then the checkpoint object. The swap decides which
//! of two racing passes moves the head, so that no object ever shows a head that was not proven from the one before. A
//! crash between the two leaves a state that carries the checkpoint; the next pass puts the object.
//!
//! Of a span: the objects of its findings and its undecodable leaves, under names that carry their content's hash; then the receipt, **put once: that is the commit**; then, now and then, the state. A crash before the receipt leaves objects
//! that nothing names; a crash after it leaves a receipt that the next pass follows.

use super::awaiting;
use super::book::{Book, Written};
use super::chain::adopt_receipt;
use super::scan::{Output, Scanned};
use crate::conditions;
use crate::record::{
    self, CheckpointRecord, Cursor, Document, EvidenceBody, EvidenceRecord, ObjectRef, Receipt, SCHEMA,
};
use crate::trouble::{Fault, FaultClass, Unproven, Violation};
use crate::{KEPT_BYTES, PutOnce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tlog::{PrefixProof, SignedCheckpoint};

/// Of what was served wrongly and healed, so much is kept: it may happen on every pass.
const ANOMALY_BYTES: usize = 4 * 1024;

/// What became of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Committed {
    /// Its receipt is ours.
    Ours,
    /// Another pass had committed the very same span.
    Theirs,
    /// Another pass had committed another cut of it: the state is to be loaded again.
    Elsewhere,
}

/// Commits a head that extends the one before. False if another pass moved the head meanwhile: its head stands, and the
/// checkpoint is to be proven against that one.
pub(crate) async fn commit_head(
    book: &mut Book,
    observed: &SignedCheckpoint,
    proof: PrefixProof,
) -> Result<bool, Fault> {
    let (folder, now) = (book.folder(), book.context.now());
    let Some(progress) = book.state.progress.as_mut() else {
        return Ok(false);
    };
    let mut record = CheckpointRecord::first(&folder, observed, now);
    record.previous = Some(progress.head);
    record.proof = Some(proof);
    let bundle = |size: u64| size / 256;
    let was_partial = progress
        .partial
        .filter(|_| bundle(progress.head.size) == bundle(record.size));
    progress.partial = was_partial.or(Some(now));
    if progress.cursor.position() == progress.head.size {
        progress.behind = Some(now);
    }
    let froze = progress.frozen.then_some(progress.head.size);
    conditions::hold_growth(&mut book.state.conditions, froze, record.size, now);
    progress.head = record.head();
    progress.frozen = book.context.is_last(observed);
    progress.grown = now;
    progress.unrecorded = Some(Box::new(record));
    if book.write().await? == Written::HeadClash {
        return Ok(false);
    }
    put_unrecorded(book).await?;
    Ok(true)
}

/// Puts the head's checkpoint object, if it may be missing.
pub(crate) async fn put_unrecorded(book: &mut Book) -> Result<(), Fault> {
    let folder = book.folder();
    let Some(progress) = book.state.progress.as_mut() else {
        return Ok(());
    };
    if let Some(record) = &progress.unrecorded {
        let name = folder.checkpoint(record.size, &record.root);
        book.context
            .store()
            .put_once(&name, &record::encode(record.as_ref()))
            .await?;
    }
    progress.unrecorded = None;
    Ok(())
}

/// Commits a span that continues the cursor.
pub(crate) async fn commit_span(book: &mut Book, scanned: &Scanned) -> Result<Committed, Fault> {
    let Some(progress) = book.state.progress.as_ref() else {
        return Ok(Committed::Elsewhere);
    };
    // Another pass may have moved the head meanwhile, and receipts never name an older head than the one before them.
    if progress.cursor.position() != scanned.span.from || progress.head != scanned.span.head {
        return Ok(Committed::Elsewhere);
    }
    if let Some(anomaly) = &scanned.anomaly {
        put_anomaly(book, anomaly).await?;
    }
    awaiting::put(book, &scanned.noted).await?;
    let receipt = receipt(book, &progress.cursor, scanned).await?;
    let name = book.folder().receipt(receipt.from);
    let bytes = record::encode(&receipt);
    let committed = match book.context.store().put_once(&name, &bytes).await? {
        PutOnce::Created => {
            advance(book, &receipt, &bytes);
            Committed::Ours
        }
        PutOnce::Exists => return adopt(book, &name, scanned, &bytes).await,
    };
    book.write_now_and_then().await?;
    Ok(committed)
}

async fn receipt(book: &Book, cursor: &Cursor, scanned: &Scanned) -> Result<Receipt, Fault> {
    let (folder, span) = (book.folder(), &scanned.span);
    let findings = put_output(book, &scanned.findings, |hash| folder.findings(span.from, hash)).await?;
    let quarantine = put_output(book, &scanned.quarantine, |hash| folder.quarantine(span.from, hash)).await?;
    Ok(Receipt {
        schema: SCHEMA,
        log: book.context.log.origin.clone(),
        epoch: folder.epoch(),
        from: span.from,
        to: span.to(),
        previous: cursor.tip,
        frontier: span.after.clone(),
        head: span.head,
        proof: span.rest.clone(),
        time: book.context.now(),
        pass: book.context.environment.pass.clone(),
        rules: book.context.rules.hash(),
        config: Some(book.context.config),
        trust: book.context.trust,
        counts: scanned.counts,
        totals: Some(cursor.totals_with(scanned.counts)),
        undecodable: scanned.groups.clone(),
        findings,
        quarantine,
        restart: cursor.restart.clone(),
    })
}

async fn put_output(
    book: &Book,
    output: &Output,
    name: impl FnOnce(&tlog::Hash) -> String,
) -> Result<Option<ObjectRef>, Fault> {
    if output.lines.is_empty() {
        return Ok(None);
    }
    let sha256 = record::content_hash(&output.lines);
    let name = name(&sha256);
    // The name carries the content's hash: whoever put it there put the same.
    book.context.store().put_once(&name, &output.lines).await?;
    Ok(Some(ObjectRef { name, sha256 }))
}

fn advance(book: &mut Book, receipt: &Receipt, bytes: &[u8]) {
    let Some(progress) = book.state.progress.as_mut() else {
        return;
    };
    progress.cursor = progress.cursor.behind(receipt, record::content_hash(bytes));
    progress.settle_behind();
}

/// Another receipt stands where ours was to be. It is read, checked and adopted; if it is ours, put by a write whose
/// answer was lost, or covers the very same span, reading goes on.
async fn adopt(book: &mut Book, name: &str, scanned: &Scanned, ours: &[u8]) -> Result<Committed, Fault> {
    let Some(object) = book.context.store().read(name, Receipt::MAX_BYTES).await? else {
        let message = format!("{name} was there and is gone again. Run `rekor-sentinel verify`");
        return Err(Fault::new(FaultClass::Record, name, message));
    };
    let theirs: Receipt = record::decode(name, &object.bytes)?;
    let Some(progress) = book.state.progress.as_mut() else {
        return Ok(Committed::Elsewhere);
    };
    if theirs.to != scanned.span.to() || theirs.frontier != scanned.span.after || theirs.head != progress.head {
        return Ok(Committed::Elsewhere);
    }
    adopt_receipt(progress, name, &theirs, &object.bytes)?;
    progress.settle_behind();
    book.write_now_and_then().await?;
    Ok(if object.bytes == ours {
        Committed::Ours
    } else {
        Committed::Theirs
    })
}

/// Keeps what was served at first and healed when it was asked for again.
pub(crate) async fn put_anomaly(book: &Book, anomaly: &Unproven) -> Result<(), Fault> {
    let served = anomaly
        .served
        .get(..ANOMALY_BYTES.min(anomaly.served.len()))
        .unwrap_or_default();
    let body = EvidenceBody::Anomaly {
        step: anomaly.step.word().to_owned(),
        object: anomaly.object.clone(),
        first_index: anomaly.first_index,
        served: STANDARD.encode(served),
    };
    put_evidence(book, "anomaly", &anomaly.message, body).await.map(|_| ())
}

/// Keeps what was served and does not verify; returns the object's name.
pub(crate) async fn keep_unproven(book: &Book, unproven: &Unproven) -> Result<String, Fault> {
    let served = unproven
        .served
        .get(..KEPT_BYTES.min(unproven.served.len()))
        .unwrap_or_default();
    let body = EvidenceBody::Unproven {
        step: unproven.step.word().to_owned(),
        head: book.state.progress.as_ref().map(|progress| progress.head),
        object: unproven.object.clone(),
        first_index: unproven.first_index,
        served: STANDARD.encode(served),
    };
    put_evidence(book, "unproven", &unproven.message, body).await
}

async fn put_evidence(book: &Book, word: &str, shows: &str, body: EvidenceBody) -> Result<String, Fault> {
    let content = serde_json::to_vec(&body).unwrap_or_default();
    let id = format!("{word}-{}", short(&tlog::Hash::of(&content)));
    let record = EvidenceRecord {
        schema: SCHEMA,
        id: id.clone(),
        log: book.context.log.origin.clone(),
        found: book.context.now(),
        shows: shows.to_owned(),
        body,
    };
    let name = book.folder().evidence(&id);
    book.context.store().put_once(&name, &record::encode(&record)).await?;
    Ok(name)
}

/// Two checkpoints say the same whoever signed them again: their sizes and roots make the id.
pub(crate) fn evidence_id(violation: &Violation) -> String {
    let open =
        |note: &str| SignedCheckpoint::open(note.as_bytes(), &violation.evidence.origin, &violation.evidence.keys).ok();
    let head = |note: &str| open(note).map(|signed| (signed.size(), signed.root()));
    let mut heads = [head(&violation.evidence.first), head(&violation.evidence.second)];
    heads.sort_unstable();
    let text = format!("{} {heads:?}", violation.evidence.origin);
    format!("violation-{}", short(&tlog::Hash::of(text.as_bytes())))
}

/// Half of a hash: 128 bits, so that a log cannot find two pieces of evidence with one id.
pub(crate) fn short(hash: &tlog::Hash) -> String {
    hash.to_string().get(..32).unwrap_or_default().to_owned()
}
