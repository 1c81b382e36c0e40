//! One shard follows another.

use crate::rotation::{BEFORE, Rotation, both, gone, is_final, is_good};
use crate::support::line;
use alerts::Class;
use pass::Outcome;

/// The old shard grows between our last pass and its freeze, and the new one is empty, smaller, as large, or larger. Later
/// the old one is taken away.
#[tokio::test(flavor = "multi_thread")]
async fn the_old_one_grows_before_it_freezes() {
    for size in [0, 100, BEFORE + 37, 700] {
        for world in both() {
            let mut rotation = Rotation::new(world).await;
            let new = rotation.server.log("new");
            new.grow(size);
            rotation.old.grow(37);
            rotation.old.freeze("2026-11-20");
            rotation.name(&new, 1);
            let report = rotation.pass().await;
            is_good(&report, &rotation.old);
            is_good(&report, &new);
            gone(&rotation.old);
            new.grow(12);
            let report = rotation.pass().await;
            is_final(&report, &rotation.old);
            is_good(&report, &new);
            rotation.ends(&[&rotation.old, &new]).await;
            assert_eq!(rotation.stage().alerts_of(Class::LostTail), []);
        }
    }
}

/// The new one is named and does not answer; the old one is drained meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn the_new_one_does_not_answer_yet() {
    for world in both() {
        let mut rotation = Rotation::new(world).await;
        let new = rotation.server.log("new");
        let away = gone(&new);
        rotation.name(&new, 1);
        rotation.old.grow(5);
        for _ in 0..2 {
            let report = rotation.pass().await;
            assert_eq!(line(&report, &new).outcome, Outcome::Fault);
            is_good(&report, &rotation.old);
        }
        new.grow(520);
        rotation.old.grow(5);
        rotation.old.freeze("2026-11-20");
        new.remove(away);
        let report = rotation.pass().await;
        is_good(&report, &rotation.old);
        is_good(&report, &new);
        rotation.ends(&[&rotation.old, &new]).await;
    }
}

/// It answers before the trusted root names it, and is named a month before its time.
#[tokio::test(flavor = "multi_thread")]
async fn the_new_one_is_there_before_it_is_named() {
    for world in both() {
        let mut rotation = Rotation::new(world).await;
        let new = rotation.server.log("new");
        new.grow(50);
        let report = rotation.pass().await;
        assert_eq!(report.logs.len(), 1);
        rotation.name(&new, 30);
        let report = rotation.pass().await;
        is_good(&report, &new);
        new.grow(3);
        is_good(&rotation.pass().await, &new);
        rotation.ends(&[&rotation.old, &new]).await;
    }
}

/// It was named when the store was created, with a time that is to come, and answers when it has entries already: `from:
/// head` is not meant for it.
#[tokio::test(flavor = "multi_thread")]
async fn the_new_one_was_named_from_the_beginning() {
    for world in both() {
        let mut rotation = Rotation::unwatched(world);
        let new = rotation.server.log("new");
        rotation.name(&new, 1);
        let away = gone(&new);
        let report = rotation.pass().await;
        assert_eq!(line(&report, &rotation.old).cursor, Some(BEFORE));
        assert_eq!(line(&report, &new).outcome, Outcome::Fault);
        new.grow(90);
        new.remove(away);
        rotation.stage().clock.pass_secs(3 * 86_400);
        is_good(&rotation.pass().await, &new);
        rotation.ends(&[&rotation.old, &new]).await;
    }
}

/// We were away while it happened twice.
#[tokio::test(flavor = "multi_thread")]
async fn two_rotations_during_one_outage() {
    for world in both() {
        let mut rotation = Rotation::new(world).await;
        let (middle, newest) = (rotation.server.log("middle"), rotation.server.log("newest"));
        rotation.old.grow(41);
        rotation.old.freeze("2026-11-21");
        middle.grow(80);
        middle.freeze("2026-11-25");
        newest.grow(400);
        rotation.stage().clock.pass_secs(7 * 86_400);
        let old = rotation.old.clone();
        rotation.world.ends(&old, 1);
        rotation.name(&middle, 1);
        rotation.world.ends(&middle, 5);
        rotation.name(&newest, 5);
        let report = rotation.pass().await;
        for log in [&old, &middle, &newest] {
            is_good(&report, log);
        }
        gone(&old);
        gone(&middle);
        newest.grow(1);
        let report = rotation.pass().await;
        is_final(&report, &old);
        is_final(&report, &middle);
        is_good(&report, &newest);
        rotation.ends(&[&old, &middle, &newest]).await;
    }
}

/// Grown after its freeze, it is read and told, while the new one goes on; nothing of it is final until it is acknowledged
/// and frozen again.
#[tokio::test(flavor = "multi_thread")]
async fn the_old_one_grows_after_its_freeze() {
    let mut rotation = Rotation::new(both().into_iter().next().unwrap()).await;
    let new = rotation.server.log("new");
    new.grow(10);
    rotation.old.freeze("2026-11-20");
    rotation.name(&new, 0);
    is_good(&rotation.pass().await, &rotation.old);
    rotation.old.grow(4);
    let report = rotation.pass().await;
    assert_eq!(line(&report, &rotation.old).outcome, Outcome::Degraded);
    assert_eq!(line(&report, &rotation.old).cursor, Some(BEFORE + 4));
    is_good(&report, &new);
    assert_eq!(rotation.stage().alerts_of(Class::GrewAfterFreeze).len(), 1);
    rotation.ends(&[&rotation.old, &new]).await;
}

/// Another root for the size at which it froze.
#[tokio::test(flavor = "multi_thread")]
async fn the_old_one_froze_with_another_root() {
    let mut rotation = Rotation::new(both().into_iter().next().unwrap()).await;
    let new = rotation.server.log("new");
    new.grow(10);
    rotation.old.grow(20);
    rotation.old.freeze("2026-11-20");
    rotation.name(&new, 0);
    is_good(&rotation.pass().await, &rotation.old);
    rotation.old.fork(BEFORE + 7, BEFORE + 20);
    let report = rotation.pass().await;
    assert_eq!(line(&report, &rotation.old).outcome, Outcome::Violation);
    is_good(&report, &new);
    rotation.old.unfork();
    rotation.ends(&[&rotation.old, &new]).await;
}
