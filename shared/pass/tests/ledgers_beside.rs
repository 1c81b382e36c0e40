//! Ledgers where something else fails: sinks, budgets, other passes, and the process at every call.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

extern crate sentinel_pass as pass;

mod audit_support;
mod ledgers_support;

use alerts::Class;
use ledgers_support::{Dying, MINUTE, Sleeping, US, World, told, us};
use pass::record::Known;
use pass::{MemorySink, Store, names};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

#[tokio::test]
async fn a_dead_sink_keeps_nobody_waiting_and_is_told_when_it_wakes() {
    let mut world = World::new().await;
    let sleeping = Arc::new(Sleeping::new("sleeping"));
    world.sinks.push(Arc::clone(&sleeping) as _);
    world.pass(-MINUTE).await;
    world.release(7, US, 0);
    world.release(8, US, 0);
    world.record(8, us(), 0).await;
    world.record(9, us(), 0).await;
    for minutes in [1, 16, 17, 60] {
        world.pass(minutes * MINUTE).await;
    }
    let mine: Vec<String> = world.told().into_iter().map(|alert| alert.id).collect();
    assert_eq!(
        world
            .told()
            .iter()
            .filter(|alert| alert.class == Class::Finding)
            .count(),
        1
    );
    assert!(world.told().iter().any(|alert| alert.class == Class::Missing));
    assert!(sleeping.taken().is_empty());
    sleeping.wake();
    world.pass(61 * MINUTE).await;
    let theirs: BTreeSet<(Class, String)> = sleeping
        .taken()
        .into_iter()
        .map(|alert| (alert.class, alert.id))
        .collect();
    for class in [Class::Finding, Class::Missing] {
        let ids: Vec<&String> = theirs
            .iter()
            .filter(|(known, _)| *known == class)
            .map(|(_, id)| id)
            .collect();
        assert!(ids.len() == 1 && mine.contains(ids[0]), "{class:?} {ids:?}");
    }
    assert_eq!(world.authorised().len(), 1);
}

/// Whoever writes into a ledger cannot make the inventory too long to be read: that would end every pass.
#[tokio::test]
async fn a_ledger_that_is_stuffed_ends_no_pass() {
    let world = World::new().await;
    world.pass(-60 * MINUTE).await;
    let long = Some("\"".repeat(2_000));
    let known = Known {
        identity: long.clone(),
        issuer: long.clone(),
        reference: long.clone(),
        run: long.clone(),
        repository: long,
    };
    for number in 0..=250 {
        world.record(number, known.clone(), 0).await;
    }
    for minutes in 1..5 {
        world.pass(minutes * MINUTE).await;
    }
    let marks = &world.deployment().ledgers["releases"];
    assert!(marks.announced.len() > 50 && marks.announced.len() < 200);
    assert!(marks.unsound["more than is taken up"].contains("2097152 bytes of all"));
    let bytes = world.store.objects()[names::DEPLOYMENT].len();
    assert!(bytes > 1 << 20 && bytes < 4 << 20, "{bytes}");
    assert!(world.told().iter().any(|alert| alert.class == Class::LedgerUnsound));
}

/// What waits behind something that is owed comes along again with it, and is not kept twice.
#[tokio::test]
async fn what_waits_is_kept_once_while_a_sink_sleeps() {
    let mut world = World::new().await;
    let sleeping = Arc::new(Sleeping::new("sleeping"));
    world.sinks.push(Arc::clone(&sleeping) as _);
    world.pass(-MINUTE).await;
    world.allow = json!([{"ledger": "releases", "san": US}]);
    world.release(7, "somebody else", 0);
    world.release(8, US, 0);
    for minutes in 1..5 {
        world.pass(minutes * MINUTE).await;
        let delivery = &world.state().delivery;
        assert_eq!(
            (delivery["sink"].waiting.len(), delivery["sleeping"].waiting.len()),
            (1, 0)
        );
    }
    sleeping.wake();
    world.pass(5 * MINUTE).await;
    assert_eq!(world.state().delivery["sleeping"].waiting.len(), 1);
    world.pass(16 * MINUTE).await;
    let found = |alert: &alerts::Alert| alert.class == Class::Finding;
    assert_eq!(sleeping.taken().iter().filter(|alert| found(alert)).count(), 2);
    assert_eq!(world.told().iter().filter(|alert| found(alert)).count(), 2);
}

/// A sink that dies while something waits is dead, and what waited is told when it wakes.
#[tokio::test]
async fn what_waited_is_owed_to_a_sink_that_died_meanwhile() {
    let mut world = World::new().await;
    let sleeping = Arc::new(Sleeping::new("sleeping"));
    sleeping.wake();
    world.sinks.push(Arc::clone(&sleeping) as _);
    world.pass(-MINUTE).await;
    world.release(7, US, 0);
    world.release(8, US, 0);
    world.pass(MINUTE).await;
    sleeping.sleep();
    let report = world.pass(16 * MINUTE).await;
    assert_eq!(report.measures.dead_sinks, 1);
    assert!(report.measures.undelivered >= 2, "{}", report.measures.undelivered);
    sleeping.wake();
    world.pass(17 * MINUTE).await;
    let told = sleeping
        .taken()
        .into_iter()
        .filter(|alert| alert.class == Class::Finding);
    assert_eq!(told.map(|alert| alert.id).collect::<BTreeSet<_>>().len(), 2);
    assert_eq!(world.state().delivery["sleeping"].exceptions, []);
}

#[tokio::test]
async fn a_quiet_pass_writes_nothing() {
    let world = World::new().await;
    world.record(7, us(), 0).await;
    world.pass(MINUTE).await;
    let before = world.store.objects();
    world.pass(2 * MINUTE).await;
    let after = world.store.objects();
    let changed: Vec<&String> = after
        .iter()
        .filter(|(name, bytes)| before.get(*name) != Some(bytes))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(changed, [""; 0]);
}

#[tokio::test]
async fn beyond_the_budget_of_a_rule_a_digest_tells_what_waited() {
    let mut world = World::new().await;
    world.limits = json!({"max_alerts": 1});
    for number in 1..=3 {
        world.release(number, US, 0);
    }
    world.pass(MINUTE).await;
    assert_eq!(world.state().delivery["sink"].waiting.len(), 3);
    world.pass(16 * MINUTE).await;
    told(&world, &[Class::Finding, Class::Digest]);
    assert_eq!(world.state().delivery["sink"].waiting, []);
    world.pass(17 * MINUTE).await;
    told(&world, &[Class::Finding, Class::Digest]);
}

#[tokio::test]
async fn more_than_can_wait_is_told_at_once() {
    let mut world = World::new().await;
    for number in 0..103_u8 {
        world.release(number, US, 0);
    }
    world.pass(MINUTE).await;
    let told = told(&world, &[Class::Finding; 3]);
    assert!(told[0].summary.contains("told without waiting"), "{}", told[0].summary);
    assert_eq!(world.state().delivery["sink"].waiting.len(), 100);
}

#[tokio::test]
async fn old_entries_wait_for_nothing() {
    let mut world = World::new().await;
    world.release(7, US, -3 * 86_400);
    world.release(8, US, -3 * 86_400);
    world.record(8, us(), -3 * 86_400).await;
    world.pass(MINUTE).await;
    told(&world, &[Class::Finding]);
    assert_eq!(world.authorised().len(), 1);
    // Nor is anything put down of what was before the ledger was known.
    assert_eq!(world.names(pass::names::LEDGERS), [""; 0]);
}

#[tokio::test]
async fn two_passes_that_race_agree() {
    let mut world = World::new().await;
    world.release(7, US, 0);
    world.release(8, US, 0);
    world.record(8, us(), 0).await;
    for minutes in [1, 16] {
        let passes = [1, 2].map(|second| world.pass(minutes * MINUTE + second));
        futures::future::join_all(passes).await;
    }
    let ids: BTreeSet<String> = world.told().into_iter().map(|alert| alert.id).collect();
    assert_eq!(ids.len(), 1, "one thing, however often it is told");
    assert_eq!(world.authorised().len(), 1);
    world.pass(17 * MINUTE).await;
    assert_eq!(world.state().delivery["sink"].waiting, []);
}

/// One pass that ends at every call of its store, then passes that do not.
#[tokio::test]
async fn wherever_a_pass_is_killed_no_alert_is_lost() {
    for calls in 0.. {
        let mut world = World::new().await;
        world.release(7, US, 0);
        world.release(8, US, 0);
        world.record(8, us(), 0).await;
        world.record(9, us(), 0).await;
        let mut died = false;
        for minutes in [1, 16, 60] {
            let store: Arc<dyn Store> = Arc::clone(&world.store) as _;
            let dying = Arc::new(Dying::after(store, calls));
            let _killed = world.pass_on(Arc::clone(&dying) as _, minutes * MINUTE).await;
            died |= dying.is_dead();
            world.pass(minutes * MINUTE + 1).await;
        }
        world.pass(61 * MINUTE).await;
        let of = |class: Class| {
            let told = world.told().into_iter().filter(move |alert| alert.class == class);
            told.map(|alert| alert.id).collect::<BTreeSet<String>>()
        };
        assert_eq!(
            (of(Class::Finding).len(), of(Class::Missing).len()),
            (1, 1),
            "after {calls} calls"
        );
        assert_eq!(world.authorised().len(), 1, "after {calls} calls");
        assert!(world.store.list("audit/", "audit/", 1_000).await.unwrap().len() > 3);
        if !died {
            assert!(calls > 15, "a pass has more calls than {calls}");
            return;
        }
    }
}

#[tokio::test]
async fn a_new_sink_is_told_what_comes_after_it() {
    let mut world = World::new().await;
    world.release(7, US, 0);
    world.pass(MINUTE).await;
    let late = Arc::new(MemorySink::new("late"));
    world.sinks.push(Arc::clone(&late) as _);
    world.pass(16 * MINUTE).await;
    told(&world, &[Class::Finding]);
    assert!(late.taken().iter().all(|alert| alert.class != Class::Finding));
}
