//! The record of a finding: one line of a span's findings.
//!
//! It holds what the entry says, as it says it: this is evidence, not display. Alerts made of it escape and cut.
//! Nothing here shows that the entry belongs to the log; `proof` does, with the leaf.

use crate::alert::SCHEMA;
use crate::chain::{Ground, severity_after};
use crate::id::finding_id;
use rules::{Match, RuleSet, Severity};
use serde::{Deserialize, Deserializer, Serialize};
use sigstore::{CertificateFacts, ChainVerdict, Entry, Field, Signer, SignerFacts, Timestamp};
use std::collections::BTreeMap;
use tlog::Hash;

/// Fingerprints and names of one key that a finding lists. An OpenPGP key may have any number of subkeys and user ids.
const MAX_FINGERPRINTS: usize = 32;

/// A rule matched a verified entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// [`SCHEMA`].
    pub schema: u32,
    /// [`finding_id`] of log, index, leaf hash and rule.
    pub id: String,
    /// When it was found.
    pub time: Timestamp,
    /// The log's origin.
    pub log: String,
    /// The entry's index in the log.
    pub index: u64,
    /// The entry's leaf hash (RFC 6962).
    pub leaf_hash: Hash,
    /// The span that the entry was read in.
    pub span: Span,
    /// The entry's kind, such as `hashedrekord`.
    pub kind: String,
    /// The kind's version.
    pub version: String,
    /// The name of the rule that matched.
    pub rule: String,
    /// How much it matters: the rule's severity, moved by what the chain of the signer's certificate says.
    pub severity: Severity,
    /// The rule's own severity, where it was moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_severity: Option<Severity>,
    /// The rule's note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The rule's labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Whether the rule allows every signer that it matches: recorded and counted, not alerted.
    pub allowed: bool,
    /// Whether the entry was so costly to compare that it may match, and is told because it may.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub undecided: bool,
    /// Which ledgers may still allow it, and how long that is waited for; absent where none may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaits: Option<Awaited>,
    /// The signer that the rule speaks of; `None` for an entry without signers, and beyond the cap on a span's findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<Identity>,
    /// Whether a CA of the trusted root issued the signer's certificate; absent where there is none, and beyond the cap. A
    /// verdict that this version does not know is left out: it must never cost the finding.
    #[serde(default, deserialize_with = "known", skip_serializing_if = "Option::is_none")]
    pub trust: Option<ChainVerdict>,
    /// Digests of the artifact, lower hex.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub digests: Vec<String>,
    /// What the server says of the entry beside its leaf (Rekor v1); absent where there is no such thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<Promise>,
    /// The leaf, base64; absent beyond the cap on a span's findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf: Option<String>,
    /// That the leaf is in the log: a C2SP tlog-proof; absent beyond the cap, and where the head allows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

/// What a finding waits for that only a ledger may allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// The ledgers of which any may explain it.
    pub ledgers: Vec<String>,
    /// When the entry was made, as well as that is known: records of around this time are looked for.
    pub at: Timestamp,
    /// Until when a record is waited for; unexplained by then, the finding is told.
    pub until: Timestamp,
}

/// What a Rekor v1 server says of an entry beside its leaf. The tree does not cover it: it is proven by the signature of
/// the signed entry timestamp alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// The index over all shards of the server.
    pub global_index: u64,
    /// When the log took the entry in, as it says.
    pub integrated_time: Timestamp,
    /// The signed entry timestamp, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// Whether a key of the log signed it over this entry, time and index.
    pub verified: bool,
}

/// The entries `[from, to)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The first index.
    pub from: u64,
    /// The index after the last.
    pub to: u64,
}

/// Who signed, as far as the entry says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// What verifies the signature.
    pub verifier: IdentityKind,
    /// Subject alternative names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub san: Vec<String>,
    /// The OIDC issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The certificate's subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What a key names beside its bytes: the addresses of an OpenPGP key's user ids, the comment of an SSH key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// SHA-256 of the certificate and of its key, lower hex; of a bare key every fingerprint that its ecosystem uses, at
    /// most `MAX_FINGERPRINTS`.
    pub fingerprints: Vec<String>,
    /// The certificate's serial number, lower hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Fulcio's extensions by name; one without a name, or whose name is taken, by its object identifier.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<String, String>,
    /// From when the certificate is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Until when it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
}

/// What verifies a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityKind {
    /// An X.509 certificate.
    Certificate,
    /// A bare public key.
    Key,
}

/// Where and when an entry was found.
#[derive(Clone, Copy, Debug)]
pub struct FindingContext<'a> {
    /// The log's origin.
    pub log: &'a str,
    /// The entry's index.
    pub index: u64,
    /// The entry's leaf hash.
    pub leaf_hash: Hash,
    /// The span `[from, to)` that it was read in.
    pub span: (u64, u64),
    /// Now.
    pub time: Timestamp,
}

impl Finding {
    /// What `found`, a match of `rules` with `entry`, says; without leaf and proof, which the caller adds.
    #[must_use]
    pub fn new(context: &FindingContext<'_>, entry: &Entry<'_>, found: &Match, rules: &RuleSet) -> Self {
        let spec = rules.specs().get(found.rule);
        let rule = spec.map_or("", |spec| spec.name.as_str());
        let signer = found.signer.and_then(|at| entry.signers().get(at));
        Self {
            schema: SCHEMA,
            id: finding_id(context.log, context.index, context.leaf_hash, rule),
            time: context.time,
            log: context.log.to_owned(),
            index: context.index,
            leaf_hash: context.leaf_hash,
            span: Span {
                from: context.span.0,
                to: context.span.1,
            },
            kind: entry.kind().to_owned(),
            version: entry.version().to_owned(),
            rule: rule.to_owned(),
            severity: spec.map_or_else(Severity::default, |spec| spec.severity),
            rule_severity: None,
            note: spec.and_then(|spec| spec.note.clone()),
            labels: spec.map(|spec| spec.labels.clone()).unwrap_or_default(),
            allowed: found.allowed,
            undecided: found.undecided,
            awaits: None,
            signer: signer.map(Identity::of),
            trust: None,
            digests: entry.digests().map(str::to_owned).collect(),
            promise: None,
            leaf: None,
            proof: None,
        }
    }

    /// Adds what there is to say of the chain of its signer's certificate, and moves the severity by it. `ground` is what its
    /// rule rests on.
    pub fn judge(&mut self, verdict: ChainVerdict, ground: Ground) {
        let rule = self.rule_severity.unwrap_or(self.severity);
        self.severity = severity_after(rule, &verdict, ground);
        self.rule_severity = (self.severity != rule).then_some(rule);
        self.trust = Some(verdict);
    }

    /// Drops all but what names the entry and the rule: for findings beyond the cap on what a span may write. What no
    /// ledger could be asked about any more is left to none.
    pub fn shorten(&mut self) {
        self.awaits = None;
        self.note = None;
        self.labels = BTreeMap::new();
        self.signer = None;
        self.trust = None;
        self.severity = self.rule_severity.take().unwrap_or(self.severity);
        self.digests = Vec::new();
        self.leaf = None;
        self.proof = None;
    }
}

fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ChainVerdict>, D::Error> {
    let value = Option::<serde_json::Value>::deserialize(deserializer)?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()))
}

impl Identity {
    /// What a signer says of itself.
    #[must_use]
    pub fn of(signer: &Signer<'_>) -> Self {
        let all = |field: &Field| {
            let mut values = Vec::new();
            signer.values(field, &mut |value| {
                if values.len() < MAX_FINGERPRINTS && !values.iter().any(|known| known == value) {
                    values.push(value.to_owned());
                }
            });
            values
        };
        match signer.facts() {
            SignerFacts::Certificate(facts) => Self::from(facts),
            SignerFacts::Key { .. } => Self {
                verifier: IdentityKind::Key,
                san: Vec::new(),
                issuer: None,
                subject: None,
                names: all(&Field::Subject),
                fingerprints: all(&Field::Fingerprint),
                serial: None,
                extensions: BTreeMap::new(),
                not_before: None,
                not_after: None,
            },
        }
    }
}

impl From<CertificateFacts> for Identity {
    fn from(facts: CertificateFacts) -> Self {
        let mut extensions = BTreeMap::new();
        for fact in facts.extensions {
            let key = if extensions.contains_key(&fact.name) {
                fact.oid
            } else {
                fact.name
            };
            extensions.entry(key).or_insert(fact.value);
        }
        Self {
            verifier: IdentityKind::Certificate,
            san: facts.sans.into_iter().map(|san| san.value).collect(),
            issuer: facts.issuer,
            subject: facts.subject,
            names: Vec::new(),
            fingerprints: vec![facts.sha256, facts.spki_sha256],
            serial: Some(facts.serial),
            extensions,
            not_before: facts.not_before,
            not_after: facts.not_after,
        }
    }
}
