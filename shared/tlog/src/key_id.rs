//! Key ids: the four bytes by which a signature line points at a key, and both rules by which logs derive them.
//!
//! They are short on purpose: they find a key, and prove nothing about it.

use alloc::string::{String, ToString as _};
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::hash::Hash;

/// The four bytes that, with a name, say which key made a signature. Written as eight lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

/// The text is not eight lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key id is written as eight lower-case hex digits")]
pub struct KeyIdError;

impl KeyId {
    /// C2SP signed-note: `SHA-256(name ‖ 0x0A ‖ type ‖ key)[:4]`.
    #[must_use]
    pub fn of(name: &str, kind: u8, key: &[u8]) -> Self {
        Self::cut(Hash::of(&[name.as_bytes(), b"\n", &[kind], key].concat()))
    }

    /// `SHA-256(SPKI DER)[:4]`.
    #[must_use]
    pub fn of_spki(der: &[u8]) -> Self {
        Self::cut(Hash::of(der))
    }

    const fn cut(hash: Hash) -> Self {
        let [first, second, third, fourth, ..] = *hash.as_bytes();
        Self([first, second, third, fourth])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        let id = u32::from_str_radix(text, 16)
            .map(|id| Self(id.to_be_bytes()))
            .map_err(|_| KeyIdError)?;
        if id.to_string() == text {
            Ok(id)
        } else {
            Err(KeyIdError)
        }
    }
}

impl Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
