//! Where a policy is wrong, and how.

use alloc::string::String;

use super::{MAX_POLICY_BYTES, MAX_POLICY_LINES};
use crate::key::KeyError;

/// Why a text is no policy, and the place of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {kind}")]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// The column of the item that is meant, from 1: characters where the line is UTF-8.
    pub column: usize,
    /// What is wrong.
    pub kind: PolicyErrorKind,
}

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyErrorKind {
    /// More than [`MAX_POLICY_BYTES`].
    #[error("the policy has {found} bytes, more than {MAX_POLICY_BYTES}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// More than [`MAX_POLICY_LINES`] definitions.
    #[error("a policy has at most {MAX_POLICY_LINES} logs, witnesses and groups")]
    TooMany,
    /// A control character other than tab and newline; a carriage return among them.
    #[error("the control character 0x{found:02x} is not allowed")]
    Control {
        /// The character.
        found: u8,
    },
    /// A line that begins with none of the four keywords.
    #[error("a line begins with `log`, `witness`, `group` or `quorum`, not with `{found}`")]
    Keyword {
        /// What it begins with.
        found: String,
    },
    /// A line that ends too early.
    #[error("{what} is missing")]
    Missing {
        /// What should stand there.
        what: &'static str,
    },
    /// More items than the line has.
    #[error("nothing more may stand on this line")]
    Surplus,
    /// No key that can be used here.
    #[error("the key cannot be used: {0}")]
    Key(#[source] KeyError),
    /// The key stands on an earlier line of the same kind, perhaps under another name.
    #[error("this key stands on line {line} already")]
    KeyTwice {
        /// Where.
        line: usize,
    },
    /// The name of an earlier witness or group.
    #[error("`{name}` is defined on line {line} already")]
    NameTaken {
        /// The name.
        name: String,
        /// Where.
        line: usize,
    },
    /// The name `none`.
    #[error("the name `none` means no quorum, and cannot be given or be a member")]
    Reserved,
    /// A name that no earlier line defines.
    #[error("no line before this one defines `{name}`")]
    Undefined {
        /// The name.
        name: String,
    },
    /// A threshold that is no number from 1 to the number of members.
    #[error(
        "the threshold `{found}` is neither `any` nor `all` nor a number from 1 to {members}, the number of members"
    )]
    Threshold {
        /// What stands there.
        found: String,
        /// How many members the group has.
        members: usize,
    },
    /// A name that is a member already, of this group or another.
    #[error("`{name}` is a member already, on line {line}; each name counts in one way only")]
    MemberTwice {
        /// The name.
        name: String,
        /// Where.
        line: usize,
    },
    /// A second `quorum` line.
    #[error("the quorum is defined on line {line} already")]
    SecondQuorum {
        /// Where.
        line: usize,
    },
    /// No `quorum` line.
    #[error("the policy has no `quorum` line; `quorum none` asks for no cosignature")]
    NoQuorum,
}
