//! The command in a folder of its own, with logs to watch there.

pub(crate) mod world;
pub(crate) mod logs;

mod scalars;
mod contract;
mod names;
mod configuration;
mod convert;
mod ledgers;
mod lint;
mod fallback;
mod lifecycle;
mod record;
mod hostile_text;
mod readme;
mod stored;
mod servers;
mod lookback;
mod observers;
mod tuf;
mod chains;
