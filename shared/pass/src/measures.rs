//! What a pass measured: a few numbers for the deployment, and the same for each log. For metrics and alarms.
//!
//! All of it follows from what the pass saw and from the record; nothing is written for its sake. A number that the
//! pass cannot know is `None`, never 0.

use crate::record::LogState;
use serde::Serialize;
use sigstore::Timestamp;
use std::collections::BTreeMap;

/// The measures of a pass, each over all logs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Measures {
    /// Entries between cursor and head, of the log where there are most. `None` if no log has a head yet.
    pub lag_entries: Option<u64>,
    /// Seconds since the cursor of a log was at its head, of the log that is behind for longest; 0 if none is behind. The
    /// head is the newest that was proven: what a log has that does not answer is not known.
    pub lag_secs: Option<u64>,
    /// Seconds since a checkpoint of a log was last verified, of the log where that is longest ago; 0 if each was in this
    /// pass. It counts from the first pass that could not, so that it is short by at most the interval of the passes; for
    /// a log that never was, from the moment that it was listed. `None` if no log is watched.
    pub verified_age_secs: Option<u64>,
    /// Whether at least one log was verified, none ended in a fault, and the run itself had none.
    pub verified_pass: bool,
    /// Matches in this pass that nothing allowed.
    pub findings: u64,
    /// Leaves of this pass that no decoder understood.
    pub quarantined: u64,
    /// Logs of which what was served in this pass does not verify.
    pub unproven: u64,
    /// Logs in violation that nobody has acknowledged.
    pub violations: u64,
    /// Logs with an acknowledged violation.
    pub latched: u64,
    /// Alerts that sinks are owed at the end of the pass: each finding that a sink refused for itself, each condition
    /// and each word about the deployment that is due and untold, and **one** for each log and sink whose watermark is
    /// behind the cursor, however many findings wait there. So it is a lower bound, and 0 exactly if nothing is owed.
    pub undelivered: u64,
    /// Logs that ended in a fault, and one for the run if it had one.
    pub faults: u64,
    /// Whether a log or the run is degraded; what is worse has its own measure.
    pub degraded: bool,
    /// Sinks that took no alert.
    pub dead_sinks: u64,
    /// The measures of each log, by origin.
    pub logs: BTreeMap<String, LogMeasures>,
}

/// The measures of one log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LogMeasures {
    /// See [`Measures::lag_entries`].
    pub lag_entries: Option<u64>,
    /// See [`Measures::lag_secs`].
    pub lag_secs: Option<u64>,
    /// See [`Measures::verified_age_secs`].
    pub verified_age_secs: Option<u64>,
    /// See [`Measures::undelivered`].
    pub undelivered: u64,
    /// Whether a checkpoint of it was verified in this pass, or it is frozen and read to its end.
    pub verified: bool,
    /// Whether what it served does not verify.
    pub unproven: bool,
    /// Whether a violation stands that nobody has acknowledged.
    pub violation: bool,
    /// Whether a violation stands that was acknowledged.
    pub latched: bool,
    /// Whether the pass over it ended in a fault, whatever else is worse.
    pub fault: bool,
}

impl LogMeasures {
    /// What a log's state tells. `listed` is when the log was first listed; a partial bundle that is left for a while
    /// (`waits`) is no lag in time.
    pub(crate) fn of(state: &LogState, listed: Timestamp, waits: bool, now: Timestamp) -> Self {
        let since = |moment: Timestamp| u64::try_from(now.seconds_since(moment)).unwrap_or(0);
        let held = |is: fn(&crate::record::Condition) -> bool| state.conditions.iter().any(is);
        let known = Self {
            violation: held(crate::record::Condition::is_loud_violation),
            latched: held(crate::record::Condition::is_latched),
            ..Self::default()
        };
        let Some(progress) = &state.progress else {
            return Self {
                verified_age_secs: Some(since(listed)),
                ..known
            };
        };
        Self {
            lag_entries: Some(progress.head.size.saturating_sub(progress.cursor.position())),
            lag_secs: Some(progress.behind.filter(|_| !waits).map_or(0, since)),
            verified_age_secs: Some(progress.unverified.map_or(0, since)),
            verified: progress.unverified.is_none(),
            ..known
        }
    }
}

impl LogMeasures {
    /// Of a log that could not even be loaded: nothing is known but that.
    pub(crate) fn unloaded() -> Self {
        Self {
            fault: true,
            ..Self::default()
        }
    }
}

impl Measures {
    /// The measures of a pass, of those of its logs. What belongs to the run alone is for the caller to set.
    pub(crate) fn over(logs: BTreeMap<String, LogMeasures>) -> Self {
        let worst = |of: fn(&LogMeasures) -> Option<u64>| logs.values().filter_map(of).max();
        let count = |of: fn(&LogMeasures) -> bool| {
            u64::try_from(logs.values().filter(|log| of(log)).count()).unwrap_or(u64::MAX)
        };
        Self {
            lag_entries: worst(|log| log.lag_entries),
            lag_secs: worst(|log| log.lag_secs),
            verified_age_secs: worst(|log| log.verified_age_secs),
            verified_pass: count(|log| log.verified) > 0 && count(|log| log.fault) == 0,
            unproven: count(|log| log.unproven),
            violations: count(|log| log.violation),
            latched: count(|log| log.latched),
            undelivered: logs.values().map(|log| log.undelivered).fold(0, u64::saturating_add),
            faults: count(|log| log.fault),
            logs,
            ..Self::default()
        }
    }
}
