//! `scan`: a range of a log, read again and proven; it moves nothing.

use crate::args::Scan;
use crate::config;
use crate::exit::{Failure, print, say};
use crate::progress::ProgressLine;
use crate::wiring::{self, Access, Console};
use alerts::Finding;
use local::ConsoleSink;
use local::configuration::Loaded;
use pass::{AlertSink, Clock as _, Sources as _, SystemClock, TrustSource as _, WatchedLog};
use sources::Logs;
use std::process::ExitCode;
use std::sync::Arc;

pub(crate) async fn scan(args: Scan) -> Result<ExitCode, Failure> {
    if args.from >= args.to {
        return Err(Failure::Usage(format!(
            "error: --from {} --to {}: the range is empty",
            args.from, args.to
        )));
    }
    let loaded = config::load_or_last_good(&args.common).await?;
    let sinks = if args.alert {
        wiring::sinks(&args.sinks, Console::Error)?
    } else {
        Vec::new()
    };
    let (log, kind, source) = open(&loaded, &args).await?;
    let store = wiring::store(&args.common.store, Access::Make)?;
    let progress = Arc::new(ProgressLine::new());
    let (environment, stop) = wiring::environment(store, Vec::new(), None, Arc::clone(&progress) as _);
    wiring::stop_on_signal(stop);
    let rules = Arc::new(loaded.in_force.settings.rules);
    let mut found = Vec::new();
    let mut take = |finding: Finding, object: &str| {
        progress.clear();
        print(&form(&finding, args.json));
        if args.alert && !finding.allowed {
            found.push((finding, object.to_owned()));
        }
    };
    let range = (args.from, args.to);
    let rescan = pass::rescan(environment, rules, log, kind, source, range, &mut take).await?;
    progress.clear();
    deliver(&sinks, &found).await?;
    let counts = rescan.counts;
    say(&format!(
        "{}: {} entries read and proven up to {}, {} findings, {} allowed, {} undecodable",
        rescan.outcome.word(),
        counts.entries,
        rescan.reached,
        counts.findings,
        counts.allowed,
        counts.quarantined
    ));
    rescan
        .objects
        .iter()
        .for_each(|object| say(&format!("written: {object}")));
    if let Some(problem) = &rescan.problem {
        say(&alerts::text::escape(problem, 1_000));
    }
    Ok(ExitCode::from(rescan.outcome.exit_code()))
}

async fn open(loaded: &Loaded, args: &Scan) -> Result<(WatchedLog, pass::LogKind, Arc<dyn pass::LogSource>), Failure> {
    let now = SystemClock::new().now();
    let trust = loaded.trust.trust(now).await?;
    let inventory = config::inventory(&args.common.store).await;
    let coverage = pass::coverage(&loaded.in_force.settings, &trust, &inventory, now)?;
    let names: Vec<String> = coverage.watched.iter().map(|log| log.origin.clone()).collect();
    let origin = pass::find(&names, &args.log)?;
    let log = coverage.watched.into_iter().find(|log| log.origin == origin);
    let Some(mut log) = log else {
        return Err(Failure::Usage(format!("error: {} is not watched", args.log)));
    };
    let logs = Logs::new()?;
    let kind = match log.kind {
        Some(kind) => kind,
        None => {
            let probed = logs.probe(&log).await?;
            log.base = probed.base;
            probed.kind
        }
    };
    let source = logs.open(&log, kind)?;
    Ok((log, kind, source))
}

fn form(finding: &Finding, json: bool) -> String {
    if json {
        return alerts::json_line(finding);
    }
    let allowed = if finding.allowed { "(allowed) " } else { "" };
    let now = SystemClock::new().now();
    let text = ConsoleSink::stdout().form(&alerts::finding_alert(finding, now));
    format!("{allowed}{text}")
}

async fn deliver(sinks: &[Arc<dyn AlertSink>], found: &[(Finding, String)]) -> Result<(), Failure> {
    let now = SystemClock::new().now();
    for sink in sinks {
        for (finding, object) in found {
            sink.deliver(&alerts::finding_alert(finding, now).with_object(object))
                .await
                .map_err(|error| {
                    let message = format!("{error}: the findings are printed and written, but not all were sent");
                    pass::Fault::new(pass::FaultClass::Internal, sink.name(), message)
                })?;
        }
    }
    Ok(())
}
