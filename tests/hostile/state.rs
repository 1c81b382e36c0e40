//! One log on the server: its tree, what of it is published, the rules, and the record of requests.
//!
//! A request takes the lock to find out what to answer and gives it back before the answer is made. Checkpoints
//! are signed when something changes, not when they are asked for, and full tiles are kept up to a limit.

use crate::hostile::plan::{Plan, concerns};
use crate::hostile::request::{Request, Seen};
use crate::hostile::rule::{Behaviour, Rule, RuleId};
use crate::hostile::spec::{LogSpec, Witness, elsewhere, usual_leaves};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use testlog::{LeafMaker, NoteSigner, Resource, SigningKey, TreeLog, note};
use tlog::Hash;

/// How many requests are remembered one by one; the counts go on.
const MAX_SEEN: usize = 100_000;

pub(crate) struct State {
    view: View,
    /// The view before the fork.
    before: Option<View>,
    leaves: LeafMaker,
    stalled: bool,
    frozen: Option<String>,
    witnesses: Vec<Witness>,
    checkpoint: Bytes,
    rules: Vec<Active>,
    next_rule: RuleId,
    pub(crate) requests: BTreeMap<String, u64>,
    pub(crate) seen: Vec<Seen>,
    kept: HashMap<Resource, Bytes>,
    kept_bytes: usize,
    max_kept_bytes: usize,
}

#[derive(Clone)]
struct View {
    tree: Arc<TreeLog>,
    published: u64,
}

struct Active {
    id: RuleId,
    rule: Rule,
}

impl State {
    pub(crate) fn new(spec: &LogSpec) -> State {
        let origin = spec
            .origin
            .clone()
            .unwrap_or_else(|| format!("{}.hostile.example", spec.name));
        let tree = TreeLog::new(&origin, SigningKey::new(spec.algorithm, &spec.seed));
        let mut state = State {
            view: View {
                tree: Arc::new(tree),
                published: 0,
            },
            before: None,
            leaves: spec.leaves.clone().unwrap_or_else(usual_leaves),
            stalled: false,
            frozen: None,
            witnesses: Vec::new(),
            checkpoint: Bytes::new(),
            rules: Vec::new(),
            next_rule: 1,
            requests: BTreeMap::new(),
            seen: Vec::new(),
            kept: HashMap::new(),
            kept_bytes: 0,
            max_kept_bytes: spec.cache_bytes,
        };
        state.publish();
        state
    }

    pub(crate) fn tree(&self) -> Arc<TreeLog> {
        Arc::clone(&self.view.tree)
    }

    pub(crate) fn published(&self) -> u64 {
        self.view.published
    }

    pub(crate) fn grow(&mut self, count: u64) {
        let leaves = if self.before.is_some() {
            elsewhere(&self.leaves)
        } else {
            Arc::clone(&self.leaves)
        };
        Arc::make_mut(&mut self.view.tree).append_made(count, leaves);
        self.publish();
    }

    pub(crate) fn append(&mut self, leaf: &[u8]) {
        Arc::make_mut(&mut self.view.tree).append(leaf);
        self.publish();
    }

    pub(crate) fn fork(&mut self, at: u64, size: u64) {
        let mut tree = self.view.tree.fork_at(at);
        tree.append_made(size.saturating_sub(tree.size()), elsewhere(&self.leaves));
        let fork = View {
            published: tree.size(),
            tree: Arc::new(tree),
        };
        let before = std::mem::replace(&mut self.view, fork);
        self.before.get_or_insert(before);
        self.drop_kept();
        self.publish();
    }

    pub(crate) fn unfork(&mut self) {
        if let Some(before) = self.before.take() {
            self.view = before;
            self.drop_kept();
            self.publish();
        }
    }

    pub(crate) fn stall(&mut self, stalled: bool) {
        self.stalled = stalled;
        self.publish();
    }

    pub(crate) fn freeze(&mut self, date: Option<String>) {
        self.frozen = date;
        self.publish();
    }

    pub(crate) fn cosign(&mut self, witnesses: Vec<Witness>) {
        self.witnesses = witnesses;
        self.publish();
    }

    pub(crate) fn behave(&mut self, rule: Rule) -> RuleId {
        let id = self.next_rule;
        self.next_rule += 1;
        self.rules.push(Active { id, rule });
        id
    }

    pub(crate) fn remove(&mut self, id: RuleId) {
        self.rules.retain(|active| active.id != id);
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// Records the request and takes out what its answer needs.
    pub(crate) fn plan(&mut self, request: &Request) -> Plan {
        *self.requests.entry(request.path.clone()).or_default() += 1;
        if self.seen.len() < MAX_SEEN {
            self.seen.push(request.seen());
        }
        let ready = request.resource.and_then(|resource| match resource {
            Resource::Checkpoint => Some(self.checkpoint.clone()),
            Resource::HashTile { .. } | Resource::Entries { .. } => self.kept.get(&resource).cloned(),
        });
        Plan {
            tree: self.tree(),
            published: self.published(),
            others: elsewhere(&self.leaves),
            ready,
            behaviour: self.spend(request),
        }
    }

    /// Keeps a full tile of the tree that is served now.
    pub(crate) fn keep(&mut self, tree: &Arc<TreeLog>, resource: Resource, body: &Bytes) {
        let full = match resource {
            Resource::HashTile { width, .. } | Resource::Entries { width, .. } => width == 256,
            Resource::Checkpoint => false,
        };
        let fits = self.kept_bytes.saturating_add(body.len()) <= self.max_kept_bytes;
        if full && fits && Arc::ptr_eq(tree, &self.view.tree) && !self.kept.contains_key(&resource) {
            self.kept_bytes += body.len();
            self.kept.insert(resource, body.clone());
        }
    }

    /// The first rule that concerns the request, counted down.
    fn spend(&mut self, request: &Request) -> Option<Behaviour> {
        let published = self.view.published;
        let concerned = |active: &&mut Active| concerns(&active.rule, request, published);
        for active in self.rules.iter_mut().filter(concerned) {
            let rule = &mut active.rule;
            if rule.after > 0 {
                rule.after -= 1;
                continue;
            }
            match &mut rule.times {
                Some(0) => continue,
                Some(left) => *left -= 1,
                None => {}
            }
            return Some(rule.behaviour.clone());
        }
        None
    }

    /// Another tree has other tiles; a tree that only grows keeps its full ones.
    fn drop_kept(&mut self) {
        self.kept.clear();
        self.kept_bytes = 0;
    }

    /// Signs what is to be served from now on.
    fn publish(&mut self) {
        if !self.stalled {
            self.view.published = self.view.tree.size();
        }
        let View { tree, published } = &self.view;
        let root = tree.root(*published).unwrap_or(Hash::EMPTY_ROOT);
        let frozen: Vec<String> = self.frozen.iter().map(|date| note::frozen_extension(date)).collect();
        let frozen: Vec<&str> = frozen.iter().map(String::as_str).collect();
        let witnesses: Vec<NoteSigner> = self.witnesses.iter().map(Witness::signer).collect();
        self.checkpoint = tree.checkpoint_with(*published, root, &frozen, &witnesses).into();
    }
}
