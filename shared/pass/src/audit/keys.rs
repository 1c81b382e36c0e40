//! Whose signatures count: the keys of the configuration, or for a log that it does not know those on record.

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

    /// A checkpoint that a key of the configuration signed. The keys on record count only for a log that the configuration
    /// does not know: whoever can write the record can write keys into it. That one of them signed is noted, since a
    /// change of keys that the configuration does not tell of looks the same.
    pub(super) fn open(&self, note: &str, audit: &mut Audit) -> Result<SignedCheckpoint, CheckpointError> {
        if self.configured.is_empty() {
            return SignedCheckpoint::open(note.as_bytes(), &self.log, &self.recorded);
        }
        let opened = SignedCheckpoint::open(note.as_bytes(), &self.log, &self.configured);
        if matches!(opened, Err(CheckpointError::NoTrustedSignature { .. }))
            && let Ok(signed) = SignedCheckpoint::open(note.as_bytes(), &self.log, &self.recorded)
        {
            for id in signed.signers() {
                audit.note(format!(
                    "{}: signed by a key (id {id}) that is on record and that the configuration does not name; if the log changed its key, list the old one under `key:` as well",
                    self.log
                ));
            }
        }
        opened
    }

    /// Whether the key counts as the log's.
    pub(super) fn knows(&self, key: &VerifierKey) -> bool {
        let keys = if self.configured.is_empty() {
            &self.recorded
        } else {
            &self.configured
        };
        keys.contains(key)
    }
}
