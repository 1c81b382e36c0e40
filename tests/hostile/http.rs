//! As much of HTTP/1.1 (RFC 9112) as a log needs: reads requests, writes answers, keeps connections alive.
//!
//! Clients are the tests' own and are believed, within the caps.

use crate::hostile::answer::{Answer, Delivery};
use std::io;
use tokio::io::AsyncBufReadExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// Lines of a request's head, and bytes of a command's body: far more than any of ours has.
const MAX_HEAD_LINES: usize = 100;
const MAX_BODY_BYTES: u64 = 256 << 20;
/// Zero bytes come in blocks of this size.
static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
/// An answer below this goes out together with its head.
const ONE_WRITE: usize = 16 << 10;

/// A request as it stands on the wire.
pub(crate) struct Wire {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What becomes of a connection after an answer.
#[derive(PartialEq, Eq)]
pub(crate) enum After {
    Next,
    Close,
}

impl Wire {
    /// The value of a header; names in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Reads the next request; nothing when the client has closed the connection.
    pub(crate) async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Wire>> {
        let mut first = String::new();
        if stream.read_line(&mut first).await? == 0 {
            return Ok(None);
        }
        let mut words = first.split_whitespace().map(str::to_owned);
        let (Some(method), Some(target)) = (words.next(), words.next()) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let headers = read_headers(stream).await?;
        let mut wire = Wire {
            method,
            target,
            headers,
            body: Vec::new(),
        };
        let length = wire
            .header("content-length")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        let read = stream
            .take(MAX_BODY_BYTES.min(length))
            .read_to_end(&mut wire.body)
            .await?;
        if u64::try_from(read).ok() != Some(length) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Some(wire))
    }
}

async fn read_headers(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    for _ in 0..MAX_HEAD_LINES {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
            None => return Ok(headers),
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

/// Writes an answer in the way it is to be delivered.
pub(crate) async fn write(stream: &mut BufReader<TcpStream>, answer: &Answer) -> io::Result<After> {
    let body = answer.body.as_ref();
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
    match answer.delivery {
        Delivery::Plain => whole(stream, answer).await?,
        Delivery::Late(pause) => {
            sleep(pause).await;
            whole(stream, answer).await?;
        }
        Delivery::Drip(bytes, pause) => {
            stream.write_all(&head(answer, Some(length))).await?;
            for part in body.chunks(bytes) {
                sleep(pause).await;
                stream.write_all(part).await?;
            }
        }
        Delivery::BreakOff => {
            stream.write_all(&head(answer, Some(length))).await?;
            stream.write_all(body.get(..body.len() / 2).unwrap_or_default()).await?;
            return Ok(After::Close);
        }
        Delivery::Endless => {
            stream.write_all(&head(answer, None)).await?;
            loop {
                stream.write_all(b"10000\r\n").await?;
                stream.write_all(&ZEROS).await?;
                stream.write_all(b"\r\n").await?;
            }
        }
        Delivery::Zeros(count) => zeros(stream, answer, count).await?,
        Delivery::Hang => {
            while stream.read(&mut [0; 1024]).await? > 0 {}
            return Ok(After::Close);
        }
        Delivery::Disconnect => return Ok(After::Close),
    }
    Ok(After::Next)
}

async fn whole(stream: &mut BufReader<TcpStream>, answer: &Answer) -> io::Result<()> {
    let mut head = head(answer, u64::try_from(answer.body.len()).ok());
    if answer.body.len() <= ONE_WRITE {
        head.extend_from_slice(&answer.body);
        return stream.write_all(&head).await;
    }
    stream.write_all(&head).await?;
    stream.write_all(&answer.body).await
}

async fn zeros(stream: &mut BufReader<TcpStream>, answer: &Answer, count: u64) -> io::Result<()> {
    stream.write_all(&head(answer, Some(count))).await?;
    let mut left = usize::try_from(count).unwrap_or(usize::MAX);
    while left > 0 {
        let part = left.min(ZEROS.len());
        stream.write_all(ZEROS.get(..part).unwrap_or_default()).await?;
        left -= part;
    }
    Ok(())
}

/// Status line and headers; chunked where there is no length.
fn head(answer: &Answer, length: Option<u64>) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
    match length {
        Some(length) => text.push_str(&format!("Content-Length: {length}\r\n")),
        None => text.push_str("Transfer-Encoding: chunked\r\n"),
    }
    for (name, value) in &answer.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
