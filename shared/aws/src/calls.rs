//! How long a call is waited for, and how often it is made.
//!
//! The SDK's own retries are off: whoever writes on a condition must know whether an earlier attempt may have been the
//! one that changed what the condition asks for. One place decides instead, for every call. A call that fails for good
//! is not made again.

use crate::trouble::CallError;
use core::time::Duration;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use tokio::time::Instant;

/// Bytes that are given one more second: 256 kB/s.
const BYTES_A_SECOND: usize = 256 * 1024;

/// How patient calls are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// For one attempt, to which a second is added for every 256 KiB.
    pub attempt: Duration,
    /// After this long no further attempt is begun.
    pub total: Duration,
    /// Attempts at most.
    pub attempts: u32,
    /// About the wait before the second attempt; it doubles with each further one.
    pub backoff: Duration,
}

impl Default for Patience {
    /// A pass of a Lambda has most of a minute or more, and three calls in a row may each meet a service in trouble.
    /// S3 asks for patience in tenths of a second; SNS throttles by the second.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(8),
            total: Duration::from_secs(12),
            attempts: 6,
            backoff: Duration::from_millis(100),
        }
    }
}

impl Patience {
    /// The time for one attempt that moves so many bytes.
    pub(crate) fn for_bytes(&self, bytes: usize) -> Duration {
        let more = u32::try_from(bytes / BYTES_A_SECOND).unwrap_or(u32::MAX);
        self.attempt.saturating_add(Duration::from_secs(1).saturating_mul(more))
    }
}

/// The attempts at one call.
#[derive(Debug)]
pub(crate) struct Attempts {
    patience: Patience,
    begun: Instant,
    made: u32,
}

impl Attempts {
    pub(crate) fn new(patience: Patience) -> Self {
        Self {
            patience,
            begun: Instant::now(),
            made: 0,
        }
    }

    /// After a failed attempt: waits until the next may be made.
    ///
    /// # Errors
    /// The failure itself, if there is to be no other attempt.
    pub(crate) async fn another(&mut self, failed: CallError) -> Result<(), CallError> {
        self.made = self.made.saturating_add(1);
        let wait = self.wait();
        let late = self.begun.elapsed().saturating_add(wait) >= self.patience.total;
        if !failed.kind.may_pass() || self.made >= self.patience.attempts || late {
            return Err(failed);
        }
        tracing::debug!(action = failed.action, kind = ?failed.kind, attempt = self.made, "a call is made again");
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Half of it certain, half of it chance, so that those who failed together do not come back together.
    fn wait(&self) -> Duration {
        let factor = 1_u32.checked_shl(self.made.saturating_sub(1)).unwrap_or(u32::MAX);
        let doubled = self
            .patience
            .backoff
            .saturating_mul(factor)
            .min(Duration::from_secs(60));
        doubled.mul_f64(0.5 + chance() / 2.0)
    }
}

/// From 0 to 1. Nothing secret hangs on it: each hasher of the standard library has its own random keys.
fn chance() -> f64 {
    let random = RandomState::new().build_hasher().finish() >> 32;
    u32::try_from(random).map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trouble::CallErrorKind;

    fn failed(kind: CallErrorKind) -> CallError {
        CallError::new("sns:Publish", "a topic", kind, "")
    }

    async fn made(patience: Patience, kind: CallErrorKind) -> (u32, Duration) {
        let (mut attempts, begun, mut made) = (Attempts::new(patience), Instant::now(), 1);
        while attempts.another(failed(kind)).await.is_ok() {
            made += 1;
        }
        (made, begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_again_within_bounds() {
        for kind in [
            CallErrorKind::Throttled,
            CallErrorKind::Unavailable,
            CallErrorKind::InFlight,
        ] {
            let (tries, waited) = made(Patience::default(), kind).await;
            assert_eq!(tries, 6, "{kind:?}");
            assert!(
                (Duration::from_millis(1_550)..=Duration::from_millis(3_200)).contains(&waited),
                "{waited:?}"
            );
        }
        let hurried = Patience {
            total: Duration::from_millis(500),
            attempts: u32::MAX,
            ..Patience::default()
        };
        let (tries, waited) = made(hurried, CallErrorKind::Unreachable).await;
        assert!(
            waited < Duration::from_millis(500) && (2..=5).contains(&tries),
            "{tries} {waited:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_stays_is_not_tried_again() {
        for kind in [
            CallErrorKind::NotThere,
            CallErrorKind::Denied,
            CallErrorKind::Key,
            CallErrorKind::Credentials,
            CallErrorKind::Region,
            CallErrorKind::Lock,
            CallErrorKind::Refused,
            CallErrorKind::Condition,
        ] {
            assert_eq!(made(Patience::default(), kind).await, (1, Duration::ZERO), "{kind:?}");
        }
    }

    #[test]
    fn large_objects_take_longer() {
        let patience = Patience::default();
        assert_eq!(patience.for_bytes(0), Duration::from_secs(8));
        assert_eq!(patience.for_bytes(16 * 1024 * 1024), Duration::from_secs(72));
        assert!(patience.for_bytes(usize::MAX) > Duration::from_secs(72));
    }
}
