//! The pass over every log: configure ─▶ trust ─▶ discover ─▶ for each log, side by side ─▶ deliver ─▶ report.
//!
//! The configuration was parsed and checked by the caller, before any call to a log. Each log runs by itself: its
//! trouble, a panic in it included, is its own line. What belongs to no single log (nobody watched for, a configuration
//! that fell back, a dead sink, an unwatched log, a record that is gone) is a condition of the deployment.

use crate::coverage::{self, Coverage, Unwatched, WatchedLog};
use crate::discovery::{self, Discovery, Found, Sources};
use crate::ending::{self, RunEnd};
use crate::environment::{Environment, InForce, LogContext};
use crate::expected;
use crate::inventory::{self, Inventory};
use crate::ledger::{Ledgers, Shelf};
use crate::notices;
use crate::one;
use crate::report::PassReport;
use crate::settings::{LedgerSettings, Settings};
use crate::trouble::{Fault, FaultClass};
use crate::trust::TrustSource;
use std::sync::Arc;

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
    run_only(environment, in_force, trust, sources, &[]).await
}

/// One pass over these logs alone, each by its name or an unambiguous part of it; without any name, over every log. What
/// is known of the others stays as it is.
///
/// # Errors
/// Like [`run`]; and a fault, before anything is written, if a name is not that of one watched log.
pub async fn run_only(
    environment: Arc<Environment>,
    in_force: InForce,
    trust: &dyn TrustSource,
    sources: &dyn Sources,
    names: &[String],
) -> Result<PassReport, Fault> {
    let now = environment.clock.now();
    let trust = trust.trust(now).await?;
    let mut inventory = Inventory::read(&environment).await?;
    let coverage = coverage::coverage(&in_force.settings, &trust, &inventory.deployment, now)?;
    let discovery = discover(&environment, &coverage, &inventory, sources).await?;
    let chosen = choose(&discovery, names)?;
    let unwatched = inventory::left_out(&coverage, &discovery, &inventory.deployment);
    inventory::list(&mut inventory, &coverage, &discovery, &in_force.settings, now);
    notices::know_sinks(&mut inventory.deployment, &environment.sinks, now);
    let ledgers = Arc::new(open_ledgers(&in_force.settings, &mut inventory, sources, now).await);
    let (config, trust_hash) =
        inventory::keep_in_force(&environment, &mut inventory, &in_force, &trust, &coverage).await?;
    inventory.write(&environment).await?;
    let rules = Arc::new(in_force.settings.rules);
    let authorities = Arc::new(sigstore::Authorities::of(&trust.root));
    let context = |log: &WatchedLog| LogContext {
        environment: Arc::clone(&environment),
        log: log.clone(),
        rules: Arc::clone(&rules),
        authorities: Arc::clone(&authorities),
        ledgers: Arc::clone(&ledgers),
        trust: trust_hash,
        config,
        max_alerts: in_force.settings.max_alerts,
    };
    let mut unwatched: Vec<Unwatched> = coverage.unwatched.iter().cloned().chain(unwatched).collect();
    let mut tasks = Vec::new();
    for found in &chosen {
        let Some(listed) = inventory.deployment.logs.get(&found.log().origin).cloned() else {
            continue;
        };
        tasks.push(one::one(context(found.log()), found.clone(), listed, sources));
    }
    let ones = futures::future::join_all(tasks).await;
    let reports = environment.reports.unless(in_force.settings.reports);
    let mut end = RunEnd::new(
        in_force.fell_back,
        trust.tuf,
        Arc::clone(&rules),
        reports,
        inventory.gone,
    );
    end.asks(Arc::clone(&ledgers), now);
    let is_chosen = |found: &&Found| chosen.iter().any(|chosen| chosen.log().origin == found.log().origin);
    let others = discovery.found.iter().filter(|found| !is_chosen(found));
    end.skip(others.map(|found| found.log().origin.clone()).collect());
    for (found, one) in chosen.iter().zip(ones) {
        end.take(found.log(), one, &mut unwatched, &mut inventory.deployment);
    }
    Ok(ending::finish(&environment, inventory, end, unwatched).await)
}

/// Opens the ledgers that the rules name. The trouble of a ledger is its own.
async fn open_ledgers(
    settings: &Settings,
    inventory: &mut Inventory,
    sources: &dyn Sources,
    now: sigstore::Timestamp,
) -> Ledgers {
    let named = |ledger: &&LedgerSettings| settings.rules.ledgers().contains(&ledger.name);
    let named: Vec<&LedgerSettings> = settings.ledgers.iter().filter(named).collect();
    let places = named.iter().map(|ledger| (ledger.name.as_str(), ledger.place.as_str()));
    expected::know(&mut inventory.deployment.ledgers, places, now);
    let mut shelves = Vec::new();
    for ledger in named {
        let since = inventory
            .deployment
            .ledgers
            .get(&ledger.name)
            .map_or(now, |marks| marks.since);
        let opened = sources.ledger(ledger).await.map_err(|fault| fault.message);
        shelves.push(Shelf::new(ledger.clone(), since, opened));
    }
    Ledgers { shelves }
}

/// What the logs turn out to be, no longer than the pass lasts.
async fn discover(
    environment: &Environment,
    coverage: &Coverage,
    inventory: &Inventory,
    sources: &dyn Sources,
) -> Result<Discovery, Fault> {
    tokio::select! {
        biased;
        discovery = discovery::discover(coverage, &inventory.deployment, sources) => Ok(discovery),
        () = environment.budget.spent_for_heads() => {
            let message = "the time that the pass had was spent before every log had said what it is; the next pass tries again";
            Err(Fault { class: FaultClass::Source, message: message.to_owned(), object: None })
        }
    }
}

/// The watched logs that are meant.
fn choose(discovery: &Discovery, names: &[String]) -> Result<Vec<Found>, Fault> {
    if names.is_empty() {
        return Ok(discovery.found.clone());
    }
    let known: Vec<String> = discovery.found.iter().map(|found| found.log().origin.clone()).collect();
    let mut meant = Vec::new();
    for name in names {
        meant.push(coverage::find(&known, name)?);
    }
    let chosen = discovery
        .found
        .iter()
        .filter(|found| meant.contains(&found.log().origin));
    Ok(chosen.cloned().collect())
}
