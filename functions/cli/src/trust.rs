//! What the configuration trusts: read by a pass, looked at by a command, or as it was kept.

use crate::exit::Failure;
use crate::wiring::{self, Access};
use local::configuration::Loaded;
use pass::{Clock as _, GivenTrust, Limit, Store, SystemClock, Trust, TrustSource};
use sources::{Http, TufTrust};
use std::sync::Arc;

/// The source for a pass, which keeps what a repository vouches for in the store. What is lent to it stays.
pub(crate) fn source(loaded: &Loaded, http: &Http, store: Arc<dyn Store>) -> Box<dyn TrustSource> {
    sources::open_trust(loaded.trust.clone(), http, store, grace(loaded))
}

/// The trust of this moment, for a command that keeps nothing.
///
/// # Errors
/// What the source answers.
pub(crate) async fn look(loaded: &Loaded, http: &Http, store: &str) -> Result<Trust, Failure> {
    let now = SystemClock::new().now();
    match &loaded.trust {
        GivenTrust::Fixed(fixed) => Ok(fixed.trust(now).await?),
        GivenTrust::Tuf(repository) => {
            let store = wiring::store(store, Access::Read).await?;
            let source = TufTrust::new(repository.clone(), http, store, grace(loaded)).without_keeping();
            Ok(source.trust(now).await?)
        }
    }
}

/// The trust as far as it is known without asking anybody but the store; nothing of a repository that no pass has read.
///
/// # Errors
/// A fault if what is kept does not follow from the pinned root.
pub(crate) async fn offline(loaded: &Loaded, store: &str) -> Result<Option<Trust>, Failure> {
    let repository = match &loaded.trust {
        GivenTrust::Fixed(fixed) => return Ok(Some(fixed.in_force().clone())),
        GivenTrust::Tuf(repository) => repository.clone(),
    };
    let store = match wiring::store(store, Access::Read).await {
        Ok(store) => store,
        Err(usage @ Failure::Usage(_)) => return Err(usage),
        // What is wrong with a store is said by who needs it.
        Err(Failure::Fault(_)) => return Ok(None),
    };
    Ok(TufTrust::offline(repository, store, grace(loaded)).kept().await?)
}

fn grace(loaded: &Loaded) -> Limit {
    loaded.in_force.settings.limits.trust_grace
}
