//! What follows the logs of a pass: the conditions of the deployment, what is published, the report.

use crate::conditions::{self, Holds};
use crate::coverage::{self, Unwatched, WatchedLog};
use crate::environment::Environment;
use crate::inventory::Inventory;
use crate::measures::Measures;
use crate::names;
use crate::one::{One, Probed};
use crate::record::{self, Deployment, Document, Listed};
use crate::report::{LogReport, PassReport, Problem};
use crate::settings::Limit;
use crate::steps::deliver::Delivered;
use crate::steps::tell;
use crate::trouble::{Fault, FaultClass, Outcome};
use alerts::Class;
use std::collections::BTreeMap;

/// What the run comes to, beside its logs.
#[derive(Default)]
pub(crate) struct RunEnd {
    reports: Vec<LogReport>,
    delivered: Delivered,
    tips: BTreeMap<String, record::Progress>,
    /// Logs whose record is gone or damaged, and why.
    gone: Vec<(String, String)>,
    /// Logs that were not even loaded, for another reason: why, and how long that may last.
    failed: Vec<(String, String, Limit)>,
    /// Watched logs that this pass was not for: what is known of them stays.
    skipped: Vec<String>,
    /// What of the run itself failed.
    fault: Option<Fault>,
    /// Whether the inventory was gone beside a record.
    inventory_gone: bool,
    fell_back: Option<String>,
    no_rules: bool,
}

impl RunEnd {
    /// An end to which no log has come yet.
    pub(crate) fn new(fell_back: Option<String>, no_rules: bool, inventory_gone: bool) -> Self {
        Self {
            fell_back,
            no_rules,
            inventory_gone,
            ..Self::default()
        }
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
                let message = report
                    .error
                    .as_ref()
                    .map(|error| error.message.clone())
                    .unwrap_or_default();
                self.failed.push((log.origin.clone(), message, log.limits.max_lag));
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
                        .push((log.origin.clone(), fault.message, log.limits.max_lag)),
                    None => {}
                }
                self.delivered.dead.extend(watched.delivered.dead);
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
    let mut result = tell(environment, &mut inventory, &mut end.delivered).await;
    let conditions = &mut inventory.deployment.conditions;
    tell::settle_sinks(conditions, &environment.sinks, &end.delivered, now);
    result = result.and(tell(environment, &mut inventory, &mut end.delivered).await);
    result = result.and(inventory.write(environment).await);
    result = result.and(publish_tips(environment, &end.tips, now).await);
    end.fault = result.err();
    report(environment, end, &unwatched)
}

/// Tells what the conditions owe. They are written before: a pass that is cut off in between would else open them again
/// at another moment, and tell the same thing under another id.
async fn tell(environment: &Environment, inventory: &mut Inventory, delivered: &mut Delivered) -> Result<(), Fault> {
    inventory.write(environment).await?;
    let (now, conditions) = (environment.clock.now(), &mut inventory.deployment.conditions);
    tell::deliver_conditions(conditions, None, &environment.sinks, now, delivered).await;
    Ok(())
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
    each(Class::NobodyWatched, one(end.no_rules.then(|| NOBODY.to_owned())));
    each(Class::ConfigFellBack, one(end.fell_back.clone()));
    let open = unwatched.iter().filter(|log| !log.excused);
    each(
        Class::Unwatched,
        open.map(|log| (log.name.clone(), log.reason.clone())).collect(),
    );
    each(Class::RecordGone, end.gone.clone());
    let failed = end.failed.iter().map(|(log, ..)| log);
    let failed: Vec<&str> = failed.chain(&end.skipped).map(String::as_str).collect();
    conditions::end(conditions, Class::Unreachable, &failed, now);
    for (log, why, patience) in &end.failed {
        let holds = Holds::now(Class::Unreachable, log, now).fact("error", alerts::text::escape(why, 600));
        conditions::hold(conditions, holds.patience(*patience));
    }
}

const NOBODY: &str = "there is no rule: nobody is watched for. Add `rules:` to the configuration";

fn report(environment: &Environment, end: RunEnd, unwatched: &[Unwatched]) -> PassReport {
    let mut run = LogReport::new(&environment.pass, environment.clock.now(), None);
    for log in &end.reports {
        run.scanned += log.scanned;
        run.findings += log.findings;
        run.allowed += log.allowed;
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
        .collect();
    let mut degrade = |class: &str, message: String| {
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
    if end.no_rules {
        degrade("nobody-watched", NOBODY.to_owned());
    }
    if let Some(why) = &end.fell_back {
        degrade("config-fell-back", why.clone());
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
    PassReport {
        logs: end.reports,
        run,
        measures: Measures::default(),
    }
}
