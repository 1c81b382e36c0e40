//! PEM (RFC 7468) as verifiers of Rekor v1 are written: the first block of a text.
//!
//! The reader stops at the first line that opens a block and takes that block or nothing: a reader that went on to the
//! next one could see another key than the log's server saw. What stands behind the block (the rest of a chain) is
//! not looked at, since the first certificate is the one that verifies.

use std::ops::Range;

use memchr::{memchr, memmem};

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// What a block says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// `CERTIFICATE`.
    Certificate,
    /// `PUBLIC KEY`: a SubjectPublicKeyInfo.
    PublicKey,
    /// `RSA PUBLIC KEY`: PKCS#1 (RFC 8017 A.1.1).
    RsaPublicKey,
    /// `PKCS7`, `CMS` or `PKCS #7 SIGNED DATA`.
    Cms,
    /// `SSH SIGNATURE`.
    SshSignature,
    /// Anything else.
    Other,
}

/// A block within a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its label.
    pub label: Label,
    /// Where its base64 stands, without white space.
    pub base64: Range<usize>,
}

/// The text has no block of PEM that every reader would read alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not PEM: no block, or one without a proper end")]
pub struct NotPem;

/// Finds the first block of `text` and draws its base64 together in place.
///
/// # Errors
/// [`NotPem`]; `text` is then as it was.
pub fn read(text: &mut [u8]) -> Result<Block, NotPem> {
    let (label, body) = find(text).ok_or(NotPem)?;
    let end = draw_together(text, body.clone());
    Ok(Block {
        label,
        base64: body.start..end,
    })
}

fn find(text: &[u8]) -> Option<(Label, Range<usize>)> {
    let start = opening(text)? + BEGIN.len();
    let rest = text.get(start..)?;
    let first_line = memchr(b'\n', rest)?;
    let (name, behind) = split(rest.get(..first_line)?, DASHES)?;
    let from = start + first_line + 1;
    let body = text.get(from..)?;
    let length = memmem::find(body, END)?;
    let (end_name, _) = split(body.get(length + END.len()..)?, DASHES)?;
    let at_line_start = length == 0 || body.get(length - 1) == Some(&b'\n');
    let whole = behind.trim_ascii().is_empty() && end_name == name && at_line_start;
    whole.then(|| (label(name), from..from + length))
}

/// Where a block opens: at the start of the text or of a line.
fn opening(text: &[u8]) -> Option<usize> {
    if text.starts_with(BEGIN) {
        return Some(0);
    }
    memmem::find_iter(text, BEGIN).find(|at| at.checked_sub(1).and_then(|before| text.get(before)) == Some(&b'\n'))
}

fn split<'a>(text: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = memmem::find(text, at)?;
    Some((text.get(..place)?, text.get(place + at.len()..)?))
}

fn label(name: &[u8]) -> Label {
    match name {
        b"CERTIFICATE" => Label::Certificate,
        b"PUBLIC KEY" => Label::PublicKey,
        b"RSA PUBLIC KEY" => Label::RsaPublicKey,
        b"PKCS7" | b"CMS" | b"PKCS #7 SIGNED DATA" => Label::Cms,
        b"SSH SIGNATURE" => Label::SshSignature,
        _ => Label::Other,
    }
}

/// Moves the lines of `body` up to each other, without white space around them, and tells where they end.
fn draw_together(text: &mut [u8], body: Range<usize>) -> usize {
    let (mut read, mut write) = (body.start, body.start);
    while read < body.end {
        let line = text.get(read..body.end).unwrap_or_default();
        let length = memchr(b'\n', line).unwrap_or(line.len());
        let line = line.get(..length).unwrap_or_default();
        let lead = line.len() - line.trim_ascii_start().len();
        let kept = line.trim_ascii().len();
        let from = read + lead;
        text.copy_within(from..from + kept, write);
        write += kept;
        read += length + 1;
    }
    write
}

#[cfg(test)]
mod tests {
    use super::{Label, NotPem, read};

    #[track_caller]
    fn check(text: &str, expect: Result<(Label, &str), NotPem>) {
        let mut bytes = text.as_bytes().to_vec();
        let found = read(&mut bytes).map(|block| (block.label, bytes[block.base64].to_vec()));
        assert_eq!(
            found,
            expect.map(|(label, it)| (label, it.as_bytes().to_vec())),
            "{text}"
        );
    }

    #[test]
    fn takes_the_first_block() {
        let certificate = Ok((Label::Certificate, "AAAABBBB"));
        check(
            "-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n",
            certificate,
        );
        check(
            "-----BEGIN CERTIFICATE-----\nAAAABBBB\n-----END CERTIFICATE-----",
            certificate,
        );
        check(
            "-----BEGIN CERTIFICATE----- \r\n AAAA\r\n\r\n\tBBBB \r\n-----END CERTIFICATE-----\r\n",
            certificate,
        );
        check(
            "said before\n-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\nx",
            certificate,
        );
        let chain = "-----BEGIN CERTIFICATE-----\nAAAABBBB\n-----END CERTIFICATE-----\n".to_owned();
        check(&format!("{chain}{}", chain.replace("AAAA", "CCCC")), certificate);
        check(
            "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
            Ok((Label::PublicKey, "")),
        );
        check("-----BEGIN X-----\nA\n-----END X-----", Ok((Label::Other, "A")));
        check(
            "not -----BEGIN X-----\n-----BEGIN PKCS7-----\nA\n-----END PKCS7-----",
            Ok((Label::Cms, "A")),
        );
    }

    #[test]
    fn refuses_what_readers_may_read_differently() {
        for text in [
            "",
            "-----BEGIN CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nAAAA\n",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END PUBLIC KEY-----\n",
            "-----BEGIN CERTIFICATE-----\nAAAA-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----AAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE\nAAAA\n-----END CERTIFICATE-----\n",
            " -----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            // Another reader may skip the first block, since it has no end of its own.
            "-----BEGIN A-----\nAAAA\n-----BEGIN B-----\nBBBB\n-----END B-----\n",
        ] {
            check(text, Err(NotPem));
        }
    }
}
