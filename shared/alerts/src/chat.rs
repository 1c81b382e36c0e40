//! The form of an alert for chat: a custom notification of Amazon Q Developer in chat applications (formerly AWS
//! Chatbot), schema version 1.0, which puts it into Slack or Teams.
//!
//! Its text is Markdown that others render. What comes from a log may hold whatever Markdown, Slack's control sequences
//! (`<!here>`, `<url|text>`) or a client's own reading (links, `@channel`) makes more of than text. There is no escape
//! that all of them honour, so the characters that begin such things are replaced by ones that look alike, and
//! everything that quotes a log stands in a code block. The exact values are in the mail, in the JSON and in the record.

use crate::alert::Alert;
use crate::sms::marked;
use crate::text::{escape, guard, wrap};
use serde::Serialize;

/// Characters of the description: Slack takes 3,000 of a section, the fences and the notice included.
const MAX_DESCRIPTION_CHARS: usize = 2_800;

/// Characters of the title and of one step: a screen's width, a paragraph.
const MAX_TITLE_CHARS: usize = 150;
const MAX_STEP_CHARS: usize = 400;

/// Steps: more are one step.
const MAX_STEPS: usize = 8;

/// Characters of a line in the code block; the values of facts are not broken.
const WIDTH: usize = 90;

/// Characters of a fact's value in chat.
const MAX_VALUE_CHARS: usize = 300;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    version: &'static str,
    source: &'static str,
    id: String,
    content: Content,
    metadata: Metadata,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    text_type: &'static str,
    title: String,
    description: String,
    next_steps: Vec<String>,
    keywords: Vec<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    thread_id: String,
    summary: String,
    event_type: String,
}

/// One line of JSON: what is published to the chat topic. All alerts of one condition share a thread.
#[must_use]
pub fn chat(alert: &Alert) -> String {
    let (mark, words) = marked(&alert.title);
    let title = format!("{mark}: {words}");
    let id = inert(&escape(&alert.id, MAX_TITLE_CHARS));
    let thread = alert.thread.as_deref().unwrap_or(&alert.id);
    crate::form::json_line(&Notification {
        version: "1.0",
        source: "custom",
        content: Content {
            text_type: "client-markdown",
            title: inert(&escape(&title, MAX_TITLE_CHARS)),
            description: description(alert),
            next_steps: steps(&alert.action),
            keywords: vec![alert.class.word(), alert.severity.word(), alert.phase.word()],
        },
        metadata: Metadata {
            thread_id: inert(&escape(thread, MAX_TITLE_CHARS)),
            summary: inert(&escape(&title, MAX_TITLE_CHARS)),
            event_type: format!("rekor-sentinel.{}", alert.class.word()),
        },
        id,
    })
}

/// Summary and facts in a code block, whose fence nothing in it can close.
fn description(alert: &Alert) -> String {
    let mut lines = wrap(&guard(&alert.summary), WIDTH);
    lines.push(String::new());
    let object = alert.object.as_deref().map(|object| ("record", object));
    let facts = alert.facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str()));
    for (name, value) in facts.chain(object) {
        lines.push(format!("{}: {}", escape(name, WIDTH), escape(value, MAX_VALUE_CHARS)));
    }
    lines.push(format!("alert: {}", escape(&alert.id, MAX_TITLE_CHARS)));
    let mut text = String::new();
    let mut left = MAX_DESCRIPTION_CHARS;
    let all = lines.len();
    for (at, line) in lines.iter().enumerate() {
        let line = inert(line);
        let needs = line.chars().count() + 1;
        if needs > left {
            text.push_str(&format!("… (cut, {} more lines; the mail has them)\n", all - at));
            break;
        }
        left -= needs;
        text.push_str(&line);
        text.push('\n');
    }
    format!("```\n{text}```")
}

/// The action, sentence by sentence.
fn steps(action: &str) -> Vec<String> {
    let step = |text: &str| {
        let step = inert(&escape(text.trim(), MAX_STEP_CHARS));
        if step.ends_with(['.', ')']) {
            step
        } else {
            format!("{step}.")
        }
    };
    let guarded = guard(action);
    let sentences = guarded
        .splitn(MAX_STEPS, ". ")
        .filter(|sentence| !sentence.trim().is_empty());
    sentences.map(step).collect()
}

/// `text` without anything that a chat client makes more of than text: formatting, links, mentions, entities.
fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.chars() {
        out.push(match letter {
            '<' => '‹',
            '>' => '›',
            '&' => '＆',
            '`' => '\'',
            '*' => '∗',
            '_' => '＿',
            '~' => '∼',
            '[' => '［',
            ']' => '］',
            '|' => '¦',
            '#' => '＃',
            // `user@host` is no mention; what begins with it may be one.
            '@' if !before.is_alphanumeric() => '＠',
            // No address without its colon and slashes, whatever the scheme.
            '/' if before == ':' => '∕',
            other => other,
        });
        before = letter;
    }
    out
}
