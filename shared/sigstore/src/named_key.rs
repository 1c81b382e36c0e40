//! Keys of other worlds than X.509: what names them, and what they are told apart by.
//!
//! They are rare in logs, so everything that a rule may ask of them is worked out when they are read.

use serde::{Deserialize, Serialize};

/// Where a key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyForm {
    /// An OpenPGP certificate: a primary key with its subkeys and user ids.
    OpenPgp,
    /// An SSH public key.
    Ssh,
    /// A key of minisign or signify.
    Minisign,
}

/// A key with the names that it bears. Nobody vouches for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedKey {
    /// Where it comes from.
    pub form: KeyForm,
    /// E-mail addresses of user ids, or the comment of an SSH key.
    pub subjects: Vec<String>,
    /// OpenPGP: lower hex of the fingerprints of the primary key and each subkey, in order. SSH: `SHA256:` and
    /// unpadded base64. minisign: SHA-256 of the SubjectPublicKeyInfo, lower hex, then the key id.
    pub fingerprints: Vec<String>,
}
