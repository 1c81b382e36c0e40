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
const CUT_CHARS: [usize; 2] = [8_000, 1_000];

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
    let value = |value: &str| characters(&text::escape(value, MAX_VALUE_CHARS));
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
    let most = alert.facts.len().min(MAX_FACTS);
    let fewer = (0..=most).rev().map(|kept| make(&cut(alert, kept, chars)));
    let fits = fewer.filter(Message::fits).take(1).next();
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
        object: alert.object.as_ref().map(|object| text::escape(object, 1_100)),
        facts,
        ..alert.clone()
    }
}

fn notice(alert: &Alert, left_out: usize) -> String {
    let whole = match &alert.object {
        Some(object) => format!("the whole is in {}", text::escape(object, 600)),
        None => "the record has the whole".to_owned(),
    };
    format!("this message was too long for SNS; {left_out} facts are left out and long texts cut; {whole}")
}
