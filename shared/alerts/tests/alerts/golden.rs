//! Every kind of alert as people see it. `SENTINEL_BLESS=1` writes the files anew; read the difference before you commit.

use crate::made::{LOG, NOW, OPENED, condition, finding, particulars};
use rules::Severity;
use sentinel_alerts::{
    Alert, Class, MAX_TITLE_CHARS, Phase, condition_alert, digest_alert, finding_alert, json, plain, terminal,
};
use std::collections::BTreeSet;
use std::path::Path;

fn check(name: &str, alert: &Alert) {
    is_sound(alert);
    compare(&format!("{name}.terminal.txt"), &terminal(alert));
    compare(&format!("{name}.plain.txt"), &plain(alert));
}

fn compare(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("SENTINEL_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expect = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expect, "{name} differs; SENTINEL_BLESS=1 writes it anew");
}

/// What every channel may rely on.
pub(crate) fn is_sound(alert: &Alert) {
    assert!(
        alert.title.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
        "{:?}",
        alert.title
    );
    assert!(
        !alert.title.is_empty() && alert.title.len() <= MAX_TITLE_CHARS,
        "{:?}",
        alert.title
    );
    assert!(alert.id.len() == 64 && alert.id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(!alert.summary.is_empty() && !alert.action.is_empty());
    let line = json(alert);
    assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line:?}");
    assert_eq!(&serde_json::from_str::<Alert>(&line).unwrap(), alert);
    assert!(
        line.len() < 192 * 1024,
        "an alert and its attributes fit into a message of SNS"
    );
}

fn conditions() -> impl Iterator<Item = Class> {
    Class::ALL
        .iter()
        .copied()
        .filter(|class| !matches!(class, Class::Finding | Class::Digest))
}

#[test]
fn findings() {
    let object = "audit/log2025-1.rekor.sigstore.dev/findings/00000000000139911680-9118c5d1.jsonl";
    check("finding", &finding_alert(&finding(), NOW).with_object(object));
    let mut short = finding();
    short.shorten();
    check("finding-short", &finding_alert(&short, NOW));
    let mut allowed = finding();
    allowed.allowed = true;
    check("finding-allowed", &finding_alert(&allowed, NOW));
    check(
        "digest",
        &digest_alert(
            LOG,
            "our-repositories",
            Severity::High,
            4_321,
            (139_911_700, 139_999_999),
            NOW,
        ),
    );
}

#[test]
fn every_condition_in_every_phase() {
    for class in conditions() {
        let (detail, facts) = particulars(class);
        let view = condition(class, &detail, &facts);
        for phase in [Phase::Opened, Phase::Reminder, Phase::Closed] {
            let now = if phase == Phase::Opened { OPENED } else { NOW };
            let alert = condition_alert(&view, phase, now);
            let severity = if phase == Phase::Closed {
                Severity::Info
            } else {
                class.severity()
            };
            assert_eq!((alert.class, alert.phase, alert.severity), (class, phase, severity));
            check(&format!("{}-{}", class.word(), phase.word()), &alert);
        }
    }
}

#[test]
fn no_golden_file_is_left_over() {
    let mut expect: BTreeSet<String> = ["finding", "finding-short", "finding-allowed", "digest"]
        .map(str::to_owned)
        .into();
    for class in conditions() {
        for phase in [Phase::Opened, Phase::Reminder, Phase::Closed] {
            expect.insert(format!("{}-{}", class.word(), phase.word()));
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let stem = name.trim_end_matches(".terminal.txt").trim_end_matches(".plain.txt");
        assert!(expect.contains(stem), "{name}");
    }
}

#[test]
fn the_commands_to_run_are_named() {
    let action = |class, phase| {
        let (detail, facts) = particulars(class);
        condition_alert(&condition(class, &detail, &facts), phase, NOW).action
    };
    let violation = action(Class::Violation, Phase::Opened);
    let ack = "rekor-sentinel ack --log log2025-1.rekor.sigstore.dev \
               9118c5d1a220409d1822b958901b9819c60df1f070a0672ee90cb53acfc0ec30 --by WHO --note WHY";
    assert!(violation.contains(ack), "{violation}");
    assert!(violation.contains("rekor-sentinel verify"));
    assert!(action(Class::RecordGone, Phase::Opened).contains("rekor-sentinel verify"));
    assert!(action(Class::Quarantine, Phase::Opened).contains("rekor-sentinel scan --log log2025-1"));
    let found = finding_alert(&finding(), NOW).action;
    assert!(found.contains("rekor-sentinel scan --log log2025-1.rekor.sigstore.dev --from 139911860 --to 139911861"));
}
