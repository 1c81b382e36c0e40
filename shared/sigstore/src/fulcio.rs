//! The names of Fulcio's certificate extensions, and how their values are written.
//!
//! Numbers and names follow Fulcio's `docs/oid-info.md`. Extensions 1 to 6 hold raw bytes, those from 8 on a DER
//! UTF8String; 7 is no extension but the type of an OtherName (see [`crate::san`]).

use crate::der::{Reader, tag};
use crate::hex;
use crate::oid::Oid;

/// The arc 1.3.6.1.4.1.57264.1, as DER content.
pub const ARC: [u8; 9] = [0x2b, 0x06, 0x01, 0x04, 0x01, 0x83, 0xbf, 0x30, 0x01];
/// The number of the issuer extension that is a UTF8String.
pub const ISSUER: u8 = 8;
/// The number of the older issuer extension, of raw bytes.
pub const ISSUER_RAW: u8 = 1;
/// The number of the OtherName type in a SAN.
pub const OTHER_NAME: u8 = 7;

/// Every named extension with its number within [`ARC`]. `issuer` is 8; [`name_of`] knows 1 by the same name.
pub const NAMES: [(u8, &str); 22] = [
    (2, "github-workflow-trigger"),
    (3, "github-workflow-sha"),
    (4, "github-workflow-name"),
    (5, "github-workflow-repository"),
    (6, "github-workflow-ref"),
    (8, "issuer"),
    (9, "build-signer-uri"),
    (10, "build-signer-digest"),
    (11, "runner-environment"),
    (12, "source-repository-uri"),
    (13, "source-repository-digest"),
    (14, "source-repository-ref"),
    (15, "source-repository-identifier"),
    (16, "source-repository-owner-uri"),
    (17, "source-repository-owner-identifier"),
    (18, "build-config-uri"),
    (19, "build-config-digest"),
    (20, "build-trigger"),
    (21, "run-invocation-uri"),
    (22, "source-repository-visibility-at-signing"),
    (23, "deployment-environment"),
    (24, "token-subject"),
];

/// The identifier of extension `number`, as DER content.
pub fn oid_content(number: u8) -> [u8; 10] {
    let [a, b, c, d, e, f, g, h, i] = ARC;
    [a, b, c, d, e, f, g, h, i, number & 0x7f]
}

/// The number within the arc of an identifier's content, if it is one of Fulcio's.
pub fn number_of(oid_content: &[u8]) -> Option<u8> {
    match oid_content.strip_prefix(&ARC) {
        Some(&[number]) if number < 0x80 => Some(number),
        _ => None,
    }
}

/// The name of extension `number`.
pub fn name_of(number: u8) -> Option<&'static str> {
    let number = if number == ISSUER_RAW { ISSUER } else { number };
    NAMES.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

/// The identifier of the extension with this name.
pub fn oid_of(name: &str) -> Option<Oid> {
    let (number, _) = NAMES.iter().find(|(_, known)| *known == name)?;
    Oid::from_der_content(&oid_content(*number)).ok()
}

/// Hands `f` the value of an extension as text: the raw text of Fulcio's first six; else the text of a DER
/// UTF8String, IA5String or PrintableString; else the bytes, if they are printable ASCII; else lower hex.
pub fn with_text<R>(oid_content: &[u8], value: &[u8], f: impl FnOnce(&str) -> R) -> R {
    let raw = matches!(number_of(oid_content), Some(1..=6));
    let text = if raw {
        without_controls(value)
    } else {
        der_text(value).or_else(|| printable_ascii(value))
    };
    match text {
        Some(text) => f(text),
        None => f(&hex::lower(value)),
    }
}

fn der_text(value: &[u8]) -> Option<&str> {
    let mut reader = Reader::new(value);
    let element = reader.element()?;
    let is_text = matches!(element.tag, tag::UTF8_STRING | tag::IA5_STRING | tag::PRINTABLE_STRING);
    if !is_text || !reader.is_done() {
        return None;
    }
    str::from_utf8(reader.bytes(element.content())).ok()
}

/// Workflows may be named in any script.
fn without_controls(value: &[u8]) -> Option<&str> {
    str::from_utf8(value)
        .ok()
        .filter(|text| !text.chars().any(char::is_control))
}

/// Where no text is promised, a hash or a number may be UTF-8 by chance: only ASCII counts.
fn printable_ascii(value: &[u8]) -> Option<&str> {
    without_controls(value).filter(|text| text.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::{NAMES, name_of, number_of, oid_content, oid_of, with_text};

    #[test]
    fn names_and_identifiers_agree() {
        for (number, name) in NAMES {
            let oid = oid_of(name).unwrap();
            assert_eq!(oid.to_string(), format!("1.3.6.1.4.1.57264.1.{number}"));
            assert_eq!(number_of(oid.as_bytes()), Some(number));
            assert_eq!(name_of(number), Some(name));
        }
        assert_eq!(name_of(1), Some("issuer"));
        assert_eq!((name_of(7), name_of(0), name_of(25)), (None, None, None));
        assert_eq!(oid_of("Issuer"), None);
    }

    #[track_caller]
    fn check(number: u8, value: &[u8], expect: &str) {
        with_text(&oid_content(number), value, |text| assert_eq!(text, expect));
    }

    #[test]
    fn values_become_text() {
        check(2, b"push", "push");
        check(2, b"", "");
        check(2, b"\x0c\x04push", "0c0470757368");
        check(8, b"\x0c\x04push", "push");
        check(8, b"\x0c\x00", "");
        check(8, b"\x16\x04push", "push");
        check(8, b"\x13\x04push", "push");
        check(8, b"\x0c\x04push!", "0c047075736821");
        check(8, b"\x0c\x03push", "0c0370757368");
        check(8, b"\x0c\x01\xff", "0c01ff");
        check(8, b"\x04\x04push", "040470757368");
        check(8, b"push", "push");
        check(8, b"pu\nsh", "70750a7368");
        check(99, b"plain text", "plain text");
        check(99, "é".as_bytes(), "c3a9");
        check(4, "é".as_bytes(), "é");
        check(4, b"\xff", "ff");
    }
}
