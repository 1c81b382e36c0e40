//! Sigstore's signing configs: where clients write, and so which interface each log speaks.
//!
//! They never narrow what is watched: coverage comes from the trusted root alone.

use crate::document::{self, Place, TrustError, Validity};
use crate::instance::{RekorApi, origin_of};

/// The public signing config that names v1 logs only, as of [`crate::trusted_root::PUBLIC_AS_OF`].
pub const PUBLIC_V1: &[u8] = include_bytes!("public/signing_config.json");
/// The public signing config that names v2 logs too, as of [`crate::trusted_root::PUBLIC_AS_OF`].
pub const PUBLIC_REKOR_V2: &[u8] = include_bytes!("public/signing_config_rekor_v2.json");

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.signingconfig";

/// Where clients write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningConfig {
    rekor_urls: Vec<Service>,
}

/// One service (`Service` of Sigstore's protobuf-specs).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its base URL.
    pub url: String,
    /// The major version of its interface.
    pub major_api_version: u32,
    /// When clients use it.
    pub valid_for: Validity,
    /// Who runs it.
    pub operator: Option<String>,
}

impl SigningConfig {
    /// Reads a signing config. Unknown fields are ignored.
    ///
    /// # Errors
    /// [`TrustError`] with the place of the field that is missing or broken.
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        let document = document::parse(bytes, MEDIA_TYPE, "rekorTlogUrls")?;
        Ok(Self {
            rekor_urls: Place::root(&document).each("rekorTlogUrls", Service::read)?,
        })
    }

    /// Both public signing configs, as of [`crate::trusted_root::PUBLIC_AS_OF`]: with v1 logs only, and with v2.
    #[expect(
        clippy::expect_used,
        reason = "the bytes are part of this program, and a test parses them"
    )]
    pub fn public() -> Vec<Self> {
        [PUBLIC_V1, PUBLIC_REKOR_V2]
            .map(|bytes| Self::parse(bytes).expect("the signing configs inside are whole"))
            .to_vec()
    }

    /// The Rekor logs it names.
    pub fn rekor_urls(&self) -> &[Service] {
        &self.rekor_urls
    }

    /// The major version of the interface of the log with this base URL (or origin), if this config names it.
    pub fn rekor_version(&self, base_url: &str) -> Option<u32> {
        let origin = origin_of(base_url);
        let service = self
            .rekor_urls
            .iter()
            .find(|service| origin_of(&service.url) == origin)?;
        Some(service.major_api_version)
    }

    /// The same as the interfaces known here.
    pub fn rekor_api(&self, base_url: &str) -> Option<RekorApi> {
        match self.rekor_version(base_url)? {
            1 => Some(RekorApi::V1),
            2 => Some(RekorApi::V2),
            _ => None,
        }
    }
}

impl Service {
    fn read(place: &Place<'_>) -> Result<Self, TrustError> {
        Ok(Self {
            url: place.required("url")?.text()?.to_owned(),
            major_api_version: place.required("majorApiVersion")?.number()?,
            valid_for: Validity::of(place)?,
            operator: place
                .optional("operator")?
                .map(|it| it.text().map(str::to_owned))
                .transpose()?,
        })
    }
}
