//! All rules of a configuration: those under `rules`, and behind them those that `monitoredValues` says.
//!
//! The two are one set, with one bound on its size and one space of names. What is wrong with a rule of the second kind is
//! said of the value that it is made of.

use crate::diagnostic::{Diagnostic, at_item, at_key};
use crate::monitored::{MONITORED_VALUES, Monitored, monitored};
use crate::parse::parse;
use crate::set::RuleSet;
use crate::spec::RuleSpec;
use serde_json::Value;

/// Reads and compiles what stands under `rules` and under `monitoredValues`; `null` where the key is not there.
///
/// # Errors
/// Every mistake; paths begin with `rules` or `monitoredValues`.
pub fn read(rules: &Value, monitored_values: &Value) -> Result<RuleSet, Vec<Diagnostic>> {
    let (mut specs, watched) = both(rules, monitored_values)?;
    let own = specs.len();
    specs.extend(watched.iter().map(|watched| watched.spec.clone()));
    let placed = |problems: Vec<Diagnostic>| problems.into_iter().map(|it| placed(it, own, &watched)).collect();
    RuleSet::compile(specs).map_err(placed)
}

/// The same rules in the same order, not compiled: for who asks which rules there were and asks them of nothing.
///
/// # Errors
/// Every mistake but those that compiling alone finds; paths begin with `rules` or `monitoredValues`.
pub fn specs(rules: &Value, monitored_values: &Value) -> Result<Vec<RuleSpec>, Vec<Diagnostic>> {
    let (mut specs, watched) = both(rules, monitored_values)?;
    specs.extend(watched.into_iter().map(|watched| watched.spec));
    Ok(specs)
}

/// The rules of either kind, no name twice.
fn both(rules: &Value, monitored_values: &Value) -> Result<(Vec<RuleSpec>, Vec<Monitored>), Vec<Diagnostic>> {
    let (specs, watched) = match (parse(rules), monitored(monitored_values)) {
        (Ok(specs), Ok(watched)) => (specs, watched),
        (specs, watched) => {
            let problems = [specs.err(), watched.err()];
            return Err(problems.into_iter().flatten().flatten().collect());
        }
    };
    let taken = taken(&specs, &watched);
    if taken.is_empty() {
        Ok((specs, watched))
    } else {
        Err(taken)
    }
}

/// Rules that are called as a watched value is.
fn taken(specs: &[RuleSpec], watched: &[Monitored]) -> Vec<Diagnostic> {
    let other = |name: &str| watched.iter().find(|watched| watched.spec.name == name);
    let taken = specs.iter().enumerate().filter_map(|(index, spec)| {
        let other = other(&spec.name)?;
        Some(Diagnostic {
            path: at_key(&at_item("rules", index), "name"),
            message: format!(
                "`{}` is the name of {} already; names are unique",
                spec.name, other.path
            ),
            suggestion: None,
        })
    });
    taken.collect()
}

/// A problem of a rule that no one wrote, at the value that it is made of.
fn placed(problem: Diagnostic, own: usize, watched: &[Monitored]) -> Diagnostic {
    let index = problem
        .path
        .strip_prefix("rules[")
        .and_then(|rest| rest.split_once(']'));
    let index = index.and_then(|(index, _)| index.parse::<usize>().ok());
    let path = match index.and_then(|index| index.checked_sub(own)) {
        Some(at) => watched
            .get(at)
            .map_or(MONITORED_VALUES, |watched| &watched.path)
            .to_owned(),
        None => return problem,
    };
    Diagnostic { path, ..problem }
}
