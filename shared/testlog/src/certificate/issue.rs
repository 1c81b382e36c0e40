//! Issues certificates: puts the parts in Fulcio's order and signs them.
//!
//! What an identity says is taken as it is. The embedded certificate timestamp is filler of the right shape.

use crate::certificate::identity::{Identity, San};
use crate::der;
use crate::key::{self, Algorithm, SigningKey};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use sha2::{Digest as _, Sha256};

/// How long a leaf certificate of Fulcio is valid.
pub const LIFETIME_SECS: u64 = 600;

/// The bytes that stand before the eight of the number in every serial number made here: twenty in all, as Fulcio's.
pub(crate) const SERIAL_PREFIX: [u8; 12] = *b"\x5Etestlog-ser";

/// RFC 5912 and RFC 5758.
const ECDSA_SHA256: &[u64] = &[1, 2, 840, 10045, 4, 3, 2];
const ECDSA_SHA384: &[u64] = &[1, 2, 840, 10045, 4, 3, 3];
const ED25519: &[u64] = &[1, 3, 101, 112];
pub(crate) const CODE_SIGNING: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 3];
/// RFC 6962, 3.3: the list of signed certificate timestamps.
pub(crate) const SCT_LIST: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
const SUBJECT_KEY_IDENTIFIER: &[u64] = &[2, 5, 29, 14];
pub(crate) const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
const SUBJECT_ALT_NAME: &[u64] = &[2, 5, 29, 17];
pub(crate) const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
pub(crate) const AUTHORITY_KEY: &[u64] = &[2, 5, 29, 35];
pub(crate) const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];

/// A certificate authority that signs leaves itself.
#[derive(Clone)]
pub struct Authority {
    name: String,
    key: SigningKey,
}

/// What a leaf certificate says.
#[derive(Clone)]
pub struct LeafCertificate {
    /// Whose it is.
    pub identity: Identity,
    /// The public key that it binds, as DER `SubjectPublicKeyInfo`.
    pub subject_key: Vec<u8>,
    /// The last eight bytes of the serial number.
    pub serial: u64,
    /// Start of its validity, in Unix seconds.
    pub not_before: u64,
    /// Length of its validity.
    pub lifetime_secs: u64,
}

impl LeafCertificate {
    /// A certificate of ten minutes for a P-256 key, which is made from the serial number.
    pub fn new(identity: Identity, serial: u64, not_before: u64) -> LeafCertificate {
        let seed: [u8; 32] = Sha256::digest(serial.to_be_bytes()).into();
        let subject_key = SigningKey::p256(&seed).spki_der();
        LeafCertificate {
            identity,
            subject_key,
            serial,
            not_before,
            lifetime_secs: LIFETIME_SECS,
        }
    }
}

impl Authority {
    /// An authority with a P-384 key, as Fulcio's intermediate has.
    pub fn new(name: &str, seed: &[u8; 32]) -> Authority {
        Authority::with_key(name, SigningKey::p384(seed))
    }

    /// An authority with any key.
    pub fn with_key(name: &str, key: SigningKey) -> Authority {
        Authority {
            name: String::from(name),
            key,
        }
    }

    /// Its own certificate, self-signed, for a trusted root.
    pub fn certificate(&self, not_before: u64, not_after: u64) -> Vec<u8> {
        let spki = self.key.spki_der();
        let extensions = [
            extension(KEY_USAGE, true, &der::value(0x03, &[1, 0x06])),
            extension(BASIC_CONSTRAINTS, true, &der::sequence(&[&[0x01, 1, 0xFF]])),
            extension(
                SUBJECT_KEY_IDENTIFIER,
                false,
                &der::octet_string(&key_identifier(&spki)),
            ),
        ];
        self.signed(&Body {
            serial: 0,
            not_before,
            not_after,
            subject: &self.name(),
            spki: &spki,
            extensions: &extensions.concat(),
        })
    }

    /// Its own certificate as PEM.
    pub fn certificate_pem(&self, not_before: u64, not_after: u64) -> String {
        key::pem("CERTIFICATE", &self.certificate(not_before, not_after))
    }

    /// Issues a leaf certificate, in DER.
    pub fn issue(&self, leaf: &LeafCertificate) -> Vec<u8> {
        let not_after = leaf.not_before.saturating_add(leaf.lifetime_secs);
        self.signed(&Body {
            serial: leaf.serial,
            not_before: leaf.not_before,
            not_after,
            subject: &der::sequence(&[]),
            spki: &leaf.subject_key,
            extensions: &self.leaf_extensions(leaf),
        })
    }

    /// In the order in which Fulcio writes them.
    fn leaf_extensions(&self, leaf: &LeafCertificate) -> Vec<u8> {
        let own = der::value(0x80, &key_identifier(&self.key.spki_der()));
        let names: Vec<Vec<u8>> = leaf.identity.sans.iter().map(San::der).collect();
        let mut all = vec![
            extension(KEY_USAGE, true, &der::value(0x03, &[7, 0x80])),
            extension(EXTENDED_KEY_USAGE, false, &der::sequence(&[&der::oid(CODE_SIGNING)])),
            extension(
                SUBJECT_KEY_IDENTIFIER,
                false,
                &der::octet_string(&key_identifier(&leaf.subject_key)),
            ),
            extension(AUTHORITY_KEY, false, &der::sequence(&[&own])),
        ];
        if !names.is_empty() {
            all.push(extension(
                SUBJECT_ALT_NAME,
                true,
                &der::value(der::SEQUENCE, &names.concat()),
            ));
        }
        all.extend(
            leaf.identity
                .extensions
                .iter()
                .map(|more| extension(&more.oid, false, &more.value)),
        );
        all.push(extension(
            SCT_LIST,
            false,
            &der::octet_string(&timestamp_list(leaf.not_before)),
        ));
        all.concat()
    }

    fn signed(&self, body: &Body) -> Vec<u8> {
        let algorithm = algorithm(&self.key);
        let serial = [SERIAL_PREFIX.as_slice(), &body.serial.to_be_bytes()].concat();
        let signed = der::sequence(&[
            &der::value(0xA0, &der::unsigned(&[2])),
            &der::unsigned(&serial),
            &algorithm,
            &self.name(),
            &der::sequence(&[&der::time(body.not_before), &der::time(body.not_after)]),
            body.subject,
            body.spki,
            &der::value(0xA3, &der::value(der::SEQUENCE, body.extensions)),
        ]);
        let signature = der::bit_string(&self.key.sign_certificate(&signed));
        der::sequence(&[&signed, &algorithm, &signature])
    }

    fn name(&self) -> Vec<u8> {
        let part = |oid: &[u64], text: &str| {
            der::value(
                der::SET,
                &der::sequence(&[&der::oid(oid), &der::value(der::UTF8_STRING, text.as_bytes())]),
            )
        };
        der::sequence(&[
            &part(&[2, 5, 4, 10], &self.name),
            &part(&[2, 5, 4, 3], "test authority"),
        ])
    }
}

/// What goes under a signature; `subject` and `spki` are whole DER values, `extensions` many in a row.
struct Body<'a> {
    serial: u64,
    not_before: u64,
    not_after: u64,
    subject: &'a [u8],
    spki: &'a [u8],
    extensions: &'a [u8],
}

/// The AlgorithmIdentifier of what this key signs certificates with.
pub(crate) fn algorithm(key: &SigningKey) -> Vec<u8> {
    der::sequence(&[&der::oid(match key.algorithm() {
        Algorithm::Ed25519 => ED25519,
        Algorithm::EcdsaP256 => ECDSA_SHA256,
        Algorithm::EcdsaP384 => ECDSA_SHA384,
    })])
}

pub(crate) fn extension(oid: &[u64], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[0x01, 1, 0xFF] } else { &[] };
    der::sequence(&[&der::oid(oid), critical, &der::octet_string(value)])
}

/// RFC 7093, method 1, over the whole SPKI: twenty bytes of SHA-256.
fn key_identifier(spki: &[u8]) -> Vec<u8> {
    Sha256::digest(spki).into_iter().take(20).collect()
}

/// One timestamp of version 1 (RFC 6962, 3.2) with filler for log id and signature.
fn timestamp_list(at_secs: u64) -> Vec<u8> {
    let mut one = vec![0];
    one.extend_from_slice(&Sha256::digest(b"testlog certificate log"));
    one.extend_from_slice(&at_secs.saturating_mul(1000).to_be_bytes());
    one.extend_from_slice(&[0, 0, 4, 3]);
    let signature = der::sequence(&[&der::unsigned(&[0x51; 32]), &der::unsigned(&[0x52; 32])]);
    one.extend_from_slice(&two_bytes(signature.len()));
    one.extend_from_slice(&signature);
    [&two_bytes(one.len() + 2), &two_bytes(one.len()), one.as_slice()].concat()
}

pub(crate) fn two_bytes(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}
