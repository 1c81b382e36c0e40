//! Certificates as Fulcio makes them: short-lived leaves without a subject, whose identity is in the SAN and in
//! extensions, under a CA made from a seed; and in [`chain`] any chain of CAs.
//!
//! They are well formed and really signed. For certificates that are wrong on purpose, see [`broken`].

mod identity;
mod issue;
pub mod chain;
pub mod broken;

pub(crate) use issue::SERIAL_PREFIX;

pub use identity::{Extension, GITHUB_ISSUER, Identity, San, Workflow};
pub use issue::{Authority, LIFETIME_SECS, LeafCertificate};
