//! Positions of a log as ranges `[from, to)`: in order, apart from each other, none of them empty.

/// Any number of ranges. What was added twice is there once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    /// Adds a range; an empty one adds nothing. Added in ascending order, each costs a constant time.
    pub fn add(&mut self, from: u64, to: u64) {
        if from >= to {
            return;
        }
        let first = self.0.partition_point(|(_, end)| *end < from);
        let behind = self.0.partition_point(|(start, _)| *start <= to);
        let touched = self.0.get(first..behind).unwrap_or_default();
        let from = touched.first().map_or(from, |(start, _)| from.min(*start));
        let to = touched.last().map_or(to, |(_, end)| to.max(*end));
        self.0.splice(first..behind.max(first), [(from, to)]);
    }

    /// What is in these and not in the others.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        let mut left = Vec::new();
        let mut others = others.0.iter().peekable();
        for (from, to) in &self.0 {
            let mut at = *from;
            while let Some((start, end)) = others.peek() {
                if *start >= *to {
                    break;
                }
                if *start > at {
                    left.push((at, *start));
                }
                at = at.max(*end);
                if *end > *to {
                    break;
                }
                others.next();
            }
            if at < *to {
                left.push((at, *to));
            }
        }
        Self(left)
    }

    /// What of it is not below `at`.
    #[must_use]
    pub fn since(&self, at: u64) -> Self {
        let mut below = Self::default();
        below.add(0, at);
        self.without(&below)
    }

    /// The ranges, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.0.iter().copied()
    }

    /// How many ranges there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many positions are in it.
    #[must_use]
    pub fn entries(&self) -> u64 {
        let lengths = self.0.iter().map(|(from, to)| to.saturating_sub(*from));
        lengths.fold(0, u64::saturating_add)
    }
}

impl FromIterator<(u64, u64)> for Ranges {
    fn from_iter<I: IntoIterator<Item = (u64, u64)>>(iter: I) -> Self {
        let mut ranges = Self::default();
        iter.into_iter().for_each(|(from, to)| ranges.add(from, to));
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(ranges: &[(u64, u64)]) -> Ranges {
        ranges.iter().copied().collect()
    }

    #[test]
    fn what_touches_becomes_one() {
        let check = |added: &[(u64, u64)], expect: &[(u64, u64)]| {
            assert_eq!(ranges(added).0, expect, "{added:?}");
        };
        check(&[], &[]);
        check(&[(5, 5), (7, 6)], &[]);
        check(&[(0, 5), (5, 9)], &[(0, 9)]);
        check(&[(0, 5), (6, 9)], &[(0, 5), (6, 9)]);
        check(&[(6, 9), (0, 5)], &[(0, 5), (6, 9)]);
        check(&[(0, 2), (4, 6), (8, 9), (1, 8)], &[(0, 9)]);
        check(&[(0, 9), (3, 4)], &[(0, 9)]);
        check(&[(3, 4), (0, 9)], &[(0, 9)]);
        check(&[(0, u64::MAX), (u64::MAX - 1, u64::MAX)], &[(0, u64::MAX)]);
    }

    /// Against every position by itself.
    #[test]
    fn what_is_left_is_what_the_others_do_not_have() {
        let sets = [
            ranges(&[]),
            ranges(&[(0, 20)]),
            ranges(&[(3, 5), (7, 9)]),
            ranges(&[(0, 1), (2, 3), (4, 12)]),
            ranges(&[(5, 7), (9, 20)]),
            ranges(&[(19, 20)]),
        ];
        let has = |set: &Ranges, at: u64| set.iter().any(|(from, to)| (from..to).contains(&at));
        for one in &sets {
            for other in &sets {
                let left = one.without(other);
                for at in 0..21 {
                    let expect = has(one, at) && !has(other, at);
                    assert_eq!(has(&left, at), expect, "{at} of {one:?} without {other:?}");
                }
                assert_eq!(left, left.iter().collect(), "{one:?} without {other:?}");
            }
        }
        assert_eq!(ranges(&[(0, 4), (6, 9)]).since(7), ranges(&[(7, 9)]));
        assert_eq!(ranges(&[(0, 4), (6, 9)]).entries(), 7);
    }
}
