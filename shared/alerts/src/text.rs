//! Texts that others wrote, made safe to show: one line, no control, no direction, no end in sight cut off silently.
//!
//! What a log or a server says may try to move the cursor, to hide, to turn the line around, or to look like a line of
//! ours. Escaping is idempotent: what is escaped already stays as it is. It does not judge look-alike letters.

/// `text` as one line of at most `max_chars` characters (and the notice), fit to be shown.
///
/// Control characters (ANSI escapes begin with one), line breaks, direction overrides and invisible characters become
/// `\n`, `\t` or `\u{…}`. A cut text ends in `… (cut, N bytes in all)`, N counting `text`.
#[must_use]
pub fn escape(text: &str, max_chars: usize) -> String {
    let mut out = Capped::new(max_chars);
    let whole = text.chars().all(|letter| out.push(letter));
    if whole { out.text } else { cut(out.text, text.len()) }
}

/// [`escape`] for bytes that may be no text: each byte that is no part of UTF-8 becomes `\xNN`.
#[must_use]
pub fn escape_bytes(bytes: &[u8], max_chars: usize) -> String {
    let mut out = Capped::new(max_chars);
    let whole = bytes.utf8_chunks().all(|chunk| {
        chunk.valid().chars().all(|letter| out.push(letter))
            && chunk
                .invalid()
                .iter()
                .all(|byte| out.push_text(&format!("\\x{byte:02x}")))
    });
    if whole { out.text } else { cut(out.text, bytes.len()) }
}

/// `text` as one line of printable ASCII of at most `max_chars` characters; a cut one ends in `...`. For subjects.
#[must_use]
pub fn ascii_line(text: &str, max_chars: usize) -> String {
    let escaped: String = text.chars().map(ascii).collect();
    if escaped.len() <= max_chars {
        return escaped;
    }
    let kept = escaped.get(..max_chars.saturating_sub(3)).unwrap_or_default();
    format!("{kept}{}", &"..."[..max_chars.min(3)])
}

/// A line without the passwords of its URLs (`scheme://user:password@host`), one character for one: what is shown may be
/// written into a log, or sent.
#[must_use]
pub fn without_passwords(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let end = after
            .find(|c: char| c == '/' || c.is_whitespace())
            .unwrap_or(after.len());
        let (authority, behind) = after.split_at_checked(end).unwrap_or((after, ""));
        match authority.rsplit_once('@') {
            Some((secret, host)) => {
                shown.extend(secret.chars().map(|_| '*'));
                shown.push('@');
                shown.push_str(host);
            }
            None => shown.push_str(authority),
        }
        rest = behind;
    }
    shown.push_str(rest);
    shown
}

/// `text` as one word of a shell command, quoted where it needs to be.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._/:@%+=,-~".contains(&byte);
    if !text.is_empty() && !text.starts_with(['-', '~', '=']) && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Whether a character may be shown as it stands.
#[must_use]
pub fn is_plain(letter: char) -> bool {
    !letter.is_control() && !is_invisible(letter)
}

/// Characters that turn the direction of a line, or that nobody sees.
const fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// `text` with every character that may not be shown escaped, not cut: for texts that were cut already.
pub(crate) fn guard(text: &str) -> String {
    let mut out = Capped::new(usize::MAX);
    text.chars().all(|letter| out.push(letter));
    out.text
}

/// Breaks `text` into lines of at most `width` characters, at spaces. A longer word stands alone, and what stands between
/// backquotes is one word, so that commands can be copied.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut room = 0;
    let mut quoted = false;
    let breaks = |letter: char| {
        quoted ^= letter == '`';
        letter == ' ' && !quoted
    };
    for word in text.split(breaks).filter(|word| !word.is_empty()) {
        let needs = word.chars().count() + 1;
        match lines.last_mut() {
            Some(line) if needs <= room => {
                line.push(' ');
                line.push_str(word);
                room -= needs;
            }
            _ => {
                lines.push(word.to_owned());
                room = (width + 1).saturating_sub(needs);
            }
        }
    }
    lines
}

/// Text that grows up to a number of characters.
struct Capped {
    text: String,
    left: usize,
}

impl Capped {
    const fn new(max_chars: usize) -> Self {
        Self {
            text: String::new(),
            left: max_chars,
        }
    }

    /// Adds a letter, escaped if need be; false where it does not fit.
    fn push(&mut self, letter: char) -> bool {
        match letter {
            '\n' => self.push_text("\\n"),
            '\r' => self.push_text("\\r"),
            '\t' => self.push_text("\\t"),
            plain if is_plain(plain) => {
                let fits = self.left > 0;
                if fits {
                    self.text.push(plain);
                    self.left -= 1;
                }
                fits
            }
            other => self.push_text(&format!("\\u{{{:x}}}", u32::from(other))),
        }
    }

    /// Adds an escape, which is never cut in the middle.
    fn push_text(&mut self, escape: &str) -> bool {
        let fits = self.left >= escape.len();
        if fits {
            self.text.push_str(escape);
            self.left -= escape.len();
        }
        fits
    }
}

fn cut(mut kept: String, bytes: usize) -> String {
    kept.push_str(&format!("… (cut, {bytes} bytes in all)"));
    kept
}

fn ascii(letter: char) -> String {
    match letter {
        ' '..='~' => letter.to_string(),
        '\n' => "\\n".to_owned(),
        other => format!("\\u{{{:x}}}", u32::from(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, max_chars: usize, expect: &str) {
        let escaped = escape(text, max_chars);
        assert_eq!(escaped, expect);
        assert_eq!(escape(&escaped, usize::MAX), escaped, "escaping is idempotent");
        assert_eq!(guard(&escaped), escaped);
    }

    #[test]
    fn what_may_mislead_is_escaped() {
        check("plain, naïve, 日本", 50, "plain, naïve, 日本");
        check("\u{1b}[31mred\u{7}", 50, "\\u{1b}[31mred\\u{7}");
        check("a\nb\r\tc", 50, "a\\nb\\r\\tc");
        check(
            "exe\u{202e}gpj.txt\u{2066}\u{200b}",
            50,
            "exe\\u{202e}gpj.txt\\u{2066}\\u{200b}",
        );
        check(
            "\u{9b}31m\u{7f}\u{feff}\u{e0041}\u{2028}",
            99,
            "\\u{9b}31m\\u{7f}\\u{feff}\\u{e0041}\\u{2028}",
        );
        check("", 0, "");
    }

    #[test]
    fn what_is_cut_says_so() {
        check("abcdef", 6, "abcdef");
        check("abcdefg", 6, "abcdef… (cut, 7 bytes in all)");
        check("ab\u{1b}cd", 6, "ab… (cut, 5 bytes in all)");
        check("ab\u{1b}", 8, "ab\\u{1b}");
        check("日本語", 2, "日本… (cut, 9 bytes in all)");
        check("x", 0, "… (cut, 1 bytes in all)");
    }

    #[test]
    fn bytes_that_are_no_text() {
        assert_eq!(escape_bytes(b"ok", 9), "ok");
        assert_eq!(escape_bytes(b"a\xffb\xc3", 50), "a\\xffb\\xc3");
        assert_eq!(escape_bytes(b"a\xff\xff", 5), "a\\xff… (cut, 3 bytes in all)");
        assert_eq!(escape_bytes(b"\x1b[0m", 50), "\\u{1b}[0m");
    }

    #[test]
    fn subjects_are_ascii() {
        assert_eq!(ascii_line("naïve\nx\u{1b}", 99), "na\\u{ef}ve\\nx\\u{1b}");
        assert_eq!(ascii_line("abcdefgh", 8), "abcdefgh");
        assert_eq!(ascii_line("abcdefghi", 8), "abcde...");
        assert_eq!(ascii_line("abc", 2), "..");
    }

    #[test]
    fn passwords_are_not_shown() {
        let check = |line: &str, expect: &str| assert_eq!(without_passwords(line), expect);
        check(
            "url: https://me:secret@log.example/x",
            "url: https://*********@log.example/x",
        );
        check("a: https://log.example/me@x", "a: https://log.example/me@x");
        check("a: [http://u:p@a, http://b]", "a: [http://***@a, http://b]");
        check("plain", "plain");
    }

    #[test]
    fn words_of_commands_are_quoted() {
        assert_eq!(
            shell_word("log2025-1.rekor.sigstore.dev"),
            "log2025-1.rekor.sigstore.dev"
        );
        assert_eq!(shell_word("a b"), "'a b'");
        assert_eq!(shell_word("it's; rm -rf $HOME"), "'it'\\''s; rm -rf $HOME'");
        assert_eq!(shell_word("-rf"), "'-rf'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("aaaaaaaa b", 5), ["aaaaaaaa", "b"]);
        assert_eq!(wrap("aa `b c d` e", 5), ["aa", "`b c d`", "e"]);
        assert_eq!(wrap("aa `b c", 5), ["aa", "`b c"]);
        assert_eq!(wrap("", 5), Vec::<String>::new());
    }
}
