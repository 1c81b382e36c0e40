//! A store around a store that need not be asked twice what only passes change.
//!
//! A function that stays warm makes a pass every few minutes, and mostly nothing has happened. Of what such a pass
//! reads, this remembers within one process: the inventory, what is published as the tips, and of each log the end of
//! its record (the listing from its head on, and the receipt on which its cursor stands). `state/<log>.json` and the
//! configuration are always read.
//!
//! Why nothing is lost by that:
//!
//! - **A log's record is remembered as long as its state is at the very version that this process last read or wrote.**
//!   Every pass that moves a head or a cursor writes that state; so does an operator's `ack` or `restart`. Once the state
//!   is at another version, somebody else was at work: then the inventory and the tips are forgotten as well.
//! - **Nothing is written on the strength of a remembered answer.** Before the first object is put into a log's record,
//!   or its state is swapped, and before the tips are published, the store is asked again whatever was answered from
//!   memory. If it says otherwise, it is forgotten, this write and all further
//!   ones to the log's record fail, and the next pass reads everything anew. So nothing
//!   is appended to a chain whose end is gone. The inventory needs no asking: it is swapped against the version that was
//!   remembered, and a lost swap makes the pass read it again.
//! - **Nothing is remembered for longer than an hour**, and each pass begins with the state. What another process put into the record without changing the
//!   state (it died in between), or took out of it, is seen within that time by a pass that has nothing to write, and at
//!   once by any other.
//! - A write that failed, was lost, or was dropped while it was under way makes it forget.
//!
//! It is for passes, one at a time, which read a log's state before its record. An audit reads the store itself.

mod recall;

use crate::names;
use crate::{Clock, Object, PutOnce, Store, StoreError, StoreErrorKind, Swap, SystemClock, Version};
use async_trait::async_trait;
use recall::{Listing, Recall, Shared, UNKNOWN, is_end_of_chain, log_of_record, log_of_state};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So long anything is remembered.
const REMEMBERED_SECS: i64 = 60 * 60;

/// Listings of fewer names are questions of another sort.
const MIN_LISTING: usize = 100;

/// Names that the store is asked for, when it is asked again.
const PAGE: usize = 1_000;

/// The longest tips: some hundred bytes a log.
const MAX_TIP_BYTES: usize = 16 * 1024 * 1024;

/// A store that remembers. One for the life of a process.
pub struct Remembering {
    inner: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    logs: BTreeMap<String, Recall>,
    shared: Shared,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "it is not what this process remembers of it: somebody else changed it. Nothing was written; the next pass reads everything anew"
)]
struct Changed;

impl Remembering {
    /// Remembers what passes over `inner` read.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self::with_clock(inner, Arc::new(SystemClock::new()))
    }

    /// The same, with a clock that says how old something is.
    #[must_use]
    pub fn with_clock(inner: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            inner,
            clock,
            memory: Mutex::default(),
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recall<T>(&self, log: &str, ask: impl FnOnce(&mut Recall) -> Option<T>) -> Option<T> {
        self.memory().logs.get_mut(log).and_then(ask)
    }

    fn remember(&self, log: &str, change: impl FnOnce(&mut Recall)) {
        if let Some(recall) = self.memory().logs.get_mut(log) {
            change(recall);
        }
    }

    /// The state of a log was read.
    fn begin(&self, log: &str, version: Option<&Version>) {
        let now = self.clock.now();
        let mut memory = self.memory();
        let same = match version {
            Some(version) => {
                let recall = memory.logs.entry(log.to_owned()).or_default();
                recall.begin(version, now, REMEMBERED_SECS)
            }
            None => memory.logs.remove(log).is_none(),
        };
        if !same {
            memory.shared.forget();
        }
    }

    fn forget_log(&self, log: &str) {
        let mut memory = self.memory();
        memory.logs.remove(log);
        memory.shared.forget();
    }

    /// A write is under way, of which the outcome is not known yet.
    fn writing<'a>(&'a self, log: Option<&'a str>) -> Writing<'a> {
        Writing {
            remembering: self,
            log,
            settled: false,
        }
    }

    /// What a pass was told of this log does not hold.
    fn changed<T>(&self, log: &str, name: &str) -> Result<T, StoreError> {
        self.memory().logs.entry(log.to_owned()).or_default().void();
        self.refused(name)
    }

    fn refused<T>(&self, name: &str) -> Result<T, StoreError> {
        self.memory().shared.forget();
        Err(StoreError {
            object: name.to_owned(),
            kind: StoreErrorKind::Io(Box::new(Changed)),
        })
    }

    /// Before a log's record or state is written: asks the store again what was answered from memory.
    async fn confirm(&self, log: &str, name: &str) -> Result<(), StoreError> {
        let recall = self.memory().logs.get(log).cloned().unwrap_or_default();
        if recall.void {
            return self.changed(log, name);
        }
        if !recall.used {
            return Ok(());
        }
        for (name, object) in recall.objects() {
            let found = self.inner.read(name, recall::MAX_OBJECT_BYTES).await?;
            if found.is_none_or(|found| found.bytes != object.bytes) {
                return self.changed(log, name);
            }
        }
        if let Some(listing) = &recall.listing {
            let page = self.inner.list(&listing.prefix, &listing.from, PAGE).await?;
            if !listing.agrees(&page, PAGE) {
                return self.changed(log, &listing.prefix);
            }
        }
        let now = self.clock.now();
        self.remember(log, |recall| recall.confirmed(now));
        Ok(())
    }

    async fn read_shared(&self, name: &str, max_bytes: usize) -> Result<Option<Object>, StoreError> {
        let now = self.clock.now();
        let known = self.memory().shared.object(name, max_bytes, now, REMEMBERED_SECS);
        if known.is_some() {
            return Ok(known);
        }
        let read = self.inner.read(name, max_bytes).await;
        let found = read.as_ref().ok().and_then(Option::clone);
        self.memory().shared.keep(name, found, now);
        read
    }

    async fn read_record(&self, log: &str, name: &str, max_bytes: usize) -> Result<Option<Object>, StoreError> {
        if let Some(object) = self.recall(log, |recall| recall.object(name, max_bytes)) {
            return Ok(Some(object));
        }
        let read = self.inner.read(name, max_bytes).await?;
        if let Some(object) = &read {
            let now = self.clock.now();
            self.remember(log, |recall| recall.keep_object(name, object.clone(), now));
        }
        Ok(read)
    }
}

/// Forgets what the write is about, unless its outcome becomes known: it failed, it was lost, or nobody waited for it.
struct Writing<'a> {
    remembering: &'a Remembering,
    log: Option<&'a str>,
    settled: bool,
}

impl Writing<'_> {
    fn settle(mut self) {
        self.settled = true;
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        match self.log {
            _ if self.settled => {}
            Some(log) => self.remembering.forget_log(log),
            None => self.remembering.memory().shared.forget(),
        }
    }
}

#[async_trait]
impl Store for Remembering {
    fn place(&self) -> String {
        self.inner.place()
    }

    async fn read(&self, name: &str, max_bytes: usize) -> Result<Option<Object>, StoreError> {
        if name == names::DEPLOYMENT || name == names::TIP {
            return self.read_shared(name, max_bytes).await;
        }
        if let Some(log) = log_of_state(name) {
            let read = self.inner.read(name, max_bytes).await;
            match &read {
                Ok(object) => self.begin(log, object.as_ref().map(|object| &object.version)),
                Err(_) => self.forget_log(log),
            }
            return read;
        }
        match log_of_record(name).filter(|_| is_end_of_chain(name)) {
            Some(log) => self.read_record(log, name, max_bytes).await,
            None => self.inner.read(name, max_bytes).await,
        }
    }

    async fn put_once(&self, name: &str, bytes: &[u8]) -> Result<PutOnce, StoreError> {
        let Some(log) = log_of_record(name) else {
            return self.inner.put_once(name, bytes).await;
        };
        self.confirm(log, name).await?;
        let writing = self.writing(Some(log));
        let done = self.inner.put_once(name, bytes).await?;
        let (now, mut expected) = (self.clock.now(), true);
        self.remember(log, |recall| {
            expected = recall.put(name, done == PutOnce::Exists);
            if done == PutOnce::Created && is_end_of_chain(name) {
                let version = Version(UNKNOWN.to_owned());
                let bytes = bytes.to_vec();
                recall.keep_object(name, Object { bytes, version }, now);
            }
        });
        if expected {
            writing.settle();
        }
        Ok(done)
    }

    async fn swap(&self, name: &str, expected: Option<&Version>, bytes: &[u8]) -> Result<Swap, StoreError> {
        let log = log_of_state(name);
        if let Some(log) = log {
            self.confirm(log, name).await?;
        }
        let writing = self.writing(log);
        let swap = self.inner.swap(name, expected, bytes).await?;
        let Swap::Done(version) = &swap else { return Ok(swap) };
        if let Some(log) = log {
            self.memory()
                .logs
                .entry(log.to_owned())
                .or_default()
                .moved(expected, version);
            writing.settle();
        } else if name == names::DEPLOYMENT {
            let (bytes, version) = (bytes.to_vec(), version.clone());
            let object = Some(Object { bytes, version });
            self.memory().shared.keep(name, object, self.clock.now());
            writing.settle();
        }
        Ok(swap)
    }

    async fn publish(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        if name != names::TIP {
            return self.inner.publish(name, bytes).await;
        }
        let used = self.memory().shared.used(name);
        if let Some(object) = used {
            let found = self.inner.read(name, MAX_TIP_BYTES).await?;
            if found.is_none_or(|found| found.bytes != object.bytes) {
                return self.refused(name);
            }
        }
        let writing = self.writing(None);
        self.inner.publish(name, bytes).await?;
        let (bytes, version) = (bytes.to_vec(), Version(UNKNOWN.to_owned()));
        let object = Some(Object { bytes, version });
        self.memory().shared.keep(name, object, self.clock.now());
        writing.settle();
        Ok(())
    }

    async fn list(&self, prefix: &str, from: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let Some(log) = log_of_record(prefix).filter(|_| limit >= MIN_LISTING) else {
            return self.inner.list(prefix, from, limit).await;
        };
        if let Some(names) = self.recall(log, |recall| recall.list(prefix, from, limit)) {
            return Ok(names);
        }
        let names = self.inner.list(prefix, from, limit).await?;
        let (listing, now) = (Listing::new(prefix, from, limit, &names), self.clock.now());
        self.remember(log, |recall| recall.keep_listing(listing, now));
        Ok(names)
    }
}
