//! Evidence that a log contradicted itself under its own signature: two of its checkpoints that cannot both be true.
//!
//! It convinces a third party who trusts the keys, offline and without whoever collected it. That somebody else contradicted
//! the log, that a proof was not served or did not verify, is no evidence of this kind and is refused.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::hash::Hash;
use crate::key::VerifierKey;
use crate::merkle::{Frontier, MerkleError};

/// The whole tree of `n` leaves, cut at `m`: from it follow the root at `m` and the root at `n`, and so, if the latter is
/// the one that was signed, the only root that the log can have had at `m`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixProof {
    /// The compact range of `[0, m)`.
    pub frontier: Frontier,
    /// The hashes of `range_nodes(m, n)`.
    pub rest: Vec<Hash>,
}

/// Two signed checkpoints of one log, and where their sizes differ the proof that sets them against each other. Its JSON
/// holds all that is needed to check it; whether the keys are the log's is for the reader to compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The log.
    pub origin: String,
    /// The keys under which both checkpoints are signed.
    pub keys: Vec<VerifierKey>,
    /// A signed note.
    pub first: String,
    /// Another; the order does not matter.
    pub second: String,
    /// Needed where the sizes differ.
    pub proof: Option<PrefixProof>,
}

/// How the log contradicted itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
pub enum Verdict {
    /// It signed two roots for one size.
    TwoRoots {
        /// The size.
        size: u64,
    },
    /// It signed a root at `larger` whose tree has another root at `smaller` than the one it signed there.
    Excluded {
        /// The smaller size.
        smaller: u64,
        /// The larger size.
        larger: u64,
    },
    /// It signed a tree of no leaves with another root than that of the empty tree: one checkpoint is enough.
    ImpossibleRoot,
}

/// Why this is no evidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// The first checkpoint is not authentic.
    #[error("the first checkpoint of the evidence: {0}")]
    First(#[source] CheckpointError),
    /// The second checkpoint is not authentic.
    #[error("the second checkpoint of the evidence: {0}")]
    Second(#[source] CheckpointError),
    /// Both can be true.
    #[error("the checkpoints do not contradict each other")]
    Consistent,
    /// The sizes differ and there is no proof.
    #[error("checkpoints of {smaller} and {larger} leaves contradict each other only by a proof, and there is none")]
    NoProof {
        /// The smaller size.
        smaller: u64,
        /// The larger size.
        larger: u64,
    },
    /// The proof is not one between these sizes.
    #[error("the proof of the evidence is not one from {smaller} to {larger} leaves")]
    ProofShape {
        /// The smaller size.
        smaller: u64,
        /// The larger size.
        larger: u64,
        /// What is wrong with it, where it is not its cut.
        source: Option<MerkleError>,
    },
    /// The proof does not rebuild the larger signed root: it proves nothing against the log.
    #[error("the proof of the evidence gives the root {calculated} at size {size}, not the signed one")]
    ProofDoesNotVerify {
        /// The larger size.
        size: u64,
        /// The root that came out.
        calculated: Hash,
    },
}

impl Evidence {
    /// Authenticates both checkpoints with the keys and the origin given here, and says how they contradict each other.
    ///
    /// # Errors
    /// [`EvidenceError`] wherever they do not, or it is not shown that they do.
    pub fn verdict(&self) -> Result<Verdict, EvidenceError> {
        let first = self.open(&self.first).map_err(EvidenceError::First)?;
        let second = self.open(&self.second).map_err(EvidenceError::Second)?;
        let (smaller, larger) = if first.size() <= second.size() {
            (first, second)
        } else {
            (second, first)
        };
        let empty = [&smaller, &larger]
            .into_iter()
            .filter(|checkpoint| checkpoint.size() == 0);
        if empty
            .into_iter()
            .any(|checkpoint| checkpoint.root() != Hash::EMPTY_ROOT)
        {
            return Ok(Verdict::ImpossibleRoot);
        }
        if smaller.size() == larger.size() {
            let size = smaller.size();
            return contradiction(smaller.root() != larger.root(), Verdict::TwoRoots { size });
        }
        self.excluded(&smaller, &larger)
    }

    fn open(&self, note: &str) -> Result<SignedCheckpoint, CheckpointError> {
        SignedCheckpoint::open(note.as_bytes(), &self.origin, &self.keys)
    }

    fn excluded(&self, from: &SignedCheckpoint, to: &SignedCheckpoint) -> Result<Verdict, EvidenceError> {
        let (smaller, larger) = (from.size(), to.size());
        // Every tree grows out of the empty one.
        if smaller == 0 {
            return Err(EvidenceError::Consistent);
        }
        let proof = self.proof.as_ref().ok_or(EvidenceError::NoProof { smaller, larger })?;
        let shape = |source| EvidenceError::ProofShape {
            smaller,
            larger,
            source,
        };
        if proof.frontier.size() != smaller {
            return Err(shape(None));
        }
        let calculated = proof
            .frontier
            .root_with(&proof.rest, larger)
            .map_err(|error| shape(Some(error)))?;
        if calculated != to.root() {
            return Err(EvidenceError::ProofDoesNotVerify {
                size: larger,
                calculated,
            });
        }
        contradiction(
            proof.frontier.root() != from.root(),
            Verdict::Excluded { smaller, larger },
        )
    }
}

fn contradiction(contradicts: bool, verdict: Verdict) -> Result<Verdict, EvidenceError> {
    if contradicts {
        Ok(verdict)
    } else {
        Err(EvidenceError::Consistent)
    }
}
