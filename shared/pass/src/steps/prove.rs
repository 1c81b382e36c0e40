//! **prove**: an authentic checkpoint against the head.
//!
//! The same size must have the same root. A larger one must be shown to contain the head as a prefix, a smaller one to
//! be a prefix of the head. The proof is two compact ranges from which both roots follow, so that it can also show the
//! opposite: if it rebuilds the larger signed root and gives another root at the smaller size, the log has contradicted
//! itself, and the proof is evidence. If it rebuilds neither, it was served wrong: asked for once more past caches, then
//! unproven. Writes nothing; a crash here leaves nothing.

use super::book::Book;
use crate::record::{CheckpointRecord, HeadRef, Progress};
use crate::trouble::{Fault, FaultClass, SourceTrouble, Step, Unproven, Violation};
use crate::{Anchor, Freshness, LogSource};
use tlog::{Evidence, PrefixProof, SignedCheckpoint, Verdict};

/// How an authentic checkpoint stands to the head.
pub(crate) enum Proved {
    /// It says what the head says.
    Same,
    /// It extends the head, by this proof. With what was served at first, if that did not verify.
    Grown(PrefixProof, Option<Unproven>),
    /// It is a prefix of the head. With what was served at first, if that did not verify.
    Stale(Option<Unproven>),
    /// It could not be proven, twice.
    Unproven(Unproven),
    /// It contradicts the head.
    Violation(Box<Violation>),
}

pub(crate) async fn prove(
    book: &Book,
    progress: &Progress,
    source: &dyn LogSource,
    observed: &SignedCheckpoint,
) -> Result<Proved, Fault> {
    let head = progress.head;
    let seen = HeadRef {
        size: observed.size(),
        root: observed.root(),
    };
    if seen == head {
        return Ok(Proved::Same);
    }
    if seen.size == progress.cursor.position() && seen.root == progress.cursor.frontier.root() {
        return Ok(Proved::Stale(None));
    }
    if seen.size <= head.size
        && let Some(proved) = by_record(book, seen, observed).await?
    {
        return Ok(proved);
    }
    let (smaller, larger) = if seen.size < head.size {
        (seen, head)
    } else {
        (head, seen)
    };
    let mut first = None;
    for freshness in [Freshness::Cached, Freshness::PastCaches] {
        match compare(source, smaller, larger, freshness).await? {
            Compared::Prefix(_) if seen.size < head.size => return Ok(Proved::Stale(first)),
            Compared::Prefix(proof) => return Ok(Proved::Grown(proof, first)),
            Compared::Excluded(proof) => return contradiction(book, head, observed, Some(proof)).await,
            Compared::Unproven(unproven) if first.is_some() => return Ok(Proved::Unproven(unproven)),
            Compared::Unproven(unproven) => first = Some(unproven),
        }
    }
    Ok(Proved::Same)
}

/// What our record says about a size that we hold.
async fn by_record(book: &Book, seen: HeadRef, observed: &SignedCheckpoint) -> Result<Option<Proved>, Fault> {
    if seen.size == 0 {
        let empty = seen.root == tlog::Hash::EMPTY_ROOT;
        return if empty {
            Ok(Some(Proved::Stale(None)))
        } else {
            contradiction(book, seen, observed, None).await.map(Some)
        };
    }
    let folder = book.folder();
    let prefix = folder.checkpoints_of(seen.size);
    let names = book.context.store().list(&prefix, &prefix, 2).await?;
    let Some(name) = names.first() else { return Ok(None) };
    if *name == folder.checkpoint(seen.size, &seen.root) {
        return Ok(Some(Proved::Stale(None)));
    }
    let Some(record) = crate::record::read::<CheckpointRecord>(book.context.store(), name).await? else {
        return Ok(None);
    };
    contradiction(book, record.head(), observed, None).await.map(Some)
}

/// A checkpoint of a size and root that we hold against one that excludes it.
async fn contradiction(
    book: &Book,
    held: HeadRef,
    observed: &SignedCheckpoint,
    proof: Option<PrefixProof>,
) -> Result<Proved, Fault> {
    let name = book.folder().checkpoint(held.size, &held.root);
    let record = crate::record::read::<CheckpointRecord>(book.context.store(), &name).await?;
    let held_note = record.map_or_else(|| observed.note().to_owned(), |record| record.note);
    let evidence = Evidence {
        origin: book.context.log.origin.clone(),
        keys: book.context.log.keys.clone(),
        first: held_note,
        second: observed.note().to_owned(),
        proof,
    };
    match evidence.verdict() {
        Ok(verdict) => Ok(Proved::Violation(Box::new(Violation { evidence, verdict }))),
        Err(error) => {
            let message = format!(
                "{name} and the checkpoint that the log serves seem to contradict each other, but cannot be shown to: {error}. Run `rekor-sentinel verify`"
            );
            Err(Fault::new(FaultClass::Record, &name, message))
        }
    }
}

/// A first checkpoint can only contradict itself: a root of nothing that is not the root of nothing.
pub(crate) fn impossible(book: &Book, observed: &SignedCheckpoint) -> Option<Violation> {
    let evidence = Evidence {
        origin: book.context.log.origin.clone(),
        keys: book.context.log.keys.clone(),
        first: observed.note().to_owned(),
        second: observed.note().to_owned(),
        proof: None,
    };
    match evidence.verdict() {
        Ok(verdict @ Verdict::ImpossibleRoot) => Some(Violation { evidence, verdict }),
        Ok(_) | Err(_) => None,
    }
}

enum Compared {
    Prefix(PrefixProof),
    Excluded(PrefixProof),
    Unproven(Unproven),
}

async fn compare(
    source: &dyn LogSource,
    smaller: HeadRef,
    larger: HeadRef,
    freshness: Freshness,
) -> Result<Compared, Fault> {
    let unproven = |message: String, served: Vec<u8>| {
        Compared::Unproven(Unproven {
            step: Step::Head,
            message,
            object: Some(source.place().to_owned()),
            served,
            first_index: None,
        })
    };
    let anchor = match source
        .anchor(smaller.size, larger.size, freshness)
        .await
        .map_err(SourceTrouble::from)
    {
        Ok(anchor) => anchor,
        Err(SourceTrouble::Fault(fault)) => return Err(fault),
        Err(SourceTrouble::Malformed(broken)) => return Ok(unproven(broken.message, broken.served)),
    };
    let Anchor { frontier, rest } = anchor;
    let rebuilt = frontier.root_with(&rest, larger.size);
    let root = frontier.root();
    let proof = PrefixProof { frontier, rest };
    if rebuilt.ok() != Some(larger.root) {
        let message = format!(
            "the hashes that {} serves do not rebuild the root signed at size {}, so the checkpoints of size {} and {} cannot be compared",
            source.place(),
            larger.size,
            smaller.size,
            larger.size
        );
        return Ok(unproven(message, serde_json::to_vec(&proof).unwrap_or_default()));
    }
    Ok(if root == smaller.root {
        Compared::Prefix(proof)
    } else {
        Compared::Excluded(proof)
    })
}
