//! `ledgers:`: where the release process records what is to be expected. Nothing is asked of any of them here.

use super::duration::parse_duration;
use super::fields::Fields;
use rules::{Diagnostic, RuleSet, at_key};
use serde_json::Value;
use tlog::{KeyIdRule, VerifierKey};

/// The name on the signature lines of a signed record, and with it of the keys of a ledger.
pub const LEDGER_KEY_NAME: &str = "rekor-sentinel/ledger";

/// The longest name of a ledger; it is part of the names of objects.
const MAX_NAME_CHARS: usize = 64;

/// Keys of one ledger: those of a team, old and new.
const MAX_KEYS: usize = 16;

/// How long a match waits for its record, where nothing else is said: a release takes minutes.
const DEFAULT_GRACE_SECS: u64 = 15 * 60;

/// How long after its record an entry may appear, where nothing else is said.
const DEFAULT_WINDOW_SECS: u64 = 86_400;

/// A finding that waits is told to nobody: not for longer than a week.
const MAX_GRACE_SECS: u64 = 7 * 86_400;

/// Every day of the window is one more listing for a match: a month of them.
const MAX_WINDOW_SECS: u64 = 31 * 86_400;

/// One item of `ledgers:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerSettings {
    /// What rules, alerts and the state call it.
    pub name: String,
    /// A folder, or `s3://BUCKET/FOLDER`. Whoever reads the configuration makes a relative folder an absolute one.
    pub place: String,
    /// If there are any, only records that one of them signed count.
    pub keys: Vec<VerifierKey>,
    /// So many seconds a match waits for its record, and so much later than the entry a record may be.
    pub grace_secs: u64,
    /// So many seconds after its record an entry may appear; a record without one by then is missing.
    pub window_secs: u64,
}

impl LedgerSettings {
    /// Whether it stands in a bucket.
    #[must_use]
    pub fn is_bucket(&self) -> bool {
        self.place.starts_with("s3://")
    }
}

/// The keys of one ledger.
pub(super) const LEDGER_KEYS: &[&str] = &["name", "place", "key", "grace", "window"];

pub(super) fn read_ledgers(top: &mut Fields<'_, '_>) -> Vec<LedgerSettings> {
    let mut ledgers: Vec<LedgerSettings> = Vec::new();
    for (path, value) in top.list("ledgers") {
        let Some(mut item) = Fields::open(value, &path, LEDGER_KEYS, top.problems) else {
            continue;
        };
        let Some(ledger) = read_ledger(&mut item) else { continue };
        if ledgers.iter().any(|earlier| earlier.name == ledger.name) {
            let message = format!("a ledger of the name `{}` is listed already", ledger.name);
            item.complain("name", message, None);
        } else if ledgers.len() >= rules::MAX_LEDGERS {
            item.complain("", format!("at most {} ledgers are read", rules::MAX_LEDGERS), None);
            break;
        } else {
            ledgers.push(ledger);
        }
    }
    ledgers
}

fn read_ledger(item: &mut Fields<'_, '_>) -> Option<LedgerSettings> {
    let name = item.required("name");
    let place = item.required("place");
    let keys = read_keys(item);
    let grace_secs = read_time(item, "grace", DEFAULT_GRACE_SECS, MAX_GRACE_SECS);
    let window_secs = read_time(item, "window", DEFAULT_WINDOW_SECS, MAX_WINDOW_SECS);
    let (name, place) = (name?, place?);
    if !is_name(&name) {
        let message = format!(
            "must be 1 to {MAX_NAME_CHARS} characters of a-z, A-Z, 0-9, `-`, `_` and `.`, and begin with a letter"
        );
        item.complain("name", message, None);
    }
    let is_url = place.contains("://") && !place.starts_with("s3://");
    if is_url || place.chars().any(char::is_control) {
        item.complain("place", "must be a folder, or s3://BUCKET/FOLDER".to_owned(), None);
    }
    Some(LedgerSettings {
        name,
        place,
        keys,
        grace_secs,
        window_secs,
    })
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    begins && name.len() <= MAX_NAME_CHARS && name.bytes().all(fits)
}

fn read_keys(item: &mut Fields<'_, '_>) -> Vec<VerifierKey> {
    let texts: Vec<Option<&str>> = match item.take("key") {
        None => return Vec::new(),
        Some(Value::Array(items)) => items.iter().map(Value::as_str).collect(),
        Some(value) => vec![value.as_str()],
    };
    if texts.is_empty() || texts.len() > MAX_KEYS {
        item.complain(
            "key",
            format!("must be one public key in PEM, or a list of 1 to {MAX_KEYS}"),
            None,
        );
    }
    let is_list = item.take("key").is_some_and(Value::is_array);
    let mut keys = Vec::new();
    for (at, text) in texts.into_iter().enumerate().take(MAX_KEYS) {
        let read = text.map(|text| VerifierKey::from_pem(LEDGER_KEY_NAME, text, KeyIdRule::Note));
        let message = match read {
            Some(Ok(key)) => {
                keys.push(key);
                continue;
            }
            Some(Err(error)) => format!("is no public key in PEM: {error}"),
            None => "must be a public key in PEM".to_owned(),
        };
        let path = item.path("key");
        item.problems.push(Diagnostic {
            path: if is_list { format!("{path}[{at}]") } else { path },
            message,
            suggestion: None,
        });
    }
    keys
}

fn read_time(item: &mut Fields<'_, '_>, key: &str, default: u64, most: u64) -> u64 {
    let Some(value) = item.take(key) else { return default };
    let secs = value.as_str().and_then(parse_duration).filter(|secs| *secs <= most);
    if secs.is_none() {
        let message = format!(
            "must be a duration such as `90s`, `15m` or `1h`, and at most `{}d`",
            most / 86_400
        );
        item.complain(key, message, None);
    }
    secs.unwrap_or(default)
}

/// Ledgers that rules name and that are not listed.
pub(super) fn unknown(rules: &RuleSet, ledgers: &[LedgerSettings]) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (rule, spec) in rules.specs().iter().enumerate() {
        for (at, allowance) in spec.allow.iter().enumerate() {
            let Some(name) = &allowance.ledger else { continue };
            if ledgers.iter().any(|ledger| ledger.name == *name) {
                continue;
            }
            problems.push(Diagnostic {
                path: at_key(&format!("rules[{rule}].allow[{at}]"), "ledger"),
                message: format!("`{name}` is not listed under `ledgers`"),
                suggestion: rules::nearest(name, ledgers.iter().map(|ledger| ledger.name.as_str())),
            });
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use crate::Settings;
    use serde_json::{Value, json};

    const PEM: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";

    fn read(ledgers: &Value, allow: &Value) -> Result<Settings, Vec<(String, String, Option<String>)>> {
        let config = json!({"schema": 1, "ledgers": ledgers,
            "rules": [{"name": "r", "match": {"san": "a"}, "allow": allow}]});
        let plain = |problem: rules::Diagnostic| (problem.path, problem.message, problem.suggestion);
        Settings::from_value(&config).map_err(|problems| problems.into_iter().map(plain).collect())
    }

    #[test]
    fn ledgers() {
        let both = json!([
            {"name": "releases", "place": "./ledger", "key": PEM, "grace": "5m", "window": "2d"},
            {"name": "s", "place": "s3://bucket/ledger"},
        ]);
        let settings = read(&both, &json!([{"ledger": "releases"}])).unwrap();
        let [first, second] = settings.ledgers.as_slice() else {
            panic!()
        };
        assert_eq!(
            (first.grace_secs, first.window_secs, first.keys.len()),
            (300, 172_800, 1)
        );
        assert_eq!(
            (second.grace_secs, second.window_secs, second.keys.len()),
            (900, 86_400, 0)
        );
        assert!(second.is_bucket() && !first.is_bucket());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |ledger: Value, path: &str, message: &str| {
            let problems = read(&json!([ledger]), &json!([])).unwrap_err();
            let [(found, words, _)] = problems.as_slice() else {
                panic!("{problems:?}")
            };
            assert_eq!((found.as_str(), words.as_str()), (path, message));
        };
        wrong(json!({"name": "r"}), "ledgers[0]", "`place` is missing");
        wrong(json!({"place": "p"}), "ledgers[0]", "`name` is missing");
        wrong(
            json!({"name": "r", "place": "p", "keys": PEM}),
            "ledgers[0].keys",
            "unknown key `keys`",
        );
        let name = "must be 1 to 64 characters of a-z, A-Z, 0-9, `-`, `_` and `.`, and begin with a letter";
        for bad in ["a/b", "..", "1a", "ä", &"a".repeat(65)] {
            wrong(json!({"name": bad, "place": "p"}), "ledgers[0].name", name);
        }
        for bad in ["https://x", "file:///x"] {
            wrong(
                json!({"name": "r", "place": bad}),
                "ledgers[0].place",
                "must be a folder, or s3://BUCKET/FOLDER",
            );
        }
        let grace = "must be a duration such as `90s`, `15m` or `1h`, and at most `7d`";
        for bad in [json!("never"), json!("8d"), json!(900), json!("x")] {
            wrong(
                json!({"name": "r", "place": "p", "grace": bad}),
                "ledgers[0].grace",
                grace,
            );
        }
        wrong(
            json!({"name": "r", "place": "p", "window": "32d"}),
            "ledgers[0].window",
            "must be a duration such as `90s`, `15m` or `1h`, and at most `31d`",
        );
        wrong(
            json!({"name": "r", "place": "p", "key": [PEM, 7]}),
            "ledgers[0].key[1]",
            "must be a public key in PEM",
        );
        let problems = read(&json!([{"name": "r", "place": "p", "key": "PEM"}]), &json!([])).unwrap_err();
        assert!(problems[0].0 == "ledgers[0].key" && problems[0].1.starts_with("is no public key in PEM: "));
        let one = json!({"name": "r", "place": "p"});
        let problems = read(&json!([one, one]), &json!([])).unwrap_err();
        assert_eq!(problems[0].1, "a ledger of the name `r` is listed already");
    }

    #[test]
    fn an_unknown_ledger_is_an_error_with_the_nearest() {
        let allow = json!([{"san": "a"}, {"ledger": "release"}]);
        let problems = read(&json!([{"name": "releases", "place": "p"}]), &allow).unwrap_err();
        let expect = (
            "rules[0].allow[1].ledger".to_owned(),
            "`release` is not listed under `ledgers`".to_owned(),
            Some("releases".to_owned()),
        );
        assert_eq!(problems, [expect]);
        assert!(read(&json!(null), &allow).is_err());
    }
}
