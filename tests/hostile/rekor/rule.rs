//! What a Rekor v1 server can be told to do wrong, where, and how often. Every name here is also its JSON.

use crate::hostile::rule::{Instead, Manner};
use serde::{Deserialize, Serialize};

/// Which questions a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RekorTarget {
    /// `GET log`
    Log,
    /// `GET log/proof`
    Proof,
    /// `POST log/entries/retrieve`
    Retrieve,
    /// `GET log/entries` and `GET log/entries/{uuid}`
    Entry,
    /// `POST index/retrieve`
    Search,
    /// All of them.
    All,
}

/// What to do instead of, or to, the honest answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RekorBehaviour {
    /// Answers something else, whatever was asked for.
    Instead(Instead),
    /// Serves the right thing in another manner.
    Manner(Manner),
    /// Alters what is served.
    Alter(Alter),
}

/// What is altered. Indexes are those over all shards. What makes no sense for a question leaves it alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alter {
    /// One entry of the answer.
    Entry {
        /// In which way.
        how: Wrong,
        /// Which one.
        index: u64,
    },
    /// The entries of an answer come in another order, which a server may do.
    Reverse,
    /// At most so many of the entries that were asked for, which a server may do.
    Only {
        /// How many.
        entries: usize,
    },
    /// Each entry of an answer carries an attestation of so many bytes that nobody asked for.
    Attestations {
        /// How many.
        bytes: usize,
    },
    /// Every question for this entry, alone or with others, has this status.
    Refuse {
        /// Which one.
        index: u64,
        /// The status.
        code: u16,
    },
    /// Questions for more entries than this have this status.
    AtMost {
        /// How many are answered.
        entries: usize,
        /// The status.
        code: u16,
    },
    /// A replica whose active tree has only so many entries: it leaves out entries, and answers 400 to proofs beyond.
    Behind {
        /// How many.
        size: u64,
    },
    /// Checkpoints and proofs of another shard in the place of the active one's.
    OtherTree,
    /// One bit of a proof's first hash is another.
    FlipProof,
}

/// How an entry is altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wrong {
    /// One bit of the body is another; its uuid is not.
    Flip,
    /// One bit of the body is another, and the uuid is that of this body.
    Substitute,
    /// It is left out.
    Drop,
    /// It comes twice.
    Double,
    /// It and its neighbour have changed places: each has the other's body and uuid.
    Swap,
    /// Its index over all shards is one too many.
    LogIndex,
    /// Its uuid is that of another leaf.
    Uuid,
    /// Its uuid names another tree.
    Tree,
    /// Its uuid is of the old kind, without a tree, which a server may do.
    OldUuid,
    /// Its index within the shard is one too many.
    Place,
}

/// A behaviour, where it applies and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RekorRule {
    /// Which questions.
    pub target: RekorTarget,
    /// What to do to them.
    pub behaviour: RekorBehaviour,
    /// For how many questions; without an end where absent.
    #[serde(default)]
    pub times: Option<u64>,
    /// Only questions that a cache might have answered: those without `Cache-Control: no-cache`.
    #[serde(default)]
    pub cached_only: bool,
}

impl RekorRule {
    /// A rule that holds until it is removed.
    pub fn new(target: RekorTarget, behaviour: impl Into<RekorBehaviour>) -> Self {
        Self {
            target,
            behaviour: behaviour.into(),
            times: None,
            cached_only: false,
        }
    }

    /// An altered entry, wherever it is served among others.
    pub fn entry(how: Wrong, index: u64) -> Self {
        Self::new(RekorTarget::Retrieve, Alter::Entry { how, index })
    }

    /// Holds for so many questions, and then no more.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Leaves questions alone that insist on passing caches.
    #[must_use]
    pub fn cached_only(mut self) -> Self {
        self.cached_only = true;
        self
    }
}

impl From<Instead> for RekorBehaviour {
    fn from(instead: Instead) -> Self {
        Self::Instead(instead)
    }
}

impl From<Manner> for RekorBehaviour {
    fn from(manner: Manner) -> Self {
        Self::Manner(manner)
    }
}

impl From<Alter> for RekorBehaviour {
    fn from(alter: Alter) -> Self {
        Self::Alter(alter)
    }
}
