//! Which logs a scan is of, and which range of each.

use crate::args::Scan;
use crate::config;
use crate::exit::Failure;
use local::configuration::Loaded;
use pass::{Clock as _, Found, LogKind, Sources as _, SystemClock, Trust, WatchedLog};
use sources::Logs;

/// What is read: a log, and a range within it.
pub(super) struct Part {
    pub(super) log: WatchedLog,
    pub(super) kind: LogKind,
    pub(super) range: (u64, u64),
}

/// The logs that are meant, as they were found.
pub(super) struct Chosen {
    pub(super) found: Vec<Found>,
    /// The Rekor v1 server that was named: positions count as it does, across its shards.
    pub(super) server: Option<WatchedLog>,
}

/// The logs that are meant: the one of this name, all shards of a server of this name, or every watched log.
pub(super) async fn choose(
    (loaded, trust): (&Loaded, &Trust),
    store: &str,
    name: Option<&str>,
    logs: &Logs,
) -> Result<Chosen, Failure> {
    let now = SystemClock::new().now();
    let inventory = config::inventory(store).await;
    let mut coverage = pass::coverage(&loaded.in_force.settings, trust, &inventory, now)?;
    let Some(name) = name else {
        let found = pass::discover(&coverage, &inventory, logs).await.found;
        return Ok(Chosen { found, server: None });
    };
    let server_of = |name: &String| inventory.logs.get(name).and_then(|listed| listed.shard.clone());
    let shards = inventory.logs.keys().filter(|name| server_of(name).is_some()).cloned();
    let names: Vec<String> = coverage
        .watched
        .iter()
        .map(|log| log.origin.clone())
        .chain(shards)
        .collect();
    // A shard may be named by what its server has not been asked for yet.
    let wanted = pass::find(&names, name);
    let server = wanted.as_ref().ok().and_then(server_of).map(|shard| shard.server);
    if let Some(asked) = server.or_else(|| wanted.as_ref().ok().cloned()) {
        coverage.watched.retain(|log| log.origin == asked);
    }
    let mut discovery = pass::discover(&coverage, &inventory, logs).await;
    let of_server = wanted
        .ok()
        .filter(|name| discovery.servers.iter().any(|(server, _)| server == name));
    if let Some(server) = of_server {
        let server = coverage.watched.into_iter().find(|log| log.origin == server);
        return Ok(Chosen {
            found: discovery.found,
            server,
        });
    }
    let found: Vec<String> = discovery.found.iter().map(|found| found.log().origin.clone()).collect();
    let origin = pass::find(&found, name)?;
    discovery.found.retain(|found| found.log().origin == origin);
    Ok(Chosen {
        found: discovery.found,
        server: None,
    })
}

/// The log that is meant. The name of a Rekor v1 server means all its shards, and the range counts as the server does.
pub(super) async fn parts(
    known: (&Loaded, &Trust),
    args: &Scan,
    (name, range): (&str, (u64, u64)),
    logs: &Logs,
) -> Result<Vec<Part>, Failure> {
    let chosen = choose(known, &args.common.store, Some(name), logs).await?;
    let mut parts = Vec::new();
    for found in chosen.found {
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
    if let Some(server) = &chosen.server {
        parts = within_shards(parts, range);
        check_end(logs, server, range.1).await?;
    }
    if parts.is_empty() {
        return Err(Failure::Usage(format!("error: {name} is not watched")));
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
