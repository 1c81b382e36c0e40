//! What is said of rules that were not asked of the past.

use crate::record::{Deployment, WithoutPast};
use alerts::Fact;
use alerts::text::{escape, shell_word};
use std::collections::BTreeSet;
use tlog::Hash;

/// Rules that one message names; more are counted.
const MAX_TOLD: usize = 8;

/// Characters of a rule's name in a sentence.
const MAX_NAME_CHARS: usize = 200;

/// Rules that were not asked of everything that was read of the logs that are watched now, with the entries that are
/// left, at most; 0 where nobody could tell.
pub(crate) struct Told<'d> {
    rules: Vec<(&'d WithoutPast, u64)>,
    more: u64,
}

/// What is to be said of these logs.
pub(crate) fn told<'d>(deployment: &'d Deployment, is_watched: &dyn Fn(&str) -> bool) -> Told<'d> {
    let left = |rule: &'d WithoutPast| {
        let logs = rule.logs.iter().filter(|(log, _)| is_watched(log));
        let left: Vec<u64> = logs.map(|(_, unasked)| unasked.entries).collect();
        (!left.is_empty()).then(|| (rule, left.into_iter().fold(0, u64::saturating_add)))
    };
    Told {
        rules: deployment.lookback.rules.iter().filter_map(left).collect(),
        more: deployment.lookback.more,
    }
}

impl Told<'_> {
    /// Those alone that ask one of these questions.
    pub(crate) fn of(mut self, questions: &BTreeSet<Hash>) -> Self {
        self.rules.retain(|(rule, _)| questions.contains(&rule.question));
        if questions.is_empty() {
            self.more = 0;
        }
        self
    }

    /// The names of the rules.
    pub(crate) fn names(&self) -> Vec<String> {
        self.rules.iter().map(|(rule, _)| rule.name.clone()).collect()
    }

    /// A sentence for each of the first ones, and one for the rest.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self
            .rules
            .iter()
            .take(MAX_TOLD)
            .map(|(rule, left)| word(rule, *left))
            .collect();
        let unnamed = self.rules.len().saturating_sub(MAX_TOLD);
        let more = self.more.saturating_add(u64::try_from(unnamed).unwrap_or(u64::MAX));
        if more > 0 {
            words.push(format!(
                "{more} more rules have not been asked of entries that were read before they came into force; `rekor-sentinel scan --rule NAME --since start` asks one"
            ));
        }
        words
    }

    /// The same as facts of an alert.
    pub(crate) fn facts(&self) -> Vec<Fact> {
        let words = self.words().into_iter();
        words.map(|word| Fact::new("without the past", &word)).collect()
    }
}

fn word(rule: &WithoutPast, left: u64) -> String {
    let name = escape(&rule.name, MAX_NAME_CHARS);
    let entries = match left {
        0 => "entries".to_owned(),
        1 => "up to 1 entry".to_owned(),
        many => format!("up to {many} entries"),
    };
    format!(
        "the rule {name} has not been asked of {entries} read before it came into force ({}); `rekor-sentinel scan --rule {} --since start` asks it",
        rule.since,
        shell_word(&name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use sigstore::Timestamp;
    use std::collections::BTreeMap;

    fn rule(name: &str) -> WithoutPast {
        WithoutPast {
            name: name.to_owned(),
            question: Hash::of(name.as_bytes()),
            since: Timestamp::from_unix(0),
            logs: BTreeMap::new(),
        }
    }

    #[test]
    fn what_is_said_of_a_rule_is_one_line_and_a_command() {
        let check = |name: &str, left: u64, expect: &str| assert_eq!(word(&rule(name), left), expect);
        let since = "read before it came into force (1970-01-01T00:00:00Z); `rekor-sentinel scan --rule";
        check(
            "a",
            0,
            &format!("the rule a has not been asked of entries {since} a --since start` asks it"),
        );
        check(
            "a",
            1,
            &format!("the rule a has not been asked of up to 1 entry {since} a --since start` asks it"),
        );
        check(
            "our's; rm",
            2,
            &format!(
                "the rule our's; rm has not been asked of up to 2 entries {since} 'our'\\''s; rm' --since start` asks it"
            ),
        );
        assert!(!word(&rule("a\u{202e}b\nc"), 1).contains(['\n', '\u{202e}']));
    }
}
