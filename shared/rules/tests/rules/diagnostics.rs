//! Every mistake is named, at its place, and none hides another.

use sentinel_rules::{Diagnostic, RuleSet, parse};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn found(value: &Value) -> Vec<(String, String, Option<String>)> {
    let problems = parse(value).unwrap_err();
    problems
        .into_iter()
        .map(
            |Diagnostic {
                 path,
                 message,
                 suggestion,
             }| (path, message, suggestion),
        )
        .collect()
}

#[track_caller]
fn check(rule: &Value, path: &str, message: &str, suggestion: Option<&str>) {
    let expect = vec![(path.to_owned(), message.to_owned(), suggestion.map(str::to_owned))];
    assert_eq!(found(&json!([rule])), expect);
}

/// A mistake within `match` of a rule that is right otherwise.
#[track_caller]
fn check_match(matches: &Value, path: &str, message: &str, suggestion: Option<&str>) {
    check(&json!({"name": "r", "match": matches}), path, message, suggestion);
}

#[test]
fn the_list_of_rules() {
    assert_eq!(parse(&Value::Null), Ok(vec![]));
    assert_eq!(parse(&json!([])), Ok(vec![]));
    let (path, message, _) = found(&json!({"name": "r"})).remove(0);
    assert_eq!(
        (path.as_str(), message.as_str()),
        ("rules", "must be a list of rules, not a mapping")
    );
    check(
        &json!("r"),
        "rules[0]",
        "must be a mapping with `name` and `match`, not a string",
        None,
    );
    let many: Vec<Value> = (0..=sentinel_rules::MAX_RULES)
        .map(|at| json!({"name": at.to_string()}))
        .collect();
    assert_eq!(
        found(&Value::Array(many))[0].1,
        "has 100001 rules; a set has at most 100000"
    );
}

#[test]
fn the_keys_of_a_rule() {
    let good = || json!({"name": "r", "match": {"san": "a"}});
    let with = |key: &str, value: Value| {
        let mut rule = good();
        rule[key] = value;
        rule
    };
    assert_eq!(parse(&json!([good()])).map(|specs| specs.len()), Ok(1));
    check(
        &with("severty", json!("low")),
        "rules[0].severty",
        "unknown key `severty`",
        Some("severity"),
    );
    check(
        &with("zebra", json!("low")),
        "rules[0].zebra",
        "unknown key `zebra`",
        None,
    );
    check(&json!({"match": {"san": "a"}}), "rules[0]", "has no `name`", None);
    check(
        &with("name", json!("")),
        "rules[0].name",
        "is empty; every rule has a name",
        None,
    );
    check(
        &with("name", json!("a\nb")),
        "rules[0].name",
        "has a control character; a name is one line",
        None,
    );
    check(
        &with("name", json!("n".repeat(121))),
        "rules[0].name",
        "is longer than 120 characters",
        None,
    );
    check(
        &with("name", json!(7)),
        "rules[0].name",
        "must be a string, not a number; put it in quotes",
        Some("\"7\""),
    );
    check(
        &with("severity", json!("hihg")),
        "rules[0].severity",
        "`hihg` is no severity; there are info, low, medium, high, critical",
        Some("high"),
    );
    check(
        &with("note", json!(["n"])),
        "rules[0].note",
        "must be a string, not a list",
        None,
    );
    check(
        &with("note", json!("n".repeat(2001))),
        "rules[0].note",
        "is longer than 2000 characters",
        None,
    );
    check(
        &json!({"name": "r"}),
        "rules[0]",
        "has no `match`: what should it look for?",
        None,
    );
    check(
        &with("allow", json!({"san": "a"})),
        "rules[0].allow",
        "must be a list of what is expected, each like a `match`, not a mapping",
        None,
    );
    check(
        &with("allow", json!([{}])),
        "rules[0].allow[0]",
        "is empty; it would match every entry",
        None,
    );
}

#[test]
fn labels_only_and_until() {
    let with = |key: &str, value: Value| {
        let mut rule = json!({"name": "r", "match": {"san": "a"}});
        rule[key] = value;
        rule
    };
    for (key, value, path, message, suggestion) in [
        (
            "labels",
            json!(["a"]),
            "rules[0].labels",
            "must be a mapping of names to texts, such as {team: …}, not a list",
            None,
        ),
        (
            "labels",
            json!({"team": 7}),
            "rules[0].labels.team",
            "must be a string, not a number; put it in quotes",
            Some("\"7\""),
        ),
        (
            "labels",
            json!({"team": "a\nb"}),
            "rules[0].labels.team",
            "has a control character; a label is one line",
            None,
        ),
        ("labels", json!({"": "a"}), "rules[0].labels[\"\"]", "has no name", None),
        (
            "labels",
            json!({"t": "x".repeat(101)}),
            "rules[0].labels.t",
            "is longer than 100 characters",
            None,
        ),
        (
            "only",
            json!({"kind": "a"}),
            "rules[0].only.kind",
            "unknown key `kind`",
            Some("kinds"),
        ),
        (
            "only",
            json!({"logs": []}),
            "rules[0].only.logs",
            "is an empty list; it would match nothing",
            None,
        ),
        (
            "only",
            json!("a"),
            "rules[0].only",
            "must be a mapping with `logs` or `kinds`, not a string",
            None,
        ),
        (
            "allow",
            json!([{"san": "a", "until": "soon"}]),
            "rules[0].allow[0].until",
            "`soon` is no date; write 2026-12-31 or an RFC 3339 time",
            None,
        ),
        (
            "allow",
            json!([{"until": "2027-01-01"}]),
            "rules[0].allow[0]",
            "is empty; it would match every entry",
            None,
        ),
        (
            "match",
            json!({"until": "2027-01-01"}),
            "rules[0].match.until",
            "unknown key `until`",
            None,
        ),
        (
            "match",
            json!({"kind": "domain:a.b"}),
            "rules[0].match.kind",
            "`kind` has no domain; `domain:` is for e-mail addresses, URIs and DNS names",
            None,
        ),
    ] {
        let mut rule = with(key, value);
        if key == "only" && path.ends_with("kind") {
            rule["only"]["logs"] = json!("l");
        }
        check(&rule, path, message, suggestion);
    }
}

#[test]
fn matchers() {
    let at = "rules[0].match";
    check_match(&json!({}), at, "is empty; it would match every entry", None);
    check_match(&Value::Null, at, "is empty; it would match every entry", None);
    check_match(
        &json!("san"),
        at,
        "must be a mapping of fields to values, such as {san: …}, not a string",
        None,
    );
    check_match(&json!([]), at, "is an empty list", None);
    check_match(
        &json!({"isuer": "a"}),
        "rules[0].match.isuer",
        "unknown key `isuer`",
        Some("issuer"),
    );
    check_match(
        &json!({"SAN": "a"}),
        "rules[0].match.SAN",
        "unknown key `SAN`",
        Some("san"),
    );
    check_match(
        &json!({"source-repository-owner": "a"}),
        "rules[0].match.source-repository-owner",
        "unknown key `source-repository-owner`",
        Some("source-repository-owner-uri"),
    );
    check_match(
        &json!({"1.2.": "a"}),
        "rules[0].match[\"1.2.\"]",
        "unknown key `1.2.`",
        None,
    );
    check_match(&json!({"all": []}), "rules[0].match.all", "is an empty list", None);
    check_match(
        &json!({"any": {"san": "a"}}),
        "rules[0].match.any",
        "must be a list of matchers, not a mapping",
        None,
    );
    check_match(
        &json!({"any": [{"san": "a"}, {"not": {}}]}),
        "rules[0].match.any[1].not",
        "is empty; it would match every entry",
        None,
    );
}

#[test]
fn patterns() {
    let san = "rules[0].match.san";
    check_match(&json!({"san": ""}), san, "is empty; it would match nothing", None);
    check_match(
        &json!({"san": []}),
        san,
        "is an empty list; it would match nothing",
        None,
    );
    check_match(
        &json!({"san": ["a", ""]}),
        "rules[0].match.san[1]",
        "is empty; it would match nothing",
        None,
    );
    check_match(&json!({"san": null}), san, "must be a string, not nothing", None);
    check_match(
        &json!({"san": 15}),
        san,
        "must be a string, not a number; put it in quotes",
        Some("\"15\""),
    );
    check_match(
        &json!({"san": {"not": "a"}}),
        san,
        "must be a string or a list of strings; `all`, `any` and `not` stand around fields",
        None,
    );
    check_match(
        &json!({"san": "regex:["}),
        san,
        "is no regular expression: unclosed character class",
        None,
    );
    check_match(
        &json!({"san": "regex:a)(b"}),
        san,
        "is no regular expression: unopened group",
        None,
    );
    check_match(
        &json!({"san": "glob:a/***"}),
        san,
        "`***` is no glob: `*` stops at `/`, `**` does not",
        Some("**"),
    );
    check_match(
        &json!({"san": "Glob: a/*"}),
        san,
        "exact values have no prefix `Glob:`; the operators are `exact:`, `glob:`, `regex:`, `prefix:`, `suffix:`, `domain:`",
        Some("glob:a/*"),
    );
    check_match(
        &json!({"digest": "abc"}),
        "rules[0].match.digest",
        "has 3 hexadecimal digits; a SHA-256 digest has 64",
        None,
    );
    check_match(
        &json!({"san": "x".repeat(5000)}),
        san,
        "has 5000 bytes; a pattern has at most 4096",
        None,
    );
}

#[test]
fn every_mistake_is_named() {
    let rules = json!([
        {"name": "a", "match": {"san": ["regex:(", 3], "isuer": "x"}, "sevrity": "low"},
        {"name": "a", "match": {"any": [{"san": ""}, {"kind": []}]}, "allow": [{"log": "glob:***"}]},
        {"severity": "bad"},
    ]);
    let paths: Vec<String> = found(&rules).into_iter().map(|(path, _, _)| path).collect();
    assert_eq!(
        paths,
        [
            "rules[0].sevrity",
            "rules[0].match.isuer",
            "rules[0].match.san[0]",
            "rules[0].match.san[1]",
            "rules[1].match.any[0].san",
            "rules[1].match.any[1].kind",
            "rules[1].allow[0].log",
            "rules[1].name",
            "rules[2]",
            "rules[2].severity",
            "rules[2]",
        ]
    );
}

#[test]
fn a_name_stands_once() {
    let rule = |name: &str| json!({"name": name, "match": {"san": "a"}});
    let problems = found(&json!([rule("a"), rule("b"), rule("a"), rule("A")]));
    let expect = "`a` is the name of rules[0] already; names are unique";
    assert_eq!(problems, [("rules[2].name".to_owned(), expect.to_owned(), None)]);
}

/// `depth` times `not`, around one field.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!({"san": "a"}), |inner, _| json!({"not": inner}))
}

#[test]
fn nesting_has_an_end() {
    let rule = |matches: Value| json!([{"name": "r", "match": matches}]);
    let deepest = parse(&rule(nested(sentinel_rules::MAX_DEPTH))).unwrap();
    assert!(RuleSet::compile(deepest).is_ok());
    let (path, message, _) = found(&rule(nested(sentinel_rules::MAX_DEPTH + 1))).remove(0);
    assert_eq!(
        path,
        format!("rules[0].match{}", ".not".repeat(sentinel_rules::MAX_DEPTH + 1))
    );
    assert_eq!(message, "is nested deeper than 16 levels");
    // Several fields in one mapping are a level, as the `all` that they are.
    let wide = |depth| (0..depth).fold(json!({"san": "a", "kind": "b"}), |inner, _| json!({"not": inner}));
    let specs = parse(&rule(wide(sentinel_rules::MAX_DEPTH - 1))).unwrap();
    let again = parse(&serde_json::to_value(&specs).unwrap());
    assert_eq!(again.as_ref(), Ok(&specs));
    assert!(RuleSet::compile(specs).is_ok());
    assert!(parse(&rule(wide(sentinel_rules::MAX_DEPTH))).is_err());
}

#[test]
fn a_spec_made_by_hand_is_checked() {
    use sentinel_rules::{Matcher, Pattern, RuleSpec, Severity};
    let field = |name: &str, patterns| Matcher::Field {
        name: name.to_owned(),
        patterns,
    };
    let compile = |matches| {
        let name = "r".to_owned();
        let spec = RuleSpec {
            allow: vec![],
            labels: BTreeMap::new(),
            matches,
            name,
            note: None,
            only: None,
            severity: Severity::High,
        };
        RuleSet::compile(vec![spec])
            .map(|_| ())
            .map_err(|problems| problems[0].to_string())
    };
    let exact = || Pattern::Exact("a".to_owned());
    assert_eq!(compile(field("san", vec![exact()])), Ok(()));
    for (matches, expect) in [
        (Matcher::All(vec![]), "rules[0].match.all: is an empty list"),
        (
            field("san", vec![]),
            "rules[0].match.san: is an empty list; it would match nothing",
        ),
        (field("sna", vec![exact()]), "rules[0].match.sna: unknown key `sna`"),
        (
            Matcher::Any(vec![field("san", vec![exact(), Pattern::Regex("(".to_owned())])]),
            "rules[0].match.any[0].san[1]: is no regular expression: unclosed group",
        ),
    ] {
        assert_eq!(compile(matches), Err(expect.to_owned()));
    }
}

#[test]
fn specs_round_trip_and_hash_by_what_they_say() {
    let rules = json!([
        {"name": "a", "match": {"san": "x", "issuer": ["y", "glob:z*"]}, "note": "n", "severity": "low"},
        {"match": {"not": {"any": [{"kind": "dsse"}, {"1.2.3": "regex:[a-z]+"}]}}, "allow": [{"log": "l"}], "name": "b"},
    ]);
    let specs = parse(&rules).unwrap();
    let written = serde_json::to_string(&specs).unwrap();
    assert_eq!(
        written,
        concat!(
            r#"[{"match":{"all":[{"issuer":["y","glob:z*"]},{"san":"x"}]},"name":"a","note":"n","severity":"low"},"#,
            r#"{"allow":[{"log":"l"}],"match":{"not":{"any":[{"kind":"dsse"},{"1.2.3":"regex:[a-z]+"}]}},"name":"b","severity":"high"}]"#
        )
    );
    let again: Vec<sentinel_rules::RuleSpec> = serde_json::from_str(&written).unwrap();
    assert_eq!(again, specs);

    let hash = |value: &Value| RuleSet::compile(parse(value).unwrap()).unwrap().hash();
    let base = hash(&rules);
    assert_eq!(base, tlog::Hash::of(written.as_bytes()));
    let same: Value = serde_json::from_str(
        r#"[{"severity":"low","note":"n","match":{"issuer":["y","glob:z*"],"san":["x"]},"name":"a"},
            {"name":"b","severity":"high","allow":[{"log":"l"}],"match":{"not":{"any":[{"kind":"dsse"},{"1.2.3":"regex:[a-z]+"}]}}}]"#,
    )
    .unwrap();
    assert_eq!(hash(&same), base);
    for (pointer, value) in [
        ("/0/match/san", json!("xx")),
        ("/0/match/san", json!("glob:x")),
        ("/0/note", json!("m")),
        ("/0/name", json!("c")),
        ("/0/severity", json!("high")),
        ("/1/allow/0/log", json!("k")),
    ] {
        let mut other = rules.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        assert_ne!(hash(&other), base, "{pointer}");
    }
    let error = serde_json::from_str::<sentinel_rules::RuleSpec>(r#"{"name":"a","match":{"sna":"x"}}"#).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("rule.match.sna: unknown key `sna` (did you mean `san`?)"),
        "{error}"
    );
}
