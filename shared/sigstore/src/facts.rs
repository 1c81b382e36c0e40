//! Everything a finding says of a certificate, in words that can be stored and shown.
//!
//! Computed once for each finding, so detail comes before speed. It holds for every certificate that
//! [`crate::certificate::index`] accepts: names and times that `x509-parser` cannot read are left out, never the rest.

use serde::{Deserialize, Serialize};
use tlog::Hash;

use crate::certificate::Certificate;
use crate::fulcio;
use crate::hex;
use crate::oid;
use crate::san::{San, SanKind};
use crate::timestamp::Timestamp;

/// A certificate in full detail. Texts are as the certificate has them: escape before showing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFacts {
    /// SHA-256 of the DER, lower hex.
    pub sha256: String,
    /// SHA-256 of the SubjectPublicKeyInfo, lower hex.
    pub spki_sha256: String,
    /// The serial number, lower hex.
    pub serial: String,
    /// The distinguished name of who issued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_by: Option<String>,
    /// The distinguished name of the subject; Fulcio leaves it empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// From when it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Until when it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
    /// Every subject alternative name.
    #[serde(default)]
    pub sans: Vec<SanFact>,
    /// The OIDC issuer: extension 8, or 1 where there is no 8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// Every extension of Fulcio's arc, in the certificate's order.
    #[serde(default)]
    pub extensions: Vec<ExtensionFact>,
}

/// One subject alternative name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SanFact {
    /// Its kind.
    pub kind: SanKind,
    /// Its text; lower hex of the content where the kind is `other`.
    pub value: String,
}

/// One extension of Fulcio's arc.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtensionFact {
    /// Its name, or its dotted identifier where it has none.
    pub name: String,
    /// Its dotted identifier.
    pub oid: String,
    /// Its value as text (see [`fulcio::with_text`]).
    pub value: String,
}

impl CertificateFacts {
    /// All there is to say of `certificate`.
    pub fn of(certificate: &Certificate<'_>) -> Self {
        let parsed = x509_parser::parse_x509_certificate(certificate.der())
            .ok()
            .map(|(_, parsed)| parsed);
        let parsed = parsed.as_ref();
        let mut issuer = None;
        certificate.for_each_issuer(&mut |text| _ = issuer.get_or_insert_with(|| text.to_owned()));
        Self {
            sha256: Hash::of(certificate.der()).to_string(),
            spki_sha256: Hash::of(certificate.spki()).to_string(),
            serial: hex::lower(certificate.serial()),
            issued_by: parsed.map(|it| it.issuer().to_string()),
            subject: parsed
                .map(|it| it.subject().to_string())
                .filter(|name| !name.is_empty()),
            not_before: parsed.map(|it| Timestamp::from_unix(it.validity().not_before.timestamp())),
            not_after: parsed.map(|it| Timestamp::from_unix(it.validity().not_after.timestamp())),
            sans: sans(certificate),
            issuer,
            extensions: extensions(certificate),
        }
    }
}

fn sans(certificate: &Certificate<'_>) -> Vec<SanFact> {
    let mut facts = Vec::new();
    certificate.for_each_san(|san| {
        let (kind, value) = (san.kind(), san_text(san));
        facts.push(SanFact { kind, value });
    });
    facts
}

fn san_text(san: San<'_>) -> String {
    match san {
        San::Email(text) | San::Uri(text) | San::Dns(text) | San::Username(text) => text.to_owned(),
        San::Ip(address) => address.to_string(),
        San::Other(_, content) => hex::lower(content),
    }
}

fn extensions(certificate: &Certificate<'_>) -> Vec<ExtensionFact> {
    let fulcios = certificate
        .extensions()
        .filter(|(oid, _)| oid.starts_with(&fulcio::ARC));
    let fact = |(content, value): (&[u8], &[u8])| {
        let oid = oid::dotted(content);
        let name = fulcio::number_of(content).and_then(fulcio::name_of);
        let name = name.map_or_else(|| oid.clone(), str::to_owned);
        ExtensionFact {
            name,
            oid,
            value: fulcio::with_text(content, value, str::to_owned),
        }
    };
    fulcios.map(fact).collect()
}
