//! A deployment in memory: store, sinks, clock and configuration; and passes over it that can be stopped in a call.

use super::leaves;
use super::process::Process;
use super::served::Served;
use super::sink::{FaultySink, Taken};
use super::source::FaultySource;
use super::store::{FaultyStore, Onward, state_name};
use super::wire::{Trip, Wire};
use alerts::Alert;
use core::pin::Pin;
use core::time::Duration;
use pass::record::LogState;
use pass::{
    AlertSink, Budget, Clock, Environment, Fault, FixedTrust, InForce, MemoryStore, PassReport, Settings, Store,
    Unwatching,
};
use serde_json::{Value, json};
use sigstore::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use tokio::runtime::Runtime;

/// The sinks; the first is the one whose calls go through the wire.
pub(crate) const SINKS: [&str; 2] = ["first", "second"];

const TRUSTED_ROOT: &str = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[],"ctlogs":[],"certificateAuthorities":[],"timestampAuthorities":[]}"#;

/// A clock that the test sets. Every look at the uptime takes some seconds: with many of them alerts and the state are
/// due after each span, without any only at the end.
pub(crate) struct SetClock {
    now: AtomicI64,
    uptime: AtomicU64,
    look: AtomicU64,
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.now.load(Ordering::Relaxed))
    }

    fn uptime(&self) -> Duration {
        let look = self.look.load(Ordering::Relaxed);
        Duration::from_secs(self.uptime.fetch_add(look, Ordering::Relaxed))
    }
}

/// What lasts from pass to pass.
pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) onward: Arc<Onward>,
    pub(crate) taken: [Taken; 2],
    pub(crate) settings: Value,
    /// What is trusted, as a file says it.
    pub(crate) trusted_root: String,
    clock: Arc<SetClock>,
    passes: AtomicU64,
    /// The process that makes the passes, if it stays warm.
    process: Option<Arc<Process>>,
}

impl World {
    /// An empty store, and a configuration that watches the log of these tests from `from` on.
    pub(crate) fn new(from: &Value) -> Self {
        let vkey = leaves::log(0).vkey();
        let settings = json!({
            "schema": 1,
            "logs": [{"url": "http://log.example.com", "kind": "rekor-v2", "key": vkey, "from": from}],
            "limits": {"unproven_after": "0s"},
            "rules": leaves::rules(),
        });
        Self {
            store: Arc::new(MemoryStore::new()),
            onward: Arc::default(),
            taken: [Taken::default(), Taken::default()],
            settings,
            trusted_root: TRUSTED_ROOT.to_owned(),
            clock: Arc::new(SetClock {
                now: AtomicI64::new(1_800_000_000),
                uptime: AtomicU64::new(0),
                look: AtomicU64::new(11),
            }),
            passes: AtomicU64::new(0),
            process: None,
        }
    }

    /// From now on one process makes the passes and remembers what it read.
    pub(crate) fn warm(self) -> Self {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let process = Some(Process::new(clock));
        Self { process, ..self }
    }

    /// A pass of another process, which has not begun.
    pub(crate) fn elsewhere(&self, served: &Arc<Served>, wire: Wire) -> Running {
        self.wait(60);
        let wire = Arc::new(wire);
        let store = Arc::new(self.faulty(&wire));
        self.running(Box::pin(self.pass_on(served, &wire, store)), wire)
    }

    /// The same world once more.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self {
            settings: self.settings.clone(),
            trusted_root: self.trusted_root.clone(),
            taken: [0, 1].map(|sink: usize| Arc::new(self.taken(sink).into())),
            ..Self::new(&Value::Null)
        };
        for (name, bytes) in self.store.objects() {
            copy.store.set(&name, Some(bytes));
        }
        copy.clock.now.store(self.clock.now().unix(), Ordering::Relaxed);
        let look = self.clock.look.load(Ordering::Relaxed);
        copy.clock.look.store(look, Ordering::Relaxed);
        copy.passes
            .store(self.passes.load(Ordering::Relaxed), Ordering::Relaxed);
        copy
    }

    pub(crate) fn taken(&self, sink: usize) -> Vec<Alert> {
        self.taken[sink].lock().unwrap().clone()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn wait(&self, secs: i64) {
        self.clock.now.fetch_add(secs, Ordering::Relaxed);
    }

    /// From now on a pass takes no time at all.
    pub(crate) fn hurry(self) -> Self {
        self.clock.look.store(0, Ordering::Relaxed);
        self
    }

    /// The state of the log, if there is one.
    pub(crate) fn state(&self) -> Option<LogState> {
        let objects = self.store.objects();
        objects
            .get(&state_name())
            .map(|bytes| serde_json::from_slice(bytes).unwrap())
    }

    /// Head and cursor of the state.
    pub(crate) fn place(&self) -> (u64, u64) {
        let progress = self.state().and_then(|state| state.progress);
        progress.map_or((0, 0), |progress| (progress.head.size, progress.cursor.position()))
    }

    /// A pass in which nothing fails, a minute after the one before.
    pub(crate) fn honest(&self, served: &Arc<Served>) -> PassReport {
        self.wired(served, Wire::new(None)).end().unwrap()
    }

    /// A pass of which one call breaks.
    pub(crate) fn broken(&self, served: &Arc<Served>, trip: Trip) -> Running {
        self.wired(served, Wire::new(Some(trip)))
    }

    /// A pass whose calls go through a wire. It has not begun.
    pub(crate) fn wired(&self, served: &Arc<Served>, wire: Wire) -> Running {
        self.wait(60);
        let wire = Arc::new(wire);
        self.running(Box::pin(self.pass(served, &wire)), wire)
    }

    fn running(&self, pass: Pin<Box<dyn Future<Output = Ended> + Send>>, wire: Arc<Wire>) -> Running {
        Running {
            future: Some(pass),
            ended: None,
            // Whoever waits for nothing but time is told at once that it has passed.
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap(),
            wire,
        }
    }

    /// A pass, for whatever runtime.
    pub(crate) fn pass(
        &self,
        served: &Arc<Served>,
        wire: &Arc<Wire>,
    ) -> impl Future<Output = Result<PassReport, Fault>> + Send + use<> {
        let store = Arc::new(self.faulty(wire));
        let store: Arc<dyn Store> = match &self.process {
            Some(process) => process.through(store),
            None => store,
        };
        self.pass_on(served, wire, store)
    }

    /// The store of this world, as a pass with this wire has it.
    fn faulty(&self, wire: &Arc<Wire>) -> FaultyStore {
        FaultyStore {
            inner: Arc::clone(&self.store),
            wire: Arc::clone(wire),
            onward: Arc::clone(&self.onward),
        }
    }

    fn pass_on(
        &self,
        served: &Arc<Served>,
        wire: &Arc<Wire>,
        store: Arc<dyn Store>,
    ) -> impl Future<Output = Result<PassReport, Fault>> + Send + use<> {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let (budget, handle) = Budget::new(Arc::clone(&clock), None);
        let number = self.passes.fetch_add(1, Ordering::Relaxed);
        let environment = Arc::new(Environment {
            store,
            sinks: self.sinks(wire),
            clock,
            budget,
            pass: format!("pass-{number}"),
            watcher: Arc::new(Unwatching),
            reports: pass::Reports::NONE,
        });
        let in_force = InForce {
            settings: Settings::from_value(&self.settings).unwrap(),
            config: self.settings.to_string().into_bytes(),
            fell_back: None,
            read_rules: local::configuration::rules_of,
        };
        let sources = FaultySource {
            served: Arc::clone(served),
            wire: Arc::clone(wire),
        };
        let trusted_root = self.trusted_root.clone().into_bytes();
        async move {
            let _kept = handle;
            let trust = FixedTrust::from_bytes("trusted_root.json", trusted_root)?;
            pass::run(environment, in_force, &trust, &sources).await
        }
    }

    fn sinks(&self, wire: &Arc<Wire>) -> Vec<Arc<dyn AlertSink>> {
        let sink = |at: usize| -> Arc<dyn AlertSink> {
            Arc::new(FaultySink {
                name: SINKS[at],
                taken: Arc::clone(&self.taken[at]),
                wire: (at == 0).then(|| Arc::clone(wire)),
            })
        };
        vec![sink(0), sink(1)]
    }
}

/// How a pass ended.
type Ended = Result<PassReport, Fault>;

/// A pass under way. Dropping it is what a kill is to a process.
pub(crate) struct Running {
    // Dropped before the runtime that its timers belong to.
    future: Option<Pin<Box<dyn Future<Output = Ended> + Send>>>,
    runtime: Runtime,
    ended: Option<Ended>,
    pub(crate) wire: Arc<Wire>,
}

impl Running {
    /// Goes on to the end (`Some`), or until a call stops (`None`).
    pub(crate) fn go(&mut self) -> Option<Result<PassReport, Fault>> {
        if let Some(future) = self.future.as_mut() {
            let wire = Arc::clone(&self.wire);
            self.ended = self.runtime.block_on(async move {
                tokio::select! {
                    biased;
                    () = wire.stopped() => None,
                    report = future => Some(report),
                }
            });
        }
        if self.ended.is_some() {
            self.future = None;
        }
        self.ended.clone()
    }

    /// Goes on to the end, past a call that has stopped.
    pub(crate) fn end(mut self) -> Result<PassReport, Fault> {
        self.wire.release();
        self.go().unwrap()
    }
}

/// What needs no time: the future's end.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}
