//! How what a scan finds is shown, and sent.

use crate::exit::say;
use alerts::Finding;
use local::ConsoleSink;
use pass::{AlertSink, Clock as _, Fault, FaultClass, Rescan, SystemClock};
use std::sync::Arc;

/// A finding as it is printed.
pub(super) fn form(finding: &Finding, json: bool) -> String {
    if json {
        return alerts::json_line(finding);
    }
    let allowed = if finding.allowed { "(allowed) " } else { "" };
    let now = SystemClock::new().now();
    let text = ConsoleSink::stdout().form(&alerts::finding_alert(finding, now));
    format!("{allowed}{text}")
}

/// What was written, and why it ended before its end.
pub(super) fn say_rest(rescan: &Rescan) {
    rescan
        .objects
        .iter()
        .for_each(|object| say(&format!("written: {object}")));
    if let Some(problem) = &rescan.problem {
        say(&alerts::text::escape(problem, 1_000));
    }
}

/// Sends findings to every sink, each with the object that it was written to.
///
/// # Errors
/// A fault at the first that a sink does not take.
pub(super) async fn deliver(sinks: &[Arc<dyn AlertSink>], found: &[(Finding, String)]) -> Result<(), Fault> {
    let now = SystemClock::new().now();
    for sink in sinks {
        for (finding, object) in found {
            sink.deliver(&alerts::finding_alert(finding, now).with_object(object))
                .await
                .map_err(|error| {
                    let message = format!("{error}: the findings are printed and written, but not all were sent");
                    Fault::new(FaultClass::Internal, sink.name(), message)
                })?;
        }
    }
    Ok(())
}
