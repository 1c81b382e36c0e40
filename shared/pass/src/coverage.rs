//! Which logs are watched, with which keys, and which are not.
//!
//! Coverage comes from the trusted root: every log that verifiers accept, plus what the configuration adds. A log that
//! is neither read nor excluded with a reason is listed as unwatched. Nothing here asks a log.

use crate::record::{Deployment, Shard};
use crate::settings::{LogKind, LogSettings, Position, Settings, ViewSettings, WitnessPolicy};
use crate::trouble::{Fault, FaultClass};
use crate::trust::Trust;
use rules::Diagnostic;
use sigstore::{Timestamp, Validity};
use std::collections::{BTreeMap, BTreeSet};
use tlog::{Hash, VerifierKey};

/// A log that is to be watched.
#[derive(Debug, Clone)]
pub struct WatchedLog {
    /// The origin: its name.
    pub origin: String,
    /// Where it is read.
    pub url: String,
    /// What it speaks; `None` until it was asked.
    pub kind: Option<LogKind>,
    /// Which shard of a Rekor v1 server it is; `None` for the server itself, and for every other log.
    pub shard: Option<Shard>,
    /// The very folder that holds its checkpoint, where the log had to be asked; else the rule for URLs says it.
    pub base: Option<String>,
    /// The keys that may sign its checkpoints.
    pub keys: Vec<VerifierKey>,
    /// When verifiers accept it: from the first moment of any of its keys to the last. Without a bound where the trusted
    /// root sets none, or the configuration alone knows it.
    pub valid: Validity,
    /// Where its first span begins, if the configuration says so for this log.
    pub from: Option<Position>,
    /// Its limits.
    pub limits: crate::Limits,
    /// Who else looks at it.
    pub observers: Observers,
}

/// Who looks at a log beside us.
#[derive(Debug, Clone, Default)]
pub struct Observers {
    /// Whose cosignatures its checkpoints need.
    pub policy: Option<WitnessPolicy>,
    /// Whom its checkpoints are compared with: of the whole deployment, see [`WatchedLog::views`].
    views: Vec<ViewSettings>,
}

impl WatchedLog {
    /// The views that are asked about this log.
    pub fn views(&self) -> impl Iterator<Item = &ViewSettings> {
        let server = self.shard.as_ref().map(|shard| shard.server.as_str());
        self.observers
            .views
            .iter()
            .filter(move |view| view.is_of(&self.origin, server))
    }

    /// Whether its server says that it takes no more entries. A shard of Rekor v1 has no other way to say so.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.shard.as_ref().is_some_and(|shard| shard.retired)
    }

    /// Whether verifiers accept nothing new of it: the time of each of its keys is over.
    #[must_use]
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.valid.end.is_some_and(|end| end < now)
    }
}

/// A log that verifiers accept and that is not watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwatched {
    /// Its origin.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Whether the configuration excuses it today.
    pub excused: bool,
}

/// All logs of a pass.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    /// To be watched.
    pub watched: Vec<WatchedLog>,
    /// Not to be watched.
    pub unwatched: Vec<Unwatched>,
}

/// Works out which logs there are. `inventory` remembers what logs of unknown kind were found to speak.
///
/// # Errors
/// A fault if an exclusion names no log or several, or a log has no key.
pub fn coverage(settings: &Settings, trust: &Trust, inventory: &Deployment, now: Timestamp) -> Result<Coverage, Fault> {
    let mut logs = BTreeMap::new();
    let mut coverage = Coverage::default();
    for instance in trust.root.tlogs() {
        let stated = stated_kind(trust, &instance.base_url);
        let read = trust.monitor.as_ref().and_then(|it| it.rekor_log(&instance.origin()));
        let remembered = inventory.logs.get(&instance.origin()).filter(|_| stated.is_none());
        let log = WatchedLog {
            origin: instance.origin(),
            // What verifiers know as the log's URL may be where it is written alone.
            url: read.map_or_else(|| instance.base_url.clone(), |read| read.read_url.clone()),
            kind: stated.or_else(|| remembered.and_then(|listed| listed.kind)),
            base: remembered.and_then(|listed| listed.base.clone()),
            shard: None,
            keys: instance.verifier_keys(),
            valid: instance.valid_for(),
            from: None,
            limits: settings.limits,
            observers: Observers::default(),
        };
        match logs.entry(log.origin.clone()) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(log);
            }
            std::collections::btree_map::Entry::Occupied(mut place) => {
                let known = place.get_mut();
                known.keys.extend(log.keys);
                known.valid = either(known.valid, log.valid);
            }
        }
    }
    for instance in trust.root.ctlogs() {
        coverage.unwatched.push(Unwatched {
            name: instance.origin(),
            reason: "this version does not read certificate transparency logs yet".to_owned(),
            excused: false,
        });
    }
    for log in &settings.logs {
        add(&mut logs, log);
    }
    for mut log in logs.into_values() {
        observe(&mut log, settings)?;
        let configured = settings.logs.iter().any(|settings| settings.origin == log.origin);
        place(log, configured, trust, &mut coverage)?;
    }
    exclude(settings, &mut coverage, &names(settings, trust, inventory), now)?;
    Ok(coverage)
}

/// What a configuration asks for and this trust does not allow, each with its path: a log without a key, an exclusion
/// that does not name one log. Without any, [`coverage`] is no fault.
#[must_use]
pub fn misfits(settings: &Settings, trust: &Trust, inventory: &Deployment) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let mut complain = |path: String, message: String| {
        problems.push(Diagnostic {
            path,
            message,
            suggestion: None,
        });
    };
    for (at, log) in settings.logs.iter().enumerate() {
        let mut trusted = trust
            .root
            .tlogs()
            .iter()
            .filter(|trusted| trusted.origin() == log.origin);
        if log.keys.is_empty() && trusted.all(|trusted| trusted.verifier_keys().is_empty()) {
            complain(format!("logs[{at}]"), without_key(&log.origin));
        }
        let trusted = trust.root.tlogs().iter();
        let trusted = trusted.filter(|trusted| trusted.origin() == log.origin);
        let keys: Vec<VerifierKey> = trusted.flat_map(sigstore::LogInstance::verifier_keys).collect();
        let policy = log.witness_policy.as_ref().and_then(|policy| policy.read.as_ref());
        if policy.is_some_and(|read| !read.policy.is_for(&[&keys[..], &log.keys].concat())) {
            let message = format!("the policy names logs, and none of them has a key of {}", log.origin);
            complain(format!("logs[{at}].witness_policy"), message);
        }
    }
    if let Some(read) = settings.witness_policy.as_ref().and_then(|policy| policy.read.as_ref()) {
        let trusted = trust.root.tlogs().iter().flat_map(sigstore::LogInstance::verifier_keys);
        let own = settings.logs.iter().flat_map(|log| log.keys.iter().cloned());
        if !read.policy.is_for(&trusted.chain(own).collect::<Vec<_>>()) {
            let message = "the policy names logs, and none of them is watched".to_owned();
            complain("witness_policy".to_owned(), message);
        }
    }
    let names = names(settings, trust, inventory);
    for (at, view) in settings.views.iter().enumerate() {
        let unknown = view.logs.iter().find(|part| !may_be_log(&names, part));
        if let Some(part) = unknown {
            let message = format!("`{part}` is part of no log's name; the logs are: {}", names.join(", "));
            complain(format!("views[{at}].log"), message);
        }
    }
    for (at, exclusion) in settings.exclude.iter().enumerate() {
        if let Err(fault) = find(&names, &exclusion.log) {
            complain(format!("exclude[{at}].log"), fault.message);
        }
    }
    problems
}

/// Every log that there is a name for.
fn names(settings: &Settings, trust: &Trust, inventory: &Deployment) -> Vec<String> {
    let trusted = trust.root.tlogs().iter().chain(trust.root.ctlogs());
    let names: BTreeSet<String> = trusted
        .map(sigstore::LogInstance::origin)
        .chain(settings.logs.iter().map(|log| log.origin.clone()))
        .chain(inventory.logs.keys().cloned())
        .collect();
    names.into_iter().collect()
}

/// Whether this may be a part of a log's name: of one that is known, or of a shard of a server, which is found later.
fn may_be_log(names: &[String], part: &str) -> bool {
    let shard = |name: &String| {
        part.strip_prefix(name.as_str())
            .is_some_and(|rest| rest.starts_with(" - "))
    };
    part.bytes().all(|byte| byte.is_ascii_digit()) || names.iter().any(|name| name.contains(part) || shard(name))
}

/// Who looks at a log: its own policy or the one for all, if that is for it, and every view.
fn observe(log: &mut WatchedLog, settings: &Settings) -> Result<(), Fault> {
    let own = log.observers.policy.take();
    let policy = own.or_else(|| settings.witness_policy.clone());
    if let Some(unread) = policy.as_ref().filter(|policy| policy.read.is_none()) {
        let message = format!("the witness policy {} was not read", unread.file);
        return Err(Fault::new(FaultClass::Configuration, &unread.file, message));
    }
    let is_for = |policy: &WitnessPolicy| policy.read.as_ref().is_some_and(|read| read.policy.is_for(&log.keys));
    log.observers = Observers {
        policy: policy.filter(is_for),
        views: settings.views.clone(),
    };
    Ok(())
}

fn without_key(origin: &str) -> String {
    format!(
        "no key is known for the log {origin}: give it a `key:` (a C2SP vkey or a PEM public key); the trusted root has none"
    )
}

fn stated_kind(trust: &Trust, base_url: &str) -> Option<LogKind> {
    let origin = sigstore::origin_of(base_url);
    let monitored = trust.monitor.as_ref().and_then(|config| config.rekor_log(origin));
    let signed = || trust.signing.iter().find_map(|config| config.rekor_version(base_url));
    match monitored.map(|log| log.major_api_version).or_else(signed)? {
        1 => Some(LogKind::RekorV1),
        2 => Some(LogKind::RekorV2),
        _ => None,
    }
}

/// From the first moment of either to the last.
fn either(one: Validity, other: Validity) -> Validity {
    Validity {
        start: one.start.zip(other.start).map(|(one, other)| one.min(other)),
        end: one.end.zip(other.end).map(|(one, other)| one.max(other)),
    }
}

/// A configured log: its own, or what differs for one of the trusted root. A key of its own is valid without a bound.
fn add(logs: &mut BTreeMap<String, WatchedLog>, log: &LogSettings) {
    let mut keys = log.keys.clone();
    let mut valid = Validity::default();
    if let Some(trusted) = logs.get(&log.origin) {
        if keys.iter().all(|key| trusted.keys.contains(key)) {
            valid = trusted.valid;
        }
        keys.extend(trusted.keys.iter().cloned());
    }
    let watched = WatchedLog {
        origin: log.origin.clone(),
        url: log.url.clone(),
        kind: Some(log.kind),
        base: None,
        shard: None,
        keys,
        valid,
        from: log.from,
        limits: log.limits,
        observers: Observers {
            policy: log.witness_policy.clone(),
            views: Vec::new(),
        },
    };
    logs.insert(watched.origin.clone(), watched);
}

/// A log without a usable key cannot be watched: a fault where the user listed it, unwatched where the trusted root did.
fn place(log: WatchedLog, configured: bool, trust: &Trust, coverage: &mut Coverage) -> Result<(), Fault> {
    if let Some(kind) = log.kind.filter(|kind| kind.leaves().is_none()) {
        coverage.unwatched.push(unread(&log.origin, kind));
    } else if !log.keys.is_empty() {
        coverage.watched.push(log);
    } else if configured {
        return Err(Fault {
            class: FaultClass::Configuration,
            message: without_key(&log.origin),
            object: None,
        });
    } else {
        let instance = trust
            .root
            .tlogs()
            .iter()
            .find(|instance| instance.origin() == log.origin);
        let trouble = instance.and_then(sigstore::LogInstance::trouble);
        let why = trouble.map_or_else(|| "it has no key".to_owned(), |trouble| trouble.to_string());
        coverage.unwatched.push(Unwatched {
            name: log.origin,
            reason: format!("its key cannot be used: {why}"),
            excused: false,
        });
    }
    Ok(())
}

/// A log whose kind this version does not read.
pub(crate) fn unread(origin: &str, kind: LogKind) -> Unwatched {
    let reason = format!("this version does not read logs of kind {} yet", kind.word());
    Unwatched {
        name: origin.to_owned(),
        reason,
        excused: false,
    }
}

fn exclude(settings: &Settings, coverage: &mut Coverage, names: &[String], now: Timestamp) -> Result<(), Fault> {
    for exclusion in &settings.exclude {
        let name = find(names, &exclusion.log)?;
        let excused = exclusion.until.is_none_or(|until| now < until);
        if excused {
            coverage.watched.retain(|log| log.origin != name);
            coverage.unwatched.retain(|log| log.name != name);
            coverage.unwatched.push(Unwatched {
                name,
                reason: exclusion.reason.clone(),
                excused,
            });
        }
    }
    Ok(())
}

/// The one name that is `wanted`, or that alone contains it.
///
/// # Errors
/// A fault that lists the names if there is none or more than one.
pub fn find(names: &[String], wanted: &str) -> Result<String, Fault> {
    if let Some(exact) = names.iter().find(|name| *name == wanted) {
        return Ok(exact.clone());
    }
    let mut matching = names.iter().filter(|name| name.contains(wanted));
    match (matching.next(), matching.next()) {
        (Some(only), None) => Ok(only.clone()),
        (first, _) => {
            let problem = if first.is_some() {
                "is part of several names"
            } else {
                "names no log"
            };
            let message = format!("`{wanted}` {problem}; the logs are: {}", names.join(", "));
            Err(Fault {
                class: FaultClass::Configuration,
                message,
                object: None,
            })
        }
    }
}

/// The hash of what was trusted, and the document to keep: the trusted root, every watched log's keys, and the root that
/// a TUF repository was verified from.
#[must_use]
pub fn trust_document(trust: &Trust, coverage: &Coverage) -> (Hash, Vec<u8>) {
    let keys: BTreeMap<&str, &[VerifierKey]> = coverage
        .watched
        .iter()
        .map(|log| (log.origin.as_str(), log.keys.as_slice()))
        .collect();
    let root: serde_json::Value = serde_json::from_slice(&trust.bytes).unwrap_or_default();
    let mut document = serde_json::json!({ "schema": crate::record::SCHEMA, "keys": keys, "trusted_root": root });
    let policies = coverage.watched.iter().filter_map(|log| log.observers.policy.as_ref());
    let policies: BTreeMap<&str, &str> = policies
        .filter_map(|policy| Some((policy.file.as_str(), policy.read.as_ref()?.text.as_str())))
        .collect();
    if let (false, Some(fields)) = (policies.is_empty(), document.as_object_mut()) {
        fields.insert("witness_policies".to_owned(), serde_json::json!(policies));
    }
    if let (Some(tuf), Some(document)) = (&trust.tuf, document.as_object_mut()) {
        let pinned = serde_json::from_slice(&tuf.pinned).unwrap_or_default();
        document.insert("tuf_root".to_owned(), pinned);
    }
    let bytes = serde_json::to_vec_pretty(&document).unwrap_or_default();
    (Hash::of(&bytes), bytes)
}
