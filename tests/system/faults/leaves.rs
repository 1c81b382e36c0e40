//! The entries of these tests: by the index alone it is known which rule must find which entry.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use testlog::certificate::{Authority, Identity};
use testlog::{LeafMaker, MassLeaves, SigningKey, TreeLog, leaf};
use tlog::Hash;

pub(crate) const ORIGIN: &str = "log.example.com/faults";
const NOT_BEFORE: u64 = 1_795_176_000;

/// The rules that go with these leaves, as the configuration has them.
pub(crate) fn rules() -> serde_json::Value {
    serde_json::json!([
        {
            "name": "us",
            "match": {"san": "glob:https://github.com/acme/**"},
            "allow": [{"san": "glob:https://github.com/acme/**@refs/tags/**"}],
        },
        {"name": "mail", "severity": "critical", "match": {"san": "maintainer@acme.example"}},
    ])
}

/// The rule that finds the entry at an index.
pub(crate) fn rule_of(index: u64) -> Option<&'static str> {
    match index % 8 {
        1 => Some("us"),
        3 => Some("mail"),
        _ => None,
    }
}

/// Whether the entry at an index is one that nobody can decode.
pub(crate) fn is_junk(index: u64) -> bool {
    index % 16 == 7
}

/// The leaf at an index. The upper half of an index changes its bytes, and not what it is.
pub(crate) fn leaf(index: u64) -> Vec<u8> {
    static IDENTITIES: OnceLock<[MassLeaves; 4]> = OnceLock::new();
    let [nightly, mail, release, crowd] = IDENTITIES.get_or_init(|| {
        let authority = Authority::new("faults", &[3; 32]);
        [
            Identity::github_workflow("acme", "tool", "nightly.yml", "refs/heads/main"),
            Identity::email("maintainer@acme.example", "https://accounts.example"),
            Identity::github_workflow("acme", "tool", "release.yml", "refs/tags/v1"),
            Identity::email("somebody@example.org", "https://accounts.example"),
        ]
        .map(|identity| MassLeaves::new(&authority, &[identity], NOT_BEFORE))
    });
    match index % 8 {
        1 => nightly.leaf(index),
        3 => mail.leaf(index),
        4 => release.leaf(index),
        7 if is_junk(index) => [leaf::unknown("riddle", "0.9.9"), index.to_be_bytes().to_vec()].concat(),
        _ => crowd.leaf(index),
    }
}

/// A log of so many of these leaves.
pub(crate) fn log(size: u64) -> TreeLog {
    let maker: LeafMaker = Arc::new(leaf);
    let mut log = TreeLog::new(ORIGIN, SigningKey::ed25519(&[9; 32]));
    log.append_made(size, maker);
    log
}

/// The log of [`log`] as it would be had it gone another way from `at` on.
pub(crate) fn fork(at: u64, size: u64) -> TreeLog {
    let mut fork = log(at);
    fork.append_made(size - at, Arc::new(|index| leaf(index | 1 << 32)));
    fork
}

/// The ids of the findings that must be told of `[from, to)` of a log.
pub(crate) fn expected(log: &TreeLog, from: u64, to: u64) -> BTreeSet<String> {
    let found = (from..to).filter_map(|index| Some((index, rule_of(index)?)));
    found
        .map(|(index, rule)| alerts::finding_id(ORIGIN, index, Hash::leaf(&log.leaf(index).unwrap()), rule))
        .collect()
}
