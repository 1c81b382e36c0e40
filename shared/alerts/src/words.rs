//! What each class of condition says: a title, what happened and what it means, and what to do next.
//!
//! Sentences are whole sentences for whoever is woken by them. Names from outside are escaped before they stand in one,
//! and quoted before they stand in a command.

mod ledgers;
mod observers;
mod shards;
mod trust;

use crate::class::{Class, Phase};
use crate::text::{escape, shell_word};

/// Characters of a log's name or a detail within a sentence.
const MAX_NAME_CHARS: usize = 200;

/// Where a condition holds, safe to put into a sentence or a command.
pub(crate) struct Place {
    /// The log's name, or words for the deployment as a whole.
    pub(crate) log: String,
    /// Which one of its class.
    pub(crate) detail: String,
    /// `--log NAME`, as a command takes it.
    flag: String,
    detail_word: String,
}

/// The words of one alert.
pub(crate) struct Words {
    /// What the title says before the name of the log.
    pub(crate) headline: &'static str,
    /// Whose name the title ends in.
    pub(crate) subject: Subject,
    pub(crate) summary: String,
    pub(crate) action: String,
}

/// Whose name the title ends in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Log,
    Detail,
    Nobody,
}

impl Place {
    pub(crate) fn new(log: Option<&str>, detail: &str) -> Self {
        let named = log.filter(|log| !log.is_empty());
        let flag = named.map(|log| shell_word(&escape(log, MAX_NAME_CHARS)));
        Self {
            log: named.map_or_else(|| "the deployment".to_owned(), |log| escape(log, MAX_NAME_CHARS)),
            detail: escape(detail, MAX_NAME_CHARS),
            flag: flag.unwrap_or_else(|| "NAME".to_owned()),
            detail_word: shell_word(&escape(detail, MAX_NAME_CHARS)),
        }
    }
}

pub(crate) fn words(class: Class, phase: Phase, place: &Place) -> Words {
    match phase {
        Phase::Closed => closed(class, place),
        Phase::Once | Phase::Opened | Phase::Reminder => open(class, place),
    }
}

fn open(class: Class, place: &Place) -> Words {
    match class {
        Class::Violation => violation(place),
        Class::Unproven => unproven(place),
        Class::GrewAfterFreeze => grew_after_freeze(place),
        Class::RecordGone => record_gone(place),
        Class::Quarantine => quarantine(place),
        Class::BadPromise => bad_promise(place),
        Class::Behind => behind(place),
        Class::NoGrowth => no_growth(place),
        Class::Unreachable => unreachable(place),
        Class::LostTail => shards::lost_tail(place),
        Class::Unwatched => unwatched(place),
        Class::ConfigFellBack => config_fell_back(place),
        Class::SinkDead => sink_dead(place),
        Class::NobodyWatched => nobody_watched(),
        Class::QuorumUnmet => observers::quorum_unmet(place),
        Class::WitnessGone => observers::witness_gone(place),
        Class::WitnessClock => observers::witness_clock(place),
        Class::ViewUnproven => observers::view_unproven(place),
        Class::ViewUnreachable => observers::view_unreachable(place),
        Class::LedgerUnreachable => ledgers::unreachable(place),
        Class::LedgerUnsound => ledgers::unsound(place),
        Class::TrustStale => trust::stale(place),
        Class::TrustExpires => trust::expires(place),
        Class::Finding | Class::Digest => found(place),
        Class::Welcome | Class::StillWatching | Class::ConfigChanged | Class::TrustNews | Class::Test => {
            notice(class, place)
        }
        Class::Missing => notice(class, place),
    }
}

fn violation(place: &Place) -> Words {
    let Place {
        log,
        detail,
        flag,
        detail_word,
    } = place;
    Words {
        headline: "The log contradicted itself",
        subject: Subject::Log,
        summary: format!(
            "{log} signed statements that cannot both be true. Either its operator shows different people different \
             logs, or its data was lost or tampered with. An entry that verifiers accept may be one that no monitor \
             saw. The evidence {detail} carries both signatures and convinces without us. Scanning goes on along what \
             is consistent with what we saw first."
        ),
        action: format!(
            "Keep a copy of the evidence and send it to the log's operator and to other monitors. Do not rely on \
             entries of this log that are newer than the last consistent checkpoint. `rekor-sentinel verify` re-checks \
             our own record. Once it is handled, silence it with `rekor-sentinel ack --log {flag} {detail_word} --by \
             WHO --note WHY`; if the operator began the log anew, go on with `rekor-sentinel restart --log {flag} \
             --from N --reason WHY`."
        ),
    }
}

fn bad_promise(place: &Place) -> Words {
    let Place { log, flag, .. } = place;
    Words {
        headline: "Promises of the log do not verify",
        subject: Subject::Log,
        summary: format!(
            "{log} handed out signed entry timestamps that its key did not sign. The entries are proven to be in the \
             log; the time and the index that were promised for them are not. Verifiers that accept such a promise \
             alone can be deceived, and somebody between the log and us may have altered it."
        ),
        action: format!(
            "Do not rely on the times of these entries. Read them again from another network: `rekor-sentinel scan \
             --log {flag} --from N --to M`; if they stay so, report it to the operator of the log."
        ),
    }
}

fn unproven(place: &Place) -> Words {
    let Place { log, detail, .. } = place;
    Words {
        headline: "Served data does not verify",
        subject: Subject::Log,
        summary: format!(
            "What {log} serves ({}) does not verify, twice and past caches. What was served is unsigned or not by a \
             trusted key, so it may be a damaged server, a cache, or somebody between us and the log; it proves \
             nothing against the log. The cursor stays where it is: entries beyond it are not watched until this heals.",
            or(detail, "its data")
        ),
        action: "If it lasts, compare with another network or another mirror of the log, and ask its operator. Check \
                 that the trusted root is up to date if a key or a signature is named. Every pass tries again; nothing \
                 has to be reset."
            .to_owned(),
    }
}

fn grew_after_freeze(place: &Place) -> Words {
    let Place { log, flag, .. } = place;
    Words {
        headline: "The log grew after it froze",
        subject: Subject::Log,
        summary: format!(
            "{log} signed that it was frozen and grew afterwards. A frozen log takes no entries; somebody can still \
             sign for it. The new entries are scanned like any others."
        ),
        action: format!(
            "Ask the operator who holds the log's key. Look at what was added: `rekor-sentinel scan --log {flag} \
             --from N --to M`, from the size at which it froze to its size now."
        ),
    }
}

fn record_gone(place: &Place) -> Words {
    let Place { log, detail, flag, .. } = place;
    Words {
        headline: "The record is gone or damaged",
        subject: Subject::Log,
        summary: format!(
            "What we stored of {log} is missing or is not what it should be ({}). Without it nobody can show which \
             entries were watched, and a fork of the log since then could go unseen. We do not silently begin anew.",
            or(detail, "no object is named")
        ),
        action: format!(
            "Find out who could delete or change objects of the store, and restore them from a version or a backup. \
             `rekor-sentinel verify` names every hole. If the record is lost for good, begin a new epoch: \
             `rekor-sentinel restart --log {flag} --from N --reason WHY`."
        ),
    }
}

fn quarantine(place: &Place) -> Words {
    let Place { log, detail, flag, .. } = place;
    Words {
        headline: "Entries that cannot be decoded",
        subject: Subject::Log,
        summary: format!(
            "{log} holds verified entries that this version cannot decode ({}). They are in the log, and rules were \
             not asked of them: somebody may sign as you in a way that is not seen. Their bytes are kept.",
            or(detail, "of unknown kind")
        ),
        action: format!(
            "Update Rekor Sentinel, then read the entries again: `rekor-sentinel scan --log {flag} --from N --to M`. \
             If a new version does not know them either, report the kind, version and reason above."
        ),
    }
}

fn behind(place: &Place) -> Words {
    let Place { log, .. } = place;
    Words {
        headline: "Behind",
        subject: Subject::Log,
        summary: format!(
            "Reading {log} is further behind than `limits.max_lag` allows. Entries are proven and matched in order, so \
             nothing is lost, but a finding in the entries not yet read would be told late."
        ),
        action: "Run passes more often or give them more time and memory. `rekor-sentinel run --deadline 10m` from a \
                 terminal on the same store catches up; passes that race do no harm."
            .to_owned(),
    }
}

fn no_growth(place: &Place) -> Words {
    let Place { log, .. } = place;
    Words {
        headline: "No growth",
        subject: Subject::Log,
        summary: format!(
            "{log} has not grown for longer than `limits.no_growth` allows. It may have stopped, or we are being shown \
             an old state of it: what was signed since then would not be seen."
        ),
        action: "Compare the log's checkpoint with one seen from another network, and look at the operator's status \
                 page. If the log is to be quiet, raise `limits.no_growth` for it."
            .to_owned(),
    }
}

fn unreachable(place: &Place) -> Words {
    let Place { log, .. } = place;
    Words {
        headline: "Unreachable",
        subject: Subject::Log,
        summary: format!(
            "{log} could not be read for longer than `limits.max_lag` allows. What is signed into it meanwhile is \
             watched only once it answers again."
        ),
        action:
            "Look at the error, the operator's status page and our own network. Every pass tries again. If the log \
                 is retired, exclude it with a reason and a date (`exclude:`)."
                .to_owned(),
    }
}

fn unwatched(place: &Place) -> Words {
    let name = or(&place.detail, &place.log);
    Words {
        headline: "A trusted log is not watched",
        subject: Subject::Detail,
        summary: format!(
            "Verifiers that use the trusted root accept entries of {name}, and nobody reads it here. Who signs as you \
             in that log is not seen."
        ),
        action: "Add the log under `logs:` with its kind, or exclude it under `exclude:` with a reason and a date; \
                 `rekor-sentinel check` shows which logs are watched."
            .to_owned(),
    }
}

fn config_fell_back(place: &Place) -> Words {
    Words {
        headline: "Configuration fell back to the last good one",
        subject: Subject::Nobody,
        summary: format!(
            "The configuration cannot be used ({}). The last good one stays in force, so identities and rules that \
             were added since then are not watched.",
            or(&place.detail, "see below")
        ),
        action: "Run `rekor-sentinel check`, which names every mistake with its line, and store the corrected file."
            .to_owned(),
    }
}

fn sink_dead(place: &Place) -> Words {
    Words {
        headline: "Alerts cannot be delivered",
        subject: Subject::Detail,
        summary: format!(
            "The sink {} takes no alerts. They are owed and will be delivered once it does; until then whoever relies \
             on it is told nothing.",
            or(&place.detail, "(unnamed)")
        ),
        action:
            "Check that the topic, file or endpoint exists, and that we may write to it. The next pass tries again."
                .to_owned(),
    }
}

fn nobody_watched() -> Words {
    Words {
        headline: "Nobody is watched for: there are no rules",
        subject: Subject::Nobody,
        summary: "The logs are read and proven, but no rule says whom to look for, so no finding can ever be made."
            .to_owned(),
        action: "Add the identities that you sign with under `rules:`, then run `rekor-sentinel check`. \
                 `rekor-sentinel init` writes a commented example. Entries that were read before are matched with \
                 `rekor-sentinel scan --log NAME --from N --to M`."
            .to_owned(),
    }
}

/// Findings and digests are no conditions; somebody who makes one of them all the same is told what there is.
fn found(place: &Place) -> Words {
    Words {
        headline: "Findings",
        subject: Subject::Log,
        summary: format!(
            "Rules matched entries of {} ({}).",
            place.log,
            or(&place.detail, "no detail")
        ),
        action: "Read the findings in the record.".to_owned(),
    }
}

/// Nor are the words about the deployment.
fn notice(class: Class, place: &Place) -> Words {
    Words {
        headline: "A word about the deployment",
        subject: Subject::Log,
        summary: format!(
            "There is a word about {} ({}, {}).",
            place.log,
            class.word(),
            or(&place.detail, "no detail")
        ),
        action: "Nothing has to be done.".to_owned(),
    }
}

fn closed(class: Class, place: &Place) -> Words {
    let Place { log, detail, .. } = place;
    let all_clear = "Nothing has to be done.";
    let (headline, subject, summary, action) = match class {
        Class::Welcome | Class::StillWatching | Class::ConfigChanged | Class::TrustNews | Class::Test => {
            return notice(class, place);
        }
        Class::Missing => return notice(class, place),
        Class::LedgerUnreachable => ledgers::readable(place),
        Class::LedgerUnsound => ledgers::sound(place),
        Class::Violation => (
            "Contradiction left behind",
            Subject::Log,
            format!("The contradiction {detail} of {log} no longer stands in the way: a new epoch of the log began."),
            "Keep the evidence: what the log signed stays signed.",
        ),
        Class::Unproven => (
            "Served data verifies again",
            Subject::Log,
            format!(
                "What {log} serves ({}) verifies again, from where the cursor stood.",
                or(detail, "its data")
            ),
            all_clear,
        ),
        Class::QuorumUnmet => observers::quorum_met(place),
        Class::LostTail => shards::tail_found(place),
        Class::WitnessGone => observers::witness_back(place),
        Class::WitnessClock => observers::witness_in_time(place),
        Class::ViewUnproven => observers::view_settled(place),
        Class::ViewUnreachable => observers::view_back(place),
        Class::GrewAfterFreeze => (
            "The frozen log is settled",
            Subject::Log,
            format!("The growth of {log} after it froze is settled."),
            all_clear,
        ),
        Class::RecordGone => (
            "The record is whole again",
            Subject::Log,
            format!("What we stored of {log} can be read again."),
            "Run `rekor-sentinel verify` once to see that nothing is missing in between.",
        ),
        Class::Quarantine => (
            "No more entries that cannot be decoded",
            Subject::Log,
            format!(
                "No new entries of this sort came from {log} for a day ({}).",
                or(detail, "of unknown kind")
            ),
            "Those that came are still in quarantine: read them again with a version that knows them.",
        ),
        Class::BadPromise => (
            "No more bad promises",
            Subject::Log,
            format!(
                "No promise of {log} that does not verify came for a day ({}).",
                or(detail, "of unknown kind")
            ),
            all_clear,
        ),
        Class::Behind => (
            "Caught up",
            Subject::Log,
            format!("Every entry of {log} up to its head is proven and matched."),
            all_clear,
        ),
        Class::NoGrowth => (
            "Growing again",
            Subject::Log,
            format!("{log} grows again, consistently with what we saw before."),
            all_clear,
        ),
        Class::Unreachable => (
            "Reachable again",
            Subject::Log,
            format!("{log} answers again; reading goes on where it stopped."),
            all_clear,
        ),
        Class::Unwatched => (
            "The trusted log is accounted for",
            Subject::Detail,
            format!("{} is watched, excluded, or no longer trusted.", or(detail, log)),
            all_clear,
        ),
        Class::ConfigFellBack => (
            "Configuration is good again",
            Subject::Nobody,
            "The stored configuration is in force.".to_owned(),
            all_clear,
        ),
        Class::SinkDead => (
            "Alerts are delivered again",
            Subject::Detail,
            format!(
                "The sink {} takes alerts again, and was given what was owed.",
                or(detail, "(unnamed)")
            ),
            all_clear,
        ),
        Class::NobodyWatched => (
            "There are rules again",
            Subject::Nobody,
            "Entries are matched from here on.".to_owned(),
            all_clear,
        ),
        Class::TrustStale => (
            "The trust repository is good again",
            Subject::Nobody,
            "What the trust repository serves verifies again, and is in force.".to_owned(),
            all_clear,
        ),
        Class::TrustExpires => (
            "The trust root was renewed",
            Subject::Nobody,
            "A newer root is in force, or the repository is no longer used.".to_owned(),
            all_clear,
        ),
        Class::Finding | Class::Digest => (
            "Findings are settled",
            Subject::Log,
            format!("Findings of {log} are settled."),
            all_clear,
        ),
    };
    Words {
        headline,
        subject,
        summary,
        action: action.to_owned(),
    }
}

fn or<'t>(text: &'t str, instead: &'t str) -> &'t str {
    if text.is_empty() { instead } else { text }
}
