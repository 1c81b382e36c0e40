//! Sinks that refuse: nothing stays owed, and a dead sink is told everything once it is back.

use crate::faults::check::{Expect, check, quiet, told, whole};
use crate::faults::leaves;
use crate::faults::served::Served;
use crate::faults::sweep::{Scenario, broken, owing, sweep, trips, watched};
use crate::faults::wire::{How, Seam, Trip, Wire};
use crate::faults::world::World;
use alerts::{Alert, Class, Phase};
use pass::Outcome;
use serde_json::json;

#[test]
fn the_recovery_of_a_dead_sink_fails_anywhere() {
    sweep(&Scenario {
        name: "a sink that was dead",
        world: owing(40),
        served: Served::honest(40),
        expect: Expect::clean(0, 40),
    });
}

#[test]
fn a_sink_that_never_answers_does_not_hold_up_the_others_and_is_told_later() {
    let world = watched(5);
    let never = Trip {
        seam: Seam::Sink,
        at: 1,
        how: How::Never,
    };
    let report = world.broken(&Served::honest(40), never).end().unwrap();
    assert_eq!(
        (report.outcome(), world.place()),
        (Outcome::Degraded, (40, 40)),
        "{report:?}"
    );
    told(&world, 1, &Expect::clean(0, 40).findings, "the other sink");
    let report = quiet(&world, &Served::honest(40));
    check(&world, &report, &Expect::clean(0, 40), "a sink that did not answer");
}

/// The findings that a sink was told of, one by one or by a digest of their rule.
fn covered_by_digests(world: &World, sink: usize, what: &str) {
    let taken = world.taken(sink);
    let fact = |alert: &Alert, name: &str| {
        let fact = alert.facts.iter().find(|fact| fact.name == name);
        fact.and_then(|fact| fact.value.parse::<u64>().ok()).unwrap()
    };
    let digests = taken.iter().filter(|alert| alert.class == Class::Digest);
    let digests: Vec<_> = digests
        .map(|alert| {
            (
                alert.rule.clone(),
                fact(alert, "first index")..=fact(alert, "last index"),
            )
        })
        .collect();
    let log = leaves::log(40);
    for index in 5..40 {
        let Some(rule) = leaves::rule_of(index) else { continue };
        let id = leaves::expected(&log, index, index + 1).pop_first();
        let alone = taken.iter().any(|alert| Some(&alert.id) == id.as_ref());
        let within = digests
            .iter()
            .any(|(of, span)| of.as_deref() == Some(rule) && span.contains(&index));
        assert!(alone || within, "{what}: the finding of {rule} at {index} was not told");
    }
}

#[test]
fn whatever_calls_a_sink_refuses_nothing_stays_owed() {
    for max_alerts in [1, 2] {
        let mut base = watched(5);
        base.settings["limits"]["max_alerts"] = json!(max_alerts);
        for refusals in 0..128_u64 {
            let what = format!("{max_alerts} alerts a rule, refusals {refusals:b}");
            let world = base.copy();
            world
                .wired(&Served::honest(40), Wire::refusing(refusals))
                .end()
                .unwrap();
            let report = quiet(&world, &Served::honest(40));
            whole(&world, &report, &Expect::clean(0, 40), &what);
            (0..2).for_each(|sink| covered_by_digests(&world, sink, &what));
        }
    }
}

#[test]
fn digests_fail_anywhere() {
    let mut base = watched(5);
    base.settings["limits"]["max_alerts"] = json!(1);
    let scenario = Scenario {
        name: "more findings than alerts",
        world: base,
        served: Served::honest(40),
        expect: Expect::clean(0, 40),
    };
    for (trip, call) in trips(&scenario) {
        let what = format!("{trip:?} of `{call}`");
        let world = scenario.world.copy();
        broken(&world, &scenario.served, trip, &what);
        let report = quiet(&world, &scenario.served);
        whole(&world, &report, &scenario.expect, &what);
        (0..2).for_each(|sink| covered_by_digests(&world, sink, &what));
    }
}

#[test]
fn a_refused_finding_that_is_owed_is_not_forgotten_when_the_pass_that_owes_it_fails() {
    let world = watched(5);
    world.wired(&Served::honest(14), Wire::refusing(0b101)).end().unwrap();
    let state = world.state().unwrap();
    assert!(!state.delivery["first"].exceptions.is_empty());
    sweep(&Scenario {
        name: "an exception",
        world,
        served: Served::honest(40),
        expect: Expect::clean(0, 40),
    });
}

#[test]
fn a_sink_that_is_dead_for_a_day_is_told_everything_once_it_is_back() {
    let world = watched(9);
    for hour in 1..=26 {
        let served = Served::honest(9 + hour * 2);
        let report = world.wired(&served, Wire::refusing(u64::MAX)).end().unwrap();
        assert_eq!(report.outcome(), Outcome::Degraded, "{report:?}");
        world.wait(3_600);
    }
    let dead = |phase| {
        let taken = world.taken(1);
        taken
            .iter()
            .filter(|alert| alert.class == Class::SinkDead && alert.phase == phase)
            .count()
    };
    assert_eq!(
        (dead(Phase::Opened), dead(Phase::Reminder), dead(Phase::Closed)),
        (1, 1, 0)
    );
    let report = quiet(&world, &Served::honest(61));
    check(&world, &report, &Expect::clean(0, 61), "a day");
    assert_eq!(
        (dead(Phase::Opened), dead(Phase::Reminder), dead(Phase::Closed)),
        (1, 1, 1)
    );
}
