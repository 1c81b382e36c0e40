//! Names that are easily taken for each other: a letter apart, or written with letters that look alike.

use crate::diagnostic::distance_of;
use crate::open_names::{OPEN_HOSTS, OPEN_MAIL};
use std::collections::HashSet;

/// Letters from which on a name may differ by one, and by two, and still be taken for another.
const ONE_APART: usize = 5;
const TWO_APART: usize = 9;

/// Whether `name` is another than `watched` and looks like it. Both are compared without regard to case.
pub(super) fn is_alike(watched: &str, name: &str) -> bool {
    let (watched, name) = (watched.to_ascii_lowercase(), name.to_ascii_lowercase());
    if watched == name || is_common(&name) {
        return false;
    }
    if skeleton(&watched) == skeleton(&name) {
        return true;
    }
    let length = watched.chars().count();
    let enough = usize::from(length >= ONE_APART) + usize::from(length >= TWO_APART);
    name.chars().count().abs_diff(length) <= enough && distance_of(&watched, &name) <= enough
        || is_under_another_top(&watched, &name)
}

/// Whether everybody uses the name: who signs from there looks like nobody else.
fn is_common(name: &str) -> bool {
    OPEN_HOSTS.contains(&name) || OPEN_MAIL.contains(&name)
}

/// `example.org` for `example.com`.
fn is_under_another_top(watched: &str, name: &str) -> bool {
    let pair = watched.rsplit_once('.').zip(name.rsplit_once('.'));
    pair.is_some_and(|((own, _), (other, _))| own == other && own.len() >= ONE_APART)
}

/// A name as the eye sees it: letters that look alike are one letter.
fn skeleton(name: &str) -> String {
    let labels = name.split('.').map(|label| {
        let shown = label.strip_prefix("xn--").and_then(punycode);
        let shown = shown.unwrap_or_else(|| label.to_owned());
        let letters: String = shown.chars().filter(|letter| *letter != '-').map(look).collect();
        letters.replace("rn", "m").replace("vv", "w").replace("cl", "d")
    });
    labels.collect::<Vec<_>>().join(".")
}

/// The Latin letter that one looks like.
const fn look(letter: char) -> char {
    match letter {
        '0' | 'о' | 'ο' | 'ö' | 'ó' | 'ò' => 'o',
        '1' | 'i' | 'і' | 'ι' | 'ı' | 'í' | 'ì' | '|' => 'l',
        '3' => 'e',
        '5' | 'ѕ' => 's',
        'а' | 'α' | 'á' | 'à' | 'ä' => 'a',
        'е' | 'ё' | 'é' | 'è' => 'e',
        'р' | 'ρ' => 'p',
        'с' | 'ç' => 'c',
        'у' => 'y',
        'х' => 'x',
        'ј' => 'j',
        'ԁ' => 'd',
        'ü' | 'ú' | 'υ' => 'u',
        'ν' => 'v',
        other => other,
    }
}

/// Letters of a label that is decoded: DNS has at most 63.
const MAX_LABEL: usize = 63;

/// The letters of a label in its ASCII form (RFC 3492), without the prefix.
fn punycode(label: &str) -> Option<String> {
    let (plain, coded) = label.rsplit_once('-').unwrap_or(("", label));
    let mut letters: Vec<char> = plain.chars().collect();
    if label.len() > MAX_LABEL {
        return None;
    }
    let (mut code, mut at, mut bias, mut is_first) = (128_u32, 0_u32, 72_u32, true);
    let mut digits = coded.bytes().peekable();
    while digits.peek().is_some() {
        let before = at;
        let mut weight = 1_u32;
        for step in 1_u32.. {
            let digit = match digits.next()? {
                byte @ b'a'..=b'z' => u32::from(byte - b'a'),
                byte @ b'0'..=b'9' => u32::from(byte - b'0') + 26,
                _ => return None,
            };
            at = at.checked_add(digit.checked_mul(weight)?)?;
            let threshold = step.checked_mul(36)?.saturating_sub(bias).clamp(1, 26);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(36 - threshold)?;
        }
        let count = u32::try_from(letters.len()).ok()?.checked_add(1)?;
        bias = adapt(at - before, count, is_first);
        is_first = false;
        code = code.checked_add(at / count)?;
        at %= count;
        letters.insert(usize::try_from(at).ok()?, char::from_u32(code)?);
        at += 1;
    }
    Some(letters.into_iter().collect())
}

fn adapt(delta: u32, count: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / 700 } else { delta / 2 };
    delta += delta / count;
    let mut steps = 0;
    while delta > 455 {
        delta /= 35;
        steps += 36;
    }
    steps + 36 * delta / (delta + 38)
}

/// Whether every watched name is itself: what one rule watches for is no look-alike for another.
pub(super) fn is_watched(watched: &HashSet<String>, name: &str) -> bool {
    watched.contains(&name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_eye_confuses() {
        for (watched, name, expect) in [
            ("example.com", "examp1e.com", true),
            ("example.com", "exarnple.com", true),
            ("example.com", "exmaple.com", true),
            ("example.com", "example.org", true),
            ("example.com", "xn--exmple-4nf.com", true),
            ("acme", "acrne", true),
            ("acme", "acne", false),
            ("acme-labs", "acmelabs", true),
            ("example.com", "Example.COM", false),
            ("example.com", "elsewhere.net", false),
            ("gitlab.com", "github.com", false),
            ("github.com", "githab.com", true),
        ] {
            assert_eq!(is_alike(watched, name), expect, "{watched} {name}");
        }
        assert_eq!(punycode("exmple-4nf").as_deref(), Some("exаmple"));
        assert_eq!(punycode("bcher-kva").as_deref(), Some("bücher"));
        assert_eq!(punycode("99999999"), None);
    }
}
