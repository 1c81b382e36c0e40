//! A record in memory, made by real passes over a log in memory, and the hands that forge it.

// Each test program has this module to itself, and not each uses all of it.
#![allow(dead_code, unused_imports)]

mod late;
mod source;

pub(crate) use late::Late;
pub(crate) use source::{OneSource, inclusion};

use pass::names::{self, LogFolder};
use pass::record::{LogState, Receipt};
use pass::{
    Audit, Budget, Clock, Defect, Environment, FixedTrust, InForce, MemoryStore, Outcome, Position, Settings, Store,
    Unwatching,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sigstore::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use testlog::{SigningKey, TreeLog};
use tlog::{Hash, VerifierKey};

pub(crate) const ORIGIN: &str = "log.example";

/// A trusted root that names no log.
const TRUSTED_ROOT: &str = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[]}"#;

/// A log, a store, and the key that the configuration names.
pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) log: TreeLog,
}

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(1_795_176_000)
    }

    fn uptime(&self) -> core::time::Duration {
        core::time::Duration::ZERO
    }
}

/// The log with the same leaves, signed by another key.
pub(crate) fn log(seed: u8) -> TreeLog {
    let mut log = TreeLog::new(ORIGIN, SigningKey::ed25519(&[seed; 32]));
    log.append_made(1_000, Arc::new(|index| format!("leaf {index}").into_bytes()));
    log
}

pub(crate) fn key(log: &TreeLog) -> VerifierKey {
    VerifierKey::from_vkey(&log.vkey()).unwrap()
}

pub(crate) fn folder() -> LogFolder {
    LogFolder::new(ORIGIN, 1)
}

/// A defect.
pub(crate) fn defect(object: &str, what: &str) -> Defect {
    Defect {
        object: object.to_owned(),
        what: what.to_owned(),
    }
}

impl World {
    /// A record of two passes: 300 entries, then 700, with a finding in each.
    pub(crate) async fn new() -> World {
        let world = World {
            store: Arc::new(MemoryStore::new()),
            log: log(1),
        };
        world.pass(300).await;
        world.pass(700).await;
        world
    }

    /// A pass over the first `size` leaves.
    pub(crate) async fn pass(&self, size: u64) {
        let checkpoint = self.log.checkpoint(size);
        assert_eq!(self.pass_served(checkpoint).await, Outcome::Findings, "{size}");
    }

    /// A pass that is served this checkpoint.
    pub(crate) async fn pass_served(&self, checkpoint: String) -> Outcome {
        let digest = |index: u64| Hash::of(&self.log.leaf(index).unwrap()).to_string();
        let config = json!({
            "schema": 1,
            "logs": [{ "url": "http://log.example", "kind": "tlog", "origin": ORIGIN, "key": self.log.vkey(), "from": 0 }],
            "rules": [{ "name": "ours", "match": { "digest": [digest(5), digest(400), digest(800)] } }],
        });
        let clock: Arc<dyn Clock> = Arc::new(Stopped);
        let (budget, _stop) = Budget::new(Arc::clone(&clock), None);
        let environment = Environment {
            store: Arc::clone(&self.store) as _,
            sinks: Vec::new(),
            clock,
            budget,
            pass: "a-pass".to_owned(),
            watcher: Arc::new(Unwatching),
            reports: pass::Reports::NONE,
        };
        let in_force = InForce {
            settings: Settings::from_value(&config).unwrap(),
            config: serde_json::to_vec(&config).unwrap(),
            fell_back: None,
            read_rules: |bytes| pass::rules_in(&serde_json::from_slice(bytes).ok()?),
        };
        let trust = FixedTrust::from_bytes("a trusted root", TRUSTED_ROOT.as_bytes().to_vec()).unwrap();
        let source = OneSource::new(self.log.clone(), checkpoint);
        let report = pass::run(Arc::new(environment), in_force, &trust, &source).await;
        report.unwrap().outcome()
    }

    /// Begins a second epoch, of 900 entries.
    pub(crate) async fn restart(&self) {
        let (store, at) = (self.store.as_ref(), Position::Index(700));
        pass::restart(store, ORIGIN, at, "me".to_owned(), "why".to_owned(), Stopped.now())
            .await
            .unwrap();
        self.pass(900).await;
    }

    pub(crate) async fn audit(&self) -> Audit {
        self.audit_of(self.store.as_ref()).await
    }

    pub(crate) async fn audit_of(&self, store: &dyn Store) -> Audit {
        let keys = BTreeMap::from([(ORIGIN.to_owned(), vec![key(&self.log)])]);
        pass::audit(store, &keys).await.unwrap()
    }

    /// Asserts that these are all defects.
    pub(crate) async fn shows(&self, defects: &[Defect]) {
        assert_eq!(self.audit().await.defects, defects);
    }

    pub(crate) fn remove(&self, name: &str) -> Vec<u8> {
        let bytes = self.store.objects().remove(name).expect(name);
        self.store.set(name, None);
        bytes
    }

    pub(crate) fn read<T: DeserializeOwned>(&self, name: &str) -> T {
        serde_json::from_slice(self.store.objects().get(name).expect(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, document: &impl Serialize) {
        self.store.set(name, Some(serde_json::to_vec(document).unwrap()));
    }

    /// Changes an object as JSON.
    pub(crate) fn forge(&self, name: &str, how: impl FnOnce(&mut Value)) {
        let mut value: Value = self.read(name);
        how(&mut value);
        self.write(name, &value);
    }

    /// The names that start with a prefix.
    pub(crate) fn names(&self, prefix: &str) -> Vec<String> {
        let names = self.store.objects().into_keys();
        names.filter(|name| name.starts_with(prefix)).collect()
    }

    /// The last receipt of the first epoch.
    pub(crate) fn last(&self) -> (String, Receipt) {
        let name = self.names(&folder().receipts()).pop().unwrap();
        let receipt = self.read(&name);
        (name, receipt)
    }

    /// Forges the last receipt, and with it everything that names its hash.
    pub(crate) fn forge_last(&self, how: impl FnOnce(&mut Receipt)) -> String {
        let (name, mut receipt) = self.last();
        how(&mut receipt);
        self.write(&name, &receipt);
        let tip = Hash::of(&self.store.objects()[&name]);
        let mut state: LogState = self.read(&folder().state());
        state.progress.as_mut().unwrap().cursor.tip = tip;
        self.write(&folder().state(), &state);
        self.forge(names::TIP, |tips| tips["logs"][ORIGIN]["tip"] = json!(tip));
        name
    }

    /// The name of the head of this size.
    pub(crate) fn head(&self, size: u64) -> String {
        folder().checkpoint(size, &self.log.root(size).unwrap())
    }
}
