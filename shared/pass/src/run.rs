//! The pass over every log: configure ─▶ trust ─▶ for each log, side by side ─▶ deliver ─▶ report.
//!
//! The configuration was parsed and checked by the caller, before any call to a log. Each log runs by itself: its
//! trouble, a panic in it included, is its own line. What belongs to no single log (nobody watched for, a configuration
//! that fell back, a dead sink, an unwatched log, a record that is gone) is a condition of the deployment.

use crate::conditions::{self, Holds};
use crate::coverage::{self, Coverage, Trust, TrustSource, Unwatched, WatchedLog};
use crate::environment::{Environment, InForce, LogContext};
use crate::names;
use crate::record::{self, Deployment, Document, Listed};
use crate::report::{LogReport, PassReport, Problem};
use crate::settings::{Limit, LogKind, Position, Settings};
use crate::steps::deliver::Delivered;
use crate::steps::tell;
use crate::trouble::{Fault, FaultClass, Outcome};
use crate::watch::{self, Watched};
use crate::{LogSource, Swap, Version};
use alerts::Class;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use tlog::Hash;

/// So often a lost swap of the inventory is tried again.
const MAX_SWAPS: usize = 8;

/// Opens the sources of logs.
#[async_trait]
pub trait Sources: Send + Sync {
    /// The source of a log.
    ///
    /// # Errors
    /// A fault of class `Configuration` if the URL cannot be one of this kind.
    fn open(&self, log: &WatchedLog, kind: LogKind) -> Result<Arc<dyn LogSource>, Fault>;

    /// What is spoken at the base URL of a log whose kind nobody states.
    async fn probe(&self, log: &WatchedLog) -> Result<Probed, Fault>;
}

/// What a log was found to speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// The kind.
    pub kind: LogKind,
    /// The folder that holds its checkpoint, if it is tiled.
    pub base: Option<String>,
}

/// One pass over every log.
///
/// # Errors
/// A fault if the pass as a whole could not be made: no store, no trust, a configuration that contradicts it. The
/// trouble of a single log is in its line of the report.
pub async fn run(
    environment: Arc<Environment>,
    in_force: InForce,
    trust: &dyn TrustSource,
    sources: &dyn Sources,
) -> Result<PassReport, Fault> {
    let now = environment.clock.now();
    let trust = trust.trust(now).await?;
    let mut inventory = Inventory::read(&environment).await?;
    let coverage = coverage::coverage(&in_force.settings, &trust, &inventory.deployment, now)?;
    let unwatched = left_out(&coverage, &inventory.deployment);
    list(&mut inventory, &coverage, &in_force.settings, now);
    let (config, trust_hash) = keep_in_force(&environment, &mut inventory, &in_force, &trust, &coverage).await?;
    inventory.write(&environment).await?;
    let rules = Arc::new(in_force.settings.rules);
    let context = |log: &WatchedLog| LogContext {
        environment: Arc::clone(&environment),
        log: log.clone(),
        rules: Arc::clone(&rules),
        trust: trust_hash,
        config,
        max_alerts: in_force.settings.max_alerts,
    };
    let mut unwatched: Vec<Unwatched> = coverage.unwatched.iter().cloned().chain(unwatched).collect();
    let mut tasks = Vec::new();
    for log in &coverage.watched {
        let listed = inventory.deployment.logs.get(&log.origin).cloned();
        let Some(listed) = listed else { continue };
        tasks.push(one(context(log), listed, sources));
    }
    let ones = futures::future::join_all(tasks).await;
    let mut end = RunEnd {
        fell_back: in_force.fell_back,
        no_rules: rules.is_empty(),
        inventory_gone: inventory.gone,
        ..RunEnd::default()
    };
    for (log, one) in coverage.watched.iter().zip(ones) {
        end.take(log, one, &mut unwatched, &mut inventory.deployment);
    }
    Ok(finish(&environment, inventory, end, unwatched).await)
}

/// What one log came to.
enum One {
    Watched(Probed, Box<Watched>),
    Unread(Probed),
    Failed(LogReport),
}

async fn one(context: LogContext, listed: Listed, sources: &dyn Sources) -> One {
    let log = context.log.clone();
    let failed = |fault: &Fault| {
        let mut report = LogReport::new(&context.environment.pass, context.now(), Some(&log.origin));
        report.worsen(Outcome::Fault, Some(Problem::from(fault)));
        One::Failed(report)
    };
    let probed = match log.kind {
        Some(kind) => Probed {
            kind,
            base: log.base.clone(),
        },
        None => match sources.probe(&log).await {
            Ok(probed) => probed,
            Err(fault) => return failed(&fault),
        },
    };
    if probed.kind.leaves().is_none() {
        return One::Unread(probed);
    }
    let found = WatchedLog {
        base: probed.base.clone(),
        ..log.clone()
    };
    let source = match sources.open(&found, probed.kind) {
        Ok(source) => source,
        Err(fault) => return failed(&fault),
    };
    let task = tokio::spawn(watch::watch(context.clone(), source, probed.kind, listed));
    match task.await {
        Ok(watched) => One::Watched(probed, Box::new(watched)),
        Err(error) => failed(&crate::trouble::internal(&error)),
    }
}

/// The inventory in hand.
struct Inventory {
    deployment: Deployment,
    written: Option<Deployment>,
    version: Option<Version>,
    /// Whether there was none beside a record.
    gone: bool,
}

impl Inventory {
    async fn read(environment: &Environment) -> Result<Self, Fault> {
        let object = environment.store.read(names::DEPLOYMENT, Deployment::MAX_BYTES).await?;
        let Some(object) = object else {
            let deployment = Deployment::new(environment.clock.now());
            let gone = !environment.store.list("state/", "state/", 1).await?.is_empty();
            return Ok(Self {
                deployment,
                written: None,
                version: None,
                gone,
            });
        };
        let deployment: Deployment = record::decode(names::DEPLOYMENT, &object.bytes)?;
        Ok(Self {
            deployment: deployment.clone(),
            written: Some(deployment),
            version: Some(object.version),
            gone: false,
        })
    }

    async fn write(&mut self, environment: &Environment) -> Result<(), Fault> {
        for _ in 0..MAX_SWAPS {
            if self.written.as_ref() == Some(&self.deployment) {
                return Ok(());
            }
            let bytes = record::encode(&self.deployment);
            match environment
                .store
                .swap(names::DEPLOYMENT, self.version.as_ref(), &bytes)
                .await?
            {
                Swap::Done(version) => {
                    self.written = Some(self.deployment.clone());
                    self.version = Some(version);
                    return Ok(());
                }
                Swap::Lost => self.take_theirs(environment).await?,
            }
        }
        let message = format!(
            "{} changed under every one of {MAX_SWAPS} attempts to write it",
            names::DEPLOYMENT
        );
        Err(Fault::new(FaultClass::Store, names::DEPLOYMENT, message))
    }

    async fn take_theirs(&mut self, environment: &Environment) -> Result<(), Fault> {
        let Self {
            deployment: theirs,
            version,
            ..
        } = Self::read(environment).await?;
        let mut merged = theirs.clone();
        merged.created = merged.created.min(self.deployment.created);
        merged.conditions = conditions::merge(&self.deployment.conditions, merged.conditions);
        merged.config = self.deployment.config.or(merged.config);
        merged.trust = self.deployment.trust.or(merged.trust);
        for (origin, ours) in &self.deployment.logs {
            let listed = merged.logs.entry(origin.clone()).or_insert_with(|| ours.clone());
            listed.begun |= ours.begun;
            listed.epoch = listed.epoch.max(ours.epoch);
            if listed.kind.is_none() {
                (listed.kind, listed.base) = (ours.kind, ours.base.clone());
            }
        }
        self.deployment = merged;
        (self.written, self.version) = (Some(theirs), version);
        Ok(())
    }
}

/// Lists logs that are new. Those that are there when the store is created begin where the configuration says; a log
/// that appears later begins at 0, unless the configuration says otherwise for this very log. As long as it has not
/// begun, what the configuration says for it may still be put right.
fn list(inventory: &mut Inventory, coverage: &Coverage, settings: &Settings, now: sigstore::Timestamp) {
    let founding = inventory.deployment.logs.is_empty();
    let names = coverage.watched.iter().map(|log| (&log.origin, log.from, log.kind));
    let names = names.chain(coverage.unwatched.iter().map(|log| (&log.name, None, None)));
    for (origin, from, kind) in names {
        let unknown = Listed {
            since: now,
            founding,
            from: Position::Index(0),
            kind,
            base: None,
            epoch: 0,
            begun: false,
        };
        let listed = inventory.deployment.logs.entry(origin.clone()).or_insert(unknown);
        if !listed.begun {
            let default = if listed.founding {
                settings.from
            } else {
                Position::Index(0)
            };
            listed.from = from.unwrap_or(default);
        }
    }
}

/// Logs whose record was begun and that nobody names any more. They are not forgotten without a word.
fn left_out(coverage: &Coverage, deployment: &Deployment) -> Vec<Unwatched> {
    let named = |origin: &String| {
        coverage.watched.iter().any(|log| log.origin == *origin)
            || coverage.unwatched.iter().any(|log| log.name == *origin)
    };
    let gone = deployment
        .logs
        .iter()
        .filter(|(origin, listed)| listed.begun && !named(origin));
    let reason = "it was watched, and neither the trusted root nor the configuration names it any more; list it again, or exclude it with a reason";
    gone.map(|(origin, _)| Unwatched {
        name: origin.clone(),
        reason: reason.to_owned(),
        excused: false,
    })
    .collect()
}

/// Keeps copies of the configuration and the trust that are in force, where they are new.
async fn keep_in_force(
    environment: &Environment,
    inventory: &mut Inventory,
    in_force: &InForce,
    trust: &Trust,
    coverage: &Coverage,
) -> Result<(Hash, Hash), Fault> {
    let config = record::content_hash(&in_force.config);
    if inventory.deployment.config != Some(config) {
        environment
            .store
            .put_once(&names::config(&config), &in_force.config)
            .await?;
        inventory.deployment.config = Some(config);
    }
    let (hash, document) = coverage::trust_document(trust, coverage);
    if inventory.deployment.trust != Some(hash) {
        environment.store.put_once(&names::trust(&hash), &document).await?;
        inventory.deployment.trust = Some(hash);
    }
    Ok((config, hash))
}

/// What the run comes to, beside its logs.
#[derive(Default)]
struct RunEnd {
    reports: Vec<LogReport>,
    delivered: Delivered,
    tips: BTreeMap<String, record::Progress>,
    /// Logs whose record is gone or damaged, and why.
    gone: Vec<(String, String)>,
    /// Logs that were not even loaded, for another reason: why, and how long that may last.
    failed: Vec<(String, String, Limit)>,
    /// What of the run itself failed.
    fault: Option<Fault>,
    /// Whether the inventory was gone beside a record.
    inventory_gone: bool,
    fell_back: Option<String>,
    no_rules: bool,
}

impl RunEnd {
    fn take(&mut self, log: &WatchedLog, one: One, unwatched: &mut Vec<Unwatched>, deployment: &mut Deployment) {
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
                self.reports.push(report);
            }
            One::Watched(probed, watched) => {
                remember(listed, &probed, watched.progress.as_ref());
                match watched.unloaded {
                    Some(fault) if fault.class == FaultClass::Record => {
                        self.gone.push((log.origin.clone(), fault.message))
                    }
                    Some(fault) => self
                        .failed
                        .push((log.origin.clone(), fault.message, log.limits.max_lag)),
                    None => {}
                }
                self.delivered.dead.extend(watched.delivered.dead);
                self.tips
                    .extend(watched.progress.map(|progress| (log.origin.clone(), progress)));
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
async fn finish(
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
        let details: Vec<&str> = holding.iter().map(|(detail, _)| detail.as_str()).collect();
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
    let failed: Vec<&str> = end.failed.iter().map(|(log, ..)| log.as_str()).collect();
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
    PassReport { logs: end.reports, run }
}
