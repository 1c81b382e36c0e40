//! What is said of ledgers.

use super::{Place, Subject, Words, or};

pub(super) fn unreachable(place: &Place) -> Words {
    let name = or(&place.detail, "(unnamed)");
    Words {
        headline: "A ledger cannot be read",
        subject: Subject::Detail,
        summary: format!(
            "The ledger {name} cannot be read. What only it can allow waits for a while and is then told as unauthorised, \
             whether it was recorded or not; and a record without an entry goes unseen."
        ),
        action:
            "Look at the error: does the folder or the bucket exist, and may we list and read it? Every pass tries \
                 again. If the ledger is no longer kept, take it out of `ledgers:` and of the rules that name it."
                .to_owned(),
    }
}

pub(super) fn unsound(place: &Place) -> Words {
    let name = or(&place.detail, "(unnamed)");
    Words {
        headline: "Records of a ledger count for nothing",
        subject: Subject::Detail,
        summary: format!(
            "The ledger {name} holds what is no record of it: not signed by one of its keys, not to be read, in the wrong \
             place, or more than is taken up. It allows nothing, and what it was to announce is not looked for."
        ),
        action: "Each is named below with its reason. If the release process wrote it, put it right (`rekor-sentinel \
                 authorise` writes sound ones, `--sign-with` signed ones). If it did not, somebody else can write into \
                 the ledger: find out who, and have its records signed."
            .to_owned(),
    }
}

pub(super) fn readable(place: &Place) -> (&'static str, Subject, String, &'static str) {
    let summary = format!("The ledger {} can be read again.", or(&place.detail, "(unnamed)"));
    (
        "The ledger can be read again",
        Subject::Detail,
        summary,
        "Nothing has to be done.",
    )
}

pub(super) fn sound(place: &Place) -> (&'static str, Subject, String, &'static str) {
    let summary = format!(
        "Nothing of late in the ledger {} counts for nothing.",
        or(&place.detail, "(unnamed)")
    );
    (
        "The ledger is sound again",
        Subject::Detail,
        summary,
        "Nothing has to be done.",
    )
}
