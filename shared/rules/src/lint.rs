//! The lint: rules that are well formed and probably not meant.
//!
//! It refuses nothing. What it says of contradictions and of rules that swallow each other is proven, never guessed: where
//! it is silent, it may only not be certain. What it says of patterns that are too broad comes with a value that they
//! match. Of issuers and identities it says what Sigstore's public certificate authority does.

mod remark;
mod located;
mod covers;
mod logic;
mod sample;
mod dots;
mod issuers;
mod outsiders;
mod spelling;
mod extensions;
mod forms;
mod breadth;
mod reach;
mod conflicts;
mod rule;
mod pairs;
mod logs;

pub use logs::{LogName, lint_logs};
pub use remark::{Lint, LintId, Weight};

use crate::configured::place_of_watched;
use crate::monitored::monitored;
use crate::set::RuleSet;
use covers::{Budget, Budgets};
use serde_json::Value;
use sigstore::Timestamp;

/// Steps of comparison in all: some seconds.
const STEPS: u64 = 1 << 28;

/// What is to be said of the rules, in their order. `written` is the list that they were read from, whose places the paths
/// are of; without it they are those of the specs as they serialise. `now` is when allowances have ended.
#[must_use]
pub fn lint(rules: &RuleSet, written: &Value, now: Timestamp) -> Vec<Lint> {
    let budgets = Budgets {
        compared: Budget::new(STEPS),
        asked: Budget::new(STEPS),
    };
    let mut lints = Vec::new();
    let mut reachable = Vec::with_capacity(rules.len());
    for (at, spec) in rules.specs().iter().enumerate() {
        let located = located::rule(spec, at, written.get(at));
        reachable.push(rule::lint(&located, now, &budgets, &mut lints));
    }
    pairs::lint(rules, &reachable, now, &budgets.compared, &mut lints);
    if budgets.compared.is_spent() || budgets.asked.is_spent() {
        let message = "are so many, or so large, that not all of them were compared with each other";
        lints.push(Lint::note(LintId::Unfinished, "rules", message));
    }
    lints
}

/// What is to be said of all rules of a configuration: of those that `monitoredValues` says at the value that each is made
/// of. Both values are what [`read`](crate::read) read the rules from.
#[must_use]
pub fn lint_configured(rules: &RuleSet, written: &Value, monitored_values: &Value, now: Timestamp) -> Vec<Lint> {
    let mut lints = lint(rules, written, now);
    let watched = monitored(monitored_values).unwrap_or_default();
    let own = written.as_array().map_or(0, Vec::len);
    if !watched.is_empty() {
        for lint in &mut lints {
            if let Some(path) = place_of_watched(&lint.path, own, &watched) {
                lint.path = path;
            }
        }
    }
    lints
}
