//! Near misses: entries that a rule does not find and whose reader should look twice: another workflow of the same
//! repository, another issuer for the same identity, a name that looks like one that is watched.
//!
//! They are a help for who writes rules, and no findings: nothing here is complete.

mod alike;
mod relaxed;
mod spelling;

use crate::diagnostic::Diagnostic;
use crate::pattern::Pattern;
use crate::set::{Match, RuleSet};
use crate::spec::{Matcher, RuleSpec};
use crate::subject::{Context, Subject};
use alike::{is_alike, is_watched};
use sigstore::Field;
use spelling::Spelled;
use std::collections::HashSet;

/// Names that are looked for in every entry. Each is compared letter by letter.
pub const MAX_NAMES: usize = 1_000;

/// Why an entry is near to a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Nearness {
    /// A value that is what the rule asks for but for capitals, slashes, a scheme, `.git` or blanks.
    OtherSpelling {
        /// The value that the entry has.
        value: String,
        /// What the rule asks for.
        watched: String,
    },
    /// The repository that the rule names, and this identity in it.
    OtherWorkflow(String),
    /// All that the rule asks for, by this issuer.
    OtherIssuer(String),
    /// A name that looks like a watched one.
    LookAlike {
        /// The value that the entry has.
        value: String,
        /// The name in it.
        name: String,
        /// The name that the rule watches for.
        watched: String,
    },
}

/// An entry that is near to a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss {
    /// The rule's place in the set.
    pub rule: usize,
    /// Why it is near.
    pub nearness: Nearness,
}

/// What is near to the rules of a set.
#[derive(Debug)]
pub struct Neighbourhood {
    /// The rules with any workflow, and the places of those they come of; the same with any issuer.
    workflows: (RuleSet, Vec<usize>),
    issuers: (RuleSet, Vec<usize>),
    names: Vec<(usize, Field, String)>,
    /// The same of whole values and of their beginnings, as they are written and without regard to their spelling.
    values: Vec<(usize, Field, Spelled)>,
    watched: HashSet<String>,
    fields: Vec<Field>,
}

impl Neighbourhood {
    /// Prepares the search.
    ///
    /// # Errors
    /// The relaxed rules are beyond a bound on rule sets.
    pub fn of(rules: &RuleSet) -> Result<Self, Vec<Diagnostic>> {
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (rule, spec) in rules.specs().iter().enumerate() {
            collect(&spec.matches, &mut |field, pattern| {
                for name in relaxed::names(field, pattern) {
                    let known = (rule, field.clone(), name);
                    if !names.contains(&known) && names.len() <= MAX_NAMES {
                        names.push(known);
                    }
                }
                let spelled = Spelled::of(field, pattern).filter(|_| values.len() < MAX_NAMES);
                values.extend(spelled.map(|spelled| (rule, field.clone(), spelled)));
            });
        }
        let watched = names.iter().map(|(_, _, name)| name.to_ascii_lowercase()).collect();
        names.truncate(MAX_NAMES);
        let of_names = names.iter().map(|(_, field, _)| field);
        let of_values = values.iter().map(|(_, field, _)| field);
        let mut fields: Vec<Field> = of_names.chain(of_values).cloned().collect();
        fields.sort();
        fields.dedup();
        Ok(Self {
            workflows: compile(rules, relaxed::any_workflow)?,
            issuers: compile(rules, relaxed::any_issuer)?,
            names,
            values,
            watched,
            fields,
        })
    }

    /// What the entry is near to, among the rules that are not `found`: for each rule the first reason of those above.
    pub fn near<S: Subject + ?Sized>(&self, entry: &S, context: &Context<'_>, found: &[Match]) -> Vec<NearMiss> {
        let mut near = Vec::new();
        let mut add = |(rules, of): &(RuleSet, Vec<usize>), field: &Field, make: fn(String) -> Nearness| {
            let mut matched = Vec::new();
            rules.matches(entry, context, &mut matched);
            for one in matched {
                let rule = of.get(one.rule).copied();
                if let Some((rule, signer)) = rule.zip(one.signer) {
                    let nearness = make(values(entry, signer, field).join(", "));
                    near.push(NearMiss { rule, nearness });
                }
            }
        };
        let spelled = self.otherwise_spelled(entry);
        add(&self.workflows, &Field::San, Nearness::OtherWorkflow);
        add(&self.issuers, &Field::Issuer, Nearness::OtherIssuer);
        near.splice(0..0, spelled);
        self.look_alikes(entry, &mut near);
        let mut told: HashSet<usize> = found.iter().map(|found| found.rule).collect();
        near.retain(|near| told.insert(near.rule));
        near
    }

    fn otherwise_spelled<S: Subject + ?Sized>(&self, entry: &S) -> Vec<NearMiss> {
        let mut near = Vec::new();
        for field in &self.fields {
            for value in (0..entry.signers()).flat_map(|signer| values(entry, signer, field)) {
                let bare = spelling::bare(&value);
                let own = self
                    .values
                    .iter()
                    .filter(|(_, of, spelled)| of == field && spelled.is(field, &value, &bare));
                near.extend(own.map(|(rule, _, spelled)| NearMiss {
                    rule: *rule,
                    nearness: Nearness::OtherSpelling {
                        value: value.clone(),
                        watched: spelled.written.clone(),
                    },
                }));
            }
        }
        near
    }

    fn look_alikes<S: Subject + ?Sized>(&self, entry: &S, near: &mut Vec<NearMiss>) {
        for field in &self.fields {
            let all = (0..entry.signers()).flat_map(|signer| values(entry, signer, field));
            for value in all {
                let names = relaxed::of_value(field, &value);
                for name in names.into_iter().filter(|name| !is_watched(&self.watched, name)) {
                    let own = self.names.iter().filter(|(_, of, _)| of == field);
                    let alike = own.filter(|(_, _, watched)| is_alike(watched, &name));
                    near.extend(alike.map(|(rule, _, watched)| NearMiss {
                        rule: *rule,
                        nearness: Nearness::LookAlike {
                            value: value.clone(),
                            name: name.clone(),
                            watched: watched.clone(),
                        },
                    }));
                }
            }
        }
    }
}

fn values<S: Subject + ?Sized>(entry: &S, signer: usize, field: &Field) -> Vec<String> {
    let mut values = Vec::new();
    entry.values(signer, field, &mut |value| values.push(value.to_owned()));
    values
}

fn compile(
    rules: &RuleSet,
    relax: fn(&RuleSpec) -> Option<RuleSpec>,
) -> Result<(RuleSet, Vec<usize>), Vec<Diagnostic>> {
    let relaxed = rules.specs().iter().enumerate();
    let (of, specs) = relaxed.filter_map(|(at, spec)| Some((at, relax(spec)?))).unzip();
    Ok((RuleSet::compile(specs)?, of))
}

/// The patterns that a condition asks for.
fn collect(matcher: &Matcher, each: &mut dyn FnMut(&Field, &Pattern)) {
    match matcher {
        Matcher::All(inner) | Matcher::Any(inner) => inner.iter().for_each(|inner| collect(inner, each)),
        Matcher::Not(_) => {}
        Matcher::Field { name, patterns } => {
            let Some(field) = Field::parse(name) else { return };
            patterns.iter().for_each(|pattern| each(&field, pattern));
        }
    }
}
