//! Sigstore's `trusted_root.json`: every log, authority and key that verifiers accept.
//!
//! Where the file comes from and whether TUF vouches for it is the caller's business.

use crate::document::{self, Place, TrustError, Validity};
use crate::instance::LogInstance;

/// The day of the public trusted root and signing configs that ship inside.
pub const PUBLIC_AS_OF: &str = "2026-08-22";

/// The public trusted root of that day: facts about public keys, in Sigstore's own format.
pub const PUBLIC_TRUSTED_ROOT: &[u8] = include_bytes!("public/trusted_root.json");

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.trustedroot";

/// What verifiers accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedRoot {
    tlogs: Vec<LogInstance>,
    ctlogs: Vec<LogInstance>,
    certificate_authorities: Vec<Authority>,
    timestamp_authorities: Vec<Authority>,
}

/// A certificate or timestamp authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Where it is, if the file says so.
    pub uri: Option<String>,
    /// Its certificates (DER), the issuing one first, the root last.
    pub certificates: Vec<Vec<u8>>,
    /// When it issues.
    pub valid_for: Validity,
}

impl TrustedRoot {
    /// Reads a `trusted_root.json`. Unknown fields are ignored, and unknown kinds of keys are kept as unusable.
    ///
    /// # Errors
    /// [`TrustError`] with the place of the field that is missing or broken.
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        let document = document::parse(bytes, MEDIA_TYPE, "tlogs")?;
        let root = Place::root(&document);
        Ok(Self {
            tlogs: root.each("tlogs", LogInstance::read)?,
            ctlogs: root.each("ctlogs", LogInstance::read)?,
            certificate_authorities: root.each("certificateAuthorities", Authority::read)?,
            timestamp_authorities: root.each("timestampAuthorities", Authority::read)?,
        })
    }

    /// The public trusted root as of [`PUBLIC_AS_OF`].
    #[expect(
        clippy::expect_used,
        reason = "the bytes are part of this program, and a test parses them"
    )]
    pub fn public() -> Self {
        Self::parse(PUBLIC_TRUSTED_ROOT).expect("the trusted root inside is whole")
    }

    /// The bytes of [`TrustedRoot::public`], to keep as a record of what was trusted.
    pub fn public_bytes() -> &'static [u8] {
        PUBLIC_TRUSTED_ROOT
    }

    /// Rekor logs.
    pub fn tlogs(&self) -> &[LogInstance] {
        &self.tlogs
    }

    /// Certificate transparency logs.
    pub fn ctlogs(&self) -> &[LogInstance] {
        &self.ctlogs
    }

    /// Fulcio and its like.
    pub fn certificate_authorities(&self) -> &[Authority] {
        &self.certificate_authorities
    }

    /// Timestamp authorities.
    pub fn timestamp_authorities(&self) -> &[Authority] {
        &self.timestamp_authorities
    }
}

impl Authority {
    fn read(place: &Place<'_>) -> Result<Self, TrustError> {
        let certificate = |place: &Place<'_>| place.required("rawBytes")?.bytes();
        Ok(Self {
            uri: place
                .optional("uri")?
                .map(|uri| uri.text().map(str::to_owned))
                .transpose()?,
            certificates: place.required("certChain")?.each("certificates", certificate)?,
            valid_for: Validity::of(place)?,
        })
    }
}
