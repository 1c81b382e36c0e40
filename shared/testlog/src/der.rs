//! Writes the little DER (ITU-T X.690) that keys, signatures and certificates need.
//!
//! It writes and never reads. What it is given is believed: a caller that wants a broken certificate hands in
//! broken content.

use alloc::vec::Vec;

/// UTF8String, in universal class.
pub const UTF8_STRING: u8 = 0x0C;
/// SEQUENCE, constructed.
pub const SEQUENCE: u8 = 0x30;
/// SET, constructed.
pub const SET: u8 = 0x31;

/// One value: its tag, the length of its content in the shortest form, its content.
pub fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    push_length(&mut out, content.len());
    out.extend_from_slice(content);
    out
}

/// A SEQUENCE of values that are written already.
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    value(SEQUENCE, &parts.concat())
}

/// An INTEGER that is not negative, from its big-endian magnitude.
pub fn unsigned(magnitude: &[u8]) -> Vec<u8> {
    let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
    let significant = magnitude.get(zeros..).unwrap_or_default();
    let mut content = Vec::with_capacity(significant.len() + 1);
    if significant.first().is_none_or(|byte| byte & 0x80 != 0) {
        content.push(0);
    }
    content.extend_from_slice(significant);
    value(0x02, &content)
}

/// An OBJECT IDENTIFIER from its arcs: the first two share an octet (X.690, 8.19.4).
pub fn oid(arcs: &[u64]) -> Vec<u8> {
    let mut content = Vec::with_capacity(arcs.len() * 2);
    let (head, tail) = arcs.split_at(arcs.len().min(2));
    let first = head
        .iter()
        .fold(0_u64, |sum, arc| sum.saturating_mul(40).saturating_add(*arc));
    push_base128(&mut content, first);
    for arc in tail {
        push_base128(&mut content, *arc);
    }
    value(0x06, &content)
}

/// A BIT STRING of whole octets.
pub fn bit_string(bytes: &[u8]) -> Vec<u8> {
    value(0x03, &[&[0], bytes].concat())
}

/// An OCTET STRING.
pub fn octet_string(bytes: &[u8]) -> Vec<u8> {
    value(0x04, bytes)
}

/// A moment as X.509 wants it: UTCTime before 2050, GeneralizedTime from then on (RFC 5280, 4.1.2.5).
pub fn time(unix_secs: u64) -> Vec<u8> {
    let (year, month, day) = civil(unix_secs / 86_400);
    let second = unix_secs % 86_400;
    let rest = alloc::format!(
        "{month:02}{day:02}{:02}{:02}{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    if year < 2050 {
        value(0x17, alloc::format!("{:02}{rest}", year % 100).as_bytes())
    } else {
        value(0x18, alloc::format!("{year:04}{rest}").as_bytes())
    }
}

fn push_length(out: &mut Vec<u8>, length: usize) {
    let bytes = length.to_be_bytes();
    let significant = bytes.iter().skip_while(|byte| **byte == 0).copied();
    let count = significant.clone().count();
    if length >= 0x80 {
        out.push(0x80 | u8::try_from(count).unwrap_or_default());
    } else if count == 0 {
        out.push(0);
    }
    out.extend(significant);
}

fn push_base128(out: &mut Vec<u8>, number: u64) {
    let mut shift = 63;
    while shift > 0 && number >> shift == 0 {
        shift -= 7;
    }
    while shift > 0 {
        out.push(low7(number >> shift) | 0x80);
        shift -= 7;
    }
    out.push(low7(number));
}

fn low7(number: u64) -> u8 {
    u8::try_from(number & 0x7F).unwrap_or_default()
}

/// Year, month and day of a day counted from 1970-01-01: Howard Hinnant's `civil_from_days`, for days that are
/// not negative.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_in_the_shortest_form() {
        let header = |length: usize| value(0x04, &alloc::vec![0; length])[..4].to_vec();
        assert_eq!(value(0x04, &[]), [0x04, 0]);
        assert_eq!(header(0x7F)[..2], [0x04, 0x7F]);
        assert_eq!(header(0x80)[..3], [0x04, 0x81, 0x80]);
        assert_eq!(header(0x1234)[..4], [0x04, 0x82, 0x12, 0x34]);
    }

    #[test]
    fn integers_keep_their_sign_bit_clear() {
        assert_eq!(unsigned(&[]), [2, 1, 0]);
        assert_eq!(unsigned(&[0, 0, 5]), [2, 1, 5]);
        assert_eq!(unsigned(&[0x80]), [2, 2, 0, 0x80]);
    }

    #[test]
    fn object_identifiers_as_in_the_standard() {
        assert_eq!(oid(&[2, 999, 3]), [0x06, 3, 0x88, 0x37, 3]);
        assert_eq!(
            oid(&[1, 2, 840, 10045, 2, 1]),
            [0x06, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1]
        );
    }

    #[test]
    fn times_change_their_form_in_2050() {
        assert_eq!(time(0)[2..], *b"700101000000Z");
        assert_eq!(time(951_782_399)[2..], *b"000228235959Z");
        assert_eq!(time(951_782_400)[2..], *b"000229000000Z");
        assert_eq!(time(2_524_607_999), [&[0x17, 13], &b"491231235959Z"[..]].concat());
        assert_eq!(time(2_524_608_000), [&[0x18, 15], &b"20500101000000Z"[..]].concat());
    }
}
