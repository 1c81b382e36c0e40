//! S3 as the store and SNS as a sink.
//!
//! [`S3Store`] keeps the record in a bucket by conditional writes; [`SnsSink`] hands alerts to a topic. What a call may
//! cost in time is bounded here, once for all calls (`calls`), and what a service answers is told as a [`CallError`]: the
//! action, the object, the code, the request's id, and what to do. What a message to SNS looks like is made by pure
//! functions (`message`), which know the limits that emulators do not check.

mod place;
mod arn;
mod message;
mod trouble;
mod calls;
mod clients;
mod bucket;
mod listing;
mod store;
mod sink;
mod views;

pub use arn::{ArnError, TopicArn};
pub use calls::Patience;
pub use clients::Clients;
pub use message::{MAX_MESSAGE_BYTES, Message, Structure};
pub use place::{Place, PlaceError};
pub use sink::{SnsSink, confirmed_subscribers};
pub use store::{LockDays, S3Store};
pub use trouble::{CallError, CallErrorKind};
pub use views::{WithBuckets, ledger_place, view_place};
