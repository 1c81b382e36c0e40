//! **observe** and **authenticate**: the checkpoint that the log serves, and whether the log signed it.
//!
//! Bytes that are no checkpoint by form are a fault: a web page or an outage says nothing about the log. What is a
//! checkpoint but not of this origin, or without a good signature of a trusted key, is asked for once more past every
//! cache, and is unproven if it stays so. Writes nothing; a crash here leaves nothing.

use super::witness;
use crate::environment::LogContext;
use crate::trouble::{Fault, FaultClass, SourceTrouble, Step, Unproven};
use crate::{Freshness, LogSource};
use tlog::{CheckpointError, SignedCheckpoint};

/// What the log served as its checkpoint.
pub(crate) enum Observed {
    /// Authentic. With what was served at first, if that was not.
    Authentic(SignedCheckpoint, Option<Unproven>),
    /// Not authentic, twice.
    Unproven(Unproven),
}

pub(crate) async fn observe(context: &LogContext, source: &dyn LogSource) -> Result<Observed, Fault> {
    let first = match ask(context, source, Freshness::Cached).await? {
        Ok(signed) => return Ok(Observed::Authentic(signed, None)),
        Err(unproven) => unproven,
    };
    Ok(match ask(context, source, Freshness::PastCaches).await? {
        Ok(signed) => Observed::Authentic(signed, Some(first)),
        Err(again) => Observed::Unproven(again),
    })
}

async fn ask(
    context: &LogContext,
    source: &dyn LogSource,
    freshness: Freshness,
) -> Result<Result<SignedCheckpoint, Unproven>, Fault> {
    let bytes = match source.checkpoint(freshness).await.map_err(SourceTrouble::from) {
        Ok(bytes) => bytes,
        Err(SourceTrouble::Fault(fault)) => return Err(fault),
        Err(SourceTrouble::Malformed(unproven)) => {
            return Ok(Err(Unproven {
                step: Step::Checkpoint,
                ..unproven
            }));
        }
    };
    match SignedCheckpoint::open(&bytes, &context.log.origin, &context.log.keys) {
        Ok(signed) => Ok(witness::authentic(context, signed).map_err(|message| Unproven {
            step: Step::Checkpoint,
            message: format!("the checkpoint at {} is not authentic: {message}", source.place()),
            object: Some(source.place().to_owned()),
            served: bytes,
            first_index: None,
        })),
        Err(error) if error.is_form() => Err(no_checkpoint(source, &error)),
        Err(error) => Ok(Err(Unproven {
            step: Step::Checkpoint,
            message: format!("the checkpoint at {} is not authentic: {error}", source.place()),
            object: Some(source.place().to_owned()),
            served: bytes,
            first_index: None,
        })),
    }
}

fn no_checkpoint(source: &dyn LogSource, error: &CheckpointError) -> Fault {
    let place = source.place();
    let message =
        format!("what {place} serves as its checkpoint is none: {error}. Check the URL and the kind of the log");
    Fault::new(FaultClass::Source, place, message)
}
