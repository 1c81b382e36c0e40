//! The ledgers that a match is left to: a small set, by their places in [`RuleSet::ledgers`](crate::RuleSet::ledgers).
//!
//! Nothing here asks a ledger: what one holds is for the caller to find out.

use crate::diagnostic::{Diagnostic, at_item, at_key};
use crate::limits::MAX_LEDGERS;
use crate::spec::{LEDGER, RuleSpec};

/// Ledgers, by their places in [`RuleSet::ledgers`](crate::RuleSet::ledgers).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Awaits(u32);

impl Awaits {
    /// No ledger.
    pub const NONE: Self = Self(0);

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The places of the ledgers, in order.
    pub fn places(self) -> impl Iterator<Item = usize> {
        (0..MAX_LEDGERS).filter(move |place| self.0 & Self::at(*place).0 != 0)
    }

    /// With the ledger at this place.
    pub(crate) fn with(self, place: u8) -> Self {
        Self(self.0 | Self::at(usize::from(place)).0)
    }

    fn at(place: usize) -> Self {
        let bit = u32::try_from(place).ok().and_then(|place| 1_u32.checked_shl(place));
        Self(bit.unwrap_or(0))
    }
}

/// The names of all ledgers, in order.
pub(crate) fn ledgers(specs: &[RuleSpec]) -> Result<Vec<String>, Diagnostic> {
    let mut names: Vec<String> = Vec::new();
    for (rule, spec) in specs.iter().enumerate() {
        for (at, allowance) in spec.allow.iter().enumerate() {
            let Some(name) = &allowance.ledger else { continue };
            let Err(place) = names.binary_search(name) else {
                continue;
            };
            if names.len() >= MAX_LEDGERS {
                let allow = at_item(&at_key(&at_item("rules", rule), "allow"), at);
                return Err(Diagnostic {
                    path: at_key(&allow, LEDGER),
                    message: format!("is one ledger too many: the rules may name {MAX_LEDGERS}"),
                    suggestion: None,
                });
            }
            names.insert(place, name.clone());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_places() {
        let set = Awaits::NONE.with(3).with(0).with(3);
        assert_eq!(set.places().collect::<Vec<_>>(), [0, 3]);
        assert!(!set.is_empty() && Awaits::NONE.is_empty());
        // Nothing stands behind the last bit.
        assert!(Awaits::NONE.with(200).is_empty());
    }
}
