//! What wakes a pattern: the hash of a text that stands in every value that it may match.
//!
//! Of the texts that a glob or an expression requires the rarest is taken, counted over all patterns of the set and over
//! what stands in everybody's identities: among a hundred thousand that begin with `https://github.com/acme/` none is
//! woken by that. A rare beginning or ending is preferred to a rare middle, which has to be looked for at every byte.

use crate::hashing::{eights, fours, heads, tails, whole};
use crate::literal::{Literal, Place, Way};

/// How a key is found in a value: each its own seed, so that a hash has one meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Whole,
    Head,
    Tail,
    Eight,
    Four,
    Domain,
    Below,
}

impl Role {
    pub(crate) const fn seed(self) -> u64 {
        match self {
            Self::Whole => 0x1f83_d9ab_fb41_bd6b,
            Self::Head => 0x5be0_cd19_137e_2179,
            Self::Tail => 0x9b05_688c_2b3e_6c1f,
            Self::Eight => 0x510e_527f_ade6_82d1,
            Self::Four => 0xa54f_f53a_5f1d_36f1,
            Self::Domain => 0x3c6e_f372_fe94_f82b,
            Self::Below => 0xbb67_ae85_84ca_a73b,
        }
    }
}

/// A hash and how it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) role: Role,
    /// Of a head or a tail.
    pub(crate) length: usize,
    pub(crate) hash: u64,
}

impl Key {
    /// The key of a whole text.
    pub(crate) fn of(role: Role, text: &[u8]) -> Self {
        let (seed, length, mut hash) = (role.seed(), text.len(), 0);
        match role {
            Role::Head => heads(seed, text, &[length], |found| hash = found),
            Role::Tail => tails(seed, text, &[length], |found| hash = found),
            Role::Whole | Role::Domain | Role::Below | Role::Eight | Role::Four => hash = whole(seed, text),
        }
        Self { role, length, hash }
    }
}

/// What identities have in common: a key of any of these would be found in every other entry of the public logs.
const COMMON: [&str; 14] = [
    "https://github.com/",
    "https://www.github.com/",
    "https://gitlab.com/",
    "https://token.actions.githubusercontent.com",
    "https://accounts.google.com",
    "https://oauth2.sigstore.dev/auth",
    "https://kubernetes.io/namespaces/",
    "https://container.googleapis.com/v1/projects/",
    ".iam.gserviceaccount.com",
    "@users.noreply.github.com",
    "@gmail.com",
    "/.github/workflows/release.yaml@refs/heads/main",
    "/.github/workflows/publish.yml@refs/heads/master",
    "//.gitlab-ci.yml@refs/tags/v",
];

/// How often a common text counts.
const COMMON_COUNT: u16 = 1_000;

/// Beyond so many it does not matter how many there are.
const MAX_COUNTED: usize = 1_000;

/// Patterns that may share a beginning or an ending before another text is looked for.
const FEW: u32 = 2;

/// The same for what stands in the middle, where the counts are approximate.
const FEW_INNER: u32 = 8;

/// Counters of parts for each rule, and in all, 2 bytes each. Parts that share one look commoner than they are.
const COUNTERS_EACH: usize = 64;
const MIN_COUNTERS: usize = 1 << 12;
const MAX_COUNTERS: usize = 1 << 21;

/// The patterns of a set that need a key, and how common their texts are.
pub(crate) struct Keys {
    /// The texts behind each other, and where each stands.
    bytes: Vec<u8>,
    literals: Vec<(Place, u32)>,
    /// Where the literals of each way end, and the ways of each pattern.
    ways: Vec<u32>,
    patterns: Vec<u32>,
    /// The hashes of all beginnings and endings, one for each time.
    ends: Vec<u64>,
    parts: Vec<u16>,
    /// How many counters there will be, once there is something to count.
    counters: usize,
}

impl Keys {
    /// For a set of so many rules.
    pub(crate) fn new(rules: usize) -> Self {
        let counters = rules.saturating_mul(COUNTERS_EACH).clamp(MIN_COUNTERS, MAX_COUNTERS);
        Self {
            bytes: Vec::new(),
            literals: Vec::new(),
            ways: Vec::new(),
            patterns: Vec::new(),
            ends: Vec::new(),
            parts: Vec::new(),
            counters: counters.next_power_of_two(),
        }
    }

    fn begin(&mut self) {
        self.parts.resize(self.counters, 0);
        for text in COMMON {
            eights(Role::Eight.seed(), text.as_bytes(), |hash| {
                self.count(hash, COMMON_COUNT);
            });
            fours(Role::Four.seed(), text.as_bytes(), |hash| {
                self.count(hash, COMMON_COUNT);
            });
        }
    }

    /// Adds a pattern with the ways in which it may be woken; patterns keep their order.
    pub(crate) fn add(&mut self, ways: &[Way]) {
        if self.parts.is_empty() {
            self.begin();
        }
        for way in ways {
            for Literal { place, bytes } in way {
                match end_role(*place) {
                    Some(role) => self.ends.push(Key::of(role, bytes).hash),
                    None => each_part(bytes, |key| self.count(key.hash, 1)),
                }
                self.bytes.extend_from_slice(bytes);
                self.literals.push((*place, number(self.bytes.len())));
            }
            self.ways.push(number(self.literals.len()));
        }
        self.patterns.push(number(self.ways.len()));
    }

    /// Calls back for each pattern with its keys, any of which wakes it (none if nothing can), and with the whole text that
    /// the key is a part of, if it is a part of one alone.
    pub(crate) fn choose(mut self, mut each: impl FnMut(&[Key], &[u8])) {
        self.ends.sort_unstable();
        let (mut way, mut literal, mut byte) = (0, 0, 0);
        for ways_end in &self.patterns {
            let mut best: Option<(u32, Vec<Key>, &[u8])> = None;
            while way < *ways_end {
                let end = self.ways.get(index(way)).copied().unwrap_or_default();
                let (mut keys, mut crowd, mut guard) = (Vec::new(), 0_u32, &[][..]);
                while literal < end {
                    let (place, stop) = self
                        .literals
                        .get(index(literal))
                        .copied()
                        .unwrap_or((Place::Inner, byte));
                    let bytes = self.bytes.get(index(byte)..index(stop)).unwrap_or_default();
                    let (key, count) = self.rarest(place, bytes);
                    crowd = crowd.saturating_add(count);
                    keys.extend(key);
                    guard = if place == Place::Inner { bytes } else { &[] };
                    (literal, byte) = (literal + 1, stop);
                }
                let rank = |keys: &[Key]| keys.iter().map(|key| rank(key.role)).max();
                let better = |(least, known, _): &(u32, Vec<Key>, &[u8])| (crowd, rank(&keys)) < (*least, rank(known));
                if best.as_ref().is_none_or(better) {
                    guard = if keys.len() == 1 { guard } else { &[] };
                    best = Some((crowd, keys, guard));
                }
                way += 1;
            }
            match &best {
                Some((_, keys, guard)) => each(keys, guard),
                None => each(&[], &[]),
            }
        }
    }

    /// The rarest key of a text, and how many share it; few are none.
    fn rarest(&self, place: Place, bytes: &[u8]) -> (Option<Key>, u32) {
        if let Some(role) = end_role(place) {
            let key = Key::of(role, bytes);
            let start = self.ends.partition_point(|hash| *hash < key.hash);
            let rest = self.ends.get(start..).unwrap_or_default().iter();
            let shared = number(rest.take(MAX_COUNTED).take_while(|hash| **hash == key.hash).count());
            let common = COMMON.iter().any(|text| is_end(role, text.as_bytes(), bytes));
            let count = shared.saturating_add(if common { u32::from(COMMON_COUNT) } else { 0 });
            return (Some(key), if count <= FEW { 0 } else { count });
        }
        let (mut least, mut best) = (u16::MAX, Vec::new());
        each_part(bytes, |key| {
            let count = self.parts.get(self.slot(key.hash)).copied().unwrap_or_default();
            if count < least {
                best.clear();
            }
            if count <= least {
                least = count;
                best.push(key);
            }
        });
        let count = u32::from(least);
        // Of equally rare parts the one in the middle, which has the most of what tells this text apart in it.
        let key = best.get(best.len() / 2).copied();
        (key, if count <= FEW_INNER { 0 } else { count })
    }

    fn count(&mut self, hash: u64, times: u16) {
        let slot = self.slot(hash);
        if let Some(counter) = self.parts.get_mut(slot) {
            *counter = counter.saturating_add(times);
        }
    }

    /// The counter of a hash; there is a power of two of them.
    fn slot(&self, hash: u64) -> usize {
        usize::try_from(hash >> 40).unwrap_or_default() & self.parts.len().saturating_sub(1)
    }
}

const fn rank(role: Role) -> u8 {
    match role {
        Role::Whole | Role::Domain | Role::Below => 0,
        Role::Head => 1,
        Role::Tail => 2,
        Role::Eight => 3,
        Role::Four => 4,
    }
}

const fn end_role(place: Place) -> Option<Role> {
    match place {
        Place::Head => Some(Role::Head),
        Place::Tail => Some(Role::Tail),
        Place::Inner => None,
    }
}

/// Whether a common text begins with, or ends in, these bytes.
fn is_end(role: Role, text: &[u8], bytes: &[u8]) -> bool {
    let start = if role == Role::Head {
        Some(0)
    } else {
        text.len().checked_sub(bytes.len())
    };
    let part = start.and_then(|start| text.get(start..start + bytes.len()));
    part.is_some_and(|part| part.eq_ignore_ascii_case(bytes))
}

/// The keys of all parts of a text: of eight bytes, or of four if it has fewer than eight.
fn each_part(bytes: &[u8], mut each: impl FnMut(Key)) {
    let mut key = |role, length, hash| each(Key { role, length, hash });
    if bytes.len() < 8 {
        fours(Role::Four.seed(), bytes, |hash| key(Role::Four, 4, hash));
    } else {
        eights(Role::Eight.seed(), bytes, |hash| key(Role::Eight, 8, hash));
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::literal::of_glob;

    fn chosen(globs: &[String]) -> Vec<Vec<Key>> {
        let mut keys = Keys::new(globs.len());
        globs.iter().for_each(|glob| keys.add(&of_glob(glob)));
        let mut found = Vec::new();
        keys.choose(|keys, _| found.push(keys.to_vec()));
        found
    }

    #[test]
    fn the_rarest_text_wakes() {
        let head = |text: &str| vec![Key::of(Role::Head, text.as_bytes())];
        let tail = |text: &str| vec![Key::of(Role::Tail, text.as_bytes())];
        let globs = |form: &dyn Fn(u32) -> String| (0..100).map(form).collect::<Vec<_>>();
        let found = chosen(&globs(&|at| format!("https://github.com/acme/p-{at:03}/**")));
        assert_eq!(found[7], head("https://github.com/acme/p-007/"));
        let found = chosen(&globs(&|at| format!("https://github.com/acme/*/p-{at:03}")));
        assert_eq!(found[7], tail("/p-007"));
        let found = chosen(&globs(&|at| format!("https://github.com/acme/*/project-{at:03}/*")));
        let mut parts = Vec::new();
        each_part(b"/project-007/", |key| parts.push(key));
        assert_eq!((found[7].len(), found[7][0].role), (1, Role::Eight));
        // Those parts that have the whole number in them.
        assert!(parts.iter().position(|key| *key == found[7][0]).unwrap() >= 3);
        // What everybody's identity begins with is not what a single pattern is woken by.
        let found = chosen(&["https://github.com/*/acme-widgets/*".to_owned()]);
        assert_eq!(found[0][0].role, Role::Eight);
        assert_eq!(chosen(&["*".to_owned()]), [vec![]]);
        assert_eq!(
            chosen(&["https://github.com/*".to_owned()]),
            [head("https://github.com/")]
        );
    }
}
