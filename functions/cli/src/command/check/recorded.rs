//! Entries that were recorded: the findings and the quarantine of a store, or a file of JSON lines.
//!
//! Nothing is proven here: rules are tried out on them, and nobody is alerted.

use crate::exit::Failure;
use crate::wiring::{self, Access};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pass::{Fault, FaultClass};
use serde_json::Value;
use sigstore::{LeafKind, Scratch, decode};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

/// Bytes of one line: a body of Rekor v1 has at most 4 MiB, in base64, with what stands beside it.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// Bytes of one object of a record: its writer caps what a span may hold below this.
const MAX_OBJECT_BYTES: usize = 256 << 20;

/// Names asked for in one listing.
const PAGE: usize = 1_000;

/// A leaf, and where it was.
pub(super) struct Recorded {
    pub(super) log: String,
    pub(super) index: String,
    pub(super) kind: LeafKind,
    pub(super) leaf: Vec<u8>,
}

/// Hands over every entry; `None` for a line, or a part of one, that holds none.
pub(super) async fn each(given: &str, mut take: impl FnMut(Option<Recorded>)) -> Result<(), Failure> {
    if !given.starts_with("s3://") && !Path::new(given).is_dir() {
        return of_file(Path::new(given), &mut take).map_err(|error| {
            let message = format!("{given} cannot be read: {error}");
            Failure::Fault(Fault::new(FaultClass::Record, given, message))
        });
    }
    let store = wiring::store(given, Access::Read).await?;
    for prefix in ["audit/", "scans/"] {
        let mut from = prefix.to_owned();
        loop {
            let page = store.list(prefix, &from, PAGE).await.map_err(Fault::from)?;
            for name in page.iter().filter(|name| name.ends_with(".jsonl")) {
                let object = store.read(name, MAX_OBJECT_BYTES).await.map_err(Fault::from)?;
                let bytes = object.map(|object| object.bytes).unwrap_or_default();
                bytes
                    .split(|byte| *byte == b'\n')
                    .for_each(|line| of_line(line, &mut take));
            }
            match page.last().filter(|_| page.len() == PAGE) {
                Some(last) => from = format!("{last}~"),
                None => break,
            }
        }
    }
    Ok(())
}

fn of_file(file: &Path, take: &mut dyn FnMut(Option<Recorded>)) -> std::io::Result<()> {
    let mut reader = BufReader::new(std::fs::File::open(file)?);
    loop {
        let mut line = Vec::new();
        if (&mut reader).take(MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        of_line(&line, take);
    }
}

fn of_line(line: &[u8], take: &mut dyn FnMut(Option<Recorded>)) {
    let line = line.trim_ascii();
    if line.is_empty() {
        return;
    }
    match serde_json::from_slice::<Value>(line) {
        // A leaf is hashed and read as it stands.
        Ok(value) if value.get("spec").is_some() => take(Some(recorded(&value, line.to_vec()))),
        Ok(value) => of_value(&value, take),
        Err(_) => take(None),
    }
}

/// An object with a leaf or a body, or any number of those in a list or under names.
fn of_value(value: &Value, take: &mut dyn FnMut(Option<Recorded>)) {
    let coded = ["leaf", "body"].into_iter().find_map(|key| value.get(key)?.as_str());
    if let Some(coded) = coded {
        let leaf = STANDARD.decode(coded).ok();
        return take(leaf.map(|leaf| recorded(value, leaf)));
    }
    let inner: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => map.values().filter(|value| value.get("body").is_some()).collect(),
        _ => Vec::new(),
    };
    if inner.is_empty() {
        return take(None);
    }
    for item in inner {
        match item {
            Value::Array(_) => take(None),
            other => of_value(other, take),
        }
    }
}

fn recorded(value: &Value, leaf: Vec<u8>) -> Recorded {
    let log = value.get("log").and_then(Value::as_str).unwrap_or_default();
    let index = value.get("index").or_else(|| value.get("logIndex"));
    let is_opaque = value.get("kind").and_then(Value::as_str) == Some("opaque");
    let is_new = decode(LeafKind::RekorV2, &leaf, &mut Scratch::default()).is_ok();
    let kind = match (is_opaque, is_new) {
        (true, _) => LeafKind::Opaque,
        (false, true) => LeafKind::RekorV2,
        (false, false) => LeafKind::RekorV1,
    };
    Recorded {
        log: log.to_owned(),
        index: index.map(Value::to_string).unwrap_or_default(),
        kind,
        leaf,
    }
}
