//! Proofs that a leaf is in a log, in one text that needs nobody (C2SP tlog-proof).
//!
//! A parsed proof is a claim; [`TlogProof::verify`] checks it against the leaf's hash, the origin and keys that the caller
//! trusts. The extra data is never authenticated, and no witness is asked for here.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::decimal;
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::merkle::{MerkleError, verify_inclusion};
use crate::note::MAX_NOTE_BYTES;

/// The longest proof: a note, and as much again for extra data (tlog-proof names no bound).
pub const MAX_PROOF_BYTES: usize = 2 * MAX_NOTE_BYTES;
/// The most hashes: one for each level of the largest tree, of 2^63-1 leaves.
pub const MAX_PROOF_HASHES: usize = 63;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// A proof of inclusion with the checkpoint that it leads to. Printed as the text of C2SP tlog-proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// What the application put beside it; nobody vouches for it.
    pub extra: Option<Vec<u8>>,
    /// Which leaf, from 0.
    pub index: u64,
    /// The inclusion proof (RFC 6962, 2.1.1), from the leaf's sibling up.
    pub hashes: Vec<Hash>,
    /// The signed note.
    pub checkpoint: String,
}

/// Why a text is no proof, or a proof does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// More than [`MAX_PROOF_BYTES`].
    #[error("the proof has {found} bytes, more than {MAX_PROOF_BYTES}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// Another first line.
    #[error("the proof does not start with {HEADER}")]
    Header,
    /// Extra data that is not base64.
    #[error("the proof's extra data are not base64")]
    Extra,
    /// No index line, or no number in it.
    #[error("the proof has no index")]
    Index,
    /// A line that is no hash, or more than [`MAX_PROOF_HASHES`] of them.
    #[error("line {line} of the proof's hashes is none")]
    Hash {
        /// Which one, from 1.
        line: usize,
    },
    /// Nothing after the blank line.
    #[error("the proof has no checkpoint")]
    NoCheckpoint,
    /// The checkpoint was not accepted.
    #[error("the proof's checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The hashes do not lead to the checkpoint's root.
    #[error("the proof's hashes: {0}")]
    Inclusion(#[from] MerkleError),
}

impl TlogProof {
    /// Reads the text of a proof.
    ///
    /// # Errors
    /// Each [`ProofError`] but the last two.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        if text.len() > MAX_PROOF_BYTES {
            return Err(ProofError::TooLong { found: text.len() });
        }
        let rest = text
            .strip_prefix(HEADER)
            .and_then(|rest| rest.strip_prefix('\n'))
            .ok_or(ProofError::Header)?;
        let (head, checkpoint) = rest.split_once("\n\n").ok_or(ProofError::NoCheckpoint)?;
        if checkpoint.is_empty() {
            return Err(ProofError::NoCheckpoint);
        }
        let mut lines = head.split('\n').peekable();
        let extra = lines
            .next_if(|line| line.starts_with("extra "))
            .and_then(|line| line.strip_prefix("extra "));
        let extra = extra
            .map(|base64| STANDARD.decode(base64))
            .transpose()
            .map_err(|_| ProofError::Extra)?;
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(decimal::parse).ok_or(ProofError::Index)?;
        let hashes = lines.zip(1..).map(parse_hash).collect::<Result<_, _>>()?;
        Ok(Self {
            extra,
            index,
            hashes,
            checkpoint: checkpoint.to_string(),
        })
    }

    /// The text; [`TlogProof::parse`] reads it back.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.to_string()
    }

    /// Shows that the leaf with this hash stands at `self.index` in a tree that one of `keys` signed for `origin`, and
    /// returns the checkpoint that says so.
    ///
    /// # Errors
    /// [`ProofError::Checkpoint`] and [`ProofError::Inclusion`].
    pub fn verify(&self, leaf: Hash, origin: &str, keys: &[VerifierKey]) -> Result<SignedCheckpoint, ProofError> {
        let checkpoint = SignedCheckpoint::open(self.checkpoint.as_bytes(), origin, keys)?;
        verify_inclusion(leaf, self.index, checkpoint.size(), &self.hashes, checkpoint.root())?;
        Ok(checkpoint)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes
            .iter()
            .try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

fn parse_hash((text, line): (&str, usize)) -> Result<Hash, ProofError> {
    let hash = Hash::from_base64(text).map_err(|_| ProofError::Hash { line })?;
    if line > MAX_PROOF_HASHES {
        Err(ProofError::Hash { line })
    } else {
        Ok(hash)
    }
}
