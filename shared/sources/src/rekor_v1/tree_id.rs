//! Tree ids: Trillian's positive 64-bit numbers, which servers write as decimal strings, because JSON's usual numbers do
//! not hold them, and in uuids as 16 hex digits.

use core::fmt;
use core::str::FromStr;
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// The id of one shard's tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeId(u64);

/// No tree id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tree id is a decimal number of 64 bits")]
pub struct TreeIdError;

impl TreeId {
    /// As a uuid begins with it.
    #[must_use]
    pub fn hex(self) -> String {
        format!("{:016x}", self.0)
    }

    /// From the beginning of a uuid.
    pub(crate) fn from_hex(digits: &str) -> Option<Self> {
        let lower = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        if digits.len() != 16 || !digits.bytes().all(lower) {
            return None;
        }
        u64::from_str_radix(digits, 16).ok().map(Self)
    }
}

impl fmt::Display for TreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for TreeId {
    type Err = TreeIdError;

    fn from_str(text: &str) -> Result<Self, TreeIdError> {
        let canonical = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| canonical).map(Self).ok_or(TreeIdError)
    }
}

impl<'de> Deserialize<'de> for TreeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Digits)
    }
}

/// A string, or a number whose digits are read as they stand: no double is in between.
struct Digits;

impl Visitor<'_> for Digits {
    type Value = TreeId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tree id")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<TreeId, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<TreeId, E> {
        Ok(TreeId(number))
    }
}

#[cfg(test)]
mod tests {
    use super::{TreeId, TreeIdError};

    #[test]
    fn strings_and_numbers_are_read_to_the_last_digit() {
        let public: TreeId = "1193050959916656506".parse().unwrap();
        for json in [r#""1193050959916656506""#, "1193050959916656506"] {
            assert_eq!(serde_json::from_str::<TreeId>(json).unwrap(), public, "{json}");
        }
        assert_eq!(public.to_string(), "1193050959916656506");
        assert_eq!(public.hex(), "108e9186e8c5677a");
        assert_eq!(TreeId::from_hex("108e9186e8c5677a"), Some(public));
        for other in ["108E9186E8C5677A", "108e9186e8c5677", "+08e9186e8c5677a", ""] {
            assert_eq!(TreeId::from_hex(other), None, "{other}");
        }
    }

    #[test]
    fn near_misses_are_refused() {
        for text in ["", "0", "01", "+1", "-1", "1e3", "1.0", " 1", "18446744073709551616"] {
            assert_eq!(text.parse::<TreeId>(), Err(TreeIdError), "{text:?}");
        }
        for json in ["-1", "1.5", "18446744073709551616", "null", "[]", r#""x""#] {
            assert!(serde_json::from_str::<TreeId>(json).is_err(), "{json}");
        }
    }
}
