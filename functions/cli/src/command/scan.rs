//! `scan`: a range of a log, read again and proven; it moves nothing.

use crate::args::Scan;
use crate::config;
use crate::exit::{Failure, print, say};
use crate::progress::ProgressLine;
use crate::trust;
use crate::wiring::{self, Access, Console};
use alerts::Finding;
use local::ConsoleSink;
use local::configuration::Loaded;
use pass::{AlertSink, Clock as _, Found, LogKind, Outcome, Rescan, Sources as _, SystemClock, Trust, WatchedLog};
use sigstore::Authorities;
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
        wiring::sinks(&args.sinks, Console::Error).await?
    } else {
        Vec::new()
    };
    let logs = Logs::new()?;
    let trust = trust::look(&loaded, logs.http(), &args.common.store).await?;
    let parts = parts(&loaded, &trust, &args, &logs).await?;
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
    rescan
        .objects
        .iter()
        .for_each(|object| say(&format!("written: {object}")));
    if let Some(problem) = &rescan.problem {
        say(&alerts::text::escape(problem, 1_000));
    }
}

/// What is read: a log, and a range within it.
struct Part {
    log: WatchedLog,
    kind: LogKind,
    range: (u64, u64),
}

/// The log that is meant. The name of a Rekor v1 server means all its shards, and the range counts as the server does.
async fn parts(loaded: &Loaded, trust: &Trust, args: &Scan, logs: &Logs) -> Result<Vec<Part>, Failure> {
    let now = SystemClock::new().now();
    let inventory = config::inventory(&args.common.store).await;
    let mut coverage = pass::coverage(&loaded.in_force.settings, trust, &inventory, now)?;
    let server_of = |name: &String| inventory.logs.get(name).and_then(|listed| listed.shard.clone());
    let shards = inventory.logs.keys().filter(|name| server_of(name).is_some()).cloned();
    let names: Vec<String> = coverage
        .watched
        .iter()
        .map(|log| log.origin.clone())
        .chain(shards)
        .collect();
    // A shard may be named by what its server has not been asked for yet.
    let wanted = pass::find(&names, &args.log);
    let server = wanted.as_ref().ok().and_then(server_of).map(|shard| shard.server);
    if let Some(asked) = server.or_else(|| wanted.as_ref().ok().cloned()) {
        coverage.watched.retain(|log| log.origin == asked);
    }
    let discovery = pass::discover(&coverage, &inventory, logs).await;
    let found: Vec<String> = discovery.found.iter().map(|found| found.log().origin.clone()).collect();
    let range = (args.from, args.to);
    let of_server = wanted
        .ok()
        .filter(|name| discovery.servers.iter().any(|(server, _)| server == name));
    let origin = match &of_server {
        Some(_) => None,
        None => Some(pass::find(&found, &args.log)?),
    };
    let mut parts = Vec::new();
    for found in discovery.found {
        if origin.as_ref().is_some_and(|origin| *origin != found.log().origin) {
            continue;
        }
        match found {
            Found::Log(log, kind) => parts.push(Part { log, kind, range }),
            Found::Unread(log, kind) => {
                let message = format!(
                    "error: {}: this version does not read logs of kind {} yet",
                    log.origin,
                    kind.word()
                );
                return Err(Failure::Usage(message));
            }
            Found::Failed(_, fault) => return Err(fault.into()),
        }
    }
    if let Some(server) = &of_server {
        parts = within_shards(parts, range);
        if let Some(watched) = coverage.watched.iter().find(|log| log.origin == *server) {
            check_end(logs, watched, args.to).await?;
        }
    }
    if parts.is_empty() {
        return Err(Failure::Usage(format!("error: {} is not watched", args.log)));
    }
    Ok(parts)
}

/// Refuses a range that ends behind all that there is before any of it is read. How much that is, the server says.
async fn check_end(logs: &Logs, server: &WatchedLog, to: u64) -> Result<(), Failure> {
    let listed = logs.shards(server).await?;
    let end = listed.iter().map(|shard| shard.offset.saturating_add(shard.size)).max();
    match end {
        Some(end) if to > end => Err(Failure::Usage(format!(
            "error: the shards of {} together have {end} entries; --to is {to}",
            alerts::text::escape(&server.origin, 200)
        ))),
        _ => Ok(()),
    }
}

/// The parts of a global range, in order.
fn within_shards(mut parts: Vec<Part>, (from, to): (u64, u64)) -> Vec<Part> {
    let offset = |part: &Part| part.log.shard.as_ref().map_or(0, |shard| shard.offset);
    parts.sort_by_key(offset);
    let starts: Vec<u64> = parts.iter().map(offset).collect();
    let ends = starts.iter().skip(1).copied().chain([u64::MAX]);
    let each = parts.into_iter().zip(starts.iter().copied().zip(ends));
    each.filter_map(|(part, (start, end))| {
        let (first, last) = (from.max(start), to.min(end));
        let range = (first.saturating_sub(start), last.saturating_sub(start));
        (first < last).then_some(Part { range, ..part })
    })
    .collect()
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
