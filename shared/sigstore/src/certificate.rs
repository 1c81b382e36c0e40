//! An X.509 certificate (RFC 5280), read only as far as a monitor asks: where its key and its extensions lie.
//!
//! [`index`] walks the whole structure once, strictly, and refuses what is out of order. A laxer second reader was
//! considered and dropped: one that skips what it does not expect (bytes behind an extension's value, another tag
//! around the extensions) reads a certificate without the very names that a third reader sees in it.
//!
//! It verifies no signature, no validity and no chain: an identity in a log is news whoever issued it.
//! The SANs are read and checked here, so that a name that could mislead is quarantined even if no rule asks for it.

use std::ops::Range;

use crate::der::{Reader, tag};
use crate::fulcio;
use crate::san::{self, San, SanError};

/// An offset into a certificate. A leaf has at most 65,535 bytes, a body of Rekor v1 a few MiB.
type Offset = u32;

/// 1.2.840.113549.1.9.1 (PKCS#9), as DER content.
const EMAIL_ADDRESS: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];

/// Where one extension lies: its identifier's content, and the content of its OCTET STRING.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    oid: Range<Offset>,
    value: Range<Offset>,
    /// The identifier's last byte: nearly every other extension is told apart by it alone, in a third of the time.
    mark: u8,
}

/// Where things lie in one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The serial number's content.
    pub serial: Range<usize>,
    /// The subject's distinguished name, header included.
    pub subject: Range<usize>,
    /// The SubjectPublicKeyInfo, header included.
    pub spki: Range<usize>,
}

/// Why a certificate was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not one certificate in strict DER, field by field as RFC 5280 orders them.
    #[error("not a certificate in DER")]
    Form,
    /// Its subject alternative names are refused.
    #[error(transparent)]
    San(#[from] SanError),
}

/// A certificate whose structure and names are checked.
#[derive(Clone, Debug)]
pub struct Certificate<'a> {
    der: &'a [u8],
    serial: &'a [u8],
    subject: &'a [u8],
    spki: &'a [u8],
    slots: &'a [Slot],
}

impl<'a> Certificate<'a> {
    /// What [`index`] said of `der`.
    pub fn new(der: &'a [u8], layout: &Layout, slots: &'a [Slot]) -> Self {
        let part = |place: &Range<usize>| der.get(place.clone()).unwrap_or_default();
        Self {
            der,
            serial: part(&layout.serial),
            subject: part(&layout.subject),
            spki: part(&layout.spki),
            slots,
        }
    }

    /// The whole certificate, DER.
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// Its serial number: the content of the INTEGER.
    pub fn serial(&self) -> &'a [u8] {
        self.serial
    }

    /// Its SubjectPublicKeyInfo, DER.
    pub fn spki(&self) -> &'a [u8] {
        self.spki
    }

    /// Every extension in order, as (identifier's content, value). One that occurs twice is listed twice.
    pub fn extensions(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        let der = self.der;
        self.slots
            .iter()
            .map(move |slot| (part(der, &slot.oid), part(der, &slot.value)))
    }

    /// The values of every extension with this identifier; usually none or one.
    pub fn extension(&self, oid_content: &[u8]) -> impl Iterator<Item = &'a [u8]> {
        with_oid(self.der, self.slots, oid_content)
    }

    /// Hands every subject alternative name to `each`.
    pub fn for_each_san(&self, mut each: impl FnMut(San<'a>)) {
        for value in self.extension(&san::SUBJECT_ALT_NAME) {
            // Checked when the certificate was indexed: it cannot fail here.
            let _ = san::for_each(value, &mut each);
        }
    }

    /// Hands every e-mail address of the subject's distinguished name to `each` (RFC 5280 4.1.2.6: older certificates
    /// have it there). Bytes that are no UTF-8 become `U+FFFD`.
    pub fn for_each_subject_email(&self, each: &mut dyn FnMut(&str)) {
        // A name that is out of order ends the walk: no rule can ask for what follows.
        let _ = walk_name(self.subject, each);
    }

    /// Hands the text of every extension with this identifier to `each` (see [`fulcio::with_text`]).
    pub fn for_each_text(&self, oid_content: &[u8], each: &mut dyn FnMut(&str)) {
        for value in self.extension(oid_content) {
            fulcio::with_text(oid_content, value, &mut *each);
        }
    }

    /// Hands the OIDC issuer to `each`: extension 8, and 1 where there is no 8.
    pub fn for_each_issuer(&self, each: &mut dyn FnMut(&str)) {
        let newer = fulcio::oid_content(fulcio::ISSUER);
        let older = fulcio::oid_content(fulcio::ISSUER_RAW);
        let oid = if self.extension(&newer).next().is_some() {
            newer
        } else {
            older
        };
        self.for_each_text(&oid, each);
    }
}

/// Reads the structure of one certificate that fills `der`, appends its extensions to `slots`, and checks its names.
///
/// # Errors
/// [`CertificateError`]; what was appended to `slots` is then meaningless.
pub fn index(der: &[u8], slots: &mut Vec<Slot>) -> Result<Layout, CertificateError> {
    let first = slots.len();
    let layout = walk(der, slots).ok_or(CertificateError::Form)?;
    for value in with_oid(der, slots.get(first..).unwrap_or_default(), &san::SUBJECT_ALT_NAME) {
        san::for_each(value, |_| ())?;
    }
    Ok(layout)
}

/// `None` when anything is out of order.
fn walk(der: &[u8], slots: &mut Vec<Slot>) -> Option<Layout> {
    let mut file = Reader::new(der);
    let mut certificate = file.sequence()?;
    let tbs = certificate.sequence()?;
    certificate.expect(tag::SEQUENCE)?;
    certificate.expect(tag::BIT_STRING)?;
    if !certificate.is_done() || !file.is_done() {
        return None;
    }
    walk_tbs(tbs, slots)
}

/// `TBSCertificate`, field by field (RFC 5280 4.1).
fn walk_tbs(mut tbs: Reader<'_>, slots: &mut Vec<Slot>) -> Option<Layout> {
    if let Some(version) = tbs.optional(0xa0)? {
        tbs.inside(version).expect(tag::INTEGER)?;
    }
    let serial = tbs.expect(tag::INTEGER)?;
    tbs.expect(tag::SEQUENCE)?; // signature
    tbs.expect(tag::SEQUENCE)?; // issuer
    walk_validity(tbs.sequence()?)?;
    let subject = tbs.expect(tag::SEQUENCE)?;
    let spki = tbs.expect(tag::SEQUENCE)?;
    walk_spki(tbs.inside(spki))?;
    tbs.optional(0x81)?; // issuerUniqueID
    tbs.optional(0x82)?; // subjectUniqueID
    if let Some(wrapper) = tbs.optional(0xa3)? {
        walk_extensions(tbs.inside(wrapper), slots)?;
    }
    tbs.is_done().then(|| Layout {
        serial: serial.content(),
        subject: subject.whole(),
        spki: spki.whole(),
    })
}

fn walk_validity(mut validity: Reader<'_>) -> Option<()> {
    for _ in 0..2 {
        let time = validity.element()?;
        if !matches!(time.tag, tag::UTC_TIME | tag::GENERALIZED_TIME) {
            return None;
        }
    }
    validity.is_done().then_some(())
}

fn walk_spki(mut spki: Reader<'_>) -> Option<()> {
    spki.expect(tag::SEQUENCE)?;
    spki.expect(tag::BIT_STRING)?;
    spki.is_done().then_some(())
}

/// `Name ::= SEQUENCE OF SET OF SEQUENCE { type OBJECT IDENTIFIER, value ANY }` (RFC 5280 4.1.2.4).
fn walk_name(name: &[u8], each: &mut dyn FnMut(&str)) -> Option<()> {
    let mut parts = Reader::new(name).sequence()?;
    while !parts.is_done() {
        let part = parts.expect(tag::SET)?;
        let mut attributes = parts.inside(part);
        while !attributes.is_done() {
            let mut attribute = attributes.sequence()?;
            let kind = attribute.expect(tag::OBJECT_IDENTIFIER)?;
            let value = attribute.element()?;
            if attribute.bytes(kind.content()) == EMAIL_ADDRESS {
                each(&String::from_utf8_lossy(attribute.bytes(value.content())));
            }
        }
    }
    Some(())
}

fn walk_extensions(mut wrapper: Reader<'_>, slots: &mut Vec<Slot>) -> Option<()> {
    let mut extensions = wrapper.sequence()?;
    while !extensions.is_done() {
        let mut extension = extensions.sequence()?;
        let oid = extension.expect(tag::OBJECT_IDENTIFIER)?;
        extension.optional(tag::BOOLEAN)?;
        let value = extension.expect(tag::OCTET_STRING)?;
        let &mark = extension.bytes(oid.content()).last()?;
        if !extension.is_done() {
            return None;
        }
        slots.push(Slot {
            oid: narrow(oid.content())?,
            value: narrow(value.content())?,
            mark,
        });
    }
    wrapper.is_done().then_some(())
}

/// Is this one SubjectPublicKeyInfo and nothing else?
pub fn is_spki(der: &[u8]) -> bool {
    let mut file = Reader::new(der);
    file.sequence()
        .is_some_and(|spki| walk_spki(spki).is_some() && file.is_done())
}

fn narrow(place: Range<usize>) -> Option<Range<Offset>> {
    Some(Offset::try_from(place.start).ok()?..Offset::try_from(place.end).ok()?)
}

/// The values of the extensions with this identifier.
#[inline]
fn with_oid<'a>(der: &'a [u8], slots: &'a [Slot], oid: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let mark = oid.last().copied();
    let found = slots
        .iter()
        .filter(move |slot| Some(slot.mark) == mark && part(der, &slot.oid) == oid);
    found.map(|slot| part(der, &slot.value))
}

#[inline]
fn part<'a>(der: &'a [u8], place: &Range<Offset>) -> &'a [u8] {
    // Offsets that do not fit a `usize` cannot come from a slice that does.
    let from = usize::try_from(place.start).unwrap_or(usize::MAX);
    let to = usize::try_from(place.end).unwrap_or(usize::MAX);
    der.get(from..to).unwrap_or_default()
}
