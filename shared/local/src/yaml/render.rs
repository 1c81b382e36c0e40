//! Errors as people read them: the place, the message, the line, a caret under what is meant, and help.
//!
//! ```text
//! sentinel.yaml:14:5: error: unknown key `sevrity`
//!   14 |     sevrity: high
//!      |     ^^^^^^^
//!      = help: did you mean `severity`?
//! ```
//!
//! Whatever comes out of the file is shown one character for one character, so that the caret stands where it should;
//! characters that act on a terminal are replaced.

use super::place::{Extent, Place, Places, Problem, Spot, last_key};
use core::fmt::Write as _;
use rules::{Diagnostic, Lint, LintId};

/// Problems that are written out; the rest is counted. A screen holds about ten.
pub const MAX_RENDERED: usize = 20;

/// Characters of a source line that are shown, around the caret.
const MAX_LINE_CHARS: usize = 120;

/// Characters that are shown of a message or of help.
const MAX_MESSAGE_CHARS: usize = 500;

/// Every diagnostic in the order of its place, then of its path. The places are those of the text's own document.
#[must_use]
pub fn render(file: &str, text: &str, places: &Places, diagnostics: &[Diagnostic]) -> String {
    let placed = diagnostics.iter().map(|found| Placed::of(found, text, places));
    write_all(file, text, placed.collect(), "problems")
}

/// What the lint says, the same way: `warning[unreachable]: …`.
#[must_use]
pub fn render_lints(file: &str, text: &str, places: &Places, lints: &[Lint]) -> String {
    let placed = lints.iter().map(|lint| Placed::of_lint(lint, places));
    write_all(file, text, placed.collect(), "of the kind")
}

fn write_all(file: &str, text: &str, mut placed: Vec<Placed<'_>>, rest: &str) -> String {
    placed.sort_by(|left, right| (left.at, left.message).cmp(&(right.at, right.message)));
    let mut out = String::new();
    for problem in placed.iter().take(MAX_RENDERED) {
        problem.write(file, text, &mut out);
    }
    if let Some(more) = placed.len().checked_sub(MAX_RENDERED).filter(|more| *more > 0) {
        let _infallible = writeln!(out, "{}: {more} more {rest}", visible(file, MAX_MESSAGE_CHARS));
    }
    out
}

/// What [`super::parse`] found wrong.
#[must_use]
pub fn render_problem(file: &str, text: &str, problem: &Problem) -> String {
    let mut out = String::new();
    let help = problem.help.clone();
    Placed {
        at: Some(problem.at),
        word: "error".to_owned(),
        message: &problem.message,
        help,
    }
    .write(file, text, &mut out);
    out
}

struct Placed<'d> {
    at: Option<Extent>,
    word: String,
    message: &'d str,
    help: Option<String>,
}

impl<'d> Placed<'d> {
    fn of(found: &'d Diagnostic, text: &str, places: &Places) -> Self {
        let at = match places.get(&found.path) {
            Some(spot) => Some(meant(found, spot)),
            None => places.nearest(&found.path).map(|spot| spot.key.unwrap_or(spot.value)),
        };
        let quoted = places.get(&found.path).and_then(|spot| quoted(found, text, spot.value));
        let help = quoted.as_ref().or(found.suggestion.as_ref());
        let help = help.map(|name| format!("did you mean `{name}`?"));
        Self {
            at,
            word: "error".to_owned(),
            message: &found.message,
            help,
        }
    }

    fn of_lint(lint: &'d Lint, places: &Places) -> Self {
        let spot = places.get(&lint.path);
        let nearest = || places.nearest(&lint.path).map(|spot| spot.key.unwrap_or(spot.value));
        let is_key = lint.id == LintId::UnknownExtension;
        let shown = |spot: Spot| spot.key.filter(|_| is_key).unwrap_or(spot.value);
        Self {
            at: spot.map(shown).or_else(nearest),
            word: format!("{}[{}]", lint.weight.word(), lint.id.word()),
            message: &lint.message,
            help: lint.help.clone(),
        }
    }

    fn write(&self, file: &str, text: &str, out: &mut String) {
        let file = visible(file, MAX_MESSAGE_CHARS);
        let (word, message) = (&self.word, visible(self.message, MAX_MESSAGE_CHARS));
        let _infallible = match self.at {
            Some(Extent {
                start: Place { line, column },
                ..
            }) => {
                writeln!(out, "{file}:{line}:{column}: {word}: {message}")
            }
            None => writeln!(out, "{file}: {word}: {message}"),
        };
        let margin = self.at.and_then(|at| write_line(text, at, out)).unwrap_or(2);
        if let Some(help) = &self.help {
            let _infallible = writeln!(out, "{:margin$} = help: {}", "", visible(help, MAX_MESSAGE_CHARS));
        }
    }
}

/// What is to stand in quotes, as it is written: a number that was read has lost its zeros.
fn quoted(found: &Diagnostic, text: &str, at: Extent) -> Option<String> {
    let is_quotable = found.suggestion.as_ref().is_some_and(|it| it.starts_with('"'));
    if !is_quotable || at.start.line != at.end.line {
        return None;
    }
    let chars = nth_line(text, at.start.line)?.chars();
    let length = at.end.column.checked_sub(at.start.column)?;
    let written: String = chars.skip(at.start.column.saturating_sub(1)).take(length).collect();
    (!written.is_empty() && !written.contains(['"', '\\'])).then(|| format!("\"{written}\""))
}

/// The key where the message names it ("unknown key `sevrity`"), else the value.
fn meant(found: &Diagnostic, spot: Spot) -> Extent {
    let key = last_key(&found.path);
    match spot.key {
        Some(place) if found.message.contains(&format!("`{key}`")) => place,
        Some(_) | None => spot.value,
    }
}

/// The source line and the carets; then how wide the margin with the number is. Nothing where there is no such line.
fn write_line(text: &str, at: Extent, out: &mut String) -> Option<usize> {
    let line: Vec<char> = alerts::text::without_passwords(nth_line(text, at.start.line)?)
        .chars()
        .map(shown)
        .collect();
    let from = at.start.column.saturating_sub(1).min(line.len());
    let to = if at.end.line == at.start.line {
        at.end.column.saturating_sub(1)
    } else {
        line.len()
    };
    let skipped = from.saturating_sub(MAX_LINE_CHARS / 2);
    let window: String = line.iter().skip(skipped).take(MAX_LINE_CHARS).collect();
    let carets = to.min(skipped + MAX_LINE_CHARS).saturating_sub(from).max(1);
    let number = at.start.line.to_string();
    let margin = number.len() + 2;
    let _infallible = writeln!(out, "  {number} | {}", window.trim_end());
    let _infallible = writeln!(
        out,
        "{:margin$} | {:indent$}{:^<carets$}",
        "",
        "",
        "",
        indent = from - skipped
    );
    Some(margin)
}

/// A line by its number from 1; `\n`, `\r\n` and `\r` end lines, as in YAML.
fn nth_line(text: &str, number: usize) -> Option<&str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rest = text;
    for _ in 1..number {
        let end = rest.find(['\n', '\r'])?;
        let (_, ended) = rest.split_at_checked(end)?;
        rest = ended.strip_prefix("\r\n").or_else(|| ended.get(1..))?;
    }
    rest.split(['\n', '\r']).next()
}

/// Text from a file, cut, on one line, without characters that act on a terminal.
#[must_use]
pub(super) fn visible(text: &str, max_chars: usize) -> String {
    let mut cut: String = text.chars().take(max_chars).map(shown).collect();
    if text.chars().nth(max_chars).is_some() {
        cut.push('…');
    }
    cut
}

/// One character for one character: blanks for white space, U+FFFD for what a terminal obeys instead of showing it
/// (controls, and the marks that turn the direction of text: CVE-2021-42574).
fn shown(c: char) -> char {
    match c {
        c if c.is_whitespace() => ' ',
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            char::REPLACEMENT_CHARACTER
        }
        c => c,
    }
}
