//! One pattern by itself: whether it matches more than it seems to, or nothing that there is.
//!
//! Where a pattern is said to match a value that nobody meant, that value was asked of it.

use super::covers::{Symbol, ends, holds, symbols};
use super::dots;
use super::extensions;
use super::issuers;
use super::outsiders::FORGES;
use super::remark::{Lint, LintId, Weight};
use super::sample::{is_wide, value};
use crate::diagnostic::nearest;
use crate::field::{Standard, standard};
use crate::pattern::{Op, Pattern, Prepared};
use regex_syntax::hir::{Hir, HirKind};
use sigstore::{Field, fulcio};

/// Where a pattern stands: what it finds is told, or is told no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a `match`.
    Match,
    /// In an `allow`.
    Allow,
}

/// A pattern as the lints of this module see it.
struct Seen<'p> {
    path: &'p str,
    field: &'p Field,
    pattern: &'p Pattern,
    place: Place,
    /// The text that each match begins with and ends in, where something open stands between them.
    head: Option<String>,
    tail: Option<String>,
    /// Whether something open stands right behind the head, and right before the tail.
    open: bool,
    hir: Option<Hir>,
}

/// What is to be said of a pattern that stands by itself, not within a `not`.
pub(super) fn pattern(field: &Field, pattern: &Pattern, path: &str, place: Place, lints: &mut Vec<Lint>) {
    let seen = Seen::of(field, pattern, path, place);
    lints.extend(seen.bare_wildcard());
    lints.extend(seen.not_a_san());
    lints.extend(seen.unknown_issuer());
    lints.extend(seen.unknown_kind());
    if let Some(everything) = seen.everything() {
        lints.push(everything);
        return;
    }
    let open = [seen.any_owner(), seen.open_owner(), seen.open_domain(), seen.contains()];
    lints.extend(open.into_iter().flatten().next());
    if let Pattern::Regex(source) = pattern {
        lints.extend(dots::loose(path, source));
    }
}

/// What is to be said of a field wherever it stands.
pub(super) fn field(field: &Field, path: &str) -> Option<Lint> {
    let Field::Extension(oid) = field else { return None };
    let number = fulcio::number_of(oid.as_bytes())?;
    if number != fulcio::OTHER_NAME && fulcio::name_of(number).is_some() {
        return None;
    }
    let lint = if number == fulcio::OTHER_NAME {
        let message = format!("`{oid}` is no extension but the type of a name within `san`: no certificate has it");
        Lint::warning(LintId::UnknownExtension, path, message)
    } else {
        let message = format!("`{oid}` stands for nothing that this version knows of Fulcio: it may match nothing");
        Lint::warning(LintId::UnknownExtension, path, message)
    };
    Some(lint.instead("the extensions have names, such as `source-repository-uri`: see docs/rules.md"))
}

impl<'p> Seen<'p> {
    fn of(field: &'p Field, pattern: &'p Pattern, path: &'p str, place: Place) -> Self {
        let mut seen = Self {
            path,
            field,
            pattern,
            place,
            head: None,
            tail: None,
            open: false,
            hir: None,
        };
        match pattern.prepare(field) {
            Ok(Prepared::Plain(op @ (Op::Prefix | Op::Suffix | Op::Glob), text, _)) => {
                let symbols = symbols(op, &text);
                let letter = |symbol: &Symbol| match symbol {
                    Symbol::Letter(letter) => Some(*letter),
                    Symbol::One | Symbol::Many | Symbol::All => None,
                };
                let head: String = symbols.iter().map_while(letter).collect();
                let tail: String = symbols.iter().rev().map_while(letter).collect();
                let wild = |symbol: Option<&Symbol>| matches!(symbol, Some(Symbol::Many | Symbol::All));
                let tail_at = symbols.len().saturating_sub(tail.chars().count() + 1);
                seen.open = wild(symbols.get(head.chars().count())) && wild(symbols.get(tail_at));
                seen.tail = Some(tail.chars().rev().collect());
                seen.head = Some(head);
            }
            Ok(Prepared::Regex(_, hir)) => {
                (seen.head, seen.tail) = ends(&hir);
                seen.open = open_inside(&hir);
                seen.hir = Some(*hir);
            }
            Ok(Prepared::Plain(Op::Exact | Op::Domain | Op::Below | Op::Regex, ..)) | Err(_) => {}
        }
        seen
    }

    fn warning(&self, id: LintId, message: String) -> Lint {
        Lint::warning(id, self.path, message)
    }

    fn written(&self) -> String {
        self.pattern.write().into_owned()
    }

    /// A value that the pattern matches, with `filling` for its first wildcard.
    fn example(&self, filling: &str) -> Option<String> {
        let value = value(self.field, self.pattern, &[filling])?;
        (holds(self.field, self.pattern, &value) == Some(true)).then_some(value)
    }

    fn everything(&self) -> Option<Lint> {
        let is_all = match (self.pattern, &self.hir) {
            (Pattern::Glob(text), _) => !text.is_empty() && text.bytes().all(|byte| byte == b'*'),
            (_, Some(hir)) => is_any(hir),
            _ => false,
        };
        let message = match self.place {
            Place::Match => "every entry that has one is found",
            Place::Allow => "whoever has one is allowed",
        };
        let name = self.field.to_string();
        is_all.then(|| {
            let slashless = match self.pattern {
                Pattern::Glob(text) if text == "*" => " without a `/`",
                _ => "",
            };
            let message = format!(
                "`{}` matches every value of `{name}`{slashless}: {message}",
                self.written()
            );
            let lint = self.warning(LintId::MatchesEverything, message);
            lint.instead("say which values are meant")
        })
    }

    /// `https://github.com/*/…`
    fn any_owner(&self) -> Option<Lint> {
        let head = self.head.as_deref().filter(|_| self.open && self.is_owned())?;
        let bare = head.strip_suffix('/')?;
        if !FORGES.iter().any(|forge| forge.eq_ignore_ascii_case(bare)) {
            return None;
        }
        let example = self.example("mallory").or_else(|| self.example("mallory/x"))?;
        let verb = match self.place {
            Place::Match => "is found",
            Place::Allow => "is allowed",
        };
        let message = format!("says nothing of the owner: `{example}`, which is anybody's, {verb} too");
        Some(
            self.warning(LintId::AnyOwner, message)
                .instead(format!("write the owner: `{head}OWNER/…`")),
        )
    }

    /// `https://github.com/acme*`
    fn open_owner(&self) -> Option<Lint> {
        let head = self.head.as_deref().filter(|_| self.open && self.is_owned())?;
        let (scheme, rest) = head.split_once("://")?;
        let (host, owner) = rest.split_once('/')?;
        if owner.is_empty() || owner.contains('/') || owner.contains('@') {
            return None;
        }
        let example = self.example("-evil").or_else(|| self.example("-evil/x"))?;
        let message =
            format!("does not end the name `{owner}`: `{example}` matches too, and anybody may take that name");
        let help = match owner.ends_with(|letter: char| letter.is_ascii_alphanumeric()) {
            true => format!("end it with `/`: `prefix:{scheme}://{host}/{owner}/`"),
            false => format!("name each owner that you mean, and end it with `/`: `prefix:{scheme}://{host}/OWNER/`"),
        };
        Some(self.warning(LintId::OpenEndedOwner, message).instead(help))
    }

    /// `*example.com`
    fn open_domain(&self) -> Option<Lint> {
        let tail = self.tail.as_deref().filter(|_| self.open && self.is_name())?;
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
        let top = tail.rsplit_once('.').map(|(_, top)| top)?;
        let is_domain = tail.bytes().all(is_host) && tail.starts_with(|c: char| c.is_ascii_alphanumeric());
        let is_file = ["yml", "yaml", "json", "toml"].contains(&top);
        if !is_domain || is_file || self.head.as_deref().is_some_and(|head| head.contains("://")) {
            return None;
        }
        let filling = match standard(self.field) {
            Standard::Uri => "https://evil-",
            _ => "mallory@evil-",
        };
        let example = self.example(filling)?;
        let message =
            format!("does not begin the domain `{tail}`: `{example}` matches too, and anybody may take that domain");
        let help = match standard(self.field) {
            Standard::Uri => format!("write `domain:{tail}`, or `domain:*.{tail}`"),
            _ => format!("write `domain:{tail}`, or `suffix:@{tail}`"),
        };
        Some(self.warning(LintId::OpenEndedDomain, message).instead(help))
    }

    fn contains(&self) -> Option<Lint> {
        let is_open = match (self.pattern, &self.hir) {
            (Pattern::Glob(text), _) => text.starts_with("**") && text.ends_with("**"),
            (_, Some(hir)) => parts(hir).is_some_and(|(first, last)| is_any(first) && is_any(last)),
            _ => false,
        };
        let (weight, message) = match self.place {
            Place::Match => (Weight::Note, "finds whoever puts the rest anywhere into a name"),
            Place::Allow => (
                Weight::Warning,
                "allows whoever puts the rest anywhere into a name, such as that of a branch",
            ),
        };
        (is_open && self.is_name()).then(|| {
            let message = format!("`{}` is open at both ends: it {message}", self.written());
            let lint = Lint {
                weight,
                ..self.warning(LintId::Contains, message)
            };
            lint.instead("begin with what the value begins with, such as `https://github.com/OWNER/`")
        })
    }

    /// A text that is compared as it stands, and does not look so.
    fn bare_wildcard(&self) -> Option<Lint> {
        let (text, meant) = match self.pattern {
            // It was written behind `exact:`.
            Pattern::Exact(text) if self.pattern.write() != *text => return None,
            Pattern::Exact(text) if text.contains(".*") || text.starts_with('^') => (text, "regex"),
            Pattern::Exact(text) if text.contains('*') && !text.starts_with("*.") => (text, "glob"),
            Pattern::Glob(text) if text.contains(".*") && !text.contains("/.*") || text.starts_with('^') => {
                (text, "regex")
            }
            _ => return None,
        };
        let how = match self.pattern {
            Pattern::Glob(_) => "is a glob, in which `.` and `^` stand for themselves",
            _ => "is compared as it stands, wildcards and all: it matches this very text alone",
        };
        let lint = self.warning(LintId::BareWildcard, format!("`{text}` {how}"));
        Some(lint.instead(format!("write `{meant}:{text}` if you mean a pattern")))
    }

    /// `san: https://github.com/acme/widgets`
    fn not_a_san(&self) -> Option<Lint> {
        let Pattern::Exact(text) = self.pattern else {
            return None;
        };
        let rest = FORGES.iter().find_map(|forge| {
            let (host, rest) = text.split_at_checked(forge.len())?;
            host.eq_ignore_ascii_case(forge).then_some(rest)
        });
        let rest = rest?.strip_prefix('/').filter(|_| issuers::is_identity(self.field))?;
        if rest.contains(['@', '*']) {
            return None;
        }
        let parts = rest.trim_end_matches('/').split('/').count();
        let whole = extensions::bare(text);
        let help = match parts {
            1 => format!("write `source-repository-owner-uri: {whole}` for all that the owner's repositories sign"),
            2 => format!("write `source-repository-uri: {whole}` for all that the repository signs"),
            _ => format!("write `glob:{whole}@**` for any branch and tag"),
        };
        let message = format!(
            "Fulcio writes the workflow and its ref (`{whole}…@refs/…`): nothing that it certifies has this very name"
        );
        Some(self.warning(LintId::NotASan, message).instead(help))
    }

    fn unknown_issuer(&self) -> Option<Lint> {
        let (Pattern::Exact(text), Field::Issuer) = (self.pattern, self.field) else {
            return None;
        };
        let lint = |why: &str| self.warning(LintId::UnknownIssuer, format!("`{text}` {why}"));
        match issuers::meant(text) {
            Some(meant) => Some(
                lint(
                    "is none of the issuers that the public Fulcio knows, and nearly one: it is compared to the letter",
                )
                .instead(format!("did you mean `{meant}`?")),
            ),
            None if !text.contains("://") => Some(
                lint("has no scheme: an issuer is a URL, as its tokens name it")
                    .instead(format!("write `https://{text}`")),
            ),
            None => None,
        }
    }

    fn unknown_kind(&self) -> Option<Lint> {
        if *self.field != Field::Kind
            || KINDS
                .iter()
                .any(|kind| holds(self.field, self.pattern, kind) != Some(false))
        {
            return None;
        }
        let message = format!("no entry that this version reads is of a kind `{}`", self.written());
        let help = match nearest(self.pattern.text(), KINDS) {
            Some(kind) => format!("did you mean `{kind}`?"),
            None => format!("the kinds are {}", KINDS.join(", ")),
        };
        Some(self.warning(LintId::UnknownKind, message).instead(help))
    }

    /// Whether the path of a URI says whose it is.
    fn is_owned(&self) -> bool {
        self.is_name() && *self.field != Field::Issuer
    }

    fn is_name(&self) -> bool {
        matches!(standard(self.field), Standard::Name | Standard::Uri)
    }
}

/// The kinds of entries that are read.
const KINDS: [&str; 12] = [
    "hashedrekord",
    "dsse",
    "intoto",
    "rekord",
    "jar",
    "rpm",
    "helm",
    "alpine",
    "cose",
    "tuf",
    "rfc3161",
    "opaque",
];

/// Any number of nearly any characters.
fn is_any(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(repetition) => repetition.max.is_none() && repetition.min < 2 && is_wide(&repetition.sub),
        HirKind::Capture(capture) => is_any(&capture.sub),
        _ => false,
    }
}

fn parts(hir: &Hir) -> Option<(&Hir, &Hir)> {
    match hir.kind() {
        HirKind::Concat(parts) if parts.len() > 1 => parts.first().zip(parts.last()),
        _ => None,
    }
}

/// Whether something open stands behind the first part, where that is a text, and before the last one.
fn open_inside(hir: &Hir) -> bool {
    let HirKind::Concat(parts) = hir.kind() else {
        return false;
    };
    let is_text = |part: Option<&Hir>| part.is_some_and(|part| matches!(part.kind(), HirKind::Literal(_)));
    let is_open = |part: Option<&Hir>| part.is_some_and(is_any);
    (!is_text(parts.first()) || is_open(parts.get(1))) && (!is_text(parts.last()) || is_open(parts.iter().nth_back(1)))
}
