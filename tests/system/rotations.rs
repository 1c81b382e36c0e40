//! Logs that are followed by others, as a script plays them: whatever happens in whatever order, every entry is read once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

#[path = "rotations/rotation.rs"]
mod rotation;
#[path = "rotations/scripts.rs"]
mod scripts;
#[path = "rotations/restored.rs"]
mod restored;
#[path = "rotations/lost.rs"]
mod lost;
#[path = "rotations/orders.rs"]
mod orders;
