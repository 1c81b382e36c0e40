//! How many requests are under way at one server at a time: one more while it is quick, fewer when it says or shows that
//! it has enough.
//!
//! The window doubles at first, then grows by one for each round (additive increase); a refusal (429, 5xx, no answer)
//! halves it and latency that rises takes a fifth of it (multiplicative decrease), at most once a round. It never goes
//! above its ceiling nor below one. `Retry-After` stops everything that is asked of the server, not only the request that
//! was told so. Which requests come first is not decided here.

use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Requests in flight at a public server, at most.
pub const PUBLIC_CEILING: usize = 8;

/// Where a window begins: low enough for a server in trouble, three rounds from 32.
const FIRST_WINDOW: f64 = 4.0;

/// Latency has risen when it is above the best of late by this factor …
const RISEN: f64 = 2.0;

/// … and by this much, below which it is the scheduler's noise and not the server's queue.
const NOISE: Duration = Duration::from_millis(25);

/// For so long the best latency counts: a server that has become slower for good is taken as it is.
const MEMORY: Duration = Duration::from_secs(30);

/// The weight of one answer in the smoothed latency.
const WEIGHT: f64 = 0.125;

/// The window of one server. Clones share it.
#[derive(Debug, Clone)]
pub struct Pace(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ceiling: f64,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    window: f64,
    in_flight: usize,
    /// Nothing has shrunk it yet.
    starting: bool,
    /// Requests that began before it were answered under an older window.
    shrunk: Instant,
    latency: Latency,
    /// Until when the server wants to be left alone, and the status with which it said so.
    pause: Option<(Instant, u16)>,
}

/// Seconds until the head of an answer comes.
#[derive(Debug)]
struct Latency {
    smoothed: Option<f64>,
    /// The best of the current stretch and of the one before.
    best: [f64; 2],
    since: Instant,
}

/// What came of a request, as far as the window is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The head of an answer that tells nothing of the server's load but how long it took.
    Answer,
    /// The same of a request that is not what the window is for: how long it took says nothing about those.
    Aside,
    /// 429 or 5xx, with the patience that it asks for.
    Refusal { status: u16, retry_after: Option<Duration> },
    /// Nothing in time, or no connection.
    Silence,
}

impl Pace {
    /// At most `ceiling` requests in flight, and at least one.
    #[must_use]
    pub fn new(ceiling: usize) -> Self {
        let ceiling = f64::from(u32::try_from(ceiling.max(1)).unwrap_or(u32::MAX));
        let now = Instant::now();
        let state = State {
            window: FIRST_WINDOW.min(ceiling),
            in_flight: 0,
            starting: true,
            shrunk: now,
            latency: Latency {
                smoothed: None,
                best: [f64::INFINITY; 2],
                since: now,
            },
            pause: None,
        };
        Self(Arc::new(Shared {
            ceiling,
            state: Mutex::new(state),
            freed: Notify::new(),
        }))
    }

    /// The most that may be in flight.
    #[must_use]
    pub fn ceiling(&self) -> usize {
        whole(self.0.ceiling)
    }

    /// How many may be in flight now.
    #[must_use]
    pub fn window(&self) -> usize {
        whole(self.lock().window)
    }

    /// How long the server still wants to be left alone, and the status with which it said so.
    pub(crate) fn pause(&self) -> Option<(Duration, u16)> {
        let (until, status) = self.lock().pause?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some((left, status))
    }

    /// Waits for a place, however long it takes: every request in flight ends by itself.
    pub(crate) async fn place(&self) -> Place {
        loop {
            let freed = self.0.freed.notified();
            tokio::pin!(freed);
            // Heard from here on: what is freed between the look and the wait is not missed.
            freed.as_mut().enable();
            match self.take() {
                Ok(place) => return place,
                Err(Some(until)) => sleep_until(until).await,
                Err(None) => freed.await,
            }
        }
    }

    fn take(&self) -> Result<Place, Option<Instant>> {
        let mut state = self.lock();
        let now = Instant::now();
        if let Some((until, _)) = state.pause {
            if until > now {
                return Err(Some(until));
            }
            state.pause = None;
        }
        if state.in_flight >= whole(state.window) {
            return Err(None);
        }
        state.in_flight += 1;
        Ok(Place {
            pace: self.clone(),
            begun: now,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Pace {
    /// [`PUBLIC_CEILING`].
    fn default() -> Self {
        Self::new(PUBLIC_CEILING)
    }
}

/// A place in the window; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    pace: Pace,
    begun: Instant,
}

impl Place {
    /// Tells what came of the request.
    pub(crate) fn heard(&self, heard: Heard) {
        let mut state = self.pace.lock();
        let grown = state.hear(heard, self.begun, self.pace.0.ceiling);
        drop(state);
        if grown {
            self.pace.0.freed.notify_one();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.pace.lock();
        state.in_flight = state.in_flight.saturating_sub(1);
        drop(state);
        self.pace.0.freed.notify_one();
    }
}

impl State {
    /// Whether there is room for another one.
    fn hear(&mut self, heard: Heard, begun: Instant, ceiling: f64) -> bool {
        let now = Instant::now();
        match heard {
            Heard::Answer => {
                if self.latency.has_risen(now.saturating_duration_since(begun), now) {
                    self.shrink(0.8, begun, now);
                    return false;
                }
                // A window of which less than half is used says nothing about what the server can bear.
                if self.in_flight.saturating_mul(2) < whole(self.window) {
                    return false;
                }
                let before = whole(self.window);
                let step = if self.starting { 1.0 } else { 1.0 / self.window };
                self.window = (self.window + step).min(ceiling);
                whole(self.window) > before
            }
            Heard::Aside => false,
            Heard::Refusal { status, retry_after } => {
                if let Some(asked) = retry_after.and_then(|asked| now.checked_add(asked)) {
                    let until = self.pause.map_or(asked, |(until, _)| until.max(asked));
                    self.pause = Some((until, status));
                }
                self.shrink(0.5, begun, now);
                false
            }
            Heard::Silence => {
                self.shrink(0.5, begun, now);
                false
            }
        }
    }

    fn shrink(&mut self, factor: f64, begun: Instant, now: Instant) {
        if begun < self.shrunk {
            return;
        }
        self.window = (self.window * factor).max(1.0);
        self.starting = false;
        self.shrunk = now;
    }
}

impl Latency {
    fn has_risen(&mut self, took: Duration, now: Instant) -> bool {
        let took = took.as_secs_f64();
        let smoothed = self
            .smoothed
            .map_or(took, |smoothed| smoothed + (took - smoothed) * WEIGHT);
        self.smoothed = Some(smoothed);
        let [mut current, mut before] = self.best;
        if now.saturating_duration_since(self.since) > MEMORY {
            (before, current, self.since) = (current, f64::INFINITY, now);
        }
        current = current.min(took);
        self.best = [current, before];
        let best = current.min(before);
        smoothed > best * RISEN && smoothed > best + NOISE.as_secs_f64()
    }
}

/// Windows are small and never negative.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to u32::MAX")]
fn whole(window: f64) -> usize {
    window as usize
}

#[cfg(test)]
mod tests {
    use super::{Heard, Pace, Place};
    use core::time::Duration;
    use tokio::time::{Instant, advance, timeout};

    const QUICK: Duration = Duration::from_millis(50);

    /// So many places, taken at once.
    async fn round(pace: &Pace) -> Vec<Place> {
        let mut places = Vec::new();
        for _ in 0..pace.window() {
            places.push(pace.place().await);
        }
        places
    }

    async fn rounds(pace: &Pace, count: usize, takes: Duration) {
        for _ in 0..count {
            let places = round(pace).await;
            advance(takes).await;
            places.iter().for_each(|place| place.heard(Heard::Answer));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_quick_server_is_asked_for_more_up_to_the_ceiling() {
        let pace = Pace::new(32);
        assert_eq!(pace.window(), 4);
        rounds(&pace, 1, QUICK).await;
        assert_eq!(pace.window(), 8);
        rounds(&pace, 4, QUICK).await;
        assert_eq!(pace.window(), 32);
        assert_eq!(Pace::new(0).ceiling(), 1);
        assert_eq!(Pace::new(2).window(), 2);
        assert_eq!(Pace::default().ceiling(), 8);
    }

    /// A pass begins with a question that is answered at once; ten entries take their time.
    #[tokio::test(start_paused = true)]
    async fn what_is_cheap_is_no_measure_for_batches() {
        let pace = Pace::new(32);
        let cheap = pace.place().await;
        advance(Duration::from_millis(1)).await;
        cheap.heard(Heard::Aside);
        drop(cheap);
        rounds(&pace, 6, Duration::from_millis(40)).await;
        assert_eq!(pace.window(), 32);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_gets_a_place_beyond_the_window() {
        let pace = Pace::new(2);
        let mut held = round(&pace).await;
        assert!(timeout(QUICK, pace.place()).await.is_err());
        held.pop();
        assert!(timeout(QUICK, pace.place()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_halves_the_window_once_a_round() {
        let pace = Pace::new(32);
        rounds(&pace, 5, QUICK).await;
        let refusal = Heard::Refusal {
            status: 503,
            retry_after: None,
        };
        let places = round(&pace).await;
        advance(QUICK).await;
        places.iter().for_each(|place| place.heard(refusal));
        assert_eq!(pace.window(), 16);
        drop(places);
        for expected in [8, 4, 2, 1, 1] {
            let place = pace.place().await;
            advance(QUICK).await;
            place.heard(Heard::Silence);
            assert_eq!(pace.window(), expected);
        }
        // From now on by about one a round.
        rounds(&pace, 3, QUICK).await;
        assert_eq!(pace.window(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn latency_that_rises_shrinks_it_and_the_new_normal_is_taken() {
        let pace = Pace::new(32);
        rounds(&pace, 5, QUICK).await;
        rounds(&pace, 12, QUICK * 4).await;
        let shrunk = pace.window();
        assert!(shrunk < 16, "{shrunk}");
        rounds(&pace, 600, QUICK * 4).await;
        assert_eq!(pace.window(), 32);
    }

    #[tokio::test(start_paused = true)]
    async fn retry_after_stops_everybody() {
        let pace = Pace::new(8);
        let place = pace.place().await;
        assert_eq!(pace.pause(), None);
        place.heard(Heard::Refusal {
            status: 429,
            retry_after: Some(Duration::from_secs(7)),
        });
        assert_eq!(pace.pause(), Some((Duration::from_secs(7), 429)));
        let asked = Instant::now();
        let _next = pace.place().await;
        assert!(asked.elapsed() >= Duration::from_secs(7));
        assert_eq!(pace.pause(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_that_is_not_used_does_not_grow() {
        let pace = Pace::new(32);
        for _ in 0..20 {
            let place = pace.place().await;
            advance(QUICK).await;
            place.heard(Heard::Answer);
        }
        assert_eq!(pace.window(), 4);
    }
}
