//! The public keys of authorities and logs, and the check of one signature.
//!
//! Three answers: it verifies, it does not, and it cannot be told, because the algorithm has no code here. The keys come
//! from the trusted root; what is checked with them comes from anybody.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::pkcs8::DecodePublicKey;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::der::{Reader, tag};

/// RFC 8410, 4: what stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo.
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// 1.3.101.112, as DER content (RFC 8410, 3).
const ED25519: [u8; 3] = [0x2b, 0x65, 0x70];

/// 1.2.840.10045.4.3, below which RFC 5758, 3.2 has ECDSA with each hash of SHA-2.
const ECDSA_WITH: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];

/// 1.2.840.113549.1.1, PKCS#1: everything RSA.
const RSA: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];

/// What a signature is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Ecdsa(Hashed),
    Ed25519,
    Rsa,
    Other,
}

/// What is signed with ECDSA: any curve may go with any of them (RFC 5758).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hashed {
    Sha256,
    Sha384,
    Sha512,
}

/// What came of checking a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    Verifies,
    DoesNot,
    CannotTell,
}

/// A key that signatures are checked with.
#[derive(Clone, Debug)]
pub(crate) enum PublicKey {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    Ed25519(ed25519_dalek::VerifyingKey),
    Unsupported,
}

impl Scheme {
    /// Of an AlgorithmIdentifier's content. ECDSA and Ed25519 have no parameters (RFC 5758, 3.2; RFC 8410, 3).
    pub(crate) fn of(mut algorithm: Reader<'_>) -> Option<Self> {
        let oid = algorithm.expect(tag::OBJECT_IDENTIFIER)?;
        let oid = algorithm.bytes(oid.content());
        if oid.starts_with(&RSA) {
            return Some(Self::Rsa);
        }
        if !algorithm.is_done() {
            return Some(Self::Other);
        }
        Some(match oid.strip_prefix(&ECDSA_WITH) {
            Some([2]) => Self::Ecdsa(Hashed::Sha256),
            Some([3]) => Self::Ecdsa(Hashed::Sha384),
            Some([4]) => Self::Ecdsa(Hashed::Sha512),
            _ if oid == ED25519 => Self::Ed25519,
            _ => Self::Other,
        })
    }

    /// Of the two bytes before a signature of TLS 1.2 (RFC 5246, 7.4.1.4.1; RFC 8422, 5.1.3).
    pub(crate) fn of_tls(hash: u8, signature: u8) -> Self {
        match (hash, signature) {
            (4, 3) => Self::Ecdsa(Hashed::Sha256),
            (5, 3) => Self::Ecdsa(Hashed::Sha384),
            (6, 3) => Self::Ecdsa(Hashed::Sha512),
            (8, 7) => Self::Ed25519,
            (_, 1) => Self::Rsa,
            _ => Self::Other,
        }
    }
}

impl Hashed {
    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(message).to_vec(),
            Self::Sha384 => Sha384::digest(message).to_vec(),
            Self::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
}

impl PublicKey {
    /// The key of a SubjectPublicKeyInfo in DER. One that is broken is as little use as one of another kind.
    pub(crate) fn of(spki: &[u8]) -> Self {
        if let Ok(key) = p256::ecdsa::VerifyingKey::from_public_key_der(spki) {
            return Self::P256(key);
        }
        if let Ok(key) = p384::ecdsa::VerifyingKey::from_public_key_der(spki) {
            return Self::P384(key);
        }
        let ed25519 = spki.strip_prefix(&ED25519_SPKI).and_then(|key| key.try_into().ok());
        let ed25519 = ed25519.and_then(|key| ed25519_dalek::VerifyingKey::from_bytes(key).ok());
        ed25519.map_or(Self::Unsupported, Self::Ed25519)
    }

    /// Whether `signature` is this key's over `message`. A scheme that does not go with the key cannot verify.
    pub(crate) fn check(&self, scheme: Scheme, message: &[u8], signature: &[u8]) -> Checked {
        let verifies = match (self, scheme) {
            (Self::Unsupported, _) | (_, Scheme::Other) => return Checked::CannotTell,
            (Self::P256(key), Scheme::Ecdsa(hashed)) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&hashed.digest(message), &signature).is_ok()),
            (Self::P384(key), Scheme::Ecdsa(hashed)) => p384::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(&hashed.digest(message), &signature).is_ok()),
            (Self::Ed25519(key), Scheme::Ed25519) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            (Self::P256(_) | Self::P384(_), Scheme::Ed25519 | Scheme::Rsa)
            | (Self::Ed25519(_), Scheme::Ecdsa(_) | Scheme::Rsa) => false,
        };
        if verifies { Checked::Verifies } else { Checked::DoesNot }
    }
}
