//! What only a ledger may allow: explained, it is recorded as authorised; else it waits, and is told when its time is
//! over. Whatever a ledger does, no finding waits for ever.
//!
//! | the ledger … | by `until` | after |
//! |---|---|---|
//! | has a record that explains it | authorised, put once; nobody is told | the same |
//! | has none | it waits, beside the watermark | told as unauthorised |
//! | cannot be read | it waits | it waits for [`UNREAD_SECS`] more, then it is told |
//!
//! A crash between the object and the state looks it up again and finds the object. What waits never blocks what comes
//! after it.

use super::{Walk, alert, findings_of, lines, parsed};
use crate::ledger::{Answer, SeenEntry};
use crate::record::{self, Authorised, Exception, Receipt};
use crate::steps::chain::unfit;
use crate::steps::scan::FindingLine;
use crate::trouble::{Fault, FaultClass};
use alerts::{Alert, Awaited, Fact, Finding, Unexplained};
use core::time::Duration;

/// Findings of one sink and log that wait at most; what is beyond is told at once.
pub(super) const MAX_WAITING: usize = 100;

/// A ledger that cannot be read is waited for so much longer than a record.
const UNREAD_SECS: i64 = 3_600;

/// What waits is looked up no longer than this in one delivery, lest what is new wait for it.
const LOOK_PATIENCE: Duration = Duration::from_secs(30);

/// What becomes of a finding.
pub(super) enum Ruling {
    /// It is told.
    Tell(Box<Alert>),
    /// It waits; the alert is for when it cannot.
    Wait(Box<Alert>),
    /// A ledger explains it.
    Settled,
}

impl Walk<'_> {
    /// What becomes of a finding of this receipt. Puts down that it is authorised, if it is.
    pub(super) async fn ruling(&mut self, receipt: &Receipt, finding: &Finding) -> Result<Ruling, Fault> {
        let plain = alert(receipt, finding, self.now);
        let Some(awaits) = &finding.awaits else {
            return Ok(Ruling::Tell(Box::new(plain)));
        };
        let name = self.folder(receipt.epoch).authorised(&finding.id);
        match record::read::<Authorised>(self.book.context.store(), &name).await {
            Ok(Some(_)) => {
                self.ruled.remove(&finding.id);
                return Ok(Ruling::Settled);
            }
            // What is damaged authorises nothing, and must not stand in the way of what comes after it.
            Ok(None) => {}
            Err(fault) if fault.class == FaultClass::Record => {}
            Err(fault) => return Err(fault),
        }
        let (mut facts, mut unread) = (Vec::new(), false);
        for (ledger, answer) in self.ask(awaits, finding).await {
            match answer {
                Answer::Explains { record, sha256, time } => {
                    let authorised = Authorised {
                        schema: record::SCHEMA,
                        finding: finding.id.clone(),
                        log: finding.log.clone(),
                        index: finding.index,
                        leaf_hash: finding.leaf_hash,
                        rule: finding.rule.clone(),
                        ledger,
                        record,
                        record_sha256: sha256,
                        recorded: time,
                        time: self.now,
                    };
                    let bytes = record::encode(&authorised);
                    self.book.context.store().put_once(&name, &bytes).await?;
                    self.ruled.authorise(&finding.id);
                    return Ok(Ruling::Settled);
                }
                Answer::Silent(words) => facts.push(Fact::new(&format!("ledger {ledger}"), &words)),
                Answer::Unreadable(why) => {
                    unread = true;
                    let words = format!("cannot be read: {why}");
                    facts.push(Fact::new(&format!("ledger {ledger}"), &words));
                }
            }
        }
        Ok(self.unexplained(finding, awaits, &facts, unread).with_object(receipt))
    }

    fn unexplained(&mut self, finding: &Finding, awaits: &Awaited, facts: &[Fact], unread: bool) -> Ruling {
        let (ends, why) = match unread {
            true => (awaits.until.plus_seconds(UNREAD_SECS), Unexplained::Unread),
            false => (awaits.until, Unexplained::NoRecord),
        };
        if self.now < ends {
            self.ruled.wait(&finding.id);
            let crowded = alerts::unauthorised_alert(finding, facts, Unexplained::Crowded, self.now);
            return Ruling::Wait(Box::new(crowded));
        }
        self.ruled.refuse(&finding.id);
        Ruling::Tell(Box::new(alerts::unauthorised_alert(finding, facts, why, self.now)))
    }

    /// What the ledgers answer, up to the first that explains it.
    async fn ask(&self, awaits: &Awaited, finding: &Finding) -> Vec<(String, Answer)> {
        let seen = SeenEntry {
            at: awaits.at,
            ..SeenEntry::of(finding)
        };
        let mut answers = Vec::new();
        for ledger in &awaits.ledgers {
            let answer = match self.book.context.ledgers.find(ledger) {
                Some(shelf) => shelf.look(&seen).await,
                None => Answer::Silent("is no longer named by the rules".to_owned()),
            };
            let explains = matches!(answer, Answer::Explains { .. });
            answers.push((ledger.clone(), answer));
            if explains {
                break;
            }
        }
        answers
    }

    /// Looks up again what waits, and tells that whose time is over. What a sink does not take becomes an exception.
    pub(super) async fn retry_waiting(&mut self) -> Result<(), Fault> {
        let ends = self
            .book
            .context
            .environment
            .clock
            .uptime()
            .saturating_add(LOOK_PATIENCE);
        let mut waiting = core::mem::take(&mut self.waiting).into_iter();
        let (mut first, mut span) = (Ok(()), None);
        for place in waiting.by_ref() {
            let is_over = self.book.context.environment.clock.uptime() >= ends;
            let outcome = match is_over || self.failure.is_some() {
                true => Ok(Kept::Waiting),
                false => self.waited(&place, &mut span).await,
            };
            match outcome {
                Ok(Kept::Not) => {}
                Ok(Kept::Waiting) => self.waiting.push(place),
                Ok(Kept::Refused) if self.exceptions.len() < super::MAX_EXCEPTIONS => self.exceptions.push(place),
                Ok(Kept::Refused) => self.waiting.push(place),
                Ok(Kept::ByDigest) => self.digested.push(place),
                Err(fault) => {
                    self.waiting.push(place);
                    first = first.and(Err(fault));
                }
            }
        }
        first
    }

    async fn waited(&mut self, place: &Exception, span: &mut Option<(Receipt, Vec<u8>)>) -> Result<Kept, Fault> {
        let is_same = |(receipt, _): &(Receipt, Vec<u8>)| (receipt.epoch, receipt.from) == (place.epoch, place.from);
        if !span.as_ref().is_some_and(is_same) {
            let name = self.folder(place.epoch).receipt(place.from);
            let Some(receipt) = record::read::<Receipt>(self.book.context.store(), &name).await? else {
                return Err(unfit(&name, "it is gone, and one of its findings waits for a ledger"));
            };
            let bytes = findings_of(self.book, &receipt).await?;
            *span = Some((receipt, bytes));
        }
        let Some((receipt, bytes)) = span.as_ref() else {
            return Ok(Kept::Waiting);
        };
        let line = usize::try_from(place.line).ok().and_then(|line| lines(bytes).nth(line));
        let Some(FindingLine::One(finding)) = line.map(|line| parsed(receipt, line)).transpose()? else {
            return Ok(Kept::Not);
        };
        let alert = match self.ruling(receipt, &finding).await? {
            Ruling::Settled => return Ok(Kept::Not),
            Ruling::Wait(_) => return Ok(Kept::Waiting),
            Ruling::Tell(alert) => alert,
        };
        if !self.has_room(&finding.rule) {
            return Ok(match self.moment {
                super::Moment::Between => Kept::Waiting,
                super::Moment::End => {
                    self.add_to_digest(&finding.rule, finding.severity, 1, (finding.index, finding.index));
                    Kept::ByDigest
                }
            });
        }
        Ok(match self.give(&alert).await {
            Ok(()) => {
                self.took();
                Kept::Not
            }
            Err(why) => {
                self.refuse(why);
                Kept::Refused
            }
        })
    }
}

impl Ruling {
    fn with_object(self, receipt: &Receipt) -> Self {
        let Some(object) = &receipt.findings else { return self };
        let with = |alert: Box<Alert>| Box::new(alert.with_object(object.name.as_str()));
        match self {
            Self::Tell(alert) => Self::Tell(with(alert)),
            Self::Wait(alert) => Self::Wait(with(alert)),
            Self::Settled => self,
        }
    }
}

/// What becomes of a finding that waited.
enum Kept {
    /// It was told, or is explained.
    Not,
    Waiting,
    /// The sink did not take it.
    Refused,
    /// A digest tells it, once it is taken.
    ByDigest,
}
