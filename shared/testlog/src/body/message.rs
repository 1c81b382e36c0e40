//! Signed messages of CMS (RFC 5652): PKCS#7 as jar signers write it, and time-stamp responses (RFC 3161). The
//! signatures are filler.

use crate::der;
use crate::leaf::filler;
use alloc::vec::Vec;

const SIGNED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 2];
const DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 1];
const SHA256: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 1];
const ECDSA_SHA256: &[u64] = &[1, 2, 840, 10045, 4, 3, 2];

/// A message that carries `certificates` and was signed with `signer`, which may be one of them.
pub fn signed(certificates: &[Vec<u8>], signer: &[u8]) -> Vec<u8> {
    let (issuer, serial) = issuer_and_serial(signer);
    let digest = der::sequence(&[&der::oid(SHA256)]);
    let info = der::sequence(&[
        &der::unsigned(&[1]),
        &der::sequence(&[&issuer, &serial]),
        &digest,
        &der::sequence(&[&der::oid(ECDSA_SHA256)]),
        &der::octet_string(&filler()),
    ]);
    let data = der::sequence(&[
        &der::unsigned(&[1]),
        &der::value(der::SET, &digest),
        &der::sequence(&[&der::oid(DATA)]),
        &der::value(0xA0, &certificates.concat()),
        &der::value(der::SET, &info),
    ]);
    der::sequence(&[&der::oid(SIGNED_DATA), &der::value(0xA0, &data)])
}

/// A time-stamp response: granted with this token, or refused without one.
pub fn time_stamp(token: Option<&[u8]>) -> Vec<u8> {
    let status: &[u8] = if token.is_some() { &[0] } else { &[2] };
    der::sequence(&[&der::sequence(&[&der::unsigned(status)]), token.unwrap_or_default()])
}

/// The same message with lengths that are not told beforehand, as BER allows: all that is constructed outside of
/// certificates, down to the third level.
pub fn in_ber(message: &[u8]) -> Vec<u8> {
    loosened(message, 3)
}

fn loosened(element: &[u8], levels: u8) -> Vec<u8> {
    let Some((tag, content, _)) = split(element).filter(|it| levels > 0 && it.0 & 0x20 != 0) else {
        return element.to_vec();
    };
    let (mut out, mut rest) = (Vec::from([tag, 0x80]), content);
    while let Some((_, _, behind)) = split(rest) {
        let length = rest.len() - behind.len();
        out.extend(loosened(rest.get(..length).unwrap_or_default(), levels - 1));
        rest = behind;
    }
    out.extend([0, 0]);
    out
}

/// Issuer and serial number of a certificate, whole elements.
fn issuer_and_serial(certificate: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let inside = |element: &[u8]| split(element).map(|it| it.1.to_vec()).unwrap_or_default();
    let tbs = inside(&inside(certificate));
    let mut fields = Vec::new();
    let mut rest = tbs.as_slice();
    while let Some((_, _, behind)) = split(rest) {
        fields.push(rest.get(..rest.len() - behind.len()).unwrap_or_default().to_vec());
        rest = behind;
    }
    // Version, serial number, algorithm, issuer.
    let field = |at: usize| fields.get(at).cloned().unwrap_or_default();
    (field(3), field(1))
}

/// Tag and content of the first element, and what is behind it.
fn split(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let count = if first < 0x80 { 0 } else { usize::from(first & 0x7F) };
    let (digits, rest) = rest.split_at_checked(count)?;
    let long = digits
        .iter()
        .fold(0, |sum: usize, digit| sum * 256 + usize::from(*digit));
    let length = if first < 0x80 { usize::from(first) } else { long };
    let (content, behind) = rest.split_at_checked(length)?;
    Some((tag, content, behind))
}
