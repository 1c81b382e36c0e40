//! What a log may do, and what the function answers: an error only on the pass that finds a violation, or that could not
//! tell anything at all.

use super::world::{World, fails, metrics, tick};
use stage::hostile::{Change, Instead, Rule, Tamper, Target};
use testlog::leaf;

#[test]
fn what_does_not_verify_is_alerted_and_no_error() {
    let Some((world, log)) = World::watching("unproven", 20) else {
        return;
    };
    let mut function = world.function();
    tick(&mut function);
    log.grow(20);
    let rule = log.behave(Rule::new(
        Target::Entries,
        Change::Tamper {
            how: Tamper::Flip,
            index: 30,
        },
    ));
    let answer = tick(&mut function);
    assert_eq!(answer["run"]["outcome"], "unproven");
    assert_eq!(world.cursor(&log), 20);
    assert_eq!(metrics(&function)["Unproven"], 1);
    let told = world.alerts("unproven");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["phase"], "opened");
    // It heals, and nothing was lost.
    log.remove(rule);
    assert_eq!(tick(&mut function)["run"]["scanned"], 20);
    assert_eq!(world.alerts("unproven")[0]["phase"], "closed");
    assert_eq!(metrics(&function)["Unproven"], 0);
}

#[test]
fn a_violation_is_an_error_once_and_a_gauge_afterwards() {
    let Some((world, log)) = World::watching("violation", 40) else {
        return;
    };
    let mut function = world.function();
    tick(&mut function);
    log.fork(20, 40);
    let (kind, message) = fails(&mut function, "{}");
    assert_eq!(kind, "Sentinel.violation");
    assert!(message.contains("two different roots"), "{message}");
    assert_eq!(metrics(&function)["Violations"], 1);
    assert_eq!(world.alerts("violation").len(), 1);
    assert_eq!(world.keys(&["evidence/violation-"]).len(), 1);
    // It stands, also for another process, and is no error any more.
    for function in [&mut function, &mut world.function()] {
        assert_eq!(tick(function)["run"]["outcome"], "violation");
        assert_eq!(metrics(function)["Violations"], 1);
    }
    assert!(world.alerts("violation").is_empty());
    // Another contradiction is another error.
    log.unfork();
    log.fork(10, 60);
    assert_eq!(fails(&mut function, "{}").0, "Sentinel.violation");
    assert_eq!(world.alerts("violation").len(), 1);
}

#[test]
fn what_nobody_can_decode_is_kept_and_counted() {
    let Some((world, log)) = World::watching("quarantine", 4) else {
        return;
    };
    log.append(&leaf::unknown("riddle", "7"));
    log.append(&leaf::unknown("riddle", "7"));
    let mut function = world.function();
    let answer = tick(&mut function);
    assert_eq!(answer["run"]["quarantined"], 2);
    assert_eq!(answer["run"]["outcome"], "degraded");
    assert_eq!(metrics(&function)["Quarantined"], 2);
    assert_eq!(metrics(&function)["Degraded"], 1);
    assert_eq!(world.alerts("quarantine").len(), 1);
    assert_eq!(world.keys(&["/quarantine/"]).len(), 1);
    assert_eq!(tick(&mut function)["run"]["quarantined"], 0);
    assert_eq!(metrics(&function)["Quarantined"], 0);
}

#[test]
fn one_log_out_of_reach_is_a_metric_and_all_of_them_an_error() {
    let Some(world) = World::new("reach") else { return };
    let (one, two) = (world.log("one", 8), world.log("two", 8));
    world.configure(&[&one, &two], "");
    let mut function = world.function();
    let out_of_reach = Instead::Status {
        code: 404,
        retry_after: None,
    };
    one.behave(Rule::new(Target::Checkpoint, out_of_reach.clone()));
    let answer = tick(&mut function);
    assert_eq!(answer["run"]["outcome"], "fault");
    assert_eq!(answer["run"]["scanned"], 8);
    assert_eq!(
        (&metrics(&function)["Faults"], &metrics(&function)["VerifiedPass"]),
        (&1.into(), &0.into())
    );
    two.behave(Rule::new(Target::Checkpoint, out_of_reach));
    let (kind, _) = fails(&mut function, "{}");
    assert_eq!(kind, "Sentinel.source");
    assert_eq!(metrics(&function)["Faults"], 2);
    one.clear();
    two.clear();
    assert_eq!(tick(&mut function)["run"]["outcome"], "findings");
    assert_eq!(metrics(&function)["VerifiedPass"], 1);
}
