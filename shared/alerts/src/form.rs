//! The form of an alert for each channel: a terminal, plain text such as mail, and one line of JSON.
//!
//! The words are the alert's; only the layout is made here. Whatever an alert holds, no control character of it passes.

use crate::alert::Alert;
use crate::class::Phase;
use crate::text::{guard, wrap};
use rules::Severity;
use std::fmt::Write as _;

/// Characters of a line of text; facts are never broken, so that they can be copied.
const WIDTH: usize = 96;

/// Characters that the names of facts are padded to at most.
const MAX_NAME_WIDTH: usize = 42;

/// For a terminal that shows colours: the title stands out by severity.
#[must_use]
pub fn terminal(alert: &Alert) -> String {
    let colour = match (alert.phase, alert.severity) {
        (Phase::Closed, _) => "32",
        (_, Severity::Critical) => "1;31",
        (_, Severity::High) => "31",
        (_, Severity::Medium) => "33",
        (_, Severity::Low | Severity::Info) => "36",
    };
    body(alert, &format!("\u{1b}[{colour}m{}\u{1b}[0m", guard(&alert.title)))
}

/// For mail, files, and terminals without colours.
#[must_use]
pub fn plain(alert: &Alert) -> String {
    body(alert, &guard(&alert.title))
}

/// One line of JSON, without the line break.
#[must_use]
pub fn json(alert: &Alert) -> String {
    json_line(alert)
}

/// Anything as one line of JSON, without the line break. It is ASCII: everything else is written as JSON's own escapes,
/// so that the line is safe to print whatever it quotes, and reads back as the same value. `value` has string keys.
#[must_use]
pub fn json_line<T: serde::Serialize>(value: &T) -> String {
    let json = serde_json::to_string(value).unwrap_or_default();
    let mut line = String::with_capacity(json.len());
    for letter in json.chars() {
        if matches!(letter, ' '..='~') {
            line.push(letter);
        } else {
            let mut units = [0; 2];
            letter
                .encode_utf16(&mut units)
                .iter()
                .for_each(|unit| line.push_str(&format!("\\u{unit:04x}")));
        }
    }
    line
}

fn body(alert: &Alert, title: &str) -> String {
    let mut out = format!("{title}\n\n");
    paragraph(&mut out, &alert.summary);
    out.push('\n');
    let object = alert.object.as_deref().map(|object| ("record", object));
    let facts = || {
        alert
            .facts
            .iter()
            .map(|fact| (fact.name.as_str(), fact.value.as_str()))
            .chain(object)
    };
    let width = facts()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0)
        .min(MAX_NAME_WIDTH);
    for (name, value) in facts() {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {:width$}  {}", guard(name), guard(value));
    }
    out.push_str("\nWhat to do next:\n");
    paragraph(&mut out, &alert.action);
    let _ = writeln!(
        out,
        "\n{} {}, {}, alert {}",
        alert.class.word(),
        alert.phase.word(),
        alert.time,
        guard(&alert.id)
    );
    out
}

fn paragraph(out: &mut String, text: &str) {
    for line in wrap(&guard(text), WIDTH - 2) {
        let _ = writeln!(out, "  {line}");
    }
}
