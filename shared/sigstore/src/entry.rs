//! The one form in which every leaf of every log is matched.

use crate::signer::Signer;

/// A decoded leaf. It borrows from the [`crate::Scratch`] it was decoded into.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    kind: &'static str,
    version: &'static str,
    /// Lower hex, without prefix.
    digests: [Option<&'a str>; 2],
    signers: Signers<'a>,
}

/// Nearly every leaf has one signer, and an allocation for each of them would show.
#[derive(Clone, Debug)]
enum Signers<'a> {
    One([Signer<'a>; 1]),
    Several(Vec<Signer<'a>>),
}

impl<'a> Entry<'a> {
    /// An entry without signers.
    pub fn new(kind: &'static str, version: &'static str, digests: [Option<&'a str>; 2]) -> Self {
        Self {
            kind,
            version,
            digests,
            signers: Signers::Several(Vec::new()),
        }
    }

    /// The same with these signers.
    #[must_use]
    pub fn with_signers(self, signers: impl ExactSizeIterator<Item = Signer<'a>>) -> Self {
        let mut signers = signers;
        let signers = match (signers.len(), signers.next()) {
            (1, Some(only)) => Signers::One([only]),
            (_, first) => Signers::Several(first.into_iter().chain(signers).collect()),
        };
        Self { signers, ..self }
    }

    /// The kind, such as `hashedrekord`; `opaque` for a leaf that is matched by its digest alone.
    pub fn kind(&self) -> &str {
        self.kind
    }

    /// The version of the kind, such as `0.0.2`; empty for `opaque`.
    pub fn version(&self) -> &str {
        self.version
    }

    /// Digests of the artifact, lower hex without prefix.
    pub fn digests(&self) -> impl Iterator<Item = &'a str> {
        self.digests.into_iter().flatten()
    }

    /// Everybody who signed, in the leaf's order.
    pub fn signers(&self) -> &[Signer<'a>] {
        match &self.signers {
            Signers::One(signer) => signer,
            Signers::Several(signers) => signers,
        }
    }
}
