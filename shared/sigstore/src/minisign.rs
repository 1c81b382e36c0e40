//! Public keys of minisign and signify: two bytes of algorithm, eight of key id, an Ed25519 key, in base64.
//!
//! Rekor keeps them in three forms: the file with its comment, its base64 alone, and, from 2021, the 32 bytes of the
//! key alone. The comment is not trusted by anybody, and not read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tlog::Hash;

use crate::named_key::{KeyForm, NamedKey};
use crate::spki;

/// A comment has at most 1,024 bytes in minisign, and a key 56.
pub const MAX_FILE_BYTES: usize = 4096;

/// The bytes are no public key of minisign or signify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a public key of minisign or signify")]
pub struct NotMinisign;

/// Reads a public key. Its fingerprints are the SHA-256 of its SubjectPublicKeyInfo and the key id as minisign shows it:
/// 16 hex digits of a little-endian number, and once more without leading zeros, where it has any.
///
/// # Errors
/// [`NotMinisign`].
pub fn public_key(file: &[u8]) -> Result<NamedKey, NotMinisign> {
    if file.len() > MAX_FILE_BYTES {
        return Err(NotMinisign);
    }
    if let Some((id, key)) = from_text(file) {
        return Ok(named(Some(id), &key));
    }
    let key = file.first_chunk::<32>().filter(|_| file.len() == 32);
    key.map(|key| named(None, key)).ok_or(NotMinisign)
}

fn from_text(file: &[u8]) -> Option<(u64, [u8; 32])> {
    let mut lines = file.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.next()?;
    let base64 = if first.starts_with(b"untrusted comment:") {
        lines.next()?
    } else {
        first
    };
    if !lines.all(<[u8]>::is_empty) {
        return None;
    }
    let bytes = STANDARD.decode(base64).ok()?;
    let (algorithm, rest) = bytes.split_first_chunk::<2>()?;
    let (id, key) = rest.split_first_chunk::<8>()?;
    // "Ed" for keys and plain signatures, "ED" for signatures over a hash, which some tools write into keys as well.
    if !matches!(algorithm, b"Ed" | b"ED") {
        return None;
    }
    Some((u64::from_le_bytes(*id), key.try_into().ok()?))
}

fn named(id: Option<u64>, key: &[u8; 32]) -> NamedKey {
    let mut fingerprints = vec![Hash::of(&spki::ed25519(key)).to_string()];
    if let Some(id) = id {
        fingerprints.push(format!("{id:016x}"));
        if id < 1 << 60 {
            fingerprints.push(format!("{id:x}"));
        }
    }
    NamedKey {
        form: KeyForm::Minisign,
        subjects: Vec::new(),
        fingerprints,
    }
}

#[cfg(test)]
mod tests {
    use super::{NotMinisign, public_key};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    fn base64(algorithm: &[u8]) -> String {
        STANDARD.encode([algorithm, &[0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01], &[7; 32]].concat())
    }

    #[test]
    fn reads_its_three_forms() {
        let alone = public_key(base64(b"Ed").as_bytes()).unwrap();
        assert_eq!(alone.fingerprints[1..], ["0123456789abcdef", "123456789abcdef"]);
        let file = format!("untrusted comment: minisign public key\n{}\n", base64(b"Ed"));
        assert_eq!(public_key(file.as_bytes()).unwrap(), alone);
        let bare = public_key(&[7; 32]).unwrap();
        assert_eq!(bare.fingerprints, alone.fingerprints[..1]);
    }

    #[test]
    fn refuses_the_rest() {
        let good = base64(b"Ed");
        for bad in [
            String::new(),
            base64(b"RS"),
            format!("{good}{good}"),
            good.replace('=', ""),
            good[4..].to_owned(),
            format!("comment\n{good}"),
            format!("untrusted comment: x\n\n{good}"),
            format!("{good}\nmore"),
            "x".repeat(33),
        ] {
            if bad != good {
                assert_eq!(public_key(bad.as_bytes()), Err(NotMinisign), "{bad}");
            }
        }
        assert_eq!(public_key(&[b'\n'; 5000]), Err(NotMinisign));
    }
}
