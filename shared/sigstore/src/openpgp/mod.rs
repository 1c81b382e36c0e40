//! OpenPGP certificates (RFC 9580, and RFC 4880 for what is older): who they name and which keys they hold.
//!
//! It reads structure alone: no signature is verified, no expiry and no revocation is looked at. A key that signed an
//! entry is news, revoked or not.

mod armor;
mod packet;
mod user_id;
mod key;
mod ring;

pub use ring::{MAX_KEYS, MAX_USER_IDS, keys};

/// Why an OpenPGP key was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PgpError {
    /// ASCII armour that is cut, is not base64, or whose checksum does not fit.
    #[error("the ASCII armour is damaged")]
    Armor,
    /// A packet header that is none, or whose length reaches beyond the bytes, or is not known in advance (RFC 9580
    /// 4.2.1.4 allows that for data alone).
    #[error("not a sequence of OpenPGP packets")]
    Packet,
    /// A packet that has no place in a public key, such as a message or a private key.
    #[error("a packet of type {tag} has no place in a public key")]
    Misplaced {
        /// The packet type (RFC 9580 5).
        tag: u8,
    },
    /// A key packet that is too short or of inconsistent length.
    #[error("a key packet is malformed")]
    Key,
    /// A version of key packets that nobody knows a fingerprint for.
    #[error("a key packet of version {version}")]
    KeyVersion {
        /// The version.
        version: u8,
    },
    /// A user id with control characters, which two readers may show differently, or that is too long for GnuPG.
    #[error("a user id is too long, or holds control characters")]
    UserId,
    /// More keys or user ids than [`MAX_KEYS`] or [`MAX_USER_IDS`].
    #[error("more keys or user ids than anybody has")]
    TooMany,
    /// No key at all.
    #[error("no key")]
    Empty,
}
