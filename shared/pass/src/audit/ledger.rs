//! The receipts of an epoch: one chain from the start, without gap or overlap, each leading to a signed head, and as far
//! as anything says that it goes.

use super::anchor::{Anchor, Place};
use super::heads::Heads;
use super::listing::Names;
use super::{Desk, Epoch, EpochAudit, span};
use crate::record::{self, Counts, Receipt};
use crate::trouble::Fault;
use tlog::Hash;

/// Where the chain has come to.
struct Chain {
    /// The newest object of the chain: the start, or a receipt.
    object: String,
    /// The hash of its bytes.
    tip: Hash,
    place: Place,
    head: u64,
}

/// Walks along the chain; what says how far it goes is compared on the way.
pub(super) async fn check(
    desk: &mut Desk<'_>,
    epoch: &Epoch<'_>,
    heads: &mut Heads,
    mut anchors: Vec<Anchor>,
    summary: &mut EpochAudit,
) -> Result<(), Fault> {
    check_start(desk, epoch);
    let mut chain = Chain {
        object: epoch.folder.start(),
        tip: epoch.hash,
        place: Place {
            start: epoch.start.frontier.size(),
            last: None,
            frontier: epoch.start.frontier.clone(),
            totals: Some(Counts::default()),
        },
        head: epoch.start.head.size,
    };
    chain.pass(desk, &mut anchors);
    let mut names = Names::new(desk.store, epoch.folder.receipts());
    while let Some(page) = names.page().await? {
        for name in &page {
            let Some((receipt, bytes)) = desk.read::<Receipt>(name).await? else {
                continue;
            };
            chain.check(desk, epoch, name, &receipt);
            if !heads.confirm(desk, epoch, receipt.head).await? {
                let head = epoch.folder.checkpoint(receipt.head.size, &receipt.head.root);
                desk.audit.defect(
                    name,
                    format!("names the head {head}, which is missing or does not hold"),
                );
            }
            span::check(desk, epoch, heads, name, &receipt, summary).await?;
            chain.take(name, receipt, &bytes);
            chain.pass(desk, &mut anchors);
            summary.receipts = summary.receipts.saturating_add(1);
        }
    }
    summary.to = chain.at();
    for anchor in &anchors {
        anchor.end(epoch.folder, chain.at(), heads, &mut desk.audit);
    }
    Ok(())
}

fn check_start(desk: &mut Desk<'_>, epoch: &Epoch<'_>) {
    let (start, name) = (epoch.start, epoch.folder.start());
    let anchored = start.frontier.size() == 0
        || start.frontier.root_with(&start.proof, start.head.size).ok() == Some(start.head.root);
    if !anchored {
        desk.audit
            .defect(&name, "its frontier does not lead to the head that it names");
    }
    if start.checkpoint.head() != start.head {
        desk.audit
            .defect(&name, "carries another checkpoint than that of the head that it names");
    }
    if start.epoch > 1 && start.restart.is_none() {
        desk.audit
            .defect(&name, "does not say by whom and why a new epoch was begun");
    }
}

impl Chain {
    fn at(&self) -> u64 {
        self.place.frontier.size()
    }

    fn check(&self, desk: &mut Desk<'_>, epoch: &Epoch<'_>, name: &str, receipt: &Receipt) {
        let (folder, start, audit) = (epoch.folder, epoch.start, &mut desk.audit);
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
        if receipt.from == start.frontier.size() && receipt.restart != start.restart {
            audit.defect(name, "does not name the restart that its epoch began with");
        }
        if receipt.to != receipt.frontier.size()
            || receipt.to.checked_sub(receipt.from).filter(|entries| *entries > 0) != Some(receipt.counts.entries)
        {
            audit.defect(name, "its range, its frontier and its count of entries do not agree");
        }
        if receipt.frontier.root_with(&receipt.proof, receipt.head.size).ok() != Some(receipt.head.root) {
            audit.defect(name, "its frontier does not lead to the head that it names");
        }
        let mut totals = self.place.totals;
        if let Some(totals) = &mut totals {
            totals.add(receipt.counts);
        }
        if totals.zip(receipt.totals).is_some_and(|(totals, own)| totals != own) {
            audit.defect(
                name,
                "its totals are not those of the receipt before it and its own counts",
            );
        }
        if receipt.head.size < self.head {
            audit.defect(name, "names an older head than the receipt before it");
        }
    }

    fn take(&mut self, name: &str, receipt: Receipt, bytes: &[u8]) {
        name.clone_into(&mut self.object);
        self.tip = record::content_hash(bytes);
        self.head = receipt.head.size;
        self.place.last = Some(receipt.from);
        self.place.totals = receipt.totals;
        self.place.frontier = receipt.frontier;
    }

    fn pass(&self, desk: &mut Desk<'_>, anchors: &mut [Anchor]) {
        for anchor in anchors {
            anchor.pass(&self.object, self.tip, &self.place, &mut desk.audit);
        }
    }
}
