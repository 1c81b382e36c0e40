//! Which atoms wake a rule: at least one of them must hold for the rule to match.
//!
//! Any choice is right; a good one wakes few rules and reads what costs little. Of an `all` one condition is enough: the
//! one that fewest rules share.

use crate::engine::{Engine, Expr, Wakes};
use crate::field::cost;

/// How much a choice weighs: first how many rules share it, roughly, then what reading its fields costs.
type Weight = (u64, u8);

/// Rules that may share an atom before that counts.
const FEW: u64 = 2;

/// What an atom weighs that is asked of every value.
const ALWAYS: u64 = 1 << 20;

/// Chooses for all rules, whose conditions these are.
pub(crate) fn choose<'e>(engine: &Engine, always_run: &[u32], rules: impl Iterator<Item = &'e Expr>) -> Wakes {
    let mut weigher = Weigher {
        engine,
        uses: vec![0; engine.atoms.len()],
    };
    engine.lists.iter().for_each(|atom| weigher.count(*atom, 1));
    always_run.iter().for_each(|atom| weigher.count(*atom, ALWAYS));
    let (mut wakes, mut pairs) = (Wakes::default(), Vec::new());
    for (rule, expr) in rules.enumerate() {
        let rule = u32::try_from(rule).unwrap_or(u32::MAX);
        if weigher.weigh(expr).is_some() {
            weigher.gather(expr, rule, &mut pairs, &mut wakes.columns);
        } else {
            wakes.always.push(rule);
        }
    }
    wakes.columns.sort_unstable_by_key(|number| {
        let column = engine.columns.get(usize::from(*number));
        (column.map(|column| cost(&column.field)), *number)
    });
    index(&mut wakes, pairs, engine.atoms.len());
    wakes
}

/// Puts the rules of each atom behind each other.
fn index(wakes: &mut Wakes, mut pairs: Vec<(u32, u32)>, atoms: usize) {
    pairs.sort_unstable();
    pairs.dedup();
    wakes.starts.reserve_exact(atoms + 1);
    let mut rest = pairs.iter().peekable();
    let mut start = 0;
    for atom in 0..u32::try_from(atoms).unwrap_or(u32::MAX) {
        wakes.starts.push(start);
        while rest.next_if(|(other, _)| *other == atom).is_some() {
            start += 1;
        }
    }
    wakes.starts.push(start);
    wakes.rules = pairs.into_iter().map(|(_, rule)| rule).collect();
}

struct Weigher<'e> {
    engine: &'e Engine,
    /// How often each atom stands in a condition.
    uses: Vec<u64>,
}

impl Weigher<'_> {
    fn count(&mut self, atom: u32, times: u64) {
        let uses = usize::try_from(atom).ok().and_then(|atom| self.uses.get_mut(atom));
        uses.into_iter().for_each(|uses| *uses += times);
    }

    /// `None` where nothing has to hold.
    fn weigh(&self, expr: &Expr) -> Option<Weight> {
        match expr {
            Expr::Not(_) => None,
            Expr::All(inner) => inner.iter().filter_map(|expr| self.weigh(expr)).min(),
            Expr::Any(inner) => inner.iter().try_fold((0, 0), |(all, most): Weight, expr| {
                let (weight, cost) = self.weigh(expr)?;
                Some((all.saturating_add(weight), most.max(cost)))
            }),
            Expr::Test { column, from, to } => {
                let uses = self.engine.list(*from, *to).iter();
                let uses = uses.filter_map(|atom| self.uses.get(usize::try_from(*atom).ok()?));
                let field = &self.engine.columns.get(usize::from(*column))?.field;
                Some((uses.sum::<u64>() / FEW, cost(field)))
            }
        }
    }

    /// Adds the atoms of the best choice, and their columns.
    fn gather(&self, expr: &Expr, rule: u32, pairs: &mut Vec<(u32, u32)>, columns: &mut Vec<u16>) {
        match expr {
            Expr::Not(_) => {}
            Expr::All(inner) => {
                let weighed = inner.iter().filter_map(|expr| Some((self.weigh(expr)?, expr)));
                if let Some((_, best)) = weighed.min_by_key(|(weight, _)| *weight) {
                    self.gather(best, rule, pairs, columns);
                }
            }
            Expr::Any(inner) => inner.iter().for_each(|expr| self.gather(expr, rule, pairs, columns)),
            Expr::Test { column, from, to } => {
                pairs.extend(self.engine.list(*from, *to).iter().map(|atom| (*atom, rule)));
                if !columns.contains(column) {
                    columns.push(*column);
                }
            }
        }
    }
}
