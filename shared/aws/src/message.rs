//! What is published to a topic: pure functions over an alert, held to the limits of SNS.
//!
//! SNS refuses what does not fit, and an alert that is refused is an alert that nobody gets. So its limits are kept
//! here: the form of subjects, values that may not be empty, and 256 KiB for the message with all of its forms and
//! attributes. What is too long is cut, says so, and names the object of the record that has the whole.

use alerts::{Alert, Fact, text};
use serde_json::{Map, Value};

/// The most that SNS takes of a message, attributes included ("Amazon SNS quotas": 256 KiB).
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// Kept free, should SNS count what is not documented.
const RESERVED_BYTES: usize = 1024;

/// Characters of a subject: fewer than 100 ("Publish", Subject).
const MAX_SUBJECT_CHARS: usize = 99;

/// Characters of an attribute's value: names of logs and rules are shorter, and filter policies compare whole values.
const MAX_VALUE_CHARS: usize = 256;

/// Facts that are looked at, when not all fit.
const MAX_FACTS: usize = 128;

/// Characters of each text of an alert that does not fit whole; then of one that does not fit without facts either.
/// (A name of an object of the record has at most some 350.)
const CUT_CHARS: [usize; 2] = [4_000, 400];

/// The protocols whose subscribers are programs: they get one line of JSON.
const PROGRAMS: [&str; 5] = ["sqs", "http", "https", "lambda", "firehose"];

/// One call of Publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The subject of mails: printable ASCII.
    pub subject: String,
    /// The message itself.
    pub body: String,
    /// How the body is to be read.
    pub structure: Structure,
    /// For filter policies: names and values, all of type `String`. `severity`, `class`, `log` and `rule` are there,
    /// as far as the alert has them.
    pub attributes: Vec<(&'static str, String)>,
}

/// How the body of a message is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// As it is.
    Plain,
    /// As an object that has a form for each protocol (`MessageStructure=json`).
    ByProtocol,
}

impl Message {
    /// For a topic whose subscribers read mail or telephones, or are programs.
    #[must_use]
    pub fn for_subscribers(alert: &Alert) -> Self {
        fitting(alert, |alert| Self {
            body: by_protocol(alert),
            structure: Structure::ByProtocol,
            ..Self::addressed(alert)
        })
    }

    /// For a topic that feeds a chat: a custom notification, which its subscriber reads as it is.
    #[must_use]
    pub fn for_chat(alert: &Alert) -> Self {
        fitting(alert, |alert| Self {
            body: alerts::chat(alert),
            ..Self::addressed(alert)
        })
    }

    fn addressed(alert: &Alert) -> Self {
        Self {
            subject: subject(&alert.title),
            body: String::new(),
            structure: Structure::Plain,
            attributes: attributes(alert),
        }
    }

    /// What SNS counts: the body, and of each attribute name, type and value. The subject for certainty's sake.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let attribute = |(name, value): &(&str, String)| name.len() + "String".len() + value.len();
        self.body.len() + self.subject.len() + self.attributes.iter().map(attribute).sum::<usize>()
    }

    fn fits(&self) -> bool {
        self.bytes() <= MAX_MESSAGE_BYTES - RESERVED_BYTES
    }
}

/// ASCII that begins with a letter, a digit or a punctuation mark, on one line, of fewer than 100 characters.
fn subject(title: &str) -> String {
    let line = text::ascii_line(title.trim(), MAX_SUBJECT_CHARS);
    if line.is_empty() {
        "Rekor Sentinel: an alert".to_owned()
    } else {
        line
    }
}

/// SNS refuses empty values, so what is empty is left out.
fn attributes(alert: &Alert) -> Vec<(&'static str, String)> {
    let all = [
        ("severity", Some(alert.severity.word())),
        ("class", Some(alert.class.word())),
        ("log", alert.log.as_deref()),
        ("rule", alert.rule.as_deref()),
    ];
    let value = |value: &str| text::escape(&characters(value), MAX_VALUE_CHARS);
    all.into_iter()
        .filter_map(|(name, found)| Some((name, value(found?))))
        .filter(|(_, value)| !value.trim().is_empty())
        .collect()
}

/// The forms of all protocols. `default` is that of those which are not named: text.
fn by_protocol(alert: &Alert) -> String {
    let (text, json) = (characters(&alerts::plain(alert)), alerts::json(alert));
    let people = [("default", text.clone()), ("email", text), ("sms", alerts::sms(alert))];
    let programs = PROGRAMS.map(|protocol| (protocol, json.clone()));
    let forms = people.into_iter().chain(programs);
    let forms: Map<String, Value> = forms.map(|(name, form)| (name.to_owned(), form.into())).collect();
    Value::Object(forms).to_string()
}

/// Text without the two characters that are not of XML and pass for printable: SQS refuses them.
fn characters(text: &str) -> String {
    text.replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
}

/// The message of the alert, or of as much of it as fits.
fn fitting(alert: &Alert, make: impl Fn(&Alert) -> Message) -> Message {
    let whole = make(alert);
    if whole.fits() {
        return whole;
    }
    let [chars, few_chars] = CUT_CHARS;
    let made = |kept: usize| make(&cut(alert, kept, chars));
    // More facts are more bytes: the most that fit lie between one number that fits and one that does not.
    let (mut fits, mut fails) = (None, alert.facts.len().min(MAX_FACTS) + 1);
    let mut least = 0;
    while least < fails {
        let kept = usize::midpoint(least, fails - 1);
        let message = made(kept);
        if message.fits() {
            (fits, least) = (Some(message), kept + 1);
        } else {
            fails = kept;
        }
    }
    fits.unwrap_or_else(|| make(&cut(alert, 0, few_chars)))
}

/// The same alert (its id, too) with its first facts only, and with its texts cut.
fn cut(alert: &Alert, kept: usize, chars: usize) -> Alert {
    let short = |text: &str| text::escape(text, chars);
    let name = |text: &String| text::escape(text, MAX_VALUE_CHARS);
    let fact = |fact: &Fact| Fact {
        name: name(&fact.name),
        value: short(&fact.value),
    };
    let mut facts: Vec<Fact> = alert.facts.iter().take(kept).map(fact).collect();
    facts.push(Fact::new(
        "left out",
        &notice(alert, alert.facts.len().saturating_sub(kept)),
    ));
    Alert {
        id: name(&alert.id),
        log: alert.log.as_ref().map(name),
        rule: alert.rule.as_ref().map(name),
        title: subject(&alert.title),
        summary: short(&alert.summary),
        action: short(&alert.action),
        object: alert
            .object
            .as_ref()
            .map(|object| text::escape(object, chars.min(1_100))),
        facts,
        ..alert.clone()
    }
}

fn notice(alert: &Alert, left_out: usize) -> String {
    let whole = match &alert.object {
        Some(object) => format!("the whole is in {}", text::escape(object, 400)),
        None => "the record has the whole".to_owned(),
    };
    format!("this message was too long for SNS; {left_out} facts are left out and long texts cut; {whole}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alerts::{Class, Phase};
    use rules::Severity;

    fn alert() -> Alert {
        Alert {
            schema: alerts::SCHEMA,
            id: "5f".repeat(32),
            time: sigstore::Timestamp::from_unix(1_790_000_000),
            class: Class::Finding,
            phase: Phase::Once,
            severity: Severity::High,
            log: Some("log2025-1.rekor.sigstore.dev".to_owned()),
            rule: Some("our-repositories".to_owned()),
            title: "[high] our-repositories matched entry 7 of log2025-1.rekor.sigstore.dev".to_owned(),
            summary: "Somebody signed as us.".to_owned(),
            facts: vec![Fact::new("san", "https://github.com/acme/tool")],
            action: "Find out who.".to_owned(),
            object: Some("audit/log2025-1.rekor.sigstore.dev/findings/00000000000000000000-ab.jsonl".to_owned()),
            ..local::contract::sample_alert(0)
        }
    }

    fn forms(message: &Message) -> Map<String, Value> {
        serde_json::from_str(&message.body).unwrap()
    }

    /// What SNS holds a message to, whatever the alert.
    fn holds(message: &Message) {
        assert!(message.bytes() <= MAX_MESSAGE_BYTES, "{} bytes", message.bytes());
        let subject = &message.subject;
        assert!(
            (1..100).contains(&subject.len()) && subject.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{subject:?}"
        );
        assert!(subject.as_bytes()[0].is_ascii_graphic(), "{subject:?}");
        let xml =
            |letter: char| matches!(letter, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        for (name, value) in &message.attributes {
            assert!(["severity", "class", "log", "rule"].contains(name));
            assert!(!value.trim().is_empty() && value.len() <= 4 * 300, "{name} {value:?}");
            assert!(
                value.chars().all(|letter| xml(letter) && !letter.is_control()),
                "{name} {value:?}"
            );
        }
        let texts = match message.structure {
            Structure::Plain => vec![message.body.clone()],
            Structure::ByProtocol => forms(message)
                .values()
                .map(|form| form.as_str().unwrap().to_owned())
                .collect(),
        };
        assert!(texts.iter().flat_map(|text| text.chars()).all(xml));
    }

    #[test]
    fn each_protocol_has_its_form() {
        let message = Message::for_subscribers(&alert());
        holds(&message);
        assert_eq!(message.structure, Structure::ByProtocol);
        let forms = forms(&message);
        let names: Vec<&str> = forms.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            ["default", "email", "firehose", "http", "https", "lambda", "sms", "sqs"]
        );
        for text in ["default", "email"] {
            assert_eq!(forms[text], alerts::plain(&alert()));
        }
        assert_eq!(forms["sms"], alerts::sms(&alert()));
        for program in PROGRAMS {
            let read: Alert = serde_json::from_str(forms[program].as_str().unwrap()).unwrap();
            assert_eq!(read, alert(), "{program}");
        }
        assert_eq!(message.subject, alert().title);
        let expect = [
            ("severity", "high"),
            ("class", "finding"),
            ("log", "log2025-1.rekor.sigstore.dev"),
            ("rule", "our-repositories"),
        ];
        assert_eq!(message.attributes, expect.map(|(name, value)| (name, value.to_owned())));
    }

    #[test]
    fn chat_gets_a_notification_as_it_is() {
        let message = Message::for_chat(&alert());
        holds(&message);
        assert_eq!(
            (message.structure, message.body.as_str()),
            (Structure::Plain, alerts::chat(&alert()).as_str())
        );
        let read: Value = serde_json::from_str(&message.body).unwrap();
        assert_eq!((&read["version"], &read["source"]), (&"1.0".into(), &"custom".into()));
    }

    #[test]
    fn subjects_keep_their_rules() {
        let check = |title: &str, expect: &str| {
            let message = Message::for_subscribers(&Alert {
                title: title.to_owned(),
                ..alert()
            });
            holds(&message);
            assert_eq!(message.subject, expect);
        };
        check("[high] a title", "[high] a title");
        check(" \t leads with blanks ", "leads with blanks");
        check("two\nlines\r\u{7}", "two\\nlines\\u{d}\\u{7}");
        check("naïve 日本", "na\\u{ef}ve \\u{65e5}\\u{672c}");
        check("", "Rekor Sentinel: an alert");
        check("  \n ", "Rekor Sentinel: an alert");
        check(&"x".repeat(99), &"x".repeat(99));
        check(&"x".repeat(100), &format!("{}...", "x".repeat(96)));
        check(&"日".repeat(50), &format!("{}...", "\\u{65e5}".repeat(12)));
    }

    #[test]
    fn attributes_are_never_empty_and_never_long() {
        let made = |log: Option<&str>, rule: Option<&str>| {
            let message = Message::for_subscribers(&Alert {
                log: log.map(str::to_owned),
                rule: rule.map(str::to_owned),
                ..alert()
            });
            holds(&message);
            let named = |name: &str| {
                let found = message.attributes.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.clone())
            };
            (named("log"), named("rule"))
        };
        assert_eq!(made(None, None), (None, None));
        assert_eq!(made(Some(""), Some("  ")), (None, None));
        assert_eq!(
            made(Some("a b/ä"), Some("x")),
            (Some("a b/ä".to_owned()), Some("x".to_owned()))
        );
        assert_eq!(
            made(Some("\u{1b}\u{ffff}"), None).0.as_deref(),
            Some("\\u{1b}\\u{ffff}")
        );
        let long = "r".repeat(10_000);
        let cut = made(None, Some(&long)).1.unwrap();
        assert!(
            cut.starts_with(&"r".repeat(256)) && cut.ends_with("(cut, 10000 bytes in all)"),
            "{cut}"
        );
    }

    #[test]
    fn the_size_is_counted_in_bytes_with_all_there_is() {
        let message = Message {
            subject: "ab".to_owned(),
            body: "日本".to_owned(),
            structure: Structure::Plain,
            attributes: vec![("log", "ä".to_owned())],
        };
        assert_eq!(message.bytes(), 2 + 6 + (3 + 6 + 2));
    }

    /// The length at which a message is cut is that of the whole: one byte decides.
    #[test]
    fn what_just_fits_is_not_cut() {
        let made = |letters: usize| {
            let summary = "x".repeat(letters);
            Message::for_subscribers(&Alert { summary, ..alert() })
        };
        let cut = |message: &Message| message.body.contains("left out");
        let (mut fits, mut not) = (1, 200_000);
        while not - fits > 1 {
            let middle = usize::midpoint(fits, not);
            if cut(&made(middle)) {
                not = middle;
            } else {
                fits = middle;
            }
        }
        let whole = made(fits);
        holds(&whole);
        assert!(
            whole.bytes() > MAX_MESSAGE_BYTES - RESERVED_BYTES - 10,
            "{}",
            whole.bytes()
        );
        holds(&made(not));
    }

    #[test]
    fn what_does_not_fit_is_cut_and_says_where_the_whole_is() {
        let facts: Vec<Fact> = (0..60)
            .map(|at| Fact::new(&format!("fact {at}"), &"\"\\".repeat(400)))
            .collect();
        let long = Alert {
            facts: facts.clone(),
            ..alert()
        };
        let message = Message::for_subscribers(&long);
        holds(&message);
        let read: Alert = serde_json::from_str(forms(&message)["sqs"].as_str().unwrap()).unwrap();
        assert_eq!((read.id, read.class, read.log), (long.id, long.class, long.log));
        let kept = read.facts.len() - 1;
        assert!((1..60).contains(&kept), "{kept}");
        assert_eq!(read.facts[..kept], facts[..kept], "the first ones are kept as they are");
        let notice = &read.facts[kept];
        assert_eq!(notice.name, "left out");
        assert!(
            notice.value.contains(&format!("{} facts", 60 - kept)),
            "{}",
            notice.value
        );
        assert!(
            notice.value.contains("audit/log2025-1.rekor.sigstore.dev/findings/"),
            "{}",
            notice.value
        );
        assert!(forms(&message)["email"].as_str().unwrap().contains(&notice.value));
        assert!(
            message.bytes() > MAX_MESSAGE_BYTES / 2,
            "not more is left out than must be: {}",
            message.bytes()
        );
    }

    /// Whoever made the alert.
    #[test]
    fn everything_at_its_longest_still_fits() {
        for letter in [
            "x",
            "\"",
            "\\",
            "\u{1b}",
            "\u{ffff}",
            "日",
            "\u{1f600}",
            "\n",
            "\u{202e}",
            " ",
        ] {
            let long = letter.repeat(8_000);
            let fact = Fact {
                name: long.clone(),
                value: long.clone(),
            };
            let hostile = Alert {
                id: long.clone(),
                log: Some(long.clone()),
                rule: Some(long.clone()),
                title: long.clone(),
                summary: long.clone(),
                facts: vec![fact; 12],
                action: long.clone(),
                object: Some(long.clone()),
                ..alert()
            };
            holds(&Message::for_subscribers(&hostile));
            holds(&Message::for_chat(&hostile));
        }
    }
}
