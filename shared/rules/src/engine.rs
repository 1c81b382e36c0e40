//! The matcher's engine: rules as expressions over atoms, and which atom makes a rule worth asking.
//!
//! Of each rule some atoms are chosen of which at least one must hold for the rule to match: the rarest among its
//! conditions. The fields of those are read for every entry; a rule is asked when one of its atoms came out true, and only
//! then are the fields read that its outcome depends on beside. A rule that has no such atoms (it says `not` alone) is
//! asked of every entry.
//!
//! Truth has three values here: an atom that could not be decided within the steps of an entry is unknown, and stays so
//! through `all`, `any` and `not` where it matters.

use crate::atom::Atoms;
use crate::column::{Column, Facts, Work};
use crate::field::Scope;
use crate::subject::{Context, Subject};
use sigstore::Field;

/// A condition over atoms.
#[derive(Clone, Debug)]
pub(crate) enum Expr {
    All(Box<[Expr]>),
    Any(Box<[Expr]>),
    Not(Box<Expr>),
    /// Any atom of this part of the engine's lists.
    Test {
        column: u16,
        from: u32,
        to: u32,
    },
}

/// Whether a condition holds, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    False,
    Unknown,
    True,
}

impl Truth {
    const fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

/// The columns of a rule set, its atoms, and what they wake.
#[derive(Clone, Debug, Default)]
pub(crate) struct Engine {
    pub(crate) atoms: Atoms,
    pub(crate) columns: Vec<Column>,
    /// The atoms of every test, in order.
    pub(crate) lists: Vec<u32>,
    pub(crate) wakes: Wakes,
}

/// Which rules are asked when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wakes {
    /// Columns that are read of every entry, what costs least first.
    pub(crate) columns: Vec<u16>,
    /// Where the rules of each atom begin, and one more.
    pub(crate) starts: Vec<u32>,
    pub(crate) rules: Vec<u32>,
    /// Rules that are asked of every entry.
    pub(crate) always: Vec<u32>,
}

impl Wakes {
    fn of(&self, atom: u32) -> &[u32] {
        let at = index(atom);
        let start = self.starts.get(at).copied().map_or(0, index);
        let end = self.starts.get(at + 1).copied().map_or(0, index);
        self.rules.get(start..end).unwrap_or_default()
    }
}

impl Engine {
    /// The atoms of a test.
    pub(crate) fn list(&self, from: u32, to: u32) -> &[u32] {
        self.lists.get(index(from)..index(to)).unwrap_or_default()
    }

    /// Begins the reading of one entry.
    pub(crate) fn view<'v, S: Subject + ?Sized>(&'v self, subject: &'v S, context: &'v Context<'v>) -> View<'v, S> {
        View {
            engine: self,
            subject,
            context,
            signer: None,
            entry: Known::default(),
            own: Known::default(),
            work: Work::new(),
        }
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// What is known so far, of the entry or of one of its signers.
#[derive(Default)]
struct Known {
    /// Columns that were read, a bit for each: there are at most [`MAX_FIELDS`](crate::limits::MAX_FIELDS).
    read: u64,
    facts: Facts,
}

/// One entry, seen as one of its signers.
pub(crate) struct View<'v, S: ?Sized> {
    engine: &'v Engine,
    subject: &'v S,
    context: &'v Context<'v>,
    signer: Option<usize>,
    entry: Known,
    own: Known,
    work: Work,
}

impl<S: Subject + ?Sized> View<'_, S> {
    /// Turns to a signer, or to none: what was known of the entry stays, what was known of another signer goes.
    pub(crate) fn turn_to(&mut self, signer: Option<usize>) {
        self.signer = signer;
        self.own.read = 0;
        self.own.facts.clear();
    }

    /// Collects the rules to ask, each once and in order.
    pub(crate) fn wake(&mut self, rules: &mut Vec<u32>) {
        rules.clear();
        for column in &self.engine.wakes.columns {
            self.read(*column);
        }
        let wakes = &self.engine.wakes;
        for Facts { held, undecided } in [&self.entry.facts, &self.own.facts] {
            for atom in held.iter().chain(undecided) {
                rules.extend_from_slice(wakes.of(*atom));
            }
        }
        rules.extend_from_slice(&wakes.always);
        rules.sort_unstable();
        rules.dedup();
    }

    /// Whether the condition holds for the entry and this signer.
    pub(crate) fn holds(&mut self, expr: &Expr) -> Truth {
        match expr {
            Expr::All(inner) => self.fold(inner, Truth::False, Truth::True, Truth::min),
            Expr::Any(inner) => self.fold(inner, Truth::True, Truth::False, Truth::max),
            Expr::Not(inner) => self.holds(inner).not(),
            Expr::Test { column, from, to } => self.decide(*column, *from, *to),
        }
    }

    /// Until it is decided, from what it is without any.
    fn fold(&mut self, inner: &[Expr], decided: Truth, none: Truth, with: fn(Truth, Truth) -> Truth) -> Truth {
        let mut truth = none;
        for expr in inner {
            truth = with(truth, self.holds(expr));
            if truth == decided {
                break;
            }
        }
        truth
    }

    fn decide(&mut self, column: u16, from: u32, to: u32) -> Truth {
        let Some(scope) = self.read(column) else {
            return Truth::False;
        };
        let Facts { held, undecided } = match scope {
            Scope::Entry => &self.entry.facts,
            Scope::Signer => &self.own.facts,
        };
        let list = self.engine.list(from, to);
        if meet(list, held) {
            Truth::True
        } else if meet(list, undecided) {
            Truth::Unknown
        } else {
            Truth::False
        }
    }

    /// Reads a column unless it was read.
    fn read(&mut self, number: u16) -> Option<Scope> {
        let engine = self.engine;
        let column = engine.columns.get(usize::from(number))?;
        let known = match column.scope {
            Scope::Entry => &mut self.entry,
            Scope::Signer => &mut self.own,
        };
        let bit = 1_u64.checked_shl(u32::from(number))?;
        if known.read & bit != 0 {
            return Some(column.scope);
        }
        known.read |= bit;
        let (facts, work) = (&mut known.facts, &mut self.work);
        let mut each = |value: &str| column.read(&engine.atoms, value, facts, work);
        match (&column.field, self.signer) {
            (Field::Kind, _) => each(self.subject.kind()),
            (Field::Log, _) => each(self.context.log),
            (Field::Digest, _) => self.subject.digests(&mut each),
            (field, Some(signer)) => self.subject.values(signer, field, &mut each),
            (_, None) => {}
        }
        known.facts.sort();
        Some(column.scope)
    }
}

/// Whether two lists in order have a number in common. One of them is short, nearly always.
fn meet(list: &[u32], atoms: &[u32]) -> bool {
    let (short, long) = if list.len() < atoms.len() {
        (list, atoms)
    } else {
        (atoms, list)
    };
    short.iter().any(|atom| long.binary_search(atom).is_ok())
}
