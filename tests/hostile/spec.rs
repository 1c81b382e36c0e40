//! What logs are made from: keys, witnesses and entries, all of them from seeds and numbers.

use std::sync::Arc;
use testlog::certificate::{Authority, Identity};
use testlog::{Algorithm, LeafMaker, MassLeaves, NoteSigner, SigningKey};
use tlog::Hash;

/// Entries of another tree are those that would stand this far to the right.
const ELSEWHERE: u64 = 1 << 32;

/// When the certificates of the usual entries begin: 2026-11-20, 12:00.
const NOT_BEFORE: u64 = 1_795_176_000;

/// What a log is made from.
#[derive(Clone)]
pub struct LogSpec {
    /// Its name on the server: a path segment.
    pub name: String,
    /// Its origin; `<name>.hostile.example` where absent.
    pub origin: Option<String>,
    /// What key it has.
    pub algorithm: Algorithm,
    /// What its key is made from.
    pub seed: [u8; 32],
    /// Makes the entries of [`grow`](crate::hostile::HostedLog::grow); Rekor v2 entries of a few identities where absent.
    pub leaves: Option<LeafMaker>,
    /// How many bytes of full tiles are kept ready.
    pub cache_bytes: usize,
}

/// Someone who cosigns.
#[derive(Clone)]
pub struct Witness {
    /// The name on its line.
    pub name: String,
    /// Its Ed25519 key.
    pub key: SigningKey,
    /// What it says the time is, in Unix seconds.
    pub time: u64,
}

impl LogSpec {
    /// A log of this name, otherwise as usual: Ed25519, a key made from the name.
    pub fn new(name: &str) -> LogSpec {
        LogSpec {
            name: name.to_owned(),
            origin: None,
            algorithm: Algorithm::Ed25519,
            seed: *Hash::of(name.as_bytes()).as_bytes(),
            leaves: None,
            cache_bytes: 256 << 20,
        }
    }
}

impl Witness {
    pub(crate) fn signer(&self) -> NoteSigner {
        NoteSigner::Witness {
            name: self.name.clone(),
            key: self.key.clone(),
            time: self.time,
        }
    }
}

/// Entries of Rekor v2 as a public log has them: a release, a maintainer, and a crowd of numbered projects.
pub(crate) fn usual_leaves() -> LeafMaker {
    let project = format!("project-{}", MassLeaves::ROOM);
    let crowd = Identity::github_workflow("crowd", &project, "build.yml", "refs/heads/main");
    let identities = [
        Identity::github_workflow("acme", "tool", "release.yml", "refs/tags/v1.0.0"),
        crowd.clone(),
        Identity::email("maintainer@acme.example", "https://accounts.example"),
        crowd,
    ];
    let leaves = MassLeaves::new(&Authority::new("hostile.example", &[0xCA; 32]), &identities, NOT_BEFORE);
    Arc::new(move |index| leaves.leaf(index))
}

/// The same kind of entries, but none that stands in the honest tree.
pub(crate) fn elsewhere(leaves: &LeafMaker) -> LeafMaker {
    let leaves = Arc::clone(leaves);
    Arc::new(move |index| leaves(index | ELSEWHERE))
}
