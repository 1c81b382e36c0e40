//! What is told once of the deployment itself: that it began to watch, that it still does, that another configuration is
//! in force, that what a ledger announced is missing; and the test alert.
//!
//! A notice is made when its moment comes and kept until it is told, so that it says the same to every sink. None of
//! them is a finding, and each says so.

use crate::alert::{Alert, Fact, MAX_TITLE_CHARS, SCHEMA, bounded};
use crate::class::{Class, Phase};
use crate::id::notice_id;
use crate::text::ascii_line;
use rules::Severity;
use serde::{Deserialize, Serialize};
use sigstore::Timestamp;

/// Logs, and rules, that are named; the rest is counted. A first alert is to be read on a telephone.
const MAX_NAMED: usize = 12;

/// Differences of a configuration, and lines of its text, that are shown; the rest is counted.
const MAX_CHANGES: usize = 16;
const MAX_LINES: usize = 30;

/// One word about the deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is: one of those that are told once.
    pub class: Class,
    /// Which one of its class; with it, the alert's id.
    pub which: String,
    /// When it came about.
    pub at: Timestamp,
    /// Logs that are watched.
    pub logs: u64,
    /// Rules in force.
    pub rules: u64,
    /// The particulars.
    pub facts: Vec<Fact>,
    /// The object of the record that shows more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
}

/// What is watched, and for whom.
#[derive(Clone, Debug, Default)]
pub struct Roll<'a> {
    /// The name of each log that is watched, and what is to be said of it.
    pub watched: Vec<(&'a str, String)>,
    /// The name of each log that verifiers accept and nobody reads here, and why.
    pub unwatched: Vec<(&'a str, &'a str)>,
    /// The rules.
    pub rules: Vec<(&'a str, Severity)>,
}

impl Notice {
    /// The deployment began to watch; told once to each sink, which `which` names.
    #[must_use]
    pub fn welcome(which: String, at: Timestamp, roll: &Roll<'_>) -> Self {
        Self::new(Class::Welcome, which, at, roll, roll.facts())
    }

    /// It still does. `counts` are those since the report before.
    #[must_use]
    pub fn still_watching(which: String, at: Timestamp, roll: &Roll<'_>, counts: &[Fact]) -> Self {
        let mut facts = counts.to_vec();
        facts.extend(roll.facts());
        Self::new(Class::StillWatching, which, at, roll, facts)
    }

    /// Another configuration is in force: in words, and line by line. Neither holds a secret; that is the caller's part.
    #[must_use]
    pub fn config_changed(
        which: String,
        at: Timestamp,
        roll: &Roll<'_>,
        copies: &[Fact],
        changes: &[String],
        lines: &[String],
    ) -> Self {
        let mut facts = Vec::new();
        listed(&mut facts, "change", changes, MAX_CHANGES);
        facts.extend(copies.iter().cloned());
        listed(&mut facts, "text", lines, MAX_LINES);
        Self::new(Class::ConfigChanged, which, at, roll, facts)
    }

    /// The trusted root says something else than before of a log or a key.
    #[must_use]
    pub fn trust_news(which: String, at: Timestamp, roll: &Roll<'_>, news: &[String]) -> Self {
        let mut facts = Vec::new();
        listed(&mut facts, "news", news, MAX_CHANGES);
        Self::new(Class::TrustNews, which, at, roll, facts)
    }

    /// What a ledger announced stands in no log in its time; `which` names the ledger and the record.
    #[must_use]
    pub fn missing(which: String, at: Timestamp, facts: Vec<Fact>) -> Self {
        Self::new(Class::Missing, which, at, &Roll::default(), facts)
    }

    fn new(class: Class, which: String, at: Timestamp, roll: &Roll<'_>, facts: Vec<Fact>) -> Self {
        let number = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        Self {
            class,
            which,
            at,
            logs: number(roll.watched.len()),
            rules: number(roll.rules.len()),
            facts: bounded(facts),
            object: None,
        }
    }

    /// The same notice, naming the object of the record that shows more.
    #[must_use]
    pub fn with_object(self, object: impl Into<String>) -> Self {
        Self {
            object: Some(object.into()),
            ..self
        }
    }

    /// The id of its alert.
    #[must_use]
    pub fn id(&self) -> String {
        notice_id(self.class, &self.which)
    }
}

impl Roll<'_> {
    fn facts(&self) -> Vec<Fact> {
        let with = |name: &str, more: &str| {
            if more.is_empty() {
                name.to_owned()
            } else {
                format!("{name} ({more})")
            }
        };
        let mut facts = Vec::new();
        let watched: Vec<String> = self.watched.iter().map(|(name, state)| with(name, state)).collect();
        let unwatched: Vec<String> = self.unwatched.iter().map(|(name, why)| with(name, why)).collect();
        let rules: Vec<String> = self
            .rules
            .iter()
            .map(|(name, severity)| with(name, severity.word()))
            .collect();
        listed(&mut facts, "watched", &watched, MAX_NAMED);
        listed(&mut facts, "not watched", &unwatched, MAX_NAMED);
        listed(&mut facts, "rule", &rules, MAX_NAMED);
        facts
    }
}

/// One fact a value, and the number of those left out.
fn listed(facts: &mut Vec<Fact>, name: &str, values: &[String], max: usize) {
    facts.extend(values.iter().take(max).map(|value| Fact::new(name, value)));
    let more = values.len().saturating_sub(max);
    if more > 0 {
        facts.push(Fact::new(name, &format!("… and {more} more")));
    }
}

/// The alert that tells a notice.
#[must_use]
pub fn notice_alert(notice: &Notice, now: Timestamp) -> Alert {
    let words = words(notice);
    let severity = notice.class.severity();
    Alert {
        schema: SCHEMA,
        id: notice.id(),
        time: now,
        class: notice.class,
        phase: Phase::Once,
        severity,
        log: None,
        rule: None,
        title: ascii_line(&format!("[{severity}] {}", words.headline), MAX_TITLE_CHARS),
        summary: words.summary,
        facts: bounded(
            notice
                .facts
                .iter()
                .map(|fact| Fact::new(&fact.name, &fact.value))
                .collect(),
        ),
        action: words.action,
        object: notice.object.clone(),
        thread: None,
    }
}

/// The test alert. `which` names the request, such as an invocation's id: each has an alert of its own.
#[must_use]
pub fn test_alert(which: &str, now: Timestamp) -> Alert {
    let facts = vec![Fact::new("request", which), Fact::new("asked", &now.to_string())];
    let notice = Notice {
        facts,
        ..Notice::new(Class::Test, which.to_owned(), now, &Roll::default(), Vec::new())
    };
    notice_alert(&notice, now)
}

struct Words {
    headline: String,
    summary: String,
    action: String,
}

fn words(notice: &Notice) -> Words {
    let watching = watching(notice);
    match notice.class {
        Class::Welcome => welcome(&watching, notice.rules),
        Class::StillWatching => still_watching(&watching),
        Class::ConfigChanged => config_changed(&watching),
        Class::TrustNews => trust_news(&watching),
        Class::Test => test(),
        Class::Finding | Class::Digest | Class::Unproven | Class::Violation | Class::Quarantine | Class::Behind => {
            other(&watching)
        }
        Class::NoGrowth | Class::Unreachable | Class::GrewAfterFreeze | Class::Unwatched => other(&watching),
        Class::QuorumUnmet | Class::WitnessGone | Class::WitnessClock => other(&watching),
        Class::ViewUnproven | Class::ViewUnreachable => other(&watching),
        Class::ConfigFellBack | Class::SinkDead | Class::NobodyWatched | Class::RecordGone | Class::BadPromise => {
            other(&watching)
        }
        Class::Missing => missing(),
        Class::LedgerUnreachable | Class::LedgerUnsound => other(&watching),
        Class::TrustStale | Class::TrustExpires | Class::LostTail => other(&watching),
    }
}

/// "3 logs with 2 rules".
fn watching(notice: &Notice) -> String {
    let counted = |count: u64, noun: &str| match count {
        0 => format!("no {noun}"),
        1 => format!("1 {noun}"),
        many => format!("{many} {noun}s"),
    };
    format!("{} with {}", counted(notice.logs, "log"), counted(notice.rules, "rule"))
}

fn welcome(watching: &str, rules: u64) -> Words {
    let nobody = if rules == 0 {
        " There is no rule yet, so nobody is watched for: put one into the configuration."
    } else {
        ""
    };
    Words {
        headline: format!("Watching {watching}: this is what an alert looks like"),
        summary: format!(
            "Rekor Sentinel is watching {watching}. This is no finding and nothing is wrong: it is told once, so that you \
             have seen an alert, and know that it reaches you, before one matters. What is watched, what is not, and for \
             whom stands below.{nobody}"
        ),
        action:
            "Nothing has to be done. See that every log that you rely on is among those that are watched, and every \
                 identity that you sign with among the rules; `rekor-sentinel check` shows the same, and \
                 `rekor-sentinel config put` changes it. Expect a short report once a week. If that stops coming, \
                 something is wrong, whatever else is silent."
                .to_owned(),
    }
}

fn still_watching(watching: &str) -> Words {
    Words {
        headline: format!("Still watching {watching}"),
        summary: format!(
            "Rekor Sentinel is still watching {watching}. This is no finding: it comes once a week, so that silence in \
             between means that there was nothing to tell. The counts are those since the report before."
        ),
        action: "Nothing has to be done. See that the logs and rules are still those that you mean; `rekor-sentinel \
                 verify` re-checks the record."
            .to_owned(),
    }
}

fn config_changed(watching: &str) -> Words {
    Words {
        headline: "The configuration changed".to_owned(),
        summary: format!(
            "Another configuration is in force than before: {watching}. Whoever writes the configuration decides which \
             logs are read and for whom; this is told for every change, and cannot be switched off by one."
        ),
        action: "If one of you changed it, see that the difference is the one that was meant. If nobody did: \
                 somebody else can write it. Find out who through the access log and the versions of the stored file, \
                 put the configuration before back (`rekor-sentinel config put FILE`; its copy is named as `before`), and \
                 read what came in between again with `rekor-sentinel scan --log NAME --from N --to M`."
            .to_owned(),
    }
}

fn trust_news(watching: &str) -> Words {
    Words {
        headline: "News of the trusted logs".to_owned(),
        summary: format!(
            "What verifiers accept is no longer what it was: a log or a key of the trusted root appeared, disappeared or \
             changed, is about to become valid, or clients are sent to a log that the trusted root does not name. \
             Watching follows by itself ({watching}): a log that appears is read from its first entry on."
        ),
        action: "Compare the news with what the operator of the logs announced. Of a log that disappeared, entries that \
                 verifiers accepted before are still in its record; if it is to be watched on, list it under `logs:` with \
                 its key. If nobody announced the news, do not rely on the logs and keys that it names, and ask the \
                 operator."
            .to_owned(),
    }
}

fn missing() -> Words {
    Words {
        headline: "A recorded release is in no log".to_owned(),
        summary: "A ledger announced an entry, and by the end of its time no log that is watched holds one that agrees with \
                  the record and that a rule with this ledger looks for. Every log was read up to a checkpoint of after \
                  that time. Either the release was not signed, or not as the record says; or its entry went into a log \
                  that is not watched; or the record is not by your release process."
            .to_owned(),
        action: "Ask the release process: was the artifact of this digest signed, by whom, and which log index was it \
                 given? If it was never to be signed, who wrote the record? An entry that comes later is told as \
                 unauthorised unless a newer record explains it."
            .to_owned(),
    }
}

fn test() -> Words {
    Words {
        headline: "Test: alerts reach this place".to_owned(),
        summary:
            "Somebody asked for this test. It is no finding, nothing is wrong, and no log was asked: an alert can be \
                  made and reaches whoever reads this."
                .to_owned(),
        action: "Nothing has to be done. If you did not ask for it, find out who may invoke the monitor.".to_owned(),
    }
}

/// What is not told as a notice; somebody who makes one of it all the same is told what there is.
fn other(watching: &str) -> Words {
    Words {
        headline: format!("A word about the deployment, which watches {watching}"),
        summary: format!("There is a word about the deployment, which watches {watching}."),
        action: "Nothing has to be done.".to_owned(),
    }
}
