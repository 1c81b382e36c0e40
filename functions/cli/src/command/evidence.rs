//! `verify --evidence`: one piece of evidence, checked by itself: both signatures, and that they contradict each other.
//!
//! Nothing of a store is needed. The keys that sign are those that the evidence names; whether they are the log's is told
//! from the configuration and the trusted root, and said where these do not know the log.

use crate::exit::{Failure, print};
use alerts::text::escape;
use pass::record::{EvidenceBody, EvidenceRecord, SCHEMA};
use pass::{Fault, FaultClass};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;
use tlog::{Evidence, SignedCheckpoint, Verdict, VerifierKey};

/// The exit code of evidence that does not convince.
const NOT_CONVINCING: u8 = 1;

/// The longest file that is read: two notes, and a proof of hashes.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Characters of what a file says.
const SHOWN: usize = 600;

pub(crate) fn check(file: &Path, keys: &BTreeMap<String, Vec<VerifierKey>>) -> Result<ExitCode, Failure> {
    let place = file.display().to_string();
    let bytes = read(file).map_err(|error| fault(&place, format!("{place} cannot be read: {error}")))?;
    let evidence = match parse(&bytes) {
        Ok(evidence) => evidence,
        Err(why) => return Ok(refused(&place, &why)),
    };
    let known = known(keys, &evidence.origin);
    let foreign = match known {
        Some(known) => evidence.keys.iter().find(|key| !known.contains(key)),
        None => None,
    };
    if let Some(key) = foreign {
        let why = format!(
            "it is signed under the key {key:?}, which is none of {}",
            evidence.origin
        );
        return Ok(refused(&place, &why));
    }
    let verdict = match evidence.verdict() {
        Ok(verdict) => verdict,
        Err(error) => return Ok(refused(&place, &error.to_string())),
    };
    print(&format!("log      {}", escape(&evidence.origin, SHOWN)));
    for key in &evidence.keys {
        print(&format!("key      {}", escape(&format!("{key:?}"), SHOWN)));
    }
    for (name, note) in [("first", &evidence.first), ("second", &evidence.second)] {
        if let Ok(signed) = SignedCheckpoint::open(note.as_bytes(), &evidence.origin, &evidence.keys) {
            print(&format!(
                "{name:8} size {}, root {}, signed",
                signed.size(),
                signed.root()
            ));
        }
    }
    print(&format!("shows    {}", words(&verdict)));
    print(match known.is_some() {
        true => "the evidence convinces: both are signed by a key of the log, and they cannot both be true",
        false => {
            "the evidence convinces whoever knows that these are the log's keys: neither the configuration nor the trusted root names the log"
        }
    });
    Ok(ExitCode::SUCCESS)
}

/// The keys of a log; of a shard those of its server, as every shard of Rekor v1 is named `<server> - <tree id>`.
fn known<'k>(keys: &'k BTreeMap<String, Vec<VerifierKey>>, origin: &str) -> Option<&'k Vec<VerifierKey>> {
    let server = || keys.get(origin.rsplit_once(" - ")?.0);
    keys.get(origin).or_else(server)
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// An evidence object of the record, or what stands in it alone.
fn parse(bytes: &[u8]) -> Result<Evidence, String> {
    let no_evidence = |error: serde_json::Error| format!("it is no evidence: {error}");
    let outer: Value = serde_json::from_slice(bytes).map_err(no_evidence)?;
    if outer.get("body").is_none() {
        return serde_json::from_slice(bytes).map_err(no_evidence);
    }
    let schema = outer.get("schema").and_then(Value::as_u64);
    if schema.is_some_and(|schema| schema > u64::from(SCHEMA)) {
        return Err("it is of a newer schema than this version reads".to_owned());
    }
    let record: EvidenceRecord = serde_json::from_slice(bytes).map_err(no_evidence)?;
    let evidence = match record.body {
        EvidenceBody::Violation { evidence } => evidence,
        EvidenceBody::Unproven { .. } | EvidenceBody::Anomaly { .. } => {
            return Err(
                "it keeps what was served and did not verify; such data is not signed, and convinces nobody else"
                    .to_owned(),
            );
        }
    };
    if evidence.origin == record.log {
        Ok(evidence)
    } else {
        Err(format!(
            "it is of the log {}, and says that it is of {}",
            evidence.origin, record.log
        ))
    }
}

fn words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::TwoRoots { size } => format!("two different roots for the size {size}"),
        Verdict::Excluded { smaller, larger } => {
            format!("a root at size {larger} whose tree excludes the root that was signed at size {smaller}")
        }
        Verdict::ImpossibleRoot => "a root of an empty tree that is not the root of an empty tree".to_owned(),
    }
}

fn refused(place: &str, why: &str) -> ExitCode {
    print(&format!(
        "{} does not convince: {}",
        escape(place, SHOWN),
        escape(why, SHOWN)
    ));
    ExitCode::from(NOT_CONVINCING)
}

fn fault(place: &str, message: String) -> Failure {
    Failure::Fault(Fault::new(FaultClass::Record, place, message))
}
