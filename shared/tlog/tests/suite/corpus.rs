//! What the real logs signed and served.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentinel_tlog::{
    CheckpointError, CosignatureKey, EntryBundle, Frontier, Hash, HashTile, KeyIdRule, MerkleError, Note,
    SignedCheckpoint, TileHashes, VerifierKey, split_bundle, verify_consistency, verify_inclusion,
};
use serde_json::Value;
use std::collections::BTreeMap;

use crate::support::{corpus, flips, json, read};

/// The keys of the production logs, from the trusted root.
fn log_keys() -> Vec<VerifierKey> {
    let root = json(&corpus("trust/trusted_root.json").unwrap());
    let key = |log: &Value| {
        let name = log["baseUrl"].as_str().unwrap().strip_prefix("https://").unwrap();
        let spki = STANDARD.decode(log["publicKey"]["rawBytes"].as_str().unwrap()).unwrap();
        VerifierKey::from_spki(name, &spki, KeyIdRule::Note).unwrap()
    };
    root["tlogs"].as_array().unwrap().iter().map(key).collect()
}

fn lines(name: &str) -> Vec<Value> {
    let text = read(&corpus(name).unwrap());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn hex(value: &Value) -> Hash {
    text(value).parse().unwrap()
}

/// The origin as the note itself gives it: these tests look at signatures.
fn open(note: &str, keys: &[VerifierKey]) -> Result<SignedCheckpoint, CheckpointError> {
    SignedCheckpoint::open(note.as_bytes(), note.lines().next().unwrap(), keys)
}

#[test]
fn key_ids_are_those_of_the_production_logs() {
    let Some(_) = corpus("trust") else { return };
    let ids: Vec<_> = log_keys()
        .iter()
        .map(|key| format!("{}+{}", key.name(), key.key_id()))
        .collect();
    assert_eq!(
        ids,
        ["rekor.sigstore.dev+c0d23d6a", "log2025-1.rekor.sigstore.dev+cf119915"]
    );
    let pem = read(&corpus("trust/rekor.pub").unwrap());
    let from_pem = VerifierKey::from_pem("rekor.sigstore.dev", &pem, KeyIdRule::Spki).unwrap();
    assert_eq!(from_pem, log_keys()[0]);
}

#[test]
fn production_checkpoints_verify_and_no_size_has_two_roots() {
    let Some(_) = corpus("checkpoints.jsonl") else {
        return;
    };
    let (keys, mut roots) = (log_keys(), BTreeMap::new());
    let mut refused = Vec::new();
    for line in lines("checkpoints.jsonl") {
        let note = text(&line["note"]);
        let checkpoint = match open(note, &keys) {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                refused.push((line["signatures"].clone(), error));
                continue;
            }
        };
        assert_eq!(checkpoint.size(), line["treeSize"].as_u64().unwrap());
        assert_eq!(checkpoint.root().to_base64(), text(&line["rootHash"]));
        assert_eq!(checkpoint.note(), note);
        assert_eq!(checkpoint.checkpoint().to_string(), checkpoint.parsed_note().text());
        let place = (checkpoint.origin().to_owned(), checkpoint.size());
        assert_eq!(*roots.entry(place).or_insert(checkpoint.root()), checkpoint.root());
    }
    // One note of the collection carries another key id before its signature: that is the signature of an unknown key.
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].0[0][1], "production:hint-differs");
    assert!(
        matches!(refused[0].1, CheckpointError::NoTrustedSignature { .. }),
        "{refused:?}"
    );
    assert!(roots.len() > 60);
}

#[test]
fn every_flipped_byte_of_a_production_checkpoint_is_noticed() {
    let Some(_) = corpus("checkpoints.jsonl") else {
        return;
    };
    let (keys, all) = (log_keys(), lines("checkpoints.jsonl"));
    let alone = all
        .iter()
        .filter(|line| line["signatures"].as_array().unwrap().len() == 1);
    for line in alone.step_by(30) {
        let note = text(&line["note"]);
        let origin = note.lines().next().unwrap();
        if open(note, &keys).is_err() {
            continue;
        }
        for (at, changed) in flips(note.as_bytes()) {
            assert!(
                SignedCheckpoint::open(&changed, origin, &keys).is_err(),
                "byte {at} of {note}"
            );
        }
    }
}

#[test]
fn the_real_consistency_proof_verifies_and_no_changed_byte_does() {
    let Some(path) = corpus("consistency.json") else {
        return;
    };
    let (keys, file) = (log_keys(), json(&path));
    for checkpoint in file["checkpoints"].as_array().unwrap() {
        let opened = open(text(&checkpoint["note"]), &keys).unwrap();
        assert_eq!(opened.root(), hex(&checkpoint["rootHash"]));
    }
    for proof in file["consistency"].as_array().unwrap() {
        let (from, to) = (
            proof["firstSize"].as_u64().unwrap(),
            proof["lastSize"].as_u64().unwrap(),
        );
        let (old, new) = (hex(&proof["rootHash1"]), hex(&proof["rootHash2"]));
        let hashes: Vec<Hash> = proof["hashes"].as_array().unwrap().iter().map(hex).collect();
        assert_eq!(verify_consistency(from, to, &hashes, old, new), Ok(()));
        for at in 0..hashes.len() {
            for (_, changed) in flips(hashes[at].as_bytes()) {
                let mut wrong = hashes.clone();
                wrong[at] = Hash::from_bytes(changed.try_into().unwrap());
                let verdict = verify_consistency(from, to, &wrong, old, new);
                assert!(matches!(verdict, Err(MerkleError::RootMismatch { .. })), "hash {at}");
            }
        }
        for (_, changed) in flips(old.as_bytes()) {
            let wrong = Hash::from_bytes(changed.try_into().unwrap());
            let verdict = verify_consistency(from, to, &hashes, wrong, new);
            assert!(matches!(verdict, Err(MerkleError::RootMismatch { size, .. }) if size == from));
            let verdict = verify_consistency(from, to, &hashes, old, wrong);
            assert!(matches!(verdict, Err(MerkleError::RootMismatch { size, .. }) if size == to));
        }
        let expected = hashes.len();
        assert_eq!(
            verify_consistency(from, to, &hashes[1..], old, new),
            Err(MerkleError::ProofLength {
                expected,
                found: expected - 1
            })
        );
    }
}

#[test]
fn notes_in_answers_of_the_log_api_verify() {
    let Some(path) = corpus("api-v1-log-responses.json") else {
        return;
    };
    let (keys, mut seen) = (log_keys(), 0);
    for answer in json(&path).as_array().unwrap() {
        let inactive = answer["inactiveShards"].as_array();
        for shard in std::iter::once(answer).chain(inactive.into_iter().flatten()) {
            let origin = format!("rekor.sigstore.dev - {}", text(&shard["treeID"]));
            let note = text(&shard["signedTreeHead"]);
            let checkpoint = SignedCheckpoint::open(note.as_bytes(), &origin, &keys).unwrap();
            assert_eq!(checkpoint.size(), shard["treeSize"].as_u64().unwrap());
            assert_eq!(checkpoint.root(), hex(&shard["rootHash"]));
            seen += 1;
        }
    }
    assert_eq!(seen, 3);
}

#[test]
fn inclusion_proofs_of_production_entries_verify() {
    let Some(_) = corpus("rekor-entries.jsonl") else {
        return;
    };
    let (keys, mut verified) = (log_keys(), 0);
    for entry in lines("rekor-entries.jsonl") {
        let leaf = Hash::leaf(&STANDARD.decode(text(&entry["body"])).unwrap());
        assert_eq!(leaf.to_string(), text(&entry["leafHash"]));
        for observation in entry["observations"].as_array().unwrap() {
            let proof = &observation["proof"];
            let Some(hashes) = proof["hashes"].as_array() else {
                continue;
            };
            let hashes: Vec<Hash> = hashes.iter().map(hex).collect();
            let number = |name: &str| match &proof[name] {
                Value::String(text) => text.parse().unwrap(),
                other => other.as_u64().unwrap(),
            };
            let (index, size, root) = (number("logIndex"), number("treeSize"), hex(&proof["rootHash"]));
            assert_eq!(verify_inclusion(leaf, index, size, &hashes, root), Ok(()));
            assert!(verify_inclusion(leaf, index ^ 1, size, &hashes, root).is_err());
            if let Some(note) = proof["checkpoint"].as_str() {
                let opened = open(note, &keys).is_ok_and(|opened| opened.root() == root);
                let said = observation["_verify"]["checkpoint"].as_bool();
                assert!(opened || said != Some(true), "{note}");
            }
            verified += 1;
        }
    }
    assert!(verified > 60, "{verified}");
}

#[test]
fn each_size_of_the_tessera_log_rebuilds_its_root() {
    let Some(folder) = corpus("tiled-log-tessera") else {
        return;
    };
    let key = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
        .parse()
        .unwrap();
    let keys = [key];
    for size in 0..=15 {
        let note = read(&folder.join(format!("checkpoint.{size}")));
        let checkpoint = SignedCheckpoint::open(note.as_bytes(), "example.com/log/testdata", &keys).unwrap();
        assert_eq!(checkpoint.size(), size);
        let mut frontier = Frontier::empty();
        if let Some(bundle) = EntryBundle::of_leaf(0, size) {
            let bytes = std::fs::read(folder.join(bundle.path())).unwrap();
            let leaves = split_bundle(&bytes, bundle.width).unwrap();
            leaves
                .iter()
                .for_each(|leaf| frontier.push(Hash::leaf(&bytes[leaf.clone()])));
            let tile = HashTile {
                level: 0,
                index: 0,
                width: bundle.width,
            };
            let hashes = std::fs::read(folder.join(tile.path())).unwrap();
            let hashes = TileHashes::parse(&hashes, tile.width).unwrap();
            let from_bundle: Vec<_> = leaves.iter().map(|leaf| Hash::leaf(&bytes[leaf.clone()])).collect();
            assert_eq!(hashes.hashes(), from_bundle);
            let root = sentinel_tlog::subtree_root(0..size, |node| {
                let (_, level, index) = HashTile::of_node(node, size)?;
                hashes.node(level, index)
            });
            assert_eq!(root, Ok(checkpoint.root()));
            assert!(split_bundle(&bytes, bundle.width + 1).is_err());
        }
        assert_eq!(frontier.root(), checkpoint.root(), "{size}");
    }
}

/// FORMATS.md, 10: a checkpoint of log2025-1 with the cosignature of a witness.
const COSIGNED: &str = "log2025-1.rekor.sigstore.dev
139911860
EliTHtnx44DhEBH+5qIXBtQsSpc54Avam7mIYEvxnTA=

— log2025-1.rekor.sigstore.dev zxGZFcOra4Y7QpuiQen+CmnUvDZbxSXfBOXJzL+HKIeR9aC58QTfao58ABqkhVyBhQDseS+TZdDNpcnZhoRxkh7IbQ0=
— witness.stagemole.eu Z/euoAAAAABqxF18wrJCADsJ1G5Lc2JaRjZqqBwjpNqH24yQse4iJ4rKS6b5MtvHP+IbKYXwaWuWokdGA+BubLFi+TrwK7xpKr6XBw==
";
const LOG: &str = "log2025-1.rekor.sigstore.dev+cf119915+AbfK5adZJxsI323FwGD2AJJ9F4i89cfDuLdGJBIYntuO";
const WITNESS: &str = "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv";

#[test]
fn the_cosigned_checkpoint_of_log2025_1_verifies() {
    let keys = [LOG.parse().unwrap()];
    let checkpoint = SignedCheckpoint::open(COSIGNED.as_bytes(), "log2025-1.rekor.sigstore.dev", &keys).unwrap();
    assert_eq!(checkpoint.size(), 139_911_860);
    assert_eq!(checkpoint.signers(), [keys[0].key_id()]);
    let witness: CosignatureKey = WITNESS.parse().unwrap();
    assert_eq!(witness.verify(checkpoint.parsed_note()), Ok(1_791_253_884));
    assert_eq!(
        (keys[0].to_vkey().as_deref(), witness.to_vkey().as_str()),
        (Some(LOG), WITNESS)
    );

    // Nothing but the other key's line may change unnoticed, and neither key alone vouches for the other's line.
    let (log_line, witness_line) = (COSIGNED.find("— log").unwrap(), COSIGNED.find("— witness").unwrap());
    for (at, changed) in flips(COSIGNED.as_bytes()) {
        let note = Note::parse(&changed);
        let opened = SignedCheckpoint::open(&changed, "log2025-1.rekor.sigstore.dev", &keys);
        assert!(at >= witness_line || opened.is_err(), "byte {at}");
        let cosigned = note.is_ok_and(|note| witness.verify(&note).is_ok());
        assert!((log_line..witness_line).contains(&at) || !cosigned, "byte {at}");
    }
}

#[test]
fn known_witnesses_cosigned_what_names_them() {
    let Some(path) = corpus("witness-vkeys.json") else {
        return;
    };
    let keys = json(&path);
    let witness = |(name, material): (&String, &Value)| {
        let material = STANDARD.decode(text(material)).unwrap();
        assert_eq!(material[0], 4, "{name}");
        CosignatureKey::new(name, &material[1..]).unwrap()
    };
    let witnesses: Vec<_> = keys.as_object().unwrap().iter().map(witness).collect();
    let entries = lines("rekor-entries.jsonl");
    let observations = entries
        .iter()
        .flat_map(|entry| entry["observations"].as_array().unwrap());
    let in_proofs = observations.filter_map(|seen| seen["proof"]["checkpoint"].as_str().map(str::to_owned));
    let listed = lines("checkpoints.jsonl")
        .into_iter()
        .map(|line| text(&line["note"]).to_owned());
    let mut cosignatures = 0;
    for note in listed.chain(in_proofs).chain([COSIGNED.to_owned()]) {
        let note = Note::parse(note.as_bytes()).unwrap();
        for witness in &witnesses {
            let named = note.signatures().iter().any(|line| line.name == witness.name());
            assert_eq!(witness.verify(&note).is_ok(), named, "{}", witness.name());
            cosignatures += usize::from(named);
        }
    }
    assert!(cosignatures > 0);
}
