//! Whom a whole condition reaches: whether a match names anybody, and whether an allowance lets in more than was expected.
//!
//! An allowance is judged more strictly than a match: what a match finds beyond what was meant is read by somebody, what an
//! allowance takes is read by nobody. It should name who signs, and something that strangers cannot choose.

use super::covers::{Budget, cost, holds};
use super::issuers::{self, Form};
use super::located::{Located, LocatedRule, Part};
use super::outsiders::{FORGES, open_host, stranger, within_branch};
use super::remark::{Lint, LintId};
use crate::diagnostic::{at_item, at_key};
use crate::pattern::Pattern;
use sigstore::{Field, Timestamp, fulcio};

/// A field of a condition, with its patterns.
#[derive(Clone)]
struct Term<'t, 'r> {
    path: &'t str,
    field: &'t Field,
    patterns: &'t [(String, &'r Pattern)],
    says: Says,
    /// The place of a pattern that takes a stranger's identity, and that identity.
    stranger: Option<(&'t str, String)>,
}

/// What holds together, one of several ways in which a condition may: fields, and fields of what must not be.
#[derive(Clone, Default)]
struct Branch<'t, 'r> {
    terms: Vec<Term<'t, 'r>>,
    denied: Vec<Term<'t, 'r>>,
}

/// Ways that are told apart; a condition with more is not judged.
const MAX_BRANCHES: usize = 64;

/// What a term says of who signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// Who it is, or what was signed.
    Whom,
    /// Which ref, environment or workflow by its name: something of whoever it is.
    Which,
    /// Nothing that is not everybody's to choose.
    Nothing,
}

/// What is to be said of a pattern by itself.
pub(super) fn pattern(field: &Field, pattern: &Pattern, path: &str, is_allowed: bool, lints: &mut Vec<Lint>) {
    if !is_identity(field) && *field != Field::Issuer || is_said(lints, path) {
        return;
    }
    if let Some((head, value)) = open_host(field, pattern) {
        let message = format!("does not end the host `{head}`: `{value}` matches too, and anybody may have that host");
        let lint = Lint::warning(LintId::OpenEndedHost, path, message);
        let is_forge = FORGES.iter().any(|forge| forge.eq_ignore_ascii_case(&head));
        lints.push(lint.instead(match is_forge {
            true => format!("write the owner as well: `prefix:{head}/OWNER/`"),
            false => format!("end it with `/`: `prefix:{head}/`, or write the whole value"),
        }));
        return;
    }
    if let Some(value) = Some(())
        .filter(|()| is_allowed)
        .and_then(|()| within_branch(field, pattern))
    {
        let message = format!("what it ends in may stand in the name of a branch: `{value}` is allowed too");
        let lint = Lint::warning(LintId::WithinBranch, path, message);
        lints.push(lint.instead(
            "name the repository and the file with `*` alone: `glob:https://github.com/OWNER/*/.github/workflows/NAME@refs/tags/*`",
        ));
    }
}

/// What is to be said of the match, and of the allowances that are in force and of which nothing worse was said.
pub(super) fn lint(rule: &LocatedRule<'_>, now: Timestamp, budget: &Budget, lints: &mut Vec<Lint>) {
    let Some(matched) = branches(&rule.matches, budget) else {
        return;
    };
    matches(rule, &matched, lints);
    let path = at_key(&rule.path, "allow");
    if matched.is_empty() || lints.iter().any(|lint| lint.path == path) {
        return;
    }
    let known = Known::of(&matched);
    for (at, spec) in rule.spec.allow.iter().enumerate() {
        let path = at_item(&path, at);
        // What a ledger must know of is not everybody's.
        let is_over = spec.until.is_some_and(|until| until <= now) || spec.ledger.is_some();
        let Some(located) = rule.allowance(at).filter(|_| !is_over && !is_under(lints, &path)) else {
            continue;
        };
        let open = branches(located, budget).unwrap_or_default();
        if let Some(lint) = open.iter().find_map(|branch| allowance(branch, &known, &path)) {
            // Who gets in anyway needs no branch for it.
            lints.retain(|told| told.id != LintId::WithinBranch || told.path != lint.path);
            lints.push(lint);
        }
    }
}

fn matches(rule: &LocatedRule<'_>, matched: &[Branch<'_, '_>], lints: &mut Vec<Lint>) {
    let is_narrow = rule.spec.only.as_deref().is_some_and(|only| {
        let logs = !only.logs.is_empty() && !only.logs.iter().any(is_public_log);
        let kinds = !only.kinds.is_empty() && !only.kinds.iter().any(is_common_kind);
        logs || kinds
    });
    if is_narrow || is_under(lints, &at_key(&rule.path, "match")) {
        return;
    }
    for branch in matched {
        if branch.says(Says::Whom) {
            continue;
        }
        if let Some((path, value)) = branch.open() {
            let message = format!("says nothing of the owner: `{value}`, which is anybody's, is found too");
            let lint = Lint::warning(LintId::AnyOwner, path, message);
            lints.push(lint.instead("name the owner, the domain or the address that you watch for"));
        } else if let Some(term) = branch.terms.first() {
            let message = "names nobody: everybody's entries are like this, and all of them are found";
            let lint = Lint::warning(LintId::NamesNobody, term.path, message);
            lints
                .push(lint.instead("say beside it whom you watch for, such as `source-repository-owner-uri` or `san`"));
        }
    }
}

/// What the match says for certain.
struct Known {
    /// Somebody.
    anybody: bool,
    /// An identity that is somebody's.
    identity: bool,
    /// An identity, to the letter.
    exact: bool,
}

impl Known {
    fn of(matched: &[Branch<'_, '_>]) -> Self {
        let all = |holds: fn(&Term<'_, '_>) -> bool| matched.iter().all(|branch| branch.terms.iter().any(holds));
        Self {
            anybody: all(|term| term.says == Says::Whom),
            identity: all(|term| is_name(term.field) && term.says == Says::Whom),
            exact: all(|term| {
                is_name(term.field) && term.patterns.iter().all(|(_, it)| matches!(it, Pattern::Exact(_)))
            }),
        }
    }
}

fn allowance(branch: &Branch<'_, '_>, known: &Known, path: &str) -> Option<Lint> {
    if branch.says(Says::Whom) {
        return None;
    }
    if let Some((path, value)) = branch.open() {
        if known.identity {
            return None;
        }
        let message = format!("allows anybody who gets into what this rule finds: `{value}` is taken too");
        let lint = Lint::warning(LintId::OpenAllowance, path, message);
        return Some(lint.instead("write the owner, or the domain or the address, that is expected"));
    }
    let denies_which = branch.terms.is_empty() && branch.denied.iter().any(|term| term.says == Says::Which);
    if (denies_which || branch.says(Says::Which)) && known.anybody {
        return None;
    }
    let issuers = branch.terms.iter().filter(|term| *term.field == Field::Issuer);
    let mut issuers = issuers.flat_map(|term| term.patterns).peekable();
    if issuers.peek().is_some() {
        let people =
            |(_, pattern): &(String, &Pattern)| issuers::of(pattern).iter().all(|(_, form)| *form == Form::Email);
        if known.exact || (known.identity && issuers.all(people)) {
            return None;
        }
    }
    let message = "says neither who is expected nor which repository, workflow or ref: strangers and insiders can have what it asks for as well";
    let lint = Lint::warning(LintId::OpenAllowance, path, message);
    Some(lint.instead(
        "name what is expected, such as `san: \"glob:https://github.com/OWNER/*/.github/workflows/NAME@refs/tags/*\"`",
    ))
}

fn says(field: &Field, patterns: &[(String, &Pattern)], is_strange: bool) -> Says {
    let all = |is: fn(&Pattern) -> bool| patterns.iter().all(|(_, pattern)| is(pattern));
    let so = |is: bool| if is { Says::Whom } else { Says::Nothing };
    match field {
        Field::Fingerprint | Field::Digest => Says::Whom,
        Field::Kind => so(all(|pattern| !is_common_kind(pattern))),
        Field::Log => so(all(|pattern| !is_public_log(pattern))),
        Field::Issuer => so(all(|pattern| issuers::of(pattern).is_empty())),
        field if is_identity(field) => so(!is_strange),
        Field::Extension(oid) => match fulcio::number_of(oid.as_bytes()) {
            Some(4 | 6 | 14 | 23) => Says::Which,
            Some(2 | 11 | 20 | 22) => Says::Nothing,
            _ => Says::Whom,
        },
        Field::San | Field::Subject => Says::Nothing,
    }
}

const fn is_name(field: &Field) -> bool {
    matches!(field, Field::San | Field::Subject)
}

/// Whether values of the field say who somebody is, in a form that tells whose it is.
fn is_identity(field: &Field) -> bool {
    match field {
        Field::San | Field::Subject => true,
        Field::Extension(oid) => matches!(fulcio::number_of(oid.as_bytes()), Some(9 | 12 | 16 | 18)),
        Field::Issuer | Field::Fingerprint | Field::Digest | Field::Kind | Field::Log => false,
    }
}

/// Kinds of which the public logs' entries are.
const COMMON_KINDS: [&str; 4] = ["hashedrekord", "dsse", "intoto", "rekord"];

fn is_common_kind(pattern: &Pattern) -> bool {
    COMMON_KINDS
        .iter()
        .any(|kind| holds(&Field::Kind, pattern, kind) != Some(false))
}

/// Logs into which anybody may write, as they are called.
const PUBLIC_LOGS: [&str; 5] = [
    "rekor.sigstore.dev - 1193050959916656506",
    "rekor.sigstore.dev",
    "log2025-1.rekor.sigstore.dev",
    "log2026-1.rekor.sigstore.dev",
    "log2027-1.rekor.sigstore.dev",
];

fn is_public_log(pattern: &Pattern) -> bool {
    let takes = |log: &&str| holds(&Field::Log, pattern, log) != Some(false);
    pattern.text().contains("sigstore.dev") || PUBLIC_LOGS.iter().any(takes)
}

/// Whether something was said just now of whom this pattern takes.
fn is_said(lints: &[Lint], path: &str) -> bool {
    let own = lints.iter().rev().take_while(|lint| lint.path == path);
    own.map(|lint| lint.id).any(is_of_reach)
}

/// Whether something was said already of whom this condition reaches, or of a part of it.
fn is_under(lints: &[Lint], path: &str) -> bool {
    let is_under = |lint: &&Lint| {
        lint.path
            .strip_prefix(path)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    };
    lints.iter().filter(is_under).any(|lint| is_of_reach(lint.id))
}

const fn is_of_reach(id: LintId) -> bool {
    matches!(
        id,
        LintId::Unreachable
            | LintId::MatchesEverything
            | LintId::Contains
            | LintId::OpenEndedOwner
            | LintId::OpenEndedDomain
            | LintId::OpenEndedHost
            | LintId::AnyOwner
            | LintId::AllowsEverything
            | LintId::AllowsNothing
            | LintId::IssuerAndSan
    )
}

/// The ways in which the condition may hold; nothing if they are too many.
fn branches<'t, 'r>(located: &'t Located<'r>, budget: &Budget) -> Option<Vec<Branch<'t, 'r>>> {
    let mut out = vec![Branch::default()];
    match &located.part {
        Part::All(inner) => {
            for inner in inner {
                let more = branches(inner, budget)?;
                out = out
                    .iter()
                    .flat_map(|one| more.iter().map(|other| one.with(other)))
                    .collect();
                if out.len() > MAX_BRANCHES {
                    return None;
                }
            }
        }
        Part::Any(inner) => {
            let all = inner
                .iter()
                .map(|inner| branches(inner, budget))
                .collect::<Option<Vec<_>>>()?;
            out = all.into_iter().flatten().collect();
        }
        Part::Not(inner) => {
            let denied = branches(inner, budget)?
                .into_iter()
                .flat_map(|branch| [branch.terms, branch.denied].concat());
            out = vec![Branch {
                terms: Vec::new(),
                denied: denied.collect(),
            }];
        }
        Part::Field(field, patterns) => {
            let terms = vec![Term::of(&located.path, field, patterns, budget)];
            out = vec![Branch {
                terms,
                denied: Vec::new(),
            }];
        }
    }
    (out.len() <= MAX_BRANCHES).then_some(out)
}

impl<'t, 'r> Term<'t, 'r> {
    fn of(path: &'t str, field: &'t Field, patterns: &'t [(String, &'r Pattern)], budget: &Budget) -> Self {
        let strange = |(path, pattern): &'t (String, &'r Pattern)| {
            let is_asked = is_identity(field) && budget.take(cost(pattern));
            Some((path.as_str(), is_asked.then(|| stranger(field, pattern)).flatten()?))
        };
        let stranger = patterns.iter().find_map(strange);
        Self {
            says: says(field, patterns, stranger.is_some()),
            path,
            field,
            patterns,
            stranger,
        }
    }
}

impl<'t> Branch<'t, '_> {
    fn says(&self, wanted: Says) -> bool {
        self.terms.iter().any(|term| term.says == wanted)
    }

    /// The first pattern of a name that takes a stranger's identity, and that identity.
    fn open(&self) -> Option<(&'t str, &str)> {
        let mut found = self.terms.iter().filter_map(|term| term.stranger.as_ref());
        found.next().map(|(path, value)| (*path, value.as_str()))
    }

    fn with(&self, other: &Self) -> Self {
        Self {
            terms: [self.terms.as_slice(), other.terms.as_slice()].concat(),
            denied: [self.denied.as_slice(), other.denied.as_slice()].concat(),
        }
    }
}
