//! What is certain about two patterns of one field: that the one matches all that the other does, or nothing of it.
//!
//! `false` means that it is not certain, never that it is not so. Wildcards are compared as symbols: what `*` of the one
//! may stand for, `*` or `**` of the other takes. Expressions are compared by what they spell out.

use crate::atom::{Atoms, Value};
use crate::field::{Standard, standard};
use crate::form::{Folds, domain, normal};
use crate::literal::states;
use crate::pattern::{Op, Pattern, Prepared};
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Hir, HirKind};
use sigstore::Field;
use std::cell::Cell;

/// Steps that are left for comparisons.
pub(super) struct Budget(Cell<u64>);

impl Budget {
    pub(super) const fn new(steps: u64) -> Self {
        Self(Cell::new(steps))
    }

    /// Takes some; whether there were enough.
    pub(super) fn take(&self, steps: usize) -> bool {
        let left = self.0.get().checked_sub(u64::try_from(steps).unwrap_or(u64::MAX));
        self.0.set(left.unwrap_or_default());
        left.is_some()
    }

    pub(super) const fn is_spent(&self) -> bool {
        self.0.get() == 0
    }
}

/// What is left for a whole set: to compare patterns with each other, and to ask them of values.
pub(super) struct Budgets {
    pub(super) compared: Budget,
    pub(super) asked: Budget,
}

/// Steps that reading an expression counts.
const EXPRESSION_STEPS: usize = 4_096;

/// Steps that one pattern may take for one value.
const HOLDS_STEPS: u64 = 1 << 20;

/// Literals of an expression that are looked at one by one.
const MAX_LITERALS: usize = 64;

/// Whether `wide` matches every value of the field that `narrow` matches, for certain.
pub(super) fn covers(field: &Field, wide: &Pattern, narrow: &Pattern, budget: &Budget) -> bool {
    if wide == narrow {
        return true;
    }
    if !budget.take(cost(wide).saturating_add(cost(narrow))) {
        return false;
    }
    let (Ok(few), Ok(many)) = (narrow.prepare(field), wide.prepare(field)) else {
        return false;
    };
    match (&few, &many) {
        (Prepared::Plain(Op::Exact, text, _), _) => asks(field, wide, text, true) == Some(true),
        (Prepared::Regex(_, hir), _) => covers_expression(field, wide, hir, budget),
        (_, Prepared::Regex(..) | Prepared::Plain(Op::Exact, ..)) => false,
        (
            Prepared::Plain(Op::Domain | Op::Below, narrow, _),
            Prepared::Plain(op @ (Op::Domain | Op::Below), wide, _),
        ) => {
            // The same name with another of the two is another set: a domain is not below itself.
            *op == Op::Below && is_below(narrow, wide)
        }
        (_, Prepared::Plain(Op::Domain | Op::Below, ..)) => false,
        (Prepared::Plain(op, text, other), Prepared::Plain(wide_op, wide, wide_other)) => {
            // Of the value as it stands only globs are asked.
            let hidden = *op == Op::Glob && *wide_op != Op::Glob && !is_folding(field);
            let one = |text: &str| {
                let wide = [Some(wide), wide_other.as_ref()];
                wide.into_iter()
                    .flatten()
                    .any(|wide| includes(&symbols(*wide_op, wide), &symbols(*op, text), budget))
            };
            !hidden && one(text) && other.as_ref().is_none_or(|text| one(text))
        }
    }
}

/// Whether no value of the field matches both, for certain.
pub(super) fn disjoint(field: &Field, a: &Pattern, b: &Pattern, budget: &Budget) -> bool {
    if !budget.take(cost(a).saturating_add(cost(b))) {
        return false;
    }
    let (Ok(one), Ok(two)) = (a.prepare(field), b.prepare(field)) else {
        return false;
    };
    let is_exact = |prepared: &Prepared<'_>| matches!(prepared, Prepared::Plain(Op::Exact, ..));
    match (&one, &two) {
        (Prepared::Plain(Op::Exact, one, _), Prepared::Plain(Op::Exact, two, _)) => one != two,
        _ if !is_folding(field) => false,
        (Prepared::Plain(Op::Exact, text, _), other) if is_asked_once(field, other) => {
            asks(field, b, text, true) == Some(false)
        }
        (other, Prepared::Plain(Op::Exact, text, _)) if is_asked_once(field, other) => {
            asks(field, a, text, true) == Some(false)
        }
        _ if is_exact(&one) || is_exact(&two) => false,
        (Prepared::Plain(op, one, None), Prepared::Plain(other, two, None)) => {
            let (one, two) = (symbols(*op, one), symbols(*other, two));
            differ(one.iter(), two.iter()) || differ(one.iter().rev(), two.iter().rev())
        }
        _ => false,
    }
}

/// Whether the pattern matches the value; `None` if that could not be decided.
pub(super) fn holds(field: &Field, pattern: &Pattern, value: &str) -> Option<bool> {
    Asker::of(field, pattern)?.holds(value)
}

/// Whether the pattern matches values of this form: the normal one, or as they stand.
fn asks(field: &Field, pattern: &Pattern, text: &str, is_normal: bool) -> Option<bool> {
    Asker::of(field, pattern)?.asks(text, is_normal)
}

/// A pattern that is asked of more than one value.
pub(super) struct Asker {
    standard: Standard,
    atoms: Atoms,
    numbers: Vec<u32>,
}

impl Asker {
    pub(super) fn of(field: &Field, pattern: &Pattern) -> Option<Self> {
        let mut atoms = Atoms::default();
        let numbers = match pattern.prepare(field).ok()? {
            Prepared::Plain(op, text, other) => {
                let texts = [Some(text), other].into_iter().flatten();
                texts.map(|text| atoms.add(op, &text, 0)).collect::<Vec<_>>()
            }
            Prepared::Regex(source, hir) => {
                let states = u32::try_from(states(&hir)).unwrap_or(u32::MAX);
                vec![atoms.add(Op::Regex, source, states)]
            }
        };
        let standard = standard(field);
        Some(Self {
            standard,
            atoms,
            numbers,
        })
    }

    /// Whether it matches the value.
    pub(super) fn holds(&self, value: &str) -> Option<bool> {
        let text = normal(self.standard, value);
        match *text == *value {
            true => self.asks(value, true),
            false => one_of([self.asks(&text, true), self.asks(value, false)].into_iter()),
        }
    }

    fn asks(&self, text: &str, is_normal: bool) -> Option<bool> {
        let value = Value {
            text,
            folds: Folds::of(self.standard, text),
            domain: domain(self.standard, text),
            is_normal,
        };
        let one = |number: &u32| {
            let mut steps = HOLDS_STEPS;
            self.atoms.holds(*number, &value, &mut steps)
        };
        one_of(self.numbers.iter().map(one))
    }
}

/// True if one is; false if all are.
fn one_of(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let answers: Vec<_> = answers.collect();
    if answers.contains(&Some(true)) {
        return Some(true);
    }
    (!answers.contains(&None)).then_some(false)
}

pub(super) const fn cost(pattern: &Pattern) -> usize {
    match pattern {
        Pattern::Regex(_) => EXPRESSION_STEPS,
        Pattern::Exact(text) | Pattern::Glob(text) | Pattern::Prefix(text) | Pattern::Suffix(text) => text.len(),
        Pattern::Domain(text) => text.len(),
    }
}

/// Whether values differ from their normal form in the case of letters at most.
fn is_folding(field: &Field) -> bool {
    matches!(standard(field), Standard::Name | Standard::Uri | Standard::Exact)
}

/// Whether what the pattern says of a value's normal form, it says of the value.
fn is_asked_once(field: &Field, pattern: &Prepared<'_>) -> bool {
    matches!(pattern, Prepared::Plain(..)) || standard(field) == Standard::Exact
}

fn is_below(name: &str, above: &str) -> bool {
    let rest = name.strip_suffix(above);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.')) && name != above
}

/// What an expression spells out: each text that it matches, or what each of them begins with or ends in.
fn covers_expression(field: &Field, wide: &Pattern, hir: &Hir, budget: &Budget) -> bool {
    if let Some(texts) = finite(hir) {
        let standard = standard(field);
        // A value is asked as it stands and in its normal form.
        let both = |text: &String| {
            asks(field, wide, text, true) == Some(true)
                && asks(field, wide, &normal(standard, text), true) == Some(true)
        };
        return budget.take(texts.len().saturating_mul(EXPRESSION_STEPS)) && texts.iter().all(both);
    }
    let (head, tail) = ends(hir);
    let within = |pattern: Option<Pattern>| pattern.is_some_and(|narrow| covers(field, wide, &narrow, budget));
    is_folding(field) && (within(head.map(Pattern::Prefix)) || within(tail.map(Pattern::Suffix)))
}

/// Every text that the expression matches, if they are few.
fn finite(hir: &Hir) -> Option<Vec<String>> {
    let literals = Extractor::new().extract(hir);
    let literals = literals.literals().filter(|literals| literals.len() <= MAX_LITERALS)?;
    let text = |literal: &regex_syntax::hir::literal::Literal| {
        let text = literal.is_exact().then(|| str::from_utf8(literal.as_bytes()))?;
        text.ok().map(str::to_owned)
    };
    literals.iter().map(text).collect()
}

/// The texts that every match begins with and ends in.
pub(super) fn ends(hir: &Hir) -> (Option<String>, Option<String>) {
    let HirKind::Concat(parts) = hir.kind() else {
        return (None, None);
    };
    let text = |part: Option<&Hir>| match part.map(Hir::kind) {
        Some(HirKind::Literal(literal)) => str::from_utf8(&literal.0).ok().map(str::to_owned),
        _ => None,
    };
    (text(parts.first()), text(parts.last()))
}

/// A piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    /// This letter, by the case of the field.
    Letter(char),
    /// One character but `/`.
    One,
    /// Any characters but `/`.
    Many,
    /// Any characters.
    All,
}

pub(super) fn symbols(op: Op, text: &str) -> Vec<Symbol> {
    let letters = || text.chars().map(Symbol::Letter);
    match op {
        Op::Exact => letters().collect(),
        Op::Prefix => letters().chain([Symbol::All]).collect(),
        Op::Suffix => core::iter::once(Symbol::All).chain(letters()).collect(),
        Op::Domain | Op::Below | Op::Regex => vec![Symbol::All],
        Op::Glob => {
            let mut symbols = Vec::with_capacity(text.len());
            for letter in text.chars() {
                match (letter, symbols.last_mut()) {
                    ('*', Some(last @ Symbol::Many)) => *last = Symbol::All,
                    ('*', _) => symbols.push(Symbol::Many),
                    ('?', _) => symbols.push(Symbol::One),
                    (letter, _) => symbols.push(Symbol::Letter(letter)),
                }
            }
            symbols
        }
    }
}

/// Whether the wide symbols take all that the narrow ones stand for.
fn includes(wide: &[Symbol], narrow: &[Symbol], budget: &Budget) -> bool {
    if !budget.take(wide.len().saturating_mul(narrow.len())) {
        return false;
    }
    // Which beginnings of the narrow ones the wide ones so far can take.
    let mut taken: Vec<bool> = core::iter::once(true).chain(narrow.iter().map(|_| false)).collect();
    for symbol in wide {
        let mut next = Vec::with_capacity(taken.len());
        let mut before = false;
        for (at, was) in taken.iter().enumerate() {
            let last = at
                .checked_sub(1)
                .and_then(|at| Some((narrow.get(at)?, *taken.get(at)?)));
            let now = match (symbol, last) {
                (Symbol::Letter(_), last) => last.is_some_and(|(last, was)| was && last == symbol),
                (Symbol::One, last) => last.is_some_and(|(last, was)| was && is_within(*last, false)),
                (Symbol::Many, last) => *was || (before && last.is_some_and(|(last, _)| is_within(*last, true))),
                (Symbol::All, _) => *was || before,
            };
            next.push(now);
            before = now;
        }
        taken = next;
    }
    taken.last() == Some(&true)
}

/// Whether a symbol stands for characters but `/`: one, or any number.
const fn is_within(symbol: Symbol, any_number: bool) -> bool {
    match symbol {
        Symbol::Letter(letter) => letter != '/',
        Symbol::One => true,
        Symbol::Many => any_number,
        Symbol::All => false,
    }
}

/// Whether two patterns begin with letters of which one is another, whatever its case.
fn differ<'s>(one: impl Iterator<Item = &'s Symbol>, two: impl Iterator<Item = &'s Symbol>) -> bool {
    for pair in one.zip(two) {
        match pair {
            (Symbol::Letter(one), Symbol::Letter(two)) if one.eq_ignore_ascii_case(two) => {}
            (Symbol::Letter(_), Symbol::Letter(_)) => return true,
            _ => return false,
        }
    }
    false
}
