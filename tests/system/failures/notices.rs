//! Words about the deployment (the first one to a sink, the weekly one, a changed configuration), whatever fails: each is
//! told to each sink at least once, under one id, and none of them on every pass.

use crate::faults::check::{Expect, quiet, whole};
use crate::faults::served::Served;
use crate::faults::sweep::{Scenario, broken, gaps, trips, watched};
use crate::faults::wire::{How, Seam, Trip, Wire, mix};
use crate::faults::world::{SINKS, World};
use alerts::{Alert, Class};
use pass::Outcome;
use serde_json::json;
use std::collections::BTreeSet;

const WEEK: i64 = 7 * 86_400;

/// A world whose configuration asks for reports.
fn reporting(mut world: World) -> World {
    world.settings["reports"] = json!({"welcome": true, "weekly": true});
    world
}

/// A world that was told the first word, and whose first week has begun.
fn welcomed() -> World {
    let mut world = reporting(World::new(&json!(0)));
    world.settings["limits"]["max_lag"] = json!("30d");
    quiet(&world, &Served::honest(5));
    world
}

fn of(world: &World, sink: usize, class: Class) -> Vec<Alert> {
    let mut taken = world.taken(sink);
    taken.retain(|alert| alert.class == class);
    taken
}

fn fact(alert: &Alert, name: &str) -> Vec<String> {
    let facts = alert.facts.iter().filter(|fact| fact.name == name);
    facts.map(|fact| fact.value.clone()).collect()
}

/// Each sink was told these words and no others of the class, each under one id of its own.
fn told(world: &World, class: Class, words: usize, what: &str) {
    for (sink, name) in SINKS.iter().enumerate() {
        let ids: BTreeSet<String> = of(world, sink, class).into_iter().map(|alert| alert.id).collect();
        assert_eq!(ids.len(), words, "{what}: {class:?} to {name}");
    }
}

/// Whatever call breaks: what is due is told, and the rest goes on.
fn anywhere(scenario: &Scenario, class: Class) {
    let trips = trips(scenario);
    for (trip, call) in &trips {
        let what = format!("{}: {trip:?} of `{call}`", scenario.name);
        let world = scenario.world.copy();
        broken(&world, &scenario.served, *trip, &what);
        let report = quiet(&world, &scenario.served);
        whole(&world, &report, &scenario.expect, &what);
        told(&world, class, 1, &what);
    }
    assert!(trips.len() > 60, "{}: only {} calls", scenario.name, trips.len());
    println!("{}: {} broken passes", scenario.name, trips.len());
}

/// A world whose trusted root names another log, which is not watched on purpose, with a key that ends at some time.
fn trusting(mut world: World, end: &str) -> World {
    world.settings["exclude"] = json!([{"log": "other.example.com", "reason": "not ours"}]);
    world.trusted_root = format!(
        r#"{{"tlogs":[{{"baseUrl":"https://other.example.com","publicKey":{{"rawBytes":"AAAA","keyDetails":"PKIX_ED25519","validFor":{{{end}}}}}}}]}}"#
    );
    world
}

/// The four moments at which something is to be told.
fn moments() -> [(Scenario, Class); 4] {
    let scenario = |name, world, served, expect| Scenario {
        name,
        world,
        served: Served::honest(served),
        expect: Expect::clean(0, expect),
    };
    let mut changed = watched(5);
    changed.settings["limits"]["max_lag"] = json!("2h");
    let before = trusting(World::new(&json!(0)), "");
    quiet(&before, &Served::honest(5));
    let news = trusting(before, r#""end":"2027-06-01T00:00:00Z""#);
    let due = welcomed();
    due.wait(WEEK);
    [
        (
            scenario("the first word", reporting(World::new(&json!(0))), 40, 40),
            Class::Welcome,
        ),
        (scenario("another configuration", changed, 40, 40), Class::ConfigChanged),
        (scenario("a week is over", due, 40, 40), Class::StillWatching),
        (scenario("news of the trusted logs", news, 40, 40), Class::TrustNews),
    ]
}

#[test]
fn the_first_word_fails_anywhere() {
    let [(scenario, class), _, _, _] = moments();
    anywhere(&scenario, class);
}

#[test]
fn a_changed_configuration_fails_anywhere() {
    let [_, (scenario, class), _, _] = moments();
    anywhere(&scenario, class);
}

#[test]
fn the_weekly_word_fails_anywhere() {
    let [_, _, (scenario, class), _] = moments();
    anywhere(&scenario, class);
}

#[test]
fn news_of_the_trusted_logs_fails_anywhere() {
    let [_, _, _, (scenario, class)] = moments();
    anywhere(&scenario, class);
}

#[test]
fn two_passes_tell_one_word() {
    for (scenario, class) in moments() {
        let gaps = gaps(&scenario);
        for (trip, call) in &gaps {
            let what = format!("{}: another pass comes at {trip:?} of `{call}`", scenario.name);
            let world = scenario.world.copy();
            let mut first = world.broken(&scenario.served, *trip);
            first.go();
            let _whatever = world.wired(&scenario.served, Wire::new(None)).end();
            let _whatever = first.end();
            quiet(&world, &scenario.served);
            told(&world, class, 1, &what);
        }
        for round in 0..40 {
            let chance = mix(round);
            let pick = |chance: u64| gaps[usize::try_from(chance % gaps.len() as u64).unwrap()].clone();
            let ((trip, call), (other, at)) = (pick(chance), pick(chance >> 16));
            let what = format!("{}: {trip:?} of `{call}`, the other {other:?} of `{at}`", scenario.name);
            let world = scenario.world.copy();
            let mut first = world.broken(&scenario.served, trip);
            first.go();
            let mut second = world.broken(&scenario.served, other);
            second.go();
            if chance >> 40 & 3 != 3 {
                let _whatever = first.end();
            }
            let _whatever = second.end();
            quiet(&world, &scenario.served);
            told(&world, class, 1, &what);
        }
        println!("{}: {} interleavings", scenario.name, gaps.len() + 40);
    }
}

#[test]
fn a_sink_that_was_dead_is_told_every_word_once_it_is_back() {
    let mut world = reporting(World::new(&json!(0)));
    for hour in 0..(8 * 24) {
        if hour == 5 || hour == 30 {
            world.settings["limits"]["max_lag"] = json!(format!("{}h", hour + 1));
        }
        let report = world.wired(&Served::honest(9), Wire::refusing(u64::MAX)).end().unwrap();
        assert_eq!(report.outcome(), Outcome::Degraded, "{report:?}");
        assert!(report.measures.undelivered > 0 && report.measures.dead_sinks == 1);
        assert!(!report.is_complete());
        world.wait(3_600 - 60);
    }
    assert_eq!(of(&world, 0, Class::Welcome).len(), 0);
    for (class, count) in [
        (Class::Welcome, 1),
        (Class::ConfigChanged, 2),
        (Class::StillWatching, 1),
    ] {
        assert_eq!(
            of(&world, 1, class).len(),
            count,
            "{class:?}: the other sink did not wait"
        );
    }
    let report = quiet(&world, &Served::honest(9));
    assert_eq!((report.measures.undelivered, report.is_complete()), (0, true));
    for (class, count) in [
        (Class::Welcome, 1),
        (Class::ConfigChanged, 2),
        (Class::StillWatching, 1),
    ] {
        assert_eq!(of(&world, 0, class).len(), count, "{class:?}");
        let ids = |sink| {
            of(&world, sink, class)
                .into_iter()
                .map(|alert| alert.id)
                .collect::<Vec<_>>()
        };
        // The first word names the sink that it was told to.
        assert_eq!(ids(0) == ids(1), class != Class::Welcome, "{class:?}");
    }
    let changes = of(&world, 0, Class::ConfigChanged);
    assert_eq!(fact(&changes[0], "change"), ["limits.max_lag: 6h, was 1h"]);
    assert_eq!(fact(&changes[1], "change"), ["limits.max_lag: 31h, was 6h"]);
}

#[test]
fn the_weekly_word_has_the_counts_and_comes_once_a_week() {
    let world = welcomed();
    // The first week begins before its first word.
    let before = world.taken(0).len() - 1;
    let found = |from, to| Expect::clean(0, to).findings.len() - Expect::clean(0, from).findings.len();
    for hour in 1..=(15 * 24) {
        world.honest(&Served::honest(5 + hour));
        world.wait(3_600 - 60);
    }
    let words = of(&world, 0, Class::StillWatching);
    assert_eq!(words.len(), 2);
    for (week, word) in (0_u64..).zip(&words) {
        let entries: u64 = fact(word, "entries read and proven")[0].parse().unwrap();
        assert!((166..=170).contains(&entries), "{entries} in week {week}");
    }
    let findings = words
        .iter()
        .map(|word| fact(word, "findings")[0].parse::<usize>().unwrap());
    let last: u64 = fact(&words[1], "watched")[0]
        .rsplit(' ')
        .next()
        .unwrap()
        .trim_end_matches(')')
        .parse()
        .unwrap();
    assert_eq!(findings.sum::<usize>(), found(5, last));
    let alerts: usize = words
        .iter()
        .flat_map(|word| fact(word, "alerts told"))
        .filter_map(|told| {
            told.strip_suffix(", to first")
                .map(|told| told.parse::<usize>().unwrap())
        })
        .sum();
    let second = world.taken(0).iter().position(|alert| alert.id == words[1].id);
    assert_eq!(
        Some(alerts),
        second.map(|second| second - before),
        "all that it was given until then"
    );
    assert!(alerts > found(5, last));
    assert!(words[0].summary.contains("This is no finding"));
}

#[test]
fn a_state_that_is_lost_does_not_count_twice() {
    let world = welcomed();
    quiet(&world, &Served::honest(40));
    let found = Expect::clean(0, 40).findings.len() - Expect::clean(0, 5).findings.len();
    let name = crate::faults::store::state_name();
    world.store.set(&name, None);
    quiet(&world, &Served::honest(40));
    world.wait(WEEK);
    quiet(&world, &Served::honest(40));
    let word = of(&world, 0, Class::StillWatching).remove(0);
    assert_eq!(fact(&word, "entries read and proven"), ["35"]);
    assert_eq!(fact(&word, "findings"), [found.to_string()]);
}

#[test]
fn nobody_is_told_who_did_not_ask() {
    let world = watched(5);
    world.wait(WEEK);
    quiet(&world, &Served::honest(6));
    for class in [Class::Welcome, Class::StillWatching, Class::ConfigChanged] {
        told(&world, class, 0, "no reports");
    }
    // A sink that never answers holds nobody up.
    let world = reporting(World::new(&json!(0)));
    let never = Trip {
        seam: Seam::Sink,
        at: 0,
        how: How::Never,
    };
    let report = world.broken(&Served::honest(5), never).end().unwrap();
    assert_eq!(report.outcome(), Outcome::Degraded, "{report:?}");
    assert_eq!(of(&world, 1, Class::Welcome).len(), 1);
}

#[test]
fn a_quiet_pass_writes_nothing_for_reports_or_measures() {
    let world = welcomed();
    let before = world.store.objects();
    for _ in 0..3 {
        let mut pass = world.wired(&Served::honest(5), Wire::new(None));
        let report = pass.go().unwrap().unwrap();
        assert_eq!(report.measures.verified_age_secs, Some(0));
        let calls = pass.wire.calls(Seam::Store);
        let writes = |call: &&String| !call.starts_with("read") && !call.starts_with("list");
        assert_eq!(calls.iter().filter(writes).count(), 0, "{calls:?}");
    }
    assert!(world.store.objects() == before);
}
