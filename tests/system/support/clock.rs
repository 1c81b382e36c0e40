//! Time that a test sets, and a pass that ends where a test wants it to.

use pass::{Clock, StopHandle, Watcher};
use sigstore::Timestamp;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A clock whose hour stands until it is moved. Its uptime is real, because deadlines are.
pub(crate) struct SetClock {
    now: AtomicI64,
    started: Instant,
}

impl SetClock {
    pub(crate) fn new(now: i64) -> SetClock {
        SetClock {
            now: AtomicI64::new(now),
            started: Instant::now(),
        }
    }

    /// Moves it by so many seconds.
    pub(crate) fn pass_secs(&self, secs: i64) {
        self.now.fetch_add(secs, Ordering::SeqCst);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix(self.now.load(Ordering::SeqCst))
    }

    fn uptime(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Ends the pass after so many committed spans.
pub(crate) struct StopAfterSpans {
    left: AtomicU64,
    stop: StopHandle,
}

impl StopAfterSpans {
    pub(crate) fn new(spans: u64, stop: StopHandle) -> StopAfterSpans {
        if spans == 0 {
            stop.stop();
        }
        StopAfterSpans {
            left: AtomicU64::new(spans),
            stop,
        }
    }
}

impl Watcher for StopAfterSpans {
    fn moved(&self, _log: &str, _position: u64, _head: u64) {
        if self.left.fetch_sub(1, Ordering::SeqCst) <= 1 {
            self.stop.stop();
        }
    }
}
