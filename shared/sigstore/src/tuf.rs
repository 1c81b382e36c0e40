//! The root of a TUF repository, as Rekor v1 keeps it: the keys that it lists.
//!
//! No signature is verified: Rekor has, and a root in a log is news whoever signed it. Key ids are not told, since a root
//! may claim any.

use crate::json::Json;
use crate::spki;

/// A key of a root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TufKey {
    /// PEM: a SubjectPublicKeyInfo, or PKCS#1 for RSA.
    Pem(String),
    /// A SubjectPublicKeyInfo, DER.
    Spki(Vec<u8>),
}

/// Not a signed TUF root, or one with a key of an unknown kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a TUF root, or one with keys of an unknown kind")]
pub struct NotARoot;

/// Reads the keys of a signed root, in the order of their ids.
///
/// # Errors
/// [`NotARoot`]; also when there is no key.
pub fn root_keys(root: &[u8]) -> Result<Vec<TufKey>, NotARoot> {
    let document = Json::parse(root).map_err(|_| NotARoot)?;
    let signed = document.get("signed").ok_or(NotARoot)?;
    let keys = match (signed.get("_type").and_then(Json::text), signed.get("keys")) {
        (Some("root"), Some(Json::Object(keys))) if !keys.is_empty() => keys,
        _ => return Err(NotARoot),
    };
    keys.values().map(|it| key(it).ok_or(NotARoot)).collect()
}

/// By its type: Ed25519 keys are hex; others PEM or, in older roots, the hex of a point.
fn key(key: &Json<'_>) -> Option<TufKey> {
    let kind = key.get("keytype").and_then(Json::text)?;
    let public = key.at(&["keyval", "public"]).and_then(Json::text)?;
    match kind {
        "ed25519" => Some(TufKey::Spki(spki::ed25519(&unhex(public)?.try_into().ok()?))),
        "rsa" => Some(TufKey::Pem(public.to_owned())),
        _ if kind.starts_with("ecdsa") => match unhex(public) {
            Some(point) => spki::nist_point(&point).map(TufKey::Spki),
            None => Some(TufKey::Pem(public.to_owned())),
        },
        _ => None,
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: &u8| char::from(*digit).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::{NotARoot, TufKey, root_keys};
    use crate::spki;

    fn root(kind: &str, public: &str) -> String {
        format!(
            r#"{{"signatures":[],"signed":{{"_type":"root","keys":{{"a":{{"keytype":"{kind}","keyval":{{"public":"{public}"}}}}}}}}}}"#
        )
    }

    #[track_caller]
    fn check(kind: &str, public: &str, expect: Result<TufKey, NotARoot>) {
        assert_eq!(
            root_keys(root(kind, public).as_bytes()),
            expect.map(|key| vec![key]),
            "{kind}"
        );
    }

    #[test]
    fn reads_each_kind() {
        check("ed25519", &"07".repeat(32), Ok(TufKey::Spki(spki::ed25519(&[7; 32]))));
        check(
            "ecdsa",
            &"04".repeat(65),
            Ok(TufKey::Spki(spki::nist_point(&[4; 65]).unwrap())),
        );
        check(
            "ecdsa-sha2-nistp256",
            "-----BEGIN",
            Ok(TufKey::Pem("-----BEGIN".to_owned())),
        );
        check("rsa", "-----BEGIN", Ok(TufKey::Pem("-----BEGIN".to_owned())));
    }

    #[test]
    fn refuses_the_rest() {
        check("ed25519", &"07".repeat(31), Err(NotARoot));
        check("ed25519", "0", Err(NotARoot));
        check("ecdsa", "0404", Err(NotARoot));
        check("moon", "07", Err(NotARoot));
        let sound = root("rsa", "x");
        for (from, to) in [
            ("\"root\"", "\"timestamp\""),
            ("\"signed\"", "\"unsigned\""),
            ("\"keys\"", "\"locks\""),
            ("\"public\"", "\"private\""),
            ("}}}}", "}}}"),
        ] {
            assert_eq!(
                root_keys(sound.replacen(from, to, 1).as_bytes()),
                Err(NotARoot),
                "{from}"
            );
        }
        assert_eq!(root_keys(br#"{"signed":{"_type":"root","keys":{}}}"#), Err(NotARoot));
    }
}
