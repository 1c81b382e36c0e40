//! Signed certificate timestamps inside a certificate (RFC 6962 3.2, 3.3): a CT log's promise to show it.
//!
//! What the log signed is the precertificate: the certificate's TBSCertificate without the timestamps, which were not there
//! yet, and the hash of the issuer's key. It is put together from the parts as they stand, with new lengths around them. A
//! promise shows that somebody who watches that log can see the certificate, not that anybody has.

use tlog::Hash;

use super::parts::{Extension, Parts};
use super::signature::{Checked, PublicKey, Scheme};
use super::verdict::Sct;
use crate::der::{Reader, tag};
use crate::document::Validity;
use crate::instance::LogInstance;
use crate::timestamp::Timestamp;

/// Timestamps of one certificate that are looked at. Fulcio writes one; web certificates have two or three.
pub const MAX_SCTS: usize = 16;

/// 1.3.6.1.4.1.11129.2.4.2, as DER content.
const SCT_LIST: [u8; 10] = [0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2];

/// A CT log of the trusted root.
#[derive(Clone, Debug)]
pub(crate) struct CtLog {
    id: Hash,
    name: String,
    valid_for: Validity,
    key: PublicKey,
}

/// `SignedCertificateTimestamp`, version 1 (RFC 6962 3.2).
struct Timestamped<'a> {
    log_id: &'a [u8],
    /// Milliseconds since 1970-01-01T00:00:00Z.
    time: u64,
    extensions: &'a [u8],
    scheme: Scheme,
    signature: &'a [u8],
}

/// What one timestamp says: the later, the more it counts beside others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    UnknownLog,
    Unchecked,
    Invalid,
    Verified,
}

impl CtLog {
    pub(crate) fn of(log: &LogInstance) -> Self {
        Self {
            id: log.spki_hash(),
            name: log.base_url.clone(),
            valid_for: log.valid_for(),
            key: PublicKey::of(&log.key.spki),
        }
    }
}

/// What the timestamps inside `leaf` say, whose issuer's key has the SHA-256 `issuer_key`. The first that verifies is enough,
/// as it is to Sigstore's verifiers.
pub(crate) fn judge(leaf: &Parts<'_>, issuer_key: &Hash, logs: &[CtLog]) -> Sct {
    let Some(list) = leaf.extension(&SCT_LIST) else {
        return Sct::NotEmbedded;
    };
    if logs.is_empty() {
        return Sct::Unchecked;
    }
    let Some(timestamps) = read_list(list) else {
        return Sct::Invalid { ct_log: None };
    };
    let precertificate = precertificate(leaf);
    let one = |it: &Timestamped<'_>| check(it, &precertificate, issuer_key, logs);
    match timestamps.iter().map(one).max_by_key(|(said, _)| *said) {
        Some((Said::Verified, Some(log))) => Sct::Verified {
            ct_log: log.name.clone(),
        },
        Some((Said::Unchecked, _)) => Sct::Unchecked,
        Some((Said::UnknownLog, _)) => Sct::UnknownLog,
        Some((Said::Invalid | Said::Verified, log)) => Sct::Invalid {
            ct_log: log.map(|log| log.name.clone()),
        },
        None => Sct::Invalid { ct_log: None },
    }
}

fn check<'l>(
    timestamped: &Timestamped<'_>,
    precertificate: &[u8],
    issuer_key: &Hash,
    logs: &'l [CtLog],
) -> (Said, Option<&'l CtLog>) {
    let Some(log) = logs.iter().find(|log| log.id.as_bytes() == timestamped.log_id) else {
        return (Said::UnknownLog, None);
    };
    let seconds = i64::try_from(timestamped.time / 1000).unwrap_or(i64::MAX);
    if !log.valid_for.contains(Timestamp::from_unix(seconds)) {
        return (Said::Invalid, Some(log));
    }
    let Some(message) = message(timestamped, precertificate, issuer_key) else {
        return (Said::Invalid, Some(log));
    };
    let said = match log.key.check(timestamped.scheme, &message, timestamped.signature) {
        Checked::Verifies => Said::Verified,
        Checked::DoesNot => Said::Invalid,
        Checked::CannotTell => Said::Unchecked,
    };
    (said, Some(log))
}

/// What the log signed: version, kind and time, `precert_entry` with the issuer's key and the TBSCertificate, extensions.
fn message(timestamped: &Timestamped<'_>, precertificate: &[u8], issuer_key: &Hash) -> Option<Vec<u8>> {
    let [0, length @ ..] = u32::try_from(precertificate.len()).ok()?.to_be_bytes() else {
        return None;
    };
    let extensions = u16::try_from(timestamped.extensions.len()).ok()?;
    let parts: [&[u8]; 8] = [
        &[0, 0],
        &timestamped.time.to_be_bytes(),
        &[0, 1],
        issuer_key.as_bytes(),
        &length,
        precertificate,
        &extensions.to_be_bytes(),
        timestamped.extensions,
    ];
    Some(parts.concat())
}

/// The TBSCertificate as it was before the timestamps were put into it.
fn precertificate(leaf: &Parts<'_>) -> Vec<u8> {
    let others = leaf.extensions.iter().filter(|it| it.oid != SCT_LIST);
    let others: Vec<&[u8]> = others.map(|it: &Extension<'_>| it.whole).collect();
    let extensions = match others.concat() {
        // The field is left out rather than left empty (RFC 5280 4.1.2.9).
        none if none.is_empty() => none,
        some => element(0xa3, &element(tag::SEQUENCE, &some)),
    };
    element(tag::SEQUENCE, &[leaf.before_extensions, &extensions].concat())
}

/// One element of DER, with the shortest length.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let bytes = content.len().to_be_bytes();
    let length: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut out = Vec::with_capacity(content.len() + length.len() + 2);
    out.push(tag);
    if content.len() < 0x80 {
        out.extend(u8::try_from(content.len()));
    } else {
        // A `usize` has at most eight bytes.
        out.extend(u8::try_from(length.len()).map(|count| 0x80 | count));
        out.extend_from_slice(&length);
    }
    out.extend_from_slice(content);
    out
}

/// The timestamps of the extension: an OCTET STRING with the list of TLS in it. `None` when it is out of order or empty.
fn read_list(value: &[u8]) -> Option<Vec<Timestamped<'_>>> {
    let mut file = Reader::new(value);
    let list = file.expect(tag::OCTET_STRING).filter(|_| file.is_done())?;
    let (list, rest) = vector(file.bytes(list.content()))?;
    let mut unread = list;
    let mut timestamps = Vec::new();
    while !unread.is_empty() && timestamps.len() < MAX_SCTS {
        let (one, rest) = vector(unread)?;
        timestamps.push(Timestamped::read(one)?);
        unread = rest;
    }
    (rest.is_empty() && unread.is_empty()).then_some(timestamps)
}

impl<'a> Timestamped<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (&0, rest) = bytes.split_first()? else {
            return None;
        };
        let (log_id, rest) = rest.split_at_checked(32)?;
        let (time, rest) = rest.split_first_chunk::<8>()?;
        let (extensions, rest) = vector(rest)?;
        let ([hash, kind], rest) = rest.split_first_chunk::<2>()?;
        let (signature, rest) = vector(rest)?;
        rest.is_empty().then(|| Self {
            log_id,
            time: u64::from_be_bytes(*time),
            extensions,
            scheme: Scheme::of_tls(*hash, *kind),
            signature,
        })
    }
}

/// A vector of TLS with a length of two bytes, and what follows it.
fn vector(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}
