//! What the ledgers announced: taken up once, and **missing** if no log holds it in its time.
//!
//! Two days are listed in each pass, and each record is read once. An announcement is settled when an entry that agrees
//! with it was seen; it is missing only if every log was read up to a checkpoint of after its time. What is missing is
//! told once to each sink, under one id. The caller writes the inventory before and after it is told: a crash in between
//! tells again.

use crate::AlertSink;
use crate::conditions::{self, Holds};
use crate::environment::Environment;
use crate::ledger::{Agreement, Ledgers, SeenEntry, Shelf, agreement, day, days, parts};
use crate::names;
use crate::record::{self, Announced, Condition, Ending, LedgerMarks};
use crate::settings::Limit;
use crate::steps::deliver::Delivered;
use crate::steps::tell;
use crate::trouble::{Fault, FaultClass};
use alerts::{Class, Fact, Notice};
use core::time::Duration;
use sigstore::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The patience with all ledgers of a pass while what is new in them is taken up: the pass is to end.
const TAKE_UP_PATIENCE: Duration = Duration::from_secs(10);

/// Names asked for in one listing.
const PAGE: usize = 1_000;

/// Records of one day that are listed: more than one a minute for every minute of it.
const MAX_A_DAY: usize = 10_000;

/// Records that are read in one pass and ledger; the rest is for the next.
const MAX_READ: usize = 200;

/// Announcements of one ledger that are kept at a time.
const MAX_ANNOUNCED: usize = 1_000;

/// Bytes that all ledgers together take in the inventory, as JSON. Every pass reads it whole, and whoever writes into a
/// ledger must not be able to make it too long to be read.
const MAX_MARKS_BYTES: usize = 2 * 1024 * 1024;

/// Records of one ledger that count for nothing and are named; they stand in one alert.
const MAX_UNSOUND: usize = 50;

/// Of these so many are named in it.
const MAX_NAMED: usize = 8;

/// Days that a pass looks back after a pause; what was announced before is for people.
const MAX_DAYS: usize = 31;

/// Entries of one digest that are compared with an announcement.
const MAX_ENTRIES: usize = 64;

const SECS_PER_DAY: i64 = 86_400;

/// The detail under which it is said that more was announced than is taken up.
const CAPPED: &str = "more than is taken up";

/// What two passes know of the ledgers, ours first.
pub(crate) fn merged(
    ours: &BTreeMap<String, LedgerMarks>,
    theirs: &BTreeMap<String, LedgerMarks>,
) -> BTreeMap<String, LedgerMarks> {
    let mut merged = ours.clone();
    for (name, theirs) in theirs {
        merged
            .entry(name.clone())
            .or_insert_with(|| theirs.clone())
            .merge(theirs);
    }
    merged
}

/// Notes which ledgers there are. One that is new, or stands elsewhere, is known from now on; one that is gone is forgotten.
pub(crate) fn know<'s>(
    marks: &mut BTreeMap<String, LedgerMarks>,
    ledgers: impl Iterator<Item = (&'s str, &'s str)>,
    now: Timestamp,
) {
    let mut known = BTreeMap::new();
    for (name, place) in ledgers {
        let before = marks.remove(name).filter(|before| before.place == place);
        known.insert(name.to_owned(), before.unwrap_or_else(|| LedgerMarks::new(place, now)));
    }
    *marks = known;
}

/// Takes up what is new in the ledgers and, if every log was read up to a checkpoint of after `covered`, decides what is
/// due by then. What is wrong with a ledger becomes a condition.
pub(crate) async fn look(
    environment: &Environment,
    ledgers: &Ledgers,
    marks: &mut BTreeMap<String, LedgerMarks>,
    conditions: &mut Vec<Condition>,
    covered: Option<Timestamp>,
) -> Result<(), Fault> {
    let (now, ends) = (environment.clock.now(), tokio::time::Instant::now() + TAKE_UP_PATIENCE);
    let (mut first, mut room) = (Ok(()), MAX_MARKS_BYTES.saturating_sub(size(marks)));
    for shelf in &ledgers.shelves {
        let Some(marks) = marks.get_mut(&shelf.settings.name) else {
            continue;
        };
        // What cannot be listed or read is the ledger's trouble, which it remembers; what is not done in time is for the
        // next pass.
        if !environment.budget.is_spent() {
            let _told_below = tokio::time::timeout_at(ends, take_up(shelf, marks, &mut room, now)).await;
        }
        if let Some(covered) = covered {
            first = first.and(decide(environment, shelf, marks, covered, now).await);
        }
    }
    settle(conditions, ledgers, marks, now);
    first
}

/// Bytes of JSON.
fn size(value: &impl serde::Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX, |json| json.len())
}

async fn take_up(shelf: &Shelf, marks: &mut LedgerMarks, room: &mut usize, now: Timestamp) -> Result<(), String> {
    let yesterday = now.plus_seconds(-SECS_PER_DAY);
    let from = marks.read.unwrap_or(marks.since).min(yesterday).max(marks.since);
    let mut listed: Vec<String> = days(from, now).collect();
    listed.drain(..listed.len().saturating_sub(MAX_DAYS));
    let (mut reads, mut there) = (0, Vec::new());
    marks.unsound.remove(CAPPED);
    for day in &listed {
        let names = list(shelf, day).await?;
        if names.len() >= MAX_A_DAY {
            marks
                .unsound
                .insert(CAPPED.to_owned(), format!("{MAX_A_DAY} records or more on {day}"));
        }
        for name in names {
            there.push(name.clone());
            let known = marks.announced.contains_key(&name) || marks.unsound.contains_key(&name);
            if known {
                continue;
            }
            if reads >= MAX_READ {
                return Ok(());
            }
            reads += 1;
            take(shelf, marks, room, &name).await?;
        }
    }
    // A day is noted once: a pass that finds nothing new writes nothing.
    if marks.read.is_none_or(|read| day(read) != day(now)) {
        marks.read = Some(now);
    }
    let first = day(yesterday);
    let is_late = |name: &str| name.split('/').next().is_some_and(|day| day < first.as_str());
    marks
        .announced
        .retain(|name, announced| !(is_late(name) && announced.end == Some(Ending::Settled)));
    there.sort_unstable();
    let stands = |name: &String| name == CAPPED || there.binary_search(name).is_ok();
    marks.unsound.retain(|name, _| stands(name));
    Ok(())
}

async fn list(shelf: &Shelf, day: &str) -> Result<Vec<String>, String> {
    let prefix = format!("{day}/");
    let (mut names, mut from) = (Vec::new(), prefix.clone());
    loop {
        let page = shelf.list(&prefix, &from, PAGE).await?;
        let last = page.last().cloned().filter(|_| page.len() >= PAGE);
        names.extend(page);
        match last {
            // `~` is greater than every byte that ends a name.
            Some(last) if names.len() < MAX_A_DAY => from = format!("{last}~"),
            _ => return Ok(names),
        }
    }
}

/// Reads a record that is new.
async fn take(shelf: &Shelf, marks: &mut LedgerMarks, room: &mut usize, name: &str) -> Result<(), String> {
    let Some(candidate) = shelf.read(name).await? else {
        return Ok(());
    };
    let record = match candidate.opened {
        Ok(record) => record,
        Err(why) => {
            unsound(marks, room, name, why);
            return Ok(());
        }
    };
    let secs = |secs: u64| i64::try_from(secs).unwrap_or(i64::MAX);
    // Its entry is of the grace before it or later: surely not of before the ledger was known.
    let is_ours = record.time >= marks.since.plus_seconds(secs(shelf.settings.grace_secs));
    let announced = Announced {
        time: record.time,
        due: record.time.plus_seconds(secs(shelf.settings.window_secs)),
        known: record.known(),
        end: (!is_ours).then_some(Ending::Settled),
        told: BTreeMap::new(),
    };
    if marks.announced.len() < MAX_ANNOUNCED && fits(room, &(name, &announced)) {
        marks.announced.insert(name.to_owned(), announced);
    } else {
        let why = format!(
            "{MAX_ANNOUNCED} announcements of a ledger are kept at a time, and {MAX_MARKS_BYTES} bytes of all; what is beyond is not looked for"
        );
        marks.unsound.insert(CAPPED.to_owned(), why);
    }
    Ok(())
}

fn unsound(marks: &mut LedgerMarks, room: &mut usize, name: &str, why: String) {
    if marks.unsound.len() < MAX_UNSOUND && fits(room, &(name, &why)) {
        marks.unsound.insert(name.to_owned(), why);
    }
}

/// Whether there is room for it; it is then taken.
fn fits(room: &mut usize, value: &impl serde::Serialize) -> bool {
    let left = room.checked_sub(size(value));
    *room = left.unwrap_or(*room);
    left.is_some()
}

/// Settles what was seen, and finds missing what was not, of all that is due.
async fn decide(
    environment: &Environment,
    shelf: &Shelf,
    marks: &mut LedgerMarks,
    covered: Timestamp,
    now: Timestamp,
) -> Result<(), Fault> {
    let is_due = |announced: &Announced| announced.end.is_none() && announced.due <= covered;
    for (name, announced) in marks.announced.iter_mut().filter(|(_, announced)| is_due(announced)) {
        let seen = was_seen(environment, shelf, name, announced).await?;
        announced.end = Some(if seen { Ending::Settled } else { Ending::Missing(now) });
    }
    Ok(())
}

/// Whether an entry that agrees with the announcement was seen, in time or not: one that came too late for its match was
/// told then.
async fn was_seen(environment: &Environment, shelf: &Shelf, name: &str, announced: &Announced) -> Result<bool, Fault> {
    let Some((_, digest)) = parts(name) else {
        return Ok(true);
    };
    let prefix = names::ledger_entries(&shelf.settings.name, digest);
    // An entry of long before is not what was announced, even if it is of the same artifact.
    let before = shelf.settings.window_secs.max(shelf.settings.grace_secs);
    let earliest = announced.time.plus_seconds(-i64::try_from(before).unwrap_or(i64::MAX));
    let store = environment.store.as_ref();
    for entry in store.list(&prefix, &prefix, MAX_ENTRIES).await? {
        let seen = match record::read::<SeenEntry>(store, &entry).await {
            Ok(Some(seen)) => seen,
            Ok(None) => continue,
            // What is damaged shows nothing.
            Err(fault) if fault.class == FaultClass::Record => continue,
            Err(fault) => return Err(fault),
        };
        if (earliest..=announced.due).contains(&seen.at) && agreement(&announced.known, &seen) == Agreement::Agrees {
            return Ok(true);
        }
    }
    Ok(false)
}

fn settle(conditions: &mut Vec<Condition>, ledgers: &Ledgers, marks: &BTreeMap<String, LedgerMarks>, now: Timestamp) {
    let shelves = ledgers.shelves.iter();
    let troubled: Vec<(&Shelf, String)> = shelves.filter_map(|shelf| Some((shelf, shelf.trouble()?))).collect();
    let names: Vec<&str> = troubled.iter().map(|(shelf, _)| shelf.settings.name.as_str()).collect();
    conditions::end(conditions, Class::LedgerUnreachable, &names, now);
    for (shelf, why) in &troubled {
        let holds = Holds::now(Class::LedgerUnreachable, &shelf.settings.name, now).fact("error", why.as_str());
        conditions::hold(conditions, holds.patience(Limit::After(shelf.settings.grace_secs)));
    }
    let unsound: Vec<(&String, &LedgerMarks)> = marks.iter().filter(|(_, marks)| !marks.unsound.is_empty()).collect();
    let names: Vec<&str> = unsound.iter().map(|(name, _)| name.as_str()).collect();
    conditions::end(conditions, Class::LedgerUnsound, &names, now);
    for (name, marks) in unsound {
        let mut holds = Holds::now(Class::LedgerUnsound, name, now);
        for (record, why) in marks.unsound.iter().take(MAX_NAMED) {
            holds = holds.fact(record, why.as_str());
        }
        let more = marks.unsound.len().saturating_sub(MAX_NAMED);
        if more > 0 {
            holds = holds.fact("and more", more.to_string());
        }
        conditions::hold(conditions, holds);
    }
}

/// Tells what is missing, once to each sink; what all were told is settled.
pub(crate) async fn tell(
    marks: &mut BTreeMap<String, LedgerMarks>,
    sinks: &[Arc<dyn AlertSink>],
    now: Timestamp,
    delivered: &mut Delivered,
) {
    for (ledger, marks) in marks {
        for (name, announced) in &mut marks.announced {
            let Some(Ending::Missing(since)) = announced.end else {
                continue;
            };
            let alert = alerts::notice_alert(&missing(ledger, &marks.place, name, announced, since), now);
            for sink in sinks {
                if !announced.told.contains_key(sink.name()) && tell::tell(sink, &alert, delivered).await {
                    announced.told.insert(sink.name().to_owned(), now);
                }
            }
            if !sinks.is_empty() && sinks.iter().all(|sink| announced.told.contains_key(sink.name())) {
                announced.end = Some(Ending::Settled);
            }
        }
    }
}

/// How much of what is missing the sinks are still to be told.
pub(crate) fn count_owed(marks: &BTreeMap<String, LedgerMarks>, sinks: &[Arc<dyn AlertSink>]) -> u64 {
    let announced = marks.values().flat_map(|marks| marks.announced.values());
    let missing = announced.filter(|announced| matches!(announced.end, Some(Ending::Missing(_))));
    let owed = |announced: &Announced| {
        sinks
            .iter()
            .filter(|sink| !announced.told.contains_key(sink.name()))
            .count()
    };
    u64::try_from(missing.map(owed).sum::<usize>()).unwrap_or(u64::MAX)
}

fn missing(ledger: &str, place: &str, name: &str, announced: &Announced, since: Timestamp) -> Notice {
    let digest = parts(name).map_or("", |(_, digest)| digest);
    let known = &announced.known;
    let mut facts = vec![
        Fact::new("ledger", &format!("{ledger} ({place})")),
        Fact::new("record", name),
        Fact::new("artifact digest", digest),
        Fact::new("recorded", &announced.time.to_string()),
        Fact::new("due", &announced.due.to_string()),
    ];
    let parts = [
        ("identity", &known.identity),
        ("issuer", &known.issuer),
        ("ref", &known.reference),
        ("run", &known.run),
        ("repository", &known.repository),
    ];
    let said = parts
        .into_iter()
        .filter_map(|(name, text)| Some((name, text.as_ref()?)));
    facts.extend(said.map(|(name, text)| Fact::new(name, text)));
    // The record's name carries its hash: told again, it has the same id.
    Notice::missing(format!("{ledger} {place} {name}"), since, facts)
}
