//! Keys: every spelling that is read, and those next to it that are not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentinel_tlog::{Algorithm, CosignatureKey, KeyError, KeyId, KeyIdRule, VerifierKey};

use crate::support::{ORIGIN, Signer, cosign, ed25519_spki};

/// The start of an RSA key's SubjectPublicKeyInfo, with a modulus of few bits.
const RSA: &str = "MBowDQYJKoZIhvcNAQEBBQADCQAwBgIBDwIBAw==";
/// id-ecPublicKey with the curve secp256k1.
const SECP256K1: &str = "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEeb5mfvncu6xVoGKVzocLBwKb/NstzijZWfKBWxb4F5hIOtp3JqPEZV2k+/wOEQio/Re0SKaFVBmcR9CP+xDUuA==";

fn der(base64: &str) -> Vec<u8> {
    STANDARD.decode(base64).unwrap()
}

#[test]
fn vkeys_come_back() {
    for signer in [
        Signer::ed25519(ORIGIN, 1),
        Signer::p256(ORIGIN, 1),
        Signer::p384(ORIGIN, 1),
    ] {
        let vkey = signer.key.to_vkey().unwrap();
        assert_eq!(VerifierKey::from_vkey(&vkey), Ok(signer.key.clone()));
        assert_eq!(vkey.parse(), Ok(signer.key));
    }
    let (witness, _) = cosign("witness.example", 1, 0, "");
    assert_eq!(CosignatureKey::from_vkey(&witness.to_vkey()), Ok(witness.clone()));
    assert_eq!(serde_json::to_value(&witness).unwrap(), witness.to_vkey());
}

#[test]
fn near_misses_of_vkeys_are_refused() {
    fn check(vkey: &str, expect: KeyError) {
        assert_eq!(VerifierKey::from_vkey(vkey), Err(expect), "{vkey}");
    }
    let key = Signer::ed25519(ORIGIN, 1).key;
    let (vkey, id) = (key.to_vkey().unwrap(), key.key_id().to_string());
    let material = vkey.rsplit_once('+').unwrap().1;
    let (first, rest) = vkey.split_once('+').unwrap();
    check("", KeyError::Vkey);
    check(first, KeyError::Vkey);
    check(&format!("{first}+{id}"), KeyError::Vkey);
    check(&format!("+{rest}"), KeyError::Name);
    check(&format!("log example+{rest}"), KeyError::Name);
    check(&format!("log\u{a0}example+{rest}"), KeyError::Name);
    check(
        &format!("{first}+{}+{material}", id.to_uppercase() + "A"),
        KeyError::Vkey,
    );
    check(&format!("{first}+{}+{material}", &id[1..]), KeyError::Vkey);
    check(
        &format!("{first}+{id}+{}", material.replace("AY", "A-")),
        KeyError::Vkey,
    );
    check(&format!("{first}+{id}+"), KeyError::Vkey);
    check(&format!("{first}+{id}+AQID"), KeyError::Malformed);
    check(&format!("{vkey} "), KeyError::Vkey);
    check(&format!("{vkey}\n"), KeyError::Vkey);
    let expected = key.key_id();
    let found = KeyId(expected.0.map(|byte| byte ^ 1));
    check(
        &format!("{first}+{found}+{material}"),
        KeyError::KeyId { expected, found },
    );
    let renamed = VerifierKey::from_vkey(&format!("log.example/two+{rest}"));
    assert!(matches!(renamed, Err(KeyError::KeyId { found, .. }) if found == expected));

    let (witness, _) = cosign("witness.example", 1, 0, "");
    check(&witness.to_vkey(), KeyError::Type { found: 4 });
    assert_eq!(CosignatureKey::from_vkey(&vkey), Err(KeyError::Type { found: 1 }));
    let moved = witness.to_vkey().replace("witness.example", "witness.example2");
    assert!(matches!(CosignatureKey::from_vkey(&moved), Err(KeyError::KeyId { .. })));

    // The type of a vkey and its key must agree: an Ed25519 key is no ECDSA key.
    let spki = key.spki();
    let as_ecdsa = STANDARD.encode([&[2], spki].concat());
    check(
        &format!("{first}+{}+{as_ecdsa}", KeyId::of_spki(spki)),
        KeyError::Algorithm,
    );
}

#[test]
fn each_algorithm_has_its_key_id() {
    let (note, spki) = (
        Signer::ed25519(ORIGIN, 1).key,
        Signer::ed25519_by(ORIGIN, 1, KeyIdRule::Spki).key,
    );
    assert_eq!(note.algorithm(), Algorithm::Ed25519);
    assert_eq!(note.key_id(), KeyId::of(ORIGIN, 1, &note.spki()[12..]));
    assert_eq!(spki.key_id(), KeyId::of_spki(note.spki()));
    assert_ne!(note.key_id(), spki.key_id());
    assert_eq!(spki.to_vkey(), None);
    for (signer, algorithm) in [
        (Signer::p256(ORIGIN, 1), Algorithm::EcdsaP256Sha256),
        (Signer::p384(ORIGIN, 1), Algorithm::EcdsaP384Sha256),
    ] {
        assert_eq!(signer.key.algorithm(), algorithm);
        assert_eq!(signer.key.key_id(), KeyId::of_spki(signer.key.spki()));
        let by = |rule| VerifierKey::from_spki(ORIGIN, signer.key.spki(), rule).unwrap();
        assert_eq!(by(KeyIdRule::Note), by(KeyIdRule::Spki));
    }
}

#[test]
fn keys_that_cannot_be_used_are_told_apart() {
    fn check(der: &[u8], expect: KeyError) {
        assert_eq!(VerifierKey::from_spki(ORIGIN, der, KeyIdRule::Note), Err(expect));
    }
    check(&[], KeyError::Malformed);
    check(&der(RSA), KeyError::Algorithm);
    check(&der(SECP256K1), KeyError::Algorithm);
    check(&ed25519_spki(&[0; 32]), KeyError::Weak);
    check(&ed25519_spki(&[2; 32]), KeyError::Malformed);
    for signer in [
        Signer::ed25519(ORIGIN, 1),
        Signer::p256(ORIGIN, 1),
        Signer::p384(ORIGIN, 1),
    ] {
        let spki = signer.key.spki();
        check(&spki[..spki.len() - 1], KeyError::Malformed);
        check(&[spki, &[0]].concat(), KeyError::Malformed);
        assert_eq!(VerifierKey::from_spki("", spki, KeyIdRule::Note), Err(KeyError::Name));
    }
    let mut off_the_curve = Signer::p256(ORIGIN, 1).key.spki().to_vec();
    *off_the_curve.last_mut().unwrap() ^= 1;
    check(&off_the_curve, KeyError::Malformed);
    check(&vec![0x30; 5000], KeyError::Malformed);
}

#[test]
fn pem_is_one_block_of_a_public_key() {
    let key = Signer::p256(ORIGIN, 1).key;
    let body = STANDARD.encode(key.spki());
    let (first, second) = body.split_at(64);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n");
    let read = |pem: &str| VerifierKey::from_pem(ORIGIN, pem, KeyIdRule::Note);
    assert_eq!(read(&pem), Ok(key.clone()));
    assert_eq!(read(&pem.replace('\n', "\r\n")), Ok(key));
    assert_eq!(read(&pem.replace("PUBLIC", "RSA PUBLIC")), Err(KeyError::Pem));
    assert_eq!(read(&pem.replace("PUBLIC KEY", "CERTIFICATE")), Err(KeyError::Pem));
    assert_eq!(read(&pem.replace("-----END PUBLIC KEY-----", "")), Err(KeyError::Pem));
    assert_eq!(read(&format!("{pem}{pem}")), Err(KeyError::Pem));
    assert_eq!(read(&pem.replacen(first, &first[1..], 1)), Err(KeyError::Pem));
}

#[test]
fn keys_serialise_as_vkeys_or_by_their_parts() {
    let json = |key: &VerifierKey| serde_json::to_value(key).unwrap();
    let note = Signer::ed25519(ORIGIN, 1).key;
    assert_eq!(json(&note), note.to_vkey().unwrap());
    let spki = Signer::ed25519_by(ORIGIN, 1, KeyIdRule::Spki).key;
    assert_eq!(
        json(&spki),
        serde_json::json!({
            "name": ORIGIN, "key_id": spki.key_id().to_string(), "spki": STANDARD.encode(spki.spki()),
        })
    );
    for key in [
        note,
        spki.clone(),
        Signer::p256(ORIGIN, 1).key,
        Signer::p384(ORIGIN, 1).key,
    ] {
        assert_eq!(serde_json::from_value::<VerifierKey>(json(&key)).unwrap(), key);
    }
    let mut wrong = json(&spki);
    wrong["key_id"] = "00000000".into();
    assert!(serde_json::from_value::<VerifierKey>(wrong).is_err());
}
