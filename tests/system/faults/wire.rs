//! What every call of a pass goes through: counted, and one of them broken.
//!
//! The calls of each seam are counted by themselves: within a seam a pass calls in one order, so that the call of a
//! number is the same call on every run.

use core::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Who is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seam {
    Store,
    Source,
    Sink,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// An error, and nothing was done.
    Refuse,
    /// It was done, and the answer is an error.
    LoseAnswer,
    /// An error, and on every later call as well.
    Down,
    /// Neither this call nor any later one is ever answered.
    Never,
    /// It does not return, and nothing was done.
    StopBefore,
    /// It was done and does not return.
    StopAfter,
}

/// One call to break.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trip {
    pub(crate) seam: Seam,
    pub(crate) at: usize,
    pub(crate) how: How,
}

/// The calls of one pass.
pub(crate) struct Wire {
    trip: Option<Trip>,
    calls: Mutex<Vec<(Seam, String)>>,
    /// Breaks the call of this number among those of the store whose words begin so.
    aim: Option<(&'static str, usize, How)>,
    /// Bits of the sink calls that are refused.
    refusals: u64,
    stopped: watch::Sender<bool>,
    released: watch::Sender<bool>,
    /// What the next pause depends on; 0 for none.
    chance: AtomicU64,
}

impl Wire {
    pub(crate) fn new(trip: Option<Trip>) -> Self {
        Self {
            trip,
            calls: Mutex::default(),
            aim: None,
            refusals: 0,
            stopped: watch::Sender::new(false),
            released: watch::Sender::new(false),
            chance: AtomicU64::new(0),
        }
    }

    /// Every call pauses for a while that the seed decides.
    pub(crate) fn pausing(seed: u64, trip: Option<Trip>) -> Self {
        Self {
            chance: AtomicU64::new(seed | 1),
            ..Self::new(trip)
        }
    }

    /// Breaks the call of this number among those of the store whose words begin so.
    pub(crate) fn aiming(words: &'static str, number: usize, how: How) -> Self {
        Self {
            aim: Some((words, number, how)),
            ..Self::new(None)
        }
    }

    /// The sink calls whose bits are set are refused.
    pub(crate) fn refusing(refusals: u64) -> Self {
        Self {
            refusals,
            ..Self::new(None)
        }
    }

    /// Makes a call, or does not.
    pub(crate) async fn call<T>(
        &self,
        seam: Seam,
        what: &str,
        effect: impl Future<Output = T>,
        fail: impl FnOnce() -> T,
    ) -> T {
        let how = self.how(seam, what);
        self.pause().await;
        let answer = match how {
            None => effect.await,
            Some(How::Refuse | How::Down) => fail(),
            Some(How::Never) => core::future::pending().await,
            Some(How::LoseAnswer) => {
                effect.await;
                fail()
            }
            Some(How::StopBefore) => {
                self.stop().await;
                effect.await
            }
            Some(How::StopAfter) => {
                let answer = effect.await;
                self.stop().await;
                answer
            }
        };
        self.pause().await;
        answer
    }

    /// Ends when a call has stopped.
    pub(crate) async fn stopped(&self) {
        until(&self.stopped).await;
    }

    /// Lets the stopped call go on.
    pub(crate) fn release(&self) {
        self.stopped.send_replace(false);
        self.released.send_replace(true);
    }

    /// The calls so far: how many of a seam.
    pub(crate) fn calls(&self, seam: Seam) -> Vec<String> {
        let calls = self.lock();
        let of = calls.iter().filter(|(called, _)| *called == seam);
        of.map(|(_, what)| what.clone()).collect()
    }

    /// Whether the call that is to break was made.
    pub(crate) fn tripped(&self) -> bool {
        self.trip.is_none_or(|trip| self.calls(trip.seam).len() > trip.at)
    }

    fn how(&self, seam: Seam, what: &str) -> Option<How> {
        let mut calls = self.lock();
        let number = calls.iter().filter(|(called, _)| *called == seam).count();
        calls.push((seam, what.to_owned()));
        if seam == Seam::Sink && number < 64 && self.refusals >> number & 1 == 1 {
            return Some(How::Refuse);
        }
        if let Some((words, at, how)) = self.aim.filter(|(words, ..)| what.starts_with(words)) {
            let of = calls.iter().filter(|(_, what)| what.starts_with(words));
            return (of.count() == at + 1).then_some(how);
        }
        let trip = self.trip.filter(|trip| trip.seam == seam)?;
        let lasts = matches!(trip.how, How::Down | How::Never);
        let broken = number == trip.at || (lasts && number > trip.at);
        broken.then_some(trip.how)
    }

    async fn stop(&self) {
        self.stopped.send_replace(true);
        until(&self.released).await;
    }

    async fn pause(&self) {
        let seed = self.chance.load(Ordering::Relaxed);
        if seed == 0 {
            return;
        }
        let next = mix(seed);
        self.chance.store(next | 1, Ordering::Relaxed);
        for _ in 0..next >> 61 {
            tokio::task::yield_now().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Seam, String)>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn until(sender: &watch::Sender<bool>) {
    let mut receiver = sender.subscribe();
    receiver.wait_for(|is| *is).await.unwrap();
}

/// The next number of a sequence that looks random (`SplitMix64`).
pub(crate) fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
