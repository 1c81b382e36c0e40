//! Our walk over a certificate and `x509-parser` agree, over flipped bytes too.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod support;

use sentinel_sigstore::certificate::{Certificate, CertificateError, index, walk};
use sentinel_sigstore::fulcio;
use sentinel_sigstore::san::{self, San, SanError};
use support::{der, san_extension};
use x509_parser::extensions::{GeneralName, ParsedExtension};

/// SANs as far as both readers name them alike.
fn ours(value: &[u8]) -> Result<Vec<(u8, Vec<u8>)>, SanError> {
    let mut names = Vec::new();
    san::for_each(value, |name| {
        names.push(match name {
            San::Email(text) => (1, text.as_bytes().to_vec()),
            San::Dns(text) => (2, text.as_bytes().to_vec()),
            San::Uri(text) => (6, text.as_bytes().to_vec()),
            San::Ip(std::net::IpAddr::V4(it)) => (7, it.octets().to_vec()),
            San::Ip(std::net::IpAddr::V6(it)) => (7, it.octets().to_vec()),
            San::Username(text) => (0, text.as_bytes().to_vec()),
            San::Other(tag, _) => (tag & 0x1f, Vec::new()),
        });
    })?;
    Ok(names)
}

fn theirs(name: &GeneralName<'_>) -> (u8, Vec<u8>) {
    match name {
        GeneralName::RFC822Name(text) => (1, text.as_bytes().to_vec()),
        GeneralName::DNSName(text) => (2, text.as_bytes().to_vec()),
        GeneralName::URI(text) => (6, text.as_bytes().to_vec()),
        GeneralName::IPAddress(octets) => (7, octets.to_vec()),
        // [0] and UTF8String, both of one length octet in these tests.
        GeneralName::OtherName(oid, rest) if oid.as_bytes() == fulcio::oid_content(7) => {
            (0, rest[4..].to_vec())
        }
        GeneralName::OtherName(..) => (0, Vec::new()),
        GeneralName::X400Address(_) => (3, Vec::new()),
        GeneralName::DirectoryName(_) => (4, Vec::new()),
        GeneralName::EDIPartyName(_) => (5, Vec::new()),
        GeneralName::RegisteredID(_) => (8, Vec::new()),
        GeneralName::Invalid(tag, _) => (u8::try_from(tag.0).unwrap_or(0xff), Vec::new()),
    }
}

#[derive(Default, Debug)]
struct Tally {
    both: usize,
    only_ours: usize,
    only_theirs: usize,
    neither: usize,
    names: usize,
}

/// Whatever both readers accept, they read alike.
fn compare(der: &[u8], tally: &mut Tally) {
    let mut slots = Vec::new();
    let layout = walk(der, &mut slots);
    let parsed = x509_parser::parse_x509_certificate(der)
        .ok()
        .filter(|(rest, _)| rest.is_empty());
    let (layout, parsed) = match (layout, parsed) {
        (Some(layout), Some((_, parsed))) => (layout, parsed),
        (Some(_), None) => return tally.only_ours += 1,
        (None, Some(_)) => return tally.only_theirs += 1,
        (None, None) => return tally.neither += 1,
    };
    tally.both += 1;
    let certificate = Certificate::new(der, &layout, &slots);
    assert_eq!(certificate.spki(), parsed.public_key().raw);
    assert_eq!(&der[layout.serial], parsed.raw_serial());
    let extensions: Vec<_> = parsed
        .extensions()
        .iter()
        .map(|it| (it.oid.as_bytes(), it.value))
        .collect();
    assert_eq!(certificate.extensions().collect::<Vec<_>>(), extensions);
    for extension in parsed.extensions() {
        if let ParsedExtension::SubjectAlternativeName(names) = extension.parsed_extension()
            && let Ok(found) = ours(extension.value)
        {
            assert_eq!(found, names.general_names.iter().map(theirs).collect::<Vec<_>>());
            tally.names += found.len();
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = support::corpus_certificates();
    seeds.push(support::github_certificate());
    seeds.push(many_names());
    seeds.push(support::certificate(&[]));
    seeds
}

/// Every kind of name at once.
fn many_names() -> Vec<u8> {
    let username = [
        der(0x06, &fulcio::oid_content(7)),
        der(0xa0, &der(0x0c, b"alice!example.com")),
    ]
    .concat();
    support::certificate(&[san_extension(&[
        der(0x81, b"alice@example.com"),
        der(0x82, b"example.com"),
        der(0x86, b"https://example.com/a"),
        der(0x87, &[192, 0, 2, 7]),
        der(0x87, &[0x20; 16]),
        der(0x88, &[0x2a, 3]),
        der(0xa0, &username),
        der(0xa4, &support::sequence(&[])),
    ])])
}

#[test]
fn the_walk_accepts_every_seed_and_agrees_with_x509_parser() {
    let mut tally = Tally::default();
    let seeds = seeds();
    seeds.iter().for_each(|der| compare(der, &mut tally));
    assert_eq!(
        (tally.both, tally.only_ours + tally.only_theirs + tally.neither),
        (seeds.len(), 0)
    );
    assert!(tally.names >= seeds.len() - 1);
}

#[test]
fn the_walk_agrees_with_x509_parser_over_flipped_bytes() {
    let mut variety = support::Variety(0x5e17_13e1);
    let mut tally = Tally::default();
    for seed in seeds() {
        for _ in 0..150 {
            let mut der = seed.clone();
            for _ in 0..=variety.below(2) {
                let at = variety.below(der.len());
                der[at] = if variety.below(2) == 0 {
                    der[at] ^ 1 << variety.below(8)
                } else {
                    variety.byte()
                };
            }
            compare(&der, &mut tally);
        }
    }
    println!("{tally:?}");
    // The test would say nothing if either outcome were rare.
    assert!(tally.both > 100 && tally.neither > 100, "{tally:?}");
}

#[test]
fn every_single_flip_near_names_is_read_alike() {
    let mut tally = Tally::default();
    for seed in [many_names(), support::github_certificate()] {
        for at in 0..seed.len() {
            for value in [
                0x00,
                0x01,
                0x7f,
                0x80,
                0xff,
                seed[at] ^ 0x20,
                seed[at].wrapping_add(1),
            ] {
                let mut der = seed.clone();
                der[at] = value;
                compare(&der, &mut tally);
            }
        }
    }
    assert!(tally.both > 1000 && tally.neither > 100, "{tally:?}");
}

#[test]
fn cut_or_lengthened_certificates_are_refused() {
    let whole = support::github_certificate();
    for length in 0..whole.len() {
        assert_eq!(
            index(&whole[..length], &mut Vec::new()),
            Err(CertificateError::Form),
            "{length}"
        );
    }
    let longer = [&whole[..], &[0]].concat();
    assert_eq!(index(&longer, &mut Vec::new()), Err(CertificateError::Form));
}

#[test]
fn what_the_walk_refuses_may_still_be_a_certificate() {
    // BER's two-octet form for a short length, in the outermost header: x509-parser takes it or not, but a
    // certificate that it takes is read as it reads it.
    let der = support::certificate(&[san_extension(&[der(0x81, b"a@b.c")])]);
    let body = &der[if der[1] == 0x81 { 3 } else { 4 }..];
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    let long = [&[0x30, 0x83, 0, length[0], length[1]], body].concat();
    assert!(walk(&long, &mut Vec::new()).is_none());
    let accepted = x509_parser::parse_x509_certificate(&long).is_ok();
    assert_eq!(index(&long, &mut Vec::new()).is_ok(), accepted);
}
