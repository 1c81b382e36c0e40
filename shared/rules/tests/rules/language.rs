//! Every operator and every field: what they accept, and the near miss that they refuse.

use crate::common::{Fake, NOW, ask, entry, set};
use sentinel_rules::{Awaits, Context, Match, RuleSet};
use serde_json::{Value, json};
use sigstore::Field;

#[track_caller]
fn check(matches: &Value, entry: &Fake, expect: bool) {
    let set = set(&json!([{"name": "r", "match": matches}]));
    assert_eq!(!ask(&set, entry).is_empty(), expect, "{matches} {entry:?}");
}

/// Asks a pattern over `san` of one value.
#[track_caller]
fn check_san(pattern: &str, value: &str, expect: bool) {
    check(&json!({"san": pattern}), &entry(&[&[("san", value)]]), expect);
}

#[test]
fn exact() {
    check_san("a@b.c", "a@b.c", true);
    for near in ["a@b.c ", "a@b.cc", "xa@b.c", "A@b.c", "a@b", "a@bxc", ""] {
        check_san("a@b.c", near, false);
    }
    check_san("https://x/*", "https://x/y", false);
    check_san("https://x/*", "https://x/*", true);
}

#[test]
fn globs() {
    check_san("glob:https://x/*/z", "https://x/y/z", true);
    check_san("glob:https://x/*/z", "https://x//z", true);
    check_san("glob:https://x/*/z", "https://x/y/y/z", false);
    check_san("glob:https://x/**/z", "https://x/y/y/z", true);
    check_san("glob:https://x/**/z", "https://x/z", false);
    check_san("glob:https://x/**", "https://x/", true);
    check_san("glob:a?c", "abc", true);
    check_san("glob:a?c", "aéc", true);
    check_san("glob:a?c", "a/c", false);
    check_san("glob:a?c", "ac", false);
    check_san("glob:a?c", "abbc", false);
    check_san("glob:a.c", "abc", false);
    check_san("glob:[ab]", "a", false);
    check_san("glob:[ab]", "[ab]", true);
    check_san("glob:{a,b}", "a", false);
    check_san("glob:a*", "xa", false);
    check_san("glob:*a", "ax", false);
    check_san("glob:a*", "a\nb", true);
    check_san("glob:**", "a\n/b", true);
}

#[test]
fn regexes() {
    check_san("regex:a+", "aaa", true);
    check_san("regex:a+", "aab", false);
    check_san("regex:a+", "baa", false);
    check_san("regex:a|ab", "ab", true);
    check_san("regex:a|b", "ab", false);
    check_san("regex:a|b", "xb", false);
    check_san("regex:(?i)alice@x", "Alice@X", true);
    check_san("regex:^a$", "a", true);
    check_san("regex:^a$", "a\n", false);
    check_san("regex:(?m)^a$", "a\nb", false);
    check_san("regex:a.b", "a\nb", false);
}

#[test]
fn prefixes_and_suffixes() {
    check_san("prefix:https://x/", "https://x/y", true);
    check_san("prefix:https://x/", "https://x/", true);
    check_san("prefix:https://x/", "https://x", false);
    check_san("prefix:https://x/Y", "https://x/y", false);
    check_san("prefix:HTTPS://X/y", "https://x/y", true);
    check_san("suffix:@refs/tags/v1", "https://x/y@refs/tags/v1", true);
    check_san("suffix:@refs/tags/v1", "https://x/y@refs/tags/v12", false);
    check_san("suffix:@Example.com", "bob@example.COM", true);
    check_san("suffix:OB@example.com", "bob@example.com", false);
}

#[test]
fn domains() {
    for (value, exact, below) in [
        ("bob@example.com", true, false),
        ("bob@Example.COM", true, false),
        ("https://example.com/x", true, false),
        ("https://example.com:8443/x", true, false),
        ("example.com", true, false),
        ("bob@mail.example.com", false, true),
        ("https://a.b.example.com", false, true),
        ("bob@notexample.com", false, false),
        ("bob@example.com.evil.org", false, false),
        ("https://evil.org/example.com", false, false),
        ("https://example.com@evil.org/", false, false),
        ("https://evil.org/?bob@example.com", false, false),
        ("example.com@evil.org", false, false),
        ("bob@.example.com", false, false),
        ("example", false, false),
    ] {
        check_san("domain:example.com", value, exact);
        check_san("domain:*.example.com", value, below);
    }
}

#[test]
fn the_case_of_hosts_and_domains_does_not_matter() {
    for (pattern, value, expect) in [
        ("https://GitHub.com/Acme", "HTTPS://github.COM/Acme", true),
        ("https://github.com/Acme", "https://github.com/acme", false),
        ("Bob@Example.com", "Bob@example.com", true),
        ("Bob@Example.com", "bob@example.com", false),
        ("glob:https://*.Example.com/A*", "https://x.example.com/Ab", true),
        ("glob:https://*.Example.com/A*", "https://x.example.com/ab", false),
        ("glob:**@Example.com", "bob@example.com", true),
        ("glob:**@Main", "https://x/y@main", false),
        ("regex:https://example\\.com/.*", "https://Example.com/x", true),
        ("xn--bcher-kva.example", "XN--bcher-KVA.example", true),
    ] {
        check_san(pattern, value, expect);
    }
    let extension = |name: &str| entry(&[&[(name, "https://GitHub.com/x")]]);
    check(
        &json!({"source-repository-uri": "https://github.com/x"}),
        &extension("source-repository-uri"),
        true,
    );
    check(
        &json!({"token-subject": "https://github.com/x"}),
        &extension("token-subject"),
        false,
    );
}

#[test]
fn allowances_end() {
    let matches = |until: &str| {
        let set = set(&json!([{"name": "r", "match": {"issuer": "i"}, "allow": [{"san": "a", "until": until}]}]));
        let found = ask(&set, &entry(&[&[("issuer", "i"), ("san", "a")]]));
        found.into_iter().map(|found| found.allowed).collect::<Vec<_>>()
    };
    assert_eq!(matches("2026-11-19T21:24:17Z"), [true]);
    assert_eq!(matches("2026-11-19T21:24:16Z"), [false]);
    assert_eq!(matches("2026-11-19"), [false]);
    assert_eq!(matches("2026-11-20"), [true]);
}

#[test]
fn only_where_it_is_asked() {
    let asked = |only: Value| {
        let set = set(&json!([{"name": "r", "match": {"san": "a"}, "only": only}]));
        !ask(&set, &entry(&[&[("san", "a")]])).is_empty()
    };
    assert!(asked(json!({"kinds": "hashedrekord"})));
    assert!(asked(json!({"kinds": ["dsse", "hashedrekord"], "logs": "prefix:log."})));
    assert!(!asked(json!({"kinds": "dsse"})));
    assert!(!asked(json!({"kinds": "hashedrekord", "logs": "other"})));
}

#[test]
fn combinators() {
    let one = entry(&[&[("san", "a"), ("san", "b"), ("issuer", "i")]]);
    for (matches, expect) in [
        (json!({"san": ["x", "b"]}), true),
        (json!({"san": ["x", "y"]}), false),
        (json!({"san": "a", "issuer": "i"}), true),
        (json!({"san": "a", "issuer": "j"}), false),
        (json!({"san": "x", "issuer": "i"}), false),
        (json!({"all": [{"san": "a"}, {"san": "b"}]}), true),
        (json!({"all": [{"san": "a"}, {"san": "c"}]}), false),
        (json!({"any": [{"san": "x"}, {"issuer": "i"}]}), true),
        (json!({"any": [{"san": "x"}, {"issuer": "j"}]}), false),
        (json!([{"san": "x"}, {"issuer": "i"}]), true),
        (json!([{"san": "x"}, {"issuer": "j"}]), false),
        (json!({"not": {"san": "x"}}), true),
        (json!({"not": {"san": "b"}}), false),
        (json!({"san": "a", "not": {"issuer": "j"}}), true),
        (json!({"san": "a", "not": {"issuer": "i"}}), false),
        (json!({"not": {"san": "a", "issuer": "j"}}), true),
        (json!({"not": {"not": {"san": "a"}}}), true),
        // A field that the signer does not have.
        (json!({"not": {"token-subject": "glob:**"}}), true),
        (json!({"token-subject": "glob:**"}), false),
    ] {
        check(&matches, &one, expect);
    }
}

#[test]
fn fields() {
    let hex = "0123456789abcdef".repeat(4);
    let it = entry(&[&[
        ("subject", "s"),
        ("fingerprint", &hex),
        ("fingerprint", "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDcm5kSDZ0lyoDmZ7U"),
        ("source-repository-owner-uri", "https://github.com/acme"),
        ("1.2.3.4", "v"),
    ]]);
    let colons: Vec<String> = hex
        .as_bytes()
        .chunks(2)
        .map(|pair| String::from_utf8_lossy(pair).to_uppercase())
        .collect();
    for (matches, expect) in [
        (json!({"subject": "s"}), true),
        (json!({"subject": "S"}), false),
        (json!({"source-repository-owner-uri": "https://github.com/acme"}), true),
        (json!({"source-repository-uri": "https://github.com/acme"}), false),
        (json!({"1.3.6.1.4.1.57264.1.16": "https://github.com/acme"}), true),
        (json!({"1.2.3.4": "v"}), true),
        (json!({"1.2.3.5": "v"}), false),
        (json!({"kind": "hashedrekord"}), true),
        (json!({"kind": "dsse"}), false),
        (json!({"log": crate::common::LOG}), true),
        (json!({"log": "glob:log.*/*"}), true),
        (json!({"log": "glob:log.*"}), false),
        (json!({"digest": "ab".repeat(32)}), true),
        (json!({"digest": format!("sha256:{}", "AB".repeat(32))}), true),
        (json!({"digest": "glob:SHA256:AB*"}), true),
        (json!({"digest": "ac".repeat(32)}), false),
        (json!({"fingerprint": hex}), true),
        (json!({"fingerprint": format!("SHA256:{}", hex.to_uppercase())}), true),
        (json!({"fingerprint": colons.join(":")}), true),
        (json!({"fingerprint": format!("sha256:{}", colons.join(":"))}), true),
        (json!({"fingerprint": format!("0x{}", hex.to_uppercase())}), true),
        (json!({"fingerprint": format!("0x{}", &hex[..62])}), false),
        (json!({"fingerprint": hex[..62]}), false),
        (json!({"fingerprint": "glob:01:23:45*"}), true),
        (json!({"fingerprint": "glob:sha256:0123*"}), true),
        (json!({"fingerprint": "glob:1123*"}), false),
        (
            json!({"fingerprint": "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGDcm5kSDZ0lyoDmZ7U"}),
            true,
        ),
        (
            json!({"fingerprint": "uNiVztksCsDhcc0u9e8BgrJXVGDcm5kSDZ0lyoDmZ7U"}),
            true,
        ),
        (
            json!({"fingerprint": "SHA256:univztksCsDhcc0u9e8BgrJXVGDcm5kSDZ0lyoDmZ7U"}),
            false,
        ),
        (json!({"fingerprint": "glob:SHA256:uNiV*"}), true),
        (json!({"fingerprint": "regex:SHA256:uNiV.*"}), true),
        (json!({"fingerprint": "regex:uNiV.*"}), true),
    ] {
        check(&matches, &it, expect);
    }
}

#[test]
fn a_rule_holds_within_one_signer() {
    let both = json!({"san": "a", "issuer": "i"});
    check(&both, &entry(&[&[("san", "a"), ("issuer", "i")]]), true);
    check(&both, &entry(&[&[("san", "a")], &[("issuer", "i")]]), false);
    check(
        &both,
        &entry(&[&[("san", "x")], &[("san", "a"), ("issuer", "i")]]),
        true,
    );
    // What belongs to the entry holds for each of them.
    let mixed = json!({"san": "b", "kind": "hashedrekord", "digest": "ab".repeat(32)});
    check(&mixed, &entry(&[&[("san", "a")], &[("san", "b")]]), true);
    check(&mixed, &entry(&[&[("san", "a")], &[]]), false);
}

#[test]
fn an_entry_without_signers_is_asked_once() {
    check(&json!({"kind": "hashedrekord"}), &entry(&[]), true);
    check(&json!({"kind": "dsse"}), &entry(&[]), false);
    check(&json!({"san": "glob:**"}), &entry(&[]), false);
    check(&json!({"not": {"san": "a"}}), &entry(&[]), true);
    let set = set(&json!([{"name": "r", "match": {"kind": "hashedrekord"}}]));
    assert_eq!(
        ask(&set, &entry(&[])),
        [Match {
            rule: 0,
            signer: None,
            allowed: false,
            undecided: false,
            awaits: Awaits::NONE,
        }]
    );
}

#[test]
fn every_signer_that_matches_must_be_allowed() {
    let set = set(&json!([{"name": "r", "match": {"issuer": "i"}, "allow": [{"san": "good"}, {"san": "fine"}]}]));
    let (good, fine) = (
        &[("issuer", "i"), ("san", "good")][..],
        &[("issuer", "i"), ("san", "fine")][..],
    );
    let (bad, other) = (
        &[("issuer", "i"), ("san", "bad")][..],
        &[("issuer", "j"), ("san", "bad")][..],
    );
    let check = |signers: &[&[(&str, &str)]], expect: Option<(usize, bool)>| {
        let expect = expect.map(|(signer, allowed)| Match {
            rule: 0,
            signer: Some(signer),
            allowed,
            undecided: false,
            awaits: Awaits::NONE,
        });
        assert_eq!(ask(&set, &entry(signers)), expect.into_iter().collect::<Vec<_>>());
    };
    check(&[good], Some((0, true)));
    check(&[bad], Some((0, false)));
    check(&[good, fine], Some((0, true)));
    check(&[good, bad], Some((1, false)));
    check(&[bad, good], Some((0, false)));
    check(&[other, good], Some((1, true)));
    check(&[good, other], Some((0, true)));
    check(&[other], None);
}

#[test]
fn matches_are_added_in_the_order_of_the_rules() {
    let rule = |name: &str, san: &str| json!({"name": name, "match": {"san": san}});
    let set = set(&json!([rule("0", "a"), rule("1", "b"), rule("2", "c"), rule("3", "a")]));
    let mut found = vec![Match {
        rule: 9,
        signer: None,
        allowed: true,
        undecided: false,
        awaits: Awaits::NONE,
    }];
    let it = entry(&[&[("san", "c")], &[("san", "a")], &[("san", "a"), ("san", "c")]]);
    set.matches(&it, &Context { log: "l", now: NOW }, &mut found);
    let places: Vec<_> = found.iter().map(|found| (found.rule, found.signer)).collect();
    assert_eq!(places, [(9, None), (0, Some(1)), (2, Some(0)), (3, Some(1))]);
}

#[test]
fn only_what_is_needed_is_read_and_only_once() {
    let set = set(&json!([
        {"name": "a", "match": {"all": [{"kind": "dsse"}, {"san": "x"}]}},
        {"name": "b", "match": {"any": [{"issuer": "i"}, {"subject": "s"}]}, "allow": [{"fingerprint": "ab"}]},
        {"name": "c", "match": {"issuer": ["i", "j"], "kind": "hashedrekord"}},
    ]));
    let it = entry(&[&[("issuer", "k")], &[("issuer", "i")]]);
    assert_eq!(ask(&set, &it).len(), 2);
    let asked = it.asked.into_inner();
    let expect = [
        (None, Field::Kind),
        (Some(0), Field::Issuer),
        (Some(0), Field::Subject),
        (Some(1), Field::Issuer),
        (Some(1), Field::Subject),
        (Some(1), Field::Fingerprint),
    ];
    assert_eq!(asked, expect);
}

#[test]
fn no_rules_ask_for_nothing() {
    let none = set(&json!([]));
    let it = entry(&[&[("san", "a")]]);
    assert!(none.is_empty() && ask(&none, &it).is_empty());
    assert!(it.asked.into_inner().is_empty());
}

#[test]
fn a_question_is_what_decides_a_match_and_nothing_else() {
    let question = |rule: Value| sentinel_rules::parse(&json!([rule])).unwrap()[0].question().unwrap();
    let base = || json!({"name": "a", "match": {"san": "x", "issuer": ["i", "j"]}});
    let with = |key: &str, value: Value| {
        let mut rule = base();
        rule[key] = value;
        rule
    };
    let same = [
        json!({"match": {"issuer": ["i", "j"], "san": ["x"]}, "name": "a"}),
        with("name", json!("b")),
        with("severity", json!("critical")),
        with("note", json!("call")),
        with("labels", json!({"team": "a"})),
        with("allow", json!([{"san": "x"}])),
    ];
    for rule in same {
        assert_eq!(question(rule.clone()), question(base()), "{rule}");
    }
    let others = [
        with("match", json!({"san": "x"})),
        with("match", json!({"san": "y", "issuer": ["i", "j"]})),
        with("match", json!({"any": [{"san": "x"}, {"issuer": ["i", "j"]}]})),
        with("only", json!({"logs": "l"})),
        with("only", json!({"kinds": "dsse"})),
    ];
    for rule in others {
        assert_ne!(question(rule.clone()), question(base()), "{rule}");
    }
}

#[test]
fn specs_are_those_that_compile_and_have_the_hash_of_the_set() {
    let rules = json!([{"name": "a", "match": {"san": "x"}, "allow": [{"issuer": "i"}]}]);
    let monitored = json!({"subjects": ["us@example.com"], "fingerprints": ["ab"]});
    let set = sentinel_rules::read(&rules, &monitored).unwrap();
    let specs = sentinel_rules::specs(&rules, &monitored).unwrap();
    assert_eq!(specs, set.specs());
    assert_eq!(RuleSet::hash_of(&specs).unwrap(), set.hash());
    assert_ne!(RuleSet::hash_of(&specs[1..]).unwrap(), set.hash());
    let taken = json!([{"name": set.specs()[1].name, "match": {"san": "x"}}]);
    let problems = sentinel_rules::specs(&taken, &monitored).unwrap_err();
    assert_eq!(problems, sentinel_rules::read(&taken, &monitored).unwrap_err());
}
