//! `rekor-sentinel`: the pass from a terminal, on a folder.
//!
//! This crate wires: it reads arguments and the configuration, opens the store, the sinks and the logs, makes a pass, and
//! prints what came of it. Everything that judges a log is in the crates below.

mod args;
mod exit;
mod wiring;
mod config;
mod progress;
mod table;
mod command;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    // clap prints usage errors itself, and ends with 2.
    let args = args::Args::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit::failed(&exit::Failure::internal(&error)),
    };
    let code = runtime.block_on(command::dispatch(args));
    // A read that hangs in the file system must not keep the process.
    runtime.shutdown_background();
    code
}
