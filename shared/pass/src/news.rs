//! What the trust says of its logs and keys, item by item, so that what changes from one pass to the next can be told.
//!
//! The inventory keeps it. Keys are known by the hash of their SubjectPublicKeyInfo, never by what a file calls them.
//! What is told is news, not a judgement: a trusted root that was authenticated may change at any time.

use crate::trust::Trust;
use serde::{Deserialize, Serialize};
use sigstore::{LogInstance, Timestamp, origin_of};
use std::collections::{BTreeMap, BTreeSet};
use tlog::Hash;

/// A key that becomes valid within this time is about to.
const SOON_SECS: i64 = 7 * 86_400;

/// Characters of a name in the words.
const MAX_CHARS: usize = 200;

/// Digits of a key's hash in the words.
const KEY_DIGITS: usize = 16;

/// The logs of a trust, by origin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustOutline {
    /// Logs that verifiers accept.
    pub logs: BTreeMap<String, TrustedLog>,
    /// Logs that a signing configuration sends clients to, and that the trusted root does not name.
    #[serde(default)]
    pub untrusted: BTreeSet<String>,
}

/// One log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedLog {
    /// Whether it is one of certificates.
    pub ct: bool,
    /// Where it is read.
    pub url: String,
    /// Its keys, by the hash of each.
    pub keys: BTreeMap<Hash, TrustedKey>,
}

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedKey {
    /// The first moment at which it signs.
    pub start: Option<Timestamp>,
    /// The last one.
    pub end: Option<Timestamp>,
    /// Whether that it is about to become valid was told, or needs no telling any more.
    pub announced: bool,
}

impl TrustOutline {
    /// Of a trust at this moment.
    #[must_use]
    pub fn of(trust: &Trust, now: Timestamp) -> Self {
        let mut logs: BTreeMap<String, TrustedLog> = BTreeMap::new();
        let each = trust.root.tlogs().iter().map(|log| (log, false));
        for (instance, ct) in each.chain(trust.root.ctlogs().iter().map(|log| (log, true))) {
            let read = trust.monitor.as_ref().filter(|_| !ct);
            let read = read.and_then(|config| config.rekor_log(origin_of(&instance.base_url)));
            let log = logs.entry(instance.origin()).or_default();
            log.ct = ct;
            log.url = read.map_or_else(|| instance.base_url.clone(), |read| read.read_url.clone());
            log.keys.insert(instance.spki_hash(), key(instance, now));
        }
        let used = trust.signing.iter().flat_map(|config| config.rekor_urls());
        let used = used.filter(|service| service.valid_for.end.is_none_or(|end| now <= end));
        let untrusted = used.map(|service| origin_of(&service.url).to_owned());
        let untrusted = untrusted.filter(|origin| !logs.contains_key(origin)).collect();
        Self { logs, untrusted }
    }

    /// The logs that are named, as if no client were sent anywhere else.
    pub(crate) fn listed(&self) -> Self {
        Self {
            logs: self.logs.clone(),
            untrusted: BTreeSet::new(),
        }
    }

    /// What is new since `before`, in words: what is gone first, for it is accepted no longer.
    #[must_use]
    pub fn news(&self, before: &Self, now: Timestamp) -> Vec<String> {
        let mut news = Vec::new();
        for (origin, log) in before
            .logs
            .iter()
            .filter(|(origin, _)| !self.logs.contains_key(*origin))
        {
            news.push(format!("{} disappeared: {}", log.noun(), short(origin)));
        }
        for (origin, log) in &self.logs {
            match before.logs.get(origin) {
                None => {
                    news.push(format!("{} appeared: {}", log.noun(), short(origin)));
                    for (id, key) in &log.keys {
                        news.push(format!("{} signs with key {}", short(origin), words(id, key, now)));
                    }
                }
                Some(was) => log.changes(origin, was, now, &mut news),
            }
        }
        for origin in self.untrusted.difference(&before.untrusted) {
            let origin = short(origin);
            news.push(format!(
                "a signing configuration sends clients to {origin}, which the trusted root does not name: an address before other logs, or a log that nobody watches"
            ));
        }
        for origin in before.untrusted.difference(&self.untrusted) {
            let origin = short(origin);
            news.push(format!(
                "{origin}, to which a signing configuration sent clients, is in the trusted root now, or is used no longer"
            ));
        }
        news
    }
}

impl TrustedLog {
    const fn noun(&self) -> &'static str {
        if self.ct { "certificate log" } else { "log" }
    }

    fn changes(&self, origin: &str, was: &Self, now: Timestamp, news: &mut Vec<String>) {
        let origin = short(origin);
        if self.ct != was.ct {
            news.push(format!("{origin} is a {} now, and was a {}", self.noun(), was.noun()));
        }
        if self.url != was.url {
            news.push(format!(
                "{origin} is read elsewhere: {}, was {}",
                short(&self.url),
                short(&was.url)
            ));
        }
        for (id, key) in was.keys.iter().filter(|(id, _)| !self.keys.contains_key(*id)) {
            news.push(format!("key of {origin} disappeared: {}", words(id, key, now)));
        }
        for (id, key) in &self.keys {
            let known = was.keys.get(id);
            match known {
                None => news.push(format!("key of {origin} appeared: {}", words(id, key, now))),
                Some(was) if (was.start, was.end) != (key.start, key.end) => news.push(format!(
                    "key of {origin} changed: {}, was {}",
                    words(id, key, now),
                    validity(was)
                )),
                Some(was) if key.announced && !was.announced => {
                    news.push(format!("key of {origin}: {}", words(id, key, now)));
                }
                Some(_) => {}
            }
        }
    }
}

fn key(instance: &LogInstance, now: Timestamp) -> TrustedKey {
    let validity = instance.valid_for();
    TrustedKey {
        start: validity.start,
        end: validity.end,
        announced: validity.start.is_none_or(|start| start.seconds_since(now) <= SOON_SECS),
    }
}

/// "1a2b…, about to become valid on …".
fn words(id: &Hash, key: &TrustedKey, now: Timestamp) -> String {
    let id: String = id.to_string().chars().take(KEY_DIGITS).collect();
    match key.start.filter(|start| now < *start) {
        Some(start) if key.announced => format!("{id}, about to become valid on {start}"),
        Some(_) | None => format!("{id}, {}", validity(key)),
    }
}

fn validity(key: &TrustedKey) -> String {
    match (key.start, key.end) {
        (None, None) => "valid without a bound".to_owned(),
        (Some(start), None) => format!("valid from {start}"),
        (None, Some(end)) => format!("valid until {end}"),
        (Some(start), Some(end)) => format!("valid from {start} until {end}"),
    }
}

fn short(text: &str) -> String {
    alerts::text::escape(&alerts::text::without_passwords(text), MAX_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::FixedTrust;
    use sigstore::SigningConfig;

    const KEYS: [&str; 2] = ["AAAA", "BBBB"];

    fn log(url: &str, key: &str, valid: &str) -> String {
        format!(
            r#"{{"baseUrl":"{url}","hashAlgorithm":"SHA2_256","publicKey":{{"rawBytes":"{key}","keyDetails":"PKIX_ED25519","validFor":{{{valid}}}}}}}"#
        )
    }

    fn outline(tlogs: &[String], ctlogs: &[String], signing: &[&str], now: &str) -> TrustOutline {
        let root = format!(r#"{{"tlogs":[{}],"ctlogs":[{}]}}"#, tlogs.join(","), ctlogs.join(","));
        let mut trust = FixedTrust::from_bytes("root", root.into_bytes())
            .unwrap()
            .in_force()
            .clone();
        let urls: Vec<String> = signing
            .iter()
            .map(|url| {
                format!(r#"{{"url":"{url}","majorApiVersion":2,"validFor":{{"start":"2026-01-01T00:00:00Z"}}}}"#)
            })
            .collect();
        let config = format!(r#"{{"rekorTlogUrls":[{}]}}"#, urls.join(","));
        trust.signing = vec![SigningConfig::parse(config.as_bytes()).unwrap()];
        TrustOutline::of(&trust, now.parse().unwrap())
    }

    #[track_caller]
    fn check(before: &TrustOutline, after: &TrustOutline, now: &str, expect: &[&str]) {
        assert_eq!(after.news(before, now.parse().unwrap()), expect);
    }

    #[test]
    fn logs_and_keys_come_and_go() {
        const NOW: &str = "2026-08-22T00:00:00Z";
        let since = r#""start":"2026-01-01T00:00:00Z""#;
        let ended = r#""start":"2026-01-01T00:00:00Z","end":"2026-08-01T00:00:00Z""#;
        let id = |key: &str| {
            let spki: &[u8] = if key == "AAAA" { &[0, 0, 0] } else { &[4, 16, 65] };
            Hash::of(spki).to_string()[..16].to_owned()
        };
        let one = log("https://one.example", KEYS[0], since);
        let before = outline(std::slice::from_ref(&one), &[], &["https://one.example"], NOW);
        check(&before, &before, NOW, &[]);

        let more = outline(
            &[one.clone(), log("https://one.example/", KEYS[1], since)],
            &[log("https://ct.example", KEYS[0], "")],
            &["https://one.example/", "https://balancer.example"],
            NOW,
        );
        let news = [
            "certificate log appeared: ct.example".to_owned(),
            format!("ct.example signs with key {}, valid without a bound", id(KEYS[0])),
            "one.example is read elsewhere: https://one.example/, was https://one.example".to_owned(),
            format!("key of one.example appeared: {}, valid from 2026-01-01T00:00:00Z", id(KEYS[1])),
            "a signing configuration sends clients to balancer.example, which the trusted root does not name: an address before other logs, or a log that nobody watches".to_owned(),
        ];
        check(
            &before,
            &more,
            NOW,
            &news.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        let back = [
            "certificate log disappeared: ct.example".to_owned(),
            "one.example is read elsewhere: https://one.example, was https://one.example/".to_owned(),
            format!("key of one.example disappeared: {}, valid from 2026-01-01T00:00:00Z", id(KEYS[1])),
            "balancer.example, to which a signing configuration sent clients, is in the trusted root now, or is used no longer".to_owned(),
        ];
        check(
            &more,
            &before,
            NOW,
            &back.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        let retired = outline(
            &[log("https://one.example", KEYS[0], ended)],
            &[],
            &["https://one.example"],
            NOW,
        );
        let end = format!(
            "key of one.example changed: {}, valid from 2026-01-01T00:00:00Z until 2026-08-01T00:00:00Z, was valid from 2026-01-01T00:00:00Z",
            id(KEYS[0])
        );
        check(&before, &retired, NOW, &[&end]);
    }

    #[test]
    fn a_key_that_becomes_valid_is_told_when_it_is_listed_and_a_week_before() {
        let start = r#""start":"2026-10-01T00:00:00Z""#;
        let at = |now: &str| outline(&[log("https://one.example", KEYS[0], start)], &[], &[], now);
        let [listed, before, soon, after] = [
            "2026-08-01T00:00:00Z",
            "2026-09-23T23:59:59Z",
            "2026-09-24T00:00:00Z",
            "2026-10-02T00:00:00Z",
        ];
        let empty = outline(&[], &[], &[], listed);
        assert_eq!(at(listed).news(&empty, listed.parse().unwrap()).len(), 2);
        check(&at(listed), &at(before), before, &[]);
        let told = at(soon).news(&at(before), soon.parse().unwrap());
        assert_eq!(told.len(), 1);
        assert!(
            told[0].ends_with("about to become valid on 2026-10-01T00:00:00Z"),
            "{told:?}"
        );
        check(&at(soon), &at(after), after, &[]);
    }
}
