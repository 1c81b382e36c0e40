//! Subject alternative names (RFC 5280 4.2.1.6): the identities that a certificate speaks for.
//!
//! Reading is strict about structure and text, tolerant about kinds: a name of a kind that holds no identity for
//! Sigstore is kept as [`San::Other`]. Text with NUL or other control characters, or that is no UTF-8, is refused,
//! since other readers may cut or show it differently (CVE-2009-2408 was such a NUL).

use core::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::der::{Element, Reader, tag};
use crate::fulcio;

/// 2.5.29.17, as DER content.
pub const SUBJECT_ALT_NAME: [u8; 3] = [0x55, 0x1d, 0x11];

/// One subject alternative name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum San<'a> {
    /// rfc822Name.
    Email(&'a str),
    /// uniformResourceIdentifier.
    Uri(&'a str),
    /// dNSName.
    Dns(&'a str),
    /// iPAddress.
    Ip(IpAddr),
    /// Fulcio's otherName (1.3.6.1.4.1.57264.1.7): a username.
    Username(&'a str),
    /// A kind in which Sigstore writes no identity: its tag, and its content.
    Other(u8, &'a [u8]),
}

/// The kinds of names, as findings write them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "described at San")]
pub enum SanKind {
    Email,
    Uri,
    Dns,
    Ip,
    Username,
    Other,
}

/// Why a subject alternative name was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SanError {
    /// Not a sequence of general names in DER, or an address of an impossible length.
    #[error("the subject alternative name is not well-formed")]
    Form,
    /// A text that is no UTF-8, or holds NUL or another control character.
    #[error("a subject alternative name holds text that is no UTF-8, or control characters")]
    Text,
}

impl San<'_> {
    /// The kind.
    pub fn kind(&self) -> SanKind {
        match self {
            Self::Email(_) => SanKind::Email,
            Self::Uri(_) => SanKind::Uri,
            Self::Dns(_) => SanKind::Dns,
            Self::Ip(_) => SanKind::Ip,
            Self::Username(_) => SanKind::Username,
            Self::Other(..) => SanKind::Other,
        }
    }
}

/// Hands every name of a SAN extension's value to `each`, in order.
///
/// # Errors
/// [`SanError`] at the first name that is refused; `each` may have seen those before it.
pub fn for_each<'a>(value: &'a [u8], mut each: impl FnMut(San<'a>)) -> Result<(), SanError> {
    let mut outer = Reader::new(value);
    let mut names = outer.sequence().ok_or(SanError::Form)?;
    if !outer.is_done() {
        return Err(SanError::Form);
    }
    while !names.is_done() {
        let name = names.element().ok_or(SanError::Form)?;
        each(read(&names, name)?);
    }
    Ok(())
}

fn read<'a>(names: &Reader<'a>, name: Element) -> Result<San<'a>, SanError> {
    let content = names.bytes(name.content());
    match name.tag {
        0x81 => Ok(San::Email(text(content)?)),
        0x82 => Ok(San::Dns(text(content)?)),
        0x86 => Ok(San::Uri(text(content)?)),
        0x87 => address(content).map(San::Ip),
        0xa0 => other_name(names, name),
        0xa3..=0xa5 | 0x88 => Ok(San::Other(name.tag, content)),
        _ => Err(SanError::Form),
    }
}

/// `OtherName ::= SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY }`, tagged \[0\] implicitly.
fn other_name<'a>(names: &Reader<'a>, name: Element) -> Result<San<'a>, SanError> {
    let mut fields = names.inside(name);
    let type_id = fields.expect(tag::OBJECT_IDENTIFIER).ok_or(SanError::Form)?;
    let wrapper = fields.expect(0xa0).ok_or(SanError::Form)?;
    let mut inner = fields.inside(wrapper);
    let value = inner.element().ok_or(SanError::Form)?;
    if !fields.is_done() || !inner.is_done() {
        return Err(SanError::Form);
    }
    if fulcio::number_of(fields.bytes(type_id.content())) != Some(fulcio::OTHER_NAME) {
        return Ok(San::Other(name.tag, names.bytes(name.content())));
    }
    if value.tag != tag::UTF8_STRING {
        return Err(SanError::Form);
    }
    Ok(San::Username(text(inner.bytes(value.content()))?))
}

/// RFC 5280 asks for ASCII; UTF-8 occurs and is unambiguous, so only what could mislead is refused.
fn text(content: &[u8]) -> Result<&str, SanError> {
    let text = str::from_utf8(content).map_err(|_| SanError::Text)?;
    // One pass without branches for the usual case.
    let odd = content
        .iter()
        .fold(false, |odd, byte| odd | !(0x20..0x7f).contains(byte));
    if odd && text.chars().any(char::is_control) {
        Err(SanError::Text)
    } else {
        Ok(text)
    }
}

fn address(content: &[u8]) -> Result<IpAddr, SanError> {
    let v4 = <[u8; 4]>::try_from(content).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(content).map(IpAddr::from))
        .map_err(|_| SanError::Form)
}

#[cfg(test)]
mod tests {
    use super::{San, SanError, for_each};

    fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    #[track_caller]
    fn check(names: &[u8], expect: Result<&[San<'_>], SanError>) {
        let value = wrap(0x30, names);
        let mut found = Vec::new();
        let outcome = for_each(&value, |san| found.push(san));
        assert_eq!(outcome.map(|()| found), expect.map(<[San<'_>]>::to_vec));
    }

    #[test]
    fn reads_every_kind() {
        check(&wrap(0x81, b"a@b.c"), Ok(&[San::Email("a@b.c")]));
        check(&wrap(0x86, b"https://b.c"), Ok(&[San::Uri("https://b.c")]));
        check(
            &wrap(0x82, "bücher.example".as_bytes()),
            Ok(&[San::Dns("bücher.example")]),
        );
        check(&wrap(0x87, &[192, 0, 2, 1]), Ok(&[San::Ip([192, 0, 2, 1].into())]));
        check(&wrap(0x87, &[0; 16]), Ok(&[San::Ip([0u8; 16].into())]));
        check(&wrap(0x88, &[0x2a]), Ok(&[San::Other(0x88, &[0x2a])]));
        check(&[], Ok(&[]));
        let two = [wrap(0x81, b"a@b"), wrap(0x82, b"c")].concat();
        check(&two, Ok(&[San::Email("a@b"), San::Dns("c")]));
    }

    fn other(number: u8, tag: u8, text: &[u8]) -> Vec<u8> {
        let type_id = wrap(0x06, &crate::fulcio::oid_content(number));
        wrap(0xa0, &[type_id, wrap(0xa0, &wrap(tag, text))].concat())
    }

    #[test]
    fn reads_fulcios_username() {
        check(&other(7, 0x0c, b"alice!example"), Ok(&[San::Username("alice!example")]));
        check(&other(7, 0x16, b"alice"), Err(SanError::Form));
        check(&other(7, 0x0c, b"al\0ice"), Err(SanError::Text));
        let unknown = other(9, 0x0c, b"alice");
        check(&unknown, Ok(&[San::Other(0xa0, &unknown[2..])]));
    }

    #[test]
    fn refuses_what_could_mislead() {
        for text in [
            &b"a@b.c\0.evil"[..],
            b"\0",
            b"a\n",
            b"a\x1b[31m",
            b"a\x7f",
            b"\xff",
            b"a\xc2\x85",
            b"\xc0\x80",
        ] {
            for tag in [0x81, 0x82, 0x86] {
                check(&wrap(tag, text), Err(SanError::Text));
            }
        }
        check(&wrap(0x87, &[1, 2, 3]), Err(SanError::Form));
        check(&wrap(0x0c, b"a"), Err(SanError::Form));
        check(&wrap(0x89, b"a"), Err(SanError::Form));
        check(&[0x81, 5, b'a'], Err(SanError::Form));
        assert_eq!(for_each(&[0x30, 0, 0], |_| ()), Err(SanError::Form));
        assert_eq!(for_each(&[0x31, 0], |_| ()), Err(SanError::Form));
        assert_eq!(for_each(&[], |_| ()), Err(SanError::Form));
    }
}
