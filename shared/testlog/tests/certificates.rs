//! Another reader's word on the certificates: `x509-parser` finds in them what was put in.

use testlog::MassLeaves;
use testlog::SigningKey;
use testlog::certificate::broken::Broken;
use testlog::certificate::{Authority, GITHUB_ISSUER, Identity, LeafCertificate, San};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

const NOON: u64 = 1_800_000_000;

fn authority() -> Authority {
    Authority::new("acme", &[9; 32])
}

fn sans(certificate: &X509Certificate) -> Vec<String> {
    let Ok(Some(names)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = names.value.general_names.iter();
    names
        .map(|name| match name {
            GeneralName::RFC822Name(text) => format!("email:{text}"),
            GeneralName::URI(text) => format!("uri:{text}"),
            GeneralName::DNSName(text) => format!("dns:{text}"),
            GeneralName::OtherName(oid, value) => {
                format!("other:{oid}:{}", String::from_utf8_lossy(&value[4..]))
            }
            other => format!("{other:?}"),
        })
        .collect()
}

/// The value of a Fulcio extension, with its DER header where it has one.
fn fulcio(certificate: &X509Certificate, number: u32) -> Option<Vec<u8>> {
    let oid = format!("1.3.6.1.4.1.57264.1.{number}");
    let found = certificate
        .extensions()
        .iter()
        .find(|extension| extension.oid.to_id_string() == oid);
    found.map(|extension| extension.value.to_vec())
}

#[test]
fn a_workflow_says_what_fulcio_says() {
    let identity = Identity::github_workflow("acme", "tool", "release.yml", "refs/tags/v1");
    let der = authority().issue(&LeafCertificate::new(identity, 5, NOON));
    let (rest, certificate) = X509Certificate::from_der(&der).unwrap();
    assert!(rest.is_empty());
    let config = "https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v1";
    assert_eq!(sans(&certificate), [format!("uri:{config}")]);
    assert!(certificate.subject().iter().next().is_none());
    let text = |number| fulcio(&certificate, number).map(|value| String::from_utf8_lossy(&value).into_owned());
    assert_eq!(text(1).as_deref(), Some(GITHUB_ISSUER));
    assert_eq!(text(5).as_deref(), Some("acme/tool"));
    assert_eq!(
        fulcio(&certificate, 8),
        Some([b"\x0C\x2B", GITHUB_ISSUER.as_bytes()].concat())
    );
    assert_eq!(
        fulcio(&certificate, 16),
        Some([b"\x0C\x17", "https://github.com/acme".as_bytes()].concat())
    );
    assert!(text(9).is_some_and(|value| value.ends_with(config)));
    assert_eq!(text(7), None);
}

#[test]
fn validity_usage_and_serial() {
    let der = authority().issue(&LeafCertificate::new(
        Identity::email("a@b.example", "https://i.example"),
        5,
        NOON,
    ));
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    assert_eq!(
        certificate.validity().not_before.timestamp(),
        i64::try_from(NOON).unwrap()
    );
    assert_eq!(
        certificate.validity().not_after.timestamp(),
        i64::try_from(NOON).unwrap() + 600
    );
    let usage = certificate.extended_key_usage().unwrap().unwrap();
    assert!(usage.value.code_signing && !usage.value.any && !usage.value.server_auth);
    let signing = certificate.key_usage().unwrap().unwrap();
    assert!(signing.value.digital_signature() && !signing.value.key_cert_sign());
    assert!(certificate.raw_serial().ends_with(&[0, 0, 0, 0, 0, 0, 0, 5]));
    assert_eq!(certificate.raw_serial().len(), 20);
}

#[test]
fn every_kind_of_name() {
    let identity = Identity::user_name("octo!https://i.example", "https://i.example")
        .with_san(San::Email("a@b.example".into()))
        .with_san(San::Uri("spiffe://acme/x".into()))
        .with_san(San::Dns("acme.example".into()));
    let der = authority().issue(&LeafCertificate::new(identity, 5, NOON));
    let (_, certificate) = X509Certificate::from_der(&der).unwrap();
    let other = "other:1.3.6.1.4.1.57264.1.7:octo!https://i.example";
    assert_eq!(
        sans(&certificate),
        [other, "email:a@b.example", "uri:spiffe://acme/x", "dns:acme.example"]
    );
}

#[test]
fn the_authority_is_one_and_its_leaves_name_it() {
    for key in [
        SigningKey::p256(&[1; 32]),
        SigningKey::p384(&[1; 32]),
        SigningKey::ed25519(&[1; 32]),
    ] {
        let authority = Authority::with_key("acme", key.clone());
        let own = authority.certificate(NOON - 1, NOON + 10_000);
        let (_, own) = X509Certificate::from_der(&own).unwrap();
        assert!(own.is_ca());
        assert_eq!(own.public_key().raw, key.spki_der());
        let leaf = authority.issue(&LeafCertificate::new(Identity::default(), 1, NOON));
        let (_, leaf) = X509Certificate::from_der(&leaf).unwrap();
        assert_eq!(leaf.issuer(), own.subject());
        assert!(!leaf.is_ca());
    }
}

#[test]
fn broken_ones_are_broken_in_their_own_way() {
    for broken in Broken::ALL {
        let der = broken.certificate(&authority(), 1, NOON);
        let parsed = X509Certificate::from_der(&der);
        match broken {
            Broken::Truncated | Broken::Overlong => assert!(parsed.is_err(), "{broken:?}"),
            Broken::Trailing => assert_eq!(parsed.unwrap().0, b"more"),
            Broken::NulInSan => assert!(sans(&parsed.unwrap().1)[0].contains('\0')),
            Broken::NoSan => assert!(sans(&parsed.unwrap().1).is_empty()),
            Broken::SanNotUtf8 => assert!(sans(&parsed.unwrap().1)[0].starts_with("Invalid")),
            Broken::HugeSan => assert_eq!(sans(&parsed.unwrap().1)[0].len(), 20_006),
            Broken::IssuerNotDer => {
                assert_eq!(fulcio(&parsed.unwrap().1, 8).unwrap(), b"https://issuer.example");
            }
            Broken::IssuerNotUtf8 => assert_eq!(fulcio(&parsed.unwrap().1, 8).unwrap(), b"\x0C\x03\xFF\xFEx"),
            Broken::IssuerTwice => {
                let parsed = parsed.unwrap().1;
                let issuers = parsed
                    .extensions()
                    .iter()
                    .filter(|one| one.oid.to_id_string().ends_with(".57264.1.8"));
                assert_eq!(issuers.count(), 2);
            }
        }
    }
}

#[test]
fn patched_certificates_are_the_issued_ones_but_for_the_signature() {
    let email = |number: &str| Identity::email(&format!("build-{number}@acme.example"), "https://i.example");
    let identities = [
        email(MassLeaves::ROOM),
        Identity::github_workflow("acme", "tool", "ci.yml", "refs/heads/main"),
    ];
    let leaves = MassLeaves::new(&authority(), &identities, NOON);
    let patched = leaves.certificate(1234);
    let (rest, certificate) = X509Certificate::from_der(&patched).unwrap();
    assert!(rest.is_empty());
    assert_eq!(sans(&certificate), ["email:build-0000001234@acme.example"]);
    assert!(certificate.raw_serial().ends_with(&[4, 210]));
    let other = leaves.certificate(1235);
    let (_, other) = X509Certificate::from_der(&other).unwrap();
    assert!(sans(&other)[0].contains("acme/tool"));
    let leaf = leaves.leaf(1235);
    assert!((2_000..3_500).contains(&leaf.len()), "{}", leaf.len());
    let value: serde_json::Value = serde_json::from_slice(&leaf).unwrap();
    assert_eq!(serde_json::to_vec(&value).unwrap(), leaf);
}
