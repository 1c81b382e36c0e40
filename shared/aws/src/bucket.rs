//! Single calls to S3, each made once and bounded in time and bytes. What comes of several is decided in `store`.
//!
//! Every object is written with its SHA-256 as checksum: S3 checks it before it stores anything and keeps it, it is the
//! hash that the record's names carry, so that an auditor can compare without reading, and object lock asks for a
//! checksum anyway. (CRC32, the SDK's default, would find the same accidents, and can be forged.) What is read is checked
//! against the checksum that was kept.

use crate::calls::Patience;
use crate::clients::Clients;
use crate::place::Place;
use crate::trouble::{CallError, CallErrorKind};
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, EncodingType, ObjectLockMode};
use core::time::Duration;
use pass::{Object, Version, error_chain};
use std::time::SystemTime;

const GET: &str = "s3:GetObject";
const PUT: &str = "s3:PutObject";
const LIST: &str = "s3:ListBucket";

/// Names that S3 lists at most in one answer.
const PAGE: usize = 1_000;

/// What must hold for a write to happen.
#[derive(Debug, Clone, Copy)]
pub(crate) enum If<'a> {
    /// Nothing.
    Ever,
    /// There is no such object.
    Absent,
    /// The object is at this version.
    At(&'a Version),
}

/// Why an object was not read.
#[derive(Debug)]
pub(crate) enum Unread {
    TooLarge,
    Failed(CallError),
}

/// One page of keys.
pub(crate) struct Page {
    pub(crate) keys: Vec<String>,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<String>,
}

/// A bucket, for single calls.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    client: aws_sdk_s3::Client,
    pub(crate) place: Place,
    pub(crate) patience: Patience,
}

impl Bucket {
    pub(crate) fn new(clients: &Clients, place: Place) -> Self {
        Self {
            client: clients.s3().clone(),
            place,
            patience: clients.patience(),
        }
    }

    /// The object's full place, for words.
    pub(crate) fn object(&self, name: &str) -> String {
        format!("s3://{}/{}", self.place.bucket(), self.place.key(name))
    }

    /// The object, or `NoObject` as the sort of the failure.
    pub(crate) async fn get(&self, name: &str, max_bytes: usize) -> Result<Object, Unread> {
        let fail = |kind, said: &str| Unread::Failed(CallError::new(GET, &self.object(name), kind, said));
        let asked = self
            .client
            .get_object()
            .bucket(self.place.bucket())
            .key(self.place.key(name))
            .checksum_mode(ChecksumMode::Enabled)
            .send();
        let answer = match tokio::time::timeout(self.patience.attempt, asked).await {
            Ok(answer) => answer.map_err(|error| Unread::Failed(CallError::of(GET, &self.object(name), &error)))?,
            Err(_elapsed) => return Err(fail(CallErrorKind::Unavailable, &late(self.patience.attempt))),
        };
        let length = answer.content_length().and_then(|length| usize::try_from(length).ok());
        if length.is_some_and(|length| length > max_bytes) {
            return Err(Unread::TooLarge);
        }
        let version = answer.e_tag().map(|tag| Version(tag.to_owned()));
        let version = version.ok_or_else(|| fail(CallErrorKind::Answer, "an object without an ETag"))?;
        let patience = self.patience.for_bytes(length.unwrap_or(max_bytes));
        match tokio::time::timeout(patience, collect(answer.body, max_bytes)).await {
            Ok(Ok(bytes)) => Ok(Object { bytes, version }),
            Ok(Err(Torn::TooLarge)) => Err(Unread::TooLarge),
            Ok(Err(Torn::Broken(said))) => Err(fail(CallErrorKind::Unreachable, &said)),
            Err(_elapsed) => Err(fail(CallErrorKind::Unavailable, &late(patience))),
        }
    }

    /// Writes the object and returns its version.
    pub(crate) async fn put(
        &self,
        name: &str,
        bytes: &[u8],
        condition: If<'_>,
        retained_for: Option<Duration>,
    ) -> Result<Version, CallError> {
        let mut call = self
            .client
            .put_object()
            .bucket(self.place.bucket())
            .key(self.place.key(name))
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .set_content_type(content_type(name).map(str::to_owned))
            .body(ByteStream::from(bytes.to_vec()));
        match condition {
            If::Ever => {}
            If::Absent => call = call.if_none_match("*"),
            If::At(version) => call = call.if_match(version.0.as_str()),
        }
        if let Some(retained_for) = retained_for {
            let until = DateTime::from(SystemTime::now() + retained_for);
            call = call
                .object_lock_mode(ObjectLockMode::Governance)
                .object_lock_retain_until_date(until);
        }
        let patience = self.patience.for_bytes(bytes.len());
        let fail = |kind, said: &str| CallError::new(PUT, &self.object(name), kind, said);
        let answer = match tokio::time::timeout(patience, call.send()).await {
            Ok(answer) => answer.map_err(|error| {
                let error = CallError::of(PUT, &self.object(name), &error);
                if retained_for.is_some() { of_lock(error) } else { error }
            })?,
            Err(_elapsed) => return Err(fail(CallErrorKind::Unavailable, &late(patience))),
        };
        let version = answer.e_tag().map(|tag| Version(tag.to_owned()));
        version.ok_or_else(|| fail(CallErrorKind::Answer, "a write without an ETag"))
    }

    /// One page of the keys that begin with the key of `prefix`, behind the key of `after` or from `next` on.
    pub(crate) async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        next: Option<&str>,
        most: usize,
    ) -> Result<Page, CallError> {
        let place = format!("s3://{}/{}", self.place.bucket(), self.place.key(prefix));
        let call = self
            .client
            .list_objects_v2()
            .bucket(self.place.bucket())
            .prefix(self.place.key(prefix))
            .encoding_type(EncodingType::Url)
            .set_start_after(after.map(|after| self.place.key(after)))
            .set_continuation_token(next.map(str::to_owned))
            .max_keys(i32::try_from(most.min(PAGE)).unwrap_or(1_000));
        let answer = match tokio::time::timeout(self.patience.attempt, call.send()).await {
            Ok(answer) => answer.map_err(|error| CallError::of(LIST, &place, &error))?,
            Err(_elapsed) => {
                let said = late(self.patience.attempt);
                return Err(CallError::new(LIST, &place, CallErrorKind::Unavailable, &said));
            }
        };
        let next = answer.next_continuation_token().map(str::to_owned);
        if answer.is_truncated() == Some(true) && next.is_none() {
            let said = "a part of a listing that does not say where it goes on";
            return Err(CallError::new(LIST, &place, CallErrorKind::Answer, said));
        }
        let keys = answer.contents().iter().filter_map(|object| object.key());
        Ok(Page {
            keys: keys.filter_map(decoded).collect(),
            next,
        })
    }
}

fn late(patience: Duration) -> String {
    format!("no complete answer within {} s", patience.as_secs())
}

/// A bucket without object lock says so with a general code (`InvalidRequest`).
fn of_lock(error: CallError) -> CallError {
    let kind = if error.code.as_deref() == Some("InvalidRequest") {
        CallErrorKind::Lock
    } else {
        error.kind
    };
    CallError { kind, ..error }
}

enum Torn {
    TooLarge,
    Broken(String),
}

async fn collect(mut body: ByteStream, max_bytes: usize) -> Result<Vec<u8>, Torn> {
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| Torn::Broken(error_chain(&error)))?;
        if bytes.len().saturating_add(piece.len()) > max_bytes {
            return Err(Torn::TooLarge);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// For people who open an object in a browser.
fn content_type(name: &str) -> Option<&'static str> {
    let ending = name.rsplit('.').next()?;
    match ending {
        "json" => Some("application/json"),
        "jsonl" => Some("application/jsonl"),
        "yaml" => Some("application/yaml"),
        _ => None,
    }
}

/// A key as `encoding-type=url` writes it: other people's keys may hold what XML cannot. What does not decode is no key
/// of ours.
fn decoded(key: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(key.len());
    let mut rest = key.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| {
                    char::from(byte?)
                        .to_digit(16)
                        .and_then(|digit| u8::try_from(digit).ok())
                };
                digit(rest.next())? << 4 | digit(rest.next())?
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded() {
        let check = |key: &str, expect: Option<&str>| assert_eq!(decoded(key).as_deref(), expect, "{key}");
        check("state/a-b._~.json", Some("state/a-b._~.json"));
        check("audit/a%252F/x", Some("audit/a%2F/x"));
        check("a%7E2/%01", Some("a~2/\u{1}"));
        check("a+b%2Bc", Some("a b+c"));
        check("%C3%A4", Some("ä"));
        for odd in ["%", "%2", "%zz", "%C3"] {
            check(odd, None);
        }
    }
}
