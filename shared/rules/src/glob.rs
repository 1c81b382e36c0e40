//! Globs: `*` stands for any characters but `/`, `**` for any characters, `?` for one character but `/`. Everything else,
//! brackets and braces and backslashes included, stands for itself.
//!
//! They are matched as they are written: no program is compiled and none is kept. The matcher remembers one place to go
//! back to for each sort of star, which is enough: between two single stars the leftmost place is never worse, because
//! neither may pass a `/`, and whatever stands behind a double star begins anew.

use crate::form::Folds;

/// Three or more stars in a row: nobody can say what they should mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyStars;

/// Whether it is one.
pub(crate) fn check(glob: &str) -> Result<(), TooManyStars> {
    if glob.contains("***") {
        Err(TooManyStars)
    } else {
        Ok(())
    }
}

/// The literal texts between the wildcards, the empty ones too: the first is what a match begins with, the last what it
/// ends in.
pub(crate) fn literals(glob: &str) -> impl Iterator<Item = &str> {
    glob.split(['*', '?'])
}

/// A place to go back to: what of the glob comes next, and how much of the text the star before it has taken.
type Back = Option<(usize, usize)>;

/// Whether the glob matches the whole text; `None` if that takes more than `steps`, from which is taken what it took.
pub(crate) fn matches(glob: &str, text: &str, folds: &Folds, steps: &mut u64) -> Option<bool> {
    let (glob, text) = (glob.as_bytes(), text.as_bytes());
    let (mut at, mut to) = (0, 0);
    let (mut star, mut stars): (Back, Back) = (None, None);
    loop {
        *steps = steps.checked_sub(1)?;
        let rest = glob.get(at..).unwrap_or_default();
        match (rest, text.get(to)) {
            ([], None) => return Some(true),
            ([b'*', b'*', ..], _) => {
                at += 2;
                (star, stars) = (None, Some((at, to)));
                continue;
            }
            ([b'*', ..], _) => {
                at += 1;
                star = Some((at, to));
                continue;
            }
            // Going back takes more of the text, and what is left of the glob needs more of it already.
            (_, None) => return Some(false),
            ([b'?', ..], Some(byte)) if *byte != b'/' && begins_letter(*byte) => {
                (at, to) = (at + 1, next_letter(text, to));
                continue;
            }
            ([letter, ..], Some(byte)) if *letter != b'?' && folds.same(*letter, *byte, to) => {
                (at, to) = (at + 1, to + 1);
                continue;
            }
            _ => {}
        }
        if let Some((next, taken)) = star.filter(|(_, taken)| text.get(*taken).is_some_and(|byte| *byte != b'/')) {
            star = Some((next, taken + 1));
            (at, to) = (next, taken + 1);
        } else if let Some((next, taken)) = stars {
            (star, stars) = (None, Some((next, taken + 1)));
            (at, to) = (next, taken + 1);
        } else {
            return Some(false);
        }
    }
}

const fn begins_letter(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}

fn next_letter(text: &[u8], at: usize) -> usize {
    let rest = text.get(at + 1..).unwrap_or_default();
    at + 1 + rest.iter().take_while(|byte| !begins_letter(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(glob: &str, text: &str, expect: bool) {
        let mut steps = 10_000;
        assert_eq!(
            matches(glob, text, &Folds::default(), &mut steps),
            Some(expect),
            "{glob} {text}"
        );
    }

    #[test]
    fn every_wildcard_and_nothing_else() {
        check_text("a*b", "ab", true);
        check_text("a*b", "a/b", false);
        check_text("a/**/b", "a/x/y/b", true);
        check_text("*a*b/c", "xaab/c", true);
        check_text("*a*b/c", "xa/ab/c", false);
        check_text("**a*b/c", "xa/ab/c", true);
        check_text("*x/y*z", "ax/yz", true);
        check_text("**/x*y**", "/xb/x/xay", true);
        check_text("[a]{b}\\(c|d)+^$", "[a]{b}\\(c|d)+^$", true);
        check_text("*??", "é", false);
        check_text("*?", "é", true);
        check_text("?é", "éé", true);
        check_text("", "", true);
        check_text("", "a", false);
        check_text("a**", "a", true);
        assert_eq!(check("***"), Err(TooManyStars));
        assert_eq!(check("a****b"), Err(TooManyStars));
        assert_eq!(check("a**b"), Ok(()));
    }

    #[test]
    fn the_steps_are_an_end() {
        let text = "a".repeat(1000);
        let mut steps = 500;
        assert_eq!(matches("**b", &text, &Folds::default(), &mut steps), None);
        assert_eq!(steps, 0);
    }
}
