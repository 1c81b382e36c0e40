//! Signed notes (C2SP signed-note): the text, its signature lines, and which trusted keys signed it.
//!
//! A parsed note proves nothing; [`Note::verify`] does, for keys that the caller trusts. What the text says is for
//! `checkpoint` to read.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::key::{VerifierKey, check_name};
use crate::key_id::KeyId;

/// The longest note: a hundred post-quantum signatures of 5 kB each (the largest that signed-note foresees) are 670 kB in
/// base64, and a checkpoint's text is short.
pub const MAX_NOTE_BYTES: usize = 1 << 20;
/// The most signature lines: where Go's golang.org/x/mod/sumdb/note stops too. signed-note wants at least 16.
pub const MAX_SIGNATURES: usize = 100;

/// How a signature line starts: an em dash and a space.
const SIGNATURE_PREFIX: &str = "— ";

/// A note by form: text, a blank line, signature lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    raw: String,
    text_bytes: usize,
    signatures: Vec<SignatureLine>,
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    /// The name of the key.
    pub name: String,
    /// The id of the key.
    pub key_id: KeyId,
    /// The signature proper: what follows the key id, never empty.
    pub signature: Vec<u8>,
}

/// Why bytes are no note, or a note is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// More than [`MAX_NOTE_BYTES`].
    #[error("the note has {found} bytes, more than {MAX_NOTE_BYTES}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// Not UTF-8.
    #[error("the note is not UTF-8 from byte {valid_bytes} on")]
    NotUtf8 {
        /// How far it is.
        valid_bytes: usize,
    },
    /// A control character other than newline.
    #[error("the note has the control character 0x{found:02x} at byte {at}")]
    Control {
        /// The character.
        found: u8,
        /// Where it stands.
        at: usize,
    },
    /// No blank line between text and signatures, or no text before it.
    #[error("the note has no text before a blank line")]
    NoBlankLine,
    /// Nothing, or no newline, at the end.
    #[error("the note does not end with a signature line")]
    NoSignatureLine,
    /// More than [`MAX_SIGNATURES`] lines.
    #[error("the note has more than {MAX_SIGNATURES} signature lines")]
    TooManySignatures,
    /// A line that is not `— name base64`.
    #[error("signature line {line} of the note is malformed")]
    SignatureLine {
        /// Which one, from 1.
        line: usize,
    },
    /// None of the keys signed the note.
    #[error("no trusted key signed the note")]
    NoTrustedSignature,
    /// A signature under the name and id of a trusted key that is not this key's.
    #[error("the signature of {name}+{key_id} does not verify")]
    BadSignature {
        /// The key's name.
        name: String,
        /// The key's id.
        key_id: KeyId,
    },
}

impl Note {
    /// Reads a note by form.
    ///
    /// # Errors
    /// Each [`NoteError`] but the last two.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong { found: bytes.len() });
        }
        let raw = core::str::from_utf8(bytes).map_err(|error| NoteError::NotUtf8 {
            valid_bytes: error.valid_up_to(),
        })?;
        if let Some((at, found)) = bytes
            .iter()
            .enumerate()
            .find(|(_, byte)| **byte < b' ' && **byte != b'\n')
        {
            return Err(NoteError::Control { found: *found, at });
        }
        // The text may have blank lines of its own: the last one counts.
        let (text, lines) = raw
            .rsplit_once("\n\n")
            .filter(|(text, _)| !text.is_empty())
            .ok_or(NoteError::NoBlankLine)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::NoSignatureLine)?;
        if lines.split('\n').count() > MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        let numbered = lines.split('\n').zip(1..);
        let parsed = numbered.map(|(text, line)| SignatureLine::parse(text).ok_or(NoteError::SignatureLine { line }));
        let signatures = parsed.collect::<Result<_, _>>()?;
        Ok(Self {
            raw: raw.to_string(),
            text_bytes: text.len() + 1,
            signatures,
        })
    }

    /// The whole note as it came.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The text with its last newline: what is signed.
    #[must_use]
    pub fn text(&self) -> &str {
        self.raw.get(..self.text_bytes).unwrap_or_default()
    }

    /// The signature lines in their order.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
    }

    /// The keys among `keys` that signed this note: at least one, each once. Lines of unknown keys are passed over, wherever
    /// they stand.
    ///
    /// # Errors
    /// [`NoteError::NoTrustedSignature`]; [`NoteError::BadSignature`] if any line names a key of `keys` and does not verify,
    /// even beside good ones.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signers: Vec<&VerifierKey> = Vec::new();
        for line in &self.signatures {
            let Some(signer) = line.signer(self.text(), keys)? else {
                continue;
            };
            if !signers.contains(&signer) {
                signers.push(signer);
            }
        }
        if signers.is_empty() {
            Err(NoteError::NoTrustedSignature)
        } else {
            Ok(signers)
        }
    }
}

impl SignatureLine {
    fn parse(line: &str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
        let blob = STANDARD.decode(base64).ok()?;
        let (key_id, signature) = blob.split_first_chunk()?;
        let some = !signature.is_empty();
        some.then_some(Self {
            name: check_name(name).ok()?.to_string(),
            key_id: KeyId(*key_id),
            signature: signature.to_vec(),
        })
    }

    /// The key that made this signature; `None` where no key of `keys` has its name and id.
    fn signer<'k>(&self, text: &str, keys: &'k [VerifierKey]) -> Result<Option<&'k VerifierKey>, NoteError> {
        let mut known = keys
            .iter()
            .filter(|key| key.name() == self.name && key.key_id() == self.key_id)
            .peekable();
        if known.peek().is_none() {
            return Ok(None);
        }
        let bad = || NoteError::BadSignature {
            name: self.name.clone(),
            key_id: self.key_id,
        };
        known
            .find(|key| key.verifies(text.as_bytes(), &self.signature))
            .map(Some)
            .ok_or_else(bad)
    }
}

/// The line without its newline.
impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = [&self.key_id.0[..], &self.signature].concat();
        write!(f, "{SIGNATURE_PREFIX}{} {}", self.name, STANDARD.encode(blob))
    }
}
