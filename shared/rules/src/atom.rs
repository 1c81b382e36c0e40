//! Every different question that a rule set asks of the values of a field: one text and how it is compared.
//!
//! Texts stand behind each other in one string, so that a hundred thousand of them are few allocations. An atom knows how
//! to ask one value; which values it is asked of, the column says.

use crate::expression::Compiled;
use crate::form::Folds;
use crate::glob;
use crate::limits::MAX_TEXT_BYTES;
use crate::pattern::Op;

/// A value of an entry as it is asked.
pub(crate) struct Value<'v> {
    pub(crate) text: &'v str,
    pub(crate) folds: Folds,
    pub(crate) domain: Option<&'v str>,
    /// Whether it is the normal form; of the value as it stands only globs and expressions are asked.
    pub(crate) is_normal: bool,
}

#[derive(Clone, Copy, Debug)]
struct Atom {
    start: u32,
    length: u32,
    /// Of an expression.
    states: u32,
    /// Where the text begins that a value must contain for an expression to be compiled at all, and how long it is.
    guard: u32,
    guard_length: u16,
    op: Op,
}

/// The atoms of a set, by their numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Atoms {
    texts: String,
    atoms: Vec<Atom>,
    guards: Vec<u8>,
    compiled: Compiled,
}

impl Atoms {
    /// Makes room for so many atoms and bytes, as far as a set may have them.
    pub(crate) fn reserve(&mut self, atoms: usize, bytes: usize) {
        self.atoms.reserve_exact(atoms);
        self.texts.reserve_exact(bytes.min(MAX_TEXT_BYTES));
    }

    /// Adds one and gives it the next number. An expression has so many states.
    pub(crate) fn add(&mut self, op: Op, text: &str, states: u32) -> u32 {
        let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (start, length) = (number(self.texts.len()), number(text.len()));
        self.texts.push_str(text);
        self.atoms.push(Atom {
            start,
            length,
            states,
            guard: 0,
            guard_length: 0,
            op,
        });
        number(self.atoms.len() - 1)
    }

    /// Says which text an expression requires, whatever its case. A key is a part of it and is found in strangers now and
    /// then; an expression is too dear to be compiled for them.
    pub(crate) fn guard(&mut self, number: u32, text: &[u8]) {
        let guard = u32::try_from(self.guards.len()).unwrap_or(u32::MAX);
        let atom = usize::try_from(number).ok().and_then(|at| self.atoms.get_mut(at));
        if let Some(atom) = atom.filter(|atom| atom.op == Op::Regex)
            && let Ok(length) = u16::try_from(text.len())
        {
            (atom.guard, atom.guard_length) = (guard, length);
            self.guards.extend_from_slice(text);
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.atoms.len()
    }

    /// Bytes of all texts.
    pub(crate) const fn bytes(&self) -> usize {
        self.texts.len()
    }

    pub(crate) fn op(&self, number: u32) -> Option<Op> {
        self.atom(number).map(|atom| atom.op)
    }

    pub(crate) fn text(&self, number: u32) -> &str {
        self.atom(number).map_or("", |atom| self.text_of(atom))
    }

    /// Steps that asking takes for each byte of a value.
    pub(crate) fn steps(&self, number: u32) -> u32 {
        self.atom(number).map_or(0, |atom| atom.states.max(1))
    }

    /// Gives back the memory that growing took.
    pub(crate) fn shrink(&mut self) {
        self.texts.shrink_to_fit();
        self.guards.shrink_to_fit();
        self.atoms.shrink_to_fit();
    }

    /// Whether the value is as the atom says; `None` if that takes more than `steps`, from which is taken what it took.
    pub(crate) fn holds(&self, number: u32, value: &Value<'_>, steps: &mut u64) -> Option<bool> {
        let Some(atom) = self.atom(number) else {
            return Some(false);
        };
        let text = self.text_of(atom);
        let (wanted, bytes) = (text.as_bytes(), value.text.as_bytes());
        let simple = match atom.op {
            Op::Glob => return glob::matches(text, value.text, &value.folds, steps),
            Op::Regex if !self.is_guarded(atom, bytes, steps)? => return Some(false),
            Op::Regex => return self.compiled.matches(number, text, atom.states, value.text, steps),
            Op::Exact => wanted == bytes,
            Op::Prefix => value.folds.stands(wanted, bytes, 0),
            Op::Suffix => {
                let start = bytes.len().checked_sub(wanted.len());
                start.is_some_and(|start| value.folds.stands(wanted, bytes, start))
            }
            Op::Domain => value.domain == Some(text),
            Op::Below => {
                let above = value.domain.and_then(|domain| domain.strip_suffix(text));
                above.is_some_and(|above| above.len() > 1 && above.ends_with('.'))
            }
        };
        Some(simple && value.is_normal)
    }

    fn is_guarded(&self, atom: &Atom, value: &[u8], steps: &mut u64) -> Option<bool> {
        let guard = usize::try_from(atom.guard).ok()?;
        let guard = self
            .guards
            .get(guard..)
            .unwrap_or_default()
            .get(..usize::from(atom.guard_length));
        let Some([first, rest @ ..]) = guard else {
            return Some(true);
        };
        *steps = steps.checked_sub(u64::try_from(value.len()).unwrap_or(u64::MAX))?;
        let mut places = value.windows(rest.len() + 1);
        Some(places.any(|place| match place {
            [one, others @ ..] => one.eq_ignore_ascii_case(first) && others.eq_ignore_ascii_case(rest),
            [] => false,
        }))
    }

    fn atom(&self, number: u32) -> Option<&Atom> {
        self.atoms.get(usize::try_from(number).ok()?)
    }

    fn text_of(&self, atom: &Atom) -> &str {
        let range = usize::try_from(atom.start).ok().zip(usize::try_from(atom.length).ok());
        range
            .and_then(|(start, length)| self.texts.get(start..start.checked_add(length)?))
            .unwrap_or_default()
    }
}
