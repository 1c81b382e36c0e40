//! Which configuration is in force where the one that is meant cannot be used: the last good one, loudly.
//!
//! The last good one is the copy under `audit/config/` that the inventory names, with the trust that was in force with
//! it if the file that it names is no longer to be had. A configuration that vanished is a broken one: whoever can delete
//! it must not be able to turn the watch back to what it was on the first day. Nothing is written here.

use crate::configuration::{self, CONFIG_FOLDER, Files, Loaded, Refused, Stored, UrlCheck};
use crate::starter::{self, NoIdentity};
use crate::yaml::MAX_YAML_BYTES;
use async_trait::async_trait;
use pass::record::{self, Deployment};
use pass::{Clock as _, Fault, Store, StoreErrorKind, SystemClock, names};

/// Where a store keeps the configuration.
pub const CONFIG: &str = "config/sentinel.yaml";

/// The first line of the configuration that is made of an identity alone.
const WATCH_MARK: &str =
    "# Made from the identity that the deployment was given, until config/sentinel.yaml is there.\n";

/// What is in force, and what is wrong with what was meant.
#[derive(Debug)]
pub struct Standing {
    /// What is in force; it says itself if it fell back.
    pub loaded: Loaded,
    /// Why the configuration that is meant is not in force, line by line.
    pub broken: Option<String>,
}

/// The configuration that a deployment is given only an identity for.
///
/// # Errors
/// [`NoIdentity`].
pub fn watch_text(identity: &str) -> Result<String, NoIdentity> {
    Ok(format!("{WATCH_MARK}{}", starter::text(Some(identity))?))
}

/// The configuration that a store holds; the last good one where it is broken or vanished; and as long as there never was
/// one, that of `watch`, an identity.
///
/// # Errors
/// [`Refused::Broken`] if there is none, or it is broken and nothing can stand in; a fault if the store cannot say.
pub async fn of_store(store: &dyn Store, watch: Option<&str>, url: &dyn UrlCheck) -> Result<Standing, Refused> {
    let place = format!("{}/{CONFIG}", store.place().trim_end_matches('/'));
    let inventory = inventory(store).await.map_err(Refused::Fault)?;
    let broken = match text(store, &place, &inventory, watch).await? {
        Meant::Text(text) => {
            let parsed = configuration::parse(&place, &text, &Stored(store), &inventory, url).await;
            match parsed {
                Ok(loaded) => return Ok(Standing { loaded, broken: None }),
                Err(Refused::Broken(broken)) => broken,
                Err(fault @ Refused::Fault(_)) => return Err(fault),
            }
        }
        Meant::Broken(broken) => broken,
    };
    // The file that it names may be what is broken: what was trusted with it is kept as well.
    let trusted = Trusted {
        store,
        inventory: &inventory,
    };
    for files in [&Stored(store) as &dyn Files, &trusted] {
        let stands = last_good(store, &inventory, files, url, &broken).await;
        if let Some(loaded) = stands.map_err(Refused::Fault)? {
            return Ok(Standing {
                loaded,
                broken: Some(broken),
            });
        }
    }
    Err(Refused::Broken(broken))
}

/// The inventory of a store; that of one which is made now if it has none.
async fn inventory(store: &dyn Store) -> Result<Deployment, Fault> {
    let known = record::read(store, names::DEPLOYMENT).await?;
    Ok(known.unwrap_or_else(|| Deployment::new(SystemClock::new().now())))
}

/// What is meant to be in force.
enum Meant {
    Text(String),
    Broken(String),
}

async fn text(store: &dyn Store, place: &str, inventory: &Deployment, watch: Option<&str>) -> Result<Meant, Refused> {
    let object = match store.read(CONFIG, MAX_YAML_BYTES).await {
        Ok(object) => object,
        Err(error) if matches!(error.kind, StoreErrorKind::TooLarge { .. }) => {
            return Ok(Meant::Broken(format!("{place}: error: {}", error.kind)));
        }
        Err(error) => return Err(Refused::Fault(Fault::from(error))),
    };
    if let Some(object) = object {
        return Ok(match String::from_utf8(object.bytes) {
            Ok(text) => Meant::Text(text),
            Err(_) => Meant::Broken(format!("{place}: error: not UTF-8 text")),
        });
    }
    let kept = kept(store, inventory).await.map_err(Refused::Fault)?;
    let was_put = inventory.config.is_some() && kept.is_none_or(|(_, text)| !text.starts_with(WATCH_MARK));
    if was_put {
        return Ok(Meant::Broken(format!(
            "{place}: error: there is no such object any more, and a configuration was in force; put it back with `rekor-sentinel config put`"
        )));
    }
    let watch = watch.map(str::trim).filter(|watch| !watch.is_empty());
    let made = watch_text(watch.unwrap_or_default());
    match watch {
        Some(_) => Ok(made.map_or_else(
            |error| Meant::Broken(format!("the identity to watch: error: {error}")),
            Meant::Text,
        )),
        // Without any identity: the public logs, and nobody to watch for, which degrades the watch and is told.
        None => starter::text(None)
            .map(|text| Meant::Text(format!("{WATCH_MARK}{text}")))
            .map_err(|error| Refused::Broken(error.to_string())),
    }
}

/// The last configuration that was in force, checked again, to stand in for one that is `broken` (whose first line is
/// named). `None` if there is none, or it cannot be used either. `files` are those that the broken one would read.
///
/// # Errors
/// A fault if the store cannot say.
pub async fn last_good(
    store: &dyn Store,
    inventory: &Deployment,
    files: &dyn Files,
    url: &dyn UrlCheck,
    broken: &str,
) -> Result<Option<Loaded>, Fault> {
    let Some((name, text)) = kept(store, inventory).await? else {
        return Ok(None);
    };
    match configuration::parse(&name, &text, files, inventory, url).await {
        Ok(mut loaded) => {
            let first = broken.lines().next().unwrap_or_default();
            let why = format!("the configuration is broken ({first}); the last good one ({name}) is in force");
            loaded.in_force.fell_back = Some(why);
            Ok(Some(loaded))
        }
        Err(Refused::Broken(_)) => Ok(None),
        Err(Refused::Fault(fault)) => Err(fault),
    }
}

/// The name and text of the configuration that was in force last, if its copy is what it was.
async fn kept(store: &dyn Store, inventory: &Deployment) -> Result<Option<(String, String)>, Fault> {
    let Some(hash) = inventory.config else {
        return Ok(None);
    };
    let name = names::config(&hash);
    let object = store.read(&name, MAX_YAML_BYTES).await?;
    let bytes = object
        .map(|object| object.bytes)
        .filter(|bytes| tlog::Hash::of(bytes) == hash);
    Ok(bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .map(|text| (name, text)))
}

/// The trusted root that was in force last, whatever a configuration calls it, and the witness policies by their names.
struct Trusted<'s> {
    store: &'s dyn Store,
    inventory: &'s Deployment,
}

#[async_trait]
impl Files for Trusted<'_> {
    async fn read(&self, name: &str) -> Result<(String, Vec<u8>), Refused> {
        let none = || {
            Refused::Broken(format!(
                "{CONFIG_FOLDER}{name} cannot be read, and no copy of it is kept"
            ))
        };
        let hash = self.inventory.trust.ok_or_else(none)?;
        let place = names::trust(&hash);
        let read = self.store.read(&place, configuration::MAX_TRUSTED_ROOT_BYTES).await;
        let object = read
            .map_err(|error| Refused::Fault(Fault::from(error)))?
            .ok_or_else(none)?;
        if tlog::Hash::of(&object.bytes) != hash {
            return Err(none());
        }
        let document: serde_json::Value = serde_json::from_slice(&object.bytes).map_err(|_| none())?;
        let policies = document.get("witness_policies");
        if let Some(policy) = policies.and_then(|policies| policies.get(name)?.as_str()) {
            return Ok((place, policy.as_bytes().to_vec()));
        }
        // Of a repository it is the pinned root that a configuration calls by a name.
        let root = document.get("tuf_root").or_else(|| document.get("trusted_root"));
        let root = root.ok_or_else(none)?;
        Ok((place, serde_json::to_vec(root).map_err(|_| none())?))
    }
}
