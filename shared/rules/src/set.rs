//! A rule set: specs that were checked and compiled once, and the one function that asks them of an entry.

use crate::awaits::Awaits;
use crate::compile::{Always, Program, compile};
use crate::diagnostic::Diagnostic;
use crate::engine::{Engine, Truth, View};
use crate::pattern::Op;
use crate::spec::{RuleSpec, canonical_hash};
use crate::subject::{Context, Subject};
use sigstore::{Field, Timestamp};
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
    /// Whether it could not be decided within [`ENTRY_STEPS`](crate::ENTRY_STEPS): the entry was made to be costly, and
    /// may match the rule, or may be allowed by it. It is told all the same.
    pub undecided: bool,
    /// The ledgers of which any may allow the match, if nothing else does: what an allowance says beside its ledger holds.
    /// None if several signers match, of which each would need a record of its own, and none if it is undecided.
    pub awaits: Awaits,
}

/// Rules, ready to be asked.
#[derive(Clone, Debug)]
pub struct RuleSet {
    specs: Vec<RuleSpec>,
    hash: Hash,
    engine: Engine,
    programs: Vec<Program>,
    always: Vec<Always>,
    ledgers: Vec<String>,
}

/// A pattern that no text wakes, so that every value of its field is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlwaysRun<'r> {
    /// The place in [`RuleSet::specs`] of the first rule that has it.
    pub rule: usize,
    /// The field whose values are asked.
    pub field: &'r Field,
    /// The pattern, with its operator.
    pub pattern: String,
    /// Steps that it takes for each byte of a value, at most; a step takes about a nanosecond.
    pub steps_per_byte: u32,
}

impl RuleSet {
    /// Checks and compiles the rules. What [`parse`](crate::parse) returns compiles, but for the caps on the whole set.
    ///
    /// # Errors
    /// Every mistake. Paths are those of the specs as they serialise: `rules[0].match.all[1].san`.
    pub fn compile(specs: Vec<RuleSpec>) -> Result<Self, Vec<Diagnostic>> {
        let compiled = compile(&specs)?;
        let hash = hash(&specs).map_err(|problem| vec![problem])?;
        Ok(Self {
            specs,
            hash,
            engine: compiled.engine,
            programs: compiled.programs,
            always: compiled.always,
            ledgers: compiled.ledgers,
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

    /// The hash of the set that these specs make: what [`hash`](Self::hash) of the compiled set is.
    ///
    /// # Errors
    /// A spec that cannot be written.
    pub fn hash_of(specs: &[RuleSpec]) -> Result<Hash, Diagnostic> {
        hash(specs)
    }

    /// The patterns that no text wakes, with what they cost.
    pub fn always_run(&self) -> impl Iterator<Item = AlwaysRun<'_>> {
        self.always.iter().filter_map(|always| {
            let text = self.engine.atoms.text(always.atom);
            let word = match self.engine.atoms.op(always.atom)? {
                Op::Regex => "regex",
                _ => "glob",
            };
            Some(AlwaysRun {
                rule: usize::try_from(always.rule).ok()?,
                field: &self.engine.columns.get(usize::from(always.column))?.field,
                pattern: format!("{word}:{text}"),
                steps_per_byte: self.engine.atoms.steps(always.atom),
            })
        })
    }

    /// The ledgers that the rules name, in alphabetical order.
    #[must_use]
    pub fn ledgers(&self) -> &[String] {
        &self.ledgers
    }

    /// The names of the ledgers of a set.
    pub fn awaited(&self, awaits: Awaits) -> impl Iterator<Item = &str> {
        awaits
            .places()
            .filter_map(|place| self.ledgers.get(place).map(String::as_str))
    }

    /// All ledgers that a rule names in allowances that have not ended: whatever it matches is news for them.
    #[must_use]
    pub fn ledgers_of(&self, rule: usize, now: Timestamp) -> Awaits {
        let allow = self.programs.get(rule).map(|program| &program.allow);
        let in_force = allow.into_iter().flatten().filter(|allow| allow.is_in_force(now));
        in_force
            .filter_map(|allow| allow.ledger)
            .fold(Awaits::NONE, Awaits::with)
    }

    /// The rules that are asked of every entry, by their places: they say `not` alone.
    pub fn always_asked(&self) -> impl Iterator<Item = usize> {
        let rules = self.engine.wakes.always.iter();
        rules.filter_map(|rule| usize::try_from(*rule).ok())
    }

    /// Adds to `found` the rules that speak of the entry, in the order of the set, at most one [`Match`] for each.
    ///
    /// A rule must hold within one signer; fields of the entry itself (`digest`, `kind`, `log`) hold for every signer.
    /// An entry without signers is asked once: fields of signers have no values then, so that a `not` over them holds.
    /// The match is allowed if every signer that matches is allowed.
    ///
    /// An entry costs a look at each byte of its values, [`ENTRY_STEPS`](crate::ENTRY_STEPS) at most for all patterns that
    /// may match, and for each of its signers the conditions of those rules that one of its values wakes.
    pub fn matches<S: Subject + ?Sized>(&self, entry: &S, context: &Context<'_>, found: &mut Vec<Match>) {
        if self.programs.is_empty() {
            return;
        }
        let mut view = self.engine.view(entry, context);
        let (start, mut woken) = (found.len(), Vec::new());
        let mut one = |signer| {
            view.turn_to(signer);
            view.wake(&mut woken);
            if !woken.is_empty() {
                self.ask(&mut view, &woken, (signer, context.now), start, found);
            }
        };
        match entry.signers() {
            0 => one(None),
            signers => (0..signers).for_each(|signer| one(Some(signer))),
        }
    }

    fn ask<S: Subject + ?Sized>(
        &self,
        view: &mut View<'_, S>,
        woken: &[u32],
        (signer, now): (Option<usize>, Timestamp),
        start: usize,
        found: &mut Vec<Match>,
    ) {
        let known = start..found.len();
        for rule in woken.iter().filter_map(|rule| usize::try_from(*rule).ok()) {
            let Some(program) = self.programs.get(rule) else {
                continue;
            };
            let earlier = earlier(found, known.clone(), rule);
            if earlier.is_some_and(|earlier| rank(earlier) == SURE) {
                continue;
            }
            let matches = view.holds(&program.matches);
            if matches == Truth::False {
                continue;
            }
            let (mut allows, mut awaits) = (Truth::False, Awaits::NONE);
            for allow in program.allow.iter().filter(|allow| allow.is_in_force(now)) {
                match (view.holds(&allow.holds), allow.ledger) {
                    (truth, None) => allows = allows.max(truth),
                    (Truth::True, Some(ledger)) => awaits = awaits.with(ledger),
                    (Truth::False | Truth::Unknown, Some(_)) => {}
                }
            }
            let undecided = matches == Truth::Unknown || allows == Truth::Unknown;
            let decided = allows == Truth::False && !undecided;
            let matched = Match {
                rule,
                signer,
                allowed: allows == Truth::True,
                undecided,
                awaits: if decided { awaits } else { Awaits::NONE },
            };
            record(found, known.clone(), matched);
        }
        if let Some(found) = found.get_mut(start..) {
            found.sort_unstable_by_key(|matched| matched.rule);
        }
    }
}

/// The match of the same rule by an earlier signer; `known` are all of those, in the order of the rules.
fn earlier(found: &mut [Match], known: Range<usize>, rule: usize) -> Option<&mut Match> {
    let known = found.get_mut(known)?;
    let at = known.binary_search_by_key(&rule, |earlier| earlier.rule).ok()?;
    known.get_mut(at)
}

/// How surely a match is one to tell. Nothing of an entry can make one that is [`SURE`] less so.
const SURE: u8 = 3;

fn rank(matched: &Match) -> u8 {
    match (matched.allowed, matched.undecided, matched.awaits.is_empty()) {
        (true, ..) => 0,
        (false, _, false) => 1,
        (false, true, true) => 2,
        (false, false, true) => SURE,
    }
}

/// Keeps one match a rule: the first signer that is surely not allowed, else the first that may not be, else the first
/// that a ledger may allow, else the first. Of two that ledgers may allow none is left to them: a record speaks for one.
fn record(found: &mut Vec<Match>, known: Range<usize>, matched: Match) {
    match earlier(found, known, matched.rule) {
        None => found.push(matched),
        Some(earlier) if !earlier.awaits.is_empty() && !matched.awaits.is_empty() => earlier.awaits = Awaits::NONE,
        Some(earlier) if rank(earlier) < rank(&matched) => *earlier = matched,
        Some(_) => {}
    }
}

/// Specs serialise with their keys in order and without a number in them, which makes compact JSON the canonical one.
fn hash(specs: &[RuleSpec]) -> Result<Hash, Diagnostic> {
    canonical_hash(specs).map_err(|error| Diagnostic {
        path: "rules".to_owned(),
        message: error.to_string(),
        suggestion: None,
    })
}
