//! Deployments that between them take every branch, and what they come to.

use crate::files::{below, root};
use serde_json::{Map, Value};
use stage::policy::Template;
use std::collections::BTreeSet;
use std::fs;

pub(crate) const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:alerts";
pub(crate) const CHAT: &str = "arn:aws:sns:eu-central-1:123456789012:chat";
pub(crate) const OTHERS: &str = "arn:aws:s3:::other/record/public/*";
pub(crate) const KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/1";

/// Deployments that between them take every branch.
pub(crate) const DEPLOYMENTS: [&[(&str, &str)]; 6] = [
    &[],
    &[
        ("Schedule", "1-minute"),
        ("AlertEmail", "me@example.com"),
        ("Chat", "yes"),
    ],
    &[("Schedule", "15-minutes"), ("LockDays", "30"), ("RetentionDays", "400")],
    &[
        ("Schedule", "1-hour"),
        ("SlackWorkspaceId", "T1"),
        ("SlackChannelId", "C1"),
        ("ReservedConcurrency", "1"),
    ],
    &[
        ("ExistingBucket", "b"),
        ("BucketPrefix", "a/b/"),
        ("ExistingTopic", TOPIC),
        ("ExistingKeys", KEY),
        ("OtherRecords", OTHERS),
    ],
    &[
        ("ExistingTopic", TOPIC),
        ("ExistingChatTopic", CHAT),
        ("LockDays", "1"),
        ("Architecture", "x86_64"),
    ],
];

pub(crate) fn resources(given: &[(&str, &str)]) -> Map<String, Value> {
    Template::ours(given).unwrap().resources().unwrap()
}

/// Resources of a type, with their names.
pub(crate) fn of_type<'r>(resources: &'r Map<String, Value>, kind: &str) -> Vec<(&'r String, &'r Value)> {
    resources.iter().filter(|(_, one)| one["Type"] == kind).collect()
}

pub(crate) fn strings(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| strings(item, into)),
        Value::Object(fields) => fields.values().for_each(|field| strings(field, into)),
        _ => {}
    }
}

pub(crate) fn schedules() -> Vec<String> {
    let template = Template::ours(&[]).unwrap();
    let mut schedules = Vec::new();
    strings(
        &template.raw()["Parameters"]["Schedule"]["AllowedValues"],
        &mut schedules,
    );
    schedules
}

pub(crate) fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// Every Rust source below a folder.
pub(crate) fn sources(folder: &str) -> String {
    let files = below(&root().join(folder), ".rs");
    assert!(!files.is_empty(), "{folder}");
    files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
}

/// Every word of a text that begins so.
pub(crate) fn words_with(text: &str, prefix: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    words
        .filter(|word| word.starts_with(prefix))
        .map(str::to_owned)
        .collect()
}
