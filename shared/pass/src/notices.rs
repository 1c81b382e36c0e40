//! Words about the deployment itself: that it began to watch, that it still does, that another configuration is in
//! force. When each is due, what it says, who was told, and when it may be forgotten.
//!
//! What came about is written into the inventory before it is told, and what was told after; a crash in between tells it
//! again, under the same id. The first word to a sink is due as long as the inventory does not say that it was told, so
//! that a dead sink gets it once it is alive. Nothing here talks to a sink.

use crate::coverage::{Coverage, Unwatched};
use crate::difference::difference;
use crate::lookback;
use crate::names;
use crate::news::TrustOutline;
use crate::outline::Outline;
use crate::record::{Counts, Deployment, KnownSink, LogTotals, PendingNotice, Progress, Reported};
use crate::report::LogReport;
use crate::trouble::Outcome;
use crate::{AlertSink, Reports};
use alerts::{Class, Fact, Notice, Roll};
use rules::RuleSet;
use sigstore::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use tlog::Hash;

/// A week.
const REPORT_SECS: i64 = 7 * 86_400;

/// A notice waits so long for a sink that no pass is made with; for one that passes are made with, as long as it takes.
const WAIT_SECS: i64 = 7 * 86_400;

/// Notices that wait at most; beyond, the oldest weekly report goes first, then the oldest of all.
const MAX_NOTICES: usize = 16;

/// Sinks that are remembered at most; beyond, the one that is known for longest and not used now is forgotten.
const MAX_SINKS: usize = 64;

/// Sinks whose alerts the weekly report counts one by one.
const MAX_COUNTED: usize = 8;

/// Two configurations, one after the other.
pub(crate) struct Change<'a> {
    /// The one before: its hash, and its text if it can be had.
    pub(crate) before: (Hash, Option<&'a str>),
    /// The one in force.
    pub(crate) now: (Hash, Option<&'a str>),
    /// What it says.
    pub(crate) outline: Option<&'a Outline>,
    /// What is to be said of rules that came with it.
    pub(crate) without_past: Vec<Fact>,
}

/// Notes the sinks of this pass; a new one is owed nothing that came about before.
pub(crate) fn know_sinks(deployment: &mut Deployment, sinks: &[Arc<dyn AlertSink>], now: Timestamp) {
    for sink in sinks {
        let unknown = KnownSink {
            since: now,
            welcomed: None,
            told: 0,
        };
        deployment.sinks.entry(sink.name().to_owned()).or_insert(unknown);
    }
    while deployment.sinks.len() > MAX_SINKS {
        let unused = deployment.sinks.iter().filter(|(name, _)| !is_among(sinks, name));
        let oldest = unused
            .min_by_key(|(_, known)| known.since)
            .map(|(name, _)| name.clone());
        let Some(oldest) = oldest else { return };
        deployment.sinks.remove(&oldest);
    }
}

/// What is watched and for whom, as far as it is known before the logs are asked.
pub(crate) fn roll<'a>(coverage: &'a Coverage, rules: &'a RuleSet) -> Roll<'a> {
    Roll {
        watched: coverage
            .watched
            .iter()
            .map(|log| (log.origin.as_str(), String::new()))
            .collect(),
        unwatched: unwatched(&coverage.unwatched),
        rules: rules
            .specs()
            .iter()
            .map(|rule| (rule.name.as_str(), rule.severity))
            .collect(),
    }
}

/// What is watched and for whom, with what this pass came to.
pub(crate) fn roll_after<'a>(reports: &'a [LogReport], left_out: &'a [Unwatched], rules: &'a RuleSet) -> Roll<'a> {
    let state = |report: &LogReport| match (report.outcome, report.head, report.cursor) {
        (Outcome::Fault | Outcome::Unproven | Outcome::Violation, ..) => {
            let why = report.error.as_ref().map(|error| error.message.as_str());
            format!("{}: {}", report.outcome.word(), why.unwrap_or("no reason is known"))
        }
        (_, Some(head), Some(cursor)) if cursor < head.size => {
            format!("proven and read up to {cursor} of {}", head.size)
        }
        (_, Some(head), _) => format!("proven and read up to {}", head.size),
        (_, None, _) => "not begun yet".to_owned(),
    };
    Roll {
        watched: reports
            .iter()
            .map(|report| (report.log.as_deref().unwrap_or_default(), state(report)))
            .collect(),
        unwatched: unwatched(left_out),
        rules: rules
            .specs()
            .iter()
            .map(|rule| (rule.name.as_str(), rule.severity))
            .collect(),
    }
}

fn unwatched(logs: &[Unwatched]) -> Vec<(&str, &str)> {
    logs.iter()
        .map(|log| (log.name.as_str(), log.reason.as_str()))
        .collect()
}

/// Notes that another configuration is in force. Two passes that note the same change note it under one id.
pub(crate) fn config_changed(deployment: &mut Deployment, now: Timestamp, roll: &Roll<'_>, change: &Change<'_>) {
    deployment.changes = deployment.changes.saturating_add(1);
    let ((before, old), (is, new)) = (change.before, change.now);
    let changes = match (change.outline, &deployment.outline) {
        (Some(now), Some(before)) => now.changes(before),
        (Some(_) | None, None) | (None, Some(_)) => Vec::new(),
    };
    let lines = match (old, new) {
        (Some(old), Some(new)) => {
            let lines = difference(old, new).into_iter();
            lines.map(|line| alerts::text::without_passwords(&line)).collect()
        }
        (None, _) => vec!["the copy of the configuration before is gone or damaged".to_owned()],
        (Some(_), None) => Vec::new(),
    };
    let mut copies = change.without_past.clone();
    copies.extend([
        Fact::new("before", &names::config(&before)),
        Fact::new("now", &names::config(&is)),
        Fact::new("in force since", &now.to_string()),
    ]);
    let which = format!("{} {} {before} {is}", deployment.created, deployment.changes);
    let notice = Notice::config_changed(which, now, roll, &copies, &changes, &lines);
    add(deployment, notice.with_object(names::config(&is)));
}

/// Notes what the trust says otherwise than before, if anything. Of the first one only that clients are sent to a log
/// that it does not name is news. Two passes that note the same news note it under one id.
pub(crate) fn trust_news(
    deployment: &mut Deployment,
    trusted: TrustOutline,
    now: Timestamp,
    roll: &Roll<'_>,
    copy: &str,
) {
    let news = match &deployment.trusted {
        Some(before) => trusted.news(before, now),
        None => trusted.news(&trusted.listed(), now),
    };
    if !news.is_empty() {
        deployment.trust_news = deployment.trust_news.saturating_add(1);
        let content = serde_json::to_vec(&trusted).unwrap_or_default();
        let which = format!(
            "{} {} {}",
            deployment.created,
            deployment.trust_news,
            Hash::of(&content)
        );
        let notice = Notice::trust_news(which, now, roll, &news);
        add(deployment, notice.with_object(copy));
    }
    deployment.trusted = Some(trusted);
}

/// The first word to a sink.
pub(crate) fn welcome(deployment: &Deployment, sink: &str, roll: &Roll<'_>, now: Timestamp) -> Notice {
    Notice::welcome(format!("{} {sink}", deployment.created), now, roll)
}

/// The sinks that the first word is still owed to.
pub(crate) fn unwelcomed<'s>(
    deployment: &Deployment,
    sinks: &'s [Arc<dyn AlertSink>],
    reports: Reports,
) -> Vec<&'s Arc<dyn AlertSink>> {
    let welcomed = |sink: &str| deployment.sinks.get(sink).is_some_and(|known| known.welcomed.is_some());
    let owed = sinks.iter().filter(|sink| reports.welcome && !welcomed(sink.name()));
    owed.collect()
}

/// What the weekly report is made of: how far each log was read, and what came of it; how much each sink was told.
pub(crate) struct Week<'a> {
    pub(crate) progress: &'a BTreeMap<String, Progress>,
    pub(crate) told: &'a BTreeMap<String, u64>,
}

/// Notes that a week is over, if it is, with the counts since the one before; the first week begins with the first pass
/// that verified a log. Two passes that note the same week note it under one id.
pub(crate) fn weekly(deployment: &mut Deployment, roll: &Roll<'_>, week: &Week<'_>, now: Timestamp) {
    let reported = Reported {
        at: now,
        logs: totals(deployment, week),
        told: told(deployment, week),
    };
    let Some(before) = &deployment.reported else {
        deployment.reported = Some(reported);
        return;
    };
    if now.seconds_since(before.at) < REPORT_SECS {
        return;
    }
    let which = format!("{} {}", deployment.created, before.at);
    let is_watched = |log: &str| roll.watched.iter().any(|(watched, _)| *watched == log);
    let mut facts = counts(before, &reported);
    facts.extend(lookback::told(deployment, &is_watched).facts());
    let notice = Notice::still_watching(which, now, roll, &facts);
    add(deployment, notice);
    deployment.reported = Some(reported);
}

/// What came of each log so far; of one that this pass did not load, what was known before.
fn totals(deployment: &Deployment, week: &Week<'_>) -> BTreeMap<String, LogTotals> {
    let mut totals = deployment
        .reported
        .as_ref()
        .map(|before| before.logs.clone())
        .unwrap_or_default();
    totals.extend(week.progress.iter().map(|(log, progress)| {
        let totals = progress.cursor.totals.unwrap_or_default();
        (
            log.clone(),
            LogTotals {
                epoch: progress.epoch,
                totals,
            },
        )
    }));
    totals
}

fn told(deployment: &Deployment, week: &Week<'_>) -> BTreeMap<String, u64> {
    let of = |(name, known): (&String, &KnownSink)| {
        let logs = week.told.get(name).copied().unwrap_or(0);
        (name.clone(), known.told.saturating_add(logs))
    };
    deployment.sinks.iter().map(of).collect()
}

fn counts(before: &Reported, now: &Reported) -> Vec<Fact> {
    let mut sum = Counts::default();
    for (log, is) in &now.logs {
        let was = before.logs.get(log).filter(|was| was.epoch == is.epoch);
        let was = was.map_or_else(Counts::default, |was| was.totals);
        sum.add(Counts {
            entries: is.totals.entries.saturating_sub(was.entries),
            findings: is.totals.findings.saturating_sub(was.findings),
            allowed: is.totals.allowed.saturating_sub(was.allowed),
            quarantined: is.totals.quarantined.saturating_sub(was.quarantined),
            awaiting: is.totals.awaiting.saturating_sub(was.awaiting),
        });
    }
    let mut facts = vec![
        Fact::new("since", &before.at.to_string()),
        Fact::new("entries read and proven", &sum.entries.to_string()),
        Fact::new("findings", &sum.findings.to_string()),
        Fact::new("matches that are allowed", &sum.allowed.to_string()),
        Fact::new("leaves that cannot be decoded", &sum.quarantined.to_string()),
    ];
    if sum.awaiting > 0 {
        let left = sum.awaiting.to_string();
        facts.insert(3, Fact::new("of the findings, left to a ledger", &left));
    }
    for (sink, is) in now.told.iter().take(MAX_COUNTED) {
        let told = is.saturating_sub(before.told.get(sink).copied().unwrap_or(0));
        facts.push(Fact::new("alerts told", &format!("{told}, to {sink}")));
    }
    facts
}

fn add(deployment: &mut Deployment, notice: Notice) {
    deployment.notices.push(PendingNotice {
        notice,
        told: BTreeMap::new(),
    });
    while deployment.notices.len() > MAX_NOTICES {
        let weekly = |pending: &PendingNotice| pending.notice.class == Class::StillWatching;
        let at = deployment.notices.iter().position(weekly).unwrap_or(0);
        deployment.notices.remove(at);
    }
}

/// Whether a sink is still to be told a notice.
pub(crate) fn is_owed(pending: &PendingNotice, deployment: &Deployment, sink: &str, reports: Reports) -> bool {
    let wanted = reports.weekly || pending.notice.class != Class::StillWatching;
    let known = deployment.sinks.get(sink);
    wanted && !pending.told.contains_key(sink) && known.is_some_and(|known| known.since <= pending.notice.at)
}

/// How much the sinks are still to be told. The first word is due once a log is watched.
pub(crate) fn count_owed(
    deployment: &Deployment,
    sinks: &[Arc<dyn AlertSink>],
    reports: Reports,
    watches: bool,
) -> u64 {
    let first = if watches {
        unwelcomed(deployment, sinks, reports).len()
    } else {
        0
    };
    let of = |pending: &PendingNotice| {
        let owed = sinks
            .iter()
            .filter(|sink| is_owed(pending, deployment, sink.name(), reports));
        owed.count()
    };
    let all = deployment.notices.iter().map(of).fold(first, usize::saturating_add);
    u64::try_from(all).unwrap_or(u64::MAX)
}

/// Forgets the notices that nobody waits for any more.
pub(crate) fn forget(deployment: &mut Deployment, sinks: &[Arc<dyn AlertSink>], reports: Reports, now: Timestamp) {
    let kept: Vec<bool> = deployment
        .notices
        .iter()
        .map(|pending| {
            let young = now.seconds_since(pending.notice.at) < WAIT_SECS;
            let waits = |sink: &String| {
                if is_among(sinks, sink) {
                    is_owed(pending, deployment, sink, reports)
                } else {
                    young && is_owed(pending, deployment, sink, Reports::SCHEDULED)
                }
            };
            deployment.sinks.keys().any(waits)
        })
        .collect();
    let mut kept = kept.into_iter();
    deployment.notices.retain(|_| kept.next().unwrap_or(true));
}

fn is_among(sinks: &[Arc<dyn AlertSink>], name: &str) -> bool {
    sinks.iter().any(|sink| sink.name() == name)
}

/// Two views of the same words, of which neither forgets what the other knows.
pub(crate) fn merge(ours: &Deployment, merged: &mut Deployment) {
    merged.changes = merged.changes.max(ours.changes);
    merged.trust_news = merged.trust_news.max(ours.trust_news);
    for (name, ours) in &ours.sinks {
        let known = merged.sinks.entry(name.clone()).or_insert(*ours);
        known.since = known.since.min(ours.since);
        known.welcomed = known.welcomed.or(ours.welcomed);
        known.told = known.told.max(ours.told);
    }
    for ours in &ours.notices {
        let same = |their: &&mut PendingNotice| {
            (their.notice.class, &their.notice.which) == (ours.notice.class, &ours.notice.which)
        };
        match merged.notices.iter_mut().find(same) {
            Some(theirs) => theirs.told.extend(ours.told.clone()),
            None => merged.notices.push(ours.clone()),
        }
    }
    let later = |theirs: &Reported| ours.reported.as_ref().is_none_or(|ours| ours.at <= theirs.at);
    if !merged.reported.as_ref().is_some_and(later) {
        merged.reported.clone_from(&ours.reported);
    }
}
