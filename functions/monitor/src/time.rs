//! How long a pass may take: it ends before Lambda ends the process, and before the next one begins. Pure.

use core::time::Duration;

/// What a pass needs to end when it was told to: spans in flight, what is owed, the state, the metrics.
const LEAST_MARGIN: Duration = Duration::from_secs(2);
const MOST_MARGIN: Duration = Duration::from_secs(20);

/// Before Lambda ends the process, an invocation answers for itself, whatever hangs.
const LAST_WORDS: Duration = Duration::from_millis(700);

/// The time of one invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time {
    /// After so long nothing new is begun.
    pub(crate) pass: Duration,
    /// After so long whatever still goes on is given up.
    pub(crate) all: Duration,
}

/// The time of an invocation that Lambda ends in `left`, of a schedule that makes one every `interval`.
pub(crate) fn time(left: Duration, interval: Duration) -> Time {
    let all = left.min(interval);
    let margin = (all / 5).clamp(LEAST_MARGIN, MOST_MARGIN);
    Time {
        pass: all.saturating_sub(margin),
        all: left.saturating_sub(LAST_WORDS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_counts_and_a_margin_stays() {
        let check = |left: u64, interval: u64, pass: u64, all: u64| {
            let time = time(Duration::from_millis(left), Duration::from_millis(interval));
            let expect = Time {
                pass: Duration::from_millis(pass),
                all: Duration::from_millis(all),
            };
            assert_eq!(time, expect, "{left} of {interval}");
        };
        check(900_000, 60_000, 48_000, 899_300);
        check(55_000, 60_000, 44_000, 54_300);
        check(285_000, 300_000, 265_000, 284_300);
        check(870_000, 3_600_000, 850_000, 869_300);
        check(3_000, 60_000, 1_000, 2_300);
        check(500, 60_000, 0, 0);
    }
}
