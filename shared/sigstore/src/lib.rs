//! What Sigstore puts into logs, and whom it trusts: pure decoding, no I/O, no clock.
//!
//! * [`decode()`] turns a leaf of any kind into one [`Entry`], or says exactly why it cannot ([`Undecodable`]).
//! * [`Signer::values`] answers what a rule asks of an identity, computing only what is asked.
//! * [`TrustedRoot`] and [`SigningConfig`] say which logs verifiers accept and how each is spoken to.
//! * [`Authorities`] says whether a CA of the trusted root issued a certificate, and what certificate transparency shows of it.
//!
//! Nothing here decides whether a leaf belongs to a log: hash and prove it first (`tlog`), decode it afterwards.
#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

pub mod hex;
pub mod timestamp;

pub mod der;
pub mod oid;
pub mod fulcio;
pub mod san;
pub mod certificate;
pub mod facts;

pub mod pem;
pub mod spki;
pub mod named_key;
pub mod openpgp;
pub mod ssh;
pub mod minisign;
pub mod cms;

pub mod field;
pub mod signer;
pub mod entry;
pub mod undecodable;
pub mod scratch;
mod scan;
mod canonical;
pub mod json;
mod tolerant;
pub mod tuf;
mod canonical_body;
mod tolerant_body;
pub mod decode;
pub mod set;

pub mod document;
pub mod instance;
pub mod trusted_root;
pub mod chain;
pub mod signing_config;
pub mod monitor_config;
pub mod repository;

pub use certificate::Certificate;
pub use chain::{Authorities, ChainVerdict, Sct, Why};
pub use decode::{LeafKind, MAX_BODY_BYTES, MAX_LEAF_BYTES, decode};
pub use document::{TrustError, Validity};
pub use entry::Entry;
pub use facts::{CertificateFacts, ExtensionFact, SanFact};
pub use field::Field;
pub use instance::{KeyDetails, KeyTrouble, LogInstance, PublicKey, RekorApi, origin_of};
pub use monitor_config::{MonitorConfig, MonitoredLog};
pub use named_key::{KeyForm, NamedKey};
pub use oid::Oid;
pub use repository::PublicRepository;
pub use san::{San, SanKind};
pub use scratch::Scratch;
pub use signer::{Key, Signer, SignerFacts, Verifier};
pub use signing_config::SigningConfig;
pub use timestamp::Timestamp;
pub use trusted_root::{Authority, PUBLIC_AS_OF, TrustedRoot};
pub use undecodable::{Reason, Undecodable};
