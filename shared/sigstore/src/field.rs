//! What a rule may ask of an entry.

use std::fmt;

use crate::fulcio;
use crate::oid::Oid;

/// One field. Those of a signer are answered by [`crate::Signer::values`]; `Digest`, `Kind` and `Log` belong to the
/// entry and to the log it is in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Subject alternative names of the identity kinds.
    San,
    /// The OIDC issuer.
    Issuer,
    /// Whatever names the signer: SANs and subject e-mail of a certificate, e-mails of OpenPGP user ids, an SSH comment.
    Subject,
    /// SHA-256 of the certificate and of its key; of a bare key, SHA-256 of its SubjectPublicKeyInfo. Lower hex. Of other
    /// keys what [`crate::NamedKey`] says.
    Fingerprint,
    /// A certificate extension.
    Extension(Oid),
    /// Digests of the artifact, lower hex.
    Digest,
    /// The entry's kind.
    Kind,
    /// The log's name.
    Log,
}

/// Fields that are no extension, with the names that rules use.
const PLAIN: [(Field, &str); 7] = [
    (Field::San, "san"),
    (Field::Issuer, "issuer"),
    (Field::Subject, "subject"),
    (Field::Fingerprint, "fingerprint"),
    (Field::Digest, "digest"),
    (Field::Kind, "kind"),
    (Field::Log, "log"),
];

impl Field {
    /// The field that a rule names: a plain field, a Fulcio extension, or any dotted object identifier.
    pub fn parse(name: &str) -> Option<Self> {
        let plain = PLAIN
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(field, _)| field.clone());
        plain.or_else(|| fulcio::oid_of(name).or_else(|| name.parse().ok()).map(Self::Extension))
    }

    /// Every name that [`Field::parse`] knows, object identifiers aside.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let extensions = fulcio::NAMES
            .iter()
            .map(|(_, name)| *name)
            .filter(|name| *name != "issuer");
        PLAIN.iter().map(|(_, name)| *name).chain(extensions)
    }

    /// Is it answered by a signer, rather than by the entry or the log?
    pub fn is_of_signer(&self) -> bool {
        match self {
            Self::San | Self::Issuer | Self::Subject | Self::Fingerprint | Self::Extension(_) => true,
            Self::Digest | Self::Kind | Self::Log => false,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Extension(oid) = self {
            let number = fulcio::number_of(oid.as_bytes()).filter(|n| *n != fulcio::ISSUER && *n != fulcio::ISSUER_RAW);
            return match number.and_then(fulcio::name_of) {
                Some(name) => f.write_str(name),
                None => write!(f, "{oid}"),
            };
        }
        let name = PLAIN
            .iter()
            .find(|(field, _)| field == self)
            .map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::Field;

    #[test]
    fn every_name_is_read_and_written_alike() {
        assert_eq!(Field::names().count(), 7 + 21);
        for name in Field::names().chain(["2.5.29.17", "1.3.6.1.4.1.57264.1.8", "1.3.6.1.4.1.57264.1.1"]) {
            assert_eq!(Field::parse(name).unwrap().to_string(), name);
        }
        assert_eq!(Field::parse("issuer"), Some(Field::Issuer));
        for name in ["", "SAN", "sans", "issuers", "1", "build_trigger"] {
            assert_eq!(Field::parse(name), None, "{name}");
        }
    }
}
