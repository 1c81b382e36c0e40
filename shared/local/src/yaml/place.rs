//! Where things stand in a text, and what is wrong there.

use std::collections::BTreeMap;

/// A position: line and column from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// From one position to another; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Extent {
    /// The first character.
    pub start: Place,
    /// After the last character; may be on a later line.
    pub end: Place,
}

impl Extent {
    /// The same beginning, one character long: what is pointed at for a collection, whose whole extent is of no help.
    #[must_use]
    pub fn first_character(self) -> Self {
        let end = Place {
            line: self.start.line,
            column: self.start.column.saturating_add(1),
        };
        Self { start: self.start, end }
    }
}

/// What is wrong with a text before anybody asks what it means.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {message}", at.start.line, at.start.column)]
pub struct Problem {
    /// Where.
    pub at: Extent,
    /// What, in one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Where a value stands, and its key if it is in a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    /// The key.
    pub key: Option<Extent>,
    /// The value; of a collection the first character.
    pub value: Extent,
}

/// The places of a document by path, as [`rules::Diagnostic`] spells it: keys joined by dots, list items in brackets, keys
/// that are no plain word in brackets and quotes. The whole is the empty path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    spots: BTreeMap<String, Spot>,
}

impl Places {
    /// The place of exactly this path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Spot> {
        self.spots.get(path).copied()
    }

    /// The place of this path or, if there is nothing, of the nearest part around it: a key that is missing is
    /// reported where its mapping begins.
    #[must_use]
    pub fn nearest(&self, path: &str) -> Option<Spot> {
        let mut path = path;
        while self.get(path).is_none() && !path.is_empty() {
            path = path
                .rfind(['.', '['])
                .and_then(|end| path.get(..end))
                .unwrap_or_default();
        }
        self.get(path)
    }

    /// How many paths there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spots.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spots.is_empty()
    }

    pub(super) fn insert(&mut self, path: &str, spot: Spot) {
        self.spots.insert(path.to_owned(), spot);
    }
}

/// The key that a path ends with, as it is spelled there.
pub(super) fn last_key(path: &str) -> &str {
    match path.strip_suffix("\"]") {
        Some(quoted) => quoted.rsplit_once("[\"").map_or(quoted, |(_, key)| key),
        None => path.rsplit_once('.').map_or(path, |(_, key)| key),
    }
}
