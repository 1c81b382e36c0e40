//! A rule that is asked of the past: what the receipts tell, what is read, and what an interrupted scan leaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

extern crate sentinel_pass as pass;

mod audit_support;
mod lookback_support;

use lookback_support::{BEGINS, Watched, World, log, rule};
use pass::names::{self, LogFolder};
use pass::{Outcome, Position, Since};
use serde_json::{Value, json};
use sigstore::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use tlog::Hash;

const ONE: &str = "one.example";

fn folder() -> LogFolder {
    LogFolder::new(ONE, 1)
}

#[tokio::test]
async fn a_configuration_that_is_gone_or_altered_asks_nothing() {
    let world = World::added().await;
    let kept: Vec<String> = world
        .memory
        .objects()
        .into_keys()
        .filter(|name| name.starts_with(names::CONFIGS))
        .collect();
    let untold = async |world: &World, name: &str| {
        let past = world.past(name, ONE, Since::Start).await;
        let epoch = past
            .epochs
            .first()
            .map(|epoch| (epoch.unasked.entries(), epoch.untold.entries()));
        epoch.unwrap_or_default()
    };
    assert_eq!(untold(&world, "second").await, (300, 0));
    world.rules(&[
        rule("first", "leaf", &[5]),
        rule("second", "leaf", &[7, 400]),
        rule("third", "leaf", &[1]),
    ]);
    assert_eq!(untold(&world, "first").await, (0, 0), "the copies tell it");
    for name in &kept {
        let bytes = world.memory.objects()[name].clone();
        let mut altered = bytes.clone();
        altered.push(b' ');
        world.memory.set(name, Some(altered));
        let altered = untold(&world, "first").await;
        world.memory.set(name, None);
        assert_eq!(untold(&world, "first").await, altered);
        assert!(altered == (300, 300) || altered == (200, 200), "{altered:?}");
        world.memory.set(name, Some(bytes));
    }
    // A copy that is whole, and of another rule set than the receipt names.
    let name = folder().receipt(0);
    let mut receipt: Value = serde_json::from_slice(&world.memory.objects()[&name]).unwrap();
    receipt["rules"] = json!(Hash::of(b"another"));
    world.memory.set(&name, Some(serde_json::to_vec(&receipt).unwrap()));
    assert_eq!(untold(&world, "first").await, (300, 300));
}

#[tokio::test]
async fn a_receipt_without_a_configuration_counts_as_without_the_rule() {
    let world = World::added().await;
    let without = |from: u64| {
        let name = folder().receipt(from);
        let mut receipt: Value = serde_json::from_slice(&world.memory.objects()[&name]).unwrap();
        receipt.as_object_mut().unwrap().remove("config").unwrap();
        world.memory.set(&name, Some(serde_json::to_vec(&receipt).unwrap()));
    };
    without(0);
    assert_eq!(world.ranges("first", Since::Start).await.0, [(0, 300)]);
    without(300);
    assert_eq!(
        world.ranges("first", Since::Start).await.0,
        [(0, 300)],
        "the rule set is the one in force"
    );
    assert_eq!(world.scan("first", &[ONE], Since::Start).await, [5]);
    assert_eq!(world.ranges("first", Since::Start).await.0, []);
}

#[tokio::test]
async fn a_hole_between_receipts_and_behind_them_was_not_asked() {
    let world = World::added().await;
    assert_eq!(world.grow(600).await, ["second"]);
    world.memory.set(&folder().receipt(300), None);
    assert_eq!(world.ranges("first", Since::Start).await.0, [(300, 500)]);
    let later = Timestamp::from_unix(BEGINS + 86_400);
    assert_eq!(
        world.ranges("first", Since::Time(later)).await.1,
        [(300, 500)],
        "a hole has no time"
    );
    world.memory.set(&folder().receipt(500), None);
    assert_eq!(
        world.ranges("first", Since::Start).await.0,
        [(300, 600)],
        "the cursor was there"
    );
    world.memory.set(&folder().receipt(0), Some(b"{".to_vec()));
    let (_, mut asking) = world.asking("first");
    let fault = pass::past(world.store.as_ref(), ONE, &mut asking, Since::Start)
        .await
        .unwrap_err();
    assert_eq!(fault.object, Some(folder().receipt(0)));
}

#[tokio::test]
async fn how_far_back_is_meant() {
    let world = World::new();
    world.pass().await; // at 60: 300
    world.grow(400).await; // at 120
    world.grow(500).await; // at 180
    world.rules(&[rule("first", "leaf", &[5]), rule("second", "leaf", &[7, 320, 420])]);
    world.grow(600).await;
    let at = |secs: i64| Since::Time(Timestamp::from_unix(BEGINS + secs));
    let check = async |since: Since, expect: &[(u64, u64)]| {
        let (unasked, wanted) = world.ranges("second", since).await;
        assert_eq!((unasked, wanted.as_slice()), (vec![(0, 500)], expect), "{since:?}");
    };
    check(Since::Start, &[(0, 500)]).await;
    check(at(60), &[(0, 500)]).await;
    check(at(61), &[(300, 500)]).await;
    check(at(120), &[(300, 500)]).await;
    check(at(180), &[(400, 500)]).await;
    check(at(181), &[]).await;
    check(Since::Index(0), &[(0, 500)]).await;
    check(Since::Index(310), &[(310, 500)]).await;
    check(Since::Index(500), &[]).await;
    assert_eq!(world.scan("second", &[ONE], at(120)).await, [320, 420]);
    assert_eq!(
        world.listed("second"),
        [(ONE.to_owned(), 500, 300)],
        "what is older is left"
    );
    assert_eq!(world.pass().await.run.rules_without_past, ["second"]);
    assert_eq!(world.scan("second", &[ONE], Since::Index(200)).await, [0_u64; 0]);
    assert_eq!(world.listed("second"), [(ONE.to_owned(), 500, 200)]);
    assert_eq!(world.scan("second", &[ONE], Since::Start).await, [7]);
    assert_eq!(world.listed("second"), []);
}

#[tokio::test]
async fn an_epoch_that_was_left_is_read_where_its_entries_still_are() {
    let world = World::added().await;
    pass::restart(
        world.store.as_ref(),
        ONE,
        Position::Index(450),
        "me".to_owned(),
        "why".to_owned(),
        Timestamp::from_unix(BEGINS),
    )
    .await
    .unwrap();
    assert_eq!(world.grow(600).await, ["second"]);
    let third = [
        rule("first", "leaf", &[5]),
        rule("second", "leaf", &[7, 400]),
        rule("third", "leaf", &[7, 460, 480]),
    ];
    world.rules(&third);
    world.grow(700).await;
    assert_eq!(
        world.listed("third"),
        [(ONE.to_owned(), 600, 150)],
        "the epoch in force"
    );
    let past = world.past("third", ONE, Since::Start).await;
    let epochs: Vec<(u32, Vec<(u64, u64)>)> = past
        .epochs
        .iter()
        .map(|epoch| (epoch.folder.epoch(), epoch.wanted.iter().collect()))
        .collect();
    assert_eq!(epochs, [(1, vec![(0, 500)]), (2, vec![(450, 600)])]);
    assert_eq!(
        world.scan("third", &[ONE], Since::Start).await,
        [7, 460, 480, 460, 480],
        "each epoch on its own"
    );
    assert_eq!(world.grow(710).await, ["second"]);
    let (found, looked) = world.ask("second", ONE, Since::Start, usize::MAX).await.unwrap();
    assert_eq!(
        (found, looked.asked, looked.left, looked.lost),
        (vec![7], 300, 0, vec![])
    );
}

#[tokio::test]
async fn what_stood_in_another_log_is_lost_and_said_to_be() {
    let world = World::added().await;
    world.change(ONE, |served| {
        served.log = log(ONE, "another");
        served.size = 550;
    });
    assert_eq!(world.pass().await.outcome(), Outcome::Violation);
    pass::restart(
        world.store.as_ref(),
        ONE,
        Position::Index(0),
        "me".to_owned(),
        "reset".to_owned(),
        Timestamp::from_unix(BEGINS),
    )
    .await
    .unwrap();
    assert_eq!(world.grow(550).await, ["second"]);
    // An old checkpoint of that log does not tell.
    world.change(ONE, |served| served.size = 400);
    let (_, looked) = world.ask("second", ONE, Since::Start, usize::MAX).await.unwrap();
    assert_eq!((looked.asked, looked.left, looked.lost), (0, 300, vec![]));
    assert_eq!(looked.rescan.outcome, Outcome::Degraded);
    world.change(ONE, |served| served.size = 550);
    let (found, looked) = world.ask("second", ONE, Since::Start, usize::MAX).await.unwrap();
    assert_eq!((found.len(), looked.asked, looked.left), (0, 0, 0));
    assert_eq!(looked.lost, [(1, 300)]);
    world.scan("second", &[ONE], Since::Start).await;
    assert_eq!(
        world.pass().await.run.rules_without_past,
        [""; 0],
        "nobody can ask them any more"
    );
}

#[tokio::test]
async fn a_crash_before_the_inventory_is_written_costs_nothing() {
    let world = World::added().await;
    let (found, looked) = world.ask("second", ONE, Since::Start, usize::MAX).await.unwrap();
    assert_eq!((found, looked.left), (vec![7], 0));
    let before = world.memory.objects();
    assert_eq!(
        world.pass().await.run.rules_without_past,
        ["second"],
        "nobody has said so yet"
    );
    assert_eq!(
        world.scan("second", &[ONE], Since::Start).await,
        [0_u64; 0],
        "nothing is read again"
    );
    let scans = |objects: &BTreeMap<String, Vec<u8>>| objects.keys().filter(|name| name.starts_with("scans/")).count();
    assert_eq!(scans(&world.memory.objects()), scans(&before), "and nothing written");
    assert_eq!(world.pass().await.run.rules_without_past, [""; 0]);
}

#[tokio::test]
async fn a_part_that_was_not_recorded_is_read_again() {
    let world = World::added().await;
    let (_, looked) = world.ask("second", ONE, Since::Start, 0).await.unwrap();
    assert_eq!((looked.asked, looked.left), (0, 300));
    assert_eq!(world.ranges("second", Since::Start).await.1, [(0, 300)]);
    // The log serves less than it did: what lies behind waits.
    world.change(ONE, |served| served.size = 200);
    let (found, looked) = world.ask("second", ONE, Since::Start, usize::MAX).await.unwrap();
    assert_eq!((found, looked.asked, looked.left), (vec![7], 200, 100));
    assert_eq!(looked.rescan.outcome, Outcome::Degraded);
    assert!(looked.rescan.problem.unwrap().contains("a checkpoint of 200 entries"));
    world.change(ONE, |served| served.size = 500);
    assert_eq!(
        world.ranges("second", Since::Start).await.1,
        [(200, 300)],
        "what is done is done"
    );
    // Another history is no place to ask.
    world.change(ONE, |served| {
        served.log = log(ONE, "another");
        served.size = 550;
    });
    let (found, looked) = world.ask("second", ONE, Since::Start, usize::MAX).await.unwrap();
    assert_eq!((found.len(), looked.asked, looked.left), (0, 0, 100));
    assert_eq!(looked.rescan.outcome, Outcome::Violation);
}

/// However much came before, a receipt is read once and a configuration once.
#[tokio::test]
async fn receipts_and_configurations_are_read_once() {
    let mut world = World::new();
    for size in 1..=40_u64 {
        let digest: Vec<u64> = vec![5, size % 3];
        world.rules(&[rule("first", "leaf", &digest)]);
        world.grow(size * 5).await;
    }
    world.rules(&[rule("last", "leaf", &[1])]);
    world.grow(220).await;
    let watched = Arc::new(Watched::new(&world.memory));
    world.store = Arc::clone(&watched) as _;
    assert_eq!(world.ranges("last", Since::Start).await.1, [(0, 200)]);
    let calls = watched.taken();
    let count = |part: &str| calls.iter().filter(|call| call.contains(part)).count();
    assert_eq!(
        (count("read audit/one.example/receipts/"), count("read audit/config/")),
        (41, 3),
        "{calls:#?}"
    );
}
