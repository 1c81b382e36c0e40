//! **plan**: up to where the log is read in this pass.
//!
//! Spans themselves are cut while they are read, by entries and bytes, at the edges of bundles. Asks nobody.

use crate::record::Progress;
use crate::settings::Limit;
use sigstore::Timestamp;

/// Entries in a bundle (C2SP tlog-tiles).
const BUNDLE: u64 = 256;

/// How far to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Read up to here.
    pub(crate) upto: u64,
    /// Whether a partial bundle beyond it is left for a while.
    pub(crate) waits: bool,
}

/// `partial` of the progress says since when the head has ended in its partial bundle.
pub(crate) fn plan(progress: &Progress, partial_wait: Limit, now: Timestamp) -> Plan {
    let head = progress.head.size;
    let edge = head - head % BUNDLE;
    let waited = progress
        .partial
        .map_or(0, |since| u64::try_from(now.seconds_since(since)).unwrap_or(0));
    let patient = matches!(partial_wait, Limit::After(wait) if wait > waited) || partial_wait == Limit::Never;
    if patient && edge < head && progress.cursor.position() <= edge && !progress.frozen {
        Plan {
            upto: edge,
            waits: true,
        }
    } else {
        Plan {
            upto: head,
            waits: false,
        }
    }
}
