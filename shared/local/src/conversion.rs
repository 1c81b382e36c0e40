//! rekor-monitor's configuration, turned into a `sentinel.yaml` whose rules say the same, anchored where they plainly may
//! be. Pure text: what comes out is read by our own parser before anybody sees it, and means what was meant.

use crate::yaml::{self, Document};
use alerts::text::escape;
use pass::Settings;
use rules::{MONITORED_VALUES, Matcher, RuleSpec, Tightened};
use serde_json::{Map, Value};

/// A converted configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// The text of a `sentinel.yaml`.
    pub text: String,
    /// How many rules are in it.
    pub rules: usize,
    /// What matches less than it did.
    pub tightened: Vec<String>,
    /// What still matches any part of a value.
    pub open: Vec<String>,
    /// What stands in the file and not in the text, and what takes its place.
    pub left_out: Vec<String>,
}

/// Why there is no conversion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotConverted {
    /// The file is wrong; with every problem, its line, column and caret.
    #[error("{0}")]
    Broken(String),
    /// It is one of ours.
    #[error("has a `schema`, so it is a sentinel.yaml: `{MONITORED_VALUES}` keeps its meaning there as it is")]
    Ours,
    /// It names nobody.
    #[error("has no `{MONITORED_VALUES}`: there is nobody to watch for")]
    Nobody,
    /// The written text does not read as the rules that it was made of; a fault of ours.
    #[error("the rules cannot be written so that they read back the same")]
    NotTheSame,
}

/// The other keys of such a file, and what takes their place.
const OTHERS: [(&str, &str); 14] = [
    ("startIndex", "`from:` says where the logs begin"),
    ("endIndex", "a pass reads to the head; `scan --from --to` reads a range"),
    (
        "outputIdentities",
        "findings are kept in the store; `--sink file:PATH` writes alerts to a file",
    ),
    ("outputIdentitiesFormat", "`run --json` prints JSON"),
    ("logInfoFile", "heads are kept in the store"),
    ("identityMetadataFile", "positions are kept in the store"),
    ("githubIssue", "alerts go to sinks: see `run --sink`"),
    ("emailNotificationSMTP", "alerts go to sinks: see `run --sink`"),
    ("emailNotificationMailgun", "alerts go to sinks: see `run --sink`"),
    ("emailNotificationSendGrid", "alerts go to sinks: see `run --sink`"),
    (
        "caRootsFile",
        "`trust:` says which logs and authorities are trusted; an entry is told whoever issued it",
    ),
    (
        "caIntermediatesFile",
        "`trust:` says which logs and authorities are trusted",
    ),
    ("ctShards", "`logs:` lists logs beside those of the trusted root"),
    ("serverURL", "`logs:` lists logs beside those of the trusted root"),
];

/// Keys of the block itself, which some files have at the top.
const BLOCK: [&str; 4] = ["certIdentities", "subjects", "fingerprints", "oidMatchers"];

/// Converts the text of a file of this name.
///
/// # Errors
/// [`NotConverted`].
pub fn convert(file: &str, text: &str) -> Result<Conversion, NotConverted> {
    let document = parse(file, text)?;
    let Value::Object(top) = &document.value else {
        return Err(NotConverted::Nobody);
    };
    if top.contains_key("schema") {
        return Err(NotConverted::Ours);
    }
    if let Some((path, inner)) = workflow(top) {
        return convert(&format!("{file}: {path}"), inner);
    }
    let mut left_out = Vec::new();
    let watched = match top.get(MONITORED_VALUES) {
        Some(Value::String(inner)) => {
            let place = format!("{file}: {MONITORED_VALUES}");
            let document = parse(&place, inner)?;
            // With its own name above it or without.
            watched(&place, inner, &document)?
        }
        Some(Value::Null) => return Err(NotConverted::Nobody),
        None if !BLOCK.iter().any(|key| top.contains_key(*key)) => return Err(NotConverted::Nobody),
        Some(_) | None => watched(file, text, &document)?,
    };
    let is_block = !top.contains_key(MONITORED_VALUES);
    for key in top.keys().filter(|key| *key != MONITORED_VALUES && !is_block) {
        let other = OTHERS.iter().find(|(known, _)| known == key);
        let why = other.map_or("not a key of rekor-monitor's configuration", |(_, why)| why);
        left_out.push(format!("{}: {why}", escape(key, SHOWN)));
    }
    if watched.is_empty() {
        return Err(NotConverted::Nobody);
    }
    let text = written(file, &watched);
    if !reads_as(&text, &watched) {
        return Err(NotConverted::NotTheSame);
    }
    let all = |of: fn(&Tightened) -> &Vec<String>| watched.iter().flat_map(of).map(|it| escape(it, SHOWN)).collect();
    Ok(Conversion {
        rules: watched.len(),
        tightened: all(|rule| &rule.tightened),
        open: all(|rule| &rule.open),
        left_out,
        text,
    })
}

/// Characters of a user's expression that are shown.
const SHOWN: usize = 400;

/// The configuration that a workflow of GitHub hands to rekor-monitor's own: `with.config` of its first such job.
fn workflow(top: &Map<String, Value>) -> Option<(String, &str)> {
    let jobs = top.get("jobs")?.as_object()?.iter();
    let mut given = jobs.filter_map(|(name, job)| Some((name, job.get("with")?.get("config")?.as_str()?)));
    given
        .find(|(_, text)| text.contains(MONITORED_VALUES))
        .map(|(name, text)| (format!("{}.with.config", rules::at_key("jobs", name)), text))
}

fn parse(file: &str, text: &str) -> Result<Document, NotConverted> {
    yaml::parse(text).map_err(|problem| NotConverted::Broken(yaml::render_problem(file, text, &problem)))
}

/// The rules of a document that is the block, or has it under its name.
fn watched(file: &str, text: &str, document: &Document) -> Result<Vec<Tightened>, NotConverted> {
    let named = document.value.get(MONITORED_VALUES);
    let found = rules::monitored(named.unwrap_or(&document.value)).map_err(|mut problems| {
        if named.is_none() {
            for problem in &mut problems {
                let path = problem.path.strip_prefix(MONITORED_VALUES).unwrap_or(&problem.path);
                problem.path = path.strip_prefix('.').unwrap_or(path).to_owned();
            }
        }
        NotConverted::Broken(yaml::render(file, text, &document.places, &problems))
    })?;
    Ok(found.iter().map(rules::tighten).collect())
}

fn written(file: &str, rules: &[Tightened]) -> String {
    let mut out = format!(
        "# Rekor Sentinel: what to watch, and for whom. Made of {} by `rekor-sentinel convert`.\nschema: 1\n\n# Where to begin with the logs that are known at the first pass: head (entries from now on), or 0 (everything).\nfrom: head\n\nrules:\n",
        escape(file, SHOWN)
    );
    for rule in rules {
        let spec = &rule.spec;
        out += &format!("  - name: {}\n", quoted(&spec.name));
        for line in &rule.written {
            out += &format!("    # was {}\n", escape(line, SHOWN));
        }
        for line in &rule.open {
            out += &format!("    # matches any value with this in it: {}\n", escape(line, SHOWN));
        }
        out += &format!("    severity: {}\n    match:\n", spec.severity.word());
        match &spec.matches {
            Matcher::All(fields) if fields.iter().all(|field| matches!(field, Matcher::Field { .. })) => {
                fields.iter().for_each(|field| out += &line(field));
            }
            one => out += &line(one),
        }
    }
    out
}

/// The one key of a matcher, as a line.
fn line(matcher: &Matcher) -> String {
    let json = serde_json::to_value(matcher).unwrap_or_default();
    let keys = json.as_object().into_iter().flatten();
    let lines = keys.map(|(key, value)| {
        let key = if key.contains('.') { quoted(key) } else { key.clone() };
        format!("      {key}: {}\n", ascii(&value.to_string()))
    });
    lines.collect()
}

/// A text in quotes: JSON, which is YAML.
fn quoted(text: &str) -> String {
    ascii(&Value::from(text).to_string())
}

/// JSON in which every character that YAML may not take as it is stands as an escape.
fn ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        let odd =
            letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
        if odd {
            out += &format!("\\u{:04x}", u32::from(letter));
        } else {
            out.push(letter);
        }
    }
    out
}

fn reads_as(text: &str, rules: &[Tightened]) -> bool {
    let specs: Vec<&RuleSpec> = rules.iter().map(|rule| &rule.spec).collect();
    let settings = yaml::parse_value(text)
        .ok()
        .and_then(|value| Settings::from_value(&value).ok());
    settings.is_some_and(|settings| settings.rules.specs().iter().collect::<Vec<_>>() == specs)
}
