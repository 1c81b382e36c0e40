//! Why an expression of RE2 is refused.

/// How often RE2 repeats at most.
pub(super) const MAX_COUNT: u32 = 1_000;

/// Why an expression has no counterpart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Re2Error {
    #[error("ends in a backslash that escapes nothing")]
    Backslash,
    #[error("has `\\C`, one byte of a character; values are text: write `.` for a character")]
    OneByte,
    #[error("has `{0}`, which RE2 does not know")]
    Escape(String),
    #[error("has a class `[…` that does not end")]
    Class,
    #[error("has `{0}` in a class, which is no range")]
    Range(String),
    #[error("has `{{{0}}}`; RE2 repeats at most {MAX_COUNT} times, the smaller number first")]
    Count(String),
    #[error("has `{0}` behind a repetition, which RE2 refuses")]
    Stacked(String),
    #[error(
        "has `(?{0}`, which RE2 does not know: a group is `(…)`, `(?:…)` or `(?P<name>…)`, flags are i, m, s and U"
    )]
    Group(String),
    #[error("is no regular expression: {0}")]
    Form(String),
}
