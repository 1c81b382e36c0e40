//! What every step of a pass shares: the seams, the rules, and the time that is left.

use crate::ledger::Ledgers;
use crate::settings::{ReportSettings, Settings};
use crate::trouble::{Fault, FaultClass};
use crate::{AlertSink, Clock, LogSource, Store, WatchedLog};
use core::time::Duration;
use rules::{RuleSet, RuleSpec};
use std::sync::Arc;
use tlog::Hash;
use tokio::sync::watch;

/// The surroundings of a pass.
pub struct Environment {
    /// Where the record is kept.
    pub store: Arc<dyn Store>,
    /// Where alerts go.
    pub sinks: Vec<Arc<dyn AlertSink>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long the pass may take.
    pub budget: Budget,
    /// The name of this pass, in receipts and reports.
    pub pass: String,
    /// Who is told how far a log is read.
    pub watcher: Arc<dyn Watcher>,
    /// Which words about the deployment itself the sinks are told, unless the configuration says otherwise.
    pub reports: Reports,
}

/// Which words about the deployment itself are told. That the configuration changed is always told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reports {
    /// Once to each sink, when a pass has verified a log: what is watched, and what an alert looks like.
    pub welcome: bool,
    /// Once a week: that it is still watched, with the counts.
    pub weekly: bool,
}

impl Reports {
    /// All: for a deployment that runs by itself.
    pub const SCHEDULED: Self = Self {
        welcome: true,
        weekly: true,
    };

    /// None: for passes that somebody makes and watches.
    pub const NONE: Self = Self {
        welcome: false,
        weekly: false,
    };

    /// These, unless a configuration says otherwise.
    pub(crate) fn unless(self, configured: ReportSettings) -> Self {
        Self {
            welcome: configured.welcome.unwrap_or(self.welcome),
            weekly: configured.weekly.unwrap_or(self.weekly),
        }
    }
}

/// Is told how a pass goes on, for a progress bar. It decides nothing.
pub trait Watcher: Send + Sync {
    /// The cursor of a log is at `position` of `head`.
    fn moved(&self, log: &str, position: u64, head: u64);
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatching;

impl Watcher for Unwatching {
    fn moved(&self, _log: &str, _position: u64, _head: u64) {}
}

/// What is in force during a pass, and its names in the record.
#[derive(Debug)]
pub struct InForce {
    /// The configuration.
    pub settings: Settings,
    /// The bytes that it was read from, for `audit/config/`.
    pub config: Vec<u8>,
    /// Why this is an older configuration than the one that was given, if it is.
    pub fell_back: Option<String>,
    /// Reads the rules of a configuration that was in force before: [`crate::rules_in`] its parsed text.
    pub read_rules: ReadRules,
}

/// The rules that the bytes of a configuration name; `None` if they cannot be read.
pub type ReadRules = fn(&[u8]) -> Option<Vec<RuleSpec>>;

/// One log and what is in force for it.
#[derive(Clone)]
pub(crate) struct LogContext {
    pub(crate) environment: Arc<Environment>,
    pub(crate) log: WatchedLog,
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) authorities: Arc<sigstore::Authorities>,
    pub(crate) ledgers: Arc<Ledgers>,
    pub(crate) trust: Hash,
    pub(crate) config: Hash,
    pub(crate) max_alerts: u64,
}

impl LogContext {
    pub(crate) fn store(&self) -> &dyn Store {
        self.environment.store.as_ref()
    }

    /// Waits for a call that writes nothing, no longer than the pass lasts or [`HEAD_PATIENCE`].
    pub(crate) async fn within_budget<T>(
        &self,
        source: &dyn LogSource,
        call: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        tokio::select! {
            answer = call => answer,
            () = self.environment.budget.spent_for_heads() => {
                let place = source.place();
                let message = format!("{place} did not answer in the time that the pass had; the next pass tries again");
                Err(Fault::new(FaultClass::Source, place, message))
            }
        }
    }

    pub(crate) fn now(&self) -> sigstore::Timestamp {
        self.environment.clock.now()
    }

    /// Whether the log takes no more entries after this checkpoint: it says so, or its server does. A server that says
    /// how large the shard was at its end may still serve an older checkpoint of it.
    pub(crate) fn is_last(&self, checkpoint: &tlog::SignedCheckpoint) -> bool {
        let whole = |shard: &crate::record::Shard| shard.retired && checkpoint.size() >= shard.size;
        checkpoint.checkpoint().is_frozen() || self.log.shard.as_ref().is_some_and(whole)
    }

    /// Whether verifiers accept nothing new of the log.
    pub(crate) fn has_ended(&self) -> bool {
        self.log.has_ended(self.now())
    }

    /// Whether nothing can come of the log any more beyond what was read: it is frozen, or was seen as it stands after
    /// its time, and it was read to its end.
    pub(crate) fn is_final(&self, progress: &crate::record::Progress) -> bool {
        let seen = self.has_ended() && progress.seen_after == self.log.valid.end;
        (progress.frozen || seen) && progress.cursor.position() == progress.head.size
    }
}

/// However short a pass is, what a log serves as its head is waited for so long from its beginning: a head is proven in
/// milliseconds, and a pass without one is worth nothing.
const HEAD_PATIENCE: Duration = Duration::from_secs(1);

/// The time that a pass has, and the wish to stop it sooner.
#[derive(Clone)]
pub struct Budget {
    clock: Arc<dyn Clock>,
    begun: Duration,
    ends: Option<Duration>,
    stop: watch::Receiver<bool>,
}

/// Stops a pass at the next safe moment.
#[derive(Debug, Clone)]
pub struct StopHandle(Arc<watch::Sender<bool>>);

impl StopHandle {
    /// Asks the pass to end: what was proven is committed, nothing new is begun.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// The time that one span may take to collect.
pub(crate) struct Share {
    clock: Arc<dyn Clock>,
    ends: Duration,
}

impl Share {
    pub(crate) fn is_over(&self) -> bool {
        self.clock.uptime() >= self.ends
    }
}

impl Budget {
    /// A budget of `time` from now, or without an end, and the handle that ends it.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, time: Option<Duration>) -> (Self, StopHandle) {
        let (sender, stop) = watch::channel(false);
        let begun = clock.uptime();
        let ends = time.map(|time| begun.saturating_add(time));
        let budget = Self {
            clock,
            begun,
            ends,
            stop,
        };
        (budget, StopHandle(Arc::new(sender)))
    }

    /// Whether nothing new should be begun.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        *self.stop.borrow() || self.ends.is_some_and(|ends| self.clock.uptime() >= ends)
    }

    /// A share of what is left: no more than a third of it, and no more than `most`.
    pub(crate) fn share(&self, most: Duration) -> Share {
        let now = self.clock.uptime();
        let left = self.ends.map_or(most, |ends| ends.saturating_sub(now) / 3);
        Share {
            clock: Arc::clone(&self.clock),
            ends: now.saturating_add(left.min(most)),
        }
    }

    /// Ends when the budget does.
    pub async fn spent(&self) {
        self.over(self.ends).await;
    }

    /// Ends when the budget does, and no sooner than [`HEAD_PATIENCE`] after its beginning unless the pass is stopped.
    pub(crate) async fn spent_for_heads(&self) {
        let least = self.begun.saturating_add(HEAD_PATIENCE);
        self.over(self.ends.map(|ends| ends.max(least))).await;
    }

    async fn over(&self, ends: Option<Duration>) {
        let mut stop = self.stop.clone();
        let left = ends.map(|ends| ends.saturating_sub(self.clock.uptime()));
        let deadline = async move {
            match left {
                Some(left) => tokio::time::sleep(left).await,
                None => core::future::pending().await,
            }
        };
        let stopped = async move {
            // A dropped handle can stop nothing any more.
            if stop.wait_for(|stop| *stop).await.is_err() {
                core::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = deadline => {}
            () = stopped => {}
        }
    }
}
