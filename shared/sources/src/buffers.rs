//! Buffers that are used again.
//!
//! Bundles come by the thousand and are all about as long. Taken from the allocator and given back in another order, they
//! would leave it in pieces, and the process would hold twice what it uses. The same goes for the few large ones: only
//! one read at a time may hold more than its share, so one large buffer is kept and serves them all.

use crate::turn::SHARE_BYTES;
use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError};

/// What is shorter is not worth keeping a buffer for.
const MIN_BYTES: usize = 64 * 1024;

/// Buffers that lie ready at most: as many as a pass has in its hands at a time.
const MAX_READY: usize = 48;

/// Buffers that lie ready. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buffers {
    ready: Arc<Mutex<Ready>>,
}

#[derive(Debug, Default)]
struct Ready {
    usual: Vec<Vec<u8>>,
    large: Option<Vec<u8>>,
}

impl Buffers {
    /// An empty buffer with room for `expected` bytes.
    pub(crate) fn take(&self, expected: usize) -> Vec<u8> {
        let ready = if expected < MIN_BYTES {
            None
        } else {
            self.lock().usual.pop()
        };
        let mut buffer = ready.unwrap_or_default();
        buffer.reserve_exact(expected);
        buffer
    }

    /// The same bytes in a buffer with room for `needed`. One that must be large has room for `cap` at once: what of it
    /// is never written takes no memory, and it never has to grow again.
    pub(crate) fn grow(&self, mut buffer: Vec<u8>, needed: usize, cap: usize) -> Vec<u8> {
        if needed <= SHARE_BYTES || buffer.capacity() > SHARE_BYTES {
            buffer.reserve_exact(needed.saturating_sub(buffer.len()));
            return buffer;
        }
        let mut large = self.lock().large.take().unwrap_or_default();
        large.reserve_exact(cap.max(needed));
        large.extend_from_slice(&buffer);
        self.give_back(buffer);
        large
    }

    /// Takes a buffer that nobody needs any more.
    pub(crate) fn give_back(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        let mut ready = self.lock();
        if buffer.capacity() > SHARE_BYTES {
            ready.large.get_or_insert(buffer);
        } else if buffer.capacity() >= MIN_BYTES && ready.usual.len() < MAX_READY {
            ready.usual.push(buffer);
        }
    }

    /// The filled buffer as bytes. It comes back when nobody holds them any more.
    pub(crate) fn lend(&self, buffer: Vec<u8>) -> Bytes {
        if buffer.len() < MIN_BYTES {
            return Bytes::from(buffer);
        }
        Bytes::from_owner(Lent {
            buffer,
            to: self.clone(),
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Ready> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A buffer that finds its way back.
struct Lent {
    buffer: Vec<u8>,
    to: Buffers,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.to.give_back(core::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_once_nobody_holds_its_bytes() {
        let buffers = Buffers::default();
        let mut buffer = buffers.take(100_000);
        buffer.resize(100_000, 7);
        let place = buffer.as_ptr();
        let bytes = buffers.lend(buffer);
        let part = bytes.slice(10..20);
        drop(bytes);
        assert!(buffers.lock().usual.is_empty());
        assert_eq!(part, [7; 10][..]);
        drop(part);
        let again = buffers.take(80_000);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
    }

    #[test]
    fn what_is_small_is_not_kept() {
        let buffers = Buffers::default();
        drop(buffers.lend(vec![0; 100]));
        assert!(buffers.lock().usual.is_empty());
        assert!(buffers.lock().large.is_none());
    }

    #[test]
    fn one_large_buffer_serves_one_after_the_other() {
        let buffers = Buffers::default();
        let grown = |first: u8| {
            let mut usual = buffers.take(MIN_BYTES);
            usual.push(first);
            let large = buffers.grow(usual, SHARE_BYTES + 1, 3 * SHARE_BYTES);
            assert_eq!(large, [first]);
            assert!(large.capacity() >= 3 * SHARE_BYTES);
            buffers.lend([large, vec![first; SHARE_BYTES]].concat())
        };
        let (first, second) = (grown(1), grown(2));
        drop(first);
        drop(second);
        let ready = buffers.lock();
        assert!(ready.large.as_ref().is_some_and(|large| large.is_empty()));
        assert!(ready.usual.len() == 1 && ready.usual.iter().all(Vec::is_empty));
    }
}
