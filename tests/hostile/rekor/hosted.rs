//! A Rekor v1 server as a test holds it.

use crate::hostile::answer::Answer;
use crate::hostile::rekor::answer::Question;
use crate::hostile::rekor::rule::RekorRule;
use crate::hostile::rekor::shard::Shard;
use crate::hostile::rekor::state::{RekorSpec, State};
use crate::hostile::request::Request;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tlog::Hash;

/// A Rekor v1 server among the logs of this process. Clones are the same one.
#[derive(Clone)]
pub struct HostedRekor {
    name: Arc<str>,
    url: Arc<str>,
    state: Arc<Mutex<State>>,
}

/// What one needs to know of a server to watch it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RekorView {
    /// Its name here.
    pub name: String,
    /// What stands before `/api/v1`.
    pub url: String,
    /// What stands before ` - <tree id>` in its checkpoints' origins.
    pub origin: String,
    /// Its key, in PEM.
    pub key: String,
    /// Its trees in the order of their entries; the last one is active.
    pub shards: Vec<ShardView>,
}

/// One tree of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardView {
    /// Its id, in decimal digits.
    pub tree: String,
    /// The index over all shards of its first entry.
    pub offset: u64,
    /// The size that is published.
    pub size: u64,
    /// The root at that size, in hex.
    pub root: Hash,
}

impl HostedRekor {
    pub(crate) fn new(spec: &RekorSpec, server: &str) -> Self {
        Self {
            name: spec.name.as_str().into(),
            url: format!("{server}/{}", spec.name).into(),
            state: Arc::new(Mutex::new(State::new(spec))),
        }
    }

    /// What stands before `/api/v1`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What stands before ` - <tree id>` in its checkpoints' origins.
    pub fn origin(&self) -> String {
        self.state().signer.origin.clone()
    }

    /// Its key, in PEM.
    pub fn key_pem(&self) -> String {
        self.state().signer.key.pem()
    }

    /// Its key, as a DER `SubjectPublicKeyInfo`.
    pub fn key_der(&self) -> Vec<u8> {
        self.state().signer.key.spki_der()
    }

    /// Its trees in the order of their entries; the last one is active.
    pub fn shards(&self) -> Vec<ShardView> {
        let state = self.state();
        let mut offset = 0;
        let view = |shard: &Arc<Shard>| {
            let view = ShardView {
                tree: shard.id.to_string(),
                offset,
                size: shard.size(),
                root: shard.root(),
            };
            offset += shard.size();
            view
        };
        state.shards().iter().map(view).collect()
    }

    /// What one needs to know to watch it.
    pub fn view(&self) -> RekorView {
        RekorView {
            name: self.name.to_string(),
            url: self.url.to_string(),
            origin: self.origin(),
            key: self.key_pem(),
            shards: self.shards(),
        }
    }

    /// The bytes of an entry of the tree at this place in [`HostedRekor::shards`].
    pub fn leaf(&self, shard: usize, index: u64) -> Option<Arc<[u8]>> {
        self.state().shards().get(shard)?.leaf(index)
    }

    /// Appends made-up entries to the active tree, and publishes unless it stalls.
    pub fn grow(&self, count: u64) {
        self.state().grow(None, count);
    }

    /// Appends made-up entries to any tree; an inactive one should not grow.
    pub fn grow_tree(&self, tree: u64, count: u64) {
        self.state().grow(Some(tree), count);
    }

    /// Appends an entry to the active tree, and publishes unless it stalls.
    pub fn append(&self, leaf: &[u8]) {
        self.state().append(leaf);
    }

    /// Retires the active tree; another one takes the entries from now on.
    pub fn shard_over(&self, tree: u64) {
        self.state().shard_over(tree);
    }

    /// From now on serves another tree in the place of one, the active one if none is named: it shares the first `at`
    /// entries and has `size`.
    pub fn fork(&self, tree: Option<u64>, at: u64, size: u64) {
        self.state().fork(tree, at, size);
    }

    /// Serves the trees from before the first fork again.
    pub fn unfork(&self) {
        self.state().unfork();
    }

    /// What is appended from now on is not published.
    pub fn stall(&self) {
        self.state().stall(true);
    }

    /// Publishes everything again.
    pub fn resume(&self) {
        self.state().stall(false);
    }

    /// How long each answer takes from now on.
    pub fn latency(&self, latency: Duration) {
        self.state().latency = latency;
    }

    /// Adds a rule. Of several that concern a question, the one that was added first has its way.
    pub fn behave(&self, rule: RekorRule) {
        self.state().behave(rule);
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.state().clear();
    }

    /// From now on the search index lists this uuid under a hint: an address, `sha256:<hex>`, a key in base64.
    pub fn list(&self, hint: &str, uuid: &str) {
        let mut state = self.state();
        state.listed.entry(hint.to_owned()).or_default().push(uuid.to_owned());
    }

    /// How often each path below `/api/v1/` was asked for.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.state().asked.clone()
    }

    /// How often one of them was asked for.
    pub fn requested(&self, path: &str) -> u64 {
        self.state().asked.get(path).copied().unwrap_or(0)
    }

    /// Forgets all questions.
    pub fn forget_requests(&self) {
        self.state().asked.clear();
    }

    /// The answer to a question; `path` is below `/api/v1/`.
    pub(crate) fn answer(&self, method: &str, path: &str, query: &str, body: &[u8], request: &Request) -> Answer {
        let Some(target) = Question::target(method, path) else {
            return Answer::status(404);
        };
        let question = Question {
            target,
            path,
            query,
            body,
            request,
        };
        let taken = self.state().take(target, path, request.no_cache);
        let listed = |hint: &str| self.state().listed.get(hint).cloned().unwrap_or_default();
        taken.answer(&question, listed)
    }

    /// A panic elsewhere leaves the state as it was: every change is made whole or not at all.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
