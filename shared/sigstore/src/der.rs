//! A strict reader of DER (X.690): definite, minimal lengths and one-byte tags, every element within its parent.
//!
//! It knows positions, not meanings. What it refuses may still be BER, or DER with tags that no certificate uses;
//! the caller decides what a refusal means.

use std::ops::Range;

/// Tags (X.690 8.1.2) as certificates use them.
pub mod tag {
    #![allow(missing_docs, reason = "the names are those of X.680")]
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const OBJECT_IDENTIFIER: u8 = 0x06;
    pub const UTF8_STRING: u8 = 0x0c;
    pub const PRINTABLE_STRING: u8 = 0x13;
    pub const IA5_STRING: u8 = 0x16;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;
}

/// One element: its tag, and where its content lies in the bytes it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    /// The identifier octet.
    pub tag: u8,
    /// Where the whole element begins.
    pub start: usize,
    /// Where its content begins.
    pub from: usize,
    /// Where its content, and so the element, ends.
    pub to: usize,
}

impl Element {
    /// The content's place.
    pub fn content(&self) -> Range<usize> {
        self.from..self.to
    }

    /// The whole element's place, header included.
    pub fn whole(&self) -> Range<usize> {
        self.start..self.to
    }
}

/// Reads the elements of `der[at..end]`, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    der: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    /// Reads all of `der`.
    pub fn new(der: &'a [u8]) -> Self {
        Self {
            der,
            at: 0,
            end: der.len(),
        }
    }

    /// Reads what is inside `element`, which must come from the same bytes.
    pub fn inside(&self, element: Element) -> Self {
        Self {
            der: self.der,
            at: element.from,
            end: element.to.min(self.der.len()),
        }
    }

    /// Is everything read?
    pub fn is_done(&self) -> bool {
        self.at >= self.end
    }

    /// The bytes of a place, empty when it lies outside.
    pub fn bytes(&self, place: Range<usize>) -> &'a [u8] {
        self.der.get(place).unwrap_or_default()
    }

    /// The next element of any tag. `None`: nothing is left, or it is not strict DER.
    #[inline]
    pub fn element(&mut self) -> Option<Element> {
        let start = self.at;
        let rest = self.der.get(start..self.end)?;
        let (&tag, rest) = rest.split_first()?;
        // High tag numbers take several bytes; nothing in a certificate has one.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, header) = length(rest)?;
        let from = start.checked_add(header)?;
        let to = from.checked_add(length)?;
        if to > self.end {
            return None;
        }
        self.at = to;
        Some(Element { tag, start, from, to })
    }

    /// The next element, which must have `tag`.
    #[inline]
    pub fn expect(&mut self, tag: u8) -> Option<Element> {
        self.element().filter(|element| element.tag == tag)
    }

    /// The next element if it has `tag`; nothing is read otherwise.
    #[inline]
    pub fn optional(&mut self, tag: u8) -> Option<Option<Element>> {
        match self.der.get(self.at) {
            Some(&next) if next == tag && self.at < self.end => self.element().map(Some),
            _ => Some(None),
        }
    }

    /// A reader of the next element, which must be a SEQUENCE.
    #[inline]
    pub fn sequence(&mut self) -> Option<Self> {
        let element = self.expect(tag::SEQUENCE)?;
        Some(self.inside(element))
    }
}

/// Length octets (X.690 10.1: definite, as few as possible): the length, and the size of tag and length together.
#[inline]
fn length(rest: &[u8]) -> Option<(usize, usize)> {
    match *rest {
        [short, ..] if short < 0x80 => Some((usize::from(short), 2)),
        [0x81, a, ..] if a >= 0x80 => Some((usize::from(a), 3)),
        [0x82, a, b, ..] if a > 0 => Some((usize::from(u16::from_be_bytes([a, b])), 4)),
        // Four bytes and more mean over 16 MiB, beyond any leaf.
        [0x83, a, b, c, ..] if a > 0 => Some((usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?, 5)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Element, Reader, tag};

    #[track_caller]
    fn check(der: &[u8], expect: impl Into<Option<(u8, std::ops::Range<usize>)>>) {
        let expect = expect.into();
        let found = Reader::new(der).element().map(|e: Element| (e.tag, e.content()));
        assert_eq!(found, expect, "{der:02x?}");
    }

    #[test]
    fn reads_minimal_definite_lengths_and_nothing_else() {
        check(&[0x04, 0], Some((0x04, 2..2)));
        check(&[0x04, 2, 1, 2, 9], Some((0x04, 2..4)));
        check(&[0x04, 3, 1, 2], None);
        check(&[0x04, 0x80, 0, 0], None);
        check(&[0x04, 0x81, 0x7f], None);
        check(&[0x04, 0x81], None);
        check(&[], None);
        check(&[0x04], None);
        check(&[0x1f, 0x01, 0], None);
        check(&[0x04, 0x84, 0, 0, 0, 1, 7], None);
        check(&[0x04, 0xff, 1], None);
    }

    #[test]
    fn reads_each_length_form_at_its_edges() {
        for (header, length) in [
            (vec![4, 0x7f], 0x7f),
            (vec![4, 0x81, 0x80], 0x80),
            (vec![4, 0x81, 0xff], 0xff),
            (vec![4, 0x82, 1, 0], 0x100),
            (vec![4, 0x82, 0xff, 0xff], 0xffff),
            (vec![4, 0x83, 1, 0, 0], 0x1_0000),
        ] {
            let from = header.len();
            let mut der = header;
            der.resize(from + length, 7);
            check(&der, Some((4, from..from + length)));
            der.pop();
            check(&der, None);
        }
        check(&[&[4u8, 0x82, 0, 0xff][..], &[7; 255]].concat(), None);
        check(&[&[4u8, 0x83, 0, 0xff, 0xff][..], &[7; 0xffff]].concat(), None);
    }

    #[test]
    fn a_child_cannot_reach_beyond_its_parent() {
        let der = [0x30, 2, 0x04, 2, 1, 2];
        let mut outer = Reader::new(&der);
        let mut inner = outer.sequence().unwrap();
        assert_eq!(inner.element(), None);
        assert!(!outer.is_done());
        assert_eq!(outer.element(), None);
    }

    #[test]
    fn an_absent_optional_reads_nothing() {
        let mut reader = Reader::new(&[0x02, 1, 7]);
        assert_eq!(reader.optional(tag::BOOLEAN), Some(None));
        assert_eq!(reader.optional(tag::INTEGER).unwrap().unwrap().content(), 2..3);
        assert_eq!(reader.optional(tag::INTEGER), Some(None));
        assert_eq!(Reader::new(&[0x02, 2, 7]).optional(tag::INTEGER), None);
    }
}
