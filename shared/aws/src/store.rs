//! A bucket as the store.
//!
//! `put_once` is a write under `If-None-Match: *`; `swap` one under `If-Match` with the object's ETag, or under
//! `If-None-Match: *` where nothing may be there. S3 evaluates the condition and writes as one step, so of several
//! writers exactly one wins. What it answers:
//!
//! - **412**: the condition does not hold: somebody else was first (`Exists`, `Lost`). So does 404 for `If-Match`.
//! - **409** `ConditionalRequestConflict`: another write to the name is in flight, and ours was not made. The write is
//!   made again after a short wait; its condition is evaluated anew, which is the reading-again.
//! - **No answer, 5xx, or an answer that makes no sense**: the write may have happened. It is made again, and from then
//!   on the call is *in doubt*: a 412 may be the echo of our own write. Then the object is read, and if it holds exactly
//!   our bytes, the call has succeeded.
//!
//! In doubt, an object with our very bytes may also be another writer's. For the caller there is no difference: it asked
//! that the object exist with these bytes (`put_once`), or that it hold them now (`swap`, which learns the version at
//! which it does). Objects of the record carry the id of their pass or the hash of their content, so equal bytes state
//! the same fact; two writers of the same state agree, and the next swap of each compares again. Without doubt a 412 is
//! never taken for success: `Exists` is then told also for equal bytes, as the contract says.
//!
//! ETags are opaque here. Where they are hashes of the content, a state that went from A to B and back to A is at A's
//! version again: who swaps against it has read exactly what is there.
//!
//! Retention: with lock days, objects under `audit/` are written with object lock in **governance** mode. It holds
//! against everybody without `s3:BypassGovernanceRetention`, which the deployment's role does not have. Compliance mode
//! holds against everybody, the account's owner included: a mistaken number of days could never be taken back and the
//! bucket not be deleted. Who must have it can set it as the default retention of the bucket.

use crate::bucket::{Bucket, If, Unread};
use crate::calls::Attempts;
use crate::clients::Clients;
use crate::listing;
use crate::place::Place;
use crate::trouble::{CallError, CallErrorKind};
use async_trait::async_trait;
use core::time::Duration;
use pass::{Object, PutOnce, Store, StoreError, StoreErrorKind, Swap, Version, check_name};

/// Pages of one listing at most: whoever fills the folder with names that are none of ours ends in an error, not in a
/// call without end.
const MAX_PAGES: usize = 1_000;

/// The longest retention that S3 takes is 100 years.
const MAX_LOCK_DAYS: u32 = 36_500;

/// The part of the record that is put once and kept: what retention is for.
const LOCKED: &str = "audit/";

/// For how many days an object of the record is locked: at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockDays(u32);

impl LockDays {
    /// 1 to 36,500 days; nothing for 0, and the most for more.
    #[must_use]
    pub fn new(days: u32) -> Option<Self> {
        (days > 0).then_some(Self(days.min(MAX_LOCK_DAYS)))
    }

    fn duration(self) -> Duration {
        Duration::from_secs(u64::from(self.0) * 24 * 60 * 60)
    }
}

/// A folder of a bucket. Clones are handles on the same place.
#[derive(Debug, Clone)]
pub struct S3Store {
    bucket: Bucket,
    lock: Option<LockDays>,
}

impl S3Store {
    /// A store in a place that exists; nothing is asked of it yet. With `lock`, objects under `audit/` are locked for so
    /// long (the bucket must have object lock enabled).
    #[must_use]
    pub fn new(clients: &Clients, place: Place, lock: Option<LockDays>) -> Self {
        Self {
            bucket: Bucket::new(clients, place),
            lock,
        }
    }

    fn retained_for(&self, name: &str) -> Option<Duration> {
        self.lock.filter(|_| name.starts_with(LOCKED)).map(LockDays::duration)
    }

    /// One name is taken: short enough with the folder before it.
    fn checked(&self, name: &str) -> Result<(), StoreError> {
        if check_name(name) && check_name(&self.bucket.place.key(name)) {
            return Ok(());
        }
        Err(StoreError {
            object: name.to_owned(),
            kind: StoreErrorKind::BadName,
        })
    }

    fn failed(&self, name: &str, error: CallError) -> StoreError {
        StoreError {
            object: self.bucket.object(name),
            kind: StoreErrorKind::Io(Box::new(error)),
        }
    }

    /// Writes on a condition; nothing if the condition does not hold.
    async fn write(&self, name: &str, bytes: &[u8], condition: If<'_>) -> Result<Option<Version>, StoreError> {
        self.checked(name)?;
        let mut attempts = Attempts::new(self.bucket.patience);
        let mut in_doubt = false;
        loop {
            let written = self.bucket.put(name, bytes, condition, self.retained_for(name)).await;
            let failed = match written {
                Ok(version) => return Ok(Some(version)),
                Err(failed) => failed,
            };
            let refused = matches!(failed.kind, CallErrorKind::Condition | CallErrorKind::NoObject);
            if refused && !matches!(condition, If::Ever) {
                return if in_doubt {
                    self.own(name, bytes).await
                } else {
                    Ok(None)
                };
            }
            in_doubt |= failed.kind.is_in_doubt();
            attempts
                .another(failed)
                .await
                .map_err(|failed| self.failed(name, failed))?;
        }
    }

    /// The version of the object, if it holds exactly these bytes.
    async fn own(&self, name: &str, bytes: &[u8]) -> Result<Option<Version>, StoreError> {
        match self.read(name, bytes.len()).await {
            Ok(object) => Ok(object
                .filter(|object| object.bytes == bytes)
                .map(|object| object.version)),
            Err(error) if matches!(error.kind, StoreErrorKind::TooLarge { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Store for S3Store {
    fn place(&self) -> String {
        self.bucket.place.to_string()
    }

    async fn read(&self, name: &str, max_bytes: usize) -> Result<Option<Object>, StoreError> {
        self.checked(name)?;
        let mut attempts = Attempts::new(self.bucket.patience);
        loop {
            let failed = match self.bucket.get(name, max_bytes).await {
                Ok(object) => return Ok(Some(object)),
                Err(Unread::TooLarge) => {
                    return Err(StoreError {
                        object: self.bucket.object(name),
                        kind: StoreErrorKind::TooLarge { cap: max_bytes },
                    });
                }
                Err(Unread::Failed(failed)) if failed.kind == CallErrorKind::NoObject => return Ok(None),
                Err(Unread::Failed(failed)) => failed,
            };
            attempts
                .another(failed)
                .await
                .map_err(|failed| self.failed(name, failed))?;
        }
    }

    async fn put_once(&self, name: &str, bytes: &[u8]) -> Result<PutOnce, StoreError> {
        let written = self.write(name, bytes, If::Absent).await?;
        Ok(written.map_or(PutOnce::Exists, |_version| PutOnce::Created))
    }

    async fn swap(&self, name: &str, expected: Option<&Version>, bytes: &[u8]) -> Result<Swap, StoreError> {
        let condition = expected.map_or(If::Absent, If::At);
        let written = self.write(name, bytes, condition).await?;
        Ok(written.map_or(Swap::Lost, Swap::Done))
    }

    async fn publish(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        // Without a condition there is nothing to lose.
        self.write(name, bytes, If::Ever).await.map(drop)
    }

    async fn list(&self, prefix: &str, from: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        if limit == 0 || !listing::may_begin(prefix) {
            return Ok(names);
        }
        let after = listing::before(from).filter(|_| from > prefix);
        let mut next = None;
        for _page in 0..MAX_PAGES {
            let mut attempts = Attempts::new(self.bucket.patience);
            let page = loop {
                let most = limit - names.len();
                let listed = self.bucket.list(prefix, after.as_deref(), next.as_deref(), most).await;
                match listed {
                    Ok(page) => break page,
                    Err(failed) => {
                        let failed = attempts.another(failed).await;
                        failed.map_err(|failed| self.failed(prefix, failed))?;
                    }
                }
            };
            let listed = page.keys.iter().filter_map(|key| self.bucket.place.name(key));
            let wanted = listed.filter(|name| check_name(name) && *name >= from && name.starts_with(prefix));
            names.extend(wanted.take(limit - names.len()).map(str::to_owned));
            next = page.next;
            if names.len() >= limit || next.is_none() {
                return Ok(names);
            }
        }
        let said = "it goes on and on: other objects than those of the record fill this folder";
        let failed = CallError::new(
            "s3:ListBucket",
            &self.bucket.object(prefix),
            CallErrorKind::Refused,
            said,
        );
        Err(self.failed(prefix, failed))
    }
}
