//! One mapping of the configuration, read key by key, with the path of every problem.

use super::{Limit, Position, parse_duration};
use rules::Diagnostic;
use serde_json::{Map, Value};

/// A mapping under its path, and where problems go.
pub(super) struct Fields<'v, 'p> {
    map: &'v Map<String, Value>,
    path: String,
    pub(super) problems: &'p mut Vec<Diagnostic>,
}

impl<'v, 'p> Fields<'v, 'p> {
    /// Opens a mapping; what is no mapping, and every unknown key, is a problem.
    pub(super) fn open(
        value: &'v Value,
        path: &str,
        known: &[&str],
        problems: &'p mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let Value::Object(map) = value else {
            problems.push(Diagnostic {
                path: path.to_owned(),
                message: "must be a mapping of keys to values".to_owned(),
                suggestion: None,
            });
            return None;
        };
        let fields = Self {
            map,
            path: path.to_owned(),
            problems,
        };
        for key in map.keys().filter(|key| !known.contains(&key.as_str())) {
            let suggestion = rules::nearest(key, known.iter().copied());
            let message = format!("unknown key `{key}`");
            fields.problems.push(Diagnostic {
                path: join(path, key),
                message,
                suggestion,
            });
        }
        Some(fields)
    }

    pub(super) fn path(&self, key: &str) -> String {
        join(&self.path, key)
    }

    pub(super) fn complain(&mut self, key: &str, message: String, suggestion: Option<String>) {
        let path = self.path(key);
        self.problems.push(Diagnostic {
            path,
            message,
            suggestion,
        });
    }

    /// The value of a key; an empty value (`key:`) counts as absent.
    pub(super) fn take(&self, key: &str) -> Option<&'v Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            _ => {
                self.complain(key, "must be a text that is not empty".to_owned(), None);
                None
            }
        }
    }

    /// A text that must be there.
    pub(super) fn required(&mut self, key: &str) -> Option<String> {
        if self.take(key).is_none() {
            self.complain("", format!("`{key}` is missing"), None);
            return None;
        }
        self.text(key)
    }

    /// A list with the path of each item; absent is empty.
    pub(super) fn list(&mut self, key: &str) -> Vec<(String, &'v Value)> {
        match self.take(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => {
                let path = self.path(key);
                items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| (format!("{path}[{at}]"), item))
                    .collect()
            }
            Some(_) => {
                self.complain(key, "must be a list".to_owned(), None);
                Vec::new()
            }
        }
    }

    pub(super) fn position(&mut self, key: &str) -> Option<Position> {
        match self.take(key)? {
            Value::String(text) if text == "head" => Some(Position::Head),
            Value::Number(number) if number.as_u64().is_some_and(|index| index < 1 << 63) => {
                number.as_u64().map(Position::Index)
            }
            _ => {
                self.complain(
                    key,
                    "must be `head` or an index (a whole number from 0)".to_owned(),
                    None,
                );
                None
            }
        }
    }

    pub(super) fn limit(&mut self, key: &str) -> Option<Limit> {
        let value = self.take(key)?;
        let limit = match value.as_str() {
            Some("never") => Some(Limit::Never),
            Some(text) => parse_duration(text).map(Limit::After),
            None => None,
        };
        if limit.is_none() {
            self.complain(
                key,
                "must be a duration such as `90s`, `10m`, `1h`, `3d`, or `never`".to_owned(),
                None,
            );
        }
        limit
    }
}

/// A URL that a log or a view is read at.
pub(super) fn check_url(url: &str, log: &mut Fields<'_, '_>) {
    let known = ["http://", "https://", "file:///"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    let authority = url
        .split("://")
        .nth(1)
        .unwrap_or_default()
        .split('/')
        .next()
        .unwrap_or_default();
    if !known || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        log.complain(
            "url",
            "must begin with http://, https:// or file:/// and hold no blanks".to_owned(),
            None,
        );
    } else if authority.contains('@') || url.contains(['?', '#']) {
        log.complain("url", "must hold no credentials, query or fragment".to_owned(), None);
    }
}

fn join(path: &str, key: &str) -> String {
    if key.is_empty() {
        path.to_owned()
    } else {
        rules::at_key(path, key)
    }
}
