//! The emulator as a process.

use super::environment;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

/// What is run.
const PROGRAM: &str = include_str!("serve.py");

/// Python reads its modules within a second or two; a busy machine takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// An emulator that runs. It is killed when it is dropped, and ends by itself when this process does.
#[derive(Debug)]
pub struct Moto {
    process: Child,
    address: SocketAddr,
}

/// The emulator of this process, started on first use. Nothing, with a line that says why, where it cannot be had.
///
/// # Panics
/// Instead, if `SENTINEL_TEST_REQUIRE` names `moto`.
#[must_use]
pub fn emulator() -> Option<&'static Moto> {
    static MOTO: OnceLock<Result<Moto, String>> = OnceLock::new();
    match MOTO.get_or_init(Moto::start) {
        Ok(moto) => Some(moto),
        Err(why) => {
            environment::skip(why);
            None
        }
    }
}

impl Moto {
    /// Another emulator, for a test that must have its own.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub fn start() -> Result<Self, String> {
        let python = environment::python()?;
        let mut process = Command::new(&python)
            .args(["-c", PROGRAM])
            .env("AWS_ACCESS_KEY_ID", "testing")
            .env("AWS_SECRET_ACCESS_KEY", "testing")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{}: {error}", python.display()))?;
        let output = process.stdout.take();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = output.map(|output| BufReader::new(output).read_line(&mut line));
            let _nobody_waits = tell.send(read.and(line.trim().parse::<u16>().ok()));
        });
        let port = told.recv_timeout(PATIENCE).ok().flatten();
        let mut moto = Self {
            process,
            address: SocketAddr::from(([127, 0, 0, 1], port.unwrap_or_default())),
        };
        match port {
            Some(_) => Ok(moto),
            None => {
                moto.stop();
                Err(format!("moto did not start within {} s", PATIENCE.as_secs()))
            }
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, for calls past any proxy.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The environment of a program that is to use `endpoint` (this emulator's URL, or a proxy's) for AWS, and nothing
    /// of the machine's own settings.
    #[must_use]
    pub fn variables(&self, endpoint: &str) -> Vec<(&'static str, String)> {
        [
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "testing"),
            ("AWS_SECRET_ACCESS_KEY", "not-a-secret-of-anybody"),
            ("AWS_SESSION_TOKEN", "testing"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
    }

    fn stop(&mut self) {
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.stop();
    }
}
