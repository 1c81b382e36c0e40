//! Rules beside each other: which finds the same as another, and which finds nothing that another does not.
//!
//! Comparing every rule with every other would take too long for a large set. Whatever finds all that a rule finds also
//! finds an entry that is made for it, so the matcher names the few that can; of these it is then proven.

use super::covers::Budget;
use super::logic::{Logic, Single};
use super::remark::{Lint, LintId};
use super::rule::effective;
use super::sample::Sample;
use crate::diagnostic::{at_item, at_key};
use crate::set::RuleSet;
use crate::spec::{Matcher, RuleSpec};
use crate::subject::Context;
use sigstore::Timestamp;

/// Rules that one is compared with.
const MAX_CANDIDATES: usize = 64;

/// Adds what is to be said of those rules that can match.
pub(super) fn lint(rules: &RuleSet, reachable: &[bool], now: Timestamp, budget: &Budget, lints: &mut Vec<Lint>) {
    let whole: Vec<Matcher> = rules.specs().iter().map(effective).collect();
    let logic = Logic {
        single: Single::ByNature,
        budget,
    };
    for (at, own) in whole.iter().enumerate() {
        if budget.is_spent() || reachable.get(at) != Some(&true) {
            continue;
        }
        let others = candidates(rules, at, own, now);
        let others = others.into_iter().filter(|other| reachable.get(*other) == Some(&true));
        let others = others.filter_map(|other| Some((other, whole.get(other)?)));
        let wider: Vec<(usize, bool)> = others
            .filter(|(_, other)| logic.implies(own, other))
            .map(|(other, matcher)| (other, logic.implies(matcher, own)))
            .collect();
        let same = wider.iter().find(|(other, is_same)| *is_same && *other < at);
        let wide = wider.iter().find(|(_, is_same)| !is_same);
        let specs = |other: usize| rules.specs().get(at).zip(rules.specs().get(other));
        if let Some((spec, other)) = same.and_then(|(other, _)| specs(*other)) {
            lints.push(duplicate(at, spec, other));
        } else if let Some((spec, other)) = wide.and_then(|(other, _)| specs(*other)) {
            lints.push(swallowed(at, spec, other));
        }
    }
}

/// The rules that find an entry made for rule `at`, itself left out.
fn candidates(rules: &RuleSet, at: usize, own: &Matcher, now: Timestamp) -> Vec<usize> {
    let mut sample = Sample::default();
    sample.add(own);
    let mut found = Vec::new();
    rules.matches(&sample, &Context { log: &sample.log, now }, &mut found);
    let found = found.into_iter().filter(|found| found.rule != at);
    found.map(|found| found.rule).take(MAX_CANDIDATES).collect()
}

fn duplicate(at: usize, spec: &RuleSpec, other: &RuleSpec) -> Lint {
    let differs = match spec.allow == other.allow {
        true => "",
        false => "; what one of them allows, the other alerts",
    };
    let message = format!(
        "finds exactly what the rule `{}` finds: each entry is told twice{differs}",
        other.name
    );
    let path = at_key(&at_item("rules", at), "name");
    Lint::warning(LintId::Duplicate, &path, message).instead("make them one rule")
}

fn swallowed(at: usize, spec: &RuleSpec, wide: &RuleSpec) -> Lint {
    let path = at_key(&at_item("rules", at), "name");
    let found = format!("the rule `{}` finds all that this one finds", wide.name);
    let has_own =
        (spec.note.is_some() && spec.note != wide.note) || (!spec.labels.is_empty() && spec.labels != wide.labels);
    if has_own {
        let message = format!("{found}: what its note and labels say comes with a second alert");
        return Lint::note(LintId::Swallowed, &path, message);
    }
    if spec.severity <= wide.severity && wide.allow.is_empty() {
        let message = format!(
            "{found}, and alerts it at `{}`: this one adds nothing but a second alert",
            wide.severity
        );
        let help = "take one of them out, or give this one a higher severity";
        return Lint::warning(LintId::Swallowed, &path, message).instead(help);
    }
    let message = format!("{found}: what neither allows is told twice");
    Lint::note(LintId::Swallowed, &path, message)
}
