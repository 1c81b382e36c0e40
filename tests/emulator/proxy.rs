//! Between a program and the emulator: writes down every call, and does to some what tests ask for.

use super::call::Call;
use super::gate::Gate;
use super::rule::{Fault, When};
use super::wire::{Wire, Without};
use std::io::{self, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The emulator answers one call after the other.
const PATIENCE: Duration = Duration::from_secs(60);

/// A proxy that runs until it is dropped. Give programs its [`Proxy::url`] as `AWS_ENDPOINT_URL`.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    /// With the number of each: the calls may be taken away while one is under way.
    calls: Mutex<Vec<(usize, Call)>>,
    next: AtomicUsize,
    rules: Mutex<Vec<(When, Fault)>>,
    gone: AtomicBool,
}

impl Proxy {
    /// Starts one before an emulator.
    #[must_use]
    pub fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            upstream,
            calls: Mutex::default(),
            next: AtomicUsize::new(0),
            rules: Mutex::default(),
            gone: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.gone.load(Ordering::Acquire) {
                    return;
                }
                let (Ok(stream), serving) = (stream, Arc::clone(&serving)) else {
                    continue;
                };
                std::thread::spawn(move || {
                    // A connection that breaks is one that the client will open again.
                    let _broken = serve(&serving, &stream);
                    let _closed = stream.shutdown(Shutdown::Both);
                });
            }
        });
        Self { address, shared }
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Does this to the calls that are meant. Of several rules the first that means a call has it, and only that one
    /// counts it.
    pub fn spoil(&self, when: When, fault: Fault) {
        lock(&self.shared.rules).push((when, fault));
    }

    /// Holds the calls that are meant until the gate is opened.
    #[must_use]
    pub fn hold(&self, when: When) -> Gate {
        self.gate(when, Gate::new(None))
    }

    /// Holds the calls that are meant until so many are there; then they go on, and so do all later ones.
    #[must_use]
    pub fn meet(&self, when: When, calls: usize) -> Gate {
        self.gate(when, Gate::new(Some(calls)))
    }

    fn gate(&self, when: When, gate: Gate) -> Gate {
        self.spoil(when, Fault::Held(gate.clone()));
        gate
    }

    /// Forgets all rules; what is held stays held.
    pub fn heal(&self) {
        lock(&self.shared.rules).clear();
    }

    /// The calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        let calls = lock(&self.shared.calls);
        calls.iter().map(|(_, call)| call.clone()).collect()
    }

    /// Takes the calls so far, and begins anew.
    pub fn take_calls(&self) -> Vec<Call> {
        let calls = std::mem::take(&mut *lock(&self.shared.calls));
        calls.into_iter().map(|(_, call)| call).collect()
    }

    /// How many calls of an action there were.
    #[must_use]
    pub fn count(&self, action: &str) -> usize {
        self.calls().iter().filter(|call| call.action == action).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.gone.store(true, Ordering::Release);
        for (_, fault) in lock(&self.shared.rules).drain(..) {
            if let Fault::Held(gate) = fault {
                gate.open();
            }
        }
        // Wakes the listener, which then sees that it is to go.
        let _woken = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn note(&self, call: &Call) -> usize {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.calls).push((number, call.clone()));
        number
    }

    fn note_answer(&self, number: usize, status: Option<u16>) {
        let mut calls = lock(&self.calls);
        if let Some((_, call)) = calls.iter_mut().find(|(known, _)| *known == number) {
            call.status = status;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the client is told.
enum Answer {
    This(Box<Wire>),
    /// Nothing: the connection ends.
    Nothing,
    /// Nothing: it stays open.
    Never,
}

fn serve(shared: &Shared, stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut from = BufReader::new(stream.try_clone()?);
    let mut to = stream.try_clone()?;
    while let Some(request) = Wire::read(&mut from, Without::Empty)? {
        let call = Call::of(&request);
        let number = shared.note(&call);
        let fault = lock(&shared.rules)
            .iter_mut()
            .find_map(|(when, fault)| when.takes(&call).then(|| fault.clone()));
        match answer(shared, &request, &call, fault)? {
            Answer::Nothing => return Ok(()),
            Answer::Never => {
                silence(shared, &mut from)?;
                return Ok(());
            }
            Answer::This(answer) => {
                shared.note_answer(number, answer.status());
                to.write_all(&answer.to_bytes())?;
            }
        }
    }
    Ok(())
}

/// Stays until the client or the proxy ends.
fn silence(shared: &Shared, from: &mut BufReader<TcpStream>) -> io::Result<()> {
    from.get_ref().set_read_timeout(Some(Duration::from_millis(100)))?;
    while !shared.gone.load(Ordering::Acquire) {
        match from.read(&mut [0]) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut].contains(&error.kind()) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn answer(shared: &Shared, request: &Wire, call: &Call, fault: Option<Fault>) -> io::Result<Answer> {
    let this = |wire: Wire| Answer::This(Box::new(framed(wire)));
    Ok(match fault {
        Some(Fault::Status { status, code }) => this(call.error(status, &code)),
        Some(Fault::DoneBut { status, code }) => {
            forward(shared, request)?;
            this(call.error(status, &code))
        }
        Some(Fault::AnswerLost) => {
            forward(shared, request)?;
            Answer::Nothing
        }
        Some(Fault::Hangup) => Answer::Nothing,
        Some(Fault::Silence) => Answer::Never,
        Some(Fault::Late(wait)) => {
            std::thread::sleep(wait);
            this(forward(shared, request)?)
        }
        Some(Fault::Held(gate)) => {
            gate.pass();
            this(forward(shared, request)?)
        }
        None => this(forward(shared, request)?),
    })
}

/// With a length, so that the connection can be used again.
fn framed(answer: Wire) -> Wire {
    let length = answer.body.len().to_string();
    let declared = answer.header("content-length").map(str::to_owned);
    let length = declared.filter(|_| answer.body.is_empty()).unwrap_or(length);
    answer
        .with("content-length", Some(&length))
        .with("connection", Some("keep-alive"))
}

fn forward(shared: &Shared, request: &Wire) -> io::Result<Wire> {
    let mut upstream = TcpStream::connect(shared.upstream)?;
    upstream.set_read_timeout(Some(PATIENCE))?;
    upstream.write_all(&request.clone().with("connection", Some("close")).to_bytes())?;
    let mut from = BufReader::new(upstream);
    let without = match request.target() {
        ("HEAD", ..) => Without::Never,
        _ => Without::UntilTheEnd,
    };
    let answer = Wire::read(&mut from, without)?;
    answer.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
