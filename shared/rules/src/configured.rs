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
    match of_watched(&problem.path, own) {
        Some((at, _)) => {
            let path = watched.get(at).map_or(MONITORED_VALUES, |watched| &watched.path);
            Diagnostic {
                path: path.to_owned(),
                ..problem
            }
        }
        None => problem,
    }
}

/// The place of the value that a part of a rule is made of, where that rule is none of the `own` ones that were written.
pub(crate) fn place_of_watched(path: &str, own: usize, watched: &[Monitored]) -> Option<String> {
    let (at, rest) = of_watched(path, own)?;
    let path = watched.get(at).map_or(MONITORED_VALUES, |watched| &watched.path);
    let is_identity = path.contains(".certIdentities[");
    Some(match rest.contains(".issuer") {
        true if is_identity => at_key(path, "issuers"),
        false if is_identity && rest.contains(".san") => at_key(path, "certSubject"),
        true | false => path.to_owned(),
    })
}

/// Which watched value the rule at this path is made of, and the rest of the path.
fn of_watched(path: &str, own: usize) -> Option<(usize, &str)> {
    let (index, rest) = path.strip_prefix("rules[")?.split_once(']')?;
    let at = index.parse::<usize>().ok()?.checked_sub(own)?;
    Some((at, rest))
}
