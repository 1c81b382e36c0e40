//! **report**: what a pass came to, one line for each log and one for the run.

use crate::measures::Measures;
use crate::record::HeadRef;
use crate::trouble::{Fault, Outcome};
use serde::{Serialize, Serializer};
use sigstore::Timestamp;

/// What became of one log, or of the run as a whole.
#[derive(Debug, Clone, Serialize)]
pub struct LogReport {
    /// The schema of this line.
    pub schema: u32,
    /// The pass.
    pub pass: String,
    /// When the report was made.
    pub time: Timestamp,
    /// The log; `None` for the run.
    pub log: Option<String>,
    /// The worst that happened.
    pub outcome: Outcome,
    /// The newest proven checkpoint.
    pub head: Option<HeadRef>,
    /// Up to where every entry was read and proven.
    pub cursor: Option<u64>,
    /// Entries read and proven in this pass.
    pub scanned: u64,
    /// Matches in this pass that nothing allowed; what is left to a ledger counts once it is told.
    pub findings: u64,
    /// Matches in this pass that their rule allows.
    pub allowed: u64,
    /// Findings that a ledger was found to explain in this pass.
    #[serde(skip_serializing_if = "is_zero")]
    pub authorised: u64,
    /// Findings that wait for a record of a ledger.
    #[serde(skip_serializing_if = "is_zero")]
    pub waiting: u64,
    /// Leaves of this pass that no decoder understood.
    pub quarantined: u64,
    /// Whether the log served an older, consistent checkpoint.
    pub stale: bool,
    /// Whether an acknowledged violation stands.
    pub latched: bool,
    /// Logs that verifiers accept and that are not watched; on the line of the run.
    pub unwatched: Vec<String>,
    /// Rules that have not been asked of everything that was read before them; on the line of the run.
    pub rules_without_past: Vec<String>,
    /// Why the outcome is what it is, unless it is clean or findings.
    #[serde(serialize_with = "error")]
    pub error: Option<Problem>,
    /// Violations that this pass found and the record did not know. Not part of the line's contract.
    #[serde(skip)]
    pub new_violations: u64,
    /// Further words for people: what else is worth knowing. Not part of the line's contract.
    pub notes: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// A word for programs.
    pub class: String,
    /// A sentence for people.
    pub message: String,
    /// The object, URL or evidence that it is about.
    pub object: Option<String>,
}

fn error<S: Serializer>(problem: &Option<Problem>, serializer: S) -> Result<S::Ok, S::Error> {
    problem.serialize(serializer)
}

impl From<&Fault> for Problem {
    fn from(fault: &Fault) -> Self {
        let class = serde_json::to_value(fault.class)
            .ok()
            .and_then(|class| class.as_str().map(str::to_owned));
        Self {
            class: class.unwrap_or_default(),
            message: fault.message.clone(),
            object: fault.object.clone(),
        }
    }
}

impl LogReport {
    /// A clean report with nothing in it.
    #[must_use]
    pub fn new(pass: &str, time: Timestamp, log: Option<&str>) -> Self {
        Self {
            schema: crate::record::SCHEMA,
            pass: pass.to_owned(),
            time,
            log: log.map(str::to_owned),
            outcome: Outcome::Clean,
            head: None,
            cursor: None,
            scanned: 0,
            findings: 0,
            allowed: 0,
            authorised: 0,
            waiting: 0,
            quarantined: 0,
            stale: false,
            latched: false,
            unwatched: Vec::new(),
            rules_without_past: Vec::new(),
            error: None,
            new_violations: 0,
            notes: Vec::new(),
        }
    }

    /// Makes the outcome at least `outcome`; the problem of the worst is the one that is named.
    pub fn worsen(&mut self, outcome: Outcome, problem: Option<Problem>) {
        if outcome > self.outcome || (outcome == self.outcome && self.error.is_none()) {
            self.error = problem.or(self.error.take());
        }
        self.outcome = self.outcome.max(outcome);
    }
}

/// What a pass came to.
#[derive(Debug, Clone)]
pub struct PassReport {
    /// One for each log, by name.
    pub logs: Vec<LogReport>,
    /// The run as a whole.
    pub run: LogReport,
    /// What was measured.
    pub measures: Measures,
}

impl PassReport {
    /// The worst outcome of all.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.logs
            .iter()
            .map(|log| log.outcome)
            .fold(self.run.outcome, Outcome::max)
    }

    /// Whether the pass was complete: a log was verified, nothing ended in a fault, and every sink is alive. A finding, a
    /// violation or what does not verify takes nothing from it: these were seen, and were told.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.measures.verified_pass && self.measures.dead_sinks == 0
    }

    /// What makes the pass a failure for who only sees whether it succeeded: a log was found to contradict itself, the
    /// store or the configuration failed, our own code did, or every log ended in a fault. A violation that was found
    /// before is none, nor is one log among others that could not be read: these have their alerts and measures.
    #[must_use]
    pub fn failure(&self) -> Option<Problem> {
        let ours = ["store", "configuration", "trust", "internal"];
        let is_ours = |problem: &&Problem| ours.contains(&problem.class.as_str());
        let lines = self.logs.iter().chain([&self.run]);
        let faults = lines.filter(|line| line.outcome == Outcome::Fault);
        let found = self.logs.iter().find(|log| log.new_violations > 0);
        let nothing = !self.logs.is_empty() && self.logs.iter().all(|log| log.outcome == Outcome::Fault);
        found
            .and_then(|log| log.error.clone())
            .or_else(|| faults.filter_map(|line| line.error.as_ref()).find(is_ours).cloned())
            .or_else(|| self.run.error.clone().filter(|_| nothing))
    }
}
