//! Hashes of texts and of parts of texts, for tables that are built of the user's own patterns.
//!
//! They need not withstand anybody: what an entry's hash finds is compared with the entry, and how many patterns share a
//! hash is bounded when the set is compiled. They must be quick: one is made at every byte of a value.

/// Bits that make a capital ASCII letter the small one. Other bytes may become each other as well, which costs a
/// comparison and nothing else.
pub(crate) const FOLD: u64 = 0x2020_2020_2020_2020;

const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
const SECOND: u64 = 0xd6e8_feb8_6659_fd93;

const fn step(state: u64, word: u64) -> u64 {
    (state.rotate_left(23) ^ word).wrapping_mul(FIRST)
}

const fn finish(state: u64, length: u64) -> u64 {
    let state = (state ^ length.wrapping_mul(SECOND)).wrapping_mul(SECOND);
    (state ^ (state >> 32)).wrapping_mul(FIRST)
}

/// A word of fewer than eight bytes.
fn part(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// The hash of a text as it stands.
pub(crate) fn whole(seed: u64, text: &[u8]) -> u64 {
    let (words, rest) = text.as_chunks::<8>();
    let state = words
        .iter()
        .fold(seed, |state, word| step(state, u64::from_le_bytes(*word)));
    finish(step(state, part(rest)), length(text.len()))
}

/// Calls back with the hash of every beginning of `text` that has one of these lengths, which stand in order.
pub(crate) fn heads(seed: u64, text: &[u8], lengths: &[usize], mut each: impl FnMut(u64)) {
    let (mut state, mut done) = (seed, 0);
    for wanted in lengths {
        let Some(rest) = text.get(done..*wanted) else { return };
        let (words, rest) = rest.as_chunks::<8>();
        for word in words {
            state = step(state, u64::from_le_bytes(*word) | FOLD);
            done += word.len();
        }
        each(finish(step(state, part(rest) | FOLD), length(*wanted)));
    }
}

/// Calls back with the hash of every ending of `text` that has one of these lengths, which stand in order.
pub(crate) fn tails(seed: u64, text: &[u8], lengths: &[usize], mut each: impl FnMut(u64)) {
    let (mut state, mut done) = (seed, 0);
    for wanted in lengths {
        let Some(start) = text.len().checked_sub(*wanted) else {
            return;
        };
        let rest = text.get(start..text.len() - done).unwrap_or_default();
        let (rest, words) = rest.as_rchunks::<8>();
        for word in words.iter().rev() {
            state = step(state, u64::from_le_bytes(*word) | FOLD);
            done += word.len();
        }
        each(finish(step(state, part(rest) | FOLD), length(*wanted)));
    }
}

/// Calls back with the hash of every eight bytes of `text` that stand together.
pub(crate) fn eights(seed: u64, text: &[u8], mut each: impl FnMut(u64)) {
    for window in text.windows(8) {
        let word = <[u8; 8]>::try_from(window).map_or(0, u64::from_le_bytes);
        each(finish(word | FOLD, seed));
    }
}

/// The same of every four.
pub(crate) fn fours(seed: u64, text: &[u8], mut each: impl FnMut(u64)) {
    for window in text.windows(4) {
        let word = <[u8; 4]>::try_from(window).map_or(0, u32::from_le_bytes);
        each(finish(u64::from(word) | FOLD, seed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Ends = fn(u64, &[u8], &[usize], &mut dyn FnMut(u64));

    #[test]
    fn a_part_hashes_as_it_does_alone() {
        let text = b"https://github.com/Acme/widgets/.github/workflows/release.yml";
        let lengths: Vec<usize> = (1..=text.len() + 3).collect();
        let alone = |of: Ends, part: &[u8]| {
            let mut found = Vec::new();
            of(7, part, &[part.len()], &mut |hash| found.push(hash));
            found
        };
        let (mut from_start, mut from_end) = (Vec::new(), Vec::new());
        heads(7, text, &lengths, |hash| from_start.push(hash));
        tails(7, text, &lengths, |hash| from_end.push(hash));
        assert_eq!((from_start.len(), from_end.len()), (text.len(), text.len()));
        for (at, (start, end)) in from_start.iter().zip(&from_end).enumerate() {
            let small = text.to_ascii_lowercase();
            assert_eq!(alone(|s, t, l, e| heads(s, t, l, e), &small[..=at]), [*start]);
            assert_eq!(
                alone(|s, t, l, e| tails(s, t, l, e), &small[small.len() - at - 1..]),
                [*end]
            );
        }
        from_start.sort_unstable();
        from_start.dedup();
        assert_eq!(from_start.len(), text.len());
        assert_ne!(whole(7, b"a"), whole(7, b"A"));
        assert_ne!(whole(7, b"a"), whole(8, b"a"));
    }

    #[test]
    fn windows() {
        let mut found = Vec::new();
        eights(1, b"ABCDEFGHI", |hash| found.push(hash));
        eights(1, b"bcdefghi", |hash| found.push(hash));
        eights(1, b"abcdefg", |hash| found.push(hash));
        assert!(found.len() == 3 && found[1] == found[2] && found[0] != found[1]);
        let mut found = Vec::new();
        fours(1, b"abcde", |hash| found.push(hash));
        fours(1, b"BCDE", |hash| found.push(hash));
        assert!(found.len() == 3 && found[1] == found[2] && found[0] != found[1]);
    }
}
