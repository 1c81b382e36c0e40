//! Two invocations at once, made to meet.

use super::world::{TIME, World, tick};
use stage::emulator::When;
use stage::runtime::Answer;
use std::collections::BTreeSet;

/// Two processes meet at this write of a first run.
fn meet(name: &str, key: &str) {
    let Some((world, log)) = World::watching(name, 300) else {
        return;
    };
    let mut both = [world.function(), world.function()];
    let meeting = world.proxy.meet(When::action("s3:PutObject").key(key), 2);
    let requests = both.each_mut().map(|function| function.begin("{}", TIME));
    for (function, request) in both.iter_mut().zip(&requests) {
        let answer = function.end(request, TIME);
        assert!(
            matches!(answer, Answer::Response(_)),
            "{answer:?}\n{}",
            function.said().join("\n")
        );
    }
    assert!(meeting.is_over(), "they did not meet at {key}");
    assert_eq!(world.cursor(&log), 300);
    assert_eq!(world.keys(&["/receipts/"]).len(), 1, "one successor per cursor");
    let told: BTreeSet<String> = world
        .alerts("finding")
        .iter()
        .map(|alert| alert["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told.len(), 75);
    for function in &mut both {
        let again = tick(function);
        assert_eq!(
            (&again["run"]["outcome"], &again["run"]["scanned"]),
            (&"clean".into(), &0.into())
        );
    }
}

#[test]
fn two_at_once_meet_at_the_receipt() {
    meet("race-receipt", "/receipts/");
}

#[test]
fn two_at_once_meet_at_the_state() {
    meet("race-state", "state/one");
}

#[test]
fn two_at_once_meet_at_the_start() {
    meet("race-start", "/start.json");
}
