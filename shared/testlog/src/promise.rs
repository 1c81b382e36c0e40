//! Signed entry timestamps of Rekor v1: the promise that an entry will be in the log.

use crate::key::SigningKey;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The log id of a Rekor v1 server: SHA-256 of its key's SubjectPublicKeyInfo, lower hex.
pub fn log_id(key: &SigningKey) -> String {
    let id = Sha256::digest(key.spki_der());
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The promise to hold `body` at `log_index` (over all shards) from `integrated_time` on (Unix seconds).
pub fn signed_entry_timestamp(key: &SigningKey, body: &[u8], integrated_time: u64, log_index: u64) -> Vec<u8> {
    let (body, id) = (STANDARD.encode(body), log_id(key));
    let message =
        format!(r#"{{"body":"{body}","integratedTime":{integrated_time},"logID":"{id}","logIndex":{log_index}}}"#);
    key.sign(message.as_bytes())
}
