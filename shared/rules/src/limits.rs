//! The caps on what a rule set may be. The configuration is the user's own, so they guard against accidents (a
//! generated file, a pattern that explodes), in a function that has 128 MB.

/// Rules in a set: ten times what the largest organisations watch for one by one.
pub const MAX_RULES: usize = 10_000;

/// Bytes of one pattern. A leaf has at most 65,535 bytes; the longest identity in the public logs has some 500.
pub const MAX_PATTERN_BYTES: usize = 4_096;

/// Characters of a rule's name: it stands in titles, which SNS holds below 100.
pub const MAX_NAME_CHARS: usize = 120;

/// Characters of a rule's note: it stands in every alert of the rule.
pub const MAX_NOTE_CHARS: usize = 2_000;

/// How deep `all`, `any`, `not` and lists may nest. People stop understanding long before.
pub const MAX_DEPTH: usize = 16;

/// `glob:` and `regex:` patterns in a set: each is a compiled program of its own.
pub const MAX_EXPRESSIONS: usize = 2_000;

/// Bytes of one compiled expression. The default of the regex crate, 10 MiB, is for a program that has one of them.
pub const REGEX_SIZE_BYTES: usize = 1 << 20;

/// Bytes that one expression's lazily built automaton may take while it runs.
pub const REGEX_CACHE_BYTES: usize = 1 << 19;
