//! Who else looks at a log: the `witness_policy:` of the deployment or of one log, and the `views:`.
//!
//! A policy stands in a file of its own, which whoever reads the configuration reads, too; here it is known by its name
//! until then. Nothing is asked of anybody.

use super::fields::{Fields, check_url};
use serde_json::Value;
use std::sync::Arc;
use tlog::Policy;

/// Views of one deployment: each is asked about its logs on every pass.
pub const MAX_VIEWS: usize = 32;

/// How a bucket is named: only what another sentinel publishes is read from one.
const BUCKET: &str = "s3://";

/// The longest name of a view; it stands in alerts and in the state.
const MAX_NAME_CHARS: usize = 100;

/// What becomes of a checkpoint that lacks the quorum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unmet {
    /// It is taken, and the watch is degraded.
    #[default]
    Degrade,
    /// It is not taken: unproven.
    Refuse,
}

/// A witness policy that the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessPolicy {
    /// Its file; a relative path is meant from the folder of the configuration.
    pub file: String,
    /// What becomes of a checkpoint that lacks the quorum.
    pub unmet: Unmet,
    /// What the file says: its text and its meaning; `None` until it was read.
    pub read: Option<Arc<ReadPolicy>>,
}

/// A policy file as it was read.
#[derive(Debug, PartialEq, Eq)]
pub struct ReadPolicy {
    /// The text, for the record of what was in force.
    pub text: String,
    /// What it says.
    pub policy: Policy,
}

/// What kind of observer a view is: where its checkpoints stand below its URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewKind {
    /// A witness's monitoring prefix (C2SP tlog-witness): `<SHA-256 of the origin>/checkpoint`.
    Witness,
    /// The transparency.dev distributor: `distributor/v0/logs/<log id>/checkpoint.<N>`.
    Distributor,
    /// The published state of another sentinel: `public/<log>/checkpoint`.
    Sentinel,
    /// A folder that holds `checkpoint`: a mirror, or a file that somebody puts there.
    Folder,
}

impl ViewKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Witness, Self::Distributor, Self::Sentinel, Self::Folder];

    /// The word that the configuration uses.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Witness => "witness",
            Self::Distributor => "distributor",
            Self::Sentinel => "sentinel",
            Self::Folder => "folder",
        }
    }
}

/// One item of `views:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewSettings {
    /// What alerts and the state call it.
    pub name: String,
    /// What it is.
    pub kind: ViewKind,
    /// Where it is read.
    pub url: String,
    /// The logs that it is asked about, each by its name or a part of it; empty is all.
    pub logs: Vec<String>,
    /// Of a distributor: so many witnesses' cosignatures its checkpoints have at least.
    pub witnesses: u32,
}

impl ViewSettings {
    /// Whether it is asked about the log of this name, which may be a shard of that server.
    #[must_use]
    pub fn is_of(&self, log: &str, server: Option<&str>) -> bool {
        let meant = |part: &String| log.contains(part.as_str()) || server.is_some_and(|server| server == part);
        self.logs.is_empty() || self.logs.iter().any(meant)
    }
}

pub(super) fn read_policy(fields: &mut Fields<'_, '_>) -> Option<WitnessPolicy> {
    let key = "witness_policy";
    let value = fields.take(key)?;
    if value.is_string() {
        let file = fields.text(key)?;
        return Some(WitnessPolicy {
            file,
            unmet: Unmet::default(),
            read: None,
        });
    }
    let path = fields.path(key);
    let mut policy = Fields::open(value, &path, &["file", "unmet"], fields.problems)?;
    let file = policy.required("file");
    let unmet = match policy.text("unmet").as_deref() {
        None => Unmet::default(),
        Some("degrade") => Unmet::Degrade,
        Some("refuse") => Unmet::Refuse,
        Some(other) => {
            let suggestion = rules::nearest(other, ["degrade", "refuse"]);
            policy.complain("unmet", "must be `degrade` or `refuse`".to_owned(), suggestion);
            Unmet::default()
        }
    };
    Some(WitnessPolicy {
        file: file?,
        unmet,
        read: None,
    })
}

/// The keys of one view.
pub(super) const VIEW_KEYS: &[&str] = &["name", "kind", "url", "log", "witnesses"];

pub(super) fn read_views(top: &mut Fields<'_, '_>) -> Vec<ViewSettings> {
    let mut views: Vec<ViewSettings> = Vec::new();
    for (path, value) in top.list("views") {
        let Some(mut item) = Fields::open(value, &path, VIEW_KEYS, top.problems) else {
            continue;
        };
        let Some(view) = read_view(&mut item) else { continue };
        if views.iter().any(|earlier| earlier.name == view.name) {
            let message = format!(
                "a view of the name `{}` is listed already; give one of them another",
                view.name
            );
            item.complain("", message, None);
        } else if views.len() >= MAX_VIEWS {
            item.complain("", format!("at most {MAX_VIEWS} views are asked"), None);
            break;
        } else {
            views.push(view);
        }
    }
    views
}

fn read_view(item: &mut Fields<'_, '_>) -> Option<ViewSettings> {
    let kind = read_kind(item);
    let url = item.required("url");
    let logs = read_logs(item);
    let witnesses = read_witnesses(item, kind);
    let (kind, url) = (kind?, url?);
    if kind == ViewKind::Sentinel && url.starts_with(BUCKET) {
        if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
            item.complain("url", "must hold no blanks".to_owned(), None);
        }
    } else {
        check_url(&url, item);
    }
    if kind == ViewKind::Folder && logs.is_empty() {
        let message = "a folder holds the checkpoint of one log: say which by `log`".to_owned();
        item.complain("", message, None);
    }
    let name = item.text("name").unwrap_or_else(|| url.clone());
    if name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        let message = format!("its name must be one line of at most {MAX_NAME_CHARS} characters");
        item.complain("name", message, None);
    }
    Some(ViewSettings {
        name,
        kind,
        url,
        logs,
        witnesses,
    })
}

fn read_kind(item: &mut Fields<'_, '_>) -> Option<ViewKind> {
    let text = item.required("kind")?;
    let kind = ViewKind::ALL.into_iter().find(|kind| kind.word() == text);
    if kind.is_none() {
        let suggestion = rules::nearest(&text, ViewKind::ALL.iter().map(|kind| kind.word()));
        item.complain("kind", format!("`{text}` is no kind of view"), suggestion);
    }
    kind
}

fn read_logs(item: &mut Fields<'_, '_>) -> Vec<String> {
    let texts: Option<Vec<String>> = match item.take("log") {
        None => Some(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        Some(value) => value.as_str().map(|text| vec![text.to_owned()]),
    };
    let named = texts.filter(|texts| texts.iter().all(|text| !text.trim().is_empty()));
    if named.is_none() {
        item.complain("log", "must be the name of a log, or a list of names".to_owned(), None);
    }
    named.unwrap_or_default()
}

fn read_witnesses(item: &mut Fields<'_, '_>, kind: Option<ViewKind>) -> u32 {
    let Some(value) = item.take("witnesses") else { return 1 };
    if kind.is_some_and(|kind| kind != ViewKind::Distributor) {
        item.complain(
            "witnesses",
            "only a distributor is asked for so many cosignatures".to_owned(),
            None,
        );
    }
    let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
    let count = count.filter(|count| *count <= 100);
    if count.is_none() {
        item.complain("witnesses", "must be a whole number from 0 to 100".to_owned(), None);
    }
    count.unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use crate::{Settings, Unmet, ViewKind};
    use serde_json::{Value, json};

    fn read(more: Value) -> Result<Settings, Vec<String>> {
        let mut config = json!({ "schema": 1 });
        let (Value::Object(config), Value::Object(more)) = (&mut config, more) else {
            panic!("objects")
        };
        config.extend(more);
        let problems = |problems: Vec<rules::Diagnostic>| {
            let words = problems
                .into_iter()
                .map(|problem| format!("{}: {}", problem.path, problem.message));
            words.collect()
        };
        Settings::from_value(&Value::Object(config.clone())).map_err(problems)
    }

    #[test]
    fn policies() {
        let policy = |value: Value| read(json!({ "witness_policy": value })).map(|read| read.witness_policy.unwrap());
        let short = policy(json!("p.txt")).unwrap();
        assert_eq!((short.file.as_str(), short.unmet), ("p.txt", Unmet::Degrade));
        assert_eq!(
            policy(json!({"file": "p", "unmet": "refuse"})).unwrap().unmet,
            Unmet::Refuse
        );
        let wrong = |value: Value, expect: &str| assert_eq!(policy(value).unwrap_err(), [expect]);
        wrong(json!(7), "witness_policy: must be a mapping of keys to values");
        wrong(json!({"unmet": "refuse"}), "witness_policy: `file` is missing");
        wrong(
            json!({"file": "p", "unmet": "refus"}),
            "witness_policy.unmet: must be `degrade` or `refuse`",
        );
        wrong(json!({"file": "p", "met": 1}), "witness_policy.met: unknown key `met`");
    }

    #[test]
    fn views() {
        let views = |items: Value| read(json!({ "views": items })).map(|read| read.views);
        let one = |item: Value| views(json!([item]));
        let dist =
            one(json!({"kind": "distributor", "url": "https://d.example", "witnesses": 2, "log": "log2025"})).unwrap();
        assert_eq!(
            (dist[0].name.as_str(), dist[0].kind, dist[0].witnesses),
            ("https://d.example", ViewKind::Distributor, 2)
        );
        assert!(dist[0].is_of("log2025-1.rekor.sigstore.dev", None) && !dist[0].is_of("log2026", None));
        let server =
            one(json!({"kind": "witness", "url": "https://w.example", "log": ["rekor.sigstore.dev"]})).unwrap();
        assert!(server[0].is_of("shard - 7", Some("rekor.sigstore.dev")) && !server[0].is_of("shard - 7", None));
        let bucket = one(json!({"kind": "sentinel", "url": "s3://bucket/folder"})).unwrap();
        assert_eq!(bucket[0].url, "s3://bucket/folder");
        let wrong = |item: Value, expect: &[&str]| assert_eq!(one(item).unwrap_err(), expect);
        wrong(
            json!({"kind": "sentinel", "url": "s3://bucket /"}),
            &["views[0].url: must hold no blanks"],
        );
        wrong(json!({"url": "https://w.example"}), &["views[0]: `kind` is missing"]);
        wrong(
            json!({"kind": "witnes", "url": "https://w.example"}),
            &["views[0].kind: `witnes` is no kind of view"],
        );
        wrong(json!({"kind": "witness"}), &["views[0]: `url` is missing"]);
        wrong(
            json!({"kind": "witness", "url": "s3://bucket"}),
            &["views[0].url: must begin with http://, https:// or file:/// and hold no blanks"],
        );
        wrong(
            json!({"kind": "folder", "url": "file:///srv"}),
            &["views[0]: a folder holds the checkpoint of one log: say which by `log`"],
        );
        wrong(
            json!({"kind": "witness", "url": "https://u:p@w.example", "log": 7, "witnesses": 1000}),
            &[
                "views[0].log: must be the name of a log, or a list of names",
                "views[0].witnesses: only a distributor is asked for so many cosignatures",
                "views[0].witnesses: must be a whole number from 0 to 100",
                "views[0].url: must hold no credentials, query or fragment",
            ],
        );
        let twice = json!({"kind": "witness", "url": "https://w.example"});
        assert_eq!(
            views(json!([twice, twice])).unwrap_err(),
            ["views[1]: a view of the name `https://w.example` is listed already; give one of them another"]
        );
    }
}
