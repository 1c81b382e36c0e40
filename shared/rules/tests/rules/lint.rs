//! Each lint, what it says, and the rule beside it that it must not speak of.

use crate::common::{NOW, set};
use sentinel_rules::{Weight, lint};
use serde_json::{Value, json};

pub(crate) fn found(rules: &Value) -> Vec<String> {
    let lints = lint(&set(rules), rules, NOW);
    let line = |lint: sentinel_rules::Lint| {
        let mark = match lint.weight {
            Weight::Warning => "",
            Weight::Note => "note ",
        };
        let path = lint.path.trim_start_matches("rules[0].");
        format!("{mark}{} {path}", lint.id.word())
    };
    lints.into_iter().map(line).collect()
}

#[track_caller]
fn check(matches: &Value, expect: &[&str]) {
    assert_eq!(found(&json!([{"name": "r", "match": matches}])), expect, "{matches}");
}

#[track_caller]
fn check_san(san: &str, expect: &str) {
    let expect = format!("{expect} match.san");
    let expect = [expect.as_str()];
    check(
        &json!({"san": san}),
        if expect[0].starts_with(' ') { &[] } else { &expect },
    );
}

const WORKFLOW: &str = "https://github.com/acme/widgets/.github/workflows/release.yml@refs/tags/v1";

#[test]
fn contradictions() {
    let google = "https://accounts.google.com";
    let all = |one: Value, two: Value| json!({"all": [one, two]});
    check(
        &all(json!({"kind": "dsse"}), json!({"kind": "intoto"})),
        &["unreachable match"],
    );
    check(&all(json!({"kind": "tuf"}), json!({"kind": "tuf"})), &[]);
    check(
        &all(json!({"log": "prefix:a.example"}), json!({"log": "prefix:b.example"})),
        &["unreachable match"],
    );
    check(&all(json!({"log": "prefix:a."}), json!({"log": "suffix:.b"})), &[]);
    check(
        &all(json!({"san": "a@b.c"}), json!({"not": {"san": "a@b.c"}})),
        &["unreachable match"],
    );
    check(
        &all(json!({"san": "a@b.c"}), json!({"not": {"san": "suffix:@b.c"}})),
        &["unreachable match"],
    );
    check(
        &all(json!({"san": "suffix:@b.c"}), json!({"not": {"san": "a@b.c"}})),
        &[],
    );
    // A certificate may have several names, and an issuer only once.
    check(&all(json!({"san": "a@b.c"}), json!({"san": "d@b.c"})), &[]);
    check(
        &all(json!({"issuer": google}), json!({"issuer": "https://x.example"})),
        &["two-values match"],
    );
    check(
        &all(
            json!({"issuer": google, "san": "a@b.c"}),
            json!({"issuer": "HTTPS://accounts.google.com"}),
        ),
        &[],
    );
    check(
        &json!({"any": [{"san": "a@b.c"}, {"kind": "dsse", "not": {"kind": "dsse"}}]}),
        &["unreachable match.any[1]"],
    );
    check(
        &json!({"any": [{"san": "a@b.c"}, {"not": {"san": "a@b.c"}}]}),
        &["matches-everything match"],
    );
    let only = json!([{"name": "r", "match": {"kind": "dsse"}, "only": {"kinds": "intoto"}}]);
    assert_eq!(found(&only), ["unreachable match"]);
}

#[test]
fn patterns_that_match_more_than_they_seem_to() {
    for everything in [
        "glob:**",
        "glob:*",
        "regex:.*",
        "regex:.+",
        "regex:(.*)",
        r"regex:[\s\S]*",
    ] {
        check_san(everything, "matches-everything");
    }
    check(&json!({"issuer": "https://x.example", "not": {"san": "glob:**"}}), &[]);
    for owner in [
        "glob:https://github.com/acme*/**",
        "glob:https://github.com/acme**",
        "prefix:https://github.com/acme",
        r"regex:https://github\.com/acme.*",
    ] {
        check_san(owner, "open-ended-owner");
    }
    check_san("prefix:https://github.com/acme/", "");
    check_san("glob:https://github.com/acme/**", "");
    check_san(r"regex:https://github\.com/acme/.*", "");
    check_san(r"regex:https://github\.com/(acme|acme-labs)/.*", "");
    for any in [
        "glob:https://github.com/*/widgets/.github/workflows/release.yml@refs/tags/v1",
        "glob:https://github.com/**/release.yml@refs/tags/**",
        "prefix:https://gitlab.com/",
        r"regex:https://github\.com/[^/]+/widgets/.*",
    ] {
        check_san(any, "any-owner");
    }
    check_san("prefix:https://git.example/", "");
    for domain in ["suffix:example.com", "glob:**example.com", r"regex:.*example\.com"] {
        check_san(domain, "open-ended-domain");
    }
    check_san("suffix:@example.com", "");
    check_san("suffix:.example.com", "");
    check_san("domain:example.com", "");
    check_san("suffix:release.yml", "");
    check_san(r"regex:.*acme/.*", "note contains");
    check_san("glob:**/acme/**", "note contains");
    check(
        &json!({"source-repository-uri": "glob:https://github.com/acme*"}),
        &["open-ended-owner match.source-repository-uri"],
    );
    check(
        &json!({"issuer": [r"regex:https://.*\.example\.com", "glob:**"]}),
        &[
            "matches-everything match.issuer[1]",
            "note redundant-pattern match.issuer[0]",
        ],
    );
}

#[test]
fn dots() {
    check_san("regex:https://github.com/acme/.*", "loose-dot");
    check_san(r"regex:https://github\.com/acme/.*\.yml@.*", "");
    check_san(r"regex:https://github\.com/acme/.+/x@refs/tags/v1..", "");
    let rules = json!([{"name": "r", "match": {"san": "regex:(https://github.com/acme/release.yml|b)@x"}}]);
    let lints = lint(&set(&rules), &rules, NOW);
    assert_eq!(lints.len(), 1, "{lints:?}");
    assert_eq!(
        lints[0].message,
        "the dot in `github.com` stands for any character: `githubxcom` matches too"
    );
    let help = r"write `regex:(https://github\.com/acme/release\.yml|b)@x`";
    assert_eq!(lints[0].help.as_deref(), Some(help));
}

#[test]
fn values_that_there_are_not() {
    check_san("https://github.com/acme", "not-a-san");
    check_san("https://github.com/acme/widgets", "not-a-san");
    check_san("https://github.com/acme/widgets/.github/workflows/x.yml", "not-a-san");
    check_san(WORKFLOW, "");
    check_san("https://github.com/acme/*", "bare-wildcard");
    check(
        &json!({"source-repository-uri": "https://github.com/acme/widgets"}),
        &[],
    );
    check(&json!({"san": "*.example.com"}), &[]);
    check(&json!({"san": "glob:https://git.example/a/.*"}), &[]);
    check(
        &json!({"san": "glob:^https://git.example/x$"}),
        &["bare-wildcard match.san"],
    );
    for issuer in [
        "accounts.google.com",
        "https://accounts.google.com/",
        "https://acounts.google.com",
        "sso.example",
    ] {
        check(&json!({"issuer": issuer}), &["unknown-issuer match.issuer"]);
    }
    check(
        &json!({"issuer": ["https://accounts.google.com", "https://sso.example"], "san": "a@b.c"}),
        &[],
    );
    check(
        &json!({"kind": ["dsse", "hashrekord"], "san": "a@b.c"}),
        &["unknown-kind match.kind[1]"],
    );
    check(
        &json!({"1.3.6.1.4.1.57264.1.99": "x"}),
        &["unknown-extension match[\"1.3.6.1.4.1.57264.1.99\"]"],
    );
    check(
        &json!({"not": {"1.3.6.1.4.1.57264.1.7": "x"}}),
        &["unknown-extension match.not[\"1.3.6.1.4.1.57264.1.7\"]"],
    );
    check(
        &json!({"1.3.6.1.4.1.57264.1.9": "https://x/y", "1.3.6.1.4.1.57264.1.1": "x", "1.2.3": "x"}),
        &[],
    );
    let only = json!([{"name": "r", "match": {"san": "a@b.c"}, "only": {"kinds": ["dsse", "dssee"]}}]);
    assert_eq!(found(&only), ["unknown-kind only.kinds[1]"]);
}

#[test]
fn issuers_and_identities() {
    let both = |issuer: Value, san: Value| json!({"issuer": issuer, "san": san});
    let (google, github) = (
        "https://accounts.google.com",
        "https://token.actions.githubusercontent.com",
    );
    let wrong = &["issuer-and-san match.san"];
    check(&both(json!(google), json!(WORKFLOW)), wrong);
    check(&both(json!(github), json!("me@example.com")), wrong);
    check(
        &both(json!("https://gitlab.com"), json!("glob:https://github.com/acme/**")),
        wrong,
    );
    check(&both(json!(google), json!("me@example.com")), &[]);
    check(&both(json!(github), json!(WORKFLOW)), &[]);
    check(
        &both(json!([google, github]), json!(WORKFLOW)),
        &["note issuer-and-san match.issuer[0]"],
    );
    check(&both(json!([google, github]), json!([WORKFLOW, "a@b.c"])), &[]);
    check(&both(json!("https://sso.example"), json!(WORKFLOW)), &[]);
    check(&both(json!(google), json!("domain:example.com")), &[]);
    check(
        &both(json!(github), json!("glob:**/release.yml@refs/tags/v1")),
        &["any-owner match.san"],
    );
    check(
        &json!({"any": [{"issuer": google, "san": "a@b.c"}, {"san": WORKFLOW}]}),
        &[],
    );
}

#[test]
fn rules_beside_each_other() {
    let rules = |one: Value, two: Value| json!([{"name": "r", "match": one}, {"name": "s", "match": two}]);
    let check = |one: Value, two: Value, expect: &[&str]| assert_eq!(found(&rules(one, two)), expect);
    check(
        json!({"san": "a@b.c"}),
        json!({"san": "a@B.C"}),
        &["duplicate rules[1].name"],
    );
    check(
        json!({"san": ["a@b.c", "d@b.c"]}),
        json!({"san": ["d@b.c", "a@b.c"]}),
        &["duplicate rules[1].name"],
    );
    check(
        json!({"san": "a@b.c"}),
        json!({"san": "suffix:@b.c"}),
        &["swallowed name"],
    );
    check(
        json!({"san": "suffix:@b.c"}),
        json!({"san": "a@b.c"}),
        &["swallowed rules[1].name"],
    );
    check(json!({"san": "suffix:@b.c"}), json!({"san": "a@d.c"}), &[]);
    check(
        json!({"san": "a@b.c", "kind": "dsse"}),
        json!({"san": "a@b.c"}),
        &["swallowed name"],
    );
    check(
        json!({"san": "prefix:https://x.example/a/b"}),
        json!({"san": "glob:https://x.example/*/**"}),
        &["swallowed name"],
    );
    check(
        json!({"san": "domain:*.b.c.example"}),
        json!({"san": "domain:*.c.example"}),
        &["swallowed name"],
    );
    check(
        json!({"san": "domain:b.c.example"}),
        json!({"san": "domain:*.c.example"}),
        &["swallowed name"],
    );
    check(
        json!({"san": "domain:c.example"}),
        json!({"san": "domain:*.c.example"}),
        &[],
    );
    check(
        json!({"san": "regex:a@b|c@b"}),
        json!({"san": "suffix:@b"}),
        &["swallowed name"],
    );
    check(
        json!({"san": r"regex:https://x\.example/a/.*b"}),
        json!({"san": "prefix:https://x.example/a/"}),
        &["swallowed name"],
    );
    let severe = json!([
        {"name": "r", "match": {"san": "a@b.c"}, "severity": "critical"},
        {"name": "s", "match": {"san": "suffix:@b.c"}},
    ]);
    assert_eq!(found(&severe), ["note swallowed name"]);
}

#[test]
fn allowances() {
    let rules =
        |allow: Value| json!([{"name": "r", "match": {"san": "prefix:https://github.com/acme/"}, "allow": allow}]);
    let check = |allow: Value, expect: &[&str]| assert_eq!(found(&rules(allow)), expect);
    check(json!([{"san": "prefix:https://github.com/acme/x/"}]), &[]);
    check(
        json!([{"san": "prefix:https://github.com/acme/"}]),
        &["allows-everything allow[0]"],
    );
    check(
        json!([{"san": "glob:**"}]),
        &["matches-everything allow[0].san", "allows-everything allow[0]"],
    );
    check(
        json!([{"san": "glob:**/acme/**"}]),
        &["contains allow[0].san", "allows-everything allow[0]"],
    );
    check(
        json!([{"kind": "dsse"}, {"not": {"kind": "dsse"}}]),
        &["allows-everything allow"],
    );
    check(
        json!([{"kind": "dsse", "not": {"kind": "dsse"}}]),
        &["unreachable allow[0]"],
    );
    check(
        json!([{"san": WORKFLOW, "until": "2026-11-19"}]),
        &["expired allow[0].until"],
    );
    check(
        json!([{"san": WORKFLOW, "until": "2026-11-20"}]),
        &["note expires-soon allow[0].until"],
    );
    check(json!([{"san": WORKFLOW, "until": "2027-11-20"}]), &[]);
    check(
        json!([{"not": {"san": "prefix:https://github.com/"}}]),
        &["allows-nothing allow[0]"],
    );
    // What has ended swallows nothing.
    check(
        json!([{"san": "prefix:https://github.com/acme/", "until": "2026-01-01"}]),
        &["expired allow[0].until"],
    );
}

#[test]
fn paths_are_those_of_the_file() {
    check(
        &json!({"any": [{"san": ["a@b.c", "glob:**"], "issuer": "https://x.example"}, {"all": [{"san": "regex:.*"}]}]}),
        &[
            "matches-everything match.any[0].san[1]",
            "note redundant-pattern match.any[0].san[0]",
            "matches-everything match.any[1].all[0].san",
        ],
    );
    // Without a file they are those of the spec.
    let rules = json!([{"name": "r", "match": {"san": "glob:**", "issuer": "https://x.example"}}]);
    let lints = lint(&set(&rules), &Value::Null, NOW);
    assert_eq!(lints[0].path, "rules[0].match.all[1].san");
}

#[test]
fn many_rules_are_compared_in_time() {
    let rule = |at: usize| json!({"name": format!("r{at}"), "match": {"san": format!("prefix:https://github.com/acme/{at}/")}});
    let mut rules: Vec<Value> = (0..5_000).map(rule).collect();
    rules.push(json!({"name": "all", "match": {"san": "prefix:https://github.com/acme/"}}));
    let rules = Value::Array(rules);
    let begun = std::time::Instant::now();
    let lints = lint(&set(&rules), &rules, NOW);
    assert_eq!(lints.len(), 5_000);
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
}
