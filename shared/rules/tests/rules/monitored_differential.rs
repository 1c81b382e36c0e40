//! `monitoredValues` against a naive reading of what rekor-monitor documents of it, on generated blocks and entries. The
//! expressions are trees that are written as RE2 and matched letter by letter; nothing of the engine takes part.

use crate::common::{Fake, ask};
use crate::naive::small;
use proptest::prelude::*;
use sentinel_rules::{RuleSet, monitored, read, tighten};
use serde_json::{Value, json};
use sigstore::Field;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// An expression as a tree.
#[derive(Clone, Debug)]
enum Tree {
    Text(&'static str),
    Any,
    Digit,
    NotWord,
    Class(&'static str),
    Start,
    End,
    Star(Box<Tree>),
    Twice(Box<Tree>),
    Each(Vec<Tree>),
    One(Vec<Tree>),
}

const LETTERS: [&str; 8] = ["a", "b.", "@", "/acme", "é", "{,2}", "user@x.y", "https://x.y/"];
const CLASSES: [&str; 3] = ["a&&/", "-[b", "]~~."];

impl Tree {
    /// As RE2 writes it.
    fn source(&self) -> String {
        let escaped = |text: &str| text.replace('.', r"\.");
        match self {
            Self::Text(text) => escaped(text),
            Self::Any => ".".to_owned(),
            Self::Digit => r"\d".to_owned(),
            Self::NotWord => r"\W".to_owned(),
            // Unescaped on purpose: what is special in a class differs.
            Self::Class(letters) => format!("[{letters}]"),
            Self::Start => "^".to_owned(),
            Self::End => "$".to_owned(),
            Self::Star(inner) => format!("(?:{})*", inner.source()),
            Self::Twice(inner) => format!("({}){{2}}", inner.source()),
            Self::Each(parts) => parts.iter().map(Self::source).collect(),
            Self::One(parts) => {
                let parts: Vec<String> = parts.iter().map(Self::source).collect();
                format!("(?P<one>{})", parts.join("|"))
            }
        }
    }

    /// Where a match that begins at `at` may end.
    fn ends(&self, text: &[char], at: usize) -> BTreeSet<usize> {
        let one = |good: &dyn Fn(char) -> bool| {
            text.get(at)
                .filter(|it| good(**it))
                .map(|_| at + 1)
                .into_iter()
                .collect()
        };
        match self {
            Self::Text(wanted) => {
                let wanted: Vec<char> = wanted.chars().collect();
                text[at..]
                    .starts_with(&wanted)
                    .then_some(at + wanted.len())
                    .into_iter()
                    .collect()
            }
            Self::Any => one(&|letter| letter != '\n'),
            Self::Digit => one(&|letter| letter.is_ascii_digit()),
            Self::NotWord => one(&|letter| !letter.is_ascii_alphanumeric() && letter != '_'),
            Self::Class(letters) => one(&|letter| letters.contains(letter)),
            Self::Start => (at == 0).then_some(at).into_iter().collect(),
            Self::End => (at == text.len()).then_some(at).into_iter().collect(),
            Self::Star(inner) => {
                let (mut all, mut new) = (BTreeSet::from([at]), vec![at]);
                while let Some(from) = new.pop() {
                    new.extend(inner.ends(text, from).into_iter().filter(|end| all.insert(*end)));
                }
                all
            }
            Self::Twice(inner) => inner
                .ends(text, at)
                .into_iter()
                .flat_map(|from| inner.ends(text, from))
                .collect(),
            Self::Each(parts) => parts.iter().fold(BTreeSet::from([at]), |from, part| {
                from.into_iter().flat_map(|from| part.ends(text, from)).collect()
            }),
            Self::One(parts) => parts.iter().flat_map(|part| part.ends(text, at)).collect(),
        }
    }

    /// Whether it matches any part of a value, as it stands or with small letters where case does not matter.
    fn finds(&self, field: &str, value: &str) -> bool {
        [value.to_owned(), small(field, value)].iter().any(|text| {
            let text: Vec<char> = text.chars().collect();
            (0..=text.len()).any(|at| !self.ends(&text, at).is_empty())
        })
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        6 => proptest::sample::select(&LETTERS[..]).prop_map(Tree::Text),
        1 => Just(Tree::Any),
        1 => Just(Tree::Digit),
        1 => Just(Tree::NotWord),
        1 => proptest::sample::select(&CLASSES[..]).prop_map(Tree::Class),
        1 => Just(Tree::Start),
        1 => Just(Tree::End),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        let some = || proptest::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            3 => some().prop_map(Tree::Each),
            1 => some().prop_map(Tree::One),
            1 => inner.clone().prop_map(|inner| Tree::Star(Box::new(inner))),
            1 => inner.clone().prop_map(|inner| Tree::Twice(Box::new(inner))),
        ]
    })
}

const PARTS: [&str; 13] = [
    "a",
    "b.",
    "@",
    "/acme",
    "é",
    "{,2}",
    "user@x.y",
    "https://x.y/",
    "7",
    "٧",
    "&",
    "X.Y",
    "_",
];

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(&PARTS[..]), 0..5).prop_map(|parts| parts.concat())
}

const OIDS: [&str; 3] = ["1.2.3", "1.3.6.1.4.1.57264.1.14", "1.3.6.1.4.1.57264.1.8"];

/// A block as it is documented.
#[derive(Clone, Debug)]
struct Block {
    identities: Vec<(Tree, Vec<Tree>)>,
    subjects: Vec<Tree>,
    fingerprints: Vec<String>,
    extensions: Vec<(&'static str, bool, Vec<String>)>,
}

impl Block {
    fn json(&self) -> Value {
        let identities = self.identities.iter().map(|(subject, issuers)| {
            let issuers: Vec<String> = issuers.iter().map(Tree::source).collect();
            json!({"certSubject": subject.source(), "issuers": issuers})
        });
        let extensions = |dotted: bool| {
            let of_kind = self.extensions.iter().filter(move |(_, it, _)| *it == dotted);
            let one = move |(oid, _, values): &(&str, bool, Vec<String>)| {
                let numbers: Vec<u64> = oid.split('.').map(|number| number.parse().unwrap()).collect();
                let oid = if dotted { json!(oid) } else { json!(numbers) };
                json!({"objectIdentifier": oid, "extensionValues": values})
            };
            of_kind.map(one).collect::<Vec<_>>()
        };
        json!({
            "certIdentities": identities.collect::<Vec<_>>(),
            "subjects": self.subjects.iter().map(Tree::source).collect::<Vec<_>>(),
            "fingerprints": self.fingerprints,
            "oidMatchers": {"oidExtensions": extensions(false), "customExtensions": extensions(true)},
        })
    }

    /// Whether any of it speaks of the entry.
    fn speaks_of(&self, entry: &Fake) -> bool {
        entry.signers.iter().any(|signer| {
            let values = |name: &str| {
                let field = Field::parse(name).unwrap();
                let values = signer.iter().filter(move |(known, _)| *known == field);
                values.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
            };
            let finds = |tree: &Tree, field: &str| values(field).iter().any(|value| tree.finds(field, value));
            let identity = |(subject, issuers): &(Tree, Vec<Tree>)| {
                finds(subject, "san") && (issuers.is_empty() || issuers.iter().any(|issuer| finds(issuer, "issuer")))
            };
            let digits = |text: &str| text.replace(':', "").trim_start_matches("0x").to_ascii_lowercase();
            let fingerprint = |wanted: &String| values("fingerprint").iter().any(|value| *value == digits(wanted));
            // The issuer's extension is a URI.
            let same = |oid: &str, wanted: &str, value: &str| {
                wanted == value || (oid == OIDS[2] && small("issuer", wanted) == small("issuer", value))
            };
            let extension = |(oid, _, wanted): &(&str, bool, Vec<String>)| {
                values(oid)
                    .iter()
                    .any(|value| wanted.iter().any(|wanted| same(oid, wanted, value)))
            };
            self.identities.iter().any(identity)
                || self.subjects.iter().any(|tree| finds(tree, "subject"))
                || self.fingerprints.iter().any(fingerprint)
                || self.extensions.iter().any(extension)
        })
    }
}

fn block() -> impl Strategy<Value = Block> {
    let some = |most| proptest::collection::vec(tree(), 0..most);
    let value = text().prop_filter("empty", |text| !text.is_empty());
    let values = proptest::collection::vec(value, 1..3);
    let extension = (proptest::sample::select(&OIDS[..]), any::<bool>(), values);
    let fingerprint = proptest::sample::select(&["AB12", "ab:12", "0xAB12", "cd34"][..]).prop_map(str::to_owned);
    let parts = (
        proptest::collection::vec((tree(), some(3)), 0..3),
        some(2),
        proptest::collection::vec(fingerprint, 0..2),
        proptest::collection::vec(extension, 0..4),
    );
    parts.prop_map(|(identities, subjects, fingerprints, extensions)| Block {
        identities,
        subjects,
        fingerprints,
        extensions,
    })
}

fn entries() -> impl Strategy<Value = Vec<Fake>> {
    let named = proptest::sample::select(&["san", "issuer", "subject", OIDS[0], OIDS[1], OIDS[2]][..]);
    let print = proptest::sample::select(&["ab12", "cd34", "ef"][..]);
    let value = prop_oneof![
        6 => (named, text()),
        1 => print.prop_map(|print| ("fingerprint", print.to_owned())),
    ];
    let signers = proptest::collection::vec(proptest::collection::vec(value, 0..5), 0..3);
    let entry = signers.prop_map(|signers| Fake {
        kind: "hashedrekord".to_owned(),
        digests: vec![],
        signers: signers
            .into_iter()
            .map(|signer| {
                signer
                    .into_iter()
                    .map(|(name, value)| (Field::parse(name).unwrap(), value))
                    .collect()
            })
            .collect(),
        asked: RefCell::default(),
    });
    proptest::collection::vec(entry, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn it_means_what_is_documented(block in block(), entries in entries()) {
        let json = block.json();
        let set = read(&Value::Null, &json).unwrap();
        for entry in &entries {
            prop_assert_eq!(!ask(&set, entry).is_empty(), block.speaks_of(entry), "{} {:?}", json, entry);
        }
    }

    /// Rules that are made of it match nothing that it does not match, and what is not tightened matches all of it.
    #[test]
    fn what_is_made_of_it_is_within_it(block in block(), entries in entries()) {
        let watched = monitored(&block.json()).unwrap();
        let tight: Vec<_> = watched.iter().map(tighten).collect();
        let [wide, narrow] = [watched.iter().map(|it| it.spec.clone()).collect(), tight.iter().map(|it| it.spec.clone()).collect()]
            .map(|specs| RuleSet::compile(specs).unwrap());
        for entry in &entries {
            let [wide, narrow] = [&wide, &narrow].map(|set| ask(set, entry).iter().map(|it| it.rule).collect::<BTreeSet<_>>());
            prop_assert!(narrow.is_subset(&wide), "{:?} {:?}", narrow, wide);
            for rule in wide.difference(&narrow) {
                prop_assert!(!tight[*rule].tightened.is_empty(), "{:?} {:?}", tight[*rule], entry);
            }
        }
    }

    #[test]
    fn no_text_breaks_it(text in ".{0,40}", odd in r"[\[\]\\(){}?*+^$|.,&~QEpPCdx0-9a:<>-]{0,24}") {
        for text in [text, odd] {
            let block = json!({"certIdentities": [{"certSubject": text, "issuers": [text]}], "subjects": [text],
                "fingerprints": [text], "oidMatchers": {"customExtensions": [{"objectIdentifier": text, "extensionValues": [text]}],
                "fulcioExtensions": {"issuer": [text], text.as_str(): [text]}}});
            if let Ok(found) = monitored(&block) {
                prop_assert!(RuleSet::compile(found.iter().map(|it| tighten(it).spec).collect()).is_ok());
            }
            for (key, value) in block.as_object().unwrap() {
                let Ok(found) = monitored(&json!({key: value})) else { continue };
                prop_assert!(RuleSet::compile(found.iter().map(|it| it.spec.clone()).collect()).is_ok());
                prop_assert!(RuleSet::compile(found.iter().map(|it| tighten(it).spec).collect()).is_ok());
            }
        }
    }
}
