//! **prove**: an authentic checkpoint against the head.
//!
//! The same size must have the same root. A larger one must be shown to contain the head as a prefix, a smaller one to
//! be a prefix of the head. The proof is two compact ranges from which both roots follow, so that it can also show the
//! opposite: if it rebuilds the larger signed root and gives another root at the smaller size, the log has contradicted
//! itself, and the proof is evidence. If it rebuilds neither, it was served wrong: asked for once more past caches, then
//! unproven. A log that was set back serves a smaller tree alone, and what the head signed is gone with its tiles: such a
//! checkpoint is unproven too, unless it excludes an earlier head on record. Writes nothing; a crash here leaves nothing.

use super::book::Book;
use crate::record::{CheckpointRecord, HeadRef, Progress};
use crate::trouble::{Fault, FaultClass, SourceTrouble, Step, Unproven, Violation};
use crate::{Anchor, Freshness, LogSource, SourceErrorKind};
use tlog::{Evidence, PrefixProof, SignedCheckpoint, Verdict};

/// Names asked for in one listing.
const PAGE: usize = 1_000;

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
    let signed = observed.note().as_bytes();
    let first = match ask(book, source, (smaller, larger), observed, Freshness::Cached).await? {
        Ok(proved) => return Ok(proved),
        Err(failed) => Unproven {
            served: signed.to_vec(),
            ..failed
        },
    };
    match ask(book, source, (smaller, larger), observed, Freshness::PastCaches).await? {
        Ok(Proved::Grown(proof, _)) => Ok(Proved::Grown(proof, Some(first))),
        Ok(Proved::Stale(_)) => Ok(Proved::Stale(Some(first))),
        Ok(proved) => Ok(proved),
        Err(failed) => {
            let failed = Unproven {
                served: signed.to_vec(),
                ..failed
            };
            if seen.size < head.size {
                return by_earlier_head(book, source, seen, observed, failed).await;
            }
            Ok(Proved::Unproven(failed))
        }
    }
}

/// One comparison: what it proves, or what does not verify.
async fn ask(
    book: &Book,
    source: &dyn LogSource,
    (smaller, larger): (HeadRef, HeadRef),
    observed: &SignedCheckpoint,
    freshness: Freshness,
) -> Result<Result<Proved, Unproven>, Fault> {
    let grows = observed.size() == larger.size;
    let head = if grows { smaller } else { larger };
    Ok(match compare(source, smaller, larger, freshness).await? {
        Compared::Prefix(proof) if grows => Ok(Proved::Grown(proof, None)),
        Compared::Prefix(_) => Ok(Proved::Stale(None)),
        Compared::Excluded(proof) => Ok(contradiction(book, head, observed, Some(proof)).await?),
        Compared::Missing(fault) if grows => return Err(fault),
        Compared::Missing(fault) => Err(missing(source, smaller, head, &fault)),
        Compared::Unproven(unproven) => Err(unproven),
    })
}

/// A smaller checkpoint that cannot be compared with the head, because the log no longer serves the head's tree. It may
/// still exclude the newest head on record before it; a log that was set back and grew anew does.
async fn by_earlier_head(
    book: &Book,
    source: &dyn LogSource,
    seen: HeadRef,
    observed: &SignedCheckpoint,
    unproven: Unproven,
) -> Result<Proved, Fault> {
    if let Some(earlier) = earlier_head(book, seen.size).await?
        && let Compared::Excluded(proof) = compare(source, earlier, seen, Freshness::PastCaches).await?
    {
        return contradiction(book, earlier, observed, Some(proof)).await;
    }
    Ok(Proved::Unproven(unproven))
}

/// The newest head on record that is smaller than `size`. Names are listed upwards, so the search steps back in strides
/// that double.
async fn earlier_head(book: &Book, size: u64) -> Result<Option<HeadRef>, Fault> {
    let folder = book.folder();
    let mut stride = 1;
    loop {
        let from = size.saturating_sub(stride);
        let names = book
            .context
            .store()
            .list(&folder.checkpoints(), &folder.checkpoints_of(from), PAGE)
            .await?;
        let smaller = |name: &&String| crate::names::position(name).is_some_and(|at| at < size);
        if let Some(name) = names.iter().rfind(smaller) {
            let record = crate::record::read::<CheckpointRecord>(book.context.store(), name).await?;
            return Ok(record.map(|record| record.head()));
        }
        if from == 0 {
            return Ok(None);
        }
        stride = stride.saturating_mul(2);
    }
}

fn missing(source: &dyn LogSource, seen: HeadRef, head: HeadRef, fault: &Fault) -> Unproven {
    let message = format!(
        "{} serves a checkpoint of size {} and not the tree of size {} that the log has signed before, so that nobody can compare them ({})",
        source.place(),
        seen.size,
        head.size,
        fault.message
    );
    Unproven {
        step: Step::Head,
        message,
        object: Some(source.place().to_owned()),
        served: Vec::new(),
        first_index: None,
    }
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
        Ok(verdict) => Ok(Proved::Violation(Box::new(Violation {
            evidence,
            verdict,
            seen_by: None,
        }))),
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
        Ok(verdict @ Verdict::ImpossibleRoot) => Some(Violation {
            evidence,
            verdict,
            seen_by: None,
        }),
        Ok(_) | Err(_) => None,
    }
}

enum Compared {
    Prefix(PrefixProof),
    Excluded(PrefixProof),
    /// The tree of the larger one is not served, or not all of it.
    Missing(Fault),
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
    let anchor = match source.anchor(smaller.size, larger.size, freshness).await {
        Ok(anchor) => anchor,
        Err(error) if matches!(error.kind, SourceErrorKind::NotFound) => {
            return Ok(Compared::Missing(Fault::from_source(error)));
        }
        Err(error) => match SourceTrouble::from(error) {
            SourceTrouble::Fault(fault) => return Err(fault),
            SourceTrouble::Malformed(broken) => return Ok(unproven(broken.message, broken.served)),
        },
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
