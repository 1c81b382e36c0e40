//! **judge**: whether a CA of the trusted root issued the certificate of a finding's signer.
//!
//! Asked of findings alone, those that are allowed included, and of each signer of an entry once, however many rules match
//! it: a check of a signature costs as much as decoding a hundred entries. It adds to a finding and can take none away.
//! Writes nothing.

use alerts::{Finding, Ground};
use rules::{Match, RuleSet};
use sigstore::{Authorities, ChainVerdict, Entry, Signer};

/// The verdicts on the signers of the entry that is looked at.
#[derive(Default)]
pub(crate) struct Verdicts {
    index: u64,
    known: Vec<(usize, ChainVerdict)>,
}

impl Verdicts {
    /// Adds the verdict on its signer's certificate to `finding`, which is of this entry, if it has one.
    pub(crate) fn judge(
        &mut self,
        authorities: &Authorities,
        rules: &RuleSet,
        entry: &Entry<'_>,
        found: &Match,
        finding: &mut Finding,
    ) {
        let (Some(rule), Some(place)) = (rules.specs().get(found.rule), found.signer) else {
            return;
        };
        let Some(certificate) = entry.signers().get(place).and_then(Signer::certificate) else {
            return;
        };
        if self.index != finding.index {
            self.index = finding.index;
            self.known.clear();
        }
        let known = self.known.iter().find(|(signer, _)| *signer == place);
        let verdict = match known {
            Some((_, verdict)) => verdict.clone(),
            None => {
                let verdict = authorities.judge(certificate);
                self.known.push((place, verdict.clone()));
                verdict
            }
        };
        finding.judge(verdict, Ground::of(&rule.matches));
    }
}
