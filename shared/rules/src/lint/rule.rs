//! One rule by itself: its conditions, its allowances, and what they make of each other.

use super::breadth::{self, Place};
use super::conflicts;
use super::covers::{Budget, Budgets, covers};
use super::forms;
use super::located::{Located, LocatedRule, Part};
use super::logic::{Logic, Single};
use super::reach;
use super::remark::{Lint, LintId};
use crate::diagnostic::{at_item, at_key};
use crate::pattern::Pattern;
use crate::spec::{Matcher, RuleSpec, UNTIL};
use sigstore::{Field, Timestamp};

/// Seconds before its end from which on an allowance is said to end soon: a month, so that who looks monthly sees it.
const SOON_SECS: i64 = 31 * 24 * 3600;

/// What a rule looks for, where it is asked.
pub(super) fn effective(spec: &RuleSpec) -> Matcher {
    let Some(only) = &spec.only else {
        return spec.matches.clone();
    };
    let field = |name: &str, patterns: &[Pattern]| Matcher::Field {
        name: name.to_owned(),
        patterns: patterns.to_vec(),
    };
    let parts = [("log", &only.logs), ("kind", &only.kinds)];
    let parts = parts.into_iter().filter(|(_, patterns)| !patterns.is_empty());
    let parts = parts.map(|(name, patterns)| field(name, patterns));
    Matcher::All(parts.chain([spec.matches.clone()]).collect())
}

/// Adds what is to be said of a rule. Whether it can match at all.
pub(super) fn lint(rule: &LocatedRule<'_>, now: Timestamp, budgets: &Budgets, lints: &mut Vec<Lint>) -> bool {
    let mut own = Vec::new();
    let is_reachable = whole(rule, now, &budgets.compared, &mut own);
    if is_reachable {
        reach::lint(rule, now, &budgets.asked, &mut own);
    }
    lints.append(&mut own);
    is_reachable
}

fn whole(rule: &LocatedRule<'_>, now: Timestamp, budget: &Budget, lints: &mut Vec<Lint>) -> bool {
    let whole = effective(rule.spec);
    walk(&rule.matches, Place::Match, budget, lints);
    forms::lint(&rule.matches, lints);
    only(rule, lints);
    for allow in &rule.allow {
        walk(allow, Place::Allow, budget, lints);
        forms::lint(allow, lints);
    }
    let path = at_key(&rule.path, "match");
    if let Some(lint) = unreachable(&whole, &path, "this rule finds nothing", budget) {
        lints.push(lint);
        return false;
    }
    branches(&rule.matches, budget, lints);
    let logic = Logic {
        single: Single::ByNature,
        budget,
    };
    if logic.always(&whole) {
        let message = "matches every entry, whatever it says";
        let lint = Lint::warning(LintId::MatchesEverything, &path, message);
        lints.push(lint.instead("say what to look for"));
    }
    allowances(rule, &whole, now, &logic, lints);
    true
}

/// The kinds that `only` speaks of.
fn only(rule: &LocatedRule<'_>, lints: &mut Vec<Lint>) {
    let Some(only) = &rule.spec.only else { return };
    let path = at_key(&at_key(&rule.path, "only"), "kinds");
    for (at, pattern) in only.kinds.iter().enumerate() {
        let path = match only.kinds.len() {
            1 => path.clone(),
            _ => at_item(&path, at),
        };
        breadth::pattern(&Field::Kind, pattern, &path, Place::Match, lints);
    }
}

fn walk(located: &Located<'_>, place: Place, budget: &Budget, lints: &mut Vec<Lint>) {
    match &located.part {
        Part::All(inner) => {
            inner.iter().for_each(|inner| walk(inner, place, budget, lints));
            lints.extend(conflicts::lint(&[], &[located]));
        }
        Part::Any(inner) => inner.iter().for_each(|inner| walk(inner, place, budget, lints)),
        // What is not to be has the right to be broad.
        Part::Not(inner) => fields(inner, lints),
        Part::Field(field, patterns) => {
            lints.extend(breadth::field(field, &located.path));
            for (path, pattern) in patterns {
                breadth::pattern(field, pattern, path, place, lints);
                reach::pattern(field, pattern, path, place == Place::Allow, lints);
            }
            redundant(field, patterns, budget, lints);
        }
    }
}

fn fields(located: &Located<'_>, lints: &mut Vec<Lint>) {
    match &located.part {
        Part::All(inner) | Part::Any(inner) => inner.iter().for_each(|inner| fields(inner, lints)),
        Part::Not(inner) => fields(inner, lints),
        Part::Field(field, _) => lints.extend(breadth::field(field, &located.path)),
    }
}

/// Patterns of a list that are compared with each other: nobody reads more of them.
const MAX_COMPARED: usize = 200;

fn redundant(field: &Field, patterns: &[(String, &Pattern)], budget: &Budget, lints: &mut Vec<Lint>) {
    let compared = patterns.get(..patterns.len().min(MAX_COMPARED)).unwrap_or_default();
    for (at, (path, narrow)) in compared.iter().enumerate() {
        let wide = compared.iter().enumerate().find(|(other, (_, wide))| {
            let is_first = *other < at || !covers(field, narrow, wide, budget);
            *other != at && covers(field, wide, narrow, budget) && is_first
        });
        if let Some((_, (_, wide))) = wide {
            let message = format!("`{}` matches all that this does: this adds nothing", wide.write());
            lints.push(Lint::note(LintId::RedundantPattern, path, message).instead("take it out"));
        }
    }
}

/// Why nothing can match, if that is certain.
fn unreachable(matcher: &Matcher, path: &str, so: &str, budget: &Budget) -> Option<Lint> {
    let logic = |single| Logic { single, budget };
    let help = "`any: [..]`, or a list of values of one field, is for one or the other";
    if logic(Single::ByNature).never(matcher) {
        let message = format!("contradicts itself: no entry can match, and {so}");
        return Some(Lint::warning(LintId::Unreachable, path, message).instead(help));
    }
    logic(Single::PerCertificate).never(matcher).then(|| {
        let message = format!(
            "asks for two values of an extension, which no certificate may have twice (RFC 5280, 4.2): {so} but what is malformed"
        );
        Lint::warning(LintId::TwoValues, path, message).instead(help)
    })
}

/// Branches of which nothing can come, though the whole may match.
fn branches(located: &Located<'_>, budget: &Budget, lints: &mut Vec<Lint>) {
    match &located.part {
        Part::Any(inner) => {
            for branch in inner {
                match unreachable(branch.matcher, &branch.path, "this branch finds nothing", budget) {
                    Some(lint) => lints.push(lint),
                    None => branches(branch, budget, lints),
                }
            }
        }
        Part::All(inner) => inner.iter().for_each(|inner| branches(inner, budget, lints)),
        Part::Not(_) | Part::Field(..) => {}
    }
}

fn allowances(rule: &LocatedRule<'_>, whole: &Matcher, now: Timestamp, logic: &Logic<'_>, lints: &mut Vec<Lint>) {
    let path = at_key(&rule.path, "allow");
    let all = || rule.spec.allow.iter().enumerate();
    let is_over = |until: Option<Timestamp>| until.is_some_and(|until| until <= now);
    let beside = [&rule.matches];
    let per_certificate = Logic {
        single: Single::PerCertificate,
        budget: logic.budget,
    };
    let mut swallows = false;
    for (at, allowance) in all() {
        let path = at_item(&path, at);
        lints.extend(
            allowance
                .until
                .and_then(|until| ending(until, now, &at_key(&path, UNTIL))),
        );
        if is_over(allowance.until) {
            continue;
        }
        let allows_all = || logic.implies(whole, &allowance.matches) || logic.always(&allowance.matches);
        // What a ledger must know of as well is never all of it.
        if allowance.ledger.is_none() && allows_all() {
            swallows = true;
            lints.push(never_alerts(&path, allowance.until));
        } else if logic.disjoint(whole, &allowance.matches) || per_certificate.disjoint(whole, &allowance.matches) {
            let message = "allows nothing that this rule finds";
            lints.push(
                Lint::warning(LintId::AllowsNothing, &path, message).instead("take it out, or compare it with `match`"),
            );
        } else if let Some(lint) = unreachable(&allowance.matches, &path, "it allows nothing", logic.budget) {
            lints.push(lint);
        } else {
            let conflict = rule.allowance(at).and_then(|own| conflicts::lint(&beside, &[own]));
            let is_new = |lint: &Lint| !lints.iter().any(|told| told.id == lint.id && told.path == lint.path);
            lints.extend(conflict.filter(is_new));
        }
    }
    let in_force = all().filter(|(_, allowance)| !is_over(allowance.until) && allowance.ledger.is_none());
    let together: Vec<Matcher> = in_force.map(|(_, allowance)| allowance.matches.clone()).collect();
    let (several, together) = (together.len() > 1, Matcher::Any(together));
    if !swallows && several && (logic.implies(whole, &together) || logic.always(&together)) {
        lints.push(never_alerts(&path, None));
    }
}

fn never_alerts(path: &str, until: Option<Timestamp>) -> Lint {
    let message = match until {
        None => "allows all that this rule finds: the rule never alerts".to_owned(),
        Some(until) => format!("allows all that this rule finds: the rule does not alert before {until}"),
    };
    let lint = Lint::warning(LintId::AllowsEverything, path, message);
    lint.instead("say precisely what is expected: which workflow, which ref, whose address")
}

fn ending(until: Timestamp, now: Timestamp, path: &str) -> Option<Lint> {
    if until <= now {
        let message = format!("ended at {until}: what it allowed is alerted");
        let lint = Lint::warning(LintId::Expired, path, message);
        return Some(lint.instead("take the allowance out, or give it another end"));
    }
    (until <= now.plus_seconds(SOON_SECS)).then(|| {
        let message = format!("ends soon: from {until} on, what it allows is alerted");
        Lint::note(LintId::ExpiresSoon, path, message)
    })
}
