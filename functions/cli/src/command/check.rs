//! `check`: the configuration and its rules, and which logs they cover. Asks nobody.

use crate::args::Common;
use crate::config;
use crate::exit::{Failure, print};
use crate::trust;
use alerts::text::escape;
use pass::{Clock as _, SystemClock};
use std::process::ExitCode;

/// Names and reasons may come from a trusted root that somebody else wrote.
const SHOWN: usize = 400;

pub(crate) async fn check(args: &Common) -> Result<ExitCode, Failure> {
    let loaded = config::load(args).await?;
    let settings = &loaded.in_force.settings;
    let now = SystemClock::new().now();
    let trust = trust::offline(&loaded, &args.store).await?;
    let coverage = match &trust {
        Some(trust) => pass::coverage(settings, trust, &config::inventory(&args.store).await, now)?,
        None => pass::Coverage::default(),
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
    for log in &coverage.watched {
        let kind = log.kind.map_or("to be asked", pass::LogKind::word);
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
    for rule in settings.rules.specs() {
        print(&format!(
            "rule       {}  ({})",
            escape(&rule.name, SHOWN),
            rule.severity.word()
        ));
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
    let file = config::file(args.config.as_deref());
    print(&format!("{} is sound", file.display()));
    Ok(ExitCode::SUCCESS)
}
