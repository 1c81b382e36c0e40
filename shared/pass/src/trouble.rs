//! What can go wrong, as types that cannot be confused, and what a pass makes of it.
//!
//! A [`Fault`] means that we could not tell, and may leave a step through `?`. An [`Unproven`] and a [`Violation`] are
//! statements about the log; a step returns them as values, so that none of them can be lost on the way to the report.

use crate::{SourceError, SourceErrorKind, StoreError, StoreErrorKind};
use serde::{Deserialize, Serialize};

/// What became of one log, or of a pass as a whole, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Caught up, or stale, or waiting for a partial bundle.
    Clean,
    /// Rules matched.
    Findings,
    /// Watched, but not as it should be.
    Degraded,
    /// We could not tell.
    Fault,
    /// What was served does not verify.
    Unproven,
    /// The log contradicted itself under its own signature.
    Violation,
}

impl Outcome {
    /// The exit code of a command that ends so. `Findings` is 0 unless the caller asked to fail on findings.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Clean | Self::Findings => 0,
            Self::Degraded => 20,
            Self::Fault => 30,
            Self::Unproven => 35,
            Self::Violation => 40,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Findings => "findings",
            Self::Degraded => "degraded",
            Self::Fault => "fault",
            Self::Unproven => "unproven",
            Self::Violation => "violation",
        }
    }
}

/// What a fault is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultClass {
    /// The log could not be read.
    Source,
    /// The store could not be read or written.
    Store,
    /// An object of the record is gone, damaged, or of a newer version.
    Record,
    /// The trust material could not be read.
    Trust,
    /// The configuration asks for what cannot be.
    Configuration,
    /// Our own code failed.
    Internal,
}

/// We could not tell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct Fault {
    /// What it is about.
    pub class: FaultClass,
    /// What failed, where, and what to do.
    pub message: String,
    /// The object or URL, where there is one.
    pub object: Option<String>,
}

impl Fault {
    /// A fault with the object that it is about.
    #[must_use]
    pub fn new(class: FaultClass, object: &str, message: String) -> Self {
        Self {
            class,
            message,
            object: Some(object.to_owned()),
        }
    }
}

impl Fault {
    /// What a source answered, where no log can be blamed for it.
    #[must_use]
    pub fn from_source(error: SourceError) -> Self {
        Self {
            class: FaultClass::Source,
            message: error_chain(&error),
            object: Some(error.object),
        }
    }
}

impl From<StoreError> for Fault {
    /// An object that is longer than it can be is a damaged record, not a store that fails.
    fn from(error: StoreError) -> Self {
        let class = match error.kind {
            StoreErrorKind::TooLarge { .. } => FaultClass::Record,
            StoreErrorKind::BadName | StoreErrorKind::Io(_) => FaultClass::Store,
        };
        Self {
            class,
            message: error_chain(&error),
            object: Some(error.object),
        }
    }
}

/// A source's error, apart: what was served broken is about the log, the rest is a fault.
#[derive(Debug)]
pub(crate) enum SourceTrouble {
    Fault(Fault),
    Malformed(Unproven),
}

impl From<SourceError> for SourceTrouble {
    fn from(error: SourceError) -> Self {
        let message = error_chain(&error);
        match error.kind {
            SourceErrorKind::Malformed { bytes, .. } => Self::Malformed(Unproven {
                step: Step::Entries,
                message,
                object: Some(error.object),
                served: bytes.to_vec(),
                first_index: None,
            }),
            SourceErrorKind::NotFound
            | SourceErrorKind::Status { .. }
            | SourceErrorKind::TooLarge { .. }
            | SourceErrorKind::Timeout { .. }
            | SourceErrorKind::Redirect { .. }
            | SourceErrorKind::Unreachable(_) => Self::Fault(Fault {
                class: FaultClass::Source,
                message,
                object: Some(error.object),
            }),
        }
    }
}

/// The step at which what was served did not verify: the detail of the condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// The checkpoint is not authentic.
    Checkpoint,
    /// The checkpoint cannot be proven to follow the head.
    Head,
    /// The start position cannot be anchored to the signed root.
    Start,
    /// The entries do not rebuild the signed root.
    Entries,
}

impl Step {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Checkpoint => "checkpoint",
            Self::Head => "head",
            Self::Start => "start",
            Self::Entries => "entries",
        }
    }
}

/// What was served does not verify, again and past caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unproven {
    /// Where in the pass.
    pub step: Step,
    /// What does not verify.
    pub message: String,
    /// The URL that served it, where one object is to blame.
    pub object: Option<String>,
    /// What was served, cut to `KEPT_BYTES`.
    pub served: Vec<u8>,
    /// The first leaf that is not what the log signed, where it could be told.
    pub first_index: Option<u64>,
}

/// The log contradicted itself under its own signature.
#[derive(Debug, Clone)]
pub struct Violation {
    /// The evidence, which convinces a third party.
    pub evidence: tlog::Evidence,
    /// What it shows.
    pub verdict: tlog::Verdict,
    /// The view that showed one of the two checkpoints, where the log itself did not.
    pub seen_by: Option<String>,
}

/// An error with its causes, on one line; what one of them repeats is said once.
pub fn error_chain(error: &dyn core::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let words = source.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = source.source();
    }
    text
}

/// Our own code failed.
pub(crate) fn internal(error: &dyn core::error::Error) -> Fault {
    let message = format!("a part of the pass failed by itself ({error}); please report it");
    Fault {
        class: FaultClass::Internal,
        message,
        object: None,
    }
}
