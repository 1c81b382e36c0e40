//! Certificates that others made: those of Fulcio chain to the public trusted root and are promised to its CT logs, others do
//! not, and `openssl` says the same of their signatures. Chains of our own making are in `testlog`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sentinel_sigstore::certificate::index;
use sentinel_sigstore::{
    Authorities, Certificate, ChainVerdict, LeafKind, Scratch, Sct, Signer, TrustedRoot, Why, decode,
};

const FULCIO: &str = "https://fulcio.sigstore.dev";

fn judge(authorities: &Authorities, der: &[u8]) -> ChainVerdict {
    let mut slots = Vec::new();
    let layout = index(der, &mut slots).unwrap();
    authorities.judge(&Certificate::new(der, &layout, &slots))
}

fn word(verdict: &ChainVerdict) -> String {
    match verdict {
        ChainVerdict::Trusted { authority, sct } => {
            assert_eq!(authority, FULCIO);
            match sct {
                Sct::Verified { ct_log } => format!("trusted, shown in {ct_log}"),
                other => format!("trusted, {other:?}"),
            }
        }
        ChainVerdict::Refused { authority, why } => {
            assert_eq!(authority, FULCIO);
            format!("refused, {why:?}")
        }
        ChainVerdict::Untrusted { why } => format!("untrusted, {why:?}"),
        ChainVerdict::Unknown { why } => format!("unknown, {why:?}"),
    }
}

/// How often each verdict comes up.
fn count<'a>(verdicts: impl Iterator<Item = &'a ChainVerdict>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for verdict in verdicts {
        *counts.entry(word(verdict)).or_insert(0) += 1;
    }
    counts
}

fn expect(counts: &[(&str, usize)]) -> BTreeMap<String, usize> {
    counts
        .iter()
        .map(|(word, count)| ((*word).to_owned(), *count))
        .collect()
}

/// The leaves of the corpus are from the public instance, from its staging instance (which bears the same names), from the
/// mocks of other projects, and from the time before there was an intermediate.
#[test]
fn leaves_of_fulcio_are_told_from_those_that_bear_its_name() {
    let certificates = support::corpus_certificates();
    if certificates.is_empty() {
        return;
    }
    let authorities = Authorities::of(&TrustedRoot::public());
    assert!(authorities.unusable().is_empty() && !authorities.is_empty());
    let verdicts: Vec<_> = certificates.iter().map(|der| judge(&authorities, der)).collect();
    let counts = count(verdicts.iter());
    let expected = expect(&[
        ("trusted, shown in https://ctfe.sigstore.dev/2022", 98),
        ("trusted, shown in https://ctfe.sigstore.dev/test", 5),
        ("trusted, NotEmbedded", 1),
        // Issued by today's root in February 2022; the trusted root trusts it from April 2022 on.
        ("refused, OutsideAuthority", 1),
        ("untrusted, NoSuchAuthority", 11),
        ("untrusted, Signature", 17),
    ]);
    assert_eq!(counts, expected);
    compare_with_openssl(&certificates, &verdicts);
}

/// The certificates in the bodies of real entries, whatever their kind.
#[test]
fn signers_of_real_entries_chain_to_the_root() {
    let Some(path) = support::corpus("rekor-entries.jsonl") else {
        return;
    };
    let authorities = Authorities::of(&TrustedRoot::public());
    let (mut scratch, mut verdicts) = (Scratch::new(), Vec::new());
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let body = STANDARD.decode(line["body"].as_str().unwrap()).unwrap();
        let kind = match decode(LeafKind::RekorV1, &body, &mut scratch) {
            Ok(_) => LeafKind::RekorV1,
            Err(_) => LeafKind::RekorV2,
        };
        let entry = decode(kind, &body, &mut scratch).unwrap();
        let certificates = entry.signers().iter().filter_map(Signer::certificate);
        verdicts.extend(certificates.map(|it| authorities.judge(it)));
    }
    let expected = expect(&[
        ("trusted, shown in https://ctfe.sigstore.dev/2022", 77),
        ("trusted, shown in https://ctfe.sigstore.dev/test", 4),
        ("trusted, NotEmbedded", 3),
        // An archive holds the root itself, which is for signing certificates.
        ("refused, ExtendedKeyUsage", 1),
        ("untrusted, NoSuchAuthority", 1),
    ]);
    assert_eq!(count(verdicts.iter()), expected);
}

/// What another implementation says of the signatures and dates: it knows no authority's time and no timestamps.
fn compare_with_openssl(certificates: &[Vec<u8>], verdicts: &[ChainVerdict]) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chain");
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: String, ders: &[Vec<u8>]| {
        let path = folder.join(name);
        std::fs::write(&path, ders.iter().map(|der| pem(der)).collect::<String>()).unwrap();
        path
    };
    if Command::new("openssl").arg("version").output().is_err() {
        println!("no openssl here: its verdicts are not compared");
        return;
    }
    let chains: Vec<(PathBuf, PathBuf)> = TrustedRoot::public()
        .certificate_authorities()
        .iter()
        .enumerate()
        .map(|(at, authority)| {
            let (anchor, others) = authority.certificates.split_last().unwrap();
            let anchor = write(format!("anchor-{at}.pem"), std::slice::from_ref(anchor));
            (anchor, write(format!("others-{at}.pem"), others))
        })
        .collect();
    for (at, (der, verdict)) in certificates.iter().zip(verdicts).enumerate() {
        let leaf = write(format!("leaf-{at}.pem"), std::slice::from_ref(der));
        let (_, parsed) = x509_parser::parse_x509_certificate(der).unwrap();
        let time = parsed.validity().not_before.timestamp();
        let theirs = chains.iter().any(|chain| openssl_verifies(chain, &leaf, time));
        let ours = matches!(
            verdict,
            ChainVerdict::Trusted { .. }
                | ChainVerdict::Refused {
                    why: Why::OutsideAuthority,
                    ..
                }
        );
        assert_eq!(theirs, ours, "{at}: {verdict:?}");
    }
}

fn openssl_verifies((anchor, others): &(PathBuf, PathBuf), leaf: &Path, time: i64) -> bool {
    let mut command = Command::new("openssl");
    command.args(["verify", "-purpose", "any", "-attime", &time.to_string()]);
    command.arg("-CAfile").arg(anchor);
    if std::fs::metadata(others).unwrap().len() > 0 {
        command.arg("-untrusted").arg(others);
    }
    command.args(["-no-CApath", "-no-CAstore"]).arg(leaf);
    command.output().unwrap().status.success()
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}
