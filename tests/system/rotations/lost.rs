//! Shards that are gone before, or after, they were read to their end.

use crate::rotation::{BEFORE, Rotation, both, covered, gone, is_final, is_good};
use crate::support::line;
use alerts::{Class, Phase};
use pass::Outcome;
use serde_json::json;
use stage::hostile::{HostedLog, Instead, Rule, Target, write_folder};

/// What a log answers that is no more.
const ENDS: [Instead; 3] = [
    Instead::Disconnect,
    Instead::HtmlPage,
    Instead::Status {
        code: 404,
        retry_after: None,
    },
];

/// Its time is over and it never said that it froze; but it was read after its time.
#[tokio::test(flavor = "multi_thread")]
async fn read_after_its_time() {
    for world in both() {
        let mut rotation = Rotation::new(world).await;
        let (old, new) = (rotation.old.clone(), rotation.server.log("new"));
        new.grow(10);
        rotation.stage().clock.pass_secs(86_400);
        rotation.world.ends(&old, 2);
        rotation.name(&new, 2);
        old.grow(9);
        rotation.stage().clock.pass_secs(2 * 86_400);
        is_good(&rotation.pass().await, &old);
        for end in ENDS {
            old.clear();
            old.behave(Rule::new(Target::All, end));
            rotation.stage().clock.pass_secs(30 * 86_400);
            is_final(&rotation.pass().await, &old);
        }
        // It still is what it was: no more than that was read.
        old.clear();
        is_good(&rotation.pass().await, &old);
        assert_eq!(rotation.stage().alerts_of(Class::LostTail), []);
        assert_eq!(rotation.stage().alerts_of(Class::Unreachable), []);
        rotation.ends(&[&old, &new]).await;
    }
}

/// An hour after it went away it is told what may be lost; nobody says that it is back before it is, and what was missing
/// is read when it is.
async fn lost(rotation: &Rotation, old: &HostedLog, cursor: u64) {
    for _ in 0..8 {
        let report = rotation.pass().await;
        let got = line(&report, old);
        assert_eq!((got.outcome, got.cursor), (Outcome::Fault, Some(cursor)));
        assert_eq!(got.error.as_ref().unwrap().class, "lost-tail");
    }
    assert_eq!(rotation.world.phases(Class::LostTail), [Phase::Opened]);
    assert_eq!(rotation.world.phases(Class::Unreachable), []);
    rotation.stage().clock.pass_secs(86_400);
    rotation.pass().await;
    assert_eq!(rotation.world.phases(Class::LostTail), [Phase::Opened, Phase::Reminder]);
    old.clear();
    is_good(&rotation.pass().await, old);
    assert_eq!(
        rotation.world.phases(Class::LostTail),
        [Phase::Opened, Phase::Reminder, Phase::Closed]
    );
    gone(old);
    is_final(&rotation.pass().await, old);
}

/// Its time was over between our last pass and its end: what it took in between nobody knows.
#[tokio::test(flavor = "multi_thread")]
async fn not_seen_after_its_time() {
    for world in both() {
        let mut rotation = Rotation::new(world).await;
        let (old, new) = (rotation.old.clone(), rotation.server.log("new"));
        new.grow(10);
        old.grow(9);
        gone(&old);
        rotation.world.ends(&old, 1);
        rotation.name(&new, 1);
        rotation.stage().clock.pass_secs(2 * 86_400);
        lost(&rotation, &old, BEFORE).await;
        rotation.ends(&[&old, &new]).await;
    }
}

/// It was seen frozen, and is gone before it was read.
#[tokio::test(flavor = "multi_thread")]
async fn frozen_and_not_drained() {
    for world in both() {
        let mut rotation = Rotation::new(world).await;
        let old = rotation.old.clone();
        old.grow(300);
        old.freeze("2026-11-20");
        rotation.world.stage.pass_without_reading(&old).await;
        gone(&old);
        lost(&rotation, &old, BEFORE).await;
        rotation.ends(&[&old]).await;
    }
}

/// Nobody ever read it: it came and went while we were away. A copy of it is as good as itself.
#[tokio::test(flavor = "multi_thread")]
async fn never_seen_and_found_in_a_folder() {
    for world in both() {
        let mut rotation = Rotation::new(world).await;
        let (middle, newest) = (rotation.server.log("middle"), rotation.server.log("newest"));
        middle.grow(80);
        newest.grow(30);
        rotation.stage().clock.pass_secs(7 * 86_400);
        rotation.name(&middle, 1);
        rotation.world.ends(&middle, 5);
        rotation.name(&newest, 5);
        gone(&middle);
        for _ in 0..8 {
            let report = rotation.pass().await;
            assert_eq!(line(&report, &middle).error.as_ref().unwrap().class, "lost-tail");
            is_good(&report, &newest);
        }
        assert_eq!(rotation.world.phases(Class::LostTail), [Phase::Opened]);
        let folder = tempfile::tempdir().unwrap();
        write_folder(&middle.tree(), 80, folder.path()).unwrap();
        let copy = json!({"url": format!("file://{}", folder.path().display()), "key": null, "from": null});
        rotation.world.stage.watch_with(&middle, copy);
        is_good(&rotation.pass().await, &middle);
        assert_eq!(rotation.world.phases(Class::LostTail), [Phase::Opened, Phase::Closed]);
        drop(folder);
        is_final(&rotation.pass().await, &middle);
        rotation.ends(&[&rotation.old, &middle, &newest]).await;
    }
}

/// What waits to fill a bundle is not waited for once nothing can fill it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_for_later_of_what_has_ended() {
    let mut rotation = Rotation::new(both().into_iter().next().unwrap()).await;
    let old = rotation.old.clone();
    rotation.world.stage.limits(json!({"partial_wait": "30d"}));
    old.grow(256);
    let report = rotation.pass().await;
    assert_eq!(line(&report, &old).cursor, Some(512));
    assert_eq!(covered(rotation.stage(), &old), (BEFORE..512).collect::<Vec<u64>>());
    rotation.world.ends(&old, 1);
    rotation.world.publish();
    rotation.stage().clock.pass_secs(2 * 86_400);
    is_good(&rotation.pass().await, &old);
    rotation.ends(&[&old]).await;
}
