//! The buffers that a leaf is decoded into, kept from one leaf to the next.
//!
//! All readers of JSON hand what they find to these functions, so that what follows the JSON is written once.

use std::ops::Range;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::Simd;
use base64::engine::general_purpose::GeneralPurposeConfig;
use tlog::Hash;

use crate::certificate::{self, Certificate, CertificateError, Layout, Slot};
use crate::entry::Entry;
use crate::hex;
use crate::named_key::NamedKey;
use crate::pem::{self, Label};
use crate::san::SanError;
use crate::signer::{Key, Signer, Verifier};
use crate::spki;
use crate::undecodable::Reason;

/// SHA-512, the longest hash that Sigstore knows.
pub const MAX_DIGEST_BYTES: usize = 64;

/// Signers of one entry. Rekor v2 takes up to 256 signatures in an envelope; rings of keys may have more.
pub const MAX_SIGNERS: usize = 2000;

/// What is kept of a buffer that grew for an unusually large body.
const KEPT_BYTES: usize = 1 << 18;

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

/// Buffers for one decoder. Make one for each thread and keep it: they grow to the largest usual leaf and stay.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    /// Certificates and keys, one after the other. Beyond `filled` lies what earlier leaves left.
    der: Vec<u8>,
    filled: usize,
    /// The text of one PEM or the bytes of one other key.
    text: Vec<u8>,
    slots: Vec<Slot>,
    signers: Vec<Part>,
    named: Vec<NamedKey>,
    /// The digests, lower hex, one after the other.
    digests: String,
    first_digest: usize,
}

#[derive(Clone, Debug)]
enum Part {
    Certificate {
        der: Range<usize>,
        layout: Layout,
        slots: Range<usize>,
    },
    Key {
        der: Range<usize>,
    },
    /// Its place among the named keys.
    Named(usize),
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
        self.named.clear();
        self.digests.clear();
        self.first_digest = 0;
        for buffer in [&mut self.der, &mut self.text] {
            buffer.truncate(KEPT_BYTES);
            buffer.shrink_to(KEPT_BYTES);
        }
    }

    /// Takes a digest of the artifact, in base64.
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
        hex::push_lower(&mut self.digests, digest.get(..length).unwrap_or_default());
        self.end_digest();
        Ok(())
    }

    /// Takes a digest of the artifact, in hex of either case.
    pub(crate) fn take_hex_digest(&mut self, digest: &[u8]) -> Result<(), Reason> {
        let sound = digest.len() <= 2 * MAX_DIGEST_BYTES && digest.len().is_multiple_of(2) && !digest.is_empty();
        let text = str::from_utf8(digest).map_err(|_| Reason::BadDigest)?;
        if !sound || !digest.iter().fold(true, |hex, byte| hex & byte.is_ascii_hexdigit()) {
            return Err(Reason::BadDigest);
        }
        let from = self.digests.len();
        self.digests.push_str(text);
        self.digests
            .get_mut(from..)
            .into_iter()
            .for_each(str::make_ascii_lowercase);
        self.end_digest();
        Ok(())
    }

    /// Takes the SHA-256 of `artifact` as a digest.
    pub(crate) fn take_artifact(&mut self, artifact: &[u8]) {
        hex::push_lower(&mut self.digests, Hash::of(artifact).as_bytes());
        self.end_digest();
    }

    fn end_digest(&mut self) {
        if self.first_digest == 0 {
            self.first_digest = self.digests.len();
        }
    }

    /// Takes one signer's verifier, in base64 of DER.
    pub(crate) fn take_signer(&mut self, kind: VerifierKind, base64: &[u8]) -> Result<(), Reason> {
        let place = decode_behind(&mut self.der, self.filled, base64)?;
        self.filled = place.end;
        match kind {
            VerifierKind::Certificate => self.push_certificate(place),
            VerifierKind::Key => self.push_key(place),
        }
    }

    /// Takes one signer's verifier, in base64 of PEM: the first certificate of a chain, or a key.
    pub(crate) fn take_pem(&mut self, base64: &[u8]) -> Result<(), Reason> {
        let text = decode_behind(&mut self.text, 0, base64)?;
        self.take_text(text)
    }

    /// Takes one signer's verifier, in PEM.
    pub(crate) fn take_plain_pem(&mut self, pem: &[u8]) -> Result<(), Reason> {
        self.text.clear();
        self.text.extend_from_slice(pem);
        self.take_text(0..pem.len())
    }

    fn take_text(&mut self, text: Range<usize>) -> Result<(), Reason> {
        let text = self.text.get_mut(text).unwrap_or_default();
        let block = pem::read(text).map_err(|_| Reason::BadPem)?;
        let base64 = text.get(block.base64).unwrap_or_default();
        let place = decode_behind(&mut self.der, self.filled, base64)?;
        self.filled = place.end;
        match block.label {
            Label::Certificate => self.push_certificate(place),
            Label::PublicKey => self.push_key(place),
            Label::RsaPublicKey => {
                let spki = spki::rsa(self.der.get(place).unwrap_or_default());
                self.take_key(&spki.ok_or(Reason::BadKey)?)
            }
            Label::Cms | Label::SshSignature | Label::Other => Err(Reason::UnknownPem),
        }
    }

    /// Takes a signer with this SubjectPublicKeyInfo.
    pub(crate) fn take_key(&mut self, spki: &[u8]) -> Result<(), Reason> {
        let place = self.copy(spki);
        self.push_key(place)
    }

    /// Takes a signer with this certificate (DER), unless there is one already.
    pub(crate) fn take_further_certificate(&mut self, certificate: &[u8]) -> Result<(), Reason> {
        let known = self.signers.iter().any(|part| match part {
            Part::Certificate { der, .. } => self.der.get(der.clone()) == Some(certificate),
            Part::Key { .. } | Part::Named(_) => false,
        });
        if known {
            return Ok(());
        }
        let place = self.copy(certificate);
        self.push_certificate(place)
    }

    /// Takes a signer with this key, unless there is one already of the same fingerprints.
    pub(crate) fn take_named(&mut self, key: NamedKey) -> Result<(), Reason> {
        if self
            .named
            .last()
            .is_some_and(|known| known.fingerprints == key.fingerprints)
        {
            return Ok(());
        }
        let at = self.named.len();
        self.named.push(key);
        self.push(Part::Named(at))
    }

    fn copy(&mut self, bytes: &[u8]) -> Range<usize> {
        let place = self.filled..self.filled + bytes.len();
        self.der.truncate(self.filled);
        self.der.extend_from_slice(bytes);
        self.filled = place.end;
        place
    }

    fn push_certificate(&mut self, der: Range<usize>) -> Result<(), Reason> {
        let first = self.slots.len();
        let bytes = self.der.get(der.clone()).unwrap_or_default();
        let layout = certificate::index(bytes, &mut self.slots).map_err(reason)?;
        let slots = first..self.slots.len();
        self.push(Part::Certificate { der, layout, slots })
    }

    fn push_key(&mut self, der: Range<usize>) -> Result<(), Reason> {
        if certificate::is_spki(self.der.get(der.clone()).unwrap_or_default()) {
            self.push(Part::Key { der })
        } else {
            Err(Reason::BadKey)
        }
    }

    fn push(&mut self, part: Part) -> Result<(), Reason> {
        if self.signers.len() >= MAX_SIGNERS {
            return Err(Reason::TooManySigners);
        }
        self.signers.push(part);
        Ok(())
    }

    /// What was taken, as an entry.
    pub(crate) fn entry(&self, kind: &'static str, version: &'static str) -> Entry<'_> {
        let (first, second) = self.digests.split_at_checked(self.first_digest).unwrap_or_default();
        let digests = [first, second].map(|digest| Some(digest).filter(|digest| !digest.is_empty()));
        let signers = self.signers.iter().map(|part| Signer::new(self.verifier(part)));
        Entry::new(kind, version, digests).with_signers(signers)
    }

    fn verifier(&self, part: &Part) -> Verifier<'_> {
        let der = |place: &Range<usize>| self.der.get(place.clone()).unwrap_or_default();
        match part {
            Part::Key { der: place } => Verifier::Key(Key::new(der(place))),
            Part::Certificate {
                der: place,
                layout,
                slots,
            } => {
                let slots = self.slots.get(slots.clone()).unwrap_or_default();
                Verifier::Certificate(Certificate::new(der(place), layout, slots))
            }
            // The place is that of a key that was pushed: there is always one.
            Part::Named(at) => self
                .named
                .get(*at)
                .map_or(Verifier::Key(Key::new(&[])), Verifier::Named),
        }
    }
}

/// The bytes of standard base64.
pub(crate) fn bytes_of(base64: &str) -> Result<Vec<u8>, Reason> {
    BASE64.decode(base64).map_err(|_| Reason::BadBase64)
}

/// Decodes into `buffer` behind its first `from` bytes, and tells where.
fn decode_behind(buffer: &mut Vec<u8>, from: usize, base64: &[u8]) -> Result<Range<usize>, Reason> {
    let room = from + base64.len().div_ceil(4) * 3;
    if buffer.len() < room {
        buffer.resize(room, 0);
    }
    let target = buffer.get_mut(from..).unwrap_or_default();
    let length = BASE64.decode_slice(base64, target).map_err(|_| Reason::BadBase64)?;
    Ok(from..from + length)
}

fn reason(error: CertificateError) -> Reason {
    match error {
        CertificateError::Form => Reason::BadCertificate,
        CertificateError::San(SanError::Form) => Reason::BadSan,
        CertificateError::San(SanError::Text) => Reason::BadSanText,
    }
}
