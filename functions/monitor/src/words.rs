//! What is said on standard output: one JSON object a line, each with the request's id.
//!
//! Every line passes through here, those of the crates below and a panic's too. Whatever a log or a server said is
//! escaped and cut, and what must not be said is taken out, at this one place.

use serde_json::{Map, Value};
use sigstore::Timestamp;
use std::io::Write as _;
use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::SystemTime;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Characters of one value that are said. A line of CloudWatch has at most 256 KiB.
const MAX_VALUE_CHARS: usize = 4_000;

/// What stands for a secret.
const TAKEN_OUT: &str = "[secret]";

/// Secrets shorter than this are none: they would be found in every text.
const MIN_SECRET_BYTES: usize = 8;

/// The invocation that is being answered. Lambda hands a process one at a time.
static REQUEST: RwLock<String> = RwLock::new(String::new());

/// What must not be said.
static SECRETS: OnceLock<Vec<String>> = OnceLock::new();

/// From here on everything is said through this module.
pub(crate) fn begin(secrets: Vec<String>) {
    let long = |secret: &String| secret.len() >= MIN_SECRET_BYTES;
    // Both are set once, by the one caller; a second setting would change nothing.
    let _set = SECRETS.set(secrets.into_iter().filter(long).collect());
    let _set = tracing::subscriber::set_global_default(Lines);
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let what = panic.payload_as_str().unwrap_or("no words");
        tracing::error!(
            place,
            "a part of the function failed by itself ({what}); please report it"
        );
    }));
}

/// Every line from here on is about this request.
pub(crate) fn about(request: &str) {
    request.clone_into(&mut REQUEST.write().unwrap_or_else(PoisonError::into_inner));
}

/// A text of anybody, fit to be said: escaped, cut, without secrets.
pub(crate) fn fit(text: &str) -> String {
    let secrets = SECRETS.get().map(Vec::as_slice).unwrap_or_default();
    let found = secrets.iter().filter(|secret| text.contains(secret.as_str()));
    let text = found.fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), TAKEN_OUT));
    alerts::text::escape(&text, MAX_VALUE_CHARS)
}

/// Says one object.
pub(crate) fn say(line: &Map<String, Value>) {
    let line = alerts::json_line(line);
    // Nobody is left to tell if standard output is gone.
    let _ignored = writeln!(std::io::stdout().lock(), "{line}");
}

/// The id of the request that lines are about.
pub(crate) fn request() -> Value {
    Value::from(fit(&REQUEST.read().unwrap_or_else(PoisonError::into_inner)))
}

/// Events as lines. Spans say nothing here: one request at a time, and its id is on every line.
struct Lines;

/// Our own crates say more than those of others.
const OURS: [&str; 4] = ["aws", "pass", "sources", "sentinel_monitor"];

/// Says every failure once more that `monitor` has said in its own words.
const ECHO: &str = "lambda_runtime::layers::panic";

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        if metadata.target() == ECHO {
            return false;
        }
        let krate = metadata.target().split("::").next().unwrap_or_default();
        let most = if OURS.contains(&krate) {
            Level::INFO
        } else {
            Level::WARN
        };
        metadata.is_event() && *metadata.level() <= most
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Map::new();
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let now = moment(now.as_secs(), now.subsec_millis());
        line.insert("timestamp".to_owned(), Value::from(now));
        line.insert("level".to_owned(), Value::from(event.metadata().level().as_str()));
        line.insert("requestId".to_owned(), request());
        line.insert("target".to_owned(), Value::from(event.metadata().target()));
        event.record(&mut Fields(&mut line));
        say(&line);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// RFC 3339 with milliseconds, as Lambda's own lines have it.
fn moment(secs: u64, millis: u32) -> String {
    let whole = Timestamp::from_unix(i64::try_from(secs).unwrap_or(i64::MAX)).to_string();
    format!("{}.{millis:03}Z", whole.trim_end_matches('Z'))
}

struct Fields<'l>(&'l mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        self.0.entry(field.name()).or_insert(value);
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn core::fmt::Debug) {
        self.put(field, Value::from(fit(&format!("{value:?}"))));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::from(fit(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::from(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_fit_to_be_said() {
        let _set = SECRETS.set(vec!["hunter2hunter2".to_owned()]);
        assert_eq!(fit("key=hunter2hunter2&x"), "key=[secret]&x");
        assert_eq!(fit("a\u{1b}[31m\nb\u{202e}"), "a\\u{1b}[31m\\nb\\u{202e}");
        assert!(fit(&"x".repeat(MAX_VALUE_CHARS + 1)).contains("cut"));
    }

    #[test]
    fn moments_have_milliseconds() {
        assert_eq!(moment(1_800_000_000, 7), "2027-01-15T08:00:00.007Z");
    }
}
