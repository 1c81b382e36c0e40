//! What is trusted, and where it comes from.
//!
//! The trusted root says which logs verifiers accept; the signing configurations and the monitor configuration say how and
//! where each is spoken to. A file is trusted because the operator gave it; a TUF repository because its signatures lead
//! from the pinned root to it, which is for the source to show. Nothing here asks anybody.

use crate::trouble::{Fault, FaultClass};
use async_trait::async_trait;
use sigstore::{MonitorConfig, SigningConfig, Timestamp, TrustedRoot};

/// What the trusted root and the configurations beside it say, and the bytes to keep of it.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Every log that verifiers accept.
    pub root: TrustedRoot,
    /// Which of them speak which protocol.
    pub signing: Vec<SigningConfig>,
    /// Where they are read, if anybody says so.
    pub monitor: Option<MonitorConfig>,
    /// The trusted root as it was read, for `audit/trust/`.
    pub bytes: Vec<u8>,
    /// How a repository stands behind it; `None` for what the operator gave or what ships inside.
    pub tuf: Option<TufStanding>,
}

/// How a TUF repository stands behind what is trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TufStanding {
    /// Where the repository is.
    pub place: String,
    /// The root that it was verified from.
    pub pinned: Vec<u8>,
    /// The version of the root that the pinned one led to.
    pub root_version: u64,
    /// When that root expires.
    pub root_expires: Timestamp,
    /// When the first of its metadata expires: what is vouched for until then.
    pub expires: Timestamp,
    /// Why what the repository serves now is not used, if so: what was trusted before is.
    pub refused: Option<TufRefusal>,
    /// What else is to be said of it.
    pub notes: Vec<String>,
}

/// Why what a repository serves is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TufRefusal {
    /// One stable word: `frozen`, `rolled-back`.
    pub word: &'static str,
    /// What was wrong, where.
    pub message: String,
    /// What was trusted before is used no longer than this; `None` for as long as it takes.
    pub until: Option<Timestamp>,
}

impl TufRefusal {
    /// The word for a repository that could not be read, which may pass by itself.
    pub const UNREACHABLE: &str = "unreachable";
}

/// A TUF repository as a configuration names it, with the root that it is verified from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TufRepository {
    /// Where it is: over HTTP, or a folder.
    pub url: String,
    /// What the root is called, in words.
    pub root_name: String,
    /// The pinned root, as TUF writes it.
    pub root: Vec<u8>,
}

impl TufRepository {
    /// A repository of Sigstore's own, with the root that ships inside.
    #[must_use]
    pub fn public(repository: &sigstore::PublicRepository) -> Self {
        Self {
            url: repository.url.to_owned(),
            root_name: format!("the {} root that ships inside", repository.name),
            root: repository.root.to_vec(),
        }
    }
}

/// Where trust comes from.
///
/// Contract: what is returned was authenticated by whatever means the source has, or was given by the operator. A call is
/// bounded in time and in bytes.
#[async_trait]
pub trait TrustSource: Send + Sync {
    /// The trust in force at this moment.
    async fn trust(&self, now: Timestamp) -> Result<Trust, Fault>;
}

/// Trust that was read before the pass: the dated copy inside, or a file.
#[derive(Debug, Clone)]
pub struct FixedTrust(Trust);

impl FixedTrust {
    /// The dated public copy.
    #[must_use]
    pub fn public() -> Self {
        Self(Trust {
            root: TrustedRoot::public(),
            signing: SigningConfig::public(),
            monitor: None,
            bytes: TrustedRoot::public_bytes().to_vec(),
            tuf: None,
        })
    }

    /// What it holds.
    #[must_use]
    pub fn in_force(&self) -> &Trust {
        &self.0
    }

    /// A trusted root in Sigstore's format.
    ///
    /// # Errors
    /// A fault that names `place` if it does not parse.
    pub fn from_bytes(place: &str, bytes: Vec<u8>) -> Result<Self, Fault> {
        let root = TrustedRoot::parse(&bytes)
            .map_err(|error| Fault::new(FaultClass::Trust, place, format!("{place} is no trusted root: {error}")))?;
        Ok(Self(Trust {
            root,
            signing: Vec::new(),
            monitor: None,
            bytes,
            tuf: None,
        }))
    }
}

#[async_trait]
impl TrustSource for FixedTrust {
    async fn trust(&self, _now: Timestamp) -> Result<Trust, Fault> {
        Ok(self.0.clone())
    }
}

/// What a configuration says of its trust, as far as it is known before anybody is asked.
#[derive(Debug, Clone)]
pub enum GivenTrust {
    /// All of it.
    Fixed(Box<FixedTrust>),
    /// The repository to ask.
    Tuf(TufRepository),
}
