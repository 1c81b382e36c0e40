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

/// Inputs of rekor-monitor's workflow beside `config`, and what takes their place.
const INPUTS: [(&str, &str); 5] = [
    ("file_issue", "alerts go to sinks: see `run --sink`"),
    ("artifact_retention_days", "findings are kept in the store"),
    ("once", "`run` makes one pass; a schedule makes the next"),
    ("interval", "`run` makes one pass; a schedule makes the next"),
    ("url", "`logs:` lists logs beside those of the trusted root"),
];

/// Converts the text of a file of this name. A workflow may have several jobs with a configuration: the rules of all.
///
/// # Errors
/// [`NotConverted`].
pub fn convert(file: &str, text: &str) -> Result<Conversion, NotConverted> {
    let mut gathered = Gathered::default();
    gathered.take(file, text)?;
    let Gathered {
        mut rules,
        left_out,
        places,
    } = gathered;
    if rules.is_empty() {
        return Err(NotConverted::Nobody);
    }
    name_apart(&mut rules);
    let made_of = match places.as_slice() {
        [one] => one,
        _ => file,
    };
    let text = written(made_of, &rules);
    if !reads_as(&text, &rules) {
        return Err(NotConverted::NotTheSame);
    }
    let all = |of: fn(&Tightened) -> &Vec<String>| rules.iter().flat_map(of).map(|it| escape(it, SHOWN)).collect();
    Ok(Conversion {
        rules: rules.len(),
        tightened: all(|rule| &rule.tightened),
        open: all(|rule| &rule.open),
        left_out,
        text,
    })
}

/// What was found in a file.
#[derive(Default)]
struct Gathered {
    rules: Vec<Tightened>,
    left_out: Vec<String>,
    /// Where the rules stood.
    places: Vec<String>,
}

impl Gathered {
    /// All that a document holds: a configuration, or a workflow that has some.
    fn take(&mut self, file: &str, text: &str) -> Result<(), NotConverted> {
        let document = parse(file, text)?;
        let Value::Object(top) = &document.value else {
            return Ok(());
        };
        if top.contains_key("schema") {
            return Err(NotConverted::Ours);
        }
        let jobs = jobs(top);
        for (path, with, inner) in &jobs {
            let others = with.keys().filter(|key| *key != "config");
            self.leave_out(others, &format!("{path}."), &INPUTS, "not an input that is known here");
            self.configuration(&format!("{file}: {path}.config"), inner)?;
        }
        if jobs.is_empty() {
            self.left_out_of(top);
        }
        self.block(file, text, &document, top)
    }

    /// A configuration within a document.
    fn configuration(&mut self, place: &str, text: &str) -> Result<(), NotConverted> {
        let document = parse(place, text)?;
        let Value::Object(top) = &document.value else {
            return Ok(());
        };
        self.left_out_of(top);
        self.block(place, text, &document, top)
    }

    /// The block that says whom to watch for, if there is one.
    fn block(
        &mut self,
        place: &str,
        text: &str,
        document: &Document,
        top: &Map<String, Value>,
    ) -> Result<(), NotConverted> {
        let found = match top.get(MONITORED_VALUES) {
            Some(Value::String(inner)) => {
                let place = format!("{place}: {MONITORED_VALUES}");
                // With its own name above it or without.
                watched(&place, inner, &parse(&place, inner)?)?
            }
            Some(Value::Null) => return Ok(()),
            None if !BLOCK.iter().any(|key| top.contains_key(*key)) => return Ok(()),
            Some(_) | None => watched(place, text, document)?,
        };
        self.places.push(place.to_owned());
        self.rules.extend(found);
        Ok(())
    }

    /// The other keys of a configuration that names its block.
    fn left_out_of(&mut self, top: &Map<String, Value>) {
        if top.contains_key(MONITORED_VALUES) {
            let others = top.keys().filter(|key| *key != MONITORED_VALUES);
            self.leave_out(others, "", &OTHERS, "not a key of rekor-monitor's configuration");
        }
    }

    fn leave_out<'k>(
        &mut self,
        keys: impl Iterator<Item = &'k String>,
        before: &str,
        known: &[(&str, &str)],
        unknown: &str,
    ) {
        for key in keys {
            let why = known.iter().find(|(known, _)| known == key);
            let why = why.map_or(unknown, |(_, why)| why);
            self.left_out
                .push(format!("{}: {why}", escape(&format!("{before}{key}"), SHOWN)));
        }
    }
}

/// Rules of several configurations may have one name; what is said twice is said once.
fn name_apart(rules: &mut Vec<Tightened>) {
    let mut kept: Vec<Tightened> = Vec::with_capacity(rules.len());
    for mut rule in rules.drain(..) {
        if kept.iter().any(|known| known.spec == rule.spec) {
            continue;
        }
        let name = rule.spec.name.clone();
        let mut number = 2_usize;
        while kept.iter().any(|known| known.spec.name == rule.spec.name) {
            rule.spec.name = format!("{name} ({number})");
            number += 1;
        }
        kept.push(rule);
    }
    *rules = kept;
}

/// Characters of a user's expression that are shown.
const SHOWN: usize = 400;

/// The jobs of a workflow of GitHub that hand a configuration to rekor-monitor's own: where their `with` stands, and its
/// `config`.
fn jobs(top: &Map<String, Value>) -> Vec<(String, &Map<String, Value>, &str)> {
    let jobs = top.get("jobs").and_then(Value::as_object).into_iter().flatten();
    let given = jobs.filter_map(|(name, job)| {
        let with = job.get("with")?.as_object()?;
        let text = with.get("config")?.as_str()?;
        let path = format!("{}.with", rules::at_key("jobs", name));
        text.contains(MONITORED_VALUES).then_some((path, with, text))
    });
    given.collect()
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
