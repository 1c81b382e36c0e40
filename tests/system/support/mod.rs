//! A whole deployment in one process: the real pass over real HTTP, with store, sinks and clock in the test's hands.
//!
//! A [`Stage`] holds the configuration and what a deployment keeps between passes. [`Stage::pass`] makes one pass over
//! every log that was put on it and then checks what must hold after any pass whatever: the record is whole
//! (`pass::audit`), receipts continue each other without gap or overlap, and neither head nor cursor moved back.
//!
//! ```ignore
//! let server = support::server();
//! let log = server.log("a");
//! log.grow(300);
//! let mut stage = Stage::new();
//! stage.watch(&log);                       // from 0; `watch_with` sets `from`, `limits`, `url`
//! let report = stage.pass().await;
//! assert_eq!(line(&report, &log).outcome, Outcome::Clean);
//! assert_eq!(stage.alerts(), []);
//! ```
//!
//! Other stores, sinks and sources take the place of these through the fields of the stage and [`Stage::wrap`].

// Each test program has this module to itself, and not each uses all of it.
#![allow(dead_code, unused_imports)]

mod clock;
mod findings;
mod network;
mod record;
mod trusting;

pub(crate) use clock::{SetClock, StopAfterSpans};
pub(crate) use findings::{MAINTAINER, RELEASE, check_findings, release_rule, releases};
pub(crate) use network::{Network, Wrap};
pub(crate) use record::Kept;
pub(crate) use trusting::{DAY, Trusting, later};

use alerts::{Alert, Class, Phase};
use pass::{
    AlertSink, Budget, Environment, FixedTrust, InForce, LogReport, MemorySink, MemoryStore, PassReport, Settings,
    Store, TrustSource, Unwatching, Watcher,
};
use serde_json::{Value, json};
use stage::hostile::{HostedLog, Hostile, Instead, Rule, Target};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tlog::VerifierKey;

/// When a stage begins: 2026-11-20, 12:00.
pub(crate) const BEGINNING: i64 = 1_795_176_000;

/// A trusted root that names no log: only what a test puts on its stage is watched.
const TRUSTED_ROOT: &str = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[]}"#;

/// A deployment.
pub(crate) struct Stage {
    /// The store in memory; what a pass uses unless `other_store` is set.
    pub(crate) store: Arc<MemoryStore>,
    /// A store that a pass uses instead, perhaps one that fails on its way to `store`.
    pub(crate) other_store: Option<Arc<dyn Store>>,
    /// The first of `sinks`.
    pub(crate) sink: Arc<MemorySink>,
    /// Where alerts go.
    pub(crate) sinks: Vec<Arc<dyn AlertSink>>,
    /// What time it is.
    pub(crate) clock: Arc<SetClock>,
    /// The configuration, as its YAML would parse. Without `rules` a rule stands in that matches nothing.
    pub(crate) config: Value,
    /// The texts of the witness policies that the configuration names.
    pub(crate) policies: BTreeMap<String, String>,
    /// What is trusted; without it a root that names no log.
    pub(crate) trust: Option<Arc<dyn TrustSource>>,
    /// The time of a pass.
    pub(crate) deadline: Option<Duration>,
    /// A pass ends after so many committed spans of one log.
    pub(crate) stop_after_spans: Option<u64>,
    network: Network,
    keys: BTreeMap<String, Vec<VerifierKey>>,
    /// For every log: epoch, head and cursor as of the last checked pass.
    places: Mutex<BTreeMap<String, (u32, u64, u64)>>,
    passes: AtomicU64,
}

impl Stage {
    /// An empty store, one sink, nobody to watch, and a rule that matches nothing.
    pub(crate) fn new() -> Stage {
        let sink = Arc::new(MemorySink::new("memory"));
        Stage {
            store: Arc::new(MemoryStore::new()),
            other_store: None,
            sinks: vec![Arc::clone(&sink) as Arc<dyn AlertSink>],
            sink,
            clock: Arc::new(SetClock::new(BEGINNING)),
            config: json!({ "schema": 1, "logs": [], "rules": [rule("nobody", &json!({"san": "nobody@nowhere.example"}))] }),
            policies: BTreeMap::new(),
            trust: None,
            deadline: None,
            stop_after_spans: None,
            network: Network::new(),
            keys: BTreeMap::new(),
            places: Mutex::default(),
            passes: AtomicU64::new(0),
        }
    }

    /// Watches a log of Rekor v2 leaves from 0.
    pub(crate) fn watch(&mut self, log: &HostedLog) {
        self.watch_with(log, json!({ "from": 0 }));
    }

    /// Watches a log; `more` adds to its item of `logs:` or replaces what stands there, and `null` takes it out.
    pub(crate) fn watch_with(&mut self, log: &HostedLog, more: Value) {
        let mut item = json!({ "url": log.url(), "kind": "rekor-v2", "origin": log.origin(), "key": log.vkey() });
        let (Value::Object(fields), Value::Object(more)) = (&mut item, more) else {
            panic!("`more` is an object")
        };
        fields.extend(more);
        fields.retain(|_, value| !value.is_null());
        let listed = self.config["logs"].as_array_mut().unwrap();
        listed.retain(|known| known["origin"] != json!(log.origin()));
        listed.push(item);
        self.keys.insert(log.origin(), vec![key(log)]);
    }

    /// Knows the key of a log that the trust lists, for the checks after each pass.
    pub(crate) fn knows(&mut self, log: &HostedLog) {
        self.keys.insert(log.origin(), vec![key(log)]);
    }

    /// Takes a log out of the configuration; its record stays.
    pub(crate) fn forget(&mut self, log: &HostedLog) {
        let listed = self.config["logs"].as_array_mut().unwrap();
        listed.retain(|known| known["origin"] != json!(log.origin()));
    }

    /// Replaces all rules.
    pub(crate) fn rules(&mut self, rules: Value) {
        self.config["rules"] = rules;
    }

    /// Sets limits that hold for every log that says nothing else.
    pub(crate) fn limits(&mut self, limits: Value) {
        self.config["limits"] = limits;
    }

    /// One pass that takes the log's checkpoint and has no time left to read an entry: the log is silent until then.
    pub(crate) async fn pass_without_reading(&mut self, log: &HostedLog) -> PassReport {
        let silence = log.behave(Rule::new(Target::Entries, Instead::Hang));
        self.deadline = Some(Duration::from_millis(600));
        let report = self.pass().await;
        self.deadline = None;
        log.remove(silence);
        report
    }

    /// Stands between the pass and every log.
    pub(crate) fn wrap(&mut self, wrap: Wrap) {
        self.network.wrap(wrap);
    }

    /// One pass, and the checks of what must hold after any pass.
    pub(crate) async fn pass(&self) -> PassReport {
        let report = self.pass_unchecked().await.unwrap();
        self.check().await;
        report
    }

    /// One pass as it comes.
    pub(crate) async fn pass_unchecked(&self) -> Result<PassReport, pass::Fault> {
        let config = serde_json::to_vec(&self.config).unwrap();
        let mut settings = Settings::from_value(&self.config).unwrap_or_else(|problems| panic!("{problems:?}"));
        for (_, named) in settings.policies() {
            let text = self.policies[&named.file].clone();
            let policy = tlog::Policy::parse(text.as_bytes()).unwrap();
            named.read = Some(Arc::new(pass::ReadPolicy { text, policy }));
        }
        let in_force = InForce {
            settings,
            config,
            fell_back: None,
            read_rules: local::configuration::rules_of,
        };
        let trust = FixedTrust::from_bytes("the test's trusted root", TRUSTED_ROOT.as_bytes().to_vec()).unwrap();
        let clock: Arc<dyn pass::Clock> = Arc::clone(&self.clock) as _;
        let (budget, stop) = Budget::new(Arc::clone(&clock), self.deadline);
        let watcher: Arc<dyn Watcher> = match self.stop_after_spans {
            Some(spans) => Arc::new(StopAfterSpans::new(spans, stop)),
            None => Arc::new(Unwatching),
        };
        let store = self.other_store.clone().unwrap_or_else(|| Arc::clone(&self.store) as _);
        let number = self.passes.fetch_add(1, Ordering::Relaxed) + 1;
        let environment = Environment {
            store,
            sinks: self.sinks.clone(),
            clock,
            budget,
            pass: format!("pass-{number}"),
            watcher,
            reports: pass::Reports::NONE,
        };
        let trust = self.trust.clone().unwrap_or_else(|| Arc::new(trust));
        pass::run(Arc::new(environment), in_force, trust.as_ref(), &self.network).await
    }

    /// What must hold after any pass: the record is whole, and nothing moved back.
    pub(crate) async fn check(&self) {
        let audit = pass::audit(self.store.as_ref(), &self.keys).await.unwrap();
        assert_eq!(audit.defects, [], "the record has defects");
        for origin in self.keys.keys() {
            let Some(place) = self.kept(origin).check() else {
                continue;
            };
            let before = self.places.lock().unwrap().insert(origin.clone(), place);
            let (epoch, head, cursor) = before.unwrap_or_default();
            let forward = place.0 > epoch || (place.0 == epoch && place.1 >= head && place.2 >= cursor);
            assert!(
                forward,
                "{origin} moved back: (epoch, head, cursor) was {before:?} and is {place:?}"
            );
        }
    }

    /// Puts the store back to what it held once; only then may anything move back.
    pub(crate) fn restore(&self, objects: &BTreeMap<String, Vec<u8>>) {
        for name in self.store.objects().keys().filter(|name| !objects.contains_key(*name)) {
            self.store.set(name, None);
        }
        for (name, bytes) in objects {
            self.store.set(name, Some(bytes.clone()));
        }
        self.places.lock().unwrap().clear();
    }

    /// What the store holds of a log.
    pub(crate) fn kept(&self, origin: &str) -> Kept {
        Kept::new(Arc::clone(&self.store), origin)
    }

    /// Every alert that the sink was given, as (class, phase).
    pub(crate) fn alerts(&self) -> Vec<(Class, Phase)> {
        phases(&self.sink.taken())
    }

    /// The alerts of one class that the sink was given.
    pub(crate) fn alerts_of(&self, class: Class) -> Vec<Alert> {
        let mut taken = self.sink.taken();
        taken.retain(|alert| alert.class == class);
        taken
    }
}

/// A hostile log server. It is started on a thread of its own because it waits for its runtime, which no asynchronous
/// test may do.
pub(crate) fn server() -> Hostile {
    std::thread::spawn(Hostile::start).join().unwrap().unwrap()
}

/// The class and phase of each alert.
pub(crate) fn phases(alerts: &[Alert]) -> Vec<(Class, Phase)> {
    alerts.iter().map(|alert| (alert.class, alert.phase)).collect()
}

/// The line of a log.
pub(crate) fn line<'a>(report: &'a PassReport, log: &HostedLog) -> &'a LogReport {
    let origin = log.origin();
    let mut lines = report.logs.iter().filter(|line| line.log.as_deref() == Some(&origin));
    let only = lines.next().unwrap_or_else(|| panic!("no line of {origin}"));
    assert!(lines.next().is_none(), "two lines of {origin}");
    only
}

/// The key of a log.
pub(crate) fn key(log: &HostedLog) -> VerifierKey {
    VerifierKey::from_vkey(&log.vkey()).unwrap()
}

/// A rule that allows nothing.
pub(crate) fn rule(name: &str, matches: &Value) -> Value {
    json!({ "name": name, "match": matches })
}
