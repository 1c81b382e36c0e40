//! What is said of logs that take no more entries.

use super::{Place, Subject, Words, or};

pub(super) fn lost_tail(place: &Place) -> Words {
    let Place { log, detail, flag, .. } = place;
    Words {
        headline: "A retired log is gone before all of it was read",
        subject: subject(place),
        summary: format!(
            "{} takes no more entries and cannot be read, and not all of it was read before. Verifiers go on accepting \
             what it holds. If it does not come back, nobody here will ever see who signed as you in its last entries.",
            or(detail, log)
        ),
        action: format!(
            "See below what was read. Ask its operator for a copy of the log (a tiled log is plain files: `url: \
             file:///…` under `logs:` reads one, and every entry is proven as before), or give the URL where it is \
             kept. Every pass tries again. If it is lost for good, search what you signed and did not sign in that time \
             by other means, then exclude it with a reason: `exclude: [{{log: {}, reason: …}}]`.",
            if detail.is_empty() { flag } else { detail }
        ),
    }
}

pub(super) fn tail_found(place: &Place) -> (&'static str, Subject, String, &'static str) {
    let summary = format!(
        "{} can be read again, or is no longer retired; reading goes on where it stopped.",
        or(&place.detail, &place.log)
    );
    (
        "The retired log can be read again",
        subject(place),
        summary,
        "Nothing has to be done.",
    )
}

/// Where the log was never begun, the condition is the deployment's, and its detail is the log's name.
fn subject(place: &Place) -> Subject {
    if place.detail.is_empty() {
        Subject::Log
    } else {
        Subject::Detail
    }
}
