//! `monitoredValues`, the block in which rekor-monitor is told whom to watch for, read as rules.
//!
//! It keeps the meaning that is documented there: `certSubject`, `issuers` and `subjects` are RE2 expressions that may match
//! any part of a value, fingerprints and extension values are whole texts, of a list any may match, and each value is
//! watched for by itself. Its faults are not kept: an identifier that is given twice keeps the values of both, a
//! certificate without an issuer matches where none is asked for, fingerprints have more than one spelling, and a key that
//! nobody knows is a mistake.

use crate::diagnostic::{Diagnostic, at_item, at_key, nearest};
use crate::form::fingerprint;
use crate::limits::MAX_NAME_CHARS;
use crate::parse::noun;
use crate::pattern::Pattern;
use crate::re2;
use crate::severity::Severity;
use crate::spec::{Matcher, RuleSpec};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use sigstore::{Field, Oid};
use std::collections::{BTreeMap, HashMap};

/// The key of the block in a configuration.
pub const MONITORED_VALUES: &str = "monitoredValues";

pub(crate) const KEYS: [&str; 4] = ["certIdentities", "subjects", "fingerprints", "oidMatchers"];
pub(crate) const IDENTITY_KEYS: [&str; 2] = ["certSubject", "issuers"];
pub(crate) const MATCHER_KEYS: [&str; 3] = ["fulcioExtensions", "oidExtensions", "customExtensions"];
pub(crate) const EXTENSION_KEYS: [&str; 2] = ["objectIdentifier", "extensionValues"];

/// The issuer as `fulcioExtensions` means it: either of Fulcio's two extensions.
const ISSUERS: [&str; 2] = ["1.3.6.1.4.1.57264.1.1", "1.3.6.1.4.1.57264.1.8"];

/// One watched value, as a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitored {
    /// Where it stands: `monitoredValues.subjects[0]`. Of several that make one rule, the first.
    pub path: String,
    /// The rule. Its name is made of what is watched for, so that it stays when others come and go.
    pub spec: RuleSpec,
    /// The expressions as they are written, by the field that they are asked of; none if the rule has no expressions.
    pub(crate) expressions: Vec<(&'static str, Vec<String>)>,
}

/// The extensions that `fulcioExtensions` may name.
pub(crate) fn extensions() -> impl Iterator<Item = &'static str> {
    let of_certificate = |name: &&str| matches!(Field::parse(name), Some(Field::Extension(_) | Field::Issuer));
    Field::names().filter(of_certificate)
}

/// Reads the value of `monitoredValues`; nothing (`null`) watches for nobody.
///
/// # Errors
/// Every mistake; paths begin with `monitoredValues`.
pub fn monitored(value: &Value) -> Result<Vec<Monitored>, Vec<Diagnostic>> {
    let mut reader = Reader::default();
    if !value.is_null() {
        reader.block(value);
    }
    if reader.problems.is_empty() {
        Ok(reader.found)
    } else {
        Err(reader.problems)
    }
}

#[derive(Default)]
struct Reader {
    found: Vec<Monitored>,
    /// Where the rule of each name stands in `found`.
    names: HashMap<String, usize>,
    /// Extension values by the name of the extension, and the place of each extension in the order of the file.
    extensions: Vec<(String, String, Vec<Pattern>)>,
    problems: Vec<Diagnostic>,
}

impl Reader {
    fn fault<T>(&mut self, path: &str, message: impl Into<String>, suggestion: Option<String>) -> Option<T> {
        self.problems.push(Diagnostic {
            path: path.to_owned(),
            message: message.into(),
            suggestion,
        });
        None
    }

    fn block(&mut self, value: &Value) {
        let Some(map) = self.mapping(value, MONITORED_VALUES, &KEYS) else {
            return;
        };
        for (path, value) in self.list(map, MONITORED_VALUES, "certIdentities") {
            self.identity(value, &path);
        }
        for (path, value) in self.list(map, MONITORED_VALUES, "subjects") {
            let Some((source, pattern)) = self.expression(value, &path, &Field::Subject) else {
                continue;
            };
            let expressions = vec![("subject", vec![source.clone()])];
            self.rule(
                path,
                &format!("subject {source}"),
                field("subject", vec![pattern]),
                expressions,
            );
        }
        for (path, value) in self.list(map, MONITORED_VALUES, "fingerprints") {
            let Some(text) = self.text(value, &path) else { continue };
            // Two spellings of one fingerprint are one rule.
            let bare = fingerprint(text);
            let pattern = Pattern::Exact(bare.clone().into_owned());
            if self.usable(&pattern, &path, &Field::Fingerprint).is_some() {
                let matches = field("fingerprint", vec![pattern]);
                self.rule(path, &format!("fingerprint {bare}"), matches, Vec::new());
            }
        }
        if let Some(value) = map.get("oidMatchers").filter(|value| !value.is_null()) {
            self.matchers(value, &at_key(MONITORED_VALUES, "oidMatchers"));
        }
    }

    fn identity(&mut self, value: &Value, path: &str) {
        let Some(map) = self.mapping(value, path, &IDENTITY_KEYS) else {
            return;
        };
        let at = at_key(path, "certSubject");
        let subject = match map.get("certSubject") {
            None => self.fault(path, "has no `certSubject`: whom should it look for?", None),
            Some(value) => self.expression(value, &at, &Field::San),
        };
        let (mut sources, mut patterns) = (Vec::new(), Vec::new());
        for (at, value) in self.list(map, path, "issuers") {
            if let Some((source, pattern)) = self.expression(value, &at, &Field::Issuer) {
                sources.push(source);
                patterns.push(pattern);
            }
        }
        let Some((subject, pattern)) = subject else { return };
        let san = field("san", vec![pattern]);
        if patterns.is_empty() {
            let name = format!("certSubject {subject}");
            self.rule(path.to_owned(), &name, san, vec![("san", vec![subject])]);
            return;
        }
        let name = format!("certSubject {subject}, issuers {}", sources.join(", "));
        let matches = Matcher::All(vec![field("issuer", patterns), san]);
        let expressions = vec![("issuer", sources), ("san", vec![subject])];
        self.rule(path.to_owned(), &name, matches, expressions);
    }

    fn matchers(&mut self, value: &Value, path: &str) {
        let Some(map) = self.mapping(value, path, &MATCHER_KEYS) else {
            return;
        };
        if let Some(value) = map.get("fulcioExtensions").filter(|value| !value.is_null()) {
            self.named(value, &at_key(path, "fulcioExtensions"));
        }
        for key in ["oidExtensions", "customExtensions"] {
            for (path, value) in self.list(map, path, key) {
                let Some(map) = self.mapping(value, &path, &EXTENSION_KEYS) else {
                    continue;
                };
                let name = self.identifier(map, &path);
                let values = self.values(map, &path, "extensionValues", name.as_ref());
                if let (Some(name), Some(values)) = (name, values) {
                    self.extension(&name.to_string(), path, values);
                }
            }
        }
        for (name, path, values) in core::mem::take(&mut self.extensions) {
            let matches = if name == "issuer" {
                Matcher::Any(ISSUERS.map(|oid| field(oid, values.clone())).to_vec())
            } else {
                field(&name, values)
            };
            self.rule(path, &name, matches, Vec::new());
        }
    }

    /// Extensions by their Fulcio names.
    fn named(&mut self, value: &Value, path: &str) {
        let Value::Object(map) = value else {
            let message = format!(
                "must be a mapping of extensions to lists of values, not {}",
                noun(value)
            );
            return self.fault(path, message, None).unwrap_or_default();
        };
        for name in map.keys() {
            let Some(known) = extensions().find(|known| known == name) else {
                let suggestion = spelled(name).or_else(|| nearest(name, extensions()));
                let at = at_key(path, name);
                let _: Option<()> = self.fault(&at, format!("unknown key `{name}`"), suggestion);
                continue;
            };
            let field = Field::parse(known);
            if let Some(values) = self.values(map, path, name, field.as_ref()) {
                self.extension(known, at_key(path, name), values);
            }
        }
    }

    /// Keeps the values beside those that the extension has already.
    fn extension(&mut self, name: &str, path: String, values: Vec<Pattern>) {
        let known = self.extensions.iter_mut().find(|(known, _, _)| known == name);
        let Some((_, _, kept)) = known else {
            let mut kept = Vec::new();
            push_new(&mut kept, values);
            return self.extensions.push((name.to_owned(), path, kept));
        };
        push_new(kept, values);
    }

    /// An object identifier: a list of numbers, or its numbers with dots between them.
    fn identifier(&mut self, map: &Map<String, Value>, path: &str) -> Option<Field> {
        let at = at_key(path, "objectIdentifier");
        let dotted = match map.get("objectIdentifier") {
            None | Some(Value::Null) => return self.fault(path, "has no `objectIdentifier`", None),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(numbers)) if numbers.iter().all(Value::is_u64) => {
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                numbers.join(".")
            }
            Some(Value::Number(number)) => {
                let message = "is read as a number; put the object identifier in quotes";
                return self.fault(&at, message, Some(format!("\"{number}\"")));
            }
            Some(other) => {
                let message = format!(
                    "must be an object identifier, such as 1.2.3 or [1, 2, 3], not {}",
                    noun(other)
                );
                return self.fault(&at, message, None);
            }
        };
        match dotted.parse::<Oid>() {
            Ok(oid) => Some(Field::Extension(oid)),
            Err(_) => {
                let message = format!("`{dotted}` is no object identifier, such as 1.2.3 or [1, 2, 3]");
                self.fault(&at, message, None)
            }
        }
    }

    /// The values of an extension; there is at least one.
    fn values(
        &mut self,
        map: &Map<String, Value>,
        path: &str,
        key: &str,
        field: Option<&Field>,
    ) -> Option<Vec<Pattern>> {
        let items = self.list(map, path, key);
        if items.is_empty() && map.get(key).is_none_or(|value| value.is_null() || value.is_array()) {
            let message = format!("has no values in `{key}`: it would match nothing");
            let at = if map.contains_key(key) {
                at_key(path, key)
            } else {
                path.to_owned()
            };
            return self.fault(&at, message, None);
        }
        let mut values = Vec::with_capacity(items.len());
        for (path, value) in items {
            let Some(text) = self.text(value, &path) else { continue };
            let pattern = Pattern::Exact(text.to_owned());
            match field {
                Some(field) => values.extend(self.usable(&pattern, &path, field).map(|()| pattern)),
                None => values.push(pattern),
            }
        }
        Some(values)
    }

    fn mapping<'v>(&mut self, value: &'v Value, path: &str, known: &[&str]) -> Option<&'v Map<String, Value>> {
        let Value::Object(map) = value else {
            let message = format!("must be a mapping with `{}`, not {}", known.join("`, `"), noun(value));
            return self.fault(path, message, None);
        };
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let suggestion = nearest(key, known.iter().copied());
            let _: Option<()> = self.fault(&at_key(path, key), format!("unknown key `{key}`"), suggestion);
        }
        Some(map)
    }

    fn list<'v>(&mut self, map: &'v Map<String, Value>, path: &str, key: &str) -> Vec<(String, &'v Value)> {
        let at = at_key(path, key);
        match map.get(key) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => {
                let items = items.iter().enumerate();
                items.map(|(index, item)| (at_item(&at, index), item)).collect()
            }
            Some(other) => {
                let _: Option<()> = self.fault(&at, format!("must be a list, not {}", noun(other)), None);
                Vec::new()
            }
        }
    }

    fn text<'v>(&mut self, value: &'v Value, path: &str) -> Option<&'v str> {
        match value {
            Value::String(text) if text.is_empty() => self.fault(path, "is empty", None),
            Value::String(text) => Some(text),
            Value::Number(_) | Value::Bool(_) => {
                let message = format!("must be a string, not {}; put it in quotes", noun(value));
                self.fault(path, message, Some(format!("\"{value}\"")))
            }
            other => self.fault(path, format!("must be a string, not {}", noun(other)), None),
        }
    }

    /// An expression as it is written, and as ours.
    fn expression(&mut self, value: &Value, path: &str, field: &Field) -> Option<(String, Pattern)> {
        let source = self.text(value, path)?;
        match re2::unanchored(source) {
            Ok(text) => {
                let pattern = Pattern::Regex(text);
                self.usable(&pattern, path, field)?;
                Some((source.to_owned(), pattern))
            }
            Err(error) => self.fault(path, error.to_string(), None),
        }
    }

    fn usable(&mut self, pattern: &Pattern, path: &str, field: &Field) -> Option<()> {
        match pattern.prepare(field).map(drop) {
            Ok(()) => Some(()),
            Err(error) => self.fault(path, error.to_string(), error.suggestion()),
        }
    }

    /// Adds a rule for what these words say. What is watched for twice is one rule.
    fn rule(&mut self, path: String, words: &str, matches: Matcher, expressions: Vec<(&'static str, Vec<String>)>) {
        let mut name = name(words, None);
        if let Some(known) = self.names.get(&name).and_then(|at| self.found.get(*at)) {
            if known.spec.matches == matches {
                return;
            }
            // Words that can be read in two ways.
            let whole = serde_json::to_string(&matches).unwrap_or_default();
            name = self::name(words, Some(&whole));
            if self.names.contains_key(&name) {
                return;
            }
        }
        self.names.insert(name.clone(), self.found.len());
        let spec = RuleSpec {
            allow: Vec::new(),
            labels: BTreeMap::new(),
            matches,
            name,
            note: None,
            only: None,
            severity: Severity::default(),
        };
        self.found.push(Monitored {
            path,
            spec,
            expressions,
        });
    }
}

fn push_new(kept: &mut Vec<Pattern>, values: Vec<Pattern>) {
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
}

fn field(name: &str, patterns: Vec<Pattern>) -> Matcher {
    Matcher::Field {
        name: name.to_owned(),
        patterns,
    }
}

/// The known extension that a name in another spelling means, such as `BuildSignerURI`.
fn spelled(name: &str) -> Option<String> {
    let plain = |name: &str| name.replace(['-', '_', ' '], "").to_ascii_lowercase();
    extensions()
        .find(|known| plain(known) == plain(name))
        .map(str::to_owned)
}

/// Characters of a name that are the user's own words; the rest of [`MAX_NAME_CHARS`] tells cut ones apart.
const MAX_WORD_CHARS: usize = MAX_NAME_CHARS - 32;

/// A rule's name, which is one line and not too long. Words that do not fit end in a part of the hash of what is meant.
fn name(words: &str, meant: Option<&str>) -> String {
    if meant.is_none() && words.chars().count() <= MAX_WORD_CHARS && !words.chars().any(char::is_control) {
        return format!("monitored {words}");
    }
    let shown = |letter: char| if letter.is_control() { ' ' } else { letter };
    let cut: String = words.chars().take(MAX_WORD_CHARS).map(shown).collect();
    let hash = Sha256::digest(meant.unwrap_or(words));
    let digits: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("monitored {cut}... {digits}")
}
