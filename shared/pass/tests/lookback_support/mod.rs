//! Logs in memory that are watched with rules which change, and a scan as the command makes it.

// Not each test program uses all of it.
#![allow(dead_code)]

use crate::audit_support::OneSource;
use async_trait::async_trait;
use pass::record::Deployment;
use pass::{
    Asking, Budget, Clock, Environment, Fault, FixedTrust, InForce, LogKind, LogSource, LookedBack, MemorySink,
    MemoryStore, Object, PassReport, Past, Probed, PutOnce, Ranges, Settings, Since, Sources, Store, StoreError, Swap,
    Unwatching, Version, WatchedLog, names,
};
use rules::RuleSet;
use serde_json::{Value, json};
use sigstore::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use testlog::{SigningKey, TreeLog};
use tlog::Hash;

const TRUSTED_ROOT: &str = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[]}"#;

/// When the first pass is made.
pub(crate) const BEGINS: i64 = 1_795_176_000;

pub(crate) struct SetClock(pub(crate) AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.0.load(Ordering::Relaxed))
    }

    fn uptime(&self) -> core::time::Duration {
        core::time::Duration::ZERO
    }
}

/// A log, how much of it is served, and whether it is watched.
pub(crate) struct Served {
    pub(crate) log: TreeLog,
    pub(crate) size: u64,
    pub(crate) watched: bool,
}

pub(crate) struct World {
    pub(crate) memory: Arc<MemoryStore>,
    /// What the passes and scans see of it.
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) sink: Arc<MemorySink>,
    pub(crate) logs: Mutex<BTreeMap<String, Served>>,
    rules: Mutex<Value>,
}

/// Leaves that are told apart by who made them.
pub(crate) fn log(origin: &str, made_by: &'static str) -> TreeLog {
    let seed = *Hash::of(origin.as_bytes()).as_bytes();
    let mut log = TreeLog::new(origin, SigningKey::ed25519(&seed));
    log.append_made(1_000, Arc::new(move |index| format!("{made_by} {index}").into_bytes()));
    log
}

/// A rule that finds these entries of a log which `made_by` has made.
pub(crate) fn rule(name: &str, made_by: &str, indices: &[u64]) -> Value {
    let digest = |index: &u64| Hash::of(format!("{made_by} {index}").as_bytes()).to_string();
    json!({ "name": name, "match": { "digest": indices.iter().map(digest).collect::<Vec<_>>() } })
}

impl World {
    /// One log, of which nothing is read yet, and one rule.
    pub(crate) fn new() -> World {
        let memory = Arc::new(MemoryStore::new());
        let world = World {
            store: Arc::clone(&memory) as _,
            memory,
            clock: Arc::new(SetClock(AtomicI64::new(BEGINS))),
            sink: Arc::new(MemorySink::new("memory")),
            logs: Mutex::default(),
            rules: Mutex::new(json!([])),
        };
        world.watch("one.example", 300);
        world.rules(&[rule("first", "leaf", &[5])]);
        world
    }

    /// 300 entries are read with one rule; then there is a second one, and 200 more are read with both.
    pub(crate) async fn added() -> World {
        let world = World::new();
        assert_eq!(
            world.pass().await.run.rules_without_past,
            [""; 0],
            "the first rules have no past"
        );
        world.rules(&[rule("first", "leaf", &[5]), rule("second", "leaf", &[7, 400])]);
        assert_eq!(world.grow(500).await, ["second"]);
        world
    }

    pub(crate) fn watch(&self, origin: &str, size: u64) {
        let served = Served {
            log: log(origin, "leaf"),
            size,
            watched: true,
        };
        self.logs.lock().unwrap().insert(origin.to_owned(), served);
    }

    pub(crate) fn change(&self, origin: &str, how: impl FnOnce(&mut Served)) {
        how(self.logs.lock().unwrap().get_mut(origin).unwrap());
    }

    pub(crate) fn rules(&self, rules: &[Value]) {
        *self.rules.lock().unwrap() = json!(rules);
    }

    fn config(&self) -> Value {
        let logs = self.logs.lock().unwrap();
        let item = |served: &Served| json!({ "url": format!("http://{}", served.log.origin()), "kind": "tlog", "origin": served.log.origin(), "key": served.log.vkey(), "from": 0 });
        let logs: Vec<Value> = logs.values().filter(|served| served.watched).map(item).collect();
        json!({ "schema": 1, "logs": logs, "rules": *self.rules.lock().unwrap() })
    }

    fn environment(&self) -> Arc<Environment> {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let (budget, _stop) = Budget::new(Arc::clone(&clock), None);
        let now = clock.now();
        Arc::new(Environment {
            store: Arc::clone(&self.store),
            sinks: vec![Arc::clone(&self.sink) as _],
            clock,
            budget,
            pass: format!("at-{}", now.unix()),
            watcher: Arc::new(Unwatching),
            reports: pass::Reports {
                welcome: false,
                weekly: true,
            },
        })
    }

    /// A pass over every watched log, a minute after the one before.
    pub(crate) async fn pass(&self) -> PassReport {
        self.clock.0.fetch_add(60, Ordering::Relaxed);
        let config = self.config();
        let in_force = InForce {
            settings: Settings::from_value(&config).unwrap(),
            config: serde_json::to_vec(&config).unwrap(),
            fell_back: None,
            read_rules,
        };
        let trust = FixedTrust::from_bytes("a trusted root", TRUSTED_ROOT.as_bytes().to_vec()).unwrap();
        pass::run(self.environment(), in_force, &trust, self).await.unwrap()
    }

    /// A pass over the log as it has grown to this size; the rules that are told.
    pub(crate) async fn grow(&self, size: u64) -> Vec<String> {
        self.change("one.example", |served| served.size = size);
        self.pass().await.run.rules_without_past
    }

    pub(crate) fn deployment(&self) -> Deployment {
        serde_json::from_slice(&self.memory.objects()[names::DEPLOYMENT]).unwrap()
    }

    /// Entries that are left of each log of a rule, as the inventory has it.
    pub(crate) fn listed(&self, rule: &str) -> Vec<(String, u64, u64)> {
        let deployment = self.deployment();
        let rule = deployment.lookback.rules.iter().find(|listed| listed.name == rule);
        let logs = rule.map(|rule| rule.logs.clone()).unwrap_or_default();
        logs.into_iter()
            .map(|(log, left)| (log, left.upto, left.entries))
            .collect()
    }

    pub(crate) fn asking(&self, name: &str) -> (rules::RuleSpec, Asking) {
        let set = RuleSet::compile(pass::rules_in(&self.config()).unwrap()).unwrap();
        let spec = set.specs().iter().find(|rule| rule.name == name).unwrap().clone();
        let asking = Asking::new(&spec, &set, read_rules).unwrap();
        (spec, asking)
    }

    pub(crate) async fn past(&self, name: &str, origin: &str, since: Since) -> Past {
        let (_, mut asking) = self.asking(name);
        pass::past(self.store.as_ref(), origin, &mut asking, since)
            .await
            .unwrap()
    }

    /// The ranges of the only epoch that has any: those that are left, and those that are meant.
    pub(crate) async fn ranges(&self, name: &str, since: Since) -> (Vec<(u64, u64)>, Vec<(u64, u64)>) {
        let past = self.past(name, "one.example", since).await;
        assert!(past.epochs.len() < 2, "{past:?}");
        let all = |ranges: &Ranges| ranges.iter().collect();
        let epoch = past.epochs.first();
        epoch.map_or_else(Default::default, |epoch| (all(&epoch.unasked), all(&epoch.wanted)))
    }

    /// Asks the rule of one log, recording at most so many parts; the entries found, and what it came to.
    pub(crate) async fn ask(
        &self,
        name: &str,
        origin: &str,
        since: Since,
        parts: usize,
    ) -> Result<(Vec<u64>, LookedBack), Fault> {
        self.clock.0.fetch_add(60, Ordering::Relaxed);
        let past = self.past(name, origin, since).await;
        let (spec, _) = self.asking(name);
        let config = self.config();
        let settings = Settings::from_value(&config).unwrap();
        let trust = FixedTrust::from_bytes("a trusted root", TRUSTED_ROOT.as_bytes().to_vec()).unwrap();
        let coverage = pass::coverage(&settings, trust.in_force(), &self.deployment(), self.clock.now()).unwrap();
        let log = coverage.watched.into_iter().find(|log| log.origin == origin).unwrap();
        let source = self.open(&log, LogKind::Tlog).unwrap();
        let authorities = Arc::new(sigstore::Authorities::of(&trust.in_force().root));
        let mut looking = pass::look_back(
            self.environment(),
            (&spec, authorities),
            log,
            LogKind::Tlog,
            source,
            past,
        )
        .await?;
        let mut found = Vec::new();
        for _ in 0..parts {
            let Some(part) = looking.next(&mut |finding, _| found.push(finding.index)).await? else {
                break;
            };
            looking.record(part).await?;
        }
        let looked = looking.looked();
        Ok((found, looked.clone()))
    }

    /// The whole scan, as the command makes it: over these logs, with the inventory at its end.
    pub(crate) async fn scan(&self, name: &str, origins: &[&str], since: Since) -> Vec<u64> {
        let (mut all, mut left) = (Vec::new(), BTreeMap::new());
        for origin in origins {
            let (found, looked) = self.ask(name, origin, since, usize::MAX).await.unwrap();
            assert_eq!(looked.rescan.problem, None);
            left.insert((*origin).to_owned(), looked.left);
            all.extend(found);
        }
        self.take_off(name, &left).await;
        all
    }

    pub(crate) async fn take_off(&self, name: &str, left: &BTreeMap<String, u64>) {
        let (_, asking) = self.asking(name);
        let covered = left.values().all(|left| *left == 0);
        pass::take_off(self.store.as_ref(), &asking.question(), left, covered)
            .await
            .unwrap();
    }
}

fn read_rules(bytes: &[u8]) -> Option<Vec<rules::RuleSpec>> {
    pass::rules_in(&serde_json::from_slice(bytes).ok()?)
}

#[async_trait]
impl Sources for World {
    fn open(&self, log: &WatchedLog, _kind: LogKind) -> Result<Arc<dyn LogSource>, Fault> {
        let logs = self.logs.lock().unwrap();
        let served = &logs[&log.origin];
        let source = OneSource::new(served.log.clone(), served.log.checkpoint(served.size));
        Ok(Arc::new(source))
    }

    async fn probe(&self, _log: &WatchedLog) -> Result<Probed, Fault> {
        unreachable!("the kind is configured")
    }
}

type Meddle = Box<dyn FnOnce(&mut Value) + Send>;

/// A store that writes down what it is asked, and whose inventory another writer may change just before a swap.
pub(crate) struct Watched {
    inner: Arc<MemoryStore>,
    calls: Mutex<Vec<String>>,
    meddle: Mutex<Option<Meddle>>,
}

impl Watched {
    pub(crate) fn new(inner: &Arc<MemoryStore>) -> Self {
        Self {
            inner: Arc::clone(inner),
            calls: Mutex::default(),
            meddle: Mutex::default(),
        }
    }

    pub(crate) fn before_swap(&self, how: impl FnOnce(&mut Value) + Send + 'static) {
        *self.meddle.lock().unwrap() = Some(Box::new(how));
    }

    pub(crate) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    fn note(&self, call: &str, name: &str) {
        self.calls.lock().unwrap().push(format!("{call} {name}"));
    }
}

#[async_trait]
impl Store for Watched {
    fn place(&self) -> String {
        self.inner.place()
    }

    async fn read(&self, name: &str, max_bytes: usize) -> Result<Option<Object>, StoreError> {
        self.note("read", name);
        self.inner.read(name, max_bytes).await
    }

    async fn put_once(&self, name: &str, bytes: &[u8]) -> Result<PutOnce, StoreError> {
        self.note("put", name);
        self.inner.put_once(name, bytes).await
    }

    async fn swap(&self, name: &str, expected: Option<&Version>, bytes: &[u8]) -> Result<Swap, StoreError> {
        self.note("swap", name);
        if name == names::DEPLOYMENT
            && let Some(meddle) = self.meddle.lock().unwrap().take()
        {
            let mut inventory: Value = serde_json::from_slice(&self.inner.objects()[name]).unwrap();
            meddle(&mut inventory);
            self.inner.set(name, Some(serde_json::to_vec(&inventory).unwrap()));
        }
        self.inner.swap(name, expected, bytes).await
    }

    async fn publish(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.note("publish", name);
        self.inner.publish(name, bytes).await
    }

    async fn list(&self, prefix: &str, from: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.note("list", prefix);
        self.inner.list(prefix, from, limit).await
    }
}
