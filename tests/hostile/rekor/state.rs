//! One Rekor v1 server: its trees, the rules, and the record of questions.

use crate::hostile::rekor::json::Signer;
use crate::hostile::rekor::rule::{RekorBehaviour, RekorRule, RekorTarget};
use crate::hostile::rekor::shard::Shard;
use crate::hostile::spec::elsewhere;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use testlog::{Algorithm, LeafMaker, SigningKey};
use tlog::Hash;

/// The id of the first tree, unless another is given; larger than JSON's usual numbers hold.
const FIRST_TREE: u64 = 3_904_496_407_287_907_110;

/// What a Rekor v1 server is made from.
#[derive(Clone)]
pub struct RekorSpec {
    /// Its name here: a path segment.
    pub name: String,
    /// What stands before ` - <tree id>` in its checkpoints' origins; `<name>.hostile.example` where absent.
    pub origin: Option<String>,
    /// What key it has.
    pub algorithm: Algorithm,
    /// What its key is made from.
    pub seed: [u8; 32],
    /// The id of its first tree.
    pub tree: u64,
    /// Makes the entries that it grows by; small JSON bodies that nobody decodes where absent.
    pub leaves: Option<LeafMaker>,
    /// How long each answer takes.
    pub latency: Duration,
    /// Whether each entry has a signed entry timestamp of its own. Signing costs more than all the rest.
    pub real_sets: bool,
}

impl RekorSpec {
    /// A server of this name, otherwise as the public one: P-256, a key made from the name.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            origin: None,
            algorithm: Algorithm::EcdsaP256,
            seed: *Hash::of(name.as_bytes()).as_bytes(),
            tree: FIRST_TREE,
            leaves: None,
            latency: Duration::ZERO,
            real_sets: true,
        }
    }
}

pub(crate) struct State {
    /// In the order of their entries; the last one is active.
    shards: Vec<Arc<Shard>>,
    /// The trees from before the fork.
    before: Option<Vec<Arc<Shard>>>,
    pub(crate) signer: Arc<Signer>,
    leaves: LeafMaker,
    stalled: bool,
    pub(crate) latency: Duration,
    rules: Vec<RekorRule>,
    stamp: u64,
    /// Uuids by what they are found by.
    pub(crate) listed: BTreeMap<String, Vec<String>>,
    pub(crate) asked: BTreeMap<String, u64>,
}

/// What an answer needs, taken out of the state.
pub(crate) struct Taken {
    pub(crate) shards: Vec<Arc<Shard>>,
    pub(crate) signer: Arc<Signer>,
    pub(crate) others: LeafMaker,
    pub(crate) behaviour: Option<RekorBehaviour>,
    pub(crate) latency: Duration,
    pub(crate) stamp: u64,
}

impl State {
    pub(crate) fn new(spec: &RekorSpec) -> Self {
        let key = SigningKey::new(spec.algorithm, &spec.seed);
        let origin = spec.origin.clone();
        let signer = Signer {
            origin: origin.unwrap_or_else(|| format!("{}.hostile.example", spec.name)),
            log_id: Hash::of(&key.spki_der()),
            key,
            real_sets: spec.real_sets,
        };
        Self {
            shards: vec![Arc::new(Shard::new(spec.tree))],
            before: None,
            signer: Arc::new(signer),
            leaves: spec.leaves.clone().unwrap_or_else(small_leaves),
            stalled: false,
            latency: spec.latency,
            rules: Vec::new(),
            stamp: 0,
            listed: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    pub(crate) fn shards(&self) -> &[Arc<Shard>] {
        &self.shards
    }

    /// Grows a tree, the active one if none is named; one that is unknown stays so.
    pub(crate) fn grow(&mut self, tree: Option<u64>, count: u64) {
        let leaves = if self.before.is_some() {
            elsewhere(&self.leaves)
        } else {
            Arc::clone(&self.leaves)
        };
        self.change(tree, |shard, offset| shard.grow(count, &from(offset, &leaves)));
    }

    pub(crate) fn append(&mut self, leaf: &[u8]) {
        self.change(None, |shard, _| shard.append(leaf));
    }

    /// Retires the active tree; another one takes the entries from now on.
    pub(crate) fn shard_over(&mut self, tree: u64) {
        self.shards.push(Arc::new(Shard::new(tree)));
    }

    pub(crate) fn fork(&mut self, tree: Option<u64>, at: u64, size: u64) {
        let before = self.shards.clone();
        self.before.get_or_insert(before);
        let leaves = elsewhere(&self.leaves);
        self.change(tree, |shard, offset| shard.fork(at, size, &from(offset, &leaves)));
    }

    pub(crate) fn unfork(&mut self) {
        if let Some(before) = self.before.take() {
            self.shards = before;
        }
    }

    pub(crate) fn stall(&mut self, stalled: bool) {
        self.stalled = stalled;
        if !stalled {
            self.shards.iter_mut().for_each(|shard| Arc::make_mut(shard).publish());
        }
    }

    pub(crate) fn behave(&mut self, rule: RekorRule) {
        self.rules.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// Records a question and takes out what its answer needs.
    pub(crate) fn take(&mut self, target: RekorTarget, path: &str, no_cache: bool) -> Taken {
        *self.asked.entry(path.to_owned()).or_default() += 1;
        self.stamp += 1;
        Taken {
            shards: self.shards.clone(),
            signer: Arc::clone(&self.signer),
            others: elsewhere(&self.leaves),
            behaviour: self.spend(target, no_cache),
            latency: self.latency,
            stamp: self.stamp,
        }
    }

    fn spend(&mut self, target: RekorTarget, no_cache: bool) -> Option<RekorBehaviour> {
        let aims = |rule: &&mut RekorRule| {
            (rule.target == RekorTarget::All || rule.target == target)
                && rule.times != Some(0)
                && !(rule.cached_only && no_cache)
        };
        let rule = self.rules.iter_mut().find(aims)?;
        rule.times = rule.times.map(|times| times - 1);
        Some(rule.behaviour.clone())
    }

    /// Changes a tree, which is told how many entries the trees before it have.
    fn change(&mut self, tree: Option<u64>, change: impl FnOnce(&mut Shard, u64)) {
        let named = |shard: &Arc<Shard>| tree.is_none_or(|tree| shard.id == tree);
        let Some(at) = self.shards.iter().rposition(named) else {
            return;
        };
        let offset = self.shards.iter().take(at).map(|shard| shard.size()).sum();
        if let Some(shard) = self.shards.get_mut(at) {
            let shard = Arc::make_mut(shard);
            change(shard, offset);
            if !self.stalled {
                shard.publish();
            }
        }
    }
}

/// The same entries from another one on: no two trees of a server have the same.
fn from(offset: u64, leaves: &LeafMaker) -> LeafMaker {
    let leaves = Arc::clone(leaves);
    Arc::new(move |index| leaves(offset + index))
}

fn small_leaves() -> LeafMaker {
    Arc::new(|index| format!(r#"{{"apiVersion":"0.0.1","kind":"opaque","spec":{{"number":{index}}}}}"#).into_bytes())
}
