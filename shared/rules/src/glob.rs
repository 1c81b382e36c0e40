//! Globs, as regular expressions: the engine behind both is the same, and it takes linear time whatever the text.
//!
//! `*` stands for any characters but `/`, `**` for any characters, `?` for one character but `/`. Everything else,
//! brackets and braces and backslashes included, stands for itself.

/// Three or more stars in a row: nobody can say what they should mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyStars;

/// The regular expression, not yet anchored, that matches what the glob matches.
pub(crate) fn to_regex(glob: &str) -> Result<String, TooManyStars> {
    let mut out = String::with_capacity(glob.len() * 2);
    let mut rest = glob;
    while let Some(at) = rest.find(['*', '?']) {
        let (literal, wild) = rest.split_at(at);
        out.push_str(&regex::escape(literal));
        let stars = wild.len() - wild.trim_start_matches('*').len();
        out.push_str(match stars {
            0 => "[^/]",
            1 => "[^/]*",
            2 => "(?s:.*)",
            _ => return Err(TooManyStars),
        });
        rest = wild.get(stars.max(1)..).unwrap_or_default();
    }
    out.push_str(&regex::escape(rest));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(glob: &str, expect: Result<&str, TooManyStars>) {
        assert_eq!(to_regex(glob).as_deref(), expect.as_ref().copied(), "{glob}");
    }

    #[test]
    fn every_wildcard_and_nothing_else() {
        check("a*b", Ok("a[^/]*b"));
        check("a/**/b", Ok("a/(?s:.*)/b"));
        check("?.c", Ok("[^/]\\.c"));
        check("[a]{b}\\(c|d)+^$", Ok("\\[a\\]\\{b\\}\\\\\\(c\\|d\\)\\+\\^\\$"));
        check("", Ok(""));
        check("***", Err(TooManyStars));
        check("a****b", Err(TooManyStars));
    }
}
