//! The `logs:` block: logs that the trusted root does not know, and what differs for those that it does.

use super::fields::{Fields, check_url};
use super::observers::{WitnessPolicy, read_policy};
use super::{Limits, Position, limits};
use crate::names::{MAX_ORIGIN_BYTES, is_name};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tlog::{KeyIdRule, VerifierKey};

/// The protocol and the leaves of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogKind {
    /// A Rekor v1 server, and each of its shards: trees over JSON, Rekor v1 bodies.
    RekorV1,
    /// A Rekor v2 shard: tiles, Rekor v2 leaves.
    RekorV2,
    /// An RFC 6962 log. Known, not read by this version.
    Ct,
    /// A static-ct log. Known, not read by this version.
    StaticCt,
    /// Any C2SP tiled log: leaves are opaque and match by digest.
    Tlog,
}

impl LogKind {
    /// The word that the configuration uses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::RekorV1 => "rekor-v1",
            Self::RekorV2 => "rekor-v2",
            Self::Ct => "ct",
            Self::StaticCt => "static-ct",
            Self::Tlog => "tlog",
        }
    }

    /// How the leaves of this kind are decoded, where this version does so.
    #[must_use]
    pub fn leaves(self) -> Option<sigstore::LeafKind> {
        match self {
            Self::RekorV1 => Some(sigstore::LeafKind::RekorV1),
            Self::RekorV2 => Some(sigstore::LeafKind::RekorV2),
            Self::Tlog => Some(sigstore::LeafKind::Opaque),
            Self::Ct | Self::StaticCt => None,
        }
    }

    pub(super) const ALL: [Self; 5] = [Self::RekorV1, Self::RekorV2, Self::Ct, Self::StaticCt, Self::Tlog];
}

/// One item of `logs:`.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// Where it is read.
    pub url: String,
    /// What it speaks.
    pub kind: LogKind,
    /// Its name, and the first line of its checkpoints.
    pub origin: String,
    /// Its keys; empty where the trusted root is to know them.
    pub keys: Vec<VerifierKey>,
    /// Where its first span begins; `None` leaves it to the rule for all.
    pub from: Option<Position>,
    /// Its limits.
    pub limits: Limits,
    /// The policy that holds for it instead of the one for all.
    pub witness_policy: Option<WitnessPolicy>,
}

pub(super) const KEYS: &[&str] = &["url", "kind", "origin", "key", "from", "limits", "witness_policy"];

pub(super) fn read_logs(top: &mut Fields<'_, '_>, limits: Limits) -> Vec<LogSettings> {
    let mut logs: Vec<LogSettings> = Vec::new();
    for (path, value) in top.list("logs") {
        let Some(log) = read_log(value, &path, limits, top) else {
            continue;
        };
        if logs.iter().any(|earlier| earlier.origin == log.origin) {
            let message = format!(
                "a log of the origin `{}` is listed already; origins are the names of logs",
                log.origin
            );
            top.problems.push(rules::Diagnostic {
                path,
                message,
                suggestion: None,
            });
            continue;
        }
        logs.push(log);
    }
    logs
}

fn read_log(value: &Value, path: &str, limits: Limits, top: &mut Fields<'_, '_>) -> Option<LogSettings> {
    let mut log = Fields::open(value, path, KEYS, top.problems)?;
    let url = log.required("url");
    let kind = read_kind(&mut log);
    let origin = log.text("origin");
    let from = log.position("from");
    let witness_policy = read_policy(&mut log);
    let (url, kind) = (url?, kind?);
    check_url(&url, &mut log);
    if kind == LogKind::RekorV1 && url.starts_with("file:") {
        log.complain(
            "url",
            "a Rekor v1 server is no folder: give it an http:// or https:// URL".to_owned(),
            None,
        );
    }
    let (origin, keys) = read_keys(&mut log, origin, &url, kind)?;
    check_origin(&origin, &mut log);
    let limits = log.take("limits").map_or(limits, |value| {
        limits::read(value, &format!("{path}.limits"), limits::OF_A_LOG, limits, log.problems)
    });
    Some(LogSettings {
        url,
        kind,
        origin,
        keys,
        from,
        limits,
        witness_policy,
    })
}

fn read_kind(log: &mut Fields<'_, '_>) -> Option<LogKind> {
    let text = log.required("kind")?;
    let Some(kind) = LogKind::ALL.into_iter().find(|kind| kind.word() == text) else {
        let suggestion = rules::nearest(&text, LogKind::ALL.iter().map(|kind| kind.word()));
        log.complain("kind", format!("`{text}` is no kind of log"), suggestion);
        return None;
    };
    if kind.leaves().is_none() {
        log.complain(
            "kind",
            format!("this version does not read logs of kind `{text}` yet"),
            None,
        );
        return None;
    }
    Some(kind)
}

fn check_origin(origin: &str, log: &mut Fields<'_, '_>) {
    if !is_name(origin) {
        log.complain(
            "origin",
            format!(
                "must be one line of at most {MAX_ORIGIN_BYTES} bytes, with every special character counted as three"
            ),
            None,
        );
    }
}

/// The origin and the keys, each of which may tell the other: a vkey carries its name, a PEM key has the origin's. A Rekor
/// v1 server cuts the id of every key from the SHA-256 of its SubjectPublicKeyInfo.
fn read_keys(
    log: &mut Fields<'_, '_>,
    origin: Option<String>,
    url: &str,
    kind: LogKind,
) -> Option<(String, Vec<VerifierKey>)> {
    let rule = if kind == LogKind::RekorV1 {
        KeyIdRule::Spki
    } else {
        KeyIdRule::Note
    };
    let texts = key_texts(log)?;
    let named = texts
        .iter()
        .find_map(|(_, text)| VerifierKey::from_vkey(text.trim()).ok());
    let origin = origin
        .or_else(|| named.map(|key| key.name().to_owned()))
        .unwrap_or_else(|| {
            url.split("://")
                .nth(1)
                .unwrap_or(url)
                .trim_end_matches('/')
                .trim_end_matches("/api/v2")
                .to_owned()
        });
    let mut keys = Vec::new();
    for (key, text) in texts {
        let read = if text.contains("-----BEGIN") {
            VerifierKey::from_pem(&origin, &text, rule)
        } else {
            VerifierKey::from_vkey(text.trim())
        };
        match read {
            Ok(key) => keys.push(key),
            Err(error) => log.complain(&key, format!("neither a C2SP vkey nor a PEM public key: {error}"), None),
        }
    }
    Some((origin, keys))
}

fn key_texts(log: &mut Fields<'_, '_>) -> Option<Vec<(String, String)>> {
    match log.take("key") {
        None => Some(Vec::new()),
        Some(Value::String(text)) => Some(vec![("key".to_owned(), text.clone())]),
        Some(Value::Array(items)) => {
            let text = |(at, item): (usize, &Value)| item.as_str().map(|text| (format!("key[{at}]"), text.to_owned()));
            let texts: Option<Vec<_>> = items.iter().enumerate().map(text).collect();
            if texts.is_none() {
                log.complain("key", "must be a key or a list of keys".to_owned(), None);
            }
            texts
        }
        Some(_) => {
            log.complain(
                "key",
                "must be a C2SP vkey, a PEM public key, or a list of them".to_owned(),
                None,
            );
            None
        }
    }
}
