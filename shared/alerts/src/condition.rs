//! The alert of a condition: it opened, it still holds, it is over.
//!
//! When to tell which phase is the caller's to know; one reminder a day has one id.

use crate::alert::{Alert, Fact, MAX_TITLE_CHARS, SCHEMA, bounded};
use crate::class::{Class, Phase};
use crate::id::{condition_id, thread_id};
use crate::text::ascii_line;
use crate::words::{Place, Subject, words};
use rules::Severity;
use sigstore::Timestamp;

/// A condition as its owner keeps it.
#[derive(Clone, Copy, Debug)]
pub struct ConditionView<'a> {
    /// What it is.
    pub class: Class,
    /// The log's origin; `None` for what belongs to no single log.
    pub log: Option<&'a str>,
    /// Which one of its class: an evidence id, a kind of leaf, a sink. May be empty.
    pub detail: &'a str,
    /// Since when it holds.
    pub opened_at: Timestamp,
    /// What else there is to say.
    pub facts: &'a [Fact],
    /// The object of the record that shows more.
    pub object: Option<&'a str>,
}

/// The alert that tells `phase` of a condition.
#[must_use]
pub fn condition_alert(condition: &ConditionView<'_>, phase: Phase, now: Timestamp) -> Alert {
    let ConditionView {
        class,
        log,
        detail,
        opened_at,
        ..
    } = *condition;
    let place = Place::new(log, detail);
    let words = words(class, phase, &place);
    let subject = match words.subject {
        Subject::Log => &place.log,
        Subject::Detail if place.detail.is_empty() => &place.log,
        Subject::Detail => &place.detail,
        Subject::Nobody => "",
    };
    Alert {
        schema: SCHEMA,
        id: condition_id(class, log, detail, opened_at, phase, now),
        time: now,
        class,
        phase,
        severity: if phase == Phase::Closed {
            Severity::Info
        } else {
            class.severity()
        },
        log: log.map(str::to_owned),
        rule: None,
        title: title(class, phase, words.headline, subject),
        summary: words.summary,
        facts: facts(condition, phase, now),
        action: words.action,
        object: condition.object.map(str::to_owned),
        thread: Some(thread_id(class, log, detail, opened_at)),
    }
}

fn title(class: Class, phase: Phase, headline: &str, subject: &str) -> String {
    let severity = class.severity();
    let mark = match phase {
        Phase::Once | Phase::Opened => format!("[{severity}]"),
        Phase::Reminder => format!("[{severity}, still]"),
        Phase::Closed => "[recovered]".to_owned(),
    };
    let colon = if subject.is_empty() { "" } else { ": " };
    ascii_line(&format!("{mark} {headline}{colon}{subject}"), MAX_TITLE_CHARS)
}

fn facts(condition: &ConditionView<'_>, phase: Phase, now: Timestamp) -> Vec<Fact> {
    let mut facts = Vec::new();
    facts.extend(condition.log.map(|log| Fact::new("log", log)));
    if !condition.detail.is_empty() {
        facts.push(Fact::new(detail_name(condition.class), condition.detail));
    }
    facts.push(Fact::new("since", &condition.opened_at.to_string()));
    match phase {
        // It is told when it has lasted for a while.
        Phase::Opened if condition.class == Class::QuorumUnmet => {
            facts.push(Fact::new("unmet for", &duration(condition.opened_at, now)));
        }
        Phase::Once | Phase::Opened => {}
        Phase::Reminder if condition.class == Class::QuorumUnmet => {
            facts.push(Fact::new("unmet for", &duration(condition.opened_at, now)));
        }
        Phase::Reminder => facts.push(Fact::new("for", &duration(condition.opened_at, now))),
        Phase::Closed => facts.push(Fact::new("lasted", &duration(condition.opened_at, now))),
    }
    facts.extend(condition.facts.iter().map(|fact| Fact::new(&fact.name, &fact.value)));
    bounded(facts)
}

/// What the detail of a condition is, in the words of the facts.
const fn detail_name(class: Class) -> &'static str {
    match class {
        Class::Violation => "evidence",
        Class::Unproven => "step",
        Class::Quarantine | Class::BadPromise => "kind, version and reason",
        Class::Unwatched => "unwatched log",
        Class::LostTail => "retired log",
        Class::SinkDead => "sink",
        Class::RecordGone => "missing",
        Class::WitnessGone | Class::WitnessClock => "witness",
        Class::ViewUnproven | Class::ViewUnreachable => "view",
        Class::QuorumUnmet => "quorum",
        Class::Finding | Class::Digest | Class::Behind | Class::NoGrowth | Class::Unreachable => "detail",
        Class::GrewAfterFreeze | Class::ConfigFellBack | Class::NobodyWatched => "detail",
        Class::LedgerUnreachable | Class::LedgerUnsound => "ledger",
        Class::TrustStale => "reason",
        Class::TrustExpires => "expires",
        Class::Welcome | Class::StillWatching | Class::ConfigChanged | Class::TrustNews | Class::Test => "detail",
        Class::Missing => "record",
    }
}

/// A length of time in the two units that matter.
#[must_use]
pub fn duration(from: Timestamp, to: Timestamp) -> String {
    let secs = to.seconds_since(from).max(0);
    let (days, hours, minutes) = (secs / 86_400, secs / 3_600 % 24, secs / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{secs} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (_, _, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let check = |secs: i64, expect: &str| {
            assert_eq!(
                duration(Timestamp::from_unix(100), Timestamp::from_unix(100 + secs)),
                expect
            );
        };
        check(-5, "0 s");
        check(59, "59 s");
        check(60, "1 min");
        check(3_600, "1 h 0 min");
        check(90_000, "1 d 1 h");
    }
}
