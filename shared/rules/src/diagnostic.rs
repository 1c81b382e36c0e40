//! What is wrong with a rule, and where, in the words of the one who wrote it.
//!
//! A diagnostic carries a path, not a line: this crate sees values, never the file. Whoever read the file turns the
//! path into line and caret.

/// One mistake in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Diagnostic {
    /// Where: keys joined by dots, list items in brackets, keys that are no plain word in brackets and quotes:
    /// `rules[3].match.san[0]`, `rules[0].match["1.3.6.1.4.1.57264.1.8"]`.
    pub path: String,
    /// What is wrong, in one line.
    pub message: String,
    /// What may have been meant: the nearest known word, or the value as it should be written.
    pub suggestion: Option<String>,
}

impl core::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.path, self.message)?;
        match &self.suggestion {
            Some(suggestion) => write!(f, " (did you mean `{suggestion}`?)"),
            None => Ok(()),
        }
    }
}

/// The path of `key` in the mapping at `path`, of which the empty one is the document's: `rules[3].match`, `a["b.c"]`.
#[must_use]
pub fn at_key(path: &str, key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    match (!key.is_empty() && key.bytes().all(plain), path.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{path}.{key}"),
        (false, _) => format!("{path}[{key:?}]"),
    }
}

/// The path of item `index` in the list at `path`.
pub(crate) fn at_item(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

/// Longer words are not compared: nobody mistypes a key of this length by a letter or two.
const MAX_WORD_CHARS: usize = 64;

/// The known word nearest to `word`, if any is near enough to have been meant: a third of its letters may differ, or it
/// is the beginning of the known one. Letters are compared without regard to case; of equally near words the first wins.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    let word: Vec<char> = word.to_lowercase().chars().take(MAX_WORD_CHARS + 1).collect();
    if word.len() > MAX_WORD_CHARS {
        return None;
    }
    let enough = word.len().div_ceil(3);
    known
        .into_iter()
        .map(|candidate| (nearness(&word, candidate), candidate))
        .filter(|(distance, _)| *distance <= enough)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}

/// Letters that a word must have to be taken for the beginning of another.
const MIN_BEGINNING_CHARS: usize = 3;

/// How far `word` is from a known one; its beginning is as far as one letter is.
fn nearness(word: &[char], known: &str) -> usize {
    let known: Vec<char> = known.to_lowercase().chars().collect();
    let begins = word.len() >= MIN_BEGINNING_CHARS && known.starts_with(word);
    distance(word, &known).min(if begins { 1 } else { usize::MAX })
}

/// How many letters two texts are apart.
pub(crate) fn distance_of(a: &str, b: &str) -> usize {
    let letters = |text: &str| text.chars().collect::<Vec<_>>();
    distance(&letters(a), &letters(b))
}

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours, each counting one.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        for (j, &y) in b.iter().enumerate() {
            let mut least = (above[j] + usize::from(x != y)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && x == b[j - 1] && a[i - 1] == y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = core::mem::replace(&mut above, row);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, expect: Option<&str>) {
        let known = ["san", "issuer", "source-repository-owner-uri", "match", "allow"];
        assert_eq!(nearest(word, known).as_deref(), expect, "{word}");
    }

    #[test]
    fn the_nearest_word_is_near() {
        check("isuer", Some("issuer"));
        check("sna", Some("san"));
        check("SAN", Some("san"));
        check("matches", Some("match"));
        check("source_repository_owner", Some("source-repository-owner-uri"));
        check("source-repo", Some("source-repository-owner-uri"));
        check("so", None);
        check("banana", None);
        check("", None);
        check(&"s".repeat(1000), None);
    }

    #[test]
    fn distances() {
        let of = |a: &str, b: &str| distance(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        assert_eq!(of("", "abc"), 3);
        assert_eq!(of("abc", ""), 3);
        assert_eq!(of("abc", "abc"), 0);
        assert_eq!(of("abc", "acb"), 1);
        assert_eq!(of("kitten", "sitting"), 3);
    }

    #[test]
    fn paths_are_unambiguous() {
        assert_eq!(at_key("rules[0].match", "san"), "rules[0].match.san");
        assert_eq!(at_key("rules[0].match", "1.3.6"), "rules[0].match[\"1.3.6\"]");
        assert_eq!(at_key("rules[0].match", ""), "rules[0].match[\"\"]");
        assert_eq!(at_item("rules", 3), "rules[3]");
    }
}
