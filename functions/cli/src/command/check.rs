//! `check`: the configuration and its rules, and which logs they cover. Asks nobody.

mod recorded;
mod against;

use crate::args::Check;
use crate::config;
use crate::exit::{Failure, print};
use crate::trust;
use alerts::text::escape;
use local::configuration::Loaded;
use local::yaml;
use pass::{Clock as _, Coverage, Limit, LogKind, Settings, SystemClock};
use rules::{LogName, MONITORED_VALUES, Weight};
use sigstore::Timestamp;
use std::process::ExitCode;

/// Names and reasons may come from a trusted root that somebody else wrote.
const SHOWN: usize = 400;

/// Rules that are listed one by one.
const MAX_LISTED: usize = 1_000;

/// The exit code of warnings, with `--strict`: that of a configuration that is not to be used.
const STRICT: u8 = 2;

pub(crate) async fn check(args: &Check) -> Result<ExitCode, Failure> {
    if args.schema {
        print(&format!("{:#}", pass::schema()));
        return Ok(ExitCode::SUCCESS);
    }
    let common = &args.common;
    let stored = config::stored(common).await?;
    let place = match &stored {
        Some(store) => config::place(store.as_ref()),
        None => config::file(common.config.as_deref()).display().to_string(),
    };
    let loaded = config::load(common).await?;
    let settings = &loaded.in_force.settings;
    let now = SystemClock::new().now();
    let trust = trust::offline(&loaded, &common.store).await?;
    let coverage = match &trust {
        Some(trust) => pass::coverage(settings, trust, &config::inventory(&common.store).await, now)?,
        None => Coverage::default(),
    };
    if let Some(standing) = trust.as_ref().and_then(|trust| trust.tuf.as_ref()) {
        print(&format!(
            "trust      {}  (as kept: root {}, which expires at {}; vouched for until {})",
            escape(&standing.place, SHOWN),
            standing.root_version,
            standing.root_expires,
            standing.expires
        ));
    } else if trust.is_none() {
        print("trust      a TUF repository that no run has read yet: which logs are watched is known then");
    }
    print_logs(&coverage, settings);
    print_ledgers(settings);
    print_rules(settings);
    let warnings = print_lints(&place, &loaded, &coverage, now);
    let with = match warnings {
        0 => String::new(),
        1 => ", with a warning".to_owned(),
        count => format!(", with {count} warnings"),
    };
    print(&format!(
        "{} is sound{with}",
        config::file(common.config.as_deref()).display()
    ));
    if let Some(given) = &args.against {
        against::replay(given, settings, now).await?;
    }
    match args.strict && warnings > 0 {
        true => Ok(ExitCode::from(STRICT)),
        false => Ok(ExitCode::SUCCESS),
    }
}

fn print_logs(coverage: &Coverage, settings: &Settings) {
    for log in &coverage.watched {
        let kind = log.kind.map_or("to be asked", LogKind::word);
        let (name, url) = (escape(&log.origin, SHOWN), escape(&log.url, SHOWN));
        print(&format!("watched    {name}  ({kind}, {url})"));
    }
    for log in &coverage.unwatched {
        let (name, reason) = (escape(&log.name, SHOWN), escape(&log.reason, SHOWN));
        print(&format!("unwatched  {name}  ({reason})"));
    }
    for log in coverage.watched.iter().filter(|log| log.observers.policy.is_some()) {
        let policy = log.observers.policy.as_ref().and_then(|policy| policy.read.as_ref());
        let quorum = policy.map(|read| read.policy.quorum()).unwrap_or_default();
        print(&format!(
            "witnessed  {}  (quorum {})",
            escape(&log.origin, SHOWN),
            escape(&quorum, SHOWN)
        ));
    }
    for view in &settings.views {
        let (name, url) = (escape(&view.name, SHOWN), escape(&view.url, SHOWN));
        print(&format!("view       {name}  ({}, {url})", view.kind.word()));
    }
}

fn print_ledgers(settings: &Settings) {
    for ledger in &settings.ledgers {
        let (name, place) = (escape(&ledger.name, SHOWN), escape(&ledger.place, SHOWN));
        let keys = match ledger.keys.len() {
            0 => "plain records count".to_owned(),
            1 => "signed by 1 key".to_owned(),
            many => format!("signed by one of {many} keys"),
        };
        let [grace, window] = [ledger.grace_secs, ledger.window_secs].map(|secs| Limit::After(secs).written());
        print(&format!(
            "ledger     {name}  ({place}, {keys}, grace {grace}, window {window})"
        ));
        if !settings.rules.ledgers().contains(&ledger.name) {
            print(&format!(
                "note: {name}: no rule names this ledger under `allow`, so nothing is asked of it and nothing of it is missed"
            ));
        }
    }
}

fn print_rules(settings: &Settings) {
    let rules = settings.rules.specs();
    for rule in rules.iter().take(MAX_LISTED) {
        print(&format!(
            "rule       {}  ({})",
            escape(&rule.name, SHOWN),
            rule.severity.word()
        ));
    }
    if let Some(more @ 1..) = rules.len().checked_sub(MAX_LISTED) {
        print(&format!("rule       … and {more} more"));
    }
    for always in settings.rules.always_run() {
        let name = settings.rules.specs().get(always.rule).map_or("", |rule| &rule.name);
        print(&format!(
            "note: {}: no text of four letters or more wakes `{}` ({}); every value is compared, some {} ns a byte",
            escape(name, SHOWN),
            escape(&always.pattern, SHOWN),
            always.field,
            always.steps_per_byte
        ));
    }
    for rule in settings.rules.always_asked() {
        let name = settings.rules.specs().get(rule).map_or("", |rule| &rule.name);
        print(&format!(
            "note: {}: any entry may match, so it is asked of every one; say beside `not` what to look for",
            escape(name, SHOWN)
        ));
    }
    if settings.rules.is_empty() {
        print("warning: there is no rule: nobody is watched for");
    }
}

/// What the logs that are watched are called in rules.
fn names(coverage: &Coverage) -> Vec<LogName> {
    let mut names = Vec::with_capacity(coverage.watched.len());
    for log in &coverage.watched {
        let has_shards = log.shard.is_none() && log.kind.is_none_or(|kind| kind == LogKind::RekorV1);
        if has_shards {
            names.push(LogName {
                name: log.origin.clone(),
                has_shards,
            });
        }
        // What it speaks is not known before it was asked.
        if !has_shards || log.kind.is_none() {
            names.push(LogName {
                name: log.origin.clone(),
                has_shards: false,
            });
        }
    }
    names
}

/// Says what is well formed and probably not meant. How many warnings there are.
fn print_lints(place: &str, loaded: &Loaded, coverage: &Coverage, now: Timestamp) -> usize {
    let settings = &loaded.in_force.settings;
    let text = String::from_utf8_lossy(&loaded.in_force.config);
    // It was read a moment ago; without its places the paths stand alone.
    let document = yaml::parse(&text).ok();
    let (written, places) = document.map_or_else(Default::default, |document| (document.value, document.places));
    let nothing = serde_json::Value::Null;
    let value = |key: &str| written.get(key).unwrap_or(&nothing);
    let mut lints = rules::lint_configured(&settings.rules, value("rules"), value(MONITORED_VALUES), now);
    lints.extend(rules::lint_logs(&settings.rules, value("rules"), &names(coverage)));
    if !lints.is_empty() {
        print(yaml::render_lints(place, &text, &places, &lints).trim_end());
    }
    let warnings = lints.iter().filter(|lint| lint.weight == Weight::Warning).count();
    warnings + usize::from(settings.rules.is_empty())
}
