//! One invocation: what was asked is done, and what came of it is said.

use crate::event::{self, Asked, Malformed};
use crate::measures::{self, Namespace};
use crate::settings::{PassSettings, Settings};
use crate::time::{self, Time};
use crate::turn::Turns;
use crate::words;
use aws::{Clients, S3Store, SnsSink, WithBuckets};
use core::time::Duration;
use lambda_runtime::Diagnostic;
use local::configuration::{Refused, UrlCheck};
use local::standing;
use pass::{
    AlertSink, Budget, Clock, Environment, Fault, FaultClass, LedgerSettings, LogReport, LogSettings, Outcome,
    PassReport, Problem, Remembering, Reports, Store, SystemClock, TufRepository, Unwatching, ViewSettings,
    error_chain,
};
use serde_json::{Value, json};
use sources::{Base, Logs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use tokio::sync::OnceCell;

/// So often the topic is asked for its subscribers.
const SUBSCRIBERS_EVERY: Duration = Duration::from_secs(3_600);

/// The patience with what follows a pass.
const AFTERWARDS: Duration = Duration::from_secs(5);

/// What lives as long as the process.
pub(crate) struct Monitor {
    settings: Settings,
    clock: SystemClock,
    hands: OnceCell<Hands>,
    asked_subscribers: Mutex<Option<SystemTime>>,
}

/// The clients, made by the first invocation: the process is ready before they are.
struct Hands {
    clients: Clients,
    store: Arc<dyn Store>,
    sinks: Vec<Arc<dyn AlertSink>>,
    logs: Arc<Logs>,
    /// The logs, and views in buckets too.
    sources: WithBuckets,
}

/// An invocation failed.
#[derive(Debug)]
pub(crate) struct Failed {
    /// A word for programs.
    class: String,
    message: String,
}

impl From<Failed> for Diagnostic {
    fn from(failed: Failed) -> Self {
        Self {
            error_type: format!("Sentinel.{}", failed.class),
            error_message: failed.message,
        }
    }
}

impl Failed {
    /// Says it, once.
    fn new(class: &str, message: &str) -> Self {
        tracing::error!(class, "{message}");
        Self {
            class: class.to_owned(),
            message: words::fit(message),
        }
    }
}

impl From<Malformed> for Failed {
    fn from(malformed: Malformed) -> Self {
        Self::new("event", &malformed.to_string())
    }
}

impl From<&Problem> for Failed {
    fn from(problem: &Problem) -> Self {
        Self::new(&problem.class, &problem.message)
    }
}

/// What stopped a pass before it came to a report.
enum Stopped {
    /// Somebody asked for what there is not.
    Asked(Problem),
    /// The deployment does not work.
    Lost(Problem),
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Self::Lost(Problem::from(&fault))
    }
}

impl Monitor {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            clock: SystemClock::new(),
            hands: OnceCell::new(),
            asked_subscribers: Mutex::new(None),
        }
    }

    /// Does what the event asks for, before `deadline`. The answer is what came of it.
    pub(crate) async fn answer(
        &self,
        event: &Value,
        deadline: SystemTime,
        request: &str,
        turns: &Turns,
    ) -> Result<Value, Failed> {
        let asked = event::asked(event)?;
        let settings = match &self.settings.pass {
            Ok(settings) => settings,
            Err(wrong) => {
                self.publish(&measures::lost(), &[], None);
                return Err(Failed::new("environment", wrong));
            }
        };
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        let time = time::time(left, settings.interval);
        match asked {
            Asked::Test => self.test(settings, time, request).await,
            Asked::Pass => self.pass(settings, time, request, turns, &[]).await,
            Asked::Logs(names) => self.pass(settings, time, request, turns, &names).await,
        }
    }

    /// A test alert through every sink.
    async fn test(&self, settings: &PassSettings, time: Time, request: &str) -> Result<Value, Failed> {
        let hands = self
            .hands(settings)
            .await
            .map_err(|fault| Failed::from(&Problem::from(&fault)))?;
        let alert = alerts::test_alert(request, self.clock.now());
        let mut failures = Vec::new();
        for sink in &hands.sinks {
            match tokio::time::timeout(time.pass, sink.deliver(&alert)).await {
                Ok(Ok(())) => tracing::info!(sink = sink.name(), "the sink took the test alert"),
                Ok(Err(error)) => failures.push(error_chain(&error)),
                Err(_elapsed) => failures.push(format!("the sink {} did not answer in time", sink.name())),
            }
        }
        let names: Vec<&str> = hands.sinks.iter().map(|sink| sink.name()).collect();
        match failures.is_empty() {
            true => Ok(json!({"test": alert.id, "sinks": names})),
            false => Err(Failed::new("sink", &failures.join("; "))),
        }
    }

    /// A pass, and everything that is said of it.
    async fn pass(
        &self,
        settings: &PassSettings,
        time: Time,
        request: &str,
        turns: &Turns,
        names: &[String],
    ) -> Result<Value, Failed> {
        let (budget, stop) = Budget::new(Arc::new(self.clock.clone()), Some(time.pass));
        turns.may_stop(stop.clone());
        let pass = self.run(settings, budget, request, names);
        let ended = tokio::time::timeout(time.all, pass).await;
        // What was given up must not go on in the time of the next one.
        stop.stop();
        let report = match ended {
            Ok(Ok(report)) => report,
            Ok(Err(Stopped::Asked(problem))) => return Err(Failed::from(&problem)),
            Ok(Err(Stopped::Lost(problem))) => {
                self.publish(&measures::lost(), &[], None);
                return Err(Failed::from(&problem));
            }
            Err(_elapsed) => {
                self.publish(&measures::lost(), &[], None);
                let message = "the pass did not end in the time that it had; what was committed is kept, and the next one goes on from there";
                return Err(Failed::new("time", message));
            }
        };
        report
            .logs
            .iter()
            .filter(|log| log.outcome != Outcome::Clean)
            .for_each(told);
        told(&report.run);
        let subscribers = self.subscribers(settings).await;
        self.publish(&report.measures, &report.logs, subscribers);
        if let Some(problem) = report.failure() {
            return Err(Failed::from(&problem));
        }
        if names.is_empty() && report.measures.verified_pass {
            self.beat(settings).await;
        }
        Ok(json!({"run": report.run, "logs": report.logs}))
    }

    async fn run(
        &self,
        settings: &PassSettings,
        budget: Budget,
        request: &str,
        names: &[String],
    ) -> Result<PassReport, Stopped> {
        let hands = self.hands(settings).await?;
        let standing = standing::of_store(hands.store.as_ref(), settings.watch.as_deref(), &Readable).await;
        let standing = standing.map_err(|refused| match refused {
            Refused::Fault(fault) => Stopped::from(fault),
            Refused::Broken(text) => Stopped::from(Fault {
                class: FaultClass::Configuration,
                message: text,
                object: Some(standing::CONFIG.to_owned()),
            }),
        })?;
        if let Some(broken) = &standing.broken {
            tracing::error!("the configuration is broken; the last good one is in force: {broken}");
        }
        let environment = Environment {
            store: Arc::clone(&hands.store),
            sinks: hands.sinks.clone(),
            clock: Arc::new(self.clock.clone()),
            budget,
            pass: pass_name(request),
            watcher: Arc::new(Unwatching),
            reports: if names.is_empty() {
                Reports::SCHEDULED
            } else {
                Reports::NONE
            },
        };
        let (in_force, trust) = (standing.loaded.in_force, standing.loaded.trust);
        let (store, grace) = (Arc::clone(&hands.store), in_force.settings.limits.trust_grace);
        let trust = sources::open_trust(trust, hands.logs.http(), store, grace);
        let made = pass::run_only(Arc::new(environment), in_force, trust.as_ref(), &hands.sources, names).await;
        made.map_err(|fault| match fault.class {
            FaultClass::Configuration if !names.is_empty() => Stopped::Asked(Problem::from(&fault)),
            _ => Stopped::from(fault),
        })
    }

    async fn hands(&self, settings: &PassSettings) -> Result<&Hands, Fault> {
        self.hands.get_or_try_init(|| hands(settings)).await
    }

    /// How many read the alerts, once an hour.
    async fn subscribers(&self, settings: &PassSettings) -> Option<u64> {
        let hands = self.hands.get()?;
        {
            let mut asked = self.asked_subscribers.lock().unwrap_or_else(PoisonError::into_inner);
            let now = SystemTime::now();
            let due = |last: SystemTime| now.duration_since(last).is_ok_and(|since| since >= SUBSCRIBERS_EVERY);
            if !asked.is_none_or(due) {
                return None;
            }
            *asked = Some(now);
        }
        let count = aws::confirmed_subscribers(&hands.clients, settings.topic.as_str());
        match tokio::time::timeout(AFTERWARDS, count).await {
            Ok(Ok(count)) => Some(count),
            Ok(Err(error)) => {
                tracing::warn!("nobody knows how many read the alerts: {}", error_chain(&error));
                None
            }
            Err(_elapsed) => None,
        }
    }

    async fn beat(&self, settings: &PassSettings) {
        let (Some(to), Some(hands)) = (&settings.heartbeat, self.hands.get()) else {
            return;
        };
        if let Err(error) = sources::heartbeat(hands.logs.http(), to).await {
            tracing::warn!("{error}");
        }
    }

    fn publish(&self, measures: &pass::Measures, logs: &[LogReport], subscribers: Option<u64>) {
        let to = Namespace {
            namespace: &self.settings.namespace,
            deployment: &self.settings.deployment,
        };
        measures::publish(to, measures, logs, subscribers);
    }
}

async fn hands(settings: &PassSettings) -> Result<Hands, Fault> {
    let internal = |error: &dyn core::error::Error| Fault {
        class: FaultClass::Internal,
        message: error_chain(error),
        object: None,
    };
    let clients = Clients::of_lambda();
    let store = S3Store::new(&clients, settings.store.clone(), settings.lock_days);
    let topic = SnsSink::new(&clients, settings.topic.as_str()).map_err(|error| internal(&error))?;
    let mut sinks: Vec<Arc<dyn AlertSink>> = vec![Arc::new(topic)];
    if let Some(chat) = &settings.chat_topic {
        let chat = SnsSink::chat(&clients, chat.as_str()).map_err(|error| internal(&error))?;
        sinks.push(Arc::new(chat));
    }
    let logs = Arc::new(Logs::new().map_err(|error| internal(&error))?);
    Ok(Hands {
        store: Arc::new(Remembering::new(Arc::new(store))),
        sinks,
        sources: WithBuckets::new(Arc::clone(&logs) as _, clients.clone()),
        logs,
        clients,
    })
}

/// What a function can read: over HTTP alone. A folder of a Lambda holds neither a log nor a repository.
struct Readable;

impl UrlCheck for Readable {
    fn log(&self, log: &LogSettings) -> Result<(), String> {
        match sources::base_of(&log.url, log.kind) {
            Ok(Base::Http(_)) => Ok(()),
            Ok(Base::Folder(_)) => Err(NO_FOLDERS.to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn repository(&self, repository: &TufRepository) -> Result<(), (&'static str, String)> {
        match sources::check_repository(repository)? {
            Base::Http(_) => Ok(()),
            Base::Folder(_) => Err(("url", NO_FOLDERS.to_owned())),
        }
    }

    fn view(&self, view: &ViewSettings) -> Result<(), String> {
        if aws::view_place(view).map_err(|error| error.to_string())?.is_some() {
            return Ok(());
        }
        match sources::view_base(view) {
            Ok(Base::Http(_)) => Ok(()),
            Ok(Base::Folder(_)) => Err(NO_FOLDERS.to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn ledger(&self, ledger: &LedgerSettings) -> Result<(), String> {
        match aws::ledger_place(ledger) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err("a function has no folders to read from; use s3://BUCKET/FOLDER".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

const NO_FOLDERS: &str = "a function has no folders to read from; use https:// or http://";

/// One line of the report.
fn told(line: &LogReport) {
    let log = line.log.as_deref();
    let error = line.error.as_ref();
    let (class, message) = (
        error.map(|error| error.class.as_str()),
        error.map(|error| error.message.as_str()),
    );
    macro_rules! tell {
        ($level:ident) => {
            tracing::$level!(
                log,
                outcome = line.outcome.word(),
                head = line.head.as_ref().map(|head| head.size),
                cursor = line.cursor,
                scanned = line.scanned,
                findings = line.findings,
                authorised = line.authorised,
                waiting = line.waiting,
                quarantined = line.quarantined,
                class,
                error = message,
                "pass"
            )
        };
    }
    match line.outcome {
        Outcome::Clean | Outcome::Findings => tell!(info),
        Outcome::Degraded | Outcome::Fault => tell!(warn),
        Outcome::Unproven | Outcome::Violation => tell!(error),
    }
}

/// A name that no two passes share: an invocation that Lambda makes again has the same id.
fn pass_name(request: &str) -> String {
    let plain = request
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-');
    let request: String = plain.take(64).collect();
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    format!("{request}-{:x}", now.as_nanos())
}
