//! Object identifiers: the content bytes of DER, and the dotted form that people write.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// More than any registered identifier needs; a dotted text from a configuration cannot grow past it.
pub const MAX_OID_BYTES: usize = 128;

/// An object identifier, held as DER writes its content (X.690 8.19). Compared byte by byte, written dotted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(Box<[u8]>);

/// The text is no object identifier such as `1.3.6.1.4.1.57264.1.8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an object identifier such as 1.3.6.1.4.1.57264.1.8")]
pub struct NotAnOid;

impl Oid {
    /// The identifier with these content bytes.
    ///
    /// # Errors
    /// [`NotAnOid`] when they are empty, too many, cut within an arc, or pad an arc.
    pub fn from_der_content(content: &[u8]) -> Result<Self, NotAnOid> {
        if content.len() <= MAX_OID_BYTES && is_well_formed(content) {
            Ok(Self(content.into()))
        } else {
            Err(NotAnOid)
        }
    }

    /// The content bytes, without tag and length.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Are these the content bytes of an identifier: at least one arc, none cut, none padded (X.690 8.19.2)?
pub fn is_well_formed(content: &[u8]) -> bool {
    let mut starts_arc = true;
    for &byte in content {
        if starts_arc && byte == 0x80 {
            return false;
        }
        starts_arc = byte < 0x80;
    }
    starts_arc && !content.is_empty()
}

/// Content bytes as dotted text. An arc of more than 128 bits, which nobody registers, is written as `…`.
pub fn dotted(content: &[u8]) -> String {
    let mut out = String::new();
    let mut arc = Some(0u128);
    for &byte in content {
        arc = arc
            .filter(|value| value.leading_zeros() >= 7)
            .map(|value| value << 7 | u128::from(byte & 0x7f));
        if byte < 0x80 {
            push_arc(&mut out, arc);
            arc = Some(0);
        }
    }
    out
}

fn push_arc(out: &mut String, arc: Option<u128>) {
    let first = out.is_empty();
    let text = match (arc, first) {
        (None, true) => "2.…".to_owned(),
        (None, false) => ".…".to_owned(),
        // The first two arcs share one number (X.690 8.19.4).
        (Some(value), true) => {
            let root = (value / 40).min(2);
            format!("{root}.{}", value - root * 40)
        }
        (Some(value), false) => format!(".{value}"),
    };
    out.push_str(&text);
}

impl FromStr for Oid {
    type Err = NotAnOid;

    fn from_str(text: &str) -> Result<Self, NotAnOid> {
        let mut arcs = text.split('.').map(arc);
        let (Some(Some(root)), Some(Some(second))) = (arcs.next(), arcs.next()) else {
            return Err(NotAnOid);
        };
        if root > 2 || (root < 2 && second > 39) {
            return Err(NotAnOid);
        }
        let mut content = Vec::new();
        push_base128(&mut content, (root * 40).checked_add(second).ok_or(NotAnOid)?);
        for arc in arcs {
            push_base128(&mut content, arc.ok_or(NotAnOid)?);
        }
        Self::from_der_content(&content)
    }
}

/// A decimal arc with one way to write it.
fn arc(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

fn push_base128(content: &mut Vec<u8>, value: u64) {
    let septets = (64 - value.leading_zeros()).div_ceil(7).max(1);
    for place in (0..septets).rev() {
        let [.., septet] = (value >> (place * 7)).to_be_bytes();
        content.push(septet & 0x7f | if place > 0 { 0x80 } else { 0 });
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&dotted(&self.0))
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Oid({self})")
    }
}

impl Serialize for Oid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Oid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{NotAnOid, Oid, dotted};

    #[track_caller]
    fn check(text: &str, content: &[u8]) {
        let oid: Oid = text.parse().unwrap();
        assert_eq!(oid.as_bytes(), content);
        assert_eq!(oid.to_string(), text);
    }

    #[test]
    fn reads_and_writes_dotted_text() {
        check("1.3.6.1.4.1.57264.1.8", &[0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1, 8]);
        check("2.5.29.17", &[0x55, 0x1d, 0x11]);
        check("2.999.3", &[0x88, 0x37, 3]);
        check("0.0", &[0]);
        check("1.2.840.113549.1.9.1", &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1]);
    }

    #[test]
    fn refuses_what_is_no_identifier() {
        for text in [
            "", "1", "1.", ".1", "3.1", "1.40", "1.2.03", "1.2.x", "1.2.-3", "1.2.+3", "1.2..3", "san",
        ] {
            assert_eq!(text.parse::<Oid>(), Err(NotAnOid), "{text}");
        }
        assert_eq!(format!("1.2{}", ".1".repeat(200)).parse::<Oid>(), Err(NotAnOid));
        for content in [&[][..], &[0x2b, 0x83], &[0x2b, 0x80, 0x01]] {
            assert_eq!(Oid::from_der_content(content), Err(NotAnOid));
        }
    }

    #[test]
    fn an_absurd_arc_is_written_short() {
        let content = [&[0x2b][..], &[0xff; 40], &[0x7f, 1]].concat();
        assert_eq!(dotted(&content), "1.3.….1");
    }
}
