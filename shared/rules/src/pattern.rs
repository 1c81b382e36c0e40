//! One value of a rule: exact, `glob:` or `regex:`; how it is written, checked and compared.
//!
//! Fingerprints and digests have several spellings; this module knows the one they are compared in. It does not know
//! which entries there are.

use crate::glob::{self, TooManyStars};
use crate::limits::{MAX_PATTERN_BYTES, REGEX_CACHE_BYTES, REGEX_SIZE_BYTES};
use regex::{Regex, RegexBuilder};
use sigstore::Field;
use std::borrow::Cow;

/// A value to compare with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// The whole text, byte for byte.
    Exact(String),
    /// `glob:`: `*` any characters but `/`, `**` any characters, `?` one character but `/`; the rest stands for itself.
    Glob(String),
    /// `regex:` a regular expression for the whole text.
    Regex(String),
}

impl Pattern {
    /// Reads the form of the configuration. Every text is a pattern; whether it is a good one, [`Pattern::prepare`] says.
    pub(crate) fn read(text: &str) -> Self {
        if let Some(glob) = text.strip_prefix("glob:") {
            Self::Glob(glob.to_owned())
        } else if let Some(regex) = text.strip_prefix("regex:") {
            Self::Regex(regex.to_owned())
        } else {
            Self::Exact(text.to_owned())
        }
    }

    /// The form of the configuration, which reads back as the same pattern.
    pub(crate) fn write(&self) -> String {
        match self {
            Self::Exact(text) => text.clone(),
            Self::Glob(glob) => format!("glob:{glob}"),
            Self::Regex(regex) => format!("regex:{regex}"),
        }
    }

    /// Checks the pattern for `field` and prepares it.
    pub(crate) fn prepare(&self, field: &Field) -> Result<Prepared, PatternError> {
        let (Self::Exact(text) | Self::Glob(text) | Self::Regex(text)) = self;
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.len() > MAX_PATTERN_BYTES {
            return Err(PatternError::TooLong { bytes: text.len() });
        }
        match self {
            Self::Exact(text) => exact(field, text).map(Prepared::Exact),
            Self::Glob(glob) => glob_source(field, glob)
                .and_then(|source| anchored(&source))
                .map(Prepared::Expression),
            Self::Regex(source) => {
                // On its own first: `a)|(b` is an expression only between our brackets, and would escape the anchors.
                build(source)?;
                anchored(source).map(Prepared::Expression)
            }
        }
    }
}

/// A pattern that is ready to be asked.
#[derive(Clone, Debug)]
pub(crate) enum Prepared {
    /// Equal to the value's normal form.
    Exact(String),
    /// Matches the whole value.
    Expression(Regex),
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
    #[error("exact values have no prefix `{prefix}`; expressions begin with `glob:` or `regex:`")]
    Prefix { prefix: String, meant: String },
}

impl PatternError {
    /// The pattern that was probably meant.
    pub(crate) fn suggestion(&self) -> Option<String> {
        match self {
            Self::Prefix { meant, .. } => Some(meant.clone()),
            Self::Stars => Some("**".to_owned()),
            Self::Empty | Self::TooLong { .. } | Self::Regex { .. } | Self::TooBig => None,
            Self::NotHex | Self::DigestLength { .. } => None,
        }
    }
}

/// The normal form of a value that an entry has, in which exact patterns are compared.
///
/// Only fingerprints have several spellings in an entry: hex in either case, and base64 behind `SHA256:`.
pub(crate) fn normal<'v>(field: &Field, value: &'v str) -> Cow<'v, str> {
    match field {
        Field::Fingerprint => fingerprint(value),
        Field::Digest => Cow::Borrowed(without_prefix(value, "sha256:")),
        Field::San | Field::Issuer | Field::Subject | Field::Extension(_) | Field::Kind | Field::Log => {
            Cow::Borrowed(value)
        }
    }
}

/// Lower hex without colons, spaces and prefix (`sha256:`, or the `0x` of OpenPGP); anything else without the prefix
/// `sha256:`, its case kept (base64).
fn fingerprint(text: &str) -> Cow<'_, str> {
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
fn without_prefix<'t>(text: &'t str, prefix: &str) -> &'t str {
    match text.split_at_checked(prefix.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(prefix) => rest,
        _ => text,
    }
}

fn exact(field: &Field, text: &str) -> Result<String, PatternError> {
    mistaken_prefix(text)?;
    match field {
        Field::Digest => digest(text),
        Field::Fingerprint => match fingerprint(text) {
            bare if bare.is_empty() => Err(PatternError::Empty),
            bare => Ok(bare.into_owned()),
        },
        Field::San | Field::Issuer | Field::Subject | Field::Extension(_) | Field::Kind | Field::Log => {
            Ok(text.to_owned())
        }
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

/// A prefix that nobody writes but by mistake: as an exact value it would silently match nothing.
fn mistaken_prefix(text: &str) -> Result<(), PatternError> {
    let Some((prefix, rest)) = text.split_once(':') else {
        return Ok(());
    };
    let meant = match prefix.to_ascii_lowercase().as_str() {
        "glob" | "globs" => "glob",
        "regex" | "regexp" | "re" => "regex",
        _ => return Ok(()),
    };
    Err(PatternError::Prefix {
        prefix: format!("{prefix}:"),
        meant: format!("{meant}:{}", rest.trim_start()),
    })
}

/// A glob over fingerprints may be written as people write them: it is asked as hex and, for base64, as it stands.
fn glob_source(field: &Field, glob: &str) -> Result<String, PatternError> {
    let source = |glob: &str| glob::to_regex(glob).map_err(|TooManyStars| PatternError::Stars);
    if *field == Field::Digest {
        return source(&without_prefix(glob, "sha256:").to_ascii_lowercase());
    }
    if *field != Field::Fingerprint {
        return source(glob);
    }
    let bare = without_prefix(glob, "sha256:");
    let hex: String = bare
        .to_ascii_lowercase()
        .chars()
        .filter(|letter| *letter != ':')
        .collect();
    Ok(format!("{}|{}", source(&hex)?, source(bare)?))
}

fn anchored(source: &str) -> Result<Regex, PatternError> {
    build(&format!(r"\A(?:{source})\z"))
}

fn build(source: &str) -> Result<Regex, PatternError> {
    let built = RegexBuilder::new(source)
        .size_limit(REGEX_SIZE_BYTES)
        .dfa_size_limit(REGEX_CACHE_BYTES)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => PatternError::TooBig,
        error => PatternError::Regex {
            reason: last_line(&error.to_string()),
        },
    })
}

/// The regex crate draws the pattern and a caret on lines of their own; the last line says what is wrong.
fn last_line(message: &str) -> String {
    let line = message.lines().last().unwrap_or_default().trim();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn check(field: &Field, text: &str, expect: Result<&str, PatternError>) {
        let found = Pattern::read(text).prepare(field).map(|prepared| match prepared {
            Prepared::Exact(text) => text,
            Prepared::Expression(regex) => regex.as_str().to_owned(),
        });
        assert_eq!(found, expect.map(str::to_owned), "{text}");
        assert_eq!(Pattern::read(text).write(), text);
    }

    #[test]
    fn each_form() {
        check(&Field::San, "a@b.c", Ok("a@b.c"));
        check(&Field::San, "https://x/*", Ok("https://x/*"));
        check(&Field::San, "glob:a.*", Ok(r"\A(?:a\.[^/]*)\z"));
        check(&Field::San, "regex:a|b", Ok(r"\A(?:a|b)\z"));
    }

    #[test]
    fn each_mistake() {
        check(&Field::San, "", Err(PatternError::Empty));
        check(&Field::San, "glob:", Err(PatternError::Empty));
        check(&Field::San, "regex:", Err(PatternError::Empty));
        check(&Field::San, "glob:a***", Err(PatternError::Stars));
        check(
            &Field::San,
            "regex:a)|(b",
            Err(PatternError::Regex {
                reason: "unopened group".to_owned(),
            }),
        );
        check(
            &Field::San,
            "regex:(",
            Err(PatternError::Regex {
                reason: "unclosed group".to_owned(),
            }),
        );
        check(&Field::San, r"regex:\w{1000}{1000}", Err(PatternError::TooBig));
        check(
            &Field::San,
            "regexp:a",
            Err(PatternError::Prefix {
                prefix: "regexp:".to_owned(),
                meant: "regex:a".to_owned(),
            }),
        );
        check(
            &Field::San,
            &"x".repeat(MAX_PATTERN_BYTES + 1),
            Err(PatternError::TooLong { bytes: 4097 }),
        );
        check(&Field::San, "blob:https://x", Ok("blob:https://x"));
    }

    #[test]
    fn digests_are_folded_and_measured() {
        check(&Field::Digest, HEX, Ok(HEX));
        check(&Field::Digest, &format!("sha256:{}", HEX.to_uppercase()), Ok(HEX));
        check(
            &Field::Digest,
            &HEX[1..],
            Err(PatternError::DigestLength { digits: 63 }),
        );
        check(
            &Field::Digest,
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            Err(PatternError::NotHex),
        );
        check(&Field::Digest, "sha256:", Err(PatternError::NotHex));
        check(
            &Field::Digest,
            &format!("sha256:{}", &HEX[..40]),
            Err(PatternError::DigestLength { digits: 40 }),
        );
        check(&Field::Digest, &HEX[..40], Ok(&HEX[..40]));
    }

    #[test]
    fn fingerprints_are_folded_unless_base64() {
        check(&Field::Fingerprint, "SHA256:AB:CD:EF:01", Ok("abcdef01"));
        check(&Field::Fingerprint, "sha256:ABCD", Ok("abcd"));
        check(&Field::Fingerprint, "ABCD EF01", Ok("abcdef01"));
        check(
            &Field::Fingerprint,
            "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGD",
            Ok("uNiVztksCsDhcc0u9e8BgrJXVGD"),
        );
        check(&Field::Fingerprint, "SHA256:", Err(PatternError::Empty));
        assert_eq!(normal(&Field::Fingerprint, "SHA256:uNiV"), "uNiV");
        assert_eq!(normal(&Field::Fingerprint, "ABCD"), "abcd");
        assert_eq!(normal(&Field::San, "SHA256:uNiV"), "SHA256:uNiV");
    }
}
