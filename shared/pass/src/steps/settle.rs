//! What a pass showed about a log becomes its conditions and its line of the report.
//!
//! Changes the state in hand, which `watch` writes, and puts evidence.

use super::book::Book;
use super::deliver::Ruled;
use super::views::Compared;
use super::witness::Lack;
use super::{commit, tail};
use crate::conditions::{self, Holds, MAX_VIOLATIONS, MORE_VIOLATIONS};
use crate::record::{self, Counts, EvidenceBody, EvidenceRecord, Group, HeadRef, SCHEMA};
use crate::report::{LogReport, Problem};
use crate::trouble::{Fault, Outcome, Step, Unproven, Violation};
use alerts::Class;
use sigstore::Timestamp;
use tlog::Verdict;

/// What was seen of a log in one pass.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    pub(crate) groups: Vec<Group>,
    pub(crate) stale: bool,
    pub(crate) waits: bool,
    pub(crate) anomalies: u64,
    pub(crate) observed: bool,
    pub(crate) proven: bool,
    pub(crate) read_on: bool,
    pub(crate) is_final: bool,
    pub(crate) out_of_time: bool,
    pub(crate) unproven: Option<Unproven>,
    pub(crate) violation: Option<Box<Violation>>,
    /// What the witness policy misses of the checkpoint.
    pub(crate) lack: Option<Lack>,
    /// What other observers were shown.
    pub(crate) views: Compared,
    pub(crate) fault: Option<Fault>,
    /// What went wrong beside the watch.
    pub(crate) notes: Vec<String>,
}

impl Tally {
    /// Every contradiction that was seen, by the log's own word or by a view.
    fn violations(&self) -> impl Iterator<Item = &Violation> {
        self.violation.iter().map(AsRef::as_ref).chain(&self.views.violations)
    }

    /// Whether something that was served does not verify, or is refused.
    pub(crate) fn is_unproven(&self) -> bool {
        let refused = self.lack.as_ref().is_some_and(|lack| lack.refused);
        self.unproven.is_some() || refused || !self.views.unproven.is_empty()
    }
}

/// Brings the conditions up to what the pass saw. Whatever fails, all of them are brought up; the first fault is returned.
pub(crate) async fn settle(book: &mut Book, tally: &Tally) -> Result<(), Fault> {
    let now = book.context.now();
    settle_reach(book, tally);
    settle_growth(book);
    conditions::hold_quarantine(&mut book.state.conditions, &tally.groups, now);
    conditions::end_quiet_quarantine(&mut book.state.conditions, now);
    let mut violation = Ok(());
    for found in tally.violations() {
        violation = violation.and(hold_violation(book, found).await);
    }
    violation.and(settle_unproven(book, tally).await)
}

/// Notes since when no checkpoint could be verified. A log that is frozen and read to its end has nothing to verify.
pub(crate) fn settle_verified(book: &mut Book, tally: &Tally) {
    let now = book.context.now();
    let Some(progress) = book.state.progress.as_mut() else {
        return;
    };
    if tally.proven || tally.is_final {
        progress.unverified = None;
    } else {
        progress.unverified.get_or_insert(now);
    }
}

fn verdict_words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::TwoRoots { size } => format!("the log signed two different roots for the size {size}"),
        Verdict::Excluded { smaller, larger } => format!(
            "the log signed a root at size {larger} whose tree excludes the root that it signed at size {smaller}"
        ),
        Verdict::ImpossibleRoot => {
            "the log signed a root for an empty tree that is not the root of an empty tree".to_owned()
        }
    }
}

/// What a contradiction shows, and who showed us the other side.
fn words(violation: &Violation) -> String {
    let shows = verdict_words(&violation.verdict);
    match &violation.seen_by {
        None => shows,
        Some(view) => format!(
            "{shows}; the view {} showed one of the two",
            alerts::text::escape(view, 200)
        ),
    }
}

/// The condition is held before the evidence is put: a store that fails must not silence it. Evidence is put on every
/// pass that sees the contradiction; beyond the bound one condition stands for all further ones.
async fn hold_violation(book: &mut Book, violation: &Violation) -> Result<(), Fault> {
    let (id, now) = (commit::evidence_id(violation), book.context.now());
    let name = book.folder().evidence(&id);
    let shows = words(violation);
    let known = conditions::find(&mut book.state.conditions, Class::Violation, &id).is_some();
    if !known && conditions::count(&book.state.conditions, Class::Violation) >= MAX_VIOLATIONS {
        let more = Holds::now(Class::Violation, MORE_VIOLATIONS, now).fact(
            "what",
            format!("{shows}; evidence of the first {MAX_VIOLATIONS} contradictions is kept"),
        );
        conditions::hold(&mut book.state.conditions, more);
        return Ok(());
    }
    let holds = Holds::now(Class::Violation, &id, now)
        .fact("what", shows)
        .object(Some(name.clone()));
    conditions::hold(&mut book.state.conditions, holds);
    let record = evidence_record(violation, &book.context.log.origin, now);
    book.context.store().put_once(&name, &record::encode(&record)).await?;
    Ok(())
}

/// What is kept of a violation.
pub(crate) fn evidence_record(violation: &Violation, origin: &str, now: Timestamp) -> EvidenceRecord {
    EvidenceRecord {
        schema: SCHEMA,
        id: commit::evidence_id(violation),
        log: origin.to_owned(),
        found: now,
        shows: words(violation),
        body: EvidenceBody::Violation {
            evidence: violation.evidence.clone(),
        },
    }
}

async fn settle_unproven(book: &mut Book, tally: &Tally) -> Result<(), Fault> {
    let now = book.context.now();
    let passed = [
        (Step::Checkpoint, tally.observed),
        (Step::Start, tally.proven),
        (Step::Head, tally.proven),
        (Step::Entries, tally.read_on),
    ];
    for (step, passed) in passed {
        let stays = tally.unproven.as_ref().is_some_and(|unproven| unproven.step == step);
        if passed && !stays {
            conditions::end_one(&mut book.state.conditions, Class::Unproven, step.word(), now);
        }
    }
    let Some(unproven) = &tally.unproven else { return Ok(()) };
    let word = unproven.step.word();
    let object = match conditions::find(&mut book.state.conditions, Class::Unproven, word) {
        Some(open) => open.object.clone(),
        None => Some(commit::keep_unproven(book, unproven).await?),
    };
    let holds = Holds::now(Class::Unproven, word, now)
        .fact("what", alerts::text::escape(&unproven.message, 600))
        .patience(book.context.log.limits.unproven_after)
        .object(object);
    conditions::hold(&mut book.state.conditions, holds);
    Ok(())
}

fn settle_reach(book: &mut Book, tally: &Tally) {
    let (now, limits) = (book.context.now(), book.context.log.limits);
    let lost = tail::lost(book, tally.fault.as_ref()).map(|holds| conditions::hold(&mut book.state.conditions, holds));
    let lost = lost.is_some();
    if !lost {
        conditions::end_one(&mut book.state.conditions, Class::LostTail, "", now);
    }
    match &tally.fault {
        // Of a retired log it is worse than that; but what was told is not taken back while it holds.
        Some(_) if lost && conditions::find(&mut book.state.conditions, Class::Unreachable, "").is_none() => {}
        Some(fault) => {
            let holds = Holds::now(Class::Unreachable, "", now)
                .fact("error", alerts::text::escape(&fault.message, 600))
                .patience(limits.max_lag);
            conditions::hold(&mut book.state.conditions, holds);
        }
        None => conditions::end_one(&mut book.state.conditions, Class::Unreachable, "", now),
    }
    let Some(progress) = &book.state.progress else { return };
    let (head, cursor) = (progress.head.size, progress.cursor.position());
    match progress.behind.filter(|_| !tally.waits) {
        None => conditions::end_one(&mut book.state.conditions, Class::Behind, "", now),
        Some(since) => {
            let holds = Holds::now(Class::Behind, "", since)
                .fact("head", head.to_string())
                .fact("cursor", cursor.to_string())
                .patience(limits.max_lag);
            conditions::hold(&mut book.state.conditions, holds);
        }
    }
}

fn settle_growth(book: &mut Book) {
    let (now, limits) = (book.context.now(), book.context.log.limits);
    let Some(progress) = &book.state.progress else { return };
    let (grown, size, frozen) = (progress.grown, progress.head.size, progress.frozen);
    // Before its time it has nothing to hold, and after it nothing to take.
    let awake = book.context.log.valid.start.map_or(grown, |start| start.max(grown));
    let still = u64::try_from(now.seconds_since(awake)).unwrap_or(0);
    if limits.no_growth.is_reached(still) && !frozen && !book.context.has_ended() {
        let holds = Holds::now(Class::NoGrowth, "", now)
            .fact("size", size.to_string())
            .fact("since", grown.to_string());
        conditions::hold(&mut book.state.conditions, holds);
    } else {
        conditions::end_one(&mut book.state.conditions, Class::NoGrowth, "", now);
    }
}

/// The line of a log.
pub(crate) fn report(book: &Book, tally: &Tally, ruled: &Ruled) -> LogReport {
    let mut report = LogReport::new(
        &book.context.environment.pass,
        book.context.now(),
        Some(&book.context.log.origin),
    );
    report.scanned = tally.counts.entries;
    let [authorised, refused, waiting] = ruled.counts();
    // What is left to a ledger is a finding once it is told.
    let at_once = tally.counts.findings.saturating_sub(tally.counts.awaiting);
    report.findings = at_once.saturating_add(refused);
    (report.authorised, report.waiting) = (authorised, waiting);
    report.allowed = tally.counts.allowed;
    report.quarantined = tally.counts.quarantined;
    report.stale = tally.stale;
    if let Some(progress) = &book.state.progress {
        report.head = Some(HeadRef { ..progress.head });
        report.cursor = Some(progress.cursor.position());
    }
    note(book, tally, &mut report);
    judge_observers(book, tally, &mut report);
    if report.findings > 0 {
        report.worsen(Outcome::Findings, None);
    }
    judge_log(book, tally, &mut report);
    judge_served(book, tally, &mut report);
    report
}

fn note(book: &Book, tally: &Tally, report: &mut LogReport) {
    if tally.is_final {
        let frozen = book.state.progress.as_ref().is_some_and(|progress| progress.frozen);
        let why = if frozen {
            "frozen and read to its end"
        } else {
            "read to its end after its time was over"
        };
        report.notes.push(format!("final: {why}"));
    }
    if tally.waits {
        report.notes.push("waits for a partial bundle".to_owned());
    }
    report.notes.extend(tally.notes.iter().cloned());
    if tally.anomalies > 0 {
        report.notes.push(format!(
            "{} answers did not verify at first and did when asked for again",
            tally.anomalies
        ));
    }
}

/// What the log did that degrades the watch over it.
fn judge_log(book: &Book, tally: &Tally, report: &mut LogReport) {
    let problem = |class: &str, message: String| {
        Some(Problem {
            class: class.to_owned(),
            message,
            object: None,
        })
    };
    if tally.counts.quarantined > 0 {
        let message = format!(
            "{} leaves could not be decoded; they are kept in the quarantine",
            tally.counts.quarantined
        );
        report.worsen(Outcome::Degraded, problem("quarantine", message));
    }
    let bad: u64 = tally
        .groups
        .iter()
        .filter(|group| group.promise)
        .map(|group| group.count)
        .sum();
    if bad > 0 {
        let message = format!("{bad} promises (signed entry timestamps) of matching entries do not verify");
        report.worsen(Outcome::Degraded, problem("bad-promise", message));
    }
    if let Some(progress) = &book.state.progress
        && progress.cursor.position() < progress.head.size
        && !tally.waits
    {
        let left = progress.head.size - progress.cursor.position();
        let why = if tally.out_of_time {
            "the time was spent first"
        } else {
            "reading stopped"
        };
        report.worsen(
            Outcome::Degraded,
            problem("behind", format!("{left} entries are not read yet: {why}")),
        );
    }
    for condition in book.state.conditions.iter().filter(|condition| condition.is_open()) {
        match condition.class {
            Class::GrewAfterFreeze if condition.acknowledged.is_none() => {
                report.worsen(
                    Outcome::Degraded,
                    problem(
                        "grew-after-freeze",
                        "the log grew after it had said that it is frozen".to_owned(),
                    ),
                );
            }
            Class::NoGrowth => report
                .notes
                .push("the log has not grown for longer than `no_growth` allows".to_owned()),
            _ => {}
        }
    }
    if let (Some(fault), Some(_)) = (&tally.fault, tail::lost(book, tally.fault.as_ref())) {
        let message = format!("the log is retired, and not all of it was read: {}", fault.message);
        let lost = Problem {
            object: fault.object.clone(),
            class: Class::LostTail.word().to_owned(),
            message,
        };
        report.worsen(Outcome::Fault, Some(lost));
    }
    if let Some(fault) = &tally.fault {
        report.worsen(Outcome::Fault, Some(Problem::from(fault)));
    }
}

/// What those who look at the log beside us show.
fn judge_observers(book: &Book, tally: &Tally, report: &mut LogReport) {
    let problem = |class: &str, message: &str| {
        Some(Problem {
            class: class.to_owned(),
            message: message.to_owned(),
            object: None,
        })
    };
    if let Some(Lack { message, refused }) = &tally.lack {
        let outcome = if *refused { Outcome::Unproven } else { Outcome::Degraded };
        report.worsen(outcome, problem("quorum-unmet", message));
    }
    for open in book.state.conditions.iter().filter(|open| open.is_open()) {
        let message = match open.class {
            Class::WitnessClock => format!("the witness {} cosigns in the future", open.detail),
            Class::WitnessGone if open.due <= book.context.now() => {
                format!("the witness {} has not cosigned for a day", open.detail)
            }
            _ => continue,
        };
        report.worsen(Outcome::Degraded, problem(open.class.word(), &message));
    }
    for line in &tally.views.unreachable {
        report.worsen(Outcome::Degraded, problem("view-unreachable", line));
    }
    for line in &tally.views.unproven {
        report.worsen(Outcome::Unproven, problem("view-unproven", line));
    }
    report.notes.extend(tally.views.notes.iter().cloned());
}

/// What the log served that condemns it.
fn judge_served(book: &Book, tally: &Tally, report: &mut LogReport) {
    for violation in tally.violations() {
        let id = commit::evidence_id(violation);
        let seen = book
            .state
            .conditions
            .iter()
            .any(|open| open.is_latched() && open.detail == id);
        let (message, object) = (words(violation), Some(book.folder().evidence(&id)));
        if !seen {
            report.worsen(
                Outcome::Violation,
                Some(Problem {
                    class: "violation".to_owned(),
                    message,
                    object,
                }),
            );
        }
    }
    if let Some(unproven) = &tally.unproven {
        let kept = book
            .state
            .conditions
            .iter()
            .find(|open| open.is_open() && open.class == Class::Unproven && open.detail == unproven.step.word());
        let problem = Problem {
            class: format!("unproven-{}", unproven.step.word()),
            message: unproven.message.clone(),
            object: kept
                .and_then(|open| open.object.clone())
                .or_else(|| unproven.object.clone()),
        };
        report.worsen(Outcome::Unproven, Some(problem));
    }
    for condition in &book.state.conditions {
        let what = condition
            .facts
            .iter()
            .find(|fact| fact.name == "what")
            .map(|fact| fact.value.clone());
        let problem = Problem {
            class: "violation".to_owned(),
            message: format!("{} (evidence {})", what.unwrap_or_default(), condition.detail),
            object: condition.object.clone(),
        };
        if condition.is_loud_violation() {
            report.worsen(Outcome::Violation, Some(problem));
        } else if condition.is_latched() {
            report.latched = true;
            report.worsen(Outcome::Degraded, Some(problem));
        }
    }
}
