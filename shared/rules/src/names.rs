//! The names of rules and labels: what they may be, and that a rule's stands once.

use crate::diagnostic::{Diagnostic, at_item, at_key};
use crate::limits::{MAX_LABEL_CHARS, MAX_LABELS, MAX_NAME_CHARS};
use std::collections::{BTreeMap, HashMap};

/// Says so where a name stands for a second time.
#[derive(Default)]
pub(crate) struct Names<'n>(HashMap<&'n str, usize>);

impl<'n> Names<'n> {
    /// The problem of rule `index` having this name, if it is one.
    pub(crate) fn check(&mut self, name: &'n str, index: usize) -> Option<Diagnostic> {
        let message = bad_name(name).or_else(|| {
            let first = *self.0.entry(name).or_insert(index);
            let taken = || format!("`{name}` is the name of rules[{first}] already; names are unique");
            (first != index).then(taken)
        })?;
        Some(Diagnostic {
            path: at_key(&at_item("rules", index), "name"),
            message,
            suggestion: None,
        })
    }
}

/// What is wrong with labels, and with which.
pub(crate) fn bad_label(labels: &BTreeMap<String, String>) -> Option<(Option<&str>, String)> {
    if labels.len() > MAX_LABELS {
        return Some((
            None,
            format!("has {} labels; a rule has at most {MAX_LABELS}", labels.len()),
        ));
    }
    labels.iter().find_map(|(name, value)| {
        let message = if name.trim().is_empty() {
            "has no name".to_owned()
        } else if name.chars().count() > MAX_LABEL_CHARS || value.chars().count() > MAX_LABEL_CHARS {
            format!("is longer than {MAX_LABEL_CHARS} characters")
        } else if name.chars().chain(value.chars()).any(char::is_control) {
            "has a control character; a label is one line".to_owned()
        } else {
            return None;
        };
        Some((Some(name.as_str()), message))
    })
}

fn bad_name(name: &str) -> Option<String> {
    if name.trim().is_empty() {
        Some("is empty; every rule has a name".to_owned())
    } else if name.chars().count() > MAX_NAME_CHARS {
        Some(format!("is longer than {MAX_NAME_CHARS} characters"))
    } else if name.chars().any(char::is_control) {
        Some("has a control character; a name is one line".to_owned())
    } else {
        None
    }
}
