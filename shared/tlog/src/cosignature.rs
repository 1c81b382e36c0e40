//! Cosignatures of witnesses (C2SP tlog-cosignature, Ed25519, `cosignature/v1`): who saw this checkpoint, and when.
//!
//! Which witnesses count, and how many it takes, is a policy's to say. The ML-DSA-44 kind (type 0x06) is not read; its lines
//! are those of unknown keys.

use alloc::string::{String, ToString as _};
use core::fmt;
use core::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::key::{KeyError, check_name, ed25519, split_vkey};
use crate::key_id::KeyId;
use crate::note::{Note, SignatureLine};

/// C2SP signed-note: the type byte of a timestamped Ed25519 cosignature.
pub(crate) const TYPE_COSIGNATURE: u8 = 0x04;
/// C2SP tlog-cosignature: a time must not exceed this.
const MAX_TIME: u64 = (1 << 63) - 1;

/// The key of a witness. Serialised as its vkey.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CosignatureKey {
    name: String,
    key_id: KeyId,
    key: ed25519_dalek::VerifyingKey,
}

/// Why a note has no cosignature of this witness.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// No line has the witness's name and key id.
    #[error("{name}+{key_id} did not cosign the checkpoint")]
    Missing {
        /// The witness.
        name: String,
        /// Its key.
        key_id: KeyId,
    },
    /// A line has them, but is not of its key, of another length, or of an impossible time.
    #[error("the cosignature of {name}+{key_id} does not verify")]
    BadCosignature {
        /// The witness.
        name: String,
        /// Its key.
        key_id: KeyId,
    },
}

impl CosignatureKey {
    /// Takes the 32 bytes of the witness's key.
    ///
    /// # Errors
    /// [`KeyError::Name`], [`KeyError::Malformed`], [`KeyError::Weak`].
    pub fn new(name: &str, key: &[u8]) -> Result<Self, KeyError> {
        let key = ed25519(key)?;
        let key_id = KeyId::of(check_name(name)?, TYPE_COSIGNATURE, key.as_bytes());
        Ok(Self {
            name: name.to_string(),
            key_id,
            key,
        })
    }

    /// Reads a vkey of type 0x04.
    ///
    /// # Errors
    /// [`KeyError`], with [`KeyError::Type`] for the keys of logs and for ML-DSA-44.
    pub fn from_vkey(vkey: &str) -> Result<Self, KeyError> {
        let (name, found, kind, material) = split_vkey(vkey)?;
        if kind != TYPE_COSIGNATURE {
            return Err(KeyError::Type { found: kind });
        }
        let key = Self::new(name, &material)?;
        let expected = key.key_id;
        if expected == found {
            Ok(key)
        } else {
            Err(KeyError::KeyId { expected, found })
        }
    }

    /// The vkey.
    #[must_use]
    pub fn to_vkey(&self) -> String {
        let material = [&[TYPE_COSIGNATURE], &self.key.as_bytes()[..]].concat();
        alloc::format!("{}+{}+{}", self.name, self.key_id, STANDARD.encode(material))
    }

    /// The name of the witness.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of its key.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// When this witness cosigned `note`: seconds since 1970, the latest if it did so more than once.
    ///
    /// # Errors
    /// [`CosignatureError::Missing`]; [`CosignatureError::BadCosignature`] if any line that names this key does not verify.
    pub fn verify(&self, note: &Note) -> Result<u64, CosignatureError> {
        let lines = note
            .signatures()
            .iter()
            .filter(|line| line.name == self.name && line.key_id == self.key_id);
        let mut latest = None;
        for line in lines {
            let bad = || CosignatureError::BadCosignature {
                name: self.name.clone(),
                key_id: self.key_id,
            };
            latest = latest.max(Some(self.time_of(line, note.text()).ok_or_else(bad)?));
        }
        latest.ok_or_else(|| CosignatureError::Missing {
            name: self.name.clone(),
            key_id: self.key_id,
        })
    }

    /// The time that stands in a cosignature: eight big-endian bytes before the signature, and signed with the text.
    fn time_of(&self, line: &SignatureLine, text: &str) -> Option<u64> {
        let (time, signature) = line.signature.split_first_chunk()?;
        let time = u64::from_be_bytes(*time);
        let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
        let message = alloc::format!("cosignature/v1\ntime {time}\n{text}");
        let verified = self.key.verify_strict(message.as_bytes(), &signature).is_ok();
        (verified && time <= MAX_TIME).then_some(time)
    }
}

impl fmt::Debug for CosignatureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_vkey())
    }
}

impl FromStr for CosignatureKey {
    type Err = KeyError;

    fn from_str(vkey: &str) -> Result<Self, KeyError> {
        Self::from_vkey(vkey)
    }
}

impl TryFrom<String> for CosignatureKey {
    type Error = KeyError;

    fn try_from(vkey: String) -> Result<Self, KeyError> {
        Self::from_vkey(&vkey)
    }
}

impl From<CosignatureKey> for String {
    fn from(key: CosignatureKey) -> Self {
        key.to_vkey()
    }
}
