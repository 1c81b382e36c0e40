//! The quick way: Rekor v2 leaves exactly as the server writes them (RFC 8785), compared byte by byte.
//!
//! It accepts only leaves that [`crate::tolerant`] reads to the same entry, and says nothing about the others: keys
//! in canonical order, no space, no escape, no unknown field. That is every leaf of the public log today.

use crate::scan::Scan;
use crate::scratch::{Scratch, VerifierKind};

const HASHEDREKORD: &[u8] =
    br#"{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":""#;
const DSSE: &[u8] = br#"{"apiVersion":"0.0.2","kind":"dsse","spec":{"dsseV002":{"payloadHash":{"algorithm":""#;

/// Decodes a canonical leaf into `scratch` and tells its kind. `None`: ask [`crate::tolerant`].
pub(crate) fn read(leaf: &[u8], scratch: &mut Scratch) -> Option<&'static str> {
    if let Some(rest) = leaf.strip_prefix(HASHEDREKORD) {
        hashedrekord(Scan::new(rest), scratch)?;
        Some("hashedrekord")
    } else {
        dsse(Scan::new(leaf.strip_prefix(DSSE)?), scratch)?;
        Some("dsse")
    }
}

fn hashedrekord(mut scan: Scan<'_>, scratch: &mut Scratch) -> Option<()> {
    digest(&mut scan, scratch)?;
    scan.literal(br#"},"signature":"#)?;
    signature(&mut scan, scratch)?;
    scan.literal(b"}}}")?;
    scan.is_done().then_some(())
}

fn dsse(mut scan: Scan<'_>, scratch: &mut Scratch) -> Option<()> {
    digest(&mut scan, scratch)?;
    scan.literal(br#"},"signatures":["#)?;
    signature(&mut scan, scratch)?;
    while scan.literal(b",").is_some() {
        signature(&mut scan, scratch)?;
    }
    scan.literal(b"]}}}")?;
    scan.is_done().then_some(())
}

/// From within `"algorithm":"` to the end of the digest.
fn digest(scan: &mut Scan<'_>, scratch: &mut Scratch) -> Option<()> {
    scan.plain()?;
    scan.literal(br#","digest":""#)?;
    scratch.take_digest(scan.raw()?).ok()
}

/// One `{"content":…,"verifier":{…}}`.
fn signature(scan: &mut Scan<'_>, scratch: &mut Scratch) -> Option<()> {
    scan.literal(br#"{"content":""#)?;
    scan.plain()?;
    scan.literal(br#","verifier":{"keyDetails":""#)?;
    scan.plain()?;
    let kind = if scan.literal(br#","x509Certificate":{"rawBytes":""#).is_some() {
        VerifierKind::Certificate
    } else {
        scan.literal(br#","publicKey":{"rawBytes":""#)?;
        VerifierKind::Key
    };
    scratch.take_signer(kind, scan.raw()?).ok()?;
    scan.literal(b"}}}")
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::scratch::Scratch;

    /// SEQUENCE { SEQUENCE {}, BIT STRING "" }: a key by form.
    const KEY: &str = "MAYwAAMCAAA=";

    fn signature() -> String {
        let verifier = format!(r#"{{"keyDetails":"PKIX_ED25519","publicKey":{{"rawBytes":"{KEY}"}}}}"#);
        format!(r#"{{"content":"AAAA","verifier":{verifier}}}"#)
    }

    fn hashedrekord() -> String {
        let data = r#"{"algorithm":"SHA2_256","digest":"AAAA"}"#;
        let spec = format!(
            r#"{{"hashedRekordV002":{{"data":{data},"signature":{}}}}}"#,
            signature()
        );
        format!(r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{spec}}}"#)
    }

    fn dsse() -> String {
        let hash = r#"{"algorithm":"SHA2_256","digest":"AAAA"}"#;
        let signatures = format!("[{0},{0}]", signature());
        let spec = format!(r#"{{"dsseV002":{{"payloadHash":{hash},"signatures":{signatures}}}}}"#);
        format!(r#"{{"apiVersion":"0.0.2","kind":"dsse","spec":{spec}}}"#)
    }

    #[track_caller]
    fn check(leaf: &str, expect: Option<&str>) {
        assert_eq!(read(leaf.as_bytes(), &mut Scratch::new()), expect, "{leaf}");
    }

    #[test]
    fn takes_what_the_server_writes() {
        check(&hashedrekord(), Some("hashedrekord"));
        check(&dsse(), Some("dsse"));
    }

    #[test]
    fn leaves_everything_else_to_the_patient_reader() {
        let leaf = hashedrekord();
        for (from, to) in [
            ("\"kind\":", "\"kind\": "),
            ("0.0.2", "0.0.3"),
            ("SHA2_256", "SHA2\\u005f256"),
            ("AAAA\",\"verifier", "AA\\/A\",\"verifier"),
            ("PKIX_ED25519", "PKIX\n"),
            ("PKIX_ED25519", "é"),
            (KEY, "MAYwAAMCAA"),
            ("digest\":\"AAAA", "digest\":\""),
            ("}}}}}", "}}}}"),
            ("}}}}}", "}}}}} "),
        ] {
            let other = leaf.replacen(from, to, 1);
            assert_ne!(other, leaf);
            check(&other, None);
        }
        check(&dsse().replace("},{", "}{"), None);
        check(&dsse().replace("}]", "},]"), None);
        check("", None);
    }
}
