//! Dots of an expression that were meant as dots.

use super::remark::{Lint, LintId};
use regex_syntax::ast::{Ast, parse::Parser};

/// The lint for dots that stand between letters, as in a host or the name of a file, and stand for any character.
pub(super) fn loose(path: &str, source: &str) -> Option<Lint> {
    let ast = Parser::new().parse(source).ok()?;
    let mut dots = Vec::new();
    find(&ast, &mut dots);
    let first = *dots.first()?;
    let (start, word) = word_at(source, first);
    let other = first.checked_sub(start).and_then(|at| word.split_at_checked(at));
    let (before, behind) = other?;
    let other = format!("{before}x{}", behind.strip_prefix('.')?);
    let message = format!("the dot in `{word}` stands for any character: `{other}` matches too");
    let mut escaped = source.to_owned();
    for at in dots.into_iter().rev() {
        escaped.insert(at, '\\');
    }
    Some(Lint::warning(LintId::LooseDot, path, message).instead(format!("write `regex:{escaped}`")))
}

fn find(ast: &Ast, dots: &mut Vec<usize>) {
    match ast {
        Ast::Concat(concat) => {
            for part in &concat.asts {
                find(part, dots);
            }
            for three in concat.asts.windows(3) {
                if let [before, Ast::Dot(dot), behind] = three
                    && is_letter(before)
                    && is_letter(behind)
                {
                    dots.push(dot.start.offset);
                }
            }
            dots.sort_unstable();
        }
        Ast::Alternation(alternation) => alternation.asts.iter().for_each(|part| find(part, dots)),
        Ast::Group(group) => find(&group.ast, dots),
        Ast::Repetition(repetition) => find(&repetition.ast, dots),
        Ast::Empty(_)
        | Ast::Flags(_)
        | Ast::Literal(_)
        | Ast::Dot(_)
        | Ast::Assertion(_)
        | Ast::ClassUnicode(_)
        | Ast::ClassPerl(_)
        | Ast::ClassBracketed(_) => {}
    }
}

fn is_letter(ast: &Ast) -> bool {
    matches!(ast, Ast::Literal(literal) if literal.c.is_ascii_alphanumeric())
}

/// The word around a place of the source, and where it begins. It begins with a letter.
fn word_at(source: &str, at: usize) -> (usize, &str) {
    let part = |letter: char| letter.is_ascii_alphanumeric() || letter == '.' || letter == '-';
    let start = source.get(..at).unwrap_or_default();
    let start = start.trim_end_matches(part).len();
    let rest = source.get(start..).unwrap_or_default();
    let start = start + (rest.len() - rest.trim_start_matches(['.', '-']).len());
    let rest = source.get(start..).unwrap_or_default();
    let end = rest.find(|letter| !part(letter)).unwrap_or(rest.len());
    (start, rest.get(..end).unwrap_or_default())
}
