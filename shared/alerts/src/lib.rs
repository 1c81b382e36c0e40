//! Every kind of alert: its id, its severity, its words, and its form for each channel.
//!
//! An alert says what happened, where, what it means and what to do next. There are three sorts: a [`Finding`] (a rule
//! matched a verified entry) is told once; a condition opens, is reminded of daily, and closes ([`condition_alert`]); a
//! [`Notice`] is a word about the deployment itself, told once: that it began to watch, that it still does, that another
//! configuration is in force. Ids are deterministic, so that what is delivered twice can be told from what happened twice.
//!
//! The crate does no I/O and reads no clock, and decides nothing about when to deliver what. What comes from a log or a
//! server is escaped and cut before it becomes part of an alert; [`terminal`] and [`plain`] let no control character
//! pass even from an alert that somebody else made.

pub mod text;
mod class;
mod alert;
mod id;
mod chain;
mod finding;
mod words;
mod condition;
mod discovery;
mod unauthorised;
mod notice;
mod form;
mod sms;
mod chat;

pub use alert::{Alert, Fact, MAX_TITLE_CHARS, SCHEMA};
pub use chain::{Ground, chain_facts, severity_after};
pub use chat::chat;
pub use class::{Class, Phase};
pub use condition::{ConditionView, condition_alert, duration};
pub use discovery::{digest_alert, finding_alert};
pub use finding::{Awaited, Finding, FindingContext, Identity, IdentityKind, Promise, Span};
pub use form::{json, json_line, plain, terminal};
pub use id::{condition_id, digest_id, finding_id, notice_id};
pub use notice::{Notice, Roll, notice_alert, test_alert};
pub use sms::{MAX_SMS_BYTES, sms};
pub use unauthorised::{Unexplained, unauthorised_alert};
