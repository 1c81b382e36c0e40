//! A client of few words, which hides nothing that a server does: no redirects, no decompression, no retries.

// Each test program has this module to itself, and not each uses all of it.
#![allow(dead_code)]

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// An answer as it came.
pub(crate) struct Response {
    /// The status code.
    pub(crate) status: u16,
    /// Headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// As many bytes as were announced.
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// Reads one answer; an error where less comes than was announced.
    pub(crate) fn read(stream: impl Read) -> io::Result<Response> {
        let mut reader = BufReader::new(stream);
        let mut first = String::new();
        reader.read_line(&mut first)?;
        let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut response = Response {
            status,
            headers,
            body: Vec::new(),
        };
        let length = response.header("content-length").and_then(|length| length.parse().ok());
        response.body = vec![0; length.ok_or(io::ErrorKind::InvalidData)?];
        reader.read_exact(&mut response.body)?;
        Ok(response)
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Asks for a URL of the form `http://host:port/path`.
pub(crate) fn get(url: &str) -> io::Result<Response> {
    get_with(url, &[])
}

/// Asks with headers of one's own.
pub(crate) fn get_with(url: &str, headers: &[(&str, &str)]) -> io::Result<Response> {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    ask(url, &format!("{headers}\r\n"), "GET")
}

/// Sends a body.
pub(crate) fn post(url: &str, body: &str) -> io::Result<Response> {
    ask(url, &format!("Content-Length: {}\r\n\r\n{body}", body.len()), "POST")
}

fn ask(url: &str, rest: &str, method: &str) -> io::Result<Response> {
    let place = url.strip_prefix("http://").and_then(|place| place.split_once('/'));
    let (host, path) = place.ok_or(io::ErrorKind::InvalidInput)?;
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{rest}"
    )?;
    Response::read(stream)
}
