//! Packet headers of both formats (RFC 9580 4.2).
//!
//! Lengths that are not known in advance (partial, indeterminate) are refused: they are for data, of which a key has
//! none, and a reader that joined them would need a bound of its own.

use crate::openpgp::PgpError;

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    /// Its type.
    pub(crate) tag: u8,
    /// What is in it.
    pub(crate) body: &'a [u8],
}

/// The packet that `bytes` begin with, and what is behind it.
pub(crate) fn next(bytes: &[u8]) -> Result<(Packet<'_>, &[u8]), PgpError> {
    read(bytes).ok_or(PgpError::Packet)
}

fn read(bytes: &[u8]) -> Option<(Packet<'_>, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (tag, (length, rest)) = match first {
        0xc0..=0xff => (first & 0x3f, new_length(rest)?),
        0x80..=0xbf => ((first >> 2) & 0x0f, old_length(first & 3, rest)?),
        _ => return None,
    };
    let (body, behind) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    // Type 0 is reserved and must not be used.
    (tag != 0).then_some((Packet { tag, body }, behind))
}

fn new_length(bytes: &[u8]) -> Option<(u32, &[u8])> {
    match *bytes {
        [one @ 0..=191, ref rest @ ..] => Some((one.into(), rest)),
        [one @ 192..=223, two, ref rest @ ..] => Some(((u32::from(one) - 192) * 256 + u32::from(two) + 192, rest)),
        [255, a, b, c, d, ref rest @ ..] => Some((u32::from_be_bytes([a, b, c, d]), rest)),
        _ => None,
    }
}

fn old_length(kind: u8, bytes: &[u8]) -> Option<(u32, &[u8])> {
    match (kind, bytes) {
        (0, [a, rest @ ..]) => Some(((*a).into(), rest)),
        (1, [a, b, rest @ ..]) => Some((u32::from_be_bytes([0, 0, *a, *b]), rest)),
        (2, [a, b, c, d, rest @ ..]) => Some((u32::from_be_bytes([*a, *b, *c, *d]), rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::next;
    use crate::openpgp::PgpError;

    #[track_caller]
    fn check(header: &[u8], expect: Option<(u8, usize)>) {
        let length = expect.map_or(9000, |it| it.1);
        let bytes = [header, &vec![7; length], &[1, 2]].concat();
        match (next(&bytes), expect) {
            (Ok((packet, rest)), Some(expect)) => {
                assert_eq!((packet.tag, packet.body.len()), expect);
                assert_eq!(rest, [1, 2]);
            }
            (found, expect) => assert_eq!((found, expect), (Err(PgpError::Packet), None), "{header:02x?}"),
        }
    }

    #[test]
    fn reads_both_formats() {
        check(&[0xc6, 0], Some((6, 0)));
        check(&[0xc6, 191], Some((6, 191)));
        check(&[0xcd, 192, 0], Some((13, 192)));
        check(&[0xcd, 223, 255], Some((13, 8383)));
        check(&[0xce, 255, 0, 0, 1, 2], Some((14, 258)));
        check(&[0x98, 3], Some((6, 3)));
        check(&[0x99, 1, 0], Some((6, 256)));
        check(&[0xba, 0, 0, 0, 5], Some((14, 5)));
    }

    #[test]
    fn refuses_lengths_that_are_not_told() {
        check(&[0xc6, 224], None);
        check(&[0xc6, 254], None);
        check(&[0x9b], None);
        check(&[0x7f, 1], None);
        check(&[0xc0, 1], None);
        check(&[0x80, 1], None);
    }

    #[test]
    fn refuses_what_is_cut() {
        for cut in [
            &[][..],
            &[0xc6],
            &[0xc6, 2, 1],
            &[0xcd, 192],
            &[0x99, 1],
            &[0x99, 0, 2, 1],
            &[0xce, 255, 0, 0, 1],
        ] {
            assert_eq!(next(cut), Err(PgpError::Packet), "{cut:02x?}");
        }
    }
}
