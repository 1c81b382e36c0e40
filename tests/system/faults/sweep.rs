//! A scenario, and the pass in it that is broken at every call in every way.

use super::check::{Expect, quiet, told, told_once, whole};
use super::served::Served;
use super::wire::{How, Seam, Trip, Wire};
use super::world::{SINKS, World};
use serde_json::json;
use std::sync::Arc;

/// A world in which a pass is due.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) world: World,
    /// What that pass and all later ones are served.
    pub(crate) served: Arc<Served>,
    pub(crate) expect: Expect,
}

/// A world that is watched from 0 and was quiet at `size`.
pub(crate) fn watched(size: u64) -> World {
    let world = World::new(&json!(0));
    quiet(&world, &Served::honest(size));
    world
}

/// A world whose first sink took nothing while the log grew to `size`.
pub(crate) fn owing(size: u64) -> World {
    let world = watched(5);
    world
        .wired(&Served::honest(size), Wire::refusing(u64::MAX))
        .end()
        .unwrap();
    world
}

/// Every call of a pass of this scenario and every way in which it can break.
pub(crate) fn trips(scenario: &Scenario) -> Vec<(Trip, String)> {
    let world = scenario.world.copy();
    let mut running = world.wired(&scenario.served, Wire::new(None));
    running.go().unwrap().unwrap();
    let mut trips = Vec::new();
    for seam in [Seam::Store, Seam::Source, Seam::Sink] {
        for (at, call) in running.wire.calls(seam).into_iter().enumerate() {
            for &how in ways(seam, &call) {
                trips.push((Trip { seam, at, how }, call.clone()));
            }
        }
    }
    trips
}

/// What only asks has no effect to come before or after.
fn ways(seam: Seam, call: &str) -> &'static [How] {
    let asks = seam == Seam::Source || call.starts_with("read") || call.starts_with("list");
    if asks {
        &[How::Refuse, How::Down, How::StopBefore]
    } else {
        &[How::Refuse, How::LoseAnswer, How::Down, How::StopBefore, How::StopAfter]
    }
}

/// Breaks the pass at every call in every way, and holds what follows to the same end.
pub(crate) fn sweep(scenario: &Scenario) {
    let trips = trips(scenario);
    for (trip, call) in &trips {
        let what = format!("{}: {trip:?} of `{call}`", scenario.name);
        let world = scenario.world.copy();
        broken(&world, &scenario.served, *trip, &what);
        let report = quiet(&world, &scenario.served);
        whole(&world, &report, &scenario.expect, &what);
        for sink in 0..SINKS.len() {
            told(&world, sink, &scenario.expect.findings, &what);
            // With the store gone to the end of the pass, what is told cannot be noted: better told again under another
            // id than not at all.
            if !(trip.seam == Seam::Store && trip.how == How::Down) {
                told_once(&world.taken(sink), &what);
            }
        }
    }
    assert!(
        trips.len() > 15,
        "{}: only {} calls to break",
        scenario.name,
        trips.len()
    );
    println!("{}: {} broken passes", scenario.name, trips.len());
}

/// Each call of the store before which, or behind which, another pass may come between.
pub(crate) fn gaps(scenario: &Scenario) -> Vec<(Trip, String)> {
    let between = |trip: &Trip| trip.seam == Seam::Store && matches!(trip.how, How::StopBefore | How::StopAfter);
    let mut gaps = trips(scenario);
    gaps.retain(|(trip, _)| between(trip));
    gaps
}

/// One pass that breaks there. It may end in whatever way, but not by a fault of its own.
pub(crate) fn broken(world: &World, served: &Arc<Served>, trip: Trip, what: &str) {
    let mut running = world.broken(served, trip);
    let ended = running.go();
    // A source is read ahead: how many calls it gets is not always the same.
    assert!(
        trip.seam == Seam::Source || running.wire.tripped(),
        "{what}: never reached"
    );
    if let Some(Ok(report)) = ended {
        let lines = report.logs.iter().chain([&report.run]);
        for error in lines.filter_map(|line| line.error.as_ref()) {
            assert!(
                error.class != "internal" && error.class != "record",
                "{what}: {error:?}"
            );
        }
    }
}
