//! The parts of a certificate that its chain depends on (RFC 5280 4.1): what is signed, how, by whom, and for when.
//!
//! A second walk over what [`crate::certificate::index`] has walked, and stricter: that one keeps what rules ask of every entry,
//! this one is made for the few that a rule matched. What it cannot read it refuses as a whole.

use time::{Date, Month};

use super::signature::Scheme;
use crate::der::{Element, Reader, tag};
use crate::timestamp::Timestamp;

/// Fulcio writes about 30. Comparing each with each stays cheap.
const MAX_EXTENSIONS: usize = 256;

/// What stands in one certificate, by reference.
pub(crate) struct Parts<'a> {
    /// The TBSCertificate, header included: what the issuer signed.
    pub(crate) signed: &'a [u8],
    pub(crate) scheme: Scheme,
    pub(crate) signature: &'a [u8],
    /// Distinguished names, headers included.
    pub(crate) issuer: &'a [u8],
    pub(crate) subject: &'a [u8],
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) spki: &'a [u8],
    /// The TBSCertificate's content up to its extensions.
    pub(crate) before_extensions: &'a [u8],
    pub(crate) extensions: Vec<Extension<'a>>,
}

/// One extension.
#[derive(Clone, Copy)]
pub(crate) struct Extension<'a> {
    /// Its identifier's content.
    pub(crate) oid: &'a [u8],
    pub(crate) critical: bool,
    /// The content of its OCTET STRING.
    pub(crate) value: &'a [u8],
    /// All of it, header included.
    pub(crate) whole: &'a [u8],
}

impl<'a> Parts<'a> {
    /// The parts of the one certificate that fills `der`. `None` when anything is out of order.
    pub(crate) fn read(der: &'a [u8]) -> Option<Self> {
        let mut file = Reader::new(der);
        let mut certificate = file.sequence()?;
        let signed = certificate.expect(tag::SEQUENCE)?;
        let mut algorithm = certificate;
        let named = whole(&mut certificate)?;
        // A signature has whole octets: no unused bits.
        let (&unused, signature) = bit_string(&mut certificate)?.split_first()?;
        if unused != 0 || !certificate.is_done() || !file.is_done() {
            return None;
        }
        let mut tbs = certificate.inside(signed);
        tbs.optional(0xa0)?; // version
        tbs.expect(tag::INTEGER)?; // serialNumber
        // RFC 5280 4.1.1.2: the algorithm that is not signed must be the one that is.
        if whole(&mut tbs)? != named {
            return None;
        }
        let issuer = whole(&mut tbs)?;
        let (not_before, not_after) = validity(tbs.sequence()?)?;
        let subject = whole(&mut tbs)?;
        let key = tbs.expect(tag::SEQUENCE)?;
        let mut end = key.to;
        for unique_id in [0x81, 0x82] {
            end = tbs.optional(unique_id)?.map_or(end, |it| it.to);
        }
        let extensions = match tbs.optional(0xa3)? {
            Some(wrapper) => extensions(tbs.inside(wrapper))?,
            None => Vec::new(),
        };
        tbs.is_done().then_some(Self {
            signed: file.bytes(signed.whole()),
            scheme: Scheme::of(algorithm.sequence()?)?,
            signature,
            issuer,
            subject,
            not_before,
            not_after,
            spki: file.bytes(key.whole()),
            before_extensions: file.bytes(signed.from..end),
            extensions,
        })
    }

    /// The value of the extension with this identifier.
    pub(crate) fn extension(&self, oid: &[u8]) -> Option<&'a [u8]> {
        let found = self.extensions.iter().find(|extension| extension.oid == oid);
        found.map(|extension| extension.value)
    }

    /// Issued by one of the same name: a root, or a CA that changes its key.
    pub(crate) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }
}

fn extensions<'a>(mut wrapper: Reader<'a>) -> Option<Vec<Extension<'a>>> {
    let mut list = wrapper.sequence()?;
    let mut extensions = Vec::new();
    while !list.is_done() && extensions.len() < MAX_EXTENSIONS {
        let whole = list.expect(tag::SEQUENCE)?;
        extensions.push(extension(list.inside(whole), list.bytes(whole.whole()))?);
    }
    (list.is_done() && wrapper.is_done()).then_some(extensions)
}

fn extension<'a>(mut reader: Reader<'a>, whole: &'a [u8]) -> Option<Extension<'a>> {
    let oid = reader.expect(tag::OBJECT_IDENTIFIER)?;
    let critical = match reader.optional(tag::BOOLEAN)? {
        None => false,
        // Any value but zero is true (X.690 8.2.2): what might be critical counts as critical.
        Some(value) => reader.bytes(value.content()) != [0],
    };
    let value = reader.expect(tag::OCTET_STRING)?;
    reader.is_done().then(|| Extension {
        oid: reader.bytes(oid.content()),
        critical,
        value: reader.bytes(value.content()),
        whole,
    })
}

/// A SEQUENCE, header included.
fn whole<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let element = reader.expect(tag::SEQUENCE)?;
    Some(reader.bytes(element.whole()))
}

fn bit_string<'a>(reader: &mut Reader<'a>) -> Option<&'a [u8]> {
    let element = reader.expect(tag::BIT_STRING)?;
    Some(reader.bytes(element.content()))
}

fn validity(mut reader: Reader<'_>) -> Option<(Timestamp, Timestamp)> {
    let both = (moment(&mut reader)?, moment(&mut reader)?);
    reader.is_done().then_some(both)
}

fn moment(validity: &mut Reader<'_>) -> Option<Timestamp> {
    let element = validity.element()?;
    time_of(element, validity.bytes(element.content()))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` (RFC 5280 4.1.2.5).
fn time_of(element: Element, text: &[u8]) -> Option<Timestamp> {
    let (year, rest) = match element.tag {
        tag::UTC_TIME => digits(text, 2).map(|(year, rest)| (year + if year < 50 { 2000 } else { 1900 }, rest))?,
        tag::GENERALIZED_TIME => digits(text, 4)?,
        _ => return None,
    };
    let (month, rest) = two(rest)?;
    let (day, rest) = two(rest)?;
    let (hour, rest) = two(rest)?;
    let (minute, rest) = two(rest)?;
    let (second, rest) = two(rest)?;
    if rest != b"Z" {
        return None;
    }
    let date = Date::from_calendar_date(i32::from(year), Month::try_from(month).ok()?, day).ok()?;
    let moment = date.with_hms(hour, minute, second).ok()?.assume_utc();
    Some(Timestamp::from_unix(moment.unix_timestamp()))
}

fn two(text: &[u8]) -> Option<(u8, &[u8])> {
    let (number, rest) = digits(text, 2)?;
    Some((u8::try_from(number).ok()?, rest))
}

/// A number of exactly `count` decimal digits, at most 4.
fn digits(text: &[u8], count: usize) -> Option<(u16, &[u8])> {
    let (number, rest) = text.split_at_checked(count)?;
    let number = number.iter().try_fold(0_u16, |sum, digit| {
        let digit = digit.is_ascii_digit().then(|| u16::from(digit - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    });
    Some((number?, rest))
}

#[cfg(test)]
mod tests {
    use super::time_of;
    use crate::der::{Element, tag};

    #[track_caller]
    fn check(tag: u8, text: &str, expect: Option<&str>) {
        let element = Element {
            tag,
            start: 0,
            from: 2,
            to: 2 + text.len(),
        };
        let found = time_of(element, text.as_bytes()).map(|moment| moment.to_string());
        assert_eq!(found.as_deref(), expect, "{text}");
    }

    #[test]
    fn times_have_one_form_each() {
        check(tag::UTC_TIME, "240229235959Z", Some("2024-02-29T23:59:59Z"));
        check(tag::UTC_TIME, "491231235959Z", Some("2049-12-31T23:59:59Z"));
        check(tag::UTC_TIME, "500101000000Z", Some("1950-01-01T00:00:00Z"));
        check(tag::GENERALIZED_TIME, "20500101000000Z", Some("2050-01-01T00:00:00Z"));
        check(tag::GENERALIZED_TIME, "99991231235959Z", Some("9999-12-31T23:59:59Z"));
        for text in [
            "",
            "2402292359Z",
            "240229235959",
            "240229235959z",
            "240230235959Z",
            "241329235959Z",
            "240229245959Z",
            "240229235960Z",
            "24022923595 Z",
            "240229235959+0000",
            "240229235959Z0",
            "20240229235959Z",
        ] {
            check(tag::UTC_TIME, text, None);
        }
        for text in ["240229235959Z", "20240229235959.5Z", "-0240229235959Z"] {
            check(tag::GENERALIZED_TIME, text, None);
        }
        check(tag::INTEGER, "240229235959Z", None);
    }
}
