//! `scan`: a range of a log, read again and proven; it moves nothing.

mod parts;
mod telling;
mod rule;

use crate::args::Scan;
use crate::config;
use crate::exit::{Failure, print, say};
use crate::progress::ProgressLine;
use crate::trust;
use crate::wiring::{self, Access, Console};
use alerts::Finding;
use parts::{Part, parts};
use pass::{Outcome, Rescan, Sources as _};
use sigstore::Authorities;
use sources::Logs;
use std::process::ExitCode;
use std::sync::Arc;
use telling::{deliver, form, say_rest};

pub(crate) async fn scan(args: Scan) -> Result<ExitCode, Failure> {
    match (&args.rule, &args.log, args.from, args.to) {
        (Some(rule), ..) => rule::scan(&args, rule).await,
        (None, Some(log), Some(from), Some(to)) => range(&args, log, (from, to)).await,
        (None, ..) => Err(Failure::Usage(
            "error: name --log, --from and --to, or a --rule".to_owned(),
        )),
    }
}

/// A range, asked of every rule.
async fn range(args: &Scan, log: &str, (from, to): (u64, u64)) -> Result<ExitCode, Failure> {
    if from >= to {
        return Err(Failure::Usage(format!(
            "error: --from {from} --to {to}: the range is empty"
        )));
    }
    let loaded = config::load_or_last_good(&args.common).await?;
    let sinks = if args.alert {
        wiring::sinks(&args.sinks, Console::Error).await?
    } else {
        Vec::new()
    };
    let logs = Logs::new()?;
    let trust = trust::look(&loaded, logs.http(), &args.common.store).await?;
    let parts = parts((&loaded, &trust), args, (log, (from, to)), &logs).await?;
    let store = wiring::store(&args.common.store, Access::Make).await?;
    let progress = Arc::new(ProgressLine::new());
    let (environment, stop) = wiring::environment(store, Vec::new(), None, Arc::clone(&progress) as _);
    wiring::stop_on_signal(stop);
    let rules = Arc::new(loaded.in_force.settings.rules);
    let authorities = Arc::new(Authorities::of(&trust.root));
    let mut found = Vec::new();
    let mut take = |finding: Finding, object: &str| {
        progress.clear();
        print(&form(&finding, args.json));
        if args.alert && !finding.allowed {
            found.push((finding, object.to_owned()));
        }
    };
    let (mut worst, mut failed) = (Outcome::Clean, None);
    for Part { log, kind, range } in parts {
        let source = logs.open(&log, kind)?;
        let (environment, name) = (Arc::clone(&environment), log.origin.clone());
        let asked = (Arc::clone(&rules), Arc::clone(&authorities));
        let rescan = pass::rescan(environment, asked, log, kind, source, range, &mut take).await;
        progress.clear();
        match rescan {
            Ok(rescan) => {
                tell(&name, &rescan);
                worst = worst.max(rescan.outcome);
            }
            Err(fault) => {
                failed = Some(fault);
                break;
            }
        }
    }
    // What was found before something failed is told all the same.
    deliver(&sinks, &found).await?;
    if let Some(fault) = failed {
        return Err(fault.into());
    }
    Ok(ExitCode::from(worst.exit_code()))
}

/// What came of one log, in a few lines.
fn tell(name: &str, rescan: &Rescan) {
    let counts = rescan.counts;
    say(&format!(
        "{}: {}: {} entries read and proven up to {}, {} findings, {} allowed, {} undecodable",
        alerts::text::escape(name, 200),
        rescan.outcome.word(),
        counts.entries,
        rescan.reached,
        counts.findings,
        counts.allowed,
        counts.quarantined
    ));
    say_rest(rescan);
}
