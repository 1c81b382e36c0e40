//! An entry made of what a rule asks for: whatever finds all that the rule finds, finds this one too.
//!
//! It is a guess that the matcher confirms or not; what is concluded from it is proven otherwise.

use super::covers::Symbol;
use super::covers::symbols;
use crate::field::{Standard, standard};
use crate::pattern::{Op, Pattern, Prepared};
use crate::spec::Matcher;
use crate::subject::Subject;
use regex_syntax::hir::{Class, Hir, HirKind};
use sigstore::Field;

/// An entry of one signer.
#[derive(Debug, Default)]
pub(super) struct Sample {
    kind: String,
    pub(super) log: String,
    digests: Vec<String>,
    values: Vec<(Field, String)>,
}

impl Subject for Sample {
    fn kind(&self) -> &str {
        &self.kind
    }

    fn digests(&self, each: &mut dyn FnMut(&str)) {
        self.digests.iter().for_each(|digest| each(digest));
    }

    fn signers(&self) -> usize {
        1
    }

    fn values(&self, _signer: usize, field: &Field, each: &mut dyn FnMut(&str)) {
        // What is a name of the certificate is a name of the signer.
        let is_of = |known: &Field| known == field || (*field == Field::Subject && *known == Field::San);
        let values = self.values.iter().filter(|(known, _)| is_of(known));
        values.for_each(|(_, value)| each(value));
    }
}

impl Sample {
    /// Adds what the condition asks for: all of an `all`, the first of an `any`, and nothing that a `not` is about.
    pub(super) fn add(&mut self, matcher: &Matcher) {
        match matcher {
            Matcher::All(inner) => inner.iter().for_each(|inner| self.add(inner)),
            Matcher::Any(inner) => inner.iter().take(1).for_each(|inner| self.add(inner)),
            Matcher::Not(_) => {}
            Matcher::Field { name, patterns } => {
                let found = Field::parse(name).zip(patterns.first());
                let value = found.and_then(|(field, pattern)| Some((value(&field, pattern, &["x"])?, field)));
                match value {
                    Some((value, Field::Kind)) => self.kind = value,
                    Some((value, Field::Log)) => self.log = value,
                    Some((value, Field::Digest)) => self.digests.push(value),
                    Some((value, field)) => self.values.push((field, value)),
                    None => {}
                }
            }
        }
    }
}

/// A value that the pattern matches, with the fillings in the place of its first wildcards and `x` for the others.
pub(super) fn value(field: &Field, pattern: &Pattern, fillings: &[&str]) -> Option<String> {
    match pattern.prepare(field).ok()? {
        Prepared::Plain(Op::Domain, name, _) => Some(of_domain(field, &name)),
        Prepared::Plain(Op::Below, name, _) => Some(of_domain(field, &format!("x.{name}"))),
        Prepared::Plain(op, text, _) => {
            let mut fillings = fillings.iter().copied().chain(core::iter::repeat("x"));
            let mut value = String::with_capacity(text.len());
            for symbol in symbols(op, &text) {
                match symbol {
                    Symbol::Letter(letter) => value.push(letter),
                    Symbol::One => value.push('x'),
                    Symbol::Many | Symbol::All => value.push_str(fillings.next()?),
                }
            }
            Some(value)
        }
        Prepared::Regex(_, hir) => {
            let mut bytes = Vec::new();
            spell(&hir, &mut fillings.iter(), &mut bytes);
            String::from_utf8(bytes).ok()
        }
    }
}

fn of_domain(field: &Field, name: &str) -> String {
    match standard(field) {
        Standard::Uri => format!("https://{name}/x"),
        _ => format!("x@{name}"),
    }
}

/// Bytes of a value that is spelled: an expression may ask for any number of them.
const MAX_SPELLED_BYTES: usize = 4_096;

fn spell(hir: &Hir, fillings: &mut core::slice::Iter<'_, &str>, out: &mut Vec<u8>) {
    if out.len() > MAX_SPELLED_BYTES {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.extend_from_slice(&literal.0),
        HirKind::Class(class) => out.extend(letter(class).to_string().bytes()),
        HirKind::Capture(capture) => spell(&capture.sub, fillings, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| spell(part, fillings, out)),
        HirKind::Alternation(parts) => parts.iter().take(1).for_each(|part| spell(part, fillings, out)),
        HirKind::Repetition(repetition) => {
            let is_open = is_wide(&repetition.sub) && repetition.max.is_none();
            match is_open.then(|| fillings.next()).flatten() {
                Some(filling) => out.extend_from_slice(filling.as_bytes()),
                None => (0..repetition.min).for_each(|_| spell(&repetition.sub, fillings, out)),
            }
        }
    }
}

/// A letter of the class: `x` where it has it.
fn letter(class: &Class) -> char {
    let of = |start: char, end: char| if (start..=end).contains(&'x') { 'x' } else { start };
    match class {
        Class::Unicode(class) => {
            let letters = class.ranges().iter().map(|range| of(range.start(), range.end()));
            letters.max_by_key(|letter| *letter == 'x').unwrap_or('x')
        }
        Class::Bytes(class) => {
            let letters = class
                .ranges()
                .iter()
                .map(|range| of(range.start().into(), range.end().into()));
            letters.max_by_key(|letter| *letter == 'x').unwrap_or('x')
        }
    }
}

/// Whether it is a class of nearly everything: `.`, `[^/]`.
pub(super) fn is_wide(hir: &Hir) -> bool {
    let mut hir = hir;
    while let HirKind::Capture(capture) = hir.kind() {
        hir = &capture.sub;
    }
    let ends = match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            let ranges = class.ranges();
            let ends = ranges.first().zip(ranges.last());
            ends.map(|(first, last)| (u32::from(first.start()), u32::from(last.end())))
        }
        HirKind::Class(Class::Bytes(class)) => {
            let ranges = class.ranges();
            let ends = ranges.first().zip(ranges.last());
            ends.map(|(first, last)| (u32::from(first.start()), u32::from(last.end())))
        }
        _ => None,
    };
    ends.is_some_and(|(first, last)| first == 0 && last >= 0x7f)
}
