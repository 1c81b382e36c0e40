//! The lifetime of conditions: opened, kept, closed.
//!
//! This module changes lists of conditions; delivering them is for `deliver`.

use crate::record::{Condition, Group};
use alerts::{Class, Fact};
use sigstore::Timestamp;

/// Open quarantine conditions of one log at most: a log chooses the kinds and versions of its leaves.
pub(crate) const MAX_QUARANTINE_CONDITIONS: usize = 32;

/// Violations of one log that are kept with evidence at most: a broken log can make a new one on every pass.
pub(crate) const MAX_VIOLATIONS: usize = 16;

/// The detail of the one condition that stands for all violations beyond [`MAX_VIOLATIONS`]; it has no evidence.
pub(crate) const MORE_VIOLATIONS: &str = "more-violations";

/// A quarantine condition ends when nothing of its kind came for so long.
pub(crate) const QUARANTINE_QUIET_SECS: i64 = 86_400;

/// A condition as a step asks for it.
#[derive(Debug, Clone)]
pub(crate) struct Holds {
    pub(crate) class: Class,
    pub(crate) detail: String,
    /// Since when it holds.
    pub(crate) since: Timestamp,
    /// So many seconds later it is told.
    pub(crate) patience: crate::Limit,
    pub(crate) facts: Vec<Fact>,
    pub(crate) object: Option<String>,
}

impl Holds {
    pub(crate) fn now(class: Class, detail: &str, now: Timestamp) -> Self {
        Self {
            class,
            detail: detail.to_owned(),
            since: now,
            patience: crate::Limit::After(0),
            facts: Vec::new(),
            object: None,
        }
    }

    pub(crate) fn fact(mut self, name: &str, value: impl Into<String>) -> Self {
        self.facts.push(Fact {
            name: name.to_owned(),
            value: value.into(),
        });
        self
    }

    pub(crate) fn patience(mut self, patience: crate::Limit) -> Self {
        self.patience = patience;
        self
    }

    pub(crate) fn object(mut self, object: Option<String>) -> Self {
        self.object = object;
        self
    }
}

/// Notes that a condition holds; an open one of the same class and detail goes on, with the newer facts. Returns
/// whether it is new.
pub(crate) fn hold(conditions: &mut Vec<Condition>, holds: Holds) -> bool {
    let crate::Limit::After(patience) = holds.patience else {
        return false;
    };
    if let Some(open) = find(conditions, holds.class, &holds.detail) {
        open.facts = holds.facts;
        if open.object.is_none() {
            open.object = holds.object;
        }
        return false;
    }
    let due = holds.since.plus_seconds(i64::try_from(patience).unwrap_or(i64::MAX));
    conditions.push(Condition {
        class: holds.class,
        detail: holds.detail,
        opened: holds.since,
        due,
        closed: None,
        facts: holds.facts,
        object: holds.object,
        acknowledged: None,
        told: std::collections::BTreeMap::new(),
    });
    true
}

/// Notes undecodable leaves and bad promises: one condition for each kind, version and reason, up to a bound.
pub(crate) fn hold_quarantine(conditions: &mut Vec<Condition>, groups: &[Group], now: Timestamp) {
    for group in groups {
        let class = if group.promise {
            Class::BadPromise
        } else {
            Class::Quarantine
        };
        let room = count(conditions, class) < MAX_QUARANTINE_CONDITIONS - 1;
        let known = find(conditions, class, &group.what).is_some();
        let what = if known || room {
            group.what.as_str()
        } else {
            "other leaves"
        };
        let holds = Holds::now(class, what, now)
            .fact("leaves, when last seen", group.count.to_string())
            .fact("first index, when last seen", group.first.to_string())
            .fact(LAST_SEEN, now.to_string());
        hold(conditions, holds);
    }
}

/// Notes that a log grew after it had said, at size `frozen`, that it is frozen. One condition, however often it does so.
pub(crate) fn hold_growth(conditions: &mut Vec<Condition>, frozen: Option<u64>, size: u64, now: Timestamp) {
    let Some(frozen) = frozen.filter(|frozen| *frozen < size) else {
        return;
    };
    let holds = Holds::now(Class::GrewAfterFreeze, "grew-after-freeze", now)
        .fact("frozen at", frozen.to_string())
        .fact("size then", size.to_string());
    hold(conditions, holds);
}

/// Ends the quarantine conditions of which nothing came for [`QUARANTINE_QUIET_SECS`].
pub(crate) fn end_quiet_quarantine(conditions: &mut [Condition], now: Timestamp) {
    for condition in conditions
        .iter_mut()
        .filter(|open| matches!(open.class, Class::Quarantine | Class::BadPromise) && open.is_open())
    {
        let seen = condition
            .facts
            .iter()
            .find(|fact| fact.name == LAST_SEEN)
            .and_then(|fact| fact.value.parse().ok());
        if now.seconds_since(seen.unwrap_or(condition.opened)) >= QUARANTINE_QUIET_SECS {
            condition.closed = Some(now);
        }
    }
}

const LAST_SEEN: &str = "last seen";

/// Notes that the conditions of a class no longer hold, all but those whose detail is in `but`.
pub(crate) fn end(conditions: &mut [Condition], class: Class, but: &[&str], now: Timestamp) {
    for condition in conditions
        .iter_mut()
        .filter(|condition| condition.class == class && condition.is_open())
    {
        if !but.contains(&condition.detail.as_str()) {
            condition.closed = Some(now);
        }
    }
}

/// Notes that one condition no longer holds.
pub(crate) fn end_one(conditions: &mut [Condition], class: Class, detail: &str, now: Timestamp) {
    if let Some(open) = find(conditions, class, detail) {
        open.closed = Some(now);
    }
}

/// The open condition of this class and detail.
pub(crate) fn find<'a>(conditions: &'a mut [Condition], class: Class, detail: &str) -> Option<&'a mut Condition> {
    conditions
        .iter_mut()
        .find(|open| open.is_open() && open.class == class && open.detail == detail)
}

/// How many conditions of a class are open.
pub(crate) fn count(conditions: &[Condition], class: Class) -> usize {
    conditions
        .iter()
        .filter(|open| open.is_open() && open.class == class)
        .count()
}

/// Two views of the same conditions, of which neither forgets what the other knows.
pub(crate) fn merge(ours: &[Condition], theirs: Vec<Condition>) -> Vec<Condition> {
    let same = |a: &Condition, b: &Condition| a.class == b.class && a.detail == b.detail && a.opened == b.opened;
    let mut merged = theirs;
    for our in ours {
        let Some(their) = merged.iter_mut().find(|their| same(our, their)) else {
            // A condition that both opened a second apart is one condition: the older is kept.
            let reopened =
                |their: &Condition| their.class == our.class && their.detail == our.detail && their.is_open();
            if !(our.is_open() && merged.iter().any(reopened)) {
                merged.push(our.clone());
            }
            continue;
        };
        their.closed = our.closed.or(their.closed);
        their.acknowledged = their.acknowledged.take().or_else(|| our.acknowledged.clone());
        for (sink, told) in &our.told {
            let newer = their.told.get(sink).is_none_or(|known| known.at < told.at);
            if newer {
                their.told.insert(sink.clone(), *told);
            }
        }
    }
    merged
}
