//! Single entries with their proofs, and the search index: for whoever looks something up, and for anchors.
//!
//! The index is a hint: that it lists nothing proves nothing. An entry here agrees with its uuid; what its proof is worth
//! follows from a root that somebody else authenticates.

use crate::http::is_passing;
use crate::rekor_v1::server::{MAX_ANSWER_BYTES, RekorV1Server, malformed, may_catch_up, parse};
use crate::rekor_v1::tree_id::TreeId;
use crate::rekor_v1::wire::{InclusionProof, One, ProvenEntry};
use crate::turn::Turn;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use pass::{Freshness, SourceError};
use serde_json::json;
use tlog::{Frontier, Hash, MerkleError};
use url::Url;

/// Uuids that are taken out of one answer of the index. A key that signs every day for ten years has 3,650.
pub const MAX_HINTS: usize = 100_000;

/// What the index is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// An e-mail address of a signer.
    Email(String),
    /// The SHA-256 of an artifact.
    Sha256(Hash),
    /// A public key or certificate.
    PublicKey {
        /// As Rekor names it: `pgp`, `x509`, `minisign`, `ssh` or `tuf`.
        format: String,
        /// As it stands in its file.
        content: Vec<u8>,
    },
}

impl Hint {
    fn query(&self) -> serde_json::Value {
        match self {
            Self::Email(email) => json!({ "email": email }),
            Self::Sha256(hash) => json!({ "hash": format!("sha256:{hash}") }),
            Self::PublicKey { format, content } => {
                json!({"publicKey": {"format": format, "content": STANDARD.encode(content)}})
            }
        }
    }
}

/// An entry as it was served: its uuid is that of its bytes, and nothing else of it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedUp {
    /// The uuid under which it was served.
    pub uuid: String,
    /// The tree that the uuid names; old ones name none.
    pub tree: Option<TreeId>,
    /// The bytes of the leaf.
    pub leaf: Vec<u8>,
    /// Their leaf hash.
    pub leaf_hash: Hash,
    /// The index over all shards: the server's word.
    pub global_index: u64,
    /// When it was taken in, in Unix seconds: the server's word.
    pub integrated_time: i64,
    /// The log id of the SET, as served.
    pub log_id: String,
    /// The signed entry timestamp; empty where there is none.
    pub set: Vec<u8>,
    /// Its proof.
    pub proof: LookedUpProof,
}

/// An inclusion proof as it was served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedUpProof {
    /// The index within the shard.
    pub index: u64,
    /// The size of the tree that it is for.
    pub size: u64,
    /// The root that it is said to lead to.
    pub root: Hash,
    /// The siblings.
    pub hashes: Vec<Hash>,
    /// The signed note of that size, where one was served.
    pub checkpoint: Option<String>,
}

impl LookedUp {
    /// The frontier after this entry: its proof's left siblings and the entry itself. Sound if it rebuilds a signed root.
    ///
    /// # Errors
    /// For what cannot be an inclusion proof.
    pub fn frontier(&self) -> Result<Frontier, MerkleError> {
        let proof = &self.proof;
        let mut frontier = tlog::frontier_of_inclusion(proof.index, proof.size, &proof.hashes)?;
        frontier.push(self.leaf_hash);
        Ok(frontier)
    }
}

impl RekorV1Server {
    /// The uuids that the index lists for a hint. They are hints themselves.
    ///
    /// # Errors
    /// [`SourceError`]; an answer of another form is malformed.
    pub async fn search(&self, hint: &Hint, freshness: Freshness) -> Result<Vec<String>, SourceError> {
        let url = self.at("index/retrieve");
        let query = Bytes::from(hint.query().to_string());
        let attempts = self.http().patience().attempts;
        let bytes = self.post(&url, query, attempts, freshness, &mut Turn::now()).await?;
        let uuids: Vec<String> = parse(&url, &bytes)?;
        let plain = |uuid: &String| is_uuid(uuid);
        if uuids.len() > MAX_HINTS || !uuids.iter().all(plain) {
            return Err(malformed(&url, String::from("the index lists what is no uuid"), &bytes));
        }
        Ok(uuids)
    }

    /// The entry of a uuid. The leaf that comes has the hash that the uuid says.
    ///
    /// # Errors
    /// [`SourceError`]; for what is no uuid, not found.
    pub async fn entry(&self, uuid: &str, freshness: Freshness) -> Result<LookedUp, SourceError> {
        let url = self.at(&format!("log/entries/{}", uuid.get(..80).unwrap_or(uuid)));
        if !is_uuid(uuid) {
            let kind = pass::SourceErrorKind::NotFound;
            return Err(SourceError {
                object: url.to_string(),
                kind,
            });
        }
        let bytes = self
            .get(&url, MAX_ANSWER_BYTES, freshness, is_passing, &mut Turn::now())
            .await?;
        let found = one(&url, &bytes)?;
        if hash_part(uuid) != hash_part(&found.uuid) {
            let reason = format!("the entry {} was served for the uuid {uuid}", found.uuid);
            return Err(malformed(&url, reason, &bytes));
        }
        Ok(found)
    }

    /// The entry at an index over all shards, as the server says.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn entry_at(&self, global_index: u64, freshness: Freshness) -> Result<LookedUp, SourceError> {
        let mut url = self.at("log/entries");
        url.set_query(Some(&format!("logIndex={global_index}")));
        let bytes = self
            .get(&url, MAX_ANSWER_BYTES, freshness, may_catch_up, &mut Turn::now())
            .await?;
        let found = one(&url, &bytes)?;
        if found.global_index != global_index {
            let reason = format!(
                "the entry {} was served for the index {global_index}",
                found.global_index
            );
            return Err(malformed(&url, reason, &bytes));
        }
        Ok(found)
    }
}

/// 64 or 80 lower hex digits: safe in a path.
fn is_uuid(uuid: &str) -> bool {
    matches!(uuid.len(), 64 | 80) && uuid.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

/// The leaf hash that a uuid ends with.
fn hash_part(uuid: &str) -> Option<&str> {
    uuid.len().checked_sub(64).and_then(|at| uuid.get(at..))
}

/// A uuid taken apart: the tree, if it names one, and the leaf hash.
pub(crate) fn split_uuid(uuid: &str) -> Option<(Option<TreeId>, Hash)> {
    let hash = hash_part(uuid)?.parse().ok()?;
    match uuid.get(..uuid.len() - 64)? {
        "" => Some((None, hash)),
        tree => Some((Some(TreeId::from_hex(tree)?), hash)),
    }
}

fn one(url: &Url, bytes: &[u8]) -> Result<LookedUp, SourceError> {
    let One(entries) = parse(url, bytes)?;
    let refuse = |reason: &str| malformed(url, reason.to_owned(), bytes);
    let mut entries = entries.into_iter();
    let (Some((uuid, entry)), None) = (entries.next(), entries.next()) else {
        return Err(refuse("one entry was asked for, and that is not what came"));
    };
    let ProvenEntry {
        body,
        integrated_time,
        log_id,
        log_index,
        verification,
    } = entry;
    let leaf = STANDARD
        .decode(body.as_bytes())
        .map_err(|_| refuse("the body of the entry is not base64"))?;
    let (tree, claimed) = split_uuid(&uuid).ok_or_else(|| refuse("the entry's uuid is none"))?;
    let leaf_hash = Hash::leaf(&leaf);
    if leaf_hash != claimed {
        return Err(refuse("the entry's uuid is not that of its body"));
    }
    let set = verification.signed_entry_timestamp.unwrap_or_default();
    let set = STANDARD
        .decode(set.as_bytes())
        .map_err(|_| refuse("the signed entry timestamp is not base64"))?;
    let InclusionProof {
        hashes,
        log_index: index,
        root_hash: root,
        tree_size: size,
        checkpoint,
    } = verification.inclusion_proof;
    Ok(LookedUp {
        uuid: uuid.into_owned(),
        tree,
        leaf,
        leaf_hash,
        global_index: log_index,
        integrated_time,
        log_id: log_id.into_owned(),
        set,
        proof: LookedUpProof {
            index,
            size,
            root,
            hashes,
            checkpoint,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::{Hint, is_uuid, split_uuid};
    use tlog::Hash;

    #[test]
    fn uuids_old_and_new() {
        let hash = "ab".repeat(32);
        let parsed: Hash = hash.parse().unwrap();
        assert_eq!(split_uuid(&hash), Some((None, parsed)));
        let tree = "108e9186e8c5677a".to_owned();
        let (found, leaf) = split_uuid(&(tree.clone() + &hash)).unwrap();
        assert_eq!((found.unwrap().hex(), leaf), (tree.clone(), parsed));
        for other in [
            "",
            "ab",
            &hash[1..],
            &format!("8{hash}"),
            &format!("{}{hash}", "G".repeat(16)),
        ] {
            assert_eq!(split_uuid(other), None, "{other}");
        }
        assert!(is_uuid(&hash) && is_uuid(&(tree + &hash)));
        assert!(!is_uuid("../log") && !is_uuid(&"AB".repeat(32)));
    }

    #[test]
    fn queries() {
        let check = |hint: Hint, expect: &str| assert_eq!(hint.query().to_string(), expect);
        check(Hint::Email("a@b".to_owned()), r#"{"email":"a@b"}"#);
        check(
            Hint::Sha256(Hash::from_bytes([0xab; 32])),
            &format!(r#"{{"hash":"sha256:{}"}}"#, "ab".repeat(32)),
        );
        let key = Hint::PublicKey {
            format: "x509".to_owned(),
            content: b"k".to_vec(),
        };
        check(key, r#"{"publicKey":{"content":"aw==","format":"x509"}}"#);
    }
}
