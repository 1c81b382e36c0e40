//! The real Lambda binary, before a Runtime API, an emulated S3, SNS and SQS, and logs that may lie.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

#[path = "lambda_support/world.rs"]
mod world;
#[path = "lambda_support/starts.rs"]
mod starts;
#[path = "lambda_support/lifecycle.rs"]
mod lifecycle;
#[path = "lambda_support/verdicts.rs"]
mod verdicts;
#[path = "lambda_support/trouble.rs"]
mod trouble;
#[path = "lambda_support/races.rs"]
mod races;
#[path = "lambda_support/told.rs"]
mod told;
#[path = "lambda_support/calls.rs"]
mod calls;
