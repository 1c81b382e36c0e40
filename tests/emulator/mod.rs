//! An emulator of S3, SNS and SQS on loopback, and a proxy before it that records, spoils and holds calls.
//!
//! The emulator is [moto](https://github.com/getmoto/moto), from PyPI, pinned in `requirements.txt`, in a virtual
//! environment under the target folder. Where that cannot be had (no network, no Python), [`emulator`] says so in one
//! line and returns nothing, and the test returns; with `moto` in `SENTINEL_TEST_REQUIRE` it panics instead.
//!
//! ```no_run
//! use stage::emulator::{Fault, Proxy, When, emulator};
//!
//! let Some(moto) = emulator() else { return };
//! moto.create_bucket("first-run");
//! let topic = moto.create_topic("first-run");
//! let queue = moto.subscribe(&topic, "first-run");
//! let proxy = Proxy::start(moto.address());
//!
//! // The second write of a receipt is answered with 503.
//! proxy.spoil(When::action("s3:PutObject").key("/receipts/").skip(1).times(1), Fault::status(503, "SlowDown"));
//! // Two writers meet at the first receipt, whichever comes first.
//! let meeting = proxy.meet(When::action("s3:PutObject").key("receipts/00000000000000000000"), 2);
//! // … start the program with `moto.variables(&proxy.url())` as its environment …
//! assert!(meeting.is_over());
//! for call in proxy.calls() {
//!     println!("{} {} {} {:?}", call.action, call.resource, call.key, call.status);
//! }
//! for message in moto.receive(&queue) {
//!     println!("{}", message.body);
//! }
//! ```
//!
//! All of it is blocking, and runs on threads of its own: it can be used from tests of any kind. Nothing waits without
//! end. One emulator serves all tests of a process; so each test takes names of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "what tests stand on fails by panicking, and says so when it is not there"
)]

pub(crate) mod wire;
mod environment;
mod moto;
mod client;
mod call;
mod gate;
mod rule;
mod proxy;

pub use call::Call;
pub use client::{Message, Queue, Stored};
pub use gate::Gate;
pub use moto::{Moto, emulator};
pub use proxy::Proxy;
pub use rule::{Fault, When};
