//! `ack`: an operator has seen a violation.

use crate::args::Ack;
use crate::exit::{Failure, print};
use crate::wiring::{self, Access};
use pass::record::Acknowledgement;
use pass::{Clock as _, SystemClock};
use std::process::ExitCode;

pub(crate) async fn ack(args: Ack) -> Result<ExitCode, Failure> {
    let store = wiring::store(&args.common.store, Access::Change).await?;
    let origin = pass::find(&pass::known_logs(store.as_ref()).await?, &args.log)?;
    let acknowledgement = Acknowledgement {
        by: args.by,
        note: args.note,
        at: SystemClock::new().now(),
    };
    let id = pass::acknowledge(store.as_ref(), &origin, &args.evidence_id, acknowledgement).await?;
    print(&format!(
        "{id} of {} is acknowledged: it is silent from now on, and the log stays latched (degraded)",
        alerts::text::escape(&origin, 400)
    ));
    Ok(ExitCode::SUCCESS)
}
