//! YAML as CloudFormation writes it, read into the long form of its functions: `!Ref A` is `{"Ref": "A"}`.
//!
//! Reads this repository's own template and nothing else: no anchors, no documents beyond the first.

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};
use serde_json::{Map, Value};

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// Not YAML.
    #[error("line {line}: {message}")]
    Syntax {
        /// Where it stopped, counted from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// YAML that a template has no use for.
    #[error("line {line}: {what} is not read here")]
    Unread {
        /// Where it stands, counted from 1.
        line: usize,
        /// What it is.
        what: &'static str,
    },
    /// A key that stands twice in one mapping.
    #[error("line {line}: the key `{key}` stands here twice")]
    Twice {
        /// Where the second stands, counted from 1.
        line: usize,
        /// The key.
        key: String,
    },
}

/// Reads the first document of a text.
///
/// # Errors
/// See [`YamlError`].
pub(super) fn parse(text: &str) -> Result<Value, YamlError> {
    let mut reader = Reader(Parser::new_from_str(text));
    loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart(..), _) => {}
            step => return reader.node(step),
        }
    }
}

struct Reader<'t>(Parser<'t, StrInput<'t>>);

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), YamlError> {
        match self.0.next_event() {
            Some(Ok(step)) => Ok(step),
            Some(Err(error)) => Err(YamlError::Syntax {
                line: error.marker().line(),
                message: error.info(),
            }),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, (event, span): (Event<'t>, Span)) -> Result<Value, YamlError> {
        let unread = |what| YamlError::Unread {
            line: span.start.line(),
            what,
        };
        match event {
            Event::Scalar(text, ScalarStyle::Plain, 0, None) => Ok(plain(&text)),
            Event::Scalar(text, _, 0, tag) => Ok(long(tag.as_deref(), Value::String(text.into_owned()))),
            Event::SequenceStart(_, 0, tag) => Ok(long(tag.as_deref(), self.sequence()?)),
            Event::MappingStart(_, 0, tag) => Ok(long(tag.as_deref(), self.mapping()?)),
            Event::Alias(_) | Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) => {
                Err(unread("an anchor or alias"))
            }
            _ => Err(unread("what stands in a value's place")),
        }
    }

    fn sequence(&mut self) -> Result<Value, YamlError> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::Array(items)),
                step => items.push(self.node(step)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Value, YamlError> {
        let mut fields = Map::new();
        loop {
            let (event, span) = self.next()?;
            let line = span.start.line();
            let key = match event {
                Event::MappingEnd => return Ok(Value::Object(fields)),
                Event::Scalar(text, ..) => text.into_owned(),
                _ => {
                    return Err(YamlError::Unread {
                        line,
                        what: "a key that is no word",
                    });
                }
            };
            let step = self.next()?;
            let value = self.node(step)?;
            if fields.insert(key.clone(), value).is_some() {
                return Err(YamlError::Twice { line, key });
            }
        }
    }
}

/// What a plain scalar means: `true`, a whole number, or text.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => text
            .parse::<i64>()
            .map_or_else(|_| Value::String(text.to_owned()), Value::from),
    }
}

/// `!Ref` and `!Condition` keep their names, every other function has the prefix `Fn::`; `!GetAtt A.B` is a list.
fn long(tag: Option<&Tag>, value: Value) -> Value {
    let Some(name) = tag.map(Tag::suffix) else {
        return value;
    };
    let named = |name: String, value| Value::Object(Map::from_iter([(name, value)]));
    match (name, value) {
        ("Ref" | "Condition", value) => named(name.to_owned(), value),
        ("GetAtt", Value::String(text)) => {
            let parts = text.splitn(2, '.').map(Value::from).collect();
            named("Fn::GetAtt".to_owned(), Value::Array(parts))
        }
        (_, value) => named(format!("Fn::{name}"), value),
    }
}
