//! The chain of receipts: how it begins, and how the cursor moves along it.
//!
//! Arithmetic over what was read; nothing here reads or writes.

use crate::names::LogFolder;
use crate::record::{self, Counts, Cursor, Progress, Receipt, Start};
use crate::trouble::{Fault, FaultClass};

/// Reads a start, which must be of this folder and lead to the head that it names.
pub(crate) fn anchored_start(folder: &LogFolder, bytes: &[u8]) -> Result<Start, Fault> {
    let name = folder.start();
    let start: Start = record::decode(&name, bytes)?;
    let root = start.frontier.root_with(&start.proof, start.head.size);
    if start.epoch != folder.epoch() || (start.frontier.size() > 0 && root.ok() != Some(start.head.root)) {
        return Err(unfit(&name, "its frontier does not lead to the head that it names"));
    }
    Ok(start)
}

/// The progress of an epoch that has just begun.
pub(crate) fn from_start(start: &Start, bytes: &[u8]) -> Progress {
    Progress {
        epoch: start.epoch,
        start: start.frontier.size(),
        head: start.head,
        unrecorded: None,
        published: None,
        unsettled: Vec::new(),
        frozen: false,
        seen_after: None,
        grown: start.time,
        behind: (start.frontier.size() < start.head.size).then_some(start.time),
        unverified: None,
        partial: Some(start.time),
        cursor: Cursor {
            frontier: start.frontier.clone(),
            tip: record::content_hash(bytes),
            last: None,
            totals: Some(Counts::default()),
            restart: start.restart.clone(),
        },
    }
}

/// Checks a receipt that stands at our cursor, and moves the cursor along it.
///
/// Its span was committed by another pass, or by an earlier one that was cut off. It must continue our chain and its
/// frontier must lead to the head that it names, which must not be beyond ours.
pub(crate) fn adopt_receipt(progress: &mut Progress, name: &str, receipt: &Receipt, bytes: &[u8]) -> Result<(), Fault> {
    let cursor = progress.cursor.position();
    let continues = receipt.from == cursor
        && receipt.to > cursor
        && receipt.to == receipt.frontier.size()
        && receipt.previous == progress.cursor.tip
        && receipt.epoch == progress.epoch;
    if !continues {
        return Err(unfit(name, "it does not continue the chain of receipts"));
    }
    let root = receipt.frontier.root_with(&receipt.proof, receipt.head.size);
    if root.ok() != Some(receipt.head.root) || receipt.head.size > progress.head.size {
        return Err(unfit(name, "its frontier does not lead to a head that is on record"));
    }
    progress.cursor = progress.cursor.behind(receipt, record::content_hash(bytes));
    Ok(())
}

/// An object of the record that contradicts the rest of it.
pub(crate) fn unfit(name: &str, problem: &str) -> Fault {
    let message = format!("{name} cannot be used: {problem}. Nothing was changed; run `rekor-sentinel verify`");
    Fault::new(FaultClass::Record, name, message)
}
