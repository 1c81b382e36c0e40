//! **deliver**: what the receipts and the conditions still owe to each sink.
//!
//! Each sink has a watermark along the receipts. A finding that a sink does not take while it takes the next one becomes
//! an exception, tried first in every later pass; two refusals in a row mean that the sink is dead for this pass, and
//! its watermark stays. A crash here repeats alerts, with the same ids; it loses none.

use super::book::Book;
use crate::record::{self, Condition, Delivery, Exception, Receipt, Told};
use crate::trouble::Fault;
use crate::{AlertSink, KEPT_BYTES};
use alerts::{Alert, Class, ConditionView, Finding, Phase};
use core::time::Duration;
use sigstore::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The patience with one call of a sink, retries of its own included.
const SINK_PATIENCE: Duration = Duration::from_secs(30);

/// Exceptions of one sink and log at most; a sink that refuses more than these is treated as dead.
const MAX_EXCEPTIONS: usize = 100;

/// A condition that lasts is told again after so long.
const REMIND_SECS: i64 = 86_400;

/// Bytes of the largest findings object that is read back: its cap, and what a last whole finding may exceed it by.
const MAX_FINDINGS_BYTES: usize = super::scan::FINDINGS_BYTES * 4 + 16 * KEPT_BYTES;

/// What a delivery showed about the sinks.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    /// The sinks that took nothing, and why.
    pub(crate) dead: BTreeMap<String, String>,
}

/// Hands over the findings that the receipts owe.
pub(crate) async fn deliver_findings(book: &mut Book, delivered: &mut Delivered) -> Result<(), Fault> {
    let sinks = book.context.environment.sinks.clone();
    for sink in sinks {
        if delivered.dead.contains_key(sink.name()) {
            continue;
        }
        let Some(delivery) = book.state.delivery.get(sink.name()).cloned() else {
            continue;
        };
        let mut walk = Walk::new(book, sink, delivery);
        let result = walk.run().await;
        let (name, delivery, failure) = walk.end();
        book.state.delivery.insert(name.clone(), delivery);
        if let Some(failure) = failure {
            delivered.dead.insert(name, failure);
        }
        result?;
    }
    Ok(())
}

/// One sink's way along the receipts.
struct Walk<'a> {
    book: &'a Book,
    sink: Arc<dyn AlertSink>,
    now: Timestamp,
    delivery: Delivery,
    given: BTreeMap<String, u64>,
    digests: BTreeMap<String, Digest>,
    /// Where the first finding stands that only a digest will tell.
    held: Option<(u64, u64)>,
    /// The finding that was refused last, if nothing was taken since.
    refused: Option<Exception>,
    failure: Option<String>,
}

struct Digest {
    count: u64,
    first: u64,
    last: u64,
    severity: rules::Severity,
}

impl<'a> Walk<'a> {
    fn new(book: &'a Book, sink: Arc<dyn AlertSink>, delivery: Delivery) -> Self {
        Self {
            book,
            sink,
            now: book.context.now(),
            delivery,
            given: BTreeMap::new(),
            digests: BTreeMap::new(),
            held: None,
            refused: None,
            failure: None,
        }
    }

    async fn run(&mut self) -> Result<(), Fault> {
        self.exceptions().await?;
        let cursor = self
            .book
            .state
            .progress
            .as_ref()
            .map_or(0, |progress| progress.cursor.position());
        while self.failure.is_none() && self.delivery.watermark < cursor {
            let name = self.book.folder().receipt(self.delivery.watermark);
            // An older epoch's or a lost receipt owes nothing that can still be found; verification names it.
            let Some(receipt) = record::read::<Receipt>(self.book.context.store(), &name).await? else {
                self.delivery.watermark = cursor;
                self.delivery.within = 0;
                break;
            };
            self.span(&receipt).await?;
        }
        self.tell_digests().await;
        Ok(())
    }

    /// Moves past a receipt, or to the finding in it that a dead sink did not take.
    async fn span(&mut self, receipt: &Receipt) -> Result<(), Fault> {
        let findings = findings_of(self.book, receipt).await?;
        for (line, finding) in (0_u64..)
            .zip(&findings)
            .skip(usize::try_from(self.delivery.within).unwrap_or(usize::MAX))
        {
            if !finding.allowed {
                self.finding(receipt, line, finding).await;
            }
            if self.failure.is_some() {
                return Ok(());
            }
            self.delivery.within = line + 1;
        }
        self.delivery.watermark = receipt.to;
        self.delivery.within = 0;
        Ok(())
    }

    async fn finding(&mut self, receipt: &Receipt, line: u64, finding: &Finding) {
        let given = self.given.entry(finding.rule.clone()).or_insert(0);
        if *given >= self.book.context.max_alerts {
            self.held.get_or_insert((self.delivery.watermark, self.delivery.within));
            let digest = self.digests.entry(finding.rule.clone()).or_insert(Digest {
                count: 0,
                first: finding.index,
                last: finding.index,
                severity: finding.severity,
            });
            digest.count += 1;
            digest.last = finding.index;
            return;
        }
        *given += 1;
        let taken = self.give(&alert(receipt, finding, self.now)).await;
        self.outcome(
            Exception {
                from: receipt.from,
                line,
            },
            taken,
        );
    }

    /// One refusal waits for the next alert: if that is taken, the refused one is an exception; if not, the sink is dead.
    fn outcome(&mut self, place: Exception, taken: Result<(), String>) {
        match (taken, self.refused.take()) {
            (Ok(()), Some(refused)) => self.delivery.exceptions.push(refused),
            (Ok(()), None) => {}
            (Err(_), None) if self.delivery.exceptions.len() < MAX_EXCEPTIONS => self.refused = Some(place),
            (Err(why), refused) => {
                let back = refused.unwrap_or(place);
                self.delivery.watermark = back.from;
                self.delivery.within = back.line;
                self.failure = Some(why);
            }
        }
    }

    async fn exceptions(&mut self) -> Result<(), Fault> {
        for exception in core::mem::take(&mut self.delivery.exceptions) {
            let name = self.book.folder().receipt(exception.from);
            let Some(receipt) = record::read::<Receipt>(self.book.context.store(), &name).await? else {
                continue;
            };
            let findings = findings_of(self.book, &receipt).await?;
            let Some(finding) = usize::try_from(exception.line).ok().and_then(|line| findings.get(line)) else {
                continue;
            };
            if self.failure.is_some() || self.give(&alert(&receipt, finding, self.now)).await.is_err() {
                self.delivery.exceptions.push(exception);
            }
        }
        Ok(())
    }

    async fn tell_digests(&mut self) {
        for (rule, digest) in core::mem::take(&mut self.digests) {
            let log = &self.book.context.log.origin;
            let alert = alerts::digest_alert(
                log,
                &rule,
                digest.severity,
                digest.count,
                (digest.first, digest.last),
                self.now,
            );
            if let Err(why) = self.give(&alert).await {
                self.failure = Some(why);
            }
        }
        if self.failure.is_some()
            && let Some((watermark, within)) = self.held
        {
            (self.delivery.watermark, self.delivery.within) = (watermark, within);
        }
    }

    async fn give(&self, alert: &Alert) -> Result<(), String> {
        give(self.sink.as_ref(), alert).await
    }

    /// A refusal that nothing followed is a dead sink: its place is kept.
    fn end(mut self) -> (String, Delivery, Option<String>) {
        if let Some(refused) = self.refused.take() {
            self.delivery.watermark = refused.from;
            self.delivery.within = refused.line;
            self.failure
                .get_or_insert_with(|| "it did not take the newest alert".to_owned());
        }
        (self.sink.name().to_owned(), self.delivery, self.failure)
    }
}

/// The alert of a finding, with the object that holds its leaf and proof.
fn alert(receipt: &Receipt, finding: &Finding, now: Timestamp) -> Alert {
    let alert = alerts::finding_alert(finding, now);
    match &receipt.findings {
        Some(object) => alert.with_object(object.name.as_str()),
        None => alert,
    }
}

async fn give(sink: &dyn AlertSink, alert: &Alert) -> Result<(), String> {
    match tokio::time::timeout(SINK_PATIENCE, sink.deliver(alert)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(crate::trouble::chain(&error)),
        Err(_) => Err(format!("no answer within {} s", SINK_PATIENCE.as_secs())),
    }
}

async fn findings_of(book: &Book, receipt: &Receipt) -> Result<Vec<Finding>, Fault> {
    let Some(object) = &receipt.findings else {
        return Ok(Vec::new());
    };
    let read = book.context.store().read(&object.name, MAX_FINDINGS_BYTES).await?;
    let bytes = read.map(|object| object.bytes).unwrap_or_default();
    if record::content_hash(&bytes) != object.sha256 {
        let message = format!(
            "{} is gone or not what its receipt names, so its alerts cannot be sent. Run `rekor-sentinel verify`",
            object.name
        );
        return Err(Fault::new(crate::FaultClass::Record, &object.name, message));
    }
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let parse = |line| {
        serde_json::from_slice(line).map_err(|error| {
            let message = format!("{} has a line that this version cannot read: {error}", object.name);
            Fault::new(crate::FaultClass::Record, &object.name, message)
        })
    };
    lines.map(parse).collect()
}

/// Hands over what the conditions owe, and drops those that are over and told. `log` is `None` for those of the
/// deployment.
pub(crate) async fn deliver_conditions(
    conditions: &mut Vec<Condition>,
    log: Option<&str>,
    sinks: &[Arc<dyn AlertSink>],
    now: Timestamp,
    delivered: &mut Delivered,
) {
    for condition in conditions.iter_mut() {
        for sink in sinks {
            let Some(phase) = owed(condition, sink.name(), now) else {
                continue;
            };
            if delivered.dead.contains_key(sink.name()) {
                continue;
            }
            let alert = alerts::condition_alert(&view(condition, log), phase, now);
            match give(sink.as_ref(), &alert).await {
                Ok(()) => {
                    condition.told.insert(sink.name().to_owned(), Told { phase, at: now });
                }
                Err(why) => {
                    delivered.dead.insert(sink.name().to_owned(), why);
                }
            }
        }
    }
    conditions.retain(|condition| {
        condition.is_open() || sinks.iter().any(|sink| owed(condition, sink.name(), now).is_some())
    });
}

/// What a sink is still to be told of a condition.
fn owed(condition: &Condition, sink: &str, now: Timestamp) -> Option<Phase> {
    let told = condition.told.get(sink);
    if let Some(closed) = condition.closed {
        let was_due = closed >= condition.due;
        return match told {
            Some(Told {
                phase: Phase::Closed, ..
            }) => None,
            Some(_) => Some(Phase::Closed),
            None => was_due.then_some(Phase::Closed),
        };
    }
    if now < condition.due || condition.acknowledged.is_some() {
        return None;
    }
    match told {
        None => Some(Phase::Opened),
        Some(told) if now.seconds_since(told.at) >= REMIND_SECS => Some(Phase::Reminder),
        Some(_) => None,
    }
}

fn view<'a>(condition: &'a Condition, log: Option<&'a str>) -> ConditionView<'a> {
    ConditionView {
        class: condition.class,
        log,
        detail: &condition.detail,
        opened_at: condition.opened,
        facts: &condition.facts,
        object: condition.object.as_deref(),
    }
}

/// Notes which sinks are dead, for the deployment.
pub(crate) fn settle_sinks(
    conditions: &mut Vec<Condition>,
    sinks: &[Arc<dyn AlertSink>],
    delivered: &Delivered,
    now: Timestamp,
) {
    for sink in sinks {
        match delivered.dead.get(sink.name()) {
            None => crate::conditions::end_one(conditions, Class::SinkDead, sink.name(), now),
            Some(why) => {
                let why = alerts::text::escape(why, 300);
                let dead = crate::conditions::Holds::now(Class::SinkDead, sink.name(), now).fact("error", why);
                crate::conditions::hold(conditions, dead);
            }
        }
    }
}
