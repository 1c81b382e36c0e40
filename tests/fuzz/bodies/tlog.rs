//! The readers of `tlog`: no input makes them panic, and what they accept they print as it was.

use ::tlog::{
    Checkpoint, CosignatureKey, EntryBundle, Evidence, Frontier, Hash, HashTile, MAX_SIGNATURES, MAX_TREE_SIZE, Note,
    Policy, SignedCheckpoint, TileHashes, TlogProof, VerifierKey, frontier_of_inclusion, root_of_inclusion,
    split_bundle, verify_consistency, verify_inclusion,
};

/// A log whose checkpoints are public, and a witness of it.
pub const ORIGIN: &str = "log2025-1.rekor.sigstore.dev";
pub const LOG_KEY: &str = "log2025-1.rekor.sigstore.dev+cf119915+AbfK5adZJxsI323FwGD2AJJ9F4i89cfDuLdGJBIYntuO";
pub const WITNESS_KEY: &str = "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv";

/// Signed notes.
pub fn note(data: &[u8]) {
    let Ok(note) = Note::parse(data) else { return };
    assert_eq!(note.raw().as_bytes(), data);
    assert!((1..=MAX_SIGNATURES).contains(&note.signatures().len()));
    let lines: String = note.signatures().iter().map(|line| format!("{line}\n")).collect();
    assert_eq!(format!("{}\n{lines}", note.text()), note.raw());
    let signers = keys();
    if let Ok(signed) = note.verify(&signers) {
        assert!(!signed.is_empty());
    }
    if let Ok(witness) = WITNESS_KEY.parse::<CosignatureKey>() {
        let _time = witness.verify(&note);
    }
}

/// Checkpoints, as text and as signed notes.
pub fn checkpoint(data: &[u8]) {
    if let Some(checkpoint) = text(data).and_then(|text| Checkpoint::parse(text).ok()) {
        assert!(checkpoint.size <= MAX_TREE_SIZE);
        assert_eq!(checkpoint.to_string().as_bytes(), data);
    }
    if let Ok(signed) = SignedCheckpoint::open(data, ORIGIN, &keys()) {
        assert_eq!(signed.note().as_bytes(), data);
        assert_eq!(signed.origin(), ORIGIN);
        assert_eq!(
            Checkpoint::parse(signed.parsed_note().text()).as_ref(),
            Ok(signed.checkpoint())
        );
    }
}

/// The keys of logs and witnesses.
pub fn vkey(data: &[u8]) {
    let Some(text) = text(data) else { return };
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_vkey().as_deref(), Some(text));
    }
    if let Ok(key) = text.parse::<CosignatureKey>() {
        assert_eq!(key.to_vkey(), text);
    }
    if let Ok(key) = serde_json::from_str::<VerifierKey>(text) {
        let again = serde_json::to_string(&key).and_then(|json| serde_json::from_str(&json));
        assert_eq!(again.ok(), Some(key));
    }
}

/// Trust policies: what is read says as much about any note, and more cosignatures never meet less.
pub fn policy(data: &[u8]) {
    let policy = match Policy::parse(data) {
        Ok(policy) => policy,
        Err(error) => {
            let lines = data.split(|byte| *byte == b'\n');
            let longest = lines.clone().map(<[u8]>::len).max().unwrap_or(0);
            assert!((1..=lines.count()).contains(&error.line) && (1..=longest + 1).contains(&error.column));
            return;
        }
    };
    let text = "log.example\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\u{2014} a AAAAAAA=\n";
    let Ok(note) = Note::parse(text.as_bytes()) else {
        unreachable!("it is a note")
    };
    let judgement = policy.judge(&note);
    assert_eq!(judgement.witnesses.len(), policy.witnesses().count());
    assert!(judgement.seen == 0 && judgement.of <= judgement.witnesses.len());
    assert!(!judgement.met || policy.is_attainable());
    assert_eq!(policy.quorum() == "none", judgement.met);
}

/// Paths of tiles and bundles.
pub fn tile_path(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let (tile, bundle) = (text.parse::<HashTile>(), text.parse::<EntryBundle>());
    assert!(tile.is_err() || bundle.is_err());
    if let Ok(tile) = tile {
        assert_eq!(tile.path(), text);
    }
    if let Ok(bundle) = bundle {
        assert_eq!(bundle.path(), text);
    }
}

/// Entry bundles: two bytes of width, then the bundle.
pub fn bundle(data: &[u8]) {
    let Some((width, bytes)) = data.split_first_chunk() else {
        return;
    };
    let width = u16::from_be_bytes(*width);
    let Ok(leaves) = split_bundle(bytes, width) else {
        return;
    };
    assert_eq!(leaves.len(), usize::from(width));
    let end = leaves.iter().fold(0, |at, leaf| {
        assert_eq!(leaf.start, at + 2);
        leaf.end
    });
    assert_eq!(end, bytes.len());
}

/// Hash tiles: two bytes of width, then the tile.
pub fn hash_tile(data: &[u8]) {
    let Some((width, bytes)) = data.split_first_chunk() else {
        return;
    };
    let width = u16::from_be_bytes(*width);
    let Ok(tile) = TileHashes::parse(bytes, width) else {
        return;
    };
    assert_eq!(tile.hashes().len(), usize::from(width));
    for level in 0..=8 {
        let nodes = width >> level;
        assert!(tile.node(level, nodes).is_err());
        for index in 0..nodes.min(3) {
            assert!(tile.node(level, index).is_ok());
        }
    }
    if let [left, right, ..] = tile.hashes() {
        assert_eq!(tile.node(1, 0), Ok(Hash::node(left, right)));
    }
}

/// Offline proofs.
pub fn tlog_proof(data: &[u8]) {
    let Some(text) = text(data) else { return };
    let Ok(proof) = TlogProof::parse(text) else { return };
    assert_eq!(proof.to_text(), text);
    if let Ok(checkpoint) = proof.verify(Hash::leaf(b"leaf"), ORIGIN, &keys()) {
        assert!(proof.index < checkpoint.size());
    }
}

/// Evidence: its JSON comes back, and the order of the checkpoints does not matter.
pub fn evidence(data: &[u8]) {
    let Ok(evidence) = serde_json::from_slice::<Evidence>(data) else {
        return;
    };
    let again = serde_json::to_vec(&evidence).and_then(|json| serde_json::from_slice(&json));
    assert_eq!(again.ok().as_ref(), Some(&evidence));
    let swapped = Evidence {
        first: evidence.second.clone(),
        second: evidence.first.clone(),
        ..evidence.clone()
    };
    assert_eq!(swapped.verdict().ok(), evidence.verdict().ok());
}

/// Serialised frontiers, and proofs made of the same hashes.
pub fn frontier(data: &[u8]) {
    let Ok(frontier) = Frontier::from_bytes(data) else {
        return;
    };
    assert_eq!(frontier.to_bytes(), data);
    let again = serde_json::to_string(&frontier).and_then(|json| serde_json::from_str(&json));
    assert_eq!(again.ok().as_ref(), Some(&frontier));
    let (size, leaf) = (frontier.size(), Hash::leaf(data));
    let mut pushed = frontier.clone();
    pushed.push(leaf);
    assert_eq!(pushed.size(), size + 1);
    if pushed.size() > MAX_TREE_SIZE {
        return;
    }
    assert_eq!(frontier.root_with(&[leaf], size + 1), Ok(pushed.root()));
    // The last leaf of a tree has its whole frontier for left siblings, smallest first.
    let mut proof = frontier.hashes().to_vec();
    proof.reverse();
    assert_eq!(root_of_inclusion(leaf, size, size + 1, &proof), Ok(pushed.root()));
    assert_eq!(frontier_of_inclusion(size, size + 1, &proof), Ok(frontier.clone()));
    for other in [0, size / 2, size, size.saturating_mul(2)] {
        let _refused = verify_inclusion(leaf, other, size, &proof, frontier.root());
        let _refused = verify_consistency(other, size, &proof, leaf, frontier.root());
        let _refused = frontier.root_with(&proof, other);
    }
}

fn text(data: &[u8]) -> Option<&str> {
    core::str::from_utf8(data).ok()
}

fn keys() -> Vec<VerifierKey> {
    LOG_KEY.parse().into_iter().collect()
}
