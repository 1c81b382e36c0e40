//! Our walk over a certificate and `x509-parser` agree, over flipped bytes too.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod support;

use sentinel_sigstore::certificate::{Certificate, CertificateError, index};
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
        GeneralName::OtherName(oid, rest) if oid.as_bytes() == fulcio::oid_content(7) => (0, rest[4..].to_vec()),
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
    let layout = index(der, &mut slots);
    let parsed = x509_parser::parse_x509_certificate(der)
        .ok()
        .filter(|(rest, _)| rest.is_empty());
    let (layout, parsed) = match (layout, parsed) {
        (Ok(layout), Some((_, parsed))) => (layout, parsed),
        (Ok(_), None) => return tally.only_ours += 1,
        (Err(_), Some(_)) => return tally.only_theirs += 1,
        (Err(_), None) => return tally.neither += 1,
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
            for value in [0x00, 0x01, 0x7f, 0x80, 0xff, seed[at] ^ 0x20, seed[at].wrapping_add(1)] {
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

/// Changed certificates that `x509-parser` takes, reading fewer extensions or the same: quarantined here.
#[test]
fn what_a_laxer_reader_would_hide_is_refused() {
    let der = support::github_certificate();
    let refused = |der: &[u8], expect_theirs: usize| {
        let (_, parsed) = x509_parser::parse_x509_certificate(der).unwrap();
        assert_eq!(parsed.extensions().len(), expect_theirs);
        assert_eq!(index(der, &mut Vec::new()), Err(CertificateError::Form));
    };
    // The extensions under the tag of a unique identifier.
    let wrapper = der.windows(2).position(|it| it == [0xa3, 0x82]).unwrap();
    let mut hidden = der.clone();
    hidden[wrapper] = 0xa1;
    refused(&hidden, 0);
    // The extensions' wrapper with another length.
    let mut longer = der.clone();
    longer[wrapper + 3] ^= 1;
    refused(&longer, 28);
    // The first extension, made long enough to swallow the second.
    let first = wrapper + 8;
    let second = first + 2 + usize::from(der[first + 1]);
    let mut swallowing = der.clone();
    assert_eq!((der[first], der[second]), (0x30, 0x30));
    swallowing[first + 1] += der[second + 1] + 2;
    refused(&swallowing, 27);
}
