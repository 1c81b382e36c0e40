//! A record, a state or an inventory that is damaged, newer, old or gone: loud, never written over, and healed by what
//! was lost or by an operator's new epoch.

use crate::faults::check::{Expect, audit, check, quiet, told, whole};
use crate::faults::leaves;
use crate::faults::served::Served;
use crate::faults::store::state_name;
use crate::faults::sweep::watched;
use crate::faults::wire::Wire;
use crate::faults::world::{World, now};
use alerts::Class;
use pass::{FaultClass, Outcome, Position};
use serde_json::json;
use std::sync::Arc;

/// Passes over a record that cannot be used: each a fault, and nothing of it is touched.
fn refused(world: &World, served: &Arc<Served>, what: &str) {
    let record = |world: &World| {
        let mut objects = world.store.objects();
        // The inventory notes that a record is gone.
        objects.remove(pass::names::DEPLOYMENT);
        objects
    };
    let before = record(world);
    for _ in 0..2 {
        match world.wired(served, Wire::new(None)).end() {
            Ok(report) => assert_eq!(report.outcome(), Outcome::Fault, "{what}: {report:?}"),
            Err(fault) => assert_eq!(fault.class, FaultClass::Record, "{what}: {fault}"),
        }
        assert!(record(world) == before, "{what}: something was written");
    }
}

#[test]
fn what_is_damaged_or_newer_is_a_fault_and_stays_as_it_is() {
    let base = watched(21);
    let objects = base.store.objects();
    for name in [state_name(), pass::names::DEPLOYMENT.to_owned()] {
        let bytes = objects[&name].clone();
        let newer = String::from_utf8(bytes.clone())
            .unwrap()
            .replacen("\"schema\": 1", "\"schema\": 2", 1);
        let damaged = [&bytes[..bytes.len() / 2], b"{}", b"", &[0xFF; 100][..]];
        for broken in damaged.into_iter().chain([newer.as_bytes()]) {
            let what = format!("{name} of {} bytes", broken.len());
            let world = base.copy();
            world.store.set(&name, Some(broken.to_vec()));
            refused(&world, &Served::honest(40), &what);
            assert_eq!(world.store.objects()[&name], broken, "{what}");
            world.store.set(&name, Some(bytes.clone()));
            let report = quiet(&world, &Served::honest(40));
            check(&world, &report, &Expect::clean(0, 40), &what);
        }
    }
}

#[test]
fn a_record_that_is_gone_is_loud_until_it_is_restored_or_left() {
    let base = watched(21);
    let record: Vec<_> = base
        .store
        .objects()
        .into_iter()
        .filter(|(name, _)| name.starts_with("audit/"))
        .collect();
    for lost in ["audit/", "audit/log", "audit/log.example.com%2Ffaults/receipts/"] {
        let world = base.copy();
        let gone = record.iter().filter(|(name, _)| name.starts_with(lost));
        gone.for_each(|(name, _)| world.store.set(name, None));
        refused(&world, &Served::honest(40), lost);
        let told = world
            .taken(0)
            .iter()
            .filter(|alert| alert.class == Class::RecordGone)
            .count();
        assert_eq!(told, 1, "{lost}");
        let left = world.copy();
        record
            .iter()
            .for_each(|(name, bytes)| world.store.set(name, Some(bytes.clone())));
        let report = quiet(&world, &Served::honest(40));
        check(&world, &report, &Expect::clean(0, 40), lost);
        begun_anew(&left, lost);
    }
}

/// An operator leaves the record that is gone; the new epoch is whole, and what is missing of the old one stays named.
fn begun_anew(world: &World, what: &str) {
    let (reason, by) = ("the record was lost".to_owned(), "an operator".to_owned());
    now(pass::restart(
        world.store.as_ref(),
        leaves::ORIGIN,
        Position::Index(10),
        by,
        reason,
        world.now(),
    ))
    .unwrap();
    let report = quiet(world, &Served::honest(40));
    assert_eq!(report.outcome(), Outcome::Clean, "{what}: {report:?}");
    assert_eq!(world.place(), (40, 40), "{what}");
    let audit = audit(world);
    assert!(
        audit.defects.iter().all(|defect| !defect.object.contains("faults~2")),
        "{what}: {audit:?}"
    );
    assert!(!audit.defects.is_empty(), "{what}");
    (0..2).for_each(|sink| told(world, sink, &Expect::clean(0, 40).findings, what));
}

#[test]
fn a_state_from_before_a_new_epoch_goes_on_in_the_new_one() {
    let world = watched(21);
    let objects = world.store.objects();
    let (reason, by) = ("the log was reset".to_owned(), "an operator".to_owned());
    now(pass::restart(
        world.store.as_ref(),
        leaves::ORIGIN,
        Position::Index(10),
        by,
        reason,
        world.now(),
    ))
    .unwrap();
    let asked = world.store.objects()[&state_name()].clone();
    let log = leaves::fork(0, 25);
    quiet(&world, &Served::of(log.clone(), None));
    let mut expect = Expect::clean(0, 21);
    let grown = leaves::fork(0, 37);
    expect.findings.extend(leaves::expected(&grown, 10, 37));
    (expect.start, expect.end) = (10, 37);
    for (what, state) in [
        ("none", None),
        ("before", Some(objects[&state_name()].clone())),
        ("asked", Some(asked)),
    ] {
        let world = world.copy();
        world.store.set(&state_name(), state);
        let served = Served::of(grown.clone(), None);
        let report = quiet(&world, &served);
        whole(&world, &report, &expect, what);
        (0..2).for_each(|sink| told(&world, sink, &expect.findings, what));
    }
}

#[test]
fn an_inventory_that_is_lost_or_old_loses_nothing() {
    let world = World::new(&json!(0));
    world.honest(&Served::honest(5));
    let old = world.store.objects()[pass::names::DEPLOYMENT].clone();
    quiet(&world, &Served::honest(21));
    for deployment in [None, Some(old)] {
        let world = world.copy();
        world.store.set(pass::names::DEPLOYMENT, deployment);
        let report = quiet(&world, &Served::honest(40));
        check(&world, &report, &Expect::clean(0, 40), "an old inventory");
    }
}
