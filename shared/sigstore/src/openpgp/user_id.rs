//! User ids (RFC 9580 5.11): by convention `Name (Comment) <address>`, or an address alone.
//!
//! The convention is nobody's rule, so every address that a reader may find is told: all that stand in angle brackets,
//! and the whole text where there are none and it looks like one.

use crate::openpgp::PgpError;

/// What GnuPG takes (`MAX_UID_PACKET_LENGTH`).
const MAX_USER_ID_BYTES: usize = 2048;

/// The addresses of a user id. Bytes that are no UTF-8, which old names in Latin-1 are, become `U+FFFD`.
pub(crate) fn addresses(user_id: &[u8]) -> Result<Vec<String>, PgpError> {
    if user_id.len() > MAX_USER_ID_BYTES {
        return Err(PgpError::UserId);
    }
    let text = String::from_utf8_lossy(user_id);
    if text.chars().any(char::is_control) {
        return Err(PgpError::UserId);
    }
    let bracketed: Vec<String> = text
        .split('<')
        .skip(1)
        .filter_map(|behind| behind.split_once('>'))
        .map(|(address, _)| address.trim().to_owned())
        .filter(|address| !address.is_empty())
        .collect();
    if !bracketed.is_empty() {
        return Ok(bracketed);
    }
    let whole = text.trim();
    let is_address = whole.contains('@') && !whole.contains(char::is_whitespace);
    Ok(is_address.then(|| whole.to_owned()).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::addresses;
    use crate::openpgp::PgpError;

    #[track_caller]
    fn check(user_id: &[u8], expect: Result<&[&str], PgpError>) {
        let expect = expect.map(|it| it.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        assert_eq!(addresses(user_id), expect, "{}", user_id.escape_ascii());
    }

    #[test]
    fn finds_every_address() {
        check(b"Alice (work) <alice@example.com>", Ok(&["alice@example.com"]));
        check(b"<alice@example.com>", Ok(&["alice@example.com"]));
        check(b"alice@example.com", Ok(&["alice@example.com"]));
        check(b" alice@example.com ", Ok(&["alice@example.com"]));
        check(
            b"Alice <a@example.com> <b@example.com>",
            Ok(&["a@example.com", "b@example.com"]),
        );
        check(b"<a@example.com <b@example.com>", Ok(&["b@example.com"]));
        check(b"J\xfcrgen <j@example.com>", Ok(&["j@example.com"]));
        check(b"J <j\xfc@example.com>", Ok(&["j\u{fffd}@example.com"]));
        check(b"Alice", Ok(&[]));
        check(b"Alice at alice@example.com", Ok(&[]));
        check(b"Alice <>", Ok(&[]));
        check(b"", Ok(&[]));
    }

    #[test]
    fn refuses_control_characters() {
        check(b"a@example.com\0.evil.example", Err(PgpError::UserId));
        check(b"Alice\n<a@example.com>", Err(PgpError::UserId));
        check(&[b'x'; 2049], Err(PgpError::UserId));
    }
}
