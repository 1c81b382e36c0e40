//! What the receipts tell of the past of a rule: which spans were scanned without it.
//!
//! A receipt names the rule set of its span and the configuration that held it, whose bytes are kept by their hash. A
//! rule was asked of a span if a rule of that configuration asks the same ([`rules::RuleSpec::question`]), whatever it
//! was called, and if the configuration is the one that the receipt means: its bytes have the hash, and its rules that of
//! the rule set. A receipt that names none, or one that is gone or cannot be read any more, counts as without the rule,
//! and so does a hole between receipts: to read an entry twice costs little, not to have asked is what this is against.
//!
//! Receipts are walked as they are listed, configurations are read once each and dropped. Nothing is asked of a log, and
//! nothing is written.

use crate::lookback;
use crate::names::{self, LogFolder};
use crate::ranges::Ranges;
use crate::record::{self, Deployment, Document, LogState, Receipt, Start};
use crate::trouble::{Fault, FaultClass};
use crate::{MAX_CONFIG_BYTES, ReadRules, Store, StoreErrorKind};
use futures::StreamExt as _;
use rules::{RuleSet, RuleSpec};
use sigstore::Timestamp;
use std::collections::BTreeMap;
use tlog::{Frontier, Hash};

/// Names asked for in one listing.
const PAGE: usize = 1_000;

/// Receipts that are read at a time.
const READS: usize = 16;

/// From when on the past is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// All of it.
    Start,
    /// The spans that were committed at this moment or later. Whatever entered the log since then is in one of them,
    /// since a span is read after its entries are there; what is older and was read late is in them too.
    Time(Timestamp),
    /// The entries from this index on.
    Index(u64),
}

/// A rule, and which of the rule sets on record asked the same.
pub struct Asking {
    question: Hash,
    present: Hash,
    read: ReadRules,
    known: BTreeMap<(Hash, Hash), bool>,
}

/// What of one log was scanned without the rule: one for each epoch that has any, the oldest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    /// The epochs.
    pub epochs: Vec<PastEpoch>,
}

/// What of one epoch of a log was scanned without the rule.
#[derive(Debug, Clone, PartialEq)]
pub struct PastEpoch {
    /// The folder of its record.
    pub folder: LogFolder,
    /// All of it.
    pub unasked: Ranges,
    /// What of it is meant.
    pub wanted: Ranges,
    /// What of it has a receipt that does not tell its rules any more, so that it may have been asked.
    pub untold: Ranges,
    /// Of an epoch that was left: the frontier at its end. What is read there now may be another log.
    pub left_at: Option<Frontier>,
}

impl Past {
    /// How many entries there are.
    #[must_use]
    pub fn entries(&self) -> u64 {
        let each = self.epochs.iter().map(|epoch| epoch.unasked.entries());
        each.fold(0, u64::saturating_add)
    }

    /// How many of them are meant.
    #[must_use]
    pub fn wanted(&self) -> u64 {
        let each = self.epochs.iter().map(|epoch| epoch.wanted.entries());
        each.fold(0, u64::saturating_add)
    }
}

impl Asking {
    /// Of a rule of the set in force.
    ///
    /// # Errors
    /// A fault if the rule cannot be written.
    pub fn new(rule: &RuleSpec, in_force: &RuleSet, read: ReadRules) -> Result<Self, Fault> {
        let question = rule.question().map_err(|error| crate::trouble::internal(&error))?;
        Ok(Self {
            question,
            present: in_force.hash(),
            read,
            known: BTreeMap::new(),
        })
    }

    /// What the rule asks.
    #[must_use]
    pub fn question(&self) -> Hash {
        self.question
    }

    /// Whether the rule was asked of a span; `None` if nobody can tell.
    async fn was_asked(&mut self, store: &dyn Store, receipt: &Receipt) -> Result<Option<bool>, Fault> {
        if receipt.rules == self.present {
            return Ok(Some(true));
        }
        let Some(config) = receipt.config else { return Ok(None) };
        let key = (receipt.rules, config);
        if let Some(asked) = self.known.get(&key) {
            return Ok(Some(*asked));
        }
        let Some(rules) = self.rules_of(store, &config).await? else {
            return Ok(None);
        };
        if RuleSet::hash_of(&rules).ok() != Some(receipt.rules) {
            return Ok(None);
        }
        let asked = rules.iter().any(|rule| rule.question().ok() == Some(self.question));
        self.known.insert(key, asked);
        Ok(Some(asked))
    }

    async fn rules_of(&self, store: &dyn Store, config: &Hash) -> Result<Option<Vec<RuleSpec>>, Fault> {
        let object = match store.read(&names::config(config), MAX_CONFIG_BYTES).await {
            Err(error) if matches!(error.kind, StoreErrorKind::TooLarge { .. }) => None,
            read => read?,
        };
        let bytes = object.map(|object| object.bytes);
        let bytes = bytes.filter(|bytes| record::content_hash(bytes) == *config);
        Ok(bytes.and_then(|bytes| (self.read)(&bytes)))
    }
}

/// What of a log was scanned without the rule, and was not asked of it by a scan since.
///
/// # Errors
/// A fault if the store cannot be read, or a receipt is damaged.
pub async fn past(store: &dyn Store, origin: &str, asking: &mut Asking, since: Since) -> Result<Past, Fault> {
    let deployment: Option<Deployment> = record::read(store, names::DEPLOYMENT).await?;
    let listed = deployment.and_then(|deployment| deployment.logs.get(origin).map(|listed| listed.epoch));
    let state: Option<LogState> = record::read(store, &LogFolder::new(origin, 1).state()).await?;
    let progress = state.and_then(|state| state.progress);
    let in_force = progress.as_ref().map_or(0, |progress| progress.epoch);
    let newest = in_force.max(listed.unwrap_or(0));
    let mut past = Past::default();
    for epoch in 1.. {
        let folder = LogFolder::new(origin, epoch);
        let Some(start) = record::read::<Start>(store, &folder.start()).await? else {
            if epoch < newest {
                continue;
            }
            break;
        };
        let reached = progress.as_ref().filter(|progress| progress.epoch == epoch);
        let reached = reached.map(|progress| progress.cursor.position());
        let walk = Walk::new(folder, &start, since);
        let epoch = walk.through(store, asking, reached).await?;
        past.epochs.push(epoch);
    }
    if let Some(last) = past.epochs.last_mut() {
        last.left_at = None;
    }
    past.epochs.retain(|epoch| !epoch.unasked.is_empty());
    Ok(past)
}

/// On the way through the receipts of an epoch.
struct Walk {
    epoch: PastEpoch,
    since: Since,
    /// Up to where the receipts were walked.
    at: u64,
    end: Frontier,
}

impl Walk {
    fn new(folder: LogFolder, start: &Start, since: Since) -> Self {
        Self {
            epoch: PastEpoch {
                folder,
                unasked: Ranges::default(),
                wanted: Ranges::default(),
                untold: Ranges::default(),
                left_at: None,
            },
            since,
            at: start.frontier.size(),
            end: start.frontier.clone(),
        }
    }

    async fn through(
        mut self,
        store: &dyn Store,
        asking: &mut Asking,
        reached: Option<u64>,
    ) -> Result<PastEpoch, Fault> {
        let folder = self.epoch.folder.clone();
        let prefix = folder.receipts();
        let mut from = prefix.clone();
        loop {
            let page = store.list(&prefix, &from, PAGE).await?;
            let reads = page.iter().map(|name| receipt(store, &folder, name));
            let receipts = futures::stream::iter(reads.collect::<Vec<_>>()).buffered(READS);
            let mut receipts = core::pin::pin!(receipts);
            while let Some(receipt) = receipts.next().await {
                let receipt = receipt?;
                let asked = asking.was_asked(store, &receipt).await?;
                self.span((receipt.from, receipt.to, receipt.time, asked));
                if receipt.to == receipt.frontier.size() {
                    self.end = receipt.frontier;
                }
            }
            match page.last().filter(|_| page.len() == PAGE) {
                // `~` is greater than every byte that ends a name.
                Some(last) => from = format!("{last}~"),
                None => break,
            }
        }
        if let Some(reached) = reached {
            self.without(self.at, reached, true);
        }
        let asked = lookback::asked_before(store, &asking.question, &folder).await?;
        let mut epoch = self.epoch;
        epoch.unasked = epoch.unasked.without(&asked);
        epoch.wanted = epoch.wanted.without(&asked);
        epoch.untold = epoch.untold.without(&asked);
        if let Since::Index(index) = self.since {
            epoch.wanted = epoch.wanted.since(index);
        }
        epoch.left_at = Some(self.end);
        Ok(epoch)
    }

    fn span(&mut self, (from, to, time, asked): (u64, u64, Timestamp, Option<bool>)) {
        // A hole has no time: it is always meant.
        self.without(self.at, from, true);
        if asked != Some(true) {
            let is_meant = !matches!(self.since, Since::Time(since) if time < since);
            self.without(from.max(self.at), to, is_meant);
        }
        if asked.is_none() {
            self.epoch.untold.add(from, to);
        }
        self.at = self.at.max(to);
    }

    fn without(&mut self, from: u64, to: u64, is_meant: bool) {
        self.epoch.unasked.add(from, to);
        if is_meant {
            self.epoch.wanted.add(from, to);
        }
    }
}

/// A receipt of this epoch.
async fn receipt(store: &dyn Store, folder: &LogFolder, name: &str) -> Result<Receipt, Fault> {
    let unfit = |what: &str| {
        let message =
            format!("{name} {what}. Run `rekor-sentinel verify`, and restore the object from a version or a backup");
        Fault::new(FaultClass::Record, name, message)
    };
    let object = store.read(name, Receipt::MAX_BYTES).await?;
    let object = object.ok_or_else(|| unfit("was listed and is gone"))?;
    let receipt: Receipt = record::decode(name, &object.bytes)?;
    let own = LogFolder::new(&receipt.log, receipt.epoch) == *folder && folder.receipt(receipt.from) == name;
    if own && receipt.from < receipt.to {
        Ok(receipt)
    } else {
        Err(unfit("is not the receipt that its name says"))
    }
}
