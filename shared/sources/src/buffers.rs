//! Buffers that are used again.
//!
//! Bundles come by the thousand and are all about as long. Taken from the allocator and given back in another order, they
//! would leave it in pieces, and the process would hold twice what it uses.

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
    ready: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Buffers {
    /// An empty buffer with room for `expected` bytes.
    pub(crate) fn take(&self, expected: usize) -> Vec<u8> {
        let ready = if expected < MIN_BYTES { None } else { self.lock().pop() };
        let mut buffer = ready.unwrap_or_default();
        buffer.reserve_exact(expected);
        buffer
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

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
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
        let mut buffer = core::mem::take(&mut self.buffer);
        let mut ready = self.to.lock();
        if buffer.capacity() <= SHARE_BYTES && ready.len() < MAX_READY {
            buffer.clear();
            ready.push(buffer);
        }
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
        assert!(buffers.lock().is_empty());
        assert_eq!(part, [7; 10][..]);
        drop(part);
        let again = buffers.take(80_000);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
    }

    #[test]
    fn what_is_small_or_large_is_not_kept() {
        let buffers = Buffers::default();
        drop(buffers.lend(vec![0; 100]));
        drop(buffers.lend(vec![0; SHARE_BYTES + 1]));
        assert!(buffers.lock().is_empty());
    }
}
