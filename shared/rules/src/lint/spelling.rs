//! How a value is spelled: blanks at an end, braces in globs, digits that are none.

use super::remark::{Lint, LintId};
use crate::field::{Standard, standard};
use crate::pattern::{Op, Pattern, Prepared};
use regex_syntax::hir::{Class, Hir, HirKind};
use sigstore::Field;

/// What is to be said of the spelling.
pub(super) fn lint(field: &Field, pattern: &Pattern, path: &str) -> Option<Lint> {
    white_space(field, pattern, path)
        .or_else(|| braces(pattern, path))
        .or_else(|| match standard(field) {
            Standard::Digest => digest(field, pattern, path),
            Standard::Fingerprint => fingerprint(field, pattern, path),
            Standard::Name | Standard::Uri | Standard::Exact => None,
        })
}

/// Blanks at an end, and the line break that a block (`|`) leaves there. A fingerprint and a digest are read without them.
fn white_space(field: &Field, pattern: &Pattern, path: &str) -> Option<Lint> {
    let is_told = match pattern {
        Pattern::Exact(text) => text.trim() != text && !matches!(field, Field::Fingerprint | Field::Digest),
        Pattern::Prefix(text) => text.trim_start() != text,
        Pattern::Suffix(text) => text.trim_end() != text,
        Pattern::Glob(text) => text.trim() != text,
        Pattern::Regex(text) => text.starts_with(' ') || text.ends_with(['\n', ' ']) && !text.ends_with("\\ "),
        Pattern::Domain(_) => false,
    };
    is_told.then(|| {
        let what = match pattern.text().ends_with('\n') {
            true => "ends in a line break, as a block (`|`) leaves it",
            false => "has a blank at an end",
        };
        let message = format!("{what}, which is compared as well: it probably matches nothing");
        let lint = Lint::warning(LintId::WhiteSpace, path, message);
        let written = pattern.write();
        let operator = written.strip_suffix(pattern.text()).unwrap_or_default();
        lint.instead(format!("write `{operator}{}`", pattern.text().trim()))
    })
}

/// Braces and brackets, of which the globs of shells make lists and classes.
fn braces(pattern: &Pattern, path: &str) -> Option<Lint> {
    let Pattern::Glob(text) = pattern else { return None };
    let inside = |open: char, close: char| {
        let (_, rest) = text.split_once(open)?;
        rest.split_once(close).map(|(inside, _)| inside)
    };
    let is_list = inside('{', '}').is_some_and(|inside| inside.contains([',', '.']));
    // `[::1]` is a host, and `name[bot]` an account.
    let is_class = inside('[', ']').is_some_and(|inside| !inside.contains(':') && inside != "bot");
    (is_list || is_class).then(|| {
        let what = if is_list { "braces" } else { "brackets" };
        let message = format!("`glob:{text}` has {what}, which stand for themselves: only `*`, `**` and `?` do not");
        let lint = Lint::warning(LintId::BareWildcard, path, message);
        lint.instead("write a list of globs, or a `regex:`")
    })
}

/// Digits of the longest digest, SHA-512.
const MAX_DIGITS: usize = 128;

fn digest(field: &Field, pattern: &Pattern, path: &str) -> Option<Lint> {
    let hexadecimal = |letter: char| matches!(letter, '0'..='9' | 'a'..='f');
    let is_none = match pattern.prepare(field).ok()? {
        // Those that are exact are checked when they are read.
        Prepared::Plain(Op::Prefix | Op::Suffix, text, _) => !text.chars().all(hexadecimal) || text.len() > MAX_DIGITS,
        Prepared::Plain(Op::Glob, text, _) => !text.chars().all(|it| hexadecimal(it) || it == '*' || it == '?'),
        Prepared::Plain(..) => false,
        Prepared::Regex(_, hir) => is_impossible(&hir, &hexadecimal),
    };
    is_none.then(|| {
        let message = format!(
            "`{}` matches no digest: they are compared in small hexadecimal digits, without `sha256:`",
            pattern.write()
        );
        let lint = Lint::warning(LintId::NotAValue, path, message);
        lint.instead("write the digest as `sha256sum` prints it, or `prefix:` and its beginning")
    })
}

/// Hexadecimal digits of the fingerprints that there are: of a minisign key, of SHA-1 (OpenPGP), of SHA-256.
const FINGERPRINT_DIGITS: [usize; 3] = [16, 40, 64];

/// Letters of a SHA-256 in base64, with the sign that fills it up and without.
const BASE64_LETTERS: [usize; 2] = [43, 44];

fn fingerprint(field: &Field, pattern: &Pattern, path: &str) -> Option<Lint> {
    let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    match pattern.prepare(field).ok()? {
        Prepared::Plain(Op::Exact, text, _) => {
            let is_whole = FINGERPRINT_DIGITS.contains(&text.len()) && is_hex(&text);
            if is_whole || BASE64_LETTERS.contains(&text.len()) {
                return None;
            }
            let help = "write the whole fingerprint, or `prefix:` and its beginning";
            Some(match is_hex(&text) {
                true => {
                    let message = format!(
                        "has {} hexadecimal digits; fingerprints have 64, or 40 (OpenPGP), or 16 (minisign): it probably matches nothing",
                        text.len()
                    );
                    Lint::note(LintId::NotAValue, path, message).instead(help)
                }
                false => {
                    let message = "is no fingerprint, neither in hexadecimal digits nor in base64: it matches nothing";
                    Lint::warning(LintId::NotAValue, path, message).instead(help)
                }
            })
        }
        Prepared::Regex(source, hir) => {
            // In base64 there are other letters, and nobody would spell out so few of them.
            let small = |letter: char| !letter.is_ascii_uppercase() && letter != ':';
            let is_of_digits = |letter: char| letter.is_ascii_hexdigit() || !letter.is_alphanumeric();
            (is_impossible(&hir, &small) && source.chars().all(is_of_digits)).then(|| {
                let message = "has capital letters or colons: fingerprints in hexadecimal digits are compared in small letters, without them";
                let lint = Lint::warning(LintId::NotAValue, path, message);
                lint.instead(format!("write `regex:{}`", source.to_lowercase().replace(':', "")))
            })
        }
        Prepared::Plain(..) => None,
    }
}

/// Whether every match has a letter that is not allowed.
fn is_impossible(hir: &Hir, is_allowed: &dyn Fn(char) -> bool) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.iter().any(|byte| !is_allowed(char::from(*byte))),
        HirKind::Class(Class::Unicode(class)) => {
            let mut ranges = class.ranges().iter().map(|range| (range.start(), range.end()));
            !ranges.any(|(start, end)| has_allowed(start, end, is_allowed))
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut ranges = class.ranges().iter().map(|range| (range.start(), range.end()));
            !ranges.any(|(start, end)| has_allowed(start.into(), end.into(), is_allowed))
        }
        HirKind::Repetition(repetition) => repetition.min > 0 && is_impossible(&repetition.sub, is_allowed),
        HirKind::Capture(capture) => is_impossible(&capture.sub, is_allowed),
        HirKind::Concat(parts) => parts.iter().any(|part| is_impossible(part, is_allowed)),
        HirKind::Alternation(parts) => parts.iter().all(|part| is_impossible(part, is_allowed)),
    }
}

/// Whether a range has a letter that is allowed. Only ASCII letters are asked.
fn has_allowed(start: char, end: char, is_allowed: &dyn Fn(char) -> bool) -> bool {
    (start..=end.min('\u{7f}')).any(is_allowed)
}
