//! The rule model and the matcher: whom a user watches for, and which verified entry speaks of them.
//!
//! A rule says `match:` broadly and `allow:` precisely. [`parse`] turns the `rules:` of a configuration into
//! [`RuleSpec`]s and collects every mistake with its place; [`RuleSet::compile`] prepares them once; and
//! [`RuleSet::matches`] asks them of one [`Entry`](sigstore::Entry). That function is the only way into the engine.
//!
//! ```text
//! severity · limits · diagnostic   the words
//! field · glob · pattern           what is compared, and how it is written
//! spec · parse                     the model, and how it is read
//! subject · bits · engine · set    the matcher
//! ```
//!
//! The crate does no I/O. It does not decode or authenticate anything: the caller matches only entries of a span that
//! was shown to rebuild a signed root.

mod severity;
mod limits;
mod diagnostic;
mod field;
mod glob;
mod pattern;
mod spec;
mod parse;
mod subject;
mod bits;
mod engine;
mod set;

pub use diagnostic::{Diagnostic, at_key, nearest};
pub use limits::{
    MAX_DEPTH, MAX_EXPRESSIONS, MAX_NAME_CHARS, MAX_NOTE_CHARS, MAX_PATTERN_BYTES, MAX_RULES, REGEX_CACHE_BYTES,
    REGEX_SIZE_BYTES,
};
pub use parse::parse;
pub use pattern::Pattern;
pub use set::{Match, RuleSet};
pub use severity::Severity;
pub use spec::{Matcher, RuleSpec};
pub use subject::{Context, Subject};
