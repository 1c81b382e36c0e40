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
        let document = document::parse(bytes, MEDIA_TYPE)?;
        Ok(Self {
            rekor_urls: Place::root(&document).each("rekorTlogUrls", Service::read)?,
        })
    }

    /// Both public signing configs, as of [`crate::trusted_root::PUBLIC_AS_OF`].
    ///
    /// # Errors
    /// None: a test holds the copies inside to that.
    pub fn public() -> Result<[Self; 2], TrustError> {
        Ok([Self::parse(PUBLIC_V1)?, Self::parse(PUBLIC_REKOR_V2)?])
    }

    /// The Rekor logs it names.
    pub fn rekor_urls(&self) -> &[Service] {
        &self.rekor_urls
    }

    /// Which interface the log of this base URL (or origin) speaks, if this config names it with a version known here.
    pub fn rekor_api(&self, base_url: &str) -> Option<RekorApi> {
        let origin = origin_of(base_url);
        let service = self
            .rekor_urls
            .iter()
            .find(|service| origin_of(&service.url) == origin)?;
        match service.major_api_version {
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
