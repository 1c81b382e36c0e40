//! The JSON Schema of the `rules:` of a configuration, for editors that complete and check the file.
//!
//! It is made of what the parser knows: fields, operators, severities and caps, so that the two cannot drift apart. A
//! schema says less than the parser: whether a pattern is a good one, it does not know.

use crate::limits::{MAX_LABEL_CHARS, MAX_LABELS, MAX_NAME_CHARS, MAX_NOTE_CHARS, MAX_PATTERN_BYTES, MAX_RULES};
use crate::monitored::{EXTENSION_KEYS, IDENTITY_KEYS, KEYS, MATCHER_KEYS, extensions};
use crate::parse::{COMBINATORS, ONLY_KEYS, RULE_KEYS};
use crate::pattern::OPERATORS;
use crate::severity::Severity;
use crate::spec::{LEDGER, UNTIL};
use serde_json::{Map, Value, json};
use sigstore::Field;

/// The schema (draft 2020-12) of the list, and the definitions that it refers to by `#/$defs/…`.
#[must_use]
pub fn schema() -> (Value, Map<String, Value>) {
    let rules = json!({
        "description": "Whom to watch for.",
        "type": ["array", "null"],
        "maxItems": MAX_RULES,
        "items": {"$ref": "#/$defs/rule"},
    });
    let definitions = [
        ("rule", rule()),
        ("matcher", matcher(&[])),
        ("allowance", allowance()),
        (
            "matchers",
            json!({"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/matcher"}}),
        ),
        ("patterns", patterns()),
        ("pattern", pattern()),
    ];
    let definitions = definitions.map(|(name, schema)| (name.to_owned(), schema));
    (rules, definitions.into_iter().collect())
}

/// The schema of `monitoredValues`.
#[must_use]
pub fn monitored_schema() -> Value {
    let texts = |description: &str| json!({"description": description, "type": ["array", "null"], "items": {"type": "string", "minLength": 1}});
    let identity = |key: &str| match key {
        "certSubject" => json!({
            "description": "An RE2 expression that matches some part of an identity of the certificate.",
            "type": "string", "minLength": 1, "maxLength": MAX_PATTERN_BYTES,
        }),
        _ => texts("RE2 expressions, of which any matches some part of the issuer; without them, any issuer or none."),
    };
    let oids = |name: &str| {
        let (text, numbers) = (
            json!({"type": "string", "pattern": r"^[0-2](\.[0-9]+)+$"}),
            json!({"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 2}),
        );
        let key = |key: &str| match key {
            "objectIdentifier" => json!({"oneOf": [text, numbers]}),
            _ => json!({"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}),
        };
        json!({"description": format!("Extensions by object identifier ({name})."), "type": ["array", "null"],
            "items": mapping(&EXTENSION_KEYS, &EXTENSION_KEYS, key)})
    };
    let matchers = |key: &str| match key {
        "fulcioExtensions" => json!({
            "description": "Whole values of Fulcio's extensions, by name.",
            "type": ["object", "null"], "additionalProperties": false,
            "properties": object(extensions().map(|name| (name, texts("Values, of which any is watched for.")))),
        }),
        "oidExtensions" => oids("a list of numbers"),
        _ => oids("with dots"),
    };
    let key = |key: &str| match key {
        "certIdentities" => json!({
            "description": "Certificates by identity and issuer.",
            "type": ["array", "null"], "items": mapping(&IDENTITY_KEYS, &["certSubject"], identity),
        }),
        "subjects" => texts("RE2 expressions, each of which matches some part of any name of a signer."),
        "fingerprints" => texts("Fingerprints of certificates and keys."),
        _ => mapping(&MATCHER_KEYS, &[], matchers),
    };
    let mut block = mapping(&KEYS, &[], key);
    block["description"] = json!("Whom to watch for, as rekor-monitor's configuration says it.");
    block["type"] = json!(["object", "null"]);
    block
}

/// A mapping of these keys, of which some must be there.
fn mapping(keys: &[&'static str], required: &[&str], schema: impl Fn(&str) -> Value) -> Value {
    json!({
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": object(keys.iter().map(|key| (*key, schema(key)))),
    })
}

fn rule() -> Value {
    let key = |key: &str| match key {
        "name" => json!({
            "description": "The rule's name, unique in the file; part of each finding's id.",
            "type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS,
        }),
        "severity" => json!({
            "description": "How much a match matters.",
            "enum": Severity::ALL.map(Severity::word), "default": Severity::default().word(),
        }),
        "note" => json!({
            "description": "What the reader of an alert should know or do; quoted in it.",
            "type": ["string", "null"], "maxLength": MAX_NOTE_CHARS,
        }),
        "labels" => json!({
            "description": "Words of your own, such as a team, which every finding and alert of the rule carries.",
            "type": ["object", "null"], "maxProperties": MAX_LABELS,
            "propertyNames": {"minLength": 1, "maxLength": MAX_LABEL_CHARS},
            "additionalProperties": {"type": "string", "maxLength": MAX_LABEL_CHARS},
        }),
        "only" => json!({
            "description": "Where the rule is asked; without it, everywhere.",
            "type": ["object", "null"], "minProperties": 1, "additionalProperties": false,
            "properties": object(ONLY_KEYS.iter().map(|key| (*key, reference("patterns")))),
        }),
        "match" => json!({
            "description": "What to look for. All of it must hold within one signer of an entry.",
            "$ref": "#/$defs/matcher",
        }),
        _ => json!({
            "description": "What of it is expected: recorded and counted, and no alert.",
            "type": ["array", "null"], "items": {"$ref": "#/$defs/allowance"},
        }),
    };
    json!({
        "type": "object",
        "required": ["name", "match"],
        "additionalProperties": false,
        "properties": object(RULE_KEYS.iter().map(|name| (*name, key(name)))),
    })
}

/// Fields and combinators, and these keys beside them.
fn matcher(beside: &[(&'static str, Value)]) -> Value {
    let fields = Field::names().map(|name| {
        let mut schema = reference("patterns");
        if let Some(description) = describe(name) {
            schema["description"] = json!(description);
        }
        (name, schema)
    });
    let combinators = COMBINATORS.into_iter().map(|name| {
        let schema = if name == "not" {
            reference("matcher")
        } else {
            reference("matchers")
        };
        (name, schema)
    });
    let keys = combinators.chain(fields).chain(beside.iter().cloned());
    let mapping = json!({
        "type": "object",
        "minProperties": 1,
        "additionalProperties": false,
        "properties": object(keys),
        "patternProperties": {r"^[0-2](\.[0-9]+)+$": reference("patterns")},
    });
    json!({"oneOf": [mapping, reference("matchers")]})
}

fn allowance() -> Value {
    let until = json!({
        "description": "From when on it is expected no longer: a day, which stands for its first second in UTC, or a time.",
        "type": "string",
        "anyOf": [{"format": "date"}, {"format": "date-time"}],
    });
    let ledger = json!({
        "description": "The name of one of `ledgers`, which must hold a record of the entry as well.",
        "type": "string", "minLength": 1,
    });
    matcher(&[(LEDGER, ledger), (UNTIL, until)])
}

fn patterns() -> Value {
    json!({
        "description": "A pattern, or a list of which any may match.",
        "oneOf": [reference("pattern"), {"type": "array", "minItems": 1, "items": reference("pattern")}],
    })
}

fn pattern() -> Value {
    let words: Vec<String> = OPERATORS.iter().map(|(word, _)| format!("`{word}:`")).collect();
    json!({
        "description": format!(
            "The whole value as it stands, or behind an operator: {}. `*` of a glob stops at `/`, `**` does not.",
            words.join(", ")
        ),
        "type": "string", "minLength": 1, "maxLength": MAX_PATTERN_BYTES + "exact:".len(),
    })
}

fn describe(field: &str) -> Option<&'static str> {
    Some(match field {
        "san" => "An identity of the certificate: an e-mail address, a URI, a DNS name.",
        "issuer" => "Who vouched for the identity: the URL of the OIDC issuer.",
        "subject" => "Any name of the signer: an identity, an address in an OpenPGP key, the comment of an SSH key.",
        "fingerprint" => "SHA-256 of the certificate or of its key, or the fingerprint of a bare key.",
        "digest" => "The digest of the artifact, in hexadecimal digits.",
        "kind" => "The kind of the entry, such as hashedrekord.",
        "log" => "The name of the log.",
        _ => return None,
    })
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

fn object<'k>(entries: impl Iterator<Item = (&'k str, Value)>) -> Value {
    Value::Object(entries.map(|(key, value)| (key.to_owned(), value)).collect())
}
