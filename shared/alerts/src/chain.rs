//! What the chain of a signer's certificate does to a finding: how it moves the severity of the rule, and what is said of it.
//!
//! It moves severities and adds words; whether there is a finding at all is the rule's business alone.

use crate::alert::Fact;
use crate::text::escape;
use rules::{Matcher, Severity};
use sigstore::{ChainVerdict, Field, Sct, Why};

/// Characters of an authority's or a log's name within a sentence.
const MAX_NAME_CHARS: usize = 200;

/// What a rule rests on when it matches a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// On something that the certificate states, which is worth as much as the CA that signed it.
    Names,
    /// On what holds whoever signed the certificate: the key, the artifact, the kind of the entry.
    Facts,
}

impl Ground {
    /// Of a rule's `match`. One that asks for a fingerprint, wherever, rests on the key.
    #[must_use]
    pub fn of(matcher: &Matcher) -> Self {
        if needs_names(matcher) && !asks_for_a_key(matcher) {
            Self::Names
        } else {
            Self::Facts
        }
    }
}

/// Whether it cannot hold without something that a certificate states.
fn needs_names(matcher: &Matcher) -> bool {
    match matcher {
        Matcher::All(parts) => parts.iter().any(needs_names),
        Matcher::Any(parts) => !parts.is_empty() && parts.iter().all(needs_names),
        Matcher::Not(_) => false,
        Matcher::Field { name, .. } => match Field::parse(name) {
            Some(Field::San | Field::Issuer | Field::Subject | Field::Extension(_)) => true,
            Some(Field::Fingerprint | Field::Digest | Field::Kind | Field::Log) | None => false,
        },
    }
}

fn asks_for_a_key(matcher: &Matcher) -> bool {
    match matcher {
        Matcher::All(parts) | Matcher::Any(parts) => parts.iter().any(asks_for_a_key),
        Matcher::Not(_) => false,
        Matcher::Field { name, .. } => Field::parse(name) == Some(Field::Fingerprint),
    }
}

/// The severity of a finding whose signer has this verdict, for a rule of severity `rule` that rests on `ground`.
///
/// One step lower, and never below `low`, where the rule rests on names in a certificate that no CA of the trusted root
/// issued: anybody can make one, verifiers refuse it, and somebody used the name all the same. One step higher where a CA
/// issued it and no CT log of the trusted root shows it. Everything else leaves it as it is: above all what cannot be told,
/// and what a CA signed although verifiers refuse it.
#[must_use]
pub fn severity_after(rule: Severity, verdict: &ChainVerdict, ground: Ground) -> Severity {
    match verdict {
        ChainVerdict::Untrusted { .. } => match ground {
            Ground::Names => lower(rule),
            Ground::Facts => rule,
        },
        ChainVerdict::Trusted { sct, .. } => match sct {
            Sct::UnknownLog | Sct::Invalid { .. } => higher(rule),
            Sct::Verified { .. } | Sct::NotEmbedded | Sct::Unchecked => rule,
        },
        ChainVerdict::Refused { .. } | ChainVerdict::Unknown { .. } => rule,
    }
}

fn lower(rule: Severity) -> Severity {
    match rule {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium | Severity::Low => Severity::Low,
        Severity::Info => Severity::Info,
    }
}

fn higher(rule: Severity) -> Severity {
    match rule {
        Severity::Info => Severity::Low,
        Severity::Low => Severity::Medium,
        Severity::Medium => Severity::High,
        Severity::High | Severity::Critical => Severity::Critical,
    }
}

/// Whether anybody but the signer stands for the names in the certificate, as far as is known.
pub(crate) fn is_untrusted(verdict: Option<&ChainVerdict>) -> bool {
    matches!(verdict, Some(ChainVerdict::Untrusted { .. }))
}

/// What the entry means to verifiers, in a sentence or two.
pub(crate) fn meaning(verdict: Option<&ChainVerdict>) -> String {
    match verdict {
        Some(ChainVerdict::Untrusted { .. }) => {
            "The entry is proven to be in the log, but no CA of the trusted root issued its certificate: verifiers of that \
             root refuse it, and the names in it are the word of whoever made it."
                .to_owned()
        }
        Some(ChainVerdict::Refused { authority, why }) => format!(
            "The entry is proven to be in the log. Its certificate is signed by {}, of the trusted root, and verifiers \
             should refuse it all the same: {}. Whether it was meant to be there is yours to know.",
            escape(authority, MAX_NAME_CHARS),
            words(*why)
        ),
        Some(ChainVerdict::Trusted {
            authority,
            sct: sct @ (Sct::UnknownLog | Sct::Invalid { .. }),
        }) => format!(
            "The entry is proven to be in the log. Its certificate is signed by {}, of the trusted root, but {}: those who \
             watch the CT logs of the trusted root do not see it. Either the trusted root is older than the CT log, or the \
             CA issued it in the dark.",
            escape(authority, MAX_NAME_CHARS),
            transparency(sct)
        ),
        Some(ChainVerdict::Trusted { .. } | ChainVerdict::Unknown { .. }) | None => {
            "The entry is proven to be in the log: verifiers that trust the log accept it. Whether it was meant to be \
             there is yours to know."
                .to_owned()
        }
    }
}

/// What there is to say of a verdict: of the chain, and where a CA issued the certificate, of certificate transparency.
#[must_use]
pub fn chain_facts(verdict: &ChainVerdict) -> Vec<Fact> {
    let mut facts = vec![Fact::new("certificate chain", &chain(verdict))];
    if let ChainVerdict::Trusted { sct, .. } = verdict {
        facts.push(Fact::new("certificate transparency", &transparency(sct)));
    }
    facts
}

/// That the severity of a rule was moved, if it was.
pub(crate) fn severity_fact(rule: Option<Severity>) -> Option<Fact> {
    let moved = |rule| format!("{rule}; moved by what the certificate's chain says");
    rule.map(|rule| Fact::new("severity of the rule", &moved(rule)))
}

fn chain(verdict: &ChainVerdict) -> String {
    match verdict {
        ChainVerdict::Trusted { authority, .. } => format!("trusted: issued by {authority}, of the trusted root"),
        ChainVerdict::Refused { authority, why } => format!(
            "refused: signed by {authority}, of the trusted root, but {}",
            words(*why)
        ),
        ChainVerdict::Untrusted { why } => format!("untrusted: {}", words(*why)),
        ChainVerdict::Unknown { why } => format!("not known: {}", words(*why)),
    }
}

fn transparency(sct: &Sct) -> String {
    match sct {
        Sct::Verified { ct_log } => format!("promised by {ct_log}"),
        Sct::NotEmbedded => "no timestamp inside (until 2022 Fulcio handed them out separately)".to_owned(),
        Sct::UnknownLog => "its timestamps are of no CT log that the trusted root names".to_owned(),
        Sct::Invalid { ct_log: Some(log) } => format!("the timestamp of {log} inside does not verify"),
        Sct::Invalid { ct_log: None } => "the timestamps inside cannot be read".to_owned(),
        Sct::Unchecked => {
            "not checked: the trusted root names no CT log with a key that can be verified with".to_owned()
        }
    }
}

fn words(why: Why) -> &'static str {
    match why {
        Why::NoSuchAuthority => "no CA of the trusted root bears the name of its issuer",
        Why::Signature => "the CA of the trusted root that it names did not sign it",
        Why::NoAuthority => "the trusted root names no certificate authority",
        Why::UnusableAuthority => "an authority of the trusted root cannot be read, and may have issued it",
        Why::TooManyAuthorities => "more authorities bear the name of its issuer than are tried",
        Why::Unreadable => "the certificate cannot be read as far as its chain asks",
        Why::Algorithm => "it is signed in a way that is not verified here, such as RSA",
        Why::BrokenAuthority => "the certificates of the authority do not lead from one to the next",
        Why::Constraints => "the authority is limited to names or policies, which are not compared here",
        Why::NeverValid => "its validity ends before it begins",
        Why::OutsideAuthority => "the trusted root did not trust the authority at the time of issue",
        Why::OutsideValidity => "a certificate of the authority was not valid at the time of issue",
        Why::NotACa => "what signed it is no CA",
        Why::PathTooLong => "there are more CAs above it than one of them allows",
        Why::DuplicateExtension => "an extension stands twice",
        Why::CriticalExtension => "it has a critical extension that nobody knows",
        Why::ExtendedKeyUsage => "it, or a CA above it, is not for signing code",
        Why::Precertificate => "it is a precertificate",
    }
}

#[cfg(test)]
mod tests {
    use super::{Ground, severity_after};
    use rules::Severity;
    use serde_json::{Value, json};
    use sigstore::{ChainVerdict, Sct, Why};

    fn moved(verdict: &ChainVerdict, ground: Ground) -> [Severity; 5] {
        Severity::ALL.map(|rule| severity_after(rule, verdict, ground))
    }

    fn trusted(sct: Sct) -> ChainVerdict {
        ChainVerdict::Trusted {
            authority: "https://ca.example".to_owned(),
            sct,
        }
    }

    #[test]
    fn the_table_of_severities() {
        use Severity::{Critical, High, Info, Low, Medium};
        let untrusted = ChainVerdict::Untrusted { why: Why::Signature };
        assert_eq!(moved(&untrusted, Ground::Names), [Info, Low, Low, Medium, High]);
        assert_eq!(moved(&untrusted, Ground::Facts), Severity::ALL);
        let ct_log = "https://ct.example".to_owned();
        let refused = ChainVerdict::Refused {
            authority: "https://ca.example".to_owned(),
            why: Why::OutsideAuthority,
        };
        let unknown = ChainVerdict::Unknown { why: Why::Algorithm };
        let unmoved = [Sct::Verified { ct_log }, Sct::NotEmbedded, Sct::Unchecked].map(trusted);
        let unmoved: Vec<_> = unmoved.into_iter().chain([refused, unknown]).collect();
        for ground in [Ground::Names, Ground::Facts] {
            for sct in [Sct::UnknownLog, Sct::Invalid { ct_log: None }] {
                assert_eq!(moved(&trusted(sct), ground), [Low, Medium, High, Critical, Critical]);
            }
            for verdict in &unmoved {
                assert_eq!(moved(verdict, ground), Severity::ALL, "{verdict:?}");
            }
        }
    }

    #[test]
    fn what_rests_on_a_key_or_an_artifact_does_not_rest_on_names() {
        let check = |matcher: Value, expect: Ground| {
            let rules = rules::parse(&json!([{"name": "a", "match": matcher}])).unwrap_or_default();
            let grounds: Vec<_> = rules.iter().map(|rule| Ground::of(&rule.matches)).collect();
            assert_eq!(grounds, [expect], "{matcher}");
        };
        let hash = "00".repeat(32);
        let names = json!({"san": "a@b.example"});
        let (digest, key) = (json!({"digest": hash}), json!({"fingerprint": hash}));
        for matcher in [
            names.clone(),
            json!({"issuer": "https://a.example", "digest": hash}),
            json!({"build-trigger": "push"}),
            json!({"1.2.3": "a"}),
            json!({"any": [names, {"subject": "a"}]}),
            json!({"all": [names, {"not": key}]}),
        ] {
            check(matcher, Ground::Names);
        }
        for matcher in [
            digest.clone(),
            key.clone(),
            json!({"kind": "dsse"}),
            json!({"not": names}),
            json!({"any": [names, digest]}),
            json!({"all": [names, key]}),
            json!({"any": [names, {"all": [names, key]}]}),
        ] {
            check(matcher, Ground::Facts);
        }
    }
}
