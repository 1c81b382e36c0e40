//! Changes one value of a JSON text at a time, in place: nothing else of its bytes moves.

/// Values with their keys, at most `most` of each key, and the text with that value changed. Objects of one line each are
/// read alike.
pub(crate) fn scalars(bytes: &[u8], most: usize) -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    let mut key = String::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = token_end(bytes, at);
        let token = &bytes[at..end];
        if token[0] == b'"' {
            let colon = bytes[end..].iter().find(|byte| !byte.is_ascii_whitespace());
            if colon == Some(&b':') {
                key = String::from_utf8_lossy(&token[1..token.len() - 1]).into_owned();
                at = end;
                continue;
            }
        }
        let room = found.iter().filter(|(known, _)| *known == key).count() < most;
        if let Some(changed) = changed(token).filter(|_| room) {
            let forged = [&bytes[..at], &changed, &bytes[end..]].concat();
            found.push((key.clone(), forged));
        }
        at = end;
    }
    found
}

fn token_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    if bytes[at] == b'"' {
        while end < bytes.len() && bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        return (end + 1).min(bytes.len());
    }
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric();
    while is_word(&bytes[at]) && bytes.get(end).is_some_and(is_word) {
        end += 1;
    }
    end
}

/// Another value of the same kind; a text changes in the middle, and stays hex, base64 or a name.
fn changed(token: &[u8]) -> Option<Vec<u8>> {
    match token {
        b"true" => return Some(b"false".to_vec()),
        b"false" => return Some(b"true".to_vec()),
        _ => {}
    }
    let mut changed = token.to_vec();
    let is_free = |at: &usize| token[*at].is_ascii_alphanumeric() && *at > 0 && token[*at - 1] != b'\\';
    let middle = if token[0] == b'"' {
        let from = token.len() / 2;
        (from..token.len()).chain(1..from).find(is_free)?
    } else if token[0].is_ascii_digit() {
        token.len() - 1
    } else {
        return None;
    };
    changed[middle] = match token[middle] {
        b'9' => b'8',
        b'f' => b'e',
        b'z' | b'Z' => b'A',
        byte => byte + 1,
    };
    Some(changed)
}
