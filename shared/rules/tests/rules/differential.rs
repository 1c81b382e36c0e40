//! The engine against the naive matcher, on generated rules and generated entries.

use crate::common::{Fake, NOW, ask};
use crate::naive::{naive, told};
use proptest::prelude::*;
use sentinel_rules::{Allowance, Matcher, Only, Pattern, RuleSet, RuleSpec, Severity};
use sigstore::{Field, Timestamp};
use std::cell::RefCell;
use std::collections::BTreeMap;

pub(crate) const FIELDS: [&str; 8] = [
    "san",
    "issuer",
    "subject",
    "token-subject",
    "source-repository-uri",
    "1.2.3",
    "kind",
    "log",
];

/// Identities that differ in little, in parts that are put together anew.
const STARTS: [&str; 8] = [
    "https://github.com/acme/",
    "HTTPS://GitHub.com/acme/",
    "https://gitlab.com/acme/",
    "bob@",
    "Bob@",
    "repo:",
    "a",
    "",
];
const MIDDLES: [&str; 6] = ["widgets", "widgets-2", "Widgets", "/.github/workflows/", "é/", ""];
const ENDS: [&str; 9] = [
    "release.yml@refs/tags/v1",
    "example.com",
    "Example.COM",
    "sub.example.com",
    "sub.xample.com",
    "@x.y",
    "/",
    "b",
    "",
];

pub(crate) fn part(parts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(parts)
}

/// Short texts of few letters, so that they meet, and texts such as identities are.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let identity = (part(&STARTS), part(&MIDDLES), part(&MIDDLES), part(&ENDS));
    let identity = identity.prop_map(|(start, one, two, end)| format!("{start}{one}{two}{end}"));
    prop_oneof!["[abAB/é.]{1,5}", identity.prop_filter("empty", |text| !text.is_empty())]
}

/// A text with letters of which some became wildcards.
fn globbed() -> impl Strategy<Value = String> {
    let wild = proptest::collection::vec((any::<prop::sample::Index>(), part(&["*", "**", "?", "/*/"])), 0..4);
    (text(), wild).prop_map(|(text, wild)| {
        let mut letters: Vec<String> = text.chars().map(String::from).collect();
        for (at, star) in wild {
            let at = at.index(letters.len());
            letters[at] = star.to_owned();
        }
        let mut glob = letters.concat();
        while glob.contains("***") {
            glob = glob.replace("***", "**");
        }
        glob
    })
}

pub(crate) fn pattern() -> impl Strategy<Value = Pattern> {
    let cut = (text(), any::<prop::sample::Index>()).prop_map(|(text, at)| {
        let letters: Vec<char> = text.chars().collect();
        letters[at.index(letters.len())..].iter().collect::<String>()
    });
    let start = (text(), any::<prop::sample::Index>()).prop_map(|(text, at)| {
        let letters: Vec<char> = text.chars().collect();
        letters[..=at.index(letters.len())].iter().collect::<String>()
    });
    let plain = text().prop_filter("plain", |text| !text.contains(['.', '|']));
    let word = (plain, part(&["", ".*"]), part(&["", ".*"]))
        .prop_map(|(text, before, behind)| format!("{before}{text}{behind}"));
    prop_oneof![
        text().prop_map(Pattern::Exact),
        globbed().prop_map(Pattern::Glob),
        start.prop_map(Pattern::Prefix),
        cut.prop_map(Pattern::Suffix),
        // Alternatives of literals: what they match is plain to see, and anchors that fail show.
        proptest::collection::vec(word, 1..4).prop_map(|words| Pattern::Regex(words.join("|"))),
    ]
}

/// Patterns of a field; domains where there are any.
fn patterns() -> impl Strategy<Value = (String, Vec<Pattern>)> {
    let domain = part(&[
        "example.com",
        "Sub.Example.com",
        "*.example.com",
        "github.com",
        "*.com",
        "com",
    ]);
    let domain = domain.prop_map(|name| Pattern::Domain(name.to_owned()));
    let named = prop_oneof![4 => pattern(), 1 => domain];
    let named = (
        part(&["san", "issuer", "subject", "source-repository-uri"]),
        proptest::collection::vec(named, 1..4),
    );
    let plain = (part(&FIELDS), proptest::collection::vec(pattern(), 1..4));
    prop_oneof![named, plain].prop_map(|(name, patterns)| (name.to_owned(), patterns))
}

pub(crate) fn matcher() -> impl Strategy<Value = Matcher> {
    let field = patterns().prop_map(|(name, patterns)| Matcher::Field { name, patterns });
    field.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Matcher::All),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(Matcher::Any),
            inner.prop_map(|inner| Matcher::Not(Box::new(inner))),
        ]
    })
}

fn allowance() -> impl Strategy<Value = Allowance> {
    let until = prop_oneof![Just(None), (-1_i64..2).prop_map(|later| Some(NOW.plus_seconds(later)))];
    let ledger = prop_oneof![3 => Just(None), 1 => Just(Some("a")), 1 => Just(Some("b"))];
    // A ledger alone, or beside conditions.
    let matches = prop_oneof![4 => matcher(), 1 => Just(Matcher::always())];
    let whole = (matches, ledger, until).prop_filter("nothing alone", |(matches, ledger, _)| {
        ledger.is_some() || *matches != Matcher::always()
    });
    whole.prop_map(
        |(matches, ledger, until): (_, Option<&str>, Option<Timestamp>)| Allowance {
            matches,
            ledger: ledger.map(str::to_owned),
            until,
        },
    )
}

fn only() -> impl Strategy<Value = Option<Box<Only>>> {
    let list = |max| proptest::collection::vec(pattern(), 0..max);
    let only = (list(2), list(2)).prop_map(|(kinds, logs)| Only { kinds, logs });
    prop_oneof![3 => Just(None), 1 => only.prop_map(|only| (only != Only::default()).then(|| Box::new(only)))]
}

/// What of a rule the matcher reads.
type Parts = (Matcher, Vec<Allowance>, Option<Box<Only>>);

pub(crate) fn specs() -> impl Strategy<Value = Vec<RuleSpec>> {
    let rule = (matcher(), proptest::collection::vec(allowance(), 0..3), only());
    proptest::collection::vec(rule, 0..24).prop_map(|rules| {
        let spec = |(at, (matches, allow, only)): (usize, Parts)| RuleSpec {
            allow,
            labels: BTreeMap::new(),
            matches,
            name: format!("rule {at}"),
            note: None,
            only,
            severity: Severity::High,
        };
        rules.into_iter().enumerate().map(spec).collect()
    })
}

fn entries() -> impl Strategy<Value = Fake> {
    let value = (part(&FIELDS[..6]), text());
    let signer = proptest::collection::vec(value, 0..5);
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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn the_engine_agrees_with_the_naive_matcher(
        specs in specs(),
        entries in proptest::collection::vec(entries(), 1..6),
    ) {
        let set = RuleSet::compile(specs.clone()).unwrap();
        for entry in &entries {
            prop_assert_eq!(told(&set, &ask(&set, entry)), naive(&specs, entry));
            let mut asked = entry.asked.borrow_mut();
            let count = asked.len();
            asked.sort();
            asked.dedup();
            prop_assert_eq!(asked.len(), count, "a field was read twice");
        }
    }

    #[test]
    fn one_pattern_and_one_value((name, patterns) in patterns(), value in text()) {
        let matches = Matcher::Field { name: name.clone(), patterns };
        let (labels, severity) = (BTreeMap::new(), Severity::High);
        let specs = [RuleSpec { allow: vec![], labels, matches, name: "r".to_owned(), note: None, only: None, severity }];
        let field = Field::parse(&name).unwrap();
        let entry = Fake { kind: value.clone(), signers: vec![vec![(field, value)]], ..Fake::default() };
        let set = RuleSet::compile(specs.to_vec()).unwrap();
        prop_assert_eq!(told(&set, &ask(&set, &entry)), naive(&specs, &entry));
    }

    #[test]
    fn specs_read_back_as_they_were_written(specs in specs()) {
        let json = serde_json::to_value(&specs).unwrap();
        prop_assert_eq!(sentinel_rules::parse(&json).unwrap(), specs);
    }

    #[test]
    fn no_text_breaks_the_parser(text in ".{0,40}", prefix in "(glob:|regex:|prefix:|suffix:|domain:|exact:|)") {
        let rules = serde_json::json!([
            {"name": "r", "match": {"san": format!("{prefix}{text}"), "fingerprint": text.clone(), "digest": text.clone()}},
            {"name": "s", "match": {"san": "a"}, "labels": {"l": text.clone()}, "allow": [{"san": "a", "until": text}]},
        ]);
        if let Ok(specs) = sentinel_rules::parse(&rules) {
            prop_assert!(RuleSet::compile(specs).is_ok());
        }
    }

    #[test]
    fn no_value_breaks_the_matcher(specs in specs(), value in ".{0,60}") {
        let set = RuleSet::compile(specs).unwrap();
        let values = FIELDS[..6].iter().map(|name| (Field::parse(name).unwrap(), value.clone()));
        let entry = Fake { kind: value.clone(), signers: vec![values.collect()], ..Fake::default() };
        prop_assert!(ask(&set, &entry).len() <= set.len());
    }
}
