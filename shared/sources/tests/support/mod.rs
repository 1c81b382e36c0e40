//! A server for the tests: it speaks just enough HTTP/1.1 and does what it is told, wrong things included.

#![allow(dead_code, reason = "each test file uses its part")]

use bytes::Bytes;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    /// The number of the connection that it came over.
    pub(crate) connection: usize,
    /// How many requests for this path came before.
    pub(crate) nth: usize,
}

/// What a reply consists of, in order.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Send(Bytes),
    Wait(Duration),
    /// Ends the connection.
    Hang,
}

/// A server on a free port of this machine, for as long as the test runs.
pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    sent: Arc<Mutex<HashMap<String, Arc<AtomicUsize>>>>,
}

type Handler = dyn Fn(&Request) -> Vec<Step> + Send + Sync;

impl Server {
    pub(crate) async fn start(handler: impl Fn(&Request) -> Vec<Step> + Send + Sync + 'static) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // Small, so that a reader who stops is felt by the writer.
        socket.set_send_buffer_size(64 * 1024).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(64).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self {
            url,
            requests: Arc::default(),
            sent: Arc::default(),
        };
        let (requests, sent) = (Arc::clone(&server.requests), Arc::clone(&server.sent));
        let handler: Arc<Handler> = Arc::new(handler);
        tokio::spawn(async move {
            for connection in 0.. {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let (handler, requests, sent) = (Arc::clone(&handler), Arc::clone(&requests), Arc::clone(&sent));
                tokio::spawn(async move {
                    let _gone = serve(stream, connection, &*handler, &requests, &sent).await;
                });
            }
        });
        server
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.path).collect()
    }

    /// The bytes that were written for a path.
    pub(crate) fn sent(&self, path: &str) -> usize {
        self.sent
            .lock()
            .unwrap()
            .get(path)
            .map_or(0, |sent| sent.load(Ordering::SeqCst))
    }
}

async fn serve(
    mut stream: TcpStream,
    connection: usize,
    handler: &Handler,
    requests: &Mutex<Vec<Request>>,
    sent: &Mutex<HashMap<String, Arc<AtomicUsize>>>,
) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let head = String::from_utf8(buffer.drain(..end + 4).collect()).unwrap();
        let mut request = parse(&head, connection);
        {
            let mut requests = requests.lock().unwrap();
            request.nth = requests.iter().filter(|earlier| earlier.path == request.path).count();
            requests.push(request.clone());
        }
        let counter = Arc::clone(sent.lock().unwrap().entry(request.path.clone()).or_default());
        for step in handler(&request) {
            match step {
                Step::Wait(time) => tokio::time::sleep(time).await,
                Step::Hang => return Ok(()),
                Step::Send(mut bytes) => {
                    while !bytes.is_empty() {
                        let written = stream.write_buf(&mut bytes).await?;
                        counter.fetch_add(written, Ordering::SeqCst);
                    }
                }
            }
        }
    }
}

fn parse(head: &str, connection: usize) -> Request {
    let mut lines = head.split("\r\n");
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let header = |line: &str| {
        line.split_once(": ")
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
    };
    Request {
        path,
        headers: lines.filter_map(header).collect(),
        connection,
        nth: 0,
    }
}

/// A whole reply with these header lines.
pub(crate) fn reply(status: &str, headers: &[&str], body: impl Into<Bytes>) -> Vec<Step> {
    let body = body.into();
    let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    for header in headers {
        head += header;
        head += "\r\n";
    }
    vec![Step::Send(Bytes::from(head + "\r\n")), Step::Send(body)]
}

pub(crate) fn ok(body: impl Into<Bytes>) -> Vec<Step> {
    reply("200 OK", &[], body)
}

pub(crate) fn not_found() -> Vec<Step> {
    reply("404 Not Found", &[], "no such tile")
}
