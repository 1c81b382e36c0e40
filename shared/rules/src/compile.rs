//! Checks rules and compiles them: every different question once, each behind the text that wakes it.
//!
//! What cannot be asked within a bound is refused here, with the rule that asks it, so that nothing has to be skipped when
//! entries come.

use crate::atom::Atoms;
use crate::awaits::ledgers;
use crate::column::Draft;
use crate::diagnostic::{Diagnostic, at_item, at_key};
use crate::engine::{Engine, Expr};
use crate::key::{Key, Keys, Role};
use crate::limits::{
    MAX_ALWAYS_ASKED, MAX_ALWAYS_RUN, MAX_CROWD, MAX_DEPTH, MAX_FIELDS, MAX_PATTERNS, MAX_RULES, MAX_TEXT_BYTES,
};
use crate::literal::{of_glob, of_regex, states};
use crate::names::{Names, bad_label};
use crate::pattern::{Op, Pattern, PatternError, Prepared};
use crate::spec::{Allowance, Matcher, RuleSpec};
use crate::waking;
use sigstore::{Field, Timestamp};
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// A rule, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// What it looks for, where it is asked.
    pub(crate) matches: Expr,
    /// What it allows.
    pub(crate) allow: Box<[Allow]>,
}

/// An allowance, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Allow {
    pub(crate) holds: Expr,
    /// The ledger that must know of it, by its place in the set's.
    pub(crate) ledger: Option<u8>,
    pub(crate) until: Option<Timestamp>,
}

impl Allow {
    /// Whether it has not ended.
    pub(crate) fn is_in_force(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// A glob or an expression that every value of its field is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Always {
    pub(crate) atom: u32,
    pub(crate) column: u16,
    /// The first rule that has it.
    pub(crate) rule: u32,
}

/// What a rule set is made of.
pub(crate) struct Compiled {
    pub(crate) engine: Engine,
    pub(crate) programs: Vec<Program>,
    pub(crate) always: Vec<Always>,
    /// The ledgers that the rules name, in order.
    pub(crate) ledgers: Vec<String>,
}

/// Compiles the rules.
pub(crate) fn compile(specs: &[RuleSpec]) -> Result<Compiled, Vec<Diagnostic>> {
    if specs.len() > MAX_RULES {
        let message = format!("has {} rules; a set has at most {MAX_RULES}", specs.len());
        return Err(vec![problem("rules", message)]);
    }
    let ledgers = ledgers(specs).map_err(|problem| vec![problem])?;
    let mut compiler = Compiler::new(specs.len(), ledgers);
    compiler.rules(specs);
    if !compiler.problems.is_empty() {
        return Err(compiler.problems);
    }
    compiler.finish(specs)
}

fn problem(path: &str, message: String) -> Diagnostic {
    Diagnostic {
        path: path.to_owned(),
        message,
        suggestion: None,
    }
}

struct Compiler {
    atoms: Atoms,
    drafts: Vec<Draft>,
    lists: Vec<u32>,
    programs: Vec<Program>,
    /// The atoms by the hash of what they are.
    known: HashMap<u64, u32>,
    hasher: BuildHasherDefault<DefaultHasher>,
    /// Globs and expressions: column, atom and the rule that had it first, in the order of `keys`.
    expressions: Vec<(u16, u32, u32)>,
    keys: Keys,
    rule: u32,
    ledgers: Vec<String>,
    is_full: bool,
    problems: Vec<Diagnostic>,
}

impl Compiler {
    fn new(rules: usize, ledgers: Vec<String>) -> Self {
        Self {
            atoms: Atoms::default(),
            drafts: Vec::new(),
            lists: Vec::with_capacity(rules),
            programs: Vec::with_capacity(rules),
            known: HashMap::with_capacity(rules),
            hasher: BuildHasherDefault::default(),
            expressions: Vec::new(),
            keys: Keys::new(rules),
            rule: 0,
            ledgers,
            is_full: false,
            problems: Vec::new(),
        }
    }

    fn fault<T>(&mut self, path: &str, message: impl Into<String>) -> Option<T> {
        self.problems.push(problem(path, message.into()));
        None
    }

    fn rules(&mut self, specs: &[RuleSpec]) {
        let mut names = Names::default();
        let names = specs
            .iter()
            .enumerate()
            .filter_map(|(index, spec)| names.check(&spec.name, index));
        self.problems.extend(names);
        self.atoms
            .reserve(specs.len(), specs.iter().map(|spec| text_bytes(&spec.matches)).sum());
        for (index, spec) in specs.iter().enumerate() {
            self.rule = u32::try_from(index).unwrap_or(u32::MAX);
            let program = self.rule(spec, &at_item("rules", index));
            self.programs.extend(program);
            if self.is_full {
                return;
            }
        }
    }

    fn rule(&mut self, spec: &RuleSpec, path: &str) -> Option<Program> {
        if let Some((name, message)) = bad_label(&spec.labels) {
            let labels = at_key(path, "labels");
            let at = name.map_or_else(|| labels.clone(), |name| at_key(&labels, name));
            self.problems.push(problem(&at, message));
        }
        let mut all = Vec::new();
        if let Some(only) = &spec.only {
            let path = at_key(path, "only");
            for (key, field, patterns) in [("logs", Field::Log, &only.logs), ("kinds", Field::Kind, &only.kinds)] {
                if !patterns.is_empty() {
                    all.push(self.patterns(&field, patterns, &at_key(&path, key)));
                }
            }
        }
        all.push(self.expr(&spec.matches, &at_key(path, "match"), 0));
        let allow = spec.allow.iter().enumerate();
        let allow: Vec<_> = allow
            .map(|(at, allowance)| {
                let path = at_item(&at_key(path, "allow"), at);
                self.allowance(allowance, &path)
            })
            .collect();
        let mut all = all.into_iter().collect::<Option<Vec<_>>>()?;
        let matches = match all.pop() {
            Some(one) if all.is_empty() => one,
            last => Expr::All(all.into_iter().chain(last).collect()),
        };
        Some(Program {
            matches,
            allow: allow.into_iter().collect::<Option<_>>()?,
        })
    }

    fn allowance(&mut self, allowance: &Allowance, path: &str) -> Option<Allow> {
        let place = |name: &String| self.ledgers.binary_search(name).ok();
        let ledger = allowance.ledger.as_ref().and_then(place);
        let holds = match ledger {
            Some(_) if allowance.matches == Matcher::always() => Expr::All(Box::default()),
            _ => self.expr(&allowance.matches, path, 0)?,
        };
        Some(Allow {
            holds,
            ledger: ledger.and_then(|place| u8::try_from(place).ok()),
            until: allowance.until,
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
            Matcher::Field { name, patterns } => {
                let path = at_key(path, name);
                match Field::parse(name) {
                    Some(field) => self.patterns(&field, patterns, &path),
                    None => self.fault(&path, format!("unknown key `{name}`")),
                }
            }
        }
    }

    fn list(&mut self, inner: &[Matcher], path: &str, depth: usize) -> Option<Box<[Expr]>> {
        if inner.is_empty() {
            return self.fault(path, "is an empty list");
        }
        let compiled = inner.iter().enumerate();
        let compiled: Vec<_> = compiled
            .map(|(at, matcher)| self.expr(matcher, &at_item(path, at), depth + 1))
            .collect();
        compiled.into_iter().collect()
    }

    fn patterns(&mut self, field: &Field, patterns: &[Pattern], path: &str) -> Option<Expr> {
        if patterns.is_empty() {
            return self.fault(path, "is an empty list; it would match nothing");
        }
        let column = self.column(field, path)?;
        let from = self.lists.len();
        for (at, pattern) in patterns.iter().enumerate() {
            if let Err(error) = self.pattern(field, column, pattern) {
                let path = if patterns.len() == 1 {
                    path.to_owned()
                } else {
                    at_item(path, at)
                };
                self.problems.push(Diagnostic {
                    path,
                    message: error.to_string(),
                    suggestion: error.suggestion(),
                });
            }
        }
        if self.lists.len() > MAX_PATTERNS || self.atoms.bytes() > MAX_TEXT_BYTES {
            self.is_full = true;
            let message = format!(
                "is where the set has more than {MAX_PATTERNS} patterns, or more than {MAX_TEXT_BYTES} bytes of them"
            );
            return self.fault(path, message);
        }
        if let Some(list) = self.lists.get_mut(from..) {
            list.sort_unstable();
        }
        let [from, to] = [from, self.lists.len()].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
        Some(Expr::Test { column, from, to })
    }

    fn column(&mut self, field: &Field, path: &str) -> Option<u16> {
        if let Some(at) = self.drafts.iter().position(|draft| draft.field == *field) {
            return u16::try_from(at).ok();
        }
        if self.drafts.len() >= MAX_FIELDS {
            return self.fault(
                path,
                format!("is one field too many; a set has at most {MAX_FIELDS} different ones"),
            );
        }
        self.drafts.push(Draft::new(field));
        u16::try_from(self.drafts.len() - 1).ok()
    }

    fn pattern(&mut self, field: &Field, column: u16, pattern: &Pattern) -> Result<(), PatternError> {
        match pattern.prepare(field)? {
            Prepared::Plain(op, text, other) => {
                for text in [Some(text), other].into_iter().flatten() {
                    self.atom(column, op, &text, 0, |keys| keys.add(&of_glob(&text)));
                }
            }
            Prepared::Regex(source, hir) => {
                let states = u32::try_from(states(&hir)).unwrap_or(u32::MAX);
                self.atom(column, Op::Regex, source, states, |keys| keys.add(&of_regex(&hir)));
            }
        }
        Ok(())
    }

    /// Puts an atom on the list, a new one or the one that is the same.
    fn atom(&mut self, column: u16, op: Op, text: &str, states: u32, add: impl FnOnce(&mut Keys)) {
        let mut hash = self.hasher.hash_one((column, op, text));
        while let Some(known) = self.known.get(&hash) {
            if self.atoms.op(*known) == Some(op) && self.atoms.text(*known) == text {
                return self.lists.push(*known);
            }
            hash = hash.wrapping_add(1);
        }
        let atom = self.atoms.add(op, text, states);
        self.known.insert(hash, atom);
        self.lists.push(atom);
        let role = match op {
            Op::Exact => Role::Whole,
            Op::Prefix => Role::Head,
            Op::Suffix => Role::Tail,
            Op::Domain => Role::Domain,
            Op::Below => Role::Below,
            Op::Glob | Op::Regex => {
                add(&mut self.keys);
                return self.expressions.push((column, atom, self.rule));
            }
        };
        if let Some(draft) = self.drafts.get_mut(usize::from(column)) {
            draft.add(Key::of(role, text.as_bytes()), atom);
        }
    }

    fn finish(mut self, specs: &[RuleSpec]) -> Result<Compiled, Vec<Diagnostic>> {
        self.known = HashMap::new();
        let mut always = Vec::new();
        let (drafts, atoms, mut expressions) = (&mut self.drafts, &mut self.atoms, self.expressions.iter());
        self.keys.choose(|keys, guard| {
            let Some((column, atom, rule)) = expressions.next().copied() else {
                return;
            };
            let Some(draft) = drafts.get_mut(usize::from(column)) else {
                return;
            };
            draft.has_expressions();
            keys.iter().for_each(|key| draft.add(*key, atom));
            atoms.guard(atom, guard);
            if keys.is_empty() {
                draft.add_always(atom);
                always.push(Always { atom, column, rule });
            }
        });
        let mut problems = Vec::new();
        problems.extend(too_many_always(&always, &self.atoms));
        for draft in &mut self.drafts {
            problems.extend(too_crowded(draft, &self.atoms, &self.expressions));
        }
        self.atoms.shrink();
        let mut engine = Engine {
            atoms: self.atoms,
            columns: self.drafts.into_iter().map(Draft::finish).collect(),
            lists: self.lists,
            ..Engine::default()
        };
        let always_run: Vec<u32> = always.iter().map(|always| always.atom).collect();
        let conditions = self.programs.iter().map(|program| &program.matches);
        engine.wakes = waking::choose(&engine, &always_run, conditions);
        problems.extend(too_many_asked(&engine.wakes.always, specs));
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Compiled {
            engine,
            programs: self.programs,
            always,
            ledgers: self.ledgers,
        })
    }
}

/// Bytes of the patterns of a condition, so that they need not grow piece by piece.
fn text_bytes(matcher: &Matcher) -> usize {
    match matcher {
        Matcher::All(inner) | Matcher::Any(inner) => inner.iter().map(text_bytes).sum(),
        Matcher::Not(inner) => text_bytes(inner),
        Matcher::Field { patterns, .. } => patterns.iter().map(|pattern| pattern.text().len()).sum(),
    }
}

fn too_many_always(always: &[Always], atoms: &Atoms) -> Option<Diagnostic> {
    let first = always.get(MAX_ALWAYS_RUN)?;
    let message = format!(
        "`{}` is one pattern too many that no text wakes: of such patterns, which every value is asked, a set has at most \
         {MAX_ALWAYS_RUN}; write out a part of at least four letters that every match has",
        atoms.text(first.atom)
    );
    Some(problem(&at_rule(first.rule), message))
}

fn too_crowded(draft: &mut Draft, atoms: &Atoms, expressions: &[(u16, u32, u32)]) -> Option<Diagnostic> {
    let (count, first) = draft.crowd(|atom| atoms.op(atom).is_some_and(|op| op != Op::Exact))?;
    if count <= MAX_CROWD {
        return None;
    }
    let rule = expressions
        .iter()
        .find(|(_, atom, _)| *atom == first)
        .map(|(_, _, rule)| *rule);
    let message = format!(
        "`{}` and {} other patterns of `{}` have no text that tells them apart: one value would have to be compared with \
         all of them, and at most {MAX_CROWD} may share the rarest text that they require",
        atoms.text(first),
        count - 1,
        draft.field
    );
    Some(problem(&rule.map_or_else(|| "rules".to_owned(), at_rule), message))
}

fn too_many_asked(always: &[u32], specs: &[RuleSpec]) -> Option<Diagnostic> {
    let first = always.get(MAX_ALWAYS_ASKED).copied()?;
    let name = usize::try_from(first).ok().and_then(|at| specs.get(at));
    let message = format!(
        "`{}` is one rule too many that any entry may match (it says `not` alone): a set has at most {MAX_ALWAYS_ASKED}; \
         say beside it what to look for",
        name.map_or("", |spec| spec.name.as_str())
    );
    Some(problem(&at_rule(first), message))
}

fn at_rule(rule: u32) -> String {
    format!("rules[{rule}]")
}
