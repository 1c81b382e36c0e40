//! Findings and conditions to make alerts of.

use rules::Severity;
use sentinel_alerts::{
    Class, ConditionView, Fact, Finding, Ground, Identity, IdentityKind, Notice, Roll, SCHEMA, Span, finding_id,
};
use sigstore::{ChainVerdict, Sct, Timestamp, Why};
use tlog::Hash;

pub(crate) const LOG: &str = "log2025-1.rekor.sigstore.dev";
pub(crate) const OPENED: Timestamp = Timestamp::from_unix(1_795_000_000);
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_795_123_456);

pub(crate) fn identity() -> Identity {
    let san = "https://github.com/acme/widgets/.github/workflows/release.yml@refs/heads/main";
    let extensions = [
        ("issuer", "https://token.actions.githubusercontent.com"),
        ("build-trigger", "workflow_dispatch"),
        ("runner-environment", "self-hosted"),
        ("source-repository-uri", "https://github.com/acme/widgets"),
        ("source-repository-owner-uri", "https://github.com/acme"),
    ];
    Identity {
        verifier: IdentityKind::Certificate,
        san: vec![san.to_owned()],
        issuer: Some("https://token.actions.githubusercontent.com".to_owned()),
        subject: None,
        names: Vec::new(),
        fingerprints: vec![Hash::of(b"certificate").to_string(), Hash::of(b"key").to_string()],
        serial: Some("01".to_owned()),
        extensions: extensions
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        not_before: Some(Timestamp::from_unix(1_794_999_000)),
        not_after: Some(Timestamp::from_unix(1_794_999_600)),
    }
}

pub(crate) fn finding() -> Finding {
    let leaf_hash = Hash::leaf(b"leaf");
    Finding {
        schema: SCHEMA,
        id: finding_id(LOG, 139_911_860, leaf_hash, "our-repositories"),
        time: OPENED,
        log: LOG.to_owned(),
        index: 139_911_860,
        leaf_hash,
        span: Span {
            from: 139_911_680,
            to: 139_911_936,
        },
        kind: "hashedrekord".to_owned(),
        version: "0.0.2".to_owned(),
        rule: "our-repositories".to_owned(),
        severity: Severity::High,
        rule_severity: None,
        note: Some("Page the\nrelease captain.".to_owned()),
        labels: [("product", "widgets"), ("team", "release")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        allowed: false,
        undecided: false,
        awaits: None,
        signer: Some(identity()),
        trust: None,
        digests: vec![Hash::of(b"artifact").to_string()],
        promise: None,
        leaf: Some("bGVhZg==".to_owned()),
        proof: Some("c2sp.org/tlog-proof@v1\n".to_owned()),
    }
}

/// A finding for each sort of verdict, with the name of its golden files.
pub(crate) fn judged() -> Vec<(&'static str, Finding)> {
    let authority = || "https://fulcio.sigstore.dev".to_owned();
    let ct_log = || "https://ctfe.sigstore.dev/2022".to_owned();
    let trusted = |sct| ChainVerdict::Trusted {
        authority: authority(),
        sct,
    };
    let refused = ChainVerdict::Refused {
        authority: authority(),
        why: Why::OutsideAuthority,
    };
    let verdicts = [
        ("finding-trusted", trusted(Sct::Verified { ct_log: ct_log() })),
        ("finding-unlogged", trusted(Sct::UnknownLog)),
        ("finding-mislogged", trusted(Sct::Invalid { ct_log: Some(ct_log()) })),
        ("finding-refused", refused),
        (
            "finding-untrusted",
            ChainVerdict::Untrusted {
                why: Why::NoSuchAuthority,
            },
        ),
        ("finding-unknown", ChainVerdict::Unknown { why: Why::NoAuthority }),
    ];
    verdicts
        .into_iter()
        .map(|(name, verdict)| {
            let mut finding = finding();
            finding.judge(verdict, Ground::Names);
            (name, finding)
        })
        .collect()
}

pub(crate) fn condition<'a>(class: Class, detail: &'a str, facts: &'a [Fact]) -> ConditionView<'a> {
    let log = match class {
        Class::Unwatched | Class::ConfigFellBack | Class::SinkDead | Class::NobodyWatched => None,
        Class::Welcome | Class::StillWatching | Class::ConfigChanged | Class::TrustNews | Class::Test => None,
        Class::TrustStale | Class::TrustExpires => None,
        Class::Missing | Class::LedgerUnreachable | Class::LedgerUnsound => None,
        Class::Finding | Class::Digest | Class::Unproven | Class::Violation | Class::Quarantine => Some(LOG),
        Class::BadPromise | Class::LostTail => Some(LOG),
        Class::QuorumUnmet | Class::WitnessGone | Class::WitnessClock => Some(LOG),
        Class::ViewUnproven | Class::ViewUnreachable => Some(LOG),
        Class::Behind | Class::NoGrowth | Class::Unreachable | Class::GrewAfterFreeze | Class::RecordGone => Some(LOG),
    };
    ConditionView {
        class,
        log,
        detail,
        opened_at: OPENED,
        facts,
        object: None,
    }
}

/// A detail and facts such as the pass gives with each class.
pub(crate) fn particulars(class: Class) -> (String, Vec<Fact>) {
    let facts = |facts: &[(&str, &str)]| facts.iter().map(|(name, value)| Fact::new(name, value)).collect();
    let (detail, facts): (&str, Vec<Fact>) = match class {
        Class::Violation => (
            "9118c5d1a220409d1822b958901b9819c60df1f070a0672ee90cb53acfc0ec30",
            facts(&[("what", "the log signed two roots for the size 139911860")]),
        ),
        Class::Unproven => (
            "entries",
            facts(&[(
                "what",
                "the entries 139911680 to 139911860 do not rebuild the signed root",
            )]),
        ),
        Class::BadPromise => (
            "hashedrekord 0.0.1",
            facts(&[
                ("leaves, when last seen", "2"),
                ("first index, when last seen", "139911704"),
            ]),
        ),
        Class::Quarantine => (
            "intoto 0.0.3: unknown-version",
            facts(&[
                ("leaves in the last pass that had any", "17"),
                ("first index", "139911700"),
            ]),
        ),
        Class::Behind => ("", facts(&[("head", "139911860"), ("cursor", "139000000")])),
        Class::NoGrowth => ("", facts(&[("size", "139911860"), ("since", "2026-11-18T10:26:40Z")])),
        Class::Unreachable => (
            "",
            facts(&[(
                "error",
                "https://log2025-1.rekor.sigstore.dev/api/v2/checkpoint: no answer within 10 s",
            )]),
        ),
        Class::LostTail => (
            "",
            facts(&[
                ("retired", "verifiers accept nothing of it since 2026-11-17T10:26:40Z"),
                (
                    "read",
                    "up to 139911860 of the 139911860 that it had when it was last read",
                ),
                (
                    "error",
                    "https://log2025-1.rekor.sigstore.dev/api/v2/checkpoint: no such name",
                ),
            ]),
        ),
        Class::GrewAfterFreeze => (
            "grew-after-freeze-1000",
            facts(&[("frozen at", "1000"), ("size now", "1001")]),
        ),
        Class::Unwatched => (
            "log2026-1.rekor.sigstore.dev",
            facts(&[("why", "nothing says how it is read")]),
        ),
        Class::ConfigFellBack => (
            "rules[3].match.isuer: unknown key `isuer`",
            facts(&[("in force", "audit/config/9118c5d1.yaml")]),
        ),
        Class::SinkDead => (
            "sns:arn:aws:sns:eu-central-1:123456789012:alerts",
            facts(&[("error", "the topic does not exist")]),
        ),
        Class::QuorumUnmet => (
            "X-and-Y",
            facts(&[("seen", "1 of 6 witnesses"), ("missing", "X2, X3, Y1, Y2, Y3")]),
        ),
        Class::WitnessGone => ("X1", facts(&[("last cosigned", "2026-11-17T10:26:40Z")])),
        Class::WitnessClock => ("X1", facts(&[("cosigned at", "2027-11-17T10:26:40Z")])),
        Class::ViewUnproven => (
            "armored-witness",
            facts(&[(
                "what",
                "it shows a checkpoint of size 139911900, and the log does not serve the proof that it extends ours",
            )]),
        ),
        Class::ViewUnreachable => (
            "armored-witness",
            facts(&[("error", "https://api.transparency.dev: no answer within 8 s")]),
        ),
        Class::RecordGone => ("receipts/00000000000139911680.json", Vec::new()),
        Class::NobodyWatched | Class::Finding | Class::Digest => ("", Vec::new()),
        Class::TrustStale => (
            "frozen",
            facts(&[
                ("error", "timestamp.json expired at 2026-11-18T09:00:00Z"),
                ("used until", "2026-11-21T09:00:00Z"),
            ]),
        ),
        Class::LedgerUnreachable => (
            "releases",
            facts(&[("error", "s3://acme-ledger: no answer within 10 s")]),
        ),
        Class::LedgerUnsound => (
            "releases",
            facts(&[(
                "2026-11-18/9118c5d1a220409d-0b2c.json",
                "it is not signed, and this ledger has keys",
            )]),
        ),
        Class::Missing => ("", Vec::new()),
        Class::TrustExpires => ("2026-11-20T13:58:18Z", facts(&[("root", "version 15")])),
        Class::Welcome | Class::StillWatching | Class::ConfigChanged | Class::TrustNews | Class::Test => {
            ("", Vec::new())
        }
    };
    (detail.to_owned(), facts)
}

pub(crate) fn roll<'a>() -> Roll<'a> {
    Roll {
        watched: vec![
            (LOG, "proven up to 139911860".to_owned()),
            ("log.example.com", "not read yet: no answer within 10 s".to_owned()),
        ],
        unwatched: vec![
            (
                "ctfe.sigstore.dev/test",
                "this version does not read logs of kind ct yet",
            ),
            ("ctfe.sigstore.dev/2022", "watched by other means"),
        ],
        rules: vec![("our-repositories", Severity::High), ("my-address", Severity::Medium)],
    }
}

/// Every notice, with the name of its golden files.
pub(crate) fn notices() -> Vec<(&'static str, Notice)> {
    let nobody = Roll {
        watched: vec![(LOG, String::new())],
        ..Roll::default()
    };
    let counts = [
        Fact::new("since", &OPENED.to_string()),
        Fact::new("entries read and proven", "8400000"),
        Fact::new("findings", "2"),
        Fact::new("alerts told", "5"),
    ];
    let copies = [
        Fact::new("before", "audit/config/0b2c.yaml"),
        Fact::new("now", "audit/config/9118.yaml"),
    ];
    let changes = ["rule added: my-address (medium)", "limits.max_lag: 1h, was 30m"].map(str::to_owned);
    let lines = ["@@ line 12 @@", "-  max_lag: 30m", "+  max_lag: 1h"].map(str::to_owned);
    let many: Vec<String> = (0..100).map(|at| format!("+  - name: rule-{at}")).collect();
    let news = [
        "log appeared: log2026-1.rekor.sigstore.dev",
        "log2026-1.rekor.sigstore.dev signs with key 1a2b3c4d5e6f7081, about to become valid on 2026-12-01T00:00:00Z",
    ]
    .map(str::to_owned);
    let changed = |which: &str, changes: &[String], lines: &[String]| {
        Notice::config_changed(which.to_owned(), OPENED, &roll(), &copies, changes, lines)
            .with_object("audit/config/9118.yaml")
    };
    let missing = [
        Fact::new("ledger", "releases"),
        Fact::new("record", "2026-11-18/9118c5d1a220409d-0b2c.json"),
    ];
    vec![
        (
            "missing",
            Notice::missing("releases 9118".to_owned(), OPENED, missing.to_vec()),
        ),
        ("welcome", Notice::welcome("console".to_owned(), OPENED, &roll())),
        ("welcome-nobody", Notice::welcome("console".to_owned(), OPENED, &nobody)),
        (
            "still-watching",
            Notice::still_watching("2026-11-18".to_owned(), OPENED, &roll(), &counts),
        ),
        ("config-changed", changed("1", &changes, &lines)),
        ("config-changed-much", changed("2", &many, &many)),
        (
            "trust-news",
            Notice::trust_news("1".to_owned(), OPENED, &roll(), &news).with_object("audit/trust/0b2c.json"),
        ),
    ]
}
