//! The JSON of a Rekor v1 server, as far as it is needed. Everything else (attestations, the proofs of entries that are
//! rebuilt anyway) is passed over without being kept; what is kept is borrowed from the answer.

use crate::rekor_v1::tree_id::TreeId;
use core::fmt;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use tlog::Hash;

/// Entries that are taken out of one answer. Ten are asked for; more than that are already too many.
const MAX_ENTRIES: usize = 32;

/// Inactive shards that are taken out of one answer.
const MAX_INACTIVE: usize = 256;

/// `GET /api/v1/log`: the active tree, and those that take no more entries.
#[derive(Debug, Deserialize)]
pub(crate) struct LogInfo {
    #[serde(flatten)]
    pub(crate) active: TreeInfo,
    #[serde(rename = "inactiveShards", default)]
    pub(crate) inactive: Option<Inactive>,
}

/// One tree as its server tells of it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TreeInfo {
    #[serde(rename = "treeID")]
    pub(crate) id: TreeId,
    #[serde(rename = "treeSize")]
    pub(crate) size: u64,
    #[serde(rename = "signedTreeHead")]
    pub(crate) note: String,
}

/// Inactive shards, in whatever order.
#[derive(Debug, Default)]
pub(crate) struct Inactive(pub(crate) Vec<TreeInfo>);

/// `GET /api/v1/log/proof`. Its `rootHash` is that of the current tree, whatever was asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Proof {
    pub(crate) hashes: Vec<Hash>,
}

/// `POST /api/v1/log/entries/retrieve`: a list of objects with one uuid each.
#[derive(Debug)]
pub(crate) struct Answer<'a>(pub(crate) Vec<(Cow<'a, str>, Entry<'a>)>);

/// `GET /api/v1/log/entries`: one such object.
#[derive(Debug)]
pub(crate) struct One<'a>(pub(crate) Vec<(Cow<'a, str>, ProvenEntry<'a>)>);

/// An entry out of many: its proof is not needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Entry<'a> {
    #[serde(borrow)]
    pub(crate) body: Cow<'a, str>,
    pub(crate) integrated_time: i64,
    #[serde(borrow, rename = "logID")]
    pub(crate) log_id: Cow<'a, str>,
    /// Over all shards.
    pub(crate) log_index: u64,
    #[serde(borrow, default)]
    pub(crate) verification: Option<Verification<'a>>,
}

/// What is looked at of an entry's verification.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verification<'a> {
    #[serde(default)]
    pub(crate) inclusion_proof: Option<Place>,
    #[serde(borrow, default)]
    pub(crate) signed_entry_timestamp: Option<Cow<'a, str>>,
}

/// Where an entry stands within its tree.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Place {
    pub(crate) log_index: u64,
}

/// An entry that is asked for with its proof.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProvenEntry<'a> {
    #[serde(borrow)]
    pub(crate) body: Cow<'a, str>,
    pub(crate) integrated_time: i64,
    #[serde(borrow, rename = "logID")]
    pub(crate) log_id: Cow<'a, str>,
    pub(crate) log_index: u64,
    #[serde(borrow)]
    pub(crate) verification: FullVerification<'a>,
}

/// An entry's verification.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FullVerification<'a> {
    pub(crate) inclusion_proof: InclusionProof,
    #[serde(borrow, default)]
    pub(crate) signed_entry_timestamp: Option<Cow<'a, str>>,
}

/// An inclusion proof, at whatever size the server has.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InclusionProof {
    pub(crate) hashes: Vec<Hash>,
    pub(crate) log_index: u64,
    pub(crate) root_hash: Hash,
    pub(crate) tree_size: u64,
    #[serde(default)]
    pub(crate) checkpoint: Option<String>,
}

impl<'de> Deserialize<'de> for Inactive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Shards;
        impl<'de> Visitor<'de> for Shards {
            type Value = Inactive;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of shards")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Inactive, A::Error> {
                let mut shards = Vec::new();
                while let Some(shard) = list.next_element()? {
                    shards.push(shard);
                    within(shards.len(), MAX_INACTIVE)?;
                }
                Ok(Inactive(shards))
            }
        }
        deserializer.deserialize_seq(Shards)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Answer<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Objects;
        impl<'de> Visitor<'de> for Objects {
            type Value = Answer<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of entries")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Answer<'de>, A::Error> {
                let mut entries = Vec::new();
                while let Some(ByUuid(more)) = list.next_element()? {
                    entries.extend(more);
                    within(entries.len(), MAX_ENTRIES)?;
                }
                Ok(Answer(entries))
            }
        }
        deserializer.deserialize_seq(Objects)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for One<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ByUuid::deserialize(deserializer).map(|ByUuid(entries)| One(entries))
    }
}

/// An object whose keys are uuids. The same one twice stays two entries.
struct ByUuid<'a, E>(Vec<(Cow<'a, str>, E)>);

impl<'de, E: Deserialize<'de>> Deserialize<'de> for ByUuid<'de, E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<E>(core::marker::PhantomData<E>);
        impl<'de, E: Deserialize<'de>> Visitor<'de> for Entries<E> {
            type Value = ByUuid<'de, E>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of entries by their uuids")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((Borrowed(uuid), entry)) = map.next_entry()? {
                    entries.push((uuid, entry));
                    within(entries.len(), MAX_ENTRIES)?;
                }
                Ok(ByUuid(entries))
            }
        }
        deserializer.deserialize_map(Entries(core::marker::PhantomData))
    }
}

/// A text that is copied only where it has escapes.
#[derive(Deserialize)]
struct Borrowed<'a>(#[serde(borrow)] Cow<'a, str>);

fn within<E: Error>(count: usize, most: usize) -> Result<(), E> {
    if count > most {
        return Err(E::custom(format_args!("more than {most} of them")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Answer, LogInfo, One, Proof};
    use std::borrow::Cow;

    const ENTRY: &str = r#"{"attestation":{"data":"AAAA","deep":[[[1,{"a":null}]]]},"body":"e30=","integratedTime":7,
        "logID":"c0d2","logIndex":12,"verification":{"inclusionProof":{"checkpoint":"c","hashes":["00"],"logIndex":3,
        "rootHash":"zz","treeSize":9},"signedEntryTimestamp":"AQI="}}"#;

    #[test]
    fn entries_are_borrowed_and_what_nobody_asked_for_is_passed_over() {
        let json = format!(r#"[{{"u1":{ENTRY}}},{{"u2":{ENTRY},"u2":{ENTRY}}},{{}}]"#);
        let Answer(entries) = serde_json::from_str(&json).unwrap();
        let uuids: Vec<_> = entries.iter().map(|(uuid, _)| uuid.as_ref()).collect();
        assert_eq!(uuids, ["u1", "u2", "u2"]);
        let (_, entry) = &entries[0];
        assert!(matches!(entry.body, Cow::Borrowed("e30=")));
        assert_eq!((entry.log_index, entry.integrated_time), (12, 7));
        let verification = entry.verification.as_ref().unwrap();
        assert_eq!(verification.inclusion_proof.as_ref().unwrap().log_index, 3);
        assert_eq!(verification.signed_entry_timestamp.as_deref(), Some("AQI="));
        // Nobody reads the hashes of many entries, but those of one they do.
        assert!(serde_json::from_str::<One<'_>>(&format!(r#"{{"u":{ENTRY}}}"#)).is_err());
    }

    #[test]
    fn more_than_could_have_been_asked_for_is_not_kept() {
        let many = vec![format!(r#"{{"u":{ENTRY}}}"#); 33].join(",");
        let error = serde_json::from_str::<Answer<'_>>(&format!("[{many}]")).unwrap_err();
        assert!(error.to_string().contains("more than 32"), "{error}");
        for other in ["", "{}", "null", "[1]", "[[]]", r#"[{"u":{}}]"#, r#"[{"u":null}]"#] {
            assert!(serde_json::from_str::<Answer<'_>>(other).is_err(), "{other}");
        }
        assert!(serde_json::from_str::<Proof>(r#"{"hashes":["ab"]}"#).is_err());
    }

    #[test]
    fn inactive_shards_may_be_absent_or_null() {
        let tree = r#""treeID":"5","treeSize":2,"signedTreeHead":"n""#;
        for (rest, shards) in [
            (String::new(), 0),
            (String::from(r#","inactiveShards":null"#), 0),
            (format!(r#","inactiveShards":[{{{tree}}}]"#), 1),
        ] {
            let info: LogInfo = serde_json::from_str(&format!("{{{tree}{rest}}}")).unwrap();
            assert_eq!(info.inactive.map_or(0, |inactive| inactive.0.len()), shards);
            assert_eq!((info.active.id.to_string().as_str(), info.active.size), ("5", 2));
        }
    }
}
