//! `limits`: within what time the user wants to be told, and how hard a server may be asked.

use super::duration::Limit;
use super::fields::Fields;
use rules::Diagnostic;
use serde_json::Value;

/// What nobody has allowed otherwise: polite towards a public server.
const PUBLIC_REQUESTS: u32 = 8;

/// More than this makes no server faster, and each answer is held in memory.
pub const MAX_REQUESTS: u32 = 64;

/// The times within which the user wants to be told, and how hard a server may be asked.
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
    /// Requests that may be in flight at a Rekor v1 server: 1 to [`MAX_REQUESTS`].
    pub requests: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_lag: Limit::After(3_600),
            no_growth: Limit::Never,
            unproven_after: Limit::After(600),
            partial_wait: Limit::After(0),
            trust_grace: Limit::After(3 * 86_400),
            requests: PUBLIC_REQUESTS,
        }
    }
}

/// The keys of a log's own `limits`.
pub(super) const OF_A_LOG: &[&str] = &[
    "max_lag",
    "no_growth",
    "unproven_after",
    "partial_wait",
    "trust_grace",
    "requests",
];

/// The keys of the `limits` for all: `max_alerts` belongs to the whole deployment.
pub(super) const FOR_ALL: &[&str] = &[
    "max_lag",
    "no_growth",
    "unproven_after",
    "partial_wait",
    "trust_grace",
    "requests",
    "max_alerts",
];

pub(super) fn read(
    value: &Value,
    path: &str,
    known: &[&str],
    default: Limits,
    problems: &mut Vec<Diagnostic>,
) -> Limits {
    let Some(mut limits) = Fields::open(value, path, known, problems) else {
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
        requests: requests(&mut limits).unwrap_or(default.requests),
    }
}

fn requests(limits: &mut Fields<'_, '_>) -> Option<u32> {
    let value = limits.take("requests")?;
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    let allowed = number.filter(|number| (1..=MAX_REQUESTS).contains(number));
    if allowed.is_none() {
        let message =
            format!("must be a whole number from 1 to {MAX_REQUESTS}: requests in flight at a Rekor v1 server");
        limits.complain("requests", message, None);
    }
    allowed
}
