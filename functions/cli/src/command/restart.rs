//! `restart`: a new epoch of a log, which the next pass begins.

use crate::args::Restart;
use crate::exit::{Failure, print};
use crate::wiring::{self, Access};
use pass::{Clock as _, SystemClock};
use std::process::ExitCode;

pub(crate) async fn restart(args: Restart) -> Result<ExitCode, Failure> {
    let store = wiring::store(&args.common.store, Access::Change).await?;
    let origin = pass::find(&pass::known_logs(store.as_ref()).await?, &args.log)?;
    let by = args
        .by
        .or_else(|| std::env::var("USER").ok())
        .unwrap_or_else(|| "unknown".to_owned());
    let now = SystemClock::new().now();
    pass::restart(store.as_ref(), &origin, args.from, by, args.reason, now).await?;
    print(&format!(
        "the next `rekor-sentinel run` begins a new epoch of {}; the record so far stays where it is",
        alerts::text::escape(&origin, 400)
    ));
    Ok(ExitCode::SUCCESS)
}
