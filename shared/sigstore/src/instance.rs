//! One log as the trusted root names it: where it is, whose key signs for it, and when.
//!
//! A key that cannot be used does not spoil the file: it is kept, and says why when it is asked for.

use tlog::{Algorithm, Hash, KeyError, KeyId, KeyIdRule, VerifierKey};

use crate::document::{Place, TrustError, Validity};

/// Which generation of Rekor's interface a log speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RekorApi {
    /// Rekor v1: JSON over Trillian; key ids are cut from the SHA-256 of the SubjectPublicKeyInfo.
    V1,
    /// Rekor v2: C2SP tiles; key ids as C2SP signed-note says, for the log's origin.
    V2,
}

/// The kind of a public key (`PublicKeyDetails` of Sigstore's protobuf-specs).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyDetails {
    /// `PKIX_ECDSA_P256_SHA_256`.
    EcdsaP256Sha256,
    /// `PKIX_ECDSA_P384_SHA_384`.
    EcdsaP384Sha384,
    /// `PKIX_ED25519`.
    Ed25519,
    /// Any other, by its name or number.
    Other(String),
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// Its kind.
    pub details: KeyDetails,
    /// When it signs.
    pub valid_for: Validity,
}

/// A log of the trusted root (`TransparencyLogInstance`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogInstance {
    /// Where it is, as the file has it.
    pub base_url: String,
    /// The hash of its tree, such as `SHA2_256`.
    pub hash_algorithm: String,
    /// The key that signs its checkpoints.
    pub key: PublicKey,
    /// `logId.keyId`: SHA-256 of the SubjectPublicKeyInfo (v1, CT), or what the note's key id is cut from (v2).
    pub log_id: Option<Vec<u8>>,
    /// `checkpointKeyId.keyId`: the key id of checkpoints, or what it is cut from.
    pub checkpoint_key_id: Option<Vec<u8>>,
    /// Who runs it.
    pub operator: Option<String>,
}

/// Why the key of a log cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyTrouble {
    /// No verifier here knows this kind of key.
    #[error("keys of the kind {0} cannot be verified with")]
    UnknownKind(String),
    /// Tree hashes other than SHA-256 cannot be rebuilt.
    #[error("the log hashes with {0}, not with SHA2_256")]
    UnknownHash(String),
    /// The key is not of the kind that the file says.
    #[error("the key is of another kind than keyDetails says")]
    WrongKind,
    /// The key is broken.
    #[error("the key cannot be read")]
    Key(#[from] KeyError),
    /// The file names another key id than the key has.
    #[error("the file says key id {named}, but the key has {computed}")]
    WrongKeyId {
        /// The id that the file says.
        named: KeyId,
        /// The id that the key has for this log.
        computed: KeyId,
    },
    /// The id in the file is too short to be one.
    #[error("the key id in the file has {bytes} bytes, fewer than 4")]
    ShortKeyId {
        /// How many it has.
        bytes: usize,
    },
}

impl LogInstance {
    /// The base URL without scheme and without trailing slash: the log's name, and the origin of a v2 checkpoint.
    pub fn origin(&self) -> String {
        origin_of(&self.base_url).to_owned()
    }

    /// When its key signs.
    pub fn valid_for(&self) -> Validity {
        self.key.valid_for
    }

    /// The keys that may sign a checkpoint of this log, whichever interface it speaks: those of
    /// [`LogInstance::verifier_key`] for v2 and v1, as far as the ids in the file bear them out, without repetition.
    /// None where the key cannot be used; [`LogInstance::trouble`] then says why.
    pub fn verifier_keys(&self) -> Vec<VerifierKey> {
        let mut keys: Vec<VerifierKey> = Vec::new();
        for key in [RekorApi::V2, RekorApi::V1]
            .into_iter()
            .filter_map(|api| self.verifier_key(api).ok())
        {
            // ECDSA has the same id under both rules.
            if keys.iter().all(|known| known.key_id() != key.key_id()) {
                keys.push(key);
            }
        }
        keys
    }

    /// Why no key of this log can be used, if so: it is then known but cannot be watched.
    pub fn trouble(&self) -> Option<KeyTrouble> {
        let v2 = self.verifier_key(RekorApi::V2).err()?;
        self.verifier_key(RekorApi::V1).err().map(|_| v2)
    }

    /// The key that signs checkpoints of a log that speaks `api`. Its name is the origin, which for v1 is the part of
    /// the checkpoint's origin before ` - <treeID>`.
    ///
    /// # Errors
    /// [`KeyTrouble`] when the key cannot be used, or is not the one that the ids in the file are of.
    pub fn verifier_key(&self, api: RekorApi) -> Result<VerifierKey, KeyTrouble> {
        // Absent in some older files, where it always meant SHA-256.
        if !matches!(self.hash_algorithm.as_str(), "" | "SHA2_256" | "1") {
            return Err(KeyTrouble::UnknownHash(self.hash_algorithm.clone()));
        }
        if let KeyDetails::Other(name) = &self.key.details {
            return Err(KeyTrouble::UnknownKind(name.clone()));
        }
        let rule = match api {
            RekorApi::V1 => KeyIdRule::Spki,
            RekorApi::V2 => KeyIdRule::Note,
        };
        let key = VerifierKey::from_spki(&self.origin(), &self.key.spki, rule)?;
        self.check_kind(&key)?;
        self.check_id(&key)?;
        Ok(key)
    }

    fn check_kind(&self, key: &VerifierKey) -> Result<(), KeyTrouble> {
        let expect = match self.key.details {
            KeyDetails::EcdsaP256Sha256 => Algorithm::EcdsaP256Sha256,
            KeyDetails::EcdsaP384Sha384 => Algorithm::EcdsaP384Sha256,
            KeyDetails::Ed25519 => Algorithm::Ed25519,
            KeyDetails::Other(_) => return Err(KeyTrouble::WrongKind),
        };
        if key.algorithm() == expect {
            Ok(())
        } else {
            Err(KeyTrouble::WrongKind)
        }
    }

    /// `checkpointKeyId` is about checkpoints; `logId` stands in for it where it is absent.
    fn check_id(&self, key: &VerifierKey) -> Result<(), KeyTrouble> {
        let Some(named) = self.checkpoint_key_id.as_ref().or(self.log_id.as_ref()) else {
            return Ok(());
        };
        let Some(first) = named.first_chunk::<4>() else {
            return Err(KeyTrouble::ShortKeyId { bytes: named.len() });
        };
        let (named, computed) = (KeyId(*first), key.key_id());
        if named == computed {
            Ok(())
        } else {
            Err(KeyTrouble::WrongKeyId { named, computed })
        }
    }

    /// SHA-256 of the key's SubjectPublicKeyInfo: the log id of CT (RFC 6962 3.2) and of Rekor v1.
    pub fn spki_hash(&self) -> Hash {
        Hash::of(&self.key.spki)
    }

    pub(crate) fn read(place: &Place<'_>) -> Result<Self, TrustError> {
        let id = |key| place.optional(key)?.map(|id| id.required("keyId")?.bytes()).transpose();
        let text = |key| place.optional(key)?.map(|it| it.name_or_number()).transpose();
        Ok(Self {
            base_url: place.required("baseUrl")?.text()?.to_owned(),
            hash_algorithm: text("hashAlgorithm")?.unwrap_or_default(),
            key: PublicKey::read(&place.required("publicKey")?)?,
            log_id: id("logId")?,
            checkpoint_key_id: id("checkpointKeyId")?,
            operator: text("operator")?,
        })
    }
}

impl PublicKey {
    fn read(place: &Place<'_>) -> Result<Self, TrustError> {
        let details = place
            .optional("keyDetails")?
            .map(|it| it.name_or_number())
            .transpose()?;
        Ok(Self {
            spki: place.required("rawBytes")?.bytes()?,
            details: KeyDetails::of(details.unwrap_or_default()),
            valid_for: Validity::of(place)?,
        })
    }
}

impl KeyDetails {
    fn of(name: String) -> Self {
        match name.as_str() {
            "PKIX_ECDSA_P256_SHA_256" | "5" => Self::EcdsaP256Sha256,
            "PKIX_ECDSA_P384_SHA_384" | "12" => Self::EcdsaP384Sha384,
            "PKIX_ED25519" | "7" => Self::Ed25519,
            _ => Self::Other(name),
        }
    }
}

/// A base URL without scheme and without trailing slash.
pub fn origin_of(base_url: &str) -> &str {
    let rest = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    rest.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::origin_of;

    #[test]
    fn an_origin_has_no_scheme_and_no_trailing_slash() {
        for (url, expect) in [
            ("https://log2025-1.rekor.sigstore.dev", "log2025-1.rekor.sigstore.dev"),
            ("https://log.example/a/b/", "log.example/a/b"),
            ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
            ("log.example", "log.example"),
        ] {
            assert_eq!(origin_of(url), expect);
        }
    }
}
