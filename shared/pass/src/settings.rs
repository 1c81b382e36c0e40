//! The configuration, as the pass understands it.
//!
//! This module turns a parsed document into [`Settings`] and says where it is wrong: every problem carries its path
//! (`logs[1].key`), which the reader of the file turns into line and column. It reads no file and asks nobody.

mod duration;
mod fields;
mod limits;
mod observers;
mod ledgers;
mod logs;
mod trust;
mod schema;

pub use duration::{Limit, parse_duration};
pub use ledgers::{LEDGER_KEY_NAME, LedgerSettings};
pub use limits::{Limits, MAX_REQUESTS};
pub use logs::{LogKind, LogSettings};
pub use observers::{MAX_VIEWS, ReadPolicy, Unmet, ViewKind, ViewSettings, WitnessPolicy};
pub use schema::schema;
pub use trust::{TrustChoice, TufChoice};

use fields::Fields;
use rules::{Diagnostic, MONITORED_VALUES, RuleSet, RuleSpec};
use serde_json::Value;
use sigstore::Timestamp;

/// The newest schema of the configuration that this version reads.
pub const CONFIG_SCHEMA: u64 = 1;

/// The longest text of a configuration: a rule takes about 200 bytes, so this is room for [`rules::MAX_RULES`] and more.
pub const MAX_CONFIG_BYTES: usize = 32 * 1024 * 1024;

/// Single alerts of one rule in one pass, before a digest takes over.
const DEFAULT_MAX_ALERTS: u64 = 100;

/// A configuration that was checked as a whole.
#[derive(Debug)]
pub struct Settings {
    /// Where the logs and their keys come from.
    pub trust: TrustChoice,
    /// Where the logs begin that are listed when the store is created.
    pub from: Position,
    /// Logs beside those of the trusted root, and what differs for these.
    pub logs: Vec<LogSettings>,
    /// Logs of the trusted root that are not watched, and why.
    pub exclude: Vec<Exclusion>,
    /// The policy that holds for every log that has none of its own.
    pub witness_policy: Option<WitnessPolicy>,
    /// Who else looks at the logs.
    pub views: Vec<ViewSettings>,
    /// Where the release process records what is to be expected.
    pub ledgers: Vec<LedgerSettings>,
    /// What holds for every log that says nothing else.
    pub limits: Limits,
    /// Single alerts of one rule in one pass; more become one digest.
    pub max_alerts: u64,
    /// Which words about the deployment itself are told.
    pub reports: ReportSettings,
    /// The rules, compiled: those of `rules`, and behind them those of `monitoredValues`.
    pub rules: RuleSet,
}

/// Where a log's first span begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Position {
    /// At the size of the first proven head.
    Head,
    /// At this index.
    Index(u64),
}

/// A log that is not watched on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    /// The name of the log, or an unambiguous part of it.
    pub log: String,
    /// Why.
    pub reason: String,
    /// The exclusion ends here.
    pub until: Option<Timestamp>,
}

/// Which words about the deployment itself are told; `None` leaves it to how the pass is made: a scheduled deployment
/// tells them, the command does not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReportSettings {
    /// The first word to a sink, with what an alert looks like.
    pub welcome: Option<bool>,
    /// The weekly one.
    pub weekly: Option<bool>,
}

/// The keys at the top of a configuration.
const KEYS: &[&str] = &[
    "schema",
    "trust",
    "from",
    "logs",
    "exclude",
    "witness_policy",
    "views",
    "ledgers",
    "limits",
    "reports",
    "rules",
    MONITORED_VALUES,
];

impl Settings {
    /// Checks a parsed configuration. All problems are found, not only the first.
    ///
    /// # Errors
    /// Every problem with its path and, where a word was mistyped, the nearest known one.
    pub fn from_value(value: &Value) -> Result<Self, Vec<Diagnostic>> {
        if value.is_null() {
            return Err(vec![Diagnostic {
                path: String::new(),
                message: "the configuration is empty; `rekor-sentinel init` writes one".to_owned(),
                suggestion: None,
            }]);
        }
        let mut problems = Vec::new();
        let settings = read(value, &mut problems);
        match settings {
            Some(settings) if problems.is_empty() => Ok(settings),
            _ => Err(problems),
        }
    }
}

impl Settings {
    /// Every witness policy that is named, with its path: their files are read by whoever reads the configuration.
    pub fn policies(&mut self) -> impl Iterator<Item = (String, &mut WitnessPolicy)> {
        let own = self.logs.iter_mut().enumerate();
        let own = own.map(|(at, log)| (format!("logs[{at}].witness_policy"), &mut log.witness_policy));
        let all = ("witness_policy".to_owned(), &mut self.witness_policy);
        let named = core::iter::once(all).chain(own);
        named.filter_map(|(path, policy)| Some((path, policy.as_mut()?)))
    }
}

/// The rules that a parsed configuration names, whatever else it says; `None` if they are wrong.
#[must_use]
pub fn rules_in(value: &Value) -> Option<Vec<RuleSpec>> {
    let of = |key: &str| value.get(key).unwrap_or(&Value::Null);
    rules::specs(of("rules"), of(MONITORED_VALUES)).ok()
}

fn read(value: &Value, problems: &mut Vec<Diagnostic>) -> Option<Settings> {
    let mut top = Fields::open(value, "", KEYS, problems)?;
    read_schema(&mut top);
    let trust = trust::read_trust(&mut top);
    let from = top.position("from").unwrap_or(Position::Head);
    let limits_value = top.take("limits");
    let limits = limits_value.map_or_else(Limits::default, |v| {
        limits::read(v, "limits", limits::FOR_ALL, Limits::default(), top.problems)
    });
    let max_alerts = limits_value
        .and_then(|v| v.get("max_alerts"))
        .and_then(Value::as_u64)
        .unwrap_or(DEFAULT_MAX_ALERTS);
    let logs = logs::read_logs(&mut top, limits);
    let exclude = read_exclusions(&mut top);
    let reports = read_reports(&mut top);
    let witness_policy = observers::read_policy(&mut top);
    let views = observers::read_views(&mut top);
    let ledgers = ledgers::read_ledgers(&mut top);
    let rules = read_rules(&mut top)?;
    top.problems.extend(ledgers::unknown(&rules, &ledgers));
    Some(Settings {
        trust,
        from,
        logs,
        exclude,
        witness_policy,
        views,
        ledgers,
        limits,
        max_alerts,
        reports,
        rules,
    })
}

fn read_schema(top: &mut Fields<'_, '_>) {
    match top.take("schema").map(Value::as_u64) {
        Some(Some(CONFIG_SCHEMA)) => {}
        Some(Some(newer)) if newer > CONFIG_SCHEMA => {
            let message =
                format!("schema {newer} is newer than {CONFIG_SCHEMA}, the newest that this version reads; upgrade");
            top.complain("schema", message, None);
        }
        Some(_) => top.complain("schema", format!("must be {CONFIG_SCHEMA}"), None),
        None => top.complain("", format!("`schema: {CONFIG_SCHEMA}` is missing"), None),
    }
}

const REPORT_KEYS: &[&str] = &["welcome", "weekly"];

const EXCLUSION_KEYS: &[&str] = &["log", "reason", "until"];

fn read_reports(top: &mut Fields<'_, '_>) -> ReportSettings {
    let Some(value) = top.take("reports") else {
        return ReportSettings::default();
    };
    let Some(mut reports) = Fields::open(value, "reports", REPORT_KEYS, top.problems) else {
        return ReportSettings::default();
    };
    let mut wish = |key: &str| {
        let value = reports.take(key)?;
        if value.as_bool().is_none() {
            reports.complain(key, "must be true or false".to_owned(), None);
        }
        value.as_bool()
    };
    ReportSettings {
        welcome: wish("welcome"),
        weekly: wish("weekly"),
    }
}

fn read_exclusions(top: &mut Fields<'_, '_>) -> Vec<Exclusion> {
    let mut exclusions = Vec::new();
    for (path, value) in top.list("exclude") {
        let Some(mut item) = Fields::open(value, &path, EXCLUSION_KEYS, top.problems) else {
            continue;
        };
        let log = item.required("log");
        let reason = item.required("reason");
        let until = item.text("until").and_then(|text| {
            let parsed = rules::date(&text);
            if parsed.is_none() {
                item.complain(
                    "until",
                    format!("`{text}` is no date; write 2026-12-31 or an RFC 3339 time"),
                    None,
                );
            }
            parsed
        });
        if let (Some(log), Some(reason)) = (log, reason) {
            exclusions.push(Exclusion { log, reason, until });
        }
    }
    exclusions
}

fn read_rules(top: &mut Fields<'_, '_>) -> Option<RuleSet> {
    let value = |key: &str| top.take(key).unwrap_or(&Value::Null);
    match rules::read(value("rules"), value(MONITORED_VALUES)) {
        Ok(rules) => Some(rules),
        Err(found) => {
            top.problems.extend(found);
            None
        }
    }
}
