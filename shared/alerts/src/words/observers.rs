//! What is said of those who look at a log beside us: its witnesses, and the views of others.

use super::{Place, Subject, Words, or};

const ALL_CLEAR: &str = "Nothing has to be done.";

pub(super) fn quorum_unmet(place: &Place) -> Words {
    let Place { log, .. } = place;
    Words {
        headline: "Too few witnesses",
        subject: Subject::Log,
        summary: format!(
            "The checkpoint that {log} shows us lacks the cosignatures that the witness policy asks for. Without its \
             quorum nobody has confirmed that others are shown the same log; a log that splits its view is most \
             likely to do so on such a checkpoint."
        ),
        action: "See below which witnesses are seen. Ask the operator of the log, and those of the witnesses that are \
                 missing. Compare with other observers (`views:`). If the policy is out of date, correct its file."
            .to_owned(),
    }
}

pub(super) fn witness_gone(place: &Place) -> Words {
    let Place { log, detail, .. } = place;
    Words {
        headline: "A witness no longer cosigns",
        subject: Subject::Detail,
        summary: format!(
            "The witness {} cosigned checkpoints of {log} before, and has not for a day. Fewer independent parties see \
             what we see; the quorum of the policy may be lost next.",
            or(detail, "(unnamed)")
        ),
        action:
            "Ask the operator of the witness and that of the log whether it ended or was left out. If it ended for \
                 good, take it out of the policy."
                .to_owned(),
    }
}

pub(super) fn witness_clock(place: &Place) -> Words {
    let Place { log, detail, .. } = place;
    Words {
        headline: "A cosignature is of the future",
        subject: Subject::Detail,
        summary: format!(
            "The witness {} cosigned a checkpoint of {log} with a time that has not come yet. Its clock or ours is \
             wrong, or cosignatures are made in advance, to be shown when they are no longer true.",
            or(detail, "(unnamed)")
        ),
        action: "Check our clock. If it is right, tell the operator of the witness, and do not rely on its times."
            .to_owned(),
    }
}

pub(super) fn view_unproven(place: &Place) -> Words {
    let Place { log, detail, .. } = place;
    Words {
        headline: "Another observer's view cannot be proven",
        subject: Subject::Detail,
        summary: format!(
            "The view {} shows a checkpoint of {log} that cannot be shown to be of the same tree as ours. Either {log} \
             shows us an old state, or does not serve what it signed for others; or it shows others another log, \
             which is proven as soon as it can be. Nothing contradicts it yet.",
            or(detail, "(unnamed)")
        ),
        action:
            "Compare the log's checkpoint from another network. Keep what the view shows: it is in the state of the \
                 log. Every pass tries again; if the two contradict each other, it becomes a violation with evidence."
                .to_owned(),
    }
}

pub(super) fn view_unreachable(place: &Place) -> Words {
    let Place { log, detail, .. } = place;
    Words {
        headline: "Another observer cannot be read",
        subject: Subject::Detail,
        summary: format!(
            "The view {} has shown no checkpoint of {log} for longer than `limits.max_lag` allows. A log that shows \
             others another tree would not be noticed through it.",
            or(detail, "(unnamed)")
        ),
        action:
            "Look at the error and at the observer's own pages. If it ended, or never looks at this log, take it out \
                 of `views:` or name its logs there."
                .to_owned(),
    }
}

/// Headline, whose name it ends in, summary and action of what is over.
pub(super) type Closed = (&'static str, Subject, String, &'static str);

pub(super) fn quorum_met(place: &Place) -> Closed {
    let summary = format!(
        "The checkpoint of {} has the quorum of the witness policy, or needs none.",
        place.log
    );
    ("Witnesses suffice again", Subject::Log, summary, ALL_CLEAR)
}

pub(super) fn witness_back(place: &Place) -> Closed {
    let Place { log, detail, .. } = place;
    let name = or(detail, "(unnamed)");
    let summary = format!("The witness {name} cosigns {log} again, or is no longer asked for.");
    ("The witness cosigns again", Subject::Detail, summary, ALL_CLEAR)
}

pub(super) fn witness_in_time(place: &Place) -> Closed {
    let Place { log, detail, .. } = place;
    let name = or(detail, "(unnamed)");
    let summary = format!("Cosignatures of {name} on {log} are no longer of the future.");
    ("The witness tells the time again", Subject::Detail, summary, ALL_CLEAR)
}

pub(super) fn view_settled(place: &Place) -> Closed {
    let Place { log, detail, .. } = place;
    let summary = format!(
        "What the view {} showed of {log} is proven to be of our tree, or contradicts it, which is told by itself; or \
         it is no longer asked.",
        or(detail, "(unnamed)")
    );
    ("The view is settled", Subject::Detail, summary, ALL_CLEAR)
}

pub(super) fn view_back(place: &Place) -> Closed {
    let Place { log, detail, .. } = place;
    let name = or(detail, "(unnamed)");
    let summary = format!("The view {name} shows checkpoints of {log} again, or is no longer asked.");
    ("The view can be read again", Subject::Detail, summary, ALL_CLEAR)
}
