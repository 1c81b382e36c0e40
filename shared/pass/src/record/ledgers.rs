//! What the deployment knows of a ledger: since when, and what it announced that has not been seen yet.

use serde::{Deserialize, Serialize};
use sigstore::Timestamp;
use std::collections::BTreeMap;

/// A ledger in the inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerMarks {
    /// Where it is kept; a ledger that moved is a new one.
    pub place: String,
    /// Since when it is known: what was made before is not asked for.
    pub since: Timestamp,
    /// Up to when its records were taken up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Timestamp>,
    /// What it announced, by the name of the record.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub announced: BTreeMap<String, Announced>,
    /// What counts for nothing, by its name, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unsound: BTreeMap<String, String>,
}

/// A record of a ledger that was taken up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// When it was recorded.
    pub time: Timestamp,
    /// By when its entry is to be in a log.
    pub due: Timestamp,
    /// What it says of the signer.
    #[serde(default)]
    pub known: Known,
    /// What came of it, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Ending>,
    /// The sinks that were told that it is missing, and when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub told: BTreeMap<String, Timestamp>,
}

/// What came of an announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Its entry was seen, or it is of before the ledger was known.
    Settled,
    /// Its entry is in no log, as of then.
    Missing(Timestamp),
}

/// What a record says of the signer, beside the digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// A subject alternative name, a name in the key, or a fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The OIDC issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The ref that the source is of.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The URL of the run that signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The URL of the source's repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
}

impl LedgerMarks {
    /// A ledger that becomes known now.
    #[must_use]
    pub fn new(place: &str, since: Timestamp) -> Self {
        Self {
            place: place.to_owned(),
            since,
            read: None,
            announced: BTreeMap::new(),
            unsound: BTreeMap::new(),
        }
    }

    /// Takes what another pass knows of the same ledger; neither forgets what the other was told.
    pub(crate) fn merge(&mut self, theirs: &Self) {
        if self.place != theirs.place {
            return;
        }
        self.since = self.since.min(theirs.since);
        self.read = self.read.max(theirs.read);
        for (name, theirs) in &theirs.announced {
            let ours = self.announced.entry(name.clone()).or_insert_with(|| theirs.clone());
            ours.end = ours.end.or(theirs.end);
            ours.told.extend(theirs.told.clone());
        }
        self.unsound.extend(theirs.unsound.clone());
    }
}
