//! `hostile-log`: the hostile log as a tool of its own.
//!
//! It prints one line of JSON for each log and then takes commands, one a line, on standard input or as JSON at
//! `POST /_control`; each is answered with one line of JSON. When standard input ends it goes on serving.

use clap::Parser;
use stage::hostile::{Hostile, LogSpec, Reply, from_words};
use std::io::{self, BufRead as _, Write as _};
use std::net::SocketAddr;
use std::thread;

/// A server of transparency logs that do, on request, what a log must not do.
#[derive(Parser)]
#[command(name = "hostile-log")]
struct Options {
    /// Where to listen; port 0 is any free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A log and how many entries it has to begin with; may be given several times.
    #[arg(long, value_name = "NAME:LEAVES", value_parser = log)]
    log: Vec<(String, u64)>,
    /// A Rekor v1 server and how many entries it has to begin with; may be given several times.
    #[arg(long, value_name = "NAME:LEAVES", value_parser = log)]
    rekor: Vec<(String, u64)>,
    /// How many bytes of tiles each log keeps ready.
    #[arg(long, default_value_t = 1 << 30)]
    cache_bytes: usize,
}

fn main() -> io::Result<()> {
    let options = Options::parse();
    let server = Hostile::listen(options.listen)?;
    for (name, leaves) in &options.log {
        let log = server.add(&LogSpec {
            cache_bytes: options.cache_bytes,
            ..LogSpec::new(name)
        });
        log.grow(*leaves);
        print(&log.view())?;
    }
    for (name, leaves) in &options.rekor {
        let rekor = server.rekor(name);
        rekor.grow(*leaves);
        print(&rekor.view())?;
    }
    for line in io::stdin().lock().lines() {
        let line = line?;
        if !line.trim().is_empty() {
            print(&obey(&server, &line))?;
        }
    }
    loop {
        thread::park();
    }
}

fn obey(server: &Hostile, line: &str) -> Reply {
    match from_words(line) {
        Ok(command) => server.apply(command),
        Err(error) => Reply {
            error: Some(error.to_string()),
            ..Reply::default()
        },
    }
}

fn print(value: &impl serde::Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)?;
    out.flush()
}

fn log(text: &str) -> Result<(String, u64), String> {
    let (name, leaves) = text.split_once(':').ok_or("this is not NAME:LEAVES")?;
    let leaves = leaves
        .parse()
        .map_err(|_| format!("{leaves:?} is no number of entries"))?;
    Ok((name.to_owned(), leaves))
}
