//! The fields that a rule may speak of: to what each belongs, by which standard it is compared, what reading it costs.

use sigstore::Field;

/// Whether a field belongs to a signer or to the whole entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Read anew for every signer: rules must hold within one of them.
    Signer,
    /// Read once; it holds for every signer.
    Entry,
}

pub(crate) fn scope(field: &Field) -> Scope {
    if field.is_of_signer() {
        Scope::Signer
    } else {
        Scope::Entry
    }
}

/// Which parts of a value are the same in capitals and in small letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standard {
    /// A name of any sort: the scheme and the host of a URI (RFC 3986 6.2.2.1), the domain of an e-mail address (RFC 5321
    /// 2.4), a DNS name (RFC 4343).
    Name,
    /// A URI: its scheme and its host.
    Uri,
    /// A fingerprint: hexadecimal digits, but not base64.
    Fingerprint,
    /// A digest: hexadecimal digits.
    Digest,
    /// Nothing.
    Exact,
}

/// The issuer by object identifier, as it was and as it is: neither has another name.
const ISSUERS: [&str; 2] = ["1.3.6.1.4.1.57264.1.1", "1.3.6.1.4.1.57264.1.8"];

pub(crate) fn standard(field: &Field) -> Standard {
    match field {
        Field::San | Field::Subject => Standard::Name,
        Field::Issuer => Standard::Uri,
        Field::Fingerprint => Standard::Fingerprint,
        Field::Digest => Standard::Digest,
        Field::Kind | Field::Log => Standard::Exact,
        Field::Extension(_) => {
            // Fulcio ends the names of those extensions that are URIs in `-uri`.
            let name = field.to_string();
            if name.ends_with("-uri") || ISSUERS.contains(&name.as_str()) {
                Standard::Uri
            } else {
                Standard::Exact
            }
        }
    }
}

/// How much reading a field costs beside others: what is at hand, what is searched for, what is hashed.
pub(crate) const fn cost(field: &Field) -> u8 {
    match field {
        Field::Log => 0,
        Field::Kind => 1,
        Field::Digest => 2,
        Field::Issuer | Field::Extension(_) => 3,
        Field::San => 4,
        Field::Subject => 5,
        Field::Fingerprint => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standards() {
        for (name, expect) in [
            ("san", Standard::Name),
            ("subject", Standard::Name),
            ("issuer", Standard::Uri),
            ("source-repository-uri", Standard::Uri),
            ("1.3.6.1.4.1.57264.1.16", Standard::Uri),
            ("1.3.6.1.4.1.57264.1.8", Standard::Uri),
            ("token-subject", Standard::Exact),
            ("source-repository-ref", Standard::Exact),
            ("1.2.3", Standard::Exact),
            ("kind", Standard::Exact),
            ("digest", Standard::Digest),
        ] {
            assert_eq!(standard(&Field::parse(name).unwrap()), expect, "{name}");
        }
    }
}
