//! Whose signatures count: the keys of the configuration, and those that were in force before them.

use super::Audit;
use std::collections::BTreeMap;
use tlog::{CheckpointError, SignedCheckpoint, VerifierKey};

/// The keys of one log.
pub(super) struct Keys {
    log: String,
    configured: Vec<VerifierKey>,
    recorded: Vec<VerifierKey>,
}

impl Keys {
    /// The keys that the configuration and the trusted root know, and the keys on record.
    pub(super) fn new(
        log: &str,
        trusted: &BTreeMap<String, Vec<VerifierKey>>,
        recorded: &BTreeMap<String, Vec<VerifierKey>>,
        audit: &mut Audit,
    ) -> Self {
        let of = |keys: &BTreeMap<String, Vec<VerifierKey>>| keys.get(log).cloned().unwrap_or_default();
        let (configured, recorded) = (of(trusted), of(recorded));
        if configured.is_empty() {
            audit.note(format!(
                "the configuration does not know the log {log}; it is checked with the keys on record"
            ));
        }
        Self {
            log: log.to_owned(),
            configured,
            recorded,
        }
    }

    /// A checkpoint that a key of the configuration signed; or one that the configuration no longer names and that was
    /// in force once, which is noted.
    pub(super) fn open(&self, note: &str, audit: &mut Audit) -> Result<SignedCheckpoint, CheckpointError> {
        let unsigned = match SignedCheckpoint::open(note.as_bytes(), &self.log, &self.configured) {
            Err(error @ CheckpointError::NoTrustedSignature { .. }) => error,
            decided => return decided,
        };
        if self.recorded.is_empty() {
            return Err(unsigned);
        }
        let signed = SignedCheckpoint::open(note.as_bytes(), &self.log, &self.recorded)?;
        if !self.configured.is_empty() {
            for id in signed.signers() {
                audit.note(format!(
                    "{}: signed by a key (id {id}) that the configuration no longer names",
                    self.log
                ));
            }
        }
        Ok(signed)
    }

    /// Whether the key is or was the log's.
    pub(super) fn knows(&self, key: &VerifierKey) -> bool {
        self.configured.contains(key) || self.recorded.contains(key)
    }
}
