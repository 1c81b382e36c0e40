//! A simple entry, and short ways to ask a rule set about it.

use sentinel_rules::{Context, Match, RuleSet, Subject, parse};
use serde_json::Value;
use sigstore::{Field, Timestamp};
use std::cell::RefCell;

/// An entry as a list of values, which notes what it is asked for.
#[derive(Debug, Default)]
pub(crate) struct Fake {
    pub(crate) kind: String,
    pub(crate) digests: Vec<String>,
    pub(crate) signers: Vec<Vec<(Field, String)>>,
    pub(crate) asked: RefCell<Vec<(Option<usize>, Field)>>,
}

impl Subject for Fake {
    fn kind(&self) -> &str {
        self.asked.borrow_mut().push((None, Field::Kind));
        &self.kind
    }

    fn digests(&self, each: &mut dyn FnMut(&str)) {
        self.asked.borrow_mut().push((None, Field::Digest));
        self.digests.iter().for_each(|digest| each(digest));
    }

    fn signers(&self) -> usize {
        self.signers.len()
    }

    fn values(&self, signer: usize, field: &Field, each: &mut dyn FnMut(&str)) {
        self.asked.borrow_mut().push((Some(signer), field.clone()));
        let values = self.signers[signer].iter().filter(|(known, _)| known == field);
        values.for_each(|(_, value)| each(value));
    }
}

pub(crate) const LOG: &str = "log.example/2026";
/// 2026-11-19T21:24:16Z.
pub(crate) const NOW: Timestamp = Timestamp::from_unix(1_795_123_456);

/// An entry of kind `hashedrekord` with these signers, each a list of field names and values.
pub(crate) fn entry(signers: &[&[(&str, &str)]]) -> Fake {
    let signer = |values: &&[(&str, &str)]| {
        values
            .iter()
            .map(|(name, value)| (Field::parse(name).unwrap(), (*value).to_owned()))
            .collect()
    };
    Fake {
        kind: "hashedrekord".to_owned(),
        digests: vec!["ab".repeat(32)],
        signers: signers.iter().map(signer).collect(),
        asked: RefCell::default(),
    }
}

pub(crate) fn set(rules: &Value) -> RuleSet {
    RuleSet::compile(parse(rules).unwrap()).unwrap()
}

pub(crate) fn ask(set: &RuleSet, entry: &Fake) -> Vec<Match> {
    let mut found = Vec::new();
    set.matches(entry, &Context { log: LOG, now: NOW }, &mut found);
    found
}
