//! The vectors of transparency-dev/merkle: accepts and near-misses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentinel_tlog::{Hash, verify_consistency, verify_inclusion};
use serde_json::Value;
use std::path::{Path, PathBuf};

use crate::support::{corpus, json};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Hands each vector of a kind to `holds`, which says whether its proof holds, or `None` where it does not apply.
fn check(kind: &str, at_least: usize, holds: impl Fn(&Value) -> Option<bool>) {
    let Some(folder) = corpus("merkle-vectors") else {
        return;
    };
    let (mut paths, mut checked) = (Vec::new(), 0);
    files(&folder.join(kind), &mut paths);
    for path in paths {
        let vector = json(&path);
        if let Some(holds) = holds(&vector) {
            assert_eq!(!holds, vector["wantErr"].as_bool().unwrap(), "{}", path.display());
            checked += 1;
        }
    }
    assert!(checked >= at_least, "{checked} vectors of {kind}");
}

fn number(vector: &Value, name: &str) -> u64 {
    vector[name].as_u64().unwrap()
}

/// Some vectors have words for hashes, equal or not: here they become hashes, equal or not. Nothing is no hash.
fn hash(value: &Value) -> Option<Hash> {
    let bytes = STANDARD.decode(value.as_str().unwrap()).unwrap();
    let hash = <[u8; 32]>::try_from(&bytes[..]).map_or_else(|_| Hash::of(&bytes), Hash::from_bytes);
    (!bytes.is_empty()).then_some(hash)
}

fn hashes(value: &Value) -> Option<Vec<Hash>> {
    value.as_array().into_iter().flatten().map(hash).collect()
}

fn inclusion(vector: &Value, index: u64, size: u64) -> bool {
    let parts = (
        hash(&vector["leafHash"]),
        hashes(&vector["proof"]),
        hash(&vector["root"]),
    );
    let (Some(leaf), Some(proof), Some(root)) = parts else {
        return false;
    };
    verify_inclusion(leaf, index, size, &proof, root).is_ok()
}

fn consistency(vector: &Value, from: u64, to: u64) -> bool {
    let parts = (hash(&vector["root1"]), hashes(&vector["proof"]), hash(&vector["root2"]));
    let (Some(old), Some(proof), Some(new)) = parts else {
        return false;
    };
    verify_consistency(from, to, &proof, old, new).is_ok()
}

#[test]
fn inclusion_vectors_agree() {
    check("inclusion", 90, |vector| {
        Some(inclusion(vector, number(vector, "leafIdx"), number(vector, "treeSize")))
    });
}

#[test]
fn consistency_vectors_agree() {
    check("consistency", 90, |vector| {
        let (from, to) = (number(vector, "size1"), number(vector, "size2"));
        let holds = consistency(vector, from, to);
        // From size zero these vectors refuse everything, while RFC 9162 says that nothing is to be shown: we hold such a
        // root to that of the empty tree.
        let nothing_to_show = from == 0 && holds;
        (!nothing_to_show).then_some(holds)
    });
}

/// A subtree `[start, end)` starts at a multiple of the smallest power of two that spans it.
fn is_subtree(start: u64, end: u64) -> bool {
    let width = end
        .checked_sub(start)
        .filter(|width| *width > 0)
        .and_then(u64::checked_next_power_of_two);
    width.is_some_and(|width| start.is_multiple_of(width))
}

#[test]
fn subtree_inclusion_vectors_agree() {
    check("subtreeinclusion", 90, |vector| {
        let (start, end) = (number(vector, "start"), number(vector, "end"));
        let Some(index) = number(vector, "leafIdx").checked_sub(start) else {
            return Some(false);
        };
        Some(is_subtree(start, end) && inclusion(vector, index, end - start))
    });
}

/// Of the subtrees only prefixes fit: we have no use for proofs about others.
#[test]
fn subtree_consistency_vectors_of_prefixes_agree() {
    check("subtreeconsistency", 40, |vector| {
        let (start, end, size) = (number(vector, "start"), number(vector, "end"), number(vector, "size"));
        if start != 0 || end == 0 {
            return None;
        }
        Some(consistency(vector, end, size))
    });
}
