//! Why what a TUF repository serves is not used.

use crate::base::UrlError;
use pass::SourceErrorKind;
use sigstore::{Timestamp, TrustError};

/// What a TUF repository serves is not used.
#[derive(Debug, thiserror::Error)]
pub enum TufError {
    /// No repository can be read there.
    #[error("no TUF repository can be read there")]
    Url(#[from] UrlError),
    /// The pinned root is none, or is not signed by its own keys.
    #[error("the pinned root cannot be used")]
    Pinned(#[source] sigstore_tuf::Error),
    /// The newest root is too old: TUF 5.3.10.
    #[error("root {version} expired at {at}, and the repository has no newer one")]
    RootExpired {
        /// Its version.
        version: u64,
        /// When.
        at: Timestamp,
    },
    /// A list of targets is too old.
    #[error("{role}.json expired at {at}")]
    Expired {
        /// Which one.
        role: String,
        /// When.
        at: Timestamp,
    },
    /// The timestamp or the snapshot is too old: whoever serves it holds back what is newer, or nothing is signed any more.
    #[error(
        "{role}.json expired at {at}, and nothing newer is served: the repository, or somebody before it, stands still"
    )]
    Frozen {
        /// Which one.
        role: String,
        /// When.
        at: Timestamp,
    },
    /// An older version than was trusted before.
    #[error("{role} was rolled back: version {offered} is offered, and version {trusted} was trusted before")]
    RolledBack {
        /// What of.
        role: String,
        /// What was trusted.
        trusted: u64,
        /// What was offered.
        offered: u64,
    },
    /// A root that does not follow the one before.
    #[error("{object} says that it is version {offered}, and does not follow root {trusted}")]
    RootOutOfOrder {
        /// What was read.
        object: String,
        /// The trusted version.
        trusted: u64,
        /// What it says.
        offered: u64,
    },
    /// More roots in a row than are followed.
    #[error("the repository has more than {max} roots after the one that is trusted")]
    TooManyRoots {
        /// How many are followed.
        max: u32,
    },
    /// Too few of the keys that must sign did.
    #[error("{object} has {found} valid signatures of the {threshold} that the role {role} needs")]
    MissingSignature {
        /// What was read.
        object: String,
        /// As which role.
        role: String,
        /// Signatures that verify.
        found: usize,
        /// Signatures that are needed.
        threshold: usize,
    },
    /// Metadata that is not what other metadata says of it.
    #[error("{object} is not what the repository vouches for: {reason}")]
    WrongHash {
        /// What was read.
        object: String,
        /// In which respect.
        reason: String,
    },
    /// A target that is another file than the one that is vouched for.
    #[error("the target {object} is another file than the one that the repository vouches for: {reason}")]
    SwappedTarget {
        /// What was read.
        object: String,
        /// In which respect.
        reason: String,
    },
    /// A file that says itself that it is too long.
    #[error("{object} has {bytes} bytes, more than the {cap} that it may have")]
    Oversized {
        /// What was read.
        object: String,
        /// Its length.
        bytes: u64,
        /// The cap.
        cap: usize,
    },
    /// An answer that says nothing of its length and goes on.
    #[error("{object} did not end within the {cap} bytes that it may have")]
    Endless {
        /// What was read.
        object: String,
        /// The cap.
        cap: usize,
    },
    /// What must be there is not.
    #[error("{object} is not there")]
    Absent {
        /// What was asked for.
        object: String,
    },
    /// The network, the server or the file system failed.
    #[error("{object}")]
    Unread {
        /// What was asked for.
        object: String,
        /// What happened.
        #[source]
        kind: SourceErrorKind,
    },
    /// The whole of it took too long.
    #[error("the repository was not read within {secs} s")]
    Slow {
        /// The patience in seconds.
        secs: u64,
    },
    /// What was read is no metadata of TUF 1.
    #[error("{object} is no TUF metadata that can be used")]
    Malformed {
        /// What was read.
        object: String,
        /// Why.
        #[source]
        source: Box<sigstore_tuf::Error>,
    },
    /// The repository vouches for no such file.
    #[error("the repository has no target {name}")]
    NoTarget {
        /// Its name.
        name: String,
    },
    /// A target that is vouched for, and cannot be read.
    #[error("the target {name} is vouched for and cannot be used")]
    Target {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: TrustError,
    },
}

impl TufError {
    /// One stable word for what happened.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Url(_) | Self::Pinned(_) => "unusable",
            Self::RootExpired { .. } => "root-expired",
            Self::Expired { .. } => "expired",
            Self::Frozen { .. } => "frozen",
            Self::RolledBack { .. } => "rolled-back",
            Self::RootOutOfOrder { .. } | Self::TooManyRoots { .. } => "roots-out-of-order",
            Self::MissingSignature { .. } => "missing-signature",
            Self::WrongHash { .. } => "wrong-hash",
            Self::SwappedTarget { .. } => "swapped-target",
            Self::Oversized { .. } => "oversized",
            Self::Endless { .. } => "endless",
            Self::Absent { .. } | Self::NoTarget { .. } => "absent",
            Self::Unread { .. } | Self::Slow { .. } => pass::TufRefusal::UNREACHABLE,
            Self::Malformed { .. } | Self::Target { .. } => "malformed",
        }
    }
}
