//! Signers, trees and the corpus, for the tests of this folder.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::pkcs8::EncodePublicKey as _;
use sentinel_tlog::{CosignatureKey, Frontier, Hash, KeyIdRule, MerkleError, Node, VerifierKey};

pub(crate) const ORIGIN: &str = "log.example/one";

pub(crate) struct Signer {
    pub(crate) key: VerifierKey,
    secret: Secret,
}

enum Secret {
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

impl Signer {
    pub(crate) fn ed25519(name: &str, seed: u8) -> Self {
        Self::ed25519_by(name, seed, KeyIdRule::Note)
    }

    pub(crate) fn ed25519_by(name: &str, seed: u8, rule: KeyIdRule) -> Self {
        let secret = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
        let spki = ed25519_spki(secret.verifying_key().as_bytes());
        Self {
            key: VerifierKey::from_spki(name, &spki, rule).unwrap(),
            secret: Secret::Ed25519(secret),
        }
    }

    pub(crate) fn p256(name: &str, seed: u8) -> Self {
        let secret = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap();
        let spki = secret.verifying_key().to_public_key_der().unwrap();
        let key = VerifierKey::from_spki(name, spki.as_bytes(), KeyIdRule::Note).unwrap();
        Self {
            key,
            secret: Secret::P256(secret),
        }
    }

    pub(crate) fn p384(name: &str, seed: u8) -> Self {
        let secret = p384::ecdsa::SigningKey::from_slice(&[seed; 48]).unwrap();
        let spki = secret.verifying_key().to_public_key_der().unwrap();
        let key = VerifierKey::from_spki(name, spki.as_bytes(), KeyIdRule::Spki).unwrap();
        Self {
            key,
            secret: Secret::P384(secret),
        }
    }

    pub(crate) fn sign(&self, text: &str) -> Vec<u8> {
        let digest = Hash::of(text.as_bytes());
        match &self.secret {
            Secret::Ed25519(secret) => secret.sign(text.as_bytes()).to_vec(),
            Secret::P256(secret) => {
                let signature: p256::ecdsa::Signature = secret.sign_prehash(digest.as_bytes()).unwrap();
                signature.to_der().as_bytes().to_vec()
            }
            Secret::P384(secret) => {
                let signature: p384::ecdsa::Signature = secret.sign_prehash(digest.as_bytes()).unwrap();
                signature.to_der().as_bytes().to_vec()
            }
        }
    }

    pub(crate) fn line(&self, text: &str) -> String {
        signature_line(self.key.name(), self.key.key_id().0, &self.sign(text))
    }
}

pub(crate) fn ed25519_spki(key: &[u8; 32]) -> Vec<u8> {
    [&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0][..], key].concat()
}

/// A witness's key and its signature line at `time`.
pub(crate) fn cosign(name: &str, seed: u8, time: u64, text: &str) -> (CosignatureKey, String) {
    let secret = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    let key = CosignatureKey::new(name, secret.verifying_key().as_bytes()).unwrap();
    let signature = secret.sign(format!("cosignature/v1\ntime {time}\n{text}").as_bytes());
    let line = signature_line(
        name,
        key.key_id().0,
        &[&time.to_be_bytes()[..], &signature.to_bytes()].concat(),
    );
    (key, line)
}

pub(crate) fn signature_line(name: &str, key_id: [u8; 4], signature: &[u8]) -> String {
    format!("— {name} {}\n", STANDARD.encode([&key_id[..], signature].concat()))
}

pub(crate) fn checkpoint_text(origin: &str, size: u64, root: Hash) -> String {
    format!("{origin}\n{size}\n{}\n", root.to_base64())
}

pub(crate) fn signed(text: &str, signers: &[&Signer]) -> String {
    let lines: String = signers.iter().map(|signer| signer.line(text)).collect();
    format!("{text}\n{lines}")
}

pub(crate) fn leaf(index: u64) -> Hash {
    Hash::leaf(format!("leaf {index}").as_bytes())
}

pub(crate) fn frontier(size: u64) -> Frontier {
    let mut frontier = Frontier::empty();
    (0..size).for_each(|index| frontier.push(leaf(index)));
    frontier
}

pub(crate) fn node(node: Node) -> Result<Hash, MerkleError> {
    let leaves = node.first_leaf().unwrap()..node.end_leaf().unwrap();
    let mut subtree = Frontier::empty();
    leaves.for_each(|index| subtree.push(leaf(index)));
    Ok(subtree.root())
}

/// Every way to change one bit of `bytes`.
pub(crate) fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len() * 8).map(|bit| {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        (bit / 8, changed)
    })
}

/// A file or folder of the corpus; `None`, with a word, where there is no corpus.
pub(crate) fn corpus(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus"));
    if folder.is_dir() {
        return Some(folder.join(name));
    }
    eprintln!("no corpus here: {name} was not checked");
    None
}

pub(crate) fn read(path: &std::path::Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn json(path: &std::path::Path) -> serde_json::Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
