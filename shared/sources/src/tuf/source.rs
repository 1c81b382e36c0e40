//! Trust from a TUF repository: what it vouches for now, or for a while what it vouched for before.
//!
//! Each reading begins at the pinned root. What was verified is kept as `state/trust.json`, written whole by
//! compare-and-swap after all of it was verified; a crash before that leaves what was kept before. It is a cache with one
//! duty: the versions in it are those below which nothing is believed. Whoever takes it away takes that away too, and
//! nothing else.

use crate::base::{Base, Layout, resolve};
use crate::http::Http;
use crate::tuf::error::TufError;
use crate::tuf::files::Files;
use crate::tuf::refresh::{Vouched, check_root, refresh};
use crate::tuf::transport::{Desk, Transport};
use async_trait::async_trait;
use core::time::Duration;
use pass::record::{self, Document as _, KeptTrust};
use pass::{
    Fault, FaultClass, GivenTrust, Limit, Store, Swap, Trust, TrustSource, TufRefusal, TufRepository, TufStanding,
    Version, error_chain, names,
};
use sigstore::Timestamp;
use std::sync::Arc;

/// So long a repository is waited for as a whole. A pass has a minute, and the logs are to have most of it.
pub const REFRESH_SECS: u64 = 20;

/// The source of what a configuration trusts.
#[must_use]
pub fn open_trust(given: GivenTrust, http: &Http, store: Arc<dyn Store>, grace: Limit) -> Box<dyn TrustSource> {
    match given {
        GivenTrust::Fixed(fixed) => fixed,
        GivenTrust::Tuf(repository) => Box::new(TufTrust::new(repository, http, store, grace)),
    }
}

/// Where a repository is, if one can be read there from its pinned root. Asks nobody.
///
/// # Errors
/// Which of the two keys `url` and `root` is to blame, and why.
pub fn check_repository(repository: &TufRepository) -> Result<Base, (&'static str, String)> {
    let base = resolve(&repository.url, Layout::Tiled).map_err(|error| ("url", error.to_string()))?;
    let root = check_root(&repository.root);
    root.map_err(|error| ("root", format!("{}: {}", repository.root_name, error_chain(&error))))?;
    Ok(base)
}

/// Trust from a TUF repository.
pub struct TufTrust {
    repository: TufRepository,
    /// None for what is kept alone.
    http: Option<Http>,
    store: Arc<dyn Store>,
    grace: Limit,
    patience: Duration,
    keeps: bool,
}

/// What was kept, and the version of it.
type Kept = (KeptTrust, Version);

impl TufTrust {
    /// Reads `repository` with the client of the process, keeps what it vouches for in `store`, and goes on with that for
    /// `grace` after it expired.
    #[must_use]
    pub fn new(repository: TufRepository, http: &Http, store: Arc<dyn Store>, grace: Limit) -> Self {
        Self {
            repository,
            http: Some(http.clone()),
            store,
            grace,
            patience: Duration::from_secs(REFRESH_SECS),
            keeps: true,
        }
    }

    /// What is kept of `repository`, and no way to read it.
    #[must_use]
    pub fn offline(repository: TufRepository, store: Arc<dyn Store>, grace: Limit) -> Self {
        Self {
            repository,
            http: None,
            store,
            grace,
            patience: Duration::ZERO,
            keeps: false,
        }
    }

    /// The same, for who may not write to the store.
    #[must_use]
    pub fn without_keeping(self) -> Self {
        Self { keeps: false, ..self }
    }

    /// The same, with another patience for the repository as a whole.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// What is kept, verified from the pinned root as of the moment at which it was read. Asks the store alone.
    ///
    /// # Errors
    /// A fault if the store cannot say, or if what is kept does not follow from the pinned root.
    pub async fn kept(&self) -> Result<Option<Trust>, Fault> {
        let Some((kept, _)) = self.read_kept().await? else {
            return Ok(None);
        };
        let vouched = self.verify(&kept).await;
        let vouched =
            vouched.map_err(|error| self.fault(&format!("{} is not used: {}", names::TRUST, error_chain(&error))))?;
        Ok(Some(self.trust_of(vouched, None)))
    }

    async fn read_kept(&self) -> Result<Option<Kept>, Fault> {
        let Some(object) = self.store.read(names::TRUST, KeptTrust::MAX_BYTES).await? else {
            return Ok(None);
        };
        Ok(Some((record::decode(names::TRUST, &object.bytes)?, object.version)))
    }

    async fn refresh(&self, files: Files, now: Timestamp) -> Result<Vouched, TufError> {
        let desk = Desk::default();
        let secs = self.patience.as_secs();
        let Some(http) = &self.http else {
            return Err(TufError::Slow { secs });
        };
        let transport = Transport::open(&self.repository.url, http, desk.clone())?;
        let reading = refresh(transport, &desk, &self.repository.root, files, now);
        let read = tokio::time::timeout(self.patience, reading).await;
        read.unwrap_or(Err(TufError::Slow { secs }))
    }

    /// All of what was kept was fresh when it was: so it is judged by that moment, whatever the time is now.
    async fn verify(&self, kept: &KeptTrust) -> Result<Vouched, TufError> {
        let files = Files::of(&kept.files);
        let pinned = &self.repository.root;
        refresh(files.clone(), &Desk::default(), pinned, files, kept.verified).await
    }

    /// Keeps what was verified, where it is new. Who loses the swap leaves what the other pass verified.
    async fn keep(&self, before: Option<&Kept>, files: &Files, now: Timestamp) -> Result<(), Fault> {
        let kept = KeptTrust::new(&self.repository.url, now, files.to_keep());
        if before.is_some_and(|(before, _)| before.files == kept.files) {
            return Ok(());
        }
        let bytes = record::encode(&kept);
        if bytes.len() > KeptTrust::MAX_BYTES {
            let message = format!("what it vouches for is {} bytes, more than can be kept", bytes.len());
            return Err(self.fault(&message));
        }
        let version = before.map(|(_, version)| version);
        if let Swap::Lost = self.store.swap(names::TRUST, version, &bytes).await? {
            tracing::debug!("another pass kept what the trust repository vouches for");
        }
        Ok(())
    }

    /// What was trusted before, as long as it may be.
    async fn stand_in(&self, kept: Option<Kept>, error: &TufError, now: Timestamp) -> Result<Trust, Fault> {
        let why = error_chain(error);
        let Some((kept, _)) = kept else {
            return Err(self.fault(&format!("{why}. Nothing that it vouched for before is kept")));
        };
        let vouched = match self.verify(&kept).await {
            Ok(vouched) => vouched,
            Err(worse) => {
                let message = format!(
                    "{why}. What is kept in {} is not used either: {}",
                    names::TRUST,
                    error_chain(&worse)
                );
                return Err(self.fault(&message));
            }
        };
        let until = match self.grace {
            Limit::Never => None,
            Limit::After(secs) => Some(vouched.expires.plus_seconds(i64::try_from(secs).unwrap_or(i64::MAX))),
        };
        if until.is_some_and(|until| until <= now) {
            let message = format!(
                "{why}. What it vouched for before expired at {}, and the grace after that (`limits.trust_grace`) is over",
                vouched.expires
            );
            return Err(self.fault(&message));
        }
        let refusal = TufRefusal {
            word: error.word(),
            message: format!("{}: {why}", self.repository.url),
            until,
        };
        Ok(self.trust_of(vouched, Some(refusal)))
    }

    fn trust_of(&self, vouched: Vouched, refused: Option<TufRefusal>) -> Trust {
        Trust {
            root: vouched.root,
            signing: vouched.signing,
            monitor: vouched.monitor,
            bytes: vouched.root_bytes,
            tuf: Some(TufStanding {
                place: self.repository.url.clone(),
                pinned: self.repository.root.clone(),
                root_version: vouched.root_version,
                root_expires: vouched.root_expires,
                expires: vouched.expires,
                refused,
                notes: vouched.notes,
            }),
        }
    }

    fn fault(&self, message: &str) -> Fault {
        let place = &self.repository.url;
        let message = format!("the trust repository {place} cannot be used: {message}");
        Fault::new(FaultClass::Trust, place, message)
    }
}

#[async_trait]
impl TrustSource for TufTrust {
    async fn trust(&self, now: Timestamp) -> Result<Trust, Fault> {
        let kept = self.read_kept().await?;
        let files = kept
            .as_ref()
            .map(|(kept, _)| Files::of(&kept.files))
            .unwrap_or_default();
        match self.refresh(files.clone(), now).await {
            Ok(vouched) => {
                if self.keeps {
                    self.keep(kept.as_ref(), &files, now).await?;
                }
                Ok(self.trust_of(vouched, None))
            }
            Err(error) => self.stand_in(kept, &error, now).await,
        }
    }
}
