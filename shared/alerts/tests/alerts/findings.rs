//! The record of a finding, from a decoded entry and a match.

use crate::made::{LOG, NOW, finding, judged};
use rules::{Match, RuleSet, Severity};
use sentinel_alerts::{Finding, FindingContext, Ground, IdentityKind, Span, finding_id};
use serde_json::json;
use sigstore::certificate::{Certificate, index};
use sigstore::{Entry, Key, Signer, Verifier};
use std::path::Path;
use tlog::Hash;

fn rule_set() -> RuleSet {
    let rules = json!([
        {"name": "other", "match": {"san": "a"}},
        {"name": "ours", "match": {"kind": "hashedrekord"}, "severity": "critical", "note": "n", "labels": {"team": "t"}},
    ]);
    RuleSet::compile(rules::parse(&rules).unwrap()).unwrap()
}

fn context() -> FindingContext<'static> {
    FindingContext {
        log: LOG,
        index: 7,
        leaf_hash: Hash::leaf(b"x"),
        span: (0, 256),
        time: NOW,
    }
}

#[test]
fn a_finding_says_what_the_entry_says() {
    let signers = [
        Signer::new(Verifier::Key(Key::new(b"one"))),
        Signer::new(Verifier::Key(Key::new(b"two"))),
    ];
    let entry = Entry::new("hashedrekord", "0.0.2", [Some("ab"), Some("cd")]).with_signers(signers.into_iter());
    let mut found = Vec::new();
    rule_set().matches(&entry, &rules::Context { log: LOG, now: NOW }, &mut found);
    assert_eq!(
        found,
        [Match {
            rule: 1,
            signer: Some(0),
            allowed: false,
            undecided: false,
            awaits: rules::Awaits::NONE,
        }]
    );
    let second = Match {
        signer: Some(1),
        ..found[0]
    };
    let it = Finding::new(&context(), &entry, &second, &rule_set());
    assert_eq!(it.id, finding_id(LOG, 7, Hash::leaf(b"x"), "ours"));
    assert_eq!(
        (it.rule.as_str(), it.severity, it.note.as_deref()),
        ("ours", Severity::Critical, Some("n"))
    );
    assert_eq!(
        it.labels.into_iter().collect::<Vec<_>>(),
        [("team".to_owned(), "t".to_owned())]
    );
    assert!(!it.undecided);
    assert_eq!((it.log.as_str(), it.index, it.leaf_hash), (LOG, 7, Hash::leaf(b"x")));
    assert_eq!((it.span, it.time, it.allowed), (Span { from: 0, to: 256 }, NOW, false));
    assert_eq!((it.kind.as_str(), it.version.as_str()), ("hashedrekord", "0.0.2"));
    assert_eq!(it.digests, ["ab", "cd"]);
    assert_eq!((it.leaf.as_ref(), it.proof.as_ref()), (None, None));
    let signer = it.signer.unwrap();
    assert_eq!(signer.verifier, IdentityKind::Key);
    assert_eq!(signer.fingerprints, [Hash::of(b"two").to_string()]);
}

#[test]
fn an_entry_without_signers_has_no_signer() {
    let entry = Entry::new("opaque", "", [Some("ab"), None]);
    let found = Match {
        rule: 1,
        signer: None,
        allowed: true,
        undecided: false,
        awaits: rules::Awaits::NONE,
    };
    let it = Finding::new(&context(), &entry, &found, &rule_set());
    assert_eq!((it.signer, it.allowed), (None, true));
}

#[test]
fn a_finding_reads_back_as_it_was_written() {
    let mut short = finding();
    short.shorten();
    for it in [finding(), short] {
        let line = serde_json::to_string(&it).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Finding>(&line).unwrap(), it);
    }
    // A later version may add.
    let mut value = serde_json::to_value(finding()).unwrap();
    value["added"] = json!(1);
    assert_eq!(serde_json::from_value::<Finding>(value).unwrap(), finding());
    let mut value = serde_json::to_value(finding()).unwrap();
    value.as_object_mut().unwrap().remove("rule");
    assert!(serde_json::from_value::<Finding>(value).is_err());
}

#[test]
fn a_short_finding_names_entry_and_rule_alone() {
    let mut short = finding();
    short.shorten();
    let value = serde_json::to_value(&short).unwrap();
    let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expect = [
        "schema",
        "id",
        "time",
        "log",
        "index",
        "leaf_hash",
        "span",
        "kind",
        "version",
        "rule",
        "severity",
        "allowed",
    ];
    expect.sort_unstable();
    assert_eq!(keys, expect);
}

#[test]
fn certificates_of_the_public_instance() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/fulcio-leaf");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: there is no corpus at {}", folder.display());
        return;
    };
    let mut seen = 0;
    for file in files {
        let der = std::fs::read(file.unwrap().path()).unwrap();
        let mut slots = Vec::new();
        let Ok(layout) = index(&der, &mut slots) else {
            continue;
        };
        let signer = Signer::new(Verifier::Certificate(Certificate::new(&der, &layout, &slots)));
        let entry = Entry::new("hashedrekord", "0.0.2", [None, None]).with_signers([signer].into_iter());
        let it = Finding::new(
            &context(),
            &entry,
            &Match {
                rule: 1,
                signer: Some(0),
                allowed: false,
                undecided: false,
                awaits: rules::Awaits::NONE,
            },
            &rule_set(),
        );
        let signer = it.signer.unwrap();
        assert_eq!(signer.verifier, IdentityKind::Certificate);
        assert!(!signer.san.is_empty() && signer.issuer.is_some(), "{signer:?}");
        assert_eq!(signer.extensions.get("issuer"), signer.issuer.as_ref());
        assert_eq!(signer.fingerprints[0], Hash::of(&der).to_string());
        assert!(signer.not_before < signer.not_after);
        seen += 1;
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn a_verdict_moves_the_severity_and_nothing_else() {
    for (name, it) in judged() {
        let severity = match name {
            "finding-untrusted" => Severity::Medium,
            "finding-unlogged" | "finding-mislogged" => Severity::Critical,
            _ => Severity::High,
        };
        assert_eq!(it.severity, severity, "{name}");
        assert_eq!(it.rule_severity, (severity != Severity::High).then_some(Severity::High));
        let plain = Finding {
            severity: Severity::High,
            rule_severity: None,
            trust: None,
            ..it.clone()
        };
        assert_eq!(plain, finding());
        // Judged again, it steps from the rule's severity again.
        let mut again = it.clone();
        again.judge(it.trust.clone().unwrap(), Ground::Names);
        assert_eq!(again, it);
        let (mut short, mut expect) = (it.clone(), finding());
        short.shorten();
        expect.shorten();
        assert_eq!(short, expect);
        let line = serde_json::to_string(&it).unwrap();
        assert_eq!(serde_json::from_str::<Finding>(&line).unwrap(), it);
    }
}

#[test]
fn a_verdict_of_a_later_version_does_not_cost_the_finding() {
    for verdict in [
        json!({"chain": "revoked"}),
        json!({"chain": "untrusted", "why": "later"}),
        json!(7),
        json!(null),
    ] {
        let mut value = serde_json::to_value(finding()).unwrap();
        value["trust"] = verdict;
        assert_eq!(serde_json::from_value::<Finding>(value).unwrap(), finding());
    }
}
