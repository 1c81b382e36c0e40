//! The JSON of the answers, put together by hand: it is made thousands of times a second.

use crate::hostile::rekor::shard::Shard;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write as _;
use testlog::{NoteSigner, SigningKey, note};
use tlog::Hash;

/// Who signs, and what name stands on it.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) origin: String,
    pub(crate) key: SigningKey,
    pub(crate) log_id: Hash,
    /// Whether each entry has a SET of its own; else a filler stands in its place.
    pub(crate) real_sets: bool,
}

/// An entry as it is served, before it is text.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) uuid: String,
    pub(crate) body: String,
    pub(crate) time: i64,
    /// Over all shards.
    pub(crate) global: u64,
    /// Within its shard.
    pub(crate) index: u64,
    pub(crate) proof: Vec<Hash>,
    pub(crate) root: Hash,
    pub(crate) size: u64,
    pub(crate) checkpoint: String,
    pub(crate) set: String,
    pub(crate) attestation: usize,
}

impl Signer {
    /// The signed note of a tree. Each `stamp` gives another signature.
    pub(crate) fn note(&self, shard: &Shard, stamp: u64) -> String {
        let origin = format!("{} - {}", self.origin, shard.id);
        let stamp = format!("Timestamp: {}", 1_795_176_000_000_000_000 + stamp);
        let text = note::checkpoint_text(&origin, shard.size(), shard.root(), &[&stamp]);
        let signer = NoteSigner::RekorV1 {
            name: self.origin.clone(),
            key: self.key.clone(),
        };
        note::signed(&text, &[signer])
    }

    /// An entry of a tree.
    pub(crate) fn entry(&self, shard: &Shard, offset: u64, index: u64, checkpoint: &str) -> Option<Served> {
        let leaf = shard.leaf(index).filter(|_| index < shard.size())?;
        let mut served = Served {
            uuid: format!("{:016x}{}", shard.id, shard.leaf_hash(index)),
            body: STANDARD.encode(&leaf),
            time: 1_795_176_000 + i64::try_from(index).unwrap_or(0),
            global: offset + index,
            index,
            proof: shard.inclusion(index),
            root: shard.root(),
            size: shard.size(),
            checkpoint: checkpoint.to_owned(),
            set: String::new(),
            attestation: 0,
        };
        served.set = self.set(&served);
        Some(served)
    }

    /// The signed entry timestamp: over the canonical JSON of what it promises.
    fn set(&self, entry: &Served) -> String {
        if !self.real_sets {
            return STANDARD.encode([0x53; 71]);
        }
        let promise = format!(
            r#"{{"body":"{}","integratedTime":{},"logID":"{}","logIndex":{}}}"#,
            entry.body, entry.time, self.log_id, entry.global
        );
        STANDARD.encode(self.key.sign(promise.as_bytes()))
    }
}

impl Served {
    /// `"<uuid>":{…}` within an object of its own.
    pub(crate) fn json(&self, log_id: Hash) -> String {
        let mut out = String::with_capacity(self.body.len() + self.attestation + 4096);
        let written = write!(out, r#"{{"{}":{{"#, self.uuid).and_then(|()| self.members(&mut out, log_id));
        // Text never refuses text.
        debug_assert!(written.is_ok());
        out.push_str("}}");
        out
    }

    fn members(&self, out: &mut String, log_id: Hash) -> std::fmt::Result {
        if self.attestation > 0 {
            write!(out, r#""attestation":{{"data":"{}"}},"#, "A".repeat(self.attestation))?;
        }
        write!(
            out,
            r#""body":"{}","integratedTime":{},"logID":"{log_id}","logIndex":{},"verification":{{"inclusionProof":{{"checkpoint":{},"hashes":{},"logIndex":{},"rootHash":"{}","treeSize":{}}},"signedEntryTimestamp":"{}"}}"#,
            self.body,
            self.time,
            self.global,
            serde_json::Value::from(self.checkpoint.as_str()),
            hashes(&self.proof),
            self.index,
            self.root,
            self.size,
            self.set,
        )
    }
}

/// A list of hashes.
pub(crate) fn hashes(hashes: &[Hash]) -> String {
    let mut out = String::with_capacity(hashes.len() * 67 + 2);
    out.push('[');
    for (at, hash) in hashes.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let written = write!(out, r#"{comma}"{hash}""#);
        debug_assert!(written.is_ok());
    }
    out.push(']');
    out
}
