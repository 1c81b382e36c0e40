//! Regular expressions: checked when they are read, compiled when they are first needed, kept within a bound.
//!
//! An expression is for the whole text: it is compiled between the two anchors as the tree that it was parsed to, never as
//! text, so that nothing in it can reach around them. A set of a hundred thousand expressions is a set of texts until an
//! entry comes that may match one of them.

use crate::limits::{KEPT_REGEX_BYTES, REGEX_CACHE_BYTES, REGEX_SIZE_BYTES};
use crate::literal::{STATE_BYTES, states};
use regex_automata::meta::{BuildError, Config, Regex};
use regex_syntax::hir::{Hir, Look};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Why a text is no expression that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExpressionError {
    /// It is not written as one.
    Form(String),
    /// Compiled, it would take more than [`REGEX_SIZE_BYTES`].
    TooBig,
}

/// Reads an expression and makes sure that it compiles: by its states where they are few, else by compiling it.
pub(crate) fn parse(source: &str) -> Result<Hir, ExpressionError> {
    let hir = regex_syntax::parse(source).map_err(|error| ExpressionError::Form(last_line(&error.to_string())))?;
    let room = u64::try_from(REGEX_SIZE_BYTES / 2).unwrap_or(u64::MAX);
    if states(&hir).saturating_mul(STATE_BYTES) > room {
        compile(hir.clone()).map_err(|error| match error.size_limit() {
            Some(_) => ExpressionError::TooBig,
            None => ExpressionError::Form(last_line(&error.to_string())),
        })?;
    }
    Ok(hir)
}

/// The regex crate draws the pattern and a caret on lines of their own; the last line says what is wrong.
fn last_line(message: &str) -> String {
    let line = message.lines().last().unwrap_or_default().trim();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

fn compile(hir: Hir) -> Result<Regex, Box<BuildError>> {
    let config = Config::new()
        .nfa_size_limit(Some(REGEX_SIZE_BYTES))
        .hybrid_cache_capacity(REGEX_CACHE_BYTES);
    let whole = Hir::concat(vec![Hir::look(Look::Start), hir, Hir::look(Look::End)]);
    let built = Regex::builder().configure(config).build_from_hir(&whole);
    built.map_err(Box::new)
}

/// The compiled expressions that were needed last, whoever needed them. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Compiled(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// By the number of the expression: how many bytes it weighs, when it was used last, and itself.
    programs: HashMap<u32, (usize, u64, Arc<Regex>)>,
    bytes: usize,
    uses: u64,
}

impl Compiled {
    /// Whether expression `number`, which has so many states, matches the whole text; `None` if that may take more than
    /// `steps`, from which is taken what it may have taken.
    pub(crate) fn matches(&self, number: u32, source: &str, states: u32, text: &str, steps: &mut u64) -> Option<bool> {
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX).saturating_add(1);
        *steps = steps.checked_sub(length.saturating_mul(u64::from(states)))?;
        let program = match self.kept(number) {
            Some(program) => program,
            None => self.add(number, source, states, steps)?,
        };
        Some(program.is_match(text))
    }

    fn kept(&self, number: u32) -> Option<Arc<Regex>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let now = kept.uses;
        let (_, used, program) = kept.programs.get_mut(&number)?;
        *used = now;
        // Not a clone of the program itself, which would begin with an automaton of its own.
        Some(Arc::clone(program))
    }

    fn add(&self, number: u32, source: &str, states: u32, steps: &mut u64) -> Option<Arc<Regex>> {
        *steps = steps.checked_sub(u64::from(states).saturating_mul(COMPILE_STEPS))?;
        // It was compiled or measured when the set was: that it fails now would be a fault of ours, and leaves the
        // pattern undecided rather than unmatched.
        let program = Arc::new(compile(parse(source).ok()?).ok()?);
        let bytes = usize::try_from(u64::from(states) * STATE_BYTES).unwrap_or(usize::MAX);
        let bytes = bytes.saturating_mul(2).saturating_add(REGEX_CACHE_BYTES);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.make_room(bytes);
        let now = kept.uses;
        let before = kept.programs.insert(number, (bytes, now, Arc::clone(&program)));
        kept.bytes = kept.bytes + bytes - before.map_or(0, |(bytes, _, _)| bytes);
        Some(program)
    }
}

/// Steps that compiling one state counts: it takes some hundred nanoseconds.
const COMPILE_STEPS: u64 = 256;

impl Kept {
    fn make_room(&mut self, bytes: usize) {
        while self.bytes + bytes > KEPT_REGEX_BYTES {
            let oldest = self.programs.iter().min_by_key(|(_, (_, used, _))| *used);
            let Some(number) = oldest.map(|(number, _)| *number) else {
                return;
            };
            if let Some((bytes, _, _)) = self.programs.remove(&number) {
                self.bytes -= bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(source: &str, text: &str) -> Option<bool> {
        let hir = parse(source).unwrap();
        let states = u32::try_from(states(&hir)).unwrap();
        Compiled::default().matches(0, source, states, text, &mut 1_000_000)
    }

    #[test]
    fn the_whole_text() {
        assert_eq!(asked("a|ab", "ab"), Some(true));
        assert_eq!(asked("a|b", "ab"), Some(false));
        // A comment reaches to the end of the expression and not around it.
        assert_eq!(asked("(?x) a # b)|(", "a"), Some(true));
        assert_eq!(asked("(?x) a # b)|(", "ab"), Some(false));
    }

    #[test]
    fn what_is_no_expression() {
        assert_eq!(parse("a)|(b"), Err(ExpressionError::Form("unopened group".to_owned())));
        assert_eq!(parse(r"\w{1000}{1000}"), Err(ExpressionError::TooBig));
        assert!(parse(r"\w{10}").is_ok());
    }

    #[test]
    fn the_kept_ones_are_bounded() {
        let compiled = Compiled::default();
        for number in 0..500 {
            let source = format!("x{number}");
            assert_eq!(compiled.matches(number, &source, 4, &source, &mut 10_000), Some(true));
        }
        let kept = compiled.0.lock().unwrap();
        assert!(kept.bytes <= KEPT_REGEX_BYTES && kept.programs.len() < 300 && kept.programs.contains_key(&499));
        assert_eq!(
            kept.bytes,
            kept.programs.values().map(|(bytes, _, _)| bytes).sum::<usize>()
        );
    }

    #[test]
    fn the_steps_are_an_end() {
        let compiled = Compiled::default();
        assert_eq!(compiled.matches(0, "a*", 2, "aaaa", &mut 9), None);
        assert_eq!(compiled.matches(0, "a*", 2, "aaaa", &mut 522), Some(true));
        assert_eq!(compiled.matches(0, "a*", 2, "aaaa", &mut 10), Some(true));
    }
}
