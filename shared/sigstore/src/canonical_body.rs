//! The quick way for Rekor v1: bodies of the frequent kinds exactly as the server writes them, compared byte by byte.
//!
//! It accepts only bodies that [`crate::tolerant_body`] reads to the same entry, and says nothing about the others.
//! Nearly all of the public log is hashedrekord, dsse and intoto in this form.

use crate::scan::Scan;
use crate::scratch::Scratch;

const HASHEDREKORD: &[u8] = br#"{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":""#;
const DSSE: &[u8] = br#"{"apiVersion":"0.0.1","kind":"dsse","spec":{"envelopeHash":{"algorithm":""#;
const INTOTO_1: &[u8] = br#"{"apiVersion":"0.0.1","kind":"intoto","spec":{"content":{"hash":{"algorithm":""#;
const INTOTO_2: &[u8] = br#"{"apiVersion":"0.0.2","kind":"intoto","spec":{"content":{"envelope":{"payloadType":""#;

/// Decodes a canonical body into `scratch` and tells its kind and version. `None`: ask [`crate::tolerant_body`].
pub(crate) fn read(body: &[u8], scratch: &mut Scratch) -> Option<(&'static str, &'static str)> {
    type Reader = fn(&mut Scan<'_>, &mut Scratch) -> Option<()>;
    let kinds: [(&[u8], Reader, (&str, &str)); 4] = [
        (HASHEDREKORD, hashedrekord, ("hashedrekord", "0.0.1")),
        (DSSE, dsse, ("dsse", "0.0.1")),
        (INTOTO_2, intoto_2, ("intoto", "0.0.2")),
        (INTOTO_1, intoto_1, ("intoto", "0.0.1")),
    ];
    for (prefix, reader, named) in kinds {
        if let Some(rest) = body.strip_prefix(prefix) {
            let mut scan = Scan::new(rest);
            reader(&mut scan, scratch)?;
            return scan.is_done().then_some(named);
        }
    }
    None
}

fn hashedrekord(scan: &mut Scan<'_>, scratch: &mut Scratch) -> Option<()> {
    hash(scan, scratch)?;
    scan.literal(br#"},"signature":{"content":""#)?;
    scan.plain()?;
    scan.literal(br#","publicKey":{"content":""#)?;
    scratch.take_pem(scan.raw()?).ok()?;
    scan.literal(b"}}}}")
}

fn dsse(scan: &mut Scan<'_>, scratch: &mut Scratch) -> Option<()> {
    hash(scan, scratch)?;
    scan.literal(br#","payloadHash":{"algorithm":""#)?;
    hash(scan, scratch)?;
    scan.literal(br#","signatures":["#)?;
    each(scan, |scan| {
        scan.literal(br#"{"signature":""#)?;
        scan.plain()?;
        scan.literal(br#","verifier":""#)?;
        scratch.take_pem(scan.raw()?).ok()?;
        scan.literal(b"}")
    })?;
    scan.literal(b"}}")
}

fn intoto_1(scan: &mut Scan<'_>, scratch: &mut Scratch) -> Option<()> {
    hash(scan, scratch)?;
    // Entries of 2021 have no hash of the payload.
    if scan.literal(br#","payloadHash":{"algorithm":""#).is_some() {
        hash(scan, scratch)?;
    }
    scan.literal(br#"},"publicKey":""#)?;
    scratch.take_pem(scan.raw()?).ok()?;
    scan.literal(b"}}")
}

fn intoto_2(scan: &mut Scan<'_>, scratch: &mut Scratch) -> Option<()> {
    scan.plain()?;
    scan.literal(br#","signatures":["#)?;
    each(scan, |scan| {
        scan.literal(b"{")?;
        if scan.literal(br#""keyid":""#).is_some() {
            scan.plain()?;
            scan.literal(b",")?;
        }
        scan.literal(br#""publicKey":""#)?;
        scratch.take_pem(scan.raw()?).ok()?;
        scan.literal(br#","sig":""#)?;
        scan.plain()?;
        scan.literal(b"}")
    })?;
    scan.literal(br#"},"hash":{"algorithm":""#)?;
    hash(scan, scratch)?;
    scan.literal(br#","payloadHash":{"algorithm":""#)?;
    hash(scan, scratch)?;
    scan.literal(b"}}}")
}

/// From within `"algorithm":"` to the end of the hash.
fn hash(scan: &mut Scan<'_>, scratch: &mut Scratch) -> Option<()> {
    scan.plain()?;
    scan.literal(br#","value":""#)?;
    scratch.take_hex_digest(scan.raw()?).ok()?;
    scan.literal(b"}")
}

/// One or more elements, to the end of their array.
fn each(scan: &mut Scan<'_>, mut element: impl FnMut(&mut Scan<'_>) -> Option<()>) -> Option<()> {
    element(scan)?;
    while scan.literal(b",").is_some() {
        element(scan)?;
    }
    scan.literal(b"]")
}
