//! `check`: the configuration and its rules, and which logs they cover. Asks nobody.

use crate::args::Common;
use crate::config;
use crate::exit::{Failure, print};
use pass::record::Deployment;
use pass::{Clock as _, SystemClock, TrustSource as _};
use std::process::ExitCode;

pub(crate) fn check(args: &Common) -> Result<ExitCode, Failure> {
    let loaded = config::load(args.config.as_deref())?;
    let settings = &loaded.in_force.settings;
    let now = SystemClock::new().now();
    let trust = futures::executor::block_on(loaded.trust.trust(now))?;
    let coverage = pass::coverage(settings, &trust, &Deployment::new(now), now)?;
    for log in &coverage.watched {
        let kind = log.kind.map_or("to be asked", pass::LogKind::word);
        print(&format!("watched    {}  ({kind}, {})", log.origin, log.url));
    }
    for log in &coverage.unwatched {
        print(&format!("unwatched  {}  ({})", log.name, log.reason));
    }
    for rule in settings.rules.specs() {
        print(&format!("rule       {}  ({})", rule.name, rule.severity.word()));
    }
    if settings.rules.is_empty() {
        print("warning: there is no rule: nobody is watched for");
    }
    let file = config::file(args.config.as_deref());
    print(&format!("{} is sound", file.display()));
    Ok(ExitCode::SUCCESS)
}
