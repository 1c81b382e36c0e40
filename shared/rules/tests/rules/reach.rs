//! Whom a rule reaches: allowances that strangers get into, matches that are everybody's, and sensible ones beside them.

use crate::common::{LOG, NOW, entry, set};
use crate::lint::found;
use sentinel_rules::{Context, lint};
use serde_json::{Value, json};

const OWNER: &str = "https://github.com/acme";

/// What is said of this allowance of what the owner's repositories sign.
#[track_caller]
fn check(allow: &Value, expect: &[&str]) {
    let rules = json!([{"name": "r", "match": {"source-repository-owner-uri": OWNER}, "allow": [allow]}]);
    assert_eq!(found(&rules), expect, "{allow}");
}

#[track_caller]
fn check_match(matches: &Value, expect: &[&str]) {
    assert_eq!(found(&json!([{"name": "r", "match": matches}])), expect, "{matches}");
}

const OPEN: [&str; 8] = [
    "domain:github.com",
    "prefix:https://",
    "prefix:https://github.com",
    "glob:https://**",
    "regex:https://.*",
    "glob:*://**",
    "glob:https://*/acme/**",
    "suffix:@refs/heads/main",
];

#[test]
fn an_allowance_that_strangers_get_into() {
    for san in OPEN {
        let rules = json!([{"name": "r", "match": {"source-repository-owner-uri": OWNER}, "allow": [{"san": san}]}]);
        let lints = lint(&set(&rules), &rules, NOW);
        let is_open = |id: &str| ["open-allowance", "open-ended-host", "any-owner"].contains(&id);
        assert!(lints.len() == 1 && is_open(lints[0].id.word()), "{san} {lints:?}");
        assert_eq!(lints[0].path, "rules[0].allow[0].san");
        // What is named is allowed.
        let value = lints[0]
            .message
            .split('`')
            .find(|part| part.contains("mallory"))
            .unwrap()
            .to_owned();
        let signed = entry(&[&[("san", value.as_str()), ("source-repository-owner-uri", OWNER)]]);
        let mut matched = Vec::new();
        set(&rules).matches(&signed, &Context { log: LOG, now: NOW }, &mut matched);
        assert!(matched[0].allowed, "{san} {value}");
    }
    for san in [
        "glob:https://github.com/acme/*/.github/workflows/release.yml@refs/tags/**",
        "prefix:https://github.com/acme/",
        "domain:example.com",
        r"regex:https://github\.com/acme/[a-z]+/\.github/workflows/release\.yml@refs/tags/v\d+",
        "prefix:https://git.example/",
    ] {
        check(&json!({"san": san}), &[]);
    }
    for san in ["suffix:@example.com", "glob:*@example.com", "bob@gmail.com"] {
        let matches = json!({"any": [{"san": "domain:*.example.com"}, {"source-repository-owner-uri": OWNER}]});
        assert_eq!(
            found(&json!([{"name": "r", "match": matches, "allow": [{"san": san}]}])),
            [""; 0],
            "{san}"
        );
    }
}

#[test]
fn an_allowance_that_names_nobody() {
    let open = &["open-allowance allow[0]"];
    check(&json!({"issuer": "https://token.actions.githubusercontent.com"}), open);
    check(&json!({"kind": ["hashedrekord", "dsse"]}), open);
    check(&json!({"not": {"kind": "rfc3161"}}), open);
    check(&json!({"build-trigger": "push", "kind": "dsse"}), open);
    // The match says whom, and these which.
    check(&json!({"source-repository-ref": "prefix:refs/tags/"}), &[]);
    check(&json!({"not": {"source-repository-ref": "prefix:refs/tags/"}}), &[]);
    check(&json!({"not": {"san": "me@example.com"}}), open);
    check(&json!({"source-repository-uri": "https://github.com/acme/tool"}), &[]);
    check(&json!({"issuer": "https://sso.example"}), &[]);
    check(&json!({"log": "rekor.internal.example"}), &[]);
    check(&json!({"log": "prefix:rekor.sigstore.dev"}), open);
    check(&json!({"digest": "ab".repeat(32)}), &[]);
    // Of an address the issuer is what there is to expect.
    let of = |issuer: &str| json!([{"name": "r", "match": {"san": "me@example.com"}, "allow": [{"issuer": issuer}]}]);
    assert_eq!(found(&of("https://accounts.google.com")), [""; 0]);
    let domain = json!([{"name": "r", "match": {"san": "domain:example.com"}, "allow": [{"issuer": "https://accounts.google.com"}]}]);
    assert_eq!(found(&domain), [""; 0]);
    let ours = json!([{"name": "r", "match": {"san": "prefix:https://github.com/acme/"}, "allow": [{"issuer": "https://token.actions.githubusercontent.com"}]}]);
    assert_eq!(found(&ours), *open);
    // The match pins the identity, so the end alone is enough; but a branch may be called so.
    let end = json!([{"name": "r", "match": {"san": "prefix:https://github.com/acme/"}, "allow": [{"san": "suffix:@refs/tags/v2"}]}]);
    assert_eq!(found(&end), ["within-branch allow[0].san"]);
}

#[test]
fn the_name_of_a_branch_stands_for_the_rest() {
    let within = &["within-branch allow[0].san"];
    for glob in [
        "glob:https://github.com/acme/**@refs/tags/**",
        "glob:https://github.com/acme/**/release.yml@refs/tags/**",
        "glob:https://github.com/acme/widgets/**@refs/tags/v*",
        r"regex:https://github\.com/acme/.*/release\.yml@refs/tags/.*",
        r"regex:https://github\.com/acme/.*release\.yml@.*",
    ] {
        check(&json!({"san": glob}), within);
    }
    for glob in [
        // No part of a ref begins with a dot, and none is empty.
        "glob:https://github.com/acme/**/.github/workflows/release.yml@refs/tags/**",
        "glob:https://gitlab.com/acme/**//.gitlab-ci.yml@refs/tags/*",
        "glob:https://github.com/acme/*/.github/workflows/*@refs/tags/**",
        "glob:https://github.com/acme/**",
        "glob:https://github.com/acme/widgets/.github/workflows/release.yml@**",
        r"regex:https://github\.com/acme/[^/]+/\.github/workflows/release\.yml@refs/tags/[^/]+",
    ] {
        check(&json!({"san": glob}), &[]);
    }
    // What a match finds beside is read by somebody.
    check_match(&json!({"san": "glob:https://github.com/acme/**@refs/tags/**"}), &[]);
}

#[test]
fn a_match_of_everybody() {
    check_match(
        &json!({"issuer": "https://token.actions.githubusercontent.com"}),
        &["names-nobody match.issuer"],
    );
    check_match(&json!({"kind": "hashedrekord"}), &["names-nobody match.kind"]);
    check_match(
        &json!({"source-repository-ref": "refs/heads/main"}),
        &["names-nobody match.source-repository-ref"],
    );
    for san in [
        "domain:github.com",
        "domain:*.com",
        "prefix:http",
        "glob:https://*/widgets/**",
        "domain:gmail.com",
    ] {
        check_match(&json!({"san": san}), &["any-owner match.san"]);
    }
    check_match(
        &json!({"issuer": "prefix:https://accounts.google.com", "san": "a@b.c"}),
        &["open-ended-host match.issuer"],
    );
    check_match(
        &json!({"issuer": "prefix:https://accounts.google.com/", "san": "a@b.c"}),
        &[],
    );
    check_match(
        &json!({"san": "prefix:https://git.example"}),
        &["open-ended-host match.san"],
    );
    // Somebody is named beside it.
    check_match(
        &json!({"san": "suffix:@refs/heads/main", "source-repository-owner-uri": OWNER}),
        &[],
    );
    check_match(&json!({"kind": "hashedrekord", "san": "domain:example.com"}), &[]);
    check_match(&json!({"san": ["domain:*.example.com", "suffix:.example.com"]}), &[]);
    check_match(&json!({"san": "glob:https://*.example.com/**"}), &[]);
    check_match(&json!({"issuer": "https://sso.example"}), &[]);
    check_match(&json!({"kind": "opaque"}), &[]);
    check_match(&json!({"log": "rekor.internal.example"}), &[]);
    check_match(&json!({"log": "glob:log2026-*"}), &["names-nobody match.log"]);
    let only = json!([{"name": "r", "match": {"kind": "dsse"}, "only": {"logs": "rekor.internal.example"}}]);
    assert_eq!(found(&only), [""; 0]);
}

#[test]
fn a_name_of_the_certificate_is_one_of_the_signer() {
    let rules = |allow: Value| json!([{"name": "r", "match": {"san": "me@example.com"}, "allow": [allow]}]);
    assert_eq!(
        found(&rules(json!({"subject": "me@example.com"}))),
        ["allows-everything allow[0]"]
    );
    let subject = json!([{"name": "r", "match": {"subject": "me@example.com"}, "allow": [{"san": "me@example.com"}]}]);
    assert_eq!(found(&subject), [""; 0]);
    for (one, two, at) in [
        (json!({"san": "a@b.c"}), json!({"subject": "domain:b.c"}), "name"),
        (
            json!({"subject": "domain:b.c"}),
            json!({"san": "a@b.c"}),
            "rules[1].name",
        ),
    ] {
        let rules = json!([{"name": "r", "match": one}, {"name": "s", "match": two}]);
        assert_eq!(found(&rules), [format!("swallowed {at}")]);
    }
    // A key of OpenPGP has a subject and no certificate.
    let not = json!([{"name": "r", "match": {"subject": "a@b.c"}}, {"name": "s", "match": {"san": "domain:b.c"}}]);
    assert_eq!(found(&not), [""; 0]);
}

#[test]
fn an_allowance_beside_what_its_match_asks_for() {
    check(
        &json!({"source-repository-owner-uri": "https://github.com/acm"}),
        &["allows-nothing allow[0]"],
    );
    check(
        &json!({"issuer": "https://accounts.google.com"}),
        &["issuer-and-san allow[0].issuer"],
    );
    check(
        &json!({"san": "me@example.com", "issuer": "https://accounts.google.com"}),
        &["issuer-and-san allow[0].issuer"],
    );
    check_match(
        &json!({"source-repository-uri": "https://github.com/acme/x", "issuer": "https://accounts.google.com"}),
        &["issuer-and-san match.source-repository-uri"],
    );
    check_match(
        &json!({"source-repository-uri": "https://github.com/acme/x", "san": "me@example.com"}),
        &["issuer-and-san match.source-repository-uri"],
    );
    check_match(&json!({"token-subject": "x", "san": "me@example.com"}), &[]);
    let github = "https://token.actions.githubusercontent.com";
    for san in [
        "domain:example.com",
        r"regex:.*@example\.com",
        "glob:*@example.com",
        "suffix:@example.com",
    ] {
        check_match(&json!({"issuer": github, "san": san}), &["issuer-and-san match.san"]);
        check_match(&json!({"issuer": "https://accounts.google.com", "san": san}), &[]);
    }
    check_match(
        &json!({"issuer": "glob:https://accounts.google.com/**", "san": "a@b.c"}),
        &[],
    );
    check_match(
        &json!({"issuer": "prefix:https://accounts.google.co", "san": "prefix:https://github.com/acme/"}),
        &["open-ended-host match.issuer", "issuer-and-san match.san"],
    );
}
