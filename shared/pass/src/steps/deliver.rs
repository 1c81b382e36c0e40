//! **deliver**: what the receipts and the conditions still owe to each sink.
//!
//! Each sink has a watermark along the receipts, through all epochs. A finding that a sink does not take while it takes
//! the next one becomes an exception, tried first in every later pass; two refusals in a row mean that the sink is dead
//! for this pass, and its watermark stays. What only a ledger may allow waits beside the watermark (`waiting`). A crash
//! here repeats alerts, with the same ids; it loses none.

mod ruled;
mod waiting;

use super::book::Book;
use super::chain::unfit;
use super::scan::{FindingLine, MAX_FINDINGS_BYTES};
use crate::AlertSink;
use crate::names::LogFolder;
use crate::record::{self, Delivery, Exception, LogState, Receipt, Start};
use crate::trouble::Fault;
use alerts::{Alert, Finding};
use core::time::Duration;
use sigstore::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use waiting::{MAX_WAITING, Ruling};

pub(crate) use ruled::Ruled;

/// The patience with one call of a sink, retries of its own included.
const SINK_PATIENCE: Duration = Duration::from_secs(30);

/// The patience with one sink in one delivery: what is owed beyond it is for the next.
const WALK_PATIENCE: Duration = Duration::from_secs(60);

/// Exceptions of one sink and log at most; a sink that refuses more than these is treated as dead.
const MAX_EXCEPTIONS: usize = 100;

/// What the deliveries of a pass showed about the sinks.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    /// The sinks that took nothing, and why.
    pub(crate) dead: BTreeMap<String, String>,
    /// Single alerts that were given, by sink and rule: each rule has a budget of them a pass.
    given: BTreeMap<(String, String), u64>,
    /// Alerts that told of conditions and of the deployment, by sink; to be taken by who keeps count.
    pub(crate) told: BTreeMap<String, u64>,
    /// What became of the findings that only a ledger may allow.
    pub(crate) ruled: Ruled,
}

impl Delivered {
    /// A sink took an alert that is not about a finding.
    pub(crate) fn count(&mut self, sink: &str) {
        let told = self.told.entry(sink.to_owned()).or_default();
        *told = told.saturating_add(1);
    }
}

/// Whether there will be another delivery in this pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// During a long catch-up: what is over its budget waits.
    Between,
    /// At the end: what is over its budget becomes a digest.
    End,
}

/// Hands over the findings that the receipts owe.
pub(crate) async fn deliver_findings(book: &mut Book, delivered: &mut Delivered, moment: Moment) -> Result<(), Fault> {
    let mut first = Ok(());
    for sink in book.context.environment.sinks.clone() {
        if delivered.dead.contains_key(sink.name()) {
            continue;
        }
        let Some(delivery) = book.state.delivery.get(sink.name()).cloned() else {
            continue;
        };
        let budgets = (&mut delivered.given, &mut delivered.ruled);
        let mut walk = Walk::new(book, sink, delivery, moment, budgets);
        let result = walk.run().await;
        let (name, delivery, failure) = walk.end();
        book.state.delivery.insert(name.clone(), delivery);
        if let Some(failure) = failure {
            delivered.dead.insert(name, failure);
        }
        first = first.and(result);
    }
    first
}

/// A place along the record: epoch, where the receipt begins, which line of its findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    epoch: u32,
    from: u64,
    line: u64,
}

/// One sink's way along the receipts.
struct Walk<'a> {
    book: &'a Book,
    sink: Arc<dyn AlertSink>,
    moment: Moment,
    now: Timestamp,
    ends: Duration,
    at: Place,
    exceptions: Vec<Exception>,
    /// What waits for a ledger.
    waiting: Vec<Exception>,
    /// What waited and only a digest tells, until it has.
    digested: Vec<Exception>,
    given: &'a mut BTreeMap<(String, String), u64>,
    ruled: &'a mut Ruled,
    digests: BTreeMap<String, Digest>,
    /// The first finding that only a digest tells, until it has.
    held: Option<Place>,
    /// Alerts that the sink took.
    told: u64,
    /// The finding that was refused last, if nothing was taken since.
    refused: Option<(Place, String)>,
    /// Why what had waited was refused, if nothing was taken since.
    shunned: Option<String>,
    /// Whether to go on.
    paused: bool,
    failure: Option<String>,
}

struct Digest {
    count: u64,
    first: u64,
    last: u64,
    severity: rules::Severity,
}

impl<'a> Walk<'a> {
    fn new(
        book: &'a Book,
        sink: Arc<dyn AlertSink>,
        delivery: Delivery,
        moment: Moment,
        (given, ruled): (&'a mut BTreeMap<(String, String), u64>, &'a mut Ruled),
    ) -> Self {
        Self {
            now: book.context.now(),
            ends: book.context.environment.clock.uptime().saturating_add(WALK_PATIENCE),
            at: Place {
                epoch: delivery.epoch,
                from: delivery.watermark,
                line: delivery.within,
            },
            exceptions: delivery.exceptions,
            waiting: delivery.waiting,
            digested: Vec::new(),
            told: delivery.told,
            book,
            sink,
            moment,
            given,
            ruled,
            digests: BTreeMap::new(),
            held: None,
            refused: None,
            shunned: None,
            paused: false,
            failure: None,
        }
    }

    async fn run(&mut self) -> Result<(), Fault> {
        let walked = self.walk().await;
        self.tell_digests().await;
        walked
    }

    async fn walk(&mut self) -> Result<(), Fault> {
        self.retry_exceptions().await?;
        let waited = self.retry_waiting().await;
        waited.and(self.follow().await)
    }

    async fn follow(&mut self) -> Result<(), Fault> {
        let Some(progress) = &self.book.state.progress else {
            return Ok(());
        };
        let (epoch, cursor) = (progress.epoch, progress.cursor.position());
        while !self.stopped() && (self.at.epoch < epoch || self.at.from < cursor) {
            let name = self.folder(self.at.epoch).receipt(self.at.from);
            match record::read::<Receipt>(self.book.context.store(), &name).await? {
                Some(receipt) => self.span(&receipt).await?,
                None if self.at.epoch < epoch => self.next_epoch().await?,
                None => return Err(unfit(&name, "it is gone, and its findings are owed to a sink")),
            }
        }
        Ok(())
    }

    fn stopped(&self) -> bool {
        self.paused || self.failure.is_some()
    }

    fn folder(&self, epoch: u32) -> LogFolder {
        self.book.folder().with_epoch(epoch)
    }

    /// The end of an older epoch's chain: what may be missing of it, verification names.
    async fn next_epoch(&mut self) -> Result<(), Fault> {
        let epoch = self.at.epoch.saturating_add(1);
        let name = self.folder(epoch).start();
        let start: Option<Start> = record::read(self.book.context.store(), &name).await?;
        let from = start.map_or(0, |start| start.frontier.size());
        self.at = Place { epoch, from, line: 0 };
        Ok(())
    }

    /// Moves past a receipt, or to the line in it at which the walk ends.
    async fn span(&mut self, receipt: &Receipt) -> Result<(), Fault> {
        let bytes = findings_of(self.book, receipt).await?;
        let from = usize::try_from(self.at.line).unwrap_or(usize::MAX);
        for (number, line) in (0_u64..).zip(lines(&bytes)).skip(from) {
            self.at.line = number;
            self.line(receipt, &parsed(receipt, line)?).await?;
            if self.stopped() {
                return Ok(());
            }
        }
        self.at = Place {
            from: receipt.to,
            line: 0,
            ..self.at
        };
        Ok(())
    }

    async fn line(&mut self, receipt: &Receipt, line: &FindingLine) -> Result<(), Fault> {
        match line {
            FindingLine::One(finding) if finding.allowed => {}
            FindingLine::One(finding) => self.finding(receipt, finding).await?,
            FindingLine::Many(many) if many.findings == 0 => {}
            FindingLine::Many(many) => {
                self.over_budget(&many.rule, many.severity, many.findings, (many.first, many.last));
            }
        }
        Ok(())
    }

    async fn finding(&mut self, receipt: &Receipt, finding: &Finding) -> Result<(), Fault> {
        match self.ruling(receipt, finding).await? {
            Ruling::Settled => {}
            Ruling::Wait(_) if self.waiting.len() < MAX_WAITING => self.waiting.push(Exception {
                epoch: self.at.epoch,
                from: self.at.from,
                line: self.at.line,
            }),
            Ruling::Wait(alert) | Ruling::Tell(alert) => {
                if finding.awaits.is_some() {
                    self.ruled.refuse(&finding.id);
                }
                if !self.has_room(&finding.rule) {
                    self.over_budget(&finding.rule, finding.severity, 1, (finding.index, finding.index));
                    return Ok(());
                }
                let taken = self.give(&alert).await;
                self.outcome(taken);
            }
        }
        if self.book.context.environment.clock.uptime() >= self.ends {
            // The next delivery begins behind this finding.
            self.at.line = self.at.line.saturating_add(1);
            self.paused = true;
        }
        Ok(())
    }

    /// Whether a rule may be told once more in this pass; it is then taken as told.
    fn has_room(&mut self, rule: &str) -> bool {
        let key = (self.sink.name().to_owned(), rule.to_owned());
        let given = self.given.entry(key).or_insert(0);
        let has_room = *given < self.book.context.max_alerts;
        *given = given.saturating_add(u64::from(has_room));
        has_room
    }

    fn over_budget(&mut self, rule: &str, severity: rules::Severity, count: u64, (first, last): (u64, u64)) {
        if self.moment == Moment::Between {
            self.paused = true;
            return;
        }
        self.held.get_or_insert(self.at);
        self.add_to_digest(rule, severity, count, (first, last));
    }

    fn add_to_digest(&mut self, rule: &str, severity: rules::Severity, count: u64, (first, last): (u64, u64)) {
        let digest = self.digests.entry(rule.to_owned()).or_insert(Digest {
            count: 0,
            first,
            last,
            severity,
        });
        // The findings of one rule may differ by what their chains say: the digest is as severe as its worst.
        digest.severity = digest.severity.max(severity);
        digest.count = digest.count.saturating_add(count);
        digest.first = digest.first.min(first);
        digest.last = digest.last.max(last);
    }

    /// The sink took an alert of what had waited.
    fn took(&mut self) {
        self.told = self.told.saturating_add(1);
        self.shunned = None;
    }

    /// The sink refused one: twice in a row, and it is dead for this pass.
    fn refuse(&mut self, why: String) {
        if self.shunned.is_some() {
            self.failure = Some(why.clone());
        }
        self.shunned = Some(why);
    }

    /// One refusal waits for the next alert: if that is taken, the refused one is an exception; if not, the sink is dead.
    fn outcome(&mut self, taken: Result<(), String>) {
        self.told = self.told.saturating_add(u64::from(taken.is_ok()));
        if taken.is_ok() {
            self.shunned = None;
        }
        match (taken, self.refused.take()) {
            (Ok(()), Some((place, _))) => {
                self.exceptions.push(Exception {
                    epoch: place.epoch,
                    from: place.from,
                    line: place.line,
                });
            }
            (Ok(()), None) => {}
            (Err(why), None) if self.exceptions.len() < MAX_EXCEPTIONS => self.refused = Some((self.at, why)),
            (Err(why), refused) => {
                self.failure = Some(why.clone());
                self.refused = refused.or(Some((self.at, why)));
            }
        }
    }

    /// What was refused before is tried first; two refusals in a row end the attempt, and the rest stays owed.
    async fn retry_exceptions(&mut self) -> Result<(), Fault> {
        let mut owed = core::mem::take(&mut self.exceptions).into_iter();
        let mut refusals = 0;
        while let Some(exception) = owed.next() {
            let taken = match self.exception(&exception).await {
                Ok(taken) => taken,
                Err(fault) => {
                    self.exceptions.push(exception);
                    self.exceptions.extend(owed);
                    return Err(fault);
                }
            };
            self.told = self.told.saturating_add(u64::from(taken));
            refusals = if taken { 0 } else { refusals + 1 };
            if !taken {
                self.exceptions.push(exception);
            }
            if refusals > 1 {
                break;
            }
        }
        self.exceptions.extend(owed);
        Ok(())
    }

    async fn exception(&mut self, exception: &Exception) -> Result<bool, Fault> {
        let name = self.folder(exception.epoch).receipt(exception.from);
        let Some(receipt) = record::read::<Receipt>(self.book.context.store(), &name).await? else {
            return Err(unfit(&name, "it is gone, and one of its findings is owed to a sink"));
        };
        let bytes = findings_of(self.book, &receipt).await?;
        let line = usize::try_from(exception.line)
            .ok()
            .and_then(|line| lines(&bytes).nth(line));
        match line.map(|line| parsed(&receipt, line)).transpose()? {
            Some(FindingLine::One(finding)) => match self.ruling(&receipt, &finding).await? {
                Ruling::Settled => Ok(true),
                Ruling::Tell(alert) | Ruling::Wait(alert) => Ok(self.give(&alert).await.is_ok()),
            },
            Some(FindingLine::Many(_)) | None => Ok(true),
        }
    }

    async fn tell_digests(&mut self) {
        for (rule, digest) in core::mem::take(&mut self.digests) {
            let log = &self.book.context.log.origin;
            let span = (digest.first, digest.last);
            let alert = alerts::digest_alert(log, &rule, digest.severity, digest.count, span, self.now);
            if let Err(why) = self.give(&alert).await {
                self.failure = Some(why);
                return;
            }
            self.told = self.told.saturating_add(1);
        }
        self.held = None;
        self.digested.clear();
    }

    async fn give(&self, alert: &Alert) -> Result<(), String> {
        give(self.sink.as_ref(), alert).await
    }

    /// The watermark is before everything that is still owed, whatever ended the walk.
    fn end(self) -> (String, Delivery, Option<String>) {
        let refused = self.refused.as_ref().map(|(place, _)| *place);
        let owed = [Some(self.at), self.held, refused]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(self.at);
        let failure = self.failure.or(self.refused.map(|(_, why)| why)).or(self.shunned);
        // In the order of the record, so that each span is read once.
        let place = |it: &Exception| Place {
            epoch: it.epoch,
            from: it.from,
            line: it.line,
        };
        let mut waiting: Vec<Exception> = self.waiting.into_iter().chain(self.digested).collect();
        // What is at the watermark or behind it comes along again.
        waiting.retain(|it| place(it) < owed);
        waiting.sort_unstable_by_key(place);
        let delivery = Delivery {
            epoch: owed.epoch,
            watermark: owed.from,
            within: owed.line,
            exceptions: self.exceptions,
            waiting,
            told: self.told,
        };
        (self.sink.name().to_owned(), delivery, failure)
    }
}

/// How much the sinks are owed of a log's findings: each exception, and one for a sink whose watermark is behind the
/// cursor, however many wait there.
pub(crate) fn owed(state: &LogState, sinks: &[Arc<dyn AlertSink>]) -> u64 {
    let Some(progress) = &state.progress else { return 0 };
    let cursor = (progress.epoch, progress.cursor.position(), 0);
    let of = |sink: &Arc<dyn AlertSink>| {
        state.delivery.get(sink.name()).map_or(0, |delivery| {
            let refused = u64::try_from(delivery.exceptions.len()).unwrap_or(u64::MAX);
            refused.saturating_add(u64::from(delivery.place() < cursor))
        })
    };
    sinks.iter().map(of).fold(0, u64::saturating_add)
}

/// The alert of a finding, with the object that holds its leaf and proof.
fn alert(receipt: &Receipt, finding: &Finding, now: Timestamp) -> Alert {
    let alert = alerts::finding_alert(finding, now);
    match &receipt.findings {
        Some(object) => alert.with_object(object.name.as_str()),
        None => alert,
    }
}

/// Hands one alert to a sink, within the patience.
pub(crate) async fn give(sink: &dyn AlertSink, alert: &Alert) -> Result<(), String> {
    match tokio::time::timeout(SINK_PATIENCE, sink.deliver(alert)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(crate::trouble::error_chain(&error)),
        Err(_) => Err(format!("no answer within {} s", SINK_PATIENCE.as_secs())),
    }
}

/// The bytes of a receipt's findings, which must be what it names.
async fn findings_of(book: &Book, receipt: &Receipt) -> Result<Vec<u8>, Fault> {
    let Some(object) = &receipt.findings else {
        return Ok(Vec::new());
    };
    let read = book.context.store().read(&object.name, MAX_FINDINGS_BYTES).await?;
    let bytes = read.map(|object| object.bytes).unwrap_or_default();
    if record::content_hash(&bytes) != object.sha256 {
        return Err(unfit(
            &object.name,
            "it is gone or not what its receipt names, so its alerts cannot be sent",
        ));
    }
    Ok(bytes)
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

fn parsed(receipt: &Receipt, line: &[u8]) -> Result<FindingLine, Fault> {
    let name = receipt.findings.as_ref().map_or("", |object| object.name.as_str());
    serde_json::from_slice(line)
        .map_err(|error| unfit(name, &format!("it has a line that this version cannot read: {error}")))
}
