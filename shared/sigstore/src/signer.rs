//! Who signed an entry: a certificate, a bare key or a key with names, answering one field at a time.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use tlog::Hash;

use crate::certificate::Certificate;
use crate::facts::CertificateFacts;
use crate::field::Field;
use crate::named_key::NamedKey;
use crate::san::San;

/// One signer of an entry.
#[derive(Clone, Debug)]
pub struct Signer<'a> {
    verifier: Verifier<'a>,
    /// Hashing a certificate costs more than decoding it: done when the first rule asks, and once.
    fingerprints: OnceLock<[Option<String>; 2]>,
}

/// What verifies the signature.
#[derive(Clone, Debug)]
pub enum Verifier<'a> {
    /// An X.509 certificate.
    Certificate(Certificate<'a>),
    /// A bare public key.
    Key(Key<'a>),
    /// A key of OpenPGP, SSH or minisign, with the names that it bears.
    Named(&'a NamedKey),
}

/// A public key that names nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    spki: &'a [u8],
}

/// What a finding says of a signer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum SignerFacts {
    /// A certificate, in full.
    Certificate(CertificateFacts),
    /// A key, by its fingerprint.
    Key {
        /// SHA-256 of the SubjectPublicKeyInfo, lower hex; of a key with names its first fingerprint.
        spki_sha256: String,
    },
}

impl<'a> Key<'a> {
    /// The key with this SubjectPublicKeyInfo (DER).
    pub fn new(spki: &'a [u8]) -> Self {
        Self { spki }
    }

    /// Its SubjectPublicKeyInfo, DER.
    pub fn spki(&self) -> &'a [u8] {
        self.spki
    }
}

impl<'a> Signer<'a> {
    /// A signer with this verifier.
    pub fn new(verifier: Verifier<'a>) -> Self {
        Self {
            verifier,
            fingerprints: OnceLock::new(),
        }
    }

    /// What verifies its signature.
    pub fn verifier(&self) -> &Verifier<'a> {
        &self.verifier
    }

    /// Its certificate, if it has one.
    pub fn certificate(&self) -> Option<&Certificate<'a>> {
        match &self.verifier {
            Verifier::Certificate(certificate) => Some(certificate),
            Verifier::Key(_) | Verifier::Named(_) => None,
        }
    }

    /// Its key with names, if it has one.
    pub fn named_key(&self) -> Option<&'a NamedKey> {
        match &self.verifier {
            Verifier::Named(key) => Some(key),
            Verifier::Certificate(_) | Verifier::Key(_) => None,
        }
    }

    /// Hands each value of `field` to `each`. `Digest`, `Kind` and `Log` are not a signer's and have no value here.
    pub fn values(&self, field: &Field, each: &mut dyn FnMut(&str)) {
        match field {
            Field::Fingerprint => self.each_fingerprint(each),
            Field::San => self.sans(each),
            Field::Subject => self.subjects(each),
            Field::Issuer => self.certificate().into_iter().for_each(|it| it.for_each_issuer(each)),
            Field::Extension(oid) => {
                self.certificate()
                    .into_iter()
                    .for_each(|it| it.for_each_text(oid.as_bytes(), each));
            }
            Field::Digest | Field::Kind | Field::Log => {}
        }
    }

    /// What a finding says of it. Of a key with names only the first fingerprint; for the others, and for the names, ask
    /// [`Signer::values`] or [`Signer::named_key`].
    pub fn facts(&self) -> SignerFacts {
        match &self.verifier {
            Verifier::Certificate(certificate) => SignerFacts::Certificate(CertificateFacts::of(certificate)),
            Verifier::Key(key) => SignerFacts::Key {
                spki_sha256: Hash::of(key.spki).to_string(),
            },
            Verifier::Named(key) => SignerFacts::Key {
                spki_sha256: key.fingerprints.first().cloned().unwrap_or_default(),
            },
        }
    }

    fn each_fingerprint(&self, each: &mut dyn FnMut(&str)) {
        match &self.verifier {
            Verifier::Named(key) => key.fingerprints.iter().for_each(|text| each(text)),
            Verifier::Certificate(_) | Verifier::Key(_) => {
                self.fingerprints().iter().flatten().for_each(|text| each(text));
            }
        }
    }

    fn subjects(&self, each: &mut dyn FnMut(&str)) {
        match &self.verifier {
            Verifier::Certificate(certificate) => {
                self.sans(each);
                certificate.for_each_subject_email(each);
            }
            Verifier::Key(_) => {}
            Verifier::Named(key) => key.subjects.iter().for_each(|text| each(text)),
        }
    }

    fn sans(&self, each: &mut dyn FnMut(&str)) {
        let Some(certificate) = self.certificate() else {
            return;
        };
        certificate.for_each_san(|san| match san {
            San::Email(text) | San::Uri(text) | San::Dns(text) | San::Username(text) => each(text),
            San::Ip(address) => each(&address.to_string()),
            San::Other(..) => {}
        });
    }

    fn fingerprints(&self) -> &[Option<String>; 2] {
        self.fingerprints.get_or_init(|| match &self.verifier {
            Verifier::Certificate(it) => [
                Some(Hash::of(it.der()).to_string()),
                Some(Hash::of(it.spki()).to_string()),
            ],
            Verifier::Key(key) => [Some(Hash::of(key.spki).to_string()), None],
            Verifier::Named(_) => [None, None],
        })
    }
}
