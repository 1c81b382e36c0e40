//! Logs as plain files.

use super::world::World;
use std::fs;
use testlog::certificate::{Authority, Identity, LeafCertificate};
use testlog::leaf::{LeafSigner, hashedrekord, unknown};
use testlog::{SigningKey, TreeLog};

/// When the certificates of the entries begin.
const NOT_BEFORE: u64 = 1_767_225_600;

/// Whom the rules of these tests watch for.
pub(crate) const US: &str = "us@example.com";

/// A rule that finds what is signed as us.
pub(crate) const RULES: &str = "rules:\n  - {name: ours, match: {san: us@example.com}}\n";

/// A log in a folder of the world.
pub(crate) struct FileLog {
    name: String,
    pub(crate) tree: TreeLog,
    authority: Authority,
}

impl FileLog {
    /// An empty log of this origin, to be written into the folder `name`.
    pub(crate) fn new(name: &str, origin: &str) -> FileLog {
        let seed = tlog::Hash::of(origin.as_bytes());
        FileLog {
            name: name.to_owned(),
            tree: TreeLog::new(origin, SigningKey::ed25519(seed.as_bytes())),
            authority: Authority::new("tests", &[7; 32]),
        }
    }

    /// A log of so many entries by others, as files.
    pub(crate) fn of(world: &World, name: &str, count: u64) -> FileLog {
        let mut log = FileLog::new(name, &format!("{name}.example"));
        log.others(count);
        log.serve(world);
        log
    }

    pub(crate) fn others(&mut self, count: u64) {
        for _ in 0..count {
            self.signed_by(&format!("maintainer-{}@example.org", self.tree.size() % 7));
        }
    }

    pub(crate) fn signed_by(&mut self, address: &str) {
        self.signed(&Identity::email(address, "https://accounts.example.org"));
    }

    pub(crate) fn signed(&mut self, identity: &Identity) {
        let index = self.tree.size();
        let leaf = LeafCertificate::new(identity.clone(), index, NOT_BEFORE + index);
        let certificate = self.authority.issue(&leaf);
        let digest = tlog::Hash::of(format!("artifact {index}").as_bytes());
        self.tree
            .append(&hashedrekord(digest.as_bytes(), &LeafSigner::certificate(&certificate)));
    }

    pub(crate) fn junk(&mut self) {
        self.tree.append(&unknown("mystery", "9.9.9"));
    }

    /// Serves another history with the same key: it shares the first `at` entries and has `more` others.
    pub(crate) fn fork(&mut self, at: u64, more: u64) {
        self.tree = self.tree.fork_at(at);
        for number in 0..more {
            self.signed_by(&format!("stranger-{number}@example.net"));
        }
    }

    /// Writes the log as it is now.
    pub(crate) fn serve(&self, world: &World) {
        stage::hostile::write_folder(&self.tree, self.tree.size(), &world.path(&self.name)).unwrap();
    }

    /// Flips a bit of the newest entry.
    pub(crate) fn tamper(&self, world: &World) {
        let paths = self
            .tree
            .resources(self.tree.size())
            .into_iter()
            .map(|resource| resource.path());
        let last = paths.filter(|path| path.contains("entries")).max().unwrap();
        let file = world.path(&self.name).join(last);
        let mut bytes = fs::read(&file).unwrap();
        let within = bytes.len() - 200;
        bytes[within] ^= 1;
        fs::write(file, bytes).unwrap();
    }

    /// An item for `logs:`, read from its beginning.
    pub(crate) fn item(&self, world: &World) -> String {
        let url = format!("file://{}", world.path(&self.name).display());
        format!("{{url: \"{url}\", kind: rekor-v2, key: {}, from: 0}}", self.tree.vkey())
    }

    pub(crate) fn origin(&self) -> String {
        self.tree.origin().to_owned()
    }
}

/// A world that watches one log of so many entries, with nothing read yet.
pub(crate) fn watching(count: u64) -> (World, FileLog) {
    let world = World::new();
    let log = FileLog::of(&world, "one", count);
    world.configure(&[log.item(&world)], &format!("limits: {{unproven_after: 0s}}\n{RULES}"));
    (world, log)
}
