//! Names of logs in rules that no watched log has. Which logs there are is the caller's to know.

use super::covers::Asker;
use super::located::{Located, Part, rule};
use super::remark::{Lint, LintId};
use crate::diagnostic::{at_item, at_key, distance_of, nearest};
use crate::pattern::Pattern;
use crate::set::RuleSet;
use serde_json::Value;
use sigstore::Field;

/// The name of a log that is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogName {
    /// Its origin.
    pub name: String,
    /// Whether it is the name of a server of Rekor v1, of which each shard is a log: `<name> - <tree id>`.
    pub has_shards: bool,
}

/// What stands between the name of a server and the tree id of its shard.
const SHARD: &str = " - ";

/// What is to be said of the names of logs in the rules; nothing where no log is known. `written` is as for
/// [`lint`](crate::lint).
#[must_use]
pub fn lint_logs(rules: &RuleSet, written: &Value, logs: &[LogName]) -> Vec<Lint> {
    let mut lints = Vec::new();
    for (at, spec) in rules.specs().iter().enumerate().filter(|_| !logs.is_empty()) {
        let located = rule(spec, at, written.get(at));
        conditions(&located.matches, logs, &mut lints);
        located
            .allow
            .iter()
            .for_each(|allow| conditions(allow, logs, &mut lints));
        let asked = spec.only.as_deref().map_or(&[][..], |only| &only.logs);
        let path = at_key(&at_key(&located.path, "only"), "logs");
        for (at, pattern) in asked.iter().enumerate() {
            let path = if asked.len() == 1 {
                path.clone()
            } else {
                at_item(&path, at)
            };
            lints.extend(of(pattern, &path, logs));
        }
    }
    lints
}

fn conditions(located: &Located<'_>, logs: &[LogName], lints: &mut Vec<Lint>) {
    match &located.part {
        Part::All(inner) | Part::Any(inner) => inner.iter().for_each(|inner| conditions(inner, logs, lints)),
        Part::Not(inner) => conditions(inner, logs, lints),
        Part::Field(Field::Log, patterns) => {
            lints.extend(patterns.iter().filter_map(|(path, pattern)| of(pattern, path, logs)));
        }
        Part::Field(..) => {}
    }
}

/// Letters by which a mistyped name differs.
const MISTYPED: usize = 2;

fn of(pattern: &Pattern, path: &str, logs: &[LogName]) -> Option<Lint> {
    let asker = Asker::of(&Field::Log, pattern)?;
    let takes = |name: &str| asker.holds(name) != Some(false);
    let is_known = |log: &LogName| {
        let shard = format!("{}{SHARD}", log.name);
        let text = pattern.text();
        if log.has_shards {
            text.starts_with(&shard) || takes(&format!("{shard}1")) || takes(&format!("{shard}1193050959916656506"))
        } else {
            takes(&log.name)
        }
    };
    if logs.iter().any(is_known) {
        return None;
    }
    let text = pattern.text();
    let message = format!("no log that is watched is called `{}`", pattern.write());
    let server = logs.iter().find(|log| log.has_shards && takes(&log.name));
    if let Some(server) = server {
        let message = format!(
            "{message}: the logs of that server are its shards, `{}{SHARD}<tree id>`",
            server.name
        );
        let lint = Lint::warning(LintId::UnknownLog, path, message);
        return Some(lint.instead(format!("write `prefix:{}{SHARD}` for all of them", server.name)));
    }
    let names = || logs.iter().map(|log| log.name.as_str());
    let mistyped = names().find(|name| distance_of(name, text) <= MISTYPED);
    let help = if let Some(name) = mistyped {
        format!("did you mean `{name}`?")
    } else if names().any(|name| name.starts_with(text)) {
        format!("write `prefix:{text}` for all whose names begin so")
    } else if let Some(name) = names()
        .find(|name| name.contains(text))
        .map(str::to_owned)
        .or_else(|| nearest(text, names()))
    {
        format!("did you mean `{name}`?")
    } else {
        "write a name as `check` prints it behind `watched`".to_owned()
    };
    // A pattern may be meant for a log that is to come.
    Some(match pattern {
        Pattern::Exact(_) => Lint::warning(LintId::UnknownLog, path, message).instead(help),
        _ => Lint::note(LintId::UnknownLog, path, message).instead(help),
    })
}
