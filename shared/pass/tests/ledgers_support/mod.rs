//! A log in memory that holds releases, a ledger in memory, and passes at any moment.

// Each test program has this module to itself, and not each uses all of it.
#![allow(dead_code)]

use crate::audit_support::{ORIGIN, OneSource};
use async_trait::async_trait;
use pass::ledger::{LedgerRecord, PLAIN, object_name};
use pass::record::{Deployment, Known, LogState};
use pass::{
    AlertSink, Budget, Clock, Environment, Fault, FixedTrust, InForce, LedgerSettings, LogKind, LogSource, MemorySink,
    MemoryStore, Object, PassReport, Probed, PutOnce, Settings, SinkError, Sources, Store, StoreError, StoreErrorKind,
    Swap, Unwatching, Version, WatchedLog, names,
};
use serde_json::{Value, json};
use sigstore::Timestamp;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use testlog::certificate::{Authority, Identity, LeafCertificate};
use testlog::leaf::{self, LeafSigner};
use testlog::{SigningKey, TreeLog};

/// 2026-11-20T12:00:00Z: no day ends while a match waits.
pub(crate) const NOON: i64 = 1_795_176_000;

/// Who releases.
pub(crate) const US: &str = "https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v1";

pub(crate) const MINUTE: i64 = 60;

const TRUSTED_ROOT: &str = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[]}"#;

/// The digest of a release.
pub(crate) fn digest(number: u8) -> String {
    format!("sha256:{}", format!("{number:02x}").repeat(32))
}

pub(crate) fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix(NOON + secs)
}

/// A stopped clock.
struct At(i64);

impl Clock for At {
    fn now(&self) -> Timestamp {
        at(self.0)
    }

    fn uptime(&self) -> core::time::Duration {
        core::time::Duration::ZERO
    }
}

/// What the ledger's seam answers.
#[derive(Clone)]
pub(crate) enum Shown {
    Ledger,
    /// It does not open.
    Closed,
    /// It opens, and fails.
    Broken,
}

pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) ledger: Arc<MemoryStore>,
    pub(crate) log: TreeLog,
    pub(crate) sinks: Vec<Arc<dyn AlertSink>>,
    pub(crate) sink: Arc<MemorySink>,
    pub(crate) shown: Shown,
    /// What differs from the ordinary ledger in the configuration.
    pub(crate) more: Value,
    pub(crate) allow: Value,
    pub(crate) limits: Value,
}

impl World {
    /// A deployment that has watched an empty log since an hour before noon.
    pub(crate) async fn new() -> Self {
        let sink = Arc::new(MemorySink::new("sink"));
        let mut log = TreeLog::new(ORIGIN, SigningKey::ed25519(&[1; 32]));
        log.append(&leaf::unknown("other", "0.0.1"));
        let world = Self {
            store: Arc::new(MemoryStore::new()),
            ledger: Arc::new(MemoryStore::new()),
            log,
            sinks: vec![Arc::clone(&sink) as _],
            sink,
            shown: Shown::Ledger,
            more: json!({}),
            allow: json!([{"ledger": "releases"}]),
            limits: json!({}),
        };
        world.pass(-60 * MINUTE).await;
        world
    }

    /// Appends the entry of a release by somebody, signed at that moment.
    pub(crate) fn release(&mut self, number: u8, who: &str, secs: i64) {
        let identity = Identity::uri(who, "https://issuer.example");
        let before = u64::try_from(at(secs).unix()).unwrap();
        let certificate = Authority::new("acme", &[9; 32]).issue(&LeafCertificate::new(identity, 5, before));
        let leaf = leaf::hashedrekord(&[number; 32], &LeafSigner::certificate(&certificate));
        self.log.append(&leaf);
    }

    /// Puts a record of a release.
    pub(crate) async fn record(&self, number: u8, known: Known, secs: i64) -> String {
        let record = LedgerRecord::new(&[digest(number)], known, at(secs), None).unwrap();
        let bytes = record.to_text().into_bytes();
        let name = object_name(at(secs), record.hex().next().unwrap(), &bytes, PLAIN);
        self.put(&name, &bytes).await;
        name
    }

    pub(crate) async fn put(&self, name: &str, bytes: &[u8]) {
        self.ledger.put_once(name, bytes).await.unwrap();
    }

    fn settings(&self) -> Value {
        let mut ledger = json!({"name": "releases", "place": "memory", "grace": "15m", "window": "1h"});
        let (Value::Object(ledger_map), Value::Object(more)) = (&mut ledger, self.more.clone()) else {
            panic!()
        };
        ledger_map.extend(more);
        json!({
            "schema": 1,
            "from": 0,
            "logs": [{"url": "http://log.example", "kind": "rekor-v2", "origin": ORIGIN, "key": self.log.vkey(), "from": 0}],
            "ledgers": [ledger],
            "limits": self.limits,
            "rules": [{"name": "ours", "match": {"issuer": "https://issuer.example"}, "allow": self.allow}],
        })
    }

    pub(crate) async fn pass(&self, secs: i64) -> PassReport {
        self.pass_on(Arc::clone(&self.store) as _, secs).await.unwrap()
    }

    /// A pass at a moment, over this store.
    pub(crate) async fn pass_on(&self, store: Arc<dyn Store>, secs: i64) -> Result<PassReport, Fault> {
        let clock: Arc<dyn Clock> = Arc::new(At(secs));
        let (budget, _stop) = Budget::new(Arc::clone(&clock), None);
        let environment = Environment {
            store,
            sinks: self.sinks.clone(),
            clock,
            budget,
            pass: format!("pass-{secs}"),
            watcher: Arc::new(Unwatching),
            reports: pass::Reports::NONE,
        };
        let config = self.settings();
        let in_force = InForce {
            settings: Settings::from_value(&config).unwrap(),
            config: serde_json::to_vec(&config).unwrap(),
            fell_back: None,
            read_rules: |bytes| pass::rules_in(&serde_json::from_slice(bytes).ok()?),
        };
        let trust = FixedTrust::from_bytes("a trusted root", TRUSTED_ROOT.as_bytes().to_vec()).unwrap();
        let sources = WithLedger {
            log: OneSource::new(self.log.clone(), self.log.checkpoint(self.log.size())),
            ledger: Arc::clone(&self.ledger) as _,
            shown: self.shown.clone(),
        };
        pass::run(Arc::new(environment), in_force, &trust, &sources).await
    }

    /// Class and title of what the sink was told.
    pub(crate) fn told(&self) -> Vec<alerts::Alert> {
        let is_of_ledgers = |alert: &alerts::Alert| {
            use alerts::Class;
            !matches!(alert.class, Class::Quarantine | Class::ConfigChanged)
        };
        self.sink.taken().into_iter().filter(is_of_ledgers).collect()
    }

    pub(crate) fn names(&self, prefix: &str) -> Vec<String> {
        let names = self.store.objects().into_keys();
        names.filter(|name| name.starts_with(prefix)).collect()
    }

    pub(crate) fn authorised(&self) -> Vec<String> {
        self.names(&format!("audit/{ORIGIN}/authorised/"))
    }

    pub(crate) fn state(&self) -> LogState {
        let name = names::LogFolder::new(ORIGIN, 1).state();
        serde_json::from_slice(&self.store.objects()[&name]).unwrap()
    }

    pub(crate) fn deployment(&self) -> Deployment {
        serde_json::from_slice(&self.store.objects()[names::DEPLOYMENT]).unwrap()
    }
}

/// The log, and the ledger beside it.
struct WithLedger {
    log: OneSource,
    ledger: Arc<dyn Store>,
    shown: Shown,
}

#[async_trait]
impl Sources for WithLedger {
    fn open(&self, log: &WatchedLog, kind: LogKind) -> Result<Arc<dyn LogSource>, Fault> {
        self.log.open(log, kind)
    }

    async fn probe(&self, log: &WatchedLog) -> Result<Probed, Fault> {
        self.log.probe(log).await
    }

    async fn ledger(&self, ledger: &LedgerSettings) -> Result<Arc<dyn Store>, Fault> {
        match self.shown {
            Shown::Ledger => Ok(Arc::clone(&self.ledger)),
            Shown::Closed => Err(Fault {
                class: pass::FaultClass::Store,
                message: format!("no such folder: {}", ledger.place),
                object: None,
            }),
            Shown::Broken => Ok(Arc::new(Dying::after(Arc::clone(&self.ledger), 0))),
        }
    }
}

/// A store that fails from its `n`-th call on, as if the process had ended there.
pub(crate) struct Dying {
    store: Arc<dyn Store>,
    left: AtomicUsize,
}

impl Dying {
    pub(crate) fn after(store: Arc<dyn Store>, calls: usize) -> Self {
        Self {
            store,
            left: AtomicUsize::new(calls),
        }
    }

    fn call(&self, object: &str) -> Result<(), StoreError> {
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(drop).map_err(|_| StoreError {
            object: object.to_owned(),
            kind: StoreErrorKind::Io("gone".into()),
        })
    }

    /// Whether it failed.
    pub(crate) fn is_dead(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

#[async_trait]
impl Store for Dying {
    fn place(&self) -> String {
        self.store.place()
    }

    async fn read(&self, name: &str, max_bytes: usize) -> Result<Option<Object>, StoreError> {
        self.call(name)?;
        self.store.read(name, max_bytes).await
    }

    async fn put_once(&self, name: &str, bytes: &[u8]) -> Result<PutOnce, StoreError> {
        self.call(name)?;
        self.store.put_once(name, bytes).await
    }

    async fn swap(&self, name: &str, expected: Option<&Version>, bytes: &[u8]) -> Result<Swap, StoreError> {
        self.call(name)?;
        self.store.swap(name, expected, bytes).await
    }

    async fn publish(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.call(name)?;
        self.store.publish(name, bytes).await
    }

    async fn list(&self, prefix: &str, from: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.call(prefix)?;
        self.store.list(prefix, from, limit).await
    }
}

/// A sink that takes nothing until it is woken.
pub(crate) struct Sleeping {
    inner: MemorySink,
    awake: Mutex<bool>,
}

impl Sleeping {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            inner: MemorySink::new(name),
            awake: Mutex::new(false),
        }
    }

    pub(crate) fn wake(&self) {
        *self.awake.lock().unwrap() = true;
    }

    pub(crate) fn sleep(&self) {
        *self.awake.lock().unwrap() = false;
    }

    pub(crate) fn taken(&self) -> Vec<alerts::Alert> {
        self.inner.taken()
    }
}

#[async_trait]
impl AlertSink for Sleeping {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn deliver(&self, alert: &alerts::Alert) -> Result<(), SinkError> {
        if *self.awake.lock().unwrap() {
            return self.inner.deliver(alert).await;
        }
        Err(SinkError {
            sink: self.name().to_owned(),
            alert: alert.id.clone(),
            source: "asleep".into(),
        })
    }
}

/// What is known of us.
pub(crate) fn us() -> Known {
    Known {
        identity: Some(US.to_owned()),
        ..Known::default()
    }
}

/// What the sink was told, which must be of these classes.
#[track_caller]
pub(crate) fn told(world: &World, expect: &[alerts::Class]) -> Vec<alerts::Alert> {
    let told = world.told();
    let classes: Vec<alerts::Class> = told.iter().map(|alert| alert.class).collect();
    assert_eq!(
        classes,
        expect,
        "{:?}",
        told.iter().map(|alert| &alert.title).collect::<Vec<_>>()
    );
    told
}
