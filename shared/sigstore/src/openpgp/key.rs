//! Fingerprints of key packets: version 3 (RFC 4880 12.2), 4, 5 (RFC 4880bis) and 6 (RFC 9580 5.5.4).
//!
//! Key material is not looked into, except for version 3, whose fingerprint is over the numbers themselves.

use md5::{Digest as _, Md5};
use sha1::Sha1;
use tlog::Hash;

use crate::hex;
use crate::openpgp::PgpError;

/// The fingerprint of a key packet's body, lower hex.
pub(crate) fn fingerprint(body: &[u8]) -> Result<String, PgpError> {
    let &version = body.first().ok_or(PgpError::Key)?;
    match version {
        2 | 3 => version_3(body),
        4 => version_4(body),
        5 => with_counted_material(0x9a, body),
        6 => with_counted_material(0x9b, body),
        _ => return Err(PgpError::KeyVersion { version }),
    }
    .ok_or(PgpError::Key)
}

/// Version, time (4), validity (2), algorithm, then modulus and exponent: keys of that time are RSA.
fn version_3(body: &[u8]) -> Option<String> {
    let (&algorithm, rest) = body.get(7..)?.split_first()?;
    let (modulus, rest) = number(rest)?;
    let (exponent, rest) = number(rest)?;
    let whole = rest.is_empty() && matches!(algorithm, 1..=3);
    whole.then(|| hex::lower(&Md5::new().chain_update(modulus).chain_update(exponent).finalize()))
}

/// A count of bits, and as many bytes as they take (RFC 9580 3.2).
fn number(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (bits, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*bits)).div_ceil(8))
}

/// Version, time (4), algorithm, material. The length that is hashed has two bytes.
fn version_4(body: &[u8]) -> Option<String> {
    let length = u16::try_from(body.len()).ok().filter(|length| *length > 6)?;
    let hash = Sha1::new()
        .chain_update([0x99])
        .chain_update(length.to_be_bytes())
        .chain_update(body);
    Some(hex::lower(&hash.finalize()))
}

/// Version, time (4), algorithm, count (4) of the material, material.
fn with_counted_material(mark: u8, body: &[u8]) -> Option<String> {
    let (count, material) = body.get(6..)?.split_first_chunk::<4>()?;
    if material.is_empty() || usize::try_from(u32::from_be_bytes(*count)) != Ok(material.len()) {
        return None;
    }
    let length = u32::try_from(body.len()).ok()?;
    let hash = Hash::of(&[&[mark], &length.to_be_bytes()[..], body].concat());
    Some(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::fingerprint;
    use crate::hex;
    use crate::openpgp::PgpError;
    use tlog::Hash;

    fn unhex(text: &str) -> Vec<u8> {
        let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
        let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).unwrap();
        digits.chunks(2).map(byte).collect()
    }

    #[test]
    fn the_keys_of_the_rfc() {
        // RFC 9580 A.1: a version 4 Ed25519Legacy key; A.3: a version 6 key and its subkey.
        for (body, expect) in [
            (
                "0453f35f0b16092b06010401da470f01010740 3f098994bdd916ed4053197934e4a87c80733a1280d62f8010992e43ee3b2406",
                "c959bdbafa32a2f89a153b678cfde12197965a9a",
            ),
            (
                "0663877fe31b00000020 f94da7bb48d60a61e567706a6587d0331999bb9d891a08242ead84543df895a3",
                "cb186c4f0609a697e4d52dfa6c722b0c1f1e27c18a56708f6525ec27bad9acc9",
            ),
            (
                "0663877fe31900000020 8693248367f9e5015db922f8f48095dda784987f2d5985b12fbad16caf5e4435",
                "12c83f1e706f6308fe151a417743a1f033790e93e9978488d1db378da9930885",
            ),
        ] {
            assert_eq!(fingerprint(&unhex(body)).as_deref(), Ok(expect));
        }
    }

    #[test]
    fn the_older_and_the_odd_versions() {
        let three = [&[3, 0, 0, 0, 0, 0, 0, 1, 0, 9, 1, 2, 0, 2, 3][..]].concat();
        // MD5 of 01 02 03.
        assert_eq!(fingerprint(&three).as_deref(), Ok("5289df737df57326fcdd22597afb1fac"));
        let five = [&[5, 0, 0, 0, 0, 22, 0, 0, 0, 2][..], &[8, 9]].concat();
        let hashed = [&[0x9a, 0, 0, 0, 12][..], &five].concat();
        assert_eq!(fingerprint(&five), Ok(hex::lower(Hash::of(&hashed).as_bytes())));
    }

    #[test]
    fn refuses_malformed_keys() {
        for body in [
            &[][..],
            &[4, 0, 0, 0, 0, 1],
            &[3, 0, 0, 0, 0, 0, 0, 1, 0, 9, 1, 2, 0, 2],
            &[3, 0, 0, 0, 0, 0, 0, 1, 0, 9, 1, 2, 0, 2, 3, 0],
            &[3, 0, 0, 0, 0, 0, 0, 17, 0, 9, 1, 2, 0, 2, 3],
            &[5, 0, 0, 0, 0, 22, 0, 0, 0, 3, 8, 9],
            &[6, 0, 0, 0, 0, 22, 0, 0, 0, 0],
            &[6, 0, 0, 0, 0, 22, 0],
        ] {
            assert_eq!(fingerprint(body), Err(PgpError::Key), "{body:?}");
        }
        assert_eq!(fingerprint(&[4; 70_000]), Err(PgpError::Key));
        assert_eq!(fingerprint(&[7; 20]), Err(PgpError::KeyVersion { version: 7 }));
    }
}
