//! `verify`: the record of a store, checked again offline.

use super::evidence;
use crate::args::{Common, Verify};
use crate::config;
use crate::exit::{Failure, print};
use crate::trust;
use crate::wiring::{self, Access};
use pass::{Audit, Clock as _, EpochAudit, FixedTrust, Store, SystemClock, TrustSource as _};
use std::collections::BTreeMap;
use std::process::ExitCode;
use tlog::{Hash, VerifierKey};

/// The exit code of a record with a hole or a forgery.
const NOT_WHOLE: u8 = 1;

pub(crate) async fn verify(args: &Verify) -> Result<ExitCode, Failure> {
    match &args.evidence {
        Some(file) => evidence::check(file, &every_key(&args.common).await?),
        None => record(&args.common).await,
    }
}

/// The whole record of a store.
pub(crate) async fn record(args: &Common) -> Result<ExitCode, Failure> {
    let keys = keys(args).await?;
    let store = wiring::store(&args.store, Access::Read).await?;
    let mut audit = pass::audit(store.as_ref(), &keys).await?;
    check_rule_sets(store.as_ref(), &mut audit).await?;
    for epoch in &audit.epochs {
        print(&line(epoch));
    }
    for note in &audit.notes {
        print(&format!("note: {}", alerts::text::escape(note, 1_000)));
    }
    for defect in &audit.defects {
        let what = alerts::text::escape(&defect.what, 1_000);
        print(&format!(
            "DEFECT {}: {what}",
            alerts::text::escape(&defect.object, 1_200)
        ));
    }
    print(&sum(&audit, &store.place()));
    Ok(if audit.defects.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(NOT_WHOLE)
    })
}

/// Those of [`keys`], and those of every other log that the trusted root names, watched or not.
async fn every_key(args: &Common) -> Result<BTreeMap<String, Vec<VerifierKey>>, Failure> {
    let mut keys = keys(args).await?;
    let trust = match config::is_there(args).await? {
        true => trust::offline(&config::load(args).await?, &args.store).await?,
        false => Some(FixedTrust::public().in_force().clone()),
    };
    let root = trust.as_ref().map(|trust| &trust.root);
    for log in root
        .into_iter()
        .flat_map(|root| root.tlogs().iter().chain(root.ctlogs()))
    {
        keys.entry(log.origin()).or_insert_with(|| log.verifier_keys());
    }
    Ok(keys)
}

/// The keys of the configuration and the trusted root. Without a configuration: those of the public trusted root.
async fn keys(args: &Common) -> Result<BTreeMap<String, Vec<VerifierKey>>, Failure> {
    let now = SystemClock::new().now();
    let inventory = config::inventory(&args.store).await;
    if !config::is_there(args).await? {
        let trust = FixedTrust::public().trust(now).await?;
        let logs = trust.root.tlogs().iter().map(|log| (log.origin(), log.verifier_keys()));
        return Ok(pass::with_shards(logs.collect(), &inventory));
    }
    let loaded = config::load(args).await?;
    let settings = &loaded.in_force.settings;
    let Some(trust) = trust::offline(&loaded, &args.store).await? else {
        let own = settings.logs.iter().map(|log| (log.origin.clone(), log.keys.clone()));
        return Ok(pass::with_shards(own.collect(), &inventory));
    };
    let coverage = pass::coverage(settings, &trust, &inventory, now)?;
    let keys = coverage.watched.into_iter().map(|log| (log.origin, log.keys)).collect();
    Ok(pass::with_shards(keys, &inventory))
}

/// Each rule set that a receipt names must be that of a configuration on record.
async fn check_rule_sets(store: &dyn Store, audit: &mut Audit) -> Result<(), Failure> {
    let kept = config::kept_rule_sets(store).await?;
    let missing: Vec<(Hash, String)> = audit
        .rule_sets
        .iter()
        .filter(|(rules, _)| !kept.contains(rules))
        .map(|(rules, receipt)| (*rules, receipt.clone()))
        .collect();
    for (rules, receipt) in missing {
        let what = format!("no configuration under audit/config/ holds the rules {rules}, which {receipt} names");
        audit.defect("audit/config/", what);
    }
    Ok(())
}

fn line(epoch: &EpochAudit) -> String {
    let again = if epoch.epoch > 1 {
        format!(" (epoch {})", epoch.epoch)
    } else {
        String::new()
    };
    format!(
        "{}{again}: entries {} to {} covered by {} receipts; {} heads, the newest of size {}; {} findings, {} of them proven again; {} leaves in quarantine; {} pieces of evidence",
        alerts::text::escape(&epoch.log, 200),
        epoch.from,
        epoch.to,
        epoch.receipts,
        epoch.heads,
        epoch.head,
        epoch.findings,
        epoch.proofs,
        epoch.quarantined,
        epoch.evidence
    )
}

fn sum(audit: &Audit, place: &str) -> String {
    match audit.defects.len() {
        0 => format!("the record in {place} is whole"),
        1 => format!("the record in {place} has 1 defect"),
        count => format!("the record in {place} has {count} defects"),
    }
}
