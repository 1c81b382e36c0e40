//! What alerts are about, and at which moment of its life.

use rules::Severity;
use serde::{Deserialize, Serialize};

macro_rules! classes {
    ($($variant:ident $name:literal $text:literal,)*) => {
        /// What an alert is about. Names and order are part of the record: add at the end, never rename.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Class { $(#[doc = $text] $variant,)* }

        impl Class {
            /// Every class.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its stable name, kebab-case.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

classes! {
    Finding "finding" "A rule matched a verified entry.",
    Digest "digest" "A rule matched more entries than are told one by one.",
    Unproven "unproven" "What was served does not verify.",
    Violation "violation" "The log contradicted itself under its own signature.",
    Quarantine "quarantine" "Verified entries that no decoder understands.",
    Behind "behind" "The cursor is further behind the head than it may be.",
    NoGrowth "no-growth" "The log did not grow for longer than it may.",
    Unreachable "unreachable" "The log cannot be read.",
    GrewAfterFreeze "grew-after-freeze" "The log said that it was frozen, and grew.",
    Unwatched "unwatched" "Verifiers accept a log that nobody reads.",
    ConfigFellBack "config-fell-back" "The configuration is broken; the last good one is in force.",
    SinkDead "sink-dead" "A place that takes alerts takes none.",
    NobodyWatched "nobody-watched" "There are no rules.",
    RecordGone "record-gone" "What was stored of the log is gone or damaged.",
    Welcome "welcome" "The deployment began to watch: what an alert looks like.",
    StillWatching "still-watching" "The weekly word that it still watches, with the counts.",
    ConfigChanged "config-changed" "Another configuration is in force.",
    Test "test" "Somebody asked whether alerts arrive.",
    BadPromise "bad-promise" "The log's server hands out promises that the log's key did not sign.",
    QuorumUnmet "quorum-unmet" "A checkpoint lacks the quorum of the witness policy.",
    WitnessGone "witness-gone" "A witness that cosigned no longer does.",
    WitnessClock "witness-clock" "A cosignature is of the future.",
    ViewUnproven "view-unproven" "What another observer shows of the log cannot be proven.",
    ViewUnreachable "view-unreachable" "Another observer of the log cannot be read.",
    TrustNews "trust-news" "The trusted root says something else than before of a log or a key.",
    TrustStale "trust-stale" "The trust repository cannot be used; what it vouched for before is.",
    TrustExpires "trust-expires" "The root of the trust repository is about to expire.",
    LostTail "lost-tail" "A retired log cannot be read, and not all of it was.",
    Missing "missing" "What a ledger announced stands in no log in its time.",
    LedgerUnreachable "ledger-unreachable" "A ledger cannot be read.",
    LedgerUnsound "ledger-unsound" "Records of a ledger count for nothing.",
}

impl Class {
    /// How much an open condition of this class matters. A finding has the severity of its rule.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Violation | Self::RecordGone => Severity::Critical,
            Self::Finding | Self::Digest | Self::Unproven | Self::GrewAfterFreeze | Self::Unwatched => Severity::High,
            Self::BadPromise | Self::SinkDead | Self::ConfigFellBack | Self::NobodyWatched | Self::Behind => {
                Severity::High
            }
            Self::QuorumUnmet | Self::ViewUnproven | Self::TrustStale | Self::LostTail => Severity::High,
            Self::Missing | Self::LedgerUnreachable | Self::LedgerUnsound => Severity::High,
            Self::WitnessGone | Self::WitnessClock | Self::ViewUnreachable => Severity::Medium,
            Self::Quarantine | Self::NoGrowth | Self::Unreachable | Self::ConfigChanged => Severity::Medium,
            Self::TrustNews | Self::TrustExpires => Severity::Medium,
            Self::Welcome | Self::StillWatching | Self::Test => Severity::Info,
        }
    }

    /// Whether it has a life: it opens, is reminded of and closes. All others are told once.
    #[must_use]
    pub const fn is_condition(self) -> bool {
        match self {
            Self::Finding | Self::Digest | Self::Missing => false,
            Self::Welcome | Self::StillWatching | Self::ConfigChanged | Self::TrustNews | Self::Test => false,
            Self::Unproven | Self::Violation | Self::Quarantine | Self::Behind | Self::NoGrowth => true,
            Self::Unreachable | Self::GrewAfterFreeze | Self::Unwatched | Self::ConfigFellBack => true,
            Self::SinkDead | Self::NobodyWatched | Self::RecordGone | Self::BadPromise => true,
            Self::QuorumUnmet | Self::WitnessGone | Self::WitnessClock => true,
            Self::ViewUnproven | Self::ViewUnreachable => true,
            Self::TrustStale | Self::TrustExpires | Self::LostTail => true,
            Self::LedgerUnreachable | Self::LedgerUnsound => true,
        }
    }
}

/// At which moment of its life something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// It has no life: a finding, a digest, a word about the deployment.
    Once,
    /// A condition began.
    Opened,
    /// It still holds: at most once a day.
    Reminder,
    /// It holds no longer.
    Closed,
}

impl Phase {
    /// Its stable name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Opened => "opened",
            Self::Reminder => "reminder",
            Self::Closed => "closed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_serde() {
        for class in Class::ALL {
            assert_eq!(serde_json::to_string(class).unwrap(), format!("\"{}\"", class.word()));
        }
        for phase in [Phase::Once, Phase::Opened, Phase::Reminder, Phase::Closed] {
            assert_eq!(serde_json::to_string(&phase).unwrap(), format!("\"{}\"", phase.word()));
        }
    }
}
