//! Signing keys from seeds, in the forms in which logs and verifiers write keys.
//!
//! A key here is as secret as its seed, which stands in a test: never use one for anything else. Signing is
//! deterministic (RFC 8032, RFC 6979), so a log made twice is the same twice.

use crate::der;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use sha2::{Digest as _, Sha256, Sha384};

/// Which kind of key, and with it which hash stands before the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA on P-256.
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
}

/// A private key made from a seed.
#[derive(Clone)]
pub struct SigningKey(Secret);

#[derive(Clone)]
enum Secret {
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

/// `id-ecPublicKey` (RFC 5480).
const EC_PUBLIC_KEY: &[u64] = &[1, 2, 840, 10045, 2, 1];
const PRIME256V1: &[u64] = &[1, 2, 840, 10045, 3, 1, 7];
const SECP384R1: &[u64] = &[1, 3, 132, 0, 34];
const ED25519: &[u64] = &[1, 3, 101, 112];

impl SigningKey {
    /// The key of `algorithm` that belongs to `seed`.
    pub fn new(algorithm: Algorithm, seed: &[u8; 32]) -> SigningKey {
        match algorithm {
            Algorithm::Ed25519 => SigningKey::ed25519(seed),
            Algorithm::EcdsaP256 => SigningKey::p256(seed),
            Algorithm::EcdsaP384 => SigningKey::p384(seed),
        }
    }

    /// An Ed25519 key; the seed is the private key of RFC 8032.
    pub fn ed25519(seed: &[u8; 32]) -> SigningKey {
        SigningKey(Secret::Ed25519(ed25519_dalek::SigningKey::from_bytes(seed)))
    }

    /// A P-256 key.
    pub fn p256(seed: &[u8; 32]) -> SigningKey {
        SigningKey(Secret::P256(first_valid(seed, |scalar| {
            p256::ecdsa::SigningKey::from_slice(scalar).ok()
        })))
    }

    /// A P-384 key. Its scalar has 256 bits, which is enough for a key that guards nothing.
    pub fn p384(seed: &[u8; 32]) -> SigningKey {
        SigningKey(Secret::P384(first_valid(seed, |scalar| {
            p384::ecdsa::SigningKey::from_slice(&[&[0; 16], scalar].concat()).ok()
        })))
    }

    /// Which kind of key this is.
    pub fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Secret::Ed25519(_) => Algorithm::Ed25519,
            Secret::P256(_) => Algorithm::EcdsaP256,
            Secret::P384(_) => Algorithm::EcdsaP384,
        }
    }

    /// The public key as a DER `SubjectPublicKeyInfo`.
    pub fn spki_der(&self) -> Vec<u8> {
        let (algorithm, bits) = match &self.0 {
            Secret::Ed25519(key) => (der::oid(ED25519), key.verifying_key().to_bytes().to_vec()),
            Secret::P256(key) => (
                [der::oid(EC_PUBLIC_KEY), der::oid(PRIME256V1)].concat(),
                key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            ),
            Secret::P384(key) => (
                [der::oid(EC_PUBLIC_KEY), der::oid(SECP384R1)].concat(),
                key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            ),
        };
        der::sequence(&[&der::sequence(&[&algorithm]), &der::bit_string(&bits)])
    }

    /// The public key as PEM, in lines of 64 characters (RFC 7468).
    pub fn pem(&self) -> String {
        pem("PUBLIC KEY", &self.spki_der())
    }

    /// The key id of the C2SP signed-note specification: over name, type and key for Ed25519, over the SPKI alone
    /// for ECDSA, where no name enters it.
    pub fn key_id(&self, name: &str) -> [u8; 4] {
        match &self.0 {
            Secret::Ed25519(key) => note_key_id(name, 0x01, key.verifying_key().as_bytes()),
            Secret::P256(_) | Secret::P384(_) => self.spki_key_id(),
        }
    }

    /// The key id of a Rekor v1 server: the first bytes of SHA-256 of the SPKI, for every kind of key.
    pub fn spki_key_id(&self) -> [u8; 4] {
        first4(&Sha256::digest(self.spki_der()))
    }

    /// The verifier key text of the C2SP signed-note specification: `name+id+base64(type ‖ key)`.
    pub fn vkey(&self, name: &str) -> String {
        let (kind, key) = match &self.0 {
            Secret::Ed25519(key) => (0x01, key.verifying_key().to_bytes().to_vec()),
            Secret::P256(_) | Secret::P384(_) => (0x02, self.spki_der()),
        };
        vkey_text(name, self.key_id(name), kind, &key)
    }

    /// The verifier key of this key as a cosigner (C2SP tlog-cosignature, type 4). Only Ed25519 keys cosign; for
    /// others the answer is nothing.
    pub fn cosigner_vkey(&self, name: &str) -> Option<String> {
        let id = self.cosigner_key_id(name)?;
        match &self.0 {
            Secret::Ed25519(key) => Some(vkey_text(name, id, 0x04, key.verifying_key().as_bytes())),
            Secret::P256(_) | Secret::P384(_) => None,
        }
    }

    /// The key id of this key as a cosigner.
    pub fn cosigner_key_id(&self, name: &str) -> Option<[u8; 4]> {
        match &self.0 {
            Secret::Ed25519(key) => Some(note_key_id(name, 0x04, key.verifying_key().as_bytes())),
            Secret::P256(_) | Secret::P384(_) => None,
        }
    }

    /// Signs as a log signs its notes: Ed25519 over the message; ECDSA over its SHA-256, whatever the curve, in DER.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.sign_hashed(message, &Sha256::digest(message))
    }

    /// Signs as a certificate authority signs: as [`SigningKey::sign`], but P-384 over SHA-384 (RFC 5758).
    pub(crate) fn sign_certificate(&self, message: &[u8]) -> Vec<u8> {
        match self.algorithm() {
            Algorithm::Ed25519 | Algorithm::EcdsaP256 => self.sign(message),
            Algorithm::EcdsaP384 => self.sign_hashed(message, &Sha384::digest(message)),
        }
    }

    /// A hash of 32 bytes or more is long enough for both curves, so that signing it cannot fail.
    fn sign_hashed(&self, message: &[u8], hash: &[u8]) -> Vec<u8> {
        match &self.0 {
            Secret::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Secret::P256(key) => {
                let signature: Result<p256::ecdsa::Signature, _> = key.sign_prehash(hash);
                signature
                    .map(|made| made.to_der().as_bytes().to_vec())
                    .unwrap_or_default()
            }
            Secret::P384(key) => {
                let signature: Result<p384::ecdsa::Signature, _> = key.sign_prehash(hash);
                signature
                    .map(|made| made.to_der().as_bytes().to_vec())
                    .unwrap_or_default()
            }
        }
    }
}

/// PEM of any label, in lines of 64 characters (RFC 7468).
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

/// Hashes seed and counter until a scalar is valid; the first one nearly always is.
fn first_valid<K>(seed: &[u8; 32], key: impl Fn(&[u8]) -> Option<K>) -> K {
    let mut scalar = *seed;
    loop {
        scalar = Sha256::digest([b"testlog scalar".as_slice(), &scalar].concat()).into();
        if let Some(found) = key(&scalar) {
            return found;
        }
    }
}

fn note_key_id(name: &str, kind: u8, key: &[u8]) -> [u8; 4] {
    first4(&Sha256::digest([name.as_bytes(), &[0x0A, kind], key].concat()))
}

fn first4(hash: &[u8]) -> [u8; 4] {
    let mut id = [0; 4];
    for (to, from) in id.iter_mut().zip(hash) {
        *to = *from;
    }
    id
}

fn vkey_text(name: &str, id: [u8; 4], kind: u8, key: &[u8]) -> String {
    format!(
        "{name}+{:08x}+{}",
        u32::from_be_bytes(id),
        STANDARD.encode([&[kind], key].concat())
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use x509_parser::prelude::FromDer as _;
    use x509_parser::x509::SubjectPublicKeyInfo;

    const KINDS: [Algorithm; 3] = [Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::EcdsaP384];

    #[test]
    fn public_keys_parse_and_differ_by_seed() {
        for kind in KINDS {
            let spki = SigningKey::new(kind, &[1; 32]).spki_der();
            let (rest, parsed) = SubjectPublicKeyInfo::from_der(&spki).unwrap();
            assert!(rest.is_empty() && parsed.parsed().is_ok(), "{kind:?}");
            assert_eq!(spki, SigningKey::new(kind, &[1; 32]).spki_der());
            assert_ne!(spki, SigningKey::new(kind, &[2; 32]).spki_der());
        }
    }

    #[test]
    fn the_public_key_of_rfc_8032() {
        // Section 7.1, test 1.
        let secret = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let seed = <[u8; 32]>::try_from(unhex(secret)).unwrap();
        let key = SigningKey::ed25519(&seed);
        assert!(key.spki_der().ends_with(&unhex(public)));
        assert!(
            key.vkey("n")
                .ends_with(&STANDARD.encode([vec![1], unhex(public)].concat()))
        );
    }

    #[test]
    fn signatures_are_the_same_each_time() {
        for kind in KINDS {
            let key = SigningKey::new(kind, &[3; 32]);
            assert_eq!(key.sign(b"message"), key.sign(b"message"));
            assert_ne!(key.sign(b"message"), key.sign(b"massage"));
        }
    }

    #[test]
    fn only_ed25519_cosigns() {
        assert!(SigningKey::p256(&[1; 32]).cosigner_vkey("w").is_none());
        let key = SigningKey::ed25519(&[1; 32]);
        assert_ne!(key.cosigner_key_id("w"), Some(key.key_id("w")));
    }

    fn unhex(text: &str) -> Vec<u8> {
        let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    }
}
