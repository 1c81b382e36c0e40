//! Real bodies of the production logs: they decode, belong to their trees, were promised; changed, they are not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod support;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sentinel_sigstore::decode::decode_body_tolerantly;
use sentinel_sigstore::set::{self, SetError};
use sentinel_sigstore::{Entry, Field, LeafKind, RekorApi, Scratch, TrustedRoot, decode};
use serde_json::Value;
use support::{corpus, picture};
use tlog::{Hash, SignedCheckpoint, VerifierKey, verify_inclusion};

struct Line {
    body: Vec<u8>,
    leaf_hash: Hash,
    observations: Vec<Value>,
    kind: String,
    version: String,
}

/// Everything of the corpus; nothing without it.
fn lines() -> Vec<Line> {
    let Some(path) = corpus("rekor-entries.jsonl") else {
        return Vec::new();
    };
    let text = std::fs::read_to_string(path).unwrap();
    let line = |line: &str| {
        let value: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| value[key].as_str().unwrap().to_owned();
        Line {
            body: STANDARD.decode(text("body")).unwrap(),
            leaf_hash: text("leafHash").parse().unwrap(),
            observations: value["observations"].as_array().unwrap().clone(),
            kind: text("kind"),
            version: text("apiVersion"),
        }
    };
    text.lines().map(line).collect()
}

impl Line {
    fn leaf_kind(&self) -> LeafKind {
        if self.kind == "hashedrekord" && self.version == "0.0.2" {
            LeafKind::RekorV2
        } else {
            LeafKind::RekorV1
        }
    }
}

fn key(origin: &str, api: RekorApi) -> VerifierKey {
    let root = TrustedRoot::public();
    let log = root.tlogs().iter().find(|log| log.origin() == origin).unwrap();
    log.verifier_key(api).unwrap()
}

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

fn all(entry: &Entry<'_>, field: &Field) -> Vec<String> {
    let mut found = Vec::new();
    for signer in entry.signers() {
        signer.values(field, &mut |text| found.push(text.to_owned()));
    }
    found
}

#[test]
fn every_body_decodes() {
    let (mut scratch, mut again) = (Scratch::new(), Scratch::new());
    for line in lines() {
        assert_eq!(Hash::leaf(&line.body), line.leaf_hash);
        let entry = decode(line.leaf_kind(), &line.body, &mut scratch).unwrap();
        assert_eq!((entry.kind(), entry.version()), (&*line.kind, &*line.version));
        assert!(!entry.signers().is_empty() && entry.digests().count() > 0);
        // SHA-256, and in one body SHA-512.
        assert!(entry.digests().all(|digest| matches!(digest.len(), 64 | 128)));
        for signer in 0..entry.signers().len() {
            let mut fingerprints = 0;
            entry.signers()[signer].values(&Field::Fingerprint, &mut |_| fingerprints += 1);
            assert!(fingerprints > 0);
        }
        if line.leaf_kind() == LeafKind::RekorV1 {
            let patient = decode_body_tolerantly(&line.body, &mut again).unwrap();
            assert_eq!(picture(&entry), picture(&patient));
        }
    }
}

#[test]
fn what_some_of_them_say() {
    let mut scratch = Scratch::new();
    for line in lines().iter().filter(|line| line.kind == "jar") {
        let entry = decode(LeafKind::RekorV1, &line.body, &mut scratch).unwrap();
        // The authority, which Rekor takes for the key, and who signed.
        assert_eq!(entry.signers().len(), 2);
        assert_eq!(all(&entry, &Field::San), ["appu@google.com"]);
        assert_eq!(all(&entry, &Field::Subject), ["appu@google.com"]);
        assert_eq!(all(&entry, &Field::Fingerprint).len(), 4);
    }
    let ssh = |line: &&Line| line.kind == "rekord" && line.body.windows(5).any(|it| it == b"\"ssh\"");
    for line in lines().iter().filter(ssh) {
        let entry = decode(LeafKind::RekorV1, &line.body, &mut scratch).unwrap();
        assert_eq!(entry.signers().len(), 1);
        let fingerprints = all(&entry, &Field::Fingerprint);
        assert!(fingerprints[0].starts_with("SHA256:") && fingerprints.len() == 1);
    }
}

#[test]
fn promises_verify_and_changed_ones_do_not() {
    let key = key("rekor.sigstore.dev", RekorApi::V1);
    let mut verified = 0;
    for line in lines() {
        for seen in line.observations.iter().filter(|it| it["_verify"]["SET"] == true) {
            let set = STANDARD.decode(seen["SET"].as_str().unwrap()).unwrap();
            let time = i64::try_from(number(&seen["integratedTime"])).unwrap();
            let id: Hash = seen["logID"].as_str().unwrap().parse().unwrap();
            let index = number(&seen["logIndex"]);
            assert_eq!(set::verify(&key, &line.body, time, &id, index, &set), Ok(()));
            verified += 1;
            let refused = |body: &[u8], time, id: &Hash, index, set: &[u8]| {
                assert_eq!(set::verify(&key, body, time, id, index, set), Err(SetError::Signature));
            };
            refused(&line.body, time + 1, &id, index, &set);
            refused(&line.body, time, &Hash::of(b"another log"), index, &set);
            refused(&line.body, time, &id, index + 1, &set);
            for at in (verified % 7..set.len()).step_by(7) {
                let mut other = set.clone();
                other[at] ^= 1;
                refused(&line.body, time, &id, index, &other);
            }
            for at in (verified % 397..line.body.len()).step_by(397) {
                let mut other = line.body.clone();
                other[at] ^= 1;
                refused(&other, time, &id, index, &set);
            }
        }
    }
    println!("{verified} promises verified");
    assert!(verified == 0 || verified >= 90);
}

#[test]
fn inclusion_proofs_and_checkpoints_verify_and_changed_ones_do_not() {
    let (mut proofs, mut notes) = (0usize, 0usize);
    for line in lines() {
        for seen in &line.observations {
            if seen["_verify"]["proof"] != true {
                continue;
            }
            let proof = &seen["proof"];
            let root: Hash = proof["rootHash"].as_str().unwrap().parse().unwrap();
            let hashes = proof["hashes"].as_array().unwrap().iter();
            let hashes: Vec<Hash> = hashes.map(|it| it.as_str().unwrap().parse().unwrap()).collect();
            let (index, size) = (number(&proof["logIndex"]), number(&proof["treeSize"]));
            check_proof(line.leaf_hash, index, size, &hashes, root);
            proofs += 1;
            if seen["_verify"]["ckpt_sig_log"] == true {
                let note = proof["checkpoint"].as_str().unwrap();
                let api = match line.leaf_kind() {
                    LeafKind::RekorV2 => RekorApi::V2,
                    LeafKind::RekorV1 | LeafKind::Opaque => RekorApi::V1,
                };
                check_note(note, api, size, root, notes);
                notes += 1;
            }
        }
    }
    println!("{proofs} proofs and {notes} checkpoints verified");
    assert!(proofs == 0 || (proofs >= 70 && notes >= 60));
}

fn check_proof(leaf: Hash, index: u64, size: u64, hashes: &[Hash], root: Hash) {
    assert_eq!(verify_inclusion(leaf, index, size, hashes, root), Ok(()));
    assert!(verify_inclusion(Hash::of(b"other"), index, size, hashes, root).is_err());
    assert!(verify_inclusion(leaf, index, size, hashes, leaf).is_err());
    assert!(verify_inclusion(leaf, index ^ 1, size, hashes, root).is_err());
    for at in 0..hashes.len() {
        let mut other = hashes.to_vec();
        let mut bytes = *other[at].as_bytes();
        bytes[at % 32] ^= 1;
        other[at] = Hash::from_bytes(bytes);
        assert!(verify_inclusion(leaf, index, size, &other, root).is_err());
    }
}

fn check_note(note: &str, api: RekorApi, size: u64, root: Hash, nth: usize) {
    let origin = note.lines().next().unwrap();
    let key = key(origin.split(" - ").next().unwrap(), api);
    let open = |bytes: &[u8]| SignedCheckpoint::open(bytes, origin, core::slice::from_ref(&key));
    let signed = open(note.as_bytes()).unwrap();
    assert_eq!((signed.size(), signed.root()), (size, root));
    let stride = if nth < 3 { 1 } else { 29 };
    for at in (nth % stride..note.len()).step_by(stride) {
        let mut other = note.as_bytes().to_vec();
        other[at] ^= 1;
        assert!(open(&other).is_err(), "{nth} {at}");
    }
}

#[test]
fn changed_bodies_are_read_alike_by_both_readers_and_never_panic() {
    let (mut quick, mut patient) = (Scratch::new(), Scratch::new());
    for line in lines().iter().filter(|line| line.leaf_kind() == LeafKind::RekorV1) {
        for at in (0..line.body.len()).step_by(13) {
            let mut other = line.body.clone();
            other[at] ^= 1 << (at % 8);
            let quick = decode(LeafKind::RekorV1, &other, &mut quick).map(|entry| picture(&entry));
            let patient = decode_body_tolerantly(&other, &mut patient).map(|entry| picture(&entry));
            assert_eq!(quick, patient);
        }
    }
}
