//! Deterministic ids: what happened once has one id, however often it is told.
//!
//! Every part stands behind its length (eight bytes, big-endian), so that no two different lists of parts have the same
//! bytes; numbers are eight bytes, big-endian. An id is the SHA-256 of that, in lower hex.

use crate::class::{Class, Phase};
use sigstore::Timestamp;
use tlog::Hash;

const SECS_PER_DAY: i64 = 86_400;

/// The id of a finding: over origin, index, leaf hash and the rule's name.
#[must_use]
pub fn finding_id(origin: &str, index: u64, leaf_hash: Hash, rule: &str) -> String {
    of(&[
        origin.as_bytes(),
        &index.to_be_bytes(),
        leaf_hash.as_bytes(),
        rule.as_bytes(),
    ])
}

/// The id of a digest: over origin, rule, the first and last index and the count.
#[must_use]
pub fn digest_id(origin: &str, rule: &str, count: u64, (first, last): (u64, u64)) -> String {
    let (count, first, last) = (count.to_be_bytes(), first.to_be_bytes(), last.to_be_bytes());
    of(&[
        Class::Digest.word().as_bytes(),
        origin.as_bytes(),
        rule.as_bytes(),
        &count,
        &first,
        &last,
    ])
}

/// The id of a condition's alert: over class, log, detail, the moment it opened and the phase; a reminder's also over
/// the day (UTC), since there is one a day.
#[must_use]
pub fn condition_id(
    class: Class,
    log: Option<&str>,
    detail: &str,
    opened_at: Timestamp,
    phase: Phase,
    now: Timestamp,
) -> String {
    // No log and a log without a name are two things.
    let known = [u8::from(log.is_some())];
    let opened = opened_at.unix().to_be_bytes();
    let day = now.unix().div_euclid(SECS_PER_DAY).to_be_bytes();
    let log = log.unwrap_or_default().as_bytes();
    let mut parts: Vec<&[u8]> = vec![
        class.word().as_bytes(),
        &known,
        log,
        detail.as_bytes(),
        &opened,
        phase.word().as_bytes(),
    ];
    match phase {
        Phase::Reminder => parts.push(&day),
        Phase::Once | Phase::Opened | Phase::Closed => {}
    }
    of(&parts)
}

/// What all alerts of one condition share: over class, log, detail and the moment it opened.
#[must_use]
pub(crate) fn thread_id(class: Class, log: Option<&str>, detail: &str, opened_at: Timestamp) -> String {
    let known = [u8::from(log.is_some())];
    of(&[
        b"thread",
        class.word().as_bytes(),
        &known,
        log.unwrap_or_default().as_bytes(),
        detail.as_bytes(),
        &opened_at.unix().to_be_bytes(),
    ])
}

/// The id of what is told once of the deployment: over class and `which`, which names the one that it is.
#[must_use]
pub fn notice_id(class: Class, which: &str) -> String {
    of(&[b"notice", class.word().as_bytes(), which.as_bytes()])
}

fn of(parts: &[&[u8]]) -> String {
    let mut bytes = Vec::new();
    for part in parts {
        // A length is at most 64 bits on every machine that this runs on; the fallback keeps the types honest.
        bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    Hash::of(&bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_findings_id_is_pinned_and_depends_on_every_part() {
        let leaf = Hash::leaf(b"leaf");
        let id = finding_id("log.example", 42, leaf, "us");
        assert_eq!(id, "9118c5d1a220409d1822b958901b9819c60df1f070a0672ee90cb53acfc0ec30");
        assert_ne!(id, finding_id("log.exampl", 42, leaf, "eus"));
        assert_ne!(id, finding_id("log.example", 43, leaf, "us"));
        assert_ne!(id, finding_id("log.example", 42, Hash::leaf(b"leaves"), "us"));
        assert_ne!(id, finding_id("log.example", 42, leaf, "them"));
    }

    #[test]
    fn a_conditions_id_depends_on_every_part() {
        let at = |secs| Timestamp::from_unix(secs);
        let id = |class, log, detail, opened, phase, now| condition_id(class, log, detail, at(opened), phase, at(now));
        let base = id(Class::Behind, Some("l"), "d", 10, Phase::Opened, 20);
        assert_eq!(base, id(Class::Behind, Some("l"), "d", 10, Phase::Opened, 999_999));
        for other in [
            id(Class::Unproven, Some("l"), "d", 10, Phase::Opened, 20),
            id(Class::Behind, Some("m"), "d", 10, Phase::Opened, 20),
            id(Class::Behind, None, "d", 10, Phase::Opened, 20),
            id(Class::Behind, Some("l"), "e", 10, Phase::Opened, 20),
            id(Class::Behind, Some("l"), "d", 11, Phase::Opened, 20),
            id(Class::Behind, Some("l"), "d", 10, Phase::Closed, 20),
            id(Class::Behind, Some("l"), "d", 10, Phase::Reminder, 20),
        ] {
            assert_ne!(base, other);
        }
        assert_ne!(
            id(Class::Behind, None, "", 1, Phase::Opened, 1),
            id(Class::Behind, Some(""), "", 1, Phase::Opened, 1)
        );
    }

    #[test]
    fn one_reminder_a_day() {
        let at = Timestamp::from_unix;
        let id = |now| condition_id(Class::Behind, Some("l"), "", at(5), Phase::Reminder, at(now));
        assert_eq!(id(0), id(86_399));
        assert_ne!(id(86_399), id(86_400));
    }
}
