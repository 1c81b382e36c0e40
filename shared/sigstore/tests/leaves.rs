//! Leaves of Rekor v2: what decodes, and what exactly is refused. Both readers are asked each time.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod support;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sentinel_sigstore::{Field, LeafKind, MAX_LEAF_BYTES, Reason, Scratch, Undecodable, decode};
use support::{certificate_verifier, der, dsse, hashedrekord, key_verifier, outcome, picture, san_extension};

fn values(leaf: &str, field: &Field) -> Vec<Vec<String>> {
    let mut scratch = Scratch::new();
    let entry = decode(LeafKind::RekorV2, leaf.as_bytes(), &mut scratch).unwrap();
    let of = |signer: &sentinel_sigstore::Signer<'_>| {
        let mut found = Vec::new();
        signer.values(field, &mut |text| found.push(text.to_owned()));
        found
    };
    entry.signers().iter().map(of).collect()
}

#[track_caller]
fn refused(leaf: &[u8], names: Option<(&str, &str)>, reason: Reason) {
    let (kind, version) = (names.map(|it| it.0.to_owned()), names.map(|it| it.1.to_owned()));
    assert_eq!(
        outcome(leaf),
        Err(Undecodable { kind, version, reason }),
        "{:.200}",
        leaf.escape_ascii()
    );
}

/// Refused as a `hashedrekord` 0.0.2.
#[track_caller]
fn refused_v2(leaf: &str, reason: Reason) {
    refused(leaf.as_bytes(), Some(("hashedrekord", "0.0.2")), reason);
}

fn github() -> String {
    hashedrekord(&certificate_verifier(&support::github_certificate()))
}

// ---- what decodes

#[test]
fn a_certificate_leaf_is_read_in_full() {
    let mut scratch = Scratch::new();
    let leaf = github();
    let entry = decode(LeafKind::RekorV2, leaf.as_bytes(), &mut scratch).unwrap();
    assert_eq!((entry.kind(), entry.version()), ("hashedrekord", "0.0.2"));
    assert_eq!(entry.digests().collect::<Vec<_>>(), ["d1".repeat(32)]);
    assert_eq!(entry.signers().len(), 1);
    assert_eq!(values(&leaf, &Field::San), [[support::WORKFLOW]]);
    assert_eq!(values(&leaf, &Field::Issuer), [[support::GITHUB]]);
    let owner = Field::parse("source-repository-owner-uri").unwrap();
    assert_eq!(values(&leaf, &owner), [["https://github.com/acme-corporation"]]);
    for of_entry in [Field::Digest, Field::Kind, Field::Log] {
        assert_eq!(values(&leaf, &of_entry), [[""; 0]]);
    }
}

#[test]
fn a_key_leaf_has_the_fingerprint_of_its_key() {
    let leaf = hashedrekord(&key_verifier(&support::spki()));
    outcome(leaf.as_bytes()).unwrap();
    assert_eq!(
        values(&leaf, &Field::Fingerprint),
        [[tlog::Hash::of(&support::spki()).to_string()]]
    );
    for field in [
        Field::San,
        Field::Issuer,
        Field::Subject,
        Field::parse("build-trigger").unwrap(),
    ] {
        assert_eq!(values(&leaf, &field), [[""; 0]]);
    }
}

#[test]
fn a_certificate_may_name_nobody() {
    let leaf = hashedrekord(&certificate_verifier(&support::certificate(&[])));
    outcome(leaf.as_bytes()).unwrap();
    assert_eq!(values(&leaf, &Field::San), [[""; 0]]);
    assert_eq!(values(&leaf, &Field::Fingerprint)[0].len(), 2);
}

#[test]
fn a_dsse_leaf_has_every_signer_in_order() {
    let named =
        |name: &str| certificate_verifier(&support::certificate(&[san_extension(&[der(0x81, name.as_bytes())])]));
    let leaf = dsse(&[
        named("a@example.com"),
        key_verifier(&support::spki()),
        named("b@example.com"),
    ]);
    assert!(outcome(leaf.as_bytes()).unwrap().starts_with("dsse 0.0.2 [\"d1d1"));
    let expect = [vec!["a@example.com"], vec![], vec!["b@example.com"]];
    assert_eq!(values(&leaf, &Field::San), expect);
    assert_eq!(
        values(&dsse(&[named("c@example.com")]), &Field::San),
        [["c@example.com"]]
    );
}

#[test]
fn unknown_fields_other_orders_and_spaces_change_nothing() {
    let canonical = github();
    let expect = outcome(canonical.as_bytes()).unwrap();
    let document: serde_json::Value = serde_json::from_str(&canonical).unwrap();
    let spaced = serde_json::to_string_pretty(&document).unwrap();
    let more = canonical
        .replace("{\"algorithm\"", "{\"a\":[1,null,{\"b\":2.5e3}],\"algorithm\"")
        .replace("\"kind\"", "\"integratedTime\":0,\"kind\"")
        .replace("\"keyDetails\"", "\"hint\":\"\\u0000\",\"keyDetails\"");
    let escaped = canonical
        .replace("\"kind\"", "\"\\u006bind\"")
        .replace("PKIX", "\\u0050KIX");
    let slashes = canonical.replace('/', "\\/");
    let no_details = canonical.replace("\"keyDetails\":\"PKIX_ECDSA_P256_SHA_256\",", "");
    let null_key = canonical.replace("\"x509Certificate\"", "\"publicKey\":null,\"x509Certificate\"");
    let no_content = canonical.replace("\"content\":", "\"contents\":");
    for other in [spaced, more, escaped, slashes, no_details, null_key, no_content] {
        assert_ne!(other, canonical);
        assert_eq!(outcome(other.as_bytes()), Ok(expect.clone()), "{other:.300}");
    }
}

#[test]
fn an_opaque_leaf_always_decodes_to_its_digest() {
    let mut scratch = Scratch::new();
    for leaf in [&b""[..], b"\x00\xff", b"{}", &[7; 70_000], github().as_bytes()] {
        let entry = decode(LeafKind::Opaque, leaf, &mut scratch).unwrap();
        assert_eq!(
            (entry.kind(), entry.version(), entry.signers().len()),
            ("opaque", "", 0)
        );
        assert_eq!(entry.digests().collect::<Vec<_>>(), [tlog::Hash::of(leaf).to_string()]);
    }
}

#[test]
fn a_scratch_carries_nothing_from_leaf_to_leaf() {
    let leaves = [
        github(),
        hashedrekord(&key_verifier(&support::spki())),
        hashedrekord(&certificate_verifier(b"junk")),
        dsse(&[
            key_verifier(&support::spki()),
            certificate_verifier(&support::certificate(&[])),
        ]),
    ];
    let mut scratch = Scratch::new();
    for leaf in leaves.iter().chain(leaves.iter().rev()) {
        let used = decode(LeafKind::RekorV2, leaf.as_bytes(), &mut scratch).map(|entry| picture(&entry));
        assert_eq!(used, outcome(leaf.as_bytes()));
    }
}

#[test]
fn every_corpus_certificate_decodes_from_a_leaf() {
    for certificate in support::corpus_certificates() {
        let leaf = hashedrekord(&certificate_verifier(&certificate));
        outcome(leaf.as_bytes()).unwrap();
        assert_eq!(
            values(&leaf, &Field::Fingerprint)[0][0],
            tlog::Hash::of(&certificate).to_string()
        );
        assert_eq!(values(&leaf, &Field::San)[0].len(), 1);
    }
}

// ---- what is refused, and why

#[test]
fn junk_is_refused_by_form() {
    refused(b"", None, Reason::Empty);
    refused(&[b' '; MAX_LEAF_BYTES + 1], None, Reason::TooLarge);
    refused(&[&[1u8][..], &[0xab; 64]].concat(), None, Reason::IdentityService);
    refused(&[&[1u8][..], &[0xab; 63]].concat(), None, Reason::Binary);
    refused(&[1], None, Reason::Binary);
    refused(&[2, 0, 0, 0xff], None, Reason::Binary);
    refused(b"{\"kind\":\"\xff\"}", None, Reason::Binary);
    refused(b"{\"kind\":\"a\0b\"}", None, Reason::Binary);
    refused(b"hello", None, Reason::NotJson);
    refused(b"   ", None, Reason::NotJson);
    refused(b"{\"kind\":\"hashedrekord\"", None, Reason::NotJson);
    refused(b"{}{}", None, Reason::NotJson);
    refused(b"[]", None, Reason::NotAnObject);
    refused(b"\"hashedrekord\"", None, Reason::NotAnObject);
    refused(b"null", None, Reason::NotAnObject);
}

#[test]
fn nesting_bombs_are_bounded() {
    refused("[".repeat(60_000).as_bytes(), None, Reason::TooDeep);
    refused("{\"a\":".repeat(13_000).as_bytes(), None, Reason::TooDeep);
    let inside = github().replace(
        "\"kind\"",
        &format!("\"x\":{}1{},\"kind\"", "[".repeat(500), "]".repeat(500)),
    );
    refused(inside.as_bytes(), None, Reason::TooDeep);
}

#[test]
fn kinds_and_versions_that_nobody_knows_are_named() {
    let leaf = github();
    refused(b"{}", None, Reason::MissingKind);
    let nameless = Undecodable {
        kind: None,
        version: Some("0.0.2".into()),
        reason: Reason::MissingKind,
    };
    assert_eq!(
        outcome(leaf.replace("\"kind\":\"hashedrekord\",", "").as_bytes()),
        Err(nameless)
    );
    refused(
        leaf.replace("\"kind\":\"hashedrekord\"", "\"kind\":\"ship\"")
            .as_bytes(),
        Some(("ship", "0.0.2")),
        Reason::UnknownKind,
    );
    for version in ["0.0.1", "0.0.3", "1", ""] {
        let leaf = leaf.replace("\"apiVersion\":\"0.0.2\"", &format!("\"apiVersion\":\"{version}\""));
        refused(leaf.as_bytes(), Some(("hashedrekord", version)), Reason::UnknownVersion);
    }
    let long = "k".repeat(5000);
    let leaf = leaf.replace("\"kind\":\"hashedrekord\"", &format!("\"kind\":\"{long}\""));
    refused(leaf.as_bytes(), Some((&long[..64], "0.0.2")), Reason::UnknownKind);
}

#[test]
fn a_key_twice_is_refused_wherever_it_stands() {
    let leaf = github();
    let raw = leaf.find("\"rawBytes\"").unwrap();
    let twice = format!("{}\"rawBytes\":\"AAAA\",{}", &leaf[..raw], &leaf[raw..]);
    refused(twice.as_bytes(), None, Reason::DuplicateKey);
    let kinds = leaf.replace("\"kind\"", "\"kind\":\"dsse\",\"kind\"");
    refused(kinds.as_bytes(), None, Reason::DuplicateKey);
}

#[test]
fn missing_parts_are_named() {
    let leaf = github();
    refused_v2(&leaf.replace("\"spec\"", "\"spek\""), Reason::MissingSpec);
    refused_v2(
        &leaf.replace("hashedRekordV002", "hashedRekordV001"),
        Reason::MissingSpec,
    );
    refused_v2(
        "{\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekord\",\"spec\":{\"hashedRekordV002\":[]}}",
        Reason::MissingSpec,
    );
    refused_v2(&leaf.replace("\"digest\"", "\"digests\""), Reason::MissingDigest);
    refused_v2(&leaf.replace("\"data\"", "\"date\""), Reason::MissingDigest);
    refused_v2(&leaf.replace("\"signature\"", "\"sig\""), Reason::MissingVerifier);
    refused_v2(&leaf.replace("\"verifier\"", "\"verified\""), Reason::MissingVerifier);
    refused_v2(
        &leaf.replace("x509Certificate", "x509CertificateChain"),
        Reason::MissingVerifier,
    );
    refused_v2(&leaf.replace("rawBytes", "raw"), Reason::MissingVerifier);
    let both = leaf.replace(
        "\"x509Certificate\"",
        "\"publicKey\":{\"rawBytes\":\"AAAA\"},\"x509Certificate\"",
    );
    refused_v2(&both, Reason::AmbiguousVerifier);
    refused(dsse(&[]).as_bytes(), Some(("dsse", "0.0.2")), Reason::MissingVerifier);
}

#[test]
fn broken_values_are_named() {
    let leaf = github();
    let digest = STANDARD.encode(support::DIGEST);
    let with_digest = |text: &str| leaf.replace(&digest, text);
    refused_v2(&with_digest(""), Reason::BadDigest);
    refused_v2(&with_digest(&STANDARD.encode([1; 65])), Reason::BadDigest);
    refused_v2(&with_digest(&STANDARD.encode([1; 900])), Reason::BadDigest);
    refused_v2(&with_digest(&digest.replace('=', "")), Reason::BadBase64);
    refused_v2(&with_digest("0123 567"), Reason::BadBase64);
    outcome(with_digest(&STANDARD.encode([1; 64])).as_bytes()).unwrap();

    let verifier = |raw: &str| hashedrekord(&certificate_verifier(b"").replace("\"\"", &format!("\"{raw}\"")));
    refused_v2(&verifier("MII!"), Reason::BadBase64);
    refused_v2(&verifier("MII"), Reason::BadBase64);
    refused_v2(&verifier("MI-_"), Reason::BadBase64);
    refused_v2(&verifier("MII\\n"), Reason::BadBase64);
    refused_v2(&verifier(""), Reason::BadCertificate);
    refused_v2(&verifier("MIIA"), Reason::BadCertificate);
    refused_v2(
        &hashedrekord(&certificate_verifier(&support::spki())),
        Reason::BadCertificate,
    );
    refused_v2(&hashedrekord(&key_verifier(b"")), Reason::BadKey);
    refused_v2(
        &hashedrekord(&key_verifier(&support::github_certificate())),
        Reason::BadKey,
    );
    refused_v2(
        &hashedrekord(&key_verifier(&[support::spki(), vec![0]].concat())),
        Reason::BadKey,
    );
}

#[test]
fn names_that_mislead_are_refused_even_if_nobody_asks() {
    let leaf = |tag, name: &[u8]| {
        hashedrekord(&certificate_verifier(&support::certificate(&[san_extension(&[der(
            tag, name,
        )])])))
    };
    for name in [&b"a@example.com\0.evil.com"[..], b"a\r\nb", b"\x1b[2J", b"\xffa@b"] {
        refused_v2(&leaf(0x81, name), Reason::BadSanText);
        refused_v2(&leaf(0x86, name), Reason::BadSanText);
    }
    refused_v2(&leaf(0x87, &[1, 2, 3]), Reason::BadSan);
    refused_v2(&leaf(0x8f, b"x"), Reason::BadSan);
    outcome(leaf(0x81, "jörg@example.com".as_bytes()).as_bytes()).unwrap();
}

#[test]
fn one_bad_signer_refuses_the_whole_dsse_leaf() {
    let good = key_verifier(&support::spki());
    let leaf = dsse(&[good.clone(), certificate_verifier(b"junk"), good]);
    refused(leaf.as_bytes(), Some(("dsse", "0.0.2")), Reason::BadCertificate);
}
