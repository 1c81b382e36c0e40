//! Answers before they are put on the wire: what is said, and how it is delivered.

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;
use std::time::Duration;

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
    pub delivery: Delivery,
}

/// How the bytes go out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Delivery {
    /// As they should.
    Plain,
    /// After a pause.
    Late(Duration),
    /// So many bytes, a pause, and so on.
    Drip(usize, Duration),
    /// The head and half of the body; then the connection is closed.
    BreakOff,
    /// Zero bytes in chunks until the client has enough.
    Endless,
    /// So many zero bytes under a true `Content-Length`.
    Zeros(u64),
    /// Nothing, and the connection stays open.
    Hang,
    /// Nothing, and the connection is closed.
    Disconnect,
}

impl Answer {
    pub(crate) fn ok(body: impl Into<Bytes>) -> Answer {
        Answer {
            status: 200,
            headers: Vec::new(),
            body: body.into(),
            delivery: Delivery::Plain,
        }
    }

    pub(crate) fn status(status: u16) -> Answer {
        Answer {
            status,
            ..Answer::ok(format!("status {status}\n"))
        }
    }

    /// An error as a Rekor v1 server words it.
    pub(crate) fn error(status: u16, message: &str) -> Answer {
        let body = serde_json::json!({"code": status, "message": message}).to_string();
        Answer {
            status,
            ..Answer::json(body)
        }
    }

    pub(crate) fn json(text: String) -> Answer {
        Answer::ok(text).with("Content-Type", "application/json")
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Answer {
        self.headers.push((name, value.to_owned()));
        self
    }

    #[must_use]
    pub(crate) fn delivered(mut self, delivery: Delivery) -> Answer {
        self.delivery = delivery;
        self
    }

    /// The same, compressed.
    #[must_use]
    pub(crate) fn gzipped(mut self) -> Answer {
        self.body = compress(&self.body, 1).into();
        self.with("Content-Encoding", "gzip")
    }

    /// Zero bytes, compressed: about a thousandth of their number goes over the wire.
    pub(crate) fn bomb(bytes: u64) -> Answer {
        let block = vec![0; 1 << 16];
        let body = compress(&block, bytes.div_ceil(1 << 16));
        Answer::ok(body).with("Content-Encoding", "gzip")
    }
}

/// Compresses so many copies of a block. Writing into memory does not fail.
fn compress(block: &[u8], copies: u64) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = (0..copies).try_for_each(|_| encoder.write_all(block));
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}
