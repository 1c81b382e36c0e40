//! What a configuration says, item by item, so that the next one can be told from it in words.
//!
//! The inventory keeps it beside the hash of the configuration in force. Items are known by their names; what an item
//! says stands for itself where it is short, and as its hash where it is not. No URL and no key is kept.

use crate::settings::{
    Exclusion, LedgerSettings, Limit, Limits, LogSettings, Position, Settings, TrustChoice, TufChoice, Unmet,
    WitnessPolicy,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tlog::Hash;

/// Items of one sort that are kept; a configuration with more is told by its text alone.
const MAX_ITEMS: usize = 2_000;

/// Characters of a name or a value.
const MAX_CHARS: usize = 200;

/// The items of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// Rules by name.
    #[serde(default)]
    pub rules: BTreeMap<String, Item>,
    /// Items of `logs:` by origin.
    #[serde(default)]
    pub logs: BTreeMap<String, Item>,
    /// Items of `exclude:` by log.
    #[serde(default)]
    pub exclude: BTreeMap<String, Item>,
    /// All else, by path.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

/// What an item says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// A word of it, for people.
    pub word: String,
    /// SHA-256 over all of it.
    pub hash: Hash,
}

impl Item {
    fn new(word: &str, whole: &str) -> Self {
        Self {
            word: short(word),
            hash: Hash::of(whole.as_bytes()),
        }
    }
}

impl Outline {
    /// Of a configuration; `None` if it has too many items.
    #[must_use]
    pub fn of(settings: &Settings) -> Option<Self> {
        let rule = |rule: &rules::RuleSpec| {
            let whole = serde_json::to_string(rule).unwrap_or_default();
            (short(&rule.name), Item::new(rule.severity.word(), &whole))
        };
        let outline = Self {
            rules: settings.rules.specs().iter().map(rule).collect(),
            logs: settings.logs.iter().map(|own| log(own, &settings.limits)).collect(),
            exclude: settings.exclude.iter().map(exclusion).collect(),
            settings: the_rest(settings),
        };
        let items = [outline.rules.len(), outline.logs.len(), outline.exclude.len()];
        items.iter().all(|count| *count <= MAX_ITEMS).then_some(outline)
    }

    /// What differs from the configuration before, in words: what is gone first, for it is watched no longer.
    #[must_use]
    pub fn changes(&self, before: &Self) -> Vec<String> {
        let mut words = [Vec::new(), Vec::new(), Vec::new()];
        compare("rule", &before.rules, &self.rules, &mut words);
        compare("log", &before.logs, &self.logs, &mut words);
        compare("exclusion", &before.exclude, &self.exclude, &mut words);
        let [mut words, changed, added] = words;
        words.extend(changed);
        let absent = "not set".to_owned();
        let paths: std::collections::BTreeSet<&String> = self.settings.keys().chain(before.settings.keys()).collect();
        for path in paths {
            let (was, is) = (before.settings.get(path), self.settings.get(path));
            if was != is {
                words.push(format!(
                    "{path}: {}, was {}",
                    is.unwrap_or(&absent),
                    was.unwrap_or(&absent)
                ));
            }
        }
        words.extend(added);
        if words.is_empty() {
            words.push("only comments, order or layout".to_owned());
        }
        words
    }
}

/// Into what is gone, changed and added.
fn compare(
    noun: &str,
    before: &BTreeMap<String, Item>,
    now: &BTreeMap<String, Item>,
    [gone, changed, added]: &mut [Vec<String>; 3],
) {
    for (name, was) in before {
        match now.get(name) {
            None => gone.push(format!("{noun} removed: {name} ({})", was.word)),
            Some(is) if is.hash != was.hash && is.word != was.word => {
                changed.push(format!("{noun} changed: {name} ({}, was {})", is.word, was.word));
            }
            Some(is) if is.hash != was.hash => changed.push(format!("{noun} changed: {name} ({})", is.word)),
            Some(_) => {}
        }
    }
    for (name, is) in now.iter().filter(|(name, _)| !before.contains_key(*name)) {
        added.push(format!("{noun} added: {name} ({})", is.word));
    }
}

/// The file, what it asks for, and what becomes of a checkpoint without it. Another text is another hash.
fn witness_policy(policy: &WitnessPolicy) -> String {
    let unmet = match policy.unmet {
        Unmet::Degrade => "degrade",
        Unmet::Refuse => "refuse",
    };
    let read = policy
        .read
        .as_ref()
        .map(|read| Hash::of(read.text.as_bytes()).to_string());
    let hash = read.as_deref().and_then(|hash| hash.get(..16)).unwrap_or("not read");
    short(&format!("{} ({hash}), unmet: {unmet}", policy.file))
}

/// A log without what it has in common with all others.
fn log(log: &LogSettings, common: &Limits) -> (String, Item) {
    let keys = serde_json::to_string(&log.keys).unwrap_or_default();
    let from = log.from.map_or_else(|| "by default".to_owned(), position);
    let own = limits(&log.limits).into_iter().zip(limits(common));
    let own = own.filter(|(own, common)| own != common);
    let limits: Vec<String> = own.map(|((name, value), _)| format!("{name} {value}")).collect();
    let policy = log.witness_policy.as_ref().map(witness_policy).unwrap_or_default();
    let whole = format!(
        "{} {} {keys} {from} {}{policy}",
        log.url,
        log.kind.word(),
        limits.join(" ")
    );
    (short(&log.origin), Item::new(log.kind.word(), &whole))
}

fn exclusion(exclusion: &Exclusion) -> (String, Item) {
    let until = exclusion
        .until
        .map_or_else(|| "for good".to_owned(), |until| format!("until {until}"));
    let whole = format!("{} {until}", exclusion.reason);
    (
        short(&exclusion.log),
        Item::new(&format!("{until}: {}", exclusion.reason), &whole),
    )
}

fn the_rest(settings: &Settings) -> BTreeMap<String, String> {
    let trust = match &settings.trust {
        TrustChoice::Public => "the public trusted root".to_owned(),
        TrustChoice::TrustedRoot(file) => short(file),
        TrustChoice::Tuf(TufChoice::Production) => "Sigstore's production repository".to_owned(),
        TrustChoice::Tuf(TufChoice::Staging) => "Sigstore's staging repository".to_owned(),
        TrustChoice::Tuf(TufChoice::Own { url, root }) => format!(
            "the TUF repository of the URL with hash {:.16}, from the root in {}",
            Hash::of(url.as_bytes()).to_string(),
            short(root)
        ),
    };
    let word = |wish: Option<bool>| match wish {
        None => "by default",
        Some(true) => "yes",
        Some(false) => "no",
    };
    let mut rest: BTreeMap<String, String> = limits(&settings.limits)
        .into_iter()
        .map(|(name, value)| (format!("limits.{name}"), value))
        .collect();
    if let Some(policy) = &settings.witness_policy {
        rest.insert("witness_policy".to_owned(), witness_policy(policy));
    }
    for view in &settings.views {
        let logs = if view.logs.is_empty() {
            "all logs".to_owned()
        } else {
            view.logs.join(", ")
        };
        // Its name may be its URL, and URLs are not kept.
        let name = if view.name == view.url {
            short(&Hash::of(view.url.as_bytes()).to_string())
        } else {
            short(&view.name)
        };
        rest.insert(
            format!("views.{name}"),
            short(&format!("{} of {logs}", view.kind.word())),
        );
    }
    for ledger in &settings.ledgers {
        rest.insert(format!("ledgers.{}", short(&ledger.name)), of_ledger(ledger));
    }
    rest.insert("limits.max_alerts".to_owned(), settings.max_alerts.to_string());
    rest.insert("from".to_owned(), position(settings.from));
    rest.insert("trust".to_owned(), trust);
    rest.insert("reports.welcome".to_owned(), word(settings.reports.welcome).to_owned());
    rest.insert("reports.weekly".to_owned(), word(settings.reports.weekly).to_owned());
    rest
}

/// Another place or key is another hash.
fn of_ledger(ledger: &LedgerSettings) -> String {
    let keys = serde_json::to_string(&ledger.keys).unwrap_or_default();
    let hash = Hash::of(format!("{} {keys}", ledger.place).as_bytes()).to_string();
    let signed = if ledger.keys.is_empty() { "not signed" } else { "signed" };
    format!(
        "{signed}, grace {}, window {}, place and keys with hash {:.16}",
        Limit::After(ledger.grace_secs).written(),
        Limit::After(ledger.window_secs).written(),
        hash
    )
}

fn limits(limits: &Limits) -> [(&'static str, String); 5] {
    [
        ("max_lag", limits.max_lag.written()),
        ("no_growth", limits.no_growth.written()),
        ("unproven_after", limits.unproven_after.written()),
        ("partial_wait", limits.partial_wait.written()),
        ("trust_grace", limits.trust_grace.written()),
    ]
}

fn position(position: Position) -> String {
    match position {
        Position::Head => "head".to_owned(),
        Position::Index(index) => index.to_string(),
    }
}

fn short(text: &str) -> String {
    alerts::text::escape(&alerts::text::without_passwords(text), MAX_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEY: &str = "log2025-1.rekor.sigstore.dev+cf119915+AbfK5adZJxsI323FwGD2AJJ9F4i89cfDuLdGJBIYntuO";

    fn outline(config: &serde_json::Value) -> Outline {
        Outline::of(&Settings::from_value(config).unwrap()).unwrap()
    }

    #[test]
    fn every_difference_has_words() {
        let rule =
            |name: &str, san: &str, severity: &str| json!({"name": name, "match": {"san": san}, "severity": severity});
        let log = |from: u64| json!({"url": "https://log2025-1.rekor.sigstore.dev", "kind": "rekor-v2", "key": KEY, "from": from});
        let before = outline(&json!({
            "schema": 1, "logs": [log(0)], "limits": {"max_lag": "90m"},
            "exclude": [{"log": "old", "reason": "retired"}, {"log": "kept", "reason": "a", "until": "2027-01-01"}],
            "rules": [rule("gone", "a", "high"), rule("same", "b", "high"), rule("quieter", "c", "high")],
        }));
        let now = outline(&json!({
            "schema": 1, "logs": [log(7)], "limits": {"max_lag": "2d", "max_alerts": 5}, "from": 0,
            "exclude": [{"log": "kept", "reason": "b", "until": "2027-01-01"}], "reports": {"weekly": false},
            "rules": [rule("same", "b", "high"), rule("quieter", "c", "low"), rule("new", "d", "medium")],
        }));
        let expect = [
            "rule removed: gone (high)",
            "exclusion removed: old (for good: retired)",
            "rule changed: quieter (low, was high)",
            "log changed: log2025-1.rekor.sigstore.dev (rekor-v2)",
            "exclusion changed: kept (until 2027-01-01T00:00:00Z: b, was until 2027-01-01T00:00:00Z: a)",
            "from: 0, was head",
            "limits.max_alerts: 5, was 100",
            "limits.max_lag: 2d, was 90m",
            "reports.weekly: no, was by default",
            "rule added: new (medium)",
        ];
        assert_eq!(now.changes(&before), expect);
        assert_eq!(now.changes(&now), ["only comments, order or layout"]);
    }

    #[test]
    fn neither_urls_nor_keys_nor_passwords_are_kept() {
        let kept = outline(&json!({
            "schema": 1,
            "logs": [{"url": "https://log2025-1.rekor.sigstore.dev/deep", "origin": "log2025-1.rekor.sigstore.dev", "kind": "tlog", "key": KEY}],
            "exclude": [{"log": "https://u:p@x", "reason": "https://me:secret@x"}],
        }));
        let kept = serde_json::to_string(&kept).unwrap();
        assert!(
            !kept.contains("AbfK5") && !kept.contains("deep") && !kept.contains("secret") && !kept.contains("u:p"),
            "{kept}"
        );
    }
}
