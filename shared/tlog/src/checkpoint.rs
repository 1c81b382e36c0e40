//! Checkpoints (C2SP tlog-checkpoint): what a log's note says about its tree, and the type for one that is authentic.
//!
//! [`Checkpoint`] is a claim. [`SignedCheckpoint`] is what a trusted key signed for the expected origin; it says nothing
//! about whether the tree is consistent with others, which takes a proof.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use crate::decimal;
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::key_id::KeyId;
use crate::merkle::MAX_TREE_SIZE;
use crate::note::{Note, NoteError};

/// The longest origin: C2SP tlog-cosignature gives it one byte of length (`log_origin<1..2^8-1>`).
pub const MAX_ORIGIN_BYTES: usize = 255;

/// How the extension line of a Rekor v2 shard's last checkpoint starts.
const FROZEN_PREFIX: &str = "Log frozen — ";

/// What a checkpoint states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// Leaves in the tree, at most 2^63-1.
    pub size: u64,
    /// The root of the tree at that size.
    pub root: Hash,
    /// The lines after the root, without newlines.
    pub extensions: Vec<String>,
}

/// A checkpoint of the expected log, signed by a trusted key. There is no other way to one than [`SignedCheckpoint::open`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    note: Note,
    checkpoint: Checkpoint,
    signers: Vec<KeyId>,
}

/// What makes bytes no checkpoint at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// Not even a note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Fewer than three lines, or the text does not end with a newline.
    #[error("a checkpoint has an origin, a size and a root, each on its line")]
    Lines,
    /// An empty origin, or one longer than [`MAX_ORIGIN_BYTES`].
    #[error("the checkpoint's origin has {found} bytes, not 1 to {MAX_ORIGIN_BYTES}")]
    Origin {
        /// Its length.
        found: usize,
    },
    /// Not a decimal in its one spelling.
    #[error("the checkpoint's size is no decimal number below 2^63")]
    Size,
    /// Not the base64 of 32 bytes.
    #[error("the checkpoint's root is not the canonical base64 of 32 bytes")]
    Root,
    /// An empty line after the root.
    #[error("extension line {line} of the checkpoint is empty")]
    Extension {
        /// Which one, from 1.
        line: usize,
    },
}

/// Why a checkpoint was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// What was served is no checkpoint by form: a web page, nothing, a size that is no number.
    #[error("this is no checkpoint: {0}")]
    Form(#[source] FormError),
    /// The checkpoint of another log.
    #[error("the checkpoint is of {found:?}, not of {expected:?}")]
    WrongOrigin {
        /// The log that was asked.
        expected: String,
        /// The log that the checkpoint names.
        found: String,
    },
    /// No trusted key signed it.
    #[error("no trusted key of {origin:?} signed the checkpoint")]
    NoTrustedSignature {
        /// The log that was asked.
        origin: String,
    },
    /// A signature under a trusted key's name and id that is not that key's.
    #[error("the signature of {name}+{key_id} under the checkpoint does not verify")]
    BadSignature {
        /// The key's name.
        name: String,
        /// The key's id.
        key_id: KeyId,
    },
}

impl Checkpoint {
    /// Reads the text of a note: the part before the blank line, with its last newline.
    ///
    /// # Errors
    /// [`FormError`], never [`FormError::Note`].
    pub fn parse(text: &str) -> Result<Self, FormError> {
        let mut lines = text.strip_suffix('\n').ok_or(FormError::Lines)?.split('\n');
        let mut line = || lines.next().ok_or(FormError::Lines);
        let (origin, size, root) = (line()?, line()?, line()?);
        if !(1..=MAX_ORIGIN_BYTES).contains(&origin.len()) {
            return Err(FormError::Origin { found: origin.len() });
        }
        let size = decimal::parse(size)
            .filter(|size| *size <= MAX_TREE_SIZE)
            .ok_or(FormError::Size)?;
        let root = Hash::from_base64(root).map_err(|_| FormError::Root)?;
        let extensions = lines.zip(1..).map(|(text, line)| match text {
            "" => Err(FormError::Extension { line }),
            text => Ok(text.to_string()),
        });
        Ok(Self {
            origin: origin.to_string(),
            size,
            root,
            extensions: extensions.collect::<Result<_, _>>()?,
        })
    }

    /// Whether the log says that this is its last checkpoint (Rekor v2: an extension line `Log frozen — <date>`).
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        self.extensions.iter().any(|line| line.starts_with(FROZEN_PREFIX))
    }
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl SignedCheckpoint {
    /// Reads a note as a checkpoint of `origin`, signed by at least one of `keys`. A key's name may differ from the origin,
    /// as in Rekor v1, where the origin line goes on with the tree id.
    ///
    /// # Errors
    /// [`CheckpointError::Form`] for what is no checkpoint, then [`CheckpointError::WrongOrigin`], and
    /// [`CheckpointError::BadSignature`] or [`CheckpointError::NoTrustedSignature`] for what nobody has to answer for; a
    /// checkpoint's text without a signature line, or with lines that cannot be read, is of the latter kind.
    pub fn open(bytes: &[u8], origin: &str, keys: &[VerifierKey]) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes).map_err(|error| CheckpointError::unsigned(bytes, origin, error))?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(CheckpointError::Form)?;
        if checkpoint.origin != origin {
            return Err(CheckpointError::WrongOrigin {
                expected: origin.to_string(),
                found: checkpoint.origin,
            });
        }
        let signers = note
            .verify(keys)
            .map_err(|error| CheckpointError::of_note(error, origin))?;
        let signers = signers.into_iter().map(VerifierKey::key_id).collect();
        Ok(Self {
            note,
            checkpoint,
            signers,
        })
    }

    /// What it states.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The log's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.checkpoint.origin
    }

    /// Leaves in the tree.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The root of the tree.
    #[must_use]
    pub const fn root(&self) -> Hash {
        self.checkpoint.root
    }

    /// The signed note as it came.
    #[must_use]
    pub fn note(&self) -> &str {
        self.note.raw()
    }

    /// The note by its parts, for the cosignatures on it.
    #[must_use]
    pub const fn parsed_note(&self) -> &Note {
        &self.note
    }

    /// The ids of the trusted keys that signed it: at least one.
    #[must_use]
    pub fn signers(&self) -> &[KeyId] {
        &self.signers
    }
}

impl CheckpointError {
    /// Whether this was no checkpoint at all: a fault of the way there, which says nothing about the log.
    #[must_use]
    pub const fn is_form(&self) -> bool {
        match self {
            Self::Form(_) => true,
            Self::WrongOrigin { .. } | Self::NoTrustedSignature { .. } | Self::BadSignature { .. } => false,
        }
    }

    /// What is no note may still say what a checkpoint says. No way there makes that up out of something else, so that
    /// it is the log's to answer for.
    fn unsigned(bytes: &[u8], origin: &str, error: NoteError) -> Self {
        let text = match error {
            NoteError::NoBlankLine
            | NoteError::NoSignatureLine
            | NoteError::TooManySignatures
            | NoteError::SignatureLine { .. } => core::str::from_utf8(bytes).unwrap_or_default(),
            NoteError::TooLong { .. }
            | NoteError::NotUtf8 { .. }
            | NoteError::Control { .. }
            | NoteError::NoTrustedSignature
            | NoteError::BadSignature { .. } => "",
        };
        // No line of a checkpoint is blank: the first one ends it.
        let text = text.find("\n\n").and_then(|at| text.get(..=at)).unwrap_or(text);
        match Checkpoint::parse(text) {
            Ok(checkpoint) if checkpoint.origin == origin => Self::NoTrustedSignature {
                origin: checkpoint.origin,
            },
            Ok(checkpoint) => Self::WrongOrigin {
                expected: origin.to_string(),
                found: checkpoint.origin,
            },
            Err(_) => Self::Form(error.into()),
        }
    }

    fn of_note(error: NoteError, origin: &str) -> Self {
        match error {
            NoteError::NoTrustedSignature => Self::NoTrustedSignature {
                origin: origin.to_string(),
            },
            NoteError::BadSignature { name, key_id } => Self::BadSignature { name, key_id },
            form => Self::Form(form.into()),
        }
    }
}
