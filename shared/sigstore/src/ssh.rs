//! SSH public keys (RFC 4253 6.6, one line as in `id_ed25519.pub`) and the key inside of an SSH signature (OpenSSH's
//! PROTOCOL.sshsig).
//!
//! It verifies nothing. Lines with options before the key, as `authorized_keys` may have them, are refused: Rekor writes
//! none.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use tlog::Hash;

use crate::named_key::{KeyForm, NamedKey};
use crate::pem::{self, Label};

/// What Rekor itself reads of an SSH key.
pub const MAX_KEY_BYTES: usize = 1 << 16;

/// Why an SSH key or signature was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SshError {
    /// More than [`MAX_KEY_BYTES`].
    #[error("longer than any SSH key")]
    TooLarge,
    /// Not one line of type, base64 and comment.
    #[error("not one line with an SSH public key")]
    Line,
    /// The base64 holds no key of the type that the line says.
    #[error("not an SSH public key of the type that it says")]
    Key,
    /// A comment that is no UTF-8 or holds control characters.
    #[error("the comment is no UTF-8 or holds control characters")]
    Comment,
    /// No `SSH SIGNATURE` in PEM, or one of another form than version 1.
    #[error("not an SSH signature of version 1")]
    Signature,
}

/// Reads a public key: the only line that is not blank and no `#` comment.
///
/// # Errors
/// [`SshError`] but for [`SshError::Signature`].
pub fn public_key(text: &[u8]) -> Result<NamedKey, SshError> {
    if text.len() > MAX_KEY_BYTES {
        return Err(SshError::TooLarge);
    }
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let line = lines.find(|line| !is_blank(line)).ok_or(SshError::Line)?;
    if !lines.all(is_blank) {
        return Err(SshError::Line);
    }
    let (algorithm, rest) = word(line);
    let (base64, comment) = word(rest);
    let blob = STANDARD.decode(base64).map_err(|_| SshError::Line)?;
    check_key(&blob, Some(algorithm))?;
    let comment = str::from_utf8(comment).map_err(|_| SshError::Comment)?;
    if comment.chars().any(char::is_control) {
        return Err(SshError::Comment);
    }
    Ok(key(&blob, comment))
}

/// Reads the public key that an SSH signature carries. Whether it made the signature is not checked.
///
/// # Errors
/// [`SshError`].
pub fn signature_key(armored: &[u8]) -> Result<NamedKey, SshError> {
    if armored.len() > MAX_KEY_BYTES {
        return Err(SshError::TooLarge);
    }
    let mut text = armored.to_vec();
    let block = pem::read(&mut text).map_err(|_| SshError::Signature)?;
    if block.label != Label::SshSignature {
        return Err(SshError::Signature);
    }
    let base64 = text.get(block.base64).unwrap_or_default();
    let blob = STANDARD.decode(base64).map_err(|_| SshError::Signature)?;
    let public = signed_by(&blob).ok_or(SshError::Signature)?;
    check_key(public, None)?;
    Ok(key(public, ""))
}

fn key(blob: &[u8], comment: &str) -> NamedKey {
    let digest = STANDARD_NO_PAD.encode(Hash::of(blob).as_bytes());
    NamedKey {
        form: KeyForm::Ssh,
        subjects: Some(comment)
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect(),
        fingerprints: vec![format!("SHA256:{digest}")],
    }
}

/// The blob after the preamble, version 1 and five strings, of which the first is the key.
fn signed_by(blob: &[u8]) -> Option<&[u8]> {
    let rest = blob.strip_prefix(b"SSHSIG\x00\x00\x00\x01")?;
    let (public, mut rest) = string(rest)?;
    // Namespace, reserved, hash algorithm, signature.
    for _ in 0..4 {
        (_, rest) = string(rest)?;
    }
    rest.is_empty().then_some(public)
}

/// A key is its type and at least one more field behind it.
fn check_key(blob: &[u8], algorithm: Option<&[u8]>) -> Result<(), SshError> {
    let (named, rest) = string(blob).ok_or(SshError::Key)?;
    let plain = !named.is_empty() && named.iter().all(u8::is_ascii_graphic);
    let as_said = algorithm.is_none_or(|said| said == named);
    // Certificates hold numbers beside strings; every plain key holds strings alone.
    let whole = named.ends_with(b"-cert-v01@openssh.com") || is_strings(rest);
    if plain && as_said && whole && !rest.is_empty() {
        Ok(())
    } else {
        Err(SshError::Key)
    }
}

fn is_strings(mut rest: &[u8]) -> bool {
    while !rest.is_empty() {
        match string(rest) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    true
}

/// A length of four bytes, and as many bytes (RFC 4251 5).
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

fn is_blank(line: &[u8]) -> bool {
    line.is_empty() || line.starts_with(b"#")
}

/// The first word of a line, and what stands behind it.
fn word(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end).unwrap_or_default();
    (word, rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::{SshError, public_key, signature_key};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    fn string(bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
    }

    fn blob() -> Vec<u8> {
        [string(b"ssh-ed25519"), string(&[9; 32])].concat()
    }

    fn line(comment: &str) -> String {
        format!("ssh-ed25519 {} {comment}", STANDARD.encode(blob()))
    }

    #[track_caller]
    fn check(text: &str, expect: Result<&[&str], SshError>) {
        let found = public_key(text.as_bytes());
        assert_eq!(
            found.map(|key| key.subjects),
            expect.map(|it| it.iter().map(|it| (*it).to_owned()).collect()),
            "{text}"
        );
    }

    #[test]
    fn reads_one_line() {
        check(&line("me@example.com"), Ok(&["me@example.com"]));
        check(&line("two words\n"), Ok(&["two words"]));
        check(&line(""), Ok(&[]));
        check(&format!("# mine\r\n\r\n{}\r\n", line("x")), Ok(&["x"]));
        let key = public_key(line("").as_bytes()).unwrap();
        let digest = tlog::Hash::of(&blob()).to_base64();
        assert_eq!(key.fingerprints, [format!("SHA256:{}", digest.trim_end_matches('='))]);
        assert_eq!(key.fingerprints[0].len(), "SHA256:".len() + 43);
    }

    #[test]
    fn refuses_the_rest() {
        check("", Err(SshError::Line));
        check("# nothing", Err(SshError::Line));
        check("ssh-ed25519", Err(SshError::Key));
        check("ssh-ed25519 !!!!", Err(SshError::Line));
        check(&format!("{}\n{}", line("a"), line("b")), Err(SshError::Line));
        check(&line("a").replace("ssh-ed25519", "ssh-rsa"), Err(SshError::Key));
        check(&line("a\u{1b}b"), Err(SshError::Comment));
        let cut = STANDARD.encode(&blob()[..50]);
        check(&format!("ssh-ed25519 {cut}"), Err(SshError::Key));
        check(
            &format!("ssh-ed25519 {}", STANDARD.encode(string(b"ssh-ed25519"))),
            Err(SshError::Key),
        );
        assert_eq!(public_key(&[b' '; 70_000]), Err(SshError::TooLarge));
        assert_eq!(
            public_key(&[line("").as_bytes(), b"\xff"].concat()),
            Err(SshError::Comment)
        );
    }

    fn signature(version: u32, behind: &[u8]) -> String {
        let fields = [
            string(&blob()),
            string(b"file"),
            string(b""),
            string(b"sha512"),
            string(b"s"),
        ]
        .concat();
        let whole = [b"SSHSIG", &version.to_be_bytes()[..], &fields, behind].concat();
        let base64 = STANDARD.encode(whole);
        format!("-----BEGIN SSH SIGNATURE-----\n{base64}\n-----END SSH SIGNATURE-----\n")
    }

    #[test]
    fn a_signature_carries_its_key() {
        let key = signature_key(signature(1, b"").as_bytes()).unwrap();
        assert_eq!(key, public_key(line("").as_bytes()).unwrap());
        for bad in [
            signature(2, b""),
            signature(1, b"\0"),
            signature(1, b"").replace("SSH SIGNATURE", "PUBLIC KEY"),
            signature(1, b"").replace("-----END", "----END"),
            line(""),
        ] {
            assert_eq!(signature_key(bad.as_bytes()), Err(SshError::Signature), "{bad}");
        }
    }
}
