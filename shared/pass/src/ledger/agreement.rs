//! Whether a record of a ledger speaks of an entry: what both say must be the same.
//!
//! Pure. The caller has proven that the entry is in the log, and that the record is one of the ledger.

use super::entry::{LedgerRecord, is_hex};
use crate::record::{Document, Known, SCHEMA};
use crate::settings::LedgerSettings;
use alerts::{Finding, Identity};
use serde::{Deserialize, Serialize};
use sigstore::Timestamp;

/// A certificate that is valid for longer says nothing about when it was used: Fulcio's are valid for ten minutes.
const SHORT_LIVED_SECS: i64 = 86_400;

/// Digests of one entry that are looked up; entries have one or two.
const MAX_DIGESTS: usize = 4;

/// Characters of a name that words quote.
const QUOTED: usize = 200;

/// An entry that a rule with a ledger found, as far as records can speak of it:
/// `audit/ledgers/<ledger>/entries/<digest>-<finding>.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenEntry {
    /// See [`SCHEMA`].
    pub schema: u32,
    /// The id of the finding.
    pub finding: String,
    /// The log's origin.
    pub log: String,
    /// The index of the entry.
    pub index: u64,
    /// When the entry was made, as well as that is known.
    pub at: Timestamp,
    /// The digests of the artifact, in hexadecimal digits.
    pub digests: Vec<String>,
    /// Every name of the signer: identities, names in the key, fingerprints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identities: Vec<String>,
    /// The OIDC issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The ref of the source, as extensions write it.
    #[serde(default, rename = "ref", skip_serializing_if = "Vec::is_empty")]
    pub reference: Vec<String>,
    /// The run, as extensions write it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub run: Vec<String>,
    /// The repository, as extensions write it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repository: Vec<String>,
}

impl SeenEntry {
    /// What a finding says of its entry. It must not have been shortened.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        let signer = finding.signer.as_ref();
        let extensions = |names: &[&str]| {
            let values = names.iter().filter_map(|name| signer?.extensions.get(*name).cloned());
            values.collect::<Vec<String>>()
        };
        let mut repository = extensions(&["source-repository-uri"]);
        for name in extensions(&["github-workflow-repository"]) {
            repository.push(format!("https://github.com/{name}"));
            repository.push(name);
        }
        let names = |signer: &Identity| {
            let names = signer.san.iter().chain(&signer.names).chain(&signer.fingerprints);
            names.cloned().collect()
        };
        Self {
            schema: SCHEMA,
            finding: finding.id.clone(),
            log: finding.log.clone(),
            index: finding.index,
            at: moment(finding),
            digests: finding
                .digests
                .iter()
                .filter(|hex| is_hex(hex))
                .take(MAX_DIGESTS)
                .cloned()
                .collect(),
            identities: signer.map(names).unwrap_or_default(),
            issuer: signer.and_then(|signer| signer.issuer.clone()),
            reference: extensions(&["source-repository-ref", "github-workflow-ref"]),
            run: extensions(&["run-invocation-uri"]),
            repository,
        }
    }

    /// Whether it may be what a record of this time announces: made neither too long before it nor after its window.
    pub(crate) fn is_within(&self, time: Timestamp, ledger: &LedgerSettings) -> bool {
        let (earliest, latest) = times(self.at, ledger);
        (earliest..=latest).contains(&time)
    }
}

impl Document for SeenEntry {
    const MAX_BYTES: usize = 512 * 1024;

    fn schema(&self) -> u32 {
        self.schema
    }
}

/// From when to when a record may be of an entry that was made at this moment.
pub(crate) fn times(at: Timestamp, ledger: &LedgerSettings) -> (Timestamp, Timestamp) {
    let secs = |secs: u64| i64::try_from(secs).unwrap_or(i64::MAX);
    (
        at.plus_seconds(-secs(ledger.window_secs)),
        at.plus_seconds(secs(ledger.grace_secs)),
    )
}

/// When the entry of a finding was made: as the log's key signed it, else as a certificate of minutes says, else when it
/// was first seen. Never later than that.
pub(crate) fn moment(finding: &Finding) -> Timestamp {
    let promise = finding.promise.as_ref().filter(|promise| promise.verified);
    let signer = finding.signer.as_ref();
    let issued = signer.and_then(|signer| {
        let (from, to) = (signer.not_before?, signer.not_after?);
        (to.seconds_since(from) <= SHORT_LIVED_SECS).then_some(from)
    });
    let known = promise.map(|promise| promise.integrated_time).or(issued);
    known.map_or(finding.time, |known| known.min(finding.time))
}

/// What a record and an entry make of each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// All that the record says is so.
    Agrees,
    /// The record is of something else; how they differ, in words.
    Differs(String),
}

/// Whether what is known of a release holds for an entry of the same digest.
pub(crate) fn agreement(known: &Known, seen: &SeenEntry) -> Agreement {
    let issuer: Vec<String> = seen.issuer.iter().cloned().collect();
    let parts = [
        ("another identity", &known.identity, &seen.identities),
        ("another issuer", &known.issuer, &issuer),
        ("another ref", &known.reference, &seen.reference),
        ("another run", &known.run, &seen.run),
        ("another repository", &known.repository, &seen.repository),
    ];
    for (word, says, has) in parts {
        let Some(says) = says else { continue };
        if !has.contains(says) {
            let quoted = |text: &String| alerts::text::escape(text, QUOTED);
            let has = has.first().map_or_else(|| "none".to_owned(), quoted);
            return Agreement::Differs(format!("for {word}: {}, and the entry has {has}", quoted(says)));
        }
    }
    Agreement::Agrees
}

/// Whether a record speaks of an entry: digest, time and all that it knows.
pub(crate) fn speaks_of(record: &LedgerRecord, seen: &SeenEntry, ledger: &LedgerSettings) -> Agreement {
    if !record.hex().any(|hex| seen.digests.iter().any(|digest| digest == hex)) {
        return Agreement::Differs("for another digest".to_owned());
    }
    if !seen.is_within(record.time, ledger) {
        return Agreement::Differs(format!(
            "of another time: {}, and the entry is of {}",
            record.time, seen.at
        ));
    }
    agreement(&record.known(), seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(change: impl FnOnce(&mut Finding)) -> Finding {
        let mut finding: Finding = serde_json::from_value(serde_json::json!({
            "schema": 1, "id": "i", "time": "2026-11-20T12:10:00Z", "log": "l", "index": 1,
            "leaf_hash": "00".repeat(32), "span": {"from": 0, "to": 2}, "kind": "k", "version": "1",
            "rule": "r", "severity": "high", "allowed": false, "digests": ["ab".repeat(32), "no digest"],
            "signer": {
                "verifier": "certificate", "san": ["us"], "fingerprints": ["f"], "issuer": "i",
                "extensions": {"github-workflow-repository": "acme/tool", "source-repository-ref": "refs/tags/v1"},
                "not_before": "2026-11-20T12:00:00Z", "not_after": "2026-11-20T12:10:00Z",
            },
        }))
        .unwrap();
        change(&mut finding);
        finding
    }

    #[test]
    fn when_an_entry_was_made() {
        let check = |change: fn(&mut Finding), expect: &str| {
            assert_eq!(moment(&finding(change)).to_string(), expect);
        };
        check(|_| {}, "2026-11-20T12:00:00Z");
        // A certificate of years says nothing, nor does none.
        let years = |it: &mut Finding| it.signer.as_mut().unwrap().not_after = "2036-11-20T12:00:00Z".parse().ok();
        check(years, "2026-11-20T12:10:00Z");
        check(|it| it.signer = None, "2026-11-20T12:10:00Z");
        // Nobody signs in the future.
        let future = |it: &mut Finding| {
            let signer = it.signer.as_mut().unwrap();
            signer.not_before = "2026-11-20T12:20:00Z".parse().ok();
            signer.not_after = "2026-11-20T12:30:00Z".parse().ok();
        };
        check(future, "2026-11-20T12:10:00Z");
        let promise = |it: &mut Finding, verified: bool| {
            it.promise = Some(alerts::Promise {
                global_index: 1,
                integrated_time: "2026-11-20T12:05:00Z".parse().unwrap(),
                set: None,
                verified,
            });
        };
        assert_eq!(
            moment(&finding(|it| promise(it, true))).to_string(),
            "2026-11-20T12:05:00Z"
        );
        assert_eq!(
            moment(&finding(|it| promise(it, false))).to_string(),
            "2026-11-20T12:00:00Z"
        );
    }

    #[test]
    fn what_a_record_may_say() {
        let seen = SeenEntry::of(&finding(|_| {}));
        assert_eq!(seen.digests, ["ab".repeat(32)]);
        let text = |text: &str| Some(text.to_owned());
        let agrees = |known: Known| agreement(&known, &seen) == Agreement::Agrees;
        assert!(agrees(Known::default()));
        for identity in ["us", "f"] {
            assert!(agrees(Known {
                identity: text(identity),
                ..Known::default()
            }));
        }
        for repository in ["acme/tool", "https://github.com/acme/tool"] {
            assert!(agrees(Known {
                repository: text(repository),
                ..Known::default()
            }));
        }
        assert!(agrees(Known {
            reference: text("refs/tags/v1"),
            issuer: text("i"),
            ..Known::default()
        }));
        for known in [
            Known {
                identity: text("u"),
                ..Known::default()
            },
            Known {
                issuer: text("us"),
                ..Known::default()
            },
            Known {
                reference: text("refs/tags/v"),
                ..Known::default()
            },
            Known {
                run: text("us"),
                ..Known::default()
            },
            Known {
                repository: text("https://gitlab.com/acme/tool"),
                ..Known::default()
            },
            Known {
                identity: text("us"),
                run: text("r"),
                ..Known::default()
            },
        ] {
            assert!(!agrees(known.clone()), "{known:?}");
        }
        let words = agreement(
            &Known {
                run: text("r\u{1b}"),
                ..Known::default()
            },
            &seen,
        );
        let Agreement::Differs(words) = words else { panic!() };
        assert!(
            words.starts_with("for another run: r")
                && words.ends_with("the entry has none")
                && !words.contains('\u{1b}')
        );
    }
}
