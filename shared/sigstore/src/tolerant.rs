//! The patient way: Rekor v2 leaves as any JSON, with fields in any order and unknown ones anywhere.
//!
//! It decides what a leaf means; [`crate::canonical`] only gets there sooner.

use crate::json::Json;
use crate::scratch::{Scratch, VerifierKind};
use crate::undecodable::{Reason, Undecodable};

/// The one version of each kind that Rekor v2 writes.
pub(crate) const VERSION: &str = "0.0.2";

/// Decodes a leaf into `scratch` and tells its kind.
pub(crate) fn read(leaf: &[u8], scratch: &mut Scratch) -> Result<&'static str, Undecodable> {
    let document = parse(leaf).map_err(Undecodable::nameless)?;
    let kind = document.get("kind").and_then(Json::text);
    let version = document.get("apiVersion").and_then(Json::text);
    read_kind(&document, kind, version, scratch).map_err(|reason| Undecodable::named(kind, version, reason))
}

/// A leaf of either generation as a JSON object.
pub(crate) fn parse(leaf: &[u8]) -> Result<Json<'_>, Reason> {
    if leaf.is_empty() {
        return Err(Reason::Empty);
    }
    // Rekor's identity service: 0x01, then SHA-256 digests.
    if let [0x01, digests @ ..] = leaf
        && !digests.is_empty()
        && digests.len() % 32 == 0
    {
        return Err(Reason::IdentityService);
    }
    if !is_text(leaf) {
        return Err(Reason::Binary);
    }
    let document = Json::parse(leaf)?;
    if document.is_object() {
        Ok(document)
    } else {
        Err(Reason::NotAnObject)
    }
}

/// UTF-8 without control characters other than JSON's white space.
fn is_text(leaf: &[u8]) -> bool {
    let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
    str::from_utf8(leaf).is_ok() && !leaf.iter().any(control)
}

fn read_kind(
    document: &Json<'_>,
    kind: Option<&str>,
    version: Option<&str>,
    scratch: &mut Scratch,
) -> Result<&'static str, Reason> {
    let (Some(kind), Some(version)) = (kind, version) else {
        return Err(Reason::MissingKind);
    };
    let (kind, spec) = match kind {
        "hashedrekord" => ("hashedrekord", "hashedRekordV002"),
        "dsse" => ("dsse", "dsseV002"),
        _ => return Err(Reason::UnknownKind),
    };
    if version != VERSION {
        return Err(Reason::UnknownVersion);
    }
    let spec = document
        .at(&["spec", spec])
        .filter(|spec| spec.is_object())
        .ok_or(Reason::MissingSpec)?;
    match kind {
        "dsse" => dsse(spec, scratch)?,
        _ => hashedrekord(spec, scratch)?,
    }
    Ok(kind)
}

fn hashedrekord(spec: &Json<'_>, scratch: &mut Scratch) -> Result<(), Reason> {
    digest(spec.at(&["data", "digest"]), scratch)?;
    signature(spec.get("signature"), scratch)
}

fn dsse(spec: &Json<'_>, scratch: &mut Scratch) -> Result<(), Reason> {
    digest(spec.at(&["payloadHash", "digest"]), scratch)?;
    let signatures = spec.get("signatures").and_then(Json::array).unwrap_or_default();
    if signatures.is_empty() {
        return Err(Reason::MissingVerifier);
    }
    signatures.iter().try_for_each(|each| signature(Some(each), scratch))
}

fn digest(value: Option<&Json<'_>>, scratch: &mut Scratch) -> Result<(), Reason> {
    let text = value.and_then(Json::text).ok_or(Reason::MissingDigest)?;
    scratch.take_digest(text.as_bytes())
}

fn signature(value: Option<&Json<'_>>, scratch: &mut Scratch) -> Result<(), Reason> {
    let verifier = value.and_then(|it| it.get("verifier")).ok_or(Reason::MissingVerifier)?;
    let raw_bytes = |of: &str| verifier.at(&[of, "rawBytes"]).and_then(Json::text);
    match (raw_bytes("x509Certificate"), raw_bytes("publicKey")) {
        (Some(certificate), None) => scratch.take_signer(VerifierKind::Certificate, certificate.as_bytes()),
        (None, Some(key)) => scratch.take_signer(VerifierKind::Key, key.as_bytes()),
        (Some(_), Some(_)) => Err(Reason::AmbiguousVerifier),
        (None, None) => Err(Reason::MissingVerifier),
    }
}
