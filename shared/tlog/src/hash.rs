//! SHA-256 as transparency logs use it: leaf, node and plain hashes, and their two spellings.
//!
//! It hashes what it is given and compares nothing: that a hash belongs to a tree is for `merkle` to show. Hashes are
//! public values, so nothing here is constant time.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// Bytes of a hash.
pub const HASH_BYTES: usize = 32;

/// RFC 6962, 2.1: the byte before a leaf, and the byte before the two children of a node. They differ so that no leaf
/// can be passed off as a node (a second preimage).
const LEAF_PREFIX: [u8; 1] = [0x00];
const NODE_PREFIX: [u8; 1] = [0x01];

/// A SHA-256 hash. Printed, parsed and serialised as 64 lower-case hex digits; checkpoints spell it in base64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; HASH_BYTES]);

/// Why a text is no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Not exactly 64 lower-case hex digits.
    #[error("a hash is written as 64 lower-case hex digits")]
    Hex,
    /// Not the one padded, canonical base64 spelling of 32 bytes.
    #[error("a hash is written as the canonical base64 of 32 bytes")]
    Base64,
}

impl Hash {
    /// The root of the tree without leaves: SHA-256 of nothing (RFC 6962, 2.1).
    pub const EMPTY_ROOT: Self = Self([
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae,
        0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ]);

    /// Takes 32 bytes for a hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; HASH_BYTES]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }

    /// Plain SHA-256 of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash of a leaf: `SHA-256(0x00 ‖ bytes)`. The leaf is hashed where it lies.
    #[must_use]
    pub fn leaf(bytes: &[u8]) -> Self {
        Self(
            Sha256::new()
                .chain_update(LEAF_PREFIX)
                .chain_update(bytes)
                .finalize()
                .into(),
        )
    }

    /// The hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)`.
    #[must_use]
    pub fn node(left: &Self, right: &Self) -> Self {
        Self(
            Sha256::new()
                .chain_update(NODE_PREFIX)
                .chain_update(left.0)
                .chain_update(right.0)
                .finalize()
                .into(),
        )
    }

    /// The padded base64 that checkpoints and proofs carry.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// Reads the one canonical base64 spelling: padded, no spare bits set, no whitespace.
    ///
    /// # Errors
    /// [`HashError::Base64`] for anything else.
    pub fn from_base64(text: &str) -> Result<Self, HashError> {
        let bytes = STANDARD.decode(text).map_err(|_| HashError::Base64)?;
        bytes.try_into().map(Self).map_err(|_| HashError::Base64)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let digits = text.as_bytes();
        if digits.len() != 2 * HASH_BYTES {
            return Err(HashError::Hex);
        }
        let mut bytes = [0; HASH_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair
                .iter()
                .try_fold(0, |high, digit| Some(high << 4 | nibble(*digit)?))
                .ok_or(HashError::Hex)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The value of one lower-case hex digit.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn the_empty_root_is_the_hash_of_nothing() {
        assert_eq!(Hash::of(b""), Hash::EMPTY_ROOT);
    }

    #[test]
    fn leaf_and_node_hash_as_rfc_6962_says() {
        // The first leaf and the first inner node of the reference tree of RFC 6962 implementations.
        assert_eq!(
            Hash::leaf(b"").to_string(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(
            Hash::node(&Hash::leaf(b""), &Hash::leaf(&[0])).to_string(),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
        );
    }

    #[test]
    fn only_one_spelling_is_read() {
        fn check_hex(text: &str, expect: Result<Hash, HashError>) {
            assert_eq!(text.parse::<Hash>(), expect, "{text}");
        }
        fn check_base64(text: &str, expect: Result<Hash, HashError>) {
            assert_eq!(Hash::from_base64(text), expect, "{text}");
        }
        let hex = Hash::EMPTY_ROOT.to_string();
        check_hex(&hex, Ok(Hash::EMPTY_ROOT));
        check_hex(&hex.to_uppercase(), Err(HashError::Hex));
        check_hex(&hex[1..], Err(HashError::Hex));
        check_hex(&hex.replace('e', "g"), Err(HashError::Hex));
        check_hex(&(hex.clone() + "00"), Err(HashError::Hex));
        check_hex(&hex.replacen("e3", "é", 1), Err(HashError::Hex));

        let base64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(Hash::EMPTY_ROOT.to_base64(), base64);
        check_base64(base64, Ok(Hash::EMPTY_ROOT));
        check_base64(&base64.replace('=', ""), Err(HashError::Base64));
        check_base64(&base64.replace("FU=", "FV="), Err(HashError::Base64));
        check_base64(&base64.replace('+', "-"), Err(HashError::Base64));
        check_base64("AAAA", Err(HashError::Base64));
        check_base64(&(base64.to_string() + "\n"), Err(HashError::Base64));
    }

    #[test]
    fn json_is_a_hex_string() {
        let json = serde_json::to_string(&Hash::EMPTY_ROOT).unwrap();
        assert_eq!(json, alloc::format!("\"{}\"", Hash::EMPTY_ROOT));
        assert_eq!(serde_json::from_str::<Hash>(&json).unwrap(), Hash::EMPTY_ROOT);
        assert!(serde_json::from_str::<Hash>(&json.to_uppercase()).is_err());
        assert!(serde_json::from_value::<Hash>(serde_json::json!([0])).is_err());
    }
}
