//! One field, and everything that a rule set asks of its values.
//!
//! A value passes by once. Its hashes tell which atoms may hold, those are asked, and nothing of it is kept. What was
//! considered: keeping the values and asking on demand, which copies every value for the sake of rules that share a field
//! with others and rarely reach it.

use crate::atom::{Atoms, Value};
use crate::field::{Scope, Standard, scope, standard};
use crate::form::{Folds, domain, normal};
use crate::hashing::{eights, fours, heads, tails, whole};
use crate::key::{Key, Role};
use crate::limits::ENTRY_STEPS;
use crate::table::Table;
use sigstore::Field;

/// A column that is being filled.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) field: Field,
    pairs: Vec<(u64, u32)>,
    has: Has,
    heads: Vec<usize>,
    tails: Vec<usize>,
    always: Vec<u32>,
}

/// Which roles a column has keys of.
#[derive(Clone, Copy, Debug, Default)]
struct Has {
    whole: bool,
    eights: bool,
    fours: bool,
    domains: bool,
    below: bool,
    /// Globs or expressions, which are asked of a value as it stands as well.
    expressions: bool,
}

/// A field with all its atoms.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) field: Field,
    pub(crate) scope: Scope,
    standard: Standard,
    table: Table,
    has: Has,
    heads: Box<[usize]>,
    tails: Box<[usize]>,
    always: Box<[u32]>,
}

impl Draft {
    pub(crate) fn new(field: &Field) -> Self {
        Self {
            field: field.clone(),
            pairs: Vec::new(),
            has: Has::default(),
            heads: Vec::new(),
            tails: Vec::new(),
            always: Vec::new(),
        }
    }

    /// Says that a key wakes an atom.
    pub(crate) fn add(&mut self, key: Key, atom: u32) {
        self.pairs.push((key.hash, atom));
        match key.role {
            Role::Whole => self.has.whole = true,
            Role::Eight => self.has.eights = true,
            Role::Four => self.has.fours = true,
            Role::Domain => self.has.domains = true,
            Role::Below => self.has.below = true,
            Role::Head => insert(&mut self.heads, key.length),
            Role::Tail => insert(&mut self.tails, key.length),
        }
    }

    /// Says that an atom is a glob or an expression.
    pub(crate) fn has_expressions(&mut self) {
        self.has.expressions = true;
    }

    /// Says that nothing wakes an atom: it is asked of every value.
    pub(crate) fn add_always(&mut self, atom: u32) {
        self.always.push(atom);
    }

    /// The largest number of atoms of a kind that one hash wakes, and the first of them.
    pub(crate) fn crowd(&mut self, is_of_kind: impl Fn(u32) -> bool) -> Option<(usize, u32)> {
        self.pairs.sort_unstable();
        let runs = self.pairs.chunk_by(|(one, _), (other, _)| one == other);
        let crowds = runs.filter_map(|run| {
            let mut atoms = run.iter().map(|(_, atom)| *atom).filter(|atom| is_of_kind(*atom));
            let first = atoms.next()?;
            Some((atoms.count() + 1, first))
        });
        crowds.max_by_key(|(count, _)| *count)
    }

    pub(crate) fn finish(self) -> Column {
        Column {
            scope: scope(&self.field),
            standard: standard(&self.field),
            field: self.field,
            table: Table::new(self.pairs),
            has: self.has,
            heads: self.heads.into_boxed_slice(),
            tails: self.tails.into_boxed_slice(),
            always: self.always.into_boxed_slice(),
        }
    }
}

fn insert(lengths: &mut Vec<usize>, length: usize) {
    if let Err(at) = lengths.binary_search(&length) {
        lengths.insert(at, length);
    }
}

/// What is known of the values that passed by.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Atoms that hold, in order once the column was read.
    pub(crate) held: Vec<u32>,
    /// Atoms that could not be decided within the steps of an entry.
    pub(crate) undecided: Vec<u32>,
}

impl Facts {
    pub(crate) fn clear(&mut self) {
        self.held.clear();
        self.undecided.clear();
    }

    /// Puts them in order, so that they can be searched.
    pub(crate) fn sort(&mut self) {
        for atoms in [&mut self.held, &mut self.undecided] {
            atoms.sort_unstable();
            atoms.dedup();
        }
    }
}

/// What reading one entry needs beside the entry.
#[derive(Debug)]
pub(crate) struct Work {
    woken: Vec<u32>,
    steps: u64,
}

impl Work {
    pub(crate) const fn new() -> Self {
        Self {
            woken: Vec::new(),
            steps: ENTRY_STEPS,
        }
    }
}

/// Numbers in the list of the woken before those that stand twice are taken out.
const MAX_WOKEN: usize = 4_096;

impl Column {
    /// Decides every atom of this field for `value`, as far as it holds.
    pub(crate) fn read(&self, atoms: &Atoms, value: &str, facts: &mut Facts, work: &mut Work) {
        let text = normal(self.standard, value);
        self.read_form(atoms, &text, true, facts, work);
        // The value as it stands is asked as well, for who wrote `regex:SHA256:…`.
        if self.has.expressions && *text != *value {
            self.read_form(atoms, value, false, facts, work);
        }
    }

    fn read_form(&self, atoms: &Atoms, text: &str, is_normal: bool, facts: &mut Facts, work: &mut Work) {
        work.woken.clear();
        let has_domains = self.has.domains || self.has.below;
        let domain = if is_normal && has_domains {
            domain(self.standard, text)
        } else {
            None
        };
        self.wake(text, domain, &mut work.woken);
        if work.woken.is_empty() && self.always.is_empty() {
            return;
        }
        work.woken.extend_from_slice(&self.always);
        work.woken.sort_unstable();
        work.woken.dedup();
        let folds = Folds::of(self.standard, text);
        let value = Value {
            text,
            folds,
            domain,
            is_normal,
        };
        for atom in &work.woken {
            match atoms.holds(*atom, &value, &mut work.steps) {
                Some(true) => facts.held.push(*atom),
                Some(false) => {}
                None => facts.undecided.push(*atom),
            }
        }
    }

    /// Collects the atoms that may hold.
    fn wake(&self, text: &str, domain: Option<&str>, woken: &mut Vec<u32>) {
        let (table, bytes) = (&self.table, text.as_bytes());
        if self.has.whole {
            table.ask(whole(Role::Whole.seed(), bytes), woken);
        }
        heads(Role::Head.seed(), bytes, &self.heads, |hash| table.ask(hash, woken));
        tails(Role::Tail.seed(), bytes, &self.tails, |hash| table.ask(hash, woken));
        if let Some(domain) = domain {
            self.wake_domain(domain, woken);
        }
        let mut room = MAX_WOKEN;
        let mut ask = |hash| {
            table.ask(hash, woken);
            // A value may repeat one text at every other byte.
            if woken.len() > room {
                woken.sort_unstable();
                woken.dedup();
                room = woken.len() * 2 + MAX_WOKEN;
            }
        };
        if self.has.eights {
            eights(Role::Eight.seed(), bytes, &mut ask);
        }
        if self.has.fours {
            fours(Role::Four.seed(), bytes, &mut ask);
        }
    }

    fn wake_domain(&self, domain: &str, woken: &mut Vec<u32>) {
        if self.has.domains {
            self.table.ask(whole(Role::Domain.seed(), domain.as_bytes()), woken);
        }
        if self.has.below {
            for (at, _) in domain.match_indices('.') {
                let above = domain.get(at + 1..).unwrap_or_default();
                self.table.ask(whole(Role::Below.seed(), above.as_bytes()), woken);
            }
        }
    }
}
