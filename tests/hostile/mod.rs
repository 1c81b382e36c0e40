//! The hostile log: a small HTTP server of tiled logs and of Rekor v1 that does, on request, what a log must not do.
//!
//! One process serves any number of logs, each under its name (`/<name>/api/v2/checkpoint` and, the same,
//! `/<name>/checkpoint`). Left alone they are honest. A test tells them otherwise, either through [`HostedLog`] in its
//! own process or, from anywhere, with a [`Command`] sent to the tool `hostile-log`.
//!
//! It listens on the loopback address alone, holds everything in memory, and signs with keys made from seeds: it is
//! of no use as a log.
//!
//! ```
//! use stage::hostile::{Change, Hostile, Rule, Tamper, Target};
//!
//! let server = Hostile::start()?;
//! let log = server.log("a");
//! log.grow(300);
//! log.behave(Rule::new(Target::Entries, Change::Tamper { how: Tamper::Flip, index: 7 }).times(1));
//! assert!(log.url().ends_with("/a/api/v2"));
//! # std::io::Result::Ok(())
//! ```

mod spec;
mod rule;
mod request;
mod answer;
mod tamper;
mod lie;
mod plan;
mod rekor;
mod command;
mod state;
mod hosted;
mod control;
mod http;
mod server;
mod folder;

pub use command::{Command, CommandError, LogView, Reply, WitnessSpec, from_words};
pub use folder::write_folder;
pub use hosted::HostedLog;
pub use rekor::{
    Alter, HostedRekor, RekorBehaviour, RekorOrder, RekorReply, RekorRule, RekorSpec, RekorTarget, RekorView,
    ShardView, Wrong,
};
pub use request::Seen;
pub use rule::{Behaviour, Change, Instead, Lie, Manner, Redirect, Rule, RuleId, Tamper, Target};
pub use server::Hostile;
pub use spec::{LogSpec, Witness};
