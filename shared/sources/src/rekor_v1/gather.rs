//! Answers put together: every index that was asked for, once, in whatever order and in however many answers they come.
//! Pure.

use crate::rekor_v1::lookup::split_uuid;
use crate::rekor_v1::tree_id::TreeId;
use crate::rekor_v1::wire::{Answer, Entry};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use core::ops::Range;
use pass::{LeafBatch, LeafExtra};
use tlog::Hash;

/// Indexes of one shard that are being gathered.
pub(crate) struct Gather {
    tree: TreeId,
    /// The index over all shards of the shard's first entry.
    offset: u64,
    /// The index within the shard of the first entry that was not handed over.
    first: u64,
    found: Vec<Option<Found>>,
    bytes: Vec<u8>,
}

struct Found {
    leaf: Range<usize>,
    extra: LeafExtra,
}

impl Found {
    /// The same with its bytes in another place.
    fn moved(&self, from: &[u8], to: &mut Vec<u8>) -> Self {
        let mut copy = |range: &Range<usize>| {
            let start = to.len();
            to.extend_from_slice(from.get(range.clone()).unwrap_or_default());
            start..to.len()
        };
        let leaf = copy(&self.leaf);
        let set = copy(&self.extra.set);
        let extra = LeafExtra {
            set,
            ..self.extra.clone()
        };
        Self { leaf, extra }
    }
}

/// What was served contradicts what was asked. `index` is within the shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Contradiction {
    #[error("the entry {global_index} was served, and nobody asked for it")]
    NotAsked { global_index: u64 },
    #[error("the entry {index} was served twice")]
    Twice { index: u64 },
    #[error("the body of the entry {index} is not base64")]
    Body { index: u64 },
    #[error("the signed entry timestamp of the entry {index} is not base64")]
    Timestamp { index: u64 },
    #[error("the entry {index} was served under {uuid:?}, which is no uuid")]
    Uuid { index: u64, uuid: String },
    #[error("the entry {index} was served as one of the tree {tree}")]
    Tree { index: u64, tree: TreeId },
    #[error("the entry {index} was served under the leaf hash {claimed}, and its body has {found}")]
    Leaf { index: u64, claimed: Hash, found: Hash },
    #[error("the entry {index} was served with a proof for the entry {claimed}")]
    Place { index: u64, claimed: u64 },
}

impl Gather {
    pub(crate) fn new(tree: TreeId, offset: u64, wanted: Range<u64>) -> Self {
        let count = usize::try_from(wanted.end.saturating_sub(wanted.start)).unwrap_or(usize::MAX);
        Self {
            tree,
            offset,
            first: wanted.start,
            found: core::iter::repeat_with(|| None).take(count).collect(),
            bytes: Vec::new(),
        }
    }

    /// The index over all shards of an index within this one.
    pub(crate) fn global(&self, index: u64) -> u64 {
        self.offset.saturating_add(index)
    }

    /// Those of these indexes that have not come.
    pub(crate) fn missing(&self, asked: &[u64]) -> Vec<u64> {
        let missing = |index: &u64| {
            self.slot(*index)
                .is_some_and(|slot| matches!(self.found.get(slot), Some(None)))
        };
        asked.iter().copied().filter(missing).collect()
    }

    /// Bytes that are held.
    pub(crate) fn held(&self) -> usize {
        self.bytes.len()
    }

    /// Takes the answer to `asked`, of which nothing has come before: all of it or, if anything contradicts, nothing.
    pub(crate) fn take(&mut self, asked: &[u64], answer: &Answer<'_>) -> Result<(), Contradiction> {
        let bodies = answer.0.iter().map(|(_, entry)| entry.body.len() / 4 * 3 + 128);
        self.bytes.reserve(bodies.sum());
        let mut entries = answer.0.iter();
        let taken = entries.try_for_each(|(uuid, entry)| self.take_one(asked, uuid, entry));
        if taken.is_err() {
            for index in asked {
                if let Some(found) = self.slot(*index).and_then(|slot| self.found.get_mut(slot)) {
                    *found = None;
                }
            }
        }
        taken
    }

    fn take_one(&mut self, asked: &[u64], uuid: &str, entry: &Entry<'_>) -> Result<(), Contradiction> {
        let global_index = entry.log_index;
        let index = global_index
            .checked_sub(self.offset)
            .filter(|index| asked.contains(index))
            .ok_or(Contradiction::NotAsked { global_index })?;
        let slot = self.slot(index).ok_or(Contradiction::NotAsked { global_index })?;
        if !matches!(self.found.get(slot), Some(None)) {
            return Err(Contradiction::Twice { index });
        }
        let leaf = self.decode(&entry.body).ok_or(Contradiction::Body { index })?;
        self.check(index, uuid, self.bytes.get(leaf.clone()).unwrap_or_default())?;
        let verification = entry.verification.as_ref();
        let place = verification.and_then(|verification| verification.inclusion_proof.as_ref());
        if let Some(place) = place.filter(|place| place.log_index != index) {
            let claimed = place.log_index;
            return Err(Contradiction::Place { index, claimed });
        }
        let set = verification.and_then(|verification| verification.signed_entry_timestamp.as_deref());
        let set = self
            .decode(set.unwrap_or_default())
            .ok_or(Contradiction::Timestamp { index })?;
        let extra = LeafExtra {
            global_index,
            integrated_time: entry.integrated_time,
            log_id: entry.log_id.parse().ok(),
            set,
        };
        if let Some(slot) = self.found.get_mut(slot) {
            *slot = Some(Found { leaf, extra });
        }
        Ok(())
    }

    fn check(&self, index: u64, uuid: &str, leaf: &[u8]) -> Result<(), Contradiction> {
        let Some((tree, claimed)) = split_uuid(uuid) else {
            let uuid = uuid.chars().take(80).collect();
            return Err(Contradiction::Uuid { index, uuid });
        };
        if let Some(tree) = tree.filter(|tree| *tree != self.tree) {
            return Err(Contradiction::Tree { index, tree });
        }
        let found = Hash::leaf(leaf);
        if found != claimed {
            return Err(Contradiction::Leaf { index, claimed, found });
        }
        Ok(())
    }

    fn decode(&mut self, text: &str) -> Option<Range<usize>> {
        let start = self.bytes.len();
        STANDARD.decode_vec(text, &mut self.bytes).ok()?;
        Some(start..self.bytes.len())
    }

    /// What has come without a gap, in order; the rest stays.
    pub(crate) fn hand_over(&mut self) -> Option<LeafBatch> {
        let count = self.found.iter().take_while(|found| found.is_some()).count();
        if count == 0 {
            return None;
        }
        let rest = self.found.split_off(count);
        let mut ready: Vec<Found> = core::mem::replace(&mut self.found, rest)
            .into_iter()
            .flatten()
            .collect();
        let first = self.first;
        self.first += count as u64;
        let mut bytes = core::mem::take(&mut self.bytes);
        if self.found.iter().any(Option::is_some) {
            // Rare: something behind a gap is held. It stays, and neither side keeps the other's bytes alive.
            let mut own = Vec::new();
            ready = ready.into_iter().map(|found| found.moved(&bytes, &mut own)).collect();
            for found in self.found.iter_mut().flatten() {
                *found = found.moved(&bytes, &mut self.bytes);
            }
            bytes = own;
        }
        let bytes = Bytes::from(bytes);
        let (leaves, extras) = ready.into_iter().map(|found| (found.leaf, found.extra)).unzip();
        Some(LeafBatch {
            first,
            bytes,
            leaves,
            extras,
        })
    }

    fn slot(&self, index: u64) -> Option<usize> {
        let slot = usize::try_from(index.checked_sub(self.first)?).ok()?;
        (slot < self.found.len()).then_some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::{Contradiction, Gather};
    use crate::rekor_v1::tree_id::TreeId;
    use crate::rekor_v1::wire::Answer;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::{Value, json};
    use tlog::Hash;

    const OFFSET: u64 = 1000;

    fn tree() -> TreeId {
        "1193050959916656506".parse().unwrap()
    }

    fn leaf(index: u64) -> String {
        format!("leaf {index}")
    }

    fn entry(index: u64) -> (String, Value) {
        let body = leaf(index);
        let uuid = format!("{}{}", tree().hex(), Hash::leaf(body.as_bytes()));
        let value = json!({
            "body": STANDARD.encode(body), "integratedTime": 7, "logID": "ab".repeat(32), "logIndex": OFFSET + index,
            "verification": {"inclusionProof": {"logIndex": index}, "signedEntryTimestamp": STANDARD.encode([1, 2])},
        });
        (uuid, value)
    }

    fn take(gather: &mut Gather, asked: &[u64], entries: &[(String, Value)]) -> Result<(), Contradiction> {
        let objects: Vec<Value> = entries.iter().map(|(uuid, entry)| json!({ uuid: entry })).collect();
        let text = Value::from(objects).to_string();
        gather.take(asked, &serde_json::from_str::<Answer<'_>>(&text).unwrap())
    }

    fn handed(gather: &mut Gather) -> Option<(u64, Vec<String>)> {
        let batch = gather.hand_over()?;
        assert_eq!(batch.extras.len(), batch.leaves.len());
        for (extra, (index, _)) in batch.extras.iter().zip(batch.iter()) {
            assert_eq!((extra.global_index, extra.integrated_time), (OFFSET + index, 7));
            assert_eq!(batch.bytes[extra.set.clone()], [1, 2]);
            assert_eq!(extra.log_id, Some(Hash::from_bytes([0xab; 32])));
        }
        let leaves = batch.iter().map(|(_, leaf)| String::from_utf8(leaf.to_vec()).unwrap());
        Some((batch.first, leaves.collect()))
    }

    #[test]
    fn any_order_and_any_number_of_answers_make_one_batch() {
        let mut gather = Gather::new(tree(), OFFSET, 5..9);
        let asked = [5, 6, 7, 8];
        take(&mut gather, &asked, &[entry(8), entry(5)]).unwrap();
        assert_eq!(gather.missing(&asked), [6, 7]);
        take(&mut gather, &[6, 7], &[entry(7), entry(6)]).unwrap();
        assert!(gather.missing(&asked).is_empty());
        let (first, leaves) = handed(&mut gather).unwrap();
        assert_eq!((first, leaves), (5, (5..9).map(leaf).collect()));
        assert!(handed(&mut gather).is_none());
    }

    #[test]
    fn what_stands_before_a_gap_can_go_ahead() {
        let mut gather = Gather::new(tree(), OFFSET, 0..4);
        let asked = [0, 1, 2, 3];
        take(&mut gather, &asked, &[entry(3), entry(1), entry(0)]).unwrap();
        assert_eq!(handed(&mut gather), Some((0, vec![leaf(0), leaf(1)])));
        assert_eq!(gather.missing(&asked), [2]);
        assert_eq!(gather.held(), leaf(3).len() + 2);
        take(&mut gather, &[2], &[entry(2)]).unwrap();
        assert_eq!(handed(&mut gather), Some((2, vec![leaf(2), leaf(3)])));
    }

    #[test]
    fn old_uuids_name_no_tree() {
        let mut gather = Gather::new(tree(), OFFSET, 0..1);
        let (uuid, value) = entry(0);
        take(&mut gather, &[0], &[(uuid[16..].to_owned(), value)]).unwrap();
        assert!(handed(&mut gather).is_some());
    }

    #[test]
    fn every_contradiction_has_its_name() {
        let check = |entries: &[(String, Value)], expect: Contradiction| {
            let mut gather = Gather::new(tree(), OFFSET, 0..3);
            assert_eq!(take(&mut gather, &[0, 1, 2], entries), Err(expect));
        };
        let (uuid, value) = entry(1);
        let with = |change: &dyn Fn(&mut Value)| {
            let mut value = value.clone();
            change(&mut value);
            (uuid.clone(), value)
        };
        let index = 1;
        check(&[entry(1), entry(1)], Contradiction::Twice { index });
        check(
            &[entry(3)],
            Contradiction::NotAsked {
                global_index: OFFSET + 3,
            },
        );
        check(
            &[with(&|value| value["logIndex"] = json!(3))],
            Contradiction::NotAsked { global_index: 3 },
        );
        check(
            &[with(&|value| value["body"] = json!("?"))],
            Contradiction::Body { index },
        );
        let set = |value: &mut Value| value["verification"]["signedEntryTimestamp"] = json!("?");
        check(&[with(&set)], Contradiction::Timestamp { index });
        let place = |value: &mut Value| value["verification"]["inclusionProof"]["logIndex"] = json!(2);
        check(&[with(&place)], Contradiction::Place { index, claimed: 2 });
        let (claimed, found) = (Hash::leaf(leaf(1).as_bytes()), Hash::leaf(b"other"));
        let body = |value: &mut Value| value["body"] = json!(STANDARD.encode("other"));
        check(&[with(&body)], Contradiction::Leaf { index, claimed, found });
        let short = uuid[1..].to_owned();
        check(
            &[(short.clone(), value.clone())],
            Contradiction::Uuid { index, uuid: short },
        );
        let other: TreeId = "5".parse().unwrap();
        let foreign = format!("{}{}", other.hex(), &uuid[16..]);
        check(&[(foreign, value.clone())], Contradiction::Tree { index, tree: other });
    }
}
