//! Two writers of one inventory: passes, and scans that take off what they asked.

use crate::record::{Lookback, Unasked, WithoutPast};
use std::collections::BTreeMap;
use tlog::Hash;

/// What two writers know of the same: `ours` began with `base` (what was stored then), `theirs` is stored now. What
/// either has added is there, and what either has taken off is gone.
pub(crate) fn merge(base: &Lookback, ours: &Lookback, theirs: &Lookback) -> Lookback {
    let find = |of: &Lookback, question: &Hash| of.rules.iter().find(|rule| rule.question == *question).cloned();
    let mut merged = Lookback {
        rules: Vec::new(),
        more: theirs.more.saturating_add(ours.more).saturating_sub(base.more),
    };
    for rule in theirs.rules.iter().chain(&ours.rules) {
        if find(&merged, &rule.question).is_some() {
            continue;
        }
        let [base, ours, theirs] = [base, ours, theirs].map(|of| find(of, &rule.question));
        // It came into force anew with one of them: that one knows what had been read.
        let anew = [&ours, &theirs].into_iter().flatten().find(|side| {
            let since = |base: &WithoutPast| base.since < side.since;
            base.as_ref().is_none_or(since)
        });
        let kept = match (anew, ours.as_ref(), theirs.as_ref()) {
            (Some(anew), ..) => anew.clone(),
            (None, Some(ours), Some(theirs)) => fewer(ours, theirs),
            (None, ..) => continue,
        };
        if merged.rules.len() < Lookback::MAX_NAMED {
            merged.rules.push(kept);
        } else {
            merged.more = merged.more.saturating_add(1);
        }
    }
    merged.rules.retain(|rule| !rule.logs.is_empty());
    merged
}

/// The logs that both still have, with the fewer entries.
fn fewer(ours: &WithoutPast, theirs: &WithoutPast) -> WithoutPast {
    let both = theirs.logs.iter().filter_map(|(log, theirs)| {
        let entries = ours.logs.get(log)?.entries.min(theirs.entries);
        Some((log.clone(), Unasked { entries, ..*theirs }))
    });
    WithoutPast {
        logs: both.collect(),
        ..ours.clone()
    }
}

/// Takes from the inventory what a scan has asked: of each log, what is left of the entries. True if that changes it.
/// `was_unknown` says that the scan found entries to ask of and left none: a rule that is only counted is counted no more.
pub(crate) fn take_off(
    lookback: &mut Lookback,
    question: &Hash,
    left: &BTreeMap<String, u64>,
    was_unknown: bool,
) -> bool {
    let before = lookback.clone();
    let named = lookback.rules.iter_mut().find(|rule| rule.question == *question);
    match named {
        Some(rule) => {
            for (log, left) in left {
                match rule.logs.get_mut(log) {
                    Some(_) if *left == 0 => drop(rule.logs.remove(log)),
                    Some(unasked) => unasked.entries = *left,
                    None => {}
                }
            }
        }
        None if was_unknown => lookback.more = lookback.more.saturating_sub(1),
        None => {}
    }
    lookback.rules.retain(|rule| !rule.logs.is_empty());
    *lookback != before
}

#[cfg(test)]
mod tests {
    use super::*;
    use sigstore::Timestamp;

    /// `name` since `at`, with so many entries left of each log.
    fn rule(name: &str, at: i64, left: &[(&str, u64)]) -> WithoutPast {
        let unasked = |(log, entries): &(&str, u64)| {
            (
                (*log).to_owned(),
                Unasked {
                    upto: 9,
                    entries: *entries,
                },
            )
        };
        WithoutPast {
            name: name.to_owned(),
            question: Hash::of(name.as_bytes()),
            since: Timestamp::from_unix(at),
            logs: left.iter().map(unasked).collect(),
        }
    }

    fn book(more: u64, rules: &[WithoutPast]) -> Lookback {
        Lookback {
            rules: rules.to_vec(),
            more,
        }
    }

    #[test]
    fn neither_of_two_writers_is_forgotten() {
        let a = || rule("a", 1, &[("one", 5), ("two", 6)]);
        let check = |base: &[WithoutPast], ours: &[WithoutPast], theirs: &[WithoutPast], expect: &[WithoutPast]| {
            let [base, ours, theirs] = [base, ours, theirs].map(|rules| book(0, rules));
            assert_eq!(
                merge(&base, &ours, &theirs).rules,
                expect,
                "{base:?} {ours:?} {theirs:?}"
            );
        };
        check(&[a()], &[a()], &[a()], &[a()]);
        // Taken off by either.
        check(&[a()], &[], &[a()], &[]);
        check(&[a()], &[a()], &[], &[]);
        // Added by either, or by both.
        let (b, c) = (rule("b", 2, &[("one", 1)]), rule("c", 2, &[("two", 1)]));
        check(
            &[],
            core::slice::from_ref(&b),
            core::slice::from_ref(&c),
            &[c.clone(), b.clone()],
        );
        check(
            &[],
            core::slice::from_ref(&b),
            core::slice::from_ref(&b),
            core::slice::from_ref(&b),
        );
        check(
            &[a()],
            core::slice::from_ref(&b),
            &[a(), c.clone()],
            &[c.clone(), b.clone()],
        );
        // A part was asked of either.
        let (left, fewer) = (rule("a", 1, &[("two", 6)]), rule("a", 1, &[("one", 5), ("two", 2)]));
        check(
            &[a()],
            core::slice::from_ref(&left),
            core::slice::from_ref(&fewer),
            &[rule("a", 1, &[("two", 2)])],
        );
        check(
            &[a()],
            &[rule("a", 1, &[("one", 5)])],
            core::slice::from_ref(&left),
            &[],
        );
        // Removed and in force anew with one of them, while the other took it off.
        let anew = rule("a", 7, &[("one", 9)]);
        check(&[a()], core::slice::from_ref(&anew), &[], core::slice::from_ref(&anew));
        check(&[a()], &[], core::slice::from_ref(&anew), core::slice::from_ref(&anew));
        assert_eq!(merge(&book(3, &[]), &book(5, &[]), &book(2, &[])).more, 4);
        assert_eq!(merge(&book(3, &[]), &book(0, &[]), &book(1, &[])).more, 0);
    }

    #[test]
    fn what_is_kept_is_bounded_whoever_adds_to_it() {
        let many = |letter: char| -> Vec<WithoutPast> {
            let each = (0..40).map(|number| rule(&format!("{letter}{number}"), 1, &[("one", 1)]));
            each.collect()
        };
        let merged = merge(&book(0, &[]), &book(0, &many('a')), &book(0, &many('b')));
        assert_eq!((merged.rules.len(), merged.more), (Lookback::MAX_NAMED, 16));
    }

    #[test]
    fn what_a_scan_has_asked_is_taken_off() {
        let question = Hash::of(b"a");
        let left = |left: &[(&str, u64)]| left.iter().map(|(log, left)| ((*log).to_owned(), *left)).collect();
        let mut kept = book(2, &[rule("a", 1, &[("one", 5), ("two", 6)])]);
        assert!(!take_off(&mut kept, &Hash::of(b"b"), &left(&[("one", 0)]), false));
        assert!(
            !take_off(&mut kept, &question, &left(&[("three", 0)]), true),
            "a log that it does not wait for"
        );
        assert!(take_off(&mut kept, &question, &left(&[("one", 3)]), false));
        assert_eq!(kept.rules, [rule("a", 1, &[("one", 3), ("two", 6)])]);
        assert!(take_off(&mut kept, &question, &left(&[("one", 0), ("two", 0)]), true));
        assert_eq!(kept, book(2, &[]));
        assert!(
            take_off(&mut kept, &Hash::of(b"b"), &BTreeMap::new(), true),
            "one that is only counted"
        );
        assert_eq!(kept, book(1, &[]));
    }
}
