//! From YAML text to a JSON value, with the place of every key and value.
//!
//! What would make a configuration mean something else than what is read there is refused, with its place: a key given
//! twice, anchors and aliases (and with them every expansion), tags, a second document. Nothing is executed, included
//! or expanded. The caller has capped the length of the text.

use super::place::{Extent, Place, Places, Problem, Spot};
use super::render::visible;
use super::scalar;
use granit_parser::{Event, Marker, Options, Parser, ScalarStyle, ScanError, Span, StrInput, options};
use serde_json::{Map, Value};

/// How deep collections may be nested, for either style. A configuration needs about eight.
pub const MAX_DEPTH: usize = 64;

/// A YAML document as a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The value. An empty text is `null`.
    pub value: Value,
    /// Where each part of the value stands in the text.
    pub places: Places,
}

/// Reads one YAML document.
///
/// # Errors
/// The first place at which the text is not YAML, or uses what is refused here.
pub fn parse(text: &str) -> Result<Document, Problem> {
    let mut tree = Tree::new(text, Some(Places::default()));
    let value = tree.stream()?;
    Ok(Document {
        value,
        places: tree.places.unwrap_or_default(),
    })
}

/// Reads one YAML document whose places nobody needs, as long as it is sound: they take several times as much memory as
/// what it says.
///
/// # Errors
/// Those of [`parse`].
pub fn parse_value(text: &str) -> Result<Value, Problem> {
    let value = Tree::new(text, None).stream();
    value.or_else(|_| parse(text).map(|document| document.value))
}

fn limits() -> Options {
    options! {
        disallow_directives: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    }
}

struct Tree<'t> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    /// If somebody needs them.
    places: Option<Places>,
}

type Step<'t> = (Event<'t>, Span);

impl<'t> Tree<'t> {
    fn new(text: &'t str, places: Option<Places>) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self {
            text,
            parser: Parser::new_from_str_with_options(text, limits()),
            places,
        }
    }

    fn next(&mut self) -> Result<Step<'t>, Problem> {
        match self.parser.next_event() {
            Some(Ok(step)) => Ok(step),
            Some(Err(error)) => Err(syntax(&error, self.text)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn stream(&mut self) -> Result<Value, Problem> {
        let mut value = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(value.unwrap_or(Value::Null)),
                Event::DocumentStart(..) if value.is_some() => {
                    return Err(problem(
                        &span,
                        "a second document begins here",
                        "keep one document in a file",
                    ));
                }
                Event::DocumentStart(..) => {
                    let step = self.next()?;
                    value = Some(self.node(step, "", None)?);
                }
                _ => {}
            }
        }
    }

    /// The value that begins with this event, its places recorded under `path`.
    fn node(&mut self, (event, span): Step<'t>, path: &str, key: Option<Extent>) -> Result<Value, Problem> {
        refuse_properties(&event, &span).map_err(|problem| at_tag(problem, self.text))?;
        let collection = matches!(event, Event::MappingStart(..) | Event::SequenceStart(..));
        let value = if collection {
            extent(&span).first_character()
        } else {
            extent(&span)
        };
        if let Some(places) = &mut self.places {
            places.insert(path, Spot { key, value });
        }
        match event {
            Event::Scalar(text, ScalarStyle::Plain, ..) => scalar::plain(&text).map_err(|error| Problem {
                at: value,
                message: error.to_string(),
                help: None,
            }),
            Event::Scalar(text, ..) => Ok(Value::String(text.into_owned())),
            Event::SequenceStart(..) => self.sequence(path),
            Event::MappingStart(..) => self.mapping(path),
            _ => Err(problem(&span, "a value is expected here", "")),
        }
    }

    fn sequence(&mut self, path: &str) -> Result<Value, Problem> {
        let mut items = Vec::new();
        loop {
            let step = self.next()?;
            if matches!(step.0, Event::SequenceEnd) {
                return Ok(Value::Array(items));
            }
            let item = self.node(step, &format!("{path}[{}]", items.len()), None)?;
            items.push(item);
        }
    }

    fn mapping(&mut self, path: &str) -> Result<Value, Problem> {
        let mut fields = Map::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(Value::Object(fields));
            }
            let name = key(&event, &span)?;
            let path = rules::at_key(path, &name);
            if fields.contains_key(&name) {
                return Err(self.duplicate(&path, &name, &span));
            }
            let step = self.next()?;
            let value = self.node(step, &path, Some(extent(&span)))?;
            fields.insert(name, value);
        }
    }

    fn duplicate(&self, path: &str, name: &str, span: &Span) -> Problem {
        let first = self
            .places
            .as_ref()
            .and_then(|places| places.get(path)?.key)
            .map_or(0, |key| key.start.line);
        let message = format!("the key `{}` stands here twice", visible(name, 64));
        Problem {
            at: extent(span),
            message,
            help: Some(format!("the first is on line {first}; keep one of them")),
        }
    }
}

/// A key is the text of a scalar, whatever its style: `1` and `"1"` are the same key.
fn key(event: &Event<'_>, span: &Span) -> Result<String, Problem> {
    refuse_properties(event, span)?;
    match event {
        // The parser spells nothing at all as `~`.
        Event::Scalar(_, ScalarStyle::Plain, ..) if span.start == span.end => {
            Err(problem(span, "a key is expected before this `:`", ""))
        }
        Event::Scalar(text, ..) => Ok(text.clone().into_owned()),
        _ => Err(problem(span, "a key must be a plain word or a string", "")),
    }
}

fn refuse_properties(event: &Event<'_>, span: &Span) -> Result<(), Problem> {
    let (anchor, tag) = match event {
        Event::Scalar(_, _, anchor, tag)
        | Event::SequenceStart(_, anchor, tag)
        | Event::MappingStart(_, anchor, tag) => (*anchor, tag.is_some()),
        Event::Alias(id) => (*id, false),
        _ => (0, false),
    };
    match (anchor, tag) {
        (0, false) => Ok(()),
        (0, true) => Err(problem(
            span,
            "tags (`!name`) are not read",
            "leave it out; put a string in quotes",
        )),
        _ => Err(problem(
            span,
            "anchors (`&name`) and aliases (`*name`) are not read",
            "write the value out, or quote it",
        )),
    }
}

fn problem(span: &Span, message: &str, help: &str) -> Problem {
    let help = (!help.is_empty()).then(|| help.to_owned());
    Problem {
        at: extent(span),
        message: message.to_owned(),
        help,
    }
}

fn syntax(error: &ScanError, text: &str) -> Problem {
    let place = place(error.marker());
    let place = if error.info().contains("tab") {
        at_tab(place, text)
    } else {
        place
    };
    Problem {
        at: Extent {
            start: place,
            end: place,
        },
        help: help(&error.info()),
        message: error.info(),
    }
}

/// The first tab from a place on, which the parser tells only where what stands before it begins.
fn at_tab(from: Place, text: &str) -> Place {
    let lines = text.lines().enumerate().skip(from.line.saturating_sub(1));
    let mut tabs = lines.filter_map(|(at, line)| Some((at + 1, line.chars().position(|letter| letter == '\t')? + 1)));
    let (line, column) = tabs.next().unwrap_or((from.line, from.column));
    Place { line, column }
}

/// The same problem at the tag before the value, if it is about one.
fn at_tag(problem: Problem, text: &str) -> Problem {
    let Place { line, column } = problem.at.start;
    let before = text
        .lines()
        .nth(line.saturating_sub(1))
        .map(|line| line.chars().take(column.saturating_sub(1)));
    let letters: Vec<char> = before.into_iter().flatten().collect();
    let is_part = |letter: &&char| !letter.is_whitespace() && !['{', '[', ','].contains(*letter);
    let last = letters.iter().rposition(|letter| *letter == '!');
    let Some(last) = last.filter(|_| problem.message.starts_with("tags")) else {
        return problem;
    };
    let ends = last + 1;
    let tag = ends - letters.iter().take(ends).rev().take_while(is_part).count();
    let length = letters.iter().skip(tag).take_while(is_part).count();
    let column = tag + 1;
    let at = Extent {
        start: Place { line, column },
        end: Place {
            line,
            column: column + length,
        },
    };
    Problem { at, ..problem }
}

/// What to do about it, where the words of the parser leave it open.
fn help(message: &str) -> Option<String> {
    let help = if message.contains("anchor") {
        "a text that begins with `*` or `&` stands in quotes"
    } else if message.contains("tab") {
        "indent with blanks"
    } else {
        return None;
    };
    Some(help.to_owned())
}

fn extent(span: &Span) -> Extent {
    Extent {
        start: place(&span.start),
        end: place(&span.end),
    }
}

fn place(marker: &Marker) -> Place {
    Place {
        line: marker.line(),
        column: marker.col().saturating_add(1),
    }
}
