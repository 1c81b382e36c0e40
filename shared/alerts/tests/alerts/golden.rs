//! Every kind of alert as people see it. `SENTINEL_BLESS=1` writes the files anew; read the difference before you commit.

use crate::made::{LOG, NOW, OPENED, condition, finding, judged, notices, particulars};
use rules::Severity;
use sentinel_alerts::{
    Alert, Class, Fact, MAX_TITLE_CHARS, Phase, Unexplained, chat, condition_alert, digest_alert, finding_alert, json,
    notice_alert, plain, sms, terminal, test_alert, unauthorised_alert,
};
use std::collections::BTreeSet;
use std::path::Path;

fn check(name: &str, alert: &Alert) {
    is_sound(alert);
    compare(&format!("{name}.terminal.txt"), &terminal(alert));
    compare(&format!("{name}.plain.txt"), &plain(alert));
    compare(&format!("{name}.sms.txt"), &format!("{}\n", sms(alert)));
    let chat: serde_json::Value = serde_json::from_str(&chat(alert)).unwrap();
    compare(
        &format!("{name}.chat.json"),
        &format!("{}\n", serde_json::to_string_pretty(&chat).unwrap()),
    );
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
    Class::ALL.iter().copied().filter(|class| class.is_condition())
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
    let answers = [Fact::new(
        "ledger releases",
        "has no record of this digest from 2026-11-17 to 2026-11-18",
    )];
    for (name, why) in [
        ("finding-unauthorised", Unexplained::NoRecord),
        ("finding-unauthorised-unread", Unexplained::Unread),
        ("finding-unauthorised-crowded", Unexplained::Crowded),
    ] {
        let alert = unauthorised_alert(&finding(), &answers, why, NOW);
        assert_eq!(alert.id, finding().id, "it is the finding's alert");
        check(name, &alert);
    }
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
fn findings_with_a_verdict_on_their_chain() {
    for (name, finding) in judged() {
        let alert = finding_alert(&finding, NOW);
        assert_eq!(alert.severity, finding.severity);
        check(name, &alert);
    }
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
fn every_notice() {
    for (name, notice) in notices() {
        let alert = notice_alert(&notice, NOW);
        assert_eq!((alert.class, alert.phase), (notice.class, Phase::Once));
        assert_eq!(alert.id, notice.id(), "told again, it has the same id");
        check(name, &alert);
    }
    check("test", &test_alert("8f1c2d3e", NOW));
    assert_ne!(test_alert("1", NOW).id, test_alert("2", NOW).id);
    let kept = serde_json::to_string(&notices()[1].1).unwrap();
    assert_eq!(
        serde_json::from_str::<sentinel_alerts::Notice>(&kept).unwrap(),
        notices()[1].1
    );
}

#[test]
fn one_condition_is_one_thread() {
    let alert = |class, detail, phase| condition_alert(&condition(class, detail, &[]), phase, NOW);
    let thread = |class, detail, phase| {
        let chat: serde_json::Value = serde_json::from_str(&chat(&alert(class, detail, phase))).unwrap();
        chat["metadata"]["threadId"].as_str().unwrap().to_owned()
    };
    let opened = thread(Class::Behind, "", Phase::Opened);
    assert_eq!(opened, thread(Class::Behind, "", Phase::Reminder));
    assert_eq!(opened, thread(Class::Behind, "", Phase::Closed));
    assert_ne!(opened, thread(Class::Unreachable, "", Phase::Opened));
    assert_ne!(opened, thread(Class::Behind, "x", Phase::Opened));
    let found = finding_alert(&finding(), NOW);
    assert!(chat(&found).contains(&format!("\"threadId\":\"{}\"", found.id)));
}

#[test]
fn no_golden_file_is_left_over() {
    let mut expect: BTreeSet<String> = ["finding", "finding-short", "finding-allowed", "digest", "test"]
        .map(str::to_owned)
        .into();
    let unauthorised = ["", "-unread", "-crowded"];
    expect.extend(unauthorised.map(|why| format!("finding-unauthorised{why}")));
    expect.extend(notices().into_iter().map(|(name, _)| name.to_owned()));
    expect.extend(judged().into_iter().map(|(name, _)| name.to_owned()));
    for class in conditions() {
        for phase in [Phase::Opened, Phase::Reminder, Phase::Closed] {
            expect.insert(format!("{}-{}", class.word(), phase.word()));
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let (stem, form) = name.split_once('.').unwrap();
        assert!(expect.contains(stem), "{name}");
        assert!(
            ["terminal.txt", "plain.txt", "sms.txt", "chat.json"].contains(&form),
            "{name}"
        );
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
