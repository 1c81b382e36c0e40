//! The alerts of what rules found: one for a finding, one digest for what a rule found beyond its budget.

use crate::alert::{Alert, Fact, MAX_TITLE_CHARS, SCHEMA, bounded};
use crate::chain;
use crate::class::{Class, Phase};
use crate::finding::{Finding, Identity};
use crate::id::digest_id;
use crate::text::{ascii_line, escape, shell_word};
use rules::Severity;
use sigstore::Timestamp;

/// Characters of a log's, rule's or identity's name within a sentence.
const MAX_NAME_CHARS: usize = 200;

/// Characters of a rule's name in a title, so that the log's name has room behind it.
const MAX_TITLE_RULE_CHARS: usize = 32;

/// Characters of a rule's note among what to do next; the fact has more of it.
const MAX_NOTE_CHARS: usize = 500;

/// Values of one field (SANs, digests) that an alert lists; the record has them all.
const MAX_VALUES: usize = 8;

/// Characters of each of them, so that they do not crowd out what follows.
const MAX_LISTED_CHARS: usize = 500;

/// The alert of a finding. The caller leaves out those that are allowed; for one that is, the alert says so.
#[must_use]
pub fn finding_alert(finding: &Finding, now: Timestamp) -> Alert {
    let severity = if finding.allowed {
        Severity::Info
    } else {
        finding.severity
    };
    Alert {
        schema: SCHEMA,
        id: finding.id.clone(),
        time: now,
        class: Class::Finding,
        phase: Phase::Once,
        severity,
        log: Some(finding.log.clone()),
        rule: Some(finding.rule.clone()),
        title: finding_title(finding, severity),
        summary: finding_summary(finding),
        facts: finding_facts(finding),
        action: finding_action(finding),
        object: None,
        thread: None,
    }
}

fn finding_title(finding: &Finding, severity: Severity) -> String {
    let rule = ascii_line(&finding.rule, MAX_TITLE_RULE_CHARS);
    let title = format!("[{severity}] {rule} matched entry {} of {}", finding.index, finding.log);
    ascii_line(&title, MAX_TITLE_CHARS)
}

fn finding_summary(finding: &Finding) -> String {
    let rule = escape(&finding.rule, MAX_NAME_CHARS);
    let log = escape(&finding.log, MAX_NAME_CHARS);
    let who = who(finding);
    let meaning = if finding.allowed {
        "The rule allows it.".to_owned()
    } else {
        chain::meaning(finding.trust.as_ref())
    };
    format!(
        "The rule {rule} matched entry {} of {log}: {who}. {meaning}",
        finding.index
    )
}

fn who(finding: &Finding) -> String {
    let Some(signer) = &finding.signer else {
        return "the entry names no signer, or the record was cut short".to_owned();
    };
    let name = signer.san.first().or_else(|| signer.names.first());
    match (name, signer.fingerprints.first()) {
        // Nobody vouches for what stands there.
        (Some(san), _) if chain::is_untrusted(finding.trust.as_ref()) => {
            format!("signed by somebody in the name of {}", escape(san, MAX_NAME_CHARS))
        }
        (Some(san), _) => {
            let issuer = signer
                .issuer
                .as_deref()
                .map(|issuer| format!(", vouched for by {}", escape(issuer, MAX_NAME_CHARS)));
            format!(
                "signed by {}{}",
                escape(san, MAX_NAME_CHARS),
                issuer.unwrap_or_default()
            )
        }
        (None, Some(key)) => format!("signed with the key or certificate {}", escape(key, MAX_NAME_CHARS)),
        (None, None) => "signed by somebody whom the entry does not name".to_owned(),
    }
}

fn finding_facts(finding: &Finding) -> Vec<Fact> {
    let mut facts = Vec::new();
    facts.push(Fact::new("rule", &finding.rule));
    facts.extend(finding.note.as_deref().map(|note| Fact::new("note", &one_line(note))));
    facts.push(Fact::new("severity", finding.severity.word()));
    let labels = finding.labels.iter();
    facts.extend(labels.map(|(name, value)| Fact::new(&format!("label {name}"), value)));
    if finding.allowed {
        facts.push(Fact::new("allowed", "yes"));
    }
    if finding.undecided {
        facts.push(Fact::new(
            "comparison",
            "not finished: the entry is made to be costly to compare, and may match",
        ));
    }
    if let Some(signer) = &finding.signer {
        several(&mut facts, "identity", &signer.san);
        several(&mut facts, "name in the key", &signer.names);
        facts.extend(signer.issuer.as_deref().map(|issuer| Fact::new("issuer", issuer)));
    }
    if let Some(verdict) = &finding.trust {
        facts.extend(chain::severity_fact(finding.rule_severity));
        facts.extend(chain::chain_facts(verdict));
    }
    several(&mut facts, "artifact digest", &finding.digests);
    facts.push(Fact::new("log", &finding.log));
    facts.push(Fact::new("index", &finding.index.to_string()));
    facts.push(Fact::new("leaf hash", &finding.leaf_hash.to_string()));
    facts.push(Fact::new(
        "entry",
        format!("{} {}", finding.kind, finding.version).trim_end(),
    ));
    facts.push(Fact::new("proof", proof_place(finding)));
    if let Some(promise) = &finding.promise {
        facts.push(Fact::new("global index", &promise.global_index.to_string()));
        let word = if promise.verified {
            "signed by the log"
        } else {
            "NOT signed by the log: do not rely on it"
        };
        facts.push(Fact::new(
            "integrated",
            &format!("{} ({word})", promise.integrated_time),
        ));
    }
    facts.push(Fact::new("found", &finding.time.to_string()));
    if let Some(signer) = &finding.signer {
        signer_facts(&mut facts, signer);
    }
    bounded(facts)
}

fn signer_facts(facts: &mut Vec<Fact>, signer: &Identity) {
    facts.extend(signer.subject.as_deref().map(|subject| Fact::new("subject", subject)));
    several(facts, "fingerprint", &signer.fingerprints);
    if let (Some(from), Some(to)) = (signer.not_before, signer.not_after) {
        facts.push(Fact::new("certificate valid", &format!("{from} to {to}")));
    }
    // The issuer was told already.
    let others = signer.extensions.iter().filter(|(name, _)| *name != "issuer");
    facts.extend(others.map(|(name, value)| Fact::new(name, value)));
}

/// One fact a value, and the number of those left out.
fn several(facts: &mut Vec<Fact>, name: &str, values: &[String]) {
    facts.extend(
        values
            .iter()
            .take(MAX_VALUES)
            .map(|value| Fact::new(name, &escape(value, MAX_LISTED_CHARS))),
    );
    let more = values.len().saturating_sub(MAX_VALUES);
    if more > 0 {
        facts.push(Fact::new(name, &format!("… and {more} more, in the record")));
    }
}

/// Where the proof is to be found; the alert itself names the object.
fn proof_place(finding: &Finding) -> &'static str {
    if finding.proof.is_some() {
        "a C2SP tlog-proof with the leaf, in the record: the line with this alert's id"
    } else {
        "not kept with the finding (too many, or the head allows none); index and leaf hash are in the record: the \
         line with this alert's id"
    }
}

/// A note may have been written as a paragraph; its line breaks are layout.
fn one_line(note: &str) -> String {
    note.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn finding_action(finding: &Finding) -> String {
    let note = finding
        .note
        .as_deref()
        .map(|note| escape(&one_line(note), MAX_NOTE_CHARS));
    let note = note.map(|note| format!("The note of the rule: \"{note}\" "));
    let note = note.filter(|_| !finding.allowed).unwrap_or_default();
    let log = shell_word(&escape(&finding.log, MAX_NAME_CHARS));
    let (from, to) = (finding.index, finding.index.saturating_add(1));
    let rule = escape(&finding.rule, MAX_NAME_CHARS);
    let otherwise = if chain::is_untrusted(finding.trust.as_ref()) {
        "compare the fingerprints. If the key is yours, somebody else has it: revoke it. If not, somebody used the name \
         alone, and no account of yours need be lost. Look for the artifact with this digest, and tell those who may \
         verify it with another root, or not at all."
    } else {
        "somebody can sign as this identity. Find out who can act as it (workflow, account, key), revoke what can be \
         revoked, look for the artifact with this digest, and tell those who may have verified it."
    };
    format!(
        "{note}If it was you, nothing has to be done; to expect the like from now on, add it under `allow:` of {rule}. If it \
         was not you: {otherwise} \
         `rekor-sentinel scan --log {log} --from {from} --to {to}` reads and proves the entry again; `rekor-sentinel \
         verify` re-checks the record and its proofs."
    )
}

/// The digest of `count` matches of `rule` in `log`, between the first and last index, that are not told one by one.
#[must_use]
pub fn digest_alert(
    log: &str,
    rule: &str,
    severity: Severity,
    count: u64,
    (first, last): (u64, u64),
    now: Timestamp,
) -> Alert {
    let (name, place) = (escape(rule, MAX_NAME_CHARS), escape(log, MAX_NAME_CHARS));
    let short = ascii_line(rule, MAX_TITLE_RULE_CHARS);
    let entries = if count == 1 { "entry" } else { "entries" };
    Alert {
        schema: SCHEMA,
        id: digest_id(log, rule, count, (first, last)),
        time: now,
        class: Class::Digest,
        phase: Phase::Once,
        severity,
        log: Some(log.to_owned()),
        rule: Some(rule.to_owned()),
        title: ascii_line(
            &format!("[{severity}] {short} matched {count} more {entries} of {log}"),
            MAX_TITLE_CHARS,
        ),
        summary: format!(
            "The rule {name} matched more entries of {place} in one pass than are told one by one. This stands for \
             exactly {count} further {entries}, between index {first} and index {last}. Each is in the record with its \
             identity."
        ),
        facts: vec![
            Fact::new("rule", rule),
            Fact::new("severity", severity.word()),
            Fact::new("log", log),
            Fact::new("matches not told one by one", &count.to_string()),
            Fact::new("first index", &first.to_string()),
            Fact::new("last index", &last.to_string()),
        ],
        action: format!(
            "Read the findings in the record, or again from the log: `rekor-sentinel scan --log {} --from {first} --to \
             {}`. If these are expected, narrow `match:` or add them under `allow:` of {name}; if not, treat each as a \
             signature in your name.",
            shell_word(&place),
            last.saturating_add(1)
        ),
        object: None,
        thread: None,
    }
}
