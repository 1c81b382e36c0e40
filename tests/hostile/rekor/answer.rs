//! Makes the answer to one question, honest or not, away from the lock.

use crate::hostile::answer::{Answer, Delivery};
use crate::hostile::plan::{answer_instead, delivered};
use crate::hostile::rekor::json::{Served, hashes};
use crate::hostile::rekor::rule::{Alter, RekorBehaviour, RekorTarget, Wrong};
use crate::hostile::rekor::shard::Shard;
use crate::hostile::rekor::state::Taken;
use crate::hostile::request::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::sync::Arc;
use tlog::Hash;

/// What the real server takes for one request.
const MOST_ENTRIES: usize = 10;

/// A question as it came.
pub(crate) struct Question<'a> {
    pub(crate) target: RekorTarget,
    /// Below `/api/v1/`.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
    /// The same for what any server of ours does.
    pub(crate) request: &'a Request,
}

impl Question<'_> {
    /// What is asked for at this path; nothing where there is nothing.
    pub(crate) fn target(method: &str, path: &str) -> Option<RekorTarget> {
        match (method, path) {
            ("GET", "log") => Some(RekorTarget::Log),
            ("GET", "log/proof") => Some(RekorTarget::Proof),
            ("GET", path) if path == "log/entries" || path.starts_with("log/entries/") => Some(RekorTarget::Entry),
            ("POST", "log/entries/retrieve") => Some(RekorTarget::Retrieve),
            ("POST", "index/retrieve") => Some(RekorTarget::Search),
            _ => None,
        }
    }

    fn parameter(&self, name: &str) -> Option<u64> {
        let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name)?.1.parse().ok()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(self.body).unwrap_or_default()
    }
}

impl Taken {
    pub(crate) fn answer(&self, question: &Question<'_>, listed: impl Fn(&str) -> Vec<String>) -> Answer {
        let honest = || match question.target {
            RekorTarget::Log => self.log(),
            RekorTarget::Proof => self.proof(question),
            RekorTarget::Entry => self.entry(question),
            RekorTarget::Retrieve => self.retrieve(question),
            RekorTarget::Search | RekorTarget::All => search(question, listed),
        };
        let answer = match &self.behaviour {
            Some(RekorBehaviour::Instead(instead)) => answer_instead(instead, question.request),
            Some(RekorBehaviour::Manner(manner)) => delivered(manner, question.request, honest()),
            Some(RekorBehaviour::Alter(_)) | None => honest(),
        };
        match answer.delivery {
            Delivery::Plain if !self.latency.is_zero() => answer.delivered(Delivery::Late(self.latency)),
            _ => answer,
        }
    }

    fn alter(&self) -> Option<&Alter> {
        match &self.behaviour {
            Some(RekorBehaviour::Alter(alter)) => Some(alter),
            Some(RekorBehaviour::Instead(_) | RekorBehaviour::Manner(_)) | None => None,
        }
    }

    /// The trees as this replica has them.
    fn shards(&self) -> Vec<Arc<Shard>> {
        let mut shards = self.shards.clone();
        if let (Some(Alter::Behind { size }), Some(active)) = (self.alter(), shards.last_mut()) {
            *active = Arc::new(active.earlier(*size));
        }
        shards
    }

    fn log(&self) -> Answer {
        let shards = self.shards();
        let tree = |shard: &Arc<Shard>, id: u64| {
            json!({
                "rootHash": shard.root().to_string(), "treeSize": shard.size(), "treeID": id.to_string(),
                "signedTreeHead": self.signer.note(shard, self.stamp),
            })
        };
        let Some((active, inactive)) = shards.split_last() else {
            return Answer::status(500);
        };
        let served = match (self.alter(), inactive.first()) {
            (Some(Alter::OtherTree), Some(other)) => other,
            _ => active,
        };
        let mut info = tree(served, active.id);
        // In no useful order: the newest of them first.
        let inactive: Vec<Value> = inactive.iter().rev().map(|shard| tree(shard, shard.id)).collect();
        if !inactive.is_empty() {
            info["inactiveShards"] = inactive.into();
        }
        Answer::json(info.to_string())
    }

    fn proof(&self, question: &Question<'_>) -> Answer {
        let shards = self.shards();
        let asked = question.parameter("treeID");
        let other = matches!(self.alter(), Some(Alter::OtherTree));
        let named = |shard: &&Arc<Shard>| asked.is_none_or(|id| (shard.id == id) != other);
        let Some(shard) = shards.iter().rev().find(named) else {
            return Answer::status(404);
        };
        let first = question.parameter("firstSize").unwrap_or(1);
        let last = question.parameter("lastSize").unwrap_or(0);
        if first == 0 || first > last || last > shard.size() {
            let message = format!("lastSize({last}) must be at most the tree size ({})", shard.size());
            return Answer::error(400, &message);
        }
        let mut proof = shard.consistency(first, last);
        if let (Some(Alter::FlipProof), Some(hash)) = (self.alter(), proof.first_mut()) {
            *hash = Hash::of(hash.as_bytes());
        }
        Answer::json(format!(
            r#"{{"hashes":{},"rootHash":"{}"}}"#,
            hashes(&proof),
            shard.root()
        ))
    }

    fn entry(&self, question: &Question<'_>) -> Answer {
        let found = match question.path.strip_prefix("log/entries/") {
            Some(uuid) => self.by_uuid(uuid),
            None => question.parameter("logIndex").and_then(|index| self.at(index)),
        };
        if let (Some(Alter::Refuse { index, code }), Some(entry)) = (self.alter(), &found)
            && entry.global == *index
        {
            return Answer::error(*code, "this one cannot be had");
        }
        match found {
            Some(entry) => Answer::json(entry.json(self.signer.log_id)),
            None => Answer::error(404, "there is no such entry"),
        }
    }

    fn retrieve(&self, question: &Question<'_>) -> Answer {
        let asked: Option<Vec<u64>> = question.json()["logIndexes"]
            .as_array()
            .map(|indexes| indexes.iter().filter_map(Value::as_u64).collect());
        let asked = asked.unwrap_or_default();
        if asked.is_empty() || asked.len() > MOST_ENTRIES {
            return Answer::error(422, "logIndexes in body should have 1 to 10 items");
        }
        match self.alter() {
            Some(Alter::Refuse { index, code }) if asked.contains(index) => {
                return Answer::error(*code, "one of these cannot be had");
            }
            Some(Alter::AtMost { entries, code }) if asked.len() > *entries => {
                return Answer::error(*code, "these are too many");
            }
            _ => {}
        }
        let mut entries: Vec<Served> = asked.iter().filter_map(|index| self.at(*index)).collect();
        self.altered(&mut entries);
        let entries: Vec<String> = entries.iter().map(|entry| entry.json(self.signer.log_id)).collect();
        Answer::json(format!("[{}]", entries.join(",")))
    }

    fn altered(&self, entries: &mut Vec<Served>) {
        match self.alter() {
            Some(Alter::Entry { how, index }) => {
                if let Some(at) = entries.iter().position(|entry| entry.global == *index) {
                    self.spoil(entries, at, *how);
                }
            }
            Some(Alter::Reverse) => entries.reverse(),
            Some(Alter::Only { entries: most }) => entries.truncate(*most),
            Some(Alter::Attestations { bytes }) => entries.iter_mut().for_each(|entry| entry.attestation = *bytes),
            Some(
                Alter::Refuse { .. }
                | Alter::AtMost { .. }
                | Alter::Behind { .. }
                | Alter::OtherTree
                | Alter::FlipProof,
            )
            | None => {}
        }
    }

    fn spoil(&self, entries: &mut Vec<Served>, at: usize, how: Wrong) {
        if matches!(how, Wrong::Drop) {
            entries.remove(at);
            return;
        }
        let neighbour = if at + 1 < entries.len() {
            at + 1
        } else {
            at.saturating_sub(1)
        };
        let other = entries.get(neighbour).cloned();
        let Some(entry) = entries.get_mut(at) else { return };
        let tree = entry.uuid.get(..16).unwrap_or_default().to_owned();
        match how {
            Wrong::Drop => {}
            Wrong::Flip => entry.body = flipped(&entry.body),
            Wrong::Substitute => {
                let leaf = (self.others)(entry.global);
                entry.body = STANDARD.encode(&leaf);
                entry.uuid = format!("{tree}{}", Hash::leaf(&leaf));
            }
            Wrong::Double => {
                let twice = entry.clone();
                entries.push(twice);
            }
            Wrong::Swap => {
                let Some(mut other) = other else { return };
                std::mem::swap(&mut entry.body, &mut other.body);
                std::mem::swap(&mut entry.uuid, &mut other.uuid);
                if let Some(place) = entries.get_mut(neighbour) {
                    *place = other;
                }
            }
            Wrong::LogIndex => entry.global += 1,
            Wrong::Uuid => entry.uuid = format!("{tree}{}", Hash::leaf(b"another")),
            Wrong::Tree => entry.uuid = format!("{:016x}{}", 7, entry.uuid.get(16..).unwrap_or_default()),
            Wrong::OldUuid => entry.uuid = entry.uuid.get(16..).unwrap_or_default().to_owned(),
            Wrong::Place => entry.index += 1,
        }
    }

    /// The entry at an index over all shards.
    fn at(&self, global: u64) -> Option<Served> {
        let mut offset = 0;
        // Where an inactive tree ends is where the next one was begun, whatever the replica has of the active one.
        for (served, whole) in self.shards().iter().zip(&self.shards) {
            if global < offset + whole.size() {
                let checkpoint = served.note(|| self.signer.note(served, 0));
                return self.signer.entry(served, offset, global - offset, checkpoint);
            }
            offset += whole.size();
        }
        None
    }

    fn by_uuid(&self, uuid: &str) -> Option<Served> {
        let hash: Hash = uuid.get(uuid.len().checked_sub(64)?..)?.parse().ok()?;
        let mut offset = 0;
        for shard in &self.shards {
            if let Some(index) = (0..shard.size()).find(|index| shard.leaf_hash(*index) == hash) {
                return self.at(offset + index);
            }
            offset += shard.size();
        }
        None
    }
}

fn search(question: &Question<'_>, listed: impl Fn(&str) -> Vec<String>) -> Answer {
    let query = question.json();
    let hint = ["email", "hash"].into_iter().find_map(|field| query[field].as_str());
    match hint.or_else(|| query["publicKey"]["content"].as_str()) {
        Some(hint) => Answer::json(json!(listed(hint)).to_string()),
        None => Answer::error(400, "at least one of email, hash and publicKey is needed"),
    }
}

fn flipped(body: &str) -> String {
    let mut leaf = STANDARD.decode(body).unwrap_or_default();
    let middle = leaf.len() / 2;
    if let Some(byte) = leaf.get_mut(middle) {
        *byte ^= 1;
    }
    STANDARD.encode(leaf)
}
