//! The rule model and the matcher: whom a user watches for, and which verified entry speaks of them.
//!
//! A rule says `match:` broadly and `allow:` precisely. [`parse`] turns the `rules:` of a configuration into
//! [`RuleSpec`]s and collects every mistake with its place; [`RuleSet::compile`] prepares them once; and
//! [`RuleSet::matches`] asks them of one [`Entry`](sigstore::Entry). That function is the only way into the engine.
//!
//! ```text
//! severity · limits · diagnostic          the words
//! field · form · glob · literal           what is compared, and by which standard
//! expression · pattern                    how it is written
//! spec · names · parse                    the model, and how it is read
//! re2 · monitored · tighten               rekor-monitor's configuration, read as rules
//! schema                                  what editors are told
//! subject                                 what is asked
//! hashing · table · atom · key · column   the questions of a field, and what wakes them
//! awaits · engine · waking · compile · set the matcher
//! configured                              all rules of a configuration
//! lint · near                             what is well formed and probably not meant, what is nearly found
//! ```
//!
//! The crate does no I/O and reads no clock. It does not decode or authenticate anything: the caller matches only entries
//! of a span that was shown to rebuild a signed root.

mod severity;
mod limits;
mod open_names;
mod diagnostic;
mod field;
mod form;
mod glob;
mod literal;
mod expression;
mod pattern;
mod spec;
mod names;
mod parse;
mod re2;
mod monitored;
mod tighten;
mod schema;
mod subject;
mod hashing;
mod table;
mod atom;
mod key;
mod column;
mod awaits;
mod engine;
mod waking;
mod compile;
mod set;
mod configured;
mod lint;
mod near;

pub use awaits::Awaits;
pub use configured::{read, specs};
pub use diagnostic::{Diagnostic, at_key, nearest};
pub use limits::{
    ENTRY_STEPS, KEPT_REGEX_BYTES, MAX_ALWAYS_ASKED, MAX_ALWAYS_RUN, MAX_CROWD, MAX_DEPTH, MAX_FIELDS, MAX_LABEL_CHARS,
    MAX_LABELS, MAX_LEDGERS, MAX_NAME_CHARS, MAX_NOTE_CHARS, MAX_PATTERN_BYTES, MAX_PATTERNS, MAX_RULES,
    MAX_TEXT_BYTES, REGEX_CACHE_BYTES, REGEX_SIZE_BYTES,
};
pub use lint::{Lint, LintId, LogName, Weight, lint, lint_configured, lint_logs};
pub use monitored::{MONITORED_VALUES, Monitored, monitored};
pub use near::{MAX_NAMES, NearMiss, Nearness, Neighbourhood};
pub use open_names::{OPEN_HOSTS, OPEN_MAIL};
pub use parse::{date, parse};
pub use pattern::Pattern;
pub use schema::{monitored_schema, schema};
pub use set::{AlwaysRun, Match, RuleSet};
pub use severity::Severity;
pub use spec::{Allowance, Matcher, Only, RuleSpec};
pub use subject::{Context, Subject};
pub use tighten::{Tightened, tighten};
