//! What is certain about conditions: that one follows from another, that two never hold together, that one never holds.
//!
//! As with patterns, `false` means that it is not certain. A field may have several values in one signer, and a `not` over
//! a field that is absent holds; so two different values contradict each other only where there can be no second one.

use super::covers::{Budget, covers, disjoint};
use crate::pattern::Pattern;
use crate::spec::Matcher;
use sigstore::Field;

/// Which fields are taken to have one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Single {
    /// Those of which there is never another: the entry's kind, the log.
    ByNature,
    /// The extensions of a certificate as well, none of which may occur twice (RFC 5280 4.2).
    PerCertificate,
}

/// The conclusions.
pub(super) struct Logic<'b> {
    pub(super) single: Single,
    pub(super) budget: &'b Budget,
}

impl Logic<'_> {
    /// Whether `b` holds wherever `a` does.
    pub(super) fn implies(&self, a: &Matcher, b: &Matcher) -> bool {
        if !self.budget.take(1) {
            return false;
        }
        if a == b {
            return true;
        }
        match (a, b) {
            (Matcher::Any(inner), _) => inner.iter().all(|a| self.implies(a, b)),
            (_, Matcher::All(inner)) => inner.iter().all(|b| self.implies(a, b)),
            (Matcher::All(all), Matcher::Any(any)) => {
                all.iter().any(|a| self.implies(a, b)) || any.iter().any(|b| self.implies(a, b))
            }
            (Matcher::All(inner), _) => inner.iter().any(|a| self.implies(a, b)),
            (Matcher::Field { name, patterns }, Matcher::Any(any)) if patterns.len() > 1 => {
                let one = |pattern: &Pattern| Matcher::Field {
                    name: name.clone(),
                    patterns: vec![pattern.clone()],
                };
                any.iter().any(|b| self.implies(a, b)) || patterns.iter().all(|pattern| self.implies(&one(pattern), b))
            }
            (_, Matcher::Any(inner)) => inner.iter().any(|b| self.implies(a, b)),
            (Matcher::Not(a), Matcher::Not(b)) => self.implies(b, a),
            (Matcher::Field { .. }, Matcher::Not(b)) => self.disjoint(a, b),
            (
                Matcher::Field { name, patterns },
                Matcher::Field {
                    name: other,
                    patterns: wide,
                },
            ) => self.field_implies((name, patterns), (other, wide)),
            (Matcher::Not(_), Matcher::Field { .. }) => false,
        }
    }

    fn field_implies(&self, (name, narrow): (&str, &[Pattern]), (other, wide): (&str, &[Pattern])) -> bool {
        let Some(field) = same_field(name, other).or_else(|| name_of_signer(name, other)) else {
            return false;
        };
        let is_covered = |narrow: &Pattern| wide.iter().any(|wide| covers(&field, wide, narrow, self.budget));
        narrow.iter().all(is_covered)
    }

    /// Whether the two never hold for one signer.
    pub(super) fn disjoint(&self, a: &Matcher, b: &Matcher) -> bool {
        if !self.budget.take(1) {
            return false;
        }
        match (a, b) {
            (Matcher::Any(inner), other) | (other, Matcher::Any(inner)) => {
                inner.iter().all(|inner| self.disjoint(inner, other))
            }
            (Matcher::All(inner), other) | (other, Matcher::All(inner)) => {
                inner.iter().any(|inner| self.disjoint(inner, other))
            }
            (Matcher::Not(a), Matcher::Not(b)) => self.always(a) || self.always(b),
            (Matcher::Not(inner), other) | (other, Matcher::Not(inner)) => self.implies(other, inner),
            (
                Matcher::Field { name, patterns },
                Matcher::Field {
                    name: other,
                    patterns: others,
                },
            ) => {
                let field = same_field(name, other).filter(|field| self.is_single(field));
                field.is_some_and(|field| {
                    let apart = |a: &Pattern| others.iter().all(|b| disjoint(&field, a, b, self.budget));
                    patterns.iter().all(apart)
                })
            }
        }
    }

    /// Whether it never holds.
    pub(super) fn never(&self, matcher: &Matcher) -> bool {
        match matcher {
            Matcher::All(inner) => {
                inner.iter().any(|inner| self.never(inner)) || pairs(inner).any(|(a, b)| self.disjoint(a, b))
            }
            Matcher::Any(inner) => inner.iter().all(|inner| self.never(inner)),
            Matcher::Not(inner) => self.always(inner),
            Matcher::Field { .. } => false,
        }
    }

    /// Whether it always holds.
    pub(super) fn always(&self, matcher: &Matcher) -> bool {
        let follows = |a: &Matcher, b: &Matcher| match a {
            Matcher::Not(a) => self.implies(a, b),
            Matcher::All(_) | Matcher::Any(_) | Matcher::Field { .. } => false,
        };
        match matcher {
            Matcher::Any(inner) => {
                inner.iter().any(|inner| self.always(inner))
                    || pairs(inner).any(|(a, b)| follows(a, b) || follows(b, a))
            }
            Matcher::All(inner) => inner.iter().all(|inner| self.always(inner)),
            Matcher::Not(inner) => self.never(inner),
            Matcher::Field { .. } => false,
        }
    }

    fn is_single(&self, field: &Field) -> bool {
        match field {
            Field::Kind | Field::Log => true,
            Field::Issuer | Field::Extension(_) => self.single == Single::PerCertificate,
            Field::San | Field::Subject | Field::Fingerprint | Field::Digest => false,
        }
    }
}

fn same_field(name: &str, other: &str) -> Option<Field> {
    let field = Field::parse(name)?;
    (Field::parse(other).as_ref() == Some(&field)).then_some(field)
}

/// What is a name of the certificate is a name of the signer: what a pattern says of the first, it says of the second.
fn name_of_signer(name: &str, other: &str) -> Option<Field> {
    let is = (Field::parse(name)?, Field::parse(other)?) == (Field::San, Field::Subject);
    is.then_some(Field::Subject)
}

/// Pairs of one list that are compared.
const MAX_PAIRS: usize = 10_000;

/// Every pair, in order, as far as there are not too many.
fn pairs(inner: &[Matcher]) -> impl Iterator<Item = (&Matcher, &Matcher)> {
    let from = |at: usize| inner.get(at + 1..).unwrap_or_default().iter();
    inner
        .iter()
        .enumerate()
        .flat_map(move |(at, a)| from(at).map(move |b| (a, b)))
        .take(MAX_PAIRS)
}
