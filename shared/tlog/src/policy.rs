//! Trust policies (C2SP tlog-policy): which logs, which witnesses, and how many of these must have cosigned a checkpoint.
//!
//! A policy judges a note whose log signature the caller has verified; it adds no log and no key. What is said of time is
//! for the caller, who knows what time it is. ML-DSA-44 witnesses (type 0x06) are known by name and never seen: a policy
//! whose quorum cannot do without them is not [`Policy::is_attainable`].

mod error;
mod parse;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::cosignature::{CosignatureError, CosignatureKey};
use crate::key::VerifierKey;
use crate::key_id::KeyId;
use crate::note::Note;

pub use error::{PolicyError, PolicyErrorKind};

/// The longest policy. The 32 logs and 32 witnesses that an implementation should support, each with an ML-DSA-44 key of
/// 1,312 bytes in base64 and a URL of 2 kB, are 256 KiB.
pub const MAX_POLICY_BYTES: usize = 256 * 1024;
/// Logs, witnesses and groups in all: several times the 96 that an implementation should support.
pub const MAX_POLICY_LINES: usize = 1_000;

/// A policy that was read as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<PolicyLog>,
    definitions: Vec<Definition>,
    /// `None` is `quorum none`.
    quorum: Option<usize>,
}

/// A `log` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLog {
    /// The name of its key, which is to be the log's origin.
    pub name: String,
    /// Its key; `None` for a type of signature that is not verified here.
    pub key: Option<VerifierKey>,
    /// Where it is, if the line says so.
    pub url: Option<String>,
}

/// A `witness` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWitness {
    /// What the policy calls it. Octets, not necessarily UTF-8; they mean nothing outside the policy.
    name: Vec<u8>,
    /// Its key.
    pub key: WitnessKey,
    /// Where it is, if the line says so.
    pub url: Option<String>,
}

/// The key of a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WitnessKey {
    /// Ed25519, `cosignature/v1` (type 0x04).
    Ed25519(Box<CosignatureKey>),
    /// ML-DSA-44, `subtree/v1` (type 0x06), which is not verified here.
    MlDsa44 {
        /// The name of the key.
        name: String,
        /// Its id.
        key_id: KeyId,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Definition {
    Witness(PolicyWitness),
    Group {
        name: Vec<u8>,
        threshold: usize,
        /// Earlier definitions, each member of one group at most.
        members: Vec<usize>,
    },
}

/// What a note shows of one witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// It cosigned, at this time: seconds since 1970, as the witness says.
    Cosigned {
        /// The latest time, if it did so more than once.
        time: u64,
    },
    /// No line of its key.
    Missing,
    /// A line of its key that does not verify.
    Bad,
    /// Its key is of a kind that is not verified here.
    Unreadable,
}

/// What a policy says of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Whether the quorum is met.
    pub met: bool,
    /// Every witness by the name that the policy gives it, in the order of the file.
    pub witnesses: Vec<(String, Sighting)>,
    /// Of the witnesses that the quorum can count, so many cosigned.
    pub seen: usize,
    /// So many witnesses the quorum can count.
    pub of: usize,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyError`], with the line and the column.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        parse::parse(bytes)
    }

    /// The logs that it names; empty where the logs are known from elsewhere.
    #[must_use]
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// Whether it is for a log with one of these keys: it names none, or one that has such a key.
    #[must_use]
    pub fn is_for(&self, keys: &[VerifierKey]) -> bool {
        let same = |named: &VerifierKey| keys.iter().any(|key| key.spki() == named.spki());
        self.logs.is_empty() || self.logs.iter().any(|log| log.key.as_ref().is_some_and(same))
    }

    /// The witnesses in the order of the file.
    pub fn witnesses(&self) -> impl Iterator<Item = &PolicyWitness> {
        self.definitions.iter().filter_map(|definition| match definition {
            Definition::Witness(witness) => Some(witness),
            Definition::Group { .. } => None,
        })
    }

    /// What the quorum line names; `none` where no cosignature is asked for.
    #[must_use]
    pub fn quorum(&self) -> String {
        let definition = self.quorum.and_then(|at| self.definitions.get(at));
        definition.map_or_else(|| String::from("none"), |definition| shown(definition.name()))
    }

    /// Whether the quorum can be met by the witnesses whose cosignatures are verified here.
    #[must_use]
    pub fn is_attainable(&self) -> bool {
        self.meets(&|witness| matches!(witness.key, WitnessKey::Ed25519(_)))
    }

    /// What the cosignatures on a note come to.
    #[must_use]
    pub fn judge(&self, note: &Note) -> Judgement {
        let sightings: Vec<(&PolicyWitness, Sighting)> = self
            .witnesses()
            .map(|witness| (witness, witness.sighting(note)))
            .collect();
        let cosigned = |sighting: &Sighting| matches!(sighting, Sighting::Cosigned { .. });
        let counted = self.counted();
        let counts = |witness: &&PolicyWitness| counted.contains(witness);
        let seen = sightings
            .iter()
            .filter(|(witness, sighting)| counts(witness) && cosigned(sighting));
        Judgement {
            met: self.meets(&|witness| {
                let found = sightings.iter().find(|(known, _)| *known == witness);
                found.is_some_and(|(_, sighting)| cosigned(sighting))
            }),
            seen: seen.count(),
            of: counted.len(),
            witnesses: sightings
                .iter()
                .map(|(witness, sighting)| (witness.name(), *sighting))
                .collect(),
        }
    }

    /// The witnesses that the quorum can count: all, where it asks for none.
    fn counted(&self) -> Vec<&PolicyWitness> {
        let Some(quorum) = self.quorum else {
            return self.witnesses().collect();
        };
        let (mut open, mut counted) = (vec![quorum], Vec::new());
        // Every name is a member at most once, so that this visits each definition at most once.
        while let Some(definition) = open.pop().and_then(|at| self.definitions.get(at)) {
            match definition {
                Definition::Witness(witness) => counted.push(witness),
                Definition::Group { members, .. } => open.extend(members),
            }
        }
        counted
    }

    /// Members stand before their group, so that one walk in the order of the file tells all.
    fn meets(&self, cosigned: &dyn Fn(&PolicyWitness) -> bool) -> bool {
        let mut met: Vec<bool> = Vec::with_capacity(self.definitions.len());
        for definition in &self.definitions {
            let holds = match definition {
                Definition::Witness(witness) => cosigned(witness),
                Definition::Group { threshold, members, .. } => {
                    let count = members.iter().filter(|at| met.get(**at) == Some(&true)).count();
                    count >= *threshold
                }
            };
            met.push(holds);
        }
        self.quorum.is_none_or(|at| met.get(at) == Some(&true))
    }
}

impl PolicyWitness {
    /// What the policy calls it, for people.
    #[must_use]
    pub fn name(&self) -> String {
        shown(&self.name)
    }

    fn sighting(&self, note: &Note) -> Sighting {
        match &self.key {
            WitnessKey::MlDsa44 { .. } => Sighting::Unreadable,
            WitnessKey::Ed25519(key) => match key.verify(note) {
                Ok(time) => Sighting::Cosigned { time },
                Err(CosignatureError::Missing { .. }) => Sighting::Missing,
                Err(CosignatureError::BadCosignature { .. }) => Sighting::Bad,
            },
        }
    }
}

impl Definition {
    fn name(&self) -> &[u8] {
        match self {
            Self::Witness(witness) => &witness.name,
            Self::Group { name, .. } => name,
        }
    }
}

/// Octets of a policy for people.
fn shown(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
