//! `check --against`: the rules asked of recorded entries: how many each matches, with examples, and what it nearly
//! matches.

use super::recorded::{self, Recorded};
use crate::exit::{Failure, print};
use alerts::text::escape;
use pass::{Fault, FaultClass, Settings};
use rules::{Context, Nearness, Neighbourhood};
use sigstore::{Entry, Field, Scratch, Timestamp, decode};
use std::collections::HashSet;
use tlog::Hash;

/// Examples of each sort that are shown for a rule.
const EXAMPLES: usize = 3;

/// Characters of what an entry says.
const SHOWN: usize = 300;

/// What came of one rule.
#[derive(Default)]
struct Tally {
    matched: u64,
    allowed: u64,
    examples: Vec<String>,
    near: u64,
    near_examples: Vec<String>,
}

/// What came of all.
struct Replay<'s> {
    settings: &'s Settings,
    now: Timestamp,
    neighbourhood: Option<Neighbourhood>,
    tallies: Vec<Tally>,
    seen: HashSet<(String, Hash)>,
    entries: u64,
    unreadable: u64,
}

/// Asks the rules of what is recorded there, and prints what came of it.
pub(super) async fn replay(given: &str, settings: &Settings, now: Timestamp) -> Result<(), Failure> {
    let mut replay = Replay {
        settings,
        now,
        neighbourhood: Neighbourhood::of(&settings.rules).ok(),
        tallies: settings.rules.specs().iter().map(|_| Tally::default()).collect(),
        seen: HashSet::new(),
        entries: 0,
        unreadable: 0,
    };
    recorded::each(given, |recorded| match recorded {
        Some(recorded) => replay.ask(&recorded),
        None => replay.unreadable += 1,
    })
    .await?;
    replay.tell(given);
    if replay.entries > 0 {
        return Ok(());
    }
    let message = format!("{given} holds no entry that can be read: nothing was replayed");
    Err(Failure::Fault(Fault::new(FaultClass::Record, given, message)))
}

impl Replay<'_> {
    fn ask(&mut self, recorded: &Recorded) {
        // An entry stands once for each rule that found it.
        if !self.seen.insert((recorded.log.clone(), Hash::leaf(&recorded.leaf))) {
            return;
        }
        let mut scratch = Scratch::default();
        let Ok(entry) = decode(recorded.kind, &recorded.leaf, &mut scratch) else {
            self.unreadable += 1;
            return;
        };
        self.entries += 1;
        let context = Context {
            log: &recorded.log,
            now: self.now,
        };
        let mut found = Vec::new();
        self.settings.rules.matches(&entry, &context, &mut found);
        let place = place(recorded);
        for matched in &found {
            let Some(tally) = self.tallies.get_mut(matched.rule) else {
                continue;
            };
            tally.matched += 1;
            tally.allowed += u64::from(matched.allowed);
            if tally.examples.len() < EXAMPLES {
                let allowed = match (matched.allowed, matched.awaits.is_empty()) {
                    (true, _) => " (allowed)",
                    (false, false) => " (left to a ledger)",
                    (false, true) => "",
                };
                tally
                    .examples
                    .push(format!("{place}{}{allowed}", who(&entry, matched.signer)));
            }
        }
        let near = self
            .neighbourhood
            .as_ref()
            .map(|near| near.near(&entry, &context, &found));
        for near in near.into_iter().flatten() {
            let Some(tally) = self.tallies.get_mut(near.rule) else {
                continue;
            };
            tally.near += 1;
            if tally.near_examples.len() < EXAMPLES {
                tally.near_examples.push(format!("{place}{}", words(&near.nearness)));
            }
        }
    }

    fn tell(&self, given: &str) {
        let unreadable = match self.unreadable {
            0 => String::new(),
            count => format!(", {count} that hold no entry or none that can be read"),
        };
        print(&format!(
            "replayed   {}: {} different entries{unreadable}",
            escape(given, SHOWN),
            self.entries
        ));
        for (spec, tally) in self.settings.rules.specs().iter().zip(&self.tallies) {
            let name = escape(&spec.name, SHOWN);
            let near = match tally.near {
                0 => String::new(),
                count => format!(", nearly {count}"),
            };
            print(&format!(
                "matched    {name}: {}, {} of them allowed{near}",
                tally.matched, tally.allowed
            ));
            tally
                .examples
                .iter()
                .for_each(|example| print(&format!("           {example}")));
            tally
                .near_examples
                .iter()
                .for_each(|example| print(&format!("    nearly {example}")));
        }
        if self.neighbourhood.is_none() {
            print("note: the rules are too many to look for near misses");
        }
    }
}

/// Where the entry was, as far as that was recorded.
fn place(recorded: &Recorded) -> String {
    let known = [recorded.log.as_str(), recorded.index.as_str()];
    let known: Vec<&str> = known.into_iter().filter(|part| !part.is_empty()).collect();
    match known.is_empty() {
        true => String::new(),
        false => format!("{}: ", escape(&known.join(" "), SHOWN)),
    }
}

fn who(entry: &Entry<'_>, signer: Option<usize>) -> String {
    let Some(signer) = signer.and_then(|at| entry.signers().get(at)) else {
        let digests: Vec<&str> = entry.digests().collect();
        return escape(&digests.join(", "), SHOWN);
    };
    let mut values = Vec::new();
    for field in [Field::Subject, Field::Issuer] {
        signer.values(&field, &mut |value| values.push(value.to_owned()));
    }
    if values.is_empty() {
        signer.values(&Field::Fingerprint, &mut |value| values.push(value.to_owned()));
    }
    escape(&values.join(", "), SHOWN)
}

fn words(nearness: &Nearness) -> String {
    match nearness {
        Nearness::OtherSpelling { value, watched } => {
            format!(
                "`{}`, spelled otherwise: {}",
                escape(watched, SHOWN),
                escape(value, SHOWN)
            )
        }
        Nearness::OtherWorkflow(san) => format!("the same repository, and another workflow: {}", escape(san, SHOWN)),
        Nearness::OtherIssuer(issuer) => format!("the same but for the issuer: {}", escape(issuer, SHOWN)),
        Nearness::LookAlike { value, name, watched } => format!(
            "`{}` looks like `{}`: {}",
            escape(name, SHOWN),
            escape(watched, SHOWN),
            escape(value, SHOWN)
        ),
    }
}
