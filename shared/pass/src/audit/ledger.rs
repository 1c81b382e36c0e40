//! The receipts of an epoch: one chain from the start, without gap or overlap, each leading to a signed head.

use super::heads::Heads;
use super::{Audit, EpochAudit, PAGE, objects, readable};
use crate::Store;
use crate::names::LogFolder;
use crate::record::{self, Progress, Receipt, Start};
use crate::trouble::Fault;
use tlog::{Hash, VerifierKey};

/// Where the chain has come to.
struct Chain {
    at: u64,
    tip: Hash,
    head: u64,
    /// Whether the state's cursor was passed, and agreed.
    met: bool,
}

#[expect(clippy::too_many_arguments, reason = "the parts of one record, each of another kind")]
pub(super) async fn check(
    store: &dyn Store,
    folder: &LogFolder,
    start: &Start,
    heads: &Heads,
    keys: &[VerifierKey],
    progress: Option<&Progress>,
    summary: &mut EpochAudit,
    audit: &mut Audit,
) -> Result<(), Fault> {
    let Some((_, bytes)) = readable::<Start>(store, &folder.start(), audit).await? else {
        return Ok(());
    };
    check_start(folder, start, audit);
    let mut chain = Chain {
        at: start.frontier.size(),
        tip: record::content_hash(&bytes),
        head: start.head.size,
        met: false,
    };
    chain.meet(folder, progress, audit);
    let mut from = folder.receipts();
    loop {
        let page = store.list(&folder.receipts(), &from, PAGE).await?;
        for name in &page {
            let Some((receipt, bytes)) = readable::<Receipt>(store, name, audit).await? else {
                continue;
            };
            chain.check(folder, name, &receipt, heads, start, audit);
            objects::check_span(store, name, &receipt, start, keys, summary, audit).await?;
            chain.at = receipt.to;
            chain.tip = record::content_hash(&bytes);
            chain.head = receipt.head.size;
            chain.meet(folder, progress, audit);
            summary.receipts += 1;
        }
        match page.last().filter(|_| page.len() == PAGE) {
            Some(last) => from = format!("{last}~"),
            None => break,
        }
    }
    summary.to = chain.at;
    check_state(folder, &chain, heads, progress, audit);
    Ok(())
}

fn check_start(folder: &LogFolder, start: &Start, audit: &mut Audit) {
    let anchored = start.frontier.size() == 0
        || start.frontier.root_with(&start.proof, start.head.size).ok() == Some(start.head.root);
    if !anchored {
        audit.defect(&folder.start(), "its frontier does not lead to the head that it names");
    }
}

impl Chain {
    fn check(
        &self,
        folder: &LogFolder,
        name: &str,
        receipt: &Receipt,
        heads: &Heads,
        start: &Start,
        audit: &mut Audit,
    ) {
        if *name != folder.receipt(receipt.from) || receipt.log != start.log || receipt.epoch != start.epoch {
            audit.defect(name, "is not the receipt that its name says");
        }
        if receipt.from > self.at {
            let what = format!(
                "is missing: the entries {} to {} are covered by no receipt",
                self.at, receipt.from
            );
            audit.defect(&folder.receipt(self.at), what);
        } else if receipt.from < self.at {
            audit.defect(
                name,
                format!("covers entries that the receipt before it covers up to {}", self.at),
            );
        }
        if receipt.previous != self.tip {
            audit.defect(
                name,
                "breaks the chain: the receipt before it is not the one that it names",
            );
        }
        if receipt.to <= receipt.from
            || receipt.to != receipt.frontier.size()
            || receipt.counts.entries != receipt.to - receipt.from
        {
            audit.defect(name, "its range, its frontier and its count of entries do not agree");
        }
        if receipt.frontier.root_with(&receipt.proof, receipt.head.size).ok() != Some(receipt.head.root) {
            audit.defect(name, "its frontier does not lead to the head that it names");
        }
        if !heads.holds(receipt.head) {
            audit.defect(
                name,
                format!(
                    "names a head of size {} that is missing or does not hold",
                    receipt.head.size
                ),
            );
        }
        if receipt.head.size < self.head {
            audit.defect(name, "names an older head than the receipt before it");
        }
    }

    /// Where the chain passes the state's cursor, both must say the same.
    fn meet(&mut self, folder: &LogFolder, progress: Option<&Progress>, audit: &mut Audit) {
        let Some(cursor) = progress
            .map(|progress| &progress.cursor)
            .filter(|cursor| cursor.position() == self.at)
        else {
            return;
        };
        self.met = true;
        if cursor.tip != self.tip {
            audit.defect(
                &folder.state(),
                format!(
                    "its cursor at {} stands on another receipt than the one on record",
                    self.at
                ),
            );
        }
    }
}

fn check_state(folder: &LogFolder, chain: &Chain, heads: &Heads, progress: Option<&Progress>, audit: &mut Audit) {
    let Some(progress) = progress else { return };
    let cursor = progress.cursor.position();
    if cursor > chain.at {
        let what = format!(
            "is missing: the state's cursor is at {cursor}, and the receipts end at {}",
            chain.at
        );
        audit.defect(&folder.receipt(chain.at), what);
    } else if !chain.met {
        audit.defect(
            &folder.state(),
            format!("its cursor at {cursor} is at the edge of no receipt"),
        );
    }
    if !heads.holds(progress.head) && progress.unrecorded.is_none() {
        let name = folder.checkpoint(progress.head.size, &progress.head.root);
        audit.defect(&name, "is missing or does not hold, and it is the state's head");
    }
}
