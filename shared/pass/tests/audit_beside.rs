//! `pass::audit` where the record is compared with what stands beside it: the state, what was published, the keys and
//! copies that were in force, and a pass that is under way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

extern crate sentinel_pass as pass;

mod audit_support;

use audit_support::{Late, ORIGIN, World, defect, folder, key, log};
use pass::Store;
use pass::names;
use pass::record::{CheckpointRecord, LogState};
use serde_json::{Value, json};
use std::sync::Arc;
use tlog::Hash;

#[tokio::test]
async fn what_was_published_shows_that_a_record_was_set_back() {
    let world = World {
        store: Arc::default(),
        log: log(1),
    };
    world.pass(300).await;
    let earlier = world.store.objects();
    world.pass(700).await;
    for name in world.names("") {
        if !name.starts_with("public/") {
            world.store.set(&name, earlier.get(&name).cloned());
        }
    }
    let checkpoint = folder().public_checkpoint();
    let receipt = "is missing: the cursor of public/tip.json is at 700, and the receipts end at 300";
    let defects = [
        defect(&folder().receipt(300), receipt),
        defect(
            &world.head(700),
            "is missing or does not hold, and it is the head of public/tip.json",
        ),
        defect(&checkpoint, "is of size 700, and that head is not on record"),
    ];
    world.shows(&defects).await;
    for name in world.names("").iter().filter(|name| !name.starts_with("public/")) {
        world.remove(name);
    }
    let gone = defect(
        &folder().start(),
        "is missing: public/tip.json names the epoch 1 of this log",
    );
    let defects = world.audit().await.defects;
    assert!(defects.contains(&gone), "{defects:?}");
}

#[tokio::test]
async fn what_was_published_agrees_with_the_record() {
    let world = World::new().await;
    let tip = |field: &str, value: Value| world.forge(names::TIP, |tips| tips["logs"][ORIGIN][field] = value);
    let before: Value = world.read(names::TIP);
    tip("tip", json!(Hash::of(b"another")));
    let other =
        "its cursor at 700 does not stand on audit/log.example/receipts/00000000000000000300.json as that is on record";
    world.shows(&[defect(names::TIP, other)]).await;
    world.write(names::TIP, &before);
    tip("cursor", json!(299));
    world
        .shows(&[defect(names::TIP, "its cursor at 299 is at the edge of no receipt")])
        .await;
    world.write(names::TIP, &before);
    let checkpoint = folder().public_checkpoint();
    let other = world.log.checkpoint_with(700, Hash::of(b"another root"), &[], &[]);
    world.store.set(&checkpoint, Some(other.into_bytes()));
    let root = world.log.root(700).unwrap();
    let contradicts = format!("contradicts the head of size 700 on record, whose root is {root}");
    world.shows(&[defect(&checkpoint, &contradicts)]).await;
    world.store.set(&checkpoint, Some(log(2).checkpoint(700).into_bytes()));
    let unsigned = "does not verify: no trusted key of \"log.example\" signed the checkpoint";
    world.shows(&[defect(&checkpoint, unsigned)]).await;
}

#[tokio::test]
async fn public_objects_that_are_not_there_are_noted() {
    let world = World::new().await;
    world.remove(names::TIP);
    world.remove(&folder().public_checkpoint());
    let audit = world.audit().await;
    let notes = [
        "public/log.example/checkpoint is missing: there is nothing for others to compare",
        "public/tip.json does not name log.example: nothing that was published says how far its record must reach",
    ];
    assert_eq!(
        (audit.defects.len(), audit.notes),
        (0, notes.map(str::to_owned).to_vec())
    );
}

#[tokio::test]
async fn the_state_carries_its_own_head_and_no_other() {
    let world = World::new().await;
    let carry = |record: &CheckpointRecord| {
        let mut state: LogState = world.read(&folder().state());
        state.progress.as_mut().unwrap().unrecorded = Some(Box::new(record.clone()));
        world.write(&folder().state(), &state);
    };
    let earlier: CheckpointRecord = world.read(&world.head(300));
    let own: CheckpointRecord = serde_json::from_slice(&world.remove(&world.head(700))).unwrap();
    carry(&own);
    world.shows(&[]).await;
    let mut forged = own;
    forged.note = earlier.note.clone();
    for record in [earlier, forged] {
        carry(&record);
        let defects = world.audit().await.defects;
        let missing = "is missing or does not hold, and it is the head of state/log.example.json";
        assert!(defects.contains(&defect(&world.head(700), missing)), "{defects:?}");
    }
}

#[tokio::test]
async fn a_key_that_the_configuration_does_not_name_vouches_for_nothing() {
    let mut world = World::new().await;
    let old = key(&world.log).key_id();
    world.log = log(2);
    world.pass(900).await;
    let audit = world.audit().await;
    let unsigned = defect(
        &world.head(300),
        "its note does not verify: no trusted key of \"log.example\" signed the checkpoint",
    );
    let noted = format!("log.example: signed by a key (id {old}) that is on record");
    assert!(audit.defects.contains(&unsigned), "{:?}", audit.defects);
    assert!(
        audit.notes.iter().any(|note| note.starts_with(&noted)),
        "{:?}",
        audit.notes
    );
    for name in world.names("audit/trust/") {
        world.remove(&name);
    }
    let audit = world.audit().await;
    assert!(audit.defects.contains(&unsigned), "{:?}", audit.defects);
    assert!(
        !audit.notes.iter().any(|note| note.starts_with(&noted)),
        "{:?}",
        audit.notes
    );
}

#[tokio::test]
async fn copies_are_read_to_the_last_and_none_is_too_large_to_go_on() {
    let world = World::new().await;
    for number in 0..1_100 {
        let config = format!("# {number}").into_bytes();
        world.store.set(&names::config(&Hash::of(&config)), Some(config));
    }
    world.shows(&[]).await;
    world.store.set("audit/config/zz.yaml", Some(Vec::new()));
    world.store.set("audit/trust/00.json", Some(vec![b' '; 33 << 20]));
    let defects = [
        defect(
            "audit/config/zz.yaml",
            "its content has another hash than its name says",
        ),
        defect("audit/trust/00.json", "longer than the 33554432 bytes that are read"),
    ];
    world.shows(&defects).await;
}

#[tokio::test]
async fn heads_that_come_while_the_record_is_read_are_found() {
    let world = World::new().await;
    world.pass(900).await;
    let late = |late: Vec<String>| Late {
        store: Arc::clone(&world.store),
        late,
    };
    let store = late(vec![world.head(700), world.head(900)]);
    let audit = world.audit_of(&store).await;
    assert_eq!(
        (audit.defects.len(), audit.notes.len(), audit.epochs[0].heads),
        (0, 0, 3)
    );
    // The head between two that were listed did not come late.
    let store = late(vec![world.head(700)]);
    assert!(!world.audit_of(&store as &dyn Store).await.defects.is_empty());
}

#[tokio::test]
async fn what_was_abandoned_is_nothing_and_what_is_strange_is_noted() {
    let world = World::new().await;
    let abandoned = [
        folder().findings(0, &Hash::of(b"x")),
        folder().quarantine(0, &Hash::of(b"x")),
    ];
    for name in abandoned {
        world.store.set(&name, Some(b"x".to_vec()));
    }
    let strange = [
        "audit/log.example/finding/a",
        "audit/log.example/finding/b",
        "audit/log.example/start.json2",
    ];
    for name in strange {
        world.store.set(name, Some(b"x".to_vec()));
    }
    let audit = world.audit().await;
    let notes = [
        "audit/log.example/finding/ is no part of a record",
        "audit/log.example/start.json2 is no part of a record",
    ];
    assert_eq!(
        (audit.defects.len(), audit.notes),
        (0, notes.map(str::to_owned).to_vec())
    );
}
