//! A store, a source and a sink that fail at every single call in turn; passes that run at once; states and records that
//! are lost, old or damaged. Whatever breaks, and however: once all is well again no finding is lost, the receipts have
//! neither gap nor overlap, head and cursor never moved back, and nothing was told under two ids.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod faults;

#[path = "failures/calls.rs"]
mod calls;
#[path = "failures/sinks.rs"]
mod sinks;
#[path = "failures/notices.rs"]
mod notices;
#[path = "failures/record.rs"]
mod record;
#[path = "failures/warm.rs"]
mod warm;
#[path = "failures/races.rs"]
mod races;
