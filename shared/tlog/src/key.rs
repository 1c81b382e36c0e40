//! The keys that logs sign with: names, key ids, vkeys (C2SP signed-note), and the check of one signature.
//!
//! A key is trusted because its caller took it from the trusted root or the configuration; nothing here decides that. RSA,
//! which Sigstore allows private deployments of Rekor v1, is recognised and refused as unsupported.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::pkcs8::spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};
use p256::pkcs8::{AssociatedOid as _, DecodePublicKey as _};
use serde::{Deserialize, Serialize};

use crate::hash::Hash;
use crate::key_id::KeyId;

/// Signature types of C2SP signed-note: the byte before the key in a vkey.
pub(crate) const TYPE_ED25519: u8 = 0x01;
pub(crate) const TYPE_ECDSA: u8 = 0x02;

/// RFC 8410, 3: id-Ed25519. RFC 5480, 2.1.1: id-ecPublicKey.
const OID_ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const OID_EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// RFC 8410, 4: all that stands before the 32 bytes of an Ed25519 key in its SubjectPublicKeyInfo.
const ED25519_SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The longest SubjectPublicKeyInfo that is read: an RSA key of 16384 bits, the largest that Go's crypto accepts, takes 2.1 kB.
pub const MAX_SPKI_BYTES: usize = 4096;

/// How a log derives its key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyIdRule {
    /// C2SP signed-note: Ed25519 by name, type and key; ECDSA by `SHA-256(SPKI DER)[:4]`.
    Note,
    /// Rekor v1: `SHA-256(SPKI DER)[:4]` whatever the algorithm.
    Spki,
}

/// What a key signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 (RFC 8032), verified strictly.
    Ed25519,
    /// ECDSA over P-256 with SHA-256, ASN.1 DER.
    EcdsaP256Sha256,
    /// ECDSA over P-384 with SHA-256 (as Rekor v1 signs), ASN.1 DER.
    EcdsaP384Sha256,
}

/// A key that may sign notes: its name, its id, and what verifies its signatures.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Spelling", into = "Spelling")]
pub struct VerifierKey {
    name: String,
    key_id: KeyId,
    rule: KeyIdRule,
    spki: Vec<u8>,
    point: Point,
}

/// Why a key was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Empty, or with a space or a plus sign.
    #[error("a key's name is not empty and has neither spaces nor plus signs")]
    Name,
    /// Not `name+hex id+base64`.
    #[error("a vkey is written name+key id+base64, with a key id of eight lower-case hex digits")]
    Vkey,
    /// The id in the vkey is not that of its key.
    #[error("the vkey says key id {found}, but its key has {expected}")]
    KeyId {
        /// What follows from the key.
        expected: KeyId,
        /// What the vkey says.
        found: KeyId,
    },
    /// A signature type that is not supported.
    #[error("signature type 0x{found:02x} is not supported here")]
    Type {
        /// The type byte.
        found: u8,
    },
    /// A public key of an algorithm or a curve that is not supported.
    #[error("the public key is neither Ed25519 nor ECDSA over P-256 or P-384")]
    Algorithm,
    /// Not a public key by form.
    #[error("the bytes are no public key")]
    Malformed,
    /// A key of small order, for which anybody can sign.
    #[error("the Ed25519 key is of small order")]
    Weak,
    /// Not a PEM block `PUBLIC KEY`.
    #[error("the text is no PEM block of a PUBLIC KEY")]
    Pem,
}

#[derive(Clone, PartialEq, Eq)]
enum Point {
    Ed25519(ed25519_dalek::VerifyingKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
}

/// How keys are serialised: a vkey where there is one, else the parts.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Spelling {
    Vkey(String),
    Spki { name: String, key_id: KeyId, spki: String },
}

impl VerifierKey {
    /// Reads a vkey of type Ed25519 (`name+id+base64(0x01 ‖ key)`) or ECDSA (`name+id+base64(0x02 ‖ SPKI DER)`).
    ///
    /// # Errors
    /// [`KeyError`], with [`KeyError::Type`] for the types of cosignatures and others.
    pub fn from_vkey(vkey: &str) -> Result<Self, KeyError> {
        let (name, found, kind, material) = split_vkey(vkey)?;
        let key = match kind {
            TYPE_ED25519 if material.len() == ed25519_dalek::PUBLIC_KEY_LENGTH => {
                Self::from_spki(name, &[&ED25519_SPKI_PREFIX, &*material].concat(), KeyIdRule::Note)?
            }
            TYPE_ED25519 => return Err(KeyError::Malformed),
            TYPE_ECDSA => Self::from_spki(name, &material, KeyIdRule::Note)?,
            found => return Err(KeyError::Type { found }),
        };
        match (kind, key.algorithm()) {
            (TYPE_ECDSA, Algorithm::Ed25519) => Err(KeyError::Algorithm),
            _ if key.key_id != found => Err(KeyError::KeyId {
                expected: key.key_id,
                found,
            }),
            _ => Ok(key),
        }
    }

    /// Takes a SubjectPublicKeyInfo in DER and derives the key id by `rule`.
    ///
    /// # Errors
    /// [`KeyError::Name`], [`KeyError::Malformed`], [`KeyError::Algorithm`] (RSA, other curves), [`KeyError::Weak`].
    pub fn from_spki(name: &str, der: &[u8], rule: KeyIdRule) -> Result<Self, KeyError> {
        check_name(name)?;
        let point = Point::from_spki(der)?;
        let (key_id, rule) = match (&point, rule) {
            (Point::Ed25519(key), KeyIdRule::Note) => (KeyId::of(name, TYPE_ED25519, key.as_bytes()), rule),
            (Point::Ed25519(_), KeyIdRule::Spki) => (KeyId::of_spki(der), rule),
            // For ECDSA both rules say the same.
            (Point::P256(_) | Point::P384(_), _) => (KeyId::of_spki(der), KeyIdRule::Note),
        };
        Ok(Self {
            name: name.to_string(),
            key_id,
            rule,
            spki: der.to_vec(),
            point,
        })
    }

    /// Takes a PEM block `PUBLIC KEY`, alone in the text but for whitespace around it.
    ///
    /// # Errors
    /// [`KeyError::Pem`], and those of [`VerifierKey::from_spki`].
    pub fn from_pem(name: &str, pem: &str, rule: KeyIdRule) -> Result<Self, KeyError> {
        let body = pem
            .trim()
            .strip_prefix("-----BEGIN PUBLIC KEY-----")
            .ok_or(KeyError::Pem)?;
        let body = body.strip_suffix("-----END PUBLIC KEY-----").ok_or(KeyError::Pem)?;
        let base64: String = body.split_ascii_whitespace().collect();
        Self::from_spki(name, &STANDARD.decode(base64).map_err(|_| KeyError::Pem)?, rule)
    }

    /// The name in its signature lines.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id in its signature lines.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// What it signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.point {
            Point::Ed25519(_) => Algorithm::Ed25519,
            Point::P256(_) => Algorithm::EcdsaP256Sha256,
            Point::P384(_) => Algorithm::EcdsaP384Sha256,
        }
    }

    /// Its SubjectPublicKeyInfo in DER, as it came.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The vkey; `None` for an Ed25519 key under [`KeyIdRule::Spki`], whose id no vkey can state.
    #[must_use]
    pub fn to_vkey(&self) -> Option<String> {
        let material = match (&self.point, self.rule) {
            (Point::Ed25519(_), KeyIdRule::Spki) => return None,
            (Point::Ed25519(key), KeyIdRule::Note) => [&[TYPE_ED25519], &key.as_bytes()[..]].concat(),
            (Point::P256(_) | Point::P384(_), _) => [&[TYPE_ECDSA], &self.spki[..]].concat(),
        };
        Some(alloc::format!(
            "{}+{}+{}",
            self.name,
            self.key_id,
            STANDARD.encode(material)
        ))
    }

    /// Whether `signature` is this key's over `message`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.point {
            Point::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Point::P256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(Hash::of(message).as_bytes(), &signature).is_ok()),
            Point::P384(key) => p384::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify_prehash(Hash::of(message).as_bytes(), &signature).is_ok()),
        }
    }
}

impl Point {
    fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        if der.len() > MAX_SPKI_BYTES {
            return Err(KeyError::Malformed);
        }
        let spki = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| KeyError::Malformed)?;
        if spki.algorithm.oid == OID_ED25519 {
            return ed25519(der.strip_prefix(&ED25519_SPKI_PREFIX).ok_or(KeyError::Malformed)?).map(Self::Ed25519);
        }
        let curve = spki
            .algorithm
            .parameters_oid()
            .ok()
            .filter(|_| spki.algorithm.oid == OID_EC);
        match curve.ok_or(KeyError::Algorithm)? {
            p256::NistP256::OID => p256::ecdsa::VerifyingKey::from_public_key_der(der).map(Self::P256),
            p384::NistP384::OID => p384::ecdsa::VerifyingKey::from_public_key_der(der).map(Self::P384),
            _ => return Err(KeyError::Algorithm),
        }
        .map_err(|_| KeyError::Malformed)
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{} ({:?})", self.name, self.key_id, self.algorithm())
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(vkey: &str) -> Result<Self, KeyError> {
        Self::from_vkey(vkey)
    }
}

impl TryFrom<Spelling> for VerifierKey {
    type Error = KeyError;

    fn try_from(spelling: Spelling) -> Result<Self, KeyError> {
        match spelling {
            Spelling::Vkey(vkey) => Self::from_vkey(&vkey),
            Spelling::Spki {
                name,
                key_id: found,
                spki,
            } => {
                let der = STANDARD.decode(spki).map_err(|_| KeyError::Malformed)?;
                let key = Self::from_spki(&name, &der, KeyIdRule::Spki)?;
                let expected = key.key_id;
                if expected == found {
                    Ok(key)
                } else {
                    Err(KeyError::KeyId { expected, found })
                }
            }
        }
    }
}

impl From<VerifierKey> for Spelling {
    fn from(key: VerifierKey) -> Self {
        match key.to_vkey() {
            Some(vkey) => Self::Vkey(vkey),
            None => Self::Spki {
                name: key.name,
                key_id: key.key_id,
                spki: STANDARD.encode(key.spki),
            },
        }
    }
}

/// C2SP signed-note: a key's name is not empty and has neither Unicode spaces nor plus signs.
pub(crate) fn check_name(name: &str) -> Result<&str, KeyError> {
    let wrong = |letter: char| letter.is_whitespace() || letter == '+';
    if name.is_empty() || name.contains(wrong) {
        Err(KeyError::Name)
    } else {
        Ok(name)
    }
}

/// The name, id, type and key of a vkey; whether they belong together is for the caller to check.
pub(crate) fn split_vkey(vkey: &str) -> Result<(&str, KeyId, u8, Vec<u8>), KeyError> {
    let (name, rest) = vkey.split_once('+').ok_or(KeyError::Vkey)?;
    // The key's base64 may have plus signs of its own.
    let (key_id, material) = rest.split_once('+').ok_or(KeyError::Vkey)?;
    let material = STANDARD.decode(material).map_err(|_| KeyError::Vkey)?;
    let (kind, material) = material.split_first().ok_or(KeyError::Vkey)?;
    Ok((
        check_name(name)?,
        key_id.parse().map_err(|_| KeyError::Vkey)?,
        *kind,
        material.to_vec(),
    ))
}

/// A key of 32 bytes that is on the curve and not of small order.
pub(crate) fn ed25519(bytes: &[u8]) -> Result<ed25519_dalek::VerifyingKey, KeyError> {
    let bytes = bytes.try_into().map_err(|_| KeyError::Malformed)?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Malformed)?;
    if key.is_weak() { Err(KeyError::Weak) } else { Ok(key) }
}
