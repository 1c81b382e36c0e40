//! Where calls are held.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Nothing is held longer: a test that forgets a gate ends all the same.
const PATIENCE: Duration = Duration::from_secs(30);

/// Holds calls until it is opened: by the test, or by the call that makes the number full. Clones are the same gate.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// So many calls open it.
    full: Option<usize>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    arrived: usize,
    open: bool,
    /// Somebody waited in vain.
    broken: bool,
}

impl Gate {
    pub(crate) fn new(full: Option<usize>) -> Self {
        Self(Arc::new(Inner {
            full,
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
        }))
    }

    /// Lets all go on, those that come later too.
    pub fn open(&self) {
        self.change(|state| state.open = true);
    }

    /// How many calls have come, held or not.
    #[must_use]
    pub fn arrived(&self) -> usize {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).arrived
    }

    /// Waits until so many calls have come; false if they do not within 30 s.
    #[must_use]
    pub fn wait_for(&self, calls: usize) -> bool {
        self.wait(|state| state.arrived >= calls)
    }

    /// Whether it was opened in time: nobody waited in vain.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.open && !state.broken
    }

    /// A call comes, and returns when it may go on.
    pub(crate) fn pass(&self) {
        let full = self.0.full;
        self.change(|state| {
            state.arrived += 1;
            state.open |= full.is_some_and(|full| state.arrived >= full);
        });
        if !self.wait(|state| state.open) {
            self.change(|state| {
                state.open = true;
                state.broken = true;
            });
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.changed.notify_all();
    }

    fn wait(&self, until: impl Fn(&State) -> bool) -> bool {
        let state = self.0.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .0
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !until(state));
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        until(&state)
    }
}
