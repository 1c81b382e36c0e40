//! A small set of numbers: up to 64 without allocating, which is what nearly every rule set needs.

#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    first: u64,
    rest: Vec<u64>,
}

impl Bits {
    pub(crate) fn insert(&mut self, at: usize) {
        let (word, bit) = (at / 64, 1 << (at % 64));
        if word == 0 {
            self.first |= bit;
            return;
        }
        if self.rest.len() < word {
            self.rest.resize(word, 0);
        }
        if let Some(slot) = self.rest.get_mut(word - 1) {
            *slot |= bit;
        }
    }

    pub(crate) fn contains(&self, at: usize) -> bool {
        let word = match at / 64 {
            0 => self.first,
            word => self.rest.get(word - 1).copied().unwrap_or_default(),
        };
        word & (1 << (at % 64)) != 0
    }

    /// Forgets everything and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.first = 0;
        // Filling nothing is not free: with AVX-512 the C library stores through a mask, at an address that is no memory,
        // and the processor takes longer to find that out than all the rest of a match takes.
        if !self.rest.is_empty() {
            self.rest.fill(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_put_in() {
        let mut bits = Bits::default();
        for at in [0, 63, 64, 127, 128, 1000] {
            assert!(!bits.contains(at));
            bits.insert(at);
            assert!(bits.contains(at) && !bits.contains(at + 1));
        }
        bits.clear();
        assert!((0..2000).all(|at| !bits.contains(at)));
    }
}
