//! The pass: from a checkpoint to a finding to an alert, over its seams.
//!
//! This crate holds the order of the steps, the objects that a deployment keeps, and the seams to the world
//! ([`LogSource`], [`Store`], [`AlertSink`], [`TrustSource`], [`Clock`]), each with an implementation in memory. It
//! knows no HTTP, no file system and no AWS: those implement the seams in the crates above.

mod seams;
pub mod names;
mod ranges;
mod remember;
mod trouble;
mod settings;
mod difference;
mod outline;
mod trust;
mod news;
pub mod record;
pub mod ledger;
mod coverage;
mod discovery;
mod environment;
mod lookback;
mod conditions;
mod measures;
mod report;
mod notices;
mod steps;
mod watch;
mod expected;
mod inventory;
mod one;
mod ending;
mod run;
mod ops;
mod audit;

pub use audit::{Audit, Defect, EpochAudit, audit};
pub use coverage::{Coverage, Observers, Unwatched, WatchedLog, coverage, find, misfits, trust_document};
pub use difference::difference;
pub use discovery::{Discovery, Found, ListedShard, MAX_SHARDS, Probed, Sources, discover, with_shards};
pub use environment::{Budget, Environment, InForce, ReadRules, Reports, StopHandle, Unwatching, Watcher};
pub use measures::{LogMeasures, Measures};
pub use news::TrustOutline;
pub use ops::ask::{LookedBack, LookingBack, Part, look_back, take_off};
pub use ops::decide::{acknowledge, known_logs, restart};
pub use ops::entry::{Standing, leads_to, standing};
pub use ops::past::{Asking, Past, PastEpoch, Since, past};
pub use ops::rescan::{Rescan, rescan};
pub use outline::{Item, Outline};
pub use ranges::Ranges;
pub use remember::Remembering;
pub use report::{LogReport, PassReport, Problem};
pub use run::{run, run_only};
pub use seams::clock::{Clock, SystemClock};
pub use seams::sink::{AlertSink, MemorySink, SinkError};
pub use seams::source::{
    Anchor, EntryStream, Freshness, KEPT_BYTES, LeafBatch, LeafExtra, LogSource, SourceError, SourceErrorKind,
};
pub use seams::store::{MemoryStore, Object, PutOnce, Store, StoreError, StoreErrorKind, Swap, Version, check_name};
pub use seams::view::{StoreView, ViewSource};
pub use settings::{
    CONFIG_SCHEMA, Exclusion, LEDGER_KEY_NAME, LedgerSettings, Limit, Limits, LogKind, LogSettings, MAX_CONFIG_BYTES,
    MAX_REQUESTS, MAX_VIEWS, Position, ReadPolicy, ReportSettings, Settings, TrustChoice, TufChoice, Unmet, ViewKind,
    ViewSettings, WitnessPolicy, parse_duration, rules_in, schema,
};
pub use trouble::{Fault, FaultClass, Outcome, Step, Unproven, Violation, error_chain};
pub use trust::{FixedTrust, GivenTrust, Trust, TrustSource, TufRefusal, TufRepository, TufStanding};
