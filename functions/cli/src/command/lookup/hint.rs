//! What is looked up: an artifact's digest, an address, or a public key as it stands in its file.

use crate::args::Lookup;
use crate::exit::Failure;
use sha2::{Digest as _, Sha256};
use sigstore::{Entry, Field};
use sources::Hint;
use std::io::Read as _;
use std::path::Path;
use tlog::Hash;

/// A key file: a certificate with its chain has a few kB, an OpenPGP key with many signatures some hundred.
const MAX_KEY_BYTES: u64 = 1024 * 1024;

/// Packets with which a binary OpenPGP key begins (RFC 9580, 5): a public key, or a subkey of one.
const PGP_PUBLIC: [u8; 2] = [6, 14];
const PGP_SECRET: [u8; 2] = [5, 7];

/// What is looked up.
pub(super) fn hint(args: &Lookup) -> Result<Hint, Failure> {
    if let Some(digest) = &args.digest {
        let bare = digest.strip_prefix("sha256:").unwrap_or(digest).to_ascii_lowercase();
        let hash = bare
            .parse()
            .map_err(|error| Failure::Usage(format!("error: --digest {digest}: {error}")))?;
        return Ok(Hint::Sha256(hash));
    }
    if let Some(email) = &args.email {
        return Ok(Hint::Email(email.clone()));
    }
    if let Some(key) = &args.key {
        let content = read(key, MAX_KEY_BYTES)?;
        refuse_private(key, &content)?;
        let format = key_format(&content).to_owned();
        return Ok(Hint::PublicKey { format, content });
    }
    match &args.file {
        Some(file) => Ok(Hint::Sha256(hash_of(file)?)),
        None => Err(Failure::Usage(
            "error: name a FILE, or give --digest, --email or --key".to_owned(),
        )),
    }
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    Failure::Usage(format!("error: {} cannot be read: {error}", file.display()))
}

fn read(file: &Path, cap: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).and_then(|opened| opened.take(cap + 1).read_to_end(&mut bytes));
    opened.map_err(|error| unreadable(file, &error))?;
    if bytes.len() as u64 > cap {
        return Err(Failure::Usage(format!(
            "error: {} is longer than the {cap} bytes of a key",
            file.display()
        )));
    }
    Ok(bytes)
}

/// An artifact of any size, piece by piece.
fn hash_of(file: &Path) -> Result<Hash, Failure> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 64 * 1024];
    let mut opened = std::fs::File::open(file).map_err(|error| unreadable(file, &error))?;
    loop {
        let read = opened.read(&mut piece).map_err(|error| unreadable(file, &error))?;
        match piece.get(..read).filter(|piece| !piece.is_empty()) {
            Some(piece) => hasher.update(piece),
            None => return Ok(Hash::from_bytes(hasher.finalize().into())),
        }
    }
}

/// Whoever mistakes one key file for the other must not publish what only they may know.
fn refuse_private(file: &Path, content: &[u8]) -> Result<(), Failure> {
    let text = String::from_utf8_lossy(content);
    let words = [
        "PRIVATE KEY",
        "encrypted secret key",
        "minisign secret key",
        "SECRET KEY",
    ];
    let named = words.iter().any(|word| text.contains(word));
    if named || tag(content).is_some_and(|tag| PGP_SECRET.contains(&tag)) {
        return Err(Failure::Usage(format!(
            "error: {} is a private key, and nothing of it was sent. Give the public one",
            file.display()
        )));
    }
    Ok(())
}

/// The tag of the first packet of what is OpenPGP in binary (RFC 9580, 4.2); text has none.
fn tag(content: &[u8]) -> Option<u8> {
    let first = *content.first()?;
    match first & 0b1100_0000 {
        0b1100_0000 => Some(first & 0b0011_1111),
        0b1000_0000 => Some((first & 0b0011_1100) >> 2),
        _ => None,
    }
}

/// How Rekor names the format of a key.
fn key_format(content: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(content);
    let text = text.trim_start();
    if text.starts_with("-----BEGIN PGP") || tag(content).is_some_and(|tag| PGP_PUBLIC.contains(&tag)) {
        "pgp"
    } else if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") || text.starts_with("sk-") {
        "ssh"
    } else if text.starts_with("untrusted comment:") {
        "minisign"
    } else {
        "x509"
    }
}

/// Whether the entry itself names what was asked for; `None` where that cannot be seen from it.
pub(super) fn names(entry: &Entry<'_>, hint: &Hint) -> Option<bool> {
    match hint {
        Hint::Sha256(hash) => {
            let hash = hash.to_string();
            Some(entry.digests().any(|digest| digest == hash))
        }
        Hint::Email(email) => {
            let mut found = false;
            for signer in entry.signers() {
                signer.values(&Field::Subject, &mut |subject| {
                    found |= subject.eq_ignore_ascii_case(email);
                });
            }
            Some(found)
        }
        Hint::PublicKey { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{key_format, refuse_private};
    use std::path::Path;

    #[test]
    fn keys_have_the_format_that_rekor_names() {
        for (content, format) in [
            (&b"\n-----BEGIN PGP PUBLIC KEY BLOCK-----"[..], "pgp"),
            (b"\x99\x01\x0d\x04", "pgp"),
            (b"\xc6\x33\x04", "pgp"),
            (b"ssh-ed25519 AAAA me", "ssh"),
            (b"ecdsa-sha2-nistp256 AAAA", "ssh"),
            (b"untrusted comment: minisign public key", "minisign"),
            (b"-----BEGIN PUBLIC KEY-----", "x509"),
            (b"", "x509"),
        ] {
            assert_eq!(key_format(content), format, "{}", String::from_utf8_lossy(content));
            assert!(refuse_private(Path::new("key"), content).is_ok(), "{format}");
        }
    }

    #[test]
    fn a_private_key_stays_here() {
        for content in [
            &b"-----BEGIN EC PRIVATE KEY-----"[..],
            b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----",
            b"-----BEGIN OPENSSH PRIVATE KEY-----",
            b"-----BEGIN PGP PRIVATE KEY BLOCK-----",
            b"untrusted comment: minisign encrypted secret key",
            b"\x94\x86\x04",
            b"\x95\x03\x98",
            b"\xc5\x86\x04",
        ] {
            assert!(refuse_private(Path::new("key"), content).is_err(), "{content:?}");
        }
    }
}
