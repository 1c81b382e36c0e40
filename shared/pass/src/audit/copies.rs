//! The copies of what was in force, configuration and trust: each under the hash of its bytes.

use super::listing::Names;
use super::{Content, Desk};
use crate::MAX_CONFIG_BYTES;
use crate::names;
use crate::record::{self, Deployment};
use crate::trouble::Fault;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tlog::{Hash, VerifierKey};

/// The largest copy: a trusted root with the keys of its logs has a few MiB.
const MAX_COPY_BYTES: usize = MAX_CONFIG_BYTES;

const TRUST: &str = "audit/trust/";

/// The copies that were looked for.
#[derive(Default)]
pub(super) struct Copies {
    known: BTreeSet<String>,
    /// The keys that were ever in force, by log.
    pub(super) keys: BTreeMap<String, Vec<VerifierKey>>,
}

/// What a copy of the trust says of keys. One that this version cannot read is none.
#[derive(Deserialize)]
struct TrustCopy {
    #[serde(default)]
    keys: BTreeMap<String, Vec<Value>>,
}

/// Reads every copy, and looks for those that the inventory names.
pub(super) async fn check(desk: &mut Desk<'_>, deployment: Option<&Deployment>) -> Result<(), Fault> {
    for folder in [names::CONFIGS, TRUST] {
        let mut names = Names::new(desk.store, folder);
        while let Some(page) = names.page().await? {
            for name in &page {
                copy(desk, name).await?;
            }
        }
    }
    if let Some(deployment) = deployment {
        want_config(desk, deployment.config.as_ref(), names::DEPLOYMENT).await?;
        want_trust(desk, deployment.trust.as_ref(), names::DEPLOYMENT).await?;
    }
    Ok(())
}

/// The configuration that `who` names must be there.
pub(super) async fn want_config(desk: &mut Desk<'_>, hash: Option<&Hash>, who: &str) -> Result<(), Fault> {
    want(desk, hash.map(names::config), "configuration", who).await
}

/// The trust that `who` names must be there.
pub(super) async fn want_trust(desk: &mut Desk<'_>, hash: Option<&Hash>, who: &str) -> Result<(), Fault> {
    want(desk, hash.map(names::trust), "trust", who).await
}

async fn want(desk: &mut Desk<'_>, name: Option<String>, what: &str, who: &str) -> Result<(), Fault> {
    let Some(name) = name.filter(|name| !desk.copies.known.contains(name)) else {
        return Ok(());
    };
    // It may have come since the listing.
    if !copy(desk, &name).await? {
        desk.audit
            .defect(&name, format!("is missing, and {who} names it as the {what} in force"));
    }
    Ok(())
}

/// Reads a copy; false if there is none.
async fn copy(desk: &mut Desk<'_>, name: &str) -> Result<bool, Fault> {
    desk.copies.known.insert(name.to_owned());
    let bytes = match desk.content(name, MAX_COPY_BYTES).await? {
        Content::Missing => return Ok(false),
        Content::Unfit => return Ok(true),
        Content::Bytes(bytes) => bytes,
    };
    let hash = record::content_hash(&bytes);
    if *name != names::config(&hash) && *name != names::trust(&hash) {
        desk.audit
            .defect(name, "its content has another hash than its name says");
    } else if name.starts_with(TRUST) {
        desk.copies.take_keys(&bytes);
    }
    Ok(true)
}

impl Copies {
    fn take_keys(&mut self, bytes: &[u8]) {
        let Ok(copy) = serde_json::from_slice::<TrustCopy>(bytes) else {
            return;
        };
        for (log, recorded) in copy.keys {
            let keys = self.keys.entry(log).or_default();
            for key in recorded.into_iter().filter_map(|key| serde_json::from_value(key).ok()) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
    }
}
