//! The Runtime API: hands out events, takes answers.

use crate::emulator::wire::{Wire, Without};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufReader, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// What a function answered to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The body of its response.
    Response(String),
    /// It says that it failed.
    Error {
        /// `errorType`.
        kind: String,
        /// `errorMessage`.
        message: String,
    },
    /// It ended without an answer, or took longer than Lambda would have given it.
    Gone,
}

/// A Runtime API that serves until it is dropped.
#[derive(Debug)]
pub(crate) struct Api {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Event>,
    answers: BTreeMap<String, Answer>,
    asked: u64,
    first_next: Option<Instant>,
    /// Requests for the next event that wait.
    waiting: usize,
    init_error: Option<String>,
    gone: bool,
}

#[derive(Debug)]
struct Event {
    request: String,
    body: Vec<u8>,
    time: Duration,
}

impl Api {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.lock().gone {
                    return;
                }
                let (Ok(stream), serving) = (stream, Arc::clone(&serving)) else {
                    continue;
                };
                std::thread::spawn(move || {
                    // Whoever breaks a connection is told nothing more on it.
                    let _broken = serve(&serving, &stream);
                    let _closed = stream.shutdown(Shutdown::Both);
                });
            }
        });
        Self { address, shared }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Hands out an event; Lambda ends the function `time` after it was taken. The request's id.
    pub(crate) fn queue(&self, body: &[u8], time: Duration) -> String {
        let mut state = self.shared.lock();
        state.asked += 1;
        let request = format!("8476a536-e9f4-11e8-9739-{:012x}", state.asked);
        state.events.push_back(Event {
            request: request.clone(),
            body: body.to_vec(),
            time,
        });
        self.shared.changed.notify_all();
        request
    }

    /// Waits for the answer to a request.
    pub(crate) fn answer(&self, request: &str, patience: Duration) -> Option<Answer> {
        self.shared.wait(patience, |state| state.answers.remove(request))
    }

    /// Waits for the first request for an event.
    pub(crate) fn first_next(&self, patience: Duration) -> Option<Instant> {
        self.shared.wait(patience, |state| state.first_next)
    }

    /// Waits until the function waits for an event.
    pub(crate) fn idle(&self, patience: Duration) -> bool {
        let idle = |state: &mut State| (state.waiting > 0 && state.events.is_empty()).then_some(());
        self.shared.wait(patience, idle).is_some()
    }

    /// What the function said that kept it from beginning.
    pub(crate) fn init_error(&self) -> Option<String> {
        self.shared.lock().init_error.clone()
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.shared.lock().gone = true;
        self.shared.changed.notify_all();
        // Wakes the listener, which then sees that it is to go.
        let _woken = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is something, no longer than that.
    fn wait<T>(&self, patience: Duration, mut what: impl FnMut(&mut State) -> Option<T>) -> Option<T> {
        let begun = Instant::now();
        let mut state = self.lock();
        loop {
            if let Some(found) = what(&mut state) {
                return Some(found);
            }
            let left = patience.checked_sub(begun.elapsed())?;
            let waited = self.changed.wait_timeout(state, left);
            state = waited.map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        }
    }

    /// The next event, once there is one.
    fn next(&self) -> Option<Event> {
        let mut state = self.lock();
        state.first_next.get_or_insert_with(Instant::now);
        state.waiting += 1;
        self.changed.notify_all();
        loop {
            if state.gone {
                return None;
            }
            if let Some(event) = state.events.pop_front() {
                state.waiting -= 1;
                self.changed.notify_all();
                return Some(event);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn serve(shared: &Shared, stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut from = BufReader::new(stream.try_clone()?);
    let mut to = stream;
    while let Some(request) = Wire::read(&mut from, Without::Empty)? {
        let Some(answer) = answered(shared, &request) else {
            return Ok(());
        };
        to.write_all(&answer.to_bytes())?;
    }
    Ok(())
}

fn answered(shared: &Shared, request: &Wire) -> Option<Wire> {
    let (method, path, _) = request.target();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (method, parts.as_slice()) {
        ("GET", ["2018-06-01", "runtime", "invocation", "next"]) => shared.next().map(|event| handed(&event)),
        ("POST", ["2018-06-01", "runtime", "invocation", id, what @ ("response" | "error")]) => {
            let answer = if *what == "response" {
                Answer::Response(request.text())
            } else {
                failed(request)
            };
            shared.lock().answers.insert((*id).to_owned(), answer);
            shared.changed.notify_all();
            Some(accepted())
        }
        ("POST", ["2018-06-01", "runtime", "init", "error"]) => {
            shared.lock().init_error = Some(request.text());
            shared.changed.notify_all();
            Some(accepted())
        }
        _ => Some(wire("404 Not Found", &[], b"{}")),
    }
}

fn failed(request: &Wire) -> Answer {
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let word = |name: &str| {
        body.get(name)
            .and_then(|word| word.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    Answer::Error {
        kind: word("errorType"),
        message: word("errorMessage"),
    }
}

fn handed(event: &Event) -> Wire {
    let ends = SystemTime::now() + event.time;
    let ends = ends.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let headers = [
        ("Lambda-Runtime-Aws-Request-Id", event.request.clone()),
        ("Lambda-Runtime-Deadline-Ms", ends.as_millis().to_string()),
        (
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:us-east-1:123456789012:function:sentinel".to_owned(),
        ),
        (
            "Lambda-Runtime-Trace-Id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0".to_owned(),
        ),
    ];
    wire("200 OK", &headers, &event.body)
}

fn accepted() -> Wire {
    wire("202 Accepted", &[], b"{\"status\":\"OK\"}")
}

fn wire(status: &str, headers: &[(&str, String)], body: &[u8]) -> Wire {
    let fixed = [
        ("Content-Type", "application/json".to_owned()),
        ("Content-Length", body.len().to_string()),
    ];
    let all = fixed.iter().chain(headers);
    Wire {
        first: format!("HTTP/1.1 {status}"),
        headers: all.map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        body: body.to_vec(),
    }
}
