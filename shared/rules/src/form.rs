//! The form of a value: which of its parts are compared without regard to case, and which part of it is a domain.
//!
//! Only ASCII letters are folded: a name in another script stands in certificates in its ASCII form (`xn--…`), which is
//! compared as it is. This module judges by form alone; whether a domain exists is nobody's business here.

use crate::field::Standard;
use std::borrow::Cow;
use std::ops::Range;

/// The longest domain name (RFC 1035 2.3.4); a longer text is none.
pub(crate) const MAX_DOMAIN_BYTES: usize = 253;

/// The bytes of a value that are compared without regard to case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Folds {
    scheme: usize,
    host: Range<usize>,
}

impl Folds {
    /// Those of `text`, by the standard of its field.
    pub(crate) fn of(standard: Standard, text: &str) -> Self {
        match (standard, Shape::of(text)) {
            (Standard::Name | Standard::Uri, Shape::Uri { scheme, host }) => Self { scheme, host },
            (Standard::Name, Shape::Email { host } | Shape::Dns { host }) => Self { scheme: 0, host },
            _ => Self::default(),
        }
    }

    /// Whether these two bytes are the same, the second of which stands at `at` of the value.
    pub(crate) fn same(&self, pattern: u8, value: u8, at: usize) -> bool {
        pattern == value || (pattern.eq_ignore_ascii_case(&value) && (at < self.scheme || self.host.contains(&at)))
    }

    /// Whether `pattern` stands in `value` from `at` on.
    pub(crate) fn stands(&self, pattern: &[u8], value: &[u8], at: usize) -> bool {
        let Some(part) = at.checked_add(pattern.len()).and_then(|end| value.get(at..end)) else {
            return false;
        };
        pattern == part || {
            let mut pairs = pattern.iter().zip(part).enumerate();
            pairs.all(|(offset, (pattern, value))| self.same(*pattern, *value, at + offset))
        }
    }
}

/// The normal form of a value or of an exact pattern, in which they are compared byte for byte.
pub(crate) fn normal(standard: Standard, text: &str) -> Cow<'_, str> {
    match standard {
        Standard::Exact => Cow::Borrowed(text),
        Standard::Digest => Cow::Borrowed(without_prefix(text, "sha256:")),
        Standard::Fingerprint => fingerprint(text),
        Standard::Name | Standard::Uri => folded(standard, text),
    }
}

fn folded(standard: Standard, text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    let Folds { scheme, host } = Folds::of(standard, text);
    let capital = |range: Range<usize>| {
        let part = text.get(range).unwrap_or_default();
        part.bytes().any(|byte| byte.is_ascii_uppercase())
    };
    if !capital(0..scheme) && !capital(host.clone()) {
        return Cow::Borrowed(text);
    }
    let mut text = text.to_owned();
    for range in [0..scheme, host] {
        text.get_mut(range).into_iter().for_each(str::make_ascii_lowercase);
    }
    Cow::Owned(text)
}

/// Lower hex without colons, spaces and prefix (`sha256:`, or the `0x` of OpenPGP); anything else without the prefix
/// `sha256:`, its case kept (base64).
pub(crate) fn fingerprint(text: &str) -> Cow<'_, str> {
    let bare = without_prefix(text.trim(), "sha256:");
    let digits = without_prefix(bare, "0x");
    if digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Cow::Borrowed(digits);
    }
    let hex = |byte: u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b' ';
    if !digits.bytes().all(hex) {
        return Cow::Borrowed(bare);
    }
    Cow::Owned(
        digits
            .chars()
            .filter(char::is_ascii_hexdigit)
            .map(|digit| digit.to_ascii_lowercase())
            .collect(),
    )
}

/// `text` without `prefix`, which is compared without regard to case.
pub(crate) fn without_prefix<'t>(text: &'t str, prefix: &str) -> &'t str {
    match text.split_at_checked(prefix.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(prefix) => rest,
        _ => text,
    }
}

/// The domain of a value: of an e-mail address what stands behind the `@`, of a URI its host without the port, of a DNS
/// name all of it. Of a value in normal form it is in small letters.
pub(crate) fn domain(standard: Standard, text: &str) -> Option<&str> {
    let host = match (standard, Shape::of(text)) {
        (Standard::Name | Standard::Uri, Shape::Uri { host, .. }) => {
            let host = text.get(host)?;
            host.split_once(':').map_or(host, |(host, _)| host)
        }
        (Standard::Name, Shape::Email { host } | Shape::Dns { host }) => text.get(host)?,
        _ => return None,
    };
    (!host.is_empty() && host.len() <= MAX_DOMAIN_BYTES && !host.starts_with('[')).then_some(host)
}

/// What a value looks like.
enum Shape {
    Uri { scheme: usize, host: Range<usize> },
    Email { host: Range<usize> },
    Dns { host: Range<usize> },
    Other,
}

impl Shape {
    fn of(text: &str) -> Self {
        if let Some(scheme) = scheme(text) {
            let start = scheme + "://".len();
            let rest = text.get(start..).unwrap_or_default();
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let user = authority.rfind('@').map_or(0, |at| at + 1);
            let host = start + user..start + authority.len();
            return Self::Uri { scheme, host };
        }
        let whole = 0..text.len();
        match text.rfind('@') {
            Some(at) if at > 0 && is_host(text.get(at + 1..).unwrap_or_default()) => Self::Email {
                host: at + 1..text.len(),
            },
            None if text.contains('.') && is_host(text) => Self::Dns { host: whole },
            _ => Self::Other,
        }
    }
}

/// Where the scheme of a URI with an authority ends.
fn scheme(text: &str) -> Option<usize> {
    let end = text.find(':')?;
    let (scheme, rest) = text.split_at_checked(end)?;
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let begins = scheme.starts_with(|letter: char| letter.is_ascii_alphabetic());
    (begins && scheme.bytes().all(good) && rest.starts_with("://")).then_some(end)
}

/// Whether a text may be a host: letters, digits, hyphens, dots and what careless issuers put beside them. The star is that
/// of a wildcard certificate.
fn is_host(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte) || !byte.is_ascii();
    !text.is_empty() && text.bytes().all(good)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_standard_folds() {
        for (text, name, uri) in [
            (
                "HTTPS://GitHub.com:8080/Acme",
                "https://github.com:8080/Acme",
                "https://github.com:8080/Acme",
            ),
            (
                "https://Bob@GitHub.com/A",
                "https://Bob@github.com/A",
                "https://Bob@github.com/A",
            ),
            ("https://X", "https://x", "https://x"),
            ("https://X?Q", "https://x?Q", "https://x?Q"),
            (
                "spiffe://Trust.Example/Ns",
                "spiffe://trust.example/Ns",
                "spiffe://trust.example/Ns",
            ),
            ("Bob@Example.COM", "Bob@example.com", "Bob@Example.COM"),
            ("A@B@C.d", "A@B@c.d", "A@B@C.d"),
            ("WWW.Example.com", "www.example.com", "WWW.Example.com"),
            ("É@ÉX.com", "É@Éx.com", "É@ÉX.com"),
            ("S", "S", "S"),
            ("@Example.com", "@Example.com", "@Example.com"),
            ("Bob!Example.com", "Bob!Example.com", "Bob!Example.com"),
            (
                "repo:Acme/X:ref:refs/heads/Main",
                "repo:Acme/X:ref:refs/heads/Main",
                "repo:Acme/X:ref:refs/heads/Main",
            ),
            (
                "release.yml@refs/heads/Main",
                "release.yml@refs/heads/Main",
                "release.yml@refs/heads/Main",
            ),
            ("1x://Y", "1x://Y", "1x://Y"),
            ("", "", ""),
        ] {
            assert_eq!(normal(Standard::Name, text), name);
            assert_eq!(normal(Standard::Uri, text), uri);
            assert_eq!(normal(Standard::Exact, text), text);
            // The normal form has the same shape.
            assert_eq!(Folds::of(Standard::Name, name), Folds::of(Standard::Name, text));
        }
        assert_eq!(normal(Standard::Fingerprint, "SHA256:uNiV"), "uNiV");
        assert_eq!(normal(Standard::Fingerprint, "AB:CD"), "abcd");
    }

    #[test]
    fn domains() {
        for (text, expect) in [
            ("bob@example.com", Some("example.com")),
            ("https://example.com:80/x@y.org", Some("example.com")),
            ("https://u@example.com", Some("example.com")),
            ("www.example.com", Some("www.example.com")),
            ("https://[::1]/x", None),
            ("https:///x", None),
            ("localhost", None),
            ("bob@", None),
            ("", None),
        ] {
            assert_eq!(domain(Standard::Name, text), expect, "{text}");
        }
        assert_eq!(domain(Standard::Uri, "bob@example.com"), None);
        assert_eq!(domain(Standard::Exact, "https://example.com"), None);
        assert_eq!(domain(Standard::Name, &format!("b@{}.com", "x".repeat(253))), None);
    }
}
