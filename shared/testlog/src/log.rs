//! A tiled log: leaves, their tree, and the bytes that an honest server of it answers with.
//!
//! The log holds the leaves that it was given and makes the others when asked, so that a million of them need
//! no more memory than their hashes. Any earlier size can be read, signed and forked from.

use crate::key::SigningKey;
use crate::layout::{Resource, TILE_WIDTH};
use crate::note::{self, NoteSigner};
use crate::tree::Tree;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use tlog::Hash;

/// Makes the leaf at an index; the same bytes each time.
pub type LeafMaker = Arc<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// A log with its key. Cloning copies the hashes and shares the leaves.
#[derive(Clone)]
pub struct TreeLog {
    origin: String,
    key: SigningKey,
    segments: Vec<Segment>,
    tree: Tree,
}

/// Neighbouring leaves that come from the same place.
#[derive(Clone)]
struct Segment {
    first: u64,
    leaves: Leaves,
}

#[derive(Clone)]
enum Leaves {
    Held(Vec<Arc<[u8]>>),
    Made(LeafMaker),
}

impl TreeLog {
    /// An empty log.
    pub fn new(origin: &str, key: SigningKey) -> TreeLog {
        TreeLog {
            origin: String::from(origin),
            key,
            segments: Vec::new(),
            tree: Tree::default(),
        }
    }

    /// The origin line of its checkpoints.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The key that signs its checkpoints.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The verifier key of the log, with its origin for a name.
    pub fn vkey(&self) -> String {
        self.key.vkey(&self.origin)
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.tree.size() as u64
    }

    /// Appends a leaf and keeps its bytes. A tiled log cannot serve more than 65,535 of them in one leaf: what is
    /// longer is hashed, but no bundle with it is served.
    pub fn append(&mut self, leaf: &[u8]) {
        self.tree.append(leaf);
        let held: Arc<[u8]> = Arc::from(leaf);
        if let Some(Segment {
            leaves: Leaves::Held(leaves),
            ..
        }) = self.segments.last_mut()
        {
            leaves.push(held);
            return;
        }
        let first = self.size() - 1;
        self.segments.push(Segment {
            first,
            leaves: Leaves::Held(vec![held]),
        });
    }

    /// Appends `count` leaves that `make` gives, without keeping their bytes: `make(i)` is asked again whenever the
    /// leaf at index `i` is read.
    pub fn append_made(&mut self, count: u64, make: LeafMaker) {
        let first = self.size();
        for index in first..first + count {
            self.tree.append(&make(index));
        }
        if count > 0 {
            self.segments.push(Segment {
                first,
                leaves: Leaves::Made(make),
            });
        }
    }

    /// The bytes of a leaf.
    pub fn leaf(&self, index: u64) -> Option<Arc<[u8]>> {
        if index >= self.size() {
            return None;
        }
        let after = self.segments.partition_point(|segment| segment.first <= index);
        let segment = self.segments.get(after.checked_sub(1)?)?;
        match &segment.leaves {
            Leaves::Held(leaves) => leaves.get(usize::try_from(index - segment.first).ok()?).cloned(),
            Leaves::Made(make) => Some(Arc::from(make(index))),
        }
    }

    /// The root over the first `size` leaves; nothing if there are fewer.
    pub fn root(&self, size: u64) -> Option<Hash> {
        self.tree.root(usize::try_from(size).ok()?).map(Hash::from_bytes)
    }

    /// The signed checkpoint at `size`. A size beyond the log is cut to it: use [`TreeLog::checkpoint_with`] to
    /// sign what is not so.
    pub fn checkpoint(&self, size: u64) -> String {
        let size = size.min(self.size());
        self.checkpoint_with(size, self.root(size).unwrap_or(Hash::EMPTY_ROOT), &[], &[])
    }

    /// A checkpoint that says whatever the caller wants, signed by the log and, after it, by `others`.
    pub fn checkpoint_with(&self, size: u64, root: Hash, extensions: &[&str], others: &[NoteSigner]) -> String {
        let text = note::checkpoint_text(&self.origin, size, root, extensions);
        let mut signers = vec![NoteSigner::Log {
            name: self.origin.clone(),
            key: self.key.clone(),
        }];
        signers.extend_from_slice(others);
        note::signed(&text, &signers)
    }

    /// What an honest log of `size` leaves answers for `path`; nothing where it has nothing.
    ///
    /// Partial tiles stay readable at every width that once was the newest, as on a server that never tidies up.
    pub fn read(&self, path: &str, size: u64) -> Option<Vec<u8>> {
        self.read_resource(Resource::parse(path)?, size)
    }

    /// [`TreeLog::read`] for a path that is parsed already.
    pub fn read_resource(&self, resource: Resource, size: u64) -> Option<Vec<u8>> {
        let size = size.min(self.size());
        match resource {
            Resource::Checkpoint => Some(self.checkpoint(size).into_bytes()),
            Resource::HashTile { level, index, width } => self.hash_tile(level, index, width, size),
            Resource::Entries { index, width } => self.bundle(index, width, size),
        }
    }

    /// Every resource that a log of `size` leaves has at that moment, the checkpoint last, as a writer of files
    /// wants them: an interrupted copy then has no checkpoint that promises too much.
    pub fn resources(&self, size: u64) -> Vec<Resource> {
        let size = size.min(self.size());
        let mut all: Vec<Resource> = rows(size)
            .map(|(index, width)| Resource::Entries { index, width })
            .collect();
        for level in 0..8_u8 {
            let tiles = rows(size >> (8 * level));
            all.extend(tiles.map(|(index, width)| Resource::HashTile { level, index, width }));
        }
        all.push(Resource::Checkpoint);
        all
    }

    /// A log of the same origin and key that shares the first `size` leaves and goes its own way from there.
    pub fn fork_at(&self, size: u64) -> TreeLog {
        let size = size.min(self.size());
        let mut segments: Vec<Segment> = self
            .segments
            .iter()
            .filter(|segment| segment.first < size)
            .cloned()
            .collect();
        if let Some(Segment {
            first,
            leaves: Leaves::Held(leaves),
        }) = segments.last_mut()
        {
            leaves.truncate(usize::try_from(size - *first).unwrap_or(usize::MAX));
        }
        let tree = self.tree.prefix(usize::try_from(size).unwrap_or(usize::MAX));
        TreeLog {
            origin: self.origin.clone(),
            key: self.key.clone(),
            segments,
            tree,
        }
    }

    fn hash_tile(&self, level: u8, index: u64, width: u16, size: u64) -> Option<Vec<u8>> {
        let row = self.tree.row(usize::from(level) * 8, usize::try_from(size).ok()?);
        let from = usize::try_from(index).ok()?.checked_mul(usize::from(TILE_WIDTH))?;
        let hashes = row.get(from..from.checked_add(usize::from(width))?)?;
        Some(hashes.concat())
    }

    fn bundle(&self, index: u64, width: u16, size: u64) -> Option<Vec<u8>> {
        let from = index.checked_mul(u64::from(TILE_WIDTH))?;
        let to = from.checked_add(u64::from(width)).filter(|to| *to <= size)?;
        let mut out = Vec::new();
        for leaf in from..to {
            let bytes = self.leaf(leaf)?;
            out.extend_from_slice(&u16::try_from(bytes.len()).ok()?.to_be_bytes());
            out.extend_from_slice(&bytes);
        }
        Some(out)
    }
}

/// The tiles that hold `count` things: each with its width.
fn rows(count: u64) -> impl Iterator<Item = (u64, u16)> {
    let wide = u64::from(TILE_WIDTH);
    (0..count.div_ceil(wide)).map(move |index| {
        let left = count - index * wide;
        (
            index,
            u16::try_from(left).map_or(TILE_WIDTH, |left| left.min(TILE_WIDTH)),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn log(size: u64) -> TreeLog {
        let mut log = TreeLog::new("log.example", SigningKey::ed25519(&[1; 32]));
        log.append_made(size, Arc::new(|index| format!("leaf {index}").into_bytes()));
        log
    }

    #[test]
    fn held_and_made_leaves_make_the_same_log() {
        let made = log(600);
        let mut held = TreeLog::new("log.example", SigningKey::ed25519(&[1; 32]));
        (0..600).for_each(|index| held.append(format!("leaf {index}").as_bytes()));
        for resource in made.resources(600) {
            assert_eq!(
                made.read_resource(resource, 600),
                held.read_resource(resource, 600),
                "{resource:?}"
            );
        }
        assert_eq!(made.leaf(599), held.leaf(599));
        assert_eq!(made.leaf(600), None);
    }

    #[test]
    fn a_fork_shares_what_came_before_and_nothing_else() {
        let honest = log(300);
        let mut fork = honest.fork_at(200);
        fork.append(b"another");
        assert_eq!(fork.root(200), honest.root(200));
        assert_ne!(fork.root(201), honest.root(201));
        assert_eq!(fork.leaf(200).as_deref(), Some(b"another".as_slice()));
        assert_eq!(fork.leaf(199), honest.leaf(199));
        assert_eq!(fork.fork_at(200).size(), 200);
    }

    #[test]
    fn nothing_is_served_beyond_the_size() {
        let log = log(700);
        assert!(log.read("tile/entries/001", 512).is_some());
        assert!(log.read("tile/entries/001", 511).is_none());
        assert!(log.read("tile/entries/001.p/255", 511).is_some());
        assert!(log.read("tile/0/002.p/188", 700).is_some());
        assert!(log.read("tile/0/002.p/189", 700).is_none());
        assert_eq!(log.read("tile/1/000.p/2", 700).map(|tile| tile.len()), Some(64));
        assert!(log.read("tile/1/000.p/3", 700).is_none());
        assert!(log.read("tile/2/000.p/1", 700).is_none());
    }

    #[test]
    fn what_it_lists_is_what_it_has() {
        let log = log(700);
        let paths: Vec<String> = log.resources(700).iter().map(Resource::path).collect();
        assert_eq!(paths.len(), 3 + 3 + 1 + 1);
        assert!(paths.iter().all(|path| log.read(path, 700).is_some()));
        assert_eq!(log.resources(0), [Resource::Checkpoint]);
    }
}
