//! Certificates of which every part can be chosen, for chains that are right, or wrong in one thing.
//!
//! Nothing here checks anything: whoever asks for a CA that is none gets it, signed.

use crate::certificate::issue::{
    AUTHORITY_KEY, BASIC_CONSTRAINTS, CODE_SIGNING, EXTENDED_KEY_USAGE, KEY_USAGE, SCT_LIST, SERIAL_PREFIX, algorithm,
    extension, two_bytes,
};
use crate::certificate::{Identity, San};
use crate::der;
use crate::key::SigningKey;
use alloc::vec;
use alloc::vec::Vec;
use sha2::{Digest as _, Sha256};

/// Everything that a certificate says, before it is signed.
#[derive(Clone)]
pub struct Draft {
    /// The last eight bytes of the serial number.
    pub serial: u64,
    /// Distinguished names, whole DER values; see [`name`].
    pub issuer: Vec<u8>,
    /// Whom the key belongs to.
    pub subject: Vec<u8>,
    /// Start of its validity, in Unix seconds.
    pub not_before: u64,
    /// End of its validity.
    pub not_after: u64,
    /// The key, as DER `SubjectPublicKeyInfo`.
    pub spki: Vec<u8>,
    /// Whole extensions, in order; see [`Draft::with`].
    pub extensions: Vec<Vec<u8>>,
    /// An AlgorithmIdentifier instead of the one that the signing key asks for.
    pub algorithm: Option<Vec<u8>>,
}

/// A CT log that promises.
#[derive(Clone)]
pub struct CtLog {
    /// Its key; its id is the SHA-256 of it.
    pub key: SigningKey,
}

/// A distinguished name with this common name.
pub fn name(common_name: &str) -> Vec<u8> {
    let text = der::value(der::UTF8_STRING, common_name.as_bytes());
    let part = der::sequence(&[&der::oid(&[2, 5, 4, 3]), &text]);
    der::sequence(&[&der::value(der::SET, &part)])
}

impl Draft {
    /// A leaf of ten minutes as Fulcio issues them, without timestamps.
    pub fn leaf(issuer: &str, identity: &Identity, not_before: u64, key: &SigningKey) -> Draft {
        let names: Vec<Vec<u8>> = identity.sans.iter().map(San::der).collect();
        Draft::blank(issuer, "", (not_before, not_before.saturating_add(600)), key)
            .with(KEY_USAGE, true, &der::value(0x03, &[7, 0x80]))
            .with_usage(CODE_SIGNING)
            .with(AUTHORITY_KEY, false, &der::sequence(&[&der::value(0x80, &[7; 20])]))
            .with(&[2, 5, 29, 17], true, &der::value(der::SEQUENCE, &names.concat()))
    }

    /// A CA that may issue anything, over any number of CAs below it.
    pub fn ca(issuer: &str, subject: &str, validity: (u64, u64), key: &SigningKey) -> Draft {
        Draft::blank(issuer, subject, validity, key)
            .with(KEY_USAGE, true, &der::value(0x03, &[1, 0x06]))
            .with(BASIC_CONSTRAINTS, true, &der::sequence(&[&[0x01, 1, 0xFF]]))
    }

    /// A certificate without any extension.
    pub fn blank(issuer: &str, subject: &str, (not_before, not_after): (u64, u64), key: &SigningKey) -> Draft {
        Draft {
            serial: 1,
            issuer: name(issuer),
            subject: if subject.is_empty() {
                der::sequence(&[])
            } else {
                name(subject)
            },
            not_before,
            not_after,
            spki: key.spki_der(),
            extensions: Vec::new(),
            algorithm: None,
        }
    }

    /// The same with one more extension.
    #[must_use]
    pub fn with(mut self, oid: &[u64], critical: bool, value: &[u8]) -> Draft {
        self.extensions.push(extension(oid, critical, value));
        self
    }

    /// The same without any extension of this identifier.
    #[must_use]
    pub fn without(mut self, oid: &[u64]) -> Draft {
        let oid = der::oid(oid);
        let is = |extension: &Vec<u8>| extension.windows(oid.len()).take(6).any(|part| part == oid);
        self.extensions.retain(|extension| !is(extension));
        self
    }

    /// The same for this extended key usage.
    #[must_use]
    pub fn with_usage(self, usage: &[u64]) -> Draft {
        let usages = der::sequence(&[&der::oid(usage)]);
        self.without(EXTENDED_KEY_USAGE)
            .with(EXTENDED_KEY_USAGE, false, &usages)
    }

    /// A CA with at most so many CAs below it.
    #[must_use]
    pub fn with_path_length(self, length: u8) -> Draft {
        let value = der::sequence(&[&[0x01, 1, 0xFF], &der::unsigned(&[length])]);
        self.without(BASIC_CONSTRAINTS).with(BASIC_CONSTRAINTS, true, &value)
    }

    /// The same with a timestamp of each of these logs, made over what the certificate says so far, for an issuer with this
    /// key (RFC 6962, 3.2). Whatever is changed afterwards makes them wrong. The signature's algorithm is that of `by`.
    #[must_use]
    pub fn with_timestamps(self, logs: &[&CtLog], at_millis: u64, by: &SigningKey) -> Draft {
        let (signed, issuer) = (self.to_be_signed(by), Sha256::digest(by.spki_der()));
        let promises = logs.iter().map(|log| log.promise(&signed, &issuer, at_millis));
        let promises: Vec<Vec<u8>> = promises.collect();
        self.with_promises(&promises)
    }

    /// The same with these `SignedCertificateTimestamp`s, right or wrong.
    #[must_use]
    pub fn with_promises(self, promises: &[Vec<u8>]) -> Draft {
        let each = promises
            .iter()
            .map(|promise| [&two_bytes(promise.len()), &promise[..]].concat());
        let list: Vec<u8> = each.collect::<Vec<_>>().concat();
        self.with_list(&[&two_bytes(list.len()), &list[..]].concat())
    }

    /// The same with this for a list of timestamps.
    #[must_use]
    pub fn with_list(self, list: &[u8]) -> Draft {
        self.with(SCT_LIST, false, &der::octet_string(list))
    }

    /// What is signed.
    pub fn to_be_signed(&self, by: &SigningKey) -> Vec<u8> {
        let serial = [SERIAL_PREFIX.as_slice(), &self.serial.to_be_bytes()].concat();
        let extensions = match self.extensions.concat() {
            none if none.is_empty() => none,
            some => der::value(0xA3, &der::value(der::SEQUENCE, &some)),
        };
        der::sequence(&[
            &der::value(0xA0, &der::unsigned(&[2])),
            &der::unsigned(&serial),
            &self.algorithm.clone().unwrap_or_else(|| algorithm(by)),
            &self.issuer,
            &der::sequence(&[&der::time(self.not_before), &der::time(self.not_after)]),
            &self.subject,
            &self.spki,
            &extensions,
        ])
    }

    /// The certificate, signed with the hash that goes with the key's curve.
    pub fn signed(&self, by: &SigningKey) -> Vec<u8> {
        self.sealed(by, &by.sign_certificate(&self.to_be_signed(by)))
    }

    /// The certificate, signed with ECDSA over SHA-256 whatever the curve.
    pub fn signed_with_sha256(&self, by: &SigningKey) -> Vec<u8> {
        let ecdsa = der::sequence(&[&der::oid(&[1, 2, 840, 10045, 4, 3, 2])]);
        let draft = Draft {
            algorithm: Some(ecdsa),
            ..self.clone()
        };
        draft.sealed(by, &by.sign(&draft.to_be_signed(by)))
    }

    /// The certificate with any bytes for a signature.
    pub fn sealed(&self, by: &SigningKey, signature: &[u8]) -> Vec<u8> {
        let algorithm = self.algorithm.clone().unwrap_or_else(|| algorithm(by));
        der::sequence(&[&self.to_be_signed(by), &algorithm, &der::bit_string(signature)])
    }
}

impl CtLog {
    /// A `SignedCertificateTimestamp` over a precertificate's TBSCertificate and the SHA-256 of its issuer's key.
    pub fn promise(&self, to_be_signed: &[u8], issuer: &[u8], at_millis: u64) -> Vec<u8> {
        let length = u32::try_from(to_be_signed.len()).unwrap_or_default().to_be_bytes();
        let [_, length @ ..] = length;
        let message = [
            &[0, 0],
            &at_millis.to_be_bytes()[..],
            &[0, 1],
            issuer,
            &length,
            to_be_signed,
            &[0, 0],
        ];
        let signature = self.key.sign(&message.concat());
        let mut promise = vec![0];
        promise.extend_from_slice(&Sha256::digest(self.key.spki_der()));
        promise.extend_from_slice(&at_millis.to_be_bytes());
        promise.extend_from_slice(&[0, 0, 4, 3]);
        promise.extend_from_slice(&two_bytes(signature.len()));
        promise.extend_from_slice(&signature);
        promise
    }
}
