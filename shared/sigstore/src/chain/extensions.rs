//! What a certificate's extensions allow (RFC 5280 4.2): to issue, how far, for what; and which of them are known.
//!
//! An extension that is there and cannot be read allows nothing.

use super::parts::Parts;
use crate::der::{Reader, tag};
use crate::fulcio;

/// id-ce, 2.5.29: the extensions of X.509 itself differ in the last arc.
const ID_CE: [u8; 2] = [0x55, 0x1d];
const KEY_USAGE: [u8; 3] = [0x55, 0x1d, 15];
const BASIC_CONSTRAINTS: [u8; 3] = [0x55, 0x1d, 19];
const NAME_CONSTRAINTS: [u8; 3] = [0x55, 0x1d, 30];
const POLICY_CONSTRAINTS: [u8; 3] = [0x55, 0x1d, 36];
const EXTENDED_KEY_USAGE: [u8; 3] = [0x55, 0x1d, 37];

/// The last arcs of what X.509 defines and a verifier may find critical: subjectKeyIdentifier, keyUsage, subjectAltName,
/// issuerAltName, basicConstraints, nameConstraints, cRLDistributionPoints, certificatePolicies, policyMappings,
/// authorityKeyIdentifier, policyConstraints, extKeyUsage, freshestCRL, inhibitAnyPolicy.
const KNOWN: [u8; 14] = [14, 15, 17, 18, 19, 30, 31, 32, 33, 35, 36, 37, 46, 54];

/// id-kp-codeSigning, 1.3.6.1.5.5.7.3.3, and anyExtendedKeyUsage, 2.5.29.37.0.
const CODE_SIGNING: [u8; 8] = [0x2b, 6, 1, 5, 5, 7, 3, 3];
const ANY_USAGE: [u8; 4] = [0x55, 0x1d, 37, 0];

/// 1.3.6.1.4.1.11129.2.4.3 (RFC 6962 3.1): no certificate, but what a log is asked to promise.
const POISON: [u8; 10] = [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 3];

/// keyCertSign is bit 5 of KeyUsage, counted from the left (RFC 5280 4.2.1.3).
const KEY_CERT_SIGN: u8 = 0x80 >> 5;

/// How many certificates of CAs may follow below a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathLength {
    Any,
    AtMost(u64),
}

/// Whether it is the certificate of a CA by its basicConstraints, and how far it reaches.
pub(crate) fn path_length(parts: &Parts<'_>) -> Option<PathLength> {
    let mut file = Reader::new(parts.extension(&BASIC_CONSTRAINTS)?);
    let mut constraints = file.sequence()?;
    let ca = constraints.optional(tag::BOOLEAN)??;
    if constraints.bytes(ca.content()) != [0xff] {
        return None;
    }
    let length = match constraints.optional(tag::INTEGER)? {
        None => PathLength::Any,
        Some(number) => PathLength::AtMost(unsigned(constraints.bytes(number.content()))?),
    };
    (constraints.is_done() && file.is_done()).then_some(length)
}

/// Whether its key may sign certificates: keyUsage says so, or there is none.
pub(crate) fn may_sign_certificates(parts: &Parts<'_>) -> bool {
    let Some(value) = parts.extension(&KEY_USAGE) else {
        return true;
    };
    let mut file = Reader::new(value);
    let bits = file.expect(tag::BIT_STRING).filter(|_| file.is_done());
    let first = bits.and_then(|bits| file.bytes(bits.content()).get(1).copied());
    first.is_some_and(|first| first & KEY_CERT_SIGN != 0)
}

/// Whether its extKeyUsage has codeSigning, or any usage; `None` where there is no such extension.
pub(crate) fn code_signing(parts: &Parts<'_>) -> Option<bool> {
    parts
        .extension(&EXTENDED_KEY_USAGE)
        .map(|value| lists_code_signing(value).unwrap_or(false))
}

fn lists_code_signing(value: &[u8]) -> Option<bool> {
    let mut file = Reader::new(value);
    let mut usages = file.sequence()?;
    let mut found = false;
    while !usages.is_done() {
        let usage = usages.expect(tag::OBJECT_IDENTIFIER)?;
        let usage = usages.bytes(usage.content());
        found |= usage == CODE_SIGNING || usage == ANY_USAGE;
    }
    file.is_done().then_some(found)
}

/// Whether it limits the names or policies of what it issues, which nothing here compares.
pub(crate) fn constrains(parts: &Parts<'_>) -> bool {
    parts.extension(&NAME_CONSTRAINTS).is_some() || parts.extension(&POLICY_CONSTRAINTS).is_some()
}

/// Whether an extension is critical that neither X.509 nor Fulcio defines: then the certificate must be refused.
pub(crate) fn has_unknown_critical(parts: &Parts<'_>) -> bool {
    let is_known = |oid: &[u8]| match oid.strip_prefix(&ID_CE) {
        Some([last]) => KNOWN.contains(last),
        Some(_) => false,
        None => oid.starts_with(&fulcio::ARC),
    };
    parts.extensions.iter().any(|it| it.critical && !is_known(it.oid))
}

/// Whether an extension stands twice, which RFC 5280 4.2 forbids.
pub(crate) fn has_duplicates(parts: &Parts<'_>) -> bool {
    let all = parts.extensions.iter().enumerate();
    all.into_iter()
        .any(|(at, one)| parts.extensions.iter().skip(at + 1).any(|other| other.oid == one.oid))
}

/// Whether it is a precertificate.
pub(crate) fn is_precertificate(parts: &Parts<'_>) -> bool {
    parts.extension(&POISON).is_some()
}

/// An INTEGER that is not negative, minimal and fits.
fn unsigned(content: &[u8]) -> Option<u64> {
    let magnitude = match content {
        [0, next, ..] if *next >= 0x80 => content.get(1..)?,
        [0, _, ..] => return None,
        [first, ..] if *first < 0x80 => content,
        _ => return None,
    };
    (magnitude.len() <= 8).then(|| magnitude.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}
