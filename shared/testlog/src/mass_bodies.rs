//! Bodies by the million, in a mix like that of the public log: of sixteen, eleven are hashedrekord (an e-mail address,
//! about 1.8 kB), three dsse and one each of both versions of intoto (a workflow, about 4 kB).

use crate::body::{certificate_pem, dsse, hashedrekord, intoto_1, intoto_2};
use crate::certificate::{Authority, Identity};
use crate::mass::MassLeaves;
use alloc::format;
use alloc::vec::Vec;
use sha2::{Digest as _, Sha256};

/// Makes bodies from templates, one after the other.
///
/// ```
/// use testlog::MassBodies;
/// use testlog::certificate::Authority;
///
/// let bodies = MassBodies::new(&Authority::new("acme", &[1; 32]), "acme", 1_700_000_000);
/// assert_ne!(bodies.body(1), bodies.body(2));
/// ```
#[derive(Clone)]
pub struct MassBodies {
    addresses: MassLeaves,
    workflows: MassLeaves,
}

impl MassBodies {
    /// Signers are `build-<index>@<owner>.example` and workflows of `https://github.com/<owner>/project-<index>`.
    pub fn new(authority: &Authority, owner: &str, not_before: u64) -> MassBodies {
        let address = format!("build-{}@{owner}.example", MassLeaves::ROOM);
        let project = format!("project-{}", MassLeaves::ROOM);
        let one = Identity::email(&address, "https://accounts.example");
        let other = Identity::github_workflow(owner, &project, "release.yml", "refs/tags/v1");
        MassBodies {
            addresses: MassLeaves::new(authority, &[one], not_before),
            workflows: MassLeaves::new(authority, &[other], not_before),
        }
    }

    /// The body at `index`, over an artifact whose digest is the SHA-256 of the index as eight big-endian bytes.
    pub fn body(&self, index: u64) -> Vec<u8> {
        let digest: [u8; 32] = Sha256::digest(index.to_be_bytes()).into();
        let payload: [u8; 32] = Sha256::digest(digest).into();
        let workflow = || certificate_pem(&self.workflows.certificate(index));
        match index % 16 {
            3 | 7 | 11 => dsse(&payload, &digest, &[&workflow()]),
            13 => intoto_1(&payload, Some(&digest), &workflow()),
            15 => intoto_2(&payload, &digest, &[&workflow()]),
            _ => hashedrekord(&digest, &certificate_pem(&self.addresses.certificate(index))),
        }
    }
}
