//! YAML: what is read, what is refused and where, and what people see of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use rules::Diagnostic;
use sentinel_local::yaml::{self, Place};
use serde_json::{Value, json};

fn value(text: &str) -> Value {
    yaml::parse(text).unwrap().value
}

/// The text is refused, at this place, with these words.
fn refused(text: &str, line: usize, column: usize, words: &str) {
    let problem = yaml::parse(text).expect_err(text);
    assert!(problem.message.contains(words), "{text:?}: {problem}");
    assert_eq!(problem.at.start, Place { line, column }, "{text:?}: {problem}");
}

const SAMPLE: &str = "\
# a comment
schema: 1
from: head
logs:
  - url: http://127.0.0.1:8080/api/v2
    kind: rekor-v2
    from: 0
rules:
  - name: our-repositories
    note: >-
      Page the
      release captain.
    match: {source-repository-owner-uri: https://github.com/acme, 1.3.6.1.4.1.57264.1.8: 'x: y'}
    allow: [{san: \"glob:https://github.com/acme/**\"}, {issuer: [a, b]}]
empty:
";

#[test]
fn a_configuration_becomes_a_tree() {
    let expect = json!({
        "schema": 1,
        "from": "head",
        "logs": [{"url": "http://127.0.0.1:8080/api/v2", "kind": "rekor-v2", "from": 0}],
        "rules": [{
            "name": "our-repositories",
            "note": "Page the release captain.",
            "match": {"source-repository-owner-uri": "https://github.com/acme", "1.3.6.1.4.1.57264.1.8": "x: y"},
            "allow": [{"san": "glob:https://github.com/acme/**"}, {"issuer": ["a", "b"]}],
        }],
        "empty": null,
    });
    assert_eq!(value(SAMPLE), expect);
    assert_eq!(value(&SAMPLE.replace('\n', "\r\n")), expect);
    assert_eq!(value(&format!("\u{feff}---\n{SAMPLE}...\n")), expect);
}

#[test]
fn small_documents() {
    assert_eq!(value(""), Value::Null);
    assert_eq!(value("# nothing\n"), Value::Null);
    assert_eq!(value("---\n"), Value::Null);
    assert_eq!(value("word"), json!("word"));
    assert_eq!(value("'1'"), json!("1"));
    assert_eq!(value("- 1\n- \"true\"\n- |\n  a\n  b\n"), json!([1, "true", "a\nb\n"]));
    assert_eq!(value("{\"a\": [1, {\"b\": null}]}"), json!({"a": [1, {"b": null}]}));
    assert_eq!(value("1: one\ntrue: two\n"), json!({"1": "one", "true": "two"}));
}

#[test]
fn every_path_has_its_place() {
    let places = yaml::parse(SAMPLE).unwrap().places;
    let check = |path: &str, key: Option<(usize, usize)>, value: (usize, usize)| {
        let spot = places.get(path).unwrap_or_else(|| panic!("{path}"));
        assert_eq!(
            spot.key.map(|key| (key.start.line, key.start.column)),
            key,
            "key of {path}"
        );
        assert_eq!(
            (spot.value.start.line, spot.value.start.column),
            value,
            "value of {path}"
        );
    };
    check("", None, (2, 1));
    check("schema", Some((2, 1)), (2, 9));
    check("logs", Some((4, 1)), (5, 3));
    check("logs[0]", None, (5, 5));
    check("logs[0].kind", Some((6, 5)), (6, 11));
    check("rules[0].match.source-repository-owner-uri", Some((13, 13)), (13, 42));
    check("rules[0].match[\"1.3.6.1.4.1.57264.1.8\"]", Some((13, 67)), (13, 90));
    check("rules[0].allow[1].issuer[1]", None, (14, 68));
    assert!(places.get("logs[1]").is_none());
    assert_eq!(places.nearest("logs[0].key"), places.get("logs[0]"));
    assert_eq!(places.nearest("logs[7].key"), places.get("logs"));
    assert_eq!(places.nearest("nowhere"), places.get(""));
}

#[test]
fn what_would_deceive_a_reader_is_refused() {
    refused("a: 1\nb: 2\na: 3\n", 3, 1, "the key `a` stands here twice");
    refused("x: {a: 1, \"a\": 2}\n", 1, 11, "the key `a` stands here twice");
    refused("a: &x 1\n", 1, 7, "anchors");
    refused("a: &x [1]\nb: *x\n", 1, 7, "anchors");
    refused("a: *x\n", 1, 4, "");
    refused("a: !!str 1\n", 1, 4, "tags");
    refused("a: !include b\n", 1, 4, "tags");
    refused("a: 1\n---\nb: 2\n", 2, 1, "a second document");
    refused("%YAML 1.1\n---\na: 1\n", 1, 1, "");
    refused("? [a]\n: 1\n", 1, 3, "a key must be");
    refused(": 1\n", 1, 1, "a key is expected");
    refused("a: 18446744073709551616\n", 1, 4, "put it in quotes");
    refused("a: [.nan]\n", 1, 5, "not finite");
}

#[test]
fn what_is_no_yaml_is_refused_with_its_place() {
    refused("a:\n\tb: 1\n", 2, 1, "tab");
    // Not where the text before it begins.
    refused("a:\n  - name: a\n\tb: 1\n", 3, 1, "tab");
    refused("a: [1, 2\nb: 3\n", 2, 2, "");
    refused("a: 'x\n", 2, 1, "");
    refused("a: b: c\n", 1, 5, "");
    refused("a: @x\n", 1, 4, "");
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(yaml::parse(&nested(yaml::MAX_DEPTH)).is_ok());
    assert!(yaml::parse(&nested(yaml::MAX_DEPTH + 1)).is_err());
    assert!(yaml::parse(&nested(200_000)).is_err());
    assert!(yaml::parse(&"- ".repeat(200_000)).is_err());
    assert!(yaml::parse(&"? ".repeat(200_000)).is_err());
}

fn found(path: &str, message: &str, suggestion: Option<&str>) -> Diagnostic {
    Diagnostic {
        path: path.to_owned(),
        message: message.to_owned(),
        suggestion: suggestion.map(str::to_owned),
    }
}

const WRONG: &str = "\
schema: 1
logs:
  - url: http://127.0.0.1:8080
    kind: rekor-v3
rules:
  - name: our-repositories
    sevrity: high
    match: {san: \"regex:(\", 1.3 x: 1}\tX
";

#[test]
fn people_see_the_line_and_a_caret() {
    let text = WRONG.replace("\tX", "");
    let places = yaml::parse(&text).unwrap().places;
    let diagnostics = [
        found("rules[0].match.san", "the pattern ends within a group", None),
        found("rules[0].sevrity", "unknown key `sevrity`", Some("severity")),
        found("logs[0]", "`origin` is missing", None),
        found("logs[0].kind", "`rekor-v3` is no kind of log", Some("rekor-v2")),
        found("", "`from` is missing", None),
        found("rules[0].match[\"1.3 x\"]", "unknown field `1.3 x`", None),
    ];
    let expect = include_str!("golden/diagnostics.txt");
    assert_eq!(yaml::render("sentinel.yaml", &text, &places, &diagnostics), expect);
}

#[test]
fn people_see_where_it_is_no_yaml() {
    let mut all = String::new();
    for text in [
        WRONG,
        "a: 1\n  b: 2\n",
        "\u{feff}a: 1\r\nbc: 2\r\n\"a\": 3\r\n",
        "a: \u{1b}[31m\u{202e}x\n",
        "a: {b: [1}\n",
    ] {
        let problem = yaml::parse(text).expect_err(text);
        all += &yaml::render_problem("sentinel.yaml", text, &problem);
    }
    assert_eq!(all, include_str!("golden/problems.txt"));
}

#[test]
fn long_lines_and_many_problems_are_cut() {
    let text = format!("a: [{}]\n", "long, ".repeat(1000));
    let places = yaml::parse(&text).unwrap().places;
    let many: Vec<_> = (0..50).map(|at| found(&format!("a[{at}]"), "no", None)).collect();
    let rendered = yaml::render("x.yaml", &text, &places, &many);
    assert!(rendered.lines().all(|line| line.chars().count() <= 130), "{rendered}");
    assert!(rendered.ends_with("x.yaml: 30 more problems\n"), "{rendered}");
    let (source, caret) = (rendered.lines().nth(58).unwrap(), rendered.lines().nth(59).unwrap());
    let at = caret.find('^').unwrap();
    assert_eq!(source.get(at..at + 4), Some("long"), "{source}\n{caret}");
    assert_eq!(caret.matches('^').count(), 4);
}

#[test]
fn nothing_in_a_message_acts_on_the_terminal() {
    let text = "a: 1\n";
    let places = yaml::parse(text).unwrap().places;
    let rendered = yaml::render(
        "x\u{1b}.yaml",
        text,
        &places,
        &[found("a", "\u{1b}[2J\r\nb\u{202e}", Some("\u{9b}c"))],
    );
    assert!(
        !rendered
            .chars()
            .any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')),
        "{rendered:?}"
    );
    assert_eq!(rendered.lines().count(), 4);
}

/// Rules as somebody may write them, with the mistakes that the rules crate itself reports.
#[test]
fn the_mistakes_in_rules_stand_where_they_are() {
    let text = "\
rules:
  - name: ours
    sevrity: high
    match: {san: \"regex:(\"}
  - name: ours
    severity: highest
    match: {source-repository-owner-url: x, \"1.2.3 \": y}
  - match: {issuer: [https://a.example, 7]}
";
    let document = yaml::parse(text).unwrap();
    let diagnostics = rules::parse(&document.value["rules"])
        .and_then(rules::RuleSet::compile)
        .expect_err("mistakes");
    let rendered = yaml::render("sentinel.yaml", text, &document.places, &diagnostics);
    assert_eq!(rendered, include_str!("golden/rules.txt"));
}
