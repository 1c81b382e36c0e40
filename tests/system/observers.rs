//! Those who look at a log beside us: witnesses and their quorum, and the views of others.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

#[path = "observers/witnesses.rs"]
mod witnesses;
#[path = "observers/views.rs"]
mod views;
#[path = "observers/worlds.rs"]
mod worlds;
