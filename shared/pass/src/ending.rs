//! What follows the logs of a pass: the conditions of the deployment, what is published, the report.

use crate::Reports;
use crate::conditions::{self, Holds};
use crate::coverage::{self, Unwatched, WatchedLog};
use crate::discovery::Probed;
use crate::environment::Environment;
use crate::expected;
use crate::inventory::Inventory;
use crate::ledger::Ledgers;
use crate::lookback;
use crate::measures::{LogMeasures, Measures};
use crate::names;
use crate::notices::{self, Week};
use crate::one::One;
use crate::record::{self, Deployment, Document, Listed};
use crate::report::{LogReport, PassReport, Problem};
use crate::settings::Limit;
use crate::steps::deliver::Delivered;
use crate::steps::{tail, tell};
use crate::trouble::{Fault, FaultClass, Outcome};
use crate::trust::{TufRefusal, TufStanding};
use alerts::{Class, Roll};
use rules::RuleSet;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A log that was not even loaded.
struct Failed {
    log: String,
    why: String,
    /// What it is told as.
    class: Class,
    /// How long it may last.
    patience: Limit,
}

impl Failed {
    /// Of one whose time is over what was not read may be lost.
    fn new(log: &WatchedLog, why: String, is_source: bool, now: sigstore::Timestamp) -> Self {
        let lost = is_source && (log.has_ended(now) || log.is_retired());
        let (class, patience) = if lost {
            (Class::LostTail, tail::patience(log.limits.max_lag))
        } else {
            (Class::Unreachable, log.limits.max_lag)
        };
        Self {
            log: log.origin.clone(),
            why,
            class,
            patience,
        }
    }
}

/// What the run comes to, beside its logs.
pub(crate) struct RunEnd {
    reports: Vec<LogReport>,
    delivered: Delivered,
    tips: BTreeMap<String, record::Progress>,
    /// Logs whose record is gone or damaged, and why.
    gone: Vec<(String, String)>,
    /// Logs that were not even loaded, for another reason.
    failed: Vec<Failed>,
    /// Watched logs that this pass was not for: what is known of them stays.
    skipped: Vec<String>,
    /// What of the run itself failed.
    fault: Option<Fault>,
    /// Whether the inventory was gone beside a record.
    inventory_gone: bool,
    fell_back: Option<String>,
    /// How a repository stands behind what is trusted, if one does.
    trust: Option<TufStanding>,
    rules: Arc<RuleSet>,
    /// Which words about the deployment are told.
    wanted: Reports,
    /// What was measured of each log.
    measures: BTreeMap<String, LogMeasures>,
    /// Alerts about logs that each sink ever took.
    told: BTreeMap<String, u64>,
    /// The ledgers, and when the pass began: the heads of its logs are of then or later.
    ledgers: Arc<Ledgers>,
    begun: sigstore::Timestamp,
}

impl RunEnd {
    /// An end to which no log has come yet.
    pub(crate) fn new(
        fell_back: Option<String>,
        trust: Option<TufStanding>,
        rules: Arc<RuleSet>,
        reports: Reports,
        inventory_gone: bool,
    ) -> Self {
        Self {
            reports: Vec::new(),
            delivered: Delivered::default(),
            tips: BTreeMap::new(),
            gone: Vec::new(),
            failed: Vec::new(),
            skipped: Vec::new(),
            fault: None,
            inventory_gone,
            fell_back,
            trust,
            rules,
            wanted: reports,
            measures: BTreeMap::new(),
            told: BTreeMap::new(),
            ledgers: Arc::default(),
            begun: sigstore::Timestamp::UNIX_EPOCH,
        }
    }

    /// The ledgers that this pass asks, which began at this moment.
    pub(crate) fn asks(&mut self, ledgers: Arc<Ledgers>, begun: sigstore::Timestamp) {
        (self.ledgers, self.begun) = (ledgers, begun);
    }

    /// The moment up to which every log was read, whatever it holds: the beginning of the pass, if each was verified and
    /// read to its head in it.
    fn covered(&self) -> Option<sigstore::Timestamp> {
        let is_read = |log: &LogMeasures| log.verified && !log.fault && log.lag_entries == Some(0);
        let all = self.skipped.is_empty() && self.failed.is_empty() && self.gone.is_empty();
        (all && self.measures.values().all(is_read) && !self.measures.is_empty()).then_some(self.begun)
    }

    /// This pass is not for these logs.
    pub(crate) fn skip(&mut self, logs: Vec<String>) {
        self.skipped = logs;
    }

    /// What one log came to, and what the inventory is to remember of it.
    pub(crate) fn take(
        &mut self,
        log: &WatchedLog,
        one: One,
        unwatched: &mut Vec<Unwatched>,
        deployment: &mut Deployment,
    ) {
        let listed = deployment.logs.get_mut(&log.origin);
        match one {
            One::Unread(probed) => {
                remember(listed, &probed, None);
                unwatched.push(coverage::unread(&log.origin, probed.kind));
            }
            One::Failed(report) => {
                let error = report.error.as_ref();
                let message = error.map(|error| error.message.clone()).unwrap_or_default();
                let is_source = error.is_some_and(|error| error.class == "source");
                self.failed.push(Failed::new(log, message, is_source, report.time));
                self.measures.insert(log.origin.clone(), LogMeasures::unloaded());
                self.reports.push(*report);
            }
            One::Watched(probed, watched) => {
                remember(listed, &probed, watched.progress.as_ref());
                match watched.unloaded {
                    Some(fault) if fault.class == FaultClass::Record => {
                        self.gone.push((log.origin.clone(), fault.message));
                    }
                    Some(fault) => self
                        .failed
                        .push(Failed::new(log, fault.message, false, watched.report.time)),
                    None => {}
                }
                self.delivered.dead.extend(watched.delivered.dead);
                let measures = watched.measures.unwrap_or_else(LogMeasures::unloaded);
                self.measures.insert(log.origin.clone(), measures);
                for (sink, told) in watched.told {
                    let sum = self.told.entry(sink).or_default();
                    *sum = sum.saturating_add(told);
                }
                // What could not be stored is not published either.
                let stored = watched.report.error.as_ref().is_none_or(|error| error.class != "store");
                self.tips.extend(
                    watched
                        .progress
                        .filter(|_| stored)
                        .map(|progress| (log.origin.clone(), progress)),
                );
                self.reports.push(watched.report);
            }
        }
    }
}

fn remember(listed: Option<&mut Listed>, probed: &Probed, progress: Option<&record::Progress>) {
    let Some(listed) = listed else { return };
    listed.kind = Some(probed.kind);
    listed.base.clone_from(&probed.base);
    listed.begun |= progress.is_some();
    listed.epoch = progress.map_or(listed.epoch, |progress| progress.epoch.max(listed.epoch));
}

/// What follows the logs. Nothing here can take back what they came to: what fails is the run's own fault.
pub(crate) async fn finish(
    environment: &Environment,
    mut inventory: Inventory,
    mut end: RunEnd,
    unwatched: Vec<Unwatched>,
) -> PassReport {
    let now = environment.clock.now();
    settle(&mut inventory.deployment.conditions, &end, &unwatched, now);
    let Deployment {
        ledgers, conditions, ..
    } = &mut inventory.deployment;
    let looked = expected::look(environment, &end.ledgers, ledgers, conditions, end.covered()).await;
    let (rules, lines) = (Arc::clone(&end.rules), end.reports.clone());
    // Part of the logs is no picture of the deployment, and without any verified log there is nothing to say yet.
    let watches = end.skipped.is_empty() && end.measures.values().any(|log| log.verified);
    let roll = watches.then(|| notices::roll_after(&lines, &unwatched, &rules));
    if let Some(roll) = roll.as_ref().filter(|_| end.wanted.weekly) {
        let week = Week {
            progress: &end.tips,
            told: &end.told,
        };
        notices::weekly(&mut inventory.deployment, roll, &week, now);
    }
    let mut result = tell(environment, &mut inventory, &mut end, roll.as_ref()).await;
    let conditions = &mut inventory.deployment.conditions;
    tell::settle_sinks(conditions, &environment.sinks, &end.delivered, now);
    result = result.and(tell(environment, &mut inventory, &mut end, roll.as_ref()).await);
    result = result.and(looked).and(inventory.write(environment).await);
    result = result.and(publish_tips(environment, &end.tips, now).await);
    end.fault = result.err();
    let measures = measures(environment, &inventory.deployment, &mut end, watches);
    let of_logs = lines.iter().filter_map(|line| line.log.clone());
    let watched: BTreeSet<String> = of_logs.chain(end.skipped.iter().cloned()).collect();
    let without_past = lookback::told(&inventory.deployment, &|log| watched.contains(log));
    let mut report = report(environment, end, &unwatched, measures);
    report.run.rules_without_past = without_past.names();
    report.run.notes.extend(without_past.words());
    report
}

/// Tells what the deployment owes. It is written before: a pass that is cut off in between would else open conditions
/// again at another moment, and tell the same thing under another id.
async fn tell(
    environment: &Environment,
    inventory: &mut Inventory,
    end: &mut RunEnd,
    roll: Option<&Roll<'_>>,
) -> Result<(), Fault> {
    inventory.write(environment).await?;
    let (now, deployment, sinks) = (environment.clock.now(), &mut inventory.deployment, &environment.sinks);
    tell::deliver_notices(deployment, roll, sinks, end.wanted, now, &mut end.delivered).await;
    expected::tell(&mut deployment.ledgers, sinks, now, &mut end.delivered).await;
    tell::deliver_conditions(&mut deployment.conditions, None, sinks, now, &mut end.delivered).await;
    for (sink, told) in core::mem::take(&mut end.delivered.told) {
        if let Some(known) = deployment.sinks.get_mut(&sink) {
            known.told = known.told.saturating_add(told);
        }
    }
    Ok(())
}

/// The measures of the logs, and those that belong to the run.
fn measures(environment: &Environment, deployment: &Deployment, end: &mut RunEnd, watches: bool) -> Measures {
    let (now, sinks) = (environment.clock.now(), &environment.sinks);
    for (log, measured) in &mut end.measures {
        // What could not be loaded says nothing: its condition, or the inventory, knows since when.
        let told_of = |held: &&record::Condition| {
            let fits = matches!(held.class, Class::RecordGone | Class::Unreachable | Class::LostTail);
            fits && held.is_open() && held.detail == *log
        };
        let opened = deployment.conditions.iter().filter(told_of).map(|held| held.opened);
        let since = opened
            .min()
            .or_else(|| deployment.logs.get(log).map(|listed| listed.since));
        if measured.verified_age_secs.is_none() {
            measured.verified_age_secs = since.map(|since| u64::try_from(now.seconds_since(since)).unwrap_or(0));
        }
    }
    let mut measures = Measures::over(core::mem::take(&mut end.measures));
    let notices = notices::count_owed(deployment, sinks, end.wanted, watches);
    let conditions = tell::count_owed(&deployment.conditions, sinks, now);
    let missing = expected::count_owed(&deployment.ledgers, sinks);
    for owed in [conditions, notices, missing] {
        measures.undelivered = measures.undelivered.saturating_add(owed);
    }
    measures.dead_sinks = u64::try_from(end.delivered.dead.len()).unwrap_or(u64::MAX);
    if end.fault.is_some() {
        measures.faults = measures.faults.saturating_add(1);
        measures.verified_pass = false;
    }
    measures
}

/// `public/tip.json`: the newest head and the tip of the receipt chain of every log. It is written where it says
/// something else, so that a pass that was cut off before it is put right by the next; what it says of logs that could
/// not be loaded stays.
async fn publish_tips(
    environment: &Environment,
    progress: &BTreeMap<String, record::Progress>,
    now: sigstore::Timestamp,
) -> Result<(), Fault> {
    let published = environment.store.read(names::TIP, Deployment::MAX_BYTES).await?;
    let published: serde_json::Value = published
        .and_then(|object| serde_json::from_slice(&object.bytes).ok())
        .unwrap_or_default();
    let known = published.get("logs").and_then(serde_json::Value::as_object);
    let mut logs = known.cloned().unwrap_or_default();
    for (log, progress) in progress {
        logs.insert(log.clone(), tip(progress));
    }
    if known.is_some_and(|known| *known == logs) || logs.is_empty() {
        return Ok(());
    }
    let tips = serde_json::json!({ "schema": record::SCHEMA, "time": now, "logs": logs });
    let bytes = serde_json::to_vec_pretty(&tips).unwrap_or_default();
    Ok(environment.store.publish(names::TIP, &bytes).await?)
}

fn tip(progress: &record::Progress) -> serde_json::Value {
    serde_json::json!({
        "epoch": progress.epoch, "head": progress.head, "cursor": progress.cursor.position(), "tip": progress.cursor.tip,
    })
}

/// The conditions that belong to no single log.
fn settle(conditions: &mut Vec<record::Condition>, end: &RunEnd, unwatched: &[Unwatched], now: sigstore::Timestamp) {
    let mut each = |class: Class, holding: Vec<(String, String)>| {
        let held = holding.iter().map(|(detail, _)| detail);
        let details: Vec<&str> = held.chain(&end.skipped).map(String::as_str).collect();
        conditions::end(conditions, class, &details, now);
        for (detail, why) in &holding {
            conditions::hold(
                conditions,
                Holds::now(class, detail, now).fact("what", alerts::text::escape(why, 600)),
            );
        }
    };
    let one = |why: Option<String>| why.map(|why| vec![(String::new(), why)]).unwrap_or_default();
    each(
        Class::NobodyWatched,
        one(end.rules.is_empty().then(|| NOBODY.to_owned())),
    );
    each(Class::ConfigFellBack, one(end.fell_back.clone()));
    let open = unwatched.iter().filter(|log| !log.excused);
    each(
        Class::Unwatched,
        open.map(|log| (log.name.clone(), log.reason.clone())).collect(),
    );
    each(Class::RecordGone, end.gone.clone());
    settle_trust(conditions, end.trust.as_ref(), now);
    for class in [Class::Unreachable, Class::LostTail] {
        let failed = end.failed.iter().filter(|failed| failed.class == class);
        let failed = failed.map(|failed| &failed.log).chain(&end.skipped);
        let failed: Vec<&str> = failed.map(String::as_str).collect();
        conditions::end(conditions, class, &failed, now);
    }
    for failed in &end.failed {
        let error = alerts::text::escape(&failed.why, 600);
        let holds = Holds::now(failed.class, &failed.log, now).fact("error", error);
        conditions::hold(conditions, holds.patience(failed.patience));
    }
}

/// What a repository that stands behind the trust is in want of.
fn settle_trust(conditions: &mut Vec<record::Condition>, trust: Option<&TufStanding>, now: sigstore::Timestamp) {
    let refused = trust.and_then(|standing| standing.refused.as_ref());
    let details: Vec<&str> = refused.iter().map(|refused| refused.word).collect();
    conditions::end(conditions, Class::TrustStale, &details, now);
    if let (Some(standing), Some(refused)) = (trust, refused) {
        let until = refused
            .until
            .map_or_else(|| "it is replaced".to_owned(), |until| until.to_string());
        let patience = if refused.word == TufRefusal::UNREACHABLE {
            UNREACHABLE_SECS
        } else {
            0
        };
        let holds = Holds::now(Class::TrustStale, refused.word, now)
            .patience(Limit::After(patience))
            .fact("error", alerts::text::escape(&refused.message, 600))
            .fact("vouched for until", standing.expires.to_string())
            .fact("used until", until);
        conditions::hold(conditions, holds);
    }
    let expires = trust.filter(|standing| standing.root_expires.seconds_since(now) <= EXPIRES_SOON_SECS);
    let detail = expires.map(|standing| standing.root_expires.to_string());
    let details: Vec<&str> = detail.iter().map(String::as_str).collect();
    conditions::end(conditions, Class::TrustExpires, &details, now);
    if let (Some(standing), Some(detail)) = (expires, &detail) {
        let holds = Holds::now(Class::TrustExpires, detail, now)
            .fact("root", format!("version {}", standing.root_version))
            .fact("repository", alerts::text::escape(&standing.place, 600));
        conditions::hold(conditions, holds);
    }
}

/// A repository that cannot be reached is told after this time, as a log is by default: what it says changes rarely.
const UNREACHABLE_SECS: u64 = 3_600;

/// So long before the root expires it is told. Sigstore signs a new one weeks before.
const EXPIRES_SOON_SECS: i64 = 14 * 86_400;

const NOBODY: &str = "there is no rule: nobody is watched for. Add `rules:` to the configuration";

fn report(environment: &Environment, end: RunEnd, unwatched: &[Unwatched], mut measures: Measures) -> PassReport {
    let mut run = LogReport::new(&environment.pass, environment.clock.now(), None);
    for log in &end.reports {
        run.scanned += log.scanned;
        run.findings += log.findings;
        run.allowed += log.allowed;
        run.authorised += log.authorised;
        run.waiting += log.waiting;
        run.quarantined += log.quarantined;
        run.stale |= log.stale;
        run.latched |= log.latched;
        let named = log.error.clone().map(|error| Problem {
            message: format!("{}: {}", log.log.as_deref().unwrap_or_default(), error.message),
            ..error
        });
        run.worsen(log.outcome, named);
    }
    run.unwatched = unwatched.iter().map(|log| log.name.clone()).collect();
    run.notes = unwatched
        .iter()
        .map(|log| format!("unwatched: {} ({})", log.name, log.reason))
        .chain(end.trust.iter().flat_map(|standing| standing.notes.iter().cloned()))
        .collect();
    let mut degraded = end.reports.iter().any(|log| log.outcome == Outcome::Degraded);
    let mut degrade = |class: &str, message: String| {
        degraded = true;
        run.worsen(
            Outcome::Degraded,
            Some(Problem {
                class: class.to_owned(),
                message,
                object: None,
            }),
        );
    };
    if end.inventory_gone {
        let message = format!(
            "{} was gone beside a record; it is made anew from the configuration",
            names::DEPLOYMENT
        );
        degrade("inventory-gone", message);
    }
    if end.rules.is_empty() {
        degrade("nobody-watched", NOBODY.to_owned());
    }
    for shelf in &end.ledgers.shelves {
        if let Some(why) = shelf.trouble() {
            let name = &shelf.settings.name;
            degrade(
                "ledger-unreachable",
                format!("the ledger {name} cannot be read: {why}. What only it can allow waits, and is then told"),
            );
        }
    }
    if let Some(why) = &end.fell_back {
        degrade("config-fell-back", why.clone());
    }
    let refused = end.trust.as_ref().and_then(|standing| standing.refused.as_ref());
    if let Some(refused) = refused {
        let until = refused
            .until
            .map_or_else(String::new, |until| format!(", until {until}"));
        let message = format!(
            "{}. What the trust repository vouched for before is used{until}",
            refused.message
        );
        degrade("trust-stale", message);
    }
    for (sink, why) in &end.delivered.dead {
        degrade(
            "sink-dead",
            format!("the sink {sink} took no alert: {why}. What it is owed is kept and tried again"),
        );
    }
    for log in unwatched.iter().filter(|log| !log.excused) {
        degrade("unwatched", format!("{} is not watched: {}", log.name, log.reason));
    }
    if let Some(fault) = &end.fault {
        run.worsen(Outcome::Fault, Some(Problem::from(fault)));
    }
    measures.degraded = degraded;
    (measures.findings, measures.quarantined) = (run.findings, run.quarantined);
    PassReport {
        logs: end.reports,
        run,
        measures,
    }
}
