//! The real program, as Lambda runs it.

use super::api::{Answer, Api};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Nothing that a test waits for takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What it wrote to a pipe is read sooner.
const QUIET: Duration = Duration::from_millis(20);

/// A function that runs before a Runtime API of its own.
#[derive(Debug)]
pub struct Function {
    api: Api,
    process: Child,
    spawned: Instant,
    said: Arc<Mutex<Vec<String>>>,
    complained: Arc<Mutex<Vec<String>>>,
}

impl Function {
    /// Starts the program with this environment and what Lambda sets, and nothing of ours.
    #[must_use]
    pub fn start(program: &Path, environment: &[(&str, String)]) -> Self {
        let api = Api::start();
        let lambda = [
            ("AWS_LAMBDA_RUNTIME_API", api.address().to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", "sentinel".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/sentinel".to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]0".to_owned()),
        ];
        let spawned = Instant::now();
        let mut process = Command::new(program)
            .env_clear()
            .envs(lambda)
            .envs(environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let (said, complained) = (lines(process.stdout.take()), lines(process.stderr.take()));
        Self {
            api,
            process,
            spawned,
            said,
            complained,
        }
    }

    /// Waits until it asks for its first event; so long after it was spawned.
    #[must_use]
    pub fn ready(&mut self) -> Duration {
        let first = self.api.first_next(PATIENCE);
        let first = first.unwrap_or_else(|| panic!("it never asked for an event: {:?}", self.everything()));
        first.duration_since(self.spawned)
    }

    /// Hands it an event, and waits for its answer; Lambda would end it `time` later.
    pub fn ask(&mut self, event: &str, time: Duration) -> Answer {
        let request = self.begin(event, time);
        self.end(&request, time)
    }

    /// Hands it an event; the request's id.
    pub fn begin(&mut self, event: &str, time: Duration) -> String {
        self.api.queue(event.as_bytes(), time)
    }

    /// Waits for the answer to a request, no longer than `time`.
    pub fn end(&mut self, request: &str, time: Duration) -> Answer {
        let begun = Instant::now();
        loop {
            if let Some(answer) = self.api.answer(request, Duration::from_millis(100)) {
                // What it says after its answer was sent belongs to it as well.
                self.idle();
                self.hear();
                return answer;
            }
            let ended = self.process.try_wait().ok().flatten().is_some();
            if ended || begun.elapsed() > time.min(PATIENCE) {
                return self.api.answer(request, Duration::ZERO).unwrap_or(Answer::Gone);
            }
        }
    }

    /// Waits until what it has said is read: its output and its answers come on two ways.
    fn hear(&self) {
        let mut known = usize::MAX;
        while known != self.said().len() {
            known = self.said().len();
            std::thread::sleep(QUIET);
        }
    }

    /// Waits until it waits for an event.
    pub fn idle(&mut self) {
        let begun = Instant::now();
        while !self.api.idle(Duration::from_millis(100)) {
            if self.process.try_wait().ok().flatten().is_some() || begun.elapsed() > PATIENCE {
                return;
            }
        }
    }

    /// What it told the API that kept it from beginning.
    #[must_use]
    pub fn init_error(&self) -> Option<String> {
        self.api.init_error()
    }

    /// Every line on its standard output so far.
    #[must_use]
    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every line on its standard error so far: nothing, if all is well.
    #[must_use]
    pub fn complained(&self) -> Vec<String> {
        self.complained.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Its lines as JSON.
    ///
    /// # Panics
    /// If one is none.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        let parse = |line: String| {
            let parsed: Result<Value, _> = serde_json::from_str(&line);
            parsed.unwrap_or_else(|error| panic!("{error}: {line:?}"))
        };
        self.said().into_iter().map(parse).collect()
    }

    /// The most memory that it ever had, in bytes (`VmHWM`).
    #[must_use]
    pub fn peak_bytes(&self) -> u64 {
        self.memory("VmHWM:")
    }

    /// What of its memory is the program itself, as far as it was touched.
    pub fn text_bytes(&self) -> u64 {
        self.memory("RssFile:")
    }

    fn memory(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(what));
        let kib: u64 = line.unwrap().trim().trim_end_matches("kB").trim().parse().unwrap();
        kib * 1_024
    }

    /// Tells it to end.
    pub fn terminate(&mut self) {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(sent.success(), "{pid} is gone");
    }

    /// Waits until it has ended.
    pub fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end: {:?}", self.everything());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn everything(&self) -> (Vec<String>, Vec<String>) {
        (self.said(), self.complained())
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}

fn lines(stream: Option<impl Read + Send + 'static>) -> Arc<Mutex<Vec<String>>> {
    let all = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&all);
    let stream = BufReader::new(stream.expect("it is piped"));
    std::thread::spawn(move || {
        for line in stream.split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            into.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    });
    all
}
