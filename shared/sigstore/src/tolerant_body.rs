//! The patient way for Rekor v1: bodies of every kind as any JSON, with fields in any order and unknown ones anywhere.
//!
//! It decides what a body means; [`crate::canonical_body`] only gets there sooner. Where each kind has its verifiers and
//! its digests follows the `Canonicalize` functions of Rekor's `pkg/types`.

use crate::cms;
use crate::json::Json;
use crate::minisign;
use crate::openpgp;
use crate::pem::{self, Label};
use crate::scratch::{Scratch, bytes_of};
use crate::ssh;
use crate::tolerant;
use crate::tuf::{self, TufKey};
use crate::undecodable::{Reason, Undecodable};

type Reader = fn(&Json<'_>, &mut Scratch) -> Result<(), Reason>;

/// Every kind and version that is read.
const KINDS: [(&str, &str, Reader); 12] = [
    ("hashedrekord", "0.0.1", hashedrekord),
    ("rekord", "0.0.1", rekord),
    ("intoto", "0.0.1", intoto_1),
    ("intoto", "0.0.2", intoto_2),
    ("dsse", "0.0.1", dsse),
    ("jar", "0.0.1", jar),
    ("rpm", "0.0.1", rpm),
    ("helm", "0.0.1", helm),
    ("alpine", "0.0.1", alpine),
    ("cose", "0.0.1", cose),
    ("tuf", "0.0.1", tuf),
    ("rfc3161", "0.0.1", rfc3161),
];

/// Decodes a body into `scratch` and tells its kind and version.
pub(crate) fn read(body: &[u8], scratch: &mut Scratch) -> Result<(&'static str, &'static str), Undecodable> {
    let document = tolerant::parse(body).map_err(Undecodable::nameless)?;
    let kind = document.get("kind").and_then(Json::text);
    let version = document.get("apiVersion").and_then(Json::text);
    read_kind(&document, kind, version, scratch).map_err(|reason| Undecodable::named(kind, version, reason))
}

fn read_kind(
    document: &Json<'_>,
    kind: Option<&str>,
    version: Option<&str>,
    scratch: &mut Scratch,
) -> Result<(&'static str, &'static str), Reason> {
    let (Some(kind), Some(version)) = (kind, version) else {
        return Err(Reason::MissingKind);
    };
    let mut known = KINDS.iter().filter(|(name, _, _)| *name == kind).peekable();
    if known.peek().is_none() {
        return Err(Reason::UnknownKind);
    }
    let &(kind, version, reader) = known.find(|(_, it, _)| *it == version).ok_or(Reason::UnknownVersion)?;
    let spec = document.get("spec").filter(|spec| spec.is_object());
    reader(spec.ok_or(Reason::MissingSpec)?, scratch)?;
    Ok((kind, version))
}

fn hashedrekord(spec: &Json<'_>, scratch: &mut Scratch) -> Result<(), Reason> {
    hash(spec, &["data", "hash"], scratch)?;
    certificate_or_key(spec, &["signature", "publicKey", "content"], scratch)
}

fn rekord(spec: &Json<'_>, scratch: &mut Scratch) -> Result<(), Reason> {
    hash(spec, &["data", "hash"], scratch)?;
    let path = ["signature", "publicKey", "content"];
    match text(spec, &["signature", "format"]).ok_or(Reason::UnknownFormat)? {
        "x509" => certificate_or_key(spec, &path, scratch),
        "pgp" => pgp(spec, &path, scratch),
        "minisign" => {
            let key = minisign::public_key(&verifier(spec, &path)?).map_err(|_| Reason::BadMinisignKey)?;
            scratch.take_named(key)
        }
        "ssh" => ssh(spec, &path, scratch),
        _ => Err(Reason::UnknownFormat),
    }
}

/// Rekor verifies with the public key, `ssh-keygen` with the key that the signature carries. Where they differ, both
/// are told.
fn ssh(spec: &Json<'_>, path: &[&str], scratch: &mut Scratch) -> Result<(), Reason> {
    let key = ssh::public_key(&verifier(spec, path)?).map_err(|_| Reason::BadSshKey)?;
    scratch.take_named(key)?;
    let signature = text(spec, &["signature", "content"]).ok_or(Reason::BadSshSignature)?;
    let carried = ssh::signature_key(&bytes_of(signature)?).map_err(|_| Reason::BadSshSignature)?;
    scratch.take_named(carried)
}

fn intoto_1(spec: &Json<'_>, scratch: &mut Scratch) -> Result<(), Reason> {
    hash(spec, &["content", "hash"], scratch)?;
    // Entries of 2021 have no hash of the payload.
    if spec.at(&["content", "payloadHash"]).is_some() {
        hash(spec, &["content", "payloadHash"], scratch)?;
    }
    certificate_or_key(spec, &["publicKey"], scratch)
}

fn intoto_2(spec: &Json<'_>, scratch: &mut Scratch) -> Result<(), Reason> {
    hash(spec, &["content", "hash"], scratch)?;
    hash(spec, &["content", "payloadHash"], scratch)?;
    let signatures = spec.at(&["content", "envelope", "signatures"]);
    each_certificate_or_key(signatures, "publicKey", scratch)
}

fn dsse(spec: &Json<'_>, scratch: &mut Scratch) -> Result<(), Reason> {
    hash(spec, &["envelopeHash"], scratch)?;
    hash(spec, &["payloadHash"], scratch)?;
    each_certificate_or_key(spec.get("signatures"), "verifier", scratch)
}

/// The public key that Rekor writes here is the first certificate of the PKCS#7, often an authority's: who signed is
/// in the PKCS#7 itself.
fn jar(spec: &Json<'_>, scratch: &mut Scratch) -> Result<(), Reason> {
    hash(spec, &["archive", "hash"], scratch)?;
    certificate_or_key(spec, &["signature", "publicKey", "content"], scratch)?;
    let mut message = bytes_of(text(spec, &["signature", "content"]).ok_or(Reason::BadCms)?)?;
    if let Ok(block) = pem::read(&mut message) {
        let base64 = message.get(block.base64).filter(|_| block.label == Label::Cms);
        let base64 = base64.and_then(|it| str::from_utf8(it).ok());
        message = bytes_of(base64.ok_or(Reason::BadCms)?)?;
    }
    further(cms::signers(&message), scratch)
}

fn rpm(spec: &Json<'_>, scratch: &mut Scratch) -> Result<(), Reason> {
    hash(spec, &["package", "hash"], scratch)?;
    pgp(spec, &["publicKey", "content"], scratch)
}

fn helm(spec: &Json<'_>, scratch: &mut Scratch) -> Result<(), Reason> {
    hash(spec, &["chart", "hash"], scratch)?;
    pgp(spec, &["publicKey", "content"], scratch)
}

fn alpine(spec: &Json<'_>, scratch: &mut Scratch) -> Result<(), Reason> {
    hash(spec, &["package", "hash"], scratch)?;
    certificate_or_key(spec, &["publicKey", "content"], scratch)
}

fn cose(spec: &Json<'_>, scratch: &mut Scratch) -> Result<(), Reason> {
    hash(spec, &["data", "payloadHash"], scratch)?;
    hash(spec, &["data", "envelopeHash"], scratch)?;
    certificate_or_key(spec, &["publicKey"], scratch)
}

fn tuf(spec: &Json<'_>, scratch: &mut Scratch) -> Result<(), Reason> {
    let metadata = text(spec, &["metadata", "content"]).ok_or(Reason::MissingDigest)?;
    scratch.take_artifact(&bytes_of(metadata)?);
    let root = verifier(spec, &["root", "content"])?;
    for key in tuf::root_keys(&root).map_err(|_| Reason::BadTufRoot)? {
        match key {
            TufKey::Pem(pem) => scratch.take_plain_pem(pem.as_bytes())?,
            TufKey::Spki(spki) => scratch.take_key(&spki)?,
        }
    }
    Ok(())
}

fn rfc3161(spec: &Json<'_>, scratch: &mut Scratch) -> Result<(), Reason> {
    let response = bytes_of(text(spec, &["tsr", "content"]).ok_or(Reason::MissingDigest)?)?;
    scratch.take_artifact(&response);
    further(cms::time_stampers(&response), scratch)
}

fn further(certificates: Result<Vec<Vec<u8>>, cms::CmsError>, scratch: &mut Scratch) -> Result<(), Reason> {
    let certificates = certificates.map_err(|_| Reason::BadCms)?;
    certificates
        .iter()
        .try_for_each(|certificate| scratch.take_further_certificate(certificate))
}

fn pgp(spec: &Json<'_>, path: &[&str], scratch: &mut Scratch) -> Result<(), Reason> {
    let keys = openpgp::keys(&verifier(spec, path)?).map_err(|_| Reason::BadPgpKey)?;
    keys.into_iter().try_for_each(|key| scratch.take_named(key))
}

fn each_certificate_or_key(signatures: Option<&Json<'_>>, field: &str, scratch: &mut Scratch) -> Result<(), Reason> {
    let signatures = signatures.and_then(Json::array).unwrap_or_default();
    if signatures.is_empty() {
        return Err(Reason::MissingVerifier);
    }
    signatures
        .iter()
        .try_for_each(|signature| certificate_or_key(signature, &[field], scratch))
}

fn certificate_or_key(spec: &Json<'_>, path: &[&str], scratch: &mut Scratch) -> Result<(), Reason> {
    scratch.take_pem(text(spec, path).ok_or(Reason::MissingVerifier)?.as_bytes())
}

/// `{"algorithm":…,"value":…}` at the end of a path.
fn hash(spec: &Json<'_>, path: &[&str], scratch: &mut Scratch) -> Result<(), Reason> {
    let hash = spec.at(path).ok_or(Reason::MissingDigest)?;
    let value = hash.get("value").and_then(Json::text).ok_or(Reason::MissingDigest)?;
    scratch.take_hex_digest(value.as_bytes())
}

/// The bytes of a verifier at the end of a path.
fn verifier(spec: &Json<'_>, path: &[&str]) -> Result<Vec<u8>, Reason> {
    bytes_of(text(spec, path).ok_or(Reason::MissingVerifier)?)
}

fn text<'j>(spec: &'j Json<'_>, path: &[&str]) -> Option<&'j str> {
    spec.at(path).and_then(Json::text)
}
