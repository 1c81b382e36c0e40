//! The difference of two texts, line by line, for people: what went, what came, and a little around it.
//!
//! Pure and bounded: texts that differ too much to be compared line by line are shown as gone and come.

/// Lines around a difference.
const AROUND: usize = 2;

/// Pairs of lines that are compared at most, four bytes each: a configuration of a thousand lines, rewritten.
const MAX_PAIRS: usize = 1_000_000;

/// Lines of a difference at most.
const MAX_LINES: usize = 400;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line<'t> {
    Both(&'t str),
    Gone(&'t str),
    Come(&'t str),
}

/// The difference of two texts. The lines to show: ` ` before what both have, `-` before what went, `+` before what came, and `@@ line N @@` (of the
/// new text) at the start of each stretch. Empty if nothing differs. Cut texts end with their count.
#[must_use]
pub fn difference(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let lines = compare(&old, &new);
    let shown: Vec<bool> = (0..lines.len())
        .map(|at| {
            let near = lines.iter().skip(at.saturating_sub(AROUND));
            near.take(at.min(AROUND) + AROUND + 1)
                .any(|line| !matches!(line, Line::Both(_)))
        })
        .collect();
    let (mut out, mut number, mut before) = (Vec::new(), 1_usize, false);
    for (line, shown) in lines.iter().zip(shown) {
        if shown && !before {
            out.push(format!("@@ line {number} @@"));
        }
        if shown {
            out.push(match line {
                Line::Both(text) => format!(" {text}"),
                Line::Gone(text) => format!("-{text}"),
                Line::Come(text) => format!("+{text}"),
            });
        }
        before = shown;
        number += usize::from(!matches!(line, Line::Gone(_)));
    }
    let more = out.len().saturating_sub(MAX_LINES);
    if more > 0 {
        out.truncate(MAX_LINES);
        out.push(format!("… and {more} more lines"));
    }
    out
}

fn compare<'t>(old: &[&'t str], new: &[&'t str]) -> Vec<Line<'t>> {
    let start = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (head, old) = old.split_at_checked(start).unwrap_or((old, &[]));
    let new = new.get(start..).unwrap_or_default();
    let both = old.iter().rev().zip(new.iter().rev());
    let end = both.take_while(|(old, new)| old == new).count();
    let (old, tail) = old.split_at_checked(old.len() - end).unwrap_or((old, &[]));
    let new = new.get(..new.len() - end).unwrap_or_default();
    let mut lines: Vec<Line<'t>> = head.iter().map(|line| Line::Both(line)).collect();
    if old.len().saturating_mul(new.len()) > MAX_PAIRS {
        lines.extend(old.iter().map(|line| Line::Gone(line)));
        lines.extend(new.iter().map(|line| Line::Come(line)));
    } else {
        middle(old, new, &mut lines);
    }
    lines.extend(tail.iter().map(|line| Line::Both(line)));
    lines
}

/// By the longest common subsequence. `longest[i][j]` is its length for `old[i..]` and `new[j..]`.
fn middle<'t>(old: &[&'t str], new: &[&'t str], lines: &mut Vec<Line<'t>>) {
    let width = new.len() + 1;
    let mut longest = vec![0_u32; (old.len() + 1) * width];
    let of = |longest: &[u32], i: usize, j: usize| longest.get(i * width + j).copied().unwrap_or(0);
    for (i, from) in old.iter().enumerate().rev() {
        for (j, to) in new.iter().enumerate().rev() {
            let length = if from == to {
                of(&longest, i + 1, j + 1) + 1
            } else {
                of(&longest, i + 1, j).max(of(&longest, i, j + 1))
            };
            if let Some(place) = longest.get_mut(i * width + j) {
                *place = length;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    loop {
        match (old.get(i), new.get(j)) {
            (Some(from), Some(to)) if from == to => {
                lines.push(Line::Both(from));
                (i, j) = (i + 1, j + 1);
            }
            (Some(from), to) if to.is_none() || of(&longest, i + 1, j) >= of(&longest, i, j + 1) => {
                lines.push(Line::Gone(from));
                i += 1;
            }
            (_, Some(to)) => {
                lines.push(Line::Come(to));
                j += 1;
            }
            (_, None) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: &str, new: &str, expect: &[&str]) {
        assert_eq!(difference(old, new), expect);
    }

    #[test]
    fn lines_that_went_and_came() {
        check("a\nb\n", "a\nb\n", &[]);
        check("", "a\n", &["@@ line 1 @@", "+a"]);
        check("a\n", "", &["@@ line 1 @@", "-a"]);
        check(
            "1\n2\n3\n4\n5\n6\n7\n",
            "1\n2\n3\nfour\n5\n6\n7\n",
            &["@@ line 2 @@", " 2", " 3", "-4", "+four", " 5", " 6"],
        );
        check(
            "a\n1\n2\n3\n4\n5\n6\nb\n",
            "A\n1\n2\n3\n4\n5\n6\nB\n",
            &[
                "@@ line 1 @@",
                "-a",
                "+A",
                " 1",
                " 2",
                "@@ line 6 @@",
                " 5",
                " 6",
                "-b",
                "+B",
            ],
        );
        check("a\nb\nc\n", "b\nc\nd\n", &["@@ line 1 @@", "-a", " b", " c", "+d"]);
        check("a", "a\r\nb", &["@@ line 1 @@", " a", "+b"]);
    }

    #[test]
    fn what_differs_too_much_is_bounded() {
        let many = |prefix: &str, count: usize| (0..count).map(|at| format!("{prefix}{at}\n")).collect::<String>();
        let lines = difference(&many("a", 50_000), &many("b", 50_000));
        assert_eq!(lines.len(), MAX_LINES + 1);
        assert_eq!(lines.last().unwrap(), "… and 99601 more lines");
        let lines = difference(&many("a", 2_000), &many("b", 2_000));
        assert_eq!(lines.len(), MAX_LINES + 1);
    }
}
