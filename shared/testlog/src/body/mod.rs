//! Bodies of Rekor v1: the canonical JSON of every kind, as the server's `Canonicalize` functions write them.
//!
//! As in [`crate::leaf`], what stands for signatures over artifacts is filler, and the text is put together by hand.
//! The keys and messages that bodies carry are made in [`keys`] and [`message`]; entries by the million in [`crate::MassBodies`].

pub mod keys;
pub mod message;

use crate::certificate::{Authority, Identity, LeafCertificate};
use crate::key::{SigningKey, pem};
use crate::leaf::filler;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A certificate as PEM, the form in which Rekor v1 keeps verifiers.
pub fn certificate_pem(der: &[u8]) -> String {
    pem("CERTIFICATE", der)
}

/// A `hashedrekord` 0.0.1.
pub fn hashedrekord(digest: &[u8; 32], verifier_pem: &str) -> Vec<u8> {
    let spec = format!(
        r#"{{"data":{{"hash":{}}},"signature":{{"content":"{}","publicKey":{{"content":"{}"}}}}}}"#,
        hash(digest),
        STANDARD.encode(filler()),
        STANDARD.encode(verifier_pem),
    );
    body("hashedrekord", "0.0.1", &spec)
}

/// A `rekord` 0.0.1 in one of its formats: `x509`, `pgp`, `minisign`, `ssh`.
pub fn rekord(digest: &[u8; 32], format: &str, signature: &[u8], key: &[u8]) -> Vec<u8> {
    let spec = format!(
        r#"{{"data":{{"hash":{}}},"signature":{{"content":"{}","format":"{format}","publicKey":{{"content":"{}"}}}}}}"#,
        hash(digest),
        STANDARD.encode(signature),
        STANDARD.encode(key),
    );
    body("rekord", "0.0.1", &spec)
}

/// An `intoto` 0.0.1; those of 2021 have no hash of the payload.
pub fn intoto_1(envelope: &[u8; 32], payload: Option<&[u8; 32]>, verifier_pem: &str) -> Vec<u8> {
    let payload = payload.map_or_else(String::new, |it| format!(r#","payloadHash":{}"#, hash(it)));
    let spec = format!(
        r#"{{"content":{{"hash":{}{payload}}},"publicKey":"{}"}}"#,
        hash(envelope),
        STANDARD.encode(verifier_pem),
    );
    body("intoto", "0.0.1", &spec)
}

/// An `intoto` 0.0.2, with one signature for each verifier. Its `sig` is base64 twice.
pub fn intoto_2(envelope: &[u8; 32], payload: &[u8; 32], verifier_pems: &[&str]) -> Vec<u8> {
    let twice = STANDARD.encode(STANDARD.encode(filler()));
    let signature = |pem: &&str| format!(r#"{{"publicKey":"{}","sig":"{twice}"}}"#, STANDARD.encode(pem));
    let signatures: Vec<String> = verifier_pems.iter().map(signature).collect();
    let spec = format!(
        r#"{{"content":{{"envelope":{{"payloadType":"application/vnd.in-toto+json","signatures":[{}]}},"hash":{},"payloadHash":{}}}}}"#,
        signatures.join(","),
        hash(envelope),
        hash(payload),
    );
    body("intoto", "0.0.2", &spec)
}

/// A `dsse` 0.0.1, with one signature for each verifier.
pub fn dsse(envelope: &[u8; 32], payload: &[u8; 32], verifier_pems: &[&str]) -> Vec<u8> {
    let content = STANDARD.encode(filler());
    let signature = |pem: &&str| format!(r#"{{"signature":"{content}","verifier":"{}"}}"#, STANDARD.encode(pem));
    let signatures: Vec<String> = verifier_pems.iter().map(signature).collect();
    let spec = format!(
        r#"{{"envelopeHash":{},"payloadHash":{},"signatures":[{}]}}"#,
        hash(envelope),
        hash(payload),
        signatures.join(","),
    );
    body("dsse", "0.0.1", &spec)
}

/// A `jar` 0.0.1: a PKCS#7 message, and the first certificate in it.
pub fn jar(digest: &[u8; 32], verifier_pem: &str, pkcs7: &[u8]) -> Vec<u8> {
    let spec = format!(
        r#"{{"archive":{{"hash":{}}},"signature":{{"content":"{}","publicKey":{{"content":"{}"}}}}}}"#,
        hash(digest),
        STANDARD.encode(pem("PKCS7", pkcs7)),
        STANDARD.encode(verifier_pem),
    );
    body("jar", "0.0.1", &spec)
}

/// An `rpm` 0.0.1.
pub fn rpm(digest: &[u8; 32], pgp_key: &[u8]) -> Vec<u8> {
    let headers = r#"{"Architecture":"x86_64","Epoch":"0","Name":"tool","Release":"1","Version":"2.0"}"#;
    let spec = format!(
        r#"{{"package":{{"hash":{},"headers":{headers}}},"publicKey":{{"content":"{}"}}}}"#,
        hash(digest),
        STANDARD.encode(pgp_key),
    );
    body("rpm", "0.0.1", &spec)
}

/// A `helm` 0.0.1.
pub fn helm(digest: &[u8; 32], pgp_key: &[u8]) -> Vec<u8> {
    let spec = format!(
        r#"{{"chart":{{"hash":{},"provenance":{{"signature":{{"content":"{}"}}}}}},"publicKey":{{"content":"{}"}}}}"#,
        hash(digest),
        STANDARD.encode(filler()),
        STANDARD.encode(pgp_key),
    );
    body("helm", "0.0.1", &spec)
}

/// An `alpine` 0.0.1.
pub fn alpine(digest: &[u8; 32], key_pem: &str) -> Vec<u8> {
    let spec = format!(
        r#"{{"package":{{"hash":{},"pkginfo":{{"arch":"x86_64","pkgname":"tool","pkgver":"2.0-r1"}}}},"publicKey":{{"content":"{}"}}}}"#,
        hash(digest),
        STANDARD.encode(key_pem),
    );
    body("alpine", "0.0.1", &spec)
}

/// A `cose` 0.0.1.
pub fn cose(envelope: &[u8; 32], payload: &[u8; 32], verifier_pem: &str) -> Vec<u8> {
    let spec = format!(
        r#"{{"data":{{"envelopeHash":{},"payloadHash":{}}},"publicKey":"{}"}}"#,
        hash(envelope),
        hash(payload),
        STANDARD.encode(verifier_pem),
    );
    body("cose", "0.0.1", &spec)
}

/// A `tuf` 0.0.1 over metadata that the keys of `root` sign.
pub fn tuf(metadata: &[u8], root: &[u8]) -> Vec<u8> {
    let spec = format!(
        r#"{{"metadata":{{"content":"{}"}},"root":{{"content":"{}"}},"spec_version":"1.0"}}"#,
        STANDARD.encode(metadata),
        STANDARD.encode(root),
    );
    body("tuf", "0.0.1", &spec)
}

/// An `rfc3161` 0.0.1 over a time-stamp response.
pub fn rfc3161(response: &[u8]) -> Vec<u8> {
    let spec = format!(r#"{{"tsr":{{"content":"{}"}}}}"#, STANDARD.encode(response));
    body("rfc3161", "0.0.1", &spec)
}

/// One body of each kind, version and format, signed by someone at acme.example in one way or the other.
pub fn one_of_each(authority: &Authority, not_before: u64) -> Vec<Vec<u8>> {
    let identity = Identity::email("alice@acme.example", "https://issuer.example");
    let certificate = authority.issue(&LeafCertificate::new(identity, 21, not_before));
    let issuer = authority.certificate(not_before, not_before.saturating_add(1));
    let (pem, first) = (certificate_pem(&certificate), certificate_pem(&issuer));
    let key = SigningKey::ed25519(&[22; 32]);
    let pgp = keys::pgp_armor(&keys::pgp(&key, &["Alice <alice@acme.example>"], &[]));
    let ssh = keys::ssh(&key, "alice@acme.example");
    let carried = [issuer, certificate.clone()];
    let pkcs7 = message::signed(&carried, &certificate);
    let (digest, payload) = ([1; 32], [2; 32]);
    vec![
        hashedrekord(&digest, &pem),
        hashedrekord(&digest, &key.pem()),
        rekord(&digest, "x509", &filler(), pem.as_bytes()),
        rekord(&digest, "pgp", b"filler", pgp.as_bytes()),
        rekord(&digest, "ssh", keys::ssh_signature(&key).as_bytes(), ssh.as_bytes()),
        rekord(&digest, "minisign", b"filler", keys::minisign(&key, 7).as_bytes()),
        intoto_1(&digest, None, &pem),
        intoto_1(&digest, Some(&payload), &pem),
        intoto_2(&digest, &payload, &[&pem, &key.pem()]),
        dsse(&digest, &payload, &[&pem, &key.pem()]),
        jar(&digest, &first, &pkcs7),
        rpm(&digest, pgp.as_bytes()),
        helm(&digest, pgp.as_bytes()),
        alpine(&digest, &key.pem()),
        cose(&digest, &payload, &pem),
        tuf(b"{}", keys::tuf_root(core::slice::from_ref(&key)).as_bytes()),
        rfc3161(&message::time_stamp(Some(&pkcs7))),
    ]
}

fn body(kind: &str, version: &str, spec: &str) -> Vec<u8> {
    format!(r#"{{"apiVersion":"{version}","kind":"{kind}","spec":{spec}}}"#).into_bytes()
}

fn hash(digest: &[u8; 32]) -> String {
    let mut value = String::with_capacity(64);
    for byte in digest {
        value.push_str(&format!("{byte:02x}"));
    }
    format!(r#"{{"algorithm":"sha256","value":"{value}"}}"#)
}

#[cfg(test)]
mod tests {
    use super::one_of_each;
    use crate::certificate::Authority;
    use alloc::vec::Vec;

    /// `serde_json` sorts keys and writes no blanks, which is canonical for what has only plain text in it.
    #[test]
    fn bodies_are_canonical() {
        let bodies: Vec<Vec<u8>> = one_of_each(&Authority::new("acme", &[1; 32]), 1_700_000_000);
        assert_eq!(bodies.len(), 17);
        for body in bodies {
            let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(serde_json::to_vec(&value).unwrap(), body);
        }
    }
}
