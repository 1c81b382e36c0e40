//! A log on the server as a test holds it.

use crate::hostile::answer::Answer;
use crate::hostile::command::LogView;
use crate::hostile::request::{Request, Seen};
use crate::hostile::rule::{Rule, RuleId};
use crate::hostile::spec::{LogSpec, Witness};
use crate::hostile::state::State;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use testlog::TreeLog;
use tlog::Hash;

/// One of the server's logs. Clones are the same log.
#[derive(Clone)]
pub struct HostedLog {
    name: Arc<str>,
    url: Arc<str>,
    state: Arc<Mutex<State>>,
}

impl HostedLog {
    pub(crate) fn new(spec: &LogSpec, server: &str) -> HostedLog {
        let url = format!("{server}/{}/api/v2", spec.name);
        HostedLog {
            name: spec.name.as_str().into(),
            url: url.into(),
            state: Arc::new(Mutex::new(State::new(spec))),
        }
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder that holds its checkpoint, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its origin.
    pub fn origin(&self) -> String {
        self.tree().origin().to_owned()
    }

    /// Its key, as a configuration wants it.
    pub fn vkey(&self) -> String {
        self.tree().vkey()
    }

    /// The tree that is served at present, with its key.
    pub fn tree(&self) -> Arc<TreeLog> {
        self.state().tree()
    }

    /// The size of the checkpoint that is served.
    pub fn size(&self) -> u64 {
        self.state().published()
    }

    /// The root of that checkpoint.
    pub fn root(&self) -> Hash {
        let state = self.state();
        state.tree().root(state.published()).unwrap_or(Hash::EMPTY_ROOT)
    }

    /// What one needs to know to watch it.
    pub fn view(&self) -> LogView {
        LogView {
            name: self.name.to_string(),
            url: self.url.to_string(),
            origin: self.origin(),
            vkey: self.vkey(),
            size: self.size(),
            root: self.root().to_string(),
        }
    }

    /// Appends made-up entries, and publishes unless it stalls.
    pub fn grow(&self, count: u64) {
        self.state().grow(count);
    }

    /// Appends an entry, and publishes unless it stalls.
    pub fn append(&self, leaf: &[u8]) {
        self.state().append(leaf);
    }

    /// From now on serves another tree of the same key: it shares the first `at` entries and has `size`, which may be
    /// less than before, the same or more.
    pub fn fork(&self, at: u64, size: u64) {
        self.state().fork(at, size);
    }

    /// Serves the tree from before the first fork again.
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

    /// Signs `Log frozen — <date>` into every checkpoint. It can still grow, which it should not.
    pub fn freeze(&self, date: &str) {
        self.state().freeze(Some(date.to_owned()));
    }

    /// Takes the freeze back.
    pub fn thaw(&self) {
        self.state().freeze(None);
    }

    /// From now on these witnesses cosign, and no others.
    pub fn cosign(&self, witnesses: Vec<Witness>) {
        self.state().cosign(witnesses);
    }

    /// Adds a rule. Of several that concern a request, the one that was added first has its way.
    pub fn behave(&self, rule: Rule) -> RuleId {
        self.state().behave(rule)
    }

    /// Removes a rule.
    pub fn remove(&self, rule: RuleId) {
        self.state().remove(rule);
    }

    /// Removes all rules: the log is honest about whatever tree it serves.
    pub fn clear(&self) {
        self.state().clear();
    }

    /// How often each path, relative to the log, was asked for.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.state().requests.clone()
    }

    /// How often one path was asked for.
    pub fn requested(&self, path: &str) -> u64 {
        self.state().requests.get(path).copied().unwrap_or(0)
    }

    /// The requests one by one, as they came; the first hundred thousand.
    pub fn seen(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// Forgets all requests.
    pub fn forget_requests(&self) {
        let mut state = self.state();
        state.requests.clear();
        state.seen.clear();
    }

    pub(crate) fn answer(&self, request: &Request) -> Answer {
        let plan = self.state().plan(request);
        let answered = plan.answer(request);
        if let (Some(resource), Some(honest)) = (request.resource, &answered.honest) {
            self.state().keep(&plan.tree, resource, honest);
        }
        answered.answer
    }

    /// A panic elsewhere leaves the state as it was: every change is made whole or not at all.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
