//! `monitoredValues` as those know it who have it: what it matches, what of its faults is gone, and what is stricter in the
//! rules that are made of it.

use crate::common::{ask, entry};
use sentinel_rules::{Diagnostic, Matcher, RuleSet, monitored, read, tighten};
use serde_json::{Value, json};

/// One signer, as field names and values.
type Signer<'v> = &'v [(&'v str, &'v str)];

#[track_caller]
fn check(block: &Value, signer: Signer<'_>, expect: bool) {
    let set = read(&Value::Null, block).unwrap();
    assert_eq!(!ask(&set, &entry(&[signer])).is_empty(), expect, "{block} {signer:?}");
}

fn identity(subject: &str, issuers: &[&str]) -> Value {
    json!({"certIdentities": [{"certSubject": subject, "issuers": issuers}]})
}

#[test]
fn expressions_match_any_part() {
    let who = identity(r"user@domain\.com", &[]);
    for (san, expect) in [
        ("user@domain.com", true),
        ("otheruser@domain.com.example", true),
        ("user@DOMAIN.com", true),
        ("user@domainxcom", false),
        ("User@domain.com", false),
    ] {
        check(&who, &[("san", san)], expect);
        // Not an identity of a certificate.
        check(&who, &[("subject", san)], false);
    }
    check(&identity("^user@", &[]), &[("san", "user@x")], true);
    check(&identity("^user@", &[]), &[("san", "otheruser@x")], false);
    check(&identity("a.*z$", &[]), &[("san", "bab/z")], true);
    check(&identity("a.*z$", &[]), &[("san", "bab/zy")], false);
    check(&identity("^a|b$", &[]), &[("san", "xb")], true);
    check(&json!({"subjects": ["b.b"]}), &[("subject", "abob")], true);
    check(&json!({"subjects": ["b.b"]}), &[("san", "abob")], false);
}

#[test]
fn issuers_are_any_of_or_nobodys() {
    let who = identity("user@", &[r"accounts\.google", "github"]);
    let signer = |issuer| [("san", "user@x"), ("issuer", issuer)];
    check(&who, &signer("https://accounts.google.com"), true);
    check(&who, &signer("https://github.com/login/oauth"), true);
    check(&who, &signer("https://gitlab.com"), false);
    check(&who, &[("san", "user@x")], false);
    check(&who, &[("san", "bob@x"), ("issuer", "https://github.com")], false);
    // A certificate without an issuer is somebody's all the same.
    check(&identity("user@", &[]), &[("san", "user@x")], true);
    check(
        &json!({"certIdentities": [{"certSubject": "user@", "issuers": null}]}),
        &[("san", "user@x")],
        true,
    );
    // One signer's identity and another's issuer are nobody.
    let set = read(&Value::Null, &who).unwrap();
    let two = entry(&[&[("san", "user@x")], &[("issuer", "https://github.com")]]);
    assert_eq!(ask(&set, &two), []);
}

#[test]
fn the_syntax_is_that_of_re2() {
    // ASCII digits and letters, unlike ours.
    check(&identity(r"^\d$", &[]), &[("san", "7")], true);
    check(&identity(r"^\d$", &[]), &[("san", "٧")], false);
    check(&identity(r"^\w+$", &[]), &[("san", "é")], false);
    check(&identity(r"a\b", &[]), &[("san", "aé")], true);
    check(&identity(r"\Qa.b\E", &[]), &[("san", "a.b")], true);
    check(&identity(r"\Qa.b\E", &[]), &[("san", "axb")], false);
    check(&identity("(?P<who>bob)@", &[]), &[("san", "bob@x")], true);
    check(&identity("(?i)BOB", &[]), &[("san", "bob@x")], true);
    check(&identity("x{,2}", &[]), &[("san", "x{,2}")], true);
    check(&identity("x{,2}", &[]), &[("san", "xx")], false);
    check(&identity("[a&&b]$", &[]), &[("san", "x&")], true);
    check(&identity(r"\pN$", &[]), &[("san", "x٧")], true);
}

#[test]
fn fingerprints_have_several_spellings() {
    for written in ["A0B1C2D3", "a0:b1:c2:d3", "0xA0B1C2D3", "SHA256:a0b1c2d3"] {
        let block = json!({"fingerprints": [written]});
        check(&block, &[("fingerprint", "a0b1c2d3")], true);
        check(&block, &[("fingerprint", "a0b1c2d3e4")], false);
    }
    check(
        &json!({"fingerprints": ["SHA256:uNiVztksCs"]}),
        &[("fingerprint", "uNiVztksCs")],
        true,
    );
    check(
        &json!({"fingerprints": ["uNiVztksCs"]}),
        &[("fingerprint", "univztkscs")],
        false,
    );
    let twice = json!({"fingerprints": ["A0B1C2D3", "a0:b1:c2:d3"]});
    assert_eq!(monitored(&twice).unwrap().len(), 1);
}

#[test]
fn extensions_are_whole_values_and_none_is_lost() {
    let ref_oid = "1.3.6.1.4.1.57264.1.14";
    let block = json!({"oidMatchers": {
        "fulcioExtensions": {"source-repository-ref": ["refs/a"]},
        "oidExtensions": [{"objectIdentifier": [1, 3, 6, 1, 4, 1, 57264, 1, 14], "extensionValues": ["refs/b"]}],
        "customExtensions": [
            {"objectIdentifier": ref_oid, "extensionValues": ["refs/c", "refs/a"]},
            {"objectIdentifier": ref_oid, "extensionValues": ["glob:*"]},
        ],
    }});
    for (value, expect) in [
        ("refs/a", true),
        ("refs/b", true),
        ("refs/c", true),
        ("glob:*", true),
        ("refs/ab", false),
    ] {
        check(&block, &[(ref_oid, value)], expect);
    }
    let found = monitored(&block).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].spec.name, "monitored source-repository-ref");
    assert_eq!(
        found[0].path,
        "monitoredValues.oidMatchers.fulcioExtensions.source-repository-ref"
    );
    // The issuer by name is either extension, whichever the certificate has.
    let issuer = json!({"oidMatchers": {"fulcioExtensions": {"issuer": ["https://x"]}}});
    for number in ["1", "8"] {
        check(
            &issuer,
            &[(&format!("1.3.6.1.4.1.57264.1.{number}"), "https://x")],
            true,
        );
    }
    check(&issuer, &[("1.3.6.1.4.1.57264.1.9", "https://x")], false);
}

/// What stands in a file's other rules and order changes no name, so that findings keep their ids.
#[test]
fn names_are_made_of_what_is_watched_for() {
    let names = |block: &Value| {
        monitored(block)
            .unwrap()
            .into_iter()
            .map(|it| it.spec.name)
            .collect::<Vec<_>>()
    };
    let block = json!({"certIdentities": [{"certSubject": "a"}, {"certSubject": "a", "issuers": ["b"]}, {"certSubject": "a"}],
        "subjects": ["a", "a\nb"]});
    let found = names(&block);
    assert_eq!(
        found[..3],
        [
            "monitored certSubject a",
            "monitored certSubject a, issuers b",
            "monitored subject a"
        ]
    );
    assert!(
        found[3].starts_with("monitored subject a b... ") && found.len() == 4,
        "{found:?}"
    );
    assert_eq!(names(&json!({"subjects": ["a"]})), found[2..3]);
    let (long, longer) = ("x".repeat(500), "x".repeat(501));
    let found = names(&json!({"subjects": [long, longer]}));
    assert!(
        found[0] != found[1]
            && found
                .iter()
                .all(|name| name.chars().count() <= sentinel_rules::MAX_NAME_CHARS)
    );
    // Words that read the same and do not mean the same.
    let found = names(&json!({"certIdentities": [
        {"certSubject": "a, issuers b"}, {"certSubject": "a", "issuers": ["b"]},
    ]}));
    assert!(found.len() == 2 && found[0] != found[1]);
}

#[test]
fn rules_stand_beside_it() {
    let rules = json!([{"name": "ours", "match": {"san": "a@b.c"}}]);
    let set = read(&rules, &json!({"subjects": ["a"]})).unwrap();
    let names: Vec<&str> = set.specs().iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["ours", "monitored subject a"]);
    let specs = set.specs().to_vec();
    assert_eq!(RuleSet::compile(specs).unwrap().hash(), set.hash());
    assert!(read(&Value::Null, &Value::Null).unwrap().is_empty());
    assert!(read(&Value::Null, &json!({})).unwrap().is_empty());
}

#[track_caller]
fn refuses(rules: &Value, block: &Value, expect: &[(&str, &str)]) {
    let found = read(rules, block).unwrap_err();
    let found: Vec<_> = found
        .iter()
        .map(|Diagnostic { path, message, .. }| (path.as_str(), message.as_str()))
        .collect();
    assert_eq!(found, expect);
}

#[test]
fn mistakes_of_both_are_named_together() {
    refuses(
        &json!([{"name": "r"}]),
        &json!({"subjects": [r"a\C"]}),
        &[
            ("rules[0]", "has no `match`: what should it look for?"),
            (
                "monitoredValues.subjects[0]",
                "has `\\C`, one byte of a character; values are text: write `.` for a character",
            ),
        ],
    );
    refuses(
        &json!([{"name": "monitored subject a", "match": {"san": "a@b.c"}}]),
        &json!({"subjects": ["a"]}),
        &[(
            "rules[0].name",
            "`monitored subject a` is the name of monitoredValues.subjects[0] already; names are unique",
        )],
    );
    // What only the whole set can tell is told of the value as well.
    let many: Vec<String> = (0..300).map(|at| format!("[a-z]{{{at},}}")).collect();
    let found = read(&Value::Null, &json!({"subjects": many})).unwrap_err();
    assert!(found[0].path.starts_with("monitoredValues.subjects["), "{found:?}");
    refuses(
        &Value::Null,
        &json!([]),
        &[(
            "monitoredValues",
            "must be a mapping with `certIdentities`, `subjects`, `fingerprints`, `oidMatchers`, not a list",
        )],
    );
}

/// What the expression of a `certSubject` becomes, and whether something is told of it.
#[track_caller]
fn tightens(source: &str, expect: &[&str], told: usize, open: bool) {
    let found = monitored(&identity(source, &[])).unwrap();
    let tight = tighten(&found[0]);
    let Matcher::Field { patterns, .. } = &tight.spec.matches else {
        panic!("{:?}", tight.spec.matches);
    };
    let json = serde_json::to_value(&tight.spec.matches).unwrap();
    let written = match &json["san"] {
        Value::String(one) => vec![one.as_str()],
        many => many.as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect(),
    };
    assert_eq!(
        (written, tight.open.len() == 1),
        (expect.to_vec(), open),
        "{source} {patterns:?}"
    );
    let words = tight.tightened.first().map_or(0, |words| words.split("; ").count());
    assert_eq!(words, told, "{source}: {:?}", tight.tightened);
    assert_eq!(tight.spec.name, found[0].spec.name);
}

#[test]
fn what_is_plainly_meant_is_tightened() {
    tightens(r"user@domain\.com", &["user@domain.com"], 2, false);
    tightens("user@domain.com", &["user@domain.com"], 3, false);
    tightens(r"^user@domain\.com$", &["user@domain.com"], 0, false);
    tightens(r"@domain\.com", &["suffix:@domain.com"], 1, false);
    tightens(r"-bot@domain\.com", &["suffix:-bot@domain.com"], 1, false);
    tightens(r".*@domain\.com", &["suffix:@domain.com"], 1, false);
    tightens(
        r"https://github\.com/acme/",
        &["prefix:https://github.com/acme/"],
        1,
        false,
    );
    tightens(
        r"^https://github\.com/acme/.*$",
        &["prefix:https://github.com/acme/"],
        0,
        false,
    );
    tightens(r"https://a\.b", &["https://a.b", "prefix:https://a.b/"], 2, false);
    tightens(r"https://a\.b.*", &["prefix:https://a.b"], 1, false);
    tightens(
        r"https://a\.b/(c|d)",
        &[r"regex:(?:^https://a\.b/(c|d))(?s:.*)"],
        1,
        false,
    );
}

#[test]
fn what_is_not_keeps_its_meaning() {
    tightens("acme", &["regex:(?s:.*)acme(?s:.*)"], 0, true);
    tightens("acme.example", &[r"regex:(?s:.*)acme\.example(?s:.*)"], 1, true);
    tightens("a..b", &["regex:(?s:.*)a..b(?s:.*)"], 0, true);
    tightens(r"(a|b)@c\.d", &[r"regex:(?s:.*)(?:(a|b)@c\.d)(?s:.*)"], 0, true);
    tightens("https://a|b", &["regex:(?s:.*)(?:https://a|b)(?s:.*)"], 0, true);
    tightens("[a-z]+$", &["regex:(?s:.*)[a-z]+$"], 0, false);
    tightens(
        r"user@domain\.com|x",
        &[r"regex:(?s:.*)(?:user@domain\.com|x)(?s:.*)"],
        0,
        true,
    );
    tightens("ab?c@d.e", &["regex:(?s:.*)ab?c@d.e(?s:.*)"], 0, true);
}
