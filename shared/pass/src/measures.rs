//! What a pass measured: a few numbers for the deployment, and the same for each log. For metrics and alarms.
//!
//! All of it follows from what the pass saw and from the record; nothing is written for its sake. A number that the
//! pass cannot know is `None`, never 0.

use serde::Serialize;
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
    /// Whether something degrades the watch, whatever else is worse.
    pub degraded: bool,
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
}
