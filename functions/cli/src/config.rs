//! The configuration: read, checked as a whole before anything is asked of anybody, and the last good one where it is
//! broken.

use crate::args::Common;
use crate::cloud;
use crate::exit::{Failure, say};
use local::configuration::{self, Beside, Loaded, UrlCheck};
use local::{standing, yaml};
use pass::record::Deployment;
use pass::{Clock as _, LedgerSettings, LogSettings, Store, SystemClock, TufRepository, ViewSettings};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tlog::Hash;

/// The configuration of a folder, if none is named.
const DEFAULT: &str = "./sentinel.yaml";

/// Names asked for in one listing.
const PAGE: usize = 1_000;

/// The file that is meant.
pub(crate) fn file(given: Option<&Path>) -> PathBuf {
    given.map_or_else(|| PathBuf::from(DEFAULT), Path::to_path_buf)
}

/// The inventory of a store, if there is one to read: it knows logs that the trusted root no longer names. What is wrong
/// with a store is said by who uses it.
pub(crate) async fn inventory(store: &str) -> Deployment {
    let known = match crate::wiring::store(store, crate::wiring::Access::Read).await {
        Ok(store) => pass::record::read(store.as_ref(), pass::names::DEPLOYMENT)
            .await
            .ok()
            .flatten(),
        Err(_) => None,
    };
    known.unwrap_or_else(|| Deployment::new(SystemClock::new().now()))
}

/// The store, if the configuration is to be read there: none is named, there is no `./sentinel.yaml`, and the store has
/// one.
pub(crate) async fn stored(common: &Common) -> Result<Option<Arc<dyn Store>>, Failure> {
    if common.config.is_some() || file(None).exists() {
        return Ok(None);
    }
    let store = match crate::wiring::store(&common.store, crate::wiring::Access::Read).await {
        Ok(store) => store,
        Err(usage @ Failure::Usage(_)) => return Err(usage),
        Err(Failure::Fault(_)) => return Ok(None),
    };
    let read = store.read(standing::CONFIG, yaml::MAX_YAML_BYTES).await;
    let there = match read {
        Err(error) if matches!(error.kind, pass::StoreErrorKind::TooLarge { .. }) => true,
        read => read.map_err(pass::Fault::from)?.is_some(),
    };
    Ok(there.then_some(store))
}

/// Whether there is a configuration at all: one that is named, that of this folder, or that of the store.
pub(crate) async fn is_there(common: &Common) -> Result<bool, Failure> {
    Ok(common.config.is_some() || file(None).exists() || stored(common).await?.is_some())
}

/// The place of a store's configuration in words.
pub(crate) fn place(store: &dyn Store) -> String {
    format!("{}/{}", store.place().trim_end_matches('/'), standing::CONFIG)
}

/// The stored configuration, or the last good one in its place, loudly. Which one is used is always said.
async fn load_stored(store: &dyn Store) -> Result<Loaded, Failure> {
    say(&format!("configuration: {}", place(store)));
    let standing = standing::of_store(store, None, &Readable).await?;
    if let Some(broken) = &standing.broken {
        say(broken);
    }
    if let Some(why) = &standing.loaded.in_force.fell_back {
        say(&format!("warning: {why}"));
    }
    Ok(standing.loaded)
}

/// Reads and checks a configuration.
///
/// # Errors
/// Usage, with file, line, column and caret.
pub(crate) async fn load(common: &Common) -> Result<Loaded, Failure> {
    if let Some(store) = stored(common).await? {
        let loaded = load_stored(store.as_ref()).await?;
        return match loaded.in_force.fell_back {
            None => Ok(loaded),
            Some(_) => Err(Failure::Usage("error: the stored configuration is broken".to_owned())),
        };
    }
    let given = common.config.as_deref();
    let file = file(given);
    let text = yaml::read(&file).map_err(|error| {
        let hint = if given.is_none() && !file.exists() {
            ". Make one with `rekor-sentinel init`"
        } else {
            ""
        };
        Failure::Usage(format!("error: {error}{hint}"))
    })?;
    let inventory = inventory(&common.store).await;
    parse(&file.display().to_string(), &text, &Beside::the(&file), &inventory).await
}

/// Like [`load`]; where the file is broken, the last good configuration of the store stands in, loudly.
///
/// # Errors
/// Usage, if there is none that can stand in; a fault if the store cannot say.
pub(crate) async fn load_or_last_good(common: &Common) -> Result<Loaded, Failure> {
    if let Some(store) = stored(common).await? {
        return load_stored(store.as_ref()).await;
    }
    let broken = match load(common).await {
        Ok(loaded) => return Ok(loaded),
        Err(Failure::Usage(text)) => text,
        Err(fault) => return Err(fault),
    };
    // A broken configuration makes no store: only one that exists can lend its last good configuration.
    let Ok(store) = crate::wiring::store(&common.store, crate::wiring::Access::Read).await else {
        return Err(Failure::Usage(broken));
    };
    let beside = Beside::the(&file(common.config.as_deref()));
    let inventory = inventory(&common.store).await;
    let stands = standing::last_good(store.as_ref(), &inventory, &beside, &Readable, &broken).await;
    let Some(loaded) = stands.inspect_err(|_| say(&broken))? else {
        return Err(Failure::Usage(broken));
    };
    say(&broken);
    if let Some(why) = &loaded.in_force.fell_back {
        say(&format!("warning: {why}"));
    }
    Ok(loaded)
}

/// The rule sets of every configuration that was ever in force, as far as its copies can be read.
///
/// # Errors
/// A fault if the store cannot be read.
pub(crate) async fn kept_rule_sets(store: &dyn Store) -> Result<BTreeSet<Hash>, Failure> {
    let prefix = pass::names::CONFIGS;
    let (mut rule_sets, mut from) = (BTreeSet::new(), prefix.to_owned());
    loop {
        let page = store.list(prefix, &from, PAGE).await.map_err(pass::Fault::from)?;
        for name in &page {
            let object = match store.read(name, yaml::MAX_YAML_BYTES).await {
                // No configuration that ever was in force; the audit says what it is.
                Err(error) if matches!(error.kind, pass::StoreErrorKind::TooLarge { .. }) => None,
                read => read.map_err(pass::Fault::from)?,
            };
            rule_sets.extend(object.and_then(|object| rule_set(&object.bytes)));
        }
        match page.last().filter(|_| page.len() == PAGE) {
            Some(last) => from = format!("{last}~"),
            None => return Ok(rule_sets),
        }
    }
}

fn rule_set(bytes: &[u8]) -> Option<Hash> {
    rules::RuleSet::hash_of(&configuration::rules_of(bytes)?).ok()
}

/// Checks a text against the sources that this build has.
async fn parse(file: &str, text: &str, beside: &Beside, inventory: &Deployment) -> Result<Loaded, Failure> {
    Ok(configuration::parse(file, text, beside, inventory, &Readable).await?)
}

/// What this build can read.
pub(crate) struct Readable;

impl UrlCheck for Readable {
    fn log(&self, log: &LogSettings) -> Result<(), String> {
        let base = sources::base_of(&log.url, log.kind);
        base.map(drop).map_err(|error| error.to_string())
    }

    fn repository(&self, repository: &TufRepository) -> Result<(), (&'static str, String)> {
        sources::check_repository(repository).map(drop)
    }

    fn view(&self, view: &ViewSettings) -> Result<(), String> {
        if cloud::is_bucket(view)? {
            return Ok(());
        }
        sources::view_base(view).map(drop).map_err(|error| error.to_string())
    }

    fn ledger(&self, ledger: &LedgerSettings) -> Result<(), String> {
        match ledger.is_bucket() {
            true => cloud::check_bucket(&ledger.place),
            false => Ok(()),
        }
    }
}
