//! The texts that a value must contain for a pattern to match it, and how much a compiled expression weighs.
//!
//! Capitals and small letters are not told apart here: `(?i)acme` requires `acme` as `acme` does, and whoever looks for
//! these texts looks without regard to case. What is found is necessary and never enough: the pattern decides.

use crate::glob;
use crate::limits::MAX_BRANCHES;
use regex_syntax::hir::{Class, Hir, HirKind};

/// The shortest text that is looked for anywhere in a value. Shorter ones are in every other value.
pub(crate) const MIN_INNER_BYTES: usize = 4;

/// Where a text must stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The value begins with it.
    Head,
    /// The value ends in it.
    Tail,
    /// Somewhere.
    Inner,
}

/// A text that stands in every value that the pattern matches (or that some branch of it does).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Literal {
    pub(crate) place: Place,
    pub(crate) bytes: Vec<u8>,
}

/// One way to be woken: a value that matches contains at least one of these.
pub(crate) type Way = Vec<Literal>;

/// The ways of a glob.
pub(crate) fn of_glob(text: &str) -> Vec<Way> {
    let mut walk = Walk::default();
    for (at, literal) in glob::literals(text).enumerate() {
        if at > 0 {
            walk.gap();
        }
        walk.run.extend_from_slice(literal.as_bytes());
    }
    walk.end()
}

/// The ways of an expression for the whole text.
pub(crate) fn of_regex(hir: &Hir) -> Vec<Way> {
    let mut walk = Walk::default();
    walk.read(hir);
    walk.end()
}

/// A pattern, read from its beginning to its end.
#[derive(Default)]
struct Walk {
    ways: Vec<Way>,
    /// The literal that is being read.
    run: Vec<u8>,
    /// Whether something other than a literal came before it.
    gap: bool,
}

impl Walk {
    /// Something comes of which no more is known.
    fn gap(&mut self) {
        let place = if self.gap { Place::Inner } else { Place::Head };
        self.close(place);
        self.gap = true;
    }

    fn close(&mut self, place: Place) {
        let bytes = core::mem::take(&mut self.run);
        if is_enough(place, &bytes) {
            self.ways.push(vec![Literal { place, bytes }]);
        }
    }

    fn end(mut self) -> Vec<Way> {
        let place = if self.gap { Place::Tail } else { Place::Head };
        self.close(place);
        self.ways
    }

    fn read(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.run.extend_from_slice(&literal.0),
            HirKind::Class(class) => match one_letter(class) {
                Some(letter) => self.run.push(letter),
                None => self.gap(),
            },
            HirKind::Repetition(repetition) => {
                if repetition.min > 0 {
                    self.read(&repetition.sub);
                }
                if (repetition.min, repetition.max) != (1, Some(1)) {
                    self.gap();
                }
            }
            HirKind::Capture(capture) => self.read(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.read(part)),
            HirKind::Alternation(branches) => self.branches(branches),
        }
    }

    /// The longest literal of each branch, if each has one.
    fn branches(&mut self, branches: &[Hir]) {
        let begins = !self.gap && self.run.is_empty();
        self.gap();
        let longest = |branch: &Hir| {
            let mut walk = Self {
                gap: !begins,
                ..Self::default()
            };
            walk.read(branch);
            walk.gap();
            // A branch within a branch would multiply.
            let single = walk.ways.into_iter().filter(|way| way.len() == 1);
            single.flatten().max_by_key(|literal| literal.bytes.len())
        };
        if branches.len() <= MAX_BRANCHES {
            let way: Option<Way> = branches.iter().map(longest).collect();
            self.ways.extend(way);
        }
    }
}

fn is_enough(place: Place, bytes: &[u8]) -> bool {
    match place {
        Place::Head | Place::Tail => !bytes.is_empty(),
        Place::Inner => bytes.len() >= MIN_INNER_BYTES,
    }
}

/// The letter of a class that holds one letter alone, or its capital beside it.
fn one_letter(class: &Class) -> Option<u8> {
    let (small, capital) = match class {
        Class::Unicode(class) => pair(class.ranges(), |range| {
            (u32::from(range.start()), u32::from(range.end()))
        })?,
        Class::Bytes(class) => pair(class.ranges(), |range| {
            (u32::from(range.start()), u32::from(range.end()))
        })?,
    };
    let (small, capital) = (u8::try_from(small).ok()?, u8::try_from(capital).ok()?);
    (small.is_ascii() && small.eq_ignore_ascii_case(&capital)).then_some(small.to_ascii_lowercase())
}

fn pair<R>(ranges: &[R], ends: impl Fn(&R) -> (u32, u32)) -> Option<(u32, u32)> {
    let single = |range: &R| {
        let (start, end) = ends(range);
        (start == end).then_some(start)
    };
    match ranges {
        [one] => Some((single(one)?, single(one)?)),
        [one, two] => Some((single(one)?, single(two)?)),
        _ => None,
    }
}

/// Bytes that one state of a compiled expression takes, roughly.
pub(crate) const STATE_BYTES: u64 = 64;

/// How many states the compiled expression has, at most: what is repeated counts as often as it is written out.
pub(crate) fn states(hir: &Hir) -> u64 {
    let of_all = |parts: &[Hir]| parts.iter().fold(1, |sum: u64, part| sum.saturating_add(states(part)));
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => u64::try_from(literal.0.len()).unwrap_or(u64::MAX),
        // A range of letters is up to four sequences of bytes, most of which share their ends.
        HirKind::Class(Class::Unicode(class)) => count(class.ranges().len()).saturating_mul(2).saturating_add(1),
        HirKind::Class(Class::Bytes(_)) => 1,
        HirKind::Repetition(repetition) => {
            let times = u64::from(repetition.max.unwrap_or(repetition.min.saturating_add(1)).max(1));
            states(&repetition.sub).saturating_add(1).saturating_mul(times)
        }
        HirKind::Capture(capture) => states(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => of_all(parts),
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(ways: &[Way]) -> Vec<String> {
        let literal = |literal: &Literal| {
            let text = String::from_utf8_lossy(&literal.bytes).into_owned();
            match literal.place {
                Place::Head => format!("^{text}"),
                Place::Tail => format!("{text}$"),
                Place::Inner => text,
            }
        };
        let way = |way: &Way| way.iter().map(literal).collect::<Vec<_>>().join(" | ");
        ways.iter().map(way).collect()
    }

    #[track_caller]
    fn regex(source: &str, expect: &[&str]) {
        let hir = regex_syntax::parse(source).unwrap();
        assert_eq!(written(&of_regex(&hir)), expect, "{source}");
    }

    #[test]
    fn what_an_expression_requires() {
        regex("abc", &["^abc"]);
        regex("a.*", &["^a"]);
        regex(".*bc", &["bc$"]);
        regex(".*abc.*", &[]);
        regex(".*abcd.*", &["abcd"]);
        regex("^https://x/[^/]+/y/z$", &["^https://x/", "/y/z$"]);
        regex("(?i)abcd.*", &["^abcd"]);
        regex("(?i).*[a-z]-acme-[0-9]", &["-acme-"]);
        // The Kelvin sign and the long s are letters too.
        regex("(?i)ks.*", &[]);
        regex("(abc)+d", &["^abc", "d$"]);
        regex("(abc)*d", &["d$"]);
        regex("(abc)?", &[]);
        regex("(foo|bar).*", &["^foo | ^bar"]);
        regex("x(four|fives).*", &["^x", "four | fives"]);
        regex("x(four|two).*", &["^x"]);
        regex("(foo|.*)", &[]);
        regex(r"a\b.*", &["^a"]);
        regex("", &[]);
        regex("a{3}", &["^a"]);
    }

    #[test]
    fn what_a_glob_requires() {
        let check = |glob: &str, expect: &[&str]| assert_eq!(written(&of_glob(glob)), expect, "{glob}");
        check("https://x/*/y.yml@refs/**", &["^https://x/", "/y.yml@refs/"]);
        check("*abc", &["abc$"]);
        check("a?c", &["^a", "c$"]);
        check("**", &[]);
        check("abc", &["^abc"]);
        check("*abc*", &[]);
        check("**abcd*", &["abcd"]);
    }

    #[test]
    fn states_are_counted_generously() {
        for source in [
            "abc",
            "a*",
            "(a|b|c){3,7}",
            r"\w+@\w+",
            r"[^/]{1,100}",
            ".*x.*y.*",
            r"\pL{20}",
            "(?i)straße",
            "(a{5}){6}",
        ] {
            let hir = regex_syntax::parse(source).unwrap();
            let nfa = regex_automata::nfa::thompson::Compiler::new()
                .build_from_hir(&hir)
                .unwrap();
            let room = states(&hir) * STATE_BYTES;
            let takes = u64::try_from(nfa.memory_usage()).unwrap();
            assert!(takes <= room + 1_024, "{source}: {takes} of {room}");
        }
    }
}
