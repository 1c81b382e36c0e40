//! One value of a rule: how it is written, checked, and brought into the form in which it is compared.
//!
//! Fingerprints and digests have several spellings, names have parts whose case does not matter; an exact pattern is
//! folded here once, as values are folded when they are read. This module does not know which entries there are.

use crate::diagnostic::distance_of;
use crate::expression::{self, ExpressionError};
use crate::field::{Standard, standard};
use crate::form::{MAX_DOMAIN_BYTES, fingerprint, normal, without_prefix};
use crate::glob::{self, TooManyStars};
use crate::limits::{MAX_PATTERN_BYTES, REGEX_SIZE_BYTES};
use regex_syntax::hir::Hir;
use sigstore::Field;
use std::borrow::Cow;

/// A value to compare with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// The whole text. Written as it is, or behind `exact:` where it would else be taken for something else.
    Exact(String),
    /// `glob:`: `*` any characters but `/`, `**` any characters, `?` one character but `/`; the rest stands for itself.
    Glob(String),
    /// `regex:` a regular expression for the whole text.
    Regex(String),
    /// `prefix:` what the text begins with.
    Prefix(String),
    /// `suffix:` what the text ends in.
    Suffix(String),
    /// `domain:` the domain of an e-mail address, the host of a URI, or a DNS name; `*.` before it means every name below
    /// it, at any depth, and not itself.
    Domain(String),
}

/// The word of an operator, and the pattern that it makes.
type Operator = (&'static str, fn(String) -> Pattern);

/// The operators by the word that stands before the colon.
pub(crate) const OPERATORS: [Operator; 6] = [
    ("exact", Pattern::Exact),
    ("glob", Pattern::Glob),
    ("regex", Pattern::Regex),
    ("prefix", Pattern::Prefix),
    ("suffix", Pattern::Suffix),
    ("domain", Pattern::Domain),
];

/// What people write who mean an operator.
const MISTAKEN: [(&str, &str); 18] = [
    ("globs", "glob"),
    ("wildcard", "glob"),
    ("contains", "glob"),
    ("regexp", "regex"),
    ("re", "regex"),
    ("re2", "regex"),
    ("starts-with", "prefix"),
    ("starts_with", "prefix"),
    ("startswith", "prefix"),
    ("prefixes", "prefix"),
    ("ends-with", "suffix"),
    ("ends_with", "suffix"),
    ("endswith", "suffix"),
    ("suffixes", "suffix"),
    ("postfix", "suffix"),
    ("domains", "domain"),
    ("email", "exact"),
    ("e-mail", "exact"),
];

/// Words that are an operator's but for a letter, and something else: the scheme of a URL.
const NO_OPERATORS: [&str; 1] = ["blob"];

impl Pattern {
    /// Reads the form of the configuration. Every text is a pattern; whether it is a good one, [`Pattern::prepare`] says.
    pub(crate) fn read(text: &str) -> Self {
        let read = text.split_once(':').and_then(|(word, rest)| {
            let (_, make) = OPERATORS.iter().find(|(known, _)| *known == word)?;
            Some(make(rest.to_owned()))
        });
        read.unwrap_or_else(|| Self::Exact(text.to_owned()))
    }

    /// The form of the configuration, which reads back as the same pattern.
    pub(crate) fn write(&self) -> Cow<'_, str> {
        match self {
            Self::Exact(text) if mistaken(text).is_some() => format!("exact:{text}").into(),
            Self::Exact(text) => Cow::Borrowed(text),
            Self::Glob(text) => format!("glob:{text}").into(),
            Self::Regex(text) => format!("regex:{text}").into(),
            Self::Prefix(text) => format!("prefix:{text}").into(),
            Self::Suffix(text) => format!("suffix:{text}").into(),
            Self::Domain(text) => format!("domain:{text}").into(),
        }
    }

    /// The text without its operator.
    pub(crate) fn text(&self) -> &str {
        let (Self::Exact(text)
        | Self::Glob(text)
        | Self::Regex(text)
        | Self::Prefix(text)
        | Self::Suffix(text)
        | Self::Domain(text)) = self;
        text
    }

    /// Checks the pattern for `field` and prepares it.
    pub(crate) fn prepare(&self, field: &Field) -> Result<Prepared<'_>, PatternError> {
        let text = self.text();
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.len() > MAX_PATTERN_BYTES {
            return Err(PatternError::TooLong { bytes: text.len() });
        }
        let standard = standard(field);
        match self {
            Self::Exact(text) => exact(standard, text).map(|text| Prepared::plain(Op::Exact, text)),
            Self::Glob(text) => {
                glob::check(text).map_err(|TooManyStars| PatternError::Stars)?;
                Ok(spelled(standard, Op::Glob, text))
            }
            Self::Regex(text) => match expression::parse(text) {
                Ok(hir) => Ok(Prepared::Regex(text, Box::new(hir))),
                Err(ExpressionError::Form(reason)) => Err(PatternError::Regex { reason }),
                Err(ExpressionError::TooBig) => Err(PatternError::TooBig),
            },
            Self::Prefix(text) => Ok(spelled(standard, Op::Prefix, text)),
            Self::Suffix(text) => Ok(spelled(standard, Op::Suffix, text)),
            Self::Domain(text) => domain(standard, field, text),
        }
    }
}

/// How a prepared text is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Op {
    /// It is the value.
    Exact,
    /// The value begins with it.
    Prefix,
    /// The value ends in it.
    Suffix,
    /// It is the value's domain.
    Domain,
    /// It is a domain that the value's is below.
    Below,
    /// It is a glob for the value.
    Glob,
    /// It is an expression for the value.
    Regex,
}

/// A pattern that was checked, ready to be compiled.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Prepared<'p> {
    /// One text, or another spelling of it beside it: either may match.
    Plain(Op, Cow<'p, str>, Option<Cow<'p, str>>),
    /// An expression, and what it was parsed to.
    Regex(&'p str, Box<Hir>),
}

impl<'p> Prepared<'p> {
    const fn plain(op: Op, text: Cow<'p, str>) -> Self {
        Self::Plain(op, text, None)
    }
}

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    #[error("is empty; it would match nothing")]
    Empty,
    #[error("has {bytes} bytes; a pattern has at most {MAX_PATTERN_BYTES}")]
    TooLong { bytes: usize },
    #[error("`***` is no glob: `*` stops at `/`, `**` does not")]
    Stars,
    #[error("is no regular expression: {reason}")]
    Regex { reason: String },
    #[error("is an expression that takes more than {REGEX_SIZE_BYTES} bytes when compiled")]
    TooBig,
    #[error("is no digest: write it in hexadecimal digits, as `sha256sum` prints it")]
    NotHex,
    #[error("has {digits} hexadecimal digits; a SHA-256 digest has 64")]
    DigestLength { digits: usize },
    #[error("exact values have no prefix `{prefix}`; the operators are {}", operators())]
    Prefix { prefix: String, meant: String },
    #[error("has a blank behind the operator, which would be a part of the text")]
    Blank { meant: String },
    #[error("`{field}` has no domain; `domain:` is for e-mail addresses, URIs and DNS names")]
    NoDomain { field: String },
    #[error("is no domain: write its name, such as `example.com`, or `*.example.com` for every name below it")]
    Domain { meant: Option<String> },
    #[error("is not the ASCII form of a domain, which is the one that certificates have (`xn--…`)")]
    NotAscii,
}

impl PatternError {
    /// The pattern that was probably meant.
    pub(crate) fn suggestion(&self) -> Option<String> {
        match self {
            Self::Prefix { meant, .. } | Self::Blank { meant } => Some(meant.clone()),
            Self::Domain { meant } => meant.clone(),
            Self::Stars => Some("**".to_owned()),
            Self::Empty | Self::TooLong { .. } | Self::Regex { .. } | Self::TooBig => None,
            Self::NotHex | Self::DigestLength { .. } | Self::NoDomain { .. } | Self::NotAscii => None,
        }
    }
}

fn operators() -> String {
    let words: Vec<String> = OPERATORS.iter().map(|(word, _)| format!("`{word}:`")).collect();
    words.join(", ")
}

fn exact(standard: Standard, text: &str) -> Result<Cow<'_, str>, PatternError> {
    match standard {
        Standard::Digest => digest(text).map(Cow::Owned),
        Standard::Fingerprint => match fingerprint(text) {
            bare if bare.is_empty() => Err(PatternError::Empty),
            bare => Ok(bare),
        },
        Standard::Name | Standard::Uri | Standard::Exact => Ok(normal(standard, text)),
    }
}

/// Hex digits of the digests that logs hold: SHA-1, SHA-224, SHA-256, SHA-384, SHA-512. Any other length matches nothing.
const DIGEST_DIGITS: [usize; 5] = [40, 56, 64, 96, 128];

fn digest(text: &str) -> Result<String, PatternError> {
    let bare = without_prefix(text.trim(), "sha256:");
    if bare.is_empty() || !bare.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(PatternError::NotHex);
    }
    if !DIGEST_DIGITS.contains(&bare.len()) || (bare.len() != text.trim().len() && bare.len() != 64) {
        return Err(PatternError::DigestLength { digits: bare.len() });
    }
    Ok(bare.to_ascii_lowercase())
}

/// The operator that was meant by a text that is to be exact: one in capitals, or a word that people use for one. As an
/// exact value it would silently match nothing.
pub(crate) fn mistake(text: &str) -> Option<PatternError> {
    let (word, meant) = mistaken(text)?;
    let behind = text.get(word.len() + 1..).unwrap_or_default();
    let rest = behind.trim_start();
    if word == meant {
        // A bare text may begin with a blank, and so may an expression.
        let is_apart = rest != behind && !matches!(meant, "exact" | "regex");
        return is_apart.then(|| PatternError::Blank {
            meant: format!("{meant}:{rest}"),
        });
    }
    let meant = match (word.trim().to_ascii_lowercase().as_str(), meant) {
        ("contains", _) => format!("glob:**{rest}**"),
        ("email" | "e-mail", _) => rest.to_owned(),
        _ => format!("{meant}:{rest}"),
    };
    Some(PatternError::Prefix {
        prefix: format!("{word}:"),
        meant,
    })
}

/// The word before the colon, and the operator that it is or stands for.
fn mistaken(text: &str) -> Option<(&str, &'static str)> {
    let (word, _) = text.split_once(':')?;
    let bare = word.trim();
    let operators = || OPERATORS.iter().map(|(known, _)| (*known, *known));
    let same = operators()
        .chain(MISTAKEN)
        .find(|(known, _)| bare.eq_ignore_ascii_case(known));
    let near = || {
        let lower = Some(bare).filter(|bare| bare.len() < MAX_WORD_BYTES && !NO_OPERATORS.contains(bare))?;
        let lower = lower.to_ascii_lowercase();
        operators().find(|(known, _)| distance_of(known, &lower) <= 1)
    };
    same.or_else(near).map(|(_, meant)| (word, meant))
}

/// Longer words are no operator that somebody mistyped.
const MAX_WORD_BYTES: usize = 16;

/// A part of a fingerprint may be written as people write them: it is asked as hex and, for base64, as it stands.
fn spelled(standard: Standard, op: Op, text: &str) -> Prepared<'_> {
    match standard {
        Standard::Digest => Prepared::plain(op, without_prefix(text, "sha256:").to_ascii_lowercase().into()),
        Standard::Fingerprint => {
            let bare = without_prefix(text, "sha256:");
            let hex = bare.to_ascii_lowercase().replace(':', "");
            Prepared::Plain(op, bare.into(), (hex != bare).then_some(hex.into()))
        }
        Standard::Name | Standard::Uri | Standard::Exact => Prepared::plain(op, text.into()),
    }
}

fn domain<'p>(standard: Standard, field: &Field, text: &'p str) -> Result<Prepared<'p>, PatternError> {
    if !matches!(standard, Standard::Name | Standard::Uri) {
        return Err(PatternError::NoDomain {
            field: field.to_string(),
        });
    }
    let (op, name) = text
        .strip_prefix("*.")
        .map_or((Op::Domain, text), |name| (Op::Below, name));
    if !name.is_ascii() {
        return Err(PatternError::NotAscii);
    }
    if !is_domain(name) {
        let bare = name.trim_start_matches(['@', '.', '*']);
        let meant = is_domain(bare).then(|| match name.starts_with('@') {
            true => format!("domain:{bare}"),
            false => format!("domain:*.{bare}"),
        });
        return Err(PatternError::Domain { meant });
    }
    Ok(Prepared::plain(op, name.to_ascii_lowercase().into()))
}

fn is_domain(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    name.len() <= MAX_DOMAIN_BYTES
        && name
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(good))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[track_caller]
    fn check(field: &Field, text: &str, expect: Result<(Op, &str), PatternError>) {
        let pattern = Pattern::read(text);
        let found = pattern.prepare(field).map(|prepared| match prepared {
            Prepared::Plain(op, text, _) => (op, text.into_owned()),
            Prepared::Regex(source, _) => (Op::Regex, source.to_owned()),
        });
        assert_eq!(found, expect.map(|(op, text)| (op, text.to_owned())), "{text}");
        assert_eq!(Pattern::read(&pattern.write()), pattern);
    }

    #[test]
    fn each_form() {
        check(&Field::San, "a@b.c", Ok((Op::Exact, "a@b.c")));
        check(&Field::San, "A@B.c", Ok((Op::Exact, "A@b.c")));
        check(&Field::San, "https://x/*", Ok((Op::Exact, "https://x/*")));
        check(&Field::San, "exact:glob:x", Ok((Op::Exact, "glob:x")));
        check(&Field::San, "exact:x", Ok((Op::Exact, "x")));
        check(&Field::San, "glob:a.*", Ok((Op::Glob, "a.*")));
        check(&Field::San, "regex:a|b", Ok((Op::Regex, "a|b")));
        check(&Field::San, "prefix:HTTPS://A", Ok((Op::Prefix, "HTTPS://A")));
        check(&Field::San, "suffix:.a", Ok((Op::Suffix, ".a")));
        check(&Field::San, "domain:A.b", Ok((Op::Domain, "a.b")));
        check(&Field::San, "domain:*.A.b", Ok((Op::Below, "a.b")));
        assert_eq!(Pattern::Exact("glob:x".to_owned()).write(), "exact:glob:x");
        assert_eq!(Pattern::Exact("Regexp: x".to_owned()).write(), "exact:Regexp: x");
        assert_eq!(Pattern::Exact("blob:x".to_owned()).write(), "blob:x");
    }

    #[test]
    fn each_mistake() {
        for text in ["", "glob:", "regex:", "prefix:", "suffix:", "domain:", "exact:"] {
            check(&Field::San, text, Err(PatternError::Empty));
        }
        check(&Field::San, "glob:a***", Err(PatternError::Stars));
        let reason = |reason: &str| PatternError::Regex {
            reason: reason.to_owned(),
        };
        check(&Field::San, "regex:a)|(b", Err(reason("unopened group")));
        check(&Field::San, "regex:(", Err(reason("unclosed group")));
        check(&Field::San, r"regex:\w{1000}{1000}", Err(PatternError::TooBig));
        check(
            &Field::San,
            &"x".repeat(MAX_PATTERN_BYTES + 1),
            Err(PatternError::TooLong { bytes: 4097 }),
        );
        let domain = |meant: Option<&str>| PatternError::Domain {
            meant: meant.map(str::to_owned),
        };
        check(&Field::San, "domain:@a.b", Err(domain(Some("domain:a.b"))));
        check(&Field::San, "domain:.a.b", Err(domain(Some("domain:*.a.b"))));
        check(&Field::San, "domain:*a.b", Err(domain(Some("domain:*.a.b"))));
        check(&Field::San, "domain:https://a.b", Err(domain(None)));
        check(&Field::San, "domain:a..b", Err(domain(None)));
        check(&Field::San, "domain:bücher.example", Err(PatternError::NotAscii));
        let field = "kind".to_owned();
        check(&Field::Kind, "domain:a.b", Err(PatternError::NoDomain { field }));
    }

    #[test]
    fn what_was_meant_for_an_operator() {
        for (text, expect) in [
            ("regexp:a", Some("regex:a")),
            ("Glob: a/*", Some("glob:a/*")),
            ("DOMAIN:a", Some("domain:a")),
            ("starts-with:a", Some("prefix:a")),
            ("glob:a", None),
            ("exact:Glob:a", None),
            ("domian:a", Some("domain:a")),
            ("suffx:a", Some("suffix:a")),
            ("Prefx:a", Some("prefix:a")),
            ("exat:a", Some("exact:a")),
            ("reges:a", Some("regex:a")),
            ("re2:a", Some("regex:a")),
            ("regex :a", Some("regex:a")),
            (" glob: a*", Some("glob:a*")),
            ("glob: a*", Some("glob:a*")),
            ("prefix:\ta", Some("prefix:a")),
            ("contains:a", Some("glob:**a**")),
            ("email:a@b.c", Some("a@b.c")),
            ("blob:https://x", None),
            ("https://x", None),
            ("repo:acme/x:ref:refs/heads/main", None),
            ("mailto:a@b.c", None),
            ("spiffe://glob/x", None),
            ("urn:glob:x", None),
            ("exact: a", None),
            ("exact:domian:a", None),
            ("regex: a", None),
        ] {
            assert_eq!(
                mistake(text).and_then(|error| error.suggestion()).as_deref(),
                expect,
                "{text}"
            );
        }
    }

    #[test]
    fn digests_are_folded_and_measured() {
        let digits = |digits| Err(PatternError::DigestLength { digits });
        check(&Field::Digest, HEX, Ok((Op::Exact, HEX)));
        check(
            &Field::Digest,
            &format!("sha256:{}", HEX.to_uppercase()),
            Ok((Op::Exact, HEX)),
        );
        check(&Field::Digest, &HEX[1..], digits(63));
        check(
            &Field::Digest,
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            Err(PatternError::NotHex),
        );
        check(&Field::Digest, "sha256:", Err(PatternError::NotHex));
        check(&Field::Digest, &format!("sha256:{}", &HEX[..40]), digits(40));
        check(&Field::Digest, &HEX[..40], Ok((Op::Exact, &HEX[..40])));
        check(&Field::Digest, "prefix:SHA256:E3B0", Ok((Op::Prefix, "e3b0")));
    }

    #[test]
    fn fingerprints_are_folded_unless_base64() {
        let exact = |text| Ok((Op::Exact, text));
        check(&Field::Fingerprint, "SHA256:AB:CD:EF:01", exact("abcdef01"));
        check(&Field::Fingerprint, "sha256:ABCD", exact("abcd"));
        check(&Field::Fingerprint, "ABCD EF01", exact("abcdef01"));
        check(
            &Field::Fingerprint,
            "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGD",
            exact("uNiVztksCsDhcc0u9e8BgrJXVGD"),
        );
        check(&Field::Fingerprint, "SHA256:", Err(PatternError::Empty));
        let both = |bare: &'static str, hex: &'static str| Prepared::Plain(Op::Glob, bare.into(), Some(hex.into()));
        assert_eq!(
            Pattern::read("glob:SHA256:AB:Cd*").prepare(&Field::Fingerprint),
            Ok(both("AB:Cd*", "abcd*"))
        );
    }
}
