//! The alert: what every channel is given, whatever it is about.

use crate::class::{Class, Phase};
use crate::text;
use rules::Severity;
use serde::{Deserialize, Serialize};
use sigstore::Timestamp;

/// The version of the alert's JSON and of the finding's. Additions do not change it.
pub const SCHEMA: u32 = 1;

/// Characters of a title: a subject of SNS has fewer than 100, all ASCII, without control characters.
pub const MAX_TITLE_CHARS: usize = 99;

/// Characters of a fact's value, so that a few dozen facts stay far below the 256 KiB of SNS.
pub(crate) const MAX_VALUE_CHARS: usize = 1_000;

/// Bytes of all facts of an alert, names and values. JSON writes a character as up to three times its bytes, so that an
/// alert stays well below 256 KiB, attributes and words included.
const MAX_FACTS_BYTES: usize = 48 * 1024;

/// Characters of a fact's name: the longest of ours has 40.
const MAX_FACT_NAME_CHARS: usize = 80;

/// Facts of one alert; a certificate of Fulcio has 22 extensions.
const MAX_FACTS: usize = 64;

/// One thing that is to be told, and how it is delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// [`SCHEMA`].
    pub schema: u32,
    /// 64 lower hex digits; the same thing told again has the same id.
    pub id: String,
    /// When it was told.
    pub time: Timestamp,
    /// What it is about.
    pub class: Class,
    /// At which moment of its life.
    pub phase: Phase,
    /// How much it matters.
    pub severity: Severity,
    /// The log's origin, as it is; `None` for what belongs to no single log.
    pub log: Option<String>,
    /// The rule's name, as it is.
    pub rule: Option<String>,
    /// One line of at most [`MAX_TITLE_CHARS`] printable ASCII characters.
    pub title: String,
    /// What happened, where, and what it means.
    pub summary: String,
    /// The particulars, in the order to show them; escaped and cut.
    pub facts: Vec<Fact>,
    /// What to do next.
    pub action: String,
    /// The object of the record that shows more.
    pub object: Option<String>,
    /// 64 lower hex digits that all alerts of one condition share, so that a channel may keep them together; `None` for
    /// what is told once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

/// One particular of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fact {
    /// What it is, in a few words.
    pub name: String,
    /// What there is to say of it.
    pub value: String,
}

impl Alert {
    /// The same alert, naming the object of the record that shows more.
    #[must_use]
    pub fn with_object(self, object: impl Into<String>) -> Self {
        Self {
            object: Some(object.into()),
            ..self
        }
    }
}

impl Fact {
    /// A fact whose value may come from anybody: it is escaped and cut.
    #[must_use]
    pub fn new(name: &str, value: &str) -> Self {
        let name = text::escape(name, MAX_FACT_NAME_CHARS);
        Self {
            name,
            value: text::escape(value, MAX_VALUE_CHARS),
        }
    }
}

/// The facts that one alert has room for, the first ones first; what is left out is counted.
pub(crate) fn bounded(facts: Vec<Fact>) -> Vec<Fact> {
    let all = facts.len();
    let mut bytes = 0;
    let fits = |fact: &Fact| {
        bytes += fact.name.len() + fact.value.len();
        bytes <= MAX_FACTS_BYTES
    };
    let mut kept: Vec<Fact> = facts.into_iter().take(MAX_FACTS).take_while(fits).collect();
    if kept.len() < all {
        kept.push(Fact::new(
            "left out",
            &format!("{} more facts; the record has them", all - kept.len()),
        ));
    }
    kept
}
