//! Whatever a log, a server or a stored alert says, a terminal shows text and nothing else happens.

use crate::golden::is_sound;
use crate::made::{NOW, condition, finding};
use sentinel_alerts::{
    Alert, Class, Fact, MAX_SMS_BYTES, Notice, Phase, Roll, chat, condition_alert, digest_alert, finding_alert,
    notice_alert, plain, sms, terminal, test_alert,
};

/// Escapes, a bell, line breaks, overrides, zero width, tags, C1, and the command that one would like to be run.
const EVIL: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\nFrom: you\n\u{202e}txt\u{200b}\u{e0041}\u{9b}1m\u{2028}'; rm -rf ~ #\0 ```\n\
     <!here> <@U12|you> @channel *bold* _thin_ ~gone~ [go](https://evil.example) <https://evil.example|ok> &lt;!here&gt; `x`";

/// Only line breaks of our own, and of our colours only those at the title.
fn is_harmless(alert: &Alert) {
    is_sound(alert);
    let text = plain(alert);
    for letter in text.chars() {
        assert!(
            letter == '\n' || sentinel_alerts::text::is_plain(letter),
            "{letter:?} in {text:?}"
        );
    }
    let shown = terminal(alert);
    let (first, rest) = shown.split_once('\n').unwrap();
    assert_eq!(rest, text.split_once('\n').unwrap().1, "only the title has colours");
    let title = first
        .strip_prefix("\u{1b}[")
        .and_then(|first| first.strip_suffix("\u{1b}[0m"))
        .unwrap();
    let (colour, title) = title.split_once('m').unwrap();
    assert!(
        colour.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'),
        "{colour}"
    );
    assert!(title.chars().all(sentinel_alerts::text::is_plain), "{title:?}");
    assert!(!text.contains("\nFrom: you"), "no line of theirs");
    is_harmless_in_chat(alert);
    is_harmless_on_a_telephone(alert);
}

/// No markup, link or mention that is not ours, and our code block is closed at its end alone.
fn is_harmless_in_chat(alert: &Alert) {
    let line = chat(alert);
    assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line:?}");
    assert!(line.len() < 64 * 1024);
    let sent: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&sent["version"], &sent["source"]), (&"1.0".into(), &"custom".into()));
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let description = text(&sent["content"]["description"]);
    let inside = description
        .strip_prefix("```\n")
        .and_then(|rest| rest.strip_suffix("\n```"))
        .unwrap();
    assert!(description.chars().count() <= 3_000, "{}", description.chars().count());
    let mut texts = vec![inside.to_owned(), text(&sent["content"]["title"])];
    texts.extend(sent["content"]["nextSteps"].as_array().unwrap().iter().map(text));
    texts.extend([
        text(&sent["metadata"]["summary"]),
        text(&sent["metadata"]["threadId"]),
        text(&sent["id"]),
    ]);
    for text in texts {
        assert!(
            !text.contains(['<', '>', '&', '`', '*', '_', '~', '[', ']', '|', '#']),
            "{text}"
        );
        assert!(
            !text.contains("://") && !text.contains(" @") && !text.contains("(@"),
            "{text}"
        );
        assert!(
            text.chars()
                .all(|letter| letter == '\n' || sentinel_alerts::text::is_plain(letter)),
            "{text:?}"
        );
    }
}

fn is_harmless_on_a_telephone(alert: &Alert) {
    let text = sms(alert);
    assert!(text.len() <= MAX_SMS_BYTES, "{} bytes: {text}", text.len());
    assert!(
        text.bytes()
            .all(|byte| (b' '..=b'z').contains(&byte) && !b"[\\]^`".contains(&byte)),
        "{text:?}"
    );
    assert!(!text.contains("://"), "{text}");
}

/// As it is, long, and in the characters that take most room in JSON.
fn evils() -> [String; 3] {
    [EVIL.to_owned(), EVIL.repeat(5_000), "\u{1f600}".repeat(5_000)]
}

#[test]
fn hostile_findings() {
    for evil in evils() {
        let mut finding = finding();
        // Names of logs and rules are kept as they are, for machines; the configuration keeps them short.
        finding.log = EVIL.to_owned();
        finding.rule = EVIL.to_owned();
        finding.kind = evil.clone();
        finding.version = evil.clone();
        finding.note = Some(evil.clone());
        finding.digests = vec![evil.clone(); 50];
        let signer = finding.signer.as_mut().unwrap();
        signer.san = vec![evil.clone(); 500];
        signer.issuer = Some(evil.clone());
        signer.subject = Some(evil.clone());
        signer.fingerprints = vec![evil.clone(); 50];
        signer.extensions = (0..500).map(|at| (format!("{evil}{at}"), evil.clone())).collect();
        let alert = finding_alert(&finding, NOW);
        is_harmless(&alert);
        assert!(
            alert
                .facts
                .iter()
                .any(|fact| fact.value == "… and 492 more, in the record")
        );
        assert!(
            alert.facts.iter().any(|fact| fact.name == "proof"),
            "our own facts are not crowded out"
        );
    }
}

#[test]
fn what_is_cut_says_so() {
    let alert = finding_alert(
        &{
            let mut it = finding();
            it.note = Some("n".repeat(2_000));
            it
        },
        NOW,
    );
    let note = alert.facts.iter().find(|fact| fact.name == "note").unwrap();
    assert_eq!(note.value, format!("{}… (cut, 2000 bytes in all)", "n".repeat(1_000)));
}

#[test]
fn hostile_conditions() {
    for evil in evils() {
        let facts = vec![
            Fact {
                name: evil.clone(),
                value: evil.clone()
            };
            500
        ];
        for class in Class::ALL {
            for phase in [Phase::Once, Phase::Opened, Phase::Reminder, Phase::Closed] {
                let mut view = condition(*class, &evil, &facts);
                view.log = Some(EVIL);
                is_harmless(&condition_alert(&view, phase, NOW));
            }
        }
    }
}

#[test]
fn hostile_digests() {
    is_harmless(&digest_alert(EVIL, EVIL, rules::Severity::Low, 1, (0, u64::MAX), NOW));
}

#[test]
fn hostile_notices() {
    for evil in evils() {
        let roll = Roll {
            watched: vec![(&evil, evil.clone()); 100],
            unwatched: vec![(&evil, &evil); 100],
            rules: vec![(&evil, rules::Severity::Low); 100],
        };
        let facts = vec![
            Fact {
                name: evil.clone(),
                value: evil.clone()
            };
            100
        ];
        let lines = vec![evil.clone(); 500];
        let changed = Notice::config_changed(evil.clone(), NOW, &roll, &facts, &lines, &lines);
        for notice in [
            Notice::welcome(evil.clone(), NOW, &roll),
            Notice::still_watching(evil.clone(), NOW, &roll, &facts),
            changed.with_object(evil.as_str()),
        ] {
            // As it may come back from the store.
            let stored = Notice {
                facts: facts.clone(),
                ..notice.clone()
            };
            for notice in [notice, stored] {
                let mut alert = notice_alert(&notice, NOW);
                alert.object = alert.object.map(|_| "audit/config/x.yaml".to_owned());
                is_harmless(&alert);
            }
        }
        is_harmless(&test_alert(&evil, NOW));
    }
}

#[test]
fn an_alert_that_somebody_else_made() {
    let mut alert = finding_alert(&finding(), NOW);
    alert.title = EVIL.to_owned();
    alert.summary = EVIL.to_owned();
    alert.action = EVIL.to_owned();
    alert.object = Some(EVIL.to_owned());
    alert.id = EVIL.to_owned();
    alert.facts = vec![Fact {
        name: EVIL.to_owned(),
        value: EVIL.to_owned(),
    }];
    let text = plain(&alert);
    assert!(
        text.chars()
            .all(|letter| letter == '\n' || sentinel_alerts::text::is_plain(letter)),
        "{text:?}"
    );
    let shown = terminal(&alert);
    is_harmless_in_chat(&alert);
    is_harmless_on_a_telephone(&alert);
    assert_eq!(shown.matches('\u{1b}').count(), 2);
    assert!(!shown.contains(['\u{7}', '\r', '\u{9b}', '\u{202e}']));
}

#[test]
fn commands_are_quoted() {
    let mut finding = finding();
    finding.log = "log'; touch x; '".to_owned();
    let action = finding_alert(&finding, NOW).action;
    assert!(action.contains(r"--log 'log'\''; touch x; '\''' --from"), "{action}");
}
