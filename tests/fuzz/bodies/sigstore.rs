//! The readers of `sigstore`: no input makes them panic, and the quick ones say what the patient ones say.

use ::sigstore::certificate::{Certificate, index};
use ::sigstore::decode::decode_tolerantly;
use ::sigstore::{
    CertificateFacts, Entry, Field, LeafKind, Scratch, Signer, SigningConfig, TrustedRoot, Verifier, decode,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

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
    entry.signers().iter().for_each(|signer| draw(signer, &mut picture));
    picture
}

fn draw(signer: &Signer<'_>, picture: &mut Vec<String>) {
    picture.push(match signer.verifier() {
        Verifier::Certificate(it) => format!("{:?} {:?}", it.der(), it.extensions().collect::<Vec<_>>()),
        Verifier::Key(key) => format!("{:?}", key.spki()),
    });
    for field in Field::names().filter_map(Field::parse) {
        signer.values(&field, &mut |text| picture.push(format!("{field}: {text}")));
    }
}
