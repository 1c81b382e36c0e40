//! The readers of `sigstore`: no input makes them panic, and the quick ones say what the patient ones say.

use ::sigstore::certificate::{Certificate, index};
use ::sigstore::decode::{decode_body_tolerantly, decode_tolerantly};
use ::sigstore::scratch::MAX_SIGNERS;
use ::sigstore::{
    Authorities, CertificateFacts, ChainVerdict, Entry, Field, LeafKind, NamedKey, Scratch, Signer, SigningConfig,
    TrustedRoot, Verifier, Why, cms, decode, minisign, openpgp, pem, ssh, tuf,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::LazyLock;
use testlog::SigningKey;
use testlog::certificate::Identity;
use testlog::certificate::chain::Draft;

/// Leaves of Rekor v2, read both ways, and of a log of anything.
pub fn leaf(data: &[u8]) {
    let (mut quick, mut patient) = (Scratch::new(), Scratch::new());
    let quick = decode(LeafKind::RekorV2, data, &mut quick).map(|entry| picture(&entry));
    let patient = decode_tolerantly(data, &mut patient).map(|entry| picture(&entry));
    assert_eq!(quick, patient);
    let mut scratch = Scratch::new();
    let opaque = decode(LeafKind::Opaque, data, &mut scratch).map(|entry| entry.digests().count());
    assert_eq!(opaque, Ok(1));
}

/// Bodies of Rekor v1, read both ways.
pub fn body(data: &[u8]) {
    let (mut quick, mut patient) = (Scratch::new(), Scratch::new());
    let quick = decode(LeafKind::RekorV1, data, &mut quick).map(|entry| picture(&entry));
    let patient = decode_body_tolerantly(data, &mut patient).map(|entry| picture(&entry));
    assert_eq!(quick, patient);
}

/// PEM: what is drawn together is one line, and nothing else is touched.
pub fn pem_block(data: &[u8]) {
    let mut text = data.to_vec();
    match pem::read(&mut text) {
        Err(_) => assert_eq!(text, data),
        Ok(block) => {
            let base64 = text.get(block.base64).map(<[u8]>::to_vec);
            assert!(base64.is_some_and(|it| !it.contains(&b'\n') && it.trim_ascii() == it));
        }
    }
}

/// OpenPGP keys.
pub fn openpgp_keys(data: &[u8]) {
    let Ok(keys) = openpgp::keys(data) else { return };
    assert!(!keys.is_empty());
    let hex = |it: &String| matches!(it.len(), 32 | 40 | 64) && it.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(
        keys.iter()
            .all(|key| !key.fingerprints.is_empty() && key.fingerprints.iter().all(hex))
    );
    keys.iter().for_each(plain);
}

/// SSH keys and signatures.
pub fn ssh_key(data: &[u8]) {
    for key in [ssh::public_key(data), ssh::signature_key(data)].into_iter().flatten() {
        assert!(matches!(&*key.fingerprints, [one] if one.len() == "SHA256:".len() + 43));
        plain(&key);
    }
}

/// Keys of minisign.
pub fn minisign_key(data: &[u8]) {
    if let Ok(key) = minisign::public_key(data) {
        assert!((1..=3).contains(&key.fingerprints.len()));
        plain(&key);
    }
}

/// Signed messages and time-stamp responses.
pub fn cms_message(data: &[u8]) {
    for signers in [cms::signers(data), cms::time_stampers(data)].into_iter().flatten() {
        assert!(signers.len() <= cms::MAX_CERTIFICATES);
        assert!(signers.iter().all(|it| it.first() == Some(&0x30)));
    }
}

/// TUF roots.
pub fn tuf_root(data: &[u8]) {
    if let Ok(keys) = tuf::root_keys(data) {
        assert!(!keys.is_empty());
    }
}

/// Names that are shown and compared hold no control characters.
fn plain(key: &NamedKey) {
    assert!(!key.subjects.iter().any(|it| it.chars().any(char::is_control)));
}

/// Certificates, alone and within a leaf.
pub fn certificate(data: &[u8]) {
    let mut slots = Vec::new();
    let layout = index(data, &mut slots).ok();
    if let Some(layout) = &layout {
        let certificate = Certificate::new(data, layout, &slots);
        let facts = CertificateFacts::of(&certificate);
        assert_eq!(facts.sha256, ::tlog::Hash::of(data).to_string());
        let mut names = 0;
        certificate.for_each_san(|_| names += 1);
        assert_eq!(facts.sans.len(), names);
    }
    let leaf = format!(
        r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{{"hashedRekordV002":{{"data":{{"algorithm":"SHA2_256","digest":"AAAA"}},"signature":{{"content":"AAAA","verifier":{{"keyDetails":"PKIX_ECDSA_P256_SHA_256","x509Certificate":{{"rawBytes":"{}"}}}}}}}}}}}}"#,
        STANDARD.encode(data)
    );
    if leaf.len() <= ::sigstore::MAX_LEAF_BYTES {
        assert_eq!(
            decode(LeafKind::RekorV2, leaf.as_bytes(), &mut Scratch::new()).is_ok(),
            layout.is_some()
        );
    }
    self::leaf(leaf.as_bytes());
}

/// Certificates under the public trusted root, and as an authority of their own: whatever they say, there is a verdict.
pub fn chain(data: &[u8]) {
    static PUBLIC: LazyLock<Authorities> = LazyLock::new(|| Authorities::of(&TrustedRoot::public()));
    let mut slots = Vec::new();
    let Ok(layout) = index(data, &mut slots) else { return };
    let certificate = Certificate::new(data, &layout, &slots);
    let own = format!(r#"{{"rawBytes":"{}"}}"#, STANDARD.encode(data));
    let rooted = [own.clone(), format!("{own},{own}")].map(|certificates| authorities(&certificates, ""));
    for authorities in rooted.iter().flatten().chain([&*PUBLIC]) {
        let verdict = authorities.judge(&certificate);
        assert!(!matches!(verdict, ChainVerdict::Unknown { why: Why::NoAuthority }));
        let json = serde_json::to_string(&verdict).unwrap_or_default();
        assert_eq!(serde_json::from_str::<ChainVerdict>(&json).ok(), Some(verdict));
    }
}

/// The list of timestamps inside a certificate: whatever it is, the certificate was issued by its authority.
pub fn timestamps(data: &[u8]) {
    let (ca, log) = (SigningKey::ed25519(&[1; 32]), SigningKey::ed25519(&[2; 32]));
    let leaf = Draft::leaf("ca", &Identity::default(), 1_700_000_000, &ca);
    let leaf = leaf.with_list(data).signed(&ca);
    let mut slots = Vec::new();
    let Ok(layout) = index(&leaf, &mut slots) else {
        // Only one that is longer than any certificate.
        return assert!(data.len() > 1 << 16);
    };
    let rooted = Draft::ca("ca", "ca", (1_600_000_000, 1_800_000_000), &ca).signed(&ca);
    let rooted = format!(r#"{{"rawBytes":"{}"}}"#, STANDARD.encode(rooted));
    let log = format!(
        r#"{{"baseUrl":"ct","publicKey":{{"rawBytes":"{}"}}}}"#,
        STANDARD.encode(log.spki_der())
    );
    let verdict = authorities(&rooted, &log).map(|it| it.judge(&Certificate::new(&leaf, &layout, &slots)));
    assert!(matches!(verdict, Some(ChainVerdict::Trusted { .. })), "{verdict:?}");
}

/// Those of a trusted root with one authority of these certificates, and these CT logs.
fn authorities(certificates: &str, ctlogs: &str) -> Option<Authorities> {
    let authority = format!(r#"{{"certChain":{{"certificates":[{certificates}]}}}}"#);
    let root = format!(r#"{{"tlogs":[],"ctlogs":[{ctlogs}],"certificateAuthorities":[{authority}]}}"#);
    TrustedRoot::parse(root.as_bytes())
        .ok()
        .map(|root| Authorities::of(&root))
}

/// Trusted roots, with every key that they hold.
pub fn trusted_root(data: &[u8]) {
    let Ok(root) = TrustedRoot::parse(data) else {
        return;
    };
    for log in root.tlogs().iter().chain(root.ctlogs()) {
        let keys = log.verifier_keys();
        assert_eq!(keys.is_empty(), log.trouble().is_some());
        assert!(keys.iter().all(|key| key.name() == log.origin()));
    }
}

/// Signing configs.
pub fn signing_config(data: &[u8]) {
    let Ok(config) = SigningConfig::parse(data) else {
        return;
    };
    for service in config.rekor_urls() {
        let known = config.rekor_api(&service.url);
        let first = config.rekor_urls().iter().find(|it| it.url == service.url);
        assert!(known.is_none() || first.is_some());
    }
}

/// Everything that an entry says, with every field that a rule may ask for.
fn picture(entry: &Entry<'_>) -> Vec<String> {
    let mut picture = vec![entry.kind().to_owned(), entry.version().to_owned()];
    picture.extend(entry.digests().map(str::to_owned));
    assert!(entry.signers().len() <= MAX_SIGNERS);
    entry.signers().iter().for_each(|signer| draw(signer, &mut picture));
    picture
}

fn draw(signer: &Signer<'_>, picture: &mut Vec<String>) {
    picture.push(match signer.verifier() {
        Verifier::Certificate(it) => format!("{:?} {:?}", it.der(), it.extensions().collect::<Vec<_>>()),
        Verifier::Key(key) => format!("{:?}", key.spki()),
        Verifier::Named(key) => format!("{key:?}"),
    });
    for field in Field::names().filter_map(Field::parse) {
        signer.values(&field, &mut |text| picture.push(format!("{field}: {text}")));
    }
}
