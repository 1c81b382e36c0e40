//! `pass::audit` over a whole record, and over the same record forged in one place at a time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

extern crate sentinel_pass as pass;

mod audit_support;

use audit_support::{ORIGIN, World, defect, folder, inclusion, key};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pass::Outcome;
use pass::names::{self, LogFolder};
use pass::record::{EvidenceBody, EvidenceRecord, LogState, ObjectRef};
use serde_json::{Value, json};
use testlog::{SigningKey, TreeLog};
use tlog::{Evidence, Hash, TlogProof};

#[tokio::test]
async fn a_whole_record_has_no_defects_and_no_notes() {
    let world = World::new().await;
    world.restart().await;
    let audit = world.audit().await;
    assert_eq!(
        (audit.defects.as_slice(), audit.notes.as_slice()),
        ([].as_slice(), [].as_slice())
    );
    let found: Vec<_> = audit
        .epochs
        .iter()
        .map(|epoch| {
            (
                epoch.epoch,
                epoch.from,
                epoch.to,
                epoch.head,
                epoch.heads,
                epoch.findings,
                epoch.proofs,
            )
        })
        .collect();
    assert_eq!(found, [(1, 0, 700, 700, 2, 2, 2), (2, 700, 900, 900, 1, 1, 1)]);
}

#[tokio::test]
async fn what_was_in_force_must_be_there() {
    let world = World::new().await;
    let config = Hash::of(b"another configuration");
    let receipt = world.forge_last(|receipt| receipt.config = Some(config));
    let missing = format!("is missing, and {receipt} names it as the configuration in force");
    world.shows(&[defect(&names::config(&config), &missing)]).await;
    world
        .store
        .set(&names::config(&config), Some(b"another configuration".to_vec()));
    world.shows(&[]).await;
    world.store.set(&names::config(&config), Some(b"a third".to_vec()));
    let forged = "its content has another hash than its name says";
    world.shows(&[defect(&names::config(&config), forged)]).await;
}

#[tokio::test]
async fn the_tail_of_an_earlier_epoch_cannot_be_cut() {
    let world = World::new().await;
    world.restart().await;
    let (receipt, _) = world.last();
    world.remove(&receipt);
    let cut = "is missing: the cursor of audit/log.example~2/start.json is at 700, and the receipts end at 300";
    world.shows(&[defect(&receipt, cut)]).await;
    world.remove(&world.head(700));
    let head = "is missing or does not hold, and it is the head of audit/log.example~2/start.json";
    let defects = [defect(&receipt, cut), defect(&world.head(700), head)];
    world.shows(&defects).await;
}

#[tokio::test]
async fn a_new_epoch_says_by_whom_and_where_the_one_before_ended() {
    let world = World::new().await;
    world.restart().await;
    let second = LogFolder::new(ORIGIN, 2);
    let receipt = second.receipt(700);
    let restart = world.read::<Value>(&second.start())["restart"].clone();
    assert_eq!(restart["previous_cursor"], json!(700));
    world.forge(&receipt, |receipt| receipt["restart"]["by"] = json!("another"));
    let defects = world.audit().await.defects;
    assert!(
        defects.contains(&defect(&receipt, "does not name the restart that its epoch began with")),
        "{defects:?}"
    );
    world.forge(&second.start(), |start| start["restart"] = Value::Null);
    let defects = world.audit().await.defects;
    let silent = defect(&second.start(), "does not say by whom and why a new epoch was begun");
    assert!(defects.contains(&silent), "{defects:?}");
}

/// A world whose log signed two roots for one size.
async fn contradicted() -> (World, String) {
    let world = World::new().await;
    let other = world.log.checkpoint_with(700, Hash::of(b"another root"), &[], &[]);
    assert_eq!(world.pass_served(other).await, Outcome::Violation);
    let evidence = world.names(&folder().all_evidence());
    assert_eq!(evidence.len(), 1);
    world.shows(&[]).await;
    (world, evidence[0].clone())
}

#[tokio::test]
async fn evidence_that_a_condition_names_cannot_be_deleted() {
    let (world, evidence) = contradicted().await;
    world.remove(&evidence);
    let state: LogState = world.read(&folder().state());
    let id = &state.conditions[0].detail;
    let what = format!(
        "is missing, and the condition violation {id} of {} names it",
        folder().state()
    );
    world.shows(&[defect(&evidence, &what)]).await;
    world.forge(&folder().state(), |state| {
        state["conditions"][0]["object"] = Value::Null;
    });
    let what = format!("its violation {id} names no evidence");
    world.shows(&[defect(&folder().state(), &what)]).await;
    world.forge(&folder().state(), |state| {
        state["conditions"][0]["object"] = json!("../x");
    });
    let what = format!("its condition violation {id} names what cannot be an object");
    world.shows(&[defect(&folder().state(), &what)]).await;
}

#[tokio::test]
async fn evidence_is_of_this_log() {
    let (world, name) = contradicted().await;
    let record: EvidenceRecord = world.read(&name);
    let mut other = TreeLog::new("other.example", SigningKey::ed25519(&[1; 32]));
    other.append(b"a leaf");
    let evidence = Evidence {
        origin: "other.example".to_owned(),
        keys: vec![key(&other)],
        first: other.checkpoint(1),
        second: other.checkpoint_with(1, Hash::of(b"another root"), &[], &[]),
        proof: None,
    };
    assert!(evidence.verdict().is_ok());
    let body = EvidenceBody::Violation { evidence };
    world.write(&name, &EvidenceRecord { body, ..record.clone() });
    world
        .shows(&[defect(&name, "it is evidence against the log other.example")])
        .await;
    let log = "other.example".to_owned();
    world.write(&name, &EvidenceRecord { log, ..record });
    world
        .shows(&[defect(&name, "is evidence of the log other.example")])
        .await;
}

#[tokio::test]
async fn a_finding_is_proven_under_a_head_on_record() {
    let world = World::new().await;
    let object = world.last().1.findings.unwrap();
    world.forge(&object.name, |finding| {
        let proof = TlogProof {
            extra: None,
            index: 400,
            hashes: inclusion(&world.log, 400, 650),
            checkpoint: world.log.checkpoint(650),
        };
        finding["proof"] = json!(proof.to_text());
        assert_eq!(finding["leaf"], json!(STANDARD.encode("leaf 400")));
    });
    let bytes = world.remove(&object.name);
    let sha256 = Hash::of(&bytes);
    let name = folder().findings(300, &sha256);
    world.store.set(&name, Some(bytes));
    let object = ObjectRef { name, sha256 };
    world.forge_last(|receipt| receipt.findings = Some(object.clone()));
    let what = "line 1, entry 400: its proof leads to a checkpoint of size 650 that is none of the heads on record";
    world.shows(&[defect(&object.name, what)]).await;
}

#[tokio::test]
async fn counts_at_the_edge_of_a_number_are_defects_and_no_panic() {
    let world = World::new().await;
    let receipt = world.forge_last(|receipt| {
        receipt.counts.findings = u64::MAX;
        receipt.counts.allowed = u64::MAX;
        receipt.counts.quarantined = u64::MAX;
        receipt.from = u64::MAX;
    });
    world.forge(&LogFolder::new(ORIGIN, 1).start(), |start| {
        start["epoch"] = json!(u32::MAX);
    });
    let defects = world.audit().await.defects;
    assert!(!defects.is_empty(), "{receipt}");
}
