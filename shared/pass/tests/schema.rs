//! The schema of the configuration is what the sources say. `SENTINEL_BLESS=1` writes the file anew.

use serde_json::Value;
use std::path::Path;

#[test]
fn the_schema_is_the_one_that_is_checked_in() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sentinel.schema.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&sentinel_pass::schema()).unwrap());
    if std::env::var_os("SENTINEL_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let expect = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == expect,
        "docs/sentinel.schema.json differs; SENTINEL_BLESS=1 writes it anew"
    );
}

/// Every reference leads somewhere, and no mapping takes keys that the reader does not know.
fn check(value: &Value, whole: &Value) {
    match value {
        Value::Object(map) => {
            if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
                assert!(
                    whole.pointer(reference.trim_start_matches('#')).is_some(),
                    "{reference}"
                );
            }
            if map.contains_key("properties") && map.get("type").is_some() {
                assert!(map.contains_key("additionalProperties"), "{map:?}");
            }
            map.values().for_each(|value| check(value, whole));
        }
        Value::Array(list) => list.iter().for_each(|value| check(value, whole)),
        _ => {}
    }
}

#[test]
fn the_schema_is_whole() {
    let schema = sentinel_pass::schema();
    check(&schema, &schema);
    let matcher = schema.pointer("/$defs/matcher/oneOf/0/properties").unwrap();
    for name in sigstore::Field::names().chain(["all", "any", "not"]) {
        assert!(matcher.get(name).is_some(), "{name}");
    }
    // What the schema names at the top, the reader knows.
    for key in schema["properties"].as_object().unwrap().keys() {
        let value = serde_json::json!({"schema": 1, key: 1});
        let problems = sentinel_pass::Settings::from_value(&value).err().unwrap_or_default();
        assert!(
            problems.iter().all(|problem| !problem.message.contains("unknown key")),
            "{key}"
        );
    }
    let extensions = "/properties/monitoredValues/properties/oidMatchers/properties/fulcioExtensions/properties";
    let extensions = schema.pointer(extensions).unwrap().as_object().unwrap();
    assert!(
        extensions.contains_key("issuer")
            && extensions.contains_key("token-subject")
            && !extensions.contains_key("san")
    );
}
