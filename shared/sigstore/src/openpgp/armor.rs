//! ASCII armour (RFC 9580 6.2): every block of public keys of a text, as bytes.
//!
//! Header lines are skipped, the checksum is checked where there is one. What stands around the blocks must be blank.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::openpgp::PgpError;

const BEGIN: &[u8] = b"-----BEGIN PGP PUBLIC KEY BLOCK-----";
const END: &[u8] = b"-----END PGP PUBLIC KEY BLOCK-----";

/// Is this a text rather than packets? Every packet begins with a byte whose first bit is set.
pub(crate) fn is_armored(file: &[u8]) -> bool {
    file.trim_ascii_start().starts_with(b"-----BEGIN")
}

/// The packets of all blocks, one after the other.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, PgpError> {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let mut packets = Vec::new();
    while let Some(line) = lines.find(|line| !line.is_empty()) {
        if line != BEGIN {
            return Err(PgpError::Armor);
        }
        packets.extend(block(&mut lines)?);
    }
    Ok(packets)
}

/// One block, from behind its first line to its last.
fn block<'a>(lines: &mut impl Iterator<Item = &'a [u8]>) -> Result<Vec<u8>, PgpError> {
    // Headers, which hold a colon as base64 never does, then a blank line.
    let is_header = |line: &&[u8]| line.contains(&b':');
    let first = lines.find(|line| !is_header(line)).ok_or(PgpError::Armor)?;
    if !first.is_empty() {
        return Err(PgpError::Armor);
    }
    let (mut base64, mut checksum) = (Vec::new(), None);
    for line in lines {
        if line == END {
            return checked(&base64, checksum);
        }
        match (line.split_first(), checksum) {
            (Some((b'=', sum)), None) if sum.len() == 4 => checksum = Some(sum),
            (Some(_), None) => base64.extend_from_slice(line),
            (Some(_), Some(_)) => return Err(PgpError::Armor),
            (None, _) => {}
        }
    }
    Err(PgpError::Armor)
}

fn checked(base64: &[u8], checksum: Option<&[u8]>) -> Result<Vec<u8>, PgpError> {
    let bytes = STANDARD.decode(base64).map_err(|_| PgpError::Armor)?;
    let sum = checksum.map(|it| STANDARD.decode(it)).transpose();
    match sum.map_err(|_| PgpError::Armor)? {
        Some(sum) if sum != crc24(&bytes) => Err(PgpError::Armor),
        _ => Ok(bytes),
    }
}

/// CRC-24 (RFC 9580 6.1).
fn crc24(bytes: &[u8]) -> [u8; 3] {
    let mut crc: u32 = 0x00b7_04ce;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4cfb;
            }
        }
    }
    let [_, a, b, c] = crc.to_be_bytes();
    [a, b, c]
}

#[cfg(test)]
mod tests {
    use super::{crc24, decode, is_armored};
    use crate::openpgp::PgpError;

    const BLOCK: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: 1\n\nYWJj\nZGVm\n=qEj3\n\
                         -----END PGP PUBLIC KEY BLOCK-----\n";

    #[track_caller]
    fn check(text: &str, expect: Result<&[u8], PgpError>) {
        assert_eq!(decode(text.as_bytes()), expect.map(<[u8]>::to_vec), "{text}");
    }

    fn sound() -> String {
        use base64::Engine;
        let sum = base64::engine::general_purpose::STANDARD.encode(crc24(b"abcdef"));
        BLOCK.replace("qEj3", &sum)
    }

    #[test]
    fn the_checksum_of_the_rfc() {
        assert_eq!(crc24(b""), [0xb7, 0x04, 0xce]);
        // The catalogue's check value of CRC-24/OPENPGP.
        assert_eq!(crc24(b"123456789"), [0x21, 0xcf, 0x02]);
    }

    #[test]
    fn reads_blocks() {
        check(&sound(), Ok(b"abcdef"));
        check(&sound().replace('\n', "\r\n"), Ok(b"abcdef"));
        check(&sound().replace("Version: 1\n", ""), Ok(b"abcdef"));
        check(&sound().repeat(2), Ok(b"abcdefabcdef"));
        let sum = sound().find("\n=").unwrap();
        let without = sound()[..sum].to_owned() + &sound()[sum + 6..];
        check(&without, Ok(b"abcdef"));
        assert!(is_armored(sound().as_bytes()) && !is_armored(&[0x99, 1]));
    }

    #[test]
    fn refuses_damage() {
        for bad in [
            BLOCK.to_owned(),
            sound().replace("\n\n", "\n"),
            sound().replace("-----END", "----END"),
            sound().replace("YWJj", "YWJ"),
            sound().replace("PUBLIC", "PRIVATE"),
            sound() + "x",
            sound().replace("\n-----END", "\nAAAA\n-----END"),
            sound()[..60].to_owned(),
        ] {
            check(&bad, Err(PgpError::Armor));
        }
    }
}
