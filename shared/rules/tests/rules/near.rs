//! What is near to a rule, and what is not.

use crate::common::{LOG, NOW, entry, set};
use sentinel_rules::{Context, Match, Nearness, Neighbourhood};
use serde_json::{Value, json};

fn near(matches: &Value, signer: &[(&str, &str)]) -> Option<Nearness> {
    let rules = set(&json!([{"name": "r", "match": matches}]));
    let (entry, context) = (entry(&[signer]), Context { log: LOG, now: NOW });
    let mut found: Vec<Match> = Vec::new();
    rules.matches(&entry, &context, &mut found);
    let mut near = Neighbourhood::of(&rules).unwrap().near(&entry, &context, &found);
    assert!(near.len() <= 1, "one reason a rule: {near:?}");
    near.pop().map(|near| near.nearness)
}

fn alike(value: &str, name: &str, watched: &str) -> Option<Nearness> {
    let [value, name, watched] = [value, name, watched].map(str::to_owned);
    Some(Nearness::LookAlike { value, name, watched })
}

const OTHER: &str = "https://github.com/acme/widgets/.github/workflows/other.yml@refs/heads/main";

#[test]
fn another_workflow_of_the_same_repository() {
    let release = json!({"san": "glob:https://github.com/acme/widgets/.github/workflows/release.yml@refs/tags/**"});
    let other = Some(Nearness::OtherWorkflow(OTHER.to_owned()));
    assert_eq!(near(&release, &[("san", OTHER)]), other);
    let found = "https://github.com/acme/widgets/.github/workflows/release.yml@refs/tags/v1";
    assert_eq!(near(&release, &[("san", found)]), None);
    assert_eq!(near(&release, &[("san", &OTHER.replace("widgets", "gadgets"))]), None);
    // What the rule asks for besides must hold.
    let dsse = json!({"san": found, "kind": "dsse"});
    assert_eq!(near(&dsse, &[("san", OTHER)]), None);
}

#[test]
fn another_issuer_for_the_same_identity() {
    let me = json!({"san": "me@example.com", "issuer": "https://accounts.google.com"});
    let other = "https://login.microsoftonline.com";
    let signer = [("san", "me@example.com"), ("issuer", other)];
    assert_eq!(near(&me, &signer), Some(Nearness::OtherIssuer(other.to_owned())));
    assert_eq!(near(&me, &[("san", "you@example.com"), ("issuer", other)]), None);
    assert_eq!(near(&json!({"issuer": "https://accounts.google.com"}), &signer), None);
}

#[test]
fn a_name_that_looks_like_one() {
    let rule = json!({"any": [{"san": ["me@example.com", "prefix:https://github.com/acme-labs/"]}, {"san": "domain:example.org"}]});
    let check = |value: &str, expect| assert_eq!(near(&rule, &[("san", value)]), expect, "{value}");
    check("me@examp1e.com", alike("me@examp1e.com", "examp1e.com", "example.com"));
    let url = "https://github.com/acrne-labs/x";
    check(url, alike(url, "acrne-labs", "acme-labs"));
    check("you@example.com", None);
    check("me@elsewhere.net", None);
    // It is watched for itself, though it is like another.
    check("you@sub.example.org", None);
    check("https://gitlab.com/somebody/x", None);
}

#[test]
fn the_same_value_spelled_otherwise() {
    let check = |asked: &str, field: &str, value: &str, is_near: bool| {
        let expect = is_near.then(|| Nearness::OtherSpelling {
            value: value.to_owned(),
            watched: asked.to_owned(),
        });
        assert_eq!(near(&json!({ field: asked }), &[(field, value)]), expect, "{asked}");
    };
    let owner = "source-repository-owner-uri";
    check("https://github.com/ACME", owner, "https://github.com/acme", true);
    check("https://github.com/acme/", owner, "https://github.com/acme", true);
    check("acme/tool.git", "github-workflow-repository", "acme/tool", true);
    check(
        "https://github.com/acme/tool.git",
        "source-repository-uri",
        "https://github.com/acme/tool",
        true,
    );
    check("ME@example.com", "san", "me@example.com", true);
    // It is found, so it is not near.
    check("me@EXAMPLE.com", "san", "me@example.com", false);
    check("https://github.com/acme", owner, "https://github.com/other", false);
}

#[test]
fn look_alikes_of_patterns() {
    for pattern in ["glob:*@example.com", r"regex:.*@example\.com", "suffix:@example.com"] {
        let rule = json!({"san": pattern});
        assert_eq!(
            near(&rule, &[("san", "a@examp1e.com")]),
            alike("a@examp1e.com", "examp1e.com", "example.com")
        );
        assert_eq!(near(&rule, &[("san", "a@elsewhere.net")]), None);
    }
}
