//! Why a leaf could not be decoded: a finding of its own, never a skip.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Kind and version come from the leaf and become part of names and alerts: no longer than this, in bytes. The
/// longest kind of Rekor has 12.
pub const MAX_NAME_BYTES: usize = 64;

/// A leaf that no decoder understands. Its bytes are the caller's to keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{} {} cannot be decoded: {reason}", .kind.as_deref().unwrap_or("a leaf"), .version.as_deref().unwrap_or("of no version"))]
pub struct Undecodable {
    /// The kind it claims, cut to [`MAX_NAME_BYTES`].
    pub kind: Option<String>,
    /// The version it claims, cut to [`MAX_NAME_BYTES`].
    pub version: Option<String>,
    /// What is wrong with it.
    pub reason: Reason,
}

macro_rules! reasons {
    ($($variant:ident $name:literal $text:literal,)*) => {
        /// What is wrong with a leaf. Names and order are part of the record: add, never rename.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Reason { $(#[doc = $text] $variant,)* }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its stable name, kebab-case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it means, in words.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

reasons! {
    Empty "empty" "the leaf has no bytes",
    TooLarge "too-large" "the leaf has more bytes than its log may hold",
    IdentityService "identity-service" "a leaf of the identity service, which is not decoded yet",
    Binary "binary" "the leaf is not text",
    NotJson "not-json" "the leaf is not JSON",
    TooDeep "too-deep" "the JSON is nested too deep",
    DuplicateKey "duplicate-key" "an object has the same key twice, so that two readers may see two entries",
    NotAnObject "not-an-object" "the JSON is no object",
    MissingKind "missing-kind" "kind or apiVersion is missing or no text",
    UnknownKind "unknown-kind" "no decoder knows this kind",
    UnknownVersion "unknown-version" "no decoder knows this version of the kind",
    MissingSpec "missing-spec" "the specification of the kind is missing or no object",
    MissingDigest "missing-digest" "the digest of the artifact is missing or no text",
    BadDigest "bad-digest" "the digest is empty or longer than any known hash",
    MissingVerifier "missing-verifier" "a signature has no certificate and no key, or there is no signature",
    AmbiguousVerifier "ambiguous-verifier" "a signature has both a certificate and a key",
    BadBase64 "bad-base64" "digest, certificate or key is not standard base64",
    BadCertificate "bad-certificate" "the certificate is not well-formed",
    BadSan "bad-san" "the certificate's subject alternative name is not well-formed",
    BadSanText "bad-san-text" "a subject alternative name is no UTF-8 or holds control characters",
    BadKey "bad-key" "the key is no SubjectPublicKeyInfo",
    TooManyValues "too-many-values" "the JSON has more values than any entry",
    UnknownFormat "unknown-format" "no decoder knows the format of the signature",
    BadPem "bad-pem" "the verifier is no PEM that every reader would read alike",
    UnknownPem "unknown-pem" "the verifier is PEM of something that is neither certificate nor public key",
    BadPgpKey "bad-pgp-key" "the OpenPGP key is malformed, or not a public key",
    BadSshKey "bad-ssh-key" "the SSH public key is malformed",
    BadSshSignature "bad-ssh-signature" "the SSH signature is malformed",
    BadMinisignKey "bad-minisign-key" "the key is none of minisign or signify",
    BadCms "bad-cms" "the signed message (PKCS#7, CMS, RFC 3161) is malformed",
    BadTufRoot "bad-tuf-root" "the TUF root is malformed, or has keys of an unknown kind",
    TooManySigners "too-many-signers" "more signers than any entry has",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl Undecodable {
    /// A leaf of which neither kind nor version is known.
    pub fn nameless(reason: Reason) -> Self {
        Self {
            kind: None,
            version: None,
            reason,
        }
    }

    /// A leaf that says what it is.
    pub fn named(kind: Option<&str>, version: Option<&str>, reason: Reason) -> Self {
        Self {
            kind: kind.map(capped),
            version: version.map(capped),
            reason,
        }
    }
}

fn capped(name: &str) -> String {
    name.get(..name.floor_char_boundary(MAX_NAME_BYTES))
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::{MAX_NAME_BYTES, Reason, Undecodable};

    #[test]
    fn names_are_stable_and_those_of_serde() {
        for reason in Reason::ALL {
            let json = serde_json::to_string(reason).unwrap();
            assert_eq!(json, format!("\"{}\"", reason.name()));
            assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), *reason);
        }
    }

    #[test]
    fn names_from_a_leaf_are_cut() {
        let long = "é".repeat(100);
        let cut = Undecodable::named(Some(&format!("x{long}")), Some("1"), Reason::UnknownKind);
        assert_eq!(cut.kind.unwrap().len(), MAX_NAME_BYTES - 1);
        assert_eq!(cut.version.unwrap(), "1");
    }
}
