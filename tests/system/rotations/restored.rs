//! The store is what it was a day ago, or part of it is.

use crate::rotation::{BEFORE, Rotation, both, gone, is_good};
use crate::support::{Stage, line};
use alerts::Class;
use pass::Outcome;
use std::collections::BTreeMap;

fn part(objects: &BTreeMap<String, Vec<u8>>, is: impl Fn(&str) -> bool) -> BTreeMap<String, Vec<u8>> {
    let part = objects.iter().filter(|(name, _)| is(name));
    part.map(|(name, bytes)| (name.clone(), bytes.clone())).collect()
}

/// A store of which `state` is from one time and everything else from another.
fn mixed(state: &BTreeMap<String, Vec<u8>>, rest: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let mut all = part(state, |name| name.starts_with("state/"));
    all.extend(part(rest, |name| !name.starts_with("state/")));
    all
}

fn objects(stage: &Stage) -> BTreeMap<String, Vec<u8>> {
    stage.store.objects()
}

/// Yesterday there was one shard. Since then it grew and froze, and two followed.
#[tokio::test(flavor = "multi_thread")]
async fn everything_is_from_yesterday() {
    for world in both() {
        let mut rotation = Rotation::new(world).await;
        let yesterday = objects(rotation.stage());
        let (old, middle, newest) = (
            rotation.old.clone(),
            rotation.server.log("middle"),
            rotation.server.log("newest"),
        );
        old.grow(37);
        old.freeze("2026-11-20");
        middle.grow(70);
        rotation.name(&middle, 0);
        rotation.pass().await;
        middle.grow(7);
        middle.freeze("2026-11-21");
        newest.grow(500);
        rotation.name(&newest, 1);
        rotation.stage().clock.pass_secs(86_400);
        rotation.pass().await;
        rotation.ends(&[&old, &middle, &newest]).await;
        let today = objects(rotation.stage());
        let whole = yesterday.clone();
        let old_state = mixed(&yesterday, &today);
        let no_state = part(&today, |name| !name.starts_with("state/"));
        let no_inventory = part(&today, |name| name != "state/deployment.json");
        for (at, store) in [whole, old_state, no_state, no_inventory].iter().enumerate() {
            rotation.stage().restore(store);
            newest.grow(3);
            let report = rotation.pass().await;
            for log in [&old, &middle, &newest] {
                assert_eq!(
                    line(&report, log).cursor,
                    Some(log.size()),
                    "store {at}, {}",
                    log.name()
                );
            }
            rotation.ends(&[&old, &middle, &newest]).await;
        }
    }
}

/// The inventory is lost on the day on which a shard appears: it is not taken for one that was always there.
#[tokio::test(flavor = "multi_thread")]
async fn the_inventory_is_lost_when_a_shard_appears() {
    for world in both() {
        let mut rotation = Rotation::new(world).await;
        let new = rotation.server.log("new");
        new.grow(60);
        rotation.name(&new, -1);
        rotation.stage().store.set("state/deployment.json", None);
        let report = rotation.pass().await;
        is_good(&report, &new);
        assert_eq!(report.run.outcome, Outcome::Degraded, "that it was gone is said");
        rotation.ends(&[&rotation.old, &new]).await;
    }
}

/// What was read since yesterday is lost with the store, and the shard is gone: that is told.
#[tokio::test(flavor = "multi_thread")]
async fn the_old_one_is_gone_since_yesterday() {
    for world in both() {
        let mut rotation = Rotation::new(world).await;
        let (old, yesterday) = (rotation.old.clone(), objects(rotation.stage()));
        old.grow(37);
        old.freeze("2026-11-20");
        is_good(&rotation.pass().await, &old);
        rotation.world.ends(&old, 1);
        rotation.world.publish();
        rotation.stage().clock.pass_secs(2 * 86_400);
        let away = gone(&old);
        rotation.stage().restore(&yesterday);
        for _ in 0..8 {
            let report = rotation.pass().await;
            assert_eq!(line(&report, &old).cursor, Some(BEFORE));
            assert_eq!(line(&report, &old).error.as_ref().unwrap().class, "lost-tail");
        }
        assert_eq!(rotation.stage().alerts_of(Class::LostTail).len(), 1);
        old.remove(away);
        is_good(&rotation.pass().await, &old);
        rotation.ends(&[&old]).await;
    }
}
