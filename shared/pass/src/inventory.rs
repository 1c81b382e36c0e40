//! The inventory of the deployment in hand: which logs are listed, what is in force, and how it is written back.
//!
//! `state/deployment.json` is written by compare-and-swap; who loses takes what the other wrote and adds what it knows.
//! A crash between two writes leaves an older inventory, which the next pass brings forward.

use crate::conditions;
use crate::coverage::{self, Coverage, Unwatched};
use crate::discovery::Discovery;
use crate::environment::{Environment, InForce};
use crate::expected;
use crate::lookback;
use crate::names;
use crate::news::TrustOutline;
use crate::notices::{self, Change};
use crate::outline::Outline;
use crate::record::{self, Deployment, Document, Listed, Shard};
use crate::settings::{LogKind, Position, Settings};
use crate::trouble::{Fault, FaultClass};
use crate::trust::Trust;
use crate::{StoreErrorKind, Swap, Version};
use tlog::Hash;

/// So often a lost swap of the inventory is tried again.
const MAX_SWAPS: usize = 8;

/// The longest configuration that is compared with the next line by line; of a longer one the outline has to do.
const MAX_COMPARED_BYTES: usize = 1024 * 1024;

/// The inventory in hand.
pub(crate) struct Inventory {
    pub(crate) deployment: Deployment,
    written: Option<Deployment>,
    version: Option<Version>,
    /// Whether there was none beside a record.
    pub(crate) gone: bool,
}

impl Inventory {
    pub(crate) async fn read(environment: &Environment) -> Result<Self, Fault> {
        let object = environment.store.read(names::DEPLOYMENT, Deployment::MAX_BYTES).await?;
        let Some(object) = object else {
            let deployment = Deployment::new(environment.clock.now());
            // What a TUF repository vouched for is kept before anything else, and is no record of a log.
            let beside = environment.store.list("state/", "state/", 2).await?;
            let gone = beside.iter().any(|name| name != names::TRUST);
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

    pub(crate) async fn write(&mut self, environment: &Environment) -> Result<(), Fault> {
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
        // Ids are made of it: what the other wrote first stands, unless what it wrote is gone.
        if version.is_none() {
            merged.created = self.deployment.created;
        }
        merged.conditions = conditions::merge(&self.deployment.conditions, merged.conditions);
        merged.config = self.deployment.config.or(merged.config);
        merged.trust = self.deployment.trust.or(merged.trust);
        if self.deployment.outline.is_some() {
            merged.outline.clone_from(&self.deployment.outline);
        }
        if self.deployment.trusted.is_some() {
            merged.trusted.clone_from(&self.deployment.trusted);
        }
        notices::merge(&self.deployment, &mut merged);
        let base = self.written.as_ref().map(|written| written.lookback.clone());
        merged.lookback = lookback::merge(&base.unwrap_or_default(), &self.deployment.lookback, &theirs.lookback);
        merged.ledgers = expected::merged(&self.deployment.ledgers, &merged.ledgers);
        for (origin, ours) in &self.deployment.logs {
            let listed = merged.logs.entry(origin.clone()).or_insert_with(|| ours.clone());
            listed.begun |= ours.begun;
            listed.epoch = listed.epoch.max(ours.epoch);
            if listed.kind.is_none() {
                (listed.kind, listed.base) = (ours.kind, ours.base.clone());
            }
            if let (Some(listed), Some(ours)) = (&mut listed.shard, &ours.shard) {
                listed.retire(ours);
            }
        }
        self.deployment = merged;
        (self.written, self.version) = (Some(theirs), version);
        Ok(())
    }
}

/// Lists logs that are new. Those that are there when the store is created begin where the configuration says; a log
/// that appears later begins at 0, unless the configuration says otherwise for this very log; so does one whose validity
/// begins after the store, whenever it answers, and any that is new to an inventory that was lost. As long as it has not
/// begun, what the configuration says for it may still be put right. The shards of a server are there when the store is
/// created if they are listed the first time that the server answers; whatever the configuration says for the server, a
/// shard that it lists later is not begun at its head.
pub(crate) fn list(
    inventory: &mut Inventory,
    coverage: &Coverage,
    discovery: &Discovery,
    settings: &Settings,
    now: sigstore::Timestamp,
) {
    let founding = inventory.deployment.logs.is_empty() && !inventory.gone;
    let deployment = &mut inventory.deployment;
    let unknown = |founding: bool, kind: Option<LogKind>, shard: Option<&Shard>| Listed {
        since: now,
        founding,
        from: Position::Index(0),
        kind,
        base: None,
        shard: shard.cloned(),
        epoch: 0,
        begun: false,
    };
    let of_servers = discovery.servers.iter().map(|(name, _)| (name, LogKind::RekorV1));
    for (name, kind) in of_servers {
        let server = unknown(founding, Some(kind), None);
        deployment.logs.entry(name.clone()).or_insert(server);
    }
    let logs = discovery.found.iter().map(|found| {
        let log = found.log();
        (&log.origin, Some(log))
    });
    let unwatched = coverage.unwatched.iter().map(|log| (&log.name, None));
    for (origin, log) in logs.chain(unwatched) {
        let (kind, shard) = log.map_or((None, None), |log| (log.kind, log.shard.as_ref()));
        let of_server = shard.and_then(|shard| deployment.logs.get(&shard.server));
        let founding = of_server.map_or(founding, |server| server.founding && !server.begun);
        let late = match deployment.logs.get(origin) {
            Some(known) => shard.is_some() && !known.founding && known.from != Position::Head,
            None => of_server.is_some_and(|server| server.begun),
        };
        let from = log.and_then(|log| log.from);
        let from = from.filter(|from| !late || *from != Position::Head);
        let listed = deployment.logs.entry(origin.clone());
        let listed = listed.or_insert_with(|| unknown(founding, kind, shard));
        if let (Some(known), Some(shard)) = (&mut listed.shard, shard) {
            known.retire(shard);
        }
        if !listed.begun {
            let starts = log.and_then(|log| log.valid.start);
            let was_there = listed.founding && starts.is_none_or(|starts| starts <= listed.since);
            let default = if was_there { settings.from } else { Position::Index(0) };
            listed.from = from.unwrap_or(default);
        }
    }
    for (name, _) in discovery.servers.iter().filter(|(_, answered)| *answered) {
        if let Some(server) = deployment.logs.get_mut(name) {
            server.begun = true;
        }
    }
}

/// Logs whose record was begun and that nobody names any more. They are not forgotten without a word.
pub(crate) fn left_out(coverage: &Coverage, discovery: &Discovery, deployment: &Deployment) -> Vec<Unwatched> {
    let named = |origin: &String| {
        discovery.found.iter().any(|found| found.log().origin == *origin)
            || discovery.servers.iter().any(|(name, _)| name == origin)
            || coverage.unwatched.iter().any(|log| log.name == *origin)
    };
    let of_named = |listed: &Listed| listed.shard.as_ref().is_some_and(|shard| named(&shard.server));
    let gone = deployment
        .logs
        .iter()
        .filter(|(origin, listed)| listed.begun && !listed.is_server() && !named(origin) && !of_named(listed));
    let reason = "it was watched, and neither the trusted root nor the configuration names it any more; list it again, or exclude it with a reason";
    gone.map(|(origin, _)| Unwatched {
        name: origin.clone(),
        reason: reason.to_owned(),
        excused: false,
    })
    .collect()
}

/// Keeps copies of the configuration and the trust that are in force, where they are new.
pub(crate) async fn keep_in_force(
    environment: &Environment,
    inventory: &mut Inventory,
    in_force: &InForce,
    trust: &Trust,
    coverage: &Coverage,
) -> Result<(Hash, Hash), Fault> {
    let config = record::content_hash(&in_force.config);
    let outline = Outline::of(&in_force.settings);
    if inventory.deployment.config != Some(config) {
        environment
            .store
            .put_once(&names::config(&config), &in_force.config)
            .await?;
        if let Some(before) = inventory.deployment.config.replace(config) {
            let text = text_of(environment, &before).await?;
            let rules = text.as_ref().and_then(|text| (in_force.read_rules)(text.as_bytes()));
            let (deployment, specs) = (&mut inventory.deployment, in_force.settings.rules.specs());
            let new = lookback::note(environment, deployment, rules.as_deref(), specs).await?;
            let roll = notices::roll(coverage, &in_force.settings.rules);
            let is_watched = |log: &str| lookback::is_watched(coverage, deployment, log);
            let without_past = lookback::told(deployment, &is_watched).of(&new).facts();
            notices::config_changed(
                deployment,
                environment.clock.now(),
                &roll,
                &Change {
                    before: (before, text.as_deref()),
                    now: (config, core::str::from_utf8(&in_force.config).ok()),
                    outline: outline.as_ref(),
                    without_past,
                },
            );
        }
    }
    // Also where it is the same as before, and an older version kept none.
    inventory.deployment.outline = outline;
    let (hash, document) = coverage::trust_document(trust, coverage);
    if inventory.deployment.trust != Some(hash) {
        environment.store.put_once(&names::trust(&hash), &document).await?;
        inventory.deployment.trust = Some(hash);
    }
    let now = environment.clock.now();
    let trusted = TrustOutline::of(trust, now);
    let roll = notices::roll(coverage, &in_force.settings.rules);
    notices::trust_news(&mut inventory.deployment, trusted, now, &roll, &names::trust(&hash));
    Ok((config, hash))
}

/// The text of a configuration that was in force; nothing if its copy is gone or is not what it was.
async fn text_of(environment: &Environment, config: &Hash) -> Result<Option<String>, Fault> {
    let read = environment.store.read(&names::config(config), MAX_COMPARED_BYTES).await;
    let object = match read {
        Err(error) if matches!(error.kind, StoreErrorKind::TooLarge { .. }) => None,
        read => read?,
    };
    let bytes = object.map(|object| object.bytes);
    let bytes = bytes.filter(|bytes| record::content_hash(bytes) == *config);
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
}
