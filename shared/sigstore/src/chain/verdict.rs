//! What there is to say of a certificate's chain, as a finding keeps it.

use serde::{Deserialize, Serialize};

/// Whether a CA of the trusted root issued a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "chain", rename_all = "kebab-case")]
pub enum ChainVerdict {
    /// One did, and verifiers accept it.
    Trusted {
        /// Where the authority is, as the trusted root says.
        authority: String,
        /// Whether certificate transparency shows it.
        #[serde(flatten)]
        sct: Sct,
    },
    /// One signed it, and verifiers should refuse it all the same.
    Refused {
        /// Where the authority is, as the trusted root says.
        authority: String,
        /// Why they do.
        why: Why,
    },
    /// None did: anybody can make such a certificate.
    Untrusted {
        /// How that shows.
        why: Why,
    },
    /// We cannot say.
    Unknown {
        /// Why not.
        why: Why,
    },
}

/// What the signed certificate timestamps inside a trusted certificate say (RFC 6962 3.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "sct", rename_all = "kebab-case")]
pub enum Sct {
    /// A CT log of the trusted root promised to show it.
    Verified {
        /// Where the log is.
        ct_log: String,
    },
    /// There is none inside. Fulcio handed them out separately until 2022: a fact, not a failure.
    NotEmbedded,
    /// Only logs that the trusted root does not name promised to show it.
    UnknownLog,
    /// One claims to be of a log of the trusted root, and is not its, or not of its time; or they cannot be read.
    Invalid {
        /// Where the log is, if one is named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ct_log: Option<String>,
    },
    /// The trusted root names no CT log, or the log signs in a way that has no code here.
    Unchecked,
}

/// Why a certificate is not trusted: the later, the more it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Untrusted: no authority of the trusted root bears the name of its issuer.
    NoSuchAuthority,
    /// Untrusted: the authority of that name did not sign it.
    Signature,
    /// Unknown: the trusted root names no authority.
    NoAuthority,
    /// Unknown: an authority of the trusted root cannot be read, and may be the one that issued it.
    UnusableAuthority,
    /// Unknown: more authorities bear the name of its issuer than are tried.
    TooManyAuthorities,
    /// Unknown: it cannot be read as far as its chain asks.
    Unreadable,
    /// Unknown: it, or a certificate above it, is signed in a way that has no code here, such as RSA.
    Algorithm,
    /// Unknown: the certificates of the authority that signed it do not lead from one to the next.
    BrokenAuthority,
    /// Unknown: the authority that signed it is limited to names or policies, which are not compared here.
    Constraints,
    /// Refused: its validity ends before it begins.
    NeverValid,
    /// Refused: when it was issued the trusted root did not trust the authority yet, or any more.
    OutsideAuthority,
    /// Refused: when it was issued a certificate of the authority was not valid.
    OutsideValidity,
    /// Refused: what signed it is no CA by its basicConstraints or its keyUsage.
    NotACa,
    /// Refused: there are more CAs between it and the root than one above allows.
    PathTooLong,
    /// Refused: an extension stands in it twice, or in a certificate above it.
    DuplicateExtension,
    /// Refused: an extension is critical that neither X.509 nor Fulcio defines.
    CriticalExtension,
    /// Refused: it, or a CA above it, is not for signing code.
    ExtendedKeyUsage,
    /// Refused: it is a precertificate.
    Precertificate,
}

impl ChainVerdict {
    /// The verdict for a reason. `authority` is the one that signed.
    pub(crate) fn of(why: Why, authority: Option<&str>) -> Self {
        match why {
            Why::NoSuchAuthority | Why::Signature => Self::Untrusted { why },
            Why::NoAuthority
            | Why::UnusableAuthority
            | Why::TooManyAuthorities
            | Why::Unreadable
            | Why::Algorithm
            | Why::BrokenAuthority
            | Why::Constraints => Self::Unknown { why },
            Why::NeverValid
            | Why::OutsideAuthority
            | Why::OutsideValidity
            | Why::NotACa
            | Why::PathTooLong
            | Why::DuplicateExtension
            | Why::CriticalExtension
            | Why::ExtendedKeyUsage
            | Why::Precertificate => Self::Refused {
                authority: authority.unwrap_or_default().to_owned(),
                why,
            },
        }
    }
}
