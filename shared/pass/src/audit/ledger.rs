//! The receipts of an epoch: one chain from the start, without gap or overlap, each leading to a signed head.

use super::claim::Claim;
use super::heads::Heads;
use super::{Audit, EpochAudit, PAGE, objects, readable};
use crate::Store;
use crate::names::LogFolder;
use crate::record::{self, Receipt, Start};
use crate::trouble::Fault;
use tlog::{Frontier, Hash, VerifierKey};

/// Where the chain has come to.
struct Chain {
    /// The newest object of the chain: the start, or a receipt.
    object: String,
    /// Where the newest receipt begins.
    last: Option<u64>,
    frontier: Frontier,
    tip: Hash,
    head: u64,
    /// Whether the claimed cursor was passed.
    met: bool,
}

#[expect(clippy::too_many_arguments, reason = "the parts of one record, each of another kind")]
pub(super) async fn check(
    store: &dyn Store,
    folder: &LogFolder,
    start: &Start,
    heads: &Heads,
    keys: &[VerifierKey],
    claim: Option<&Claim>,
    summary: &mut EpochAudit,
    audit: &mut Audit,
) -> Result<(), Fault> {
    let Some((_, bytes)) = readable::<Start>(store, &folder.start(), audit).await? else {
        return Ok(());
    };
    check_start(folder, start, audit);
    let mut chain = Chain {
        object: folder.start(),
        last: None,
        frontier: start.frontier.clone(),
        tip: record::content_hash(&bytes),
        head: start.head.size,
        met: false,
    };
    chain.meet(claim, audit);
    let mut from = folder.receipts();
    loop {
        let page = store.list(&folder.receipts(), &from, PAGE).await?;
        for name in &page {
            let Some((receipt, bytes)) = readable::<Receipt>(store, name, audit).await? else {
                continue;
            };
            chain.check(folder, name, &receipt, heads, start, audit);
            objects::check_span(store, name, &receipt, start, keys, summary, audit).await?;
            chain.object.clone_from(name);
            chain.last = Some(receipt.from);
            chain.frontier = receipt.frontier;
            chain.tip = record::content_hash(&bytes);
            chain.head = receipt.head.size;
            chain.meet(claim, audit);
            summary.receipts += 1;
        }
        match page.last().filter(|_| page.len() == PAGE) {
            Some(last) => from = format!("{last}~"),
            None => break,
        }
    }
    summary.to = chain.at();
    check_claim(folder, start, &chain, heads, claim, audit);
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
    fn at(&self) -> u64 {
        self.frontier.size()
    }

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
        if receipt.from > self.at() {
            let what = format!(
                "is missing: the entries {} to {} are covered by no receipt",
                self.at(),
                receipt.from
            );
            audit.defect(&folder.receipt(self.at()), what);
        } else if receipt.from < self.at() {
            audit.defect(
                name,
                format!("covers entries that the receipt before it covers up to {}", self.at()),
            );
        }
        if receipt.previous != self.tip {
            audit.defect(
                name,
                format!(
                    "breaks the chain: {} before it is not the one that it names",
                    self.object
                ),
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
            let head = folder.checkpoint(receipt.head.size, &receipt.head.root);
            audit.defect(
                name,
                format!("names the head {head}, which is missing or does not hold"),
            );
        }
        if receipt.head.size < self.head {
            audit.defect(name, "names an older head than the receipt before it");
        }
    }

    /// Where the chain passes the claimed cursor, both must say the same.
    fn meet(&mut self, claim: Option<&Claim>, audit: &mut Audit) {
        let Some(claim) = claim.filter(|claim| claim.position == self.at()) else {
            return;
        };
        self.met = true;
        let same = claim
            .frontier
            .as_ref()
            .is_none_or(|frontier| *frontier == self.frontier);
        if claim.tip != self.tip || !same || claim.last.is_some_and(|last| last != self.last) {
            let what = format!(
                "its cursor at {} does not stand on {} as that is on record",
                claim.position, self.object
            );
            audit.defect(&claim.by, what);
        }
    }
}

fn check_claim(
    folder: &LogFolder,
    start: &Start,
    chain: &Chain,
    heads: &Heads,
    claim: Option<&Claim>,
    audit: &mut Audit,
) {
    let Some(claim) = claim else { return };
    let (cursor, by) = (claim.position, &claim.by);
    if cursor > chain.at() {
        let what = format!(
            "is missing: the cursor of {by} is at {cursor}, and the receipts end at {}",
            chain.at()
        );
        audit.defect(&folder.receipt(chain.at()), what);
    } else if !chain.met {
        audit.defect(by, format!("its cursor at {cursor} is at the edge of no receipt"));
    }
    if claim.start.is_some_and(|claimed| claimed != start.frontier.size()) {
        audit.defect(by, format!("it begins elsewhere than {}", folder.start()));
    }
    if let Some(head) = claim.head.filter(|head| !heads.holds(*head)) {
        let name = folder.checkpoint(head.size, &head.root);
        audit.defect(
            &name,
            format!("is missing or does not hold, and it is the head of {by}"),
        );
    }
}
