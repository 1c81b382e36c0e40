//! Lambda, as a function sees it: a Runtime API on loopback, and the real program started before it.
//!
//! ```no_run
//! use stage::runtime::{Answer, Function};
//! use std::path::Path;
//! use std::time::Duration;
//!
//! let mut function = Function::start(Path::new("bootstrap"), &[("SENTINEL_INTERVAL", "300".to_owned())]);
//! println!("ready after {:?}", function.ready());
//! match function.ask("{}", Duration::from_secs(30)) {
//!     Answer::Response(body) => println!("{body}"),
//!     Answer::Error { kind, message } => println!("{kind}: {message}"),
//!     Answer::Gone => println!("it ended: {:?}", function.lines()),
//! }
//! ```
//!
//! The API is that of AWS ("Using the Lambda runtime API for custom runtimes", version 2018-06-01). A head and its body
//! are one write: a function must not depend on the packets in which they come. All of it is blocking and on threads of
//! its own, nothing waits without end, and a function is killed when it is dropped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what tests stand on fails by panicking"
)]

mod api;
mod function;

pub use api::Answer;
pub use function::Function;
