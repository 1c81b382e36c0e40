//! How long a log is waited for, and how often it is asked again.

use core::time::Duration;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::SystemTime;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::time::Instant;

/// How long is waited for one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpPatience {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// Between two pieces of an answer, and for its beginning.
    pub idle: Duration,
    /// For the whole object with all attempts and the waiting between them.
    pub total: Duration,
    /// How often it is asked for.
    pub attempts: u32,
    /// About the wait before the second attempt; it doubles with each further one.
    pub backoff: Duration,
}

impl Default for HttpPatience {
    /// A pass of a Lambda has minutes: an object that takes a minute leaves time for the other logs and the record.
    /// 16.7 MB within it is 280 kB/s.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(20),
            total: Duration::from_secs(60),
            attempts: 4,
            backoff: Duration::from_millis(250),
        }
    }
}

impl HttpPatience {
    /// The wait after failed attempt number `attempt` (from 1): half of it certain, half of it chance, so that clients
    /// that failed together do not come back together.
    pub(crate) fn wait(&self, attempt: u32, retry_after: Option<Duration>) -> Duration {
        let doubled = self
            .backoff
            .saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
        match retry_after {
            Some(asked) => asked.saturating_add(self.backoff.mul_f64(chance())),
            None => doubled.mul_f64(0.5 + chance() / 2.0),
        }
    }
}

/// What is left of the patience for one object.
#[derive(Debug)]
pub(crate) struct Budget {
    patience: HttpPatience,
    deadline: Instant,
}

/// Which patience ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expired {
    /// That for one piece; another attempt may do better.
    Idle,
    /// That for the whole object.
    Total,
}

impl Budget {
    pub(crate) fn new(patience: HttpPatience) -> Self {
        Self {
            patience,
            deadline: later(patience.total),
        }
    }

    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The result, if it comes in time.
    pub(crate) async fn within<F: Future>(&self, step: F) -> Result<F::Output, Expired> {
        let (left, idle) = (self.left(), self.patience.idle);
        let expired = if left <= idle { Expired::Total } else { Expired::Idle };
        tokio::time::timeout(left.min(idle), step)
            .await
            .map_err(|_elapsed| expired)
    }

    /// Waits for something that is no fault of the log: the deadline moves by as much.
    pub(crate) async fn pause<F: Future>(&mut self, wait: F) {
        let left = self.left();
        wait.await;
        self.deadline = later(left);
    }

    pub(crate) fn secs(&self, expired: Expired) -> u64 {
        let patience = match expired {
            Expired::Idle => self.patience.idle,
            Expired::Total => self.patience.total,
        };
        patience.as_secs()
    }
}

/// The value of a `Retry-After` (RFC 9110, 10.2.3): seconds, or an HTTP date in the form that is not obsolete.
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a wait without end.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let date = OffsetDateTime::parse(value, &Rfc2822).ok()?;
    Some(Duration::try_from(date - OffsetDateTime::from(now)).unwrap_or_default())
}

/// Some centuries hence there is no need for a deadline.
fn later(wait: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(wait)
        .unwrap_or_else(|| now + Duration::from_secs(u64::from(u32::MAX)))
}

/// From 0 to 1. Nothing secret hangs on it: each hasher of the standard library has its own random keys.
fn chance() -> f64 {
    let random = RandomState::new().build_hasher().finish() >> 32;
    u32::try_from(random).map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::{HttpPatience, retry_after};
    use core::time::Duration;
    use std::time::{SystemTime, UNIX_EPOCH};

    /// Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
    fn example() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(784_111_777)
    }

    #[test]
    fn retry_after_in_seconds_and_as_a_date() {
        let check = |value: &str, expect: Option<u64>| {
            let now = example() - Duration::from_secs(90);
            assert_eq!(retry_after(value, now), expect.map(Duration::from_secs), "{value:?}");
        };
        check("120", Some(120));
        check(" 0 ", Some(0));
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(90));
        check("Sun, 06 Nov 1994 08:00:00 GMT", Some(0));
        check("99999999999999999999999", Some(u64::from(u32::MAX)));
        for other in ["", "-1", "1.5", "soon", "Sun, 99 Nov 1994 08:49:37 GMT", "784111777s"] {
            check(other, None);
        }
    }

    #[test]
    fn waits_double_and_differ() {
        let patience = HttpPatience {
            backoff: Duration::from_millis(100),
            ..HttpPatience::default()
        };
        for (attempt, most) in [(1, 100), (2, 200), (3, 400)] {
            let waits: Vec<_> = (0..50).map(|_| patience.wait(attempt, None)).collect();
            let bounds = Duration::from_millis(most / 2)..=Duration::from_millis(most);
            assert!(waits.iter().all(|wait| bounds.contains(wait)), "{waits:?}");
            assert!(waits.windows(2).any(|two| two.first() != two.last()), "no jitter");
        }
        let asked = patience.wait(1, Some(Duration::from_secs(7)));
        assert!((Duration::from_secs(7)..=Duration::from_millis(7100)).contains(&asked));
        assert!(patience.wait(u32::MAX, None) > Duration::from_secs(1), "no overflow");
    }
}
