//! The model of a rule, as the configuration says it and as receipts hash it.
//!
//! A spec is written in one way whatever the file looked like: keys in alphabetical order, a list of one value as that
//! value, several fields of one mapping as `all`. It reads back as the same spec. A hand-made spec may be wrong;
//! [`RuleSet::compile`](crate::RuleSet::compile) checks.

use crate::pattern::Pattern;
use crate::severity::Severity;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

/// One rule: whom to watch for, and what of it is expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleSpec {
    /// What is expected: where one of these holds too, for the same signer, the match is recorded but raises no alert.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Matcher>,
    /// What to look for.
    #[serde(rename = "match")]
    pub matches: Matcher,
    /// The rule's name, unique in its set; part of each finding's id.
    pub name: String,
    /// What the reader of an alert should know or do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How much a match matters.
    pub severity: Severity,
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

impl Serialize for Matcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::All(inner) => map.serialize_entry("all", inner)?,
            Self::Any(inner) => map.serialize_entry("any", inner)?,
            Self::Not(inner) => map.serialize_entry("not", inner)?,
            Self::Field { name, patterns } => match patterns.as_slice() {
                [one] => map.serialize_entry(name, &one.write())?,
                many => map.serialize_entry(name, &many.iter().map(Pattern::write).collect::<Vec<_>>())?,
            },
        }
        map.end()
    }
}
