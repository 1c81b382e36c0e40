//! Somebody to watch for in the hostile log's usual entries, and what must then be found.

use super::{Stage, key, rule};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stage::hostile::HostedLog;
use std::ops::Range;
use tlog::{Hash, TlogProof};

/// Every fourth of the usual entries, from 0 on, is this release's.
pub(crate) const RELEASE: &str = "https://github.com/acme/tool/.github/workflows/release.yml@refs/tags/v1.0.0";

/// Every fourth of the usual entries, from 2 on, is of this maintainer.
pub(crate) const MAINTAINER: &str = "maintainer@acme.example";

/// A rule named `release` that matches [`RELEASE`].
pub(crate) fn release_rule() -> Value {
    rule("release", &json!({ "san": RELEASE }))
}

/// The entries of a range that are of [`RELEASE`].
pub(crate) fn releases(range: Range<u64>) -> Vec<u64> {
    range.filter(|index| index % 4 == 0).collect()
}

/// The record holds exactly these findings, each of them of an entry that the log really has, with its leaf and with a
/// proof that holds under the log's key for whoever checks it without us.
pub(crate) fn check_findings(stage: &Stage, log: &HostedLog, expected: &[u64]) {
    let (tree, origin) = (log.tree(), log.origin());
    let findings = stage.kept(&origin).findings();
    let found: Vec<u64> = findings.iter().map(|finding| finding.index).collect();
    assert_eq!(found, expected);
    for finding in &findings {
        let leaf = tree.leaf(finding.index).unwrap();
        assert_eq!(finding.leaf_hash, Hash::leaf(&leaf), "entry {}", finding.index);
        assert_eq!(STANDARD.decode(finding.leaf.as_ref().unwrap()).unwrap(), *leaf);
        let proof = TlogProof::parse(finding.proof.as_ref().unwrap()).unwrap();
        assert_eq!(proof.index, finding.index);
        let head = proof.verify(finding.leaf_hash, &origin, &[key(log)]).unwrap();
        assert_eq!(Some(head.root()), tree.root(head.size()));
    }
}
