//! The engine against a matcher that is too simple to be wrong.

use crate::common::{Fake, LOG, ask};
use proptest::prelude::*;
use sentinel_rules::{Match, Matcher, Pattern, RuleSet, RuleSpec, Severity};
use sigstore::Field;
use std::cell::RefCell;

const FIELDS: [&str; 7] = ["san", "issuer", "subject", "token-subject", "1.2.3", "kind", "log"];

/// Short texts of few letters, so that they meet.
fn text() -> impl Strategy<Value = String> {
    "[ab/é.]{1,5}"
}

fn pattern() -> impl Strategy<Value = Pattern> {
    prop_oneof![
        text().prop_map(Pattern::Exact),
        "[ab/.?*]{1,6}"
            .prop_filter("stars", |glob| !glob.contains("***"))
            .prop_map(Pattern::Glob),
        // Alternatives of literals: what they match is plain to see, and anchors that fail show.
        proptest::collection::vec("[ab/]{1,3}", 1..4).prop_map(|words| Pattern::Regex(words.join("|"))),
    ]
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let patterns = proptest::collection::vec(pattern(), 1..4);
    let field = (proptest::sample::select(&FIELDS[..]), patterns).prop_map(|(name, patterns)| Matcher::Field {
        name: name.to_owned(),
        patterns,
    });
    field.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Matcher::All),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Matcher::Any),
            inner.prop_map(|inner| Matcher::Not(Box::new(inner))),
        ]
    })
}

fn specs() -> impl Strategy<Value = Vec<RuleSpec>> {
    let rule = (matcher(), proptest::collection::vec(matcher(), 0..3));
    // Enough rules now and then that the tests of a set outgrow one machine word.
    proptest::collection::vec(rule, 0..24).prop_map(|rules| {
        let spec = |(at, (matches, allow)): (usize, (Matcher, Vec<Matcher>))| RuleSpec {
            allow,
            matches,
            name: format!("rule {at}"),
            note: None,
            severity: Severity::High,
        };
        rules.into_iter().enumerate().map(spec).collect()
    })
}

fn entries() -> impl Strategy<Value = Fake> {
    let value = (proptest::sample::select(&FIELDS[..5]), text());
    let signer = proptest::collection::vec(value, 0..6);
    (text(), proptest::collection::vec(signer, 0..4)).prop_map(|(kind, signers)| {
        let named = |(name, value): (&str, String)| (Field::parse(name).unwrap(), value);
        let signers = signers
            .into_iter()
            .map(|signer| signer.into_iter().map(named).collect())
            .collect();
        Fake {
            kind,
            digests: vec![],
            signers,
            asked: RefCell::default(),
        }
    })
}

fn glob(glob: &[char], text: &[char]) -> bool {
    match glob {
        [] => text.is_empty(),
        ['*', '*', rest @ ..] => (0..=text.len()).any(|skip| self::glob(rest, &text[skip..])),
        ['*', rest @ ..] => (0..=text.len())
            .take_while(|skip| !text[..*skip].contains(&'/'))
            .any(|skip| self::glob(rest, &text[skip..])),
        ['?', rest @ ..] => text.first().is_some_and(|letter| *letter != '/') && self::glob(rest, &text[1..]),
        [letter, rest @ ..] => text.first() == Some(letter) && self::glob(rest, &text[1..]),
    }
}

fn matches_text(pattern: &Pattern, text: &str) -> bool {
    let letters = |text: &str| text.chars().collect::<Vec<_>>();
    match pattern {
        Pattern::Exact(exact) => exact == text,
        Pattern::Glob(it) => glob(&letters(it), &letters(text)),
        Pattern::Regex(words) => words.split('|').any(|word| word == text),
    }
}

fn holds(matcher: &Matcher, entry: &Fake, signer: Option<usize>) -> bool {
    match matcher {
        Matcher::All(inner) => inner.iter().all(|inner| holds(inner, entry, signer)),
        Matcher::Any(inner) => inner.iter().any(|inner| holds(inner, entry, signer)),
        Matcher::Not(inner) => !holds(inner, entry, signer),
        Matcher::Field { name, patterns } => {
            let values: Vec<&str> = match (name.as_str(), signer) {
                ("kind", _) => vec![&entry.kind],
                ("log", _) => vec![LOG],
                (_, None) => vec![],
                (name, Some(signer)) => {
                    let field = Field::parse(name).unwrap();
                    let values = entry.signers[signer].iter().filter(|(known, _)| *known == field);
                    values.map(|(_, value)| value.as_str()).collect()
                }
            };
            values
                .iter()
                .any(|value| patterns.iter().any(|pattern| matches_text(pattern, value)))
        }
    }
}

fn naive(specs: &[RuleSpec], entry: &Fake) -> Vec<Match> {
    let signers: Vec<Option<usize>> = if entry.signers.is_empty() {
        vec![None]
    } else {
        (0..entry.signers.len()).map(Some).collect()
    };
    let mut found = Vec::new();
    for (rule, spec) in specs.iter().enumerate() {
        let matching: Vec<_> = signers
            .iter()
            .filter(|signer| holds(&spec.matches, entry, **signer))
            .collect();
        let allowed = |signer: Option<usize>| spec.allow.iter().any(|allow| holds(allow, entry, signer));
        let bad = matching.iter().find(|signer| !allowed(***signer));
        if let Some(signer) = bad.or(matching.first()) {
            found.push(Match {
                rule,
                signer: **signer,
                allowed: bad.is_none(),
            });
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn the_engine_agrees_with_the_naive_matcher(
        specs in specs(),
        entries in proptest::collection::vec(entries(), 1..6),
    ) {
        let set = RuleSet::compile(specs.clone()).unwrap();
        for entry in &entries {
            prop_assert_eq!(ask(&set, entry), naive(&specs, entry));
            let mut asked = entry.asked.borrow_mut();
            let count = asked.len();
            asked.sort();
            asked.dedup();
            prop_assert_eq!(asked.len(), count, "a field was read twice");
        }
    }

    #[test]
    fn specs_read_back_as_they_were_written(specs in specs()) {
        let json = serde_json::to_value(&specs).unwrap();
        prop_assert_eq!(sentinel_rules::parse(&json).unwrap(), specs);
    }

    #[test]
    fn no_text_breaks_the_parser(text in ".{0,40}", prefix in "(glob:|regex:|)") {
        let rules = serde_json::json!([{"name": "r", "match": {"san": format!("{prefix}{text}"), "fingerprint": text.clone(), "digest": text}}]);
        if let Ok(specs) = sentinel_rules::parse(&rules) {
            prop_assert!(RuleSet::compile(specs).is_ok());
        }
    }
}
