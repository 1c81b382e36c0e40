//! How the command ends: exit codes, and the words for what stopped it.

use local::configuration::Refused;
use pass::{Fault, FaultClass, Outcome};
use std::io::Write as _;
use std::process::ExitCode;

/// Usage, or a broken configuration.
const USAGE: u8 = 2;

/// What stopped a command before it had an outcome.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments or the configuration are wrong. The text says where.
    Usage(String),
    /// We could not tell.
    Fault(Fault),
}

impl Failure {
    pub(crate) fn internal(error: &dyn core::error::Error) -> Self {
        Self::Fault(Fault {
            class: FaultClass::Internal,
            message: error.to_string(),
            object: None,
        })
    }

    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => USAGE,
            Self::Fault(fault) if fault.class == FaultClass::Configuration => USAGE,
            Self::Fault(_) => Outcome::Fault.exit_code(),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Broken(text) => Self::Usage(text),
            Refused::Fault(fault) => Self::Fault(fault),
        }
    }
}

impl From<sources::HttpSetupError> for Failure {
    fn from(error: sources::HttpSetupError) -> Self {
        Self::internal(&error)
    }
}

/// Says what stopped the command.
pub(crate) fn failed(failure: &Failure) -> ExitCode {
    match failure {
        Failure::Usage(text) => say(text),
        Failure::Fault(fault) => say(&format!("error: {}", alerts::text::escape(&fault.message, 4_000))),
    }
    ExitCode::from(failure.code())
}

/// A line on standard error.
pub(crate) fn say(text: &str) {
    // Nobody is left to tell if standard error is gone.
    let _ignored = writeln!(std::io::stderr().lock(), "{}", text.trim_end());
}

/// A line on standard output.
pub(crate) fn print(text: &str) {
    // A closed pipe ends the reader's interest, not the watch.
    let _ignored = writeln!(std::io::stdout().lock(), "{text}");
}
