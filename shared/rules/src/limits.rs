//! The caps on what a rule set may be and on what one entry may cost. The configuration is the user's own, so the first
//! guard against accidents (a generated file, a pattern that explodes), in a function that has little memory; the last
//! guards against entries, which anybody may write.

/// Rules in a set: what a large registry has that watches for each of its publishers.
pub const MAX_RULES: usize = 100_000;

/// Patterns in a set, each item of every list counted.
pub const MAX_PATTERNS: usize = 400_000;

/// Bytes of one pattern. A leaf has at most 65,535 bytes; the longest identity in the public logs has some 500.
pub const MAX_PATTERN_BYTES: usize = 4_096;

/// Bytes of all patterns of a set, so that a set fits into the memory of a small function.
pub const MAX_TEXT_BYTES: usize = 32 << 20;

/// Different fields in a set: DESIGN names 28; the rest are object identifiers of one's own. Each is looked for in every
/// certificate.
pub const MAX_FIELDS: usize = 64;

/// Characters of a rule's name: it stands in titles, which SNS holds below 100.
pub const MAX_NAME_CHARS: usize = 120;

/// Characters of a rule's note: it stands in every alert of the rule.
pub const MAX_NOTE_CHARS: usize = 2_000;

/// Labels of a rule: they stand in every alert of the rule.
pub const MAX_LABELS: usize = 16;

/// Characters of a label's name, and of its value.
pub const MAX_LABEL_CHARS: usize = 100;

/// Ledgers that a set may name: each is one more place to look before a match is told.
pub const MAX_LEDGERS: usize = 16;

/// How deep `all`, `any`, `not` and lists may nest. People stop understanding long before.
pub const MAX_DEPTH: usize = 16;

/// `glob:` and `regex:` patterns that no text must contain, so that every value of their field is asked.
pub const MAX_ALWAYS_RUN: usize = 256;

/// Rules that any entry may match, such as one that says `not` alone: each is asked of every entry.
pub const MAX_ALWAYS_ASKED: usize = 1_000;

/// `glob:` and `regex:` patterns that one and the same text wakes, at their rarest.
pub const MAX_CROWD: usize = 256;

/// Texts that one pattern may be woken by: the branches of an alternation.
pub(crate) const MAX_BRANCHES: usize = 64;

/// Bytes of one compiled expression. The default of the regex crate, 10 MiB, is for a program that has one of them.
pub const REGEX_SIZE_BYTES: usize = 1 << 20;

/// Bytes that one expression's lazily built automaton may take while it runs.
pub const REGEX_CACHE_BYTES: usize = 1 << 16;

/// Bytes of the compiled expressions that are kept, their automata included, by estimate; what was used longest ago goes
/// first and is compiled again when it is needed.
pub const KEPT_REGEX_BYTES: usize = 16 << 20;

/// Steps that one entry may take in the verification of `glob:` and `regex:` patterns, whatever the rules. A step is one
/// state of one pattern at one byte and takes about a nanosecond, so that the bound is about a tenth of a second; an
/// ordinary entry takes none, or a few hundred. What is not decided by then is told, never skipped: see
/// [`Match::undecided`](crate::Match::undecided).
pub const ENTRY_STEPS: u64 = 1 << 26;
