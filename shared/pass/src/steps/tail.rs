//! What may be lost of a log that takes no more entries and cannot be read: nothing once it is final, else its tail.
//!
//! Nobody can tell from outside whether a name that is gone comes back. A live log that cannot be read may always be read
//! later, and is unreachable; of one whose time is over, later may be never, and then what was not read is lost. Asks
//! nobody and writes nothing.

use super::book::Book;
use crate::conditions::Holds;
use crate::settings::Limit;
use crate::trouble::{Fault, FaultClass};
use alerts::Class;

/// A retired log that cannot be read is told after this time, even where `max_lag` says never: what is lost is lost.
const PATIENCE_SECS: u64 = 3_600;

/// What of the log may be lost, by the fault that this pass ended in: what was read of it, and why it takes no more.
pub(crate) fn lost(book: &Book, fault: Option<&Fault>) -> Option<Holds> {
    let fault = fault.filter(|fault| fault.class == FaultClass::Source)?;
    let progress = book.state.progress.as_ref();
    let retired = why_retired(book)?;
    if progress.is_some_and(|progress| book.context.is_final(progress)) {
        return None;
    }
    let read = match progress {
        None => "nothing".to_owned(),
        Some(progress) => format!(
            "up to {} of the {} that it had when it was last read",
            progress.cursor.position(),
            progress.head.size
        ),
    };
    let holds = Holds::now(Class::LostTail, "", book.context.now())
        .patience(patience(book.context.log.limits.max_lag))
        .fact("retired", retired)
        .fact("read", read)
        .fact("error", alerts::text::escape(&fault.message, 600));
    Some(holds)
}

/// How long a retired log may be away before it is told.
pub(crate) fn patience(max_lag: Limit) -> Limit {
    match max_lag {
        Limit::After(secs) => Limit::After(secs),
        Limit::Never => Limit::After(PATIENCE_SECS),
    }
}

fn why_retired(book: &Book) -> Option<String> {
    let log = &book.context.log;
    if book.state.progress.as_ref().is_some_and(|progress| progress.frozen) {
        Some("its last checkpoint is signed, and no more follow".to_owned())
    } else if log.is_retired() {
        Some("its server says that the shard is inactive".to_owned())
    } else {
        let end = log.valid.end.filter(|_| book.context.has_ended())?;
        Some(format!("verifiers accept nothing of it since {end}"))
    }
}
