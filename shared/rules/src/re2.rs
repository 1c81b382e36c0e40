//! Expressions in RE2's syntax, as other monitors' configurations have them, in the syntax that [`crate::expression`]
//! reads: the same meaning, or an error.
//!
//! What both write alike is copied. What they do not: RE2's `\d`, `\s`, `\w` and `\b` are ASCII; a `{` that repeats nothing
//! stands for itself; `[`, `&&`, `--` and `~~` within a class are letters; `\Q…\E` quotes; `\123` is octal; `\<` is a
//! letter and no word boundary. Whether groups are balanced and properties are known, the parser behind this one says.

mod error;
mod walk;

pub(crate) use error::Re2Error;

use error::MAX_COUNT;
use regex_syntax::hir::Look;
use walk::{MAX_SHOWN, PERL, Walk};

/// Letters that a count may have; a longer one is beyond [`MAX_COUNT`] in any case.
const MAX_COUNT_DIGITS: usize = 9;

/// An expression for the whole value that matches where `source` matches any part of it.
pub(crate) fn unanchored(source: &str) -> Result<String, Re2Error> {
    let inner = translate(source)?;
    let hir = regex_syntax::parse(&inner).map_err(|error| {
        let message = error.to_string();
        let line = message.lines().last().unwrap_or_default().trim();
        Re2Error::Form(line.strip_prefix("error: ").unwrap_or(line).to_owned())
    })?;
    // What can begin at the beginning alone needs nothing before it, and is woken by what it begins with.
    let before = if hir.properties().look_set_prefix().contains(Look::Start) {
        ""
    } else {
        ANYTHING
    };
    let behind = if hir.properties().look_set_suffix().contains(Look::End) {
        ""
    } else {
        ANYTHING
    };
    if inner.contains('|') || inner.contains("(?") {
        Ok(format!("{before}(?:{inner}){behind}"))
    } else {
        Ok(format!("{before}{inner}{behind}"))
    }
}

const ANYTHING: &str = "(?s:.*)";

/// The expression in the other syntax.
pub(crate) fn translate(source: &str) -> Result<String, Re2Error> {
    let mut walk = Walk {
        rest: source,
        out: String::with_capacity(source.len()),
        repeated: false,
    };
    while let Some(letter) = walk.next() {
        let repeated = core::mem::take(&mut walk.repeated);
        match letter {
            '\\' => walk.escape()?,
            '[' => walk.class()?,
            '(' => walk.group()?,
            '*' | '+' | '?' => walk.repeat(repeated, &letter.to_string())?,
            '{' => walk.count(repeated)?,
            ']' | '}' => walk.letter(letter),
            other => walk.out.push(other),
        }
    }
    Ok(walk.out)
}

impl Walk<'_> {
    /// A class of which the bracket was read.
    fn class(&mut self) -> Result<(), Re2Error> {
        self.out.push('[');
        if self.eat("^") {
            self.out.push('^');
        }
        let mut first = true;
        while first || !self.eat("]") {
            first = false;
            if self.named()? {
                continue;
            }
            if let Some(set) = self.rest.strip_prefix('\\').and_then(|rest| rest.chars().next())
                && (PERL.iter().any(|(name, _)| *name == set.to_ascii_lowercase()) || matches!(set, 'p' | 'P'))
            {
                self.rest = self.rest.get(2..).unwrap_or_default();
                self.set(set, true)?;
                continue;
            }
            self.range()?;
        }
        self.out.push(']');
        Ok(())
    }

    /// `[:alpha:]`, as both write it.
    fn named(&mut self) -> Result<bool, Re2Error> {
        let inner = self.rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]"));
        let Some((name, rest)) = inner else {
            return Ok(false);
        };
        if !NAMED.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return Err(Re2Error::Range(format!(
                "[:{}:]",
                name.chars().take(MAX_SHOWN).collect::<String>()
            )));
        }
        self.out.extend(["[:", name, ":]"]);
        self.rest = rest;
        Ok(true)
    }

    /// A letter of a class, or two that a hyphen joins.
    fn range(&mut self) -> Result<(), Re2Error> {
        let begun = self.rest;
        let low = self.member()?;
        self.letter(low);
        if self.rest.starts_with("-]") || !self.eat("-") {
            return Ok(());
        }
        let high = self.member();
        let written = begun
            .get(..begun.len() - self.rest.len())
            .unwrap_or_default()
            .to_owned();
        match high {
            Ok(high) if low <= high => {
                self.out.push('-');
                self.letter(high);
                Ok(())
            }
            Err(Re2Error::Class) => Err(Re2Error::Class),
            Ok(_) | Err(_) => Err(Re2Error::Range(written)),
        }
    }

    fn member(&mut self) -> Result<char, Re2Error> {
        match self.next().ok_or(Re2Error::Class)? {
            '\\' => {
                let letter = self.next().ok_or(Re2Error::Class)?;
                self.escaped(letter)
            }
            letter => Ok(letter),
        }
    }

    /// A group of which the parenthesis was read. Its name says nothing here.
    fn group(&mut self) -> Result<(), Re2Error> {
        if !self.eat("?") {
            self.out.push('(');
            return Ok(());
        }
        let rest = self.rest;
        if self.eat("P<") || (!rest.starts_with("<=") && !rest.starts_with("<!") && self.eat("<")) {
            let name = self.until(">").unwrap_or_default();
            if name.is_empty() || !name.chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
                return Err(unknown_group(rest));
            }
            self.out.push_str("(?:");
            return Ok(());
        }
        let end = rest.find([':', ')']).ok_or_else(|| unknown_group(rest))?;
        let flags = rest.get(..end).unwrap_or_default();
        if !flags.chars().all(|flag| "imsU-".contains(flag)) {
            return Err(unknown_group(rest));
        }
        let (flags, rest) = rest.split_at_checked(end + 1).ok_or_else(|| unknown_group(rest))?;
        self.out.extend(["(?", flags]);
        self.rest = rest;
        Ok(())
    }

    fn repeat(&mut self, repeated: bool, written: &str) -> Result<(), Re2Error> {
        if repeated {
            return Err(Re2Error::Stacked(written.to_owned()));
        }
        self.out.push_str(written);
        if self.eat("?") {
            self.out.push('?');
        }
        self.repeated = true;
        Ok(())
    }

    /// `{2}`, `{2,}`, `{2,3}`; any other brace stands for itself.
    fn count(&mut self, repeated: bool) -> Result<(), Re2Error> {
        let Some((numbers, rest)) = self.rest.split_once('}').filter(|(numbers, _)| is_count(numbers)) else {
            self.letter('{');
            return Ok(());
        };
        self.rest = rest;
        let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
        let (least, most) = match numbers.split_once(',') {
            None => (number(numbers), number(numbers)),
            Some((least, "")) => (number(least), number(least)),
            Some((least, most)) => (number(least), number(most)),
        };
        if least > most || most > MAX_COUNT {
            return Err(Re2Error::Count(numbers.to_owned()));
        }
        self.repeat(repeated, &format!("{{{numbers}}}"))
    }
}

fn unknown_group(rest: &str) -> Re2Error {
    Re2Error::Group(rest.chars().take(2).collect())
}

/// One number, or two of which the second may be missing; none begins with a zero that says nothing.
fn is_count(numbers: &str) -> bool {
    let number = |text: &str| {
        let digits =
            !text.is_empty() && text.len() <= MAX_COUNT_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
        digits && (text.len() == 1 || !text.starts_with('0'))
    };
    match numbers.split_once(',') {
        None => number(numbers),
        Some((least, most)) => number(least) && (most.is_empty() || number(most)),
    }
}

/// The classes with names, ASCII in both syntaxes.
const NAMED: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, expect: &str) {
        let found = translate(source).unwrap();
        assert_eq!(found, expect, "{source}");
        assert!(regex_syntax::parse(&found).is_ok(), "{source}: {found}");
    }

    #[test]
    fn what_is_the_same_is_copied() {
        for source in [
            r"user@domain\.com",
            "^(a|b)*c+?$",
            "(?i)a(?s:.)(?-i:b)",
            "a{2}b{2,}c{2,3}?",
            r"\A\x41\z".trim_start_matches(r"\A\x41"),
            "[[:alpha:][:^digit:]]",
            "é+",
        ] {
            check(source, source);
        }
    }

    #[test]
    fn what_is_not_is_translated() {
        check(r"\d\D\s\w", r"[0-9][^0-9][\t\n\f\r ][0-9A-Za-z_]");
        check(r"[\d\S_]", r"[0-9[^\t\n\f\r ]_]");
        check(r"\bx\B", r"(?-u:\b)x(?-u:\B)");
        check(r"\b{start}", r"(?-u:\b)\{start\}");
        check(r"\<x\>", r"<x>");
        check(r"\@\/\_", "@/_");
        check("a{,5}b{x}{01}{", r"a\{,5\}b\{x\}\{01\}\{");
        check(r"\Qa.b*\E+", r"a\.b\*+");
        check(r"\Qa.b", r"a\.b");
        check(r"\101\012\x{e9}\x2E", "A\né\\.");
        check(
            r"\pN\PL\p{Greek}\p{^Greek}\P{^Greek}",
            r"\p{N}\P{L}\p{Greek}\P{Greek}\p{Greek}",
        );
        check("[a&&b]", r"[a\&\&b]");
        check("[!--~~[b]", r"[!-\-\~\~\[b]");
        check("[]a]", r"[\]a]");
        check("[^]a-c-e-]", r"[^\]a-c\-e\-]");
        check(r"[\[\]\-\^\n]", "[\\[\\]\\-\\^\n]");
        check("[[:nope]", r"[\[:nope]");
        check("(?P<name>a)(?<other>b)", "(?:a)(?:b)");
        check("]}", r"\]\}");
    }

    #[test]
    fn what_has_no_counterpart_is_refused() {
        let refuses = |source: &str, error: Re2Error| assert_eq!(unanchored(source), Err(error), "{source}");
        refuses(r"a\C", Re2Error::OneByte);
        refuses("a\\", Re2Error::Backslash);
        for escape in [
            r"\Z",
            r"\h",
            r"\1",
            r"\8",
            r"\K",
            r"\é",
            r"\xg1",
            r"\x{110000}",
            r"\p{a=b}",
        ] {
            refuses(
                escape,
                Re2Error::Escape(
                    escape
                        .chars()
                        .take(match escape {
                            r"\xg1" => 4,
                            _ => 20,
                        })
                        .collect(),
                ),
            );
        }
        refuses("[a", Re2Error::Class);
        refuses("[z-a]", Re2Error::Range("z-a".to_owned()));
        refuses(r"[a-\d]", Re2Error::Range(r"a-\d".to_owned()));
        refuses("[[:nope:]]", Re2Error::Range("[:nope:]".to_owned()));
        refuses(r"[\b]", Re2Error::Escape(r"\b".to_owned()));
        refuses("a{1001}", Re2Error::Count("1001".to_owned()));
        refuses("a{3,2}", Re2Error::Count("3,2".to_owned()));
        refuses("a**", Re2Error::Stacked("*".to_owned()));
        refuses("a{2}{3}", Re2Error::Stacked("{3}".to_owned()));
        for (source, start) in [
            ("(?=a)", "=a"),
            ("(?<=a)", "<="),
            ("(?x)a b", "x)"),
            ("(?u:a)", "u:"),
            ("(?P<>a)", "P<"),
        ] {
            refuses(source, Re2Error::Group(start.to_owned()));
        }
        refuses("a)|(b", Re2Error::Form("unopened group".to_owned()));
        refuses("(a", Re2Error::Form("unclosed group".to_owned()));
        assert!(matches!(unanchored(r"\p{Nope}"), Err(Re2Error::Form(_))));
    }

    #[test]
    fn only_what_is_open_is_opened() {
        let check = |source: &str, expect: &str| assert_eq!(unanchored(source).unwrap(), expect);
        check("a", "(?s:.*)a(?s:.*)");
        check("^a", "^a(?s:.*)");
        check("a$", "(?s:.*)a$");
        check("^a|b$", "(?s:.*)(?:^a|b$)(?s:.*)");
        check("^a|^b", "(?:^a|^b)(?s:.*)");
        check("(?m)^a$", "(?s:.*)(?:(?m)^a$)(?s:.*)");
    }
}
