//! The same value, spelled otherwise: in capitals, with a slash at its end, without its scheme, as the remote of a repository.

use crate::field::standard;
use crate::form::normal;
use crate::pattern::Pattern;
use sigstore::Field;

/// A value that a rule asks for, or what such a one begins with, without regard to its spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spelled {
    pub(super) written: String,
    text: String,
    bare: String,
    is_whole: bool,
}

impl Spelled {
    /// What the pattern asks for; nothing of a field whose values are no names.
    pub(super) fn of(field: &Field, pattern: &Pattern) -> Option<Self> {
        if matches!(field, Field::Fingerprint | Field::Digest | Field::Kind | Field::Log) {
            return None;
        }
        let (text, is_whole) = match pattern {
            Pattern::Exact(text) => (text, true),
            Pattern::Prefix(text) => (text, false),
            Pattern::Glob(_) | Pattern::Regex(_) | Pattern::Suffix(_) | Pattern::Domain(_) => return None,
        };
        let bare = match is_whole {
            true => bare(text),
            // What it goes on with is not known.
            false => without_scheme(&text.trim_start().to_lowercase()).to_owned(),
        };
        (bare.len() >= MIN_BYTES).then(|| Self {
            written: pattern.write().into_owned(),
            text: normal(standard(field), text).into_owned(),
            bare,
            is_whole,
        })
    }

    /// Whether this value, of which `bare` is without its spelling, is meant by it and not asked for.
    pub(super) fn is(&self, field: &Field, value: &str, bare: &str) -> bool {
        let value = normal(standard(field), value);
        match self.is_whole {
            true => self.bare == bare && self.text != *value,
            false => bare.starts_with(&self.bare) && !value.starts_with(&self.text),
        }
    }
}

/// Shorter texts are like too many others.
const MIN_BYTES: usize = 3;

/// A value without what people write otherwise.
pub(super) fn bare(value: &str) -> String {
    let text = value.trim().to_lowercase();
    let text = without_scheme(&text).trim_end_matches('/');
    text.strip_suffix(".git").unwrap_or(text).to_owned()
}

fn without_scheme(text: &str) -> &str {
    let schemes = ["https://", "http://", "mailto:"];
    schemes
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_value() {
        for (pattern, value, expect) in [
            ("https://github.com/ACME", "https://github.com/acme", true),
            ("https://github.com/acme/", "https://github.com/acme", true),
            ("github.com/acme/tool.git", "https://github.com/acme/tool", true),
            ("ME@example.com", "me@example.com", true),
            ("mailto:me@example.com\n", "me@example.com", true),
            ("prefix:https://github.com/ACME/", "https://github.com/acme/x", true),
            ("https://github.com/acme", "https://GitHub.com/acme", false),
            ("prefix:https://github.com/acme/", "https://github.com/acme/x", false),
            ("https://github.com/acme", "https://github.com/acme-2", false),
            ("https://github.com/acme", "https://github.com/acme/x", false),
            ("prefix:https://github.com/acme/", "https://github.com/acmex", false),
            ("glob:ME@*", "me@example.com", false),
        ] {
            let spelled = Spelled::of(&Field::San, &Pattern::read(pattern));
            assert_eq!(
                spelled.is_some_and(|it| it.is(&Field::San, value, &bare(value))),
                expect,
                "{pattern} {value}"
            );
        }
    }
}
