//! How far a log is read, on standard error and only on a terminal.

use core::time::Duration;
use pass::Watcher;
use std::collections::HashMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::Instant;

/// Redraws no more often than this.
const EVERY: Duration = Duration::from_millis(200);

/// A line that tells the position, the head and the speed of the log that moved last.
pub(crate) struct ProgressLine {
    shown: bool,
    logs: Mutex<HashMap<String, Start>>,
}

struct Start {
    at: Instant,
    position: u64,
    drawn: Option<Instant>,
}

impl ProgressLine {
    pub(crate) fn new() -> Self {
        Self {
            shown: std::io::stderr().is_terminal(),
            logs: Mutex::new(HashMap::new()),
        }
    }

    /// Takes the line away.
    pub(crate) fn clear(&self) {
        if self.shown {
            let _ignored = write!(std::io::stderr().lock(), "\r\x1b[K");
        }
    }
}

impl Watcher for ProgressLine {
    fn moved(&self, log: &str, position: u64, head: u64) {
        if !self.shown {
            return;
        }
        let now = Instant::now();
        let mut logs = self.logs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let start = logs.entry(log.to_owned()).or_insert(Start {
            at: now,
            position,
            drawn: None,
        });
        if start.drawn.is_some_and(|drawn| now.duration_since(drawn) < EVERY) {
            return;
        }
        start.drawn = Some(now);
        let secs = now.duration_since(start.at).as_secs().max(1);
        let line = line(log, position, head, position.saturating_sub(start.position) / secs);
        let _ignored = write!(std::io::stderr().lock(), "\r\x1b[K{line}");
    }
}

fn line(log: &str, position: u64, head: u64, speed: u64) -> String {
    let tenths = position.saturating_mul(1_000).checked_div(head).unwrap_or(1_000);
    let filled = usize::try_from(tenths / 50).unwrap_or(20).min(20);
    let bar: String = "#".repeat(filled) + &"-".repeat(20 - filled);
    let name = alerts::text::escape(log, 40);
    format!(
        "{name} [{bar}] {position} of {head} ({}.{} %), {speed} entries/s",
        tenths / 10,
        tenths % 10
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_line_tells_how_far() {
        let expect = "a.example [##########----------] 128 of 256 (50.0 %), 64 entries/s";
        assert_eq!(super::line("a.example", 128, 256, 64), expect);
        assert!(super::line("a", 0, 0, 0).contains("100.0 %"));
        assert!(super::line("a", u64::MAX, 1, 0).contains("####################"));
    }
}
