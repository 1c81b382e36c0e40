//! `sigstore` reads in bodies of Rekor v1 what was written into them, both ways alike, and refuses the broken ones for
//! the right reason.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

use sigstore::decode::decode_body_tolerantly;
use sigstore::set::{self, SetError};
use sigstore::{Field, LeafKind, MAX_BODY_BYTES, Reason, Scratch, cms, decode};
use testlog::body::{self, certificate_pem, keys, message};
use testlog::certificate::{Authority, Identity, LeafCertificate};
use testlog::{Algorithm, MassBodies, SigningKey, promise};
use tlog::{Hash, KeyIdRule, VerifierKey};

const NOON: u64 = 1_800_000_000;

fn authority() -> Authority {
    Authority::new("acme", &[9; 32])
}

fn certificate(address: &str) -> Vec<u8> {
    let identity = Identity::email(address, "https://i.example");
    authority().issue(&LeafCertificate::new(identity, 5, NOON))
}

fn pem(address: &str) -> String {
    certificate_pem(&certificate(address))
}

fn key() -> SigningKey {
    SigningKey::ed25519(&[22; 32])
}

/// Kind and version, digests, and the values of each signer.
type Picture = (String, Vec<String>, Vec<Vec<String>>);

/// Kind, digests, and of each signer the values of a field, as both readers see them.
fn read(body: &[u8], field: &Field) -> Result<Picture, Reason> {
    let picture = |entry: &sigstore::Entry<'_>| {
        let of = |signer: &sigstore::Signer<'_>| {
            let mut all = Vec::new();
            signer.values(field, &mut |value| all.push(value.to_owned()));
            all
        };
        let kind = format!("{} {}", entry.kind(), entry.version());
        let digests = entry.digests().map(str::to_owned).collect();
        (kind, digests, entry.signers().iter().map(of).collect())
    };
    let (mut quick, mut patient) = (Scratch::new(), Scratch::new());
    let quick = decode(LeafKind::RekorV1, body, &mut quick).map(|entry| picture(&entry));
    let patient = decode_body_tolerantly(body, &mut patient).map(|entry| picture(&entry));
    assert_eq!(quick, patient, "{}", body.escape_ascii());
    quick.map_err(|refused| refused.reason)
}

#[track_caller]
fn check(body: &[u8], kind: &str, digests: &[&str], field: &Field, expect: &[&[&str]]) {
    let found = read(body, field).unwrap();
    assert_eq!(found.0, kind);
    assert_eq!(found.1, digests);
    assert_eq!(found.2, expect);
}

#[track_caller]
fn refused(body: &[u8], reason: Reason) {
    assert_eq!(read(body, &Field::Subject), Err(reason), "{:.300}", body.escape_ascii());
}

fn spki_hash(key: &SigningKey) -> String {
    Hash::of(&key.spki_der()).to_string()
}

#[test]
fn every_kind_names_its_signer() {
    let bodies = body::one_of_each(&authority(), NOON);
    let expect = [
        ("hashedrekord 0.0.1", 1, "san"),
        ("hashedrekord 0.0.1", 1, "key"),
        ("rekord 0.0.1", 1, "san"),
        ("rekord 0.0.1", 1, "subject"),
        ("rekord 0.0.1", 1, "subject"),
        ("rekord 0.0.1", 1, "id"),
        ("intoto 0.0.1", 1, "san"),
        ("intoto 0.0.1", 2, "san"),
        ("intoto 0.0.2", 2, "san"),
        ("dsse 0.0.1", 2, "san"),
        ("jar 0.0.1", 1, "san"),
        ("rpm 0.0.1", 1, "subject"),
        ("helm 0.0.1", 1, "subject"),
        ("alpine 0.0.1", 1, "key"),
        ("cose 0.0.1", 2, "san"),
        ("tuf 0.0.1", 1, "key"),
        ("rfc3161 0.0.1", 1, "san"),
    ];
    assert_eq!(bodies.len(), expect.len());
    for (body, (kind, digests, by)) in bodies.iter().zip(expect) {
        let field = match by {
            "san" => Field::San,
            "subject" => Field::Subject,
            _ => Field::Fingerprint,
        };
        let (found, hashes, values) = read(body, &field).unwrap();
        assert_eq!((&*found, hashes.len()), (kind, digests));
        let values: Vec<String> = values.concat();
        match by {
            "key" => assert!(values.contains(&spki_hash(&key())), "{kind}"),
            "id" => assert_eq!(values[1..], ["0000000000000007", "7"]),
            _ => assert_eq!(values, ["alice@acme.example"], "{kind}"),
        }
    }
}

#[test]
fn digests_are_those_of_the_body() {
    let (one, two) = ("01".repeat(32), "02".repeat(32));
    let ours = |body: &[u8], kind: &str, digests: &[&str]| {
        check(body, kind, digests, &Field::San, &[&["a@acme.example"]]);
    };
    let pem = pem("a@acme.example");
    ours(&body::hashedrekord(&[1; 32], &pem), "hashedrekord 0.0.1", &[&one]);
    ours(&body::intoto_1(&[1; 32], None, &pem), "intoto 0.0.1", &[&one]);
    ours(
        &body::intoto_1(&[1; 32], Some(&[2; 32]), &pem),
        "intoto 0.0.1",
        &[&one, &two],
    );
    ours(
        &body::intoto_2(&[1; 32], &[2; 32], &[&pem]),
        "intoto 0.0.2",
        &[&one, &two],
    );
    ours(&body::dsse(&[1; 32], &[2; 32], &[&pem]), "dsse 0.0.1", &[&one, &two]);
    ours(&body::cose(&[1; 32], &[2; 32], &pem), "cose 0.0.1", &[&two, &one]);
    let metadata = Hash::of(b"metadata").to_string();
    let root = keys::tuf_root(&[key(), SigningKey::p256(&[3; 32])]);
    check(
        &body::tuf(b"metadata", root.as_bytes()),
        "tuf 0.0.1",
        &[&metadata],
        &Field::Fingerprint,
        &[&[&spki_hash(&key())], &[&spki_hash(&SigningKey::p256(&[3; 32]))]],
    );
    let refusal = message::time_stamp(None);
    let hash = Hash::of(&refusal).to_string();
    check(&body::rfc3161(&refusal), "rfc3161 0.0.1", &[&hash], &Field::San, &[]);
}

#[test]
fn upper_case_digests_are_lowered() {
    let body = String::from_utf8(body::hashedrekord(&[0xab; 32], &key().pem())).unwrap();
    let body = body.replace(&"ab".repeat(32), &"AB".repeat(32));
    assert_eq!(read(body.as_bytes(), &Field::San).unwrap().1, ["ab".repeat(32)]);
}

#[test]
fn signers_stay_apart() {
    let pems = [pem("a@acme.example"), key().pem(), pem("b@acme.example")];
    let pems: Vec<&str> = pems.iter().map(String::as_str).collect();
    let expect: [&[&str]; 3] = [&["a@acme.example"], &[], &["b@acme.example"]];
    for body in [
        body::dsse(&[1; 32], &[2; 32], &pems),
        body::intoto_2(&[1; 32], &[2; 32], &pems),
    ] {
        assert_eq!(read(&body, &Field::San).unwrap().2, expect);
    }
    // Two primary keys in one ring are two signers.
    let other = SigningKey::ed25519(&[4; 32]);
    let ring = [
        keys::pgp(
            &key(),
            &["A <a@acme.example>", "a2@acme.example"],
            std::slice::from_ref(&other),
        ),
        keys::pgp(&other, &["B <b@acme.example>"], &[]),
    ];
    let body = body::rpm(&[1; 32], keys::pgp_armor(&ring.concat()).as_bytes());
    let subjects = read(&body, &Field::Subject).unwrap().2;
    assert_eq!(
        subjects,
        [vec!["a@acme.example", "a2@acme.example"], vec!["b@acme.example"]]
    );
    let fingerprints = read(&body, &Field::Fingerprint).unwrap().2;
    assert_eq!((fingerprints[0].len(), fingerprints[1].len()), (2, 1));
    assert_eq!(fingerprints[0][1], fingerprints[1][0]);
    // Binary rings are read as armoured ones are.
    assert_eq!(
        read(&body::rpm(&[1; 32], &ring.concat()), &Field::Subject).unwrap().2,
        subjects
    );
}

#[test]
fn an_ssh_signature_of_another_key_is_told_as_well() {
    let other = SigningKey::ed25519(&[4; 32]);
    let line = keys::ssh(&key(), "me");
    let same = body::rekord(&[1; 32], "ssh", keys::ssh_signature(&key()).as_bytes(), line.as_bytes());
    let differs = body::rekord(&[1; 32], "ssh", keys::ssh_signature(&other).as_bytes(), line.as_bytes());
    assert_eq!(read(&same, &Field::Fingerprint).unwrap().2.len(), 1);
    let found = read(&differs, &Field::Fingerprint).unwrap().2;
    assert_eq!(found.len(), 2);
    assert_ne!(found[0], found[1]);
}

#[test]
fn a_jar_names_who_signed_it_and_not_who_certified_that() {
    let own = certificate("a@acme.example");
    let issuer = authority().certificate(NOON, NOON + 1);
    let carried = [issuer.clone(), own.clone()];
    let sans = |pkcs7: &[u8]| read(&body::jar(&[1; 32], &certificate_pem(&issuer), pkcs7), &Field::San);
    let signed = message::signed(&carried, &own);
    assert_eq!(sans(&signed).unwrap().2, [vec![], vec!["a@acme.example"]]);
    // The same message in BER, which other tools write.
    let ber = message::in_ber(&signed);
    assert_ne!(ber, signed);
    assert_eq!(cms::signers(&ber), cms::signers(&signed));
    assert_eq!(sans(&ber).unwrap().2, [vec![], vec!["a@acme.example"]]);
    // Signed with the very certificate that stands as the key, or with one that is not carried.
    assert_eq!(sans(&message::signed(&carried, &issuer)).unwrap().2, [vec![""; 0]]);
    assert_eq!(
        sans(&message::signed(std::slice::from_ref(&issuer), &own)).unwrap().2,
        [vec![""; 0]]
    );
    assert_eq!(sans(b"no message"), Err(Reason::BadCms));
    assert_eq!(sans(&signed[..signed.len() - 1]), Err(Reason::BadCms));
    assert_eq!(sans(&ber[..ber.len() - 2]), Err(Reason::BadCms));
}

#[test]
fn what_verifies_may_be_a_chain_or_an_older_form_of_key() {
    let issuer = certificate_pem(&authority().certificate(NOON, NOON + 1));
    let chain = pem("a@acme.example") + &issuer;
    let expect = [vec!["a@acme.example"]];
    assert_eq!(
        read(&body::hashedrekord(&[1; 32], &chain), &Field::San).unwrap().2,
        expect
    );
    let windows = pem("a@acme.example").replace('\n', "\r\n");
    assert_eq!(
        read(&body::hashedrekord(&[1; 32], &windows), &Field::San).unwrap().2,
        expect
    );
    // SEQUENCE { INTEGER 77, INTEGER 3 }.
    let rsa = "-----BEGIN RSA PUBLIC KEY-----\nMAYCAU0CAQM=\n-----END RSA PUBLIC KEY-----\n";
    let found = read(&body::alpine(&[1; 32], rsa), &Field::Fingerprint).unwrap().2;
    let spki = [&[
        0x30, 0x1a, 0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0, 3, 9, 0,
    ][..]];
    let spki = [&spki.concat()[..], &[0x30, 6, 2, 1, 77, 2, 1, 3]].concat();
    assert_eq!(found, [[Hash::of(&spki).to_string()]]);
}

#[test]
fn broken_verifiers_are_refused_for_what_they_are() {
    let hashedrekord = |pem: &str| body::hashedrekord(&[1; 32], pem);
    let sound = pem("a@acme.example");
    refused(&hashedrekord(""), Reason::BadPem);
    refused(
        &hashedrekord(&sound.replace("CERTIFICATE", "PRIVATE KEY")),
        Reason::UnknownPem,
    );
    refused(
        &hashedrekord(&sound.replace("CERTIFICATE", "PUBLIC KEY")),
        Reason::BadKey,
    );
    refused(
        &hashedrekord(&key().pem().replace("PUBLIC KEY", "CERTIFICATE")),
        Reason::BadCertificate,
    );
    refused(
        &hashedrekord(&key().pem().replace("PUBLIC", "RSA PUBLIC")),
        Reason::BadKey,
    );
    refused(&hashedrekord(&sound.replacen("MII", "M!I", 1)), Reason::BadBase64);
    let rekord = |format: &str, signature: &[u8], key: &[u8]| body::rekord(&[1; 32], format, signature, key);
    refused(&rekord("pgp", b"", b"no key"), Reason::BadPgpKey);
    refused(&rekord("ssh", b"", b"no key"), Reason::BadSshKey);
    refused(
        &rekord("ssh", b"x", keys::ssh(&key(), "").as_bytes()),
        Reason::BadSshSignature,
    );
    refused(&rekord("minisign", b"", b"no key"), Reason::BadMinisignKey);
    refused(&rekord("x509", b"", b"no key"), Reason::BadPem);
    refused(&rekord("tuf", b"", b"no key"), Reason::UnknownFormat);
    refused(&body::tuf(b"{}", b"{}"), Reason::BadTufRoot);
    refused(&body::rfc3161(b"no response"), Reason::BadCms);
    let nul = keys::pgp(&key(), &["a@acme.example\0.evil.example"], &[]);
    refused(&body::helm(&[1; 32], &nul), Reason::BadPgpKey);
    refused(&body::dsse(&[1; 32], &[2; 32], &[]), Reason::MissingVerifier);
}

#[test]
fn what_no_decoder_knows_is_refused_by_name() {
    let sound = String::from_utf8(body::hashedrekord(&[1; 32], &key().pem())).unwrap();
    for (from, to, reason) in [
        ("\"hashedrekord\"", "\"moon\"", Reason::UnknownKind),
        ("\"0.0.1\"", "\"0.0.2\"", Reason::UnknownVersion),
        ("\"apiVersion\"", "\"version\"", Reason::MissingKind),
        ("\"spec\"", "\"specs\"", Reason::MissingSpec),
        ("\"hash\"", "\"digest\"", Reason::MissingDigest),
        ("\"value\":\"01", "\"value\":\"0x", Reason::BadDigest),
        ("\"value\":\"01", "\"value\":\"1", Reason::BadDigest),
        ("\"publicKey\"", "\"key\"", Reason::MissingVerifier),
        ("}}}}", "}}}}}", Reason::NotJson),
        ("{\"data\":", "{\"data\":{},\"data\":", Reason::DuplicateKey),
    ] {
        let other = sound.replacen(from, to, 1);
        assert_ne!(other, sound);
        refused(other.as_bytes(), reason);
    }
    refused(b"", Reason::Empty);
    refused(b"[]", Reason::NotAnObject);
    refused(&[0xff, 0xfe], Reason::Binary);
    refused(&vec![b' '; MAX_BODY_BYTES + 1], Reason::TooLarge);
    let many = format!(
        r#"{{"apiVersion":"0.0.1","kind":"dsse","spec":[{}0]}}"#,
        "0,".repeat(100_000)
    );
    refused(many.as_bytes(), Reason::TooManyValues);
}

#[test]
fn other_orders_spaces_and_unknown_fields_change_nothing() {
    for body in body::one_of_each(&authority(), NOON) {
        let expect = read(&body, &Field::Fingerprint).unwrap();
        let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let spaced = serde_json::to_string_pretty(&document).unwrap();
        assert_eq!(read(spaced.as_bytes(), &Field::Fingerprint).as_ref(), Ok(&expect));
        let more = String::from_utf8(body).unwrap();
        let more = more.replacen("\"spec\":{", "\"spec\":{\"a\":[null,1.5,{\"b\":{}}],", 1);
        assert_eq!(read(more.as_bytes(), &Field::Fingerprint), Ok(expect));
    }
}

#[test]
fn a_body_that_is_cut_or_changed_never_decodes_otherwise_by_haste() {
    for body in body::one_of_each(&authority(), NOON) {
        for at in (0..body.len()).step_by(11) {
            let mut other = body.clone();
            other[at] ^= 1 << (at % 8);
            let _ = read(&other, &Field::Fingerprint);
            assert!(read(&body[..at], &Field::Fingerprint).is_err());
        }
    }
}

#[test]
fn the_mix_decodes_quickly_and_alike() {
    let mass = MassBodies::new(&authority(), "acme", NOON);
    let mut kinds = std::collections::BTreeMap::new();
    for index in 0..64 {
        let (kind, _, sans) = read(&mass.body(index), &Field::San).unwrap();
        *kinds.entry(kind).or_insert(0) += 1;
        assert!(sans[0][0].contains(&format!("{index:010}")), "{sans:?}");
    }
    let kinds: Vec<(&str, i32)> = kinds.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
    assert_eq!(
        kinds,
        [
            ("dsse 0.0.1", 12),
            ("hashedrekord 0.0.1", 44),
            ("intoto 0.0.1", 4),
            ("intoto 0.0.2", 4)
        ]
    );
}

#[test]
fn promises_of_every_kind_of_key_verify() {
    for algorithm in [Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::EcdsaP384] {
        let key = SigningKey::new(algorithm, &[7; 32]);
        let verifier = VerifierKey::from_spki("log.example", &key.spki_der(), KeyIdRule::Spki).unwrap();
        let id: Hash = promise::log_id(&key).parse().unwrap();
        let set = promise::signed_entry_timestamp(&key, b"body", 1_700_000_000, 12);
        assert_eq!(set::verify(&verifier, b"body", 1_700_000_000, &id, 12, &set), Ok(()));
        let other = set::verify(&verifier, b"bodx", 1_700_000_000, &id, 12, &set);
        assert_eq!(other, Err(SetError::Signature));
        let never = set::verify(&verifier, b"body", -1, &id, 12, &set);
        assert_eq!(never, Err(SetError::OutOfRange));
        let long = set::verify(&verifier, b"body", 1, &id, 12, &[0; 513]);
        assert_eq!(long, Err(SetError::TooLarge { bytes: 513 }));
    }
}
