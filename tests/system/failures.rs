//! A store, a source and a sink that fail at every single call in turn. Whatever breaks, and however: once all is well
//! again no finding is lost, the receipts have neither gap nor overlap, head and cursor never moved back, and nothing
//! was told under two ids.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod faults;

use faults::check::{Expect, check, quiet, told, whole};
use faults::leaves;
use faults::served::Served;
use faults::sweep::{Scenario, sweep};
use faults::wire::Wire;
use faults::world::{World, now};
use pass::{Outcome, Position};
use serde_json::json;
use std::sync::Arc;

/// A world that is watched from 0 and was quiet at `size`.
fn watched(size: u64) -> World {
    let world = World::new(json!(0));
    quiet(&world, &Served::honest(size));
    world
}

#[test]
fn the_first_pass_fails_anywhere() {
    for (name, from, start) in [
        ("from 0", json!(0), 0),
        ("from the head", json!("head"), 40),
        ("from an index", json!(21), 21),
    ] {
        sweep(&Scenario {
            name,
            world: World::new(from),
            served: Served::honest(40),
            expect: Expect::clean(start, 40),
        });
    }
}

#[test]
fn a_deployment_without_rules_fails_anywhere() {
    let mut world = World::new(json!("head"));
    world.settings["rules"] = json!([]);
    sweep(&Scenario {
        name: "nobody is watched for",
        world,
        served: Served::honest(40),
        expect: Expect::clean(40, 40).but(Outcome::Degraded),
    });
}

#[test]
fn growth_over_several_spans_fails_anywhere() {
    sweep(&Scenario {
        name: "growth",
        world: watched(21),
        served: Served::honest(70),
        expect: Expect::clean(0, 70),
    });
}

#[test]
fn a_pass_with_nothing_to_do_and_a_stale_one_fail_anywhere() {
    for (name, signed) in [("nothing to do", 40), ("stale", 33)] {
        sweep(&Scenario {
            name,
            world: watched(40),
            served: Served::stale(40, signed),
            expect: Expect::clean(0, 40),
        });
    }
}

#[test]
fn a_violation_fails_anywhere() {
    for (name, size) in [("a fork of equal size", 40), ("a larger fork", 50)] {
        sweep(&Scenario {
            name,
            world: watched(40),
            served: Served::of(leaves::fork(30, size), None),
            expect: Expect::clean(0, 40).but(Outcome::Violation),
        });
    }
}

#[test]
fn entries_that_do_not_verify_fail_anywhere_and_so_does_their_healing() {
    let expect = Expect::clean(0, 32).but(Outcome::Unproven);
    let world = watched(21);
    sweep(&Scenario {
        name: "a changed leaf",
        world: world.copy(),
        served: Served::changed(70, 45),
        expect,
    });
    quiet(&world, &Served::changed(70, 45));
    sweep(&Scenario {
        name: "a healed leaf",
        world,
        served: Served::honest(70),
        expect: Expect::clean(0, 70),
    });
}

/// A world whose first sink took nothing while the log grew to `size`.
fn owing(size: u64) -> World {
    let world = watched(5);
    world.wired(&Served::honest(size), Wire::refusing(u64::MAX)).end().unwrap();
    world
}

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
fn a_new_epoch_fails_anywhere() {
    for (name, world) in [("a new epoch", watched(40)), ("a new epoch while a sink is owed", owing(40))] {
        let log = leaves::fork(0, 25);
        let mut expect = Expect::clean(0, 40);
        expect.findings.extend(leaves::expected(&log, 10, 25));
        let (reason, by) = ("the log was reset".to_owned(), "an operator".to_owned());
        let from = Position::Index(10);
        now(pass::restart(world.store.as_ref(), leaves::ORIGIN, from, by, reason, world.now())).unwrap();
        sweep(&Scenario {
            name,
            world,
            served: Served::of(log, None),
            expect: Expect {
                start: 10,
                end: 25,
                ..expect
            },
        });
    }
}
