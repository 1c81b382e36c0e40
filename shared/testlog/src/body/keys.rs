//! Public keys in the forms of other worlds: OpenPGP, SSH, minisign, TUF. They are well formed; no self-signature in
//! them verifies.

use crate::key::{SigningKey, pem};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// `1.3.6.1.4.1.11591.15.1`, the curve of version 4 Ed25519 keys (RFC 9580 9.2), with its length before it.
const ED25519_LEGACY: &[u8] = &[9, 0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1];

/// A transferable public key of OpenPGP, version 4, with user ids and subkeys. The key must be Ed25519.
pub fn pgp(key: &SigningKey, user_ids: &[&str], subkeys: &[SigningKey]) -> Vec<u8> {
    let mut out = packet(6, &pgp_body(key));
    for user_id in user_ids {
        out.extend(packet(13, user_id.as_bytes()));
        out.extend(packet(2, &[4, 0x13, 22, 10, 0, 0, 0, 0]));
    }
    for subkey in subkeys {
        out.extend(packet(14, &pgp_body(subkey)));
    }
    out
}

/// The body of a version 4 key packet: what its fingerprint is over.
pub fn pgp_body(key: &SigningKey) -> Vec<u8> {
    // 263 bits: a mark, then the point.
    let point = [&[1, 7, 0x40][..], &raw(key)].concat();
    [&[4, 0x60, 0, 0, 0, 22], ED25519_LEGACY, &point].concat()
}

/// ASCII armour with a checksum.
pub fn pgp_armor(packets: &[u8]) -> String {
    let block = pem("PGP PUBLIC KEY BLOCK", packets);
    let checksum = STANDARD.encode(crc24(packets));
    let block = block.replacen("BLOCK-----\n", "BLOCK-----\n\n", 1);
    block.replacen("-----END", &format!("={checksum}\n-----END"), 1)
}

/// A public key of SSH, as `id_ed25519.pub` has it. The key must be Ed25519.
pub fn ssh(key: &SigningKey, comment: &str) -> String {
    format!("ssh-ed25519 {} {comment}\n", STANDARD.encode(ssh_blob(key)))
}

/// An SSH signature that carries the key; the signature itself is filler.
pub fn ssh_signature(key: &SigningKey) -> String {
    let signature = [string(b"ssh-ed25519"), string(&[0x5a; 64])].concat();
    let fields = [
        ssh_blob(key),
        b"file".to_vec(),
        Vec::new(),
        b"sha512".to_vec(),
        signature,
    ];
    let mut blob = b"SSHSIG\x00\x00\x00\x01".to_vec();
    fields.iter().for_each(|field| blob.extend(string(field)));
    pem("SSH SIGNATURE", &blob)
}

/// A public key of minisign in base64, as Rekor keeps it. The key must be Ed25519.
pub fn minisign(key: &SigningKey, id: u64) -> String {
    STANDARD.encode([&b"Ed"[..], &id.to_le_bytes(), &raw(key)].concat())
}

/// The root of a TUF repository with these keys, all of the root role: Ed25519 in hex, others in PEM.
pub fn tuf_root(keys: &[SigningKey]) -> String {
    let entry = |(at, key): (usize, &SigningKey)| {
        let (kind, public) = match key.algorithm() {
            crate::key::Algorithm::Ed25519 => ("ed25519", raw(key).iter().map(|byte| format!("{byte:02x}")).collect()),
            crate::key::Algorithm::EcdsaP256 | crate::key::Algorithm::EcdsaP384 => ("ecdsa", key.pem()),
        };
        let public = public.replace('\n', "\\n");
        format!(r#""{at:064}":{{"keytype":"{kind}","keyval":{{"public":"{public}"}},"scheme":"{kind}"}}"#)
    };
    let keys: Vec<String> = keys.iter().enumerate().map(entry).collect();
    format!(
        r#"{{"signatures":[],"signed":{{"_type":"root","expires":"2030-01-01T00:00:00Z","keys":{{{}}},"roles":{{}},"spec_version":"1.0","version":1}}}}"#,
        keys.join(",")
    )
}

/// The 32 bytes that end the SubjectPublicKeyInfo of an Ed25519 key.
fn raw(key: &SigningKey) -> Vec<u8> {
    let spki = key.spki_der();
    spki.get(spki.len().saturating_sub(32)..).unwrap_or_default().to_vec()
}

fn ssh_blob(key: &SigningKey) -> Vec<u8> {
    [string(b"ssh-ed25519"), string(&raw(key))].concat()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or_default();
    [&length.to_be_bytes(), bytes].concat()
}

/// A packet in the new format, with a length of five octets beyond 191 bytes.
fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or_default();
    let header = match u8::try_from(length) {
        Ok(short) if short < 192 => Vec::from([0xc0 | tag, short]),
        _ => [&[0xc0 | tag, 0xff], &length.to_be_bytes()[..]].concat(),
    };
    [header, body.to_vec()].concat()
}

/// RFC 9580, 6.1.
fn crc24(bytes: &[u8]) -> [u8; 3] {
    let step = |crc: u32, _: u32| {
        let shifted = crc << 1;
        if shifted & 0x0100_0000 == 0 {
            shifted
        } else {
            shifted ^ 0x0186_4cfb
        }
    };
    let byte = |crc: u32, byte: &u8| (0..8).fold(crc ^ (u32::from(*byte) << 16), step);
    let [_, a, b, c] = bytes.iter().fold(0x00b7_04ce, byte).to_be_bytes();
    [a, b, c]
}
