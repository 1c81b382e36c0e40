//! Reads the `rules:` of a configuration into [`RuleSpec`]s, and collects every mistake with its place.
//!
//! It does not read files and does not see duplicate keys of one mapping: who turned the text into values has refused
//! them. A rule with a mistake is dropped, and with it the whole result; reading goes on only to name the other mistakes.

use crate::diagnostic::{Diagnostic, at_item, at_key, nearest};
use crate::limits::{MAX_DEPTH, MAX_NOTE_CHARS, MAX_RULES};
use crate::names::{Names, bad_label};
use crate::pattern::{self, Pattern};
use crate::severity::Severity;
use crate::spec::{Allowance, LEDGER, Matcher, Only, RuleSpec, UNTIL};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use sigstore::{Field, Timestamp};
use std::collections::BTreeMap;

pub(crate) const RULE_KEYS: [&str; 7] = ["name", "severity", "note", "labels", "only", "match", "allow"];
pub(crate) const ONLY_KEYS: [&str; 2] = ["logs", "kinds"];
pub(crate) const COMBINATORS: [&str; 3] = ["all", "any", "not"];

/// Reads the value of `rules:`, a list of rules; nothing (`null`) is a list without rules.
///
/// # Errors
/// Every mistake, in the order of the file's rules; paths begin with `rules`.
pub fn parse(value: &Value) -> Result<Vec<RuleSpec>, Vec<Diagnostic>> {
    let mut reader = Reader::default();
    let specs = reader.rules(value);
    if reader.problems.is_empty() {
        Ok(specs)
    } else {
        Err(reader.problems)
    }
}

impl<'de> Deserialize<'de> for RuleSpec {
    /// Reads one rule, through the same parser; the error names the first mistake.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let mut reader = Reader::default();
        let spec = reader.rule(&value, "rule");
        match (reader.problems.first(), spec) {
            (None, Some(spec)) => Ok(spec),
            (Some(problem), _) => Err(serde::de::Error::custom(problem)),
            (None, None) => Err(serde::de::Error::custom("rule: is no rule")),
        }
    }
}

#[derive(Default)]
struct Reader {
    problems: Vec<Diagnostic>,
}

impl Reader {
    /// Notes a problem; the `None` is the value that could not be read.
    fn fault<T>(&mut self, path: &str, message: impl Into<String>) -> Option<T> {
        self.problems.push(Diagnostic {
            path: path.to_owned(),
            message: message.into(),
            suggestion: None,
        });
        None
    }

    fn too_deep<T>(&mut self, path: &str) -> Option<T> {
        self.fault(path, format!("is nested deeper than {MAX_DEPTH} levels"))
    }

    fn unknown<'k>(&mut self, path: &str, key: &str, known: impl Iterator<Item = &'k str>) {
        let suggestion = nearest(key, known);
        self.problems.push(Diagnostic {
            path: at_key(path, key),
            message: format!("unknown key `{key}`"),
            suggestion,
        });
    }

    fn rules(&mut self, value: &Value) -> Vec<RuleSpec> {
        let list = match value {
            Value::Null => return Vec::new(),
            Value::Array(list) => list,
            other => {
                let _: Option<()> = self.fault("rules", format!("must be a list of rules, not {}", noun(other)));
                return Vec::new();
            }
        };
        if list.len() > MAX_RULES {
            let _: Option<()> = self.fault(
                "rules",
                format!("has {} rules; a set has at most {MAX_RULES}", list.len()),
            );
            return Vec::new();
        }
        let mut names = Names::default();
        let mut specs = Vec::with_capacity(list.len());
        for (index, value) in list.iter().enumerate() {
            specs.extend(self.rule(value, &at_item("rules", index)));
            let name = value.get("name").and_then(Value::as_str);
            self.problems.extend(name.and_then(|name| names.check(name, index)));
        }
        specs
    }

    fn rule(&mut self, value: &Value, path: &str) -> Option<RuleSpec> {
        let Value::Object(map) = value else {
            return self.fault(
                path,
                format!("must be a mapping with `name` and `match`, not {}", noun(value)),
            );
        };
        for key in map.keys().filter(|key| !RULE_KEYS.contains(&key.as_str())) {
            self.unknown(path, key, RULE_KEYS.into_iter());
        }
        let name = self.name(map, path);
        let severity = self.severity(map.get("severity"), &at_key(path, "severity"));
        let note = self.note(map.get("note"), &at_key(path, "note"));
        let labels = self.labels(map.get("labels"), &at_key(path, "labels"));
        let only = self.only(map.get("only"), &at_key(path, "only"));
        let matches = match map.get("match") {
            None => self.fault(path, "has no `match`: what should it look for?"),
            Some(value) => self.matcher(value, &at_key(path, "match"), 0),
        };
        let allow = self.allow(map.get("allow"), &at_key(path, "allow"));
        Some(RuleSpec {
            allow: allow?,
            labels: labels?,
            matches: matches?,
            name: name?,
            note: note?,
            only: only?,
            severity: severity?,
        })
    }

    fn name(&mut self, map: &Map<String, Value>, path: &str) -> Option<String> {
        match map.get("name") {
            None => self.fault(path, "has no `name`"),
            Some(Value::String(name)) => Some(name.clone()),
            Some(other) => self.not_a_string(other, &at_key(path, "name")),
        }
    }

    fn severity(&mut self, value: Option<&Value>, path: &str) -> Option<Severity> {
        let word = match value {
            None => return Some(Severity::default()),
            Some(Value::String(word)) => word.clone(),
            Some(number @ Value::Number(_)) => number.to_string(),
            Some(other) => return self.not_a_string(other, path),
        };
        if let Some(severity) = Severity::from_word(&word) {
            return Some(severity);
        }
        let words = Severity::ALL.map(Severity::word);
        let message = format!("`{word}` is no severity; there are {}", words.join(", "));
        self.problems.push(Diagnostic {
            path: path.to_owned(),
            message,
            suggestion: nearest(&word, words),
        });
        None
    }

    fn note(&mut self, value: Option<&Value>, path: &str) -> Option<Option<String>> {
        match value {
            None | Some(Value::Null) => Some(None),
            Some(Value::String(note)) if note.chars().count() <= MAX_NOTE_CHARS => Some(Some(note.clone())),
            Some(Value::String(_)) => self.fault(path, format!("is longer than {MAX_NOTE_CHARS} characters")),
            Some(other) => self.not_a_string(other, path),
        }
    }

    fn labels(&mut self, value: Option<&Value>, path: &str) -> Option<BTreeMap<String, String>> {
        let map = match value {
            None | Some(Value::Null) => return Some(BTreeMap::new()),
            Some(Value::Object(map)) => map,
            Some(other) => {
                let message = format!(
                    "must be a mapping of names to texts, such as {{team: …}}, not {}",
                    noun(other)
                );
                return self.fault(path, message);
            }
        };
        let mut labels = BTreeMap::new();
        for (name, value) in map {
            match value {
                Value::String(text) => labels.insert(name.clone(), text.clone()),
                Value::Object(_) | Value::Array(_) => {
                    let message = format!("must be one text, not {}; a label has no parts", noun(value));
                    return self.fault(&at_key(path, name), message);
                }
                other => return self.not_a_string(other, &at_key(path, name)),
            };
        }
        match bad_label(&labels) {
            Some((name, message)) => self.fault(
                &name.map_or_else(|| path.to_owned(), |name| at_key(path, name)),
                message,
            ),
            None => Some(labels),
        }
    }

    fn only(&mut self, value: Option<&Value>, path: &str) -> Option<Option<Box<Only>>> {
        let map = match value {
            None | Some(Value::Null) => return Some(None),
            Some(Value::Object(map)) => map,
            Some(other) => {
                let message = format!("must be a mapping with `logs` or `kinds`, not {}", noun(other));
                return self.fault(path, message);
            }
        };
        for key in map.keys().filter(|key| !ONLY_KEYS.contains(&key.as_str())) {
            self.unknown(path, key, ONLY_KEYS.into_iter());
        }
        let mut list = |key: &str, field: &Field| match map.get(key) {
            None => Some(Vec::new()),
            Some(value) => self.patterns(field, value, &at_key(path, key)),
        };
        let (logs, kinds) = (list("logs", &Field::Log), list("kinds", &Field::Kind));
        let only = Only {
            kinds: kinds?,
            logs: logs?,
        };
        if only == Only::default() {
            return self.fault(path, "is empty; without `only` a rule is asked everywhere");
        }
        Some(Some(Box::new(only)))
    }

    fn allow(&mut self, value: Option<&Value>, path: &str) -> Option<Vec<Allowance>> {
        let list = match value {
            None | Some(Value::Null) => return Some(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(other) => {
                let message = format!(
                    "must be a list of what is expected, each like a `match`, not {}",
                    noun(other)
                );
                return self.fault(path, message);
            }
        };
        let read = list.iter().enumerate();
        let read: Vec<_> = read
            .map(|(at, value)| self.allowance(value, &at_item(path, at)))
            .collect();
        read.into_iter().collect()
    }

    /// A matcher, and beside its fields the ledger that it asks and the day on which it ends.
    fn allowance(&mut self, value: &Value, path: &str) -> Option<Allowance> {
        let beside = |key: &str| value.as_object().and_then(|map| map.get(key));
        let until = beside(UNTIL).map(|until| self.until(until, &at_key(path, UNTIL)));
        let ledger = beside(LEDGER).map(|ledger| self.ledger(ledger, &at_key(path, LEDGER)));
        let mut rest = value.clone();
        if let Some(map) = rest.as_object_mut() {
            map.retain(|key, _| key != UNTIL && key != LEDGER);
        }
        let alone = ledger.is_some() && rest.as_object().is_some_and(Map::is_empty);
        let before = self.problems.len();
        let matches = match alone {
            true => Some(Matcher::always()),
            false => self.matcher(&rest, path, 0),
        };
        self.suggest_beside(&rest, path, before);
        Some(Allowance {
            matches: matches?,
            ledger: required(ledger)?,
            until: required(until)?,
        })
    }

    /// What is no condition may be a misspelt word of those that stand beside one.
    fn suggest_beside(&mut self, value: &Value, path: &str, before: usize) {
        let keys = value.as_object().into_iter().flat_map(Map::keys);
        let unknown = keys.filter(|key| Field::parse(key).is_none() && !COMBINATORS.contains(&key.as_str()));
        let unknown: Vec<(String, &String)> = unknown.map(|key| (at_key(path, key), key)).collect();
        for problem in self.problems.iter_mut().skip(before) {
            let found = unknown.iter().find(|(at, _)| *at == problem.path);
            if let (Some((_, key)), None) = (found, &problem.suggestion) {
                problem.suggestion = nearest(key, [LEDGER, UNTIL]);
            }
        }
    }

    /// The name of a ledger; whether there is one of that name, who reads the configuration knows.
    fn ledger(&mut self, value: &Value, path: &str) -> Option<String> {
        match value {
            Value::String(name) if !name.trim().is_empty() => Some(name.clone()),
            Value::String(_) => self.fault(path, "is empty; it is the name of one of `ledgers`"),
            other => self.not_a_string(other, path),
        }
    }

    fn until(&mut self, value: &Value, path: &str) -> Option<Timestamp> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            other => return self.not_a_string(other, path),
        };
        let read = date(&text);
        if read.is_none() {
            let _: Option<()> = self.fault(
                path,
                format!("`{text}` is no date; write 2026-12-31 or an RFC 3339 time"),
            );
        }
        read
    }

    fn matcher(&mut self, value: &Value, path: &str, depth: usize) -> Option<Matcher> {
        if depth > MAX_DEPTH {
            return self.too_deep(path);
        }
        match value {
            Value::Object(map) if map.is_empty() => self.fault(path, "is empty; it would match every entry"),
            Value::Object(map) => self.mapping(map, path, depth),
            Value::Array(_) => self.list(value, path, depth).map(Matcher::Any),
            Value::Null => self.fault(path, "is empty; it would match every entry"),
            other => {
                let message = format!(
                    "must be a mapping of fields to values, such as {{san: …}}, not {}",
                    noun(other)
                );
                self.fault(path, message)
            }
        }
    }

    /// All of a mapping's fields. Keys are read in alphabetical order, so that the spec does not depend on the file's.
    fn mapping(&mut self, map: &Map<String, Value>, path: &str, depth: usize) -> Option<Matcher> {
        // Several fields are an `all`, which is a level of its own, written out or not.
        let depth = depth + usize::from(map.len() > 1);
        if depth > MAX_DEPTH {
            return self.too_deep(path);
        }
        let mut keys: Vec<&String> = map.keys().collect();
        keys.sort_unstable();
        let terms: Vec<Option<Matcher>> = keys
            .into_iter()
            .filter_map(|key| Some(self.term(key, map.get(key)?, path, depth)))
            .collect();
        let mut terms = terms.into_iter().collect::<Option<Vec<_>>>()?;
        if terms.len() == 1 {
            terms.pop()
        } else {
            Some(Matcher::All(terms))
        }
    }

    fn term(&mut self, key: &str, value: &Value, path: &str, depth: usize) -> Option<Matcher> {
        let at = at_key(path, key);
        match key {
            "all" => self.list(value, &at, depth).map(Matcher::All),
            "any" => self.list(value, &at, depth).map(Matcher::Any),
            "not" => self
                .matcher(value, &at, depth + 1)
                .map(|inner| Matcher::Not(Box::new(inner))),
            name => match Field::parse(name) {
                Some(field) => {
                    let patterns = self.patterns(&field, value, &at)?;
                    Some(Matcher::Field {
                        name: name.to_owned(),
                        patterns,
                    })
                }
                None => self.no_field(name, path),
            },
        }
    }

    /// A key that is none: of several that begin so all are named, of others the nearest.
    fn no_field<T>(&mut self, name: &str, path: &str) -> Option<T> {
        let longer: Vec<String> = Field::names()
            .filter(|known| known.strip_prefix(name).is_some_and(|rest| rest.starts_with('-')))
            .map(|known| format!("`{known}`"))
            .collect();
        let has_uri = Field::names().any(|known| known.strip_prefix(name) == Some("-uri"));
        if longer.len() > 1 && !has_uri {
            let message = format!("unknown key `{name}`; there are {}", longer.join(", "));
            return self.fault(&at_key(path, name), message);
        }
        // Only an allowance ends, and it is an item of such a list.
        let is_allowance = path.rsplit_once('[').is_some_and(|(list, _)| list.ends_with(".allow"));
        let until = is_allowance.then_some(UNTIL);
        self.unknown(path, name, COMBINATORS.into_iter().chain(Field::names()).chain(until));
        None
    }

    /// A list of matchers that is not empty.
    fn list(&mut self, value: &Value, path: &str, depth: usize) -> Option<Vec<Matcher>> {
        match value {
            Value::Array(list) if list.is_empty() => self.fault(path, "is an empty list"),
            Value::Array(list) => self.each(list, path, depth + 1),
            other => self.fault(path, format!("must be a list of matchers, not {}", noun(other))),
        }
    }

    fn each(&mut self, list: &[Value], path: &str, depth: usize) -> Option<Vec<Matcher>> {
        let read: Vec<_> = list
            .iter()
            .enumerate()
            .map(|(at, value)| self.matcher(value, &at_item(path, at), depth))
            .collect();
        read.into_iter().collect()
    }

    fn patterns(&mut self, field: &Field, value: &Value, path: &str) -> Option<Vec<Pattern>> {
        match value {
            Value::Array(list) if list.is_empty() => self.fault(path, "is an empty list; it would match nothing"),
            Value::Array(list) => {
                let read = list.iter().enumerate();
                let read: Vec<_> = read
                    .map(|(at, item)| self.pattern(field, item, &at_item(path, at)))
                    .collect();
                read.into_iter().collect()
            }
            one => self.pattern(field, one, path).map(|pattern| vec![pattern]),
        }
    }

    fn pattern(&mut self, field: &Field, value: &Value, path: &str) -> Option<Pattern> {
        let Value::String(text) = value else {
            return self.not_a_string(value, path);
        };
        let pattern = Pattern::read(text);
        let checked = match pattern::mistake(text) {
            Some(mistake) => Err(mistake),
            None => pattern.prepare(field).map(drop),
        };
        match checked {
            Ok(()) => Some(pattern),
            Err(error) => {
                let (message, suggestion) = (error.to_string(), error.suggestion());
                self.problems.push(Diagnostic {
                    path: path.to_owned(),
                    message,
                    suggestion,
                });
                None
            }
        }
    }

    fn not_a_string<T>(&mut self, value: &Value, path: &str) -> Option<T> {
        let (message, suggestion) = match value {
            Value::Number(_) | Value::Bool(_) => (
                format!("must be a string, not {}; put it in quotes", noun(value)),
                Some(format!("\"{value}\"")),
            ),
            Value::Object(_) => (
                "must be a string or a list of strings; `all`, `any` and `not` stand around fields".to_owned(),
                None,
            ),
            Value::Null | Value::String(_) | Value::Array(_) => {
                (format!("must be a string, not {}", noun(value)), None)
            }
        };
        self.problems.push(Diagnostic {
            path: path.to_owned(),
            message,
            suggestion,
        });
        None
    }
}

/// What was there must have been read.
fn required<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}

/// A day, which stands for its first second in UTC, or a time as RFC 3339 writes it.
#[must_use]
pub fn date(text: &str) -> Option<Timestamp> {
    let whole = if text.len() == 10 {
        format!("{text}T00:00:00Z")
    } else {
        text.to_owned()
    };
    whole.parse().ok()
}

/// What a value is, in words.
pub(crate) const fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
