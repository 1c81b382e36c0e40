//! Reading a log along its head: [ fetch ─▶ verify ─▶ decode ─▶ match ]*, one span at a time.
//!
//! What does not rebuild the signed root is asked for once more past every cache. If that heals it, the span carries
//! what was served at first, as an anomaly; else the log is unproven here, and nothing of the span was scanned. Writes
//! nothing; a crash here leaves nothing.

use super::fetch::{RawSpan, SPAN_TIME, SpanReader};
use super::plan::Plan;
use super::scan::{Scanned, Scanner};
use super::verify::{HashedSpan, VerifiedSpan};
use crate::environment::Budget;
use crate::record::HeadRef;
use crate::trouble::{Fault, SourceTrouble, Step, Unproven, internal};
use crate::{Freshness, KEPT_BYTES, LogSource};
use std::sync::Arc;
use tlog::{Frontier, Hash};

/// What came of reading on.
pub(crate) enum Read {
    /// A span that was proven and scanned.
    Span(Box<Scanned>),
    /// What was served does not rebuild the signed root, twice.
    Unproven(Unproven),
    /// Everything that was planned is read.
    Done,
    /// The budget was spent first.
    OutOfTime,
}

/// Reads one log from a frontier on: while one span is scanned, the next is fetched and verified.
pub(crate) struct Reader {
    line: Line,
    scanner: Scanner,
    verified: Option<Verified>,
    ended: Option<Result<Read, Fault>>,
}

/// A span that is to be scanned, with what was served at first, if that did not verify.
type Verified = Box<(VerifiedSpan, Option<Unproven>)>;

/// Fetches and verifies, span by span.
struct Line {
    source: Arc<dyn LogSource>,
    frontier: Frontier,
    head: HeadRef,
    plan: Plan,
    spans: Option<SpanReader>,
    budget: Budget,
}

impl Reader {
    pub(crate) fn new(
        source: Arc<dyn LogSource>,
        scanner: Scanner,
        frontier: Frontier,
        head: HeadRef,
        plan: Plan,
        budget: Budget,
    ) -> Self {
        let line = Line {
            source,
            frontier,
            head,
            plan,
            spans: None,
            budget,
        };
        Self {
            line,
            scanner,
            verified: None,
            ended: None,
        }
    }

    /// Whether a partial bundle is left beyond what was planned.
    pub(crate) fn waits(&self) -> bool {
        self.line.plan.waits
    }

    /// The next span. After anything but a span there is nothing more.
    pub(crate) async fn next(&mut self) -> Result<Read, Fault> {
        loop {
            let (verified, ended) = (self.verified.take(), self.ended.take());
            let (scanned, stepped) = futures::join!(self.scanner.scan_if_any(verified), self.line.step_unless(ended));
            match stepped {
                Ok(Stepped::Verified(verified)) => self.verified = Some(verified),
                Ok(Stepped::Ended(read)) => self.ended = Some(Ok(read)),
                Err(fault) => self.ended = Some(Err(fault)),
            }
            match (scanned?, self.verified.is_some()) {
                (Some(scanned), _) => return Ok(Read::Span(Box::new(scanned))),
                (None, true) => {}
                (None, false) => return self.ended.take().unwrap_or(Ok(Read::Done)),
            }
        }
    }
}

/// What came of a step along the line.
enum Stepped {
    Verified(Verified),
    Ended(Read),
}

impl Line {
    async fn step_unless(&mut self, ended: Option<Result<Read, Fault>>) -> Result<Stepped, Fault> {
        match ended {
            Some(ended) => ended.map(Stepped::Ended),
            None => self.step().await,
        }
    }

    async fn step(&mut self) -> Result<Stepped, Fault> {
        if self.frontier.size() >= self.plan.upto {
            return Ok(Stepped::Ended(Read::Done));
        }
        if self.budget.is_spent() {
            return Ok(Stepped::Ended(Read::OutOfTime));
        }
        let budget = self.budget.clone();
        let read = tokio::select! {
            read = self.read() => read?,
            () = budget.spent() => return Ok(Stepped::Ended(Read::OutOfTime)),
        };
        // What was found twice is said, however little time is left; only where it is may remain open.
        Ok(match read {
            Ok(verified) => Stepped::Verified(verified),
            Err(failed) => Stepped::Ended(Read::Unproven(self.unproven(failed).await)),
        })
    }

    async fn read(&mut self) -> Result<Result<Verified, Failed>, Fault> {
        let first = match self.verified().await {
            Ok(Ok(span)) => return Ok(Ok(self.moved(span, None))),
            Ok(Err(failed)) => failed,
            Err(fault) => return Err(fault),
        };
        self.spans = None;
        Ok(self.again(&first).await?.map(|span| {
            let anomaly = first.anomaly(span.leaf_hashes(), self.source.place());
            self.moved(span, Some(anomaly))
        }))
    }

    /// The next span as it comes, or what of it does not verify.
    async fn verified(&mut self) -> Result<Result<VerifiedSpan, Failed>, Fault> {
        let (from, upto, head) = (self.frontier.size(), self.plan.upto, self.head.size);
        let source = &self.source;
        let spans = self
            .spans
            .get_or_insert_with(|| SpanReader::open(source.as_ref(), from, upto, head, Freshness::Cached));
        let share = self.budget.share(SPAN_TIME);
        let raw = match spans.next(Some(&share)).await {
            Ok(Some(raw)) => raw,
            Ok(None) => return Err(internal(&EndedEarly)),
            Err(SourceTrouble::Fault(fault)) => return Err(fault),
            Err(SourceTrouble::Malformed(unproven)) => return Ok(Err(Failed::malformed(unproven))),
        };
        self.check(raw, Freshness::Cached).await
    }

    /// The same entries once more, past every cache. Of a span whose framing was broken the length is not known: as
    /// much as one span holds is asked for, however long that takes.
    async fn again(&mut self, first: &Failed) -> Result<Result<VerifiedSpan, Failed>, Fault> {
        let from = self.frontier.size();
        let to = first.hashed.as_ref().map_or(self.plan.upto, HashedSpan::to);
        let mut spans = SpanReader::open(self.source.as_ref(), from, to, self.head.size, Freshness::PastCaches);
        match spans.next(None).await {
            Ok(Some(raw)) => self.check(raw, Freshness::PastCaches).await,
            Ok(None) => Err(internal(&EndedEarly)),
            Err(SourceTrouble::Fault(fault)) => Err(fault),
            Err(SourceTrouble::Malformed(unproven)) => Ok(Err(Failed::malformed(unproven))),
        }
    }

    async fn check(&self, raw: RawSpan, freshness: Freshness) -> Result<Result<VerifiedSpan, Failed>, Fault> {
        let hashed = HashedSpan::new(self.frontier.clone(), raw);
        let rest = if hashed.to() == self.head.size {
            Vec::new()
        } else {
            match self
                .source
                .anchor(hashed.to(), self.head.size, freshness)
                .await
                .map_err(SourceTrouble::from)
            {
                Ok(anchor) => anchor.rest,
                Err(SourceTrouble::Fault(fault)) => return Err(fault),
                Err(SourceTrouble::Malformed(unproven)) => return Ok(Err(Failed::malformed(unproven))),
            }
        };
        Ok(hashed.verify(self.head, rest).map_err(|hashed| Failed {
            hashed: Some(hashed),
            malformed: None,
        }))
    }

    fn moved(&mut self, span: VerifiedSpan, anomaly: Option<Unproven>) -> Verified {
        self.frontier = span.proof().after.clone();
        Box::new((span, anomaly))
    }

    async fn unproven(&self, failed: Failed) -> Unproven {
        let from = self.frontier.size();
        let Some(hashed) = failed.hashed else {
            return failed.malformed.unwrap_or_else(|| Unproven {
                step: Step::Entries,
                message: format!("the entries from {from} on do not verify"),
                object: None,
                served: Vec::new(),
                first_index: None,
            });
        };
        let first_index = tokio::select! {
            index = hashed.first_difference(self.source.as_ref(), self.head) => index,
            () = self.budget.spent() => None,
        };
        let served = first_index.and_then(|index| hashed.leaf(index).map(<[u8]>::to_vec));
        let place = first_index.map_or_else(String::new, |index| format!("; the first that differs is {index}"));
        Unproven {
            step: Step::Entries,
            message: format!(
                "the entries {from} to {} that {} serves do not rebuild the root signed at size {}{place}",
                hashed.to(),
                self.source.place(),
                self.head.size
            ),
            object: Some(self.source.place().to_owned()),
            served: served.unwrap_or_else(|| hashed.beginning(KEPT_BYTES)),
            first_index,
        }
    }
}

/// What did not verify.
struct Failed {
    hashed: Option<HashedSpan>,
    malformed: Option<Unproven>,
}

impl Failed {
    fn malformed(unproven: Unproven) -> Self {
        Self {
            hashed: None,
            malformed: Some(Unproven {
                step: Step::Entries,
                ..unproven
            }),
        }
    }

    /// What was served at first, now that the right leaves are known.
    fn anomaly(self, right: impl Iterator<Item = Hash>, place: &str) -> Unproven {
        let Some(hashed) = self.hashed else {
            return self.malformed.unwrap_or_else(|| anomaly_of(None, Vec::new(), place));
        };
        let first_index = hashed.differs_from(right);
        let served = first_index
            .and_then(|index| hashed.leaf(index))
            .map(<[u8]>::to_vec)
            .unwrap_or_default();
        anomaly_of(first_index, served, place)
    }
}

fn anomaly_of(first_index: Option<u64>, served: Vec<u8>, place: &str) -> Unproven {
    Unproven {
        step: Step::Entries,
        message: format!("what {place} served at first did not rebuild the signed root; asked again, it did"),
        object: Some(place.to_owned()),
        served,
        first_index,
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the plan ended before its end")]
struct EndedEarly;
