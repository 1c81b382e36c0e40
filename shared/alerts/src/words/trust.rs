//! What is said of the repository that vouches for logs and keys.

use super::{Place, Subject, Words, or};

pub(super) fn stale(place: &Place) -> Words {
    Words {
        headline: "The trust repository cannot be used",
        subject: Subject::Detail,
        summary: format!(
            "What the trust repository serves is not used ({}). What it vouched for before stays in force for a while, so \
             a log or a key that verifiers accept since then is not watched, and one that was withdrawn still is. \
             When that while is over, nothing can be watched.",
            or(&place.detail, "see below")
        ),
        action:
            "Look at the error. If the repository cannot be reached, it may heal by itself. If it is frozen, rolled \
                 back, wrongly signed or altered, somebody between us and it, or on it, may be keeping news from us: \
                 compare with another network, and ask its operator. `limits.trust_grace` says how long the while is."
                .to_owned(),
    }
}

pub(super) fn expires(place: &Place) -> Words {
    Words {
        headline: "The root of the trust repository is about to expire",
        subject: Subject::Nobody,
        summary: format!(
            "The newest root that the trust repository has expires at {}, and no newer one is there. From then on nothing \
             that it serves is believed; what it vouched for before is used for `limits.trust_grace`, and then nothing \
             can be watched.",
            or(&place.detail, "the moment below")
        ),
        action: "Its operator has to sign a new root; ask when. As a last resort a trusted root that you have checked \
                 yourself can stand in (`trust: {trusted_root: FILE}`)."
            .to_owned(),
    }
}
