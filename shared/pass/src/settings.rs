//! The configuration, as the pass understands it.
//!
//! This module turns a parsed document into [`Settings`] and says where it is wrong: every problem carries its path
//! (`logs[1].key`), which the reader of the file turns into line and column. It reads no file and asks nobody.

mod duration;
mod fields;
mod logs;
mod schema;

pub use duration::{Limit, parse_duration};
pub use logs::{LogKind, LogSettings};
pub use schema::schema;

use fields::Fields;
use rules::{Diagnostic, RuleSet};
use serde_json::Value;
use sigstore::Timestamp;

/// The newest schema of the configuration that this version reads.
pub const CONFIG_SCHEMA: u64 = 1;

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
    /// What holds for every log that says nothing else.
    pub limits: Limits,
    /// Single alerts of one rule in one pass; more become one digest.
    pub max_alerts: u64,
    /// Which words about the deployment itself are told.
    pub reports: ReportSettings,
    /// The rules, compiled.
    pub rules: RuleSet,
}

/// Where the logs and their keys come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustChoice {
    /// The dated public trusted root that ships inside.
    Public,
    /// A file in Sigstore's trusted-root format; a relative path is meant from the folder of the configuration.
    TrustedRoot(String),
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

/// The times within which the user wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long the cursor may be behind the head, or the log unreachable, before an alert.
    pub max_lag: Limit,
    /// How long the log may go without growth.
    pub no_growth: Limit,
    /// How long served data may fail to verify before an alert.
    pub unproven_after: Limit,
    /// How long a partial bundle may be left unread.
    pub partial_wait: Limit,
    /// How long trusted material may be used after it expired.
    pub trust_grace: Limit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_lag: Limit::After(3_600),
            no_growth: Limit::Never,
            unproven_after: Limit::After(600),
            partial_wait: Limit::After(0),
            trust_grace: Limit::After(3 * 86_400),
        }
    }
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
    "limits",
    "reports",
    "rules",
    "monitoredValues",
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

fn read(value: &Value, problems: &mut Vec<Diagnostic>) -> Option<Settings> {
    let mut top = Fields::open(value, "", KEYS, problems)?;
    read_schema(&mut top);
    let trust = read_trust(&mut top);
    let from = top.position("from").unwrap_or(Position::Head);
    let limits_value = top.take("limits");
    let limits = limits_value.map_or_else(Limits::default, |v| {
        read_limits(v, "limits", LIMIT_KEYS, Limits::default(), &mut top)
    });
    let max_alerts = limits_value
        .and_then(|v| v.get("max_alerts"))
        .and_then(Value::as_u64)
        .unwrap_or(DEFAULT_MAX_ALERTS);
    let logs = logs::read_logs(&mut top, limits);
    let exclude = read_exclusions(&mut top);
    let reports = read_reports(&mut top);
    for key in ["witness_policy", "monitoredValues"] {
        if top.take(key).is_some() {
            top.complain(
                key,
                "this version does not evaluate this block yet; take it out".to_owned(),
                None,
            );
        }
    }
    let rules = read_rules(&mut top)?;
    Some(Settings {
        trust,
        from,
        logs,
        exclude,
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

fn read_trust(top: &mut Fields<'_, '_>) -> TrustChoice {
    let Some(value) = top.take("trust") else {
        return TrustChoice::Public;
    };
    let path = top.path("trust");
    let Some(mut trust) = Fields::open(value, &path, &["trusted_root", "tuf"], top.problems) else {
        return TrustChoice::Public;
    };
    let tuf = trust.take("tuf").is_some();
    if tuf {
        trust.complain(
            "tuf",
            "this version does not read TUF repositories yet; use `trusted_root: FILE`".to_owned(),
            None,
        );
    }
    if !tuf && trust.take("trusted_root").is_none() {
        trust.complain("", "`trusted_root` is missing".to_owned(), None);
    }
    match trust.text("trusted_root") {
        Some(file) => TrustChoice::TrustedRoot(file),
        None => TrustChoice::Public,
    }
}

/// The keys of a log's own `limits`.
const LOG_LIMIT_KEYS: &[&str] = &["max_lag", "no_growth", "unproven_after", "partial_wait", "trust_grace"];

/// The keys of the `limits` for all: `max_alerts` belongs to the whole deployment.
const LIMIT_KEYS: &[&str] = &[
    "max_lag",
    "no_growth",
    "unproven_after",
    "partial_wait",
    "trust_grace",
    "max_alerts",
];

const REPORT_KEYS: &[&str] = &["welcome", "weekly"];

const EXCLUSION_KEYS: &[&str] = &["log", "reason", "until"];

fn read_limits(value: &Value, path: &str, known: &[&str], default: Limits, top: &mut Fields<'_, '_>) -> Limits {
    let Some(mut limits) = Fields::open(value, path, known, top.problems) else {
        return default;
    };
    if let Some(value) = limits.take("max_alerts")
        && value.as_u64().is_none()
    {
        limits.complain("max_alerts", "must be a whole number".to_owned(), None);
    }
    Limits {
        max_lag: limits.limit("max_lag").unwrap_or(default.max_lag),
        no_growth: limits.limit("no_growth").unwrap_or(default.no_growth),
        unproven_after: limits.limit("unproven_after").unwrap_or(default.unproven_after),
        partial_wait: limits.limit("partial_wait").unwrap_or(default.partial_wait),
        trust_grace: limits.limit("trust_grace").unwrap_or(default.trust_grace),
    }
}

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
    let empty = Value::Array(Vec::new());
    let value = top.take("rules").filter(|value| !value.is_null()).unwrap_or(&empty);
    match rules::parse(value).and_then(RuleSet::compile) {
        Ok(rules) => Some(rules),
        Err(found) => {
            top.problems.extend(found);
            None
        }
    }
}
