//! Certificates: the corpus agrees with its index, and every field gives what rules and findings ask for.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod support;

use std::collections::BTreeMap;

use sentinel_sigstore::certificate::{Certificate, CertificateError, index};
use sentinel_sigstore::san::SanError;
use sentinel_sigstore::{CertificateFacts, Field, SanKind, Signer, Verifier, fulcio};
use support::{der, extension, fulcio_extension, san_extension};

fn with_signer<R>(der: &[u8], f: impl FnOnce(&Signer<'_>) -> R) -> R {
    let mut slots = Vec::new();
    let layout = index(der, &mut slots).unwrap();
    f(&Signer::new(Verifier::Certificate(Certificate::new(
        der, &layout, &slots,
    ))))
}

fn values(der: &[u8], field: &str) -> Vec<String> {
    let field = Field::parse(field).unwrap();
    let mut found = Vec::new();
    with_signer(der, |signer| {
        signer.values(&field, &mut |text| found.push(text.to_owned()));
    });
    found
}

// ---- the corpus and its index

/// Reads the Python literals of the index: strings, numbers, and the lists, tuples and dictionaries around them.
#[derive(Debug, PartialEq)]
enum Literal {
    Text(String),
    Number(u8),
    Many(Vec<Literal>),
}

fn literal(rest: &mut &str) -> Literal {
    let first = rest.chars().next().unwrap();
    match first {
        '\'' => {
            let end = rest[1..].find('\'').unwrap() + 1;
            let text = rest[1..end].to_owned();
            assert!(!text.contains('\\'), "escapes are not read here");
            *rest = &rest[end + 1..];
            Literal::Text(text)
        }
        '[' | '(' | '{' => {
            *rest = &rest[1..];
            let mut many = Vec::new();
            while !rest.starts_with([']', ')', '}']) {
                many.push(literal(rest));
                *rest = rest.trim_start_matches([',', ':', ' ']);
            }
            *rest = &rest[1..];
            Literal::Many(many)
        }
        _ => {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap();
            let number = rest[..end].parse().unwrap();
            *rest = &rest[end..];
            Literal::Number(number)
        }
    }
}

fn many(text: &str) -> Vec<Literal> {
    let mut rest = text;
    let Literal::Many(many) = literal(&mut rest) else {
        panic!("{text}")
    };
    assert_eq!(rest, "");
    many
}

fn expected_sans(text: &str) -> Vec<String> {
    let name = |pair| match pair {
        Literal::Many(pair) => match &pair[..] {
            [Literal::Text(_), Literal::Text(value)] => value.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    many(text).into_iter().map(name).collect()
}

fn expected_extensions(text: &str) -> BTreeMap<u8, String> {
    let items = many(text);
    let pair = |pair: &[Literal]| match pair {
        [Literal::Number(number), Literal::Text(value)] => (*number, value.clone()),
        other => panic!("{other:?}"),
    };
    items.chunks(2).map(pair).collect()
}

/// The text in the hex of a DER UTF8String.
fn utf8_string(hex: &str) -> String {
    let bytes: Vec<u8> = (0..hex.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap())
        .collect();
    assert_eq!(bytes[0], 0x0c);
    let header = match bytes[1] {
        0..=0x7f => 2,
        0x81 => 3,
        _ => 4,
    };
    String::from_utf8(bytes[header..].to_vec()).unwrap()
}

#[test]
fn every_corpus_certificate_agrees_with_the_index() {
    let Some(folder) = support::corpus("fulcio-leaf") else {
        return;
    };
    let lines = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
    let mut checked = 0;
    for line in lines.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let der = std::fs::read(folder.join(columns[0].strip_prefix("fulcio-leaf/").unwrap())).unwrap();
        let sans = expected_sans(columns[2]);
        assert_eq!(values(&der, "san"), sans, "{line}");
        assert_eq!(values(&der, "subject"), sans);
        check_extensions(&der, &expected_extensions(columns[3]));
        checked += 1;
    }
    assert_eq!(checked, 133);
}

fn check_extensions(der: &[u8], indexed: &BTreeMap<u8, String>) {
    let text = |number: &u8| {
        let value = indexed.get(number)?;
        Some(if *number <= 6 {
            value.clone()
        } else {
            utf8_string(value)
        })
    };
    for number in 1..=40 {
        let found = values(der, &format!("1.3.6.1.4.1.57264.1.{number}"));
        assert_eq!(found, text(&number).into_iter().collect::<Vec<_>>(), "{number}");
        if let Some(name) = fulcio::name_of(number).filter(|name| *name != "issuer") {
            assert_eq!(values(der, name), found);
        }
    }
    assert_eq!(
        values(der, "issuer"),
        text(&8).or(text(&1)).into_iter().collect::<Vec<_>>()
    );
    let facts = with_signer(der, |signer| CertificateFacts::of(signer.certificate().unwrap()));
    let by_oid = facts.extensions.iter().map(|it| (it.oid.clone(), it.value.clone()));
    let expect = indexed
        .keys()
        .map(|n| (format!("1.3.6.1.4.1.57264.1.{n}"), text(n).unwrap()));
    assert_eq!(by_oid.collect::<BTreeMap<_, _>>(), expect.collect());
}

// ---- values and facts

#[test]
fn issuer_is_extension_8_and_1_only_without_it() {
    let both = support::certificate(&[fulcio_extension(1, "https://old"), fulcio_extension(8, "https://new")]);
    assert_eq!(values(&both, "issuer"), ["https://new"]);
    let old = support::certificate(&[fulcio_extension(1, "https://old")]);
    assert_eq!(values(&old, "issuer"), ["https://old"]);
    assert_eq!(values(&support::certificate(&[]), "issuer"), [""; 0]);
}

#[test]
fn an_extension_that_occurs_twice_hides_nothing() {
    let name = |text: &str| san_extension(&[der(0x81, text.as_bytes())]);
    let twice = support::certificate(&[
        name("first@example.com"),
        fulcio_extension(8, "https://a"),
        fulcio_extension(8, "https://b"),
        name("second@example.com"),
    ]);
    assert_eq!(values(&twice, "san"), ["first@example.com", "second@example.com"]);
    assert_eq!(values(&twice, "issuer"), ["https://a", "https://b"]);
}

#[test]
fn a_second_san_extension_is_checked_too() {
    let bad = san_extension(&[der(0x81, b"a\0b")]);
    let certificate = support::certificate(&[san_extension(&[der(0x81, b"a@b.c")]), bad]);
    assert_eq!(
        index(&certificate, &mut Vec::new()),
        Err(CertificateError::San(SanError::Text))
    );
}

#[test]
fn any_identifier_can_be_asked_for() {
    let certificate = support::certificate(&[
        extension("1.2.3.4", &der(0x0c, b"text")),
        extension("1.2.3.5", &[0xde, 0xad]),
        extension("1.3.6.1.4.1.57264.1.99", b"plain"),
    ]);
    assert_eq!(values(&certificate, "1.2.3.4"), ["text"]);
    assert_eq!(values(&certificate, "1.2.3.5"), ["dead"]);
    assert_eq!(values(&certificate, "1.3.6.1.4.1.57264.1.99"), ["plain"]);
    assert_eq!(values(&certificate, "1.2.3"), [""; 0]);
}

#[test]
fn fingerprints_are_those_of_certificate_and_key() {
    let der = support::github_certificate();
    let expect = [
        tlog::Hash::of(&der).to_string(),
        tlog::Hash::of(&support::spki()).to_string(),
    ];
    assert_eq!(values(&der, "fingerprint"), expect);
}

#[test]
fn facts_tell_everything() {
    let facts = with_signer(&support::github_certificate(), |it| {
        CertificateFacts::of(it.certificate().unwrap())
    });
    assert_eq!(facts.serial, "0102030405060708090a0b0c0d0e0f1011121314");
    assert_eq!(
        facts.issued_by.as_deref(),
        Some("O=sigstore.dev, CN=sigstore-intermediate")
    );
    assert_eq!(facts.subject, None);
    assert_eq!(facts.not_before.unwrap().to_string(), "2026-08-01T12:00:00Z");
    assert_eq!(facts.not_after.unwrap().to_string(), "2026-08-01T12:10:00Z");
    assert_eq!(facts.issuer.as_deref(), Some(support::GITHUB));
    assert_eq!(facts.sans.len(), 1);
    assert_eq!(
        (facts.sans[0].kind, facts.sans[0].value.as_str()),
        (SanKind::Uri, support::WORKFLOW)
    );
    assert_eq!(facts.extensions.len(), 22);
    assert_eq!(facts.extensions[1].name, "github-workflow-trigger");
    let json = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<CertificateFacts>(&json).unwrap(), facts);
}

#[test]
fn facts_hold_for_whatever_is_accepted() {
    // A name that x509-parser does not read: the walk does not look into it.
    let der = support::github_certificate();
    let common = der.windows(8).position(|it| it == b"sigstore").unwrap();
    let mut odd = der;
    odd[common - 2] = 0x30;
    let facts = with_signer(&odd, |it| CertificateFacts::of(it.certificate().unwrap()));
    assert_eq!(facts.serial, "0102030405060708090a0b0c0d0e0f1011121314");
    assert_eq!(facts.sans[0].value, support::WORKFLOW);
}

// ---- the subject

#[test]
fn an_address_in_the_subject_is_a_subject_and_no_san() {
    let attribute = |id: &[u8], tag, text: &[u8]| der(0x31, &support::sequence(&[der(0x06, id), der(tag, text)]));
    let email = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
    let name = support::sequence(&[
        attribute(&[0x55, 4, 3], 0x0c, b"common@example.com"),
        attribute(&email, 0x16, b"old@example.com"),
        attribute(&email, 0x0c, b"older\xff"),
    ]);
    let extensions = [san_extension(&[der(0x81, b"new@example.com")])];
    let certificate = support::certificate_of(&name, &extensions);
    assert_eq!(values(&certificate, "san"), ["new@example.com"]);
    let expect = ["new@example.com", "old@example.com", "older\u{fffd}"];
    assert_eq!(values(&certificate, "subject"), expect);
    // What is no name ends the walk and spoils nothing else.
    let odd = support::certificate_of(&support::sequence(&[der(0x30, b"")]), &extensions);
    assert_eq!(values(&odd, "subject"), ["new@example.com"]);
}
