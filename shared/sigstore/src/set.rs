//! The signed entry timestamp of Rekor v1: the log's promise to hold an entry, made before it does.
//!
//! A promise proves nothing about the tree. One that does not verify is news of its own: somebody hands out what the
//! log's key did not sign.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tlog::{Hash, VerifierKey};

/// RFC 8785 writes numbers as ECMAScript does, exact up to here (2^53).
const MAX_NUMBER: i64 = 1 << 53;

/// An ECDSA signature over P-384 has at most 104 bytes.
pub const MAX_SET_BYTES: usize = 512;

/// Why a promise does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// Time or index are negative or too large to be written in canonical JSON.
    #[error("integratedTime or logIndex is out of range")]
    OutOfRange,
    /// Longer than [`MAX_SET_BYTES`].
    #[error("the signed entry timestamp has {bytes} bytes, more than any signature")]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// The log's key did not sign this body, time, log and index.
    #[error("the signed entry timestamp does not verify")]
    Signature,
}

/// Verifies that the log with `key` promised to hold `body` (its bytes, not base64) at `log_index`, the global index over
/// all shards, from `integrated_time` on (Unix seconds). `log_id` is the SHA-256 of the log's SubjectPublicKeyInfo, as
/// the answer says; the caller checks that it is this log's.
///
/// # Errors
/// [`SetError`].
pub fn verify(
    key: &VerifierKey,
    body: &[u8],
    integrated_time: i64,
    log_id: &Hash,
    log_index: u64,
    set: &[u8],
) -> Result<(), SetError> {
    if set.len() > MAX_SET_BYTES {
        return Err(SetError::TooLarge { bytes: set.len() });
    }
    let message = message(body, integrated_time, log_id, log_index).ok_or(SetError::OutOfRange)?;
    if key.verifies(message.as_bytes(), set) {
        Ok(())
    } else {
        Err(SetError::Signature)
    }
}

/// What is signed: `{"body","integratedTime","logID","logIndex"}` as canonical JSON (RFC 8785).
fn message(body: &[u8], time: i64, log_id: &Hash, index: u64) -> Option<String> {
    let numbers = 0..=MAX_NUMBER;
    if !numbers.contains(&time) || !numbers.contains(&i64::try_from(index).ok()?) {
        return None;
    }
    let body = STANDARD.encode(body);
    Some(format!(
        r#"{{"body":"{body}","integratedTime":{time},"logID":"{log_id}","logIndex":{index}}}"#
    ))
}

#[cfg(test)]
mod tests {
    use super::message;
    use tlog::Hash;

    #[test]
    fn the_message_is_canonical() {
        let id = Hash::from_bytes([0xab; 32]);
        let expect = format!(
            r#"{{"body":"AQI=","integratedTime":7,"logID":"{}","logIndex":0}}"#,
            "ab".repeat(32)
        );
        assert_eq!(message(&[1, 2], 7, &id, 0), Some(expect));
        assert_eq!(message(&[], -1, &id, 0), None);
        assert_eq!(message(&[], (1 << 53) + 1, &id, 0), None);
        assert_eq!(message(&[], 0, &id, u64::MAX), None);
    }
}
