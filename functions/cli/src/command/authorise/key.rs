//! The private key that signs a record: Ed25519 or ECDSA on P-256, in PEM as OpenSSL writes it.

use crate::exit::Failure;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};
use pass::LEDGER_KEY_NAME;
use std::path::Path;
use tlog::{Hash, KeyIdRule, SignatureLine, VerifierKey};

/// The largest file that is read: a key has some hundred bytes.
const MAX_KEY_BYTES: u64 = 16 * 1024;

/// What stands before the 32 bytes of an Ed25519 key (RFC 8410), alone or with its public key behind it.
const ED25519: [[u8; 16]; 2] = [
    [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ],
    [
        0x30, 0x51, 0x02, 0x01, 0x01, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ],
];

/// What stands before the 32 bytes of an Ed25519 public key (RFC 8410).
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A private key, and what verifies its signatures.
pub(super) struct SecretKey {
    secret: Secret,
    public: VerifierKey,
}

enum Secret {
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
}

/// Reads a key from a file.
///
/// # Errors
/// Usage, if it holds none that can sign here.
pub(super) fn read(file: &Path) -> Result<SecretKey, Failure> {
    use std::io::Read as _;
    let refused = |why: &str| Failure::Usage(format!("error: --sign-with {}: {why}", file.display()));
    let mut pem = String::new();
    let opened = std::fs::File::open(file).map_err(|error| refused(&error.to_string()))?;
    let read = opened.take(MAX_KEY_BYTES).read_to_string(&mut pem);
    read.map_err(|error| refused(&error.to_string()))?;
    parse(&pem).map_err(refused)
}

fn parse(pem: &str) -> Result<SecretKey, &'static str> {
    const NOT: &str = "is no private key that can sign here: Ed25519 or ECDSA on P-256, in PEM (`openssl genpkey -algorithm ed25519`)";
    if pem.contains("ENCRYPTED") {
        return Err("is encrypted; decrypt it first (`openssl pkey`), into a file that only this step can read");
    }
    let secret = if let Some(der) = block(pem, "PRIVATE KEY") {
        ed25519(&der).or_else(|| p256::ecdsa::SigningKey::from_pkcs8_der(&der).ok().map(Secret::P256))
    } else {
        let der = block(pem, "EC PRIVATE KEY").ok_or(NOT)?;
        p256::SecretKey::from_sec1_der(&der)
            .ok()
            .map(|key| Secret::P256(key.into()))
    };
    let secret = secret.ok_or(NOT)?;
    let spki = match &secret {
        Secret::Ed25519(key) => [&ED25519_SPKI[..], key.verifying_key().as_bytes()].concat(),
        Secret::P256(key) => {
            let der = key.verifying_key().to_public_key_der().map_err(|_| NOT)?;
            der.as_bytes().to_vec()
        }
    };
    let public = VerifierKey::from_spki(LEDGER_KEY_NAME, &spki, KeyIdRule::Note).map_err(|_| NOT)?;
    Ok(SecretKey { secret, public })
}

fn ed25519(der: &[u8]) -> Option<Secret> {
    let rest = ED25519.iter().find_map(|prefix| der.strip_prefix(prefix))?;
    let seed: [u8; 32] = rest.get(..32)?.try_into().ok()?;
    Some(Secret::Ed25519(ed25519_dalek::SigningKey::from_bytes(&seed)))
}

/// The bytes of the first block of this label.
fn block(pem: &str, label: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    STANDARD.decode(body.split_ascii_whitespace().collect::<String>()).ok()
}

impl SecretKey {
    /// What verifies its signatures.
    pub(super) fn public(&self) -> &VerifierKey {
        &self.public
    }

    /// The signed note over this text, which ends in a newline.
    ///
    /// # Errors
    /// A fault, if the signature does not verify: it is not written.
    pub(super) fn sign(&self, text: &str) -> Result<Vec<u8>, Failure> {
        let signature = match &self.secret {
            Secret::Ed25519(key) => key.sign(text.as_bytes()).to_bytes().to_vec(),
            Secret::P256(key) => {
                let signed: Result<p256::ecdsa::Signature, _> = key.sign_prehash(Hash::of(text.as_bytes()).as_bytes());
                signed
                    .map_err(|error| Failure::internal(&error))?
                    .to_der()
                    .as_bytes()
                    .to_vec()
            }
        };
        let line = SignatureLine {
            name: LEDGER_KEY_NAME.to_owned(),
            key_id: self.public.key_id(),
            signature,
        };
        let note = format!("{text}\n{line}\n").into_bytes();
        let read = tlog::Note::parse(&note).map_err(|error| Failure::internal(&error))?;
        read.verify(std::slice::from_ref(&self.public))
            .map_err(|error| Failure::internal(&error))?;
        Ok(note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made by `openssl genpkey -algorithm ed25519`, `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`,
    // and the second by `openssl ec` again; they guard nothing.
    const KEYS: [(&str, &str); 3] = [
        (
            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIPSAate8B8jKz9gPcpbr9zqT1uXvVZO+bqSmiMjaVHWe\n-----END PRIVATE KEY-----\n",
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAAlXBcY/dISZ/nwLdUbyg18J20MjE7ENhJZe0V8G64lE=\n-----END PUBLIC KEY-----\n",
        ),
        (
            "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyoHJQwCoX0Y+R4x0\npWpPEdfvJvCLKXtzhATTIZl163ahRANCAARtNQBlgR9O+nSeyw1qEIyp0ZJR9cyR\n0pZoA1rA/PVn4ni4MkqKrI16RzCE3aTU72YlXycHNVSkptts9Ck93PeO\n-----END PRIVATE KEY-----\n",
            "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbTUAZYEfTvp0nssNahCMqdGSUfXM\nkdKWaANawPz1Z+J4uDJKiqyNekcwhN2k1O9mJV8nBzVUpKbbbPQpPdz3jg==\n-----END PUBLIC KEY-----\n",
        ),
        (
            "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIMqByUMAqF9GPkeMdKVqTxHX7ybwiyl7c4QE0yGZdet2oAoGCCqGSM49\nAwEHoUQDQgAEbTUAZYEfTvp0nssNahCMqdGSUfXMkdKWaANawPz1Z+J4uDJKiqyN\nekcwhN2k1O9mJV8nBzVUpKbbbPQpPdz3jg==\n-----END EC PRIVATE KEY-----\n",
            "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbTUAZYEfTvp0nssNahCMqdGSUfXM\nkdKWaANawPz1Z+J4uDJKiqyNekcwhN2k1O9mJV8nBzVUpKbbbPQpPdz3jg==\n-----END PUBLIC KEY-----\n",
        ),
    ];

    #[test]
    fn keys_of_openssl_sign_what_their_public_keys_verify() {
        for (secret, public) in KEYS {
            let key = parse(secret).unwrap();
            let public = VerifierKey::from_pem(LEDGER_KEY_NAME, public, KeyIdRule::Note).unwrap();
            assert_eq!(key.public(), &public);
            let note = key.sign("{}\n").unwrap();
            let note = tlog::Note::parse(&note).unwrap();
            assert_eq!(note.text(), "{}\n");
            assert!(note.verify(&[public]).is_ok());
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for (secret, public) in KEYS {
            assert!(parse(public).is_err());
            assert!(parse(&secret.replace("PRIVATE", "PRIVAT")).is_err());
            assert!(parse(&secret.replace("-----BEGIN", "-----BEGIN ENCRYPTED")).is_err());
            // One byte less of it.
            let (head, tail) = secret.split_at(secret.len() / 2);
            assert!(parse(&format!("{}{tail}", &head[..head.len() - 4])).is_err());
        }
        assert!(parse("").is_err());
    }
}
