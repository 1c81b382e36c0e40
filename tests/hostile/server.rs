//! The server: accepts connections, finds the log that a request is for, takes commands.
//!
//! It runs on threads of its own, so that a test may block and a runtime may end without it.

use crate::hostile::answer::Answer;
use crate::hostile::command::{Command, Reply};
use crate::hostile::control;
use crate::hostile::hosted::HostedLog;
use crate::hostile::http::{self, After, Wire};
use crate::hostile::rekor::{HostedRekor, RekorSpec};
use crate::hostile::request::Request;
use crate::hostile::spec::LogSpec;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use testlog::Resource;
use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

/// A running server. It stops, and hanging connections with it, when it is dropped.
pub struct Hostile {
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

struct Shared {
    address: SocketAddr,
    logs: Mutex<BTreeMap<String, HostedLog>>,
    rekors: Mutex<BTreeMap<String, HostedRekor>>,
    connections: AtomicU64,
}

impl Hostile {
    /// Listens on a free port of the loopback address.
    ///
    /// # Errors
    ///
    /// When there is no port or no thread to be had.
    pub fn start() -> io::Result<Hostile> {
        Hostile::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// Listens on an address.
    ///
    /// # Errors
    ///
    /// When the address is taken, or there is no thread to be had.
    pub fn listen(address: SocketAddr) -> io::Result<Hostile> {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind(address))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            address,
            logs: Mutex::default(),
            rekors: Mutex::default(),
            connections: AtomicU64::new(0),
        });
        runtime.spawn(accept(listener, Arc::clone(&shared)));
        Ok(Hostile {
            shared,
            runtime: Some(runtime),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// `http://<address>`
    pub fn url(&self) -> String {
        self.shared.url()
    }

    /// The log of this name. One that is not there yet is made, empty and otherwise as usual.
    pub fn log(&self, name: &str) -> HostedLog {
        self.shared.log(name)
    }

    /// Makes a log, in the place of one that had its name.
    pub fn add(&self, spec: &LogSpec) -> HostedLog {
        let log = HostedLog::new(spec, &self.url());
        self.shared.logs().insert(spec.name.clone(), log.clone());
        log
    }

    /// The Rekor v1 server of this name. One that is not there yet is made, empty and otherwise as usual.
    pub fn rekor(&self, name: &str) -> HostedRekor {
        self.shared.rekor(name)
    }

    /// Makes a Rekor v1 server, in the place of one that had its name.
    pub fn add_rekor(&self, spec: &RekorSpec) -> HostedRekor {
        let rekor = HostedRekor::new(spec, &self.url());
        self.shared.rekors().insert(spec.name.clone(), rekor.clone());
        rekor
    }

    /// Carries out a command.
    pub fn apply(&self, command: Command) -> Reply {
        self.shared.apply(command)
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn log(&self, name: &str) -> HostedLog {
        let make = || HostedLog::new(&LogSpec::new(name), &self.url());
        self.logs().entry(name.to_owned()).or_insert_with(make).clone()
    }

    fn logs(&self) -> MutexGuard<'_, BTreeMap<String, HostedLog>> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rekor(&self, name: &str) -> HostedRekor {
        let make = || HostedRekor::new(&RekorSpec::new(name), &self.url());
        self.rekors().entry(name.to_owned()).or_insert_with(make).clone()
    }

    fn rekors(&self) -> MutexGuard<'_, BTreeMap<String, HostedRekor>> {
        self.rekors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply(&self, command: Command) -> Reply {
        if let Command::Rekor { log, order } = command {
            return Reply {
                rekor: Some(order.apply(&self.rekor(&log))),
                ..Reply::default()
            };
        }
        let log = self.log(command.log());
        control::apply(&log, command).unwrap_or_else(|error| Reply {
            error: Some(error.to_string()),
            ..Reply::default()
        })
    }

    fn answer(&self, wire: &Wire, connection: u64) -> Answer {
        match (wire.method.as_str(), wire.target.as_str()) {
            ("POST", "/_control") => self.command(&wire.body),
            ("GET" | "POST", target) => self.read(wire, target, connection),
            _ => Answer::status(405),
        }
    }

    fn command(&self, body: &[u8]) -> Answer {
        let reply = match serde_json::from_slice(body) {
            Ok(command) => self.apply(command),
            Err(error) => Reply {
                error: Some(error.to_string()),
                ..Reply::default()
            },
        };
        let status = if reply.error.is_some() { 400 } else { 200 };
        Answer {
            status,
            ..Answer::json(serde_json::to_string(&reply).unwrap_or_default())
        }
    }

    fn read(&self, wire: &Wire, target: &str, connection: u64) -> Answer {
        let (place, query) = target.split_once('?').unwrap_or((target, ""));
        let Some((name, path)) = place.trim_start_matches('/').split_once('/') else {
            return Answer::status(404);
        };
        let says = |header, word| wire.header(header).is_some_and(|value: &str| value.contains(word));
        let request = |path: &str| Request {
            path: path.to_owned(),
            resource: Resource::parse(path),
            no_cache: says("cache-control", "no-cache"),
            gzip: says("accept-encoding", "gzip"),
            redirected: query == "redirected",
            user_agent: wire.header("user-agent").map(str::to_owned),
            connection,
            host: self.address.to_string(),
            log: name.to_owned(),
        };
        if let (Some(below), Some(rekor)) = (path.strip_prefix("api/v1/"), self.rekors().get(name).cloned()) {
            return rekor.answer(&wire.method, below, query, &wire.body, &request(path));
        }
        let log = self.logs().get(name).cloned();
        match log {
            Some(log) if wire.method == "GET" => log.answer(&request(path.strip_prefix("api/v2/").unwrap_or(path))),
            Some(_) => Answer::status(405),
            None => Answer::status(404),
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        // Too many open files, or a client that is gone already: the next one may fare better.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let number = shared.connections.fetch_add(1, Ordering::Relaxed);
            // A client that breaks off is none of our business.
            let _: io::Result<()> = converse(stream, &shared, number).await;
        });
    }
}

async fn converse(stream: TcpStream, shared: &Shared, number: u64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(wire) = Wire::read(&mut stream).await? {
        let close = wire
            .header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let after = http::write(&mut stream, &shared.answer(&wire, number)).await?;
        if close || after == After::Close {
            break;
        }
    }
    Ok(())
}
