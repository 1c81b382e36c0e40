//! `rekor-sentinel`: the pass from a terminal, on a folder or (feature `aws`) on a bucket.
//!
//! This crate wires: it reads arguments and the configuration, opens the store, the sinks and the logs, makes a pass, and
//! prints what came of it. Everything that judges a log is in the crates below.

mod args;
mod exit;
mod cloud;
mod wiring;
mod config;
mod trust;
mod progress;
mod table;
mod command;

use clap::Parser as _;
use std::process::ExitCode;

/// Threads that wait for the network.
const WORKERS: usize = 2;

/// Threads that hash, scan and write files.
const BLOCKING: usize = 4;

fn main() -> ExitCode {
    // clap prints usage errors itself, and ends with 2.
    let args = args::Args::parse();
    // Few threads whatever the machine: each costs the allocator an arena, and the work is one stream of bytes.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = match runtime
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return exit::failed(&exit::Failure::internal(&error)),
    };
    let code = runtime.block_on(command::dispatch(args));
    // A read that hangs in the file system must not keep the process.
    runtime.shutdown_background();
    code
}
