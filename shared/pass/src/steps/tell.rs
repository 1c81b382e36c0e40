//! What the conditions owe to each sink: that they began, daily that they last, that they ended. And the words about the
//! deployment, each once.

use super::deliver::{Delivered, give};
use crate::conditions::{self, Holds};
use crate::notices;
use crate::record::{Condition, Deployment, Told};
use crate::{AlertSink, Reports};
use alerts::{Alert, Class, ConditionView, Phase, Roll};
use sigstore::Timestamp;
use std::sync::Arc;

/// A condition that lasts is told again after so long.
const REMIND_SECS: i64 = 86_400;

/// Hands over what the conditions owe, and drops those that are over and told. `log` is `None` for those of the
/// deployment. The caller has written the conditions: told first, they could be opened anew under another id.
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
            let alert = alerts::condition_alert(&view(condition, log), phase, now);
            if tell(sink, &alert, delivered).await {
                condition.told.insert(sink.name().to_owned(), Told { phase, at: now });
            }
        }
    }
    let owes = |condition: &Condition| sinks.iter().any(|sink| owed(condition, sink.name(), now).is_some());
    conditions.retain(|condition| condition.is_open() || owes(condition));
}

/// Hands over the words about the deployment that are owed: the first word to a sink if `roll` says what is watched, then
/// what came about. Notes what was told; the caller has written what is owed, and writes this.
pub(crate) async fn deliver_notices(
    deployment: &mut Deployment,
    roll: Option<&Roll<'_>>,
    sinks: &[Arc<dyn AlertSink>],
    reports: Reports,
    now: Timestamp,
    delivered: &mut Delivered,
) {
    for sink in notices::unwelcomed(deployment, sinks, reports) {
        let Some(roll) = roll else { break };
        let alert = alerts::notice_alert(&notices::welcome(deployment, sink.name(), roll, now), now);
        if tell(sink, &alert, delivered).await
            && let Some(known) = deployment.sinks.get_mut(sink.name())
        {
            known.welcomed = Some(now);
        }
    }
    let mut pending = core::mem::take(&mut deployment.notices);
    for notice in &mut pending {
        for sink in sinks {
            if notices::is_owed(notice, deployment, sink.name(), reports)
                && tell(sink, &alerts::notice_alert(&notice.notice, now), delivered).await
            {
                notice.told.insert(sink.name().to_owned(), now);
            }
        }
    }
    deployment.notices = pending;
    notices::forget(deployment, sinks, reports, now);
}

/// Whether a sink took an alert; one that takes none is dead for this pass.
pub(crate) async fn tell(sink: &Arc<dyn AlertSink>, alert: &Alert, delivered: &mut Delivered) -> bool {
    if delivered.dead.contains_key(sink.name()) {
        return false;
    }
    match give(sink.as_ref(), alert).await {
        Ok(()) => {
            delivered.count(sink.name());
            true
        }
        Err(why) => {
            delivered.dead.insert(sink.name().to_owned(), why);
            false
        }
    }
}

/// How much the sinks are still to be told of these conditions.
pub(crate) fn count_owed(conditions: &[Condition], sinks: &[Arc<dyn AlertSink>], now: Timestamp) -> u64 {
    let of = |condition: &Condition| {
        let owing = sinks.iter().filter(|sink| owed(condition, sink.name(), now).is_some());
        u64::try_from(owing.count()).unwrap_or(u64::MAX)
    };
    conditions.iter().map(of).fold(0, u64::saturating_add)
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
            None => conditions::end_one(conditions, Class::SinkDead, sink.name(), now),
            Some(why) => {
                let why = alerts::text::escape(why, 300);
                conditions::hold(
                    conditions,
                    Holds::now(Class::SinkDead, sink.name(), now).fact("error", why),
                );
            }
        }
    }
}
