//! A table from hashes to numbers, which says no quickly.
//!
//! Nearly every value of nearly every entry is nobody's, so the table is asked in vain nearly always. In front of it
//! stands a filter of two bits a hash that is small enough to stay near the processor when the table is not, which is what
//! keeps a hundred thousand rules as quick as ten. What was considered: an Aho-Corasick automaton over the texts, which
//! reads a byte only when it is done with the byte before, each step a wait for memory once the automaton has outgrown the
//! caches; the questions asked here do not depend on each other, and the processor asks several at once.

/// Bits of the filter for each hash: two of thirty-two let about one of two hundred strangers pass.
const FILTER_BITS: usize = 32;

/// The least words of the filter.
const MIN_WORDS: usize = 16;

/// Marks the last number of a hash.
const LAST: u32 = 1 << 31;

/// No hash has this slot.
const FREE: u32 = u32::MAX;

/// Hashes, each with one or more numbers below 2^31.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    filter: Box<[u64]>,
    filter_shift: u32,
    /// Half of a hash, and where its numbers begin.
    slots: Box<[(u32, u32)]>,
    slot_shift: u32,
    numbers: Box<[u32]>,
}

impl Table {
    /// A table of these pairs, which it sorts.
    pub(crate) fn new(mut pairs: Vec<(u64, u32)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let words = (pairs.len() * FILTER_BITS / 64).next_power_of_two().max(MIN_WORDS);
        let slots = (pairs.len() * 2).next_power_of_two().max(MIN_WORDS);
        let mut table = Self {
            filter: vec![0; words].into_boxed_slice(),
            filter_shift: u64::BITS - words.trailing_zeros(),
            slots: vec![(0, FREE); slots].into_boxed_slice(),
            slot_shift: u64::BITS - slots.trailing_zeros(),
            numbers: Box::default(),
        };
        let mut numbers = Vec::with_capacity(pairs.len());
        for run in pairs.chunk_by(|(one, _), (other, _)| one == other) {
            let hash = run.first().map_or(0, |(hash, _)| *hash);
            table.insert(hash, u32::try_from(numbers.len()).unwrap_or(FREE));
            numbers.extend(run.iter().map(|(_, number)| *number));
            numbers.last_mut().into_iter().for_each(|last| *last |= LAST);
        }
        table.numbers = numbers.into_boxed_slice();
        table
    }

    fn insert(&mut self, hash: u64, at: u32) {
        if let Some(word) = self.filter.get_mut(index(hash >> self.filter_shift)) {
            *word |= bits(hash);
        }
        let start = index(hash >> self.slot_shift);
        // At most half of the slots are taken.
        for offset in 0..self.slots.len() {
            let place = (start + offset) & (self.slots.len() - 1);
            if let Some(slot) = self.slots.get_mut(place).filter(|(_, at)| *at == FREE) {
                *slot = (low(hash), at);
                return;
            }
        }
    }

    /// Adds the numbers of a hash to `found`, and possibly those of another hash.
    #[inline]
    pub(crate) fn ask(&self, hash: u64, found: &mut Vec<u32>) {
        let word = self.filter.get(index(hash >> self.filter_shift));
        if word.is_some_and(|word| word & bits(hash) == bits(hash)) {
            self.find(hash, found);
        }
    }

    #[inline(never)]
    fn find(&self, hash: u64, found: &mut Vec<u32>) {
        let start = index(hash >> self.slot_shift);
        let slots = (start..self.slots.len())
            .chain(0..start)
            .filter_map(|place| self.slots.get(place));
        for (tag, at) in slots.take_while(|(_, at)| *at != FREE) {
            if *tag == low(hash) {
                let numbers = self.numbers.get(index(u64::from(*at))..).unwrap_or_default();
                let last = numbers.iter().take_while(|number| **number & LAST == 0).count();
                let run = numbers.get(..=last).unwrap_or_default();
                found.extend(run.iter().map(|number| number & !LAST));
            }
        }
    }
}

const fn bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << ((hash >> 6) & 63)
}

fn low(hash: u64) -> u32 {
    u32::try_from(hash & u64::from(u32::MAX)).unwrap_or_default()
}

/// Of numbers that are below the length of something: nothing is cut on any machine.
fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashing::whole;

    #[test]
    fn holds_what_was_put_in() {
        for count in [0_u32, 1, 10, 5_000] {
            let hash = |number: u32| whole(1, &number.to_le_bytes());
            let pairs = (0..count).flat_map(|number| [(hash(number), number), (hash(number / 3), number)]);
            let table = Table::new(pairs.collect());
            for number in 0..count {
                let mut found = Vec::new();
                table.ask(hash(number), &mut found);
                let mut expect = vec![number];
                expect.extend((0..count).filter(|other| other / 3 == number && *other != number));
                expect.sort_unstable();
                assert_eq!(found, expect);
            }
            let mut found = Vec::new();
            (count..count + 10_000).for_each(|number| table.ask(hash(number), &mut found));
            assert!(found.is_empty());
        }
    }
}
