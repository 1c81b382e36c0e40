//! Certificates that are wrong on purpose: what a log may hold and a decoder must survive.

use crate::certificate::identity::{Identity, San};
use crate::certificate::issue::{Authority, LeafCertificate};
use alloc::vec::Vec;

/// One way to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The DER ends in its middle. No parser accepts it.
    Truncated,
    /// Bytes follow the certificate.
    Trailing,
    /// The outermost length is larger than what there is.
    Overlong,
    /// An e-mail address goes on after a NUL, as in CVE-2009-2408.
    NulInSan,
    /// An e-mail address is not UTF-8, let alone ASCII.
    SanNotUtf8,
    /// There is no name at all.
    NoSan,
    /// Extension 8 holds bytes that are not a UTF8String.
    IssuerNotDer,
    /// Extension 8 holds a UTF8String that is not UTF-8.
    IssuerNotUtf8,
    /// Extension 8 stands twice and differs (RFC 5280, 4.2, allows it once).
    IssuerTwice,
    /// A name of 20,000 bytes.
    HugeSan,
}

impl Broken {
    /// Every way there is.
    pub const ALL: [Broken; 10] = [
        Broken::Truncated,
        Broken::Trailing,
        Broken::Overlong,
        Broken::NulInSan,
        Broken::SanNotUtf8,
        Broken::NoSan,
        Broken::IssuerNotDer,
        Broken::IssuerNotUtf8,
        Broken::IssuerTwice,
        Broken::HugeSan,
    ];

    /// A certificate that is wrong in this way, signed by `authority` all the same.
    pub fn certificate(self, authority: &Authority, serial: u64, not_before: u64) -> Vec<u8> {
        let leaf = LeafCertificate::new(self.identity(), serial, not_before);
        let mut der = authority.issue(&leaf);
        match self {
            Broken::Truncated => der.truncate(der.len() / 2),
            Broken::Trailing => der.extend_from_slice(b"more"),
            // The second length byte of `30 82 hi lo`: 256 bytes more than there are.
            Broken::Overlong => der
                .iter_mut()
                .skip(2)
                .take(1)
                .for_each(|high| *high = high.wrapping_add(1)),
            Broken::NulInSan
            | Broken::SanNotUtf8
            | Broken::NoSan
            | Broken::IssuerNotDer
            | Broken::IssuerNotUtf8
            | Broken::IssuerTwice
            | Broken::HugeSan => {}
        }
        der
    }

    fn identity(self) -> Identity {
        let issuer = "https://issuer.example";
        let raw = |content: &[u8]| Identity {
            sans: [San::Raw {
                tag: 0x81,
                content: content.to_vec(),
            }]
            .to_vec(),
            ..Identity::default()
        };
        match self {
            Broken::Truncated | Broken::Trailing | Broken::Overlong => Identity::email("someone@acme.example", issuer),
            Broken::NulInSan => Identity::email("someone@acme.example\0.elsewhere.example", issuer),
            Broken::SanNotUtf8 => raw(b"some\xFF\xFEone@acme.example").issued_by(issuer),
            Broken::NoSan => Identity::default().issued_by(issuer),
            Broken::IssuerNotDer => raw(b"someone@acme.example").with_raw(8, issuer.as_bytes()),
            Broken::IssuerNotUtf8 => raw(b"someone@acme.example").with_raw(8, b"\x0C\x03\xFF\xFEx"),
            Broken::IssuerTwice => Identity::email("someone@acme.example", issuer).with(8, "https://other.example"),
            Broken::HugeSan => raw(&[b'a'; 20_000]).issued_by(issuer),
        }
    }
}
