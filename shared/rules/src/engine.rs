//! The matcher's engine: rules as expressions over tests, tests gathered by the field that they read.
//!
//! A field is read when the first expression asks for one of its tests. Its values pass by once and every test of that
//! field is decided at that moment: exact values by one search among all exact values of the field, expressions one by
//! one. Nothing of an entry is copied or kept. What was considered: keeping the values and testing on demand, which
//! copies every value for the sake of rules that share a field with others and rarely reach it.

use crate::bits::Bits;
use crate::field::{Scope, scope};
use crate::pattern::{Prepared, normal};
use crate::subject::{Context, Subject};
use regex::Regex;
use sigstore::Field;

/// A condition, its tests numbered.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
    Test { column: usize, test: usize },
}

/// The columns of a rule set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Engine {
    columns: Vec<Column>,
    tests: usize,
}

/// One field and all that is asked of it.
#[derive(Clone, Debug)]
struct Column {
    field: Field,
    scope: Scope,
    /// Exact values in order, each with the tests that it decides.
    exact: Vec<(Box<str>, Vec<usize>)>,
    expressions: Vec<(Regex, usize)>,
}

impl Engine {
    /// Adds a test: does any value of `field` match any of these?
    pub(crate) fn test(&mut self, field: &Field, patterns: Vec<Prepared>) -> Expr {
        let test = self.tests;
        self.tests += 1;
        let column = self.column(field);
        if let Some(column) = self.columns.get_mut(column) {
            for pattern in patterns {
                column.add(pattern, test);
            }
        }
        Expr::Test { column, test }
    }

    /// Begins the reading of one entry.
    pub(crate) fn view<'v, S: Subject + ?Sized>(&'v self, subject: &'v S, context: &'v Context<'v>) -> View<'v, S> {
        View {
            engine: self,
            subject,
            context,
            signer: None,
            entry: Facts::default(),
            own: Facts::default(),
        }
    }

    fn column(&mut self, field: &Field) -> usize {
        if let Some(at) = self.columns.iter().position(|column| column.field == *field) {
            return at;
        }
        let (exact, expressions) = (Vec::new(), Vec::new());
        self.columns.push(Column {
            field: field.clone(),
            scope: scope(field),
            exact,
            expressions,
        });
        self.columns.len() - 1
    }
}

impl Column {
    fn add(&mut self, pattern: Prepared, test: usize) {
        match pattern {
            Prepared::Expression(regex) => self.expressions.push((regex, test)),
            Prepared::Exact(value) => match self.find(&value) {
                Ok(at) => self
                    .exact
                    .get_mut(at)
                    .into_iter()
                    .for_each(|(_, tests)| tests.push(test)),
                Err(at) => self.exact.insert(at, (value.into_boxed_str(), vec![test])),
            },
        }
    }

    /// Decides every test of this field that `value` makes true.
    fn read(&self, value: &str, truth: &mut Bits) {
        let normal = normal(&self.field, value);
        if let Some((_, tests)) = self.find(&normal).ok().and_then(|at| self.exact.get(at)) {
            tests.iter().for_each(|test| truth.insert(*test));
        }
        for (regex, test) in &self.expressions {
            // The value as it stands is asked as well, for who wrote `regex:SHA256:…`.
            let holds = || regex.is_match(&normal) || (*normal != *value && regex.is_match(value));
            if !truth.contains(*test) && holds() {
                truth.insert(*test);
            }
        }
    }

    fn find(&self, value: &str) -> Result<usize, usize> {
        self.exact.binary_search_by(|(known, _)| (**known).cmp(value))
    }
}

/// What is known so far.
#[derive(Default)]
struct Facts {
    /// Columns that were read.
    read: Bits,
    /// Tests that came out true.
    truth: Bits,
}

/// One entry, seen as one of its signers.
pub(crate) struct View<'v, S: ?Sized> {
    engine: &'v Engine,
    subject: &'v S,
    context: &'v Context<'v>,
    signer: Option<usize>,
    entry: Facts,
    own: Facts,
}

impl<S: Subject + ?Sized> View<'_, S> {
    /// Turns to a signer, or to none: what was known of the entry stays, what was known of another signer goes.
    pub(crate) fn turn_to(&mut self, signer: Option<usize>) {
        self.signer = signer;
        self.own.read.clear();
        self.own.truth.clear();
    }

    /// Whether the condition holds for the entry and this signer.
    pub(crate) fn holds(&mut self, expr: &Expr) -> bool {
        match expr {
            Expr::All(inner) => inner.iter().all(|expr| self.holds(expr)),
            Expr::Any(inner) => inner.iter().any(|expr| self.holds(expr)),
            Expr::Not(inner) => !self.holds(inner),
            Expr::Test { column, test } => self.decide(*column, *test),
        }
    }

    fn decide(&mut self, at: usize, test: usize) -> bool {
        let Some(column) = self.engine.columns.get(at) else {
            return false;
        };
        let facts = match column.scope {
            Scope::Entry => &mut self.entry,
            Scope::Signer => &mut self.own,
        };
        if !facts.read.contains(at) {
            facts.read.insert(at);
            let truth = &mut facts.truth;
            let mut each = |value: &str| column.read(value, truth);
            match (&column.field, self.signer) {
                (Field::Kind, _) => each(self.subject.kind()),
                (Field::Log, _) => each(self.context.log),
                (Field::Digest, _) => self.subject.digests(&mut each),
                (field, Some(signer)) => self.subject.values(signer, field, &mut each),
                (_, None) => {}
            }
        }
        facts.truth.contains(test)
    }
}
