//! The buffers that a leaf is decoded into, kept from one leaf to the next.
//!
//! Both readers of JSON hand what they find to these functions, so that what follows the JSON is written once.

use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::Simd;
use base64::engine::general_purpose::GeneralPurposeConfig;
use tlog::Hash;

use crate::certificate::{self, Certificate, CertificateError, Layout, Slot};
use crate::entry::Entry;
use crate::hex;
use crate::san::SanError;
use crate::signer::{Key, Signer, Verifier};
use crate::undecodable::Reason;

/// SHA-512, the longest hash that Sigstore knows.
pub const MAX_DIGEST_BYTES: usize = 64;

/// Standard alphabet, padding required, no stray bits: one way to write each value.
static BASE64: LazyLock<Simd> = LazyLock::new(|| Simd::standard(GeneralPurposeConfig::new()));

/// Which kind of verifier the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifierKind {
    /// `x509Certificate`.
    Certificate,
    /// `publicKey`.
    Key,
}

/// Buffers for one decoder. Make one for each thread and keep it: they grow to the largest leaf and stay.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// Certificates and keys, one after the other. Beyond `filled` lies what earlier leaves left.
    der: Vec<u8>,
    filled: usize,
    slots: Vec<Slot>,
    signers: Vec<Part>,
    /// The digest, lower hex.
    digest: String,
}

#[derive(Clone, Debug)]
struct Part {
    der: Range<usize>,
    verifier: PartKind,
}

#[derive(Clone, Debug)]
enum PartKind {
    Certificate { layout: Layout, slots: Range<usize> },
    Key,
}

impl Scratch {
    /// Empty buffers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the last leaf.
    pub(crate) fn begin(&mut self) {
        self.filled = 0;
        self.slots.clear();
        self.signers.clear();
        self.digest.clear();
    }

    /// Takes the artifact's digest, in base64.
    pub(crate) fn take_digest(&mut self, base64: &[u8]) -> Result<(), Reason> {
        let mut digest = [0u8; MAX_DIGEST_BYTES];
        if base64.len() > MAX_DIGEST_BYTES.div_ceil(3) * 4 {
            return Err(Reason::BadDigest);
        }
        let length = BASE64.decode_slice(base64, &mut digest).map_err(|error| match error {
            base64::DecodeSliceError::DecodeError(_) => Reason::BadBase64,
            base64::DecodeSliceError::OutputSliceTooSmall => Reason::BadDigest,
        })?;
        if length == 0 {
            return Err(Reason::BadDigest);
        }
        hex::push_lower(&mut self.digest, digest.get(..length).unwrap_or_default());
        Ok(())
    }

    /// Takes the whole leaf as the artifact.
    pub(crate) fn take_leaf(&mut self, leaf: &[u8]) {
        hex::push_lower(&mut self.digest, Hash::of(leaf).as_bytes());
    }

    /// Takes one signer's verifier, in base64.
    pub(crate) fn take_signer(&mut self, kind: VerifierKind, base64: &[u8]) -> Result<(), Reason> {
        let place = self.decode_base64(base64)?;
        let der = self.der.get(place.clone()).unwrap_or_default();
        let verifier = match kind {
            VerifierKind::Certificate => {
                let first = self.slots.len();
                let layout = certificate::index(der, &mut self.slots).map_err(reason)?;
                PartKind::Certificate {
                    layout,
                    slots: first..self.slots.len(),
                }
            }
            VerifierKind::Key if certificate::is_spki(der) => PartKind::Key,
            VerifierKind::Key => return Err(Reason::BadKey),
        };
        self.signers.push(Part { der: place, verifier });
        Ok(())
    }

    /// What was taken, as an entry.
    pub(crate) fn entry(&self, kind: &'static str, version: &'static str) -> Entry<'_> {
        let digest = Some(self.digest.as_str()).filter(|digest| !digest.is_empty());
        let signers = self.signers.iter().map(|part| Signer::new(self.verifier(part)));
        Entry::new(kind, version, [digest, None]).with_signers(signers)
    }

    fn verifier(&self, part: &Part) -> Verifier<'_> {
        let der = self.der.get(part.der.clone()).unwrap_or_default();
        match &part.verifier {
            PartKind::Key => Verifier::Key(Key::new(der)),
            PartKind::Certificate { layout, slots } => {
                let slots = self.slots.get(slots.clone()).unwrap_or_default();
                Verifier::Certificate(Certificate::new(der, layout, slots))
            }
        }
    }

    fn decode_base64(&mut self, base64: &[u8]) -> Result<Range<usize>, Reason> {
        let from = self.filled;
        let room = from + base64.len().div_ceil(4) * 3;
        if self.der.len() < room {
            self.der.resize(room, 0);
        }
        let target = self.der.get_mut(from..).unwrap_or_default();
        let length = BASE64.decode_slice(base64, target).map_err(|_| Reason::BadBase64)?;
        self.filled = from + length;
        Ok(from..self.filled)
    }
}

fn reason(error: CertificateError) -> Reason {
    match error {
        CertificateError::Form => Reason::BadCertificate,
        CertificateError::San(SanError::Form) => Reason::BadSan,
        CertificateError::San(SanError::Text) => Reason::BadSanText,
    }
}
