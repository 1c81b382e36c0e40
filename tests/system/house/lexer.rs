//! Enough of Rust's lexical rules to read the paths of a source file and nothing of its comments and strings.

/// The source with comments and the insides of strings blanked, up to its unit tests, which stand last.
pub(crate) fn code(source: &str) -> String {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let text: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < text.len() {
        let end = skipped(&text, at);
        if end > at {
            out.push(' ');
            at = end;
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    out
}

/// The end of the comment, string or character that begins here; `at` itself if none does.
fn skipped(text: &[char], at: usize) -> usize {
    let next = |ahead: usize| text.get(at + ahead).copied().unwrap_or('\0');
    let starts_word = at == 0 || !is_word(text[at - 1]);
    match (text[at], next(1)) {
        ('/', '/') => find(text, at, |rest| rest[0] == '\n'),
        ('/', '*') => block_comment(text, at),
        ('"', _) => string(text, at + 1),
        ('b' | 'c', '"') if starts_word => string(text, at + 2),
        ('r', '"' | '#') if starts_word => raw_string(text, at + 1).unwrap_or(at),
        ('b' | 'c', 'r') if starts_word => raw_string(text, at + 2).unwrap_or(at),
        ('\'', '\\') => find(text, at + 3, |rest| rest[0] == '\'') + 1,
        // A lifetime has no quote behind its first letter.
        ('\'', _) if next(2) == '\'' => at + 3,
        _ => at,
    }
}

pub(crate) fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn find(text: &[char], from: usize, is_end: impl Fn(&[char]) -> bool) -> usize {
    (from..text.len()).find(|at| is_end(&text[*at..])).unwrap_or(text.len())
}

fn block_comment(text: &[char], from: usize) -> usize {
    let (mut depth, mut at) = (0, from);
    while at < text.len() {
        match text[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string(text: &[char], from: usize) -> usize {
    let mut at = from;
    while at < text.len() && text[at] != '"' {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn raw_string(text: &[char], from: usize) -> Option<usize> {
    let marks = text[from..].iter().take_while(|letter| **letter == '#').count();
    if text.get(from + marks) != Some(&'"') {
        return None;
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', marks)).collect();
    Some(find(text, from + marks + 1, |rest| rest.starts_with(&end)) + end.len())
}

/// Every path in the code that begins with this word, each as its segments; groups are spread out, `*` is a segment.
pub(crate) fn paths(code: &str, first: &str) -> Vec<Vec<String>> {
    let text: Vec<char> = code.chars().collect();
    let word: Vec<char> = first.chars().collect();
    let mut found = Vec::new();
    for at in 0..text.len() {
        let before = |back: usize| at.checked_sub(back).map_or(' ', |place| text[place]);
        let after = text.get(at + word.len()).copied().unwrap_or(' ');
        // In `$crate::` and `a::super` the word is not the first; in `::std` it is.
        let continues = before(1) == ':' && (is_word(before(3)) || before(3) == '>');
        let stands_alone = !is_word(before(1)) && before(1) != '$' && !continues && !is_word(after);
        if stands_alone && text[at..].starts_with(&word) {
            tree(&text, at, &[], &mut found);
        }
    }
    found.retain(|path| path.len() > 1);
    found
}

/// Reads a path or use tree at `at`; returns where it ends.
fn tree(text: &[char], at: usize, prefix: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut at = blank(text, at);
    let mut path = prefix.to_vec();
    loop {
        match text.get(at) {
            Some('{') => return group(text, at + 1, &path, found),
            Some('*') => {
                path.push("*".to_owned());
                found.push(path);
                return at + 1;
            }
            Some(letter) if is_word(*letter) => {
                let end = find(text, at, |rest| !is_word(rest[0]));
                path.push(text[at..end].iter().collect());
                at = end;
            }
            _ => {}
        }
        let colons = blank(text, at);
        if !text[colons.min(text.len())..].starts_with(&[':', ':']) {
            found.push(path);
            return at;
        }
        at = blank(text, colons + 2);
        if !text
            .get(at)
            .is_some_and(|letter| is_word(*letter) || matches!(letter, '{' | '*'))
        {
            found.push(path);
            return at;
        }
    }
}

fn group(text: &[char], at: usize, prefix: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut at = at;
    loop {
        at = find(text, at, |rest| is_word(rest[0]) || matches!(rest[0], '}' | '*' | '{'));
        if text.get(at).is_none_or(|letter| *letter == '}') {
            return at + 1;
        }
        at = tree(text, at, prefix, found);
        // What follows is a comma, the end, or `as Name`.
        at = find(text, at, |rest| matches!(rest[0], ',' | '}'));
    }
}

fn blank(text: &[char], at: usize) -> usize {
    find(text, at, |rest| !rest[0].is_whitespace())
}
