//! Leaves of Rekor v2 in their canonical form (RFC 8785), as `rekor-tiles` writes them into its log.
//!
//! The text is put together by hand: every value is base64 or a plain word, so that sorted keys without blanks
//! are all there is to canonical JSON. What stands for the artifact's signature is filler: a monitor watches who
//! signed, and the log has checked the signature before it took the entry in.

use crate::key::{Algorithm, SigningKey};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Who signed the artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafSigner {
    /// What stands for the signature.
    pub signature: Vec<u8>,
    /// The `keyDetails` of the verifier, as `PKIX_ECDSA_P256_SHA_256`.
    pub key_details: String,
    /// The certificate or the key.
    pub verifier: Verifier,
}

/// How an entry names its signer's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verifier {
    /// A certificate, in DER.
    Certificate(Vec<u8>),
    /// A bare key, as DER `SubjectPublicKeyInfo`.
    PublicKey(Vec<u8>),
}

impl LeafSigner {
    /// A signer with a certificate over a P-256 key.
    pub fn certificate(der: &[u8]) -> LeafSigner {
        LeafSigner {
            signature: filler(),
            key_details: String::from(key_details(Algorithm::EcdsaP256)),
            verifier: Verifier::Certificate(der.to_vec()),
        }
    }

    /// A signer with a key of its own.
    pub fn key(key: &SigningKey) -> LeafSigner {
        LeafSigner {
            signature: filler(),
            key_details: String::from(key_details(key.algorithm())),
            verifier: Verifier::PublicKey(key.spki_der()),
        }
    }

    fn json(&self) -> String {
        let (field, bytes) = match &self.verifier {
            Verifier::Certificate(der) => ("x509Certificate", der),
            Verifier::PublicKey(der) => ("publicKey", der),
        };
        format!(
            r#"{{"content":"{}","verifier":{{"keyDetails":"{}","{field}":{{"rawBytes":"{}"}}}}}}"#,
            STANDARD.encode(&self.signature),
            self.key_details,
            STANDARD.encode(bytes),
        )
    }
}

/// A `hashedrekord` 0.0.2 over an artifact with this SHA-256.
pub fn hashedrekord(digest: &[u8; 32], signer: &LeafSigner) -> Vec<u8> {
    let data = digest_json(digest);
    entry(
        "hashedrekord",
        &format!(
            r#"{{"hashedRekordV002":{{"data":{data},"signature":{}}}}}"#,
            signer.json()
        ),
    )
}

/// A `dsse` 0.0.2 over a payload with this SHA-256, with one signature for each signer.
pub fn dsse(payload_digest: &[u8; 32], signers: &[LeafSigner]) -> Vec<u8> {
    let data = digest_json(payload_digest);
    let signatures: Vec<String> = signers.iter().map(LeafSigner::json).collect();
    entry(
        "dsse",
        &format!(
            r#"{{"dsseV002":{{"payloadHash":{data},"signatures":[{}]}}}}"#,
            signatures.join(",")
        ),
    )
}

/// An entry of a kind and version that nobody knows.
pub fn unknown(kind: &str, version: &str) -> Vec<u8> {
    format!(r#"{{"apiVersion":"{version}","kind":"{kind}","spec":{{}}}}"#).into_bytes()
}

/// A leaf as the identity service of Sigstore means to write them: a version byte and bare digests.
pub fn identity_service(digests: &[[u8; 32]]) -> Vec<u8> {
    [&[0x01], digests.concat().as_slice()].concat()
}

pub(crate) fn filler() -> Vec<u8> {
    crate::der::sequence(&[&crate::der::unsigned(&[0x41; 32]), &crate::der::unsigned(&[0x42; 32])])
}

fn entry(kind: &str, spec: &str) -> Vec<u8> {
    format!(r#"{{"apiVersion":"0.0.2","kind":"{kind}","spec":{spec}}}"#).into_bytes()
}

fn digest_json(digest: &[u8; 32]) -> String {
    format!(r#"{{"algorithm":"SHA2_256","digest":"{}"}}"#, STANDARD.encode(digest))
}

fn key_details(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Ed25519 => "PKIX_ED25519",
        Algorithm::EcdsaP256 => "PKIX_ECDSA_P256_SHA_256",
        Algorithm::EcdsaP384 => "PKIX_ECDSA_P384_SHA_384",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `serde_json` sorts keys and writes no blanks, which is canonical for what has only plain text in it.
    #[track_caller]
    fn check_canonical(leaf: &[u8]) {
        let value: serde_json::Value = serde_json::from_slice(leaf).unwrap();
        assert_eq!(serde_json::to_vec(&value).unwrap(), leaf);
    }

    #[test]
    fn leaves_are_canonical() {
        let key = SigningKey::ed25519(&[1; 32]);
        let signers = [LeafSigner::key(&key), LeafSigner::certificate(b"not looked at")];
        check_canonical(&hashedrekord(&[7; 32], &signers[0]));
        check_canonical(&dsse(&[7; 32], &signers));
        check_canonical(&dsse(&[7; 32], &[]));
        check_canonical(&unknown("moon", "9.9.9"));
    }

    #[test]
    fn a_leaf_in_full() {
        let signer = LeafSigner {
            signature: b"s".to_vec(),
            key_details: String::from("PKIX_ED25519"),
            verifier: Verifier::PublicKey(b"k".to_vec()),
        };
        let expected = concat!(
            r#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","#,
            r#""digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},"signature":{"content":"cw==","#,
            r#""verifier":{"keyDetails":"PKIX_ED25519","publicKey":{"rawBytes":"aw=="}}}}}}"#,
        );
        assert_eq!(String::from_utf8(hashedrekord(&[0; 32], &signer)).unwrap(), expected);
    }
}
