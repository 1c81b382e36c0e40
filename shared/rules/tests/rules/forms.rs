//! Values that a field does not have, what is suggested for them, and those that it has.

use crate::common::{NOW, set};
use crate::lint::found;
use sentinel_rules::lint;
use serde_json::json;

#[track_caller]
fn check(field: &str, value: &str, expect: Option<(&str, Option<&str>)>) {
    // Beside an identity, so that nothing is said of what the value says of nobody.
    let rules = json!([{"name": "r", "match": {"any": [{field: value}], "fingerprint": "ab".repeat(32)}}]);
    let lints = lint(&set(&rules), &rules, NOW);
    let lints: Vec<_> = lints
        .iter()
        .map(|lint| (lint.id.word(), lint.help.as_deref()))
        .collect();
    match expect {
        None => assert!(lints.is_empty(), "{field}: {value:?}: {lints:?}"),
        Some((id, meant)) => {
            let [(found, help)] = lints.as_slice() else {
                panic!("{field}: {value:?}: {lints:?}");
            };
            assert_eq!(*found, id, "{field}: {value:?}");
            if let Some(meant) = meant {
                let help = help.unwrap_or_default();
                assert!(help.contains(&format!("`{meant}`")), "{field}: {value:?}: {help}");
            }
        }
    }
}

fn wrong(field: &str, value: &str, meant: &str) {
    check(field, value, Some(("not-a-value", Some(meant))));
}

#[test]
fn repositories_and_owners() {
    let owner = "source-repository-owner-uri";
    wrong(owner, "https://github.com/acme/", "https://github.com/acme");
    wrong(owner, "acme", "https://github.com/acme");
    wrong(owner, "github.com/acme", "https://github.com/acme");
    wrong(owner, "https://github.com/acme/x", "https://github.com/acme");
    wrong(owner, "prefix:github.com/acme", "prefix:https://github.com/acme");
    check(owner, "https://github.com/acme", None);
    check(owner, "https://gitlab.com/group/sub", None);
    check(owner, "https://git.example/a/b", None);
    let repository = "source-repository-uri";
    wrong(repository, "acme/x", "https://github.com/acme/x");
    wrong(repository, "https://github.com/acme/x.git", "https://github.com/acme/x");
    wrong(repository, "https://github.com/acme/x/", "https://github.com/acme/x");
    wrong(
        repository,
        "https://github.com/acme",
        "source-repository-owner-uri: https://github.com/acme",
    );
    wrong(
        repository,
        "https://github.com/acme/x/tree/main",
        "https://github.com/acme/x",
    );
    check(repository, "https://gitlab.com/group/sub/x", None);
    check(repository, "https://git.example/x.git", None);
    check(repository, "prefix:https://github.com/acme/", None);
    check(repository, "prefix:ht", None);
    let name = "github-workflow-repository";
    wrong(name, "https://github.com/acme/x", "acme/x");
    wrong(name, "github.com/acme/x", "acme/x");
    wrong(name, "acme/x.git", "acme/x");
    wrong(name, "glob:https://github.com/acme/*", "prefix:acme/");
    check(name, "acme", Some(("not-a-value", None)));
    check(name, "acme/x", None);
    let build = "build-signer-uri";
    wrong(
        build,
        "https://github.com/acme/x/.github/workflows/y.yml",
        "glob:https://github.com/acme/x/.github/workflows/y.yml@**",
    );
    check(build, "https://github.com/acme/x/.github/workflows/y.yml@v1.4.0", None);
    check(
        "build-config-uri",
        "https://example.com/owner/repository/build-config.yml",
        None,
    );
}

#[test]
fn refs_commits_and_words() {
    wrong("source-repository-ref", "main", "refs/heads/main");
    wrong("source-repository-ref", "v1.0", "refs/tags/v1.0");
    wrong("github-workflow-ref", "heads/main", "refs/heads/main");
    wrong("source-repository-ref", "prefix:release/", "prefix:refs/heads/release/");
    check("source-repository-ref", "refs/pull/1/merge", None);
    check("source-repository-ref", "prefix:refs/tags/", None);
    wrong("source-repository-digest", "abcdef", "prefix:abcdef");
    wrong("github-workflow-sha", &"AB".repeat(20), &"ab".repeat(20));
    check("source-repository-digest", &"ab".repeat(20), None);
    check("build-config-digest", &format!("sha1:{}", "ab".repeat(20)), None);
    check(
        "source-repository-owner-identifier",
        "acme",
        Some(("not-a-value", None)),
    );
    check("source-repository-identifier", "1234", None);
    wrong("runner-environment", "githubhosted", "github-hosted");
    wrong("build-trigger", "Push", "push");
    wrong("source-repository-visibility-at-signing", "Public", "public");
    check("build-trigger", "push", None);
    check("build-trigger", "merge_request_event", None);
    check("build-trigger", "webhook", None);
    check("runner-environment", "some-cloud", None);
}

#[test]
fn names() {
    wrong(
        "san",
        "github.com/acme/repo",
        "source-repository-uri: https://github.com/acme/repo",
    );
    wrong("san", "glob:github.com/acme/**", "prefix:https://github.com/acme/");
    wrong("san", "@example.com", "domain:example.com");
    wrong("subject", "mailto:a@b.c", "a@b.c");
    check("san", "a@bücher.de", Some(("not-a-value", None)));
    check("san", "acme", Some(("not-a-value", None)));
    for good in [
        "a@b.c",
        "user!example.com",
        "spiffe://x/y",
        "localhost",
        "a/b@c.d",
        "10.0.0.1",
    ] {
        check("san", good, None);
    }
    let rules = json!([{"name": "r", "match": {"san": "example.com"}}]);
    assert_eq!(found(&rules), ["note not-a-value match.san"]);
    check("subject", "me at my laptop", None);
    check("san", "domain:example.com", None);
}

#[test]
fn blanks_at_an_end() {
    for (text, meant) in [
        ("a@b.c ", "a@b.c"),
        (" a@b.c", "a@b.c"),
        ("a@b.c\n", "a@b.c"),
        ("suffix:@b.c ", "suffix:@b.c"),
        ("glob:*@b.c\n", "glob:*@b.c"),
    ] {
        check("san", text, Some(("white-space", Some(meant))));
    }
    check("token-subject", " x", Some(("white-space", Some("x"))));
    check("token-subject", "a b", None);
    check("fingerprint", &format!(" {}\n", "ab".repeat(20)), None);
    check("token-subject", r"regex:a\ ", None);
}

#[test]
fn globs_of_shells() {
    check("san", "glob:{a,b}@x.example", Some(("bare-wildcard", None)));
    check("san", "glob:[ab]*@x.example", Some(("bare-wildcard", None)));
    check("san", "glob:*dependabot[bot]@x.example", None);
    check("san", "glob:https://[::1]/**", None);
    check("token-subject", "glob:{\"a\"}*", None);
}

#[test]
fn digests_and_fingerprints() {
    let not = Some(("not-a-value", None));
    for digest in [
        "regex:2D7116.*",
        "regex:sha256:2d7116.*",
        "prefix:xyz",
        "glob:2d71-*",
        "regex:[g-z].*",
    ] {
        check("digest", digest, not);
    }
    for digest in [
        "regex:2d7116.*",
        "prefix:SHA256:2D71",
        "suffix:sha256:ab",
        "regex:[A-Fa-f0-9]+",
        "glob:2D71*",
    ] {
        check("digest", digest, None);
    }
    for fingerprint in ["zz", "AB:CD", "regex:AB.*", "regex:ab:cd.*"] {
        check("fingerprint", fingerprint, not);
    }
    let base64 = "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDx0PSBn5J8eYR7XMQ";
    for fingerprint in [base64, "regex:ab.*", "regex:uNiVz.*", "prefix:AB:CD", &"AB:".repeat(20)] {
        check("fingerprint", fingerprint, None);
    }
    // Too few digits are only noted: `found` says so.
    let rules = json!([{"name": "r", "match": {"fingerprint": "A0B1C2D3E4F5"}}]);
    assert_eq!(found(&rules), ["note not-a-value match.fingerprint"]);
}

#[test]
fn what_was_said_is_so() {
    let said = |matches: &serde_json::Value| {
        let rules = json!([{"name": "r", "match": matches}]);
        let lints = lint(&set(&rules), &rules, NOW);
        lints
            .first()
            .map(|lint| format!("{} | {}", lint.message, lint.help.as_deref().unwrap_or_default()))
    };
    let dot = said(&json!({"san": r"regex:a@mail\.example.com"})).unwrap();
    assert!(
        dot.contains("in `mail\\.example.com`") || dot.contains("`examplexcom` matches too"),
        "{dot}"
    );
    let star = said(&json!({"san": "glob:*"})).unwrap();
    assert!(star.contains("without a `/`"), "{star}");
    assert_eq!(said(&json!({"san": "exact:regex:.*@x"})), None);
    assert_eq!(
        said(&json!({"san": "a@b.c", "issuer": "prefix:https://github.com/login"})),
        None
    );
    let owner = said(&json!({"san": "glob:https://github.com/acme-*/**"})).unwrap();
    assert!(owner.contains("OWNER/") && !owner.contains("acme-/"), "{owner}");
    let issuer = said(&json!({"san": "a@b.c", "issuer": "suffix:google.com"})).unwrap();
    assert!(!issuer.contains("suffix:@"), "{issuer}");
    let rules = |extra: serde_json::Value| {
        let mut narrow = json!({"name": "r", "match": {"san": "a@b.c"}});
        narrow
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        found(&json!([narrow, {"name": "s", "match": {"san": "domain:b.c"}}]))
    };
    assert_eq!(rules(json!({})), ["swallowed name"]);
    assert_eq!(rules(json!({"note": "Page Ann."})), ["note swallowed name"]);
    assert_eq!(rules(json!({"labels": {"team": "x"}})), ["note swallowed name"]);
}
