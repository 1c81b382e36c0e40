//! The form of an alert for a telephone: one short message, in the letters that every telephone has.

use crate::alert::Alert;
use crate::text::ascii_line;

/// Bytes of a short message: one part of GSM has 160 septets, of which some of ASCII's characters take two.
pub const MAX_SMS_BYTES: usize = 140;

/// Digits of the id by which the alert can be found in the other channels.
const ID_DIGITS: usize = 8;

/// At most [`MAX_SMS_BYTES`] printable ASCII characters of the basic GSM alphabet (3GPP TS 23.038), on one line. What is
/// not in that alphabet is replaced; nothing in it becomes a link.
#[must_use]
pub fn sms(alert: &Alert) -> String {
    let id: String = alert
        .id
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(ID_DIGITS)
        .collect();
    let end = format!(" (alert {id})");
    let title = ascii_line(&alert.title, usize::MAX);
    let (mark, words) = marked(&title);
    let text = format!("Rekor Sentinel, {mark}: {words}");
    let text: String = text.chars().map(basic).collect::<String>().replace("://", ": //");
    format!("{}{end}", ascii_line(&text, MAX_SMS_BYTES.saturating_sub(end.len())))
}

/// The mark at the start of a title (`[high]`), without its brackets, and what follows.
pub(crate) fn marked(title: &str) -> (String, &str) {
    match title.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((mark, words)) => (mark.to_ascii_uppercase(), words),
        None => ("NOTE".to_owned(), title),
    }
}

/// A character of ASCII as one of the basic GSM alphabet: those that are not in it, or take two places, are replaced.
const fn basic(letter: char) -> char {
    match letter {
        '[' | '{' => '(',
        ']' | '}' => ')',
        '`' | '^' => '\'',
        '\\' | '|' => '/',
        '~' => '-',
        other => other,
    }
}
