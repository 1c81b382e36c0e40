//! A watched value of `monitoredValues` as one would write it as a rule: anchored where it plainly may be.
//!
//! An expression that is plainly a text (`user@example.com`, `https://github.com/acme/`) becomes that text: its dots are
//! dots, it stands at the beginning of the value if it looks like the beginning of one, and at the end if it looks like
//! the end of one. Any other expression keeps its meaning, but that one which begins with `https://` begins there. What is
//! tightened matches less than before and is told; what could be lost by a guess is not guessed: a URL stays open at its
//! end, since most identities go on there.

use crate::monitored::Monitored;
use crate::pattern::Pattern;
use crate::re2;
use crate::spec::{Matcher, RuleSpec};
use regex_syntax::ast::{Ast, parse::Parser};

/// A rule for a watched value, and how it differs from what was watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tightened {
    /// The rule, under the same name.
    pub spec: RuleSpec,
    /// What the user wrote: `certSubject: user@example\.com`.
    pub written: Vec<String>,
    /// What matches less than it did, in words.
    pub tightened: Vec<String>,
    /// Expressions that still match any part of a value, in words.
    pub open: Vec<String>,
}

/// The rule for a watched value.
#[must_use]
pub fn tighten(watched: &Monitored) -> Tightened {
    let mut result = Tightened {
        spec: watched.spec.clone(),
        written: Vec::new(),
        tightened: Vec::new(),
        open: Vec::new(),
    };
    let mut fields = Vec::new();
    for (field, sources) in &watched.expressions {
        let key = match *field {
            "san" => "certSubject",
            "issuer" => "issuers",
            _ => "subjects",
        };
        let mut patterns: Vec<Pattern> = Vec::new();
        for source in sources {
            let tight = tight(source);
            result.written.push(format!("{key}: {source}"));
            if !tight.words.is_empty() {
                result
                    .tightened
                    .push(format!("{key} {source}: {}", tight.words.join("; ")));
            }
            if tight.open {
                result.open.push(format!("{key} {source}"));
            }
            for pattern in tight.patterns {
                if !patterns.contains(&pattern) {
                    patterns.push(pattern);
                }
            }
        }
        fields.push(Matcher::Field {
            name: (*field).to_owned(),
            patterns,
        });
    }
    match fields.len() {
        0 => {}
        1 => result.spec.matches = fields.pop().unwrap_or(Matcher::All(Vec::new())),
        _ => result.spec.matches = Matcher::All(fields),
    }
    result
}

struct Tight {
    patterns: Vec<Pattern>,
    words: Vec<&'static str>,
    /// Whether it still matches any part of a value.
    open: bool,
}

const FROM_START: &str = "stands at the beginning of the value, not anywhere in it";
const TO_END: &str = "ends where the value ends";
const DOTS: &str = "its dots are dots, not any character";
const HOST: &str = "is the whole host, with or without a path behind it";

fn tight(source: &str) -> Tight {
    // No operator but `regex:` takes a blank right behind it.
    let plain = Plain::of(source).filter(|plain| !plain.text.starts_with(char::is_whitespace));
    let Some(plain) = plain else {
        return expression(source);
    };
    let shape = Shape::of(&plain.text);
    let mut words = Vec::new();
    let begins = match plain.before {
        End::Anchored => true,
        End::Open => false,
        End::Unsaid => {
            let begins = shape.begins();
            words.extend(begins.then_some(FROM_START));
            begins
        }
    };
    let is_host = plain.behind == End::Unsaid && shape == Shape::Host && begins;
    let ends = match plain.behind {
        End::Anchored => true,
        End::Open => false,
        End::Unsaid => {
            let ends = shape.ends();
            words.extend(ends.then_some(TO_END));
            ends
        }
    };
    words.extend(is_host.then_some(HOST));
    words.extend(plain.has_dots.then_some(DOTS));
    let text = plain.text;
    let patterns = match (begins, ends) {
        (true, true) => vec![Pattern::Exact(text)],
        (true, false) if is_host => vec![Pattern::Exact(text.clone()), Pattern::Prefix(format!("{text}/"))],
        (true, false) => vec![Pattern::Prefix(text)],
        (false, true) => vec![Pattern::Suffix(text)],
        (false, false) => match re2::unanchored(&regex_syntax::escape(&text)) {
            Ok(open) => vec![Pattern::Regex(open)],
            Err(_) => return expression(source),
        },
    };
    let open = !begins && !ends;
    Tight { patterns, words, open }
}

/// An expression that is more than a text.
fn expression(source: &str) -> Tight {
    let starts = ["https://", "http://"].iter().any(|scheme| source.starts_with(scheme));
    // Of several branches only one begins so.
    let one = re2::translate(source)
        .ok()
        .and_then(|text| Parser::new().parse(&text).ok())
        .is_some_and(|ast| !matches!(ast, Ast::Alternation(_)));
    if starts
        && one
        && let Ok(text) = re2::unanchored(&format!("^{source}"))
    {
        return Tight {
            patterns: vec![Pattern::Regex(text)],
            words: vec![FROM_START],
            open: false,
        };
    }
    let text = re2::unanchored(source).unwrap_or_else(|_| source.to_owned());
    // With an anchor at either end there is no more to say.
    let open = text.starts_with("(?s:.*)") && text.ends_with("(?s:.*)");
    Tight {
        patterns: vec![Pattern::Regex(text)],
        words: Vec::new(),
        open,
    }
}

/// What an expression says of one end of the value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// `^` or `$`: nothing else is there.
    Anchored,
    /// `.*`: anything may be there, on purpose.
    Open,
    /// Nothing.
    Unsaid,
}

/// An expression that is a text, with something said about its ends.
struct Plain {
    text: String,
    before: End,
    behind: End,
    /// Whether there are dots that are not escaped.
    has_dots: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Letter(char),
    Dot,
    Anything,
    Start,
    End,
}

impl Plain {
    fn of(source: &str) -> Option<Self> {
        let tokens = tokens(source)?;
        let (before, rest) = match tokens.as_slice() {
            [Token::Start, Token::Anything, rest @ ..] | [Token::Anything, rest @ ..] => (End::Open, rest),
            [Token::Start, rest @ ..] => (End::Anchored, rest),
            rest => (End::Unsaid, rest),
        };
        let (behind, rest) = match rest {
            [rest @ .., Token::Anything, Token::End] | [rest @ .., Token::Anything] => (End::Open, rest),
            [rest @ .., Token::End] => (End::Anchored, rest),
            rest => (End::Unsaid, rest),
        };
        let is_part = |at: usize| match rest.get(at) {
            Some(Token::Letter(letter)) => letter.is_alphanumeric() || "/-_@".contains(*letter),
            _ => false,
        };
        let mut text = String::new();
        for (at, token) in rest.iter().enumerate() {
            text.push(match token {
                Token::Letter(letter) => *letter,
                // A dot within a name is one.
                Token::Dot if at > 0 && is_part(at - 1) && is_part(at + 1) => '.',
                Token::Dot | Token::Anything | Token::Start | Token::End => return None,
            });
        }
        text.contains(char::is_alphanumeric).then(|| Self {
            text,
            before,
            behind,
            has_dots: rest.contains(&Token::Dot),
        })
    }
}

/// `None` if there is anything else in it.
fn tokens(source: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut letters = source.chars().peekable();
    while let Some(letter) = letters.next() {
        let token = match letter {
            '\\' => match letters.next()? {
                'A' => Token::Start,
                'z' => Token::End,
                escaped if escaped.is_ascii_punctuation() => Token::Letter(escaped),
                _ => return None,
            },
            '.' if letters.peek() == Some(&'*') => {
                letters.next();
                Token::Anything
            }
            '.' => Token::Dot,
            '^' => Token::Start,
            '$' => Token::End,
            '[' | ']' | '(' | ')' | '{' | '}' | '|' | '*' | '+' | '?' => return None,
            letter => Token::Letter(letter),
        };
        tokens.push(token);
        if token == Token::Anything && letters.peek() == Some(&'?') {
            letters.next();
        }
    }
    Some(tokens)
}

/// What a text looks like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// An e-mail address: a whole value.
    Email,
    /// The end of one.
    Domain,
    /// A URI without a path.
    Host,
    /// A URI, or the beginning of one.
    Uri,
    Other,
}

impl Shape {
    fn of(text: &str) -> Self {
        let is_host = |host: &str| {
            let good = |label: &str| {
                !label.is_empty()
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            };
            host.contains('.') && host.split('.').all(good)
        };
        if let Some((scheme, rest)) = text.split_once("://") {
            let good = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
            return match (good, is_host(rest)) {
                (true, true) => Self::Host,
                (true, false) => Self::Uri,
                (false, _) => Self::Other,
            };
        }
        match text.split_once('@') {
            Some(("", domain)) if is_host(domain) => Self::Domain,
            // Half a name (`-bot@…`) is not all of it.
            Some((local, domain)) if is_host(domain) && !local.contains(['/', ':']) => {
                if local.starts_with(char::is_alphanumeric) {
                    Self::Email
                } else {
                    Self::Domain
                }
            }
            _ => Self::Other,
        }
    }

    const fn begins(self) -> bool {
        matches!(self, Self::Email | Self::Host | Self::Uri)
    }

    const fn ends(self) -> bool {
        matches!(self, Self::Email | Self::Domain)
    }
}
