//! What a log can do to its watchers, over HTTP, and what each of it comes to: outcome, head, cursor, record, alerts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

#[path = "attacks/entries.rs"]
mod entries;
#[path = "attacks/tiles.rs"]
mod tiles;
#[path = "attacks/forks.rs"]
mod forks;
#[path = "attacks/checkpoints.rs"]
mod checkpoints;
#[path = "attacks/starts.rs"]
mod starts;
#[path = "attacks/frozen.rs"]
mod frozen;
#[path = "attacks/neighbours.rs"]
mod neighbours;
#[path = "attacks/told.rs"]
mod told;
#[path = "attacks/trust.rs"]
mod trust;
#[path = "attacks/measures.rs"]
mod measures;
