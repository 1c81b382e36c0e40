//! `run`: one pass over every log.

use crate::args::Run;
use crate::cloud;
use crate::config;
use crate::exit::{Failure, print};
use crate::progress::ProgressLine;
use crate::table;
use crate::trust;
use crate::wiring::{self, Access, Console};
use local::WithFolders;
use pass::{Fault, LogReport, Outcome, PassReport, Problem};
use sources::Logs;
use std::process::ExitCode;
use std::sync::Arc;

/// The exit code of findings, where the caller asked for it.
const FINDINGS: u8 = 10;

pub(crate) async fn run(args: Run) -> Result<ExitCode, Failure> {
    let console = if args.json { Console::Error } else { Console::Output };
    let sinks = wiring::sinks(&args.sinks, console).await?;
    let loaded = config::load_or_last_good(&args.common).await?;
    let progress = Arc::new(ProgressLine::new());
    let result = async {
        let store = wiring::store(&args.common.store, Access::Make).await?;
        let logs = Arc::new(Logs::new()?);
        let here = Arc::new(WithFolders::new(Arc::clone(&logs) as _));
        let sources = cloud::with_buckets(here, &loaded.in_force.settings).await;
        let trust = trust::source(&loaded, logs.http(), Arc::clone(&store));
        let (environment, stop) = wiring::environment(store, sinks, args.deadline, Arc::clone(&progress) as _);
        wiring::stop_on_signal(stop);
        let pass = environment.pass.clone();
        match pass::run(environment, loaded.in_force, trust.as_ref(), sources.as_ref()).await {
            Ok(report) => Ok((pass, report)),
            Err(fault) => Err(Failure::from(fault)),
        }
    }
    .await;
    progress.clear();
    match result {
        Ok((_, report)) => Ok(finish(&args, &report)),
        Err(failure) => {
            if let (true, Failure::Fault(fault)) = (args.json, &failure) {
                print(&json(&lost(fault)));
            }
            Err(failure)
        }
    }
}

fn finish(args: &Run, report: &PassReport) -> ExitCode {
    if args.json {
        for line in report.logs.iter().chain([&report.run]) {
            print(&json(line));
        }
    } else {
        print(table::render(report).trim_end());
    }
    let outcome = report.outcome();
    let asked = args.fail_on.is_some() && outcome == Outcome::Findings;
    ExitCode::from(if asked { FINDINGS } else { outcome.exit_code() })
}

fn json(line: &LogReport) -> String {
    alerts::json_line(line)
}

/// The line of a run that could not be made.
fn lost(fault: &Fault) -> LogReport {
    let now = pass::Clock::now(&pass::SystemClock::new());
    let mut report = LogReport::new("", now, None);
    report.worsen(Outcome::Fault, Some(Problem::from(fault)));
    report
}
