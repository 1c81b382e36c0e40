//! SubjectPublicKeyInfo (RFC 5280 4.1.2.7) for keys that come in another form, so that every key has one fingerprint.
//!
//! It writes what openssl and Go's `x509.MarshalPKIXPublicKey` write. It does not check that a point lies on its curve.

use crate::der::{Reader, tag};

/// `{1.3.101.112}` (RFC 8410), and the header of 32 bytes in a BIT STRING.
const ED25519: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// `{rsaEncryption, NULL}` (RFC 3279 2.3.1).
const RSA: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
/// `{id-ecPublicKey, secp256r1}` (RFC 5480 2.1.1).
const P256: [u8; 21] = [
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
    0x01, 0x07,
];
/// `{id-ecPublicKey, secp384r1}`.
const P384: [u8; 18] = [
    0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22,
];

/// The longest RSA key that Go's and OpenSSL's verifiers take has 16,384 bits.
const MAX_CONTENT_BYTES: usize = 1 << 14;

/// An Ed25519 key.
pub fn ed25519(key: &[u8; 32]) -> Vec<u8> {
    [&ED25519[..], key].concat()
}

/// An uncompressed point of P-256 or P-384, told apart by its length. `None` for any other.
pub fn nist_point(point: &[u8]) -> Option<Vec<u8>> {
    let algorithm: &[u8] = match point {
        [0x04, rest @ ..] if rest.len() == 64 => &P256,
        [0x04, rest @ ..] if rest.len() == 96 => &P384,
        _ => return None,
    };
    wrap(algorithm, point)
}

/// An `RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }`. `None` when it is none.
pub fn rsa(pkcs1: &[u8]) -> Option<Vec<u8>> {
    let mut file = Reader::new(pkcs1);
    let mut key = file.sequence()?;
    key.expect(tag::INTEGER)?;
    key.expect(tag::INTEGER)?;
    if !key.is_done() || !file.is_done() {
        return None;
    }
    wrap(&RSA, pkcs1)
}

fn wrap(algorithm: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let bits = element(tag::BIT_STRING, &[&[0], key].concat())?;
    element(tag::SEQUENCE, &[algorithm, &bits].concat())
}

fn element(tag: u8, content: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(content.len())
        .ok()
        .filter(|_| content.len() <= MAX_CONTENT_BYTES)?;
    let mut out = match length.to_be_bytes() {
        [0, short] if short < 0x80 => vec![tag, short],
        [0, low] => vec![tag, 0x81, low],
        [high, low] => vec![tag, 0x82, high, low],
    };
    out.extend_from_slice(content);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{ed25519, nist_point, rsa};
    use crate::certificate::is_spki;

    #[test]
    fn every_form_is_a_key() {
        assert!(is_spki(&ed25519(&[7; 32])));
        assert!(is_spki(&nist_point(&[4; 65]).unwrap()));
        assert!(is_spki(&nist_point(&[4; 97]).unwrap()));
        let key = rsa(&[0x30, 6, 2, 1, 77, 2, 1, 3]).unwrap();
        assert!(is_spki(&key));
        assert!(key.ends_with(&[0x03, 9, 0, 0x30, 6, 2, 1, 77, 2, 1, 3]));
    }

    #[test]
    fn anything_else_is_none() {
        for point in [&[][..], &[4; 64], &[2; 65], &[4; 66]] {
            assert_eq!(nist_point(point), None);
        }
        for key in [
            &[][..],
            &[0x30, 3, 2, 1, 77],
            &[0x30, 6, 2, 1, 77, 2, 1, 3, 0],
            &[0x30, 9, 2, 1, 77, 2, 1, 3, 2, 1, 3],
        ] {
            assert_eq!(rsa(key), None);
        }
    }
}
