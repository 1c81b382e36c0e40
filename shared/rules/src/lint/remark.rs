//! What the lint says: a stable name, how much it matters, where, what will happen, and what to write instead.

/// How much a lint matters. None refuses a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// The rules do something else than they seem to say, or something that nobody wants. `check --strict` fails.
    Warning,
    /// Worth knowing, and possibly meant.
    Note,
}

impl Weight {
    /// `warning` or `note`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Which lint it is. The words are stable: scripts may rely on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LintId {
    /// No entry can match.
    Unreachable,
    /// Only a certificate with an extension that it may not have twice can match.
    TwoValues,
    /// Every entry matches, or every value.
    MatchesEverything,
    /// Another pattern of the same list matches all that this one does.
    RedundantPattern,
    /// A pattern that is open at both ends.
    Contains,
    /// The name of an owner goes on after what is written of it.
    OpenEndedOwner,
    /// A domain goes on before what is written of it.
    OpenEndedDomain,
    /// Anybody's repository matches.
    AnyOwner,
    /// A host goes on after what is written of it.
    OpenEndedHost,
    /// A condition that says nothing of who signs.
    NamesNobody,
    /// A dot of an expression that looks like that of a host or a file.
    LooseDot,
    /// A wildcard in a text that is compared as it stands.
    BareWildcard,
    /// An issuer that no certificate names so.
    UnknownIssuer,
    /// An issuer for which Fulcio writes no such identity.
    IssuerAndSan,
    /// An identity that Fulcio does not write so.
    NotASan,
    /// A value that its field does not have, or hardly.
    NotAValue,
    /// A blank at an end.
    WhiteSpace,
    /// An object identifier that Fulcio has not given out.
    UnknownExtension,
    /// A kind that no entry has.
    UnknownKind,
    /// A log that nobody watches.
    UnknownLog,
    /// Two rules that find the same.
    Duplicate,
    /// All that a rule finds, another finds too.
    Swallowed,
    /// An allowance for all that its rule finds.
    AllowsEverything,
    /// An allowance for nothing that its rule finds.
    AllowsNothing,
    /// An allowance of what strangers can have as well.
    OpenAllowance,
    /// An allowance of what may stand in the name of a branch.
    WithinBranch,
    /// An allowance that has ended.
    Expired,
    /// An allowance that ends soon.
    ExpiresSoon,
    /// Not everything was compared.
    Unfinished,
}

impl LintId {
    /// The name, such as `unreachable`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::TwoValues => "two-values",
            Self::MatchesEverything => "matches-everything",
            Self::RedundantPattern => "redundant-pattern",
            Self::Contains => "contains",
            Self::OpenEndedOwner => "open-ended-owner",
            Self::OpenEndedDomain => "open-ended-domain",
            Self::AnyOwner => "any-owner",
            Self::OpenEndedHost => "open-ended-host",
            Self::NamesNobody => "names-nobody",
            Self::LooseDot => "loose-dot",
            Self::BareWildcard => "bare-wildcard",
            Self::UnknownIssuer => "unknown-issuer",
            Self::IssuerAndSan => "issuer-and-san",
            Self::NotASan => "not-a-san",
            Self::NotAValue => "not-a-value",
            Self::WhiteSpace => "white-space",
            Self::UnknownExtension => "unknown-extension",
            Self::UnknownKind => "unknown-kind",
            Self::UnknownLog => "unknown-log",
            Self::Duplicate => "duplicate",
            Self::Swallowed => "swallowed",
            Self::AllowsEverything => "allows-everything",
            Self::AllowsNothing => "allows-nothing",
            Self::OpenAllowance => "open-allowance",
            Self::WithinBranch => "within-branch",
            Self::Expired => "expired",
            Self::ExpiresSoon => "expires-soon",
            Self::Unfinished => "unfinished",
        }
    }
}

/// Something in the rules that is well formed and probably not meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lint {
    /// Where, as a [`Diagnostic`](crate::Diagnostic) spells it.
    pub path: String,
    /// How much it matters.
    pub weight: Weight,
    /// Which it is.
    pub id: LintId,
    /// What will happen, in one line.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Lint {
    pub(super) fn warning(id: LintId, path: &str, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            weight: Weight::Warning,
            id,
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn note(id: LintId, path: &str, message: impl Into<String>) -> Self {
        let weight = Weight::Note;
        Self {
            weight,
            ..Self::warning(id, path, message)
        }
    }

    pub(super) fn instead(self, help: impl Into<String>) -> Self {
        let help = Some(help.into());
        Self { help, ..self }
    }
}
