//! CMS SignedData (RFC 5652; PKCS#7 before it): the certificates of those who signed.
//!
//! No signature is verified. Of the certificates that a message carries only those are told that a `SignerInfo` names:
//! the rest are authorities on the way to a root. A signer whose certificate is not carried names nobody.
//! BER is read too (jar signers and time-stamping servers write it), as far as lengths go.

use std::borrow::Cow;

use crate::certificate;
use crate::der::{Reader, tag};

/// 1.2.840.113549.1.7.2.
const SIGNED_DATA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// 2.5.29.14.
const SUBJECT_KEY_IDENTIFIER: [u8; 3] = [0x55, 0x1d, 0x0e];

/// How deep BER may nest: a signed message with its certificates and attributes has about 12 levels.
const MAX_DEPTH: u8 = 32;
/// Certificates and signers of one message. Their product is what a search among them costs.
pub const MAX_CERTIFICATES: usize = 64;

/// Why a message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CmsError {
    /// Not CMS SignedData, or not a time-stamp response, in DER or BER.
    #[error("not a signed message in DER or BER")]
    Form,
    /// More certificates or signers than [`MAX_CERTIFICATES`].
    #[error("more certificates or signers than any message has")]
    TooMany,
}

/// The certificates of the signers of a `ContentInfo` with SignedData: DER, in the order of the signers, none twice.
///
/// # Errors
/// [`CmsError`].
pub fn signers(message: &[u8]) -> Result<Vec<Vec<u8>>, CmsError> {
    let message = definite(message).ok_or(CmsError::Form)?;
    let mut file = Reader::new(&message);
    let content_info = file.sequence().ok_or(CmsError::Form)?;
    if !file.is_done() {
        return Err(CmsError::Form);
    }
    of_content_info(content_info)
}

/// The certificate of the authority that made a time stamp (RFC 3161 2.4.2), where the response carries it. A response
/// without a token is a refusal that nobody signed.
///
/// # Errors
/// [`CmsError`].
pub fn time_stampers(response: &[u8]) -> Result<Vec<Vec<u8>>, CmsError> {
    let response = definite(response).ok_or(CmsError::Form)?;
    let mut file = Reader::new(&response);
    let mut fields = file.sequence().ok_or(CmsError::Form)?;
    fields.sequence().ok_or(CmsError::Form)?;
    let token = fields.optional(tag::SEQUENCE).ok_or(CmsError::Form)?;
    if !fields.is_done() || !file.is_done() {
        return Err(CmsError::Form);
    }
    token.map_or_else(|| Ok(Vec::new()), |token| of_content_info(fields.inside(token)))
}

fn of_content_info(content_info: Reader<'_>) -> Result<Vec<Vec<u8>>, CmsError> {
    let parts = signed_data(content_info).ok_or(CmsError::Form)?;
    if parts.certificates.len() > MAX_CERTIFICATES || parts.signers.len() > MAX_CERTIFICATES {
        return Err(CmsError::TooMany);
    }
    let mut found: Vec<Vec<u8>> = Vec::new();
    for signer in &parts.signers {
        let named = parts
            .certificates
            .iter()
            .filter(|certificate| signer.names(certificate));
        for certificate in named {
            if found.iter().all(|known| known.as_slice() != *certificate) {
                found.push(certificate.to_vec());
            }
        }
    }
    Ok(found)
}

struct Parts<'a> {
    certificates: Vec<&'a [u8]>,
    signers: Vec<SignerId<'a>>,
}

/// How a `SignerInfo` names its certificate.
enum SignerId<'a> {
    IssuerAndSerial { issuer: &'a [u8], serial: &'a [u8] },
    KeyIdentifier(&'a [u8]),
}

/// `SignedData ::= SEQUENCE { version, digestAlgorithms SET, encapContentInfo, certificates [0], crls [1],
/// signerInfos SET }` within `ContentInfo ::= SEQUENCE { contentType, content [0] }`.
fn signed_data(mut content_info: Reader<'_>) -> Option<Parts<'_>> {
    let kind = content_info.expect(tag::OBJECT_IDENTIFIER)?;
    let content = content_info.expect(0xa0)?;
    let mut wrapper = content_info.inside(content);
    let mut fields = wrapper.sequence()?;
    if content_info.bytes(kind.content()) != SIGNED_DATA || !content_info.is_done() || !wrapper.is_done() {
        return None;
    }
    fields.expect(tag::INTEGER)?;
    fields.expect(tag::SET)?;
    fields.expect(tag::SEQUENCE)?;
    let mut certificates = Vec::new();
    if let Some(set) = fields.optional(0xa0)? {
        let mut set = fields.inside(set);
        while !set.is_done() {
            let choice = set.element()?;
            // The other choices are attribute certificates and older things that verify nothing.
            if choice.tag == tag::SEQUENCE {
                certificates.push(set.bytes(choice.whole()));
            }
        }
    }
    fields.optional(0xa1)?;
    let infos = fields.expect(tag::SET)?;
    let mut infos = fields.inside(infos);
    let mut signers = Vec::new();
    while !infos.is_done() {
        signers.push(signer_id(infos.sequence()?)?);
    }
    fields.is_done().then_some(Parts { certificates, signers })
}

fn signer_id(mut info: Reader<'_>) -> Option<SignerId<'_>> {
    info.expect(tag::INTEGER)?;
    let id = info.element()?;
    match id.tag {
        0x80 => Some(SignerId::KeyIdentifier(info.bytes(id.content()))),
        tag::SEQUENCE => {
            let mut fields = info.inside(id);
            let issuer = fields.expect(tag::SEQUENCE)?;
            let serial = fields.expect(tag::INTEGER)?;
            fields.is_done().then(|| SignerId::IssuerAndSerial {
                issuer: fields.bytes(issuer.whole()),
                serial: fields.bytes(serial.content()),
            })
        }
        _ => None,
    }
}

impl SignerId<'_> {
    fn names(&self, certificate: &[u8]) -> bool {
        match self {
            Self::IssuerAndSerial { issuer, serial } => {
                issuer_and_serial(certificate).is_some_and(|found| found == (*issuer, *serial))
            }
            Self::KeyIdentifier(identifier) => has_key_identifier(certificate, identifier),
        }
    }
}

fn issuer_and_serial(certificate: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut tbs = Reader::new(certificate).sequence()?.sequence()?;
    tbs.optional(0xa0)?;
    let serial = tbs.expect(tag::INTEGER)?;
    tbs.expect(tag::SEQUENCE)?;
    let issuer = tbs.expect(tag::SEQUENCE)?;
    Some((tbs.bytes(issuer.whole()), tbs.bytes(serial.content())))
}

fn has_key_identifier(certificate: &[u8], expect: &[u8]) -> bool {
    let mut slots = Vec::new();
    let Ok(layout) = certificate::index(certificate, &mut slots) else {
        return false;
    };
    let certificate = certificate::Certificate::new(certificate, &layout, &slots);
    certificate.extension(&SUBJECT_KEY_IDENTIFIER).any(|value| {
        let mut reader = Reader::new(value);
        let identifier = reader.expect(tag::OCTET_STRING);
        identifier.is_some_and(|it| reader.bytes(it.content()) == expect)
    })
}

/// The same with definite, minimal lengths: as it is where it is DER, else written anew.
fn definite(message: &[u8]) -> Option<Cow<'_, [u8]>> {
    if is_der(Reader::new(message), 0) {
        return Some(Cow::Borrowed(message));
    }
    let mut out = Vec::with_capacity(message.len());
    let rest = rewrite(message, &mut out, 0)?;
    rest.is_empty().then_some(Cow::Owned(out))
}

/// Is everything inside strict DER, as far as it is constructed?
fn is_der(mut reader: Reader<'_>, depth: u8) -> bool {
    while !reader.is_done() {
        match reader.element() {
            Some(element) if element.tag & 0x20 != 0 => {
                if depth >= MAX_DEPTH || !is_der(reader.inside(element), depth + 1) {
                    return false;
                }
            }
            Some(_) => {}
            None => return false,
        }
    }
    true
}

/// Copies one element of BER with a definite, minimal length and tells what is behind it.
fn rewrite<'a>(bytes: &'a [u8], out: &mut Vec<u8>, depth: u8) -> Option<&'a [u8]> {
    let (&tag, rest) = bytes.split_first()?;
    if tag & 0x1f == 0x1f || depth >= MAX_DEPTH {
        return None;
    }
    let constructed = tag & 0x20 != 0;
    let start = out.len();
    let behind = match length(rest)? {
        (Some(length), rest) => {
            let (content, behind) = rest.split_at_checked(length)?;
            if constructed {
                let mut content = content;
                while !content.is_empty() {
                    content = rewrite(content, out, depth + 1)?;
                }
            } else {
                out.extend_from_slice(content);
            }
            behind
        }
        (None, mut rest) if constructed => loop {
            if let Some(behind) = rest.strip_prefix(&[0, 0]) {
                break behind;
            }
            rest = rewrite(rest, out, depth + 1)?;
        },
        (None, _) => return None,
    };
    let header = header(tag, out.len() - start)?;
    out.splice(start..start, header);
    Some(behind)
}

/// A length of BER (X.690 8.1.3): `None` where it is indefinite; and what is behind it.
fn length(bytes: &[u8]) -> Option<(Option<usize>, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first <= 0x80 {
        return Some((Some(first).filter(|it| *it < 0x80).map(usize::from), rest));
    }
    let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    let fold = |sum: usize, digit: &u8| sum.checked_mul(256)?.checked_add(usize::from(*digit));
    let length = digits.iter().try_fold(0, fold)?;
    Some((Some(length), rest))
}

fn header(tag: u8, length: usize) -> Option<Vec<u8>> {
    Some(match u32::try_from(length).ok()?.to_be_bytes() {
        [0, 0, 0, short] if short < 0x80 => vec![tag, short],
        [0, 0, 0, a] => vec![tag, 0x81, a],
        [0, 0, a, b] => vec![tag, 0x82, a, b],
        [0, a, b, c] => vec![tag, 0x83, a, b, c],
        _ => return None,
    })
}
