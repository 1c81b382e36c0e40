//! Who may hold much memory: of several reads under way, only the one whose result is handed over next.

use tokio::sync::watch;

/// What a read may hold before its turn. A bundle of Rekor v2 has about 460 kB, so it never waits.
pub(crate) const SHARE_BYTES: usize = 1024 * 1024;

/// A place in a queue. A read that holds more than [`Turn::share`] bytes waits with [`Turn::come`] before it takes more.
#[derive(Debug)]
pub struct Turn {
    share: usize,
    queue: Option<(watch::Receiver<u64>, u64)>,
}

impl Turn {
    /// For a read that stands in no queue.
    #[must_use]
    pub const fn now() -> Self {
        Self {
            share: usize::MAX,
            queue: None,
        }
    }

    /// The place `ticket` in a queue; its turn comes when `serving` reaches it.
    pub(crate) const fn queued(share: usize, serving: watch::Receiver<u64>, ticket: u64) -> Self {
        Self {
            share,
            queue: Some((serving, ticket)),
        }
    }

    /// Bytes that may be held without waiting: all of them once the turn has come.
    #[must_use]
    pub const fn share(&self) -> usize {
        self.share
    }

    /// Waits for the turn, however long it takes. What it takes is no fault of the log: it counts against no timeout.
    pub async fn come(&mut self) {
        if let Some((mut serving, ticket)) = self.queue.take() {
            // An error says that the queue is gone, and with it this read's only reader.
            let _queue_is_gone = serving.wait_for(|serving| *serving >= ticket).await.is_err();
        }
        self.share = usize::MAX;
    }
}
