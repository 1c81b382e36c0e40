//! As much of HTTP/1.1 as an SDK on loopback needs: messages with a length, one after the other.

use std::io::{self, Read};

/// The head of a message has a few headers; the largest object of the record some MiB.
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// A request or an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wire {
    /// The first line.
    pub first: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// How the length of a body without one is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Without {
    /// There is none: a request.
    Empty,
    /// It ends with the connection: an answer.
    UntilTheEnd,
    /// There is none, whatever its length is said to be: an answer to HEAD.
    Never,
}

impl Wire {
    /// Reads one message; nothing if the connection ended before it.
    pub(crate) fn read(from: &mut impl Read, without: Without) -> io::Result<Option<Self>> {
        let Some(head) = head(from)? else { return Ok(None) };
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default().to_owned();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut wire = Self {
            first,
            headers,
            body: Vec::new(),
        };
        if wire.header("transfer-encoding").is_some() {
            return Err(io::Error::other("a body in chunks, which nothing here needs"));
        }
        if without == Without::Never {
            return Ok(Some(wire));
        }
        match wire.header("content-length").and_then(|length| length.parse().ok()) {
            Some(length) if length > MAX_BODY_BYTES => return Err(io::Error::other("too much")),
            Some(length) => {
                wire.body = vec![0; length];
                from.read_exact(&mut wire.body)?;
            }
            None if without == Without::UntilTheEnd => {
                from.take(MAX_BODY_BYTES as u64).read_to_end(&mut wire.body)?;
            }
            None => {}
        }
        Ok(Some(wire))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The same with another value of a header, or without it.
    pub(crate) fn with(mut self, name: &str, value: Option<&str>) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers
            .extend(value.map(|value| (name.to_owned(), value.to_owned())));
        self
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{}\r\n", self.first).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The status of an answer.
    pub(crate) fn status(&self) -> Option<u16> {
        self.first.split(' ').nth(1)?.parse().ok()
    }

    /// The method, the path and the query of a request.
    pub(crate) fn target(&self) -> (&str, &str, &str) {
        let mut parts = self.first.split(' ');
        let method = parts.next().unwrap_or_default();
        let target = parts.next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        (method, path, query)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

fn head(from: &mut impl Read) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if from.read(&mut byte)? == 0 {
            return if head.is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
        head.push(byte[0]);
        if head.len() > MAX_HEAD_BYTES {
            return Err(io::Error::other("a head without end"));
        }
    }
    head.truncate(head.len() - 4);
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

/// Undoes percent-encoding; `+` is a space in forms.
pub(crate) fn decoded(text: &str, form: bool) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digits = rest.clone().take(2).map(|digit| char::from(digit).to_digit(16));
        match (byte, digits.collect::<Option<Vec<u32>>>().as_deref()) {
            (b'%', Some([high, low])) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap());
                rest.nth(1);
            }
            (b'+', _) if form => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The value of a field in a query or a form.
pub(crate) fn field(text: &str, name: &str) -> Option<String> {
    let pairs = text.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs
        .filter(|(known, _)| decoded(known, true) == name)
        .map(|(_, value)| decoded(value, true))
        .next()
}

/// Percent-encodes all but what is plain everywhere, and `/`.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte);
    text.bytes()
        .map(|byte| match byte {
            byte if plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_one_after_the_other() {
        let mut bytes: &[u8] = b"PUT /a?b=c HTTP/1.1\r\nContent-Length: 3\r\nX-A:  b \r\n\r\nxyzGET / HTTP/1.1\r\n\r\n";
        let first = Wire::read(&mut bytes, Without::Empty).unwrap().unwrap();
        assert_eq!(first.target(), ("PUT", "/a", "b=c"));
        assert_eq!((first.text().as_str(), first.header("x-a")), ("xyz", Some("b")));
        assert!(Wire::read(&mut bytes, Without::Empty).unwrap().unwrap().body.is_empty());
        assert!(Wire::read(&mut bytes, Without::Empty).unwrap().is_none());
        let answer = Wire::read(&mut &b"HTTP/1.0 404 NOT FOUND\r\n\r\nrest"[..], Without::UntilTheEnd);
        let answer = answer.unwrap().unwrap();
        assert_eq!((answer.status(), answer.text().as_str()), (Some(404), "rest"));
        assert!(Wire::read(&mut &b"GET / HT"[..], Without::Empty).is_err());
    }

    #[test]
    fn fields_are_decoded() {
        assert_eq!(
            field("a=1&TopicArn=arn%3Aaws+x", "TopicArn").as_deref(),
            Some("arn:aws x")
        );
        assert_eq!(field("list-type=2&prefix=", "prefix").as_deref(), Some(""));
        assert_eq!(field("a=1", "b"), None);
        assert_eq!(decoded("a%2Fb+c%zz%", false), "a/b+c%zz%");
        assert_eq!(decoded(&encoded("a ä%2F~/x"), false), "a ä%2F~/x");
    }
}
