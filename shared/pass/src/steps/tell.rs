//! What the conditions owe to each sink: that they began, daily that they last, that they ended.

use super::deliver::{Delivered, give};
use crate::AlertSink;
use crate::conditions::{self, Holds};
use crate::record::{Condition, Told};
use alerts::{Class, ConditionView, Phase};
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
    let owes = |condition: &Condition| sinks.iter().any(|sink| owed(condition, sink.name(), now).is_some());
    conditions.retain(|condition| condition.is_open() || owes(condition));
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
