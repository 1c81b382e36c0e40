//! The scheduled Lambda: the pass that `rekor-sentinel run` makes, on a bucket and a topic.
//!
//! This crate wires: it reads its environment, takes events from Lambda, opens the store, the sinks and the logs, makes a
//! pass, and hands what came of it to Lambda, to the logs and to CloudWatch. Everything that judges a log is in the
//! crates below.

mod words;
mod settings;
mod event;
mod time;
mod measures;
mod turn;
mod monitor;

use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use monitor::Monitor;
use settings::Settings;
use std::process::ExitCode;
use std::sync::Arc;
use turn::Turns;

/// Threads that wait for the network. Few of either kind: a function has less than one processor, and each thread costs the
/// allocator an arena.
const WORKERS: usize = 1;

/// Threads that hash and scan.
const BLOCKING: usize = 2;

/// What Lambda sets; its runtime cannot begin without.
const OF_LAMBDA: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

fn main() -> ExitCode {
    let settings = Settings::from_environment();
    words::begin(settings.secrets());
    if let Some(missing) = OF_LAMBDA.iter().find(|name| std::env::var_os(name).is_none()) {
        tracing::error!(
            "{missing} is not set: this program is started by AWS Lambda. In a terminal, use `rekor-sentinel run`"
        );
        return ExitCode::from(2);
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = match runtime
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return stopped(&error),
    };
    let ended = runtime.block_on(serve(settings));
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => stopped(error.as_ref()),
    }
}

fn stopped(error: &dyn core::error::Error) -> ExitCode {
    tracing::error!(%error, "the function cannot go on");
    ExitCode::FAILURE
}

/// Takes one event after the other, until Lambda wants the process to end.
async fn serve(settings: Settings) -> Result<(), lambda_runtime::Error> {
    let monitor = Arc::new(Monitor::new(settings));
    let turns = Turns::default();
    let handler = {
        let (monitor, turns) = (Arc::clone(&monitor), turns.clone());
        service_fn(move |event: LambdaEvent<serde_json::Value>| {
            let (monitor, turns) = (Arc::clone(&monitor), turns.clone());
            async move {
                let deadline = event.context.deadline();
                let answer = monitor
                    .answer(&event.payload, deadline, &event.context.request_id, &turns)
                    .await;
                answer.map_err(Diagnostic::from)
            }
        })
    };
    let runtime = Runtime::new(handler).layer(turns.clone());
    tokio::select! {
        ended = runtime.run() => ended,
        () = turns.ended() => Ok(()),
    }
}
