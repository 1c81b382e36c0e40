//! Sigstore's own TUF repositories: where they are, and the root that each is verified from.
//!
//! A root is a fact about public keys, in TUF's own format. It is the anchor and need not be the newest: newer ones follow
//! from it, each signed by the one before.

/// A public TUF repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicRepository {
    /// The word that stands for it in a configuration.
    pub name: &'static str,
    /// Where it is.
    pub url: &'static str,
    /// The root that it is verified from, as of [`crate::trusted_root::PUBLIC_AS_OF`].
    pub root: &'static [u8],
}

/// The production repository. Its root is version 15.
pub const PRODUCTION: PublicRepository = PublicRepository {
    name: "production",
    url: "https://tuf-repo-cdn.sigstore.dev",
    root: include_bytes!("public/tuf_root.json"),
};

/// The staging repository. Its root is version 14.
pub const STAGING: PublicRepository = PublicRepository {
    name: "staging",
    url: "https://tuf-repo-cdn.sigstage.dev",
    root: include_bytes!("public/tuf_root_staging.json"),
};
