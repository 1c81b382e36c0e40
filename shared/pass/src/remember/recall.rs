//! What a process remembers of the record of one log. No I/O; the caller says what it saw and what it did.

use crate::{Object, Version};
use sigstore::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Objects that are remembered of one log: the receipt or the start on which its cursor stands, and the one before.
const MAX_OBJECTS: usize = 2;

/// The longest object that is remembered; a receipt has some kB.
pub(crate) const MAX_OBJECT_BYTES: usize = 256 * 1024;

/// Names of one listing that are remembered. A page has 1,000; what this process puts is added.
const MAX_NAMES: usize = 4_000;

/// The version of an object that was written without learning it: no object has it, so that a swap against it is lost.
pub(crate) const UNKNOWN: &str = "remembered";

/// What is remembered of one log: good as long as its state is at `version`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recall {
    pub(crate) version: Option<Version>,
    pub(crate) listing: Option<Listing>,
    objects: Vec<(String, Object)>,
    /// When the first of it was read from the store.
    since: Option<Timestamp>,
    /// Something of it was given as an answer since the store was asked.
    pub(crate) used: bool,
    /// What the pass under way was told does not hold.
    pub(crate) void: bool,
}

/// A stretch of a listing: every name that begins with `prefix`, from `from` to `upto` (included), or to the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) prefix: String,
    pub(crate) from: String,
    upto: Option<String>,
    names: BTreeSet<String>,
}

impl Recall {
    /// A pass begins to read the log, and finds its state at this version. False if what was remembered is void by that.
    pub(crate) fn begin(&mut self, version: &Version, now: Timestamp, secs: i64) -> bool {
        self.used = false;
        self.void = false;
        let fresh = |since: Timestamp| (0..secs).contains(&now.seconds_since(since));
        if !self.since.is_some_and(fresh) {
            self.forget();
        }
        self.at(version)
    }

    /// The state was written at this version from another than was known, or read there. False if one was known.
    pub(crate) fn at(&mut self, version: &Version) -> bool {
        if self.version.as_ref() == Some(version) {
            return true;
        }
        let known = self.version.is_some();
        self.forget();
        self.version = Some(version.clone());
        !known
    }

    /// This process moved the state from one version to the next: what it knows of the record still holds.
    pub(crate) fn moved(&mut self, from: Option<&Version>, to: &Version) {
        if self.version.as_ref() == from {
            self.version = Some(to.clone());
        } else {
            self.at(to);
        }
    }

    /// Forgets all but the version of the state.
    fn forget(&mut self) {
        *self = Self {
            version: self.version.take(),
            void: self.void,
            ..Self::default()
        };
    }

    /// What a pass was told from memory does not hold: until the state is read again, nothing is put into the record.
    pub(crate) fn void(&mut self) {
        *self = Self {
            void: true,
            ..Self::default()
        };
    }

    /// All of it holds: the store was asked again.
    pub(crate) fn confirmed(&mut self, now: Timestamp) {
        self.used = false;
        self.since = Some(now);
    }

    pub(crate) fn object(&mut self, name: &str, max_bytes: usize) -> Option<Object> {
        let (_, object) = self.objects.iter().find(|(known, _)| known == name)?;
        let object = (object.bytes.len() <= max_bytes).then(|| object.clone());
        self.used |= object.is_some();
        object
    }

    pub(crate) fn objects(&self) -> impl Iterator<Item = &(String, Object)> {
        self.objects.iter()
    }

    pub(crate) fn keep_object(&mut self, name: &str, object: Object, now: Timestamp) {
        self.objects.retain(|(known, _)| known != name);
        if object.bytes.len() > MAX_OBJECT_BYTES || self.version.is_none() {
            return;
        }
        if self.objects.len() >= MAX_OBJECTS {
            self.objects.remove(0);
        }
        self.objects.push((name.to_owned(), object));
        self.since.get_or_insert(now);
    }

    pub(crate) fn keep_listing(&mut self, listing: Listing, now: Timestamp) {
        if self.version.is_some() {
            self.listing = Some(listing).filter(|listing| listing.names.len() <= MAX_NAMES);
            self.since.get_or_insert(now);
        }
    }

    pub(crate) fn list(&mut self, prefix: &str, from: &str, limit: usize) -> Option<Vec<String>> {
        let names = self.listing.as_mut()?.answer(prefix, from, limit)?;
        self.used = true;
        Some(names)
    }

    /// This process put an object, or found it there. False if it should have been known.
    pub(crate) fn put(&mut self, name: &str, exists: bool) -> bool {
        let Some(listing) = &mut self.listing else { return true };
        let added = listing.add(name);
        if listing.names.len() > MAX_NAMES {
            self.listing = None;
        }
        !(added && exists)
    }
}

impl Listing {
    /// What the store answered.
    pub(crate) fn new(prefix: &str, from: &str, limit: usize, names: &[String]) -> Self {
        Self {
            prefix: prefix.to_owned(),
            from: from.to_owned(),
            upto: names.last().filter(|_| names.len() >= limit).cloned(),
            names: names.iter().cloned().collect(),
        }
    }

    /// The answer to a later question, if all of it is known. What stands before it is not asked for again.
    fn answer(&mut self, prefix: &str, from: &str, limit: usize) -> Option<Vec<String>> {
        if prefix != self.prefix || from < self.from.as_str() {
            return None;
        }
        let names: Vec<String> = self.names.range(from.to_owned()..).take(limit).cloned().collect();
        if self.upto.is_some() && names.len() < limit {
            return None;
        }
        self.names = self.names.split_off(from);
        from.clone_into(&mut self.from);
        Some(names)
    }

    /// Whether the name is new to this stretch.
    fn add(&mut self, name: &str) -> bool {
        let covers = name.starts_with(&self.prefix)
            && name >= self.from.as_str()
            && self.upto.as_deref().is_none_or(|upto| name <= upto);
        covers && self.names.insert(name.to_owned())
    }

    /// Whether a page of the store says the same, as far as both reach.
    pub(crate) fn agrees(&self, page: &[String], limit: usize) -> bool {
        let theirs = Self::new(&self.prefix, &self.from, limit, page);
        let reach = [self.upto.as_ref(), theirs.upto.as_ref()].into_iter().flatten().min();
        let within = |name: &&String| reach.is_none_or(|reach| *name <= reach);
        self.names.iter().filter(within).eq(theirs.names.iter().filter(within))
    }
}

/// The log that this is the state of, as its folder is named.
pub(crate) fn log_of_state(name: &str) -> Option<&str> {
    let log = name.strip_prefix("state/")?.strip_suffix(".json")?;
    (log != "deployment" && log != "trust" && !log.contains('/')).then_some(log)
}

/// The log in whose record this stands, in whatever epoch.
pub(crate) fn log_of_record(name: &str) -> Option<&str> {
    let (folder, _) = name.strip_prefix("audit/")?.split_once('/')?;
    let log = folder.split('~').next().unwrap_or(folder);
    (log != "config" && log != "trust").then_some(log)
}

/// Whether this is an object that a pass over a quiet log reads: what its cursor stands on.
pub(crate) fn is_end_of_chain(name: &str) -> bool {
    name.contains("/receipts/") || name.ends_with("/start.json")
}

/// What is remembered of an object that belongs to no log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared(BTreeMap<String, (Object, Timestamp, bool)>);

impl Shared {
    /// The object, if it was read within so many seconds.
    pub(crate) fn object(&mut self, name: &str, max_bytes: usize, now: Timestamp, secs: i64) -> Option<Object> {
        let (object, since, used) = self.0.get_mut(name)?;
        let fresh = (0..secs).contains(&now.seconds_since(*since)) && object.bytes.len() <= max_bytes;
        *used |= fresh;
        fresh.then(|| object.clone())
    }

    /// What was given as an answer and not looked at since.
    pub(crate) fn used(&self, name: &str) -> Option<Object> {
        let (object, _, used) = self.0.get(name)?;
        used.then(|| object.clone())
    }

    pub(crate) fn keep(&mut self, name: &str, object: Option<Object>, now: Timestamp) {
        match object {
            Some(object) => drop(self.0.insert(name.to_owned(), (object, now, false))),
            None => drop(self.0.remove(name)),
        }
    }

    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn listings_answer_what_they_cover() {
        let mut whole = Listing::new("a/", "a/b", 10, &names(&["a/b", "a/d", "a/f"]));
        assert_eq!(whole.answer("a/", "a/a", 10), None, "before it");
        assert_eq!(whole.answer("b/", "b/", 10), None, "beside it");
        assert_eq!(whole.answer("a/", "a/b", 2), Some(names(&["a/b", "a/d"])));
        assert!(whole.add("a/e") && !whole.add("a/e") && !whole.add("a/a") && !whole.add("b/x"));
        assert_eq!(whole.answer("a/", "a/c", 10), Some(names(&["a/d", "a/e", "a/f"])));
        assert_eq!(whole.answer("a/", "a/b", 10), None, "what stands before is forgotten");
        assert_eq!(whole.answer("a/", "a/g", 10), Some(Vec::new()));

        let mut part = Listing::new("a/", "a/b", 3, &names(&["a/b", "a/d", "a/f"]));
        assert!(!part.add("a/g"), "beyond what is known");
        assert_eq!(part.answer("a/", "a/b", 3), Some(names(&["a/b", "a/d", "a/f"])));
        assert_eq!(part.answer("a/", "a/c", 3), None);
        assert!(part.add("a/c"));
        assert_eq!(part.answer("a/", "a/c", 3), Some(names(&["a/c", "a/d", "a/f"])));
    }

    #[test]
    fn listings_agree_as_far_as_both_reach() {
        let whole = Listing::new("a/", "a/b", 10, &names(&["a/b", "a/d", "a/f"]));
        assert!(whole.agrees(&names(&["a/b", "a/d", "a/f"]), 10));
        assert!(!whole.agrees(&names(&["a/b", "a/d"]), 10), "one is gone");
        assert!(!whole.agrees(&names(&["a/b", "a/d", "a/e", "a/f"]), 10), "one is new");
        assert!(whole.agrees(&names(&["a/b", "a/d"]), 2));
        let part = Listing::new("a/", "a/b", 2, &names(&["a/b", "a/d"]));
        assert!(part.agrees(&names(&["a/b", "a/d", "a/f"]), 10));
        assert!(!part.agrees(&names(&["a/b", "a/c"]), 2));
        assert!(!part.agrees(&[], 10));
    }

    #[test]
    fn names_tell_their_log() {
        assert_eq!(
            log_of_state("state/log.example.com%2Fa.json"),
            Some("log.example.com%2Fa")
        );
        assert_eq!(log_of_state("state/deployment.json"), None);
        assert_eq!(log_of_state("state/trust.json"), None);
        assert_eq!(
            log_of_record("audit/log.example.com~2/receipts/0"),
            Some("log.example.com")
        );
        assert_eq!(log_of_record("audit/log.example.com/"), Some("log.example.com"));
        assert_eq!(log_of_record("audit/config/ab.yaml"), None);
        assert_eq!(log_of_record("audit/x"), None);
        assert_eq!(log_of_record("scans/x/0"), None);
    }
}
