//! A tiny DER writer, and leaves made with it: the project's own data, shaped like that of the public log.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each test and bench uses a part of it"
)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sentinel_sigstore::decode::decode_tolerantly;
use sentinel_sigstore::{Entry, LeafKind, Scratch, Signer, Undecodable, Verifier, decode, fulcio};

/// One element with the shortest length that fits.
pub fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match length.to_be_bytes() {
        [.., short] if length < 0x80 => out.push(short),
        [.., a] if length < 0x100 => out.extend([0x81, a]),
        [.., a, b] if length < 0x1_0000 => out.extend([0x82, a, b]),
        [.., a, b, c] => out.extend([0x83, a, b, c]),
    }
    out.extend_from_slice(content);
    out
}

pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    der(0x30, &parts.concat())
}

/// An extension with any identifier.
pub fn extension(oid: &str, value: &[u8]) -> Vec<u8> {
    let oid: sentinel_sigstore::Oid = oid.parse().unwrap();
    sequence(&[der(0x06, oid.as_bytes()), der(0x04, value)])
}

/// A Fulcio extension, written as its number asks.
pub fn fulcio_extension(number: u8, text: &str) -> Vec<u8> {
    let value = if number <= 6 {
        text.as_bytes().to_vec()
    } else {
        der(0x0c, text.as_bytes())
    };
    sequence(&[der(0x06, &fulcio::oid_content(number)), der(0x04, &value)])
}

/// A SAN extension, critical as Fulcio's are, with these general names.
pub fn san_extension(names: &[Vec<u8>]) -> Vec<u8> {
    let value = sequence(names);
    sequence(&[der(0x06, &[0x55, 0x1d, 0x11]), der(0x01, &[0xff]), der(0x04, &value)])
}

pub fn spki() -> Vec<u8> {
    let algorithm = sequence(&[
        der(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]),
        der(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]),
    ]);
    let point: Vec<u8> = [0x00, 0x04].into_iter().chain(1..=64).collect();
    sequence(&[algorithm, der(0x03, &point)])
}

fn name(organization: &str, common: &str) -> Vec<u8> {
    let attribute = |id: u8, text: &str| {
        der(
            0x31,
            &sequence(&[der(0x06, &[0x55, 4, id]), der(0x0c, text.as_bytes())]),
        )
    };
    sequence(&[attribute(10, organization), attribute(3, common)])
}

/// A certificate with these extensions; without the extensions field when there are none.
pub fn certificate(extensions: &[Vec<u8>]) -> Vec<u8> {
    certificate_of(&sequence(&[]), extensions)
}

/// The same with a subject, a whole element.
pub fn certificate_of(subject: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
    let ecdsa = sequence(&[der(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3])]);
    let validity = sequence(&[der(0x17, b"260801120000Z"), der(0x17, b"260801121000Z")]);
    let mut tbs = vec![
        der(0xa0, &der(0x02, &[2])),
        der(0x02, &(1..=20).collect::<Vec<u8>>()),
        ecdsa.clone(),
        name("sigstore.dev", "sigstore-intermediate"),
        validity,
        subject.to_vec(),
        spki(),
    ];
    if !extensions.is_empty() {
        tbs.push(der(0xa3, &sequence(extensions)));
    }
    let signature: Vec<u8> = [0x00].into_iter().chain((0..103).map(|i| i ^ 0x5a)).collect();
    sequence(&[sequence(&tbs), ecdsa, der(0x03, &signature)])
}

pub const WORKFLOW: &str =
    "https://github.com/acme-corporation/rocket-sled/.github/workflows/release.yml@refs/tags/v12.4.1";
pub const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// A certificate as Fulcio issues to a GitHub Actions workflow, about 1.9 kB.
pub fn github_certificate() -> Vec<u8> {
    let repository = "https://github.com/acme-corporation/rocket-sled";
    let sha = "9f2c41be0d77a3c5e86b1d0a4f39c7725be8d016";
    let text = |number, text: &str| fulcio_extension(number, text);
    certificate(&[
        extension("2.5.29.15", &[3, 2, 7, 0x80]),
        extension("2.5.29.37", &sequence(&[der(0x06, &[0x2b, 6, 1, 5, 5, 7, 3, 3])])),
        extension("2.5.29.14", &der(0x04, &[7; 20])),
        extension("2.5.29.35", &sequence(&[der(0x80, &[9; 20])])),
        san_extension(&[der(0x86, WORKFLOW.as_bytes())]),
        text(1, GITHUB),
        text(2, "push"),
        text(3, sha),
        text(4, "Release"),
        text(5, "acme-corporation/rocket-sled"),
        text(6, "refs/tags/v12.4.1"),
        text(8, GITHUB),
        text(9, WORKFLOW),
        text(10, sha),
        text(11, "github-hosted"),
        text(12, repository),
        text(13, sha),
        text(14, "refs/tags/v12.4.1"),
        text(15, "481516234"),
        text(16, "https://github.com/acme-corporation"),
        text(17, "10842342"),
        text(18, WORKFLOW),
        text(19, sha),
        text(20, "push"),
        text(21, &format!("{repository}/actions/runs/17263548190/attempts/1")),
        text(22, "public"),
        text(24, "repo:acme-corporation/rocket-sled:ref:refs/tags/v12.4.1"),
        extension("1.3.6.1.4.1.11129.2.4.2", &der(0x04, &[0xd3; 122])),
    ])
}

/// `{"keyDetails":…,"x509Certificate":…}` around any bytes.
pub fn certificate_verifier(der: &[u8]) -> String {
    let der = STANDARD.encode(der);
    format!(r#"{{"keyDetails":"PKIX_ECDSA_P256_SHA_256","x509Certificate":{{"rawBytes":"{der}"}}}}"#)
}

/// `{"keyDetails":…,"publicKey":…}` around any bytes.
pub fn key_verifier(der: &[u8]) -> String {
    let der = STANDARD.encode(der);
    format!(r#"{{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{{"rawBytes":"{der}"}}}}"#)
}

pub fn signature(verifier: &str) -> String {
    let content = STANDARD.encode([0x77; 71]);
    format!(r#"{{"content":"{content}","verifier":{verifier}}}"#)
}

pub const DIGEST: [u8; 32] = [0xd1; 32];

/// A canonical hashedrekord leaf.
pub fn hashedrekord(verifier: &str) -> String {
    let (digest, signature) = (STANDARD.encode(DIGEST), signature(verifier));
    format!(
        r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{{"hashedRekordV002":{{"data":{{"algorithm":"SHA2_256","digest":"{digest}"}},"signature":{signature}}}}}}}"#
    )
}

/// A canonical dsse leaf.
pub fn dsse(verifiers: &[String]) -> String {
    let digest = STANDARD.encode(DIGEST);
    let signatures = verifiers.iter().map(|it| signature(it)).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"apiVersion":"0.0.2","kind":"dsse","spec":{{"dsseV002":{{"payloadHash":{{"algorithm":"SHA2_256","digest":"{digest}"}},"signatures":[{signatures}]}}}}}}"#
    )
}

/// Everything an entry says, as one text.
pub fn picture(entry: &Entry<'_>) -> String {
    let signer = |signer: &Signer<'_>| match signer.verifier() {
        Verifier::Certificate(it) => format!(
            "{:?} {:?} {:?}",
            it.der(),
            it.spki(),
            it.extensions().collect::<Vec<_>>()
        ),
        Verifier::Key(it) => format!("{:?}", it.spki()),
        Verifier::Named(it) => format!("{it:?}"),
    };
    let signers: Vec<_> = entry.signers().iter().map(signer).collect();
    format!(
        "{} {} {:?} {signers:?}",
        entry.kind(),
        entry.version(),
        entry.digests().collect::<Vec<_>>()
    )
}

/// Decodes both ways and demands that they agree.
pub fn outcome(leaf: &[u8]) -> Result<String, Undecodable> {
    let (mut quick, mut patient) = (Scratch::new(), Scratch::new());
    let quick = decode(LeafKind::RekorV2, leaf, &mut quick).map(|entry| picture(&entry));
    let patient = decode_tolerantly(leaf, &mut patient).map(|entry| picture(&entry));
    assert_eq!(quick, patient, "{}", leaf.escape_ascii());
    quick
}

/// The corpus, where it is checked out beside the repository.
pub fn corpus(name: &str) -> Option<std::path::PathBuf> {
    let path = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus")).join(name);
    if path.exists() {
        return Some(path);
    }
    println!("no corpus here: {name} is not checked");
    None
}

/// Every certificate of the corpus; empty without it.
pub fn corpus_certificates() -> Vec<Vec<u8>> {
    let Some(folder) = corpus("fulcio-leaf") else {
        return Vec::new();
    };
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|it| it == "der"));
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// A small generator (xorshift64*): tests need variety, not randomness.
pub struct Variety(pub u64);

impl Variety {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap() % bound
    }

    pub fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }
}
