//! A process that stays warm and remembers what it read: whatever breaks in its passes, and whatever other processes do
//! between them, it comes to the same end as one that asks the store every time.

use crate::faults::check::{Expect, quiet, told, whole};
use crate::faults::served::Served;
use crate::faults::store::state_name;
use crate::faults::sweep::{Scenario, broken, gaps, trips, watched};
use crate::faults::wire::{Seam, Wire};
use crate::faults::world::{SINKS, World};

/// A world that was quiet at 5, and a process that has made passes over it.
fn warmed(world: &World) -> World {
    let world = world.copy().warm();
    quiet(&world, &Served::honest(5));
    world
}

fn check(world: &World, size: u64, what: &str) {
    let expect = Expect::clean(0, size);
    let report = quiet(world, &Served::honest(size));
    whole(world, &report, &expect, what);
    for sink in 0..SINKS.len() {
        told(world, sink, &expect.findings, what);
    }
}

#[test]
fn a_quiet_pass_reads_the_state_alone() {
    let world = warmed(&watched(5));
    let mut running = world.wired(&Served::honest(5), Wire::new(None));
    running.go().unwrap().unwrap();
    assert_eq!(running.wire.calls(Seam::Store), [format!("read {}", state_name())]);
    // After a pass that had something to write, too.
    world.honest(&Served::honest(11));
    let mut running = world.wired(&Served::honest(11), Wire::new(None));
    running.go().unwrap().unwrap();
    assert_eq!(running.wire.calls(Seam::Store), [format!("read {}", state_name())]);
    check(&world, 11, "grown");
}

/// The pass in which the log grows breaks at every call, and the process goes on.
#[test]
fn a_warm_pass_breaks_at_every_call() {
    let (before, served) = (watched(5), Served::honest(11));
    let scenario = Scenario {
        name: "warm",
        world: warmed(&before),
        served: served.clone(),
        expect: Expect::clean(0, 11),
    };
    let trips = trips_of_a_warm_pass(&scenario);
    for (trip, call) in &trips {
        let what = format!("{trip:?} of `{call}` in a warm pass");
        let world = warmed(&before);
        broken(&world, &served, *trip, &what);
        check(&world, 11, &what);
    }
    assert!(trips.len() > 15, "only {} calls to break", trips.len());
    println!("{} broken warm passes", trips.len());
}

/// The same calls as those of a pass that is not warm, for what the two have in common: the writes.
fn trips_of_a_warm_pass(scenario: &Scenario) -> Vec<(crate::faults::wire::Trip, String)> {
    let mut running = warmed(&scenario.world).wired(&scenario.served, Wire::new(None));
    running.go().unwrap().unwrap();
    let calls = running.wire.calls(Seam::Store);
    let all = trips(scenario);
    let ways = |call: &str| {
        let same = all
            .iter()
            .filter(|(trip, known)| trip.seam == Seam::Store && verb(known) == verb(call));
        let mut ways: Vec<_> = Vec::new();
        for (trip, _) in same {
            if !ways.contains(&trip.how) {
                ways.push(trip.how);
            }
        }
        ways
    };
    let mut trips = Vec::new();
    for (at, call) in calls.into_iter().enumerate() {
        for how in ways(&call) {
            let seam = Seam::Store;
            trips.push((crate::faults::wire::Trip { seam, at, how }, call.clone()));
        }
    }
    trips
}

fn verb(call: &str) -> &str {
    call.split(' ').next().unwrap_or_default()
}

/// Between two passes of the warm process another one makes a pass and is killed at any call of it: the log grew.
#[test]
fn another_process_stops_anywhere_between_two_warm_passes() {
    let (before, served) = (watched(5), Served::honest(11));
    let gaps = gaps(&Scenario {
        name: "elsewhere",
        world: before.copy(),
        served: served.clone(),
        expect: Expect::clean(0, 11),
    });
    for (trip, call) in &gaps {
        let what = format!("another process ends at {trip:?} of `{call}`");
        let world = warmed(&before);
        let mut other = world.elsewhere(&served, Wire::new(Some(*trip)));
        other.go();
        drop(other);
        check(&world, 11, &what);
        // And grows on, in turns.
        let mut other = world.elsewhere(&Served::honest(13), Wire::new(None));
        other.go().unwrap().unwrap();
        check(&world, 16, &what);
    }
    assert!(gaps.len() > 15, "only {} calls", gaps.len());
    println!("{} ends of another process", gaps.len());
}

/// A warm pass stops anywhere while the log grows, another process goes on over it, and the warm pass then goes on.
#[test]
fn another_process_comes_between_any_two_calls_of_a_warm_pass() {
    let (before, served) = (watched(5), Served::honest(11));
    let scenario = Scenario {
        name: "between",
        world: warmed(&before),
        served: served.clone(),
        expect: Expect::clean(0, 11),
    };
    let gaps: Vec<_> = trips_of_a_warm_pass(&scenario)
        .into_iter()
        .filter(|(trip, _)| {
            matches!(
                trip.how,
                crate::faults::wire::How::StopBefore | crate::faults::wire::How::StopAfter
            )
        })
        .collect();
    for (trip, call) in &gaps {
        let what = format!("another process comes at {trip:?} of `{call}`");
        let world = warmed(&before);
        let mut warm = world.broken(&served, *trip);
        warm.go();
        let mut other = world.elsewhere(&Served::honest(13), Wire::new(None));
        let _whatever = other.go();
        let _whatever = warm.end();
        check(&world, 13, &what);
    }
    println!("{} interleavings of warm passes", gaps.len());
}
