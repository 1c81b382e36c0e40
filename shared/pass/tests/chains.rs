//! What is known of a certificate's chain adds to findings, and never changes which there are.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

extern crate sentinel_pass as pass;

#[path = "audit_support/source.rs"]
#[allow(dead_code, reason = "made for the audit's tests, too")]
mod source;

use alerts::{Class, Finding, Ground, severity_after};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pass::{
    AlertSink, Budget, Clock, Environment, FixedTrust, InForce, LogKind, LogSource, MemorySink, MemoryStore, Settings,
    Sources as _, Unwatching, rescan,
};
use proptest::prelude::{ProptestConfig, prop, proptest};
use serde_json::{Value, json};
use sigstore::{Authorities, ChainVerdict, Sct, Timestamp, TrustedRoot, Why};
use source::OneSource;
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use testlog::certificate::Identity;
use testlog::certificate::chain::{CtLog, Draft};
use testlog::leaf::{self, LeafSigner};
use testlog::{SigningKey, TreeLog};
use tlog::Hash;

const ORIGIN: &str = "log.example";
const NOON: u64 = 1_795_176_000;
const OURS: &str = "release@acme.example";
const THEIRS: &str = "somebody@else.example";
const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(1_795_176_000)
    }

    fn uptime(&self) -> core::time::Duration {
        core::time::Duration::ZERO
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::p256(&[seed; 32])
}

fn ct_log(seed: u8) -> CtLog {
    CtLog { key: key(seed) }
}

/// Signers of every sort, for each of two names; the last is a bare key.
static SIGNERS: LazyLock<Vec<LeafSigner>> = LazyLock::new(|| {
    let ca = key(1);
    let of = |address| {
        let leaf = |issuer| {
            Draft::leaf(
                issuer,
                &Identity::email(address, "https://issuer.example"),
                NOON,
                &key(9),
            )
        };
        let promised = |log: &CtLog| leaf("ca").with_timestamps(&[log], NOON * 1000, &ca);
        let renumbered = Draft {
            serial: 7,
            ..promised(&ct_log(2))
        };
        [
            leaf("ca").signed(&ca),
            promised(&ct_log(2)).signed(&ca),
            promised(&ct_log(3)).signed(&ca),
            renumbered.signed(&ca),
            leaf("ca").without(EXTENDED_KEY_USAGE).signed(&ca),
            leaf("ca").signed(&key(4)),
            leaf("stranger").signed(&key(4)),
        ]
    };
    let certificates = [of(OURS), of(THEIRS)].concat();
    let signers = certificates.iter().map(|der| LeafSigner::certificate(der));
    signers.chain([LeafSigner::key(&key(9))]).collect()
});

/// A log with an entry for each list of signers.
fn log(entries: &[Vec<usize>]) -> TreeLog {
    let mut log = TreeLog::new(ORIGIN, SigningKey::ed25519(&[1; 32]));
    for (at, signers) in (0_u8..).zip(entries) {
        let signers: Vec<LeafSigner> = signers.iter().map(|signer| SIGNERS[*signer].clone()).collect();
        log.append(&match &*signers {
            [one] => leaf::hashedrekord(&[at; 32], one),
            several => leaf::dsse(&[at; 32], several),
        });
    }
    log
}

/// Rules that rest on names, on a key, on an artifact, on both, on nothing of them; some allow.
fn config(log: &TreeLog) -> Value {
    let key = Hash::of(&key(9).spki_der()).to_string();
    json!({
        "schema": 1,
        "logs": [{ "url": "http://log.example", "kind": "rekor-v2", "origin": ORIGIN, "key": log.vkey(), "from": 0 }],
        "rules": [
            { "name": "name", "match": { "san": OURS } },
            { "name": "allowed", "severity": "critical", "match": { "issuer": "https://issuer.example" }, "allow": [{ "san": OURS }] },
            { "name": "key", "severity": "medium", "match": { "fingerprint": key } },
            { "name": "either", "severity": "low", "match": { "any": [{ "san": THEIRS }, { "digest": "00".repeat(32) }] } },
            { "name": "not", "severity": "info", "match": { "not": { "san": OURS } } },
            { "name": "kind", "match": { "kind": "dsse" } },
        ],
    })
}

/// A trusted root that knows nobody, the CA, the CA and its CT log, or the CA beside one that cannot be read.
fn roots() -> [Value; 4] {
    let ca = Draft::ca("ca", "ca", (NOON - 1, NOON + 1), &key(1)).signed(&key(1));
    let authority = |der: &[u8]| json!({ "uri": "https://ca.example", "certChain": { "certificates": [{ "rawBytes": STANDARD.encode(der) }] } });
    let log = json!({ "baseUrl": "https://ct.example", "publicKey": {
        "rawBytes": STANDARD.encode(key(2).spki_der()), "keyDetails": "PKIX_ECDSA_P256_SHA_256",
    }});
    let root = |authorities: &[Value], logs: &[Value]| json!({ "tlogs": [], "ctlogs": logs, "certificateAuthorities": authorities });
    [
        root(&[], &[]),
        root(&[authority(&ca)], &[]),
        root(&[authority(&ca)], std::slice::from_ref(&log)),
        root(&[authority(b"none"), authority(&ca)], &[log]),
    ]
}

fn environment(store: &Arc<MemoryStore>, sinks: Vec<Arc<dyn AlertSink>>) -> Arc<Environment> {
    let clock: Arc<dyn Clock> = Arc::new(Stopped);
    let (budget, _stop) = Budget::new(Arc::clone(&clock), None);
    Arc::new(Environment {
        store: Arc::clone(store) as _,
        sinks,
        clock,
        budget,
        pass: "a-pass".to_owned(),
        watcher: Arc::new(Unwatching),
        reports: pass::Reports::NONE,
    })
}

/// A pass under this trusted root.
async fn pass(log: &TreeLog, root: &Value, config: &Value, sinks: Vec<Arc<dyn AlertSink>>) -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    let in_force = InForce {
        settings: Settings::from_value(config).unwrap(),
        config: serde_json::to_vec(config).unwrap(),
        fell_back: None,
        read_rules: |bytes| pass::rules_in(&serde_json::from_slice(bytes).ok()?),
    };
    let trust = FixedTrust::from_bytes("a trusted root", root.to_string().into_bytes()).unwrap();
    let source = OneSource::new(log.clone(), log.checkpoint(log.size()));
    let report = pass::run(environment(&store, sinks), in_force, &trust, &source).await;
    report.unwrap();
    store
}

/// What a pass finds under this trusted root.
async fn found(log: &TreeLog, root: &Value) -> Vec<Finding> {
    let objects = pass(log, root, &config(log), Vec::new()).await.objects();
    let lines = objects.iter().filter(|(name, _)| name.contains("/findings/"));
    lines
        .flat_map(|(_, bytes)| bytes.split(|byte| *byte == b'\n'))
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// A finding as it is without what its chain adds.
fn bare(finding: &Finding) -> Finding {
    Finding {
        trust: None,
        severity: finding.rule_severity.unwrap_or(finding.severity),
        rule_severity: None,
        ..finding.clone()
    }
}

fn word(finding: &Finding) -> &'static str {
    match &finding.trust {
        None => "none",
        Some(ChainVerdict::Trusted { sct, .. }) => match sct {
            Sct::Verified { .. } => "verified",
            Sct::NotEmbedded => "not-embedded",
            Sct::UnknownLog => "unknown-log",
            Sct::Invalid { .. } => "invalid",
            Sct::Unchecked => "unchecked",
        },
        Some(ChainVerdict::Refused { .. }) => "refused",
        Some(ChainVerdict::Untrusted { .. }) => "untrusted",
        Some(ChainVerdict::Unknown { .. }) => "unknown",
    }
}

/// Finds the same under every trusted root, but for the verdicts. Those are returned, root by root.
async fn same_under_every_root(entries: &[Vec<usize>]) -> Vec<BTreeSet<&'static str>> {
    let log = log(entries);
    let settings = Settings::from_value(&config(&log)).unwrap();
    let ground = |finding: &Finding| {
        let rule = settings.rules.specs().iter().find(|rule| rule.name == finding.rule);
        Ground::of(&rule.unwrap().matches)
    };
    let mut first: Option<Vec<Finding>> = None;
    let mut verdicts = Vec::new();
    for root in roots() {
        let found = found(&log, &root).await;
        let plain: Vec<Finding> = found.iter().map(bare).collect();
        assert_eq!(first.get_or_insert_with(|| plain.clone()), &plain);
        for finding in &found {
            let certified = finding.signer.as_ref().is_some_and(|signer| signer.serial.is_some());
            assert_eq!(finding.trust.is_some(), certified, "{finding:?}");
            let rule = finding.rule_severity.unwrap_or(finding.severity);
            let expect = finding
                .trust
                .as_ref()
                .map_or(rule, |verdict| severity_after(rule, verdict, ground(finding)));
            assert_eq!(finding.severity, expect);
        }
        verdicts.push(found.iter().map(word).collect());
    }
    verdicts
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future)
}

/// Every sort of signer, alone and together, meets every rule.
#[test]
fn each_sort_of_chain_gets_its_verdict_and_no_match_depends_on_it() {
    let all = SIGNERS.len();
    let mut entries: Vec<Vec<usize>> = (0..all).map(|signer| vec![signer]).collect();
    entries.extend([(0..all).collect(), (0..all).rev().collect()]);
    let verdicts = run(same_under_every_root(&entries));
    // Where one authority cannot be read, what no other issued may be of that one.
    let expect: [&[&str]; 4] = [
        &["none", "unknown"],
        &["none", "not-embedded", "refused", "unchecked", "untrusted"],
        &[
            "invalid",
            "none",
            "not-embedded",
            "refused",
            "unknown-log",
            "untrusted",
            "verified",
        ],
        &[
            "invalid",
            "none",
            "not-embedded",
            "refused",
            "unknown",
            "unknown-log",
            "verified",
        ],
    ];
    let expect: Vec<BTreeSet<&str>> = expect
        .into_iter()
        .map(|words| words.iter().copied().collect())
        .collect();
    assert_eq!(verdicts, expect);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_same_is_found_whoever_is_trusted(
        entries in prop::collection::vec(prop::collection::vec(0..SIGNERS.len(), 1..4), 1..12),
    ) {
        run(same_under_every_root(&entries));
    }
}

/// A second reading judges as a pass does.
#[test]
fn a_range_read_again_has_the_same_verdicts() {
    let log = log(&[vec![1], vec![5], vec![4]]);
    let [.., root, _] = roots();
    let expect = run(found(&log, &root));
    let authorities = Authorities::of(&TrustedRoot::parse(root.to_string().as_bytes()).unwrap());
    let settings = Settings::from_value(&config(&log)).unwrap();
    let trust = FixedTrust::from_bytes("a trusted root", root.to_string().into_bytes()).unwrap();
    let coverage = pass::coverage(
        &settings,
        trust.in_force(),
        &pass::record::Deployment::new(Stopped.now()),
        Stopped.now(),
    );
    let watched = coverage.unwrap().watched.remove(0);
    let source = OneSource::new(log.clone(), log.checkpoint(log.size()));
    let source: Arc<dyn LogSource> = source.open(&watched, LogKind::RekorV2).unwrap();
    let asked = (Arc::new(settings.rules), Arc::new(authorities));
    let mut again = Vec::new();
    let mut take = |finding: Finding, _: &str| again.push(finding);
    let environment = environment(&Arc::new(MemoryStore::new()), Vec::new());
    run(rescan(
        environment,
        asked,
        watched,
        LogKind::RekorV2,
        source,
        (0, 3),
        &mut take,
    ))
    .unwrap();
    assert_eq!(again, expect);
    let of_stranger = again.iter().find(|it| it.index == 1 && it.rule == "name");
    assert_eq!(
        of_stranger.unwrap().trust,
        Some(ChainVerdict::Untrusted { why: Why::Signature })
    );
}

/// The findings of one rule may be of several severities; in whatever order they come, what stands for them has the worst.
#[test]
fn a_digest_is_as_severe_as_the_worst_that_it_stands_for() {
    for order in [[5, 2], [2, 5]] {
        let log = log(&order.map(|signer| vec![signer]));
        let mut config = config(&log);
        config["limits"] = json!({ "max_alerts": 0 });
        let sink = Arc::new(MemorySink::new("memory"));
        let [_, _, root, _] = roots();
        run(pass(&log, &root, &config, vec![Arc::clone(&sink) as _]));
        let taken = sink.taken();
        let digests = taken.iter().filter(|alert| alert.class == Class::Digest);
        let of_name: Vec<_> = digests.filter(|alert| alert.rule.as_deref() == Some("name")).collect();
        let severities: Vec<_> = of_name.iter().map(|alert| alert.severity).collect();
        assert_eq!(severities, [rules::Severity::Critical], "{order:?}");
    }
}
