//! One writer at a time, among all threads and processes that use a folder.
//!
//! The lock is the operating system's (`flock`), held on an open file: it ends with the process, however that ends, so
//! there is no stale lock to clear away.

use core::time::Duration;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Instant;

/// How long a writer waits for the others. A write takes milliseconds; who holds the lock so long is stopped or hangs.
pub const LOCK_PATIENCE: Duration = Duration::from_secs(30);

/// The longest wait between two looks.
const MAX_NAP: Duration = Duration::from_millis(20);

/// Held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    /// Closing the file ends the lock.
    _file: File,
}

impl Lock {
    /// Waits for the lock on this file, which is created if need be. Blocks, at most for `patience`.
    pub(crate) fn take(file: &Path, patience: Duration) -> io::Result<Self> {
        // Opened anew each time: locks belong to the opening, and so exclude the threads of one process as well.
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(file)?;
        let started = Instant::now();
        let mut nap = Duration::from_millis(1);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if started.elapsed() >= patience => {
                    let held = "another process has held the lock for too long; see which one has this file open";
                    return Err(io::Error::new(io::ErrorKind::TimedOut, held));
                }
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(nap);
                    nap = (nap * 2).min(MAX_NAP);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lock;
    use core::time::Duration;
    use std::io::ErrorKind;

    #[test]
    fn one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lock");
        let held = Lock::take(&file, Duration::ZERO).unwrap();
        let refused = Lock::take(&file, Duration::from_millis(30)).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::TimedOut);
        drop(held);
        Lock::take(&file, Duration::ZERO).unwrap();
    }
}
