//! A rule set: specs that were checked and compiled once, and the one function that asks them of an entry.

use crate::diagnostic::{Diagnostic, at_item, at_key};
use crate::engine::{Engine, Expr, View};
use crate::limits::{MAX_DEPTH, MAX_EXPRESSIONS, MAX_RULES};
use crate::parse::Names;
use crate::pattern::{Pattern, Prepared};
use crate::spec::{Matcher, RuleSpec};
use crate::subject::{Context, Subject};
use sigstore::Field;
use std::ops::Range;
use tlog::Hash;

/// A rule that speaks of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Match {
    /// The rule's place in [`RuleSet::specs`].
    pub rule: usize,
    /// The signer that it speaks of, counted from zero: the first one that is not allowed, else the first that matches.
    /// `None` where the entry has no signers.
    pub signer: Option<usize>,
    /// Whether every signer that matches is one that the rule allows.
    pub allowed: bool,
}

/// Rules, ready to be asked.
#[derive(Clone, Debug)]
pub struct RuleSet {
    specs: Vec<RuleSpec>,
    hash: Hash,
    engine: Engine,
    programs: Vec<Program>,
}

#[derive(Clone, Debug)]
struct Program {
    matches: Expr,
    allow: Vec<Expr>,
}

impl RuleSet {
    /// Checks and compiles the rules. What [`parse`](crate::parse) returns compiles, but for the caps on the whole set.
    ///
    /// # Errors
    /// Every mistake. Paths are those of the specs as they serialise: `rules[0].match.all[1].san`.
    pub fn compile(specs: Vec<RuleSpec>) -> Result<Self, Vec<Diagnostic>> {
        let mut compiler = Compiler::default();
        let programs = compiler.rules(&specs);
        if !compiler.problems.is_empty() {
            return Err(compiler.problems);
        }
        let hash = hash(&specs).map_err(|problem| vec![problem])?;
        Ok(Self {
            specs,
            hash,
            engine: compiler.engine,
            programs,
        })
    }

    /// Whether there are no rules: nobody is watched for.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.specs.is_empty()
    }

    /// How many rules there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.specs.len()
    }

    /// The rules, in the order of the configuration.
    #[must_use]
    pub fn specs(&self) -> &[RuleSpec] {
        &self.specs
    }

    /// SHA-256 of the canonical JSON (RFC 8785) of the specs: the same for the same rules in the same order, however
    /// the file was formatted and whatever the order of its keys.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// Adds to `found` the rules that speak of the entry, in the order of the set, at most one [`Match`] for each.
    ///
    /// A rule must hold within one signer; fields of the entry itself (`digest`, `kind`, `log`) hold for every signer.
    /// An entry without signers is asked once: fields of signers have no values then, so that a `not` over them holds.
    /// The match is allowed if every signer that matches is allowed.
    pub fn matches<S: Subject + ?Sized>(&self, entry: &S, context: &Context<'_>, found: &mut Vec<Match>) {
        if self.programs.is_empty() {
            return;
        }
        let mut view = self.engine.view(entry, context);
        let start = found.len();
        match entry.signers() {
            0 => self.one(&mut view, None, start, found),
            signers => (0..signers).for_each(|signer| self.one(&mut view, Some(signer), start, found)),
        }
    }

    fn one<S: Subject + ?Sized>(
        &self,
        view: &mut View<'_, S>,
        signer: Option<usize>,
        start: usize,
        found: &mut Vec<Match>,
    ) {
        view.turn_to(signer);
        let known = found.len();
        for (rule, program) in self.programs.iter().enumerate() {
            if view.holds(&program.matches) {
                let allowed = program.allow.iter().any(|allow| view.holds(allow));
                record(found, start..known, Match { rule, signer, allowed });
            }
        }
        if let Some(found) = found.get_mut(start..) {
            found.sort_unstable_by_key(|matched| matched.rule);
        }
    }
}

/// Keeps one match a rule: the first signer that is not allowed stands before those that are. `known` are the matches
/// of earlier signers, in the order of the rules.
fn record(found: &mut Vec<Match>, known: Range<usize>, matched: Match) {
    let earlier = found.get_mut(known).and_then(|known| {
        let at = known.binary_search_by_key(&matched.rule, |earlier| earlier.rule).ok()?;
        known.get_mut(at)
    });
    match earlier {
        None => found.push(matched),
        Some(earlier) if earlier.allowed && !matched.allowed => *earlier = matched,
        Some(_) => {}
    }
}

/// Specs serialise with their keys in order and without a number in them, which makes compact JSON the canonical one.
fn hash(specs: &[RuleSpec]) -> Result<Hash, Diagnostic> {
    match serde_json::to_vec(specs) {
        Ok(json) => Ok(Hash::of(&json)),
        Err(error) => Err(Diagnostic {
            path: "rules".to_owned(),
            message: error.to_string(),
            suggestion: None,
        }),
    }
}

#[derive(Default)]
struct Compiler {
    engine: Engine,
    expressions: usize,
    problems: Vec<Diagnostic>,
}

impl Compiler {
    fn fault<T>(&mut self, path: &str, message: impl Into<String>) -> Option<T> {
        self.problems.push(Diagnostic {
            path: path.to_owned(),
            message: message.into(),
            suggestion: None,
        });
        None
    }

    fn rules(&mut self, specs: &[RuleSpec]) -> Vec<Program> {
        if specs.len() > MAX_RULES {
            let _: Option<()> = self.fault(
                "rules",
                format!("has {} rules; a set has at most {MAX_RULES}", specs.len()),
            );
            return Vec::new();
        }
        let mut names = Names::default();
        let mut programs = Vec::with_capacity(specs.len());
        for (index, spec) in specs.iter().enumerate() {
            self.problems.extend(names.check(&spec.name, index));
            programs.extend(self.rule(spec, &at_item("rules", index)));
        }
        if self.expressions > MAX_EXPRESSIONS {
            let message = format!(
                "has {} `glob:` and `regex:` patterns; a set has at most {MAX_EXPRESSIONS}",
                self.expressions
            );
            let _: Option<()> = self.fault("rules", message);
        }
        programs
    }

    fn rule(&mut self, spec: &RuleSpec, path: &str) -> Option<Program> {
        let matches = self.expr(&spec.matches, &at_key(path, "match"), 0);
        let allow = self.each(&spec.allow, &at_key(path, "allow"), 0);
        Some(Program {
            matches: matches?,
            allow: allow?,
        })
    }

    fn expr(&mut self, matcher: &Matcher, path: &str, depth: usize) -> Option<Expr> {
        if depth > MAX_DEPTH {
            return self.fault(path, format!("is nested deeper than {MAX_DEPTH} levels"));
        }
        match matcher {
            Matcher::All(inner) => self.list(inner, &at_key(path, "all"), depth).map(Expr::All),
            Matcher::Any(inner) => self.list(inner, &at_key(path, "any"), depth).map(Expr::Any),
            Matcher::Not(inner) => self
                .expr(inner, &at_key(path, "not"), depth + 1)
                .map(|inner| Expr::Not(Box::new(inner))),
            Matcher::Field { name, patterns } => self.field(name, patterns, path),
        }
    }

    fn list(&mut self, inner: &[Matcher], path: &str, depth: usize) -> Option<Vec<Expr>> {
        if inner.is_empty() {
            return self.fault(path, "is an empty list");
        }
        self.each(inner, path, depth + 1)
    }

    fn each(&mut self, inner: &[Matcher], path: &str, depth: usize) -> Option<Vec<Expr>> {
        let compiled: Vec<_> = inner
            .iter()
            .enumerate()
            .map(|(at, matcher)| self.expr(matcher, &at_item(path, at), depth))
            .collect();
        compiled.into_iter().collect()
    }

    fn field(&mut self, name: &str, patterns: &[Pattern], path: &str) -> Option<Expr> {
        let path = at_key(path, name);
        let Some(field) = Field::parse(name) else {
            return self.fault(&path, format!("unknown key `{name}`"));
        };
        if patterns.is_empty() {
            return self.fault(&path, "is an empty list; it would match nothing");
        }
        let mut prepared = Vec::with_capacity(patterns.len());
        for (at, pattern) in patterns.iter().enumerate() {
            match pattern.prepare(&field) {
                Ok(pattern) => prepared.push(pattern),
                Err(error) => {
                    let path = if patterns.len() == 1 {
                        path.clone()
                    } else {
                        at_item(&path, at)
                    };
                    self.problems.push(Diagnostic {
                        path,
                        message: error.to_string(),
                        suggestion: error.suggestion(),
                    });
                }
            }
        }
        self.expressions += prepared
            .iter()
            .filter(|pattern| matches!(pattern, Prepared::Expression(_)))
            .count();
        Some(self.engine.test(&field, prepared))
    }
}
