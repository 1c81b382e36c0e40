//! Time, as the pass sees it: the wall clock for what is recorded, a monotonic reading for budgets.

use core::time::Duration;
use sigstore::Timestamp;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Where the pass takes its time from. Tests set it; the commands use [`SystemClock`].
pub trait Clock: Send + Sync {
    /// The wall clock, in whole seconds since 1970. It may jump; nothing is proven by it.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment of this process; never goes back. Deadlines are measured in it.
    fn uptime(&self) -> Duration;
}

/// The clock of the machine.
#[derive(Debug, Clone)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose uptime starts now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix(i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX))
    }

    fn uptime(&self) -> Duration {
        self.started.elapsed()
    }
}
