//! Every call of a pass fails in turn, in every way in which it can.

use crate::faults::check::Expect;
use crate::faults::check::quiet;
use crate::faults::leaves;
use crate::faults::served::Served;
use crate::faults::sweep::{Scenario, owing, sweep, watched};
use crate::faults::world::{World, now};
use pass::{Outcome, Position};
use serde_json::json;

#[test]
fn the_first_pass_fails_anywhere() {
    for (name, from, start) in [
        ("from 0", json!(0), 0),
        ("from the head", json!("head"), 24),
        ("from an index", json!(11), 11),
    ] {
        sweep(&Scenario {
            name,
            world: World::new(&from),
            served: Served::honest(24),
            expect: Expect::clean(start, 24),
        });
    }
}

#[test]
fn a_deployment_without_rules_fails_anywhere() {
    let mut world = World::new(&json!("head"));
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
    for (name, world) in [("growth", watched(21)), ("growth in no time", watched(21).hurry())] {
        sweep(&Scenario {
            name,
            world,
            served: Served::honest(50),
            expect: Expect::clean(0, 50),
        });
    }
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

#[test]
fn a_new_epoch_fails_anywhere() {
    for (name, world) in [
        ("a new epoch", watched(40)),
        ("a new epoch while a sink is owed", owing(40)),
    ] {
        let log = leaves::fork(0, 25);
        let mut expect = Expect::clean(0, 40);
        expect.findings.extend(leaves::expected(&log, 10, 25));
        let (reason, by) = ("the log was reset".to_owned(), "an operator".to_owned());
        let from = Position::Index(10);
        now(pass::restart(
            world.store.as_ref(),
            leaves::ORIGIN,
            from,
            by,
            reason,
            world.now(),
        ))
        .unwrap();
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
