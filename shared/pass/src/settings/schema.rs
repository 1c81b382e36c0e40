//! The JSON Schema of the configuration, for editors that complete and check the file.
//!
//! It is made of the keys that are read and of the schema of the rules.
//! It says less than reading does: whether a key is a key or a log can be read, it does not know.

use super::ledgers::LEDGER_KEYS;
use super::observers::VIEW_KEYS;
use super::{CONFIG_SCHEMA, EXCLUSION_KEYS, KEYS, LogKind, REPORT_KEYS, ViewKind, limits, logs};
use rules::MONITORED_VALUES;
use serde_json::{Map, Value, json};

/// The schema (JSON Schema, draft 2020-12) of a configuration file.
#[must_use]
pub fn schema() -> Value {
    let (rules, mut definitions) = rules::schema();
    definitions.insert("limits".to_owned(), limits_of(limits::OF_A_LOG));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of Rekor Sentinel",
        "type": "object",
        "required": ["schema"],
        "additionalProperties": false,
        "properties": object(KEYS, |key| top(key, &rules)),
        "$defs": definitions,
    })
}

/// `None` for a key that is not known.
fn top(key: &str, rules: &Value) -> Option<Value> {
    Some(match key {
        "schema" => json!({"const": CONFIG_SCHEMA}),
        "trust" => json!({
            "description": "Where the logs and their keys come from; without it, the public trusted root that ships inside.",
            "type": ["object", "null"],
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false,
            "properties": {
                "trusted_root": text("A file in Sigstore's trusted-root format."),
                "tuf": {
                    "description": "A TUF repository.",
                    "oneOf": [{"enum": ["production", "staging"]}, {
                        "type": "object",
                        "required": ["url", "root"],
                        "additionalProperties": false,
                        "properties": {
                            "url": text("Where it is: http://, https:// or file://."),
                            "root": text("The file of the root that it is verified from."),
                        },
                    }],
                },
            },
        }),
        "from" => position("Where the logs begin that are listed when the store is created."),
        "logs" => json!({
            "description": "Logs beside those of the trusted root.",
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "required": ["url", "kind"],
                "additionalProperties": false,
                "properties": object(logs::KEYS, log),
            },
        }),
        "exclude" => json!({
            "description": "Logs of the trusted root that are not watched, and why.",
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "required": ["log", "reason"],
                "additionalProperties": false,
                "properties": object(EXCLUSION_KEYS, |key| Some(match key {
                    "log" => text("The name of the log."),
                    "reason" => text("Why it is not watched."),
                    _ => text("Until when: a day, which stands for its first second in UTC, or a time."),
                })),
            },
        }),
        "witness_policy" => policy(),
        "views" => json!({
            "description": "Who else looks at these logs.",
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "required": ["url", "kind"],
                "additionalProperties": false,
                "properties": object(VIEW_KEYS, view),
            },
        }),
        "ledgers" => json!({
            "description": "Where the release process records what is to be expected.",
            "type": ["array", "null"],
            "maxItems": rules::MAX_LEDGERS,
            "items": {
                "type": "object",
                "required": ["name", "place"],
                "additionalProperties": false,
                "properties": object(LEDGER_KEYS, ledger),
            },
        }),
        "limits" => limits_of(limits::FOR_ALL),
        "reports" => json!({
            "description": "Which words about the deployment itself are told.",
            "type": ["object", "null"],
            "additionalProperties": false,
            "properties": object(REPORT_KEYS, |_| Some(json!({"type": ["boolean", "null"]}))),
        }),
        "rules" => rules.clone(),
        MONITORED_VALUES => rules::monitored_schema(),
        _ => return None,
    })
}

fn log(key: &str) -> Option<Value> {
    let kinds = LogKind::ALL.into_iter().filter(|kind| kind.leaves().is_some());
    Some(match key {
        "url" => text("Where it is read: http://, https:// or file://."),
        "kind" => json!({"enum": kinds.map(LogKind::word).collect::<Vec<_>>()}),
        "origin" => text("The first line of its checkpoints; its name."),
        "key" => texts("A C2SP vkey, or a public key in PEM; or several."),
        "from" => position("Where its first span begins."),
        "limits" => json!({"$ref": "#/$defs/limits"}),
        "witness_policy" => policy(),
        _ => return None,
    })
}

fn view(key: &str) -> Option<Value> {
    Some(match key {
        "name" => text("What it is called; without it, its URL."),
        "kind" => json!({"enum": ViewKind::ALL.map(ViewKind::word)}),
        "url" => text(
            "Where it is read: http://, https:// or file://; the bucket of another sentinel also as s3://BUCKET/FOLDER.",
        ),
        "log" => texts("The logs that it looks at; without it, all that are watched."),
        "witnesses" => json!({
            "description": "How many witnesses the distributor is to have seen.",
            "type": ["integer", "null"], "minimum": 0, "maximum": 100,
        }),
        _ => return None,
    })
}

fn ledger(key: &str) -> Option<Value> {
    let duration = |description: &str| {
        json!({
            "description": description,
            "type": ["string", "null"], "pattern": "^[0-9]+[smhd]$",
        })
    };
    Some(match key {
        "name" => json!({
            "description": "What rules call it.",
            "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9._-]{0,63}$",
        }),
        "place" => text("A folder, meant from that of the configuration, or s3://BUCKET/FOLDER."),
        "key" => texts("A public key in PEM; or several. With them only records count that one of them signed."),
        "grace" => duration("How long a match waits for its record before it is told as unauthorised."),
        "window" => duration("How long after its record an entry may appear before it is missing."),
        _ => return None,
    })
}

fn policy() -> Value {
    let file = text("A file in the form of C2SP tlog-policy.");
    json!({
        "description": "Whose cosignatures a checkpoint needs.",
        "oneOf": [file, {"type": "null"}, {
            "type": "object",
            "required": ["file"],
            "additionalProperties": false,
            "properties": {"file": file, "unmet": {"enum": ["degrade", "refuse", null]}},
        }],
    })
}

fn texts(description: &str) -> Value {
    json!({
        "description": description,
        "oneOf": [
            {"type": "string", "minLength": 1},
            {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1},
        ],
    })
}

fn limits_of(keys: &[&str]) -> Value {
    json!({
        "description": "Within what time you want to be told.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": object(keys, |key| Some(match key {
            "max_alerts" => json!({
                "description": "Single alerts of one rule in one pass; more become one digest.",
                "type": ["integer", "null"], "minimum": 0,
            }),
            "requests" => json!({
                "description": "Requests in flight at a Rekor v1 server, at most.",
                "type": ["integer", "null"], "minimum": 1, "maximum": limits::MAX_REQUESTS,
            }),
            _ => json!({
                "description": "A duration such as 90s, 10m, 1h, 3d, or never.",
                "type": ["string", "null"], "pattern": "^(never|[0-9]+[smhd])$",
            }),
        })),
    })
}

fn position(description: &str) -> Value {
    json!({
        "description": format!("{description} `head`, or an index from 0."),
        "oneOf": [{"const": "head"}, {"type": "integer", "minimum": 0}, {"type": "null"}],
    })
}

fn text(description: &str) -> Value {
    json!({"description": description, "type": "string", "minLength": 1})
}

fn object(keys: &[&str], schema: impl Fn(&str) -> Option<Value>) -> Map<String, Value> {
    let entries = keys.iter().filter_map(|key| Some(((*key).to_owned(), schema(key)?)));
    entries.collect()
}
