//! The model of a rule, as the configuration says it and as receipts hash it.
//!
//! A spec is written in one way whatever the file looked like: keys in alphabetical order, a list of one value as that
//! value, several fields of one mapping as `all`. It reads back as the same spec. A hand-made spec may be wrong;
//! [`RuleSet::compile`](crate::RuleSet::compile) checks.

use crate::pattern::Pattern;
use crate::severity::Severity;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use sigstore::Timestamp;
use std::collections::BTreeMap;
use tlog::Hash;

/// One rule: whom to watch for, and what of it is expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleSpec {
    /// What is expected: where one of these holds too, for the same signer, the match is recorded but raises no alert.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Allowance>,
    /// Words of the user's own, such as a team, which every finding and alert of the rule carries.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What to look for.
    #[serde(rename = "match")]
    pub matches: Matcher,
    /// The rule's name, unique in its set; part of each finding's id.
    pub name: String,
    /// What the reader of an alert should know or do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Where the rule is asked at all; everywhere, if it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<Box<Only>>,
    /// How much a match matters.
    pub severity: Severity,
}

/// Something that is expected, possibly for a while, possibly only with a record of it in a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Allowance {
    /// What is expected. An `all` of nothing, which always holds, only where a ledger decides alone.
    pub matches: Matcher,
    /// The ledger that must hold a record of the entry as well.
    pub ledger: Option<String>,
    /// From when on it is expected no longer.
    pub until: Option<Timestamp>,
}

/// Where a rule is asked: both must hold, as far as they say something.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Only {
    /// Entries of these kinds; of every kind, if there are none.
    #[serde(serialize_with = "any_of", skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Pattern>,
    /// Entries of these logs; of every log, if there are none.
    #[serde(serialize_with = "any_of", skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<Pattern>,
}

/// A condition on one signer of an entry (and on the entry itself).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Matcher {
    /// Every one holds.
    All(Vec<Matcher>),
    /// At least one holds.
    Any(Vec<Matcher>),
    /// It does not hold. Over a field that the signer does not have this is true.
    Not(Box<Matcher>),
    /// At least one value of the field matches at least one pattern.
    Field {
        /// The name of the field: `san`, a Fulcio extension's name, a dotted OID.
        name: String,
        /// The patterns, any of which may match.
        patterns: Vec<Pattern>,
    },
}

/// What of a rule decides whether an entry is recorded as a match of it.
#[derive(Serialize)]
struct Question<'r> {
    #[serde(rename = "match")]
    matches: &'r Matcher,
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<&'r Only>,
}

impl RuleSpec {
    /// What the rule asks of an entry: SHA-256 of the canonical JSON (RFC 8785) of `match` and `only`. Two rules with the
    /// same question record the same entries. Neither the name nor severity, note and labels are part of it, and not
    /// `allow` either: a match that is allowed is recorded too.
    ///
    /// # Errors
    /// A rule that cannot be written.
    pub fn question(&self) -> Result<Hash, serde_json::Error> {
        canonical_hash(&Question {
            matches: &self.matches,
            only: self.only.as_deref(),
        })
    }
}

/// SHA-256 of what serialises with its keys in order and without a number in it, so that compact JSON is the canonical one.
pub(crate) fn canonical_hash<T: Serialize + ?Sized>(value: &T) -> Result<Hash, serde_json::Error> {
    let mut hasher = Hashing(Sha256::new());
    serde_json::to_writer(&mut hasher, value)?;
    Ok(Hash::from_bytes(hasher.0.finalize().into()))
}

/// What is written goes nowhere but into the hash.
struct Hashing(Sha256);

impl std::io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Serialize for Matcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        self.write(&mut map)?;
        map.end()
    }
}

impl Serialize for Allowance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        // In alphabetical order: the ledger stands before or behind the one key of the condition.
        let key = self.matches.key();
        let ledger = self.ledger.as_ref();
        if let Some(ledger) = ledger.filter(|_| key.is_none_or(|key| LEDGER < key)) {
            map.serialize_entry(LEDGER, ledger)?;
        }
        if key.is_some() || ledger.is_none() {
            self.matches.write(&mut map)?;
        }
        if let Some(ledger) = ledger.filter(|_| key.is_some_and(|key| LEDGER >= key)) {
            map.serialize_entry(LEDGER, ledger)?;
        }
        // Behind the names of all fields, in alphabetical order too.
        if let Some(until) = self.until {
            map.serialize_entry(UNTIL, &until)?;
        }
        map.end()
    }
}

/// The key of the ledger that an allowance asks.
pub(crate) const LEDGER: &str = "ledger";

/// The key of the day on which an allowance ends.
pub(crate) const UNTIL: &str = "until";

impl Matcher {
    /// The condition that always holds: what a ledger stands beside if it decides alone.
    #[must_use]
    pub const fn always() -> Self {
        Self::All(Vec::new())
    }

    /// The key that it is written under; none for the condition that always holds.
    fn key(&self) -> Option<&str> {
        match self {
            Self::All(inner) if inner.is_empty() => None,
            Self::All(_) => Some("all"),
            Self::Any(_) => Some("any"),
            Self::Not(_) => Some("not"),
            Self::Field { name, .. } => Some(name),
        }
    }

    fn write<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self {
            Self::All(inner) => map.serialize_entry("all", inner),
            Self::Any(inner) => map.serialize_entry("any", inner),
            Self::Not(inner) => map.serialize_entry("not", inner),
            Self::Field { name, patterns } => map.serialize_entry(name, &AnyOf(patterns)),
        }
    }
}

/// Patterns as a list, or as one text.
struct AnyOf<'p>(&'p [Pattern]);

impl Serialize for AnyOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [one] => serializer.serialize_str(&one.write()),
            many => serializer.collect_seq(many.iter().map(Pattern::write)),
        }
    }
}

fn any_of<S: Serializer>(patterns: &[Pattern], serializer: S) -> Result<S::Ok, S::Error> {
    AnyOf(patterns).serialize(serializer)
}
